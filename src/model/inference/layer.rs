//! One LSTM layer that only predicts.

use crate::model::architecture::Architecture;
use crate::model::kernels::Operands;
use crate::model::kernels::rows::{
    CellRows, Columns, Part, Precision, Processor, RowInput, RowMatrix, step_cells,
};
use crate::model::lstm::{GATES, LstmWeights};
use crate::model::matrix::multiply_transposed;
use crate::model::state::LayerState;

/// What a layer is given.
#[derive(Clone, Copy)]
pub enum First<'a> {
    /// One time step's rows, `[R, D]`.
    Rows(&'a [f32]),
    /// Several time steps' rows, `[T, R, D]`, and the weights of inputs, `[4H, D]`.
    Steps(&'a [f32], &'a [f32]),
    /// What one time step's inputs bring to the gates, biases among it, packed: `[R, 4H]`.
    Sums(&'a [f32]),
}

/// A layer's weights, packed, and memory for its steps.
#[derive(Clone)]
pub struct InferenceLayer {
    inputs: usize,
    units: usize,
    columns: Columns,
    processor: Processor,
    input: RowMatrix,
    recurrent: RowMatrix,
    /// Packed.
    bias: Vec<f32>,
    rows: [RowInput; 2],
    /// Several steps' sums of gates, in the weights' order, `[T, R, 4H]`.
    sums: Vec<f32>,
    /// One step's, packed.
    start: Vec<f32>,
    cell: Vec<f32>,
    hidden: Vec<f32>,
}

impl InferenceLayer {
    /// Layer `layer` of `architecture`, yet without weights.
    pub fn new(
        processor: Processor,
        architecture: &Architecture,
        layer: usize,
        precision: Precision,
    ) -> InferenceLayer {
        let units = architecture.units;
        let columns = Columns::Gates { units };
        let matrix = || RowMatrix::new(processor, columns, precision);
        InferenceLayer {
            inputs: architecture.layer_inputs(layer),
            units,
            columns,
            processor,
            input: matrix(),
            recurrent: matrix(),
            bias: Vec::new(),
            rows: Default::default(),
            sums: Vec::new(),
            start: Vec::new(),
            cell: Vec::new(),
            hidden: Vec::new(),
        }
    }

    /// Takes weights.
    pub fn take(&mut self, weights: &LstmWeights) {
        let (inputs, units) = (self.inputs, self.units);
        let input = |column, k| weights.input[column * inputs + k];
        let recurrent = |column, k| weights.recurrent[column * units + k];
        self.input.pack(inputs, input);
        self.recurrent.pack(units, recurrent);
        self.bias.resize(self.input.packed(), 0.0);
        pack_row(self.columns, self.processor, weights.bias, &mut self.bias);
    }

    /// Bytes of weights that one time step reads.
    pub fn bytes(&self) -> usize {
        self.input.bytes() + self.recurrent.bytes()
    }

    /// Those of them that are its inputs'.
    pub fn input_bytes(&self) -> usize {
        self.input.bytes()
    }

    /// The biases of the gates, packed.
    pub fn bias(&self) -> &[f32] {
        &self.bias
    }

    /// Takes `rows` rows through the time steps that are `given`; `outputs` become those
    /// of each, `[T, R, H]`.
    pub fn run(
        &mut self,
        given: First,
        rows: usize,
        state: LayerState,
        threads: usize,
        outputs: &mut Vec<f32>,
    ) {
        let padded = self.input.packed() / GATES;
        self.cell.resize(rows * padded, 0.0);
        self.hidden.resize(rows * padded, 0.0);
        copy_rows(state.c, self.units, &mut self.cell, padded);
        copy_rows(state.h, self.units, &mut self.hidden, padded);
        outputs.clear();
        match given {
            First::Rows(x) => {
                self.rows[0].take(&self.input, x);
                self.step(true, rows, threads, outputs);
            }
            First::Sums(sums) => {
                self.start.clear();
                self.start.extend_from_slice(sums);
                self.step(false, rows, threads, outputs);
            }
            First::Steps(x, weights) => {
                let of_step = rows * GATES * self.units;
                let steps = x.len() / (rows * self.inputs);
                let mut sums = std::mem::take(&mut self.sums);
                sums.resize(steps * of_step, 0.0);
                let operands = Operands {
                    a: x,
                    b: weights,
                    k: self.inputs,
                };
                multiply_transposed(&mut sums, false, operands, threads);
                for sums in sums.chunks_exact(of_step) {
                    self.start_with(sums);
                    self.step(false, rows, threads, outputs);
                }
                self.sums = sums;
            }
        }
        copy_rows(&self.cell, padded, state.c, self.units);
        copy_rows(&self.hidden, padded, state.h, self.units);
    }

    /// Begins with biases and the sums of a step, `[R, 4H]`, in the weights' order.
    fn start_with(&mut self, sums: &[f32]) {
        let packed = self.bias.len();
        self.start
            .resize(sums.len() / (GATES * self.units) * packed, 0.0);
        let rows = sums.chunks_exact(GATES * self.units);
        for (start, sums) in self.start.chunks_exact_mut(packed).zip(rows) {
            pack_row(self.columns, self.processor, sums, start);
            let biases = start.iter_mut().zip(&self.bias);
            biases.for_each(|(sum, bias)| *sum += bias);
        }
    }

    /// One step, from the rows taken and biases, or from what `start` says.
    fn step(&mut self, from_rows: bool, rows: usize, threads: usize, outputs: &mut Vec<f32>) {
        let padded = self.hidden.len() / rows;
        let [of_input, of_hidden] = &mut self.rows;
        of_hidden.begin(&self.recurrent, rows);
        for (r, hidden) in self.hidden.chunks_exact(padded).enumerate() {
            of_hidden.set(&self.recurrent, r, &hidden[..self.units]);
        }
        let input = Part::new(&self.input, of_input);
        let recurrent = Part::new(&self.recurrent, of_hidden);
        let (both, alone) = ([input, recurrent], [recurrent]);
        let (parts, start): (&[Part], &[f32]) = match from_rows {
            true => (&both, &self.bias),
            false => (&alone, &self.start),
        };
        let cells = CellRows {
            start,
            cell: &mut self.cell,
            hidden: &mut self.hidden,
        };
        step_cells(parts, cells, threads);
        for hidden in self.hidden.chunks_exact(padded) {
            outputs.extend_from_slice(&hidden[..self.units]);
        }
    }
}

/// Copies the beginnings of `from`'s rows to those of `to`'s.
fn copy_rows(from: &[f32], from_width: usize, to: &mut [f32], to_width: usize) {
    let width = from_width.min(to_width);
    let rows = from.chunks_exact(from_width);
    for (to, from) in to.chunks_exact_mut(to_width).zip(rows) {
        to[..width].copy_from_slice(&from[..width]);
    }
}

/// Puts the values of `row` where its columns are packed.
fn pack_row(columns: Columns, processor: Processor, row: &[f32], packed: &mut [f32]) {
    let width = processor.width();
    for (n, lanes) in packed.chunks_exact_mut(width).enumerate() {
        match columns.at(n * width, width) {
            // A register's columns are adjacent, up to its end or theirs.
            Some(first) => {
                let last = columns.at(n * width + width - 1, width);
                let len = match last {
                    Some(_) => width,
                    None => (0..width)
                        .take_while(|lane| columns.at(n * width + lane, width).is_some())
                        .count(),
                };
                lanes[..len].copy_from_slice(&row[first..first + len]);
            }
            None => lanes.fill(0.0),
        }
    }
}
