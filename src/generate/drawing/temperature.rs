//! Taming or loosening what is drawn.

use serde::{Deserialize, Serialize};

use super::ChanceRule;
use super::chances::Chances;

/// What the logarithms of chances are divided by: below 1 the likely becomes
/// likelier.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Temperature(pub f64);

impl ChanceRule for Temperature {
    fn apply(&self, chances: &mut Chances) {
        for choice in chances.choices() {
            choice.logarithm /= self.0;
        }
    }
}
