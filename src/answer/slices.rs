//! A set's slices: loops of its answers, one for each band of pitch, for patches that raise
//! what sustains a pitch that they hear.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::AnswerError;
use super::set::VariationNotes;
use crate::slice::{Bands, Lengths, Prediction, at_one_rate, choose, level, write_slices};

/// The folder of slices, in a set's folder.
pub const SLICES: &str = "slices";

/// What is said of one slice of a set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SliceNotes {
    /// Its band, counted from 1, from low to high.
    pub band: usize,
    /// Its file, in the folder of slices.
    pub file: String,
    pub seconds: f64,
    /// Its own strongest pitch, in Hz.
    pub pitch: f64,
    /// The answer that it was cut out of, and where it begins there, in seconds.
    pub from: String,
    pub begins: f64,
}

/// Makes the slices of the set in `folder`, at most one for each of `count` bands. Of bands
/// that no answer sustains there are none: a set is worth having without.
///
/// # Errors
/// What cannot be read or written.
pub(super) fn slice_set(
    folder: &Path,
    variations: &[VariationNotes],
    count: usize,
) -> Result<Vec<SliceNotes>, AnswerError> {
    let bands = Bands::usual(count);
    let files = variations
        .iter()
        .filter_map(|variation| variation.file.as_ref());
    let read = |name: &String| Prediction::read(&folder.join(name), name);
    let mut predictions = files.map(read).collect::<Result<Vec<_>, _>>()?;
    at_one_rate(&mut predictions);
    let mut slices = choose(&predictions, &bands, &Lengths::USUAL);
    if slices.is_empty() {
        tracing::warn!("no answer of the set sustains any of {count} bands: it has no slices");
    }
    level(&mut slices);
    let rows = write_slices(&folder.join(SLICES), &slices, &bands)?;
    let notes = slices.into_iter().zip(rows).map(|(slice, row)| SliceNotes {
        band: row.index,
        file: row.file,
        seconds: row.seconds,
        pitch: slice.pitch,
        from: slice.prediction,
        begins: slice.begins,
    });
    Ok(notes.collect())
}
