//! Runs: how they go, and what can be asked of them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::jobs::{Job, NewRun, Task, log_of, runs};
use super::place::{self, Place, checked, checked_stem, free_name};
use super::refusal::{Refusal, of_disk};
use super::request::{Asked, Named};
use super::settings::{check_minutes, parsed};
use super::site::Site;
use super::{blocking, blocking_in_turn, process};
use crate::audio;
use crate::train::{LossRow, PREDICTIONS, Run, RunProgress, RunRecord, RunState, is_training};

/// The most runs that wait.
const MOST_WAITING: usize = 64;
/// The most recordings of a run.
const MOST_RECORDINGS: usize = 1000;
/// Points of a loss that are sent: more are not seen.
const MOST_POINTS: usize = 600;
/// How the sentence begins that says what the loss is.
const OF_THE_LOSS: &str = "The loss is ";

/// What becomes of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    Waiting,
    Starting,
    Training,
    Ended,
    Stopped,
    Interrupted,
    Failed,
}

/// A run, as its folder and its job say.
struct Found {
    name: String,
    folder: PathBuf,
    log: PathBuf,
    job: Option<Job>,
    /// None where it has no folder so far.
    record: Option<RunRecord>,
    progress: Option<RunProgress>,
}

impl Found {
    fn of(place: &Place, name: &str) -> Option<Found> {
        let folder = place.folder(place::RUNS).join(name);
        let found = Found {
            name: name.to_owned(),
            log: log_of(place, name),
            job: Job::read(place, name),
            record: RunRecord::read(&folder).ok(),
            progress: RunProgress::read(&folder),
            folder,
        };
        (found.job.is_some() || found.record.is_some()).then_some(found)
    }

    fn named(place: &Place, name: &str) -> Result<Found, Refusal> {
        let found = Found::of(place, checked(name)?);
        found.ok_or_else(|| Refusal::missing(format!("run {name}")))
    }

    fn stage(&self) -> Stage {
        let is_running = process::is_running(&self.log);
        let of_progress = self.progress.as_ref().map(|progress| progress.state);
        match (&self.job, &self.record) {
            _ if is_training(&self.folder) => Stage::Training,
            _ if is_running => Stage::Starting,
            (Some(_), _) if !self.log.exists() => Stage::Waiting,
            (_, Some(_)) if of_progress == Some(RunState::Ended) => Stage::Ended,
            (_, Some(_)) if of_progress == Some(RunState::Stopped) => Stage::Stopped,
            (Some(_), _) if process::failure(&self.log).is_some() => Stage::Failed,
            (_, Some(record)) if of_progress.is_none() && record.ended => Stage::Ended,
            (_, Some(_)) => Stage::Interrupted,
            (_, None) => Stage::Failed,
        }
    }

    fn began(&self) -> f64 {
        let asked = self.job.as_ref().map(|job| job.asked);
        asked.unwrap_or_else(|| {
            let metadata = fs::metadata(self.folder.join("run.json"));
            let time = metadata.and_then(|metadata| metadata.modified());
            time.map_or(0.0, seconds)
        })
    }

    fn recordings(&self) -> Vec<String> {
        match (&self.record, self.job.as_ref().map(|job| &job.task)) {
            (_, Some(Task::New(run))) => run.recordings.clone(),
            (Some(record), _) => record
                .order
                .audio
                .iter()
                .map(|path| name_of(path))
                .collect(),
            (None, _) => Vec::new(),
        }
    }

    fn predictions(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.join(PREDICTIONS))
            .into_iter()
            .flatten()
            .flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let is_whole = |name: &String| name.ends_with(".wav") && !name.starts_with('.');
        let mut names: Vec<String> = names.filter(is_whole).collect();
        names.sort();
        names
    }

    fn summary(&self, place: &Place) -> Value {
        let stage = self.stage();
        let progress = self.progress.as_ref();
        let last = self.record.as_ref().and_then(|record| record.losses.last());
        let least = |loss: fn(&LossRow) -> Option<f64>| {
            let rows = self.record.iter().flat_map(|record| &record.losses);
            rows.filter_map(loss).reduce(f64::min)
        };
        let trains = matches!(stage, Stage::Training | Stage::Starting);
        let model = format!("{}.onnx", self.name);
        let has_model = !trains && place.folder(place::MODELS).join(&model).is_file();
        let error = (stage == Stage::Failed).then(|| {
            let why = process::failure(&self.log);
            why.unwrap_or_else(|| "its process was ended before it began".to_owned())
        });
        json!({
            "name": self.name,
            "state": stage,
            "began": self.began(),
            "approach": self.record.as_ref().map(|r| r.hyperparameters.approach().name()),
            "recordings": self.recordings(),
            "steps": progress.map(|p| p.step).or(last.map(|row| row.step)),
            "epochs": progress.map(|p| p.epochs).or(last.map(|row| row.epochs)),
            "share": match stage {
                Stage::Ended => Some(1.0),
                _ => progress.map(|p| p.share),
            },
            "remaining": progress.filter(|_| stage == Stage::Training).map(|p| p.remaining),
            "steps_per_second": progress.filter(|_| stage == Stage::Training)
                .map(|p| p.steps_per_second),
            "loss": progress.map(|p| p.loss).or(last.map(|row| row.loss)),
            "best": progress.map(|p| p.best).or(least(|row| Some(row.loss))),
            "held_out": progress.and_then(|p| p.held_out),
            "best_held_out": progress.and_then(|p| p.best_held_out)
                .or(least(|row| row.validation_loss)),
            "predictions": self.predictions().len(),
            "model": has_model.then_some(model),
            "error": error,
        })
    }

    fn details(&self, place: &Place) -> Value {
        let mut details = self.summary(place);
        let losses = self.record.as_ref().map(|record| thinned(&record.losses));
        details["losses"] = losses.unwrap_or_default().into();
        let log = process::tail(&self.log);
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let words = text.lines().find(|line| line.starts_with(OF_THE_LOSS));
        details["scale"] = json!({ "words": words });
        details["files"] = self
            .predictions()
            .iter()
            .map(|name| self.prediction(name))
            .collect();
        let remarks = self
            .progress
            .as_ref()
            .map(|progress| progress.remarks.clone());
        details["remarks"] = remarks.unwrap_or_default().into();
        details["settings"] = match (&self.record, self.job.as_ref().map(|job| &job.task)) {
            (Some(record), _) => record.hyperparameters.values().into(),
            (None, Some(Task::New(run))) => run.settings.clone().into(),
            (None, _) => Value::Null,
        };
        details["log"] = log.into();
        details
    }

    fn prediction(&self, name: &str) -> Value {
        let stem = name.trim_end_matches(".wav");
        let (step, kind) = stem.split_once('-').unwrap_or((stem, ""));
        json!({
            "file": name,
            "step": step.parse::<u64>().ok(),
            "kind": kind.replace('-', " "),
            "seconds": audio::header::seconds_of_wav(&self.folder.join(PREDICTIONS).join(name)),
        })
    }
}

fn seconds(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs_f64()
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// As many rows as can be seen, the last one among them. Where one of several was held out,
/// it is taken.
fn thinned(rows: &[LossRow]) -> Vec<Value> {
    let apart = rows.len().div_ceil(MOST_POINTS).max(1);
    let point = |row: &LossRow| {
        json!([
            row.step,
            row.epochs,
            row.loss,
            row.validation_loss,
            row.seconds
        ])
    };
    let of_each = rows.chunks(apart).filter_map(|rows| {
        let held_out = rows.iter().rfind(|row| row.validation_loss.is_some());
        held_out.or(rows.last())
    });
    of_each.map(point).collect()
}

/// `GET /api/runs`.
pub fn list(place: &Place) -> Value {
    let of_jobs = Job::all(place).into_iter().map(|job| job.name);
    let of_folders = runs(place).into_iter().map(|path| name_of(&path));
    let names: BTreeSet<String> = of_jobs.chain(of_folders).collect();
    let mut all: Vec<Found> = names
        .iter()
        .filter_map(|name| Found::of(place, name))
        .collect();
    all.sort_by(|a, b| b.began().total_cmp(&a.began()));
    all.iter().map(|run| run.summary(place)).collect()
}

/// `GET /api/runs/NAME`.
pub async fn get(
    State(site): State<Arc<Site>>,
    Named(name): Named<String>,
) -> Result<Json<Value>, Refusal> {
    blocking(move || Ok(Json(Found::named(&site.place, &name)?.details(&site.place)))).await
}

/// `POST /api/runs`.
pub async fn launch(
    State(site): State<Arc<Site>>,
    Asked(run): Asked<NewRun>,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let name = blocking({
        let site = Arc::clone(&site);
        move || site.change(|| queue(&site.place, run))
    })
    .await?;
    site.wake();
    Ok((StatusCode::ACCEPTED, Json(json!({ "name": name }))))
}

fn queue(place: &Place, mut run: NewRun) -> Result<String, Refusal> {
    checked_stem(&run.name)?;
    parsed(&run.settings)?;
    check_minutes(run.minutes)?;
    if !(1..=MOST_RECORDINGS).contains(&run.recordings.len()) {
        return Err(Refusal::impossible(
            "choose at least one recording to learn from",
        ));
    }
    for name in &run.recordings {
        place.existing(&place.at(place::RECORDINGS, name)?)?;
    }
    let waiting = Job::all(place)
        .iter()
        .filter(|job| job.waits(place))
        .count();
    if waiting >= MOST_WAITING {
        return Err(Refusal::too_many(format!("{waiting} runs wait already")));
    }
    let is_free = |name: &str| {
        let model = place.folder(place::MODELS).join(format!("{name}.onnx"));
        Found::of(place, name).is_none()
            && !place.folder(place::RUNS).join(name).exists()
            && !model.exists()
    };
    // A name with a dot in it has no ending.
    run.name = free_name(&run.name.replace('.', "-"), is_free);
    let name = run.name.clone();
    Job::keep(place, &name, Task::New(run))?;
    Ok(name)
}

/// `POST /api/runs/NAME/stop`.
pub async fn stop(
    State(site): State<Arc<Site>>,
    Named(name): Named<String>,
) -> Result<StatusCode, Refusal> {
    blocking(move || {
        let run = Found::named(&site.place, &name)?;
        match run.stage() {
            // One that was to go on stays as it is.
            Stage::Waiting => Job::forget(&site.place, &name),
            Stage::Training => Run::ask_to_stop(&run.folder).map_err(Refusal::impossible)?,
            Stage::Starting => drop(process::stop(&run.log).map_err(Refusal::broken)?),
            _ => return Err(Refusal::conflict(format!("{name} does not train"))),
        }
        Ok(StatusCode::ACCEPTED)
    })
    .await
}

/// For how long a run goes on.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct More {
    #[serde(default)]
    minutes: Option<f64>,
}

/// `POST /api/runs/NAME/resume`.
pub async fn resume(
    State(site): State<Arc<Site>>,
    Named(name): Named<String>,
    Asked(more): Asked<More>,
) -> Result<StatusCode, Refusal> {
    check_minutes(more.minutes)?;
    blocking({
        let site = Arc::clone(&site);
        move || {
            let run = Found::named(&site.place, &name)?;
            let is_over = matches!(
                run.stage(),
                Stage::Ended | Stage::Stopped | Stage::Interrupted | Stage::Failed
            );
            match (is_over, run.record) {
                (true, Some(_)) => {
                    let minutes = more.minutes;
                    Job::keep(&site.place, &name, Task::Resume { minutes })
                }
                (true, None) => Err(Refusal::conflict(format!(
                    "{name} has not begun to train: launch it anew"
                ))),
                (false, _) => Err(Refusal::conflict(format!("{name} trains, or waits to"))),
            }
        }
    })
    .await?;
    site.wake();
    Ok(StatusCode::ACCEPTED)
}

/// What the kept model is to be called.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keep {
    model: String,
}

/// `POST /api/runs/NAME/keep`.
pub async fn keep(
    State(site): State<Arc<Site>>,
    Named(name): Named<String>,
    Asked(keep): Asked<Keep>,
) -> Result<StatusCode, Refusal> {
    blocking_in_turn(&site.sounds.turns, {
        let site = Arc::clone(&site);
        move || {
            let place = &site.place;
            let run = Found::named(place, &name)?;
            let model = format!("{}.onnx", checked_stem(&keep.model)?);
            let output = place.at(place::MODELS, &model)?;
            if output.exists() {
                return Err(Refusal::conflict(format!(
                    "there is a model {model} already; choose another name"
                )));
            }
            fs::create_dir_all(place.folder(place::MODELS)).map_err(of_disk("the folder"))?;
            let mut export = Command::new(&site.program.path);
            export.arg("train").arg("--export").arg(&run.folder);
            said_by(export.arg("--output").arg(&output))?;
            Ok(StatusCode::CREATED)
        }
    })
    .await
}

/// What `command` prints; 422 with what it says where it fails.
fn said_by(command: &mut Command) -> Result<String, Refusal> {
    let output = command.output().map_err(Refusal::broken)?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => {
            let said = String::from_utf8_lossy(&output.stderr);
            let last = said.lines().next_back().unwrap_or("it failed");
            let last = last.strip_prefix("antiphon: ").unwrap_or(last);
            Err(Refusal::impossible(last))
        }
    }
}

/// `GET /api/runs/NAME/verdict/FILE`.
pub async fn verdict(
    State(site): State<Arc<Site>>,
    Named((name, file)): Named<(String, String)>,
) -> Result<Json<Value>, Refusal> {
    blocking_in_turn(&site.sounds.turns, {
        let site = Arc::clone(&site);
        move || {
            let run = Found::named(&site.place, &name)?;
            let path = run.folder.join(PREDICTIONS).join(checked(&file)?);
            let path = site.place.existing(&path)?;
            let recordings = run
                .record
                .map(|record| record.order.audio)
                .unwrap_or_default();
            let judge = || {
                let mut command = Command::new(&site.program.path);
                command.args(["judge", "--json"]);
                for recording in recordings.iter().take(MOST_JUDGED) {
                    command.arg("--training").arg(recording);
                }
                let said = said_by(command.arg("--").arg(&path))?;
                serde_json::from_str(&said).map_err(Refusal::broken)
            };
            site.sounds.verdicts.of(&path, "", judge).map(Json)
        }
    })
    .await
}

/// The most recordings that a prediction is judged by.
const MOST_JUDGED: usize = 3;

/// `DELETE /api/runs/NAME`.
pub async fn delete(
    State(site): State<Arc<Site>>,
    Named(name): Named<String>,
) -> Result<StatusCode, Refusal> {
    blocking(move || {
        let run = Found::named(&site.place, &name)?;
        if matches!(run.stage(), Stage::Training | Stage::Starting) {
            return Err(Refusal::conflict(format!("{name} trains; stop it first")));
        }
        Job::forget(&site.place, &name);
        match fs::remove_dir_all(&run.folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(of_disk(&name)(error))
            }
            _ => Ok(StatusCode::NO_CONTENT),
        }
    })
    .await
}
