//! How unlike two predictions sound.

use std::f64::consts::PI;
use std::fmt;

use super::Hearing;
use super::element::Element;
use crate::frames::{Complex32, Fourier};

/// How unlike two predictions of one network sound, where a prediction is more than
/// a sample.
pub enum Distance {
    /// Between frames, as the network sees them.
    Frames,
    /// Between vectors of samples, by their spectra: phase is not heard.
    Vectors {
        /// Of a vector's length.
        fourier: Fourier<f32>,
        /// Hann's window over a sum of 2, so that a sinusoid of amplitude 1 has a
        /// magnitude of 1.
        window: Vec<f32>,
    },
}

impl Hearing {
    /// How unlike predictions sound; `None` where each is a single sample, or one of each
    /// band.
    pub fn distance(&self) -> Option<Distance> {
        match (&self.element, self.sampling.label_len) {
            (Element::Frame(_), _) => Some(Distance::Frames),
            (Element::Sample, 1) | (Element::Bands(_), _) => None,
            (Element::Sample, len) => Some(Distance::of_vectors(len)),
        }
    }
}

impl Distance {
    fn of_vectors(len: usize) -> Distance {
        let hann = |n: usize| 0.5 - 0.5 * (2.0 * PI * (n as f64 + 0.5) / len as f64).cos();
        let sum: f64 = (0..len).map(hann).sum();
        Distance::Vectors {
            fourier: Fourier::new(len),
            window: (0..len).map(|n| (2.0 * hann(n) / sum) as f32).collect(),
        }
    }

    /// What is compared of `prediction`.
    pub fn heard(&self, prediction: &[f32]) -> Vec<f32> {
        match self {
            Distance::Frames => prediction.to_vec(),
            Distance::Vectors { fourier, window } => {
                let windowed = prediction.iter().zip(window);
                let mut values: Vec<Complex32> = windowed
                    .map(|(sample, weight)| Complex32::new(sample * weight, 0.0))
                    .collect();
                fourier.forward(&mut values);
                let half = &values[..values.len() / 2 + 1];
                half.iter()
                    .map(|bin| bin.norm_sqr().sqrt().sqrt())
                    .collect()
            }
        }
    }

    /// The squared distance of what is heard of two predictions.
    pub fn between(&self, a: &[f32], b: &[f32]) -> f64 {
        let squares = a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2));
        squares.sum()
    }
}

impl fmt::Debug for Distance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Distance::Frames => "Frames",
            Distance::Vectors { .. } => "Vectors",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_are_as_far_apart_as_their_spectra_whatever_their_phases() {
        let distance = Distance::of_vectors(256);
        let sine = |cycles: f32, phase: f32, amplitude: f32| {
            let sample =
                |n| amplitude * (cycles * n as f32 / 256.0 * std::f32::consts::TAU + phase).sin();
            distance.heard(&(0..256).map(sample).collect::<Vec<f32>>())
        };
        let one = sine(20.0, 0.0, 1.0);
        assert!((one[20] - 1.0).abs() < 0.01, "{}", one[20]);
        let other_phase = distance.between(&one, &sine(20.0, 1.5, 1.0));
        let other_pitch = distance.between(&one, &sine(30.0, 0.0, 1.0));
        let softer = distance.between(&one, &sine(20.0, 0.0, 0.25));
        assert!(other_phase < 0.01, "{other_phase}");
        assert!(other_pitch > 2.0 && softer > 0.2, "{other_pitch} {softer}");
    }
}
