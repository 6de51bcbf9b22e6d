//! What OSC messages ask of a running daemon.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::answer_options::find_model;
use super::log_tap;
use crate::answer::{Changes, Settings};
use crate::bundled;
use crate::hyperparameters::Hyperparameters;
use crate::osc::{self, House, LogLevel, Wanted};
use crate::status::Counts;
use crate::trained_model::TrainedModel;
use crate::watch::voices::Roll;
use crate::watch::{self, Event, Found, Journal, Later, Remote, Request, Which};

/// From one count of the folder to the next, however often somebody asks.
const BETWEEN_COUNTS: Duration = Duration::from_millis(250);

/// The name of the model and of the voice that the options say.
const DEFAULT: &str = "default";
/// The models of a watched folder that can be chosen.
const MODELS: &str = "models";

/// The daemon, as those see it who ask over OSC.
pub struct Daemon {
    /// The folder that is watched.
    pub root: PathBuf,
    pub remote: Remote,
    pub settings: Settings,
    /// The model that answers unless somebody chooses.
    pub model: String,
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
        let (voice, changes) = self.settings.now();
        Ok(osc::Status {
            waiting: counts.waiting,
            working: counts.working,
            done: counts.done,
            failed: counts.failed,
            model: changes.model.unwrap_or_else(|| self.model.clone()),
            voice: voice.unwrap_or_else(|| DEFAULT.to_owned()),
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

    fn choose_model(&self, name: &str) -> Result<String, String> {
        let chosen = match name {
            DEFAULT => None,
            name => Some(self.find_model(name)?),
        };
        self.settings.choose_model(chosen);
        Ok(name.to_owned())
    }

    fn choose_voice(&self, name: &str) -> Result<String, String> {
        let chosen = Some(name).filter(|name| *name != DEFAULT);
        if let Some(name) = chosen {
            self.check_voice(name)?;
        }
        self.settings.choose_voice(chosen.map(str::to_owned));
        Ok(name.to_owned())
    }

    fn set(&self, key: &str, value: Value) -> Result<Value, String> {
        let set = self.settings.set(key, value);
        set.map_err(|error| error.to_string())
    }

    fn get(&self, key: &str) -> Result<Value, String> {
        self.settings.get(key).map_err(|error| error.to_string())
    }

    fn reset(&self) -> Result<(), String> {
        self.settings.reset();
        Ok(())
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
            Some(Value::String(name)) => Some(name).filter(|name| name != DEFAULT),
            Some(_) => return Err("voice is to be a name".to_owned()),
            None => None,
        };
        if let Some(Value::String(name)) = asked.get("model").cloned() {
            match &*name {
                DEFAULT => drop(asked.remove("model")),
                name => drop(asked.insert("model".to_owned(), self.find_model(name)?.0.into())),
            }
        }
        if let Some(name) = &named {
            self.check_voice(name)?;
        }
        Changes::of(asked.clone()).map_err(|error| error.to_string())?;
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

    /// The path or name of the model that is called `name`, and what it is.
    fn find_model(&self, name: &str) -> Result<(String, Hyperparameters), String> {
        let is_plain = !name.contains(['/', '\\']) && !name.starts_with('.');
        let file = self.root.join(MODELS).join(format!("{name}.onnx"));
        let found = match (is_plain && file.is_file(), bundled::find(name)) {
            (true, _) => file.to_string_lossy().into_owned(),
            (false, Some(model)) => model.name.to_owned(),
            (false, None) => return Err(self.no_model(name)),
        };
        let file = find_model(&found)?;
        let model = TrainedModel::from_bytes(&file.bytes, found.as_ref());
        let model = model.map_err(|error| error.to_string())?;
        Ok((found, model.hyperparameters))
    }

    fn no_model(&self, name: &str) -> String {
        format!(
            "there is no model {name}: bundled are {}, and others lie in {}",
            bundled::MODELS
                .each_ref()
                .map(|model| model.name)
                .join(", "),
            self.root.join(MODELS).display()
        )
    }

    fn check_voice(&self, name: &str) -> Result<(), String> {
        let roll = Roll::call(&self.root).map_err(|error| error.to_string())?;
        if roll.voices.contains(name) {
            return Ok(());
        }
        let known: Vec<_> = roll.voices.into_iter().collect();
        Err(match known.is_empty() {
            true => format!("there is no voice {name}: there are none in voices/"),
            false => format!("there is no voice {name}: there are {}", known.join(", ")),
        })
    }
}
