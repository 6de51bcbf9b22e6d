//! Which model a name on the command line means: a file, or one of the bundled.

use std::borrow::Cow;
use std::path::Path;

use anyhow::{Context, bail};

use crate::bundled::{self, BundledModel};

/// Larger files are not read: they are no models of sound.
const MOST_BYTES: u64 = 2_000_000_000;

/// A model's file.
pub struct ModelChoice {
    /// The path or the bundled model's name.
    pub name: String,
    /// What is in the file.
    pub bytes: Cow<'static, [u8]>,
    /// How it sounds, of a bundled model.
    pub sound: Option<&'static str>,
}

impl ModelChoice {
    /// The file at path `name`, or else the bundled model of that name.
    pub fn find(name: &str) -> anyhow::Result<ModelChoice> {
        let bytes = if Path::new(name).is_file() {
            Cow::Owned(read_model(name)?)
        } else if let Some(model) = bundled::find(name) {
            return Ok(ModelChoice::bundled(model));
        } else {
            bail!(
                "there is no model {name}: it is no file, and the bundled models are {}",
                bundled::MODELS
                    .each_ref()
                    .map(|model| model.name)
                    .join(", ")
            );
        };
        Ok(ModelChoice {
            name: name.to_owned(),
            bytes,
            sound: None,
        })
    }

    /// That one of the bundled.
    pub fn bundled(model: &BundledModel) -> ModelChoice {
        ModelChoice {
            name: model.name.to_owned(),
            bytes: Cow::Borrowed(model.bytes),
            sound: Some(model.sound),
        }
    }
}

fn read_model(path: &str) -> anyhow::Result<Vec<u8>> {
    let read = || format!("cannot read the model {path}");
    let bytes = std::fs::metadata(path).with_context(read)?.len();
    if bytes > MOST_BYTES {
        bail!("{path} is too large for a model, {bytes} bytes; at most {MOST_BYTES} are read");
    }
    std::fs::read(path).with_context(read)
}
