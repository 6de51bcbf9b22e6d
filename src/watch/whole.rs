//! What is about to be published is read again in full: what cannot be read is not
//! published.

use std::path::Path;

use super::answers::VariationMade;
use super::sets;
use crate::audio;

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
    sounds.iter().try_for_each(|sound| check_prediction(sound))
}
