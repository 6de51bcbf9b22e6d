//! The hyperparameters file: names and meanings of the dissertation's Table 4.1,
//! presets, the relations between them (section 3.1.1), and their validation.
//!
//! A file is a JSON object. Keys it leaves out are filled by its `"preset"`
//! (or, without one, by the dissertation's for the approach that its flags
//! describe); formats that follow from others (`label_offset` from `seg_len`,
//! say) follow the file's own values. A key that is not a hyperparameter is an
//! error.
//!
//! What a hyperparameter may be and what it means stands once, in its [`Rule`].

mod approach;
mod conditioning;
mod document;
mod drawing;
mod dreams;
mod error;
mod following;
mod format;
mod moving;
mod network;
mod preset;
mod reading;
mod relations;
mod rule;
mod schema;
mod strength;
mod table;
mod training;

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use crate::chances::ChanceRules;

pub use approach::Approach;
pub use conditioning::{Conditioning, ConditioningSettings};
pub use document::document;
pub use drawing::{AnswerMode, DrawingSettings, Vocoder};
pub use dreams::{DreamsSettings, SeedMode};
pub use error::HyperparametersError;
pub use following::{FollowingSettings, GuideForm};
pub use format::{FormatSettings, LabelValues, MagnitudeScale};
pub use moving::MovingSettings;
pub use network::{NetworkSettings, OutputKind, WeightFormat};
pub use preset::Preset;
pub use rule::{Rule, RuleOption, Values, When};
pub use schema::schema;
pub use strength::Strength;
pub use table::{RuleGroup, TABLE, rule, rules};
pub use training::{LrSchedule, TrainingSettings};

/// The key of the rate in files.
const SAMPLE_RATE: &str = "sample_rate";
/// In Hz.
const LOWEST_RATE: u32 = 1000;
/// In Hz, where nothing says another.
const USUAL_RATE: u32 = 44_100;
/// The most that a rate which follows recordings gets to, in Hz: nobody hears what is above
/// its half.
const HIGHEST_FOLLOWED: u32 = 48_000;

/// Every setting of a model, in groups; in a file they stand side by side.
#[derive(Clone, Debug, PartialEq)]
pub struct Hyperparameters {
    /// What the network hears and what it predicts.
    pub format: FormatSettings,
    /// The network and what its outputs mean.
    pub network: NetworkSettings,
    /// How the network learns.
    pub training: TrainingSettings,
    /// Predictions that training samples on its way.
    pub dreams: DreamsSettings,
    /// How one of what a distribution has is chosen.
    pub chances: ChanceRules,
    /// How the model answers: how predictions are drawn and fed back.
    pub drawing: DrawingSettings,
    /// How closely an answer follows its guide.
    pub following: FollowingSettings,
    /// How weights go on learning while the model answers.
    pub moving: MovingSettings,
    /// A description of what comes next, which the network sees beside its input.
    pub conditioning: ConditioningSettings,
}

impl Hyperparameters {
    /// The settings of `preset`; an approach stands for the dissertation's own.
    pub fn preset(preset: impl Into<Preset>) -> Hyperparameters {
        reading::fill(preset.into(), Default::default()).expect("presets are allowed, as tests say")
    }

    /// Every hyperparameter by its name.
    pub fn values(&self) -> Map<String, Value> {
        let groups = [
            serde_json::to_value(&self.format),
            serde_json::to_value(&self.network),
            serde_json::to_value(&self.training),
            serde_json::to_value(&self.dreams),
            serde_json::to_value(self.chances),
            serde_json::to_value(&self.drawing),
            serde_json::to_value(&self.following),
            serde_json::to_value(&self.moving),
            serde_json::to_value(&self.conditioning),
        ];
        let values = groups.into_iter().flat_map(|group| match group {
            Ok(Value::Object(values)) => values,
            _ => unreachable!("a group serialises to an object"),
        });
        let mut values: Map<String, Value> = values.collect();
        if self.format.follows_recordings {
            values.insert(SAMPLE_RATE.to_owned(), 0.into());
        }
        values
    }

    /// The same for recordings of which most have `rate`, in Hz, where the sampling rate is
    /// to follow them: that rate, or the largest whole part of it up to 48 kHz. `None`, where
    /// no recording says its rate, leaves 44.1 kHz.
    pub fn at_the_rate_of_recordings(mut self, rate: Option<u32>) -> Hyperparameters {
        if std::mem::take(&mut self.format.follows_recordings)
            && let Some(rate) = rate
        {
            self.format.sample_rate =
                (rate / rate.div_ceil(HIGHEST_FOLLOWED).max(1)).max(LOWEST_RATE);
        }
        self
    }

    /// The file's text: every hyperparameter that files have, in order.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("plain fields always serialise");
        text.push('\n');
        text
    }

    /// The approach that the flags and the label's shape describe.
    pub fn approach(&self) -> Approach {
        match (
            self.format.use_fft,
            self.format.use_transpose,
            self.format.label_shape[1],
        ) {
            (true, _, _) => Approach::MagnitudeSpectrum,
            (_, true, _) => Approach::Transpose,
            (_, _, outputs) if outputs == self.format.bands => Approach::ColumnVector,
            _ => Approach::Vector,
        }
    }

    /// Values of a row of the network's input: a vector, and what stands beside it.
    pub fn row_width(&self) -> usize {
        self.format.seg_len + self.conditioning.conditioning.values()
    }

    /// Bins of a magnitude frame: non-negative frequencies below the Nyquist
    /// frequency, so that `seg_len = window_size` with zero padding (section 3.1.1).
    pub fn bins(&self) -> usize {
        if self.format.zero_padding {
            self.format.window_size
        } else {
            self.format.window_size / 2
        }
    }

    /// Predictions of the network that make an hour of sound: what goes beyond
    /// is a slip of the pen.
    pub(crate) fn longest_prediction(&self) -> usize {
        3600 * self.format.sample_rate as usize / self.samples_per_prediction().max(1)
    }

    /// Audio samples that one prediction of the network adds to the sound.
    pub fn samples_per_prediction(&self) -> usize {
        match self.approach() {
            Approach::Vector => self.format.label_shape[1].min(self.format.label_offset),
            Approach::ColumnVector | Approach::Transpose => self.format.bands,
            Approach::MagnitudeSpectrum => self.format.hop_size,
        }
    }
}

impl Serialize for Hyperparameters {
    /// Side by side, in the order of the dissertation's file. Those that came later
    /// are left out where they are as they always were.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let values = self.values();
        let mut map = serializer.serialize_map(None)?;
        for key in preset::keys() {
            map.serialize_entry(key, &values[key])?;
        }
        for (key, value) in preset::later() {
            if values[key] != *value {
                map.serialize_entry(key, &values[key])?;
            }
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Hyperparameters {
    /// Each key must be there but for those that came later, and no other.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Hyperparameters, D::Error> {
        let given = Map::deserialize(deserializer)?;
        let mut values = preset::later().clone();
        values.extend(given);
        values
            .keys()
            .try_for_each(|key| reading::known(key))
            .map_err(D::Error::custom)?;
        reading::from_values(values).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests;
