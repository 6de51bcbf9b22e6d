//! By what a changed file is known.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Of one file, or of several: another one means that something in them has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp(Vec<OneFile>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct OneFile {
    identity: (u64, u64),
    length: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    /// Of the file at `path`, if there is one.
    pub fn of(path: &Path) -> Option<Stamp> {
        Stamp::of_all(&[path.to_owned()])
    }

    /// Of those of `paths` that are files, if any is.
    pub fn of_all(paths: &[PathBuf]) -> Option<Stamp> {
        let files: Vec<OneFile> = paths.iter().filter_map(|path| OneFile::at(path)).collect();
        (!files.is_empty()).then_some(Stamp(files))
    }

    /// Since the newest of them was written; zero where that lies ahead.
    pub fn age(&self) -> Duration {
        let newest = self.0.iter().filter_map(|file| file.modified).max();
        let age = newest.and_then(|newest| newest.elapsed().ok());
        age.unwrap_or_default()
    }
}

impl OneFile {
    fn at(path: &Path) -> Option<OneFile> {
        let metadata = std::fs::metadata(path).ok().filter(Metadata::is_file)?;
        Some(OneFile {
            identity: super::identity(&metadata),
            length: metadata.len(),
            modified: metadata.modified().ok(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_changed_file_of_several_is_another_stamp() {
        let folder = tempfile::tempdir().unwrap();
        let paths = ["a", "b"].map(|name| folder.path().join(name));
        assert_eq!(Stamp::of_all(&paths), None);
        std::fs::write(&paths[0], "1").unwrap();
        let one = Stamp::of_all(&paths).unwrap();
        assert_eq!(Stamp::of(&paths[0]), Some(one.clone()));
        std::fs::write(&paths[1], "1").unwrap();
        let both = Stamp::of_all(&paths).unwrap();
        assert_ne!(both, one);
        std::fs::write(&paths[1], "12").unwrap();
        assert_ne!(Stamp::of_all(&paths), Some(both));
    }
}
