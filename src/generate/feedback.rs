//! What of a prediction is fed back to the network.

use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

use crate::frames::Cosines;
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
    /// Changes `values`, which were drawn from a Gaussian of this `deviation`, if
    /// from any: that of its cosines, where there are such.
    pub fn apply(
        &self,
        deviation: Option<f32>,
        cosines: Option<&Cosines>,
        random: &mut Stream,
        values: &mut [f32],
    ) {
        if let Some(deviation) = deviation {
            let deviation = self.noise as f32 * deviation;
            let mut draw = || -> f32 {
                deviation * <StandardNormal as Distribution<f32>>::sample(&StandardNormal, random)
            };
            match cosines {
                None => values.iter_mut().for_each(|value| *value += draw()),
                Some(cosines) => {
                    let mut noise: Vec<f32> = values.iter().map(|_| draw()).collect();
                    cosines.to_samples(&mut noise);
                    let noisy = values.iter_mut().zip(noise);
                    noisy.for_each(|(value, noise)| *value += noise);
                }
            }
        }
        let gain = self.gain as f32;
        values.iter_mut().for_each(|value| *value *= gain);
    }
}
