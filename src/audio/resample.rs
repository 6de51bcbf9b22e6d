//! Sample rate conversion of whole signals.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler};

/// Half the shortest filter, in samples at the lower of the two rates. 256
/// keeps the passband flat to 97 % of the lower Nyquist frequency while the
/// ringing of a click stays within a few hundredths of a second at 11025 Hz.
const HALF_FILTER: usize = 256;

/// Converts `samples` from the rate `from` to the rate `to`, both in Hz.
///
/// Windowed-sinc conversion of the whole signal at once, so that the result is
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
    let mut resampled = convert(samples, from as usize, to as usize);
    resampled.resize(resampled_len(samples.len(), from, to), 0.0);
    resampled
}

/// Whole blocks through the Fourier transform, startup delay removed.
fn convert(samples: &[f32], from: usize, to: usize) -> Vec<f32> {
    let mut converter = Fft::<f32>::new(from, to, block(from, to), 1, FixedSync::Both)
        .expect("both rates and the block are above zero");
    let input = InterleavedSlice::new(samples, 1, samples.len())
        .expect("a mono signal has as many frames as samples");
    converter
        .process_all(&input, samples.len(), None)
        .expect("the converter sizes its own output")
        .take_data()
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
