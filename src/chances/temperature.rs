//! Taming or loosening what is drawn.

use serde::{Deserialize, Serialize};

use super::ChanceRule;
use super::choices::Choices;

/// What the logarithms of chances are divided by: below 1 the likely becomes
/// likelier.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Temperature(pub f64);

impl ChanceRule for Temperature {
    fn apply(&self, choices: &mut Choices) {
        for choice in choices.all() {
            choice.logarithm /= self.0;
        }
    }
}
