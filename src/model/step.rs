//! One step of Adam (Kingma and Ba 2015, Algorithm 1), for any of the weights.

use crate::vectorised::vectorised;

/// Decay of the mean of the gradients.
pub(super) const BETA_1: f32 = 0.9;
/// Decay of the mean of the squared gradients.
pub(super) const BETA_2: f32 = 0.999;
/// Keeps the step finite where gradients vanish.
const EPSILON: f32 = 1e-8;

/// How far a network learns in one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// The learning rate.
    pub lr: f64,
    /// Factor of the penalty `penalty · Σw²` over the LSTM weights, biases aside.
    pub penalty: f32,
}

/// What weights share in one step: learning rate and epsilon, with the bias
/// corrections in them, and the factor of the penalty `penalty · Σw²`, whose
/// gradient joins in.
#[derive(Clone, Copy)]
pub struct Step {
    pub(super) size: f32,
    pub(super) epsilon: f32,
    penalty: f32,
}

impl Step {
    /// The `count`th step, counted from 1.
    pub fn new(rates: Rates, count: i32) -> Step {
        let correction_1 = 1.0 - f64::from(BETA_1).powi(count);
        let correction_2 = (1.0 - f64::from(BETA_2).powi(count)).sqrt();
        Step {
            size: (rates.lr * correction_2 / correction_1) as f32,
            epsilon: EPSILON * correction_2 as f32,
            penalty: rates.penalty,
        }
    }

    /// Without the penalty.
    pub fn unpenalised(self) -> Step {
        Step {
            penalty: 0.0,
            ..self
        }
    }
}

/// Added to both means, far below what moves a weight (epsilon is 1e-8), so
/// that without a gradient they do not decay to denormal numbers, on which
/// arithmetic is several times slower.
pub(super) const ABOVE_DENORMALS: f32 = 1e-30;

vectorised! {
    /// One step of some weights, given their gradient without that of the penalty.
    pub fn step_weights(
        weights: &mut [f32],
        mean: &mut [f32],
        square: &mut [f32],
        gradient: &[f32],
        step: Step,
    ) {
        let n = weights.len();
        let (mean, square, gradient) = (&mut mean[..n], &mut square[..n], &gradient[..n]);
        for i in 0..n {
            let g = gradient[i] + 2.0 * step.penalty * weights[i];
            mean[i] = BETA_1 * mean[i] + (1.0 - BETA_1) * g + ABOVE_DENORMALS;
            square[i] = BETA_2 * square[i] + (1.0 - BETA_2) * g * g + ABOVE_DENORMALS;
            weights[i] -= step.size * mean[i] / (square[i].sqrt() + step.epsilon);
        }
    }
}
