//! What the training audio says about how sound is heard.

use serde::{Deserialize, Serialize};

use super::Dynamics;

/// How sound is made what the network sees, and its predictions sound, as the
/// training audio has it; a model's file holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Normalisation {
    /// The training set's largest magnitude or sample, which everything is
    /// divided by; above 0, and 1 for audio that is not scaled.
    pub largest_magnitude: f32,
    /// The largest value of each band as a share of that, the lowest band first, by which
    /// it is divided as well; empty where sound is not heard in bands, or not scaled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bands: Vec<f32>,
    /// The training set's highest frequency in Hz, above which predictions have
    /// nothing either; `None` where they are left as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub highest_frequency: Option<f64>,
    /// The largest amplitudes of the cosines of the training set's vectors; `None` where
    /// vectors are predicted as samples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub largest_cosines: Option<Vec<f32>>,
    /// What the training set does over time.
    #[serde(flatten)]
    pub dynamics: Dynamics,
}

impl Default for Normalisation {
    /// That of audio as it is, of which nothing else is known.
    fn default() -> Normalisation {
        Normalisation {
            largest_magnitude: 1.0,
            bands: Vec::new(),
            highest_frequency: None,
            largest_cosines: None,
            dynamics: Dynamics::default(),
        }
    }
}

/// A band that is softer than this share of the loudest, -60 dB, is not made louder than
/// one that is not: there is nothing to be learned of what is barely there.
const SOFTEST_BAND: f32 = 1e-3;

impl Normalisation {
    /// Makes the largest of each band's values, and of all, `largest`, the lowest band
    /// first. Silence stays silence; any scale does.
    pub fn learn(&mut self, largest: &[f32]) {
        let of_all = largest.iter().copied().fold(0.0, f32::max);
        self.largest_magnitude = if of_all > 0.0 { of_all } else { 1.0 };
        if largest.len() > 1 {
            let share = |largest: &f32| (largest / self.largest_magnitude).max(SOFTEST_BAND);
            self.bands = largest.iter().map(share).collect();
        }
    }

    /// What is wrong with it where a file says it, if anything is: for sound in `bands` bands,
    /// 1 where there are none, and predictions of `outputs` values.
    pub fn damage(&self, bands: usize, outputs: usize) -> Option<String> {
        let is_above_0 = |value: &f32| value.is_finite() && *value > 0.0;
        if !is_above_0(&self.largest_magnitude) {
            return Some("the largest magnitude must be above 0".to_owned());
        }
        let highest = self.highest_frequency;
        if highest.is_some_and(|highest| !(highest.is_finite() && highest > 0.0)) {
            return Some("the highest frequency must be above 0".to_owned());
        }
        let bands = if bands > 1 { bands } else { 0 };
        let of_bands = &self.bands;
        if !of_bands.is_empty() && (of_bands.len() != bands || !of_bands.iter().all(is_above_0)) {
            return Some(format!("the bands must be {bands} numbers above 0"));
        }
        let cosines = self.largest_cosines.as_deref();
        if cosines.is_some_and(|all| all.len() != outputs || !all.iter().all(is_above_0)) {
            return Some(format!(
                "the largest cosines must be {outputs} numbers above 0"
            ));
        }
        None
    }

    /// The largest value of band `band` as a share of the largest of all.
    pub fn band(&self, band: usize) -> f32 {
        self.bands.get(band).copied().unwrap_or(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_models_file_holds_it_in_one_flat_object() {
        let all = r#"{"largest_magnitude":0.1,"bands":[1.0,0.25],"highest_frequency":5000.5,"sustained":-30.25,"least_change":1.0}"#;
        let read: Normalisation = serde_json::from_str(all).unwrap();
        assert_eq!(read.dynamics.sustained, Some(-30.25));
        assert_eq!(serde_json::to_string(&read).unwrap(), all);

        let least = r#"{"largest_magnitude":1.0}"#;
        let read: Normalisation = serde_json::from_str(least).unwrap();
        assert_eq!(read, Normalisation::default());
        assert_eq!(serde_json::to_string(&read).unwrap(), least);

        for wrong in [
            r#"{"largest_magnitude":1.0,"sustainde":-30.25}"#,
            r#"{"sustained":-30.25}"#,
            r#"{"largest_magnitude":1.0,"sustained":"loud"}"#,
        ] {
            assert!(
                serde_json::from_str::<Normalisation>(wrong).is_err(),
                "{wrong}"
            );
        }
    }
}
