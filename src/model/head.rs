//! From the LSTM's outputs to the prediction (dissertation 2.1.3 and 3.1.1).

use super::activation::tanh;
use super::matrix::{Matrix, multiply};

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

/// The gradient of each of a head's weights, in the same shapes.
pub enum Gradient<'a> {
    Dense {
        weight: &'a mut [f32],
        bias: &'a mut [f32],
    },
    Transpose {
        unit_weight: &'a mut [f32],
        unit_bias: &'a mut [f32],
        row_weight: &'a mut [f32],
        row_bias: &'a mut [f32],
    },
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
                for (value, bias) in row.iter_mut().zip(*bias) {
                    *value = tanh(*value + bias);
                }
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

/// Takes the gradient of the prediction back to the weights (added to
/// `gradient`) and to the outputs, `[rows, H]`.
pub fn backward(
    weights: &Weights,
    outputs: &[f32],
    d_prediction: &[f32],
    threads: usize,
    tape: &mut HeadTape,
    gradient: &mut Gradient,
    d_outputs: &mut [f32],
) {
    let units = weights.units();
    let rows = outputs.len() / units;
    let outputs = Matrix::new(outputs, rows, units);
    tape.d_linear.clear();
    let through_tanh = tape.prediction.iter().zip(d_prediction);
    tape.d_linear
        .extend(through_tanh.map(|(y, d)| d * (1.0 - y * y)));

    match (weights, gradient) {
        (
            Weights::Dense { weight, .. },
            Gradient::Dense {
                weight: d_weight,
                bias: d_bias,
            },
        ) => {
            let d_linear = Matrix::new(&tape.d_linear, rows, d_bias.len());
            multiply(d_weight, true, outputs.t(), d_linear, threads);
            for row in tape.d_linear.chunks_exact(d_bias.len()) {
                for (sum, d) in d_bias.iter_mut().zip(row) {
                    *sum += d;
                }
            }
            let weight = Matrix::new(weight, units, d_bias.len());
            multiply(d_outputs, false, d_linear, weight.t(), threads);
        }
        (
            Weights::Transpose {
                unit_weight,
                row_weight,
                ..
            },
            Gradient::Transpose {
                unit_weight: d_unit_weight,
                unit_bias: d_unit_bias,
                row_weight: d_row_weight,
                row_bias: d_row_bias,
            },
        ) => {
            tape.d_row_values.clear();
            for (d, values) in tape
                .d_linear
                .iter()
                .zip(tape.row_values.chunks_exact(row_weight.len()))
            {
                d_row_bias[0] += d;
                for (sum, value) in d_row_weight.iter_mut().zip(values) {
                    *sum += d * value;
                }
                tape.d_row_values.extend(row_weight.iter().map(|w| d * w));
            }
            d_unit_bias[0] += tape.d_row_values.iter().sum::<f32>();
            let d_row_values = Matrix::new(&tape.d_row_values, rows, 1);
            multiply(d_unit_weight, true, outputs.t(), d_row_values, threads);
            let unit_weight = Matrix::new(unit_weight, units, 1);
            multiply(d_outputs, false, d_row_values, unit_weight.t(), threads);
        }
        _ => unreachable!("weights and gradient are views of the same head"),
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
