//! What the page is about, and what all of its parts share.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Thread;

use axum::http::StatusCode;
use serde_json::Value;
use tokio::sync::Semaphore;

use super::blocking;
use super::events::News;
use super::facts::SoundFacts;
use super::gallery::{Seen, Unseen};
use super::known::Known;
use super::look::Look;
use super::place::Place;
use super::process::Program;
use super::refusal::{Refusal, of_disk};

/// Sounds that are looked at, drawn or judged at the same time.
const AT_ONCE: usize = 2;
/// The most sentences and numbers that are kept, of as many files, and the most pictures.
const MOST_KNOWN: usize = 4096;
const MOST_PICTURES: usize = 128;

/// Which page it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageKind {
    /// Where models are made and heard.
    Studio,
    /// Where a daemon is looked at.
    Gallery {
        /// Whether seeds that failed can be tried again.
        control: bool,
    },
}

/// What the page is about.
#[derive(Debug)]
pub struct Site {
    /// Where everything lies.
    pub place: Place,
    pub kind: PageKind,
    pub program: Program,
    /// Threads of training and of measuring.
    pub threads: usize,
    /// What `antiphon --version` says of this program: its version, and its commit.
    pub version: (&'static str, &'static str),
    pub sounds: Sounds,
    /// What models say of themselves.
    pub models: Known<Value>,
    pub gallery: Look<Result<Seen, Unseen>>,
    pub news: News,
    /// Who measures the machine: two at once would measure each other.
    pub measuring: Arc<Semaphore>,
    /// Who chooses a name that is free, or changes a file.
    changing: Mutex<()>,
    /// The thread that begins what waits.
    beginner: Mutex<Option<Thread>>,
}

/// What was found out about sounds.
#[derive(Debug)]
pub struct Sounds {
    pub facts: Known<SoundFacts>,
    pub pictures: Known<Arc<str>>,
    pub verdicts: Known<Value>,
    /// Of those who decode, draw or judge them.
    pub turns: Arc<Semaphore>,
}

impl Site {
    /// Of what lies at `place`.
    pub fn new(
        place: Place,
        kind: PageKind,
        program: Program,
        threads: usize,
        version: (&'static str, &'static str),
    ) -> Site {
        Site {
            place,
            kind,
            program,
            threads,
            version,
            sounds: Sounds {
                facts: Known::at_most(MOST_KNOWN),
                pictures: Known::at_most(MOST_PICTURES),
                verdicts: Known::at_most(MOST_KNOWN),
                turns: Arc::new(Semaphore::new(AT_ONCE)),
            },
            models: Known::at_most(MOST_KNOWN),
            gallery: Look::default(),
            news: News::new(kind),
            measuring: Arc::new(Semaphore::new(1)),
            changing: Mutex::new(()),
            beginner: Mutex::new(None),
        }
    }

    /// Begins `antiphon ARGUMENTS` at the root, with a log at `log`.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn begin(self: &Arc<Site>, arguments: &[OsString], log: &Path) -> io::Result<()> {
        let site = Arc::clone(self);
        let then = move || site.wake();
        self.program.begin(arguments, self.place.root(), log, then)
    }

    /// One request after the other: what a name is free for, and what stands in a file, is not
    /// to change between the look at it and what follows from that.
    pub fn change<T>(&self, change: impl FnOnce() -> Result<T, Refusal>) -> Result<T, Refusal> {
        let _turn = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        change()
    }

    /// Has `thread` woken when something waits, or is over.
    pub fn set_beginner(&self, thread: Thread) {
        *self.beginner.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
    }

    /// Has it looked whether something can be begun.
    pub fn wake(&self) {
        let beginner = self.beginner.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(thread) = &*beginner {
            thread.unpark();
        }
    }

    /// Removes the file `name` in `folder`.
    ///
    /// # Errors
    ///
    /// 404 where there is none.
    pub async fn remove(
        self: Arc<Site>,
        folder: &'static str,
        name: &str,
    ) -> Result<StatusCode, Refusal> {
        let name = name.to_owned();
        blocking(move || {
            let path = self.place.at(folder, &name)?;
            // Of a link what it leads to is somebody's, and stays.
            self.place.existing(&path)?;
            std::fs::remove_file(&path).map_err(of_disk(&name))?;
            Ok(StatusCode::NO_CONTENT)
        })
        .await
    }
}
