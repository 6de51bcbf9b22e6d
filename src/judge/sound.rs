//! Sounds as an answer and its seed are compared: mono, at one rate.

use thiserror::Error;

use super::chroma_over_time::{Profile, chroma_over_time};
use super::level::loudness;
use crate::audio::{Signal, resample};

/// The rate at which answers and seeds are compared, in Hz: the dissertation's.
pub const COMPARED_RATE: u32 = 11_025;

/// A sound at [`COMPARED_RATE`], with something to hear in it.
#[derive(Clone, Debug, PartialEq)]
pub struct ComparedSound {
    pub(super) samples: Vec<f64>,
}

/// Why a sound cannot be compared with another.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum SoundError {
    /// Samples that are not numbers.
    #[error("it has samples that are not finite numbers; export it again")]
    NotFinite,
    /// Nothing, or silence.
    #[error("it is silent; give the sound that was answered")]
    Silent,
}

impl ComparedSound {
    /// `signal` as it is compared.
    ///
    /// # Errors
    ///
    /// Any [`SoundError`].
    pub fn of(signal: &Signal) -> Result<ComparedSound, SoundError> {
        if signal.samples.iter().any(|sample| !sample.is_finite()) {
            return Err(SoundError::NotFinite);
        }
        let samples = resample::resample(&signal.samples, signal.sample_rate, COMPARED_RATE);
        if loudness(&samples) == 0.0 {
            return Err(SoundError::Silent);
        }
        let samples = samples.into_iter().map(f64::from).collect();
        Ok(ComparedSound { samples })
    }

    /// How long it is.
    pub fn seconds(&self) -> f64 {
        self.samples.len() as f64 / f64::from(COMPARED_RATE)
    }

    /// The power in each pitch class over time, C first, one profile every
    /// [`CHROMA_HOP_SECONDS`](super::CHROMA_HOP_SECONDS).
    pub fn chroma_over_time(&self) -> Vec<Profile> {
        chroma_over_time(&self.samples)
    }

    /// This sound again and again, as long as `other`; as much of it where it is longer.
    pub fn looped_along(&self, other: &ComparedSound) -> ComparedSound {
        ComparedSound {
            samples: self.looped(other.samples.len(), 0),
        }
    }

    /// `len` samples of this sound again and again, `later` samples later.
    pub(super) fn looped(&self, len: usize, later: isize) -> Vec<f64> {
        let own = self.samples.len();
        let first = (-later).rem_euclid(own as isize) as usize;
        (0..len).map(|n| self.samples[(first + n) % own]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{signal, sine};

    #[test]
    fn a_loop_goes_on_where_it_ended_and_can_be_late_or_early() {
        let sound = ComparedSound::of(&signal(&[0.0, 1.0, 2.0], COMPARED_RATE)).unwrap();
        assert_eq!(sound.looped(5, 0), [0.0, 1.0, 2.0, 0.0, 1.0]);
        assert_eq!(sound.looped(4, 1), [2.0, 0.0, 1.0, 2.0]);
        assert_eq!(sound.looped(2, -4), [1.0, 2.0]);
        assert_eq!(sound.looped_along(&sound), sound);
    }

    #[test]
    fn any_rate_becomes_one_and_silence_is_no_sound() {
        let sound = ComparedSound::of(&signal(&sine(0.5, 440.0, 44_100, 44_100), 44_100)).unwrap();
        assert_eq!(sound.seconds(), 1.0);
        for (samples, error) in [
            (&[][..], SoundError::Silent),
            (&[0.0, 0.0], SoundError::Silent),
            (&[0.5, f64::NAN], SoundError::NotFinite),
        ] {
            assert_eq!(ComparedSound::of(&signal(samples, 8000)), Err(error));
        }
    }
}
