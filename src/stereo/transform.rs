//! The spectra of two sounds at once, frame by frame.

use super::bands;
use crate::frames::{Analysis, Complex32, Fourier};

/// Seconds of a frame, about: longer ones smear where things begin, shorter ones do not tell
/// low notes apart.
const WINDOW: f64 = 0.046;
/// Frames begin a share of a window after each other.
const HOPS: usize = 4;

/// The spectra of two real sounds, which are the real and the imaginary part of a complex one.
pub struct Transform {
    analysis: Analysis,
    fourier: Fourier<f32>,
    window: Vec<f32>,
    frame: Vec<Complex32>,
    /// The band of each bin, `[bins]`.
    bands: Vec<usize>,
}

impl Transform {
    /// At `sample_rate` Hz, with its bins in so many `bands`.
    pub fn new(sample_rate: u32, bands: usize) -> Transform {
        let samples = (WINDOW * f64::from(sample_rate)).log2().round();
        let window_size = 1 << (samples as usize).max(6);
        let analysis = Analysis {
            window_size,
            hop_size: window_size / HOPS,
            zero_padding: false,
        };
        let hertz = f64::from(sample_rate) / window_size as f64;
        let band = |bin: usize| bands::band_of(bin as f64 * hertz, bands);
        Transform {
            fourier: Fourier::new(window_size),
            window: analysis.window(),
            frame: vec![Complex32::default(); window_size],
            bands: (0..analysis.bins()).map(band).collect(),
            analysis,
        }
    }

    /// How frames lie.
    pub fn analysis(&self) -> &Analysis {
        &self.analysis
    }

    /// The band of each bin.
    pub fn bands(&self) -> &[usize] {
        &self.bands
    }

    /// Samples of a frame.
    pub fn window_size(&self) -> usize {
        self.window.len()
    }

    /// Hears the frame of `samples`, `[window_size]`.
    pub fn hear(&mut self, samples: &[Complex32]) {
        let centre = self.window.len() / 2;
        for (n, (sample, weight)) in samples.iter().zip(&self.window).enumerate() {
            // Phases count from the centre.
            self.frame[(n + centre) % samples.len()] = sample * weight;
        }
        self.fourier.forward(&mut self.frame);
    }

    /// The spectra of both sounds in the frame that was heard last, bin by bin.
    pub fn bins(&self) -> impl Iterator<Item = (Complex32, Complex32)> {
        let mirrored = |bin: usize| self.frame[(self.frame.len() - bin) % self.frame.len()].conj();
        (0..self.bands.len()).map(move |bin| {
            let (one, other) = (self.frame[bin], mirrored(bin));
            let half_turn = Complex32::new(0.0, -0.5);
            ((one + other) * 0.5, (one - other) * half_turn)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::values;

    #[test]
    fn two_sounds_have_the_spectra_that_each_has_alone() {
        let (a, b) = (values(512, 1), values(512, 2));
        let mut transform = Transform::new(11025, 12);
        assert_eq!(transform.window_size(), 512);
        let mut spectra = |real: &[f32], imaginary: &[f32]| -> Vec<(Complex32, Complex32)> {
            let both = real.iter().zip(imaginary);
            let samples: Vec<Complex32> = both.map(|(r, i)| Complex32::new(*r, *i)).collect();
            transform.hear(&samples);
            transform.bins().collect()
        };
        let silence = vec![0.0; 512];
        let (both, of_a, of_b) = (
            spectra(&a, &b),
            spectra(&a, &silence),
            spectra(&b, &silence),
        );
        for ((both, of_a), of_b) in both.iter().zip(&of_a).zip(&of_b) {
            assert!((both.0 - of_a.0).norm() < 1e-3 && (both.1 - of_b.0).norm() < 1e-3);
            assert!(of_a.1.norm() < 1e-3);
        }
    }
}
