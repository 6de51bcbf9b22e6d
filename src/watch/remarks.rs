//! What is to be told of things in `seeds/`, each once.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};

use crate::names::readable;

/// Of this many names at most it is remembered that they were told of, and of as
/// many that they were logged; of any beyond that nothing is said.
pub const MOST_NAMES: usize = 1000;

/// Sentences to be told, and of which names there were any.
#[derive(Default)]
pub struct Remarks {
    told: HashSet<OsString>,
    logged: HashSet<OsString>,
    pending: Vec<String>,
}

impl Remarks {
    /// Has `text` told, unless something was told of `name` before.
    pub fn tell_once(&mut self, name: &OsStr, text: &str) {
        if self.told.len() < MOST_NAMES && self.told.insert(name.to_owned()) {
            tracing::warn!("{text}");
            self.pending.push(text.to_owned());
        }
    }

    /// Logs that `name` is `what`, unless something was logged of it before.
    pub fn log_once(&mut self, name: &OsStr, what: &str) {
        if self.logged.len() < MOST_NAMES && self.logged.insert(name.to_owned()) {
            tracing::info!("{} stays where it is: it is {what}", readable(name));
        }
    }

    /// Forgets the names that are not among `present`: what comes back is told of anew.
    pub fn retain(&mut self, present: &HashSet<&OsStr>) {
        self.told.retain(|name| present.contains(name.as_os_str()));
        self.logged
            .retain(|name| present.contains(name.as_os_str()));
    }

    /// The sentences that nobody has taken yet.
    pub fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.pending)
    }
}
