//! A claimed seed in its job's own folder, with the markers beside it.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::error::{SpoolError, failed_to};
use super::folders::{ASKED, SET_IN_THE_MAKING, voice_of_job};
use super::root::Root;
use super::seed_names::stem;
use super::steps::names_in;
use crate::files;
use crate::names::readable;

/// A seed that belongs to this process until it is published, failed or released.
pub struct Claim {
    id: i32,
    name: OsString,
    voice: Option<String>,
    /// The job's own folder in work/, which holds the seed under its own name.
    folder: PathBuf,
    tmp: PathBuf,
}

impl Claim {
    /// Of the seed `name`, as job `id`, in its `folder` under `root`.
    pub fn new(root: &Root, folder: PathBuf, id: i32, name: OsString) -> Claim {
        Claim {
            voice: voice_of_job(folder.file_name().unwrap_or_default()).map(str::to_owned),
            folder,
            tmp: root.tmp().to_owned(),
            id,
            name,
        }
    }

    /// The job's number.
    pub fn id(&self) -> i32 {
        self.id
    }

    /// The seed's name, as it was in `seeds/` or the voice's folder there.
    pub fn name(&self) -> &OsStr {
        &self.name
    }

    /// What its answer is called, apart from a number.
    pub fn stem(&self) -> OsString {
        // A patch is told of it, and messages hold text only.
        stem(OsStr::new(&readable(&self.name)))
    }

    /// The voice that is to answer it, if not the default one.
    pub fn voice(&self) -> Option<&str> {
        self.voice.as_deref()
    }

    /// The job's own folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the seed is while it is worked on.
    pub fn seed(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    /// Where its prediction is written before it is published.
    pub fn unpublished_prediction(&self) -> PathBuf {
        self.temporary("wav")
    }

    /// Where the folder of its set is made before it is published.
    pub fn unpublished_set(&self) -> PathBuf {
        self.temporary(SET_IN_THE_MAKING)
    }

    /// A file of the job with `extension`, before it is delivered.
    pub fn temporary(&self, extension: &str) -> PathBuf {
        self.tmp.join(format!("{:06}.{extension}", self.id))
    }

    /// What is asked of its answer alone: nothing of most.
    pub fn asked(&self) -> Map<String, Value> {
        let Ok(text) = fs::read(self.folder.join(ASKED)) else {
            return Map::new();
        };
        serde_json::from_slice(&text).unwrap_or_else(|error| {
            tracing::warn!(job = self.id, "what was asked of it is lost: {error}");
            Map::new()
        })
    }

    /// Keeps what is asked of its answer alone, also for the next process.
    pub fn ask(&self, asked: &Map<String, Value>) -> Result<(), SpoolError> {
        if asked.is_empty() {
            return Ok(());
        }
        let file = self.folder.join(ASKED);
        let text = Value::from(asked.clone()).to_string();
        files::write(&file, text.as_bytes()).map_err(failed_to("write", &file))
    }

    /// The names of the markers that begin with `prefix`.
    pub fn markers(&self, prefix: &str) -> Result<Vec<String>, SpoolError> {
        let names = names_in(&self.folder)?;
        let names = names.iter().filter_map(|name| name.to_str());
        let marked = names.filter(|name| name.starts_with(prefix));
        Ok(marked.map(str::to_owned).collect())
    }

    /// The number that the marker of `prefix` has, if there is one.
    pub fn number_of(&self, prefix: &str) -> Result<Option<u32>, SpoolError> {
        let markers = self.markers(prefix)?;
        Ok(markers.iter().find_map(|m| m[prefix.len()..].parse().ok()))
    }

    /// Sets the marker of `prefix` to `number`; there is one at any moment.
    pub fn mark(&self, prefix: &str, number: u32) -> Result<(), SpoolError> {
        let marker = self.folder.join(format!("{prefix}{number:04}"));
        let marked = match self.markers(prefix)?.first() {
            Some(earlier) => files::publish(&self.folder.join(earlier), &marker),
            None => files::touch(&marker),
        };
        marked.map_err(failed_to("make", &marker))?;
        files::sync_folder(&self.folder).map_err(failed_to("sync", &self.folder))
    }

    /// `text` with the seed called what its owner called it.
    pub fn in_the_users_words(&self, text: &str) -> String {
        text.replace(&self.seed().display().to_string(), &readable(&self.name))
    }

    /// Removes what is left of the markers of `prefix`.
    pub fn unmark(&self, prefix: &str) -> Result<(), SpoolError> {
        for marker in self.markers(prefix)? {
            let marker = self.folder.join(marker);
            files::remove(&marker).map_err(failed_to("remove", &marker))?;
        }
        // What was to be moved goes next, and would seem to have been moved.
        files::sync_folder(&self.folder).map_err(failed_to("sync", &self.folder))
    }

    /// Removes what was to be delivered.
    pub fn remove_temporaries(&self) -> Result<(), SpoolError> {
        let set = self.unpublished_set();
        files::remove_tree(&set).map_err(failed_to("remove", &set))?;
        for path in ["wav", "json", "txt"].map(|extension| self.temporary(extension)) {
            files::remove(&path).map_err(failed_to("remove", &path))?;
        }
        Ok(())
    }
}
