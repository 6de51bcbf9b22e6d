//! Pitch classes over time.

use super::features::{PitchClasses, for_each_power_spectrum};
use super::sound::COMPARED_RATE;

/// The power in each of the twelve pitch classes.
pub type Profile = [f64; 12];

/// Samples in a frame, and from frame to frame.
const FRAME: (usize, usize) = (4096, 1024);

/// The frequencies that count, in Hz: those of melodies and their first harmonics.
const HZ: (f64, f64) = (75.0, 1500.0);

/// From one profile to the next, in seconds.
pub const CHROMA_HOP_SECONDS: f64 = FRAME.1 as f64 / COMPARED_RATE as f64;

/// When the first profile's own time begins, in seconds: half a hop before the
/// middle of its frame.
pub const CHROMA_BEGIN_SECONDS: f64 = (FRAME.0 - FRAME.1) as f64 / 2.0 / COMPARED_RATE as f64;

/// Semitones from C up to A, from which pitch classes are counted elsewhere.
const A: usize = 9;

/// How many profiles `samples` samples have.
pub const fn profiles(samples: usize) -> usize {
    samples.saturating_sub(FRAME.0).div_ceil(FRAME.1)
}

/// The power in each pitch class, C first, of each frame of 4096 samples (0.37 s)
/// under Hann's window, every 1024 samples, between 75 and 1500 Hz. A frame that
/// ends with the last sample is left out, as in numpy's `range(0, len - 4096, 1024)`.
pub fn chroma_over_time(samples: &[f64]) -> Vec<Profile> {
    let count = profiles(samples.len());
    if count == 0 {
        return Vec::new();
    }
    let classes = PitchClasses::of_bins(FRAME.0, COMPARED_RATE, HZ);
    let mut chroma = Vec::with_capacity(count);
    for_each_power_spectrum(&samples[..samples.len() - 1], FRAME, |power| {
        let mut profile = [0.0; 12];
        classes.add(power, &mut profile);
        profile.rotate_right(A);
        chroma.push(profile);
    });
    chroma
}

/// The cosine of the angle between two profiles, 0 to 1; 0 where one is silent.
pub fn cosine(a: &Profile, b: &Profile) -> f64 {
    let dot = |a: &Profile, b: &Profile| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
    let lengths = (dot(a, a) * dot(b, b)).sqrt();
    if lengths > 0.0 {
        dot(a, b) / lengths
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::sine;

    #[test]
    fn a_profile_has_its_pitch_class_counted_from_c() {
        for (hz, class) in [(261.63, 0), (440.0, 9), (493.88, 11), (1046.5, 0)] {
            let chroma = chroma_over_time(&sine(0.5, hz, COMPARED_RATE, 11_025));
            assert_eq!(chroma.len(), profiles(11_025));
            for profile in &chroma {
                let whole: f64 = profile.iter().sum();
                assert!(profile[class] > 0.99 * whole, "{hz}: {profile:?}");
            }
        }
    }

    #[test]
    fn as_many_profiles_as_numpy_counts() {
        for (samples, count) in [(0, 0), (4096, 0), (4097, 1), (5120, 1), (5121, 2)] {
            assert_eq!(profiles(samples), count, "{samples}");
            let chroma = chroma_over_time(&sine(0.5, 440.0, COMPARED_RATE, samples));
            assert_eq!(chroma.len(), count, "{samples}");
        }
    }

    #[test]
    fn what_is_silent_is_like_nothing() {
        let mut one = [0.0; 12];
        assert_eq!(cosine(&one, &[1.0; 12]), 0.0);
        one[3] = 2.0;
        assert_eq!(cosine(&one, &one), 1.0);
        assert!((cosine(&one, &[1.0; 12]) - (1.0 / 12f64).sqrt()).abs() < 1e-12);
    }
}
