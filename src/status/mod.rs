//! How things stand in a watched folder, read from the folder alone.

mod ended;
mod listing;
mod seeds;
mod troubles;

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, DirEntry, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::files;
use crate::system::disk::{self, Space};
use crate::watch::voices::shown;
use crate::watch::{self, Beat, Forecast, Pace, folders};
use ended::{Failed, answered};
use seeds::{Claimed, Unanswered, voices_of, waiting};
pub use troubles::{Trouble, Troubles};

/// Failures that are told with their reasons: as many as fit on a screen beside the rest.
const LAST_FAILURES: usize = 5;

/// A daemon that has not said for so long that it works does not, whatever it may be. It says
/// it each second; a look into a very large folder may take some.
const SILENCE: Duration = Duration::from_secs(10);
/// What lies in a very large folder is looked through when it is opened: systemd waits as long.
const LONGEST_START: Duration = Duration::from_secs(300);
/// A folder of which nothing is known after so long hangs.
const PATIENCE: Duration = Duration::from_secs(10);

/// How things stand, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// A daemon runs and works.
    InOrder,
    /// It does not work, or nothing can be said.
    Trouble,
    /// No daemon runs.
    NotRunning,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            State::InOrder => "in order",
            State::Trouble => "in trouble",
            State::NotRunning => "not running",
        })
    }
}

/// How things stand.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Status {
    /// The folder.
    pub root: PathBuf,
    /// How things stand, in a word.
    pub state: State,
    /// Whether a daemon watches the folder.
    pub running: bool,
    /// Since when that daemon has not said that it works.
    pub silence: Option<Silence>,
    /// Why seeds wait, as the daemon says.
    pub trouble: Option<String>,
    /// When seeds had to wait lately, the oldest first; of daemons before this one, too.
    pub troubles: Vec<Trouble>,
    /// When the daemon began, in seconds since 1970, which version of antiphon it is, and the
    /// names of the models that answer where no voice is named, as far as it has said.
    pub since: Option<f64>,
    pub version: Option<String>,
    pub models: Vec<String>,
    /// The command that the daemon was started with, or the last one, as it would be typed.
    pub command: Option<String>,
    /// How many seeds are where.
    #[serde(flatten)]
    pub counts: Counts,
    /// The voices beside the default one.
    pub voices: Vec<VoiceStatus>,
    /// The seed that has waited longest.
    pub oldest_waiting: Option<Waiting>,
    /// Files in seeds/ that are not complete yet, and why, as the daemon sees them.
    pub arriving: Vec<ArrivingFile>,
    /// What came over OSC since the daemon began.
    pub osc: Received,
    /// The seeds in work, of a voice as `VOICE/NAME`.
    pub in_work: Vec<String>,
    /// How far they are, in the same order.
    pub works: Vec<Work>,
    /// Silent seeds that were removed since the daemon began.
    pub skipped: u64,
    /// The last failures, the latest first.
    pub last_failures: Vec<Failure>,
    /// What is left of the disk, where the system tells.
    pub space: Option<Space>,
    /// How long there is room for predictions, where the daemon has made some lately.
    pub forecast: Option<Forecast>,
}

/// A daemon that is there, and does nothing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Silence {
    /// How long it has not said that it works.
    pub seconds: f64,
    /// When it said it last, in seconds since 1970.
    pub since: f64,
    /// The number of its process.
    pub process: u32,
}

/// How things stand with a voice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VoiceStatus {
    /// Its name.
    pub name: String,
    /// How many seeds wait for it.
    pub waiting: usize,
}

/// A seed that is being answered.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Work {
    /// Its name, of a voice's seed `VOICE/NAME`.
    pub name: String,
    /// How much of its answer is made, from 0 to 1.
    pub share: f64,
    /// Seconds that the rest takes; none while that cannot be told.
    pub remaining: Option<f64>,
}

/// How many seeds are where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// In seeds/ and the voices' folders there, or claimed and waiting for their turn.
    pub waiting: usize,
    /// Being answered.
    pub working: usize,
    /// Answered, as far as they are kept.
    pub done: usize,
    /// In failed/.
    pub failed: usize,
}

/// What only the daemon knows: it writes it into the folder while it runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DaemonState {
    /// When it began, in seconds since 1970.
    pub since: Option<f64>,
    /// Which version of antiphon it is.
    pub version: Option<String>,
    /// The names of the models that answer where no voice is named.
    pub models: Vec<String>,
    /// The command that it was started with, as it would be typed.
    pub command: Option<String>,
    /// How far the answers are that are being made.
    pub works: Vec<JobProgress>,
    /// Files in seeds/ that are not complete yet.
    pub arriving: Vec<ArrivingFile>,
    /// What came over OSC.
    pub osc: Received,
    /// Silent seeds that were removed.
    pub skipped: u64,
}

/// How far the answer of a job is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobProgress {
    /// The job's number.
    pub id: i32,
    /// How much of the answer is made, from 0 to 1.
    pub share: f64,
    /// Seconds that the rest takes.
    pub remaining: f64,
}

/// A file in seeds/ that waits to become a seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArrivingFile {
    /// Its name, in a voice's folder `VOICE/NAME`.
    pub name: String,
    /// Why it waits, in a sentence.
    pub because: String,
    /// When it was last seen to change, in seconds since 1970.
    pub since: f64,
}

impl From<&watch::Arriving> for ArrivingFile {
    fn from(file: &watch::Arriving) -> ArrivingFile {
        let since = SystemTime::now().checked_sub(file.unchanged);
        let since = since.and_then(|since| since.duration_since(SystemTime::UNIX_EPOCH).ok());
        ArrivingFile {
            name: shown(file.voice.as_deref(), &file.name),
            because: file.because.clone(),
            // To a tenth: the same moment is the same number each time.
            since: since.map_or(0.0, |since| (10.0 * since.as_secs_f64()).round() / 10.0),
        }
    }
}

/// What has been received over OSC since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Received {
    /// Packets of any kind.
    pub packets: u64,
    /// Questions in them.
    pub questions: u64,
    /// Packets that were dropped, and messages of bundles, by their reasons.
    pub dropped: BTreeMap<String, u64>,
}

/// `12 packets, 9 questions, 4 dropped (1 no-osc, 3 unknown)`.
impl fmt::Display for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dropped: u64 = self.dropped.values().sum();
        let (packets, questions) = (self.packets, self.questions);
        write!(
            f,
            "{packets} packets, {questions} questions, {dropped} dropped"
        )?;
        let reasons = self.dropped.iter().map(|(key, n)| format!("{n} {key}"));
        match reasons.collect::<Vec<_>>() {
            none if none.is_empty() => Ok(()),
            reasons => write!(f, " ({})", reasons.join(", ")),
        }
    }
}

/// A seed that waits.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Waiting {
    /// Its name, of a voice's seed `VOICE/NAME`.
    pub name: String,
    /// Since it was last written to.
    pub seconds: f64,
}

/// A seed without an answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Failure {
    /// The seed's name, without its extension.
    pub name: String,
    /// What it is called in failed/, where it still lies there.
    pub file: Option<String>,
    /// What is said about it in failed/.
    pub reason: String,
    /// Since it failed.
    pub seconds_ago: f64,
}

/// Why nothing can be said of a folder.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    #[error(
        "{} is no folder that antiphon watches: there is no seeds/ in it; say which with --root, \
         mount the disk it lies on, or let `antiphon watch --root {}` make it and answer there",
        path.display(), path.display()
    )]
    NotWatched { path: PathBuf },
    #[error(
        "{} cannot be read: it does not answer within {} seconds; its disk hangs, or the \
         connection to it is cut", path.display(), PATIENCE.as_secs()
    )]
    Hangs { path: PathBuf },
    #[error("cannot look into {}: {cause}; check the folder's permissions and its disk", path.display())]
    Folder { path: PathBuf, cause: io::Error },
}

impl StatusError {
    /// How things stand, as far as this says.
    pub fn state(&self) -> State {
        match self {
            StatusError::NotWatched { .. } => State::NotRunning,
            StatusError::Hangs { .. } | StatusError::Folder { .. } => State::Trouble,
        }
    }
}

impl Status {
    /// How things stand under `root`, which may be on a disk that hangs.
    ///
    /// # Errors
    ///
    /// [`StatusError::Hangs`], and those of [`Status::of`].
    pub fn in_time(root: &Path) -> Result<Status, StatusError> {
        let (sender, receiver) = mpsc::channel();
        let path = root.to_owned();
        let look = path.clone();
        // Nobody can end a read that hangs: it is left to itself.
        thread::spawn(move || drop(sender.send(Status::of(&look))));
        let looked = receiver.recv_timeout(PATIENCE);
        looked.unwrap_or(Err(StatusError::Hangs { path }))
    }

    /// How things stand under `root`.
    ///
    /// # Errors
    ///
    /// [`StatusError::NotWatched`], [`StatusError::Folder`].
    pub fn of(root: &Path) -> Result<Status, StatusError> {
        let seeds = root.join(folders::SEEDS);
        if !seeds.is_dir() {
            return Err(StatusError::NotWatched {
                path: root.to_owned(),
            });
        }
        let running = is_running(root)?;
        let daemon = match (running, DaemonState::read(root)) {
            (true, daemon) => daemon,
            // Of one that has ended it is worth knowing how it was started.
            (false, DaemonState { command, .. }) => DaemonState {
                command,
                ..DaemonState::default()
            },
        };
        let beat = Beat::read(root).filter(|_| running);
        let silence = beat.as_ref().and_then(Silence::after);
        let trouble = beat.and_then(|beat| beat.trouble);
        let space = disk::space(root).ok();
        let claimed = Claimed::under(root)?;
        let voices = voices_of(root)?;
        let waiting = waiting(root, &voices, claimed.queued)?;
        let failed = Failed::under(root, LAST_FAILURES)?;
        let status_of = |voice: String| VoiceStatus {
            waiting: waiting
                .iter()
                .filter(|seed| seed.voice.as_ref() == Some(&voice))
                .count(),
            name: voice,
        };
        Ok(Status {
            root: root.to_owned(),
            state: match running {
                false => State::NotRunning,
                true if silence.is_some() || trouble.is_some() => State::Trouble,
                true => State::InOrder,
            },
            running,
            silence,
            trouble,
            troubles: Troubles::read(root).into_list(),
            since: daemon.since,
            version: daemon.version,
            models: daemon.models,
            command: daemon.command,
            counts: Counts {
                waiting: waiting.len(),
                working: claimed.begun.len(),
                done: answered(root)?,
                failed: failed.count,
            },
            voices: voices.into_iter().map(status_of).collect(),
            oldest_waiting: oldest(&waiting),
            arriving: daemon.arriving,
            osc: daemon.osc,
            skipped: daemon.skipped,
            in_work: claimed.begun.iter().map(Unanswered::shown).collect(),
            works: claimed
                .begun
                .iter()
                .map(|seed| Work::of(seed, &daemon.works))
                .collect(),
            last_failures: failed.last(),
            space,
            forecast: space.and_then(|space| forecast(root, space)),
        })
    }
}

impl Work {
    /// Of `seed`, whose job may be among those that the daemon tells of.
    fn of(seed: &Unanswered, works: &[JobProgress]) -> Work {
        let progress = works.iter().find(|work| Some(work.id) == seed.job);
        Work {
            name: seed.shown(),
            share: progress.map_or(0.0, |progress| progress.share),
            remaining: progress.map(|progress| progress.remaining),
        }
    }
}

impl Silence {
    /// That which came after `beat`, if it is one.
    fn after(beat: &Beat) -> Option<Silence> {
        let age = beat.age();
        let longest = match beat.is_starting {
            true => LONGEST_START,
            false => SILENCE,
        };
        let since = SystemTime::now().checked_sub(age);
        let since = since.and_then(|since| since.duration_since(SystemTime::UNIX_EPOCH).ok());
        (age >= longest).then(|| Silence {
            seconds: age.as_secs_f64(),
            since: since.unwrap_or_default().as_secs_f64(),
            process: beat.process,
        })
    }
}

impl Counts {
    /// How many seeds are where under `root`.
    pub fn of(root: &Path) -> Result<Counts, StatusError> {
        let claimed = Claimed::under(root)?;
        let waiting = waiting(root, &voices_of(root)?, claimed.queued)?;
        Ok(Counts {
            waiting: waiting.len(),
            working: claimed.begun.len(),
            done: answered(root)?,
            failed: Failed::under(root, 0)?.count,
        })
    }
}

fn forecast(root: &Path, space: Space) -> Option<Forecast> {
    Pace::read(root)?.forecast(space, SystemTime::now())
}

/// Whether a daemon holds the lock of `root`.
fn is_running(root: &Path) -> Result<bool, StatusError> {
    let path = root.join(folders::LOCK);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(cause) => return Err(StatusError::Folder { path, cause }),
    };
    // Shared, so that two who ask are not in each other's way, and let go of at
    // once, so that a daemon that starts is not.
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(cause)) => Err(StatusError::Folder { path, cause }),
    }
}

impl DaemonState {
    /// As the daemon of `root` wrote it last; an empty one where it has not.
    fn read(root: &Path) -> DaemonState {
        let text = fs::read(root.join(folders::STATE)).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// Writes it down for whoever asks for the status of `root`. It is nothing
    /// that has to outlive a crash.
    ///
    /// # Errors
    ///
    /// Those of the disk.
    pub fn write(&self, root: &Path) -> io::Result<()> {
        files::replace(&root.join(folders::STATE), &serde_json::to_vec(self)?)
    }
}

fn oldest(waiting: &[Unanswered]) -> Option<Waiting> {
    let oldest = waiting
        .iter()
        .map(|seed| (age(&seed.entry), seed))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    oldest.map(|(seconds, seed)| Waiting {
        name: seed.shown(),
        seconds,
    })
}

/// Seconds since the file was last written to; 0 where that cannot be known.
fn age(entry: &DirEntry) -> f64 {
    let modified = entry.metadata().and_then(|metadata| metadata.modified());
    let age = modified.map(|time| SystemTime::now().duration_since(time).unwrap_or_default());
    age.unwrap_or_default().as_secs_f64()
}
