//! The seeds that have no answer yet, and the voices that are to give them.

use std::collections::BTreeSet;
use std::fs::DirEntry;
use std::path::Path;

use super::StatusError;
use super::listing::{entries_in, files_in};
use crate::watch::voices::{Roll, shown};
use crate::watch::{folders, may_be_a_seed};

/// A seed that has no answer yet.
pub struct Unanswered {
    /// Who is to answer it, if not the default voice.
    pub voice: Option<String>,
    pub entry: DirEntry,
    /// The number of its job, once it has one.
    pub job: Option<i32>,
}

impl Unanswered {
    /// What it is called, as it was put into seeds/.
    pub fn shown(&self) -> String {
        shown(self.voice.as_deref(), &self.entry.file_name())
    }
}

/// The seeds in the jobs' own folders.
#[derive(Default)]
pub struct Claimed {
    /// Those that a process has begun to answer.
    pub begun: Vec<Unanswered>,
    /// Those that wait for their turn.
    pub queued: Vec<Unanswered>,
}

impl Claimed {
    /// Those under `root`.
    pub fn under(root: &Path) -> Result<Claimed, StatusError> {
        let mut claimed = Claimed::default();
        let is_attempt = |entry: &DirEntry| {
            let name = entry.file_name();
            name.to_string_lossy().starts_with(folders::ATTEMPT)
        };
        for job in entries_in(&root.join(folders::WORK))? {
            let voice = folders::voice_of_job(&job.file_name()).map(str::to_owned);
            let seeds = files_in(&job.path())?.into_iter();
            let seeds = seeds.map(|entry| Unanswered {
                voice: voice.clone(),
                entry,
                job: folders::job_of(&job.file_name()),
            });
            match entries_in(&job.path())?.iter().any(is_attempt) {
                true => claimed.begun.extend(seeds),
                false => claimed.queued.extend(seeds),
            }
        }
        Ok(claimed)
    }
}

/// The voices beside the default one.
pub fn voices_of(root: &Path) -> Result<BTreeSet<String>, StatusError> {
    let roll = Roll::call(root).map_err(|cause| StatusError::Folder {
        path: root.join(folders::VOICES),
        cause,
    })?;
    Ok(roll.voices)
}

/// The seeds that wait: in seeds/ and in the folders of `voices` there, and what is
/// `queued`.
pub fn waiting(
    root: &Path,
    voices: &BTreeSet<String>,
    queued: Vec<Unanswered>,
) -> Result<Vec<Unanswered>, StatusError> {
    let mut waiting = queued;
    let seeds = root.join(folders::SEEDS);
    for voice in voices.iter().map(Some).chain([None]) {
        let folder = voice.map_or(seeds.clone(), |voice| seeds.join(voice));
        let found = seeds_in(&folder)?.into_iter();
        waiting.extend(found.map(|entry| Unanswered {
            voice: voice.cloned(),
            entry,
            job: None,
        }));
    }
    Ok(waiting)
}

/// The files in `folder` that are seeds or may become seeds.
fn seeds_in(folder: &Path) -> Result<Vec<DirEntry>, StatusError> {
    let mut seeds = files_in(folder)?;
    seeds.retain(|entry| may_be_a_seed(&entry.path()));
    Ok(seeds)
}
