//! One prediction, drawn from what the network says of it: what is heard, and
//! what is fed back.
//!
//! ```text
//! chances → temperature → top_p → one of them → heard → feedback → fed back
//! ```

mod chances;
mod feedback;
mod temperature;
mod top_p;

use serde::{Deserialize, Serialize};

pub use feedback::Feedback;
pub use temperature::Temperature;
pub use top_p::TopP;

use self::chances::Chances;
use crate::model::{Said, from_level};
use crate::random::Stream;

/// How a choice is drawn from chances.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drawing {
    /// How much likelier the likely is made.
    pub temperature: Temperature,
    /// What of the unlikely is left out.
    pub top_p: TopP,
}

/// A rule that changes chances before one of them is drawn.
trait ChanceRule {
    /// Changes `chances`; at least one must stay.
    fn apply(&self, chances: &mut Chances);
}

/// One prediction that was drawn.
#[derive(Clone, Debug, Default)]
pub struct Drawn {
    /// What is heard.
    pub heard: Vec<f32>,
    /// What is fed back to the network.
    pub fed_back: Vec<f32>,
}

impl Drawing {
    /// The rules, in the order in which they are applied.
    fn rules(&self) -> [&dyn ChanceRule; 2] {
        [&self.temperature, &self.top_p]
    }

    /// Draws an index by chances given as `logarithms`.
    fn choose(&self, logarithms: &[f32], random: &mut Stream) -> usize {
        let mut chances = Chances::of(logarithms);
        for rule in self.rules() {
            rule.apply(&mut chances);
        }
        chances.draw(random)
    }

    /// Draws one prediction from what is `said` of it.
    pub fn draw(
        &self,
        said: Said,
        feedback: Feedback,
        random: &mut Stream,
        Drawn { heard, fed_back }: &mut Drawn,
    ) {
        heard.clear();
        let deviation = match said {
            Said::Value(values) => {
                heard.extend_from_slice(values);
                None
            }
            Said::Mixture(mixture) => {
                let chosen = self.choose(mixture.weights, random);
                heard.extend_from_slice(mixture.mean(chosen));
                Some(mixture.deviation(chosen))
            }
            Said::Levels(logarithms) => {
                let chosen = self.choose(logarithms, random);
                heard.push(from_level(chosen, logarithms.len()));
                None
            }
        };
        fed_back.clear();
        fed_back.extend_from_slice(heard);
        feedback.apply(deviation, random, fed_back);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Output;
    use crate::random::stream;

    const PLAIN: Drawing = Drawing {
        temperature: Temperature(1.0),
        top_p: TopP(1.0),
    };
    const AS_IT_IS: Feedback = Feedback {
        noise: 1.0,
        gain: 1.0,
    };
    /// The second component is certain; its deviation is exp(-1 - 3).
    const ROW: [f32; 8] = [0.1, 0.2, 0.25, 0.5, -50.0, 50.0, 0.0, -1.0];
    const MIXTURE: Output = Output::Mixture { components: 2 };

    #[test]
    fn draws_follow_chances_temperature_and_top_p() {
        let logarithms = [0.5f32.ln(), 0.3f32.ln(), 0.2f32.ln()];
        let share = |temperature: f64, top_p: f64| {
            let drawing = Drawing {
                temperature: Temperature(temperature),
                top_p: TopP(top_p),
            };
            let mut random = stream(3, "draws");
            let mut counts = [0.0; 3];
            for _ in 0..20_000 {
                counts[drawing.choose(&logarithms, &mut random)] += 1.0 / 20_000.0;
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

    #[test]
    fn a_mixtures_mean_is_heard_and_its_noise_fed_back() {
        let mut drawn = Drawn::default();
        let mut random = stream(1, "draw");
        let mut squares = 0.0;
        for _ in 0..2000 {
            PLAIN.draw(MIXTURE.said(&ROW, 2), AS_IT_IS, &mut random, &mut drawn);
            assert_eq!(drawn.heard, [0.25, 0.5]);
            squares += f64::from(drawn.fed_back[0] - 0.25).powi(2) / 2000.0;
        }
        assert!((squares.sqrt() / (-4.0f64).exp() - 1.0).abs() < 0.1);
        let quiet = Feedback {
            noise: 0.0,
            gain: 1.0,
        };
        PLAIN.draw(MIXTURE.said(&ROW, 2), quiet, &mut random, &mut drawn);
        assert_eq!(drawn.heard, drawn.fed_back);
    }

    #[test]
    fn what_is_fed_back_is_multiplied_by_the_gain_and_what_is_heard_is_not() {
        let softer = Feedback {
            noise: 0.0,
            gain: 0.5,
        };
        for (output, row) in [(Output::Value, &[0.25, 0.5][..]), (MIXTURE, &ROW)] {
            let mut drawn = Drawn::default();
            let mut random = stream(1, "draw");
            PLAIN.draw(output.said(row, 2), softer, &mut random, &mut drawn);
            assert_eq!(drawn.heard, [0.25, 0.5]);
            assert_eq!(drawn.fed_back, [0.125, 0.25]);
        }
    }
}
