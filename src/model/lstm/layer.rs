//! What the way forward and the way back have in common.

use crate::model::kernels::{self, Operands, Packed};
use crate::model::matrix::{Matrix, multiply, multiply_transposed};
use crate::model::threads::cut;

/// Order of the gates in the weights, ONNX's: input, output, forget, cell (candidate).
pub const INPUT_GATE: usize = 0;
/// Number of the output gate.
pub const OUTPUT_GATE: usize = 1;
/// Number of the forget gate.
pub const FORGET_GATE: usize = 2;
/// Number of the cell gate.
pub const CELL_GATE: usize = 3;
/// How many gates there are.
pub const GATES: usize = 4;

/// A layer's weights, gate by gate: `input [4H, D]`, `recurrent [4H, H]`, `bias [4H]`.
pub struct LstmWeights<'a> {
    pub input: &'a [f32],
    pub recurrent: &'a [f32],
    pub bias: &'a [f32],
}

/// What the backward pass needs of the forward pass, for `T` steps of `R` rows.
#[derive(Clone, Default)]
pub struct LstmTape {
    /// `[T, R, 4H]`: the gates after their activations.
    pub(super) gates: Vec<f32>,
    /// `[T + 1, R, H]`: the cell state before the first step and after each.
    pub(super) cell: Vec<f32>,
    /// `[T, R, H]`: its tanh.
    pub(super) cell_tanh: Vec<f32>,
    /// `[T + 1, R, H]`: the output before the first step and after each.
    pub(super) hidden: Vec<f32>,
    /// `[T, R, 4H]`: gradient of the gates before their activations.
    pub(super) d_gates: Vec<f32>,
    /// `[R, H]`: gradient of the output that comes from the step after.
    pub(super) d_hidden: Vec<f32>,
    /// `[R, H]`: gradient of the cell state that comes from the step after.
    pub(super) d_cell: Vec<f32>,
    /// The recurrent weights as the forward pass and as the backward pass
    /// multiply with them at every time step.
    pub(super) packed: Packed,
    pub(super) packed_backward: Packed,
}

/// The sizes of one pass through one layer.
#[derive(Clone, Copy)]
pub struct Pass {
    /// T
    pub steps: usize,
    /// R
    pub rows: usize,
    /// D
    pub inputs: usize,
    /// H
    pub units: usize,
    /// Threads a matrix product may use.
    pub threads: usize,
}

/// From this number of time steps on it pays to copy the recurrent weights.
const PACK_STEPS: usize = 4;

/// The recurrent weights, `[4H, H]`.
#[derive(Clone, Copy)]
pub enum Recurrent<'a> {
    /// For the direction in question.
    Packed(&'a Packed),
    /// As they lie among the network's.
    AsTheyAre(&'a [f32]),
}

impl Recurrent<'_> {
    /// Adds what the outputs before, `[R, H]`, bring to `gates [R, 4H]`.
    pub fn forward(self, gates: &mut [f32], hidden: &[f32], pass: Pass) {
        let threads = pass.threads;
        match self {
            Recurrent::Packed(weights) => weights.multiply(gates, true, hidden, threads),
            Recurrent::AsTheyAre(weights) => {
                let (a, b, k) = (hidden, weights, pass.units);
                multiply_transposed(gates, true, Operands { a, b, k }, threads);
            }
        }
    }

    /// Takes the gradient of the gates, `[R, 4H]`, back to the outputs before.
    pub fn backward(self, d_hidden: &mut [f32], d_gates: &[f32], pass: Pass) {
        let (units, threads) = (pass.units, pass.threads);
        match self {
            Recurrent::Packed(weights) => weights.multiply(d_hidden, false, d_gates, threads),
            Recurrent::AsTheyAre(weights) => {
                let d_gates = Matrix::new(d_gates, pass.rows, GATES * units);
                let weights = Matrix::new(weights, GATES * units, units);
                multiply(d_hidden, false, d_gates, weights, threads);
            }
        }
    }
}

/// Up to this number, recurrent weights go through each core's cache at every time
/// step: rows then go through all time steps on threads of their own.
const CACHED_WEIGHTS: usize = 1 << 20;

impl Pass {
    /// Whether the recurrent weights are copied.
    pub fn packs(self) -> bool {
        kernels::available() && self.steps >= PACK_STEPS
    }

    /// Parts of the rows that go through the time steps without waiting for
    /// each other: one, or one for each thread.
    pub fn threads_for_rows(self) -> usize {
        let weights = GATES * self.units * self.units;
        let apart = self.steps > 1 && weights <= CACHED_WEIGHTS && self.rows >= 2 * self.threads;
        if apart { self.threads } else { 1 }
    }

    /// The passes of two parts of the rows, on a thread for each part in the end.
    pub fn cut_rows(self, row_threads: usize) -> Option<(Pass, Pass)> {
        let at = cut(self.rows, 1, row_threads)?;
        let part = |rows| Pass {
            rows,
            threads: 1,
            ..self
        };
        Some((part(at), part(self.rows - at)))
    }
}

impl LstmTape {
    /// The layer's outputs, `[T, R, H]`.
    pub fn outputs(&self, pass: Pass) -> &[f32] {
        &self.hidden[pass.rows * pass.units..]
    }

    /// The state after the last step: output and cell state, `[R, H]` each.
    pub fn last_state(&self, pass: Pass) -> (&[f32], &[f32]) {
        let last = pass.steps * pass.rows * pass.units;
        (&self.hidden[last..], &self.cell[last..])
    }
}

/// The input, output, forget and cell gates of one row, `[4H]`.
#[inline(always)]
pub fn split_gates(gates: &[f32]) -> (&[f32], &[f32], &[f32], &[f32]) {
    let units = gates.len() / GATES;
    let gate = |index: usize| &gates[index * units..(index + 1) * units];
    (
        gate(INPUT_GATE),
        gate(OUTPUT_GATE),
        gate(FORGET_GATE),
        gate(CELL_GATE),
    )
}
