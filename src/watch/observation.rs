//! What was seen of one file in `seeds/`, and how it stands.

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use super::arrival::{Content, Decision, Doubt, Evidence, Proof};
use crate::system::{self, writers};

/// A writer has closed a file a little before nobody has it open any more.
const CLOSING: Duration = Duration::from_millis(100);
/// How soon a file that is being closed is looked at again.
pub const CLOSING_LOOK: Duration = Duration::from_millis(3);
/// How soon a file that has to rest is looked at again, to see how its recorder pauses.
const RESTING_LOOK: Duration = Duration::from_millis(100);

/// What was seen of a file.
pub struct Observation {
    length: u64,
    modified: Option<SystemTime>,
    identity: (u64, u64),
    /// When it was last seen to change.
    changed: Instant,
    longest_pause: Duration,
    /// Whether its last writer closed it, going by notifications.
    closed: Option<bool>,
    closed_at: Option<Instant>,
    /// As it is now, once looked at.
    content: Option<Content>,
    standing: Standing,
    /// See [`Evidence::mistaken`].
    mistaken: u32,
    arrival: u64,
}

/// How a file stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    /// It was not looked at since it changed.
    New,
    /// It is not complete, for this reason.
    Arriving(Doubt),
    /// Neither called a sound nor one.
    NoSound,
    /// It could not be opened or read, for this reason.
    Unreadable(String),
    /// It was reported as complete.
    Reported,
    /// It was reported, could not be taken for this reason, and is reported again then.
    SetAside(String, Instant),
}

impl Observation {
    /// Of a file that is seen for the first time, as the `arrival`th of all.
    pub fn new(metadata: &Metadata, now: Instant, arrival: u64) -> Observation {
        Observation {
            length: metadata.len(),
            modified: metadata.modified().ok(),
            identity: system::identity(metadata),
            changed: now,
            longest_pause: Duration::ZERO,
            closed: None,
            closed_at: None,
            content: None,
            standing: Standing::New,
            mistaken: 0,
            arrival,
        }
    }

    /// Its place among all files in the order of their arrival.
    pub fn arrival(&self) -> u64 {
        self.arrival
    }

    /// Its length in bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// How it stands.
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// For how long it has not been seen to change.
    pub fn unchanged(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.changed)
    }

    /// Whether it was reported as complete and still is as it was then.
    pub fn is_as_reported(&self, metadata: &Metadata) -> bool {
        self.standing == Standing::Reported && self.matches(metadata)
    }

    /// Notes that its writer closed it.
    pub fn note_closed(&mut self, now: Instant) {
        self.closed = Some(true);
        self.closed_at = Some(now);
    }

    /// Notes that somebody wrote to it.
    pub fn note_modified(&mut self) {
        self.closed = Some(false);
    }

    /// Notes that it is not known any more whether its writer closed it.
    pub fn note_lost_notifications(&mut self) {
        self.closed = None;
    }

    /// Notes that it was reported `times` times and went on changing.
    pub fn note_mistaken(&mut self, times: u32) {
        self.mistaken = times;
    }

    /// It was reported and could not be taken, because of `reason`: it is reported
    /// again at `until`.
    pub fn set_aside(&mut self, reason: String, until: Instant) {
        self.standing = Standing::SetAside(reason, until);
    }

    /// Sees it again, as something else if it has changed.
    pub fn see(&mut self, metadata: &Metadata, now: Instant) {
        if !self.matches(metadata) {
            self.change(metadata, now);
        }
    }

    fn matches(&self, metadata: &Metadata) -> bool {
        self.length == metadata.len()
            && self.modified == metadata.modified().ok()
            && self.identity == system::identity(metadata)
    }

    /// It has changed.
    fn change(&mut self, metadata: &Metadata, now: Instant) {
        let identity = system::identity(metadata);
        if self.identity != identity {
            // Another file in its place, of which nothing is known.
            *self = Observation::new(metadata, now, self.arrival);
            return;
        }
        self.length = metadata.len();
        self.modified = metadata.modified().ok();
        self.longest_pause = self.longest_pause.max(now - self.changed);
        self.changed = now;
        self.content = None;
        self.standing = Standing::New;
        if self.closed == Some(true) {
            self.closed = None;
        }
    }

    /// Looks at it again, at `path`, where a download that is to become it goes on
    /// or not; whether it has become complete.
    pub fn look(
        &mut self,
        path: &Path,
        now: Instant,
        patience: Duration,
        is_downloaded: bool,
    ) -> Option<Proof> {
        match &self.standing {
            Standing::Reported => return None,
            Standing::SetAside(_, until) if now < *until => return None,
            Standing::NoSound if self.content.is_some() => return None,
            _ => {}
        }
        match self.decide(path, now, patience, is_downloaded) {
            Ok(Some(Decision::Complete(proof))) => {
                self.standing = Standing::Reported;
                return Some(proof);
            }
            Ok(Some(Decision::Incomplete(doubt))) => self.standing = Standing::Arriving(doubt),
            Ok(None) => self.standing = Standing::NoSound,
            // Gone since; the next scan sees that.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => self.standing = Standing::Unreadable(error.to_string()),
        }
        None
    }

    /// `None` of what is no seed.
    fn decide(
        &mut self,
        path: &Path,
        now: Instant,
        patience: Duration,
        is_downloaded: bool,
    ) -> io::Result<Option<Decision>> {
        let file = File::open(path)?;
        // Asked first: what nobody writes now has the content that is seen next.
        let has_writer = writers::has_writer(&file);
        if has_writer == Some(true) {
            self.content = None;
            return Ok(Some(Decision::Incomplete(Doubt::HasWriter)));
        }
        let content = match self.content.take() {
            Some(content) => content,
            None => Content::of(path, &file)?,
        };
        let evidence = Evidence {
            has_writer,
            closed: self.closed,
            is_downloaded,
            content: &content,
            unchanged: self.unchanged(now),
            longest_pause: self.longest_pause,
            mistaken: self.mistaken,
        };
        let decision = content
            .may_be_a_seed(path.file_name().unwrap_or_default())
            .then(|| evidence.decide(patience));
        self.content = Some(content);
        Ok(decision)
    }

    /// When it has to be looked at again, whatever the system tells.
    pub fn due(&self, now: Instant) -> Option<Instant> {
        match &self.standing {
            Standing::New => Some(now),
            Standing::Arriving(Doubt::HasWriter) => {
                let is_closing = self.closed_at.is_some_and(|at| now - at < CLOSING);
                is_closing.then(|| now + CLOSING_LOOK)
            }
            Standing::Arriving(Doubt::Restless(left)) => Some(now + (*left).min(RESTING_LOOK)),
            Standing::Arriving(Doubt::Lacks(_, left)) => Some(now + *left),
            Standing::SetAside(_, until) => Some(*until),
            Standing::Arriving(Doubt::NotClosed | Doubt::Download)
            | Standing::NoSound
            | Standing::Unreadable(_)
            | Standing::Reported => None,
        }
    }
}
