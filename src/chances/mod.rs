//! Choosing by chances: rules change them one after the other, then one choice is
//! drawn.
//!
//! ```text
//! logarithms → temperature → top_p → one of them
//! ```
//!
//! A new rule is a file here, with a row in the table of hyperparameters.

mod choices;
mod temperature;
mod top_p;

use serde::{Deserialize, Serialize};

pub use temperature::Temperature;
pub use top_p::TopP;

use self::choices::Choices;
use crate::random::Stream;

/// Rules for drawing a choice.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChanceRules {
    /// How much likelier the likely is made.
    pub temperature: Temperature,
    /// What of the unlikely is left out.
    pub top_p: TopP,
}

/// A rule that changes chances before one of them is drawn.
trait ChanceRule {
    /// Changes `choices`; at least one must stay.
    fn apply(&self, choices: &mut Choices);
}

impl ChanceRules {
    /// The rules, in the order in which they are applied.
    fn in_order(&self) -> [&dyn ChanceRule; 2] {
        [&self.temperature, &self.top_p]
    }

    /// Draws an index by chances given as `logarithms`, not normalised.
    pub fn choose(&self, logarithms: &[f32], random: &mut Stream) -> usize {
        let mut choices = Choices::of(logarithms);
        for rule in self.in_order() {
            rule.apply(&mut choices);
        }
        choices.draw(random)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::stream;

    #[test]
    fn draws_follow_chances_temperature_and_top_p() {
        let logarithms = [0.5f32.ln(), 0.3f32.ln(), 0.2f32.ln()];
        let share = |temperature: f64, top_p: f64| {
            let rules = ChanceRules {
                temperature: Temperature(temperature),
                top_p: TopP(top_p),
            };
            let mut random = stream(3, "draws");
            let mut counts = [0.0; 3];
            for _ in 0..20_000 {
                counts[rules.choose(&logarithms, &mut random)] += 1.0 / 20_000.0;
            }
            counts
        };
        let close = |a: [f64; 3], b: [f64; 3]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 0.02);
        assert!(close(share(1.0, 1.0), [0.5, 0.3, 0.2]));
        assert!(close(
            share(0.5, 1.0),
            [0.25 / 0.38, 0.09 / 0.38, 0.04 / 0.38]
        ));
        assert!(close(share(1.0, 0.7), [0.5 / 0.8, 0.3 / 0.8, 0.0]));
        assert!(close(share(1.0, 0.1), [1.0, 0.0, 0.0]));
    }
}
