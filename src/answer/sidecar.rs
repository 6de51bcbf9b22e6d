//! The sidecar of a prediction: how it came about.

use serde::{Deserialize, Serialize};

use super::commission::Loudness;
use super::ending::Ending;
use super::learned::LearnedNotes;
use crate::audio::LongSound;
use crate::audio::output::OutputRate;
use crate::audio::write::SampleFormat;
use crate::generate::guard::Fault;
use crate::generate::{AnswerSettings, Prime, Provider, Response, Timings};
use crate::model::Precision;
use crate::reel::ReelError;

/// Which model answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelIdentity {
    /// The path or name it was loaded by.
    pub name: String,
    /// SHA-256 of its file.
    pub sha256: String,
}

/// A sound that was followed instead of the seed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuideSource {
    /// The path it was found at.
    pub file: String,
    pub sha256: String,
}

/// Level of a sound, where 1 is full scale.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Level {
    pub peak: f32,
    pub rms: f32,
}

/// How a prediction came about: enough to make it again byte for byte, with
/// the same build on the same kind of processor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sidecar {
    /// Version of antiphon.
    pub antiphon: String,
    /// Its build, which older versions did not say, nor anything else that may be missing.
    #[serde(default)]
    pub build: Option<String>,
    /// Processor that it ran on.
    #[serde(default)]
    pub processor: Option<String>,
    /// The voice that answered, where it has a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice: Option<String>,
    /// Which answer of a set it is, from 1 on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variation: Option<usize>,
    pub model: ModelIdentity,
    pub engine: String,
    /// What ONNX Runtime computed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<Provider>,
    /// In which numbers the weights were; older versions knew of f32 alone.
    #[serde(default)]
    pub precision: Precision,
    /// The seed file's name, without its folder.
    pub seed: String,
    pub seed_sha256: String,
    /// SHA-256 of the prediction's file.
    #[serde(default)]
    pub prediction_sha256: Option<String>,
    /// Length that was asked for.
    pub seconds: f64,
    #[serde(flatten)]
    pub ending: Ending,
    /// Length that came of it, in seconds.
    #[serde(default)]
    pub lasts: f64,
    pub random_seed: u64,
    pub prime: Prime,
    /// Seconds of the seed's end that were asked to be played.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prime_seconds: Option<f64>,
    /// What was followed, where that was not the seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guide_file: Option<GuideSource>,
    /// Whether sampling might go back from what is wrong.
    #[serde(default = "yes")]
    pub may_go_back: bool,
    /// How predictions were drawn and fed back, and what the weights did.
    #[serde(flatten)]
    pub settings: AnswerSettings,
    /// What it began with, where the model keeps what it learns.
    pub learning: Option<LearnedNotes>,
    pub loudness: Loudness,
    /// What was wrong while it was made, and what was done about it.
    pub responses: Vec<Response>,
    /// What is wrong with it all the same.
    pub fault: Option<Fault>,
    pub format: SampleFormat,
    pub channels: u16,
    /// How far they are apart, where they are not the same.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub width: f64,
    /// What was asked for: the seed's rate, the model's, or a number.
    pub rate: OutputRate,
    /// That of the file, in Hz.
    pub sample_rate: u32,
    pub seed_level: Level,
    /// Level of the prediction as the model made it.
    pub prediction_level: Level,
    /// What it was multiplied by to be as loud as the seed.
    pub gain: f32,
    /// What the prediction was multiplied by to stay below full scale.
    pub scaled_by: Option<f32>,
    pub timings: Timings,
}

impl Level {
    pub(super) fn of(sound: &LongSound) -> Result<Level, ReelError> {
        let (peak, rms) = sound.peak_and_rms()?;
        Ok(Level { peak, rms })
    }
}

fn is_nothing(width: &f64) -> bool {
    *width == 0.0
}

fn yes() -> bool {
    true
}

impl Sidecar {
    /// The sidecar whose file's text is `json`.
    ///
    /// # Errors
    /// What is missing, or is something else.
    pub fn parse(json: &str) -> serde_json::Result<Sidecar> {
        serde_json::from_str(json)
    }

    /// The sidecar file's text.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("plain fields always serialise");
        text.push('\n');
        text
    }
}
