//! Against the naive loops, on every kind of processor that this machine can be
//! taken for.

use super::*;
use crate::model::lstm::{CELL_GATE, FORGET_GATE, GATES, INPUT_GATE, OUTPUT_GATE};
use crate::testing::values;

/// A layer of D inputs and H units, and R rows of all it sees.
struct Case {
    inputs: usize,
    units: usize,
    rows: usize,
    input: Vec<f32>,
    recurrent: Vec<f32>,
    bias: Vec<f32>,
    x: Vec<f32>,
    h: Vec<f32>,
    c: Vec<f32>,
}

impl Case {
    fn new(inputs: usize, units: usize, rows: usize) -> Case {
        let gates = GATES * units;
        Case {
            inputs,
            units,
            rows,
            input: values(gates * inputs, 1),
            recurrent: values(gates * units, 2),
            bias: values(gates, 3),
            x: values(rows * inputs, 4),
            h: values(rows * units, 5),
            c: values(rows * units, 6),
        }
    }

    fn matrix(&self, processor: Processor, numbers: Precision, weights: &[f32]) -> RowMatrix {
        let inputs = weights.len() / (GATES * self.units);
        let columns = Columns::Gates { units: self.units };
        let mut matrix = RowMatrix::new(processor, columns, numbers);
        matrix.pack(inputs, |column, k| weights[column * inputs + k]);
        matrix
    }

    /// Outputs and cell states after the step, in single steps and double precision.
    fn naive(&self) -> (Vec<f64>, Vec<f64>) {
        let (d, h) = (self.inputs, self.units);
        let dot = |w: &[f32], x: &[f32]| -> f64 {
            let products = w.iter().zip(x).map(|(w, x)| f64::from(*w) * f64::from(*x));
            products.sum()
        };
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        let (mut outputs, mut cells) = (Vec::new(), Vec::new());
        for row in 0..self.rows {
            for unit in 0..h {
                let sum = |gate: usize| {
                    let n = gate * h + unit;
                    f64::from(self.bias[n])
                        + dot(&self.input[n * d..][..d], &self.x[row * d..][..d])
                        + dot(&self.recurrent[n * h..][..h], &self.h[row * h..][..h])
                };
                let before = f64::from(self.c[row * h + unit]);
                let state = sigmoid(sum(FORGET_GATE)) * before
                    + sigmoid(sum(INPUT_GATE)) * sum(CELL_GATE).tanh();
                cells.push(state);
                outputs.push(sigmoid(sum(OUTPUT_GATE)) * state.tanh());
            }
        }
        (outputs, cells)
    }

    /// The same by the kernels.
    fn step(
        &self,
        processor: Processor,
        numbers: Precision,
        threads: usize,
    ) -> (Vec<f32>, Vec<f32>) {
        let [of_input, recurrent] =
            [&self.input, &self.recurrent].map(|weights| self.matrix(processor, numbers, weights));
        let [mut x, mut h] = [RowInput::default(), RowInput::default()];
        x.take(&of_input, &self.x);
        h.take(&recurrent, &self.h);
        let columns = Columns::Gates { units: self.units };
        let (width, packed) = (processor.width(), of_input.packed());
        let bias = |index| columns.at(index, width).map_or(0.0, |n| self.bias[n]);
        let start: Vec<f32> = (0..packed).map(bias).collect();
        let padded = packed / GATES;
        let mut cell = vec![0.0; self.rows * padded];
        for (padded, row) in cell.chunks_mut(padded).zip(self.c.chunks(self.units)) {
            padded[..row.len()].copy_from_slice(row);
        }
        let mut hidden = cell.clone();
        let parts = [(&of_input, &x), (&recurrent, &h)];
        let parts = parts.map(|(matrix, rows)| Part::new(matrix, rows));
        let rows = CellRows {
            start: &start,
            cell: &mut cell,
            hidden: &mut hidden,
        };
        step_cells(&parts, rows, threads);
        let unpad = |padded_rows: &[f32]| -> Vec<f32> {
            let rows = padded_rows.chunks(padded);
            rows.flat_map(|row| row[..self.units].to_vec()).collect()
        };
        (unpad(&hidden), unpad(&cell))
    }
}

fn largest_difference(fast: &[f32], slow: &[f64]) -> f64 {
    assert_eq!(fast.len(), slow.len());
    let pairs = fast.iter().zip(slow);
    pairs.fold(0.0, |most, (a, b)| (f64::from(*a) - b).abs().max(most))
}

const SIZES: [(usize, usize, usize); 5] = [
    (3, 5, 1),
    (64, 64, 1),
    (33, 40, 2),
    (7, 17, 5),
    (130, 32, 11),
];

#[test]
fn a_step_of_cells_is_that_of_the_naive_loops() {
    for processor in Processor::available() {
        for (inputs, units, rows) in SIZES {
            let case = Case::new(inputs, units, rows);
            let (outputs, cells) = case.naive();
            for (numbers, bound) in [(Precision::F32, 3e-6), (Precision::I8, 3e-2)] {
                let (hidden, cell) = case.step(processor, numbers, 1);
                let apart =
                    largest_difference(&hidden, &outputs).max(largest_difference(&cell, &cells));
                let what = format!("{} {numbers:?} {inputs} {units} {rows}", processor.name());
                assert!(apart < bound, "{what}: {apart}");
                assert_eq!((hidden, cell), case.step(processor, numbers, 3), "{what}");
            }
        }
    }
}

#[test]
fn a_row_is_computed_alike_however_many_there_are() {
    for processor in Processor::available() {
        for numbers in [Precision::F32, Precision::I8] {
            let together = Case::new(20, 24, 9);
            let (hidden, cell) = together.step(processor, numbers, 1);
            for row in 0..9 {
                let alone = Case {
                    rows: 1,
                    x: together.x[row * 20..][..20].to_vec(),
                    h: together.h[row * 24..][..24].to_vec(),
                    c: together.c[row * 24..][..24].to_vec(),
                    ..Case::new(20, 24, 1)
                };
                let (hidden_alone, cell_alone) = alone.step(processor, numbers, 1);
                assert_eq!(hidden[row * 24..][..24], hidden_alone);
                assert_eq!(cell[row * 24..][..24], cell_alone);
            }
        }
    }
}

/// Sums of 8-bit weights and 16-bit inputs are exact, on every kind of processor.
#[test]
fn sums_of_whole_numbers_are_the_same_everywhere_and_never_overflow() {
    let (depth, columns) = (2049, 20);
    // The largest there can be.
    let weights = vec![1.0; depth * columns];
    let values_of = |processor: Processor| {
        let mut matrix = RowMatrix::new(processor, Columns::InOrder(columns), Precision::I8);
        matrix.pack(depth, |column, k| weights[column * depth + k]);
        let mut x = RowInput::default();
        x.take(&matrix, &vec![1.0; depth]);
        let start = vec![0.0; matrix.packed()];
        let mut values = vec![0.0; matrix.packed()];
        let rows = DenseRows {
            start: &start,
            squashed: 0,
            values: &mut values,
        };
        dense(&[Part::new(&matrix, &x)], rows, 1);
        values.truncate(columns);
        values
    };
    for processor in Processor::available() {
        let values = values_of(processor);
        assert_eq!(values, values_of(Processor::Plain));
        assert!(
            values
                .iter()
                .all(|value| (value / 2049.0 - 1.0).abs() < 1e-4),
            "{values:?}"
        );
    }
}

#[test]
fn a_dense_layer_is_that_of_the_naive_loops() {
    for processor in Processor::available() {
        for (depth, columns, rows, squashed) in [(5, 3, 1, 3), (40, 24, 2, 8), (33, 200, 6, 130)] {
            let weights = values(depth * columns, 1);
            let (bias, x) = (values(columns, 2), values(rows * depth, 3));
            for (numbers, bound) in [(Precision::F32, 1e-5), (Precision::I8, 5e-2)] {
                let mut matrix = RowMatrix::new(processor, Columns::InOrder(columns), numbers);
                matrix.pack(depth, |column, k| weights[k * columns + column]);
                let mut input = RowInput::default();
                input.take(&matrix, &x);
                let packed = matrix.packed();
                let mut start = bias.clone();
                start.resize(packed, 0.0);
                let mut found = vec![0.0; rows * packed];
                let dense_rows = DenseRows {
                    start: &start,
                    squashed,
                    values: &mut found,
                };
                dense(&[Part::new(&matrix, &input)], dense_rows, 2);
                for row in 0..rows {
                    for column in 0..columns {
                        let products =
                            (0..depth).map(|k| x[row * depth + k] * weights[k * columns + column]);
                        let sum = f64::from(products.sum::<f32>() + bias[column]);
                        let expected = if column < squashed { sum.tanh() } else { sum };
                        let value = f64::from(found[row * packed + column]);
                        assert!(
                            (value - expected).abs() < bound,
                            "{row} {column}: {value} {expected}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn not_a_number_is_not_hidden() {
    for processor in Processor::available() {
        for numbers in [Precision::F32, Precision::I8] {
            let mut case = Case::new(16, 16, 1);
            case.x[3] = f32::NAN;
            let (hidden, _) = case.step(processor, numbers, 1);
            let mut damaged = Case::new(16, 16, 1);
            damaged
                .recurrent
                .iter_mut()
                .for_each(|weight| *weight *= f32::NAN);
            let (damaged, _) = damaged.step(processor, numbers, 1);
            assert!(damaged.iter().all(|value| value.is_nan()));
            assert!(
                hidden.iter().all(|value| value.is_nan()),
                "{}",
                processor.name()
            );
        }
    }
}
