//! Inputs that share all samples but one with those of the time step before: filters of
//! a signal.
//!
//! Where each input is the last D samples of a sequence, what it brings to a sum is a
//! filter of D taps, and all but the newest samples are known well ahead. At the
//! beginning of a block, what those bring to each of its steps is one convolution, in
//! parts of as many taps as the block has steps (overlap-save: Oppenheim and Schafer,
//! *Discrete-Time Signal Processing*, section 8.7; partitioned: Gardner, *Efficient
//! Convolution without Input-Output Delay*, 1995); the block's own samples are left to
//! each step.

use crate::frames::{Complex32, Fourier};
use crate::model::kernels::rows::{
    Columns, DenseRows, Part, Precision, Processor, RowInput, RowMatrix, dense,
};
use crate::vectorised::vectorised;

/// Steps of a block, and taps of a part.
const BLOCK: usize = 64;
/// Length of a transform: a part's taps, and the samples that they reach in a block.
const LEN: usize = 2 * BLOCK;
/// Pairs of filters that are transformed together, so that all are in the L1 cache.
const PAIRS: usize = 16;

/// Filters of a signal, one for each column of a matrix of D inputs.
///
/// Two filters go through a transform as one of complex taps: its real part and its
/// imaginary part, since the signal is real.
pub struct SlidingInput {
    taps: usize,
    /// Pairs of filters: the first half of the packed columns with the second.
    pairs: usize,
    fourier: Fourier<f32>,
    /// `[pairs, parts, 2, LEN]`: each part's spectrum, real and imaginary values apart.
    spectra: Vec<f32>,
    /// `[parts, 2, LEN]`: that of the samples that each part reaches.
    signal: Vec<f32>,
    /// `[BLOCK, packed columns]`: what samples from before the block bring.
    known: Vec<f32>,
    /// Place in the sequence of the block's first sample; none before the first block.
    begin: Option<usize>,
    /// The taps of a block's own samples, the newest first.
    newest: RowMatrix,
    newest_samples: RowInput,
    reversed: Vec<f32>,
}

impl SlidingInput {
    /// Filters of `taps` taps, yet without any.
    pub fn new(processor: Processor, columns: Columns, taps: usize) -> SlidingInput {
        SlidingInput {
            taps,
            pairs: 0,
            fourier: Fourier::new(LEN),
            spectra: Vec::new(),
            signal: Vec::new(),
            known: Vec::new(),
            begin: None,
            newest: RowMatrix::new(processor, columns, Precision::F32),
            newest_samples: RowInput::default(),
            reversed: Vec::new(),
        }
    }

    /// Takes `weight(column, input)`, where the last input is the newest sample.
    pub fn take(&mut self, weight: impl Fn(usize, usize) -> f32) {
        let taps = self.taps;
        // Samples by their age.
        let tap = |column, age: usize| match age < taps {
            true => weight(column, taps - 1 - age),
            false => 0.0,
        };
        self.newest.pack(BLOCK, tap);
        let packed = self.newest.packed();
        self.pairs = packed / 2;
        self.known.resize(BLOCK * packed, 0.0);
        self.spectra.clear();
        let column = |packed| self.newest.column(packed);
        let mut values = vec![Complex32::default(); LEN];
        for pair in 0..self.pairs {
            let columns = [column(pair), column(self.pairs + pair)];
            for part in 0..self.parts() {
                values.fill(Complex32::default());
                for (n, value) in values[..BLOCK].iter_mut().enumerate() {
                    let [re, im] =
                        columns.map(|column| column.map_or(0.0, |c| tap(c, part * BLOCK + n)));
                    // An inverse transform is LEN times too large.
                    *value = Complex32::new(re, im) / LEN as f32;
                }
                self.fourier.forward(&mut values);
                self.spectra.extend(values.iter().map(|value| value.re));
                self.spectra.extend(values.iter().map(|value| value.im));
            }
        }
        self.forget();
    }

    /// Forgets the block that it is in, since the sequence is another.
    pub fn forget(&mut self) {
        self.begin = None;
    }

    /// What the D samples of `sequence` that end with its last one bring, packed. All of
    /// them are those of the step before but the last, or the filters are to `forget`.
    pub fn sums(&mut self, sequence: &[f32], sums: &mut Vec<f32>) {
        let newest = sequence.len() - 1;
        let begin = match self.begin {
            Some(begin) if (begin + 1..begin + BLOCK).contains(&newest) => begin,
            _ => self.begin_block(sequence, newest),
        };
        let step = newest - begin;
        self.reversed.clear();
        self.reversed.extend(sequence[begin..].iter().rev());
        self.reversed.resize(BLOCK, 0.0);
        self.newest_samples.take(&self.newest, &self.reversed);
        let packed = self.newest.packed();
        sums.resize(packed, 0.0);
        let rows = DenseRows {
            start: &self.known[step * packed..][..packed],
            squashed: 0,
            values: sums,
        };
        let part = Part::new(&self.newest, &self.newest_samples).of_first(step + 1);
        dense(&[part], rows, 1);
    }

    fn parts(&self) -> usize {
        self.taps.div_ceil(BLOCK)
    }

    /// Begins a block with sample `begin` of `sequence`.
    fn begin_block(&mut self, sequence: &[f32], begin: usize) -> usize {
        self.begin = Some(begin);
        self.transform_signal(sequence, begin);
        let (parts, packed) = (self.parts(), self.newest.packed());
        let mut values = [Complex32::default(); PAIRS * LEN];
        let (mut re, mut im) = ([0.0; LEN], [0.0; LEN]);
        for first in (0..self.pairs).step_by(PAIRS) {
            let pairs = first..(first + PAIRS).min(self.pairs);
            for (pair, values) in pairs.clone().zip(values.chunks_exact_mut(LEN)) {
                re.fill(0.0);
                im.fill(0.0);
                let spectra = &self.spectra[pair * parts * 2 * LEN..][..parts * 2 * LEN];
                add_products(spectra, &self.signal, &mut re, &mut im);
                for (value, (re, im)) in values.iter_mut().zip(re.iter().zip(&im)) {
                    *value = Complex32::new(*re, *im);
                }
            }
            let values = &mut values[..pairs.len() * LEN];
            self.fourier.inverse(values);
            for (step, known) in self.known.chunks_exact_mut(packed).enumerate() {
                let (left, right) = known.split_at_mut(self.pairs);
                let (left, right) = (&mut left[pairs.clone()], &mut right[pairs.clone()]);
                let values = values[BLOCK + step..].iter().step_by(LEN);
                for ((left, right), value) in left.iter_mut().zip(right).zip(values) {
                    (*left, *right) = (value.re, value.im);
                }
            }
        }
        begin
    }

    /// The spectra of the samples before `begin` that the parts reach: part q the LEN of
    /// them that end q blocks after it, of which those of the block are not known.
    fn transform_signal(&mut self, sequence: &[f32], begin: usize) {
        self.signal.clear();
        let mut values = vec![Complex32::default(); LEN];
        for part in 0..self.parts() {
            let first = begin as isize - ((part + 1) * BLOCK) as isize;
            for (n, value) in values.iter_mut().enumerate() {
                let place = first + n as isize;
                let known = (0..begin as isize).contains(&place);
                let sample = if known { sequence[place as usize] } else { 0.0 };
                *value = Complex32::new(sample, 0.0);
            }
            self.fourier.forward(&mut values);
            self.signal.extend(values.iter().map(|value| value.re));
            self.signal.extend(values.iter().map(|value| value.im));
        }
    }
}

vectorised! {
    /// Adds to `re` and `im` the products of `spectra` and `signal`, `[parts, 2, LEN]`.
    pub fn add_products(spectra: &[f32], signal: &[f32], re: &mut [f32; LEN], im: &mut [f32; LEN]) {
        let parts = spectra.chunks_exact(2 * LEN).zip(signal.chunks_exact(2 * LEN));
        for (filter, signal) in parts {
            let (filter_re, filter_im) = filter.split_at(LEN);
            let (signal_re, signal_im) = signal.split_at(LEN);
            for n in 0..LEN {
                re[n] += filter_re[n] * signal_re[n] - filter_im[n] * signal_im[n];
                im[n] += filter_re[n] * signal_im[n] + filter_im[n] * signal_re[n];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::values;

    #[test]
    fn it_is_the_dot_product_with_the_last_samples() {
        for (taps, units) in [(1, 3), (20, 8), (64, 5), (65, 5), (200, 20), (256, 16)] {
            let columns = Columns::Gates { units };
            let weights = values(4 * units * taps, 1);
            let mut sliding = SlidingInput::new(Processor::here(), columns, taps);
            sliding.take(|column, input| weights[column * taps + input]);
            let mut sequence = values(700, 2);
            let mut sums = Vec::new();
            let mut check = |sequence: &[f32], sliding: &mut SlidingInput| {
                sliding.sums(sequence, &mut sums);
                for (packed, sum) in sums.iter().enumerate() {
                    let Some(column) = sliding.newest.column(packed) else {
                        assert!(sum.abs() < 1e-4, "{sum}");
                        continue;
                    };
                    let last = &sequence[sequence.len() - taps..];
                    let products = last.iter().zip(&weights[column * taps..]);
                    let expected: f32 = products.map(|(a, b)| a * b).sum();
                    let bound = 1e-5 * (taps as f32).max(10.0);
                    assert!(
                        (sum - expected).abs() < bound,
                        "{taps} {column}: {sum} {expected}"
                    );
                }
            };
            for len in 300..600 {
                check(&sequence[..len], &mut sliding);
            }
            // Back, to go on otherwise.
            sequence[450..]
                .iter_mut()
                .for_each(|sample| *sample *= -0.5);
            for len in 451..520 {
                check(&sequence[..len], &mut sliding);
            }
        }
    }
}
