//! The Fourier transform of complex signals.

use std::sync::Arc;

use rustfft::num_complex::Complex;
pub use rustfft::num_complex::{Complex32, Complex64};
use rustfft::{Fft, FftNum, FftPlanner};

/// A Fourier transform of one length, there and back, in double precision or single.
pub struct Fourier<T = f64> {
    forward: Arc<dyn Fft<T>>,
    inverse: Arc<dyn Fft<T>>,
}

impl<T: FftNum> Fourier<T> {
    /// A transform of `len` values; any length will do, powers of two are fastest.
    pub fn new(len: usize) -> Fourier<T> {
        let mut planner = FftPlanner::new();
        Fourier {
            forward: planner.plan_fft_forward(len),
            inverse: planner.plan_fft_inverse(len),
        }
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.forward.len()
    }

    /// Whether there is nothing to transform.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The spectrum of [`Self::len`] values, in their place, unscaled; of several times
    /// as many, those of each part.
    pub fn forward(&self, values: &mut [Complex<T>]) {
        self.forward.process(values);
    }

    /// The values of a spectrum, in its place, [`Self::len`] times too large; of several
    /// spectra, one after the other, those of each.
    pub fn inverse(&self, spectrum: &mut [Complex<T>]) {
        self.inverse.process(spectrum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back_is_len_times_the_values() {
        for len in [1, 12, 37, 64] {
            let fourier = Fourier::<f64>::new(len);
            let values: Vec<Complex64> = (0..len)
                .map(|n| Complex64::new((n as f64).sin(), (3.0 * n as f64).cos()))
                .collect();
            let mut turned = values.clone();
            fourier.forward(&mut turned);
            let sum: Complex64 = values.iter().sum();
            assert!((turned[0] - sum).norm() < 1e-10);
            fourier.inverse(&mut turned);
            for (a, b) in turned.iter().zip(&values) {
                assert!((a / len as f64 - b).norm() < 1e-10);
            }
        }
    }
}
