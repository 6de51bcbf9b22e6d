//! From a file's text to hyperparameters.

use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::error::{HyperparametersError, impossible};
use super::table::rules;
use super::{Approach, FormatSettings, Hyperparameters, Preset, SAMPLE_RATE, USUAL_RATE, preset};

impl Hyperparameters {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// What cannot be read, and all that [`Hyperparameters::parse`] refuses.
    pub fn read(path: &Path) -> Result<Hyperparameters, HyperparametersError> {
        let text =
            std::fs::read_to_string(path).map_err(|cause| HyperparametersError::Unreadable {
                path: path.to_owned(),
                cause,
            })?;
        let mut read = Hyperparameters::parse(&text)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        for seed in &mut read.dreams.seed_fn_list {
            let path = folder.join(&seed);
            *seed = std::path::absolute(&path).unwrap_or(path);
            if seed.to_str().is_none() {
                return impossible("seed_fn_list", seed.display(), "paths that are UTF-8");
            }
        }
        Ok(read)
    }

    /// Reads hyperparameters from JSON: what is left out is filled in.
    ///
    /// # Errors
    /// Unknown keys and impossible values.
    pub fn parse(json: &str) -> Result<Hyperparameters, HyperparametersError> {
        let value = serde_json::from_str(json).map_err(HyperparametersError::NotJson)?;
        let Value::Object(mut given) = value else {
            return Err(HyperparametersError::NotAnObject);
        };
        let preset = match given.remove("preset") {
            Some(name) => parse_preset(&name)?,
            None => approach_of_flags(&given).into(),
        };
        fill(preset, given)
    }

    /// The same with other values for the keys of `changes`, and nothing that
    /// follows from them.
    ///
    /// # Errors
    /// Unknown keys and impossible values.
    pub fn with(
        &self,
        changes: &Map<String, Value>,
    ) -> Result<Hyperparameters, HyperparametersError> {
        let mut values = self.values();
        for (key, value) in changes {
            known(key)?;
            values.insert(key.clone(), value.clone());
        }
        let changed = from_values(values)?;
        changed.validate()?;
        Ok(changed)
    }
}

/// What `given` says, and `preset` where it says nothing, checked.
pub(super) fn fill(
    preset: Preset,
    given: Map<String, Value>,
) -> Result<Hyperparameters, HyperparametersError> {
    let mut filled = preset::dissertation(preset.approach());
    let mut fixed = preset.differences();
    if given.contains_key("window_size") {
        // A preset's hop size is one for its own windows.
        fixed.remove("hop_size");
    }
    fixed.extend(given);
    for (key, value) in &fixed {
        known(key)?;
        filled.insert(key.clone(), value.clone());
    }
    let mut read = from_values(filled)?;
    read.relate(preset.approach(), |key| fixed.contains_key(key));
    read.validate()?;
    Ok(read)
}

/// All hyperparameters of a file's `values`.
pub(super) fn from_values(
    mut values: Map<String, Value>,
) -> Result<Hyperparameters, HyperparametersError> {
    let follows_recordings = values.get(SAMPLE_RATE) == Some(&0.into());
    if follows_recordings {
        values.insert(SAMPLE_RATE.to_owned(), USUAL_RATE.into());
    }
    let values = Value::Object(values);
    Ok(Hyperparameters {
        format: FormatSettings {
            follows_recordings,
            ..group(&values)?
        },
        network: group(&values)?,
        training: group(&values)?,
        dreams: group(&values)?,
        chances: group(&values)?,
        drawing: group(&values)?,
        following: group(&values)?,
        moving: group(&values)?,
        conditioning: group(&values)?,
    })
}

fn group<G: DeserializeOwned>(values: &Value) -> Result<G, HyperparametersError> {
    serde_path_to_error::deserialize(values).map_err(|e| HyperparametersError::WrongType {
        key: e.path().to_string(),
        what: e.inner().to_string(),
    })
}

fn parse_preset(name: &Value) -> Result<Preset, HyperparametersError> {
    let preset = name.as_str().and_then(|name| name.parse().ok());
    preset.ok_or_else(|| HyperparametersError::Impossible {
        key: "preset",
        value: name.to_string(),
        allowed: Preset::ALL.map(Preset::name).join(", "),
    })
}

/// The approach of a file without a preset, from its flags as far as they are given.
fn approach_of_flags(given: &Map<String, Value>) -> Approach {
    let flag = |key: &str| given.get(key) == Some(&Value::Bool(true));
    let bands = given.get("bands").and_then(Value::as_u64).unwrap_or(1);
    let columns = given.get("label_shape").and_then(|shape| shape.get(1));
    let one_column = columns == Some(&bands.into());
    match (flag("use_fft"), flag("use_transpose"), one_column) {
        (true, _, _) => Approach::MagnitudeSpectrum,
        (_, true, _) => Approach::Transpose,
        (_, _, true) => Approach::ColumnVector,
        _ => Approach::Vector,
    }
}

/// Refuses a key that is no hyperparameter.
pub(super) fn known(key: &str) -> Result<(), HyperparametersError> {
    if rules().any(|rule| rule.key == key) {
        return Ok(());
    }
    let nearest = rules()
        .map(|rule| (strsim::jaro_winkler(key, rule.key), rule.key))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let hint = match nearest {
        Some((likeness, name)) if likeness > 0.8 => format!("; did you mean \"{name}\"?"),
        _ => "; `antiphon new` writes a file with every name there is".to_owned(),
    };
    Err(HyperparametersError::UnknownKey {
        key: key.to_owned(),
        hint,
    })
}
