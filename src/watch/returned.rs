//! Seeds that were claimed when a process went in good order: they are back where they
//! were put, and keep their numbers when the next process finds them there.

use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::files;

/// What was known of one of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Returned {
    pub id: i32,
    voice: Option<String>,
    name: String,
    /// By these it is told from a file that was put there since.
    bytes: u64,
    modified: u128,
    /// What was asked of its answer alone.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub asked: Map<String, Value>,
}

/// All of them.
#[derive(Default)]
pub struct ReturnedSeeds(Mutex<Vec<Returned>>);

impl ReturnedSeeds {
    /// Those that `file` tells of. It is only a help: without it they have new numbers.
    pub fn read(file: &Path) -> ReturnedSeeds {
        let text = fs::read(file).unwrap_or_default();
        ReturnedSeeds(Mutex::new(
            serde_json::from_slice(&text).unwrap_or_default(),
        ))
    }

    /// Writes them into `file`.
    pub fn write(&self, file: &Path) {
        let written = self.with(|all| match all.is_empty() {
            true => files::remove(file),
            false => files::write(file, &serde_json::to_vec(all).unwrap_or_default()),
        });
        if let Err(error) = written {
            tracing::warn!(
                "cannot write {}: {error}; seeds get new numbers",
                file.display()
            );
        }
    }

    /// The seed of job `id` is back as `seed`, for `voice`.
    pub fn add(&self, id: i32, voice: Option<&str>, seed: &Path, asked: Map<String, Value>) {
        if let Some((name, bytes, modified)) = identity(seed) {
            let voice = voice.map(str::to_owned);
            self.with(|all| {
                all.push(Returned {
                    id,
                    voice,
                    name,
                    bytes,
                    modified,
                    asked,
                })
            });
        }
    }

    /// What was known of `seed`, which lies there for `voice`, if it is one of them.
    pub fn take(&self, voice: Option<&str>, seed: &Path) -> Option<Returned> {
        self.with(|all| {
            let (name, bytes, modified) = match all.is_empty() {
                true => return None,
                false => identity(seed)?,
            };
            let is_it = |one: &Returned| {
                one.voice.as_deref() == voice
                    && (&one.name, one.bytes, one.modified) == (&name, bytes, modified)
            };
            let place = all.iter().position(is_it)?;
            Some(all.remove(place))
        })
    }

    fn with<T>(&self, what: impl FnOnce(&mut Vec<Returned>) -> T) -> T {
        what(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn identity(seed: &Path) -> Option<(String, u64, u128)> {
    let metadata = seed.symlink_metadata().ok()?;
    let modified = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    let name = seed.file_name()?.to_str()?;
    Some((name.to_owned(), metadata.len(), modified.as_nanos()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_known_again_until_it_is_another() {
        let folder = tempfile::tempdir().unwrap();
        let (file, seed) = (folder.path().join("returned"), folder.path().join("a.wav"));
        fs::write(&seed, "a").unwrap();
        let asked: Map<_, _> = [("follow".to_owned(), Value::from(1))]
            .into_iter()
            .collect();
        let seeds = ReturnedSeeds::default();
        seeds.add(7, Some("bells"), &seed, asked.clone());
        seeds.write(&file);
        let again = || ReturnedSeeds::read(&file);
        assert_eq!(again().take(None, &seed), None);
        let known = again().take(Some("bells"), &seed).unwrap();
        assert_eq!((known.id, known.asked), (7, asked));
        fs::write(&seed, "another").unwrap();
        assert_eq!(again().take(Some("bells"), &seed), None);
        ReturnedSeeds::default().write(&file);
        assert!(!file.exists());
    }
}
