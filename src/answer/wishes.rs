//! What is asked of answers by options of the command line, by a plan, or by a voice.

use std::path::PathBuf;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::commission::{Commission, LONGEST_ANSWER, Length, Loudness};
use super::ending::{Ending, EndingKind};
use super::plan::PlanError;
use crate::audio::output::{OutputChannels, OutputFormat, OutputRate};
use crate::audio::write::SampleFormat;
use crate::generate::{Asked, AskedPrecision, EngineKind, Playing, Prime, Provider};
use crate::hyperparameters::{AnswerMode, rule, rules};

/// The longest fade, in seconds.
const LONGEST_FADE: f64 = 60.0;
/// The most of a seed that can be asked to be played, in seconds.
pub const LONGEST_PRIMING: f64 = 24.0 * 3600.0;
/// The most that an answer can be longer than its seed.
const MOST_TIMES: f64 = 1000.0;

/// What is asked of an answer; `None` where nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]

pub struct Wishes {
    /// A model's file, or the name of a bundled one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<EngineKind>,
    /// In which numbers weights are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precision: Option<AskedPrecision>,
    /// What ONNX Runtime computes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<Provider>,
    #[serde(flatten)]
    pub length: Option<Length>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ending: Option<EndingKind>,
    /// Seconds over which an answer fades away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fade: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub random_seed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prime: Option<Prime>,
    /// Seconds of a seed's end that are played to the network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prime_seconds: Option<f64>,
    /// Frozen or moving weights.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<AnswerMode>,
    /// A sound file that is followed instead of the seed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guide_file: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loudness: Option<Loudness>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<OutputRate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channels: Option<OutputChannels>,
    /// How far two channels are apart, from 0, where they are the same, to 1. Above 0 it asks
    /// for two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<SampleFormat>,
    /// Hyperparameters of the answer, by their names.
    #[serde(flatten)]
    pub values: Map<String, Value>,
}

/// The keys that are no hyperparameters with an option of their own.
const KEYS: [&str; 18] = [
    "model",
    "engine",
    "precision",
    "provider",
    "seconds",
    "times",
    "ending",
    "fade",
    "random_seed",
    "prime",
    "prime_seconds",
    "answer",
    "guide_file",
    "loudness",
    "rate",
    "channels",
    "width",
    "format",
];

impl Wishes {
    /// Those that `given` says.
    ///
    /// # Errors
    /// Unknown keys, and values that are out of range. Hyperparameters are checked
    /// beside their model.
    pub(super) fn of(mut given: Map<String, Value>) -> Result<Wishes, PlanError> {
        let g = &mut given;
        let wishes = Wishes {
            model: take(g, "model")?,
            engine: take(g, "engine")?,
            precision: take(g, "precision")?,
            provider: take(g, "provider")?,
            length: length(take(g, "seconds")?, take(g, "times")?)?,
            ending: take(g, "ending")?,
            fade: within("fade", take(g, "fade")?, 0.0, LONGEST_FADE)?,
            random_seed: take(g, "random_seed")?,
            prime: take(g, "prime")?,
            prime_seconds: within(
                "prime_seconds",
                take(g, "prime_seconds")?,
                0.0,
                LONGEST_PRIMING,
            )?,
            answer: take(g, "answer")?,
            guide_file: take(g, "guide_file")?,
            loudness: take(g, "loudness")?,
            rate: take(g, "rate")?,
            channels: take(g, "channels")?,
            width: within("width", take(g, "width")?, 0.0, 1.0)?,
            format: take(g, "format")?,
            values: given,
        };
        wishes.values.keys().try_for_each(|key| known(key))?;
        wishes.check()?;
        Ok(wishes)
    }

    /// Those that `given` says, which [`Wishes::to_map`] gave.
    ///
    /// # Errors
    /// Unknown keys, and values that are out of range.
    pub fn parse(given: Map<String, Value>) -> Result<Wishes, PlanError> {
        Wishes::of(given)
    }

    /// What is said, by the keys of plans.
    pub fn to_map(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(map)) => map,
            // Plain fields always serialise, as an object.
            _ => Map::new(),
        }
    }

    /// Refuses what contradicts itself.
    pub fn check(&self) -> Result<(), PlanError> {
        match (self.ending, self.fade) {
            (Some(EndingKind::Raw), Some(_)) => Err(PlanError::NoFade),
            _ => Ok(()),
        }?;
        match self.channels {
            Some(OutputChannels::One) if self.is_wide() => Err(PlanError::NoWidth),
            _ => Ok(()),
        }
    }

    /// Whether its channels are to differ.
    fn is_wide(&self) -> bool {
        self.width.is_some_and(|width| width > 0.0)
    }

    /// The same, and `base` where nothing is said.
    pub fn over(self, base: &Wishes) -> Wishes {
        let mut base = base.clone();
        // Who says one of these means it, and not what of the other contradicts it.
        if self.is_wide() {
            base.channels = None;
        }
        if self.channels == Some(OutputChannels::One) {
            base.width = None;
        }
        let mut values = base.values;
        values.extend(self.values);
        Wishes {
            model: self.model.or(base.model),
            engine: self.engine.or(base.engine),
            precision: self.precision.or(base.precision),
            provider: self.provider.or(base.provider),
            length: self.length.or(base.length),
            ending: self.ending.or(base.ending),
            fade: self.fade.or(base.fade),
            random_seed: self.random_seed.or(base.random_seed),
            prime: self.prime.or(base.prime),
            prime_seconds: self.prime_seconds.or(base.prime_seconds),
            answer: self.answer.or(base.answer),
            guide_file: self.guide_file.or(base.guide_file),
            loudness: self.loudness.or(base.loudness),
            rate: self.rate.or(base.rate),
            channels: self.channels.or(base.channels),
            width: self.width.or(base.width),
            format: self.format.or(base.format),
            values,
        }
    }

    /// The same without what belongs to one model: what it is called, and how it draws.
    pub fn of_any_model(&self) -> Wishes {
        Wishes {
            model: None,
            answer: None,
            guide_file: None,
            values: Map::new(),
            ..self.clone()
        }
    }

    /// What is asked of an answer, and what is usual where nothing is said.
    pub fn commission(&self) -> Commission {
        let usual = Commission::default();
        let kind = self.ending.unwrap_or(usual.ending.kind);
        Commission {
            length: self.length.unwrap_or(usual.length),
            random_seed: self.random_seed.unwrap_or(usual.random_seed),
            prime: self.prime.unwrap_or(usual.prime),
            prime_seconds: self.prime_seconds,
            guide_file: self.guide_file.clone(),
            ending: Ending::new(kind, self.fade),
            loudness: self.loudness.unwrap_or(usual.loudness),
            output: OutputFormat {
                rate: self.rate.unwrap_or_default(),
                channels: match self.is_wide() {
                    true => Some(OutputChannels::Two),
                    false => self.channels,
                },
                width: self.width.unwrap_or_default(),
                samples: self.format.unwrap_or_default(),
            },
            ..usual
        }
    }

    /// What is to run the model.
    pub fn playing(&self) -> Playing {
        Playing {
            engine: self.engine.unwrap_or_default(),
            precision: self.precision.unwrap_or_default(),
            provider: self.provider,
        }
    }

    /// What is asked of a model's drawing.
    pub fn asked(&self) -> Asked {
        Asked {
            answer: self.answer,
            values: self.values.clone(),
        }
    }
}

/// Takes the value of `key` out of `given`.
fn take<T: DeserializeOwned>(
    given: &mut Map<String, Value>,
    key: &'static str,
) -> Result<Option<T>, PlanError> {
    let Some(value) = given.remove(key) else {
        return Ok(None);
    };
    let taken = serde_json::from_value(value).map_err(|cause| PlanError::Value {
        key,
        what: cause.to_string(),
    });
    taken.map(Some)
}

fn length(seconds: Option<f64>, times: Option<f64>) -> Result<Option<Length>, PlanError> {
    match (seconds, times) {
        (Some(_), Some(_)) => Err(PlanError::TwoLengths),
        (None, None) => Ok(None),
        (seconds @ Some(_), None) => above_zero("seconds", seconds, LONGEST_ANSWER)
            .map(|seconds| seconds.map(Length::Seconds)),
        (None, times) => {
            above_zero("times", times, MOST_TIMES).map(|times| times.map(Length::Times))
        }
    }
}

fn above_zero(key: &'static str, value: Option<f64>, most: f64) -> Result<Option<f64>, PlanError> {
    let what = || format!("allowed: above 0, at most {most}");
    match value {
        Some(value) if !(value > 0.0 && value <= most) => {
            Err(PlanError::Value { key, what: what() })
        }
        value => Ok(value),
    }
}

fn within(
    key: &'static str,
    value: Option<f64>,
    least: f64,
    most: f64,
) -> Result<Option<f64>, PlanError> {
    let what = || format!("allowed: {least} to {most}");
    match value {
        Some(value) if !(least..=most).contains(&value) => {
            Err(PlanError::Value { key, what: what() })
        }
        value => Ok(value),
    }
}

/// Refuses a `key` that nothing of an answer is called.
pub(super) fn known(key: &str) -> Result<(), PlanError> {
    if KEYS.contains(&key) {
        return Ok(());
    }
    if rule(key).is_some_and(|rule| rule.option.is_some()) {
        return Ok(());
    }
    let drawn = rules().filter(|rule| rule.option.is_some());
    let names = KEYS.into_iter().chain(drawn.map(|rule| rule.key));
    let nearest = names
        .map(|name| (strsim::jaro_winkler(key, name), name))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    Err(PlanError::UnknownKey {
        key: key.to_owned(),
        hint: match nearest {
            Some((likeness, name)) if likeness > 0.8 => format!("; did you mean \"{name}\"?"),
            _ => format!("; it knows {}, and the options of answers", KEYS.join(", ")),
        },
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wishes(json: Value) -> Result<Wishes, String> {
        let Value::Object(given) = json else {
            panic!("{json}");
        };
        Wishes::of(given).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_said_comes_before_what_is_asked_of_all() {
        let base = wishes(json!({"model": "vector", "seconds": 4, "follow": 0.2, "top_p": 0.9}));
        let own = wishes(json!({"times": 2, "follow": [[0, 1], [3, 0]]}));
        let both = own.unwrap().over(&base.unwrap());
        assert_eq!(both.model.as_deref(), Some("vector"));
        assert_eq!(both.length, Some(Length::Times(2.0)));
        assert_eq!(both.values["follow"], json!([[0, 1], [3, 0]]));
        assert_eq!(both.values["top_p"], json!(0.9));
    }

    #[test]
    fn what_is_wide_has_two_channels() {
        for (own, base, channels, width) in [
            (json!({}), json!({}), 1, 0.0),
            (json!({"channels": 2}), json!({}), 2, 0.0),
            (json!({"width": 0}), json!({}), 1, 0.0),
            (json!({"width": 0.3}), json!({}), 2, 0.3),
            (json!({"width": 0.3}), json!({"channels": 1}), 2, 0.3),
            (json!({"width": 0}), json!({"width": 0.3}), 1, 0.0),
            (json!({"width": 0}), json!({"channels": 2}), 2, 0.0),
            (json!({"channels": 1}), json!({"width": 0.3}), 1, 0.0),
            (json!({"channels": 2}), json!({"width": 0.3}), 2, 0.3),
        ] {
            let both = wishes(own).unwrap().over(&wishes(base).unwrap());
            assert!(both.check().is_ok(), "{both:?}");
            let output = both.commission().output;
            assert_eq!(
                (output.channels(false).count(), output.width),
                (channels, width),
                "{both:?}"
            );
        }
    }

    #[test]
    fn they_are_written_as_they_were_read() {
        let all = json!({"model": "vector", "engine": "onnxruntime", "seconds": 4.0, "ending": "exact",
            "fade": 0.5, "random_seed": 3, "prime": "matrix", "prime_seconds": 2.5, "precision": "i8", "provider": "cuda",
            "answer": "moving", "guide_file": "a.wav",
            "loudness": "model", "rate": 8000, "channels": 2, "width": 0.5, "format": "int16", "follow": 0.5});
        let read = wishes(all.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), all);
        let keys = all.as_object().unwrap().keys();
        let own = keys.filter(|key| KEYS.contains(&key.as_str())).count();
        assert_eq!(own, KEYS.len() - 1, "all but times");
    }

    #[test]
    fn what_cannot_be_is_said_with_its_key() {
        for (json, expected) in [
            (json!({"folow": 1}), "did you mean \"follow\"?"),
            (json!({"lr": 1}), "unknown key \"lr\""),
            (json!({"seconds": 0}), "\"seconds\": allowed: above 0"),
            (json!({"seconds": 1, "times": 2}), "leave one of them out"),
            (json!({"times": 1001}), "at most 1000"),
            (json!({"ending": "soft"}), "\"ending\": unknown variant"),
            (json!({"ending": "raw", "fade": 1}), "nothing fades"),
            (json!({"channels": 3}), "\"channels\": choose 1 or 2"),
            (json!({"width": 1.5}), "\"width\": allowed: 0 to 1"),
            (json!({"width": -0.1}), "\"width\": allowed: 0 to 1"),
            (
                json!({"width": 0.1, "channels": 1}),
                "one channel has no width",
            ),
            (json!({"random_seed": "x"}), "\"random_seed\": invalid type"),
        ] {
            let refused = wishes(json).unwrap_err();
            assert!(refused.contains(expected), "{refused}");
        }
    }
}
