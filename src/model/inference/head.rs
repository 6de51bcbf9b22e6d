//! The head of a network that only predicts.

use std::collections::VecDeque;

use crate::model::head::{Head, SizedHead};
use crate::model::kernels::rows::{
    Columns, DenseRows, Part, Precision, Processor, RowInput, RowMatrix, dense,
};

/// A head's weights, packed, and memory for its predictions.
pub struct InferenceHead {
    sized: SizedHead,
    /// Of a dense head: `H + beside → W`. Of a transpose head: `R → W`.
    last: RowMatrix,
    /// Packed.
    bias: Vec<f32>,
    /// Of a transpose head, `[H]` and one.
    unit_weight: Vec<f32>,
    unit_bias: f32,
    /// What it sees, row by row.
    seen: Vec<f32>,
    rows: RowInput,
    values: Vec<f32>,
}

impl InferenceHead {
    /// `sized`, yet without weights. A transpose head's, few as they are, stay in f32.
    pub fn new(processor: Processor, sized: SizedHead, precision: Precision) -> InferenceHead {
        let precision = match sized.head {
            Head::Dense { .. } => precision,
            Head::Transpose { .. } => Precision::F32,
        };
        InferenceHead {
            last: RowMatrix::new(processor, Columns::InOrder(sized.width), precision),
            sized,
            bias: Vec::new(),
            unit_weight: Vec::new(),
            unit_bias: 0.0,
            seen: Vec::new(),
            rows: RowInput::default(),
            values: Vec::new(),
        }
    }

    /// Takes all its `weights`, in their order.
    pub fn take(&mut self, weights: &[f32]) {
        let (units, width) = (self.sized.units, self.sized.width);
        let (weight, bias) = match self.sized.head {
            Head::Dense { .. } => weights.split_at(self.sized.seen() * width),
            Head::Transpose { rows } => {
                let (unit_weight, rest) = weights.split_at(units);
                self.unit_weight = unit_weight.to_vec();
                self.unit_bias = rest[0];
                rest[1..].split_at(rows * width)
            }
        };
        let depth = weight.len() / width;
        self.last
            .pack(depth, |column, k| weight[k * width + column]);
        self.bias = bias.to_vec();
        self.bias.resize(self.last.packed(), 0.0);
    }

    /// Bytes of weights that one time step reads.
    pub fn bytes(&self) -> usize {
        self.last.bytes()
    }

    /// Predicts from a time step's `outputs [R, H]` of the top layer and its `frames
    /// [R, D + C]`.
    pub fn predict(
        &mut self,
        outputs: &[f32],
        frames: &[f32],
        threads: usize,
        prediction: &mut Vec<f32>,
    ) {
        let sized = self.sized;
        self.seen.clear();
        let outputs = outputs.chunks_exact(sized.units);
        match sized.head {
            Head::Dense { .. } => {
                let beside = sized.beside();
                let row_width = sized.inputs + sized.conditions;
                for (outputs, frame) in outputs.zip(frames.chunks_exact(row_width)) {
                    self.seen.extend_from_slice(outputs);
                    self.seen.extend_from_slice(&frame[row_width - beside..]);
                }
            }
            Head::Transpose { .. } => {
                for outputs in outputs {
                    let value = self.row_value(outputs);
                    self.seen.push(value);
                }
            }
        }
        self.finish(threads, prediction);
    }

    /// What a transpose head makes of one row's `outputs [H]` first.
    fn row_value(&self, outputs: &[f32]) -> f32 {
        let products = outputs.iter().zip(&self.unit_weight);
        products.map(|(h, w)| h * w).sum::<f32>() + self.unit_bias
    }

    /// Appends to `line`, for each row of `outputs [S, H]`, what a transpose head makes
    /// of it first, and forgets what is older than its matrices reach.
    pub fn hear(&self, outputs: &[f32], delay: usize, line: &mut VecDeque<f32>) {
        let outputs = outputs.chunks_exact(self.sized.units);
        let streams = outputs.len();
        line.extend(outputs.map(|outputs| self.row_value(outputs)));
        let longest = self.longest_delay(delay);
        while line.len() > streams * (longest + 1) {
            line.pop_front();
        }
    }

    /// Time steps by which a matrix's first row is older than its last.
    pub fn longest_delay(&self, delay: usize) -> usize {
        match self.sized.head {
            Head::Dense { .. } => 0,
            Head::Transpose { rows } => (rows - 1) * delay,
        }
    }

    /// Predicts from a `line` whose values, of `streams` streams, are one row's, that
    /// the rows above repeat `delay` time steps later each.
    pub fn predict_from(
        &mut self,
        line: &VecDeque<f32>,
        streams: usize,
        delay: usize,
        prediction: &mut Vec<f32>,
    ) {
        let Head::Transpose { rows } = self.sized.head else {
            return prediction.clear();
        };
        self.seen.clear();
        for stream in 0..streams {
            for row in 0..rows {
                let age = (rows - 1 - row) * delay;
                let place = line.len().checked_sub((age + 1) * streams);
                // Before the beginning there was silence, of which nothing is known.
                let value = place.map_or(0.0, |place| line[place + stream]);
                self.seen.push(value);
            }
        }
        self.finish(1, prediction);
    }

    /// Takes what is seen through the last layer.
    fn finish(&mut self, threads: usize, prediction: &mut Vec<f32>) {
        let (width, packed) = (self.sized.width, self.last.packed());
        self.rows.take(&self.last, &self.seen);
        let count = self.seen.len() / self.last.depth();
        self.values.resize(count * packed, 0.0);
        let rows = DenseRows {
            start: &self.bias,
            squashed: self.sized.squashed,
            values: &mut self.values,
        };
        dense(&[Part::new(&self.last, &self.rows)], rows, threads);
        prediction.clear();
        for values in self.values.chunks_exact(packed) {
            prediction.extend_from_slice(&values[..width]);
        }
    }
}
