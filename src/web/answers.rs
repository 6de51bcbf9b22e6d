//! Answers that the page asks for: each is `antiphon generate` with a plan, one at a time.
//!
//! ```text
//! studio/answers/ID/  asked.json  plan.json  progress.json  log  kept.json
//!                     set/theme.wav, 01.wav, 01.json, …, set.json
//! ```

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::place::{self, Place, checked, free_name};
use super::refusal::{Refusal, of_disk};
use super::request::{Asked, Named};
use super::site::Site;
use super::{blocking, plans, process};
use crate::answer::{SET as NOTES, SetNotes, VariationNotes};
use crate::files;
use crate::service::Words;

/// The folder of the answers themselves, in that of how they were made.
pub const SET: &str = "set";
const ASKED: &str = "asked.json";
const PLAN: &str = "plan.json";
const PROGRESS: &str = "progress.json";
const LOG: &str = "log";
const KEPT: &str = "kept.json";
/// Beside an answer whose making was ended by somebody.
const STOPPED: &str = "stopped";

/// From the folder of an answer to the root.
const FROM_ANSWERS: &str = "../../..";

/// The most answers that wait.
const MOST_WAITING: usize = 64;
/// Letters of a seed's name that an answer's has.
const LETTERS: usize = 60;

/// What is asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    seed: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    plan: Option<Map<String, Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    voice: Option<String>,
}

/// What is kept of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Kept {
    #[serde(flatten)]
    order: OrderKept,
    /// When it was asked for, in seconds since 1970.
    asked: f64,
    variations: usize,
}

/// [`Order`], which `flatten` cannot be strict about.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct OrderKept {
    seed: String,
    plan: Map<String, Value>,
    voice: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Stage {
    Waiting,
    Making,
    Done,
    Failed,
    Stopped,
}

/// How far one is, as `antiphon generate --progress` says it.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
struct Progress {
    number: usize,
    of: usize,
    share: f64,
    remaining: Option<f64>,
}

/// One answer, or set of them, as it lies in its folder.
struct Answer {
    id: String,
    folder: PathBuf,
    kept: Kept,
}

impl Answer {
    fn read(place: &Place, id: &str) -> Result<Answer, Refusal> {
        let folder = place.at(place::ANSWERS, id)?;
        let text =
            fs::read(folder.join(ASKED)).map_err(|_| Refusal::missing(format!("answer {id}")))?;
        let kept = serde_json::from_slice(&text);
        Ok(Answer {
            id: id.to_owned(),
            folder,
            kept: kept.map_err(|error| Refusal::broken(format!("{id}/{ASKED}: {error}")))?,
        })
    }

    /// All that there are, the latest first. What is none is left alone.
    fn all(place: &Place) -> Vec<Answer> {
        let entries = fs::read_dir(place.folder(place::ANSWERS))
            .into_iter()
            .flatten()
            .flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let mut all: Vec<Answer> = names
            .filter_map(|id| Answer::read(place, &id).ok())
            .collect();
        all.sort_by(|a, b| {
            b.kept
                .asked
                .total_cmp(&a.kept.asked)
                .then_with(|| b.id.cmp(&a.id))
        });
        all
    }

    fn log(&self) -> PathBuf {
        self.folder.join(LOG)
    }

    fn state(&self) -> Stage {
        let is_there = |name: &str| self.folder.join(name).exists();
        match () {
            () if is_there(SET) => Stage::Done,
            () if process::is_running(&self.log()) => Stage::Making,
            () if is_there(STOPPED) => Stage::Stopped,
            () if is_there(LOG) => Stage::Failed,
            () => Stage::Waiting,
        }
    }

    fn progress(&self) -> Progress {
        let text = fs::read(self.folder.join(PROGRESS)).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    fn marked(&self) -> Vec<String> {
        let text = fs::read(self.folder.join(KEPT)).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    fn notes(&self) -> Option<SetNotes> {
        let text = fs::read(self.folder.join(SET).join(NOTES)).ok()?;
        serde_json::from_slice(&text).ok()
    }

    fn summary(&self) -> Value {
        let state = self.state();
        let progress = match state {
            Stage::Making => self.progress(),
            _ => Progress::default(),
        };
        let error = (state == Stage::Failed).then(|| {
            let why = process::failure(&self.log());
            why.unwrap_or_else(|| "its process was ended; ask again".to_owned())
        });
        let notes = self.notes();
        let file = |variation: &VariationNotes| {
            json!({
                "file": variation.file,
                "seconds": variation.seconds,
                "model": variation.model.as_deref().map(plans::file_name),
                "error": variation.failed,
            })
        };
        let files: Vec<Value> = notes
            .iter()
            .flat_map(|notes| &notes.variations)
            .map(file)
            .collect();
        json!({
            "id": self.id,
            "seed": self.kept.order.seed,
            "state": state,
            "asked": self.kept.asked,
            "variations": self.kept.variations,
            "number": progress.number,
            "of": progress.of,
            "share": progress.share,
            "remaining": progress.remaining,
            "error": error,
            "kept": self.marked(),
            "voice": self.kept.order.voice,
            "files": files,
        })
    }

    /// What `antiphon generate` is asked, from the root, for answers in the folder `output`.
    fn arguments(&self, place: &Place, output: &str) -> Vec<String> {
        let inner = |name: &str| place.shown(&self.folder.join(name));
        let seed = place.folder(place::SEEDS).join(&self.kept.order.seed);
        let words = ["generate", "--seed"].map(str::to_owned).into_iter();
        let words = words.chain([place.shown(&seed), "--plan".to_owned(), inner(PLAN)]);
        words
            .chain(["--output".to_owned(), output.to_owned()])
            .collect()
    }
}

/// Begins the answer that has waited longest, unless one is made.
pub fn begin_next(site: &Arc<Site>) {
    let all = Answer::all(&site.place);
    if all.iter().any(|answer| answer.state() == Stage::Making) {
        return;
    }
    let next = all
        .iter()
        .rev()
        .find(|answer| answer.state() == Stage::Waiting);
    let Some(answer) = next else {
        return;
    };
    let set = site.place.shown(&answer.folder.join(SET));
    let mut arguments: Vec<OsString> = answer
        .arguments(&site.place, &set)
        .into_iter()
        .map(OsString::from)
        .collect();
    arguments.push("--progress".into());
    arguments.push(site.place.shown(&answer.folder.join(PROGRESS)).into());
    let begun = site.begin(&arguments, &answer.log());
    if let Err(error) = begun {
        tracing::warn!("cannot begin the answer {}: {error}", answer.id);
        let _ = fs::write(
            answer.log(),
            format!("antiphon: cannot be begun: {error}\n"),
        );
    }
}

/// `POST /api/answers`.
pub async fn ask(
    State(site): State<Arc<Site>>,
    Asked(order): Asked<Order>,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let id = blocking({
        let site = Arc::clone(&site);
        move || site.change(|| queue(&site.place, order))
    })
    .await?;
    site.wake();
    Ok((StatusCode::ACCEPTED, Json(json!({ "id": id }))))
}

fn queue(place: &Place, order: Order) -> Result<String, Refusal> {
    let waiting = Answer::all(place)
        .iter()
        .filter(|a| a.state() == Stage::Waiting)
        .count();
    if waiting >= MOST_WAITING {
        return Err(Refusal::too_many(format!(
            "{waiting} answers wait already; ask again when some are made"
        )));
    }
    let seed = place.existing(&place.at(place::SEEDS, &order.seed)?)?;
    let (plan, voice) = match (order.plan, order.voice) {
        (Some(plan), None) => (plan, None),
        (None, Some(voice)) => (plans::of_voice(place, &voice)?, Some(voice)),
        _ => return Err(Refusal::bad("ask for either a plan or a voice")),
    };
    let kept = OrderKept {
        seed: order.seed,
        plan,
        voice,
    };
    let stem = seed.file_stem().unwrap_or_default().to_string_lossy();
    let stem: String = stem.chars().take(LETTERS).collect();
    let asked = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let folder = place.folder(place::ANSWERS);
    fs::create_dir_all(&folder).map_err(of_disk("the folder"))?;
    let id = free_name(&format!("{}-{stem}", asked.as_secs()), |id| {
        !folder.join(id).exists()
    });
    let variations = plans::check(place, &kept.plan)?;
    let plan = plans::from_folder(place, kept.plan.clone(), FROM_ANSWERS)?;
    let folder = folder.join(&id);
    fs::create_dir(&folder).map_err(of_disk("the folder"))?;
    let write = |name: &str, value: &Value| {
        let text = format!("{value:#}\n");
        files::write_atomically(&folder.join(name), text.as_bytes()).map_err(of_disk(name))
    };
    write(PLAN, &Value::Object(plan))?;
    // What makes it an answer comes last.
    let kept = Kept {
        order: kept,
        asked: asked.as_secs_f64(),
        variations,
    };
    write(ASKED, &serde_json::to_value(kept).map_err(Refusal::broken)?)?;
    Ok(id)
}

/// `GET /api/answers`.
pub fn list(place: &Place) -> Value {
    Answer::all(place).iter().map(Answer::summary).collect()
}

/// `GET /api/answers/ID`.
pub async fn get(
    State(site): State<Arc<Site>>,
    Named(id): Named<String>,
) -> Result<Json<Value>, Refusal> {
    blocking(move || {
        let answer = Answer::read(&site.place, &id)?;
        let mut summary = answer.summary();
        summary["plan"] = Value::Object(answer.kept.order.plan.clone());
        // The set is there, and nothing is written over.
        let again = free_name(&format!("{}-again", answer.id), |name| {
            !site.place.folder(name).exists()
        });
        let words = Words(answer.arguments(&site.place, &again));
        let root = Words(vec![site.place.root().display().to_string()]);
        summary["command"] = format!("cd {root} && antiphon {words}").into();
        for file in summary["files"].as_array_mut().into_iter().flatten() {
            let Some(name) = file["file"].as_str() else {
                continue;
            };
            let sidecar = answer
                .folder
                .join(SET)
                .join(Path::new(name).with_extension("json"));
            let text = fs::read(sidecar).unwrap_or_default();
            file["sidecar"] = serde_json::from_slice(&text).unwrap_or_default();
        }
        Ok(Json(summary))
    })
    .await
}

/// `POST /api/answers/ID/stop`.
pub async fn stop(
    State(site): State<Arc<Site>>,
    Named(id): Named<String>,
) -> Result<StatusCode, Refusal> {
    blocking(move || {
        let answer = Answer::read(&site.place, &id)?;
        let mark = || fs::write(answer.folder.join(STOPPED), "").map_err(of_disk(&id));
        match answer.state() {
            Stage::Waiting => mark()?,
            Stage::Making => {
                mark()?;
                process::stop(&answer.log()).map_err(Refusal::broken)?;
            }
            _ => return Err(Refusal::conflict(format!("{id} is over already"))),
        }
        Ok(StatusCode::ACCEPTED)
    })
    .await
}

/// Which answer is a good one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    file: String,
    kept: bool,
}

/// `POST /api/answers/ID/keep`.
pub async fn keep(
    State(site): State<Arc<Site>>,
    Named(id): Named<String>,
    Asked(mark): Asked<Mark>,
) -> Result<StatusCode, Refusal> {
    blocking(move || {
        let answer = Answer::read(&site.place, &id)?;
        let file = answer.folder.join(SET).join(checked(&mark.file)?);
        site.place.existing(&file)?;
        site.change(|| {
            let mut marked = answer.marked();
            marked.retain(|name| *name != mark.file);
            if mark.kept {
                marked.push(mark.file);
                marked.sort();
            }
            let text = serde_json::to_vec(&marked).map_err(Refusal::broken)?;
            files::write_atomically(&answer.folder.join(KEPT), &text).map_err(of_disk(&id))
        })?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// `DELETE /api/answers/ID`.
pub async fn delete(
    State(site): State<Arc<Site>>,
    Named(id): Named<String>,
) -> Result<StatusCode, Refusal> {
    blocking(move || {
        let answer = Answer::read(&site.place, &id)?;
        if answer.state() == Stage::Making {
            return Err(Refusal::conflict(format!(
                "{id} is being made; stop it first"
            )));
        }
        // Whoever looks meanwhile sees no half of it.
        fs::remove_file(answer.folder.join(ASKED)).map_err(of_disk(&id))?;
        fs::remove_dir_all(&answer.folder).map_err(of_disk(&id))?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}
