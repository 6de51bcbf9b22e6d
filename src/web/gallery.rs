//! The gallery: what its daemon does, how its machine is, and its last answers.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::place::checked_of_others;
use super::refusal::Refusal;
use super::request::Named;
use super::site::Site;
use super::{blocking, metrics};
use crate::answer::{SET, SetNotes, Sidecar};
use crate::audio;
use crate::service::to_start;
use crate::status::{Silence, State, Status, StatusError};
use crate::system::{load, memory};
use crate::watch::voices::Roll;
use crate::watch::{self, RetryError, folders};

/// Answers that are shown.
const LAST_ANSWERS: usize = 12;
/// A look is not repeated within this time, whoever asks.
const FRESH: Duration = Duration::from_millis(900);

/// How things stand in the gallery under the root.
///
/// # Errors
///
/// Why nothing can be said, for whoever reads the page.
pub fn seen(site: &Site) -> Result<Seen, Unseen> {
    let root = site.place.root().to_owned();
    let seen = site.gallery.at(FRESH, move || look(&root));
    seen.unwrap_or_else(|| {
        let why = "the folder does not answer: its disk hangs, or the connection to it is cut";
        Err(Unseen {
            is_new: false,
            why: why.to_owned(),
        })
    })
}

/// Why nothing was seen.
#[derive(Clone, Debug)]
pub struct Unseen {
    /// Whether no daemon has ever watched there.
    is_new: bool,
    /// In a sentence.
    why: String,
}

/// What was seen.
#[derive(Clone, Debug)]
pub struct Seen {
    /// How things stand.
    pub status: Arc<Status>,
    /// The last answers.
    answers: Value,
}

fn look(root: &Path) -> Result<Seen, Unseen> {
    let status = Status::of(root).map_err(|error| match error {
        StatusError::NotWatched { .. } => Unseen {
            is_new: true,
            why: format!(
                "no daemon has ever watched this folder; antiphon watch --root {} makes a \
                 gallery of it",
                root.display()
            ),
        },
        error => Unseen {
            is_new: false,
            why: error.to_string(),
        },
    })?;
    Ok(Seen {
        status: Arc::new(status),
        answers: last_answers(root),
    })
}

/// `GET /api/gallery`.
pub fn state(site: &Site) -> Value {
    let root = site.place.root();
    let mut state = match seen(site) {
        Ok(seen) => {
            let mut state = serde_json::to_value(&*seen.status).unwrap_or_default();
            state["answers"] = seen.answers;
            state["forecast"] = seen
                .status
                .forecast
                .map(|forecast| forecast.to_string())
                .into();
            state["start"] = (!seen.status.running)
                .then(|| to_start(root, seen.status.command.as_deref()))
                .into();
            let silence = seen.status.silence.as_ref();
            state["silence"] = silence.map(in_words).into();
            if let Some(state) = state.as_object_mut()
                && let Some(works) = state.remove("works")
            {
                state.insert("in_work".to_owned(), works);
            }
            let since = seen.status.since;
            // To the minute, and so on below: what has hardly changed is not told again.
            state["uptime"] = since
                .map(|since| 60.0 * ((now() - since) / 60.0).floor())
                .into();
            let failures = state["last_failures"].as_array_mut();
            for failure in failures.into_iter().flatten() {
                tell_of_failure(failure);
            }
            state
        }
        Err(Unseen { is_new, why }) => {
            let state = if is_new {
                State::NotRunning
            } else {
                State::Trouble
            };
            json!({
                "state": state, "running": is_new.then_some(false), "trouble": why,
                "silence": null, "waiting": null, "working": null, "done": null, "failed": null,
                "skipped": null, "voices": [], "in_work": [], "arriving": [],
                "last_failures": [], "answers": [], "forecast": null, "troubles": [],
                "since": null, "uptime": null, "version": null, "models": [], "space": null,
                "start": is_new.then(|| to_start(root, None)),
            })
        }
    };
    state["load"] = json!(load::average());
    state["memory"] = json!({
        "process_bytes": memory::of_this_process().map(to_megabytes),
        "free_bytes": memory::available().map(to_megabytes),
        "total_bytes": memory::total(),
    });
    state["disk"] = state["space"].clone();
    state["root"] = root.display().to_string().into();
    state
}

/// Says by which name a failure can be tried again, and at what time it was: how long ago
/// that is changes each second, and would be told each second.
fn tell_of_failure(failure: &mut Value) {
    let ago = failure["seconds_ago"].as_f64().unwrap_or(0.0);
    failure["when"] = (now() - ago).round().into();
    if failure["file"].is_string() {
        failure["name"] = failure["file"].take();
    }
    if let Some(failure) = failure.as_object_mut() {
        failure.retain(|key, _| ["name", "reason", "when"].contains(&key.as_str()));
    }
}

/// `the daemon has been silent for 12 s`.
fn in_words(silence: &Silence) -> String {
    format!("the daemon has been silent for {:.0} s", silence.seconds)
}

fn to_megabytes(bytes: u64) -> u64 {
    const MEGABYTE: u64 = 1_000_000;
    bytes / MEGABYTE * MEGABYTE
}

fn now() -> f64 {
    seconds(SystemTime::now())
}

fn seconds(time: SystemTime) -> f64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    // To a tenth: what has not changed is not sent again.
    (10.0 * since.as_secs_f64()).round() / 10.0
}

/// A prediction or a set, as it lies in its folder.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Found {
    when: SystemTime,
    /// From the folder of all predictions.
    name: String,
    voice: Option<String>,
    is_set: bool,
}

fn last_answers(root: &Path) -> Value {
    let predictions = root.join(folders::PREDICTIONS);
    let voices = Roll::call(root).unwrap_or_default().voices;
    // The oldest of the newest is on top.
    let mut newest: BinaryHeap<Reverse<Found>> = BinaryHeap::new();
    let mut see = |found: Found| {
        newest.push(Reverse(found));
        if newest.len() > LAST_ANSWERS {
            newest.pop();
        }
    };
    each_in(&predictions, None, &|name| voices.contains(name), &mut see);
    for voice in &voices {
        each_in(&predictions.join(voice), Some(voice), &|_| false, &mut see);
    }
    let newest = newest.into_sorted_vec();
    newest
        .iter()
        .map(|found| told(&predictions, &found.0))
        .collect()
}

fn each_in(
    folder: &Path,
    voice: Option<&str>,
    is_a_voice: &dyn Fn(&str) -> bool,
    see: &mut dyn FnMut(Found),
) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        let is_sound = kind.is_file() && Path::new(&name).extension() == Some(OsStr::new("wav"));
        let is_set = kind.is_dir() && !is_a_voice(&name);
        if name.starts_with('.') || !(is_sound || is_set) {
            continue;
        }
        if let Ok(when) = entry.metadata().and_then(|metadata| metadata.modified()) {
            see(Found {
                when,
                name: match voice {
                    Some(voice) => format!("{voice}/{name}"),
                    None => name,
                },
                voice: voice.map(str::to_owned),
                is_set,
            });
        }
    }
}

fn told(predictions: &Path, found: &Found) -> Value {
    let path = predictions.join(&found.name);
    let read = |path: &Path| fs::read(path).unwrap_or_default();
    let mut told = json!({
        "name": found.name,
        "when": seconds(found.when),
        "voice": found.voice,
        "set": 0,
        "sounds": [],
        "sound": format!("predictions/{}", found.name),
    });
    if found.is_set {
        let notes: Option<SetNotes> = serde_json::from_slice(&read(&path.join(SET))).ok();
        let notes = notes.map(|notes| notes.variations).unwrap_or_default();
        let sounds: Vec<Value> = notes
            .iter()
            .filter_map(|one| {
                Some(json!({
                    "sound": format!("predictions/{}/{}", found.name, one.file.as_ref()?),
                    "seconds": one.seconds,
                    "model": one.model,
                }))
            })
            .collect();
        let first = sounds.first().cloned().unwrap_or_default();
        told["sound"] = first["sound"].clone();
        told["seconds"] = first["seconds"].clone();
        told["model"] = first["model"].clone();
        told["set"] = sounds.len().into();
        told["sounds"] = sounds.into();
    } else {
        let sidecar: Option<Sidecar> =
            serde_json::from_slice(&read(&path.with_extension("json"))).ok();
        let seconds = sidecar.as_ref().map(|sidecar| sidecar.lasts);
        told["seconds"] = json!(seconds.or_else(|| audio::header::seconds_of_wav(&path)));
        told["model"] = json!(sidecar.map(|sidecar| sidecar.model.name));
    }
    told
}

/// `POST /api/gallery/failed/NAME/retry`.
pub async fn retry(
    extract::State(site): extract::State<Arc<Site>>,
    Named(name): Named<String>,
) -> Result<StatusCode, Refusal> {
    checked_of_others(&name)?;
    blocking(move || {
        let retried = watch::retry(site.place.root(), name.as_ref());
        retried.map_err(|error| match error {
            RetryError::Missing { .. } => Refusal::missing(format!("failed seed {name}")),
            error => Refusal::impossible(error),
        })?;
        Ok(StatusCode::ACCEPTED)
    })
    .await
}

/// `GET /health`.
pub async fn health(extract::State(site): extract::State<Arc<Site>>) -> Response {
    let health = tokio::task::spawn_blocking(move || match seen(&site) {
        Err(unseen) => Err(unseen.why),
        Ok(seen) => match (
            &seen.status.trouble,
            &seen.status.silence,
            seen.status.running,
        ) {
            (Some(trouble), ..) => Err(trouble.clone()),
            (None, Some(silence), _) => Err(in_words(silence)),
            (None, None, false) => Err("no daemon runs".to_owned()),
            (None, None, true) => Ok(()),
        },
    });
    let kind = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    match health.await {
        Ok(Ok(())) => (kind, "in order\n").into_response(),
        Ok(Err(why)) => (StatusCode::SERVICE_UNAVAILABLE, kind, format!("{why}\n")).into_response(),
        Err(error) => Refusal::broken(error).into_response(),
    }
}

/// `GET /metrics`.
pub async fn all_metrics(
    extract::State(site): extract::State<Arc<Site>>,
) -> Result<Response, Refusal> {
    let text = blocking(move || Ok(metrics::text(&state(&site)))).await?;
    let kind = [(
        header::CONTENT_TYPE,
        "text/plain; version=0.0.4; charset=utf-8",
    )];
    Ok((kind, text).into_response())
}
