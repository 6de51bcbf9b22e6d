//! Weights that move while they answer: concurrent sampling (Figure 3.4) as a
//! way of answering.

use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use rand::RngExt;

use super::{Dataset, StepError, Trainer};
use crate::frames::WindowFormat;
use crate::generate::{Engine, EngineError, EngineKind, GenerateError, MovingWeights, Shown};
use crate::hyperparameters::Hyperparameters;
use crate::model::{Adam, Inference, Network, Precision, State};
use crate::random;
use crate::trained_model::TrainedModel;

/// Training steps that leave the weights as they are, before a model moves: Adam's means,
/// which a model does not keep, find their sizes.
pub const SETTLING_STEPS: usize = 64;
/// Steps before the first prediction in which the rows hear what comes before. Training
/// from the first on would teach the weights to predict from states that have heard next
/// to nothing.
pub const HEARING_STEPS: usize = 64;

/// Where a recording is heard phrase by phrase, the share of a phrase's steps
/// that leave the weights as they are, since the states come from another phrase.
const SETTLING_SHARE: usize = 8;

/// An engine that goes on training a copy of a model between its predictions:
/// for one answer, since that leaves the weights elsewhere.
///
/// While it predicts with the weights that one training step made, the next step
/// is under way, on a thread of its own where it may have more than one. Its
/// answers are the same either way.
pub struct Moving {
    network: Network,
    training: Training,
    inference: Inference,
    frames: Vec<f32>,
    /// Predictions from one training step to the next.
    train_every: usize,
    played: usize,
}

impl Moving {
    /// For one answer of `model`, `prepared` to move, whose training audio is `dataset`, cut
    /// as [`MovingWeights::training`] says. Where in it training goes on is drawn by
    /// `random_seed`.
    pub fn new(
        model: &TrainedModel,
        settings: &MovingWeights,
        (dataset, prepared): (Dataset, &Prepared),
        random_seed: u64,
        threads: usize,
    ) -> Moving {
        let phrase = Phrase::of(settings, &model.hyperparameters);
        let hyperparameters = settings.training(&model.hyperparameters);
        let mut place = random::stream(random_seed, "moving");
        // Training waits less than predicting does: it takes whichever thread is free.
        let mut trainer = Trainer::new(hyperparameters, dataset, random_seed, threads);
        trainer.take_means(prepared.means.clone());
        trainer.go_on_from(model.network.clone(), place.random_range(0.0..1.0));
        (0..HEARING_STEPS).for_each(|_| trainer.hear());
        Moving {
            network: model.network.clone(),
            training: Training::begin(trainer, phrase, threads > 1),
            inference: Inference::new(model.network.clone(), Precision::F32, 1),
            frames: Vec::new(),
            train_every: settings.train_every,
            played: 0,
        }
    }

    /// The network after the last training step, and how many there were.
    pub fn end(self) -> Result<(Network, u64), EngineError> {
        let trainer = self.training.end()?;
        Ok((trainer.network().clone(), trainer.steps()))
    }
}

/// What moving weights begin with, once for each model.
#[derive(Clone)]
pub struct Prepared {
    means: Adam,
}

impl Prepared {
    /// Of `model`, whose training audio is `dataset`, cut as [`MovingWeights::training`]
    /// says. `told` hears which share is done, and may stop it.
    pub fn new(
        model: &TrainedModel,
        settings: &MovingWeights,
        dataset: Dataset,
        threads: usize,
        told: &mut dyn FnMut(f64) -> ControlFlow<()>,
    ) -> Result<Prepared, GenerateError> {
        let hyperparameters = settings.training(&model.hyperparameters);
        let mut trainer = Trainer::new(hyperparameters, dataset, 0, threads);
        trainer.go_on_from(model.network.clone(), 0.0);
        for step in 0..SETTLING_STEPS {
            if told(step as f64 / SETTLING_STEPS as f64).is_break() {
                return Err(GenerateError::Stopped);
            }
            done(trainer.settle())?;
        }
        Ok(Prepared {
            means: trainer.into_means(),
        })
    }
}

fn done(step: Result<f64, StepError>) -> Result<(), EngineError> {
    let done = step.map(|_| ());
    done.map_err(|cause| EngineError::Training(cause.to_string()))
}

impl Engine for Moving {
    fn name(&self) -> &'static str {
        EngineKind::Native.name()
    }

    fn threads(&self) -> usize {
        1 + usize::from(self.training.beside.is_some())
    }

    fn silence(&mut self, windows: &WindowFormat, streams: usize) -> State {
        State::zero(self.network.architecture(), streams * windows.rows)
    }

    fn play(
        &mut self,
        shown: &Shown,
        state: &mut State,
        prediction: &mut Vec<f32>,
    ) -> Result<(), EngineError> {
        if self.played.is_multiple_of(self.train_every) {
            self.training.next(&mut self.network)?;
            self.inference.take(&self.network);
        }
        self.played += 1;
        shown.frames(&mut self.frames);
        self.inference.play(&self.frames, state, prediction);
        Ok(())
    }
}

/// How a recording is heard where the rows of a training step are spread over a
/// phrase of it: each row hears what lies between it and the next one, and then
/// all go on to the next phrase.
#[derive(Clone, Copy)]
struct Phrase {
    /// Training steps of one phrase.
    steps: usize,
    /// Time steps from the end of a row's part of it to its part of the next.
    skip: usize,
}

impl Phrase {
    /// That of weights that move by `settings` in a model by `hyperparameters`.
    fn of(settings: &MovingWeights, hyperparameters: &Hyperparameters) -> Option<Phrase> {
        let apart = settings.rows_apart(hyperparameters)?;
        let of_a_row = apart / hyperparameters.format.ext_cursor_inc;
        Some(Phrase {
            steps: of_a_row.div_ceil(settings.steps_back).max(1),
            skip: of_a_row * (hyperparameters.format.num_unrollings - 1),
        })
    }
}

/// A trainer, and what its last step came to.
type Trained = (Trainer, Result<(), EngineError>);
/// A thread that trains: what it is given, with the steps before, and gives back.
type Beside = (Sender<(Trainer, usize)>, Receiver<Trained>);

/// Training that goes on beside predicting.
struct Training {
    phrase: Option<Phrase>,
    /// Steps begun.
    steps: usize,
    /// None where training and predicting take turns.
    beside: Option<Beside>,
    /// The trainer, when that thread does not have it.
    here: Option<Trained>,
}

impl Training {
    fn begin(trainer: Trainer, phrase: Option<Phrase>, beside: bool) -> Training {
        Training {
            phrase,
            steps: 0,
            beside: beside.then(|| training_thread(phrase)),
            here: Some((trainer, Ok(()))),
        }
    }

    /// Gives `network` what the last step made of it, and begins the next one.
    fn next(&mut self, network: &mut Network) -> Result<(), EngineError> {
        let mut trainer = self.rest()?;
        network.weights.copy_from_slice(&trainer.network().weights);
        let steps = self.steps;
        self.steps += 1;
        match &self.beside {
            Some((trainers, _)) => trainers.send((trainer, steps)).map_err(|_| ended()),
            None => {
                let step = train(&mut trainer, self.phrase, steps);
                self.here = Some((trainer, step));
                Ok(())
            }
        }
    }

    fn end(mut self) -> Result<Trainer, EngineError> {
        self.rest()
    }

    /// The trainer, as soon as its step is done. After a step that failed there
    /// is none any more.
    fn rest(&mut self) -> Result<Trainer, EngineError> {
        let here = self.here.take();
        let given_back = || {
            self.beside
                .as_ref()
                .and_then(|(_, trained)| trained.recv().ok())
        };
        let (trainer, step) = here.or_else(given_back).ok_or_else(ended)?;
        if step.is_err() {
            // Nobody waits for a trainer that nobody has.
            self.beside = None;
        }
        step.map(|()| trainer)
    }
}

/// A thread that makes training steps until nobody gives it any more.
fn training_thread(phrase: Option<Phrase>) -> Beside {
    let (trainers, to_train) = channel::<(Trainer, usize)>();
    let (done, trained) = channel();
    thread::spawn(move || {
        for (mut trainer, steps) in to_train {
            let step = train(&mut trainer, phrase, steps);
            if done.send((trainer, step)).is_err() {
                break;
            }
        }
    });
    (trainers, trained)
}

fn ended() -> EngineError {
    EngineError::Training("it has ended".to_owned())
}

/// One training step, after `steps` others.
fn train(trainer: &mut Trainer, phrase: Option<Phrase>, steps: usize) -> Result<(), EngineError> {
    if let Some(phrase) = phrase {
        let of_this_phrase = steps % phrase.steps;
        let first_phrase = steps < phrase.steps;
        if of_this_phrase == 0 && !first_phrase {
            trainer.skip(phrase.skip);
        }
        if of_this_phrase < phrase.steps / SETTLING_SHARE && !first_phrase {
            return done(trainer.settle());
        }
    }
    // The end of the schedule: the learning rate that training ended with,
    // unless the model has one for this.
    done(trainer.step(1.0))
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::audio::Signal;
    use crate::generate::continuation::Continuation;
    use crate::generate::{AnswerSettings, Player, Prime, Request, generate};
    use crate::hyperparameters::{Hyperparameters, LrSchedule};
    use crate::model::Tape;
    use crate::train::Recording;
    use crate::trained_model::TrainingAudio;
    use std::time::Duration;

    const JSON: &str = r#"{"preset": "column-vector", "seg_len": 8, "num_unrollings": 4, "use_dropout": false,
        "lr": 0.002, "weight_stddev": 0.2, "bptt_steps": 4, "answer": "moving", "train_every": 3, "moving_bptt_steps": 2,
        "lr_schedule": "cosine", "moving_lr": 0.001, "moving_seconds": 0.01}"#;

    fn sound(samples: usize, frequency: f32) -> Signal {
        let sample = |n| 0.5 * (n as f32 * frequency).sin() * (n as f32 * 0.02).cos();
        Signal {
            samples: (0..samples).map(sample).collect(),
            sample_rate: 11025,
        }
    }

    fn dataset(hyperparameters: &Hyperparameters) -> Dataset {
        let recording = Recording {
            signal: sound(500, 0.3),
            source: TrainingAudio {
                file: String::new(),
                sha256: String::new(),
                seconds: 0.0,
            },
        };
        Dataset::new(vec![recording], hyperparameters).unwrap()
    }

    fn trained_model() -> TrainedModel {
        let hyperparameters = Hyperparameters::parse(JSON).unwrap();
        let mut trainer = Trainer::new(hyperparameters.clone(), dataset(&hyperparameters), 1, 1);
        for _ in 0..300 {
            trainer.step(0.0).unwrap();
        }
        trainer.model(Duration::ZERO).unwrap()
    }

    fn answer(model: &TrainedModel, random_seed: u64, threads: usize) -> Vec<f32> {
        let weights = MovingWeights::of(&model.hyperparameters);
        let dataset = dataset(&weights.training(&model.hyperparameters));
        let mut go_on = |_: f64| ControlFlow::Continue(());
        let prepared = Prepared::new(model, &weights, dataset.clone(), threads, &mut go_on);
        let begun = (dataset, &prepared.unwrap());
        let mut engine = Moving::new(model, &weights, begun, random_seed, threads);
        let request = Request {
            seconds: 60.0 / 11025.0,
            random_seed,
            prime: Prime::Matrix,
            prime_seconds: None,
            may_go_back: false,
        };
        let player = Player {
            model,
            settings: &AnswerSettings::of(&model.hyperparameters).free(),
            engine: &mut engine,
            theme: None,
            folder: Path::new("nowhere"),
        };
        let answer = generate(
            player,
            &Arc::new(sound(30, 0.5).into()),
            &request,
            &mut go_on,
        );
        answer.unwrap().sound.to_signal().unwrap().samples
    }

    /// Figure 3.4 from the prediction's side, but that a step of training and the
    /// predictions after it are made at the same time, by the weights before it.
    #[test]
    fn it_trains_between_predictions_as_the_figure_does() {
        let model = trained_model();
        let hyperparameters = &model.hyperparameters;
        let mut moving = hyperparameters.clone();
        (moving.dreams.num_dreams, moving.dreams.audio_freq) = (0, 0);
        (moving.training.bptt_steps, moving.training.lr) = (2, 0.001);
        moving.training.lr_schedule = LrSchedule::Constant;
        // Four rows over 110.25 samples.
        moving.format.int_cursor_inc = 27;
        let mut settled = Trainer::new(moving.clone(), dataset(&moving), 0, 1);
        settled.go_on_from(model.network.clone(), 0.0);
        for _ in 0..SETTLING_STEPS {
            settled.settle().unwrap();
        }
        assert_eq!(settled.network(), &model.network);
        let mut trainer = Trainer::new(moving.clone(), dataset(&moving), 9, 1);
        trainer.take_means(settled.into_means());
        let share = random::stream(9, "moving").random_range(0.0..1.0);
        trainer.go_on_from(model.network.clone(), share);
        for _ in 0..HEARING_STEPS {
            trainer.hear();
        }

        let hearing = model.hearing();
        let seed = hearing.see_seed(&sound(30, 0.5).samples);
        let output = model.network.architecture().output;
        let settings = AnswerSettings::of(hyperparameters);
        let mut seed = Continuation::new(output, &settings, &hearing, seed);
        let mut state = State::zero(model.network.architecture(), 1);
        let (mut tape, mut random) = (Tape::new(1), random::stream(9, "draws"));
        let mut network = model.network.clone();
        for prediction in 0..60 {
            if prediction % 3 == 0 {
                network = trainer.network().clone();
                match prediction / 3 {
                    // A row has heard its 27 time steps after 14 steps of two each:
                    // all go on by the other three rows' shares, and settle.
                    14 => {
                        trainer.skip(3 * 27);
                        trainer.settle().unwrap();
                    }
                    _ => {
                        trainer.step(1.0).unwrap();
                    }
                }
            }
            let mut matrix = Vec::new();
            seed.push_input(seed.matrices() - 1, &mut matrix);
            network.forward(&matrix, &mut state, None, &mut tape);
            seed.append(tape.prediction(), &mut random).unwrap();
        }
        for (fast, slow) in answer(&model, 9, 1).iter().zip(seed.predicted()) {
            assert!((fast - slow).abs() < 1e-5, "{fast} {slow}");
        }
    }

    #[test]
    fn the_model_itself_stays_and_each_random_seed_begins_elsewhere() {
        let model = trained_model();
        assert_eq!(answer(&model, 1, 1), answer(&model, 1, 1));
        assert_eq!(answer(&model, 1, 1), answer(&model, 1, 3));
        assert_ne!(answer(&model, 1, 1), answer(&model, 2, 1));
        assert_eq!(model, trained_model());
    }
}
