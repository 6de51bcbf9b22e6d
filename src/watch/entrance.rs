//! A folder where seeds are put, `seeds/` itself or a voice's in it, and what was told of
//! what lies there.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use super::Event;
use super::error::{SpoolError, failed_to};
use super::inbox::{Arrived, Inbox};
use super::notifications::Hint;
use super::queue::Queue;
use super::remote::Later;
use super::site::Site;
use crate::names::readable;
use crate::system;

/// A seed that cannot be claimed, though the folders can be used, is tried again
/// after this.
const SET_ASIDE: Duration = Duration::from_secs(30);

/// What was told of a seed that went on changing after it was claimed, and is back
/// where it was put.
#[derive(Clone, Copy)]
pub struct Unfinished {
    /// The number that it keeps.
    pub id: i32,
    /// How often it went on changing.
    pub times: u32,
}

/// What somebody wants of a seed that waits, and who hears what becomes of that, whatever
/// it is.
pub struct Wish {
    /// Of its answer alone.
    pub asked: Map<String, Value>,
    later: Option<Later<i32>>,
}

impl Wish {
    /// `later` hears the seed's number.
    pub fn new(asked: Map<String, Value>, later: Later<i32>) -> Wish {
        let later = Some(later);
        Wish { asked, later }
    }

    /// Tells what has become of it.
    pub fn answer(mut self, answer: Result<i32, String>) {
        if let Some(later) = self.later.take() {
            later(answer);
        }
    }
}

impl Drop for Wish {
    fn drop(&mut self) {
        if let Some(later) = self.later.take() {
            later(Err("nobody looks into that folder any more".to_owned()));
        }
    }
}

/// A folder where seeds are put.
pub struct Entrance {
    /// Whose seeds, if not the default voice's.
    pub voice: Option<String>,
    /// The files in it.
    pub inbox: Inbox,
    /// By their names there.
    pub unfinished: HashMap<OsString, Unfinished>,
    /// Likewise, by their names there.
    pub wishes: HashMap<OsString, Wish>,
    /// Numbers of jobs whose claims were left in the middle, by the names of their seeds.
    pub half_claimed: HashMap<OsString, i32>,
    folder: PathBuf,
    /// Which folder it is.
    identity: Option<(u64, u64)>,
    /// Why it could not be looked into the last time.
    complaint: Option<String>,
}

impl Entrance {
    /// For seeds of `voice`, or of the default one.
    pub fn new(site: &Site, voice: Option<String>) -> Entrance {
        let folder = site.spool.root().seeds_of(voice.as_deref());
        Entrance {
            inbox: Inbox::new(&folder, voice.as_deref(), site.setup.patience),
            unfinished: HashMap::new(),
            half_claimed: HashMap::new(),
            wishes: HashMap::new(),
            identity: identity(&folder),
            complaint: None,
            folder,
            voice,
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether its folder is the one that was opened.
    pub fn is_there(&self) -> bool {
        self.identity.is_some() && identity(&self.folder) == self.identity
    }

    /// The folder was made anew: of its files nothing was heard.
    pub fn renew(&mut self) {
        self.identity = identity(&self.folder);
        self.inbox.notifications_lost();
    }

    /// The system tells of something in the folder at `now`.
    pub fn hear(&mut self, hint: &Hint, now: Instant) {
        match hint {
            Hint::Closed(name) => self.inbox.closed(name, now),
            Hint::Modified(name) => self.inbox.modified(name, now),
            Hint::Changed => {}
            Hint::Lost => self.inbox.notifications_lost(),
        }
    }

    /// Looks into the folder: what has become complete, `most` at most.
    ///
    /// # Errors
    ///
    /// When it cannot be looked into.
    pub fn scan(&mut self, now: Instant, most: usize) -> io::Result<Vec<Arrived>> {
        let arrived = self.inbox.scan(now, most);
        if arrived.is_ok() {
            self.complaint = None;
        }
        arrived
    }

    /// What is to be told of a voice's folder that could not be looked into: nothing of
    /// one that is gone, which is made again, nor the same twice.
    pub fn complain(&mut self, error: io::Error) -> Option<String> {
        if error.kind() == io::ErrorKind::NotFound {
            return None;
        }
        let error = failed_to("look into", &self.folder)(error).to_string();
        let is_new = self.complaint.as_ref() != Some(&error);
        self.complaint = Some(error.clone());
        is_new.then_some(error)
    }

    /// What was `earlier` told of as seen is the same seed when it is complete, or is
    /// told of as missing when it does not come back.
    pub fn look_again(&mut self, name: OsString, earlier: Option<Unfinished>) {
        self.inbox.forget(&name);
        if let Some(earlier) = earlier {
            self.inbox.mistaken(&name, earlier.times, Instant::now());
            self.unfinished.insert(name, earlier);
        }
    }

    /// The seed `name` could not be claimed: all wait, or it alone, if the folders
    /// can be used.
    pub fn leave(&mut self, name: &OsStr, error: &SpoolError, queue: &mut Queue) {
        match queue.probe() {
            true => {
                let until = Instant::now() + SET_ASIDE;
                self.inbox.set_aside(name, error.to_string(), until);
            }
            false => self.inbox.forget(name),
        }
    }

    /// Somebody wants something of the seed `name`.
    pub fn ask(&mut self, name: OsString, wish: Wish) {
        if let Some(earlier) = self.wishes.insert(name, wish) {
            earlier.answer(Err("somebody asked for the same sound again".to_owned()));
        }
    }

    /// Tells those who want something of seeds that are not there.
    pub fn refuse_missing(&mut self) {
        let folder = &self.folder;
        let is_missing = |name: &OsString| !folder.join(name).exists();
        for (name, wish) in self.wishes.extract_if(|name, _| is_missing(name)) {
            let why = format!("{} is not in seeds/ any more", readable(&name));
            wish.answer(Err(why));
        }
    }

    /// Seeds that were told of as seen, and have gone since.
    pub fn take_missing(&mut self) -> Vec<(OsString, i32)> {
        let inbox = &self.inbox;
        let missing = self.unfinished.extract_if(|name, _| !inbox.knows(name));
        missing
            .map(|(name, unfinished)| (name, unfinished.id))
            .collect()
    }
}

/// Of the seed `name`, which was told of as `id` and lay in the folder of `voice`,
/// unfinished, when the voice went.
pub fn left_behind(id: i32, voice: &str, name: &OsStr) -> Event {
    let name = readable(name);
    Event::Failed {
        id,
        voice: Some(voice.to_owned()),
        reason: format!(
            "{name} was not complete when the voice {voice} went; it stays in seeds/{voice}/"
        ),
    }
}

fn identity(folder: &Path) -> Option<(u64, u64)> {
    let metadata = folder.metadata().ok()?;
    metadata.is_dir().then(|| system::identity(&metadata))
}
