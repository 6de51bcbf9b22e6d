//! The files of a run's last two checkpoints.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use super::{RunError, RunOrder, failed_to, what_is_left};
use crate::files;
use crate::train::checkpoint::{Checkpoint, CheckpointError};

pub(super) const CHECKPOINT: &str = "checkpoint.safetensors";
/// The checkpoint before the last.
pub(super) const PREVIOUS: &str = "checkpoint.previous.safetensors";
/// What was the last checkpoint and cannot be used.
const DAMAGED: &str = "checkpoint.damaged.safetensors";

/// Keeps `checkpoint` as the last one in `folder`, and the one that was the last as
/// the one before it; see [`Run::save`](super::Run::save).
pub(super) fn save(folder: &Path, checkpoint: &Checkpoint) -> Result<(), RunError> {
    let path = folder.join(CHECKPOINT);
    let part = files::unpublished(&path);
    let saved = files::write(&part, &checkpoint.to_bytes())
        .and_then(|()| match files::publish(&path, &folder.join(PREVIOUS)) {
            // The first one, or the one after a damaged one.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            renamed => renamed,
        })
        .and_then(|()| files::publish(&part, &path));
    if saved.is_err() {
        // The error to report is the first one; the rest file is only litter.
        let _ = fs::remove_file(&part);
    }
    saved.map_err(failed_to("write", &path))
}

/// What is wrong with the last checkpoint.
pub(super) enum Fault {
    Missing,
    Damaged(CheckpointError),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Missing => f.write_str("it is missing"),
            Fault::Damaged(cause) => cause.fmt(f),
        }
    }
}

/// The newest whole checkpoint of the run in `folder`, if there ever was one, and
/// what is wrong with the last one where that is not it. A damaged one is put
/// aside, so that it never takes the place of the whole one before it.
pub(super) fn newest(
    folder: &Path,
    order: &RunOrder,
) -> Result<(Option<Checkpoint>, Option<Fault>), RunError> {
    let (checkpoint, fault) = look_for(folder, order)?;
    if let Some(Fault::Damaged(_)) = fault {
        let path = folder.join(CHECKPOINT);
        let aside = folder.join(DAMAGED);
        files::publish(&path, &aside).map_err(failed_to("rename", &path))?;
    }
    Ok((checkpoint, fault))
}

/// The same, but nothing is changed: the run may be going on. Between two names that are
/// changed, the last checkpoint is the one before.
pub(super) fn look_for(
    folder: &Path,
    order: &RunOrder,
) -> Result<(Option<Checkpoint>, Option<Fault>), RunError> {
    let path = folder.join(CHECKPOINT);
    let last = match read(&path)? {
        Some(Ok(checkpoint)) => return Ok((Some(checkpoint), None)),
        Some(Err(cause)) => Some(cause),
        None => None,
    };
    match (last, read(&folder.join(PREVIOUS))?) {
        (None, None) => Ok((None, None)),
        (last, Some(Ok(previous))) => {
            let fault = last.map_or(Fault::Missing, Fault::Damaged);
            Ok((Some(previous), Some(fault)))
        }
        (Some(cause), _) | (None, Some(Err(cause))) => Err(RunError::NoWholeCheckpoint {
            path,
            cause,
            left: what_is_left(folder, order),
        }),
    }
}

/// The checkpoint at `path`: none where there is no file, and what is wrong with
/// one that cannot be gone on from.
fn read(path: &Path) -> Result<Option<Result<Checkpoint, CheckpointError>>, RunError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(Checkpoint::from_bytes(&bytes))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        // That is for its owner to mend, and no reason to train again.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            Err(failed_to("read", path)(error))
        }
        Err(error) => Ok(Some(Err(CheckpointError::Damaged(error.to_string())))),
    }
}
