//! From a layer's input to its outputs.

use super::layer::{CELL_GATE, GATES, LstmTape, LstmWeights, Pass, Recurrent, split_gates};
use crate::model::activation::{sigmoid, tanh};
use crate::model::kernels::{Operands, StepRows};
use crate::model::matrix::multiply_transposed;
use crate::model::threads::cut;
use crate::vectorised::vectorised;

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

    let (a, b, k) = (x, weights.input, inputs);
    multiply_transposed(&mut tape.gates, false, Operands { a, b, k }, threads);
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
            let gates = &mut self.gates[row * GATES * units..][..GATES * units];
            activate(gates, bias);
            cell(
                gates,
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
    /// Makes gates of one row's sums, in place: Equations (1.6) to (1.8) and (1.10).
    pub fn activate(gates: &mut [f32], bias: &[f32]) {
        let cell_gate = CELL_GATE * (gates.len() / GATES);
        for (gate, bias) in gates[..cell_gate].iter_mut().zip(bias) {
            *gate = sigmoid(*gate + bias);
        }
        for (gate, bias) in gates[cell_gate..].iter_mut().zip(&bias[cell_gate..]) {
            *gate = tanh(*gate + bias);
        }
    }
}

vectorised! {
    /// One row's cell, given its gates: Equations (1.9) and (1.11).
    pub fn cell(
        gates: &[f32],
        cell_before: &[f32],
        cell_after: &mut [f32],
        cell_tanh: &mut [f32],
        hidden: &mut [f32],
    ) {
        let units = hidden.len();
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
