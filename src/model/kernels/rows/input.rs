//! Rows of inputs, in the numbers that a matrix takes.

use super::lines::Lines;
use super::matrix::{Precision, RowMatrix};

/// Rows of inputs of one [`RowMatrix`].
#[derive(Clone, Default)]
pub struct RowInput {
    pub(super) rows: usize,
    /// Precision from one row to the next.
    pub(super) stride: usize,
    /// `[rows, stride]`, of f32 or of i16.
    pub(super) numbers: Lines,
    /// What a 16-bit input is worth, for each row.
    pub(super) scales: Vec<f32>,
}

/// What is added to inputs and taken off again: it leaves nothing of numbers so small
/// that processors take long over them.
const ABOVE_DENORMALS: f32 = 1e-25;

impl RowInput {
    /// Takes `rows [R, depth]` for products with `matrix`.
    ///
    /// # Panics
    /// If they are not whole rows.
    pub fn take(&mut self, matrix: &RowMatrix, rows: &[f32]) {
        self.begin(matrix, rows.len() / matrix.depth);
        assert_eq!(rows.len(), self.rows * matrix.depth, "whole rows");
        for (r, row) in rows.chunks_exact(matrix.depth).enumerate() {
            self.set(matrix, r, row);
        }
    }

    /// Makes room for `rows` rows, each to be [set](RowInput::set).
    pub fn begin(&mut self, matrix: &RowMatrix, rows: usize) {
        let stride = matrix.even_depth();
        if (self.rows, self.stride) == (rows, stride) && self.scales.len() == rows {
            return;
        }
        (self.rows, self.stride) = (rows, stride);
        self.scales.clear();
        self.scales.resize(rows, 0.0);
        match matrix.precision() {
            Precision::F32 => self.numbers.clear_to::<f32>(rows * stride),
            Precision::I8 => self.numbers.clear_to::<i16>(rows * stride),
        }
    }

    /// Takes `row [depth]` as row `r`.
    pub fn set(&mut self, matrix: &RowMatrix, r: usize, row: &[f32]) {
        let place = r * self.stride..r * self.stride + matrix.depth;
        match matrix.precision() {
            Precision::F32 => {
                let numbers = &mut self.numbers.values_mut::<f32>()[place];
                for (number, value) in numbers.iter_mut().zip(row) {
                    *number = (value + ABOVE_DENORMALS) - ABOVE_DENORMALS;
                }
            }
            Precision::I8 => {
                let numbers = &mut self.numbers.values_mut::<i16>()[place];
                self.scales[r] = quantise(row, matrix.largest_input, numbers);
            }
        }
    }
}

/// Makes `levels` of `row`, of up to `most`; what a level is worth: not a number where
/// one of the row is none, so that divergence shows.
fn quantise(row: &[f32], most: f32, levels: &mut [i16]) -> f32 {
    const TOGETHER: usize = 16;
    let (mut largest, mut nothing) = ([0.0f32; TOGETHER], [0.0f32; TOGETHER]);
    let mut look_at = |values: &[f32]| {
        for ((largest, nothing), value) in largest.iter_mut().zip(&mut nothing).zip(values) {
            *largest = largest.max(value.abs());
            *nothing += value * 0.0;
        }
    };
    row.chunks(TOGETHER).for_each(&mut look_at);
    let nothing: f32 = nothing.iter().sum();
    let largest = largest.into_iter().fold(ABOVE_DENORMALS, f32::max);
    let per_level = most / largest;
    for (level, value) in levels.iter_mut().zip(row) {
        // Rounded by half a level more before the rest is cut off.
        let scaled = value * per_level;
        *level = (scaled + 0.5f32.copysign(scaled)) as i16;
    }
    1.0 / per_level + nothing
}
