//! How things stand in a watched folder, read from the folder alone.

use std::ffi::OsStr;
use std::fs::{self, DirEntry, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::Serialize;

use crate::system::disk::{self, Space};
use crate::watch::folders;

/// Failures that are told with their reasons.
const LAST_FAILURES: usize = 5;

/// How things stand.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Status {
    pub root: PathBuf,
    /// Whether a daemon watches the folder.
    pub running: bool,
    #[serde(flatten)]
    pub counts: Counts,
    /// The seed that has waited longest.
    pub oldest_waiting: Option<Waiting>,
    /// The seeds in work.
    pub in_work: Vec<String>,
    /// The last failures, the latest first.
    pub last_failures: Vec<Failure>,
    /// What is left of the disk, where the system tells.
    pub space: Option<Space>,
}

/// How many seeds are where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub waiting: usize,
    pub working: usize,
    pub done: usize,
    pub failed: usize,
}

/// A seed that waits.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Waiting {
    pub name: String,
    /// Since it was last written to.
    pub seconds: f64,
}

/// A seed without an answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Failure {
    /// The seed's name, without its extension.
    pub name: String,
    pub reason: String,
    pub seconds_ago: f64,
}

/// Why nothing can be said of a folder.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    #[error(
        "{} is no folder that antiphon watches: there is no seeds/ in it; say which with --root, \
         mount the disk it lies on, or let `antiphon watch` make it", path.display()
    )]
    NotWatched { path: PathBuf },
    #[error("cannot look into {}: {cause}; check the folder's permissions and its disk", path.display())]
    Folder { path: PathBuf, cause: io::Error },
}

impl Status {
    /// How things stand under `root`.
    pub fn of(root: &Path) -> Result<Status, StatusError> {
        let seeds = root.join(folders::SEEDS);
        if !seeds.is_dir() {
            return Err(StatusError::NotWatched {
                path: root.to_owned(),
            });
        }
        Ok(Status {
            root: root.to_owned(),
            running: is_running(root)?,
            counts: Counts::of(root)?,
            oldest_waiting: oldest(files_in(&seeds)?),
            in_work: in_work(root)?.iter().map(name_of).collect(),
            last_failures: last_failures(&root.join(folders::FAILED))?,
            space: disk::space(root).ok(),
        })
    }
}

impl Counts {
    /// How many seeds are where under `root`.
    pub fn of(root: &Path) -> Result<Counts, StatusError> {
        Ok(Counts {
            waiting: files_in(&root.join(folders::SEEDS))?.len(),
            working: in_work(root)?.len(),
            done: files_in(&root.join(folders::DONE))?.len(),
            failed: reasons_in(&root.join(folders::FAILED))?.len(),
        })
    }
}

/// Whether a daemon holds the lock of `root`.
fn is_running(root: &Path) -> Result<bool, StatusError> {
    let path = root.join(folders::LOCK);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(cause) => return Err(StatusError::Folder { path, cause }),
    };
    // Shared, so that two who ask are not in each other's way, and let go of at
    // once, so that a daemon that starts is not.
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(cause)) => Err(StatusError::Folder { path, cause }),
    }
}

/// The seeds in the jobs' own folders.
fn in_work(root: &Path) -> Result<Vec<DirEntry>, StatusError> {
    let mut seeds = Vec::new();
    for job in entries_in(&root.join(folders::WORK))? {
        seeds.extend(files_in(&job.path())?);
    }
    Ok(seeds)
}

/// The texts in failed/ that say why.
fn reasons_in(failed: &Path) -> Result<Vec<DirEntry>, StatusError> {
    let mut reasons = files_in(failed)?;
    reasons.retain(|entry| entry.path().extension() == Some(OsStr::new("txt")));
    Ok(reasons)
}

fn last_failures(failed: &Path) -> Result<Vec<Failure>, StatusError> {
    let mut failures: Vec<(f64, DirEntry)> = reasons_in(failed)?
        .into_iter()
        .map(|entry| (age(&entry), entry))
        .collect();
    failures.sort_by(|a, b| a.0.total_cmp(&b.0));
    failures.truncate(LAST_FAILURES);
    Ok(failures.iter().map(failure).collect())
}

fn failure((seconds_ago, entry): &(f64, DirEntry)) -> Failure {
    let path = entry.path();
    let reason = fs::read_to_string(&path).unwrap_or_else(|error| format!("unreadable: {error}"));
    Failure {
        name: path.file_stem().unwrap_or_default().display().to_string(),
        reason: reason.trim_end().to_owned(),
        seconds_ago: *seconds_ago,
    }
}

fn oldest(waiting: Vec<DirEntry>) -> Option<Waiting> {
    let oldest = waiting
        .iter()
        .map(|entry| (age(entry), entry))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    oldest.map(|(seconds, entry)| Waiting {
        name: name_of(entry),
        seconds,
    })
}

/// Seconds since the file was last written to; 0 where that cannot be known.
fn age(entry: &DirEntry) -> f64 {
    let modified = entry.metadata().and_then(|metadata| metadata.modified());
    let age = modified.map(|time| SystemTime::now().duration_since(time).unwrap_or_default());
    age.unwrap_or_default().as_secs_f64()
}

fn name_of(entry: &DirEntry) -> String {
    entry.file_name().display().to_string()
}

/// The files in `folder` that are nobody's scratch, as the watch sees them.
fn files_in(folder: &Path) -> Result<Vec<DirEntry>, StatusError> {
    let mut entries = entries_in(folder)?;
    entries.retain(|entry| {
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        is_file && !folders::is_ignored(&entry.file_name())
    });
    Ok(entries)
}

/// What is in `folder`; nothing where there is no such folder, as before the
/// first seed, or for a job that ends just now.
fn entries_in(folder: &Path) -> Result<Vec<DirEntry>, StatusError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Ok(Vec::new()),
        Err(cause) => {
            return Err(StatusError::Folder {
                path: folder.to_owned(),
                cause,
            });
        }
    };
    Ok(entries.filter_map(Result::ok).collect())
}
