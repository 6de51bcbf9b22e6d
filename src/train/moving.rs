//! Weights that move while they answer: concurrent sampling (Figure 3.4) as a
//! way of answering.

use rand::RngExt;

use super::{Dataset, Trainer};
use crate::generate::{Engine, EngineError};
use crate::model::{State, Tape};
use crate::random;
use crate::trained_model::TrainedModel;

/// Training steps before the first prediction, in which Adam's means, which a
/// model does not keep, find their size again.
const WARM_UP_STEPS: usize = 200;

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
    /// For one answer of `model`, whose training audio is `dataset`. Where in
    /// it training goes on is drawn by `random_seed`.
    pub fn new(
        model: &TrainedModel,
        dataset: Dataset,
        random_seed: u64,
        threads: usize,
    ) -> Result<Moving, EngineError> {
        let mut hyperparameters = model.hyperparameters.clone();
        hyperparameters.num_dreams = 0;
        hyperparameters.audio_freq = 0;
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
        (0..WARM_UP_STEPS).try_for_each(|_| moving.train())?;
        Ok(moving)
    }

    fn train(&mut self) -> Result<(), EngineError> {
        // The end of the schedule: the learning rate that training ended with.
        let step = self.trainer.step(1.0);
        step.map(|_| ())
            .map_err(|diverged| EngineError::Training(diverged.to_string()))
    }
}

impl Engine for Moving {
    fn name(&self) -> &'static str {
        "native"
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
        network.forward(frames, state, None, &mut self.tape);
        predictions.clear();
        predictions.extend_from_slice(self.tape.prediction());
        Ok(())
    }
}
