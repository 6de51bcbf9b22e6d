//! A description of what comes next, which the network sees beside its input.

use serde::{Deserialize, Serialize};

use super::rule::{Rule, Values, When};

/// A description of what comes next, which the network sees beside its input. These
/// keys came later than files without them, which are read and written as they were.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConditioningSettings {
    /// What of it the network sees.
    pub conditioning: Conditioning,
    /// Standard deviation of the noise added to it in training.
    pub conditioning_noise: f64,
    /// Share of the rows of a training step that it is withheld from, so that the
    /// network learns to do without.
    pub conditioning_withheld: f64,
    /// How far an answer that is guided goes from what the network predicts without a
    /// description to what it predicts with it: 1 all the way, more beyond (Ho and
    /// Salimans, *Classifier-Free Diffusion Guidance*, 2022).
    pub guidance: f64,
}

impl Default for ConditioningSettings {
    /// None.
    fn default() -> ConditioningSettings {
        ConditioningSettings {
            conditioning: Conditioning::None,
            conditioning_noise: 0.1,
            conditioning_withheld: 0.25,
            guidance: 1.5,
        }
    }
}

pub(super) const RULES: &[Rule] = &[
    Rule::new(
        "conditioning",
        Values::Choice(&[
            ("none", "Nothing: the dissertation's way."),
            (
                "chroma",
                "Its pitch classes, loudness, its rise, and brightness, 15 values.",
            ),
        ]),
        "What of a description of what comes next the network sees beside its input, so that an \
         answer can be guided by its seed.",
    ),
    Rule::new(
        "conditioning_noise",
        Values::Number(0.0, 10.0),
        "Standard deviation of the noise added to the description in training: more makes it a \
         hint, less an order.",
    )
    .when(When::Conditioned),
    Rule::new(
        "conditioning_withheld",
        Values::Number(0.0, 1.0),
        "Share of the rows of a training step that the description is withheld from, so that the \
         network learns to do without.",
    )
    .when(When::Conditioned),
    Rule::new(
        "guidance",
        Values::Number(0.0, 10.0),
        "How far a guided answer goes from what the network predicts without a description to \
         what it predicts with its seed's: 0 not at all, 1 all the way, more beyond.",
    )
    .when(When::Conditioned)
    .option("guidance", "S"),
];

/// What of a description the network sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Conditioning {
    /// Nothing: the dissertation's way.
    None,
    /// Pitch classes, loudness, its rise, and brightness.
    Chroma,
}

impl Conditioning {
    /// Values that stand beside each row of the network's input: the description,
    /// and one that is 1 where it is given and 0, as all are, where it is withheld.
    pub const fn values(self) -> usize {
        match self {
            Conditioning::None => 0,
            Conditioning::Chroma => 16,
        }
    }
}
