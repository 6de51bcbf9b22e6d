//! What there is to choose from: recordings, seeds, settings, models, voices.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::UNIX_EPOCH;

use serde_json::{Value, json};

use super::place::{self, Place};
use super::plans;
use super::site::Site;
use crate::audio::is_called_a_sound;
use crate::bundled::{self, BundledModel};
use crate::trained_model::TrainedModel;
use crate::watch::voices::Roll;

/// `GET /api/files`.
pub fn list(site: &Site) -> Value {
    let place = &site.place;
    json!({
        "recordings": sounds(place, place::RECORDINGS),
        "seeds": sounds(place, place::SEEDS),
        "settings": settings(place),
        "models": models(site),
        "voices": voices(place),
    })
}

/// The files of a folder that have names in UTF-8, by their names.
fn files(place: &Place, folder: &str) -> Vec<(String, PathBuf, Metadata)> {
    let entries = fs::read_dir(place.folder(folder))
        .into_iter()
        .flatten()
        .flatten();
    let mut files: Vec<_> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let metadata = entry.metadata().ok()?;
            let is_shown = metadata.is_file() && !name.starts_with('.');
            is_shown.then_some((name, entry.path(), metadata))
        })
        .collect();
    files.sort_by(|a, b| a.0.cmp(&b.0));
    files
}

fn modified(metadata: &Metadata) -> Option<f64> {
    let since = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some((10.0 * since.as_secs_f64()).round() / 10.0)
}

fn sounds(place: &Place, folder: &str) -> Value {
    let files = files(place, folder).into_iter();
    let sounds = files.filter(|(name, ..)| is_called_a_sound(name.as_ref()));
    sounds
        .map(|(name, _, metadata)| {
            json!({ "name": name, "bytes": metadata.len(), "modified": modified(&metadata) })
        })
        .collect()
}

fn settings(place: &Place) -> Value {
    let files = files(place, place::SETTINGS).into_iter();
    let settings = files.filter_map(|(name, _, metadata)| {
        let name = name.strip_suffix(super::settings::ENDING)?;
        Some(json!({ "name": name, "modified": modified(&metadata) }))
    });
    settings.collect()
}

fn models(site: &Site) -> Value {
    static RATES: LazyLock<Vec<Option<u32>>> = LazyLock::new(|| {
        let read =
            |model: &BundledModel| TrainedModel::from_bytes(model.bytes, model.name.as_ref());
        let rate = |model| read(model).map(|model| model.hyperparameters.format.sample_rate);
        bundled::MODELS
            .iter()
            .map(|model| rate(model).ok())
            .collect()
    });
    let of_bundled = bundled::MODELS.iter().zip(&*RATES).map(|(model, rate)| {
        json!({
            "name": model.name,
            "bundled": true,
            "approach": model.approach.name(),
            "sound": model.sound,
            "sample_rate": rate,
            "bytes": model.bytes.len(),
        })
    });
    let files = files(&site.place, place::MODELS).into_iter();
    let own = files.filter(|(name, ..)| name.ends_with(".onnx"));
    let own = own.map(|(name, path, metadata)| {
        let read = || Ok(facts(&path));
        let mut model = site.models.of(&path, "", read).unwrap_or_default();
        model["name"] = name.into();
        model["bundled"] = false.into();
        model["bytes"] = metadata.len().into();
        model["modified"] = modified(&metadata).into();
        model
    });
    of_bundled.chain(own).collect()
}

/// What a model's file says of itself.
fn facts(path: &Path) -> Value {
    match TrainedModel::read(path) {
        Ok(model) => json!({
            "approach": model.hyperparameters.approach().name(),
            "sample_rate": model.hyperparameters.format.sample_rate,
        }),
        Err(error) => json!({ "error": error.to_string() }),
    }
}

fn voices(place: &Place) -> Value {
    let roll = Roll::call(place.root()).unwrap_or_default();
    let one = |name: &String| {
        let plan = plans::of_voice(place, name).map(Value::Object);
        json!({ "name": name, "plan": plan.unwrap_or_default() })
    };
    roll.voices.iter().map(one).collect()
}
