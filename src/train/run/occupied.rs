//! Whether a run's folder is being trained in, and asking for an end of that.

use std::fs::{File, Metadata, TryLockError};
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::progress::PROGRESS;
use super::{ORDER, RunError, failed_to};
use crate::{files, system};

/// What asks a run to end.
pub(super) const STOP: &str = "stop";
/// Who only asks whether a run is locked holds the lock for microseconds: so often, and so
/// long apart, it is tried before the run counts as being trained.
const TRIES: u32 = 10;
const BETWEEN_TRIES: Duration = Duration::from_millis(10);

/// Locks the run in `folder` by the file that says what it was asked to do. What an earlier
/// process was asked, and what it said of how far it was, is over then.
pub(super) fn occupy(folder: &Path) -> Result<File, RunError> {
    let lock = lock(folder)?;
    for name in [STOP, PROGRESS] {
        let path = folder.join(name);
        files::remove(&path).map_err(failed_to("remove", &path))?;
    }
    Ok(lock)
}

fn lock(folder: &Path) -> Result<File, RunError> {
    let path = folder.join(ORDER);
    for _ in 0..TRIES {
        let file = File::open(&path).map_err(failed_to("open", &path))?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => {}
            // Filesystems that lock nothing keep nobody from training.
            Err(TryLockError::Error(_)) => return Ok(file),
            // Whoever held it may have put another file in its place meanwhile.
            Ok(()) if is_at(&file, &path) => return Ok(file),
            Ok(()) => {}
        }
        thread::sleep(BETWEEN_TRIES);
    }
    Err(RunError::Busy {
        path: folder.to_owned(),
    })
}

fn is_at(file: &File, path: &Path) -> bool {
    let identity = |metadata: Result<Metadata, _>| metadata.map(|it| system::identity(&it)).ok();
    identity(file.metadata()) == identity(path.metadata())
}

/// Whether a process trains in `folder` now. It is found out by the lock of the run, which is
/// let go of at once; where the disk locks nothing, or there is no run, it is not known, and
/// false.
pub fn is_training(folder: &Path) -> bool {
    let locked = |file: File| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock));
    File::open(folder.join(ORDER)).is_ok_and(locked)
}

/// See [`Run::ask_to_stop`](super::Run::ask_to_stop).
pub(super) fn ask_to_stop(folder: &Path) -> Result<(), RunError> {
    let order = folder.join(ORDER);
    File::open(&order).map_err(failed_to("open", &order))?;
    if !is_training(folder) {
        return Err(RunError::NotTraining {
            path: folder.to_owned(),
        });
    }
    let stop = folder.join(STOP);
    files::touch(&stop).map_err(failed_to("write", &stop))
}
