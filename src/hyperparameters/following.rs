//! How closely an answer follows its guide.

use serde::{Deserialize, Serialize};

use super::rule::{Rule, Values, When};
use super::strength::Strength;

/// How closely an answer follows its guide, and what that is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FollowingSettings {
    /// The one dial: 0 for the free answer, 1 for all there is.
    pub follow: Strength,
    /// Share of the guide in what is fed back; `None` for what the dial says.
    pub follow_mix: Option<Strength>,
    /// How much a choice's distance from the guide takes of the logarithm of its
    /// chance; `None` for what the dial says.
    pub follow_choice: Option<Strength>,
    /// What is followed.
    pub guide: GuideForm,
}

/// What becomes of the seed to be a guide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GuideForm {
    /// The seed again and again, its ends faded into each other.
    Loop,
    /// The seed once; then the answer is free.
    Once,
    /// The seed backwards, again and again.
    Reverse,
}

pub(super) const RULES: &[Rule] = &[
    Rule::new(
        "follow",
        Values::Strength(0.0, 1.0),
        "How closely an answer follows its guide: 0 answers freely, more goes with the guide's \
         notes and their rhythm, 1 as closely as the model can.",
    )
    .option("follow", "F"),
    Rule::new(
        "follow_mix",
        Values::OptionalStrength(0.0, 1.0),
        "Share of the guide in what is fed back, so that the network hears where the guide is: \
         draws the sound towards the guide's; null for what follow says.",
    )
    .option("follow-mix", "M"),
    Rule::new(
        "follow_choice",
        Values::OptionalStrength(0.0, 1000.0),
        "How much is taken from the logarithm of a choice's chance for its distance from the \
         guide, so that the model's own sounds nearest to the guide are drawn; null for what follow \
         says.",
    )
    .when(When::Choosing)
    .option("follow-choice", "C"),
    Rule::new(
        "guide",
        Values::Choice(&[
            ("loop", "The seed again and again, its ends faded into each other."),
            ("once", "The seed once; then the answer is free."),
            ("reverse", "The seed backwards, again and again."),
        ]),
        "What is followed.",
    )
    .option("guide", "FORM"),
];
