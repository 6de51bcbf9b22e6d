//! The network and what its outputs mean.

use serde::{Deserialize, Serialize};

use super::rule::{Rule, Values, When};

/// The network and what its outputs mean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkSettings {
    /// Number of LSTM layers.
    pub num_layers: usize,
    /// Units of each LSTM layer; `seg_len` in the dissertation.
    pub hidden_size: usize,
    /// Whether each LSTM layer as wide as its input adds that input to its output.
    pub use_residual: bool,
    /// Whether the fully connected layer sees the input matrix's rows beside the LSTM's
    /// outputs, so that what is linear in a sound need not pass through it (Graves
    /// 2013; not in the transpose approach).
    pub use_skip: bool,
    /// Standard deviation of the noise the fully connected layers' weights start with.
    pub weight_stddev: f64,
    /// What the network's outputs mean.
    pub output: OutputKind,
    /// Components of a mixture, or levels.
    pub components: usize,
    /// How the model's file keeps its weights.
    pub weight_format: WeightFormat,
}

pub(super) const RULES: &[Rule] = &[
    Rule::new(
        "num_layers",
        Values::Whole(1, 64),
        "Number of LSTM layers: more can learn more, and take longer.",
    ),
    Rule::new(
        "hidden_size",
        Values::Whole(1, 16_384),
        "Units of each LSTM layer (seg_len in the dissertation): how much the network can \
         remember of what it heard.",
    ),
    Rule::new(
        "use_residual",
        Values::Flag,
        "Whether each LSTM layer as wide as its input adds that input to its output.",
    )
    .when(When::EqualWidths),
    Rule::new(
        "use_skip",
        Values::Flag,
        "Whether the fully connected layer sees the input beside the LSTM's outputs (Graves \
         2013): tones that go on need not pass through the LSTM, so high partials are surer.",
    )
    .when(When::NotTranspose),
    Rule::new(
        "weight_stddev",
        Values::Above(0.0, 10.0),
        "Standard deviation of the noise that the fully connected layer's weights start with.",
    ),
    Rule::new(
        "output",
        Values::Choice(&[
            (
                "value",
                "The predicted values, learned by squared error: the dissertation's way.",
            ),
            (
                "mixture",
                "A mixture of Gaussians over the predicted vector, frame or sample, learned by \
                 its likelihood and drawn from.",
            ),
            (
                "levels",
                "Chances of mu-law levels, for the approaches that predict single samples.",
            ),
        ]),
        "What the network's outputs mean: values run into drones with frozen weights, what is \
         drawn stays alive.",
    ),
    Rule::new(
        "components",
        Values::Whole(2, 1024),
        "Gaussians of a mixture, or number of mu-law levels.",
    )
    .when(When::Drawn),
    Rule::new(
        "weight_format",
        Values::Choice(&[
            ("single", "As they are, 4 bytes each."),
            (
                "half",
                "Rounded to half precision, which halves the file; weights that go on learning \
                 start from there.",
            ),
        ]),
        "How the model's file keeps its weights.",
    ),
];

/// How a model's file keeps its weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WeightFormat {
    /// In single precision, as they are.
    Single,
    /// Rounded to half precision.
    Half,
}

/// What a network's outputs mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutputKind {
    /// The predicted values, learned by squared error: the dissertation's way.
    Value,
    /// A mixture of Gaussians over the predicted vector, frame or sample, learned
    /// by its likelihood and drawn from.
    Mixture,
    /// Chances of mu-law levels, for the approaches that predict single samples.
    Levels,
}
