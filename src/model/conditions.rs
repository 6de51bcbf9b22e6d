//! What stands beside the rows of a network's input, and how a prediction with it
//! leads one without.

use super::activation::{atanh, tanh};
use super::{Architecture, Output};
use crate::vectorised::vectorised;

/// Means are this far below 1 at most where they are taken back through the tanh.
const LARGEST_MEAN: f32 = 1.0 - 1e-6;

impl Architecture {
    /// Makes `rows [N, D]` the rows `[N, D + C]` that the network sees: `push` appends
    /// the C conditions of row n. Without conditions nothing happens. `scratch` is
    /// memory that may be used again.
    pub fn condition(
        &self,
        rows: &mut Vec<f32>,
        scratch: &mut Vec<f32>,
        mut push: impl FnMut(usize, &mut Vec<f32>),
    ) {
        if self.conditions == 0 {
            return;
        }
        scratch.clear();
        for (n, row) in rows.chunks_exact(self.inputs).enumerate() {
            scratch.extend_from_slice(row);
            push(n, scratch);
        }
        std::mem::swap(rows, scratch);
    }

    /// The same with conditions that are withheld from every row: zeros.
    pub fn withhold(&self, rows: &mut Vec<f32>, scratch: &mut Vec<f32>) {
        self.condition(rows, scratch, |_, row| self.push_withheld(row));
    }

    /// Appends the conditions of a row that they are withheld from.
    pub fn push_withheld(&self, row: &mut Vec<f32>) {
        row.resize(row.len() + self.conditions, 0.0);
    }
}

impl Output {
    /// Moves the head's values `row` of one prediction of `outputs` values, made with
    /// conditions, to `strength` times as far from the `free` ones, made without:
    /// logarithms of chances, and means before their tanh (classifier-free guidance:
    /// Ho and Salimans 2022, Equation 6). Deviations stay those with conditions.
    pub fn lead(self, free: &[f32], strength: f32, row: &mut [f32], outputs: usize) {
        let squashed = self.squashed(outputs);
        let chances = match self {
            Output::Value => 0,
            Output::Mixture { components } | Output::Bands { components } => components,
            Output::Levels { levels } => levels,
        };
        let (means, parameters) = row.split_at_mut(squashed);
        let (free_means, free_parameters) = free.split_at(squashed);
        lead_means(free_means, strength, means);
        let chances = parameters[..chances].iter_mut().zip(free_parameters);
        chances.for_each(|(chance, free)| *chance = led(*free, *chance, strength));
    }
}

#[inline(always)]
fn led(free: f32, given: f32, strength: f32) -> f32 {
    free + strength * (given - free)
}

vectorised! {
    /// Moves `means` that went through a tanh as far from the `free` ones.
    fn lead_means(free: &[f32], strength: f32, means: &mut [f32]) {
        // Not f32::clamp: comparisons vectorise, and NaN stays NaN.
        let unsquash = |mean: f32| {
            let mean = if mean > LARGEST_MEAN { LARGEST_MEAN } else { mean };
            atanh(if mean < -LARGEST_MEAN { -LARGEST_MEAN } else { mean })
        };
        for (mean, free) in means.iter_mut().zip(free) {
            *mean = tanh(led(unsquash(*free), unsquash(*mean), strength));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prediction_is_led_beyond_what_was_learned() {
        let mixture = Output::Mixture { components: 2 };
        // Two means of one value, two weights, two deviations.
        let free = [0.0, 0.2, 0.0, 1.0, -1.0, -1.0];
        let given = [0.5f32, 0.2, 2.0, 1.0, -2.0, -3.0];
        let led = |strength| {
            let mut row = given;
            mixture.lead(&free, strength, &mut row, 1);
            row
        };
        for (strength, expected) in [(0.0, free), (1.0, given)] {
            for (led, expected) in led(strength)[..4].iter().zip(expected) {
                assert!((led - expected).abs() < 1e-5, "{strength}");
            }
        }
        let beyond = led(2.0);
        assert!((beyond[0] - (2.0 * 0.5f32.atanh()).tanh()).abs() < 1e-5);
        assert_eq!(beyond[2..], [4.0, 1.0, -2.0, -3.0]);

        let mut row = [1.0, -1.0];
        Output::Value.lead(&[0.0, 1.0], 3.0, &mut row, 2);
        assert!(row.iter().all(|value| value.abs() <= 1.0), "{row:?}");
        let mut row = [1.0, 2.0];
        Output::Levels { levels: 2 }.lead(&[0.0, 0.0], 2.0, &mut row, 1);
        assert_eq!(row, [2.0, 4.0]);
    }
}
