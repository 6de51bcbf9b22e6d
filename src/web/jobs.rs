//! Runs that were asked for: one trains at a time, each as a process of its own.
//!
//! `studio/jobs/NAME.json` says what was asked for; the log beside it is there from the
//! moment at which it was begun.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::place::{self, Place};
use super::process;
use super::refusal::{Refusal, of_disk};
use super::settings::ENDING;
use super::site::Site;
use crate::files;
use crate::train::is_training;

/// The file that is locked by whoever begins the jobs.
const TURN: &str = ".turn";

/// What a new run is asked to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewRun {
    /// What it is called, and its model.
    pub name: String,
    /// Files in `recordings/`.
    pub recordings: Vec<String>,
    /// Its hyperparameters, as a file has them.
    pub settings: Map<String, Value>,
    /// For how long; else the hyperparameters say it.
    #[serde(default)]
    pub minutes: Option<f64>,
    #[serde(default)]
    pub random_seed: u64,
}

/// What a run is asked to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// To begin.
    New(NewRun),
    /// To go on, for so many minutes more.
    Resume {
        /// None for as long as it was to go on.
        minutes: Option<f64>,
    },
}

/// A run that was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    #[serde(skip)]
    pub name: String,
    pub task: Task,
    /// When, in seconds since 1970.
    pub asked: f64,
}

impl Job {
    /// That of the run `name`, if there is one.
    pub fn read(place: &Place, name: &str) -> Option<Job> {
        let text = fs::read(file_of(place, name)).ok()?;
        let job: Job = serde_json::from_slice(&text).ok()?;
        Some(Job {
            name: name.to_owned(),
            ..job
        })
    }

    /// All that there are, in no order.
    pub fn all(place: &Place) -> Vec<Job> {
        let entries = fs::read_dir(place.folder(place::JOBS))
            .into_iter()
            .flatten()
            .flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let names = names.filter_map(|name| Some(name.strip_suffix(ENDING)?.to_owned()));
        names.filter_map(|name| Job::read(place, &name)).collect()
    }

    /// Keeps it, to be done when its turn comes; a job that was done in its name is forgotten.
    ///
    /// # Errors
    ///
    /// Those of the disk.
    pub fn keep(place: &Place, name: &str, task: Task) -> Result<(), Refusal> {
        let folder = place.folder(place::JOBS);
        fs::create_dir_all(&folder).map_err(of_disk("the folder"))?;
        process::remove_log(&log_of(place, name));
        let asked = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let job = Job {
            name: name.to_owned(),
            task,
            asked: asked.as_secs_f64(),
        };
        let text = serde_json::to_vec_pretty(&job).map_err(Refusal::broken)?;
        files::write_atomically(&file_of(place, name), &text).map_err(of_disk(name))
    }

    /// Forgets it.
    pub fn forget(place: &Place, name: &str) {
        let _ = fs::remove_file(file_of(place, name));
        process::remove_log(&log_of(place, name));
        let _ = fs::remove_file(settings_of(place, name));
    }

    /// Whether its turn has not come.
    pub fn waits(&self, place: &Place) -> bool {
        !log_of(place, &self.name).exists()
    }

    /// What `antiphon train` is asked, from the root.
    fn arguments(&self, place: &Place) -> Vec<OsString> {
        let mut words: Vec<OsString> = vec!["train".into()];
        let mut push = |word: &dyn AsRef<std::ffi::OsStr>| words.push(word.as_ref().to_owned());
        let shown = |path: &Path| place.shown(path);
        let minutes = match &self.task {
            Task::New(run) => {
                push(&shown(&settings_of(place, &self.name)));
                push(&"--audio");
                for name in &run.recordings {
                    push(&shown(&place.folder(place::RECORDINGS).join(name)));
                }
                push(&"--output");
                push(&format!("{}/{}.onnx", place::MODELS, self.name));
                push(&"--runs");
                push(&place::RUNS);
                push(&"--random-seed");
                push(&run.random_seed.to_string());
                run.minutes
            }
            Task::Resume { minutes } => {
                push(&"--resume");
                push(&format!("{}/{}", place::RUNS, self.name));
                *minutes
            }
        };
        if let Some(minutes) = minutes {
            push(&"--minutes");
            push(&minutes.to_string());
        }
        words
    }
}

/// What was asked for in the name of the run `name`.
fn file_of(place: &Place, name: &str) -> PathBuf {
    place.folder(place::JOBS).join(format!("{name}{ENDING}"))
}

/// What its process says.
pub fn log_of(place: &Place, name: &str) -> PathBuf {
    place.folder(place::JOBS).join(format!("{name}.log"))
}

/// Its hyperparameters, for `antiphon train`.
fn settings_of(place: &Place, name: &str) -> PathBuf {
    place.folder(place::JOBS).join(format!("{name}.settings"))
}

/// The right to begin what waits, for as long as it is held; none while another studio of the
/// same folder has it. Filesystems that lock nothing give it to all.
pub fn take_turn(place: &Place) -> Option<File> {
    let path = place.folder(place::JOBS).join(TURN);
    let file = File::options().create(true).append(true).open(path).ok()?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => None,
        _ => Some(file),
    }
}

/// Begins the job that has waited longest, unless something is trained.
pub fn begin_next(site: &Arc<Site>) {
    let place = &site.place;
    let mut jobs = Job::all(place);
    jobs.sort_by(|a, b| a.asked.total_cmp(&b.asked));
    let Some(job) = jobs.iter().find(|job| job.waits(place)) else {
        return;
    };
    let is_busy = jobs
        .iter()
        .any(|job| process::is_running(&log_of(place, &job.name)));
    if is_busy || runs(place).iter().any(|run| is_training(run)) {
        return;
    }
    let begun = begin(site, job);
    if let Err(error) = begun {
        tracing::warn!("cannot begin the run {}: {error}", job.name);
        let log = log_of(place, &job.name);
        let _ = fs::write(log, format!("antiphon: cannot be begun: {error}\n"));
    }
}

fn begin(site: &Arc<Site>, job: &Job) -> std::io::Result<()> {
    let place = &site.place;
    if let Task::New(run) = &job.task {
        let text = serde_json::to_vec_pretty(&run.settings)?;
        files::write_atomically(&settings_of(place, &job.name), &text)?;
        fs::create_dir_all(place.folder(place::MODELS))?;
    }
    site.begin(&job.arguments(place), &log_of(place, &job.name))
}

/// The folders of all runs.
pub fn runs(place: &Place) -> Vec<PathBuf> {
    let entries = fs::read_dir(place.folder(place::RUNS))
        .into_iter()
        .flatten()
        .flatten();
    entries
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect()
}
