//! Weights that go on learning while the model answers.

use serde::{Deserialize, Serialize};

use super::rule::{Rule, Values, When};

/// How weights go on learning while the model answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MovingSettings {
    /// The share of `feedback_noise` while the weights move. They lose what they
    /// sustain of themselves, and need no `feedback_gain`.
    pub moving_feedback_noise: f64,
    /// Predictions of the network from one training step to the next while the weights
    /// move.
    pub train_every: usize,
    /// Time steps that one gradient reaches back over while the weights move (0 for as
    /// many as in training).
    pub moving_bptt_steps: usize,
    /// Learning rate while the weights move (0 for the one that training ended with).
    pub moving_lr: f64,
    /// Seconds of a phrase of a recording, which the rows of a training step are spread
    /// over while the weights move, and go on from to the next one once they have heard
    /// it (0 for rows as in training, as always in the transpose approach, whose rows
    /// are one input).
    pub moving_seconds: f64,
}

pub(super) const RULES: &[Rule] = &[
    Rule::new(
        "moving_feedback_noise",
        Values::Number(0.0, 10.0),
        "The share of feedback_noise while weights move, which lose what they sustain of \
         themselves and need no feedback_gain.",
    )
    .when(When::MovingMixture),
    Rule::new(
        "train_every",
        Values::Whole(1, 1_000_000),
        "Predictions of the network from one training step to the next: fewer are livelier, and \
         take longer.",
    )
    .when(When::Moving)
    .option("train-every", "N"),
    Rule::new(
        "moving_bptt_steps",
        Values::Whole(0, 4096),
        "Time steps that one gradient reaches back over; 0 for as many as in training.",
    )
    .when(When::Moving),
    Rule::new(
        "moving_lr",
        Values::Number(0.0, 1.0),
        "Learning rate while weights move: more is livelier and noisier; 0 for the one that \
         training ended with.",
    )
    .when(When::Moving),
    Rule::new(
        "moving_seconds",
        Values::Number(0.0, 3600.0),
        "Seconds of a phrase of a recording, which the weights hear before they go on to the \
         next one, so that the answer wanders from phrase to phrase; 0 for rows as in training.",
    )
    .when(When::MovingRows),
];
