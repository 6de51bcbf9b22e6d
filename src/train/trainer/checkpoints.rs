//! What of a trainer a checkpoint holds, and going on from it.

use std::time::Duration;

use super::Trainer;
use crate::model::{Adam, CardError};
use crate::random;
use crate::train::checkpoint::{
    Checkpoint, CheckpointError, DreamsArrays, DreamsNotes, Notes, join, split,
};
use crate::train::dreams::Dreams;

impl Trainer {
    /// What the next steps depend on, after `trained_for`.
    ///
    /// # Errors
    /// [`CardError`].
    pub fn checkpoint(&mut self, trained_for: Duration) -> Result<Checkpoint, CardError> {
        self.catch_up()?;
        let (mean, square, _) = self.adam.memory();
        let dreams = |dreams: &Option<Dreams>| dreams.as_ref().map(Dreams::checkpoint).unzip();
        let (sequential_notes, sequential) = dreams(&self.sequential);
        let (concurrent_notes, concurrent) = dreams(&self.concurrent);
        Ok(Checkpoint {
            notes: Notes {
                hyperparameters: self.hyperparameters.clone(),
                sources: self.dataset.sources.clone(),
                random_seed: self.random_seed,
                position: self.position,
                dropout_position: split(self.masks.get_word_pos()),
                noise_position: split(self.noise.get_word_pos()),
                pausing: self.pausing,
                sequential: sequential_notes,
                concurrent: concurrent_notes,
                first_losses: self.first_losses.clone(),
                last_losses: self.last_losses.clone(),
                trained_for: trained_for.as_secs_f64(),
            },
            weights: self.network.weights.clone(),
            mean: mean.to_vec(),
            square: square.to_vec(),
            h: self.state.h.clone(),
            c: self.state.c.clone(),
            sequential,
            concurrent,
        })
    }

    /// Goes on from `checkpoint`, which a trainer of the same hyperparameters
    /// and recordings made.
    ///
    /// # Errors
    ///
    /// When it was made with others, or its sizes are not those of its
    /// hyperparameters; the trainer is of no use then.
    pub fn restore(&mut self, checkpoint: Checkpoint) -> Result<(), CheckpointError> {
        self.check(&checkpoint)?;
        let notes = checkpoint.notes;
        let steps = i32::try_from(notes.position.steps).unwrap_or(i32::MAX);
        self.random_seed = notes.random_seed;
        self.network.weights = checkpoint.weights;
        self.adam = Adam::with_memory(checkpoint.mean, checkpoint.square, steps);
        (self.state.h, self.state.c) = (checkpoint.h, checkpoint.c);
        self.position = notes.position;
        self.masks = random::stream(self.random_seed, "dropout");
        self.masks.set_word_pos(join(notes.dropout_position));
        self.noise = random::stream(self.random_seed, "noise");
        self.noise.set_word_pos(join(notes.noise_position));
        (self.first_losses, self.last_losses) = (notes.first_losses, notes.last_losses);
        // Without a sequential prediction a pause would never end.
        self.pausing = notes.pausing && self.sequential.is_some();
        let sequential = notes.sequential.zip(checkpoint.sequential);
        let concurrent = notes.concurrent.zip(checkpoint.concurrent);
        self.restore_dreams(sequential, concurrent)
            .ok_or_else(of_other_sizes)
    }

    /// Whether `checkpoint` is of these hyperparameters, these recordings, and their sizes.
    fn check(&self, checkpoint: &Checkpoint) -> Result<(), CheckpointError> {
        let notes = &checkpoint.notes;
        if notes.hyperparameters != self.hyperparameters {
            return Err(CheckpointError::OtherHyperparameters);
        }
        if notes.sources != self.dataset.sources {
            return Err(CheckpointError::OtherRecordings);
        }
        let (weights, state) = (self.network.weights.len(), self.state.h.len());
        let lengths = [&checkpoint.weights, &checkpoint.mean, &checkpoint.square].map(Vec::len);
        let training = &self.dataset.training;
        let in_range = notes.position.recording < training.len()
            && notes.position.time_step < training.time_steps(notes.position.recording);
        let fits = lengths == [weights; 3]
            && [checkpoint.h.len(), checkpoint.c.len()] == [state; 2]
            && in_range;
        fits.then_some(()).ok_or_else(of_other_sizes)
    }

    /// Goes on with predictions being sampled; `None` where there are other ones.
    fn restore_dreams(
        &mut self,
        sequential: Option<(DreamsNotes, DreamsArrays)>,
        concurrent: Option<(DreamsNotes, DreamsArrays)>,
    ) -> Option<()> {
        let (hyperparameters, dataset) = (&self.hyperparameters, &self.dataset);
        let dreams = [
            (&mut self.sequential, sequential),
            (&mut self.concurrent, concurrent),
        ];
        for (dreams, checkpoint) in dreams {
            match (dreams, checkpoint) {
                (Some(dreams), Some(checkpoint)) => {
                    dreams.restore(checkpoint, hyperparameters, dataset, self.random_seed)?;
                }
                (None, None) => {}
                _ => return None,
            }
        }
        Some(())
    }
}

fn of_other_sizes() -> CheckpointError {
    CheckpointError::Damaged("its sizes are not those of its hyperparameters".to_owned())
}
