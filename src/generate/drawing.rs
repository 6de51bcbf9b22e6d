//! One prediction, drawn from what the network says of it: what is heard, and
//! what is fed back.

use rand_distr::{Distribution, StandardNormal};

use super::feedback::Feedback;
use super::following::Moment;
use crate::chances::ChanceRules;
use crate::frames::Cosines;
use crate::model::{Said, from_level};
use crate::random::Stream;

/// How predictions are drawn and fed back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drawing {
    /// How one of what a distribution has is chosen.
    pub chances: ChanceRules,
    /// What is fed back of it.
    pub feedback: Feedback,
    /// Share of a mixture's own noise that is heard.
    pub heard_noise: f64,
}

/// One prediction that was drawn.
#[derive(Clone, Debug, Default)]
pub struct Drawn {
    /// What is heard.
    pub heard: Vec<f32>,
    /// What is fed back to the network.
    pub fed_back: Vec<f32>,
    /// The noise of its distribution, of a deviation of 1.
    noise: Vec<f32>,
    /// Those of the Gaussian that was drawn from, one of each value or one of all; none
    /// where there is no such.
    deviations: Vec<f32>,
}

impl Drawing {
    /// Draws one prediction from what is `said` of it, at a `moment` of a guide, if one
    /// is followed. Its noise is one of `cosines`, where those are predicted.
    pub fn draw(
        &self,
        said: Said,
        moment: Option<Moment>,
        cosines: Option<&Cosines>,
        random: &mut Stream,
        drawn: &mut Drawn,
    ) {
        let Drawn {
            heard,
            fed_back,
            noise,
            deviations,
        } = drawn;
        heard.clear();
        deviations.clear();
        match said {
            Said::Value(values) => heard.extend_from_slice(values),
            Said::Mixture(mixture) => {
                let chosen = match &moment {
                    Some(moment) => self.chances.choose(&moment.weights(&mixture), random),
                    None => self.chances.choose(mixture.weights, random),
                };
                heard.extend_from_slice(mixture.mean(chosen));
                deviations.extend(mixture.deviations(chosen));
            }
            Said::Levels(logarithms) => {
                let chosen = self.chances.choose(logarithms, random);
                heard.push(from_level(chosen, logarithms.len()));
            }
        }
        fed_back.clear();
        fed_back.extend_from_slice(heard);
        if !deviations.is_empty() {
            draw_noise(heard.len(), cosines, random, noise);
            add(
                |band| self.feedback.noise_of(band),
                deviations,
                noise,
                fed_back,
            );
            add(|_| self.heard_noise, deviations, noise, heard);
        }
        let gain = self.feedback.gain as f32;
        fed_back.iter_mut().for_each(|value| *value *= gain);
        if let Some(moment) = moment {
            moment.mix_into(fed_back);
        }
    }
}

/// Draws the noise of `values` values, samples or frames, or cosines where those are
/// predicted.
fn draw_noise(values: usize, cosines: Option<&Cosines>, random: &mut Stream, noise: &mut Vec<f32>) {
    let draw = |_| -> f32 { StandardNormal.sample(random) };
    noise.clear();
    noise.extend((0..values).map(draw));
    if let Some(cosines) = cosines {
        cosines.to_samples(noise);
    }
}

/// Adds the share of `noise` that each band has, of one deviation for each band, or of one
/// for all values, which are then of one band.
fn add(share_of: impl Fn(usize) -> f64, deviations: &[f32], noise: &[f32], values: &mut [f32]) {
    let deviations = deviations.iter().enumerate().cycle();
    for ((value, noise), (band, deviation)) in values.iter_mut().zip(noise).zip(deviations) {
        *value += share_of(band) as f32 * deviation * noise;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chances::{Temperature, TopP};
    use crate::model::Output;
    use crate::random::stream;

    fn drawing(noise: f64, gain: f64) -> Drawing {
        Drawing {
            chances: ChanceRules {
                temperature: Temperature(1.0),
                top_p: TopP(1.0),
            },
            feedback: Feedback { noise, gain },
            heard_noise: 0.0,
        }
    }

    /// The second component is certain; its deviation is exp(-1 - 3).
    const ROW: [f32; 8] = [0.1, 0.2, 0.25, 0.5, -50.0, 50.0, 0.0, -1.0];
    const MIXTURE: Output = Output::Mixture { components: 2 };

    #[test]
    fn a_mixtures_mean_is_heard_and_its_noise_fed_back() {
        let mut drawn = Drawn::default();
        let mut random = stream(1, "draw");
        let mut squares = 0.0;
        for _ in 0..2000 {
            drawing(1.0, 1.0).draw(MIXTURE.said(&ROW, 2), None, None, &mut random, &mut drawn);
            assert_eq!(drawn.heard, [0.25, 0.5]);
            squares += f64::from(drawn.fed_back[0] - 0.25).powi(2) / 2000.0;
        }
        assert!((squares.sqrt() / (-4.0f64).exp() - 1.0).abs() < 0.1);
        drawing(0.0, 1.0).draw(MIXTURE.said(&ROW, 2), None, None, &mut random, &mut drawn);
        assert_eq!(drawn.heard, drawn.fed_back);
    }

    #[test]
    fn as_much_of_the_noise_is_heard_as_is_asked_for() {
        let mut drawn = Drawn::default();
        let mut random = stream(1, "draw");
        let drawing = Drawing {
            heard_noise: 0.25,
            ..drawing(1.0, 1.0)
        };
        for _ in 0..10 {
            drawing.draw(MIXTURE.said(&ROW, 2), None, None, &mut random, &mut drawn);
            let noise = drawn.fed_back[1] - 0.5;
            assert!(noise != 0.0 && (drawn.heard[1] - 0.5 - 0.25 * noise).abs() < 1e-6);
        }
    }

    #[test]
    fn bands_above_the_lowest_feed_back_more_of_their_noise() {
        // Two bands of one component each, of equal deviations.
        let (output, row) = (
            Output::Bands { components: 1 },
            [0.25, 0.5, 0.0, -1.0, -1.0],
        );
        let mut drawn = Drawn::default();
        let mut random = stream(1, "draw");
        let mut squares = [0.0; 2];
        for _ in 0..4000 {
            drawing(0.5, 1.0).draw(output.said(&row, 2), None, None, &mut random, &mut drawn);
            for (square, (fed, heard)) in squares
                .iter_mut()
                .zip(drawn.fed_back.iter().zip(&drawn.heard))
            {
                *square += f64::from(fed - heard).powi(2) / 4000.0;
            }
        }
        let ratio = (squares[1] / squares[0]).sqrt();
        assert!((ratio - 2.0).abs() < 0.1, "{ratio}");
    }

    #[test]
    fn noise_of_cosines_is_louder_where_those_are() {
        // The second cosine of two samples is their difference.
        let cosines = Cosines::new(&[1e-6, 1.0]);
        let mut drawn = Drawn::default();
        let mut random = stream(1, "draw");
        for _ in 0..10 {
            let said = MIXTURE.said(&ROW, 2);
            drawing(1.0, 1.0).draw(said, None, Some(&cosines), &mut random, &mut drawn);
            let noise = [drawn.fed_back[0] - 0.25, drawn.fed_back[1] - 0.5];
            assert!(noise[0] != 0.0 && (noise[0] + noise[1]).abs() < 1e-3 * noise[0].abs());
        }
    }

    #[test]
    fn what_is_fed_back_is_multiplied_by_the_gain_and_what_is_heard_is_not() {
        for (output, row) in [(Output::Value, &[0.25, 0.5][..]), (MIXTURE, &ROW)] {
            let mut drawn = Drawn::default();
            let mut random = stream(1, "draw");
            drawing(0.0, 0.5).draw(output.said(row, 2), None, None, &mut random, &mut drawn);
            assert_eq!(drawn.heard, [0.25, 0.5]);
            assert_eq!(drawn.fed_back, [0.125, 0.25]);
        }
    }
}
