//! How far a sound's timbre is from the training audio's, on a scale from the
//! training audio itself to noise.

use std::f64::consts::TAU;

use rand::RngExt;

use super::features::{BANDS, Timbre};
use super::frechet::Gaussian;
use crate::frames::{Complex64, Fourier};
use crate::random::stream;

/// Samples of pink noise that are enough to know its timbre by; at 44100 Hz, 6 s.
const NOISE_SAMPLES: usize = 1 << 18;

/// Above this share of the distance to noise, the distance between the halves
/// of the training audio is no yardstick.
const MOST_UNLIKE_HALVES: f64 = 0.9;

/// The training audio's timbre and two distances from it.
pub struct Resemblance {
    training: Gaussian<BANDS>,
    between_halves: f64,
    to_noise: f64,
}

impl Resemblance {
    /// A scale from the training audio: its timbre, of `samples` samples at
    /// `sample_rate` Hz, which has at least two frames.
    pub fn new(timbre: &Timbre, samples: usize, sample_rate: u32) -> Resemblance {
        let (first, second) = timbre.log_mel.split_at(timbre.log_mel.len() / 2);
        let training = Gaussian::of(&timbre.log_mel);
        let noise = Timbre::of(&pink_noise(samples), sample_rate);
        Resemblance {
            between_halves: Gaussian::of(first).frechet_distance(&Gaussian::of(second)),
            to_noise: training.frechet_distance(&Gaussian::of(&noise.log_mel)),
            training,
        }
    }

    /// 1 for a sound as near to the training audio as its halves are to each
    /// other, 0 for pink noise, negative beyond; `None` where the halves
    /// resemble each other hardly more than noise.
    pub fn of(&self, timbre: &Timbre) -> Option<f64> {
        if self.between_halves >= MOST_UNLIKE_HALVES * self.to_noise {
            return None;
        }
        let distance = self
            .training
            .frechet_distance(&Gaussian::of(&timbre.log_mel));
        Some(1.0 - (distance - self.between_halves) / (self.to_noise - self.between_halves))
    }
}

/// Pink noise (power falls with the frequency) with the spectrum that noise of
/// `samples` samples and rms 1 has; no longer than its timbre needs.
///
/// The magnitudes are the expected ones and only the phases are random, so
/// that its level does not depend on chance.
fn pink_noise(samples: usize) -> Vec<f64> {
    let len = samples.min(NOISE_SAMPLES);
    let mut stream = stream(0, "pink noise");
    let mut spectrum = vec![Complex64::default(); len];
    spectrum[0].re = 1.0;
    for bin in 1..=(len - 1) / 2 {
        let phase = TAU * stream.random::<f64>();
        spectrum[bin] = Complex64::from_polar(1.0 / (bin as f64).sqrt(), phase);
        spectrum[len - bin] = spectrum[bin].conj();
    }
    Fourier::new(len).inverse(&mut spectrum);
    let power = 1.0
        + (1..=(samples - 1) / 2)
            .map(|bin| 2.0 / bin as f64)
            .sum::<f64>();
    spectrum
        .iter()
        .map(|value| value.re / power.sqrt())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pink_noise_has_rms_1_and_as_much_power_in_each_octave() {
        let noise = pink_noise(1 << 14);
        let power = noise.iter().map(|s| s * s).sum::<f64>() / noise.len() as f64;
        assert!((power - 1.0).abs() < 1e-9, "{power}");
        let mut spectrum: Vec<Complex64> = noise.iter().map(|s| Complex64::new(*s, 0.0)).collect();
        Fourier::new(spectrum.len()).forward(&mut spectrum);
        let octave = |from: usize| -> f64 {
            spectrum[from..2 * from]
                .iter()
                .map(|bin| bin.norm_sqr())
                .sum()
        };
        assert!((octave(256) / octave(2048) - 1.0).abs() < 0.01);
    }

    #[test]
    fn long_noise_is_cut_short_but_sounds_the_same() {
        let band = |samples: usize| {
            let noise = Timbre::of(&pink_noise(samples), 11025);
            noise.log_mel.iter().map(|frame| frame[20]).sum::<f64>() / noise.log_mel.len() as f64
        };
        assert_eq!(pink_noise(1 << 21).len(), NOISE_SAMPLES);
        // Eight times the length puts three octaves more below what is heard.
        let quieter = (1..=1 << 20).map(|n| 1.0 / n as f64).sum::<f64>()
            / (1..=1 << 17).map(|n| 1.0 / n as f64).sum::<f64>();
        let difference = band(1 << 18) - band(1 << 21);
        assert!((difference - quieter.log10()).abs() < 0.01, "{difference}");
    }

    #[test]
    fn noise_is_0_and_the_training_audio_about_1() {
        let pitched = |shift: f64| -> Vec<f64> {
            (0..60_000)
                .map(|n| {
                    let t = n as f64 / 8000.0;
                    let decay = (-6.0 * (t % 0.5)).exp();
                    decay * (TAU * (220.0 + shift + 110.0 * ((2.0 * t).floor() % 3.0)) * t).sin()
                })
                .collect()
        };
        let timbre = Timbre::of(&pitched(0.0), 8000);
        let scale = Resemblance::new(&timbre, 60_000, 8000);
        let own = scale.of(&timbre).unwrap();
        assert!((0.99..1.2).contains(&own), "{own}");
        let noise = scale.of(&Timbre::of(&pink_noise(60_000), 8000)).unwrap();
        assert!(noise.abs() < 1e-9, "{noise}");
        let near = scale.of(&Timbre::of(&pitched(10.0), 8000)).unwrap();
        assert!((0.9..1.1).contains(&near), "{near}");
    }

    #[test]
    fn training_audio_that_is_noise_is_no_yardstick() {
        let timbre = Timbre::of(&pink_noise(40_000), 8000);
        let scale = Resemblance::new(&timbre, 40_000, 8000);
        assert_eq!(scale.of(&timbre), None);
    }
}
