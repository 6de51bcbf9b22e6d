//! What was found out about files, as long as they are what they were.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use super::refusal::{Refusal, of_disk};

/// The answers to questions about files, lest each is looked for again. Where there are more
/// than so many, any of them goes.
#[derive(Debug)]
pub struct Known<T> {
    most: usize,
    found: Mutex<HashMap<Version, T>>,
}

/// A file at a time, and what was asked of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Version {
    path: PathBuf,
    bytes: u64,
    modified: Option<SystemTime>,
    asked: String,
}

impl<T: Clone> Known<T> {
    /// At most so many answers.
    pub fn at_most(most: usize) -> Known<T> {
        Known {
            most,
            found: Mutex::default(),
        }
    }

    /// What `find` says of the file at `path`, which it is asked once.
    ///
    /// # Errors
    ///
    /// Those of `find`, and 404.
    pub fn of(
        &self,
        path: &Path,
        asked: &str,
        find: impl FnOnce() -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let metadata = std::fs::metadata(path).map_err(of_disk(&name))?;
        let version = Version {
            path: path.to_owned(),
            bytes: metadata.len(),
            modified: metadata.modified().ok(),
            asked: asked.to_owned(),
        };
        if let Some(found) = self.lock().get(&version) {
            return Ok(found.clone());
        }
        let found = find()?;
        let mut known = self.lock();
        if known.len() >= self.most
            && let Some(any) = known.keys().next().cloned()
        {
            known.remove(&any);
        }
        known.insert(version, found.clone());
        Ok(found)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Version, T>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_looked_at_once_until_it_changes_and_few_are_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let known = Known::at_most(4);
        let path = |n: usize| folder.path().join(n.to_string());
        let looks = std::cell::Cell::new(0);
        let ask = |n: usize| {
            let look = || Ok(looks.replace(looks.get() + 1));
            known.of(&path(n), "", look).unwrap()
        };
        (0..5).for_each(|n| std::fs::write(path(n), "x").unwrap());
        (0..4).for_each(|n| assert_eq!(ask(n), n));
        assert_eq!((ask(0), looks.get()), (0, 4));
        ask(4);
        (0..5).for_each(|n| {
            ask(n);
        });
        assert!(
            looks.get() < 9,
            "one was forgotten, not all: {}",
            looks.get()
        );
        std::fs::write(path(4), "longer").unwrap();
        let before = looks.get();
        assert_eq!(ask(4), before);
        assert!(known.of(&path(9), "", || Ok(0)).is_err());
    }
}
