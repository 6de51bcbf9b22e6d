//! The rule of one hyperparameter: what it may be, what it means, when it applies.

use serde_json::{Value, json};

use super::error::{HyperparametersError, impossible};
use super::{AnswerMode, Approach, Conditioning, Hyperparameters, OutputKind};

/// All there is to know of one hyperparameter. Validation, the JSON Schema, the
/// prompts of `antiphon new`, the options of `generate` and `watch`, and
/// `docs/hyperparameters.md` read it.
#[derive(Debug)]
pub struct Rule {
    /// Its name in a file.
    pub key: &'static str,
    /// What it may be.
    pub values: Values,
    /// Where it makes a difference.
    pub applies: When,
    /// What it does, in one sentence.
    pub meaning: &'static str,
    /// Its option, where an answer may be asked for with another value than the
    /// model's own.
    pub option: Option<RuleOption>,
}

/// A hyperparameter's option on the command line.
#[derive(Clone, Copy, Debug)]
pub struct RuleOption {
    /// Its name, without the dashes before it.
    pub name: &'static str,
    /// What its value is called.
    pub value: &'static str,
}

/// What a hyperparameter may be.
#[derive(Debug)]
pub enum Values {
    /// A whole number from the first to the second.
    Whole(u64, u64),
    /// 0, or a whole number from the first to the second.
    WholeOrZero(u64, u64),
    /// One of these whole numbers.
    OneOf(&'static [u64]),
    /// A number from the first to the second.
    Number(f64, f64),
    /// A number above the first and at most the second.
    Above(f64, f64),
    /// Yes or no.
    Flag,
    /// One of these, each with its meaning.
    Choice(&'static [(&'static str, &'static str)]),
    /// Rows and columns of a matrix.
    Shape,
    /// Paths of files.
    Files,
    /// A number from the first to the second, or a ramp of such.
    Strength(f64, f64),
    /// The same, or null.
    OptionalStrength(f64, f64),
}

/// Where a hyperparameter makes a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Everywhere.
    Always,
    /// Nowhere that a person need think of it: it follows from the approach.
    ByApproach,
    /// In the magnitude spectrum approach.
    Spectra,
    /// In the approaches on raw audio.
    Audio,
    /// In the vector approach.
    Vectors,
    /// In the approaches that predict single samples.
    SingleSamples,
    /// Where an input matrix has more than one row.
    SeveralRows,
    /// Where some layer is as wide as its input.
    EqualWidths,
    /// In all approaches but transpose.
    NotTranspose,
    /// Where predictions are drawn from a distribution.
    Drawn,
    /// Where a mixture is one of vectors or frames.
    Choosing,
    /// Where weights stay as they are and the output is a mixture.
    FrozenMixture,
    /// Where weights stay as they are.
    Frozen,
    /// Where weights go on learning and the output is a mixture.
    MovingMixture,
    /// Where weights go on learning.
    Moving,
    /// Where weights go on learning, but not in the transpose approach.
    MovingRows,
    /// Where the network sees a description of what comes next.
    Conditioned,
    /// With dropout.
    Dropout,
    /// With a penalty for large weights.
    Regularization,
    /// Where training pauses for predictions.
    SequentialDreams,
    /// Where predictions are sampled beside training.
    ConcurrentDreams,
    /// Where training samples predictions at all.
    Dreams,
    /// Where training samples predictions and has dropout.
    DreamsWithDropout,
}

impl When {
    /// Whether it makes a difference with `hyperparameters`.
    pub fn holds(self, hyperparameters: &Hyperparameters) -> bool {
        let h = hyperparameters;
        let mixture = h.network.output == OutputKind::Mixture;
        let moving = h.drawing.answer == AnswerMode::Moving;
        let transpose = h.approach() == Approach::Transpose;
        let dreams = h.dreams.audio_freq > 0 || h.dreams.num_dreams > 0;
        match self {
            When::Always => true,
            When::ByApproach => false,
            When::Spectra => h.format.use_fft,
            When::Audio => !h.format.use_fft,
            When::Vectors => h.approach() == Approach::Vector,
            When::SingleSamples => transpose || h.approach() == Approach::ColumnVector,
            When::SeveralRows => h.format.num_unrollings > 1,
            When::EqualWidths => h.network.num_layers > 1 || h.network.hidden_size == h.row_width(),
            When::NotTranspose => !transpose,
            When::Drawn => h.network.output != OutputKind::Value,
            When::Choosing => mixture && h.format.label_shape[1] > h.format.bands,
            When::FrozenMixture => mixture && !moving,
            When::Frozen => !moving,
            When::MovingMixture => mixture && moving,
            When::Moving => moving,
            When::MovingRows => moving && !transpose,
            When::Conditioned => h.conditioning.conditioning != Conditioning::None,
            When::Dropout => h.training.use_dropout,
            When::Regularization => h.training.regularization,
            When::SequentialDreams => h.dreams.audio_freq > 0,
            When::ConcurrentDreams => h.dreams.num_dreams > 0,
            When::Dreams => dreams,
            When::DreamsWithDropout => dreams && h.training.use_dropout,
        }
    }

    /// What it applies to, in words that follow "applies to".
    pub fn words(self) -> &'static str {
        match self {
            When::Always => "all models",
            When::ByApproach => "no file by itself: it follows from the approach",
            When::Spectra => "the magnitude spectrum approach",
            When::Audio => "the approaches on raw audio",
            When::Vectors => "the vector approach",
            When::SingleSamples => "the column vector and transpose approaches",
            When::SeveralRows => "matrices of more than one row",
            When::EqualWidths => "layers as wide as their input",
            When::NotTranspose => "all approaches but transpose",
            When::Drawn => "models that draw their predictions (\"output\": mixture or levels)",
            When::Choosing => "models whose output is a mixture of vectors or frames",
            When::FrozenMixture => "models whose output is a mixture, with frozen weights",
            When::Frozen => "frozen weights",
            When::MovingMixture => "models whose output is a mixture, with weights that move",
            When::Moving => "weights that move",
            When::MovingRows => "weights that move, in all approaches but transpose",
            When::Conditioned => "models with conditioning",
            When::Dropout => "training with use_dropout",
            When::Regularization => "training with regularization",
            When::SequentialDreams => "training with an audio_freq",
            When::ConcurrentDreams => "training with num_dreams",
            When::Dreams => "training with an audio_freq or num_dreams",
            When::DreamsWithDropout => "predictions of training with use_dropout",
        }
    }
}

impl Rule {
    /// A rule of a hyperparameter that always applies.
    pub(super) const fn new(key: &'static str, values: Values, meaning: &'static str) -> Rule {
        Rule {
            key,
            values,
            applies: When::Always,
            meaning,
            option: None,
        }
    }

    /// The same, where it applies.
    pub(super) const fn when(mut self, applies: When) -> Rule {
        self.applies = applies;
        self
    }

    /// The same, with an option of the command line.
    pub(super) const fn option(mut self, name: &'static str, value: &'static str) -> Rule {
        self.option = Some(RuleOption { name, value });
        self
    }

    /// Refuses `value`, which is of the right type, where it is out of range.
    pub(crate) fn check(&self, value: &Value) -> Result<(), HyperparametersError> {
        let number = value.as_f64().unwrap_or(f64::NAN);
        let allowed = match self.values {
            Values::Whole(low, high) => (low as f64..=high as f64).contains(&number),
            Values::WholeOrZero(low, high) => {
                number == 0.0 || (low as f64..=high as f64).contains(&number)
            }
            Values::OneOf(numbers) => numbers.iter().any(|n| *n as f64 == number),
            Values::Number(low, high) => (low..=high).contains(&number),
            Values::Above(low, high) => number > low && number <= high,
            Values::Strength(low, high) => is_strength(value, low, high),
            Values::OptionalStrength(low, high) => value.is_null() || is_strength(value, low, high),
            Values::Flag | Values::Choice(_) | Values::Shape | Values::Files => true,
        };
        match allowed {
            true => Ok(()),
            false => impossible(self.key, Plain(value), &self.values.words()),
        }
    }
}

/// Whether `value` is a number from `low` to `high`, or a ramp of pairs of a second and
/// such a number, in the order of their seconds.
fn is_strength(value: &Value, low: f64, high: f64) -> bool {
    let within = |value: &Value| value.as_f64().is_some_and(|n| (low..=high).contains(&n));
    let Some(pairs) = value.as_array() else {
        return within(value);
    };
    let second = |pair: &Value| pair[0].as_f64().filter(|second| *second >= 0.0);
    let seconds: Option<Vec<f64>> = pairs.iter().map(second).collect();
    let in_order = seconds.is_some_and(|seconds| !seconds.is_empty() && seconds.is_sorted());
    in_order && pairs.iter().all(|pair| within(&pair[1]))
}

/// A JSON number without the `.0` of a whole one.
struct Plain<'a>(&'a Value);

impl std::fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0.as_f64() {
            Some(number) => write!(f, "{number}"),
            None => write!(f, "{}", self.0),
        }
    }
}

impl Values {
    /// What is allowed, in words.
    pub fn words(&self) -> String {
        match self {
            Values::Whole(low, high) => format!("{low} to {high}"),
            Values::WholeOrZero(low, high) => format!("0, or {low} to {high}"),
            Values::OneOf(numbers) => {
                let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
                numbers.join(", ")
            }
            Values::Number(low, high) => format!("{low} to {high}"),
            Values::Above(low, high) => format!("above {low}, at most {high}"),
            Values::Flag => "yes or no".to_owned(),
            Values::Choice(choices) => {
                let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
                names.join(", ")
            }
            Values::Shape => "two numbers".to_owned(),
            Values::Files => "paths".to_owned(),
            Values::Strength(low, high) => {
                format!("{low} to {high}, or a ramp [[second, value], …]")
            }
            Values::OptionalStrength(low, high) => {
                format!("{low} to {high}, or a ramp [[second, value], …], or null")
            }
        }
    }

    /// What is allowed, as JSON Schema says it.
    pub(super) fn schema(&self) -> Value {
        match self {
            Values::Whole(low, high) => {
                json!({ "type": "integer", "minimum": low, "maximum": high })
            }
            Values::WholeOrZero(low, high) => json!({ "oneOf": [
                { "const": 0 },
                { "type": "integer", "minimum": low, "maximum": high },
            ] }),
            Values::OneOf(numbers) => json!({ "type": "integer", "enum": numbers }),
            Values::Number(low, high) => {
                json!({ "type": "number", "minimum": low, "maximum": high })
            }
            Values::Above(low, high) => {
                json!({ "type": "number", "exclusiveMinimum": low, "maximum": high })
            }
            Values::Flag => json!({ "type": "boolean" }),
            Values::Choice(choices) => {
                let one = |(name, meaning): &(&str, &str)| json!({ "const": name, "description": meaning });
                json!({ "oneOf": choices.iter().map(one).collect::<Vec<_>>() })
            }
            Values::Shape => json!({
                "type": "array", "minItems": 2, "maxItems": 2,
                "items": { "type": "integer", "minimum": 0 },
            }),
            Values::Files => json!({ "type": "array", "items": { "type": "string" } }),
            Values::Strength(low, high) => json!({ "oneOf": strength_schemas(*low, *high) }),
            Values::OptionalStrength(low, high) => {
                let mut one_of = strength_schemas(*low, *high);
                one_of.push(json!({ "type": "null" }));
                json!({ "oneOf": one_of })
            }
        }
    }
}

/// A number, or an array of pairs.
fn strength_schemas(low: f64, high: f64) -> Vec<Value> {
    let number = json!({ "type": "number", "minimum": low, "maximum": high });
    let pair = json!({
        "type": "array", "minItems": 2, "maxItems": 2, "items": { "type": "number" },
    });
    let ramp = json!({ "type": "array", "minItems": 1, "items": pair });
    vec![number, ramp]
}
