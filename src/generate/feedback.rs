//! What of a prediction is fed back to the network.

use serde::{Deserialize, Serialize};

/// How what is fed back differs from what is heard.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Feedback {
    /// Share of a mixture's own noise that it carries.
    #[serde(rename = "feedback_noise")]
    pub noise: f64,
    /// What it is multiplied by.
    #[serde(rename = "feedback_gain")]
    pub gain: f64,
}
