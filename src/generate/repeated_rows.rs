//! Matrices of a transpose head whose rows repeat each other: the last row is the whole
//! computation.

use std::ops::Range;

use crate::frames::WindowFormat;
use crate::model::{Architecture, Head};

/// The time steps after which each row of an input matrix sees and knows what the row
/// below it did, so that the last row is the whole computation; none where they do not.
pub fn delay_of_rows(architecture: &Architecture, windows: &WindowFormat) -> Option<usize> {
    let Head::Transpose { .. } = architecture.head else {
        return None;
    };
    // What is known of a matrix stands beside all of its rows at once.
    let repeat = architecture.conditions == 0
        && windows
            .int_cursor_inc
            .is_multiple_of(windows.ext_cursor_inc);
    repeat.then_some(windows.int_cursor_inc / windows.ext_cursor_inc)
}

/// `windows` with one row alone, the first: the last row of a matrix is that of one
/// later by the longest delay.
pub fn last_rows(windows: &WindowFormat) -> WindowFormat {
    WindowFormat {
        rows: 1,
        ..windows.clone()
    }
}

/// Where the last rows of `matrices` are among [`last_rows`], `longest` time steps later
/// than their first ones. One that `begins` hears first what the rows above heard.
pub fn places_of_last_rows(matrices: &Range<usize>, longest: usize, begins: bool) -> Range<usize> {
    let before = if begins { longest } else { 0 };
    matrices.start + longest - before..matrices.end + longest
}
