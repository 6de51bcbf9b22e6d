//! Files that jobs need beside their seed: models, and sounds that are followed.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::answer_options::find_model;
use crate::answer::{ModelFile, Plan, Wishes};
use crate::cluster::{Files, Supplies};
use crate::files;
use crate::system::stamp::Stamp;

/// Knows files by their names, and what is in them by their hashes.
#[derive(Default)]
pub struct Shelf {
    /// A model that stays as it was found, whatever becomes of its file.
    kept: Option<(ModelFile, String)>,
    /// Hashes of files as they were.
    known: Mutex<BTreeMap<String, (Option<Stamp>, String)>>,
}

/// Files that are named, or why there are none.
pub struct Named {
    pub models: Files,
    pub guides: Files,
}

impl Shelf {
    /// One that keeps the model `name` as it is now.
    pub fn keeping(name: &str) -> Result<Shelf, String> {
        let file = find_model(name)?;
        let sha256 = files::sha256(&file.bytes);
        Ok(Shelf {
            kept: Some((file, sha256)),
            ..Shelf::default()
        })
    }

    /// All that `plan`, and `base` where it says nothing, name, and the model `other`.
    ///
    /// # Errors
    ///
    /// What is not there, in a sentence.
    pub fn named(&self, plan: &Plan, base: &Wishes, other: Option<&str>) -> Result<Named, String> {
        let mut named = Named {
            models: Files::new(),
            guides: Files::new(),
        };
        for model in plan.models().chain(base.model.as_deref()).chain(other) {
            if !named.models.contains_key(model) {
                let sha256 = self.model(model)?;
                named.models.insert(model.to_owned(), sha256);
            }
        }
        for guide in plan.guides().chain(base.guide_file.as_deref()) {
            let name = guide.to_str().ok_or_else(|| {
                format!(
                    "the name of {} is no UTF-8, and jobs hold no other; rename the file",
                    guide.display()
                )
            })?;
            let cannot = |error| {
                format!("{name} is no file; a guide file is a sound that is followed ({error})")
            };
            let hash = || files::sha256_of(guide).map_err(cannot);
            named.guides.insert(name.to_owned(), self.hash(name, hash)?);
        }
        Ok(named)
    }

    /// The hash of the model `name`.
    fn model(&self, name: &str) -> Result<String, String> {
        if let Some((_, sha256)) = self.kept.as_ref().filter(|(file, _)| file.name == name) {
            return Ok(sha256.clone());
        }
        self.hash(name, || Ok(files::sha256(&find_model(name)?.bytes)))
    }

    /// The hash of the file `name`, which `hash` makes where the file has changed.
    fn hash(
        &self,
        name: &str,
        hash: impl FnOnce() -> Result<String, String>,
    ) -> Result<String, String> {
        let stamp = Stamp::of(Path::new(name));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, sha256)) = known.get(name).filter(|(then, _)| *then == stamp) {
            return Ok(sha256.clone());
        }
        let sha256 = hash()?;
        known.insert(name.to_owned(), (stamp, sha256.clone()));
        Ok(sha256)
    }
}

impl Supplies for Shelf {
    fn supply(&self, name: &str, sha256: &str) -> Result<Cow<'static, [u8]>, String> {
        if let Some((file, _)) = self.kept.as_ref().filter(|(_, kept)| kept == sha256) {
            return Ok(file.bytes.clone());
        }
        let found = find_model(name).map(|file| file.bytes);
        let found = found.or_else(|_| {
            let read = std::fs::read(name).map(Cow::Owned);
            read.map_err(|error| format!("cannot read {name}: {error}"))
        })?;
        match files::sha256(&found) == sha256 {
            true => Ok(found),
            false => Err(format!("{name} has just changed")),
        }
    }
}
