//! From the LSTM's outputs to the prediction (dissertation 2.1.3 and 3.1.1).

use super::activation::tanh;
use super::kernels::Operands;
use super::matrix::{Matrix, multiply, multiply_transposed};
use super::threads::cut;
use super::update::{Gradient, Scratch, Update, update_bias, update_weights};
use crate::vectorised::vectorised;

/// The fully connected layers above the LSTM. Their last one gives W values for
/// one prediction of O values: as many, or the parameters of a distribution of
/// them ([`Output`](super::Output)). As many of them as are values end in a tanh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head {
    /// One dense layer, H → W, for each row: the vector, column vector and
    /// magnitude spectrum approaches; O is `outputs`.
    Dense {
        /// O: values of one prediction.
        outputs: usize,
        /// Whether it sees the network's input beside the LSTM's outputs, H + D
        /// → W, and not its conditions alone: the connections from inputs to outputs of Graves, *Generating
        /// Sequences With Recurrent Neural Networks* (2013), section 2.
        skip: bool,
    },
    /// A dense layer H → 1 for each of `rows` rows; the transpose of its
    /// result through a dense layer R → W: the transpose approach; O is `outputs`.
    Transpose {
        /// R: rows that become one prediction.
        rows: usize,
        /// O: values of one prediction.
        outputs: usize,
    },
}

/// A head and the sizes around it.
#[derive(Clone, Copy)]
pub struct SizedHead {
    /// What stands above the LSTM.
    pub head: Head,
    /// D: length of a row of the network's input.
    pub inputs: usize,
    /// C: conditions beside it.
    pub conditions: usize,
    /// H: units of the layer below.
    pub units: usize,
    /// W: values it gives for one prediction.
    pub width: usize,
    /// As many of them, the first ones, end in a tanh.
    pub squashed: usize,
}

/// A head's weights.
enum HeadWeights<'a> {
    /// `weight [H, W]`, or `[H + D, W]` with a skip connection, and C more rows with
    /// conditions, and `bias [W]`.
    Dense { weight: &'a [f32], bias: &'a [f32] },
    /// `unit_weight [H, 1]`, `unit_bias [1]`, `row_weight [R, W]`, `row_bias [W]`.
    Transpose {
        unit_weight: &'a [f32],
        unit_bias: &'a [f32],
        row_weight: &'a [f32],
        row_bias: &'a [f32],
    },
}

/// What the backward pass needs of the forward pass.
#[derive(Clone, Default)]
pub struct HeadTape {
    /// The prediction: `[T, R, W]` of a dense head, `[T, 1, W]` of a transpose head.
    pub prediction: Vec<f32>,
    /// With a skip connection or conditions, `[T, R, H + D + C]` or `[T, R, H + C]`:
    /// what the head sees.
    seen: Vec<f32>,
    /// Transpose head, `[T, R]`: the first layer's results, one for each row.
    row_values: Vec<f32>,
    /// Gradient before the tanh, as `prediction`.
    d_linear: Vec<f32>,
    /// Transpose head: gradient of `row_values`.
    d_row_values: Vec<f32>,
}

impl Head {
    /// O: values of one prediction.
    pub fn outputs(self) -> usize {
        match self {
            Head::Dense { outputs, .. } | Head::Transpose { outputs, .. } => outputs,
        }
    }

    /// Time steps by which the first row of a matrix is older than its last, where each
    /// row is `delay` older than the one below; 0 of a dense head.
    pub fn longest_delay(self, delay: usize) -> usize {
        match self {
            Head::Dense { .. } => 0,
            Head::Transpose { rows, .. } => (rows - 1) * delay,
        }
    }

    /// Predictions of `rows` rows; a transpose head takes them matrix by matrix.
    pub fn predictions(self, rows: usize) -> usize {
        match self {
            Head::Dense { .. } => rows,
            Head::Transpose { rows: of_one, .. } => rows / of_one,
        }
    }
}

impl SizedHead {
    /// How much of a row of the network's input it sees beside the LSTM's outputs:
    /// all with a skip connection, otherwise its end, the conditions. A transpose head
    /// sees all rows at once, and none of this.
    pub(super) fn beside(self) -> usize {
        match self.head {
            Head::Dense { skip: true, .. } => self.inputs + self.conditions,
            Head::Dense { skip: false, .. } => self.conditions,
            Head::Transpose { .. } => 0,
        }
    }

    /// Width of what it sees.
    pub(super) fn seen(self) -> usize {
        self.units + self.beside()
    }

    /// Names and shapes of its weights, in the order in which they are stored.
    pub fn tensors(self) -> Vec<(&'static str, Vec<usize>)> {
        let width = self.width;
        match self.head {
            Head::Dense { .. } => vec![
                ("head.weight", vec![self.seen(), width]),
                ("head.bias", vec![width]),
            ],
            Head::Transpose { rows, .. } => vec![
                ("head.unit_weight", vec![self.units, 1]),
                ("head.unit_bias", vec![1]),
                ("head.row_weight", vec![rows, width]),
                ("head.row_bias", vec![width]),
            ],
        }
    }

    /// All its `weights`, in their order, taken apart.
    fn weights(self, weights: &[f32]) -> HeadWeights<'_> {
        match self.head {
            Head::Dense { .. } => {
                let (weight, bias) = weights.split_at(self.seen() * self.width);
                HeadWeights::Dense { weight, bias }
            }
            Head::Transpose { rows, .. } => {
                let (unit_weight, rest) = weights.split_at(self.units);
                let (unit_bias, rest) = rest.split_at(1);
                let (row_weight, row_bias) = rest.split_at(rows * self.width);
                HeadWeights::Transpose {
                    unit_weight,
                    unit_bias,
                    row_weight,
                    row_bias,
                }
            }
        }
    }

    /// Predicts with all its `weights` from `outputs [rows, H]` of the LSTM and
    /// the network's input `frames [rows, D + C]`, where `rows` counts all rows of
    /// all steps.
    pub fn forward(
        self,
        weights: &[f32],
        (outputs, frames): (&[f32], &[f32]),
        threads: usize,
        tape: &mut HeadTape,
    ) {
        let rows = outputs.len() / self.units;
        let seen = if self.beside() > 0 {
            let row_width = self.inputs + self.conditions;
            let unseen = row_width - self.beside();
            let inputs = frames.chunks_exact(row_width);
            tape.seen.clear();
            for (outputs, inputs) in outputs.chunks_exact(self.units).zip(inputs) {
                tape.seen.extend_from_slice(outputs);
                tape.seen.extend_from_slice(&inputs[unseen..]);
            }
            &tape.seen
        } else {
            outputs
        };
        let seen = Matrix::new(seen, rows, self.seen());
        let predictions = self.head.predictions(rows);
        let (last_input, last_weight, last_bias) = match self.weights(weights) {
            HeadWeights::Dense { weight, bias } => (seen, weight, bias),
            HeadWeights::Transpose {
                unit_weight,
                unit_bias,
                row_weight,
                row_bias,
            } => {
                tape.row_values.resize(rows, 0.0);
                let unit_weight = Matrix::new(unit_weight, self.units, 1);
                multiply(&mut tape.row_values, false, seen, unit_weight, threads);
                for value in &mut tape.row_values {
                    *value += unit_bias[0];
                }
                let matrices =
                    Matrix::new(&tape.row_values, predictions, row_weight.len() / self.width);
                (matrices, row_weight, row_bias)
            }
        };
        let width = self.width;
        tape.prediction.resize(predictions * width, 0.0);
        let weight = Matrix::new(last_weight, last_weight.len() / width, width);
        multiply(&mut tape.prediction, false, last_input, weight, threads);
        finish_rows(&mut tape.prediction, last_bias, self.squashed, threads);
    }

    /// Takes the gradient of the prediction back through the tanh.
    pub fn backward_through_tanh(self, d_prediction: &[f32], tape: &mut HeadTape) {
        tape.d_linear.resize(d_prediction.len(), 0.0);
        let given = d_prediction.chunks_exact(self.width);
        let rows = tape.d_linear.chunks_exact_mut(self.width).zip(given);
        for ((row, given), prediction) in rows.zip(tape.prediction.chunks_exact(self.width)) {
            let (values, parameters) = row.split_at_mut(self.squashed);
            through_tanh(values, &given[..values.len()], prediction);
            parameters.copy_from_slice(&given[values.len()..]);
        }
    }

    /// Takes the gradient from before the tanh back to the LSTM's outputs, `[rows, H]`.
    pub fn backward(
        self,
        weights: &[f32],
        threads: usize,
        tape: &mut HeadTape,
        d_outputs: &mut Vec<f32>,
    ) {
        let width = self.width;
        let d_linear = tape.d_linear.as_slice();
        match self.weights(weights) {
            HeadWeights::Dense { weight, .. } => {
                let rows = d_linear.len() / width;
                d_outputs.resize(rows * self.seen(), 0.0);
                let (a, b, k) = (d_linear, weight, width);
                multiply_transposed(d_outputs, false, Operands { a, b, k }, threads);
                self.drop_inputs(d_outputs, rows);
            }
            HeadWeights::Transpose {
                unit_weight,
                row_weight,
                ..
            } => {
                let rows = tape.row_values.len();
                let d_row_values = &mut tape.d_row_values;
                d_row_values.resize(rows, 0.0);
                let (a, b, k) = (d_linear, row_weight, width);
                multiply_transposed(d_row_values, false, Operands { a, b, k }, threads);
                d_outputs.resize(rows * self.units, 0.0);
                let (a, b, k) = (d_row_values.as_slice(), unit_weight, 1);
                multiply_transposed(d_outputs, false, Operands { a, b, k }, threads);
            }
        }
    }

    /// Keeps of the gradient of what it sees that of the LSTM's outputs: nothing
    /// below learns from the gradient of the network's input.
    fn drop_inputs(self, d_seen: &mut Vec<f32>, rows: usize) {
        let (seen, units) = (self.seen(), self.units);
        if seen > units {
            for row in 1..rows {
                d_seen.copy_within(row * seen..row * seen + units, row * units);
            }
            d_seen.truncate(rows * units);
        }
    }

    /// Makes the gradients of the weights, after `backward`, and hands them to
    /// `update`, which is that of all the head's weights in their order.
    pub fn update(self, outputs: &[f32], tape: &HeadTape, update: Update, scratch: &mut Scratch) {
        let seen = match self.beside() {
            0 => outputs,
            _ => &tape.seen,
        };
        let seen = (seen, self.seen());
        let (d_linear, width) = (&tape.d_linear, self.width);
        let last = (d_linear.as_slice(), width);
        match self.head {
            Head::Dense { .. } => {
                let (weight, bias) = update.split_at(self.seen() * width);
                update_weights(Gradient::new(weight, last), None, seen, scratch);
                update_bias(bias, d_linear, width, scratch);
            }
            Head::Transpose { rows, .. } => {
                let (unit_weight, rest) = update.split_at(self.units);
                let (unit_bias, rest) = rest.split_at(1);
                let (row_weight, row_bias) = rest.split_at(rows * width);
                let (row_values, d_row_values) = (&tape.row_values, &tape.d_row_values);
                let unit_weight = Gradient::new(unit_weight, (d_row_values, 1));
                update_weights(unit_weight, None, seen, scratch);
                update_bias(unit_bias, d_row_values, 1, scratch);
                let row_weight = Gradient::new(row_weight, last);
                update_weights(row_weight, None, (row_values, rows), scratch);
                update_bias(row_bias, d_linear, width, scratch);
            }
        }
    }
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

vectorised! {
    /// The gradient before a tanh, of that after it and of its result.
    pub fn through_tanh(before: &mut [f32], after: &[f32], result: &[f32]) {
        for ((before, after), y) in before.iter_mut().zip(after).zip(result) {
            *before = after * (1.0 - y * y);
        }
    }
}
