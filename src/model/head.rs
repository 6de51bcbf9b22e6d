//! From the LSTM's outputs to the prediction (dissertation 2.1.3 and 3.1.1).

use super::activation::tanh;
use super::kernels::vectorised;
use super::matrix::{Matrix, multiply, multiply_transposed};
use super::threads::cut;
use super::update::{Scratch, Update, update_bias, update_weights};

/// The fully connected layers above the LSTM. Their last one gives W values for
/// one prediction of O values: as many, or the parameters of a distribution of
/// them ([`Output`](super::Output)). As many of them as are values end in a tanh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head {
    /// One dense layer, H → W, for each row: the vector, column vector and
    /// magnitude spectrum approaches; O is `outputs`.
    Dense { outputs: usize },
    /// A dense layer H → 1 for each of `rows` rows; the transpose of its
    /// result through a dense layer R → W: the transpose approach; O is 1.
    Transpose { rows: usize },
}

/// A head's weights.
pub enum Weights<'a> {
    /// `weight [H, W]`, `bias [W]`.
    Dense { weight: &'a [f32], bias: &'a [f32] },
    /// `unit_weight [H, 1]`, `unit_bias [1]`, `row_weight [R, W]`, `row_bias [W]`.
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
    /// The prediction: `[T, R, W]` of a dense head, `[T, 1, W]` of a transpose head.
    pub prediction: Vec<f32>,
    /// Transpose head, `[T, R]`: the first layer's results, one for each row.
    row_values: Vec<f32>,
    /// Gradient before the tanh, as `prediction`.
    d_linear: Vec<f32>,
    /// Transpose head: gradient of `row_values`.
    d_row_values: Vec<f32>,
}

/// Predicts from `outputs [rows, H]`, where `rows` counts all rows of all steps;
/// the first `squashed` values of each prediction go through a tanh.
pub fn forward(
    weights: &Weights,
    outputs: &[f32],
    squashed: usize,
    threads: usize,
    tape: &mut HeadTape,
) {
    let units = weights.units();
    let rows = outputs.len() / units;
    let outputs = Matrix::new(outputs, rows, units);
    let (predictions, last_input, last_weight, last_bias) = match weights {
        Weights::Dense { weight, bias } => (rows, outputs, *weight, *bias),
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
            let of_one = row_weight.len() / row_bias.len();
            let matrices = Matrix::new(&tape.row_values, rows / of_one, of_one);
            (rows / of_one, matrices, *row_weight, *row_bias)
        }
    };
    let width = last_bias.len();
    tape.prediction.resize(predictions * width, 0.0);
    let weight = Matrix::new(last_weight, last_weight.len() / width, width);
    multiply(&mut tape.prediction, false, last_input, weight, threads);
    finish_rows(&mut tape.prediction, last_bias, squashed, threads);
}

/// Adds the bias to each row; its first `squashed` values go through a tanh.
fn finish_rows(rows: &mut [f32], bias: &[f32], squashed: usize, threads: usize) {
    let width = bias.len();
    if let Some(at) = cut(rows.len() / width, LEAST_VALUES.div_ceil(width), threads) {
        let (first, rest) = rows.split_at_mut(at * width);
        rayon::join(
            || finish_rows(first, bias, squashed, threads / 2),
            || finish_rows(rest, bias, squashed, threads - threads / 2),
        );
        return;
    }
    for row in rows.chunks_exact_mut(width) {
        let (values, parameters) = row.split_at_mut(squashed);
        let (of_values, of_parameters) = bias.split_at(squashed);
        add_bias_and_activate(values, of_values);
        for (parameter, bias) in parameters.iter_mut().zip(of_parameters) {
            *parameter += bias;
        }
    }
}

/// Fewer values of a prediction are not worth another thread.
const LEAST_VALUES: usize = 16 * 1024;

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
    squashed: usize,
    threads: usize,
    tape: &mut HeadTape,
    d_outputs: &mut [f32],
) {
    let (last_weight, width) = match weights {
        Weights::Dense { weight, bias } => (*weight, bias.len()),
        Weights::Transpose {
            row_weight,
            row_bias,
            ..
        } => (*row_weight, row_bias.len()),
    };
    tape.d_linear.clear();
    tape.d_linear.extend_from_slice(d_prediction);
    let rows = tape.d_linear.chunks_exact_mut(width);
    for (row, prediction) in rows.zip(tape.prediction.chunks_exact(width)) {
        for (d, y) in row[..squashed].iter_mut().zip(prediction) {
            *d *= 1.0 - y * y;
        }
    }
    let d_linear = &tape.d_linear;
    match weights {
        Weights::Dense { .. } => {
            multiply_transposed(d_outputs, false, d_linear, last_weight, width, threads);
        }
        Weights::Transpose { unit_weight, .. } => {
            let d_row_values = &mut tape.d_row_values;
            d_row_values.resize(tape.row_values.len(), 0.0);
            multiply_transposed(d_row_values, false, d_linear, last_weight, width, threads);
            multiply_transposed(d_outputs, false, d_row_values, unit_weight, 1, threads);
        }
    }
}

/// Makes the gradients of the weights, after `backward`, and hands them to
/// `update`, which is that of all the head's weights in their order.
pub fn update(
    head: Head,
    outputs: &[f32],
    (units, width): (usize, usize),
    tape: &mut HeadTape,
    update: Update,
    scratch: &mut Scratch,
    threads: usize,
) {
    match head {
        Head::Dense { .. } => {
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
            let (row_weight, row_bias) = rest.split_at(rows * width);
            let (row_values, d_row_values) = (&tape.row_values, &tape.d_row_values);
            let d_linear = &tape.d_linear;
            update_weights(
                unit_weight,
                (outputs, units),
                (d_row_values, 1),
                scratch,
                threads,
            );
            update_bias(unit_bias, d_row_values, 1, scratch);
            update_weights(
                row_weight,
                (row_values, rows),
                (d_linear, width),
                scratch,
                threads,
            );
            update_bias(row_bias, d_linear, width, scratch);
        }
    }
}
