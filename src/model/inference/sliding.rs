//! Inputs that share all samples but one with those of the time step before: filters of
//! a signal.
//!
//! Where each input is the last D samples of a sequence, what it brings to a sum is a
//! filter of D taps, and all but the newest samples are known well ahead: what those bring
//! to each step of a block is one convolution, and the block's own samples are left to
//! each step. Of long filters the older samples have blocks of their own, longer ones, so
//! that all taps are read less often (Gardner, *Efficient Convolution without Input-Output
//! Delay*, 1995).
//!
//! A sample may be one of several channels, as of bands, whose values stand side by side.

use super::convolution::Convolution;
use crate::model::kernels::rows::{
    Columns, DenseRows, Part, Precision, Processor, RowInput, RowMatrix, dense,
};

/// Steps of a block, and of one of the older samples' blocks.
const BLOCK: usize = 64;
const OLDER_BLOCK: usize = 256;
/// Steps of a block where a sample has several channels, as many times as many values: the
/// block's own samples are left to each step.
const BLOCK_OF_CHANNELS: usize = 16;

/// Samples before the D newest ones that matter to filters of D taps: what a block begins
/// with is convolved in parts as long as the block, of which the oldest may reach so far
/// beyond the taps. They are multiplied by zeros, yet a sum differs in its last bit without
/// them.
pub const SAMPLES_BEFORE_TAPS: usize = OLDER_BLOCK;

/// A sequence whose beginning may be forgotten.
#[derive(Clone, Copy, Debug)]
pub struct Sequence<'a> {
    /// What is known of it, channel beside channel: as many samples as there are taps and
    /// [`SAMPLES_BEFORE_TAPS`], or all of it.
    pub samples: &'a [f32],
    /// How many samples were before those.
    pub before: usize,
    /// Values of one sample.
    pub channels: usize,
}

impl<'a> Sequence<'a> {
    /// The place of its last sample.
    fn newest(self) -> usize {
        self.before + self.samples.len() / self.channels - 1
    }

    /// Its samples from place `begin` on.
    fn since(self, begin: usize) -> &'a [f32] {
        &self.samples[(begin - self.before) * self.channels..]
    }
}

/// Filters of a signal, one for each column of a matrix of D inputs.
pub struct SlidingInput {
    /// Of each channel.
    taps: usize,
    channels: usize,
    /// Steps of a block.
    block: usize,
    /// Of samples from before the older samples' block; none where the filters are short.
    older: Option<Block>,
    /// Of those since, before the block.
    recent: Block,
    /// The taps of the block's own samples, the newest first.
    newest: RowMatrix,
    newest_samples: RowInput,
    reversed: Vec<f32>,
    /// What all but the newest samples bring.
    start: Vec<f32>,
}

/// What is known of a block of steps.
struct Block {
    steps: usize,
    convolution: Convolution,
    /// Place in the sequence of its first sample; none before the first block.
    begin: Option<usize>,
    /// `[steps, packed columns]`: what samples from before it bring.
    known: Vec<f32>,
}

impl Block {
    fn new(steps: usize, taps: usize, channels: usize) -> Block {
        Block {
            steps,
            convolution: Convolution::new(steps, taps, channels),
            begin: None,
            known: Vec::new(),
        }
    }

    fn take(&mut self, packed: usize, tap: impl Fn(usize, usize, usize) -> f32) {
        self.convolution.take(packed, tap);
        self.known.resize(self.steps * packed, 0.0);
        self.begin = None;
    }

    /// Whether sample `newest` is one of this block's, whose first one was there before.
    fn holds(&self, newest: usize) -> bool {
        self.begin
            .is_some_and(|begin| (begin + 1..begin + self.steps).contains(&newest))
    }

    /// Begins with sample `begin` of `sequence`; the samples from `since` on count.
    fn start_at(&mut self, sequence: Sequence, since: usize, begin: usize) {
        self.begin = Some(begin);
        let place = |n: usize| n.saturating_sub(sequence.before);
        let known = place(since)..place(begin);
        self.convolution
            .run(sequence.samples, known, place(begin), &mut self.known);
    }

    /// What samples from before it bring to the step of sample `newest`.
    fn of(&self, newest: usize) -> &[f32] {
        let packed = self.known.len() / self.steps;
        let step = newest - self.begin.unwrap_or(newest);
        &self.known[step * packed..][..packed]
    }
}

impl SlidingInput {
    /// Filters of `taps` taps of each of `channels` channels, yet without any.
    pub fn new(
        processor: Processor,
        columns: Columns,
        taps: usize,
        channels: usize,
    ) -> SlidingInput {
        let (is_long, block) = match channels {
            1 => (taps > OLDER_BLOCK, BLOCK),
            _ => (false, BLOCK_OF_CHANNELS),
        };
        let recent = if is_long { OLDER_BLOCK } else { taps };
        SlidingInput {
            taps,
            channels,
            block,
            older: is_long.then(|| Block::new(OLDER_BLOCK, taps, channels)),
            recent: Block::new(block, recent, channels),
            newest: RowMatrix::new(processor, columns, Precision::F32),
            newest_samples: RowInput::default(),
            reversed: Vec::new(),
            start: Vec::new(),
        }
    }

    /// Takes `weight(column, input)`, where the last input is the newest sample, or its
    /// channels the last inputs.
    pub fn take(&mut self, weight: impl Fn(usize, usize) -> f32) {
        let (taps, channels) = (self.taps, self.channels);
        // Samples by their age.
        let tap = |column, age: usize, channel: usize| match age < taps {
            true => weight(column, (taps - 1 - age) * channels + channel),
            false => 0.0,
        };
        self.newest.pack(self.block * channels, |column, n| {
            tap(column, n / channels, n % channels)
        });
        let (newest, packed) = (&self.newest, self.newest.packed());
        let tap = |index, age, channel| {
            let column = newest.column(index);
            column.map_or(0.0, |column| tap(column, age, channel))
        };
        self.recent.take(packed, tap);
        if let Some(older) = &mut self.older {
            older.take(packed, tap);
        }
    }

    /// Bytes of weights that one time step reads, the mean of many: half of the newest
    /// samples' taps, and a share of what a block reads.
    pub fn bytes(&self) -> usize {
        let of = |block: &Block| block.convolution.bytes() / block.steps;
        self.newest.bytes() / 2 + of(&self.recent) + self.older.as_ref().map_or(0, of)
    }

    /// Forgets the blocks that it is in, since the sequence is another.
    pub fn forget(&mut self) {
        self.recent.begin = None;
        if let Some(older) = &mut self.older {
            older.begin = None;
        }
    }

    /// What the D samples of `sequence` that end with its last one bring, packed. All of
    /// them are those of the step before but the last, or the filters are to `forget`.
    pub fn sums(&mut self, sequence: Sequence, sums: &mut Vec<f32>) {
        let newest = sequence.newest();
        let mut since = 0;
        if let Some(older) = &mut self.older {
            if !older.holds(newest) {
                older.start_at(sequence, 0, newest);
                self.recent.begin = None;
            }
            since = older.begin.unwrap_or(0);
        }
        if !self.recent.holds(newest) {
            self.recent.start_at(sequence, since, newest);
        }
        let begin = self.recent.begin.unwrap_or(newest);
        self.reversed.clear();
        let since = sequence.since(begin).chunks_exact(self.channels).rev();
        since.for_each(|sample| self.reversed.extend_from_slice(sample));
        let values = self.reversed.len();
        self.reversed.resize(self.block * self.channels, 0.0);
        self.newest_samples.take(&self.newest, &self.reversed);
        self.start.clear();
        self.start.extend_from_slice(self.recent.of(newest));
        if let Some(older) = &self.older {
            let sums = self.start.iter_mut().zip(older.of(newest));
            sums.for_each(|(sum, older)| *sum += older);
        }
        sums.resize(self.newest.packed(), 0.0);
        let rows = DenseRows {
            start: &self.start,
            squashed: 0,
            values: sums,
        };
        let part = Part::new(&self.newest, &self.newest_samples).of_first(values);
        dense(&[part], rows, 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::values;

    #[test]
    fn it_is_the_dot_product_with_the_last_samples() {
        for (taps, units, channels) in [
            (1, 3, 1),
            (20, 8, 1),
            (64, 5, 1),
            (65, 5, 1),
            (200, 20, 1),
            (256, 16, 1),
            (300, 8, 1),
            (1030, 3, 1),
            (1, 3, 4),
            (16, 8, 4),
            (33, 5, 8),
        ] {
            let columns = Columns::Gates { units };
            let inputs = taps * channels;
            let weights = values(4 * units * inputs, 1);
            let filters = || {
                let mut sliding = SlidingInput::new(Processor::here(), columns, taps, channels);
                sliding.take(|column, input| weights[column * inputs + input]);
                sliding
            };
            // One knows what it needs, the other all.
            let (mut sliding, mut knowing) = (filters(), filters());
            let mut sequence = values(2000 * channels, 2);
            let (mut sums, mut of_all) = (Vec::new(), Vec::new());
            let mut check = |len: usize, sequence: &[f32]| {
                let before = (len - taps).saturating_sub(SAMPLES_BEFORE_TAPS);
                let sequence = &sequence[..len * channels];
                let [known, all] = [before, 0].map(|before| Sequence {
                    samples: &sequence[before * channels..],
                    before,
                    channels,
                });
                sliding.sums(known, &mut sums);
                knowing.sums(all, &mut of_all);
                assert_eq!(sums, of_all, "{taps} at {len}");
                for (packed, sum) in sums.iter().enumerate() {
                    let Some(column) = sliding.newest.column(packed) else {
                        assert!(sum.abs() < 1e-4, "{sum}");
                        continue;
                    };
                    let last = &sequence[sequence.len() - inputs..];
                    let products = last.iter().zip(&weights[column * inputs..]);
                    let expected: f32 = products.map(|(a, b)| a * b).sum();
                    let bound = 1e-5 * (inputs as f32).max(10.0);
                    assert!(
                        (sum - expected).abs() < bound,
                        "{taps} {column}: {sum} {expected}"
                    );
                }
            };
            for len in 1100..1700 {
                check(len, &sequence);
            }
            // Back, to go on otherwise.
            sequence[1450 * channels..]
                .iter_mut()
                .for_each(|sample| *sample *= -0.5);
            for len in 1451..1800 {
                check(len, &sequence);
            }
        }
    }
}
