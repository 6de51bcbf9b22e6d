//! One LSTM layer: Equations (1.6) to (1.11), forward and backward through time.

use super::activation::{sigmoid, tanh};
use super::kernels::{self, Packed, StepRows, vectorised};
use super::matrix::{Matrix, multiply, multiply_transposed};
use super::threads::cut;
use super::update::{Scratch, Update, update_bias, update_weights};

/// Order of the gates in the weights, ONNX's: input, output, forget, cell (candidate).
pub const INPUT_GATE: usize = 0;
pub const OUTPUT_GATE: usize = 1;
pub const FORGET_GATE: usize = 2;
pub const CELL_GATE: usize = 3;
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
    /// The recurrent weights as the forward pass and as the backward pass
    /// multiply with them at every time step.
    packed: Packed,
    packed_backward: Packed,
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

/// From so many time steps on it pays to copy the recurrent weights.
const PACK_STEPS: usize = 4;

/// The recurrent weights, `[4H, H]`.
#[derive(Clone, Copy)]
enum Recurrent<'a> {
    /// For the direction in question.
    Packed(&'a Packed),
    AsTheyAre(&'a [f32]),
}

impl Recurrent<'_> {
    /// Adds what the outputs before, `[R, H]`, bring to `gates [R, 4H]`.
    fn forward(self, gates: &mut [f32], hidden: &[f32], pass: Pass) {
        let threads = pass.threads;
        match self {
            Recurrent::Packed(weights) => weights.multiply(gates, true, hidden, threads),
            Recurrent::AsTheyAre(weights) => {
                multiply_transposed(gates, true, hidden, weights, pass.units, threads);
            }
        }
    }

    /// Takes the gradient of the gates, `[R, 4H]`, back to the outputs before.
    fn backward(self, d_hidden: &mut [f32], d_gates: &[f32], pass: Pass) {
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

/// Recurrent weights up to so many go through each core's cache at every time
/// step: rows then go through all time steps on threads of their own.
const CACHED_WEIGHTS: usize = 1 << 20;

impl Pass {
    /// Whether the recurrent weights are copied.
    fn packs(self) -> bool {
        kernels::available() && self.steps >= PACK_STEPS
    }

    /// Parts of the rows that go through the time steps without waiting for
    /// each other: one, or one for each thread.
    fn threads_for_rows(self) -> usize {
        let weights = GATES * self.units * self.units;
        let apart = self.steps > 1 && weights <= CACHED_WEIGHTS && self.rows >= 2 * self.threads;
        if apart { self.threads } else { 1 }
    }

    /// The passes of two parts of the rows, on a thread for each part in the end.
    fn cut_rows(self, row_threads: usize) -> Option<(Pass, Pass)> {
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

/// Runs the layer over `x [T, R, D]` from state `(h, c)`, `[R, H]` each.
pub fn forward(
    weights: &LstmWeights,
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

    multiply_transposed(&mut tape.gates, false, x, weights.input, inputs, threads);
    let rows = ForwardRows {
        gates: StepRows::new(&mut tape.gates, steps),
        cell: StepRows::new(&mut tape.cell, steps + 1),
        cell_tanh: StepRows::new(&mut tape.cell_tanh, steps),
        hidden: StepRows::new(&mut tape.hidden, steps + 1),
    };
    let recurrent = if pass.packs() {
        tape.packed.pack_transpose(weights.recurrent, units);
        Recurrent::Packed(&tape.packed)
    } else {
        Recurrent::AsTheyAre(weights.recurrent)
    };
    rows.run(recurrent, weights.bias, pass, pass.threads_for_rows());
}

/// What some rows write on their way forward.
struct ForwardRows<'a> {
    gates: StepRows<'a>,
    cell: StepRows<'a>,
    cell_tanh: StepRows<'a>,
    hidden: StepRows<'a>,
}

impl ForwardRows<'_> {
    /// Takes these rows, `pass.rows`, through all time steps, in as many parts
    /// as `row_threads`.
    fn run(mut self, recurrent: Recurrent, bias: &[f32], pass: Pass, row_threads: usize) {
        let units = pass.units;
        if let Some((first, rest)) = pass.cut_rows(row_threads) {
            let (gates, other_gates) = self.gates.split(first.rows * GATES * units);
            let (cell, other_cell) = self.cell.split(first.rows * units);
            let (cell_tanh, other_cell_tanh) = self.cell_tanh.split(first.rows * units);
            let (hidden, other_hidden) = self.hidden.split(first.rows * units);
            let mine = ForwardRows {
                gates,
                cell,
                cell_tanh,
                hidden,
            };
            let others = ForwardRows {
                gates: other_gates,
                cell: other_cell,
                cell_tanh: other_cell_tanh,
                hidden: other_hidden,
            };
            rayon::join(
                || mine.run(recurrent, bias, first, row_threads / 2),
                || others.run(recurrent, bias, rest, row_threads - row_threads / 2),
            );
            return;
        }
        for t in 0..pass.steps {
            let (hidden_before, hidden) = self.hidden.two_steps(t);
            let (cell_before, cell) = self.cell.two_steps(t);
            let gates = self.gates.step(t);
            recurrent.forward(gates, hidden_before, pass);
            let cells = Cells {
                gates,
                cell_before,
                cell,
                cell_tanh: self.cell_tanh.step(t),
                hidden,
            };
            cells.run(bias, units, pass.threads);
        }
    }
}

/// The cells of some rows at one time step: `gates [R, 4H]`, the others `[R, H]`.
struct Cells<'a> {
    gates: &'a mut [f32],
    cell_before: &'a [f32],
    cell: &'a mut [f32],
    cell_tanh: &'a mut [f32],
    hidden: &'a mut [f32],
}

impl Cells<'_> {
    fn run(self, bias: &[f32], units: usize, threads: usize) {
        if let Some(at) = cut_cells(self.hidden.len(), units, threads) {
            let (gates, other_gates) = self.gates.split_at_mut(at * GATES);
            let (cell_before, other_cell_before) = self.cell_before.split_at(at);
            let (cell, other_cell) = self.cell.split_at_mut(at);
            let (cell_tanh, other_cell_tanh) = self.cell_tanh.split_at_mut(at);
            let (hidden, other_hidden) = self.hidden.split_at_mut(at);
            let mine = Cells {
                gates,
                cell_before,
                cell,
                cell_tanh,
                hidden,
            };
            let others = Cells {
                gates: other_gates,
                cell_before: other_cell_before,
                cell: other_cell,
                cell_tanh: other_cell_tanh,
                hidden: other_hidden,
            };
            rayon::join(
                || mine.run(bias, units, threads / 2),
                || others.run(bias, units, threads - threads / 2),
            );
            return;
        }
        for row in 0..self.hidden.len() / units {
            let unit = row * units..(row + 1) * units;
            cell(
                &mut self.gates[row * GATES * units..][..GATES * units],
                bias,
                &self.cell_before[unit.clone()],
                &mut self.cell[unit.clone()],
                &mut self.cell_tanh[unit.clone()],
                &mut self.hidden[unit],
            );
        }
    }
}

/// Values that one thread's cells should at least have.
const LEAST_CELLS: usize = 1 << 13;

/// Where to cut `values` of whole rows of `units` for threads, if that pays.
fn cut_cells(values: usize, units: usize, threads: usize) -> Option<usize> {
    cut(values, units, threads).filter(|_| values >= 2 * LEAST_CELLS)
}

vectorised! {
    /// One row's cell: activates the gates in place, then Equations (1.9) and (1.11).
    pub fn cell(
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
        let (cell_before, cell_after) = (&cell_before[..units], &mut cell_after[..units]);
        let cell_tanh = &mut cell_tanh[..units];
        for u in 0..units {
            cell_after[u] = f[u] * cell_before[u] + i[u] * candidate[u];
        }
        for u in 0..units {
            cell_tanh[u] = tanh(cell_after[u]);
            hidden[u] = o[u] * cell_tanh[u];
        }
    }
}

#[inline(always)]
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

/// Takes the gradient of the outputs, `[T, R, H]`, back to the gates and, where
/// asked for, to the input `[T, R, D]`.
///
/// The state before the first step counts as given: no gradient leaves the pass.
pub fn backward(
    weights: &LstmWeights,
    d_outputs: &[f32],
    pass: Pass,
    tape: &mut LstmTape,
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
    let recurrent = if pass.packs() {
        tape.packed_backward.pack(weights.recurrent, units);
        Recurrent::Packed(&tape.packed_backward)
    } else {
        Recurrent::AsTheyAre(weights.recurrent)
    };
    let forward = ForwardValues {
        gates: &tape.gates,
        cell: &tape.cell,
        cell_tanh: &tape.cell_tanh,
        d_outputs,
        recurrent,
        rows,
    };
    let rows = BackwardRows {
        first: 0,
        d_gates: StepRows::new(&mut tape.d_gates, steps),
        d_hidden: &mut tape.d_hidden,
        d_cell: &mut tape.d_cell,
    };
    rows.run(forward, pass, pass.threads_for_rows());

    if let Some(d_x) = d_x {
        let d_gates = Matrix::new(&tape.d_gates, steps * pass.rows, GATES * units);
        let input_weights = Matrix::new(weights.input, GATES * units, inputs);
        multiply(d_x, false, d_gates, input_weights, threads);
    }
}

/// What all rows read on their way back: of the forward pass, and the gradient
/// of the outputs.
#[derive(Clone, Copy)]
struct ForwardValues<'a> {
    gates: &'a [f32],
    cell: &'a [f32],
    cell_tanh: &'a [f32],
    d_outputs: &'a [f32],
    recurrent: Recurrent<'a>,
    /// R, of all rows.
    rows: usize,
}

/// What some rows, from row `first` on, write on their way back.
struct BackwardRows<'a> {
    first: usize,
    d_gates: StepRows<'a>,
    d_hidden: &'a mut [f32],
    d_cell: &'a mut [f32],
}

impl BackwardRows<'_> {
    /// As `ForwardRows::run`, from the last time step to the first.
    fn run(mut self, forward: ForwardValues, pass: Pass, row_threads: usize) {
        let units = pass.units;
        if let Some((first, rest)) = pass.cut_rows(row_threads) {
            let (d_gates, other_d_gates) = self.d_gates.split(first.rows * GATES * units);
            let (d_hidden, other_d_hidden) = self.d_hidden.split_at_mut(first.rows * units);
            let (d_cell, other_d_cell) = self.d_cell.split_at_mut(first.rows * units);
            let mine = BackwardRows {
                first: self.first,
                d_gates,
                d_hidden,
                d_cell,
            };
            let others = BackwardRows {
                first: self.first + first.rows,
                d_gates: other_d_gates,
                d_hidden: other_d_hidden,
                d_cell: other_d_cell,
            };
            rayon::join(
                || mine.run(forward, first, row_threads / 2),
                || others.run(forward, rest, row_threads - row_threads / 2),
            );
            return;
        }
        for t in (0..pass.steps).rev() {
            let d_gates = self.d_gates.step(t);
            for row in 0..pass.rows {
                let at = (t * forward.rows + self.first + row) * units;
                cell_backward(
                    &forward.gates[at * GATES..][..units * GATES],
                    &forward.cell[at..][..units],
                    &forward.cell_tanh[at..][..units],
                    &forward.d_outputs[at..][..units],
                    &self.d_hidden[row * units..][..units],
                    &mut self.d_cell[row * units..][..units],
                    &mut d_gates[row * units * GATES..][..units * GATES],
                );
            }
            if t > 0 {
                forward.recurrent.backward(self.d_hidden, d_gates, pass);
            }
        }
    }
}

vectorised! {
    /// One row's cell backward; `d_hidden` and `d_cell` come from the step after,
    /// `d_output` from above, and `d_cell` leaves for the step before.
    pub fn cell_backward(
        gates: &[f32],
        cell_before: &[f32],
        cell_tanh: &[f32],
        d_output: &[f32],
        d_hidden: &[f32],
        d_cell: &mut [f32],
        d_gates: &mut [f32],
    ) {
        let units = d_cell.len();
        let (i, o, f, candidate) = split_gates(gates);
        let (d_i, rest) = d_gates.split_at_mut(units);
        let (d_o, rest) = rest.split_at_mut(units);
        let (d_f, d_candidate) = rest.split_at_mut(units);
        let (cell_before, cell_tanh) = (&cell_before[..units], &cell_tanh[..units]);
        let (d_output, d_hidden) = (&d_output[..units], &d_hidden[..units]);
        let (i, o, f, candidate) = (&i[..units], &o[..units], &f[..units], &candidate[..units]);
        let d_candidate = &mut d_candidate[..units];
        for u in 0..units {
            let d_h = d_hidden[u] + d_output[u];
            let d_c = d_cell[u] + d_h * o[u] * (1.0 - cell_tanh[u] * cell_tanh[u]);
            d_i[u] = d_c * candidate[u] * i[u] * (1.0 - i[u]);
            d_o[u] = d_h * cell_tanh[u] * o[u] * (1.0 - o[u]);
            d_f[u] = d_c * cell_before[u] * f[u] * (1.0 - f[u]);
            d_candidate[u] = d_c * i[u] * (1.0 - candidate[u] * candidate[u]);
            d_cell[u] = d_c * f[u];
        }
    }
}

/// Makes the gradients of the weights, after `backward`, and hands them to
/// `update`, which is that of input, recurrent and bias weights.
pub fn update(x: &[f32], pass: Pass, tape: &LstmTape, update: Update, scratch: &mut Scratch) {
    let (units, gates) = (pass.units, GATES * pass.units);
    let hidden_before = &tape.hidden[..pass.steps * pass.rows * units];
    let d_gates = (&tape.d_gates[..], gates);
    let (input, rest) = update.split_at(gates * pass.inputs);
    let (recurrent, bias) = rest.split_at(gates * units);
    let threads = pass.threads;
    update_weights(input, d_gates, (x, pass.inputs), scratch, threads);
    update_weights(recurrent, d_gates, (hidden_before, units), scratch, threads);
    update_bias(bias.unpenalised(), &tape.d_gates, gates, scratch);
}
