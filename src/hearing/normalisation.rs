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
            highest_frequency: None,
            largest_cosines: None,
            dynamics: Dynamics::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_models_file_holds_it_in_one_flat_object() {
        let all = r#"{"largest_magnitude":0.1,"highest_frequency":5000.5,"sustained":-30.25,"least_change":1.0}"#;
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
