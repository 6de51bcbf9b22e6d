//! A run from its first step, or the one after a checkpoint, to its model: the
//! loop of Figure 2.1, and what is kept meanwhile.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::checkpoint::{Checkpoint, CheckpointError};
use super::export::trained_for;
use super::run::{LossRow, Run, RunError, RunOrder, RunProgress, RunState};
use super::trainer::{StepError, Trainer};
use super::trend::{Trend, TrendRemark};
use super::{Dataset, LossScale};
use crate::destination::{Destination, DestinationError};
use crate::hyperparameters::Hyperparameters;
use crate::trained_model::{ModelError, TrainingSummary};

const BETWEEN_VALIDATIONS: Duration = Duration::from_secs(10);
const BETWEEN_LOG_ROWS: Duration = Duration::from_secs(1);
/// Between two looks for whether somebody asks the run to stop: a step may take microseconds.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// Who watches a run, and may end it.
pub trait Observer {
    /// Asked before each step: whether the run ends here, with a usable model.
    fn stop(&mut self) -> bool;
    /// Told after each step, which may take microseconds.
    fn progress(&mut self, progress: &Progress);
    /// Told now and then how the loss goes, if that is worth a word.
    fn remark(&mut self, remark: TrendRemark);
    /// A prediction that was sampled was written to `path`.
    fn prediction(&mut self, path: &Path);
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Training steps, those before the run was gone on with too.
    pub steps: u64,
    /// Passes through the recordings.
    pub epochs: f64,
    /// Mean loss of the last steps.
    pub loss: f64,
    /// The least that it was, as far as it was logged, and as it is now.
    pub best: f64,
    /// The loss on what was held out, as it was last measured.
    pub held_out: Option<f64>,
    /// The least that it was.
    pub best_held_out: Option<f64>,
    /// How much of the run is done, from 0 to 1 and, in its last step, beyond.
    pub share: f64,
    /// Since this session began.
    pub steps_per_second: f64,
    /// How long the run will still take at this session's pace.
    pub remaining: Duration,
}

/// A run in progress.
pub struct Session {
    run: Run,
    order: RunOrder,
    /// Where the model goes.
    destination: Destination,
    trainer: Trainer,
    /// Passes through the recordings, and minutes (0: any number), after which a run
    /// ends whose order names no minutes.
    num_epochs: usize,
    max_minutes: f64,
    trained_before: Duration,
    held_out: Option<f64>,
    trend: Trend,
    /// What was said of it in this session.
    remarks: Vec<String>,
    times: Times,
    /// Where this session began: share of the run, and steps.
    first: (f64, u64),
}

/// When this session began, and when it last saved, logged, measured, and looked for whether
/// somebody asks it to stop.
struct Times {
    begun: Instant,
    saved: Instant,
    logged: Instant,
    looked: Instant,
    measured: Option<Instant>,
}

/// Why a run ended without its model.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// There was no training step.
    #[error(transparent)]
    Step(#[from] StepError),
    /// Its folder cannot be written; it can be gone on with.
    #[error(transparent)]
    Run(#[from] RunError),
    /// It was ended at once.
    #[error("stopped before the first step; no model was written")]
    NoStep,
    /// The model could not be written.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The model could not be put where it was to go.
    #[error("the model is in {}", kept.display())]
    Destination {
        /// The run's own copy of the model.
        kept: PathBuf,
        /// What is wrong there.
        source: DestinationError,
    },
}

impl Session {
    /// A run from the beginning, by `order`, on `dataset`; its model goes to
    /// `destination`.
    pub fn new(
        run: Run,
        order: RunOrder,
        destination: Destination,
        hyperparameters: Hyperparameters,
        dataset: Dataset,
    ) -> Session {
        let (num_epochs, max_minutes) = (
            hyperparameters.training.num_epochs,
            hyperparameters.training.max_minutes,
        );
        Session {
            trainer: Trainer::new(hyperparameters, dataset, order.random_seed, order.threads),
            run,
            order,
            destination,
            num_epochs,
            max_minutes,
            trained_before: Duration::ZERO,
            held_out: None,
            trend: Trend::default(),
            remarks: Vec::new(),
            times: Times::now(),
            first: (0.0, 0),
        }
    }

    /// Goes on from `checkpoint`, which a session of the same run wrote, as it did `losses`.
    ///
    /// # Errors
    ///
    /// Those of [`Trainer::restore`], and [`CheckpointError::Damaged`] where its time
    /// is none.
    pub fn restore(
        &mut self,
        checkpoint: Checkpoint,
        losses: &[LossRow],
    ) -> Result<(), CheckpointError> {
        self.trend = Trend::of(losses);
        self.trained_before = trained_for(&checkpoint)?;
        self.trainer.restore(checkpoint)
    }

    /// The folder of the run.
    pub fn folder(&self) -> &Path {
        self.run.folder()
    }

    /// What its loss is measured by.
    pub fn loss_scale(&self) -> LossScale {
        self.trainer.loss_scale()
    }

    /// Training steps so far.
    pub fn steps(&self) -> u64 {
        self.trainer.steps()
    }

    /// Whether the run has come to its end.
    pub fn is_over(&self) -> bool {
        self.share() >= 1.0 && !self.trainer.pausing()
    }

    /// Trains until the run is over, or `observer` or [`Run::ask_to_stop`] ends it, with a
    /// checkpoint each `between_checkpoints`, and writes the model; gives what its training
    /// came to.
    ///
    /// # Errors
    ///
    /// [`SessionError`]; after [`SessionError::Run`] the last checkpoint stands.
    pub fn run(
        mut self,
        between_checkpoints: Duration,
        observer: &mut dyn Observer,
    ) -> Result<TrainingSummary, SessionError> {
        self.times = Times::now();
        self.first = (self.share(), self.steps());
        self.remark(observer);
        self.trainer
            .learn_on(self.order.device)
            .map_err(StepError::from)?;
        loop {
            if self.is_over() {
                return self.finish(RunState::Ended, observer);
            }
            if observer.stop() || self.is_asked_to_stop() {
                return self.finish(RunState::Stopped, observer);
            }
            self.step(self.share(), observer)?;
            self.measure()?;
            observer.progress(&self.progress());
            self.keep(between_checkpoints, observer)?;
        }
    }

    /// Whether somebody asks the run to stop, looked for now and then.
    fn is_asked_to_stop(&mut self) -> bool {
        if self.times.looked.elapsed() < BETWEEN_LOOKS {
            return false;
        }
        self.times.looked = Instant::now();
        let is_asked = self.run.take_request_to_stop();
        if is_asked {
            tracing::info!("the run was asked to stop");
        }
        is_asked
    }

    /// Tells `observer` how the loss goes, if that is worth a word.
    fn remark(&mut self, observer: &mut dyn Observer) {
        if let Some(remark) = self.trend.take_remark() {
            self.remarks.push(remark.in_words(&self.loss_scale()));
            observer.remark(remark);
        }
    }

    /// How much of the run is done, from 0 to 1 and beyond.
    fn share(&self) -> f64 {
        let share_of = |minutes: f64| self.trained_for().as_secs_f64() / (60.0 * minutes);
        match self.order.minutes {
            Some(minutes) => share_of(minutes),
            None => {
                let of_epochs = self.trainer.epochs() / self.num_epochs as f64;
                let of_minutes = (self.max_minutes > 0.0).then(|| share_of(self.max_minutes));
                of_epochs.max(of_minutes.unwrap_or(0.0))
            }
        }
    }

    fn trained_for(&self) -> Duration {
        self.trained_before + self.times.begun.elapsed()
    }

    /// One training step, or one of a prediction that training pauses for.
    fn step(&mut self, share: f64, observer: &mut dyn Observer) -> Result<(), SessionError> {
        if self.trainer.pausing() {
            self.trainer.sample().map_err(StepError::from)?;
        } else {
            self.trainer.step(share)?;
        }
        for prediction in self.trainer.take_sampled() {
            observer.prediction(&self.run.save_prediction(&prediction)?);
        }
        Ok(())
    }

    fn measure(&mut self) -> Result<(), StepError> {
        let due = |when: Instant| when.elapsed() >= BETWEEN_VALIDATIONS;
        if self.times.measured.is_none_or(due) {
            self.held_out = self.trainer.validation_loss()?;
            self.times.measured = Some(Instant::now());
        }
        Ok(())
    }

    /// How far the run has come.
    fn progress(&self) -> Progress {
        let (share, elapsed) = (self.share(), self.times.begun.elapsed().as_secs_f64());
        let (first_share, first_step) = self.first;
        let pace = elapsed / (share - first_share).max(1e-9);
        let left = (1.0 - share).max(0.0);
        let loss = self.trainer.last_loss();
        let least = |now: f64, logged: Option<f64>| logged.map_or(now, |logged| logged.min(now));
        let best_held_out = self.trend.best_held_out().map(|best| best.loss);
        Progress {
            steps: self.steps(),
            epochs: self.trainer.epochs(),
            loss,
            best: least(loss, self.trend.best()),
            held_out: self.held_out,
            best_held_out: self.held_out.map(|loss| least(loss, best_held_out)),
            share,
            steps_per_second: (self.steps() - first_step) as f64 / elapsed.max(1e-9),
            remaining: Duration::from_secs_f64((pace * left).min(1e9)),
        }
    }

    /// Writes down how far the run has come, and whether it goes on.
    fn tell(&self, state: RunState) {
        let progress = self.progress();
        self.run.tell(&RunProgress {
            step: progress.steps,
            epochs: progress.epochs,
            share: progress.share.min(1.0),
            remaining: progress.remaining.as_secs_f64(),
            steps_per_second: progress.steps_per_second,
            loss: progress.loss,
            best: progress.best,
            held_out: progress.held_out,
            best_held_out: progress.best_held_out,
            state,
            remarks: self.remarks.clone(),
        });
    }

    /// Writes a row of the loss log and a checkpoint, where they are due.
    fn keep(
        &mut self,
        between_checkpoints: Duration,
        observer: &mut dyn Observer,
    ) -> Result<(), SessionError> {
        if self.times.logged.elapsed() >= BETWEEN_LOG_ROWS {
            self.log(self.held_out)?;
            self.remark(observer);
            self.tell(RunState::Training);
            self.times.logged = Instant::now();
        }
        if self.times.saved.elapsed() >= between_checkpoints {
            self.save()?;
            self.times.saved = Instant::now();
        }
        Ok(())
    }

    fn log(&mut self, held_out: Option<f64>) -> Result<(), RunError> {
        let row = LossRow {
            step: self.trainer.steps(),
            epochs: self.trainer.epochs(),
            loss: self.trainer.last_loss(),
            validation_loss: held_out,
            seconds: self.trained_for().as_secs_f64(),
        };
        self.trend.add(&row);
        self.run.log(&row)
    }

    fn save(&mut self) -> Result<(), SessionError> {
        let checkpoint = self.trainer.checkpoint(self.trained_for());
        Ok(self.run.save(&checkpoint.map_err(StepError::from)?)?)
    }

    /// Keeps all as it now is, and writes the model of the run, which is in this `state`.
    fn finish(
        mut self,
        state: RunState,
        observer: &mut dyn Observer,
    ) -> Result<TrainingSummary, SessionError> {
        if self.steps() == 0 {
            return Err(SessionError::NoStep);
        }
        let model = self.trainer.finished_model(self.trained_for());
        let model = model.map_err(StepError::from)?;
        self.log(model.training.validation_loss)?;
        self.save()?;
        let kept = self.run.exported(&self.order);
        model.write(&kept)?;
        let written = self.destination.write(&model.to_bytes());
        self.tell(state);
        written.map_err(|source| SessionError::Destination { kept, source })?;
        // Who stops a run does not want to wait; who lets it come to its end wants to hear it.
        if state == RunState::Ended && !self.run.has_predictions() {
            self.predict_at_last(observer)?;
        }
        Ok(model.training)
    }

    /// Samples a prediction by the network as it has become, unless it is asked to stop.
    fn predict_at_last(&self, observer: &mut dyn Observer) -> Result<(), SessionError> {
        let mut looked = Instant::now();
        let mut stop = || {
            let is_due = looked.elapsed() >= BETWEEN_LOOKS;
            if is_due {
                looked = Instant::now();
            }
            observer.stop() || (is_due && self.run.take_request_to_stop())
        };
        if let Some(prediction) = self
            .trainer
            .final_prediction(&mut stop)
            .map_err(StepError::from)?
        {
            observer.prediction(&self.run.save_prediction(&prediction)?);
        }
        Ok(())
    }
}

impl Times {
    fn now() -> Times {
        let now = Instant::now();
        Times {
            begun: now,
            saved: now,
            logged: now,
            looked: now,
            measured: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::Signal;
    use crate::model::Device;
    use crate::train::Recording;
    use crate::trained_model::{TrainedModel, TrainingAudio};

    /// Ends a run before its step `last`, and remembers what it was told.
    #[derive(Default)]
    struct Watcher {
        last: Option<u64>,
        told: Vec<Progress>,
        predictions: Vec<String>,
    }

    impl Observer for Watcher {
        fn stop(&mut self) -> bool {
            let steps = self.told.last().map_or(0, |progress| progress.steps);
            self.last.is_some_and(|last| steps >= last)
        }

        fn progress(&mut self, progress: &Progress) {
            self.told.push(*progress);
        }

        fn remark(&mut self, remark: TrendRemark) {
            panic!("a run of seconds is no trend: {remark:?}");
        }

        fn prediction(&mut self, path: &Path) {
            assert!(path.exists());
            let name = path.file_name().unwrap().to_string_lossy();
            self.predictions.push(name.into_owned());
        }
    }

    /// A session of the run in `folder`, which is begun where there is none.
    fn session(folder: &Path) -> Session {
        session_with(
            folder,
            r#""audio_freq": 20, "seq_dream_len": 3, "num_dreams": 0"#,
        )
    }

    /// The same, with these predictions while it trains.
    fn session_with(folder: &Path, dreams: &str) -> Session {
        let json = format!(
            r#"{{"preset": "vector", "seg_len": 8, "num_unrollings": 4, "num_epochs": 2,
            "validation": 0.2, {dreams}}}"#
        );
        let hyperparameters = Hyperparameters::parse(&json).unwrap();
        let recording = Recording {
            signal: Signal {
                samples: (0..400).map(|n| 0.5 * (n as f32 * 0.3).sin()).collect(),
                sample_rate: 8000,
            },
            source: TrainingAudio {
                file: "sine.wav".to_owned(),
                sha256: String::new(),
                seconds: 0.05,
            },
        };
        let dataset = Dataset::new(vec![recording], &hyperparameters).unwrap();
        let order = RunOrder {
            audio: Vec::new(),
            output: folder.join("model.onnx"),
            force: false,
            minutes: None,
            random_seed: 1,
            threads: 1,
            device: Device::Cpu,
        };
        let destination = Destination::new(&order.output, false).unwrap();
        let (run, checkpoint) = match folder.join("model").exists() {
            false => {
                let run = Run::create(folder, "model", &order, &hyperparameters).unwrap();
                (run, None)
            }
            true => {
                let resumed = Run::resume(&folder.join("model")).unwrap();
                (resumed.run, resumed.checkpoint)
            }
        };
        let mut session = Session::new(run, order, destination, hyperparameters, dataset);
        if let Some(checkpoint) = checkpoint {
            session.restore(checkpoint, &[]).unwrap();
        }
        session
    }

    fn model(folder: &Path) -> TrainedModel {
        TrainedModel::read(&folder.join("model.onnx")).unwrap()
    }

    #[test]
    fn a_run_tells_how_far_it_is_and_stopped_it_goes_on_to_the_same_model() {
        let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut watcher = Watcher::default();
        let summary = session(whole.path())
            .run(Duration::ZERO, &mut watcher)
            .unwrap();
        let last = watcher.told.last().unwrap();
        assert_eq!((last.epochs, last.share), (2.0, 1.0));
        assert_eq!((last.steps, last.loss), (summary.steps, summary.last_loss));
        assert_eq!(last.remaining, Duration::ZERO);
        assert!(last.held_out.is_some());
        let sequential = |n: &str| n.ends_with("-sequential-1.wav");
        assert!(watcher.predictions.iter().all(|name| sequential(name)));
        assert_eq!(watcher.predictions.len() as u64, summary.steps / 20);

        let stopping = Watcher {
            last: Some(33),
            ..Watcher::default()
        };
        let stopped = session(parts.path())
            .run(Duration::MAX, &mut { stopping })
            .unwrap();
        assert_eq!(stopped.steps, 33);
        std::fs::remove_file(parts.path().join("model.onnx")).unwrap();
        let session = session(parts.path());
        assert_eq!(session.steps(), 33);
        session.run(Duration::MAX, &mut Watcher::default()).unwrap();
        assert_eq!(model(whole.path()).network, model(parts.path()).network);
        let memory = model(whole.path()).memory;
        assert!(memory.is_some_and(|memory| memory > 0.0), "{memory:?}");
        assert_eq!(memory, model(parts.path()).memory);
    }

    #[test]
    fn a_run_that_ends_before_its_first_prediction_is_complete_makes_one_then() {
        let long = r#""num_dreams": 2, "dream_length": 1000"#;
        let predictions = |dreams: &str, last: Option<u64>| {
            let folder = tempfile::tempdir().unwrap();
            let mut watcher = Watcher {
                last,
                ..Watcher::default()
            };
            session_with(folder.path(), dreams)
                .run(Duration::MAX, &mut watcher)
                .unwrap();
            (watcher.predictions, watcher.told.last().unwrap().steps)
        };
        let (names, steps) = predictions(long, None);
        assert_eq!(names, [format!("{steps:08}-final-1.wav")]);
        assert_eq!(predictions(long, Some(5)).0, [""; 0], "stopped by somebody");
        assert_eq!(
            predictions(r#""num_dreams": 0, "audio_freq": 0"#, None).0,
            [""; 0]
        );
        let (names, _) = predictions(r#""num_dreams": 1, "dream_length": 3"#, None);
        assert!(
            names.iter().all(|name| name.ends_with("-concurrent-1.wav")),
            "{names:?}"
        );
    }

    #[test]
    fn without_a_step_there_is_no_model() {
        let folder = tempfile::tempdir().unwrap();
        let mut watcher = Watcher {
            last: Some(0),
            ..Watcher::default()
        };
        let error = session(folder.path()).run(Duration::MAX, &mut watcher);
        assert!(matches!(error, Err(SessionError::NoStep)));
        assert!(!folder.path().join("model.onnx").exists());
    }
}
