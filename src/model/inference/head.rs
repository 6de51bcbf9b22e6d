//! The head of a network that only predicts.

use std::collections::VecDeque;

use crate::model::head::{Head, SizedHead};
use crate::model::kernels::rows::{
    Columns, DenseRows, Part, Precision, Processor, RowInput, RowMatrix, dense,
};

/// A head's weights, packed, and memory for its predictions.
#[derive(Clone)]
pub struct InferenceHead {
    sized: SizedHead,
    /// What the last layer sees: of a dense head the LSTM's outputs, the network's input
    /// with a skip connection, and conditions; of a transpose head its rows' values.
    seen: Vec<Seen>,
    /// Packed.
    bias: Vec<f32>,
    /// Of a transpose head, `[H]` and one.
    unit_weight: Vec<f32>,
    unit_bias: f32,
    /// Of a transpose head, `[predictions, R]`.
    row_values: Vec<f32>,
    /// What the sums begin with, packed, where that is more than the biases.
    start: Vec<f32>,
    values: Vec<f32>,
}

/// A part of what the last layer sees.
#[derive(Clone)]
struct Seen {
    part: SeenPart,
    depth: usize,
    matrix: RowMatrix,
    rows: RowInput,
}

impl Seen {
    fn as_part(&self) -> Part<'_> {
        Part::new(&self.matrix, &self.rows)
    }
}

/// All that can be seen.
const SEEN: [SeenPart; 3] = [SeenPart::Outputs, SeenPart::Inputs, SeenPart::Conditions];

#[derive(Clone, Copy, PartialEq, Eq)]
enum SeenPart {
    Outputs,
    Inputs,
    Conditions,
}

impl InferenceHead {
    /// `sized`, yet without weights. A transpose head's, few as they are, stay in f32.
    pub fn new(processor: Processor, sized: SizedHead, precision: Precision) -> InferenceHead {
        let (precision, outputs, inputs, conditions) = match sized.head {
            Head::Dense { skip, .. } => {
                let inputs = if skip { sized.inputs } else { 0 };
                (precision, sized.units, inputs, sized.conditions)
            }
            Head::Transpose { rows, .. } => (Precision::F32, rows, 0, 0),
        };
        let parts = [
            (SeenPart::Outputs, outputs),
            (SeenPart::Inputs, inputs),
            (SeenPart::Conditions, conditions),
        ];
        let seen = |(part, depth)| Seen {
            part,
            depth,
            matrix: RowMatrix::new(processor, Columns::InOrder(sized.width), precision),
            rows: RowInput::default(),
        };
        let parts = parts.into_iter().filter(|(_, depth)| *depth > 0);
        InferenceHead {
            sized,
            seen: parts.map(seen).collect(),
            bias: Vec::new(),
            unit_weight: Vec::new(),
            unit_bias: 0.0,
            row_values: Vec::new(),
            start: Vec::new(),
            values: Vec::new(),
        }
    }

    /// Takes all its `weights`, in their order.
    pub fn take(&mut self, weights: &[f32]) {
        let (units, width) = (self.sized.units, self.sized.width);
        let weights = match self.sized.head {
            Head::Dense { .. } => weights,
            Head::Transpose { .. } => {
                let (unit_weight, rest) = weights.split_at(units);
                self.unit_weight = unit_weight.to_vec();
                self.unit_bias = rest[0];
                &rest[1..]
            }
        };
        let mut first = 0;
        for seen in &mut self.seen {
            let weight = &weights[first * width..];
            seen.matrix
                .pack(seen.depth, |column, k| weight[k * width + column]);
            first += seen.depth;
        }
        self.bias = weights[first * width..].to_vec();
        self.bias.resize(self.packed(), 0.0);
    }

    /// Bytes of weights that one time step reads.
    pub fn bytes(&self) -> usize {
        self.seen.iter().map(|seen| seen.matrix.bytes()).sum()
    }

    /// Those of them that are the network's inputs'.
    pub fn input_bytes(&self) -> usize {
        let inputs = self
            .seen
            .iter()
            .filter(|seen| seen.part == SeenPart::Inputs);
        inputs.map(|seen| seen.matrix.bytes()).sum()
    }

    fn packed(&self) -> usize {
        self.seen[0].matrix.packed()
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
        let SizedHead { units, inputs, .. } = self.sized;
        if let Head::Transpose { .. } = self.sized.head {
            let outputs = outputs.chunks_exact(units);
            let values: Vec<f32> = outputs.map(|outputs| self.row_value(outputs)).collect();
            self.row_values = values;
            return self.predict_from_rows(threads, prediction);
        }
        let row_width = inputs + self.sized.conditions;
        let rows = outputs.len() / units;
        for seen in &mut self.seen {
            seen.rows.begin(&seen.matrix, rows);
            for r in 0..rows {
                let frame = &frames[r * row_width..][..row_width];
                let row = match seen.part {
                    SeenPart::Outputs => &outputs[r * units..][..units],
                    SeenPart::Inputs => &frame[..inputs],
                    SeenPart::Conditions => &frame[inputs..],
                };
                seen.rows.set(&seen.matrix, r, row);
            }
        }
        self.start.clear();
        self.start.extend_from_slice(&self.bias);
        self.finish(rows, &SEEN, threads, prediction);
    }

    /// The same of a dense head where the network's input is the same in all streams,
    /// and `input_sums` is what it brings, packed; empty without a skip connection.
    pub fn predict_beside(
        &mut self,
        outputs: &[f32],
        input_sums: &[f32],
        conditions: &[f32],
        prediction: &mut Vec<f32>,
    ) {
        let SizedHead { units, .. } = self.sized;
        let rows = outputs.len() / units;
        for seen in &mut self.seen {
            match seen.part {
                SeenPart::Outputs => seen.rows.take(&seen.matrix, outputs),
                SeenPart::Conditions => seen.rows.take(&seen.matrix, conditions),
                SeenPart::Inputs => {}
            }
        }
        self.start.clear();
        self.start.extend_from_slice(&self.bias);
        let sums = self.start.iter_mut().zip(input_sums);
        sums.for_each(|(start, sum)| *start += sum);
        let parts = [SeenPart::Outputs, SeenPart::Conditions];
        self.finish(rows, &parts, 1, prediction);
    }

    /// What a transpose head makes of one row's `outputs [H]` first.
    fn row_value(&self, outputs: &[f32]) -> f32 {
        let products = outputs.iter().zip(&self.unit_weight);
        products.map(|(h, w)| h * w).sum::<f32>() + self.unit_bias
    }

    /// Appends to `line`, for each row of `outputs [T, S, H]`, what a transpose head makes
    /// of it first, and forgets what is older than its matrices reach.
    pub fn hear(&self, outputs: &[f32], streams: usize, delay: usize, line: &mut VecDeque<f32>) {
        let outputs = outputs.chunks_exact(self.sized.units);
        line.extend(outputs.map(|outputs| self.row_value(outputs)));
        let longest = self.sized.head.longest_delay(delay);
        while line.len() > streams * (longest + 1) {
            line.pop_front();
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
        let Head::Transpose { rows, .. } = self.sized.head else {
            return prediction.clear();
        };
        self.row_values.clear();
        for stream in 0..streams {
            for row in 0..rows {
                let age = (rows - 1 - row) * delay;
                let place = line.len().checked_sub((age + 1) * streams);
                // Before the beginning there was silence, of which nothing is known.
                let value = place.map_or(0.0, |place| line[place + stream]);
                self.row_values.push(value);
            }
        }
        self.predict_from_rows(1, prediction);
    }

    /// Predicts from a transpose head's row values.
    fn predict_from_rows(&mut self, threads: usize, prediction: &mut Vec<f32>) {
        let seen = &mut self.seen[0];
        seen.rows.take(&seen.matrix, &self.row_values);
        let predictions = self.row_values.len() / seen.depth;
        self.start.clear();
        self.start.extend_from_slice(&self.bias);
        self.finish(predictions, &SEEN, threads, prediction);
    }

    /// Takes `rows` rows of `parts` of what is seen through the last layer.
    fn finish(
        &mut self,
        rows: usize,
        parts: &[SeenPart],
        threads: usize,
        prediction: &mut Vec<f32>,
    ) {
        let (width, packed) = (self.sized.width, self.packed());
        self.values.resize(rows * packed, 0.0);
        let mut seen = self.seen.iter().filter(|seen| parts.contains(&seen.part));
        let first = seen.next().expect("outputs are seen").as_part();
        let others = [seen.next(), seen.next()].map(|seen| seen.map(Seen::as_part));
        let (mut all, mut count) = ([first; 3], 1);
        for other in others.into_iter().flatten() {
            all[count] = other;
            count += 1;
        }
        let layer = DenseRows {
            start: &self.start,
            squashed: self.sized.squashed,
            values: &mut self.values,
        };
        dense(&all[..count], layer, threads);
        prediction.clear();
        for values in self.values.chunks_exact(packed) {
            prediction.extend_from_slice(&values[..width]);
        }
    }
}
