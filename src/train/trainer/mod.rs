//! The training loop's body: one gradient step.

mod checkpoints;
mod conditions;
mod learning;

use std::time::Duration;

use rand_distr::{Distribution, StandardNormal};

use self::conditions::{Conditions, Draws};
use super::checkpoint::Position;
use super::dreams::{Dreams, SampledPrediction, Sampling};
use super::{Dataset, LossScale};
use crate::generate::{LONGEST_MEMORY, memory_of};
use crate::hyperparameters::Hyperparameters;
use crate::model::{Adam, Card, CardError, Dropout, Network, State, Tape};
use crate::random::{self, Stream};
use crate::trained_model::{TrainedModel, TrainingSummary};

/// Places of the training audio at which the network's memory is measured.
const MEASURED_PLACES: usize = 5;

/// Steps that the first and the last loss of a run are means of.
const LOSS_STEPS: usize = 100;

/// A network in training.
pub struct Trainer {
    hyperparameters: Hyperparameters,
    dataset: Dataset,
    network: Network,
    adam: Adam,
    /// Used where gradients are bounded.
    gradient: Vec<f32>,
    tape: Tape,
    threads: usize,
    state: State,
    /// Where the network learns, if that is not here.
    card: Option<Card>,
    /// What it predicted last.
    predicted: Vec<f32>,
    /// Whether it has learned what the network here does not know.
    is_behind: bool,
    dropout: Option<Dropout>,
    masks: Stream,
    noise: Stream,
    conditions: Conditions,
    /// Standard deviation of the noise on inputs.
    noise_deviation: f32,
    random_seed: u64,
    frames: Vec<f32>,
    labels: Vec<f32>,
    d_prediction: Vec<f32>,
    position: Position,
    first_losses: Vec<f64>,
    last_losses: Vec<f64>,
    sequential: Option<Dreams>,
    concurrent: Option<Dreams>,
    /// Whether a sequential prediction is due or under way.
    pausing: bool,
    sampled: Vec<SampledPrediction>,
}

/// Time steps of a held-out end that one measurement of the loss plays.
const VALIDATION_STEPS: usize = 256;

/// The loss stopped being a number.
#[derive(Debug, thiserror::Error)]
#[error("the loss grew beyond all bounds at step {step}; choose a smaller learning rate (\"lr\")")]
pub struct Diverged {
    /// The training step after which it was none.
    pub step: u64,
}

/// Why there was no training step.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The loss stopped being a number.
    #[error(transparent)]
    Diverged(#[from] Diverged),
    /// The network could not learn on the graphics card.
    #[error(transparent)]
    Card(#[from] CardError),
}

impl Trainer {
    /// Begins with fresh weights. `threads` is how many the matrix products may use.
    pub fn new(
        hyperparameters: Hyperparameters,
        dataset: Dataset,
        random_seed: u64,
        threads: usize,
    ) -> Trainer {
        let architecture = hyperparameters.architecture();
        let mut weights = random::stream(random_seed, "weights");
        let network = Network::init(
            architecture.clone(),
            hyperparameters.network.weight_stddev,
            &mut weights,
        );
        let dreams =
            |sampling| Dreams::begin(sampling, &hyperparameters, &dataset, random_seed, threads);
        Trainer {
            sequential: dreams(Sampling::Sequential),
            concurrent: dreams(Sampling::Concurrent),
            pausing: false,
            sampled: Vec::new(),
            adam: Adam::new(network.weights.len()),
            gradient: Vec::new(),
            tape: Tape::new(threads),
            threads,
            state: State::zero(&architecture, dataset.training.rows()),
            card: None,
            predicted: Vec::new(),
            is_behind: false,
            dropout: hyperparameters.dropout(),
            masks: random::stream(random_seed, "dropout"),
            noise: random::stream(random_seed, "noise"),
            conditions: Conditions::new(&hyperparameters),
            noise_deviation: (hyperparameters.training.noise * dataset.training.deviation()) as f32,
            random_seed,
            network,
            hyperparameters,
            dataset,
            frames: Vec::new(),
            labels: Vec::new(),
            d_prediction: Vec::new(),
            position: Position::default(),
            first_losses: Vec::new(),
            last_losses: Vec::new(),
        }
    }

    /// Goes on with `network`, of this trainer's sizes, at the time step that
    /// lies `share` (0 to 1) into an epoch.
    pub fn go_on_from(&mut self, network: Network, share: f64) {
        self.network = network;
        let mut time_step = (share * self.dataset.training.time_steps_per_epoch() as f64) as usize;
        for recording in 0..self.dataset.training.len() {
            let here = self.dataset.training.time_steps(recording);
            if time_step < here {
                self.position.recording = recording;
                self.position.time_step = time_step;
                return;
            }
            time_step -= here;
        }
    }

    /// Takes Adam's means from another trainer of the same sizes, where they have found
    /// their sizes.
    pub fn take_means(&mut self, adam: Adam) {
        self.adam = adam;
    }

    /// Adam's means.
    pub fn into_means(self) -> Adam {
        self.adam
    }

    /// Shows the network the next `bptt_steps` time steps, and learns nothing.
    pub fn hear(&mut self) {
        let time_steps = self.take_frames();
        self.forward_here();
        self.advance(time_steps);
    }

    /// Goes on `time_steps` later, or with the next recording where this one
    /// ends before. The state goes on as it is.
    pub fn skip(&mut self, time_steps: usize) {
        let left =
            self.dataset.training.time_steps(self.position.recording) - self.position.time_step;
        self.advance(time_steps.min(left));
    }

    /// The network as it is now.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Shows the network the next `bptt_steps` time steps and learns from its
    /// error; gives the loss (Equation 2.1, or that of
    /// [`Output`](crate::model::Output::loss)), penalty aside. `share` says how much
    /// of the run is over, from 0 to 1, for the learning rate's schedule.
    ///
    /// The state goes on from time step to time step, and starts from zero
    /// where a recording does. Then comes one time step of each prediction that
    /// is sampled concurrently (Figure 3.4).
    ///
    /// # Errors
    /// [`StepError`].
    pub fn step(&mut self, share: f64) -> Result<f64, StepError> {
        self.step_at(
            self.hyperparameters.training.lr
                * self.hyperparameters.training.lr_schedule.factor(share),
        )
    }

    /// As [`Trainer::step`], but the weights stay.
    ///
    /// # Errors
    /// [`StepError`].
    pub fn settle(&mut self) -> Result<f64, StepError> {
        self.step_at(0.0)
    }

    fn step_at(&mut self, lr: f64) -> Result<f64, StepError> {
        let time_steps = self.take_frames();
        self.forward()?;
        let architecture = self.network.architecture();
        let prediction = match self.card {
            Some(_) => &self.predicted,
            None => self.tape.prediction(),
        };
        let loss = architecture.output.loss(
            prediction,
            &self.labels,
            architecture.outputs(),
            &mut self.d_prediction,
            self.threads,
        );
        if !loss.is_finite() {
            let step = self.position.steps;
            return Err(Diverged { step }.into());
        }
        self.learn(lr);
        self.advance(time_steps);
        self.remember(loss);
        let steps = self.position.steps;
        if self.concurrent.is_some() {
            self.catch_up()?;
        }
        if let Some(dreams) = &mut self.concurrent {
            let sampled = dreams.step(&self.network, &self.hyperparameters, &self.dataset, steps);
            self.sampled
                .extend(sampled.map_err(|_| Diverged { step: steps })?);
        }
        self.pausing = self.sequential.is_some()
            && steps.is_multiple_of(self.hyperparameters.dreams.audio_freq);
        if self.pausing {
            self.catch_up()?;
        }
        Ok(loss)
    }

    /// Takes the next `bptt_steps` time steps, or those that are left of the recording; gives
    /// how many.
    fn take_frames(&mut self) -> usize {
        let Position {
            recording,
            time_step,
            ..
        } = self.position;
        let left = self.dataset.training.time_steps(recording) - time_step;
        let count = self.hyperparameters.training.bptt_steps.min(left);
        let these = time_step..time_step + count;
        let (frames, labels) = (&mut self.frames, &mut self.labels);
        let training = &self.dataset.training;
        training.fill(recording, these.clone(), frames, labels);
        self.add_noise();
        let draws = Draws {
            random_seed: self.random_seed,
            step: self.position.steps,
        };
        let (frames, training) = (&mut self.frames, &self.dataset.training);
        self.conditions
            .put_beside(frames, training, (recording, these), Some(draws));
        count
    }

    /// Whether it is time to pause for a sequential prediction (Figure 3.3):
    /// the steps to take are [`Trainer::sample`]'s.
    pub fn pausing(&self) -> bool {
        self.pausing
    }

    /// One time step of the sequential prediction, if training is pausing.
    ///
    /// # Errors
    /// [`Diverged`].
    pub fn sample(&mut self) -> Result<(), Diverged> {
        let steps = self.position.steps;
        if let Some(dreams) = self.sequential.as_mut().filter(|_| self.pausing) {
            let sampled = dreams.step(&self.network, &self.hyperparameters, &self.dataset, steps);
            let sampled = sampled.map_err(|_| Diverged { step: steps })?;
            self.pausing = sampled.is_empty();
            self.sampled.extend(sampled);
        }
        Ok(())
    }

    /// A prediction by the network as it is now, where predictions are wanted at all and `stop`,
    /// asked after each step, never says so; what is under way stays as it is.
    ///
    /// # Errors
    ///
    /// [`Diverged`].
    pub fn final_prediction(
        &self,
        stop: &mut dyn FnMut() -> bool,
    ) -> Result<Option<SampledPrediction>, Diverged> {
        let steps = self.position.steps;
        let (h, dataset) = (&self.hyperparameters, &self.dataset);
        let dreams = Dreams::begin(Sampling::Final, h, dataset, self.random_seed, self.threads);
        let Some(mut dreams) = dreams else {
            return Ok(None);
        };
        while !stop() {
            let sampled = dreams.step(&self.network, h, dataset, steps);
            let mut sampled = sampled.map_err(|_| Diverged { step: steps })?;
            if let Some(prediction) = sampled.pop() {
                return Ok(Some(prediction));
            }
        }
        Ok(None)
    }

    /// The predictions that were completed since they were last taken.
    pub fn take_sampled(&mut self) -> Vec<SampledPrediction> {
        std::mem::take(&mut self.sampled)
    }

    fn add_noise(&mut self) {
        if self.noise_deviation > 0.0 {
            for value in &mut self.frames {
                let noise: f32 = StandardNormal.sample(&mut self.noise);
                *value += self.noise_deviation * noise;
            }
        }
    }

    /// Mean loss over the held-out ends of the recordings, at most 256 time
    /// steps of each, without dropout or noise; `None` where nothing is held out.
    ///
    /// # Errors
    /// [`CardError`].
    pub fn validation_loss(&mut self) -> Result<Option<f64>, CardError> {
        if !self.dataset.validation.is_empty() {
            self.catch_up()?;
        }
        let held_out = &self.dataset.validation;
        let (mut sum, mut values) = (0.0, 0);
        let mut tape = Tape::new(self.threads);
        let architecture = self.network.architecture();
        let outputs = architecture.outputs();
        for index in 0..held_out.len() {
            let mut state = State::zero(self.network.architecture(), held_out.rows());
            for t in 0..held_out.time_steps(index).min(VALIDATION_STEPS) {
                let (frames, these) = (&mut self.frames, t..t + 1);
                held_out.fill(index, these.clone(), frames, &mut self.labels);
                self.conditions
                    .put_beside(frames, held_out, (index, these), None);
                self.network
                    .forward(&self.frames, &mut state, None, &mut tape);
                let (prediction, d) = (tape.prediction(), &mut self.d_prediction);
                let of_step =
                    architecture
                        .output
                        .loss(prediction, &self.labels, outputs, d, self.threads);
                sum += of_step * self.labels.len() as f64;
                values += self.labels.len();
            }
        }
        Ok((values > 0).then(|| sum / values as f64))
    }

    fn advance(&mut self, count: usize) {
        self.position.time_step += count;
        if self.position.time_step == self.dataset.training.time_steps(self.position.recording) {
            self.position.time_step = 0;
            self.position.recording += 1;
        }
        if self.position.recording == self.dataset.training.len() {
            self.position.recording = 0;
            self.position.epochs += 1;
        }
    }

    fn remember(&mut self, loss: f64) {
        if self.first_losses.len() < LOSS_STEPS {
            self.first_losses.push(loss);
        }
        if self.last_losses.len() < LOSS_STEPS {
            self.last_losses.push(loss);
        } else {
            self.last_losses[self.position.steps as usize % LOSS_STEPS] = loss;
        }
        self.position.steps += 1;
    }

    /// Passes through the recordings so far, the present one in part.
    pub fn epochs(&self) -> f64 {
        let passed: usize = (0..self.position.recording)
            .map(|r| self.dataset.training.time_steps(r))
            .sum();
        let part = (passed + self.position.time_step) as f64
            / self.dataset.training.time_steps_per_epoch() as f64;
        self.position.epochs as f64 + part
    }

    /// What its loss is measured by.
    pub fn loss_scale(&self) -> LossScale {
        let architecture = self.network.architecture();
        let outputs = architecture.outputs();
        LossScale::of(architecture.output, outputs, &self.dataset.training)
    }

    /// Training steps so far.
    pub fn steps(&self) -> u64 {
        self.position.steps
    }

    /// Mean loss of the last steps; infinite before the first.
    pub fn last_loss(&self) -> f64 {
        mean(&self.last_losses)
    }

    /// How far back the network's memory reaches (see [`memory_of`]), as its training audio
    /// shows; none where that is too short to show it.
    pub fn memory(&self) -> Option<f64> {
        let hearing = &self.dataset.hearing;
        let width = hearing.sampling_windows().width;
        let sequences = &self.dataset.training;
        let longest = hearing.values_in(LONGEST_MEMORY) / width;
        let elements = (1..=longest)
            .rev()
            .find(|elements| sequences.stretches(*elements) > 0);
        let elements = elements?;
        let places = sequences.stretches(elements);
        let stretches: Vec<&[f32]> = (0..MEASURED_PLACES)
            .map(|n| sequences.stretch(n * (places - 1) / (MEASURED_PLACES - 1), elements))
            .collect();
        // An engine of our own has nothing to fail with.
        memory_of(&self.network, hearing, &stretches).unwrap_or(None)
    }

    /// The model as it is when training is over, after `trained_for`: it says how far its
    /// memory reaches, which takes a while to measure.
    ///
    /// # Errors
    /// [`CardError`].
    pub fn finished_model(&mut self, trained_for: Duration) -> Result<TrainedModel, CardError> {
        let model = self.model(trained_for)?;
        Ok(TrainedModel {
            memory: self.memory(),
            ..model
        })
    }

    /// The model as it is now, after `trained_for`.
    ///
    /// # Errors
    /// [`CardError`].
    pub fn model(&mut self, trained_for: Duration) -> Result<TrainedModel, CardError> {
        let validation_loss = self.validation_loss()?;
        self.catch_up()?;
        Ok(TrainedModel {
            hyperparameters: self.hyperparameters.clone(),
            network: self.network.clone(),
            normalisation: self.dataset.hearing.normalisation().clone(),
            training_audio: self.dataset.sources.clone(),
            kept_audio: self.dataset.kept.clone(),
            memory: None,
            stereo: self.dataset.stereo.clone(),
            training: TrainingSummary {
                steps: self.position.steps,
                epochs: self.epochs(),
                first_loss: mean(&self.first_losses),
                last_loss: self.last_loss(),
                validation_loss,
                seconds: trained_for.as_secs_f64(),
                random_seed: self.random_seed,
            },
        })
    }
}

fn mean(losses: &[f64]) -> f64 {
    match losses.len() {
        0 => f64::INFINITY,
        n => losses.iter().sum::<f64>() / n as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::Signal;
    use crate::train::Recording;
    use crate::train::{Checkpoint, CheckpointError};
    use crate::trained_model::TrainingAudio;

    fn trainer(json: &str) -> Trainer {
        let hyperparameters = Hyperparameters::parse(json).unwrap();
        let samples = (0..400).map(|n| 0.5 * (n as f32 * 0.3).sin()).collect();
        let recording = Recording {
            signal: Signal {
                samples,
                sample_rate: 8000,
            },
            source: TrainingAudio {
                file: "sine.wav".to_owned(),
                sha256: String::new(),
                seconds: 0.05,
            },
        };
        let dataset = Dataset::new(vec![recording], &hyperparameters).unwrap();
        Trainer::new(hyperparameters, dataset, 1, 1)
    }

    #[test]
    fn skipping_goes_on_later_or_with_the_next_recording() {
        let mut trainer = trainer(
            r#"{"preset": "column-vector", "seg_len": 8, "num_unrollings": 4, "int_cursor_inc": 1}"#,
        );
        let all = trainer.dataset.training.time_steps(0);
        trainer.skip(100);
        assert_eq!(
            (trainer.position.time_step, trainer.position.epochs),
            (100, 0)
        );
        trainer.skip(all);
        assert_eq!(
            (trainer.position.time_step, trainer.position.epochs),
            (0, 1)
        );
    }

    #[test]
    fn every_approach_learns_a_sine() {
        for json in [
            r#"{"preset": "vector", "seg_len": 8, "num_unrollings": 4, "lr": 0.01, "weight_stddev": 0.1}"#,
            r#"{"preset": "column-vector", "seg_len": 8, "num_unrollings": 4, "lr": 0.01, "input_dropout": 0.9}"#,
            r#"{"preset": "transpose", "seg_len": 8, "num_unrollings": 4, "lr": 0.01}"#,
            r#"{"preset": "transpose", "seg_len": 8, "num_unrollings": 4, "int_cursor_inc": 3, "lr": 0.01, "batch": 3, "clip_norm": 1.0}"#,
            r#"{"preset": "vector", "seg_len": 8, "num_unrollings": 2, "lr": 0.01, "weight_stddev": 0.1, "batch": 4, "noise": 0.05, "validation": 0.2}"#,
            r#"{"preset": "magnitude-spectrum", "window_size": 16, "hop_size": 4, "num_unrollings": 4, "lr": 0.01, "bptt_steps": 3}"#,
            r#"{"preset": "magnitude-spectrum", "window_size": 16, "hop_size": 4, "num_unrollings": 4, "lr": 0.01, "conditioning": "chroma", "validation": 0.3}"#,
            r#"{"preset": "transpose", "seg_len": 8, "num_unrollings": 4, "lr": 0.01, "batch": 3, "conditioning": "chroma"}"#,
        ] {
            let mut trainer = trainer(json);
            for _ in 0..600 {
                trainer.step(0.0).unwrap();
            }
            let summary = trainer.model(Duration::ZERO).unwrap().training;
            assert!(
                summary.last_loss < 0.5 * summary.first_loss,
                "{json}: {summary:?}"
            );
            assert_eq!(summary.steps, 600);
        }
    }

    #[test]
    fn an_epoch_is_every_time_step_once() {
        let mut trainer =
            trainer(r#"{"preset": "vector", "seg_len": 50, "num_unrollings": 2, "bptt_steps": 2}"#);
        // 400 samples hold (400 - 150) / 50 + 1 = 6 time steps.
        assert_eq!(trainer.dataset.training.time_steps_per_epoch(), 6);
        trainer.step(0.0).unwrap();
        assert!((trainer.epochs() - 2.0 / 6.0).abs() < 1e-9);
        trainer.step(0.0).unwrap();
        trainer.step(0.0).unwrap();
        assert_eq!(trainer.epochs(), 1.0);
    }

    #[test]
    fn the_held_out_loss_falls_too_and_measuring_changes_nothing() {
        let json = r#"{"preset": "vector", "seg_len": 8, "num_unrollings": 4, "lr": 0.01, "weight_stddev": 0.1, "validation": 0.25}"#;
        let (mut trainer, mut undisturbed) = (self::trainer(json), self::trainer(json));
        let before = trainer.validation_loss().unwrap().unwrap();
        for _ in 0..300 {
            trainer.step(0.0).unwrap();
            undisturbed.step(0.0).unwrap();
            trainer.validation_loss().unwrap().unwrap();
        }
        assert!(trainer.validation_loss().unwrap().unwrap() < 0.5 * before);
        assert_eq!(trainer.network, undisturbed.network);
        let nothing_held_out = r#"{"preset": "vector", "seg_len": 8, "num_unrollings": 4}"#;
        assert_eq!(self::trainer(nothing_held_out).validation_loss(), Ok(None));
    }

    #[test]
    fn a_restored_trainer_goes_on_to_the_last_bit() {
        for more in ["", r#", "conditioning": "chroma""#] {
            let json = r#"{"preset": "column-vector", "seg_len": 8, "num_unrollings": 4, "lr": 0.01, "noise": 0.1, "bptt_steps": 3"#;
            goes_on_to_the_last_bit(&format!("{json}{more}}}"));
        }
    }

    fn goes_on_to_the_last_bit(json: &str) {
        let mut undisturbed = self::trainer(json);
        for _ in 0..150 {
            undisturbed.step(0.0).unwrap();
        }
        let bytes = undisturbed
            .checkpoint(Duration::from_secs(1))
            .unwrap()
            .to_bytes();
        let mut restored = self::trainer(json);
        restored
            .restore(Checkpoint::from_bytes(&bytes).unwrap())
            .unwrap();
        for _ in 0..150 {
            let (a, b) = (undisturbed.step(0.0).unwrap(), restored.step(0.0).unwrap());
            assert_eq!(a, b);
        }
        assert_eq!(undisturbed.network, restored.network);
        assert_eq!(
            undisturbed.checkpoint(Duration::ZERO).unwrap(),
            restored.checkpoint(Duration::ZERO).unwrap()
        );
    }

    #[test]
    fn a_checkpoint_of_another_run_is_refused() {
        let json = r#"{"preset": "vector", "seg_len": 8, "num_unrollings": 4}"#;
        let checkpoint = self::trainer(json).checkpoint(Duration::ZERO).unwrap();
        let mut other = self::trainer(r#"{"preset": "vector", "seg_len": 8, "num_unrollings": 3}"#);
        assert_eq!(
            other.restore(checkpoint.clone()),
            Err(CheckpointError::OtherHyperparameters)
        );
        let mut changed = checkpoint.clone();
        changed.notes.sources[0].sha256 = "other".to_owned();
        assert_eq!(
            self::trainer(json).restore(changed),
            Err(CheckpointError::OtherRecordings)
        );
        let mut cut = checkpoint;
        cut.h.pop();
        assert!(matches!(
            self::trainer(json).restore(cut),
            Err(CheckpointError::Damaged(_))
        ));
    }

    #[test]
    fn the_schedule_scales_the_first_step() {
        let json = r#"{"preset": "vector", "seg_len": 8, "num_unrollings": 4, "lr": 0.01, "lr_schedule": "cosine"}"#;
        let moved = |share| {
            let mut trainer = self::trainer(json);
            let before = trainer.network.weights.clone();
            trainer.step(share).unwrap();
            let pairs = trainer.network.weights.iter().zip(&before);
            pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
        };
        assert!((moved(0.0) - 0.01).abs() < 1e-4);
        assert!((moved(1.0) - 0.001).abs() < 1e-5);
    }

    #[test]
    fn the_same_random_seed_gives_the_same_weights() {
        let weights = |random_seed| {
            let mut trainer =
                trainer(r#"{"preset": "column-vector", "seg_len": 8, "num_unrollings": 4}"#);
            trainer.random_seed = random_seed;
            for _ in 0..20 {
                trainer.step(0.0).unwrap();
            }
            trainer.network.weights
        };
        assert_eq!(weights(1), weights(1));
    }

    #[test]
    fn a_loss_beyond_bounds_is_an_error() {
        let mut trainer = trainer(r#"{"preset": "vector", "seg_len": 8, "num_unrollings": 4}"#);
        trainer.network.weights.fill(f32::NAN);
        assert!(
            trainer
                .step(0.0)
                .unwrap_err()
                .to_string()
                .contains("\"lr\"")
        );
    }
}
