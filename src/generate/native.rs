//! The embedded engine: antiphon's own forward pass.

use super::{Engine, EngineError, EngineKind};
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
        EngineKind::Native.name()
    }

    fn play(
        &mut self,
        frames: &[f32],
        state: &mut State,
        predictions: &mut Vec<f32>,
    ) -> Result<(), EngineError> {
        play(&self.network, frames, state, &mut self.tape, predictions);
        Ok(())
    }
}

/// What [`Engine::play`] does, with `network` as it is now.
pub fn play(
    network: &Network,
    frames: &[f32],
    state: &mut State,
    tape: &mut Tape,
    predictions: &mut Vec<f32>,
) {
    network.forward(frames, state, None, tape);
    predictions.clear();
    predictions.extend_from_slice(tape.prediction());
}
