//! An engine for tests, which hear what it plays.

use super::{Engine, EngineError, Native, Shown, Turn};
use crate::frames::WindowFormat;
use crate::model::State;

/// The embedded engine, all of whose turns are heard once they are played, those that were
/// played together at once.
pub struct Overheard<F> {
    pub native: Native,
    pub hear: F,
}

impl<F: FnMut(&[Turn]) + Send> Engine for Overheard<F> {
    fn name(&self) -> &'static str {
        "overheard"
    }

    fn silence(&mut self, windows: &WindowFormat, streams: usize) -> State {
        self.native.silence(windows, streams)
    }

    fn play(
        &mut self,
        shown: &Shown,
        state: &mut State,
        prediction: &mut Vec<f32>,
    ) -> Result<(), EngineError> {
        self.native.play(shown, state, prediction)?;
        (self.hear)(&[Turn {
            shown: shown.clone(),
            state,
            prediction,
        }]);
        Ok(())
    }

    fn shares_steps(&self, windows: &WindowFormat) -> bool {
        self.native.shares_steps(windows)
    }

    fn play_together(&mut self, turns: &mut [Turn]) -> Result<(), EngineError> {
        self.native.play_together(turns)?;
        (self.hear)(turns);
        Ok(())
    }
}
