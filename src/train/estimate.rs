//! How fast this machine trains and samples, measured before a run is begun.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Dataset, Moving, Prepared, Recording, StepError, TooShort, Trainer};
use crate::audio::Signal;
use crate::generate::{
    AnswerSettings, Engine, GenerateError, Native, Player, Prime, Request, Weights, generate,
};
use crate::hearing::Normalisation;
use crate::hyperparameters::Hyperparameters;
use crate::model::{Network, Precision};
use crate::random;
use crate::trained_model::{TrainedModel, TrainingAudio, TrainingSummary};

/// Training is measured for a second or longer, and for two steps or more.
const LEAST_TRAINING: Duration = Duration::from_secs(1);
const LEAST_STEPS: u32 = 2;
/// Sampling is measured for 0.3 seconds or longer, and for 16 predictions of the
/// network or more; a minute of sound is enough, however fast it is made.
const LEAST_SAMPLING: Duration = Duration::from_millis(300);
const LEAST_PREDICTIONS: f64 = 16.0;
const MOST_SOUND: f64 = 60.0;
/// Length of the seed that sampling is measured with, in seconds.
const SEED: f64 = 0.1;

/// What training and sampling by some hyperparameters take on this machine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Seconds of one training step.
    pub step: f64,
    /// Training steps of one epoch.
    pub steps_per_epoch: f64,
    /// Seconds of computing for one second of sound, with the embedded engine
    /// and the weights frozen or moving as the model will answer.
    pub sampling: f64,
}

/// Why nothing could be measured.
#[derive(Debug, thiserror::Error)]
pub enum EstimateError {
    /// The sound made for the purpose has no end to hold out.
    #[error(transparent)]
    TooShort(#[from] TooShort),
    /// Training came to no number.
    #[error(transparent)]
    Step(#[from] StepError),
    /// Sampling failed.
    #[error(transparent)]
    Generate(#[from] GenerateError),
}

impl Estimate {
    /// Seconds that `epochs` passes through the recordings take.
    pub fn seconds_of(&self, epochs: f64) -> f64 {
        epochs * self.steps_per_epoch * self.step
    }

    /// Passes through the recordings that `seconds` suffice for.
    pub fn epochs_in(&self, seconds: f64) -> f64 {
        seconds / (self.steps_per_epoch * self.step)
    }
}

/// Trains and samples for a second or two: as `hyperparameters` say, with
/// `threads` threads, on `seconds` seconds of a sound made for the purpose.
pub fn measure(
    hyperparameters: &Hyperparameters,
    seconds: f64,
    threads: usize,
) -> Result<Estimate, EstimateError> {
    let (step, steps_per_epoch) = measure_training(hyperparameters, seconds, threads)?;
    Ok(Estimate {
        step,
        steps_per_epoch,
        sampling: measure_sampling(hyperparameters, seconds, threads)?,
    })
}

/// Seconds of a training step, and steps of an epoch.
fn measure_training(
    hyperparameters: &Hyperparameters,
    seconds: f64,
    threads: usize,
) -> Result<(f64, f64), EstimateError> {
    let dataset = dataset(hyperparameters, seconds)?;
    let mut trainer = Trainer::new(hyperparameters.clone(), dataset, 0, threads);
    // The first step maps memory and starts threads.
    trainer.step(0.0)?;
    let (begun, epochs_before) = (Instant::now(), trainer.epochs());
    let mut steps = 0;
    while steps < LEAST_STEPS || begun.elapsed() < LEAST_TRAINING {
        trainer.step(0.0)?;
        steps += 1;
    }
    let steps = f64::from(steps);
    Ok((
        begun.elapsed().as_secs_f64() / steps,
        steps / (trainer.epochs() - epochs_before),
    ))
}

/// Seconds of computing for one second of sound, of a network that knows nothing yet.
fn measure_sampling(
    hyperparameters: &Hyperparameters,
    recordings: f64,
    threads: usize,
) -> Result<f64, EstimateError> {
    let mut weights = random::stream(0, "weights");
    let model = TrainedModel {
        network: Network::init(
            hyperparameters.architecture(),
            hyperparameters.network.weight_stddev,
            &mut weights,
        ),
        hyperparameters: hyperparameters.clone(),
        normalisation: Normalisation::default(),
        training_audio: Vec::new(),
        kept_audio: Vec::new(),
        memory: None,
        stereo: None,
        training: TrainingSummary::default(),
    };
    let settings = AnswerSettings::of(hyperparameters);
    let mut engine: Box<dyn Engine> = match &settings.weights {
        Weights::Frozen { .. } => {
            Box::new(Native::new(model.network.clone(), Precision::F32, threads))
        }
        Weights::Moving(weights) => {
            let dataset = dataset(&weights.training(hyperparameters), recordings)?;
            let go_on = &mut |_: f64| ControlFlow::Continue(());
            let prepared = Prepared::new(&model, weights, dataset.clone(), threads, go_on)?;
            let begun = (dataset, &prepared);
            Box::new(Moving::new(&model, weights, begun, 0, threads))
        }
    };
    let seed = Arc::new(sound(SEED, hyperparameters.format.sample_rate).into());
    let rate = f64::from(hyperparameters.format.sample_rate);
    let one = hyperparameters.samples_per_prediction() as f64 / rate;
    let mut seconds = LEAST_PREDICTIONS * one;
    loop {
        let request = Request {
            seconds,
            random_seed: 0,
            prime: Prime::Matrix,
            prime_seconds: None,
            may_go_back: false,
        };
        let mut go_on = |_: f64| ControlFlow::Continue(());
        let player = Player {
            model: &model,
            settings: &settings,
            engine: engine.as_mut(),
            theme: None,
            folder: &std::env::temp_dir(),
        };
        let timings = generate(player, &seed, &request, &mut go_on)?.timings;
        let taken = timings.sampling + timings.resynthesis;
        if taken >= LEAST_SAMPLING.as_secs_f64() || seconds >= MOST_SOUND {
            return Ok(taken / seconds);
        }
        seconds *= 4.0;
    }
}

/// A recording of `seconds` seconds to learn from.
fn dataset(hyperparameters: &Hyperparameters, seconds: f64) -> Result<Dataset, TooShort> {
    let recording = Recording {
        signal: sound(seconds, hyperparameters.format.sample_rate),
        source: TrainingAudio {
            file: format!("a recording of {seconds} s"),
            sha256: String::new(),
            seconds,
        },
    };
    Dataset::new(vec![recording], hyperparameters)
}

/// A triangle wave of `seconds` seconds, at least one sample.
fn sound(seconds: f64, sample_rate: u32) -> Signal {
    const PERIOD: usize = 100;
    let n = ((seconds * f64::from(sample_rate)) as usize).max(1);
    let height = |n: usize| (n % PERIOD) as f32 / PERIOD as f32;
    Signal {
        samples: (0..n)
            .map(|n| 2.0 * (height(n) - 0.5).abs() - 0.5)
            .collect(),
        sample_rate,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hyperparameters::{Approach, Preset};

    #[test]
    fn thirty_seconds_suffice_for_the_cpu_presets_and_only_spectra_have_learned_all_in_time() {
        for approach in Approach::ALL {
            let hyperparameters = Hyperparameters::preset(Preset::Cpu(approach));
            let estimate = measure(&hyperparameters, 30.0, 1).unwrap();
            assert!(estimate.step > 0.0 && estimate.sampling > 0.0, "{approach}");
            let epochs = estimate.epochs_in(60.0 * hyperparameters.training.max_minutes);
            let all = hyperparameters.training.num_epochs as f64;
            let spectra = approach == Approach::MagnitudeSpectrum;
            assert!(spectra && all == 40.0 || epochs < all, "{approach}");
        }
    }

    #[test]
    fn an_epoch_is_as_long_as_the_recordings() {
        let json = r#"{"preset": "column-vector", "sample_rate": 1000, "seg_len": 8,
            "num_unrollings": 2, "bptt_steps": 4}"#;
        let hyperparameters = Hyperparameters::parse(json).unwrap();
        let (_, steps) = measure_training(&hyperparameters, 20.0, 1).unwrap();
        // 20000 samples hold 20000 - 9 time steps, four to a training step.
        assert!((steps - 19_991.0 / 4.0).abs() < 3.0, "{steps}");

        let estimate = Estimate {
            step: 0.5,
            steps_per_epoch: 10.0,
            sampling: 1.0,
        };
        assert_eq!(estimate.seconds_of(3.0), 15.0);
        assert_eq!(estimate.epochs_in(15.0), 3.0);
    }

    #[test]
    fn a_held_out_end_that_is_too_short_is_said() {
        let json = r#"{"preset": "vector-cpu", "validation": 0.1}"#;
        let error = measure(&Hyperparameters::parse(json).unwrap(), 30.0, 1).unwrap_err();
        assert!(error.to_string().contains("cannot be held out"), "{error}");
    }
}
