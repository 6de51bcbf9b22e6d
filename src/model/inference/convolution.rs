//! What samples that are known bring to the next steps of filters of them.

use std::ops::Range;

use crate::frames::{Complex32, Fourier};
use crate::vectorised::vectorised;

/// Pairs of filters that are transformed together, so that all are in the L1 cache.
const PAIRS: usize = 16;

/// The convolution of a signal with several filters, for a block of steps at a time, in
/// parts of as many taps as the block has steps (overlap-save: Oppenheim and Schafer,
/// *Discrete-Time Signal Processing*, section 8.7).
///
/// Two filters go through a transform as one of complex taps: its real part and its
/// imaginary part, since the signal is real.
///
/// The signal may have several channels, interleaved, of which each has taps of its own;
/// what they bring is added up.
pub struct Convolution {
    /// B: steps of a block, and taps of a part. A transform has twice as many values: a
    /// part's taps, and the samples that they reach in a block.
    block: usize,
    /// Of each channel.
    taps: usize,
    channels: usize,
    /// Pairs of filters: the first half of them with the second.
    pairs: usize,
    fourier: Fourier<f32>,
    /// `[pairs, parts, channels, 2, 2B]`: each part's spectrum, real and imaginary values
    /// apart.
    spectra: Vec<f32>,
    /// `[parts, channels, 2, 2B]`: that of the samples that each part reaches.
    signal: Vec<f32>,
    /// Parts that reach a sample that is known.
    heard: usize,
    /// Memory for some pairs' values, and for one pair's sums.
    values: Vec<Complex32>,
    sums: Vec<f32>,
}

impl Convolution {
    /// With filters of `taps` taps of each of `channels` channels, for blocks of `block`
    /// steps, yet without filters.
    pub fn new(block: usize, taps: usize, channels: usize) -> Convolution {
        Convolution {
            block,
            taps,
            channels,
            pairs: 0,
            fourier: Fourier::new(2 * block),
            spectra: Vec::new(),
            signal: Vec::new(),
            heard: 0,
            values: vec![Complex32::default(); PAIRS * 2 * block],
            sums: vec![0.0; 4 * block],
        }
    }

    /// Takes `filters` filters, an even number: `tap(filter, age, channel)` is what the
    /// sample of that age and channel is multiplied by.
    pub fn take(&mut self, filters: usize, tap: impl Fn(usize, usize, usize) -> f32) {
        self.pairs = filters / 2;
        self.spectra.clear();
        let (block, len) = (self.block, 2 * self.block);
        let mut values = vec![Complex32::default(); len];
        for pair in 0..self.pairs {
            for part_and_channel in 0..self.parts() * self.channels {
                let part = part_and_channel / self.channels;
                let channel = part_and_channel % self.channels;
                let of_part = |n: usize| match part * block + n {
                    age if age < self.taps => Complex32::new(
                        tap(pair, age, channel),
                        tap(self.pairs + pair, age, channel),
                    ),
                    _ => Complex32::default(),
                };
                values.fill(Complex32::default());
                for (n, value) in values[..block].iter_mut().enumerate() {
                    // An inverse transform is as many times too large as it is long.
                    *value = of_part(n) / len as f32;
                }
                self.fourier.forward(&mut values);
                push_apart(&values, &mut self.spectra);
            }
        }
    }

    /// Bytes of the filters' spectra.
    pub fn bytes(&self) -> usize {
        size_of_val(self.spectra.as_slice())
    }

    fn parts(&self) -> usize {
        self.taps.div_ceil(self.block)
    }

    /// What the samples `known` of each channel of `sequence` bring to the block of steps
    /// from sample `begin`, which is not before their end, on: `brought [B, filters]`.
    pub fn run(
        &mut self,
        sequence: &[f32],
        known: Range<usize>,
        begin: usize,
        brought: &mut [f32],
    ) {
        self.transform_signal(sequence, known, begin);
        let (len, channels) = (2 * self.block, self.channels);
        let (all, parts) = (self.parts() * channels, self.heard * channels);
        for first in (0..self.pairs).step_by(PAIRS) {
            let pairs = first..(first + PAIRS).min(self.pairs);
            for (pair, values) in pairs.clone().zip(self.values.chunks_exact_mut(len)) {
                self.sums.fill(0.0);
                let (re, im) = self.sums.split_at_mut(len);
                let spectra = &self.spectra[pair * all * 2 * len..][..parts * 2 * len];
                add_products(spectra, &self.signal[..parts * 2 * len], re, im);
                for (value, (re, im)) in values.iter_mut().zip(re.iter().zip(im.iter())) {
                    *value = Complex32::new(*re, *im);
                }
            }
            let values = &mut self.values[..pairs.len() * len];
            self.fourier.inverse(values);
            for (step, brought) in brought.chunks_exact_mut(2 * self.pairs).enumerate() {
                let (left, right) = brought.split_at_mut(self.pairs);
                let (left, right) = (&mut left[pairs.clone()], &mut right[pairs.clone()]);
                let values = values[self.block + step..].iter().step_by(len);
                for ((left, right), value) in left.iter_mut().zip(right).zip(values) {
                    (*left, *right) = (value.re, value.im);
                }
            }
        }
    }

    /// The spectra of the samples that the parts reach: part q the 2B of them that end q
    /// blocks after `begin`, of which those that are not `known` count as silence.
    fn transform_signal(&mut self, sequence: &[f32], known: Range<usize>, begin: usize) {
        self.signal.clear();
        self.heard = 0;
        let parts = self.parts();
        let values = &mut self.values[..2 * self.block];
        for part in 0..parts {
            let first = begin as isize - ((part + 1) * self.block) as isize;
            let last = first + values.len() as isize;
            if last <= known.start as isize {
                // Neither this part nor one beyond it reaches anything.
                break;
            }
            self.heard += 1;
            for channel in 0..self.channels {
                let sample = |place: usize| sequence[place * self.channels + channel];
                for (n, value) in values.iter_mut().enumerate() {
                    let place = usize::try_from(first + n as isize).ok();
                    let place = place.filter(|place| known.contains(place));
                    *value = Complex32::new(place.map_or(0.0, sample), 0.0);
                }
                self.fourier.forward(values);
                push_apart(values, &mut self.signal);
            }
        }
    }
}

/// Appends real and imaginary values, apart.
fn push_apart(values: &[Complex32], apart: &mut Vec<f32>) {
    apart.extend(values.iter().map(|value| value.re));
    apart.extend(values.iter().map(|value| value.im));
}

vectorised! {
    /// Adds to `re [len]` and `im [len]` the products of `spectra` and `signal`, `[parts,
    /// 2, len]`.
    fn add_products(spectra: &[f32], signal: &[f32], re: &mut [f32], im: &mut [f32]) {
        let len = re.len();
        let im = &mut im[..len];
        let parts = spectra.chunks_exact(2 * len).zip(signal.chunks_exact(2 * len));
        for (filter, signal) in parts {
            let (filter_re, filter_im) = filter.split_at(len);
            let (signal_re, signal_im) = signal.split_at(len);
            let (filter_im, signal_im) = (&filter_im[..len], &signal_im[..len]);
            for n in 0..len {
                re[n] += filter_re[n] * signal_re[n] - filter_im[n] * signal_im[n];
                im[n] += filter_re[n] * signal_im[n] + filter_im[n] * signal_re[n];
            }
        }
    }
}
