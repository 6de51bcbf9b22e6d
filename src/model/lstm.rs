//! One LSTM layer: Equations (1.6) to (1.11), forward and backward through time.

use super::activation::{sigmoid, tanh};
use super::matrix::{Matrix, multiply};

/// Order of the gates in the weights, ONNX's: input, output, forget, cell (candidate).
pub const INPUT_GATE: usize = 0;
pub const OUTPUT_GATE: usize = 1;
pub const FORGET_GATE: usize = 2;
pub const CELL_GATE: usize = 3;
pub const GATES: usize = 4;

/// A layer's weights, gate by gate: `input [4H, D]`, `recurrent [4H, H]`, `bias [4H]`.
pub struct Weights<'a> {
    pub input: &'a [f32],
    pub recurrent: &'a [f32],
    pub bias: &'a [f32],
}

/// The gradient of each of a layer's weights.
pub struct Gradient<'a> {
    pub input: &'a mut [f32],
    pub recurrent: &'a mut [f32],
    pub bias: &'a mut [f32],
}

/// What the backward pass needs of the forward pass, for `T` steps of `R` rows.
#[derive(Clone, Default)]
pub struct LstmTape {
    /// `[T, R, 4H]`: the gates after their activations.
    gates: Vec<f32>,
    /// `[T + 1, R, H]`: the cell state before the first step and after each.
    cell: Vec<f32>,
    /// `[T, R, H]`: its tanh.
    cell_tanh: Vec<f32>,
    /// `[T + 1, R, H]`: the output before the first step and after each.
    hidden: Vec<f32>,
    /// `[T, R, 4H]`: gradient of the gates before their activations.
    d_gates: Vec<f32>,
    /// `[R, H]`: gradient of the output that comes from the step after.
    d_hidden: Vec<f32>,
    /// `[R, H]`: gradient of the cell state that comes from the step after.
    d_cell: Vec<f32>,
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

/// Runs the layer over `x [T, R, D]` from state `(h, c)`, `[R, H]` each.
pub fn forward(
    weights: &Weights,
    x: &[f32],
    (h, c): (&[f32], &[f32]),
    pass: Pass,
    tape: &mut LstmTape,
) {
    let Pass {
        steps,
        rows,
        inputs,
        units,
        threads,
    } = pass;
    let (state, gates) = (rows * units, rows * GATES * units);
    tape.gates.resize(steps * gates, 0.0);
    tape.cell_tanh.resize(steps * state, 0.0);
    tape.cell.resize((steps + 1) * state, 0.0);
    tape.hidden.resize((steps + 1) * state, 0.0);
    tape.cell[..state].copy_from_slice(c);
    tape.hidden[..state].copy_from_slice(h);

    multiply(
        &mut tape.gates,
        false,
        Matrix::new(x, steps * rows, inputs),
        Matrix::new(weights.input, GATES * units, inputs).t(),
        threads,
    );
    for t in 0..steps {
        let (before, after) = tape.hidden.split_at_mut((t + 1) * state);
        let gates_t = &mut tape.gates[t * gates..][..gates];
        multiply(
            gates_t,
            true,
            Matrix::new(&before[t * state..], rows, units),
            Matrix::new(weights.recurrent, GATES * units, units).t(),
            threads,
        );
        let (cell_before, cell_after) = tape.cell.split_at_mut((t + 1) * state);
        for row in 0..rows {
            let unit = row * units..(row + 1) * units;
            cell(
                &mut gates_t[row * GATES * units..][..GATES * units],
                weights.bias,
                &cell_before[t * state..][unit.clone()],
                &mut cell_after[unit.clone()],
                &mut tape.cell_tanh[t * state..][unit.clone()],
                &mut after[unit],
            );
        }
    }
}

/// One row's cell: activates the gates in place, then Equations (1.9) and (1.11).
fn cell(
    gates: &mut [f32],
    bias: &[f32],
    cell_before: &[f32],
    cell_after: &mut [f32],
    cell_tanh: &mut [f32],
    hidden: &mut [f32],
) {
    let units = hidden.len();
    let cell_gate = CELL_GATE * units;
    for (gate, bias) in gates[..cell_gate].iter_mut().zip(bias) {
        *gate = sigmoid(*gate + bias);
    }
    for (gate, bias) in gates[cell_gate..].iter_mut().zip(&bias[cell_gate..]) {
        *gate = tanh(*gate + bias);
    }
    let (i, o, f, candidate) = split_gates(gates);
    for u in 0..units {
        cell_after[u] = f[u] * cell_before[u] + i[u] * candidate[u];
    }
    for u in 0..units {
        cell_tanh[u] = tanh(cell_after[u]);
        hidden[u] = o[u] * cell_tanh[u];
    }
}

fn split_gates(gates: &[f32]) -> (&[f32], &[f32], &[f32], &[f32]) {
    let units = gates.len() / GATES;
    let gate = |index: usize| &gates[index * units..(index + 1) * units];
    (
        gate(INPUT_GATE),
        gate(OUTPUT_GATE),
        gate(FORGET_GATE),
        gate(CELL_GATE),
    )
}

/// Takes the gradient of the outputs, `[T, R, H]`, back to the weights (added
/// to `gradient`) and, where asked for, to the input `[T, R, D]`.
///
/// The state before the first step counts as given: no gradient leaves the pass.
pub fn backward(
    weights: &Weights,
    x: &[f32],
    d_outputs: &[f32],
    pass: Pass,
    tape: &mut LstmTape,
    gradient: &mut Gradient,
    d_x: Option<&mut [f32]>,
) {
    let Pass {
        steps,
        rows,
        inputs,
        units,
        threads,
    } = pass;
    let (state, gates) = (rows * units, rows * GATES * units);
    tape.d_gates.resize(steps * gates, 0.0);
    tape.d_hidden.clear();
    tape.d_hidden.resize(state, 0.0);
    tape.d_cell.clear();
    tape.d_cell.resize(state, 0.0);

    for t in (0..steps).rev() {
        for (from_after, from_above) in tape.d_hidden.iter_mut().zip(&d_outputs[t * state..]) {
            *from_after += from_above;
        }
        for row in 0..rows {
            let unit = t * state + row * units..t * state + (row + 1) * units;
            let gate = t * gates + row * GATES * units..t * gates + (row + 1) * GATES * units;
            cell_backward(
                &tape.gates[gate.clone()],
                &tape.cell[unit.clone()],
                &tape.cell_tanh[unit],
                &tape.d_hidden[row * units..][..units],
                &mut tape.d_cell[row * units..][..units],
                &mut tape.d_gates[gate],
            );
        }
        multiply(
            &mut tape.d_hidden,
            false,
            Matrix::new(&tape.d_gates[t * gates..][..gates], rows, GATES * units),
            Matrix::new(weights.recurrent, GATES * units, units),
            threads,
        );
    }

    let d_gates = Matrix::new(&tape.d_gates, steps * rows, GATES * units);
    let hidden_before = Matrix::new(&tape.hidden[..steps * state], steps * rows, units);
    let x = Matrix::new(x, steps * rows, inputs);
    multiply(gradient.input, true, d_gates.t(), x, threads);
    multiply(
        gradient.recurrent,
        true,
        d_gates.t(),
        hidden_before,
        threads,
    );
    for row in tape.d_gates.chunks_exact(GATES * units) {
        for (sum, d) in gradient.bias.iter_mut().zip(row) {
            *sum += d;
        }
    }
    if let Some(d_x) = d_x {
        let input_weights = Matrix::new(weights.input, GATES * units, inputs);
        multiply(d_x, false, d_gates, input_weights, threads);
    }
}

/// One row's cell backward; `d_cell` comes from the step after and leaves for the step before.
fn cell_backward(
    gates: &[f32],
    cell_before: &[f32],
    cell_tanh: &[f32],
    d_hidden: &[f32],
    d_cell: &mut [f32],
    d_gates: &mut [f32],
) {
    let units = d_hidden.len();
    let (i, o, f, candidate) = split_gates(gates);
    let (d_i, rest) = d_gates.split_at_mut(units);
    let (d_o, rest) = rest.split_at_mut(units);
    let (d_f, d_candidate) = rest.split_at_mut(units);
    for u in 0..units {
        let d_c = d_cell[u] + d_hidden[u] * o[u] * (1.0 - cell_tanh[u] * cell_tanh[u]);
        d_i[u] = d_c * candidate[u] * i[u] * (1.0 - i[u]);
        d_o[u] = d_hidden[u] * cell_tanh[u] * o[u] * (1.0 - o[u]);
        d_f[u] = d_c * cell_before[u] * f[u] * (1.0 - f[u]);
        d_candidate[u] = d_c * i[u] * (1.0 - candidate[u] * candidate[u]);
        d_cell[u] = d_c * f[u];
    }
}
