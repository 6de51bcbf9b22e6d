//! How far a run has come, as a file that whoever looks on reads.

use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::files;

/// Its name.
pub(super) const PROGRESS: &str = "progress.json";

/// How far a run has come, as `progress.json` in its folder says. It is written about once a
/// second, and is nothing that outlives a crash: of a run that was killed, or failed, it says
/// how far it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunProgress {
    /// Training steps, those before the run was gone on with too.
    pub step: u64,
    /// Passes through the recordings.
    pub epochs: f64,
    /// How much of the run is done, from 0 to 1.
    pub share: f64,
    /// Seconds that the rest takes at this session's pace.
    pub remaining: f64,
    /// Since this session began.
    pub steps_per_second: f64,
    /// Mean loss of the last steps.
    pub loss: f64,
    /// The least that it was.
    pub best: f64,
    /// The loss on what is held out, as it was last measured.
    pub held_out: Option<f64>,
    /// The least that it was.
    pub best_held_out: Option<f64>,
    /// Whether it goes on. See [`is_training`](super::is_training) for whether it really does.
    pub state: RunState,
    /// Sentences on how the loss goes, where that is worth a word.
    pub remarks: Vec<String>,
}

/// Whether a run goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    /// It goes on, unless its process was killed or failed.
    Training,
    /// It came to its end, and has a model.
    Ended,
    /// It was asked to end before, and has a model.
    Stopped,
}

impl RunProgress {
    /// That of the run in `folder`; none where it has not been written, as by earlier versions.
    pub fn read(folder: &Path) -> Option<RunProgress> {
        serde_json::from_slice(&fs::read(folder.join(PROGRESS)).ok()?).ok()
    }

    /// Writes it down in `folder`, whole or not at all.
    ///
    /// # Errors
    ///
    /// Those of the disk.
    pub(super) fn write(&self, folder: &Path) -> io::Result<()> {
        files::replace(&folder.join(PROGRESS), &serde_json::to_vec(self)?)
    }
}
