//! The optimiser: Adam (Kingma and Ba 2015, Algorithm 1), which updates the
//! weights by Equation 2.2 with a step size of its own for each weight.

use super::step::{Rates, Step};
use super::update::{Update, hand_over};

/// Adam's memory: running means of the gradients and of their squares.
#[derive(Clone)]
pub struct Adam {
    mean: Vec<f32>,
    square: Vec<f32>,
    steps: i32,
}

impl Adam {
    /// For `parameters` weights.
    pub fn new(parameters: usize) -> Self {
        Adam {
            mean: vec![0.0; parameters],
            square: vec![0.0; parameters],
            steps: 0,
        }
    }

    /// Running means of the gradients and of their squares, and the steps taken.
    pub fn memory(&self) -> (&[f32], &[f32], i32) {
        (&self.mean, &self.square, self.steps)
    }

    /// Adam with the memory of another.
    pub fn with_memory(mean: Vec<f32>, square: Vec<f32>, steps: i32) -> Self {
        Adam {
            mean,
            square,
            steps,
        }
    }

    /// Moves the weights one step against `gradient` at learning rate `lr`.
    pub fn update(&mut self, weights: &mut [f32], gradient: &[f32], lr: f64) {
        self.update_on_threads(weights, gradient, lr, 1);
    }

    /// The same on `threads` threads.
    pub fn update_on_threads(
        &mut self,
        weights: &mut [f32],
        gradient: &[f32],
        lr: f64,
        threads: usize,
    ) {
        let rates = Rates { lr, penalty: 0.0 };
        hand_over(self.begin_step(weights, rates), gradient, threads);
    }

    /// Begins a step of `weights`, all of them; each weight's gradient is then to be
    /// handed over once, and that of the penalty is added to it.
    pub(super) fn begin_step<'a>(&'a mut self, weights: &'a mut [f32], rates: Rates) -> Update<'a> {
        self.steps = self.steps.saturating_add(1);
        Update::Adam {
            step: Step::new(rates, self.steps),
            weights,
            mean: &mut self.mean,
            square: &mut self.square,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_do_not_decay_to_denormals() {
        let mut adam = Adam::new(3);
        let mut weights = [1.0, 1e-3, 0.0];
        adam.update(&mut weights, &[1e-3, -1e-3, 0.0], 0.01);
        for _ in 0..100_000 {
            adam.update(&mut weights, &[0.0; 3], 0.01);
            let (mean, square, _) = adam.memory();
            let both = || mean.iter().chain(square);
            assert!(both().all(|m| m.is_normal()), "{mean:?} {square:?}");
        }
        let settled = weights;
        adam.update(&mut weights, &[0.0; 3], 0.01);
        assert_eq!(settled[..2], weights[..2], "no weight moves");
        assert!(weights[2].abs() < 1e-15);
    }

    #[test]
    fn the_first_step_is_lr_against_the_sign_of_the_gradient() {
        let mut weights = [1.0, 1.0, 1.0];
        Adam::new(3).update(&mut weights, &[0.5, -20.0, 0.0], 0.01);
        for (weight, expected) in weights.iter().zip([0.99, 1.01, 1.0]) {
            assert!((weight - expected).abs() < 1e-6);
        }
    }

    #[test]
    fn it_follows_algorithm_1() {
        let gradients = [0.3, -0.1, 0.7, 0.0, 0.2];
        let mut weights = [0.5];
        let mut adam = Adam::new(1);
        let (mut theta, mut m, mut v) = (0.5f64, 0.0f64, 0.0f64);
        for (t, g) in gradients.iter().enumerate() {
            adam.update(&mut weights, &[*g as f32], 0.1);
            m = 0.9 * m + 0.1 * g;
            v = 0.999 * v + 0.001 * g * g;
            let (m_hat, v_hat) = (
                m / (1.0 - 0.9f64.powi(t as i32 + 1)),
                v / (1.0 - 0.999f64.powi(t as i32 + 1)),
            );
            theta -= 0.1 * m_hat / (v_hat.sqrt() + 1e-8);
            assert!((f64::from(weights[0]) - theta).abs() < 1e-5);
        }
    }
}
