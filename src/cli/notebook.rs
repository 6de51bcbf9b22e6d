//! What only the daemon knows, written down for `antiphon status` and whoever else asks.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use crate::answer::{Settings, Voice};
use crate::osc::Tally;
use crate::service::Words;
use crate::status::{ArrivingFile, DaemonState, JobProgress, Troubles};
use crate::watch::Event;

/// Writes down what only the daemon knows: what has changed, when the daemon says that it is
/// alive, which is once a second. What cannot be written is tried again the next time.
pub struct Notebook {
    root: PathBuf,
    /// Of what is received over OSC, where anything is.
    tally: Option<Tally>,
    /// When the daemon began, in seconds since 1970.
    since: f64,
    /// The models of the default voice, unless another one is chosen by `settings`.
    models: Vec<String>,
    settings: Settings,
    /// What it was started with, where its words are text.
    command: Option<String>,
    pages: Mutex<Pages>,
}

struct Pages {
    /// Silent seeds that were removed.
    skipped: u64,
    /// How far the jobs are that are being answered.
    works: BTreeMap<i32, JobProgress>,
    /// The state, as it was written last.
    state: Option<DaemonState>,
    troubles: Troubles,
    are_troubles_written: bool,
}

impl Notebook {
    /// Of a daemon that begins to watch `root`, where `voice` answers unless `settings` say
    /// otherwise.
    pub fn new(root: &Path, tally: Option<Tally>, voice: &Voice, settings: Settings) -> Notebook {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let models = voice.models().into_iter().map(name_of);
        Notebook {
            root: root.to_owned(),
            tally,
            since: since.unwrap_or_default().as_secs_f64(),
            models: models.collect(),
            settings,
            command: command(),
            pages: Mutex::new(Pages {
                skipped: 0,
                works: BTreeMap::new(),
                state: None,
                troubles: Troubles::read(root),
                are_troubles_written: true,
            }),
        }
    }

    /// Hears what happens.
    pub fn hear(&self, event: &Event) {
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Progress {
                id, percent, eta, ..
            } => {
                let progress = JobProgress {
                    id: *id,
                    share: f64::from(*percent) / 100.0,
                    remaining: (10.0 * eta).round() / 10.0,
                };
                pages.works.insert(*id, progress);
            }
            // The folder was away, and all that was begun was ended.
            Event::Ready => pages.works.clear(),
            Event::Seen { id, .. } => drop(pages.works.remove(id)),
            Event::Skipped { id, .. } => {
                pages.skipped += 1;
                pages.works.remove(id);
            }
            Event::Alive { arriving, trouble } => {
                let arriving = arriving.iter().map(ArrivingFile::from).collect();
                self.write_state(&mut pages, arriving);
                self.write_troubles(&mut pages, trouble.as_deref());
            }
            event => {
                if let Some(id) = event.id().filter(|_| event.is_an_end()) {
                    pages.works.remove(&id);
                }
            }
        }
    }

    fn write_state(&self, pages: &mut Pages, arriving: Vec<ArrivingFile>) {
        let state = DaemonState {
            since: Some(self.since),
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            models: self.models(),
            command: self.command.clone(),
            arriving,
            osc: self.tally.as_ref().map(Tally::snapshot).unwrap_or_default(),
            skipped: pages.skipped,
            works: pages.works.values().cloned().collect(),
        };
        if pages.state.as_ref() != Some(&state) {
            pages.state = state.write(&self.root).ok().map(|()| state);
        }
    }

    fn models(&self) -> Vec<String> {
        let (_, changes) = self.settings.now();
        let chosen = changes.model.map(|chosen| vec![name_of(&chosen)]);
        chosen.unwrap_or_else(|| self.models.clone())
    }

    fn write_troubles(&self, pages: &mut Pages, trouble: Option<&str>) {
        let is_news = pages.troubles.note(trouble, SystemTime::now());
        if is_news || !pages.are_troubles_written {
            pages.are_troubles_written = pages.troubles.write(&self.root).is_ok();
        }
    }
}

/// This program's own command, and the folder that its paths start from.
fn command() -> Option<String> {
    let folder = env::current_dir().ok()?.into_os_string();
    let words = env::args_os().map(OsString::into_string);
    let words = without_secrets(words.collect::<Result<_, _>>().ok()?);
    let folder = Words(vec![folder.into_string().ok()?]);
    Some(format!("cd {folder} && {}", Words(words)))
}

/// `words` of a command without what lets somebody in at a server: they are shown to whoever
/// sees the page.
fn without_secrets(words: Vec<String>) -> Vec<String> {
    let mut is_address = false;
    let shown = |word: String| {
        let was_address = std::mem::replace(&mut is_address, word == "--nats");
        match was_address || word.starts_with("--nats=") || word.contains("://") {
            true => without_login(&word),
            false => word,
        }
    };
    words.into_iter().map(shown).collect()
}

/// `address` without name and password; its scheme may be left out.
fn without_login(address: &str) -> String {
    let Some((before, host)) = address.rsplit_once('@') else {
        return address.to_owned();
    };
    let kind = match (before.split_once("://"), before.split_once('=')) {
        (Some((kind, _)), _) => format!("{kind}://"),
        (None, Some((option, _))) if option.starts_with("--") => format!("{option}="),
        _ => String::new(),
    };
    format!("{kind}SECRET@{host}")
}

/// The name of `model`, which may be a path.
fn name_of(model: &str) -> String {
    let name = Path::new(model).file_name();
    name.map_or(model.to_owned(), |name| name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_stands_in_the_command_that_is_shown() {
        for (typed, shown) in [
            (
                "--nats nats://ana:p@ss@hub:4222",
                "--nats nats://SECRET@hub:4222",
            ),
            ("--nats=tls://token@hub", "--nats=tls://SECRET@hub"),
            ("--nats ana:secret@hub", "--nats SECRET@hub"),
            ("--nats=ana:secret@hub", "--nats=SECRET@hub"),
            ("--nats hub:4222 --root a@b", "--nats hub:4222 --root a@b"),
        ] {
            let words = typed.split(' ').map(str::to_owned).collect();
            assert_eq!(without_secrets(words).join(" "), shown);
        }
    }
}
