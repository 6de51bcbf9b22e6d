//! What OSC messages ask of a running daemon.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::log_tap;
use crate::answer::FollowDial;
use crate::osc::{self, House, LogLevel, Wanted};
use crate::status::Counts;
use crate::watch::{self, Event, Found, Journal, Later, Remote, Request, Which};

/// From one count of the folder to the next, however often somebody asks.
const BETWEEN_COUNTS: Duration = Duration::from_millis(250);

/// The daemon, as those see it who ask over OSC.
pub struct Daemon {
    /// The folder that is watched.
    pub root: PathBuf,
    pub remote: Remote,
    pub settings: FollowDial,
    pub journal: Arc<Journal>,
    /// Bytes of the largest sound that is copied.
    pub max_seed_bytes: u64,
    pub begun: Instant,
    /// As they were counted last.
    pub counts: Mutex<Option<(Instant, Counts)>>,
}

impl Daemon {
    fn counts(&self) -> Result<Counts, String> {
        let mut counted = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        match *counted {
            Some((at, counts)) if at.elapsed() < BETWEEN_COUNTS => Ok(counts),
            _ => {
                let counts = Counts::of(&self.root).map_err(|error| error.to_string())?;
                *counted = Some((Instant::now(), counts));
                Ok(counts)
            }
        }
    }
}

impl House for Daemon {
    fn status(&self) -> Result<osc::Status, String> {
        let counts = self.counts()?;
        Ok(osc::Status {
            waiting: counts.waiting,
            working: counts.working,
            done: counts.done,
            failed: counts.failed,
            model: String::new(),
            voice: "default".to_owned(),
            last_id: self.journal.newest(),
            uptime: self.begun.elapsed().as_secs_f64(),
        })
    }

    fn generate(&self, wanted: Wanted, later: Later<i32>) {
        match self.request(wanted) {
            Ok(request) => self.remote.answer(request, later),
            Err(why) => later(Err(why)),
        }
    }

    fn cancel(&self, which: Which, later: Later<usize>) {
        self.remote.cancel(which, later);
    }

    fn set(&self, key: &str, value: Value) -> Result<Value, String> {
        match (key, value.as_f64()) {
            ("follow", Some(strength)) if (0.0..=1.0).contains(&strength) => {
                self.settings.turn(strength);
                Ok(value)
            }
            _ => Err(format!("{key} cannot be set")),
        }
    }

    fn since(&self, id: i32) -> Result<Vec<Event>, String> {
        Ok(self.journal.since(id))
    }

    fn log(&self, level: LogLevel) -> Result<(), String> {
        log_tap::turn(level);
        Ok(())
    }
}

impl Daemon {
    fn request(&self, wanted: Wanted) -> Result<Request, String> {
        let mut asked = wanted.values;
        let named = match asked.remove("voice") {
            Some(Value::String(name)) => Some(name).filter(|name| name != "default"),
            Some(_) => return Err("voice is to be a name".to_owned()),
            None => None,
        };
        let found = watch::find(&self.root, &wanted.path, self.max_seed_bytes);
        let Found { sound, voice } = found.map_err(|error| error.to_string())?;
        let is_copied = matches!(sound, watch::Sound::Copied { .. });
        match (&named, is_copied) {
            (Some(name), false) if named != voice => Err(format!(
                "{} waits in seeds/ for another voice; put it into seeds/{name}/",
                wanted.path
            )),
            _ => Ok(Request {
                sound,
                voice: named.or(voice),
                asked,
            }),
        }
    }
}
