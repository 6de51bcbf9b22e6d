//! What an engine shows a network.

use std::ops::Range;

use crate::frames::WindowFormat;
use crate::model::{Sequence, State};

/// Adjacent input matrices of a sequence, each in one stream or more, which hear the
/// same and know different things of it.
#[derive(Clone, Debug)]
pub struct Shown<'a> {
    /// Samples, steps of bands or magnitude frames.
    pub sequence: &'a [f32],
    /// How many values were before them.
    pub before: usize,
    /// How the sequence is cut.
    pub windows: &'a WindowFormat,
    /// Numbers of the matrices in `sequence`, one for each time step.
    pub matrices: Range<usize>,
    /// S
    pub streams: usize,
    /// `[T, S, R, C]`: what stands beside each row.
    pub conditions: &'a [f32],
}

/// One answer's turn to be played.
pub struct Turn<'a> {
    pub shown: Shown<'a>,
    /// From before the first time step to after the last.
    pub state: &'a mut State,
    /// Becomes that of the last time step, `[S, W]`.
    pub prediction: &'a mut Vec<f32>,
}

impl Turn<'_> {
    /// The same turn, for as long as this one is not used.
    pub fn again(&mut self) -> Turn<'_> {
        Turn {
            shown: self.shown.clone(),
            state: self.state,
            prediction: self.prediction,
        }
    }
}

impl Shown<'_> {
    /// T: time steps.
    pub fn steps(&self) -> usize {
        self.matrices.len()
    }

    /// S · R: rows at each of them.
    pub fn rows_of_step(&self) -> usize {
        self.streams * self.windows.rows
    }

    /// The sequence up to the last element of a single matrix, whose last row sees what it
    /// saw one time step before, but one element later; none where that is not so.
    pub fn sliding(&self) -> Option<Sequence<'_>> {
        let windows = self.windows;
        let slides = self.steps() == 1 && windows.slides();
        let end = self.matrices.start + windows.input_span();
        slides.then(|| Sequence {
            samples: &self.sequence[..end * windows.width],
            before: self.before / windows.width,
            channels: windows.width,
        })
    }

    /// Makes `frames` the rows with their conditions, `[T, S · R, D + C]`.
    pub fn frames(&self, frames: &mut Vec<f32>) {
        frames.clear();
        let rows = self.steps() * self.rows_of_step();
        let of_row = self.conditions.len() / rows;
        let mut conditions = self.conditions.chunks_exact(of_row.max(1));
        for row in self.rows() {
            frames.extend_from_slice(row);
            frames.extend_from_slice(conditions.next().unwrap_or_default());
        }
    }

    /// The rows without their conditions, `[T, S, R]` of D values each.
    pub fn rows(&self) -> impl Iterator<Item = &[f32]> {
        let windows = self.windows;
        let row_values = windows.row_len * windows.width;
        let rows = move |t| {
            (0..windows.rows).map(move |row| {
                let start = t * windows.ext_cursor_inc + row * windows.int_cursor_inc;
                &self.sequence[start * windows.width..][..row_values]
            })
        };
        let streams = move |t| (0..self.streams).flat_map(move |_| rows(t));
        self.matrices.clone().flat_map(streams)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_rows_with_their_conditions_stream_by_stream() {
        let windows = WindowFormat {
            width: 1,
            row_len: 2,
            rows: 2,
            int_cursor_inc: 3,
            ext_cursor_inc: 1,
            label_offset: 6,
            label_rows: 1,
            label_len: 1,
        };
        let sequence: Vec<f32> = (0..10).map(|n| n as f32).collect();
        let conditions: Vec<f32> = (0..8).map(|n| n as f32 / 10.0).collect();
        let shown = Shown {
            sequence: &sequence,
            before: 0,
            windows: &windows,
            matrices: 1..3,
            streams: 2,
            conditions: &conditions,
        };
        let mut frames = vec![9.0];
        shown.frames(&mut frames);
        #[rustfmt::skip]
        let expected = [
            1.0, 2.0, 0.0,  4.0, 5.0, 0.1,  1.0, 2.0, 0.2,  4.0, 5.0, 0.3,
            2.0, 3.0, 0.4,  5.0, 6.0, 0.5,  2.0, 3.0, 0.6,  5.0, 6.0, 0.7,
        ];
        assert_eq!(frames, expected);
        let unconditioned = Shown {
            conditions: &[],
            streams: 1,
            ..shown
        };
        unconditioned.frames(&mut frames);
        assert_eq!(frames, [1.0, 2.0, 4.0, 5.0, 2.0, 3.0, 5.0, 6.0]);
    }
}
