//! The seeds that have come to their ends, as far as they are kept. There may be very many:
//! they are counted file by file, and none but the texts of failures is looked at.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::fs::{self, DirEntry};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::listing::each_file;
use super::{Failure, StatusError};
use crate::names::readable;
use crate::watch::{self, folders};

/// What the name of a text in failed/ ends in.
const TEXT: &str = "txt";
/// What it ends in where the seed's own name ends so.
const REASON: &str = "reason";

/// How many answered seeds are kept under `root`.
pub fn answered(root: &Path) -> Result<usize, StatusError> {
    let mut count = 0;
    each_file(&root.join(folders::DONE), &mut |_| count += 1)?;
    Ok(count)
}

/// The seeds that could not be answered.
#[derive(Default)]
pub struct Failed {
    /// How many there are.
    pub count: usize,
    /// The last of them, the latest first, each with when it failed.
    last: Vec<(SystemTime, PathBuf)>,
    /// The files of these seeds, by their texts.
    files: HashMap<PathBuf, OsString>,
    /// `NAME`, of each text that is called `NAME.reason.txt`.
    with_reasons: HashSet<OsString>,
}

impl Failed {
    /// Those under `root`, of which the last `most` are to be told with their reasons.
    pub fn under(root: &Path, most: usize) -> Result<Failed, StatusError> {
        let folder = root.join(folders::FAILED);
        let mut failed = Failed::in_folder(&folder, most, &HashSet::new())?;
        if !failed.with_reasons.is_empty() {
            let seeds = seeds_among_texts(&folder, failed.with_reasons)?;
            failed = Failed::in_folder(&folder, most, &seeds)?;
        }
        if !failed.last.is_empty() {
            failed.find_files(&folder)?;
        }
        Ok(failed)
    }

    /// Finds out which files in `folder` the last of them are.
    fn find_files(&mut self, folder: &Path) -> Result<(), StatusError> {
        let texts: HashSet<&PathBuf> = self.last.iter().map(|(_, text)| text).collect();
        let files = &mut self.files;
        each_file(folder, &mut |entry| {
            let text = watch::reason_of(folder, &entry.file_name());
            if texts.contains(&text) && text != entry.path() {
                files.insert(text, entry.file_name());
            }
        })
    }

    /// Those whose texts are in `folder`, where `seeds` are no such texts.
    fn in_folder(
        folder: &Path,
        most: usize,
        seeds: &HashSet<OsString>,
    ) -> Result<Failed, StatusError> {
        let mut failed = Failed::default();
        each_file(folder, &mut |entry| {
            let path = PathBuf::from(entry.file_name());
            let Some(name) = path.file_stem().filter(|_| is_text(&path)) else {
                return;
            };
            if seeds.contains(name) {
                return;
            }
            failed.count += 1;
            let inner = Path::new(name);
            if inner.extension() == Some(OsStr::new(REASON)) {
                failed
                    .with_reasons
                    .extend(inner.file_stem().map(OsStr::to_owned));
            }
            if most > 0 {
                failed.see(&entry, most);
            }
        })?;
        Ok(failed)
    }

    /// Notes the text `entry` if it is among the latest `most` so far.
    fn see(&mut self, entry: &DirEntry, most: usize) {
        // One that is removed just now is not told of.
        let Ok(time) = entry.metadata().and_then(|metadata| metadata.modified()) else {
            return;
        };
        let place = self.last.partition_point(|(known, _)| *known >= time);
        if place < most {
            self.last.insert(place, (time, entry.path()));
            self.last.truncate(most);
        }
    }

    /// The last of them, the latest first.
    pub fn last(&self) -> Vec<Failure> {
        let now = SystemTime::now();
        self.last
            .iter()
            .map(|(time, path)| Failure {
                name: readable(&seed_of_reason(path)),
                file: self.files.get(path).map(|file| readable(file)),
                reason: reason_in(path),
                seconds_ago: now.duration_since(*time).unwrap_or_default().as_secs_f64(),
            })
            .collect()
    }
}

/// Of `names`, of each of which there is a `NAME.reason.txt` in `folder`, those whose
/// `NAME.txt` was taken for a seed: it is there, and goes with no other file.
fn seeds_among_texts(
    folder: &Path,
    mut names: HashSet<OsString>,
) -> Result<HashSet<OsString>, StatusError> {
    each_file(folder, &mut |entry| {
        let path = PathBuf::from(entry.file_name());
        if !is_text(&path) {
            path.file_stem().map(|stem| names.remove(stem));
        }
    })?;
    names.retain(|name| folder.join(name).with_added_extension(TEXT).is_file());
    Ok(names)
}

fn is_text(path: &Path) -> bool {
    path.extension() == Some(OsStr::new(TEXT))
}

fn reason_in(path: &Path) -> String {
    let reason = fs::read_to_string(path).unwrap_or_else(|error| format!("unreadable: {error}"));
    reason.trim_end().to_owned()
}

/// The name of the seed that the text at `path` is about, without its extension.
fn seed_of_reason(path: &Path) -> OsString {
    let stem = Path::new(path.file_stem().unwrap_or_default());
    let is_of_text = stem.extension() == Some(OsStr::new(REASON));
    match is_of_text && path.with_file_name(stem).with_extension(TEXT).is_file() {
        true => stem.with_extension("").into_os_string(),
        false => stem.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tempfile::TempDir;

    /// A root whose failed/ has files of these names, made one a minute.
    fn root_with(names: &[&str]) -> TempDir {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join(folders::FAILED);
        fs::create_dir(&folder).unwrap();
        for (minute, name) in names.iter().enumerate() {
            let path = folder.join(name);
            fs::write(&path, format!("why of {name}\n")).unwrap();
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(60 * minute as u64);
            crate::files::set_time(&path, time).unwrap();
        }
        root
    }

    fn count(names: &[&str]) -> usize {
        Failed::under(root_with(names).path(), 0).unwrap().count
    }

    #[test]
    fn the_latest_are_told_first_and_no_more_than_are_asked_for() {
        let root = root_with(&["c.txt", "c.wav", "a.txt", "a.wav", "b.txt", ".d.txt"]);
        let failed = Failed::under(root.path(), 2).unwrap();
        let told: Vec<_> = failed
            .last()
            .into_iter()
            .map(|f| (f.name, f.reason))
            .collect();
        let expected = ["b", "a"].map(|name| (name.to_owned(), format!("why of {name}.txt")));
        assert_eq!((failed.count, told), (3, expected.into()));
        assert!(Failed::under(root.path(), 0).unwrap().last().is_empty());
    }

    #[test]
    fn a_text_that_was_taken_for_a_seed_is_no_reason() {
        assert_eq!(count(&[]), 0);
        assert_eq!(count(&["a.txt", "a.reason.txt", "b.txt", "b.wav"]), 2);
        // Of seeds called a.wav and a.reason.wav.
        let both = ["a.txt", "a.wav", "a.reason.txt", "a.reason.wav"];
        assert_eq!(count(&both), 2);
        let seed = root_with(&["b.wav", "b.txt", "a.reason.txt", "a.txt"]);
        let failed = Failed::under(seed.path(), 5).unwrap();
        let names: Vec<_> = failed.last().into_iter().map(|f| f.name).collect();
        assert_eq!(names, ["a", "b"]);
    }
}
