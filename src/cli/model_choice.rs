//! Which model a name on the command line means: a file, or one of the bundled.

use std::path::Path;

use anyhow::{Context, bail};

/// What answers when nobody chooses.
pub const DEFAULT_MODEL: &str = "magnitude-spectrum";

/// A model's file.
pub struct ModelChoice {
    /// The path or the bundled model's name.
    pub name: String,
    pub bytes: Vec<u8>,
}

impl ModelChoice {
    /// The file at path `name`, or else the bundled model of that name.
    pub fn find(name: &str) -> anyhow::Result<ModelChoice> {
        let path = Path::new(name);
        if path.is_file() {
            let bytes =
                std::fs::read(path).with_context(|| format!("cannot read the model {name}"))?;
            return Ok(ModelChoice {
                name: name.to_owned(),
                bytes,
            });
        }
        bail!("there is no model {name}")
    }
}
