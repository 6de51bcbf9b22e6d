//! Where the network learns: here, or on a graphics card.

use super::Trainer;
use crate::model::{Card, CardError, Device, Rates, clip};

impl Trainer {
    /// Has the network learn on `device` from here on.
    ///
    /// # Errors
    /// [`CardError`] where that is a graphics card that cannot be used.
    pub fn learn_on(&mut self, device: Device) -> Result<(), CardError> {
        self.catch_up()?;
        self.card = match device {
            Device::Cpu => None,
            card => Some(Card::new(card, &self.network, &self.adam, &self.state)?),
        };
        Ok(())
    }

    /// Has the network here know what it learned on a graphics card.
    pub(super) fn catch_up(&mut self) -> Result<(), CardError> {
        let card = self.card.as_ref().filter(|_| self.is_behind);
        if let Some(card) = card {
            card.read(&mut self.network, &mut self.adam, &mut self.state)?;
        }
        self.is_behind = false;
        Ok(())
    }

    /// Shows the network the time steps that were taken, wherever it learns.
    pub(super) fn forward(&mut self) -> Result<(), CardError> {
        let Some(card) = &mut self.card else {
            self.forward_here();
            return Ok(());
        };
        if self.position.time_step == 0 {
            card.forget();
        }
        let masks = std::slice::from_mut(&mut self.masks);
        let dropout = self.dropout.map(|dropout| (dropout, masks));
        card.forward(&self.frames, dropout, &mut self.predicted)
    }

    pub(super) fn forward_here(&mut self) {
        if self.position.time_step == 0 {
            self.state.h.fill(0.0);
            self.state.c.fill(0.0);
        }
        let masks = std::slice::from_mut(&mut self.masks);
        let dropout = self.dropout.map(|dropout| (dropout, masks));
        self.network
            .forward(&self.frames, &mut self.state, dropout, &mut self.tape);
    }

    /// One step of Adam by what was shown last.
    pub(super) fn learn(&mut self, lr: f64) {
        let penalty = match self.hyperparameters.training.regularization {
            true => self.hyperparameters.training.reg_amount as f32,
            false => 0.0,
        };
        let rates = Rates { lr, penalty };
        let largest = self.hyperparameters.training.clip_norm;
        if let Some(card) = &mut self.card {
            let largest = (largest > 0.0).then_some(largest);
            card.learn(&self.d_prediction, rates, largest);
            self.is_behind = true;
            return;
        }
        if largest > 0.0 {
            return self.learn_within_bounds(rates);
        }
        let (d_prediction, tape) = (&self.d_prediction, &mut self.tape);
        self.network
            .learn(d_prediction, tape, &mut self.adam, rates);
    }

    /// One step of Adam along a gradient that is scaled down to `clip_norm`:
    /// its norm is known only when all of it is.
    fn learn_within_bounds(&mut self, Rates { lr, penalty }: Rates) {
        self.gradient.clear();
        self.gradient.resize(self.network.weights.len(), 0.0);
        self.network
            .backward(&self.d_prediction, &mut self.tape, &mut self.gradient);
        self.network
            .add_penalty_gradient(penalty, &mut self.gradient);
        clip(
            &mut self.gradient,
            self.hyperparameters.training.clip_norm,
            self.threads,
        );
        self.adam
            .update_on_threads(&mut self.network.weights, &self.gradient, lr, self.threads);
    }
}
