//! What can be said of a sound before anybody hears it.

use std::path::Path;

use serde::Serialize;

use super::noise::noise_floor;
use crate::audio::{self, AudioError, RecordedSound};
use crate::train::{Heard, decibels, inspect};

/// Less than this, in seconds, is hardly enough to learn from.
const SHORT: f64 = 10.0;

/// What is said of a sound.
#[derive(Clone, Debug, Serialize)]
pub struct SoundFacts {
    seconds: f64,
    sample_rate: u32,
    channels: u16,
    bytes: u64,
    /// The loudest sample's level, in decibels of full scale; none of silence.
    peak_db: Option<f64>,
    /// What is odd about it, in sentences.
    remarks: Vec<String>,
}

/// The facts of the sound at `path`; of one that is `to_learn_from` whether it is long enough.
///
/// # Errors
///
/// What is wrong with a file that is no sound.
pub fn facts_of(path: &Path, to_learn_from: bool) -> Result<SoundFacts, AudioError> {
    let recording = audio::read::read(path)?;
    let bytes = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    let mut facts = SoundFacts::of(&recording, bytes);
    if to_learn_from && facts.seconds < SHORT {
        facts.remarks.push(format!(
            "short to learn from, {:.1} s: a model needs half a minute or more.",
            facts.seconds
        ));
    }
    Ok(facts)
}

impl SoundFacts {
    /// Of a sound whose file has so many bytes.
    pub fn of(recording: &RecordedSound, bytes: u64) -> SoundFacts {
        let facts = &recording.facts;
        let heard = Heard::of(&recording.samples, facts.sample_rate, facts);
        let noise = noise_floor(&recording.samples, facts.sample_rate).map(|level| {
            format!(
                "noisy: where it is quietest there is a noise {:.0} dB below the loudest; a model \
                 learns it too.",
                -level
            )
        });
        let remarks = inspect(&heard)
            .into_iter()
            .map(|remark| format!("{remark}."));
        let peak_db = decibels(facts.peak);
        SoundFacts {
            seconds: facts.seconds(),
            sample_rate: facts.sample_rate,
            channels: facts.channels,
            bytes,
            peak_db: peak_db.is_finite().then_some(peak_db),
            remarks: remarks.chain(noise).collect(),
        }
    }
}
