//! Sounds that slices are cut out of.

use std::path::Path;

use crate::audio::{self, AudioError, Signal, resample};

/// A sound that slices are cut out of.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// What it is called where its slices are told of.
    pub name: String,
    pub sound: Signal,
}

impl Prediction {
    /// The sound file at `path`, without a DC offset.
    ///
    /// # Errors
    /// Those of [`audio::load_as_recorded`].
    pub fn read(path: &Path, name: impl Into<String>) -> Result<Prediction, AudioError> {
        let mut sound = audio::load_as_recorded(path)?.into_signal();
        // What lies beside zero would click where a loop fades.
        let sum: f64 = sound.samples.iter().copied().map(f64::from).sum();
        let mean = sum / sound.samples.len() as f64;
        for sample in &mut sound.samples {
            *sample = (f64::from(*sample) - mean) as f32;
        }
        Ok(Prediction {
            name: name.into(),
            sound,
        })
    }
}

/// Brings all of `predictions` to the highest rate of any of them: a patch plays their
/// slices at one speed.
pub fn at_one_rate(predictions: &mut [Prediction]) {
    let rates = predictions
        .iter()
        .map(|prediction| prediction.sound.sample_rate);
    let Some(highest) = rates.max() else { return };
    for Prediction { sound, .. } in predictions {
        if sound.sample_rate != highest {
            sound.samples = resample::resample(&sound.samples, sound.sample_rate, highest);
            sound.sample_rate = highest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{signal, sine};

    #[test]
    fn predictions_come_to_the_highest_rate() {
        let one = |rate: u32| Prediction {
            name: rate.to_string(),
            sound: signal(&sine(0.5, 440.0, rate, rate as usize), rate),
        };
        let mut all = [one(22050), one(44100)];
        at_one_rate(&mut all);
        for prediction in all {
            assert_eq!(prediction.sound.sample_rate, 44100);
            assert_eq!(prediction.sound.samples.len(), 44100);
        }
        at_one_rate(&mut []);
    }

    #[test]
    fn a_sound_beside_zero_is_put_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        let samples: Vec<f64> = sine(0.2, 440.0, 8000, 8000)
            .iter()
            .map(|s| s + 0.1)
            .collect();
        let format = audio::write::SampleFormat::Float32;
        audio::write::write_wav(&path, &signal(&samples, 8000), format).unwrap();
        let read = Prediction::read(&path, "a").unwrap();
        let mean = read.sound.samples.iter().sum::<f32>() / 8000.0;
        assert!(mean.abs() < 1e-3, "{mean}");
    }
}
