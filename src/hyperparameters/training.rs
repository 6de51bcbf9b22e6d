//! How the network learns.

use serde::{Deserialize, Serialize};

use super::rule::{Rule, Values, When};

/// How the network learns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingSettings {
    /// Learning rate, alpha in Equation 2.2.
    pub lr: f64,
    /// How the learning rate goes on from `lr`.
    pub lr_schedule: LrSchedule,
    /// Number of times to show the entire recording to the model.
    pub num_epochs: usize,
    /// Minutes after which training ends, whatever is left of `num_epochs`.
    pub max_minutes: f64,
    /// Time steps one gradient reaches back over (1 in the dissertation).
    pub bptt_steps: usize,
    /// Stretches of a recording that are learned from at once, each with the rows of
    /// one matrix (1 in the dissertation).
    pub batch: usize,
    /// Whether dropout is used in training.
    pub use_dropout: bool,
    /// Chance that an input connection of an LSTM layer is **kept**.
    pub input_dropout: f64,
    /// Chance that an output connection of an LSTM layer is **kept**.
    pub output_dropout: f64,
    /// Whether large LSTM weights are penalised.
    pub regularization: bool,
    /// Amount of that penalty: the loss gains `reg_amount` times the sum of squared
    /// weights.
    pub reg_amount: f64,
    /// Noise added to inputs in training: its standard deviation as a multiple of the
    /// training data's (0 in the dissertation).
    pub noise: f64,
    /// Largest norm of a gradient, beyond which it is scaled down.
    pub clip_norm: f64,
    /// Share at the end of each recording that is held out to measure the loss on (0 in
    /// the dissertation).
    pub validation: f64,
}

pub(super) const RULES: &[Rule] = &[
    Rule::new(
        "lr",
        Values::Above(0.0, 1.0),
        "Learning rate, alpha in Equation 2.2: how far one training step goes.",
    ),
    Rule::new(
        "lr_schedule",
        Values::Choice(&[
            ("constant", "It does not: the dissertation's way."),
            ("cosine", "It falls along half a cosine to a tenth."),
        ]),
        "How the learning rate changes over a run.",
    ),
    Rule::new(
        "num_epochs",
        Values::Whole(1, 1_000_000_000),
        "Number of times to show the entire recording to the model.",
    ),
    Rule::new(
        "max_minutes",
        Values::Number(0.0, 1e6),
        "Minutes after which training ends, whatever is left of num_epochs; 0 for no such end.",
    ),
    Rule::new(
        "bptt_steps",
        Values::Whole(1, 4096),
        "Time steps one gradient reaches back over, 1 in the dissertation: over how long a \
         stretch cause and effect are learned.",
    ),
    Rule::new(
        "batch",
        Values::Whole(1, 4096),
        "Stretches of a recording that are learned from at once, each with the rows of one \
         matrix, 1 in the dissertation.",
    ),
    Rule::new(
        "use_dropout",
        Values::Flag,
        "Whether dropout is used in training, which keeps it from learning by heart.",
    ),
    Rule::new(
        "input_dropout",
        Values::Above(0.0, 1.0),
        "Chance that an input connection of an LSTM layer is kept.",
    )
    .when(When::Dropout),
    Rule::new(
        "output_dropout",
        Values::Above(0.0, 1.0),
        "Chance that an output connection of an LSTM layer is kept.",
    )
    .when(When::Dropout),
    Rule::new(
        "regularization",
        Values::Flag,
        "Whether large LSTM weights are penalised.",
    ),
    Rule::new(
        "reg_amount",
        Values::Number(0.0, 1e6),
        "Amount of that penalty: the loss gains this times the sum of squared weights.",
    )
    .when(When::Regularization),
    Rule::new(
        "noise",
        Values::Number(0.0, 10.0),
        "Noise added to inputs in training, as a multiple of the training data's standard \
         deviation: the network learns to find back from its own mistakes.",
    ),
    Rule::new(
        "clip_norm",
        Values::Number(0.0, 1e6),
        "Largest norm of a gradient, beyond which it is scaled down; 0 for no bound.",
    ),
    Rule::new(
        "validation",
        Values::Number(0.0, 0.5),
        "Share at the end of each recording that is held out to measure the loss on.",
    ),
];

/// How the learning rate changes over a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LrSchedule {
    /// It does not: the dissertation's way.
    Constant,
    /// It falls along half a cosine to a tenth.
    Cosine,
}

impl LrSchedule {
    /// What the learning rate is multiplied by when `share` of the run is over.
    pub fn factor(self, share: f64) -> f64 {
        match self {
            LrSchedule::Constant => 1.0,
            LrSchedule::Cosine => {
                let fall = 0.5 * (1.0 + (std::f64::consts::PI * share.clamp(0.0, 1.0)).cos());
                0.1 + 0.9 * fall
            }
        }
    }
}
