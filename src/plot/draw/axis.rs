//! Axes: the numbers they name, and how these are written.

use std::ops::Range;

use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};
use plotters::coord::types::RangedCoordf64;

/// An axis that names the numbers it is told to.
pub(super) struct TickedAxis {
    scale: RangedCoordf64,
    ticks: Vec<f64>,
}

impl TickedAxis {
    /// An axis with about `ticks` round numbers.
    pub fn linear(range: Range<f64>, ticks: usize) -> TickedAxis {
        let scale = RangedCoordf64::from(range);
        let ticks = scale.key_points(ticks);
        TickedAxis { scale, ticks }
    }

    /// An axis with these numbers.
    pub fn with_ticks(range: Range<f64>, ticks: Vec<f64>) -> TickedAxis {
        let scale = RangedCoordf64::from(range);
        TickedAxis { scale, ticks }
    }
}

impl Ranged for TickedAxis {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        self.scale.map(value, limit)
    }

    fn key_points<Hint: KeyPointHint>(&self, _hint: Hint) -> Vec<f64> {
        self.ticks.clone()
    }

    fn range(&self) -> Range<f64> {
        self.scale.range()
    }
}

/// A twentieth more at both ends.
pub(super) fn with_air(range: Range<f64>) -> Range<f64> {
    let more = (range.end - range.start) / 20.0;
    range.start - more..range.end + more
}

/// A number on an axis, without the digits that rounding left behind it.
pub(super) fn number(value: f64) -> String {
    if value != 0.0 && !(1e-3..1e6).contains(&value.abs()) {
        return format!("{value:.1e}");
    }
    let text = format!("{value:.4}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    // What was rounded to zero may have kept its sign.
    if text == "-0" { "0" } else { text }.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let said = |value| number(value);
        assert_eq!(said(0.30000000000000004), "0.3");
        assert_eq!(said(2000.0), "2000");
        assert_eq!(said(-0.0), "0");
        assert_eq!(said(2.5e-7), "2.5e-7");
    }
}
