//! Recordings as the sequences that training windows are cut from.

use crate::audio::Signal;
use crate::frames::WindowFormat;
use crate::hyperparameters::Hyperparameters;
use crate::trained_model::{Normalisation, TrainingAudio};

/// One recording, at the model's rate, and where it comes from.
pub struct Recording {
    pub signal: Signal,
    pub source: TrainingAudio,
}

/// What a network is trained on.
pub struct Dataset {
    /// One sequence of samples or magnitude frames per recording.
    sequences: Vec<Vec<f32>>,
    windows: WindowFormat,
    /// How sound was scaled; goes into the model.
    pub normalisation: Normalisation,
    /// Where it comes from; goes into the model.
    pub sources: Vec<TrainingAudio>,
}

/// A recording that does not hold one input matrix and its label.
#[derive(Debug, thiserror::Error)]
#[error(
    "{file} is too short to learn from: {seconds:.2} s, but one input matrix and its label \
     span {needed:.2} s; use a longer recording, or a smaller seg_len or num_unrollings"
)]
pub struct TooShort {
    pub file: String,
    pub seconds: f64,
    pub needed: f64,
}

impl Dataset {
    /// Makes `recordings` what `hyperparameters` say the network sees.
    pub fn new(
        recordings: Vec<Recording>,
        hyperparameters: &Hyperparameters,
    ) -> Result<Dataset, TooShort> {
        let windows = hyperparameters.training_windows();
        let span = windows.time_step_span();
        let samples_needed = match hyperparameters.analysis() {
            Some(analysis) => (span - 1) * analysis.hop_size + analysis.window_size,
            None => span,
        };
        for recording in &recordings {
            if recording.signal.samples.len() < samples_needed {
                return Err(TooShort {
                    file: recording.source.file.clone(),
                    seconds: recording.signal.seconds(),
                    needed: samples_needed as f64 / f64::from(hyperparameters.sample_rate),
                });
            }
        }
        let (signals, sources): (Vec<_>, Vec<_>) = recordings
            .into_iter()
            .map(|r| (r.signal.samples, r.source))
            .unzip();
        let (sequences, largest_magnitude) = match hyperparameters.analysis() {
            None => (signals, 1.0),
            Some(analysis) => {
                let mut spectra: Vec<_> = signals.iter().map(|s| analysis.magnitudes(s)).collect();
                let largest = spectra.iter().map(|s| s.largest()).fold(0.0, f32::max);
                // Silence stays silence; any scale does.
                let scale = if largest > 0.0 { largest } else { 1.0 };
                spectra.iter_mut().for_each(|s| s.divide(scale));
                (spectra.into_iter().map(|s| s.magnitudes).collect(), scale)
            }
        };
        Ok(Dataset {
            sequences,
            windows,
            normalisation: Normalisation { largest_magnitude },
            sources,
        })
    }

    /// Number of recordings.
    pub fn recordings(&self) -> usize {
        self.sequences.len()
    }

    /// Time steps of recording `recording`.
    pub fn time_steps(&self, recording: usize) -> usize {
        self.windows
            .time_steps(self.sequences[recording].len() / self.windows.width)
    }

    /// Time steps of one epoch: one pass through all recordings.
    pub fn time_steps_per_epoch(&self) -> usize {
        (0..self.recordings()).map(|r| self.time_steps(r)).sum()
    }

    /// Puts the input matrices and labels of `count` time steps, from `first`
    /// on, of recording `recording` into `frames` and `labels`.
    pub fn fill(
        &self,
        recording: usize,
        first: usize,
        count: usize,
        frames: &mut Vec<f32>,
        labels: &mut Vec<f32>,
    ) {
        frames.clear();
        labels.clear();
        let sequence = &self.sequences[recording];
        for t in first..first + count {
            self.windows.push_input(sequence, t, frames);
            self.windows.push_label(sequence, t, labels);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recording(samples: Vec<f32>) -> Recording {
        Recording {
            signal: Signal {
                samples,
                sample_rate: 8000,
            },
            source: TrainingAudio {
                file: "a.wav".to_owned(),
                sha256: String::new(),
                seconds: 0.0,
            },
        }
    }

    #[test]
    fn an_epoch_visits_every_recording() {
        let hyperparameters = Hyperparameters::parse(
            r#"{"preset": "column-vector", "seg_len": 4, "num_unrollings": 2}"#,
        )
        .unwrap();
        let count = |n: usize| recording((0..n).map(|s| s as f32).collect());
        let dataset = Dataset::new(vec![count(6), count(8)], &hyperparameters).unwrap();
        assert_eq!(dataset.time_steps_per_epoch(), 1 + 3);
        let (mut frames, mut labels) = (Vec::new(), Vec::new());
        dataset.fill(1, 1, 2, &mut frames, &mut labels);
        assert_eq!(frames[..8], [1.0, 2.0, 3.0, 4.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(labels, [5.0, 6.0, 6.0, 7.0]);

        let error = Dataset::new(vec![count(5)], &hyperparameters)
            .err()
            .unwrap();
        assert!(
            error.to_string().starts_with("a.wav is too short"),
            "{error}"
        );
    }

    #[test]
    fn spectra_are_divided_by_the_largest_magnitude_of_all_recordings() {
        let hyperparameters = Hyperparameters::parse(
            r#"{"preset": "magnitude-spectrum", "window_size": 16, "hop_size": 4, "num_unrollings": 2}"#,
        )
        .unwrap();
        let sine = |gain: f32| recording((0..64).map(|n| gain * (n as f32).sin()).collect());
        let dataset = Dataset::new(vec![sine(0.1), sine(0.4)], &hyperparameters).unwrap();
        let largest = |s: &Vec<f32>| s.iter().copied().fold(0.0, f32::max);
        assert!((largest(&dataset.sequences[1]) - 1.0).abs() < 1e-6);
        assert!((largest(&dataset.sequences[0]) - 0.25).abs() < 0.02);
        assert!(dataset.normalisation.largest_magnitude > 0.5);

        let silence = Dataset::new(vec![recording(vec![0.0; 64])], &hyperparameters).unwrap();
        assert!(silence.sequences[0].iter().all(|m| *m == 0.0));
    }
}
