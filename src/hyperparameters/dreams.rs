//! Predictions that training samples on its way.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::rule::{Rule, Values, When};

/// Predictions of an hour at the highest rate; see [`super::Hyperparameters::longest_prediction`].
const LONGEST: u64 = 3600 * 384_000;

/// Predictions that training samples on its way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DreamsSettings {
    /// Training steps between two pauses for a sequential prediction (Figure 3.3; 0 for
    /// none).
    pub audio_freq: u64,
    /// Length of a sequential prediction, in predictions of the network: a vector, a
    /// sample or a frame each (an hour of sound at most).
    pub seq_dream_len: usize,
    /// Predictions that are sampled concurrently with training (Figure 3.4; 0 to 64, 0
    /// for none).
    pub num_dreams: usize,
    /// Length of a concurrent prediction, in predictions of the network.
    pub dream_length: usize,
    /// Whether dropout stays active while training samples predictions.
    pub sample_dropout: bool,
    /// Sound files whose ends are the seeds of these predictions; with none, seeds are
    /// cut from the training audio. Paths that do not begin at the root begin at the
    /// folder of the hyperparameters file.
    pub seed_fn_list: Vec<PathBuf>,
    /// Which seed the next of these predictions starts from.
    pub seed_mode: SeedMode,
}

pub(super) const RULES: &[Rule] = &[
    Rule::new(
        "audio_freq",
        Values::Whole(0, u64::MAX),
        "Training steps between two pauses for a sequential prediction (Figure 3.3); 0 for none.",
    ),
    Rule::new(
        "seq_dream_len",
        Values::Whole(1, LONGEST),
        "Length of a sequential prediction, in predictions of the network, a vector, a sample or \
         a frame each: an hour of sound at most.",
    )
    .when(When::SequentialDreams),
    Rule::new(
        "num_dreams",
        Values::Whole(0, 64),
        "Predictions that are sampled concurrently with training (Figure 3.4); 0 for none.",
    ),
    Rule::new(
        "dream_length",
        Values::Whole(1, LONGEST),
        "Length of a concurrent prediction, in predictions of the network: an hour of sound at \
         most.",
    )
    .when(When::ConcurrentDreams),
    Rule::new(
        "sample_dropout",
        Values::Flag,
        "Whether dropout stays active while training samples predictions.",
    )
    .when(When::DreamsWithDropout),
    Rule::new(
        "seed_fn_list",
        Values::Files,
        "Sound files whose ends are the seeds of these predictions, named from the file's own \
         folder; with none, seeds are cut from the training audio.",
    )
    .when(When::Dreams),
    Rule::new(
        "seed_mode",
        Values::Choice(&[
            ("same", "The seed that the one before it had."),
            ("random", "A seed chosen at random."),
            (
                "advance",
                "The seed that follows the last one: the next stretch of the training audio, or \
                 the next file.",
            ),
        ]),
        "Which seed the next of these predictions starts from.",
    )
    .when(When::Dreams),
];

/// How the seeds of predictions follow each other in training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SeedMode {
    /// Each prediction starts from the seed that the one before it had.
    Same,
    /// Each starts from a seed chosen at random.
    Random,
    /// Each starts from the seed that follows the last one: the next stretch of
    /// the training audio, or the next file.
    Advance,
}
