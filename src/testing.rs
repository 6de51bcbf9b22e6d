//! What the unit tests of several modules need.

use std::f64::consts::TAU;
use std::fs;
use std::path::Path;

use rand::RngExt;

use crate::audio::Signal;
use crate::hearing::Normalisation;
use crate::hyperparameters::Hyperparameters;
use crate::model::Network;
use crate::random::stream;
use crate::trained_model::{TrainedModel, TrainingAudio, TrainingSummary};

/// `n` values from -1 to 1, which differ from `seed` to `seed`.
pub fn values(n: usize, seed: usize) -> Vec<f32> {
    let value = |i: usize| (((i + seed) * 7919) % 101) as f32 / 50.0 - 1.0;
    (0..n).map(value).collect()
}

/// A sine of `hz` hertz.
pub fn sine(amplitude: f64, hz: f64, sample_rate: u32, samples: usize) -> Vec<f64> {
    let step = TAU * hz / f64::from(sample_rate);
    let sample = |n| amplitude * (step * n as f64).sin();
    (0..samples).map(sample).collect()
}

/// White noise of rms 1, which differs from `name` to `name`.
pub fn noise(name: &str, samples: usize) -> Vec<f64> {
    let mut stream = stream(1, name);
    let sample = |_| 12f64.sqrt() * (stream.random::<f64>() - 0.5);
    (0..samples).map(sample).collect()
}

/// `samples` as audio has them.
pub fn signal(samples: &[f64], sample_rate: u32) -> Signal {
    Signal {
        samples: samples.iter().map(|sample| *sample as f32).collect(),
        sample_rate,
    }
}

/// The names in `folder`, sorted.
pub fn listing(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// A model of random weights with the hyperparameters `json`.
pub fn random_model(json: &str) -> TrainedModel {
    let hyperparameters = Hyperparameters::parse(json).unwrap();
    let network = Network::init(
        hyperparameters.architecture(),
        0.3,
        &mut stream(1, "weights"),
    );
    TrainedModel {
        network,
        normalisation: Normalisation {
            largest_magnitude: if hyperparameters.format.use_fft {
                37.5
            } else {
                1.0
            },
            highest_frequency: hyperparameters.format.band_limit.then_some(5000.0),
            ..Normalisation::default()
        },
        hyperparameters,
        training_audio: vec![TrainingAudio {
            file: "guitar.wav".to_owned(),
            sha256: "00".to_owned(),
            seconds: 30.25,
        }],
        kept_audio: vec![vec![0.0, 1.0, -1.0]],
        memory: None,
        stereo: None,
        training: TrainingSummary {
            steps: 12,
            epochs: 0.5,
            first_loss: 0.1,
            last_loss: 0.01,
            validation_loss: Some(0.02),
            seconds: 3.5,
            random_seed: u64::MAX,
        },
    }
}
