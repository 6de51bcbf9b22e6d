//! The embedded engine: antiphon's own forward pass.

use super::repeated_rows::{delay_of_rows, last_rows, places_of_last_rows};
use super::{Engine, EngineError, EngineKind, Shown, Turn};
use crate::frames::WindowFormat;
use crate::model::{Inference, Network, Precision, State};

/// Weights of so many bytes stay in a core's own cache, more or less. More of them are
/// better read once for all threads, and are not to be in memory several times.
pub const FEW_BYTES: usize = 4 << 20;

/// Runs a network with no help from outside.
pub struct Native {
    inference: Inference,
    threads: usize,
    frames: Vec<f32>,
}

impl Native {
    /// For `network`, with weights of this `precision`; a time step may use `threads`
    /// threads.
    pub fn new(network: Network, precision: Precision, threads: usize) -> Native {
        Native {
            inference: Inference::new(network, precision, threads),
            threads,
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

    fn bytes_per_output(&self) -> usize {
        self.inference.bytes()
    }

    fn silence(&mut self, windows: &WindowFormat, streams: usize) -> State {
        if windows.slides() {
            self.inference.prepare_sliding_inputs(windows.width);
        }
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
        let longest = inference.architecture().head.longest_delay(delay);
        let of_last_rows = Shown {
            windows: &last_rows,
            matrices: places_of_last_rows(&shown.matrices, longest, begins),
            ..shown.clone()
        };
        of_last_rows.frames(&mut self.frames);
        inference.play_last_rows(&self.frames, delay, state, prediction);
        Ok(())
    }

    fn shares_steps(&self, windows: &WindowFormat) -> bool {
        // What slides by an element is known ahead, of one answer at a time.
        !windows.slides()
    }

    fn play_together(&mut self, turns: &mut [Turn]) -> Result<(), EngineError> {
        let (mut single, mut others): (Vec<&mut Turn>, Vec<&mut Turn>) =
            turns.iter_mut().partition(|turn| turn.shown.steps() == 1);
        for turn in &mut others {
            self.play(&turn.shown, turn.state, turn.prediction)?;
        }
        match single.as_mut_slice() {
            [] => Ok(()),
            [turn] => self.play(&turn.shown, turn.state, turn.prediction),
            turns => {
                self.play_rows_together(turns);
                Ok(())
            }
        }
    }

    fn threads_beside(&self) -> usize {
        self.threads
    }

    fn beside(&self) -> Option<Box<dyn Engine>> {
        let few = self.inference.bytes() <= FEW_BYTES;
        few.then(|| {
            Box::new(Native {
                inference: self.inference.on_one_thread(),
                threads: 1,
                frames: Vec::new(),
            }) as Box<dyn Engine>
        })
    }
}

impl Native {
    /// Plays one time step of each of `turns`, all rows in one.
    fn play_rows_together(&mut self, turns: &mut [&mut Turn]) {
        let architecture = self.inference.architecture();
        self.frames.clear();
        let mut frames = Vec::new();
        for turn in turns.iter() {
            turn.shown.frames(&mut frames);
            self.frames.extend_from_slice(&frames);
        }
        let states: Vec<&State> = turns.iter().map(|turn| &*turn.state).collect();
        let mut together = State::joined(architecture, &states);
        let mut predictions = Vec::new();
        let rows: Vec<usize> = states
            .iter()
            .map(|state| state.rows(architecture))
            .collect();
        self.inference
            .play(&self.frames, &mut together, &mut predictions);
        let architecture = self.inference.architecture();
        let all: usize = rows.iter().sum();
        let (of_row, mut first) = (predictions.len() / all, 0);
        for (turn, rows) in turns.iter_mut().zip(rows) {
            turn.state
                .copy_from(architecture, (&together.h, &together.c), first);
            turn.prediction.clear();
            let these = first * of_row..(first + rows) * of_row;
            turn.prediction.extend_from_slice(&predictions[these]);
            first += rows;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::random_model;

    #[test]
    fn what_slides_by_a_sample_is_known_ahead_and_the_rest_shares_steps() {
        for (json, slides) in [
            (
                r#"{"preset": "column-vector", "seg_len": 8, "num_unrollings": 3}"#,
                true,
            ),
            (
                r#"{"preset": "transpose", "seg_len": 8, "num_unrollings": 3}"#,
                true,
            ),
            (
                r#"{"preset": "column-vector", "bands": 4, "seg_len": 16, "num_unrollings": 3}"#,
                true,
            ),
            (
                r#"{"preset": "magnitude-spectrum", "window_size": 16, "num_unrollings": 3}"#,
                false,
            ),
            (
                r#"{"preset": "vector", "seg_len": 8, "num_unrollings": 3}"#,
                false,
            ),
        ] {
            let model = random_model(json);
            let mut native = Native::new(model.network.clone(), Precision::F32, 1);
            let hearing = model.hearing();
            let state = native.silence(hearing.sampling_windows(), 1);
            assert_eq!(native.inference.slides(), slides, "{json}");
            assert_eq!(native.shares_steps(hearing.sampling_windows()), !slides);
            // One row is all that each of them computes.
            assert_eq!(state.rows(model.network.architecture()), 1, "{json}");
        }
    }
}
