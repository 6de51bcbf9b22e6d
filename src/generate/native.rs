//! The embedded engine: antiphon's own forward pass.

use super::{Engine, EngineError};
use crate::model::{Network, State, Tape};

/// Runs a network with no help from outside.
pub struct Native {
    network: Network,
    tape: Tape,
}

impl Native {
    /// For `network`; matrix products may use `threads` threads.
    pub fn new(network: Network, threads: usize) -> Native {
        Native {
            network,
            tape: Tape::new(threads),
        }
    }
}

impl Engine for Native {
    fn name(&self) -> &'static str {
        "native"
    }

    fn play(
        &mut self,
        frames: &[f32],
        state: &mut State,
        predictions: &mut Vec<f32>,
    ) -> Result<(), EngineError> {
        self.network.forward(frames, state, None, &mut self.tape);
        predictions.clear();
        predictions.extend_from_slice(self.tape.prediction());
        Ok(())
    }
}
