//! What of a prediction is fed back to the network.

use serde::{Deserialize, Serialize};

/// How what is fed back differs from what is heard.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Feedback {
    /// Share of a mixture's own noise that it carries, in the lowest band.
    #[serde(rename = "feedback_noise")]
    pub noise: f64,
    /// What it is multiplied by.
    #[serde(rename = "feedback_gain")]
    pub gain: f64,
}

impl Feedback {
    /// The share in a band, 0 being the lowest: each has twice that of the one below it, up
    /// to all of its noise. Pitches are in the low ones, and less noise keeps them steady; what
    /// is above becomes too soft without it.
    pub fn noise_of(&self, band: usize) -> f64 {
        let doubled = (0..band).fold(self.noise, |share, _| (2.0 * share).min(1.0));
        self.noise.max(doubled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_band_has_twice_the_noise_of_the_one_below_up_to_all() {
        let shares = |noise| [0, 1, 2, 3].map(|band| Feedback { noise, gain: 1.0 }.noise_of(band));
        assert_eq!(shares(0.25), [0.25, 0.5, 1.0, 1.0]);
        assert_eq!(shares(0.0), [0.0; 4]);
        assert_eq!(shares(1.0), [1.0; 4]);
        assert_eq!(shares(1.5), [1.5; 4]);
    }
}
