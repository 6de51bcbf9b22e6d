//! What is about to be published is read again in full: what cannot be read is not
//! published.

use std::fmt::Display;
use std::path::Path;

use super::answers::VariationMade;
use super::sets;
use crate::answer::SLICES;
use crate::audio;
use crate::slice;

/// Reads the prediction at `path`.
///
/// # Errors
///
/// What is wrong with it.
pub fn check_prediction(path: &Path) -> Result<(), String> {
    match audio::read::read(path) {
        Ok(prediction) if prediction.facts.length_agrees => Ok(()),
        Ok(_) => Err(format!("{} was not written in full", path.display())),
        Err(error) => Err(error.to_string()),
    }
}

/// Reads every sound of the set in the folder `set`, which is to hold `variations`.
///
/// # Errors
///
/// What is wrong with it.
pub fn check_set(set: &Path, variations: &[VariationMade]) -> Result<(), String> {
    let sounds = sets::sounds_in(set).map_err(|e| format!("cannot read {}: {e}", set.display()))?;
    let is_there = |variation: &VariationMade| sounds.contains(&set.join(&variation.file));
    if !variations.iter().all(is_there) || !sets::is_set(set) {
        return Err(format!("{} lacks files that it should hold", set.display()));
    }
    sounds
        .iter()
        .try_for_each(|sound| check_prediction(sound))?;
    check_slices(&set.join(SLICES))
}

/// Reads every slice in `folder`, where there is such a folder, by its table.
fn check_slices(folder: &Path) -> Result<(), String> {
    if !folder.exists() {
        return Ok(());
    }
    let table = folder.join(slice::TABLE);
    let told = |what: &dyn Display| format!("{}: {what}", table.display());
    let text = std::fs::read_to_string(&table).map_err(|error| told(&error))?;
    let rows = slice::parse(&text).map_err(|error| told(&error))?;
    rows.iter()
        .try_for_each(|row| check_prediction(&folder.join(&row.file)))
}
