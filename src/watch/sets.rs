//! Sets: folders in `predictions/` that hold the variations of one seed.
//!
//! ```text
//! predictions/NAME.0001/theme.wav  the seed
//!                       01.wav     a variation, and
//!                       01.json    how it was made
//!                       set.json   what the set is
//!                       slices/    loops of its variations, if they are asked for
//! ```

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::answer::{SET, SLICES};
use crate::audio::header;
use crate::files;

/// Whether `folder` is a set, and not a folder of anybody's.
pub fn is_set(folder: &Path) -> bool {
    folder.join(SET).is_file()
}

/// The sounds in the set's own folder, sorted: its theme among them.
///
/// # Errors
///
/// Those of the disk.
pub fn sounds_in(set: &Path) -> io::Result<Vec<PathBuf>> {
    let mut sounds = files_in(set)?;
    sounds.retain(|path| path.extension() == Some(OsStr::new("wav")));
    Ok(sounds)
}

/// The variations of a published set, `01.wav` and on, and how long they last. Of a set
/// that was taken away there are none.
pub fn variations_in(set: &Path) -> Vec<(PathBuf, f64)> {
    let is_variation = |path: &PathBuf| {
        let stem = path.file_stem().and_then(OsStr::to_str);
        stem.is_some_and(|stem| stem.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let sounds = sounds_in(set).unwrap_or_default().into_iter();
    let lasting = |path: PathBuf| (header::seconds_of_wav(&path).unwrap_or(0.0), path);
    let variations = sounds.filter(is_variation).map(lasting);
    variations.map(|(seconds, path)| (path, seconds)).collect()
}

/// Has all of the finished folder `set` outlive a crash of the machine, told of at `time`.
///
/// # Errors
///
/// Those of the disk.
pub fn sync(set: &Path, time: SystemTime) -> io::Result<()> {
    files::set_time(&set.join(SET), time)?;
    for folder in folders_of(set) {
        for file in files_in(&folder)? {
            files::sync(&file)?;
        }
        files::sync_folder(&folder)?;
    }
    Ok(())
}

/// When the set in `folder` was told of, going by what [`sync`] wrote down.
pub fn told(folder: &Path) -> Option<SystemTime> {
    folder.join(SET).metadata().ok()?.modified().ok()
}

/// What all files in the folder `set` take.
pub fn bytes(set: &Path) -> u64 {
    let length = |path: PathBuf| path.metadata().map_or(0, |metadata| metadata.len());
    let files = folders_of(set)
        .into_iter()
        .flat_map(|folder| files_in(&folder));
    files.flatten().map(length).sum()
}

/// How many files the folder `set` has.
pub fn count(set: &Path) -> u64 {
    let files = folders_of(set)
        .into_iter()
        .flat_map(|folder| files_in(&folder));
    files.map(|files| files.len() as u64).sum()
}

/// The folder of a set's slices, if it has one, and its own.
fn folders_of(set: &Path) -> Vec<PathBuf> {
    let slices = Some(set.join(SLICES)).filter(|slices| slices.is_dir());
    slices.into_iter().chain([set.to_owned()]).collect()
}

fn files_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let paths: io::Result<Vec<PathBuf>> = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect();
    let mut files = paths?;
    files.retain(|path| path.is_file());
    files.sort();
    Ok(files)
}
