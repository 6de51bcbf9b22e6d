//! How far what was asked for has come, as a file that whoever looks on reads.

use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::files;

/// How far an answer, or a set of them, has come. It is nothing that outlives a crash.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerProgress {
    /// Which answer is made, from 1 on.
    pub number: usize,
    /// How many there will be.
    pub of: usize,
    /// How much of everything that was asked for is made, from 0 to 1.
    pub share: f64,
    /// Seconds that the rest takes; none while that cannot be told.
    pub remaining: Option<f64>,
}

impl AnswerProgress {
    /// What the file at `path` says; none where it is not there or another one.
    pub fn read(path: &Path) -> Option<AnswerProgress> {
        AnswerProgress::parse(&fs::read(path).ok()?)
    }

    /// What such a file of these `bytes` says.
    pub fn parse(bytes: &[u8]) -> Option<AnswerProgress> {
        serde_json::from_slice(bytes).ok()
    }

    /// Writes it down at `path`, whole or not at all.
    ///
    /// # Errors
    ///
    /// Those of the disk.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        files::replace(path, &serde_json::to_vec(self)?)
    }
}
