//! Sample rate conversion of whole signals.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler};

/// Half the shortest filter, in samples at the lower of the two rates. 256
/// keeps the passband flat to 97 % of the lower Nyquist frequency while the
/// ringing of a click stays within a few hundredths of a second at 11025 Hz.
const HALF_FILTER: usize = 256;

/// Converts `samples` from the rate `from` to the rate `to`, both in Hz.
///
/// Windowed-sinc conversion of the whole signal, so that the result is
/// exactly `round(len * to / from)` samples long and every event stays at its
/// place in time. Equal rates return the samples untouched. An empty signal, or
/// a rate of 0 Hz, gives an empty one. Samples must be finite: a NaN would spread
/// over its neighbourhood.
pub fn resample(samples: &[f32], from: u32, to: u32) -> Vec<f32> {
    if from == to {
        return samples.to_vec();
    }
    if samples.is_empty() || from == 0 || to == 0 {
        return Vec::new();
    }
    let mut resampling = Resampling::new(from, to);
    resampling.push(samples);
    resampling.finish()
}

/// The conversion of a signal that comes piece by piece: the same samples, to
/// the last bit, as [`resample`] makes of the whole, and no more memory than
/// they take.
pub struct Resampling {
    from: u32,
    to: u32,
    converter: Fft<f32>,
    /// What is not a whole block yet.
    pending: Vec<f32>,
    converted: Vec<f32>,
    /// Samples of the startup delay that are still to come.
    delay: usize,
    taken: usize,
    /// Converted samples that were given away, and those that were not.
    given: usize,
    resampled: Vec<f32>,
}

impl Resampling {
    /// From the rate `from` to the rate `to`, two different ones above 0 Hz.
    ///
    /// # Panics
    ///
    /// Where one of them is 0.
    pub fn new(from: u32, to: u32) -> Self {
        let (rate_in, rate_out) = (from as usize, to as usize);
        let block = block(rate_in, rate_out);
        let converter = Fft::<f32>::new(rate_in, rate_out, block, 1, FixedSync::Both)
            .expect("both rates and the block are above zero");
        Self {
            from,
            to,
            pending: Vec::with_capacity(converter.input_frames_next()),
            converted: vec![0.0; converter.output_frames_next()],
            delay: converter.output_delay(),
            taken: 0,
            given: 0,
            resampled: Vec::new(),
            converter,
        }
    }

    /// Room that it takes to hold what `len` samples become.
    pub fn needed(&self, len: u64) -> usize {
        let needed = u128::from(len) * u128::from(self.to) / u128::from(self.from.max(1))
            + 2 * self.converted.len() as u128;
        usize::try_from(needed).unwrap_or(usize::MAX)
    }

    /// How many samples there are by now, those given away among them.
    pub fn len(&self) -> usize {
        self.given + self.resampled.len()
    }

    /// Whether there is none yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Gives the samples away that there are by now.
    pub fn give(&mut self) -> Vec<f32> {
        self.given += self.resampled.len();
        std::mem::take(&mut self.resampled)
    }

    /// Goes on with `samples`, which must be finite.
    pub fn push(&mut self, mut samples: &[f32]) {
        self.taken += samples.len();
        let block = self.converter.input_frames_next();
        while !samples.is_empty() {
            let room = block - self.pending.len();
            let (now, later) = samples.split_at(room.min(samples.len()));
            self.pending.extend_from_slice(now);
            samples = later;
            if self.pending.len() == block {
                self.convert();
            }
        }
    }

    /// The converted signal, but for what was given away.
    pub fn finish(mut self) -> Vec<f32> {
        let len = resampled_len(self.taken, self.from, self.to);
        // The end of the filter, and of a block.
        while self.len() < len || !self.pending.is_empty() {
            self.convert();
        }
        self.resampled.truncate(len.saturating_sub(self.given));
        self.resampled
    }

    /// Converts what is pending, as long as a block or filled up with silence.
    fn convert(&mut self) {
        self.pending.resize(self.converter.input_frames_next(), 0.0);
        let (block_in, block_out) = (self.pending.len(), self.converted.len());
        let input = InterleavedSlice::new(&self.pending[..], 1, block_in)
            .expect("a mono signal has as many frames as samples");
        let mut output = InterleavedSlice::new_mut(&mut self.converted[..], 1, block_out)
            .expect("a mono signal has as many frames as samples");
        self.converter
            .process_into_buffer(&input, &mut output, None)
            .expect("both buffers are as long as a block");
        let dropped = self.delay.min(block_out);
        self.delay -= dropped;
        self.resampled.extend_from_slice(&self.converted[dropped..]);
        self.pending.clear();
    }
}

/// What a constant of 1 becomes at each of the `len` samples that `taken`
/// samples are converted to: 1, but for the beginning and the end, where the
/// filter reaches beyond the signal.
pub(super) struct Constant {
    head: Vec<f32>,
    tail: Vec<f32>,
    len: usize,
}

impl Constant {
    /// Of `taken` samples at the rate `from` that are brought to the rate `to`.
    pub fn new(taken: u64, from: u32, to: u32) -> Self {
        // The filter reaches no further than one block, and what comes after so
        // many whole blocks is converted like the beginning.
        let block = block(from as usize, to as usize) as u64;
        let short = if taken > 8 * block {
            6 * block + taken % block
        } else {
            taken
        };
        let short = resample(&vec![1.0; short as usize], from, to);
        let middle = short.len() / 2;
        Self {
            head: short[..middle].to_vec(),
            tail: short[middle..].to_vec(),
            len: resampled_len(taken as usize, from, to),
        }
    }

    /// At the sample with this index.
    pub fn at(&self, index: usize) -> f32 {
        let from_the_end = self.len - index;
        if let Some(value) = self.head.get(index) {
            *value
        } else if from_the_end <= self.tail.len() {
            self.tail[self.tail.len() - from_the_end]
        } else {
            1.0
        }
    }
}

/// Samples per block at the rate `from`.
///
/// The smallest number of samples that lasts a whole number of samples at both
/// rates, times an even number: an odd block would put the middle of the filter,
/// and with it the whole signal, half a sample off.
fn block(from: usize, to: usize) -> usize {
    let divisor = greatest_common_divisor(from, to);
    let shortest = from.min(to) / divisor;
    from / divisor * 2 * HALF_FILTER.div_ceil(shortest)
}

fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 {
        a
    } else {
        greatest_common_divisor(b, a % b)
    }
}

fn resampled_len(len: usize, from: u32, to: u32) -> usize {
    let (len, from, to) = (len as u128, u128::from(from), u128::from(to));
    ((2 * len * to + from) / (2 * from)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_by_block_it_is_what_rubato_makes_of_the_whole() {
        let sound: Vec<f32> = (0..70_001).map(|n| (n as f32 * 0.37).sin()).collect();
        for (from, to) in [(44_100, 11_025), (48_000, 11_025), (11_025, 48_000)] {
            let (rate_in, rate_out) = (from as usize, to as usize);
            let size = block(rate_in, rate_out);
            let mut converter =
                Fft::<f32>::new(rate_in, rate_out, size, 1, FixedSync::Both).unwrap();
            let input = InterleavedSlice::new(&sound[..], 1, sound.len()).unwrap();
            let whole = converter.process_all(&input, sound.len(), None).unwrap();
            let mut whole = whole.take_data();
            whole.resize(resampled_len(sound.len(), from, to), 0.0);
            assert!(resample(&sound, from, to) == whole, "{from} to {to}");
        }
    }
}
