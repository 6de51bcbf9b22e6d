//! From the LSTM's outputs to the prediction (dissertation 2.1.3 and 3.1.1).

use super::activation::tanh;
use super::kernels::vectorised;
use super::matrix::{Matrix, multiply, multiply_transposed};
use super::update::{Scratch, Update, update_bias, update_weights};

/// The fully connected layers above the LSTM; their last one ends in a tanh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head {
    /// One dense layer, H → `outputs`, for each row: the vector, column vector
    /// and magnitude spectrum approaches.
    Dense { outputs: usize },
    /// A dense layer H → 1 for each of `rows` rows; the transpose of its
    /// result through a dense layer R → 1: the transpose approach.
    Transpose { rows: usize },
}

/// A head's weights.
pub enum Weights<'a> {
    /// `weight [H, O]`, `bias [O]`.
    Dense { weight: &'a [f32], bias: &'a [f32] },
    /// `unit_weight [H, 1]`, `unit_bias [1]`, `row_weight [R, 1]`, `row_bias [1]`.
    Transpose {
        unit_weight: &'a [f32],
        unit_bias: &'a [f32],
        row_weight: &'a [f32],
        row_bias: &'a [f32],
    },
}

impl Weights<'_> {
    /// H: width of the outputs they apply to.
    fn units(&self) -> usize {
        match self {
            Weights::Dense { weight, bias } => weight.len() / bias.len(),
            Weights::Transpose { unit_weight, .. } => unit_weight.len(),
        }
    }
}

/// What the backward pass needs of the forward pass.
#[derive(Clone, Default)]
pub struct HeadTape {
    /// The prediction: `[T, R, O]` of a dense head, `[T, 1, 1]` of a transpose head.
    pub prediction: Vec<f32>,
    /// Transpose head, `[T, R]`: the first layer's results, one for each row.
    row_values: Vec<f32>,
    /// Gradient before the tanh, as `prediction`.
    d_linear: Vec<f32>,
    /// Transpose head: gradient of `row_values`.
    d_row_values: Vec<f32>,
    /// Transpose head, `[R]`: gradient of the second layer's weights.
    d_row_weight: Vec<f32>,
}

/// Predicts from `outputs [rows, H]`, where `rows` counts all rows of all steps.
pub fn forward(weights: &Weights, outputs: &[f32], threads: usize, tape: &mut HeadTape) {
    let units = weights.units();
    let rows = outputs.len() / units;
    let outputs = Matrix::new(outputs, rows, units);
    match weights {
        Weights::Dense { weight, bias } => {
            let prediction = &mut tape.prediction;
            prediction.resize(rows * bias.len(), 0.0);
            let weight = Matrix::new(weight, units, bias.len());
            multiply(prediction, false, outputs, weight, threads);
            for row in prediction.chunks_exact_mut(bias.len()) {
                add_bias_and_activate(row, bias);
            }
        }
        Weights::Transpose {
            unit_weight,
            unit_bias,
            row_weight,
            row_bias,
        } => {
            tape.row_values.resize(rows, 0.0);
            let unit_weight = Matrix::new(unit_weight, units, 1);
            multiply(&mut tape.row_values, false, outputs, unit_weight, threads);
            for value in &mut tape.row_values {
                *value += unit_bias[0];
            }
            let matrices = tape.row_values.chunks_exact(row_weight.len());
            tape.prediction.clear();
            tape.prediction
                .extend(matrices.map(|matrix| tanh(dot(matrix, row_weight) + row_bias[0])));
        }
    }
}

vectorised! {
    /// The last layer's tanh of one row.
    pub fn add_bias_and_activate(row: &mut [f32], bias: &[f32]) {
        for (value, bias) in row.iter_mut().zip(bias) {
            *value = tanh(*value + bias);
        }
    }
}

/// Takes the gradient of the prediction back to the outputs, `[rows, H]`.
pub fn backward(
    weights: &Weights,
    d_prediction: &[f32],
    threads: usize,
    tape: &mut HeadTape,
    d_outputs: &mut [f32],
) {
    tape.d_linear.clear();
    let through_tanh = tape.prediction.iter().zip(d_prediction);
    tape.d_linear
        .extend(through_tanh.map(|(y, d)| d * (1.0 - y * y)));
    match weights {
        Weights::Dense { weight, bias } => {
            let outputs = bias.len();
            multiply_transposed(d_outputs, false, &tape.d_linear, weight, outputs, threads);
        }
        Weights::Transpose {
            unit_weight,
            row_weight,
            ..
        } => {
            tape.d_row_values.clear();
            for d in &tape.d_linear {
                tape.d_row_values.extend(row_weight.iter().map(|w| d * w));
            }
            multiply_transposed(
                d_outputs,
                false,
                &tape.d_row_values,
                unit_weight,
                1,
                threads,
            );
        }
    }
}

/// Makes the gradients of the weights, after `backward`, and hands them to
/// `update`, which is that of all the head's weights in their order.
pub fn update(
    head: Head,
    outputs: &[f32],
    units: usize,
    tape: &mut HeadTape,
    update: Update,
    scratch: &mut Scratch,
    threads: usize,
) {
    match head {
        Head::Dense { outputs: width } => {
            let (weight, bias) = update.split_at(units * width);
            let d_linear = &tape.d_linear;
            update_weights(
                weight,
                (outputs, units),
                (d_linear, width),
                scratch,
                threads,
            );
            update_bias(bias, d_linear, width, scratch);
        }
        Head::Transpose { rows } => {
            let (unit_weight, rest) = update.split_at(units);
            let (unit_bias, rest) = rest.split_at(1);
            let (mut row_weight, row_bias) = rest.split_at(rows);
            let d_row_values = &tape.d_row_values;
            update_weights(
                unit_weight,
                (outputs, units),
                (d_row_values, 1),
                scratch,
                threads,
            );
            update_bias(unit_bias, d_row_values, 1, scratch);
            tape.d_row_weight.clear();
            tape.d_row_weight.resize(rows, 0.0);
            for (d, values) in tape.d_linear.iter().zip(tape.row_values.chunks_exact(rows)) {
                for (sum, value) in tape.d_row_weight.iter_mut().zip(values) {
                    *sum += d * value;
                }
            }
            row_weight.take(0, &tape.d_row_weight);
            update_bias(row_bias, &tape.d_linear, 1, scratch);
        }
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
