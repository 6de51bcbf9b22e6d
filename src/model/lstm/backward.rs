//! From the gradient of a layer's outputs to those of its input and its weights.

use super::layer::{GATES, LstmTape, LstmWeights, Pass, Recurrent, split_gates};
use crate::model::kernels::StepRows;
use crate::model::matrix::{Matrix, multiply};
use crate::model::update::{Gradient, Scratch, Update, update_bias, update_weights};
use crate::vectorised::vectorised;

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
                let cell = ForwardCell {
                    gates: &forward.gates[at * GATES..][..units * GATES],
                    before: &forward.cell[at..][..units],
                    tanh: &forward.cell_tanh[at..][..units],
                };
                cell_backward(
                    cell,
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

/// What one row's cell reads of the forward pass: its gates, its state before, and
/// the tanh of its state after.
#[derive(Clone, Copy)]
pub struct ForwardCell<'a> {
    gates: &'a [f32],
    before: &'a [f32],
    tanh: &'a [f32],
}

vectorised! {
    /// One row's cell backward; `d_hidden` and `d_cell` come from the step after,
    /// `d_output` from above, and `d_cell` leaves for the step before.
    pub fn cell_backward(
        forward: ForwardCell<'_>,
        d_output: &[f32],
        d_hidden: &[f32],
        d_cell: &mut [f32],
        d_gates: &mut [f32],
    ) {
        let units = d_cell.len();
        let (i, o, f, candidate) = split_gates(forward.gates);
        let (d_i, rest) = d_gates.split_at_mut(units);
        let (d_o, rest) = rest.split_at_mut(units);
        let (d_f, d_candidate) = rest.split_at_mut(units);
        let (cell_before, cell_tanh) = (&forward.before[..units], &forward.tanh[..units]);
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
    let input = Gradient::new(input, (x, pass.inputs));
    let recurrent = Gradient::new(recurrent, (hidden_before, units));
    update_weights(input, Some(recurrent), d_gates, scratch);
    update_bias(bias.unpenalised(), &tape.d_gates, gates, scratch);
}
