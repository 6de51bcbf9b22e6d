//! Which model a name on the command line means: a file, or one of the bundled.

use std::borrow::Cow;
use std::path::Path;

use anyhow::{Context, bail};

use crate::bundled;
use crate::hyperparameters::Approach;

/// What answers when nobody chooses.
pub const DEFAULT_MODEL: &str = "magnitude-spectrum";

/// A model's file.
pub struct ModelChoice {
    /// The path or the bundled model's name.
    pub name: String,
    pub bytes: Cow<'static, [u8]>,
}

impl ModelChoice {
    /// The file at path `name`, or else the bundled model of that name.
    pub fn find(name: &str) -> anyhow::Result<ModelChoice> {
        let bytes = if Path::new(name).is_file() {
            let read = std::fs::read(name);
            Cow::Owned(read.with_context(|| format!("cannot read the model {name}"))?)
        } else if let Ok(approach) = name.parse() {
            Cow::Borrowed(bundled::model(approach))
        } else {
            bail!(
                "there is no model {name}: it is no file, and the bundled models are {}",
                Approach::ALL.map(Approach::name).join(", ")
            );
        };
        Ok(ModelChoice {
            name: name.to_owned(),
            bytes,
        })
    }
}
