//! Plans that come from the page. What they name lies under the root: models in `models/`,
//! guides in `studio/seeds/`.

use std::fs;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Map, Value};

use super::blocking;
use super::place::{self, Place, checked, checked_stem};
use super::refusal::{Refusal, of_disk};
use super::request::{Asked, Named};
use super::site::Site;
use crate::answer::{ModelFile, Plan, Voice, Wishes};
use crate::bundled;
use crate::files;
use crate::watch::folders::VOICES;

/// From the folder of the voices to the root.
const FROM_VOICES: &str = "..";

/// `plan` as a file would say it that lies in a folder from which `root` leads to the root.
///
/// # Errors
///
/// Names of models and guides that are none.
pub fn from_folder(
    place: &Place,
    mut plan: Map<String, Value>,
    root: &str,
) -> Result<Map<String, Value>, Refusal> {
    settle(place, &mut plan, root)?;
    if let Some(Value::Array(variations)) = plan.get_mut("variations") {
        for variation in variations {
            if let Value::Object(variation) = variation {
                settle(place, variation, root)?;
            }
        }
    }
    Ok(plan)
}

fn settle(place: &Place, wishes: &mut Map<String, Value>, root: &str) -> Result<(), Refusal> {
    if let Some(Value::String(model)) = wishes.get_mut("model")
        && bundled::find(model).is_none()
    {
        *model = found(place, place::MODELS, model, root)?;
    }
    if let Some(Value::String(guide)) = wishes.get_mut("guide_file") {
        *guide = found(place, place::SEEDS, guide, root)?;
    }
    Ok(())
}

/// The way to the file `name` in `folder`, from a folder from which `root` leads to the root.
fn found(place: &Place, folder: &str, name: &str, root: &str) -> Result<String, Refusal> {
    let file = place
        .existing(&place.at(folder, name)?)
        .map_err(|_| Refusal::impossible(format!("there is no {name} in {folder}/")))?;
    let inner = file.strip_prefix(place.root()).unwrap_or(&file);
    Ok(format!(
        "{root}/{}",
        inner.to_string_lossy().replace('\\', "/")
    ))
}

/// `plan`, of a voice, as the page knows it: files by their names, but for those that lie
/// elsewhere than the page's, which stay as they are and are found nowhere.
fn to_page(mut plan: Map<String, Value>) -> Map<String, Value> {
    let rename = |wishes: &mut Map<String, Value>| {
        for (key, folder) in [("model", place::MODELS), ("guide_file", place::SEEDS)] {
            if let Some(Value::String(name)) = wishes.get_mut(key)
                && let Some(inner) = name.strip_prefix(&format!("{FROM_VOICES}/{folder}/"))
            {
                *name = inner.to_owned();
            }
        }
    };
    rename(&mut plan);
    let variations = plan.get_mut("variations").and_then(Value::as_array_mut);
    let variations = variations.into_iter().flatten();
    variations.filter_map(Value::as_object_mut).for_each(rename);
    plan
}

/// The name of a model without the way to it.
pub fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// How many answers `plan`, as the page knows it, asks for, if it can be answered by what is
/// there.
///
/// # Errors
///
/// 422 with what is wrong.
pub fn check(place: &Place, plan: &Map<String, Value>) -> Result<usize, Refusal> {
    let root = place.root().to_string_lossy();
    let text = Value::Object(from_folder(place, plan.clone(), &root)?).to_string();
    let parsed = Plan::parse(&text).map_err(Refusal::impossible)?;
    let count = parsed.variations.as_ref().map_or(1, Vec::len);
    let find = |name: &str| find_model(place, name);
    Voice::new(&parsed, &Wishes::default(), &find, 1).map_err(Refusal::impossible)?;
    Ok(count)
}

/// The model that a plan calls `name`.
fn find_model(place: &Place, name: &str) -> Result<ModelFile, String> {
    let bytes = match bundled::find(name) {
        Some(model) => model.bytes.into(),
        None => {
            let path = place.folder(place::MODELS).join(file_name(name));
            fs::read(&path)
                .map_err(|error| format!("{name}: {error}"))?
                .into()
        }
    };
    Ok(ModelFile {
        name: name.to_owned(),
        bytes,
    })
}

/// The plan of the voice `name`, as the page knows it.
///
/// # Errors
///
/// 404, 422.
pub fn of_voice(place: &Place, name: &str) -> Result<Map<String, Value>, Refusal> {
    let path = place.existing(&place.at(VOICES, &file_of(checked(name)?))?)?;
    let text = fs::read(&path).map_err(of_disk(name))?;
    let plan: Map<String, Value> = serde_json::from_slice(&text)
        .map_err(|error| Refusal::impossible(format!("the voice {name}: {error}")))?;
    Ok(to_page(plan))
}

fn file_of(voice: &str) -> String {
    format!("{voice}.json")
}

/// `GET /api/voices/NAME`.
pub async fn get(
    State(site): State<Arc<Site>>,
    Named(name): Named<String>,
) -> Result<Json<Value>, Refusal> {
    blocking(move || of_voice(&site.place, &name).map(|plan| Json(Value::Object(plan)))).await
}

/// `PUT /api/voices/NAME`.
pub async fn put(
    State(site): State<Arc<Site>>,
    Named(name): Named<String>,
    Asked(plan): Asked<Map<String, Value>>,
) -> Result<StatusCode, Refusal> {
    blocking(move || {
        let place = &site.place;
        let path = place.at(VOICES, &file_of(checked_stem(&name)?))?;
        let folder = place.folder(VOICES);
        check(place, &plan)?;
        let plan = from_folder(place, plan, FROM_VOICES)?;
        let text = format!("{:#}\n", Value::Object(plan));
        site.change(|| {
            fs::create_dir_all(&folder).map_err(of_disk("the folder"))?;
            files::write_atomically(&path, text.as_bytes()).map_err(of_disk(&name))
        })?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// `DELETE /api/voices/NAME`.
pub async fn delete(
    State(site): State<Arc<Site>>,
    Named(name): Named<String>,
) -> Result<StatusCode, Refusal> {
    let file = file_of(checked(&name)?);
    site.remove(VOICES, &file).await
}
