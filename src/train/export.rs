//! The model of a run that has not come to its end, or has lost its own copy.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::checkpoint::{Checkpoint, CheckpointError};
use super::recordings::{Care, RecordingsError, read};
use super::run::{KeptRun, Run, RunError};
use super::trainer::Trainer;
use crate::model::CardError;
use crate::trained_model::{TrainedModel, TrainingSummary};

/// A model, as it is kept in a file.
pub struct ExportedModel {
    /// Its ONNX file.
    pub bytes: Vec<u8>,
    /// What its training came to.
    pub training: TrainingSummary,
}

/// Why a run's model cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// Its folder cannot be read.
    #[error(transparent)]
    Run(#[from] RunError),
    /// It has not come to keep a checkpoint.
    #[error(
        "{0} has no checkpoint so far, which its model could be made of; one is written each minute, \
         and antiphon train --stop {0} ends the training there with a model",
        path.display()
    )]
    NoCheckpoint {
        /// The run's folder.
        path: PathBuf,
    },
    /// Its recordings, which a model needs too, cannot be read any more.
    #[error(transparent)]
    Recordings(#[from] RecordingsError),
    /// It cannot be read from a graphics card.
    #[error(transparent)]
    Card(#[from] CardError),
    /// The checkpoint is not of these recordings and hyperparameters.
    #[error("{}: {cause}", path.display())]
    Checkpoint {
        /// The run's folder.
        path: PathBuf,
        /// What does not fit.
        cause: CheckpointError,
    },
}

/// The model of the run in `folder`, as at its last whole checkpoint. The run may be going on:
/// its folder is only read. Unless it has a model of just that step, the recordings are read
/// again, which takes as long and as much memory as when it began.
///
/// # Errors
///
/// [`ExportError`].
pub fn export(folder: &Path) -> Result<ExportedModel, ExportError> {
    let run = Run::kept(folder)?;
    let Some(checkpoint) = run.checkpoint else {
        return Err(ExportError::NoCheckpoint {
            path: folder.to_owned(),
        });
    };
    if let Some(model) = own_copy(&run.exported, &checkpoint) {
        return Ok(model);
    }
    let KeptRun {
        order,
        hyperparameters,
        ..
    } = run;
    let dataset = read(&order.audio, &hyperparameters, Care::AsBefore)?.dataset;
    let mut trainer = Trainer::new(hyperparameters, dataset, order.random_seed, order.threads);
    let no_checkpoint = |cause| ExportError::Checkpoint {
        path: folder.to_owned(),
        cause,
    };
    let trained_for = trained_for(&checkpoint).map_err(no_checkpoint)?;
    trainer.restore(checkpoint).map_err(no_checkpoint)?;
    let model = trainer.finished_model(trained_for)?;
    Ok(ExportedModel {
        bytes: model.to_bytes(),
        training: model.training,
    })
}

/// For how long the run had trained at `checkpoint`.
pub(super) fn trained_for(checkpoint: &Checkpoint) -> Result<Duration, CheckpointError> {
    Duration::try_from_secs_f64(checkpoint.notes.trained_for)
        .map_err(|error| CheckpointError::Damaged(error.to_string()))
}

/// The run's own copy of its model, at `path`, where that is of just this `checkpoint`.
fn own_copy(path: &Path, checkpoint: &Checkpoint) -> Option<ExportedModel> {
    let bytes = std::fs::read(path).ok()?;
    let model = TrainedModel::from_bytes(&bytes, path).ok()?;
    let training = model.training;
    let is_of_it = training.steps == checkpoint.notes.position.steps
        && model.network.weights == checkpoint.weights;
    is_of_it.then_some(ExportedModel { bytes, training })
}
