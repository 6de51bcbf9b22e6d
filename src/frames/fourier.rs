//! The Fourier transform of complex signals in double precision.

use std::sync::Arc;

pub use rustfft::num_complex::Complex64;
use rustfft::{Fft, FftPlanner};

/// A Fourier transform of one length, there and back.
pub struct Fourier {
    forward: Arc<dyn Fft<f64>>,
    inverse: Arc<dyn Fft<f64>>,
}

impl Fourier {
    /// A transform of `len` values; any length will do, powers of two are fastest.
    pub fn new(len: usize) -> Fourier {
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

    /// The spectrum of [`Self::len`] values, in their place, unscaled.
    pub fn forward(&self, values: &mut [Complex64]) {
        self.forward.process(values);
    }

    /// The values of a spectrum, in its place, [`Self::len`] times too large.
    pub fn inverse(&self, spectrum: &mut [Complex64]) {
        self.inverse.process(spectrum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back_is_len_times_the_values() {
        for len in [1, 12, 37, 64] {
            let fourier = Fourier::new(len);
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
