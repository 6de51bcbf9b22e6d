//! What of a prediction is fed back to the network.

use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

use crate::random::Stream;

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

impl Feedback {
    /// Changes `values`, which were drawn from a Gaussian of these `deviations`, one of
    /// each value or one of all, or from none.
    pub fn apply(&self, deviations: &[f32], random: &mut Stream, values: &mut [f32]) {
        if !deviations.is_empty() {
            let each = deviations.iter().cycle();
            for (value, deviation) in values.iter_mut().zip(each) {
                let deviation = self.noise as f32 * deviation;
                let noise: f32 = StandardNormal.sample(random);
                *value += deviation * noise;
            }
        }
        let gain = self.gain as f32;
        values.iter_mut().for_each(|value| *value *= gain);
    }
}
