//! The embedded engine: antiphon's own forward pass.

use super::repeated_rows::{delay_of_rows, last_rows, places_of_last_rows};
use super::{Engine, EngineError, EngineKind, Shown};
use crate::frames::WindowFormat;
use crate::model::{Inference, Network, Precision, State};

/// Runs a network with no help from outside.
pub struct Native {
    inference: Inference,
    frames: Vec<f32>,
}

impl Native {
    /// For `network`, with weights of this `precision`; a time step may use `threads`
    /// threads.
    pub fn new(network: Network, precision: Precision, threads: usize) -> Native {
        let inference = Inference::new(network, precision, threads);
        Native {
            inference: inference.with_sliding_inputs(),
            frames: Vec::new(),
        }
    }
}

impl Native {
    /// C: values that stand beside each row.
    pub(super) fn conditions(&self) -> usize {
        self.inference.architecture().conditions
    }
}

impl Engine for Native {
    fn name(&self) -> &'static str {
        EngineKind::Native.name()
    }

    fn silence(&mut self, windows: &WindowFormat, streams: usize) -> State {
        self.inference.forget();
        let architecture = self.inference.architecture();
        let rows = match delay_of_rows(architecture, windows) {
            Some(_) => streams,
            None => streams * windows.rows,
        };
        State::zero(architecture, rows)
    }

    fn play(
        &mut self,
        shown: &Shown,
        state: &mut State,
        prediction: &mut Vec<f32>,
    ) -> Result<(), EngineError> {
        let inference = &mut self.inference;
        let delay = delay_of_rows(inference.architecture(), shown.windows);
        let begins = delay.is_some() && state.line.is_empty();
        let has_one_row = delay.is_some() || shown.windows.rows == 1;
        if let Some(sequence) = shown.sliding()
            && inference.slides()
            && has_one_row
            && !begins
        {
            let delay = delay.unwrap_or(0);
            inference.slide(sequence, shown.conditions, delay, state, prediction);
            return Ok(());
        }
        let Some(delay) = delay else {
            shown.frames(&mut self.frames);
            inference.play(&self.frames, state, prediction);
            return Ok(());
        };
        let last_rows = last_rows(shown.windows);
        let longest = inference.longest_delay(delay);
        let of_last_rows = Shown {
            windows: &last_rows,
            matrices: places_of_last_rows(&shown.matrices, longest, begins),
            ..shown.clone()
        };
        of_last_rows.frames(&mut self.frames);
        inference.play_last_rows(&self.frames, delay, state, prediction);
        Ok(())
    }
}
