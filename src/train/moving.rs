//! Weights that move while they answer: concurrent sampling (Figure 3.4) as a
//! way of answering.

use rand::RngExt;

use super::{Dataset, Diverged, Trainer};
use crate::generate::{Engine, EngineError, EngineKind, play};
use crate::model::{Network, State, Tape};
use crate::random;
use crate::trained_model::TrainedModel;

/// Training steps before the first prediction that leave the weights as they
/// are: Adam's means and the states of the rows, which a model does not keep,
/// find their sizes again. Steps from the first on would teach the weights to
/// predict from states that have heard next to nothing.
const SETTLING_STEPS: usize = 200;

/// An engine that goes on training a copy of a model between its predictions:
/// for one answer, since that leaves the weights elsewhere.
pub struct Moving {
    trainer: Trainer,
    tape: Tape,
    /// Predictions from one training step to the next.
    train_every: usize,
    played: usize,
}

impl Moving {
    /// For one answer of `model`, whose training audio is `dataset`, cut as
    /// [`Hyperparameters::while_moving`](crate::hyperparameters::Hyperparameters::while_moving)
    /// says. Where in it training goes on is drawn by `random_seed`.
    pub fn new(
        model: &TrainedModel,
        dataset: Dataset,
        random_seed: u64,
        threads: usize,
    ) -> Result<Moving, EngineError> {
        let hyperparameters = model.hyperparameters.while_moving();
        let train_every = hyperparameters.train_every;
        let mut place = random::stream(random_seed, "moving");
        let mut trainer = Trainer::new(hyperparameters, dataset, random_seed, threads);
        trainer.go_on_from(model.network.clone(), place.random_range(0.0..1.0));
        let mut moving = Moving {
            trainer,
            tape: Tape::new(threads),
            train_every,
            played: 0,
        };
        (0..SETTLING_STEPS).try_for_each(|_| moving.settle())?;
        Ok(moving)
    }

    /// The network as it is now.
    pub fn network(&self) -> &Network {
        self.trainer.network()
    }

    /// Training steps so far.
    pub fn steps(&self) -> u64 {
        self.trainer.steps()
    }

    fn settle(&mut self) -> Result<(), EngineError> {
        done(self.trainer.settle())
    }

    fn train(&mut self) -> Result<(), EngineError> {
        // The end of the schedule: the learning rate that training ended with,
        // unless the model has one for this.
        done(self.trainer.step(1.0))
    }
}

fn done(step: Result<f64, Diverged>) -> Result<(), EngineError> {
    let done = step.map(|_| ());
    done.map_err(|diverged| EngineError::Training(diverged.to_string()))
}

impl Engine for Moving {
    fn name(&self) -> &'static str {
        EngineKind::Native.name()
    }

    fn play(
        &mut self,
        frames: &[f32],
        state: &mut State,
        predictions: &mut Vec<f32>,
    ) -> Result<(), EngineError> {
        if self.played.is_multiple_of(self.train_every) {
            self.train()?;
        }
        self.played += 1;
        let network = self.trainer.network();
        play(network, frames, state, &mut self.tape, predictions);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::*;
    use crate::audio::Signal;
    use crate::generate::continuation::{Continuation, to_sequence};
    use crate::generate::{Prime, Request, generate};
    use crate::hyperparameters::{Hyperparameters, LrSchedule};
    use crate::train::Recording;
    use crate::trained_model::TrainingAudio;
    use std::time::Duration;

    const JSON: &str = r#"{"preset": "column-vector", "seg_len": 8, "num_unrollings": 4, "use_dropout": false,
        "lr": 0.002, "weight_stddev": 0.2, "bptt_steps": 4, "answer": "moving", "train_every": 3, "moving_bptt_steps": 2,
        "lr_schedule": "cosine", "moving_lr": 0.001, "moving_seconds": 0.02}"#;

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
        trainer.model(Duration::ZERO)
    }

    fn answer(model: &TrainedModel, random_seed: u64) -> Vec<f32> {
        let dataset = dataset(&model.hyperparameters.while_moving());
        let mut engine = Moving::new(model, dataset, random_seed, 1).unwrap();
        let request = Request {
            seconds: 50.0 / 11025.0,
            random_seed,
            prime: Prime::Matrix,
            may_go_back: false,
        };
        let mut go_on = |_: f64| ControlFlow::Continue(());
        let answer = generate(model, &mut engine, &sound(30, 0.5), &request, &mut go_on);
        answer.unwrap().signal.samples
    }

    /// Figure 3.4 from the prediction's side: some training, then a prediction.
    #[test]
    fn it_trains_between_predictions_as_the_figure_does() {
        let model = trained_model();
        let hyperparameters = &model.hyperparameters;
        let mut moving = hyperparameters.clone();
        (moving.num_dreams, moving.audio_freq) = (0, 0);
        (moving.bptt_steps, moving.lr) = (2, 0.001);
        moving.lr_schedule = LrSchedule::Constant;
        // Four rows over 220.5 samples.
        moving.int_cursor_inc = 55;
        let mut trainer = Trainer::new(moving.clone(), dataset(&moving), 9, 1);
        let share = random::stream(9, "moving").random_range(0.0..1.0);
        trainer.go_on_from(model.network.clone(), share);
        for _ in 0..SETTLING_STEPS {
            trainer.settle().unwrap();
        }
        assert_eq!(trainer.network(), &model.network);

        let seed = to_sequence(
            hyperparameters,
            &model.normalisation,
            &sound(30, 0.5).samples,
        );
        let mut seed = Continuation::new(hyperparameters, seed);
        let mut state = State::zero(model.network.architecture(), 1);
        let (mut tape, mut random) = (Tape::new(1), random::stream(9, "draws"));
        for prediction in 0..50 {
            if prediction % 3 == 0 {
                trainer.step(1.0).unwrap();
            }
            let mut matrix = Vec::new();
            seed.push_input(seed.matrices() - 1, &mut matrix);
            trainer
                .network()
                .forward(&matrix, &mut state, None, &mut tape);
            seed.append(tape.prediction(), &mut random).unwrap();
        }
        assert_eq!(answer(&model, 9), seed.predicted());
    }

    #[test]
    fn the_model_itself_stays_and_each_random_seed_begins_elsewhere() {
        let model = trained_model();
        assert_eq!(answer(&model, 1), answer(&model, 1));
        assert_ne!(answer(&model, 1), answer(&model, 2));
        assert_eq!(model, trained_model());
    }
}
