//! The sizes of a network, and where its weights stand.

use std::ops::Range;

use super::head::{Head, SizedHead};
use super::lstm::{GATES, Pass};
use super::output::Output;

/// The sizes of a network; its weights follow from them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Architecture {
    /// D: length of a row of the input matrix.
    pub inputs: usize,
    /// C: values that stand beside each row, after its own: what it is conditioned on.
    pub conditions: usize,
    /// H: units of each layer.
    pub units: usize,
    /// L: number of layers.
    pub layers: usize,
    /// Whether each layer as wide as its input adds that input to its output.
    pub residual: bool,
    /// What stands above the layers.
    pub head: Head,
    /// What the head's values mean.
    pub output: Output,
}

/// One named array of weights and its place among all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorSpec {
    /// `lstm.0.input`, `head.weight`, and so on.
    pub name: String,
    /// Its shape, outermost dimension first.
    pub shape: Vec<usize>,
    /// Its values among the network's weights.
    pub range: Range<usize>,
}

impl TensorSpec {
    /// Whether the penalty is on it: LSTM weights, biases aside (dissertation 4.6).
    pub(super) fn is_penalised(&self) -> bool {
        self.name.ends_with(".input") || self.name.ends_with(".recurrent")
    }
}

impl Architecture {
    /// D + C: values of a row with its conditions.
    pub fn row_width(&self) -> usize {
        self.inputs + self.conditions
    }

    /// Values of a row that layer `layer` sees.
    pub(super) fn layer_inputs(&self, layer: usize) -> usize {
        match layer {
            0 => self.row_width(),
            _ => self.units,
        }
    }

    /// Whether layer `layer` adds its input to its output.
    pub fn is_residual(&self, layer: usize) -> bool {
        self.residual && self.layer_inputs(layer) == self.units
    }

    /// O: values of one prediction.
    pub fn outputs(&self) -> usize {
        self.head.outputs()
    }

    /// Values that the head gives for one prediction.
    pub fn width(&self) -> usize {
        self.output.width(self.outputs())
    }

    /// Values that the head gives for `rows` rows at one time step.
    pub fn outputs_of(&self, rows: usize) -> usize {
        self.head.predictions(rows) * self.width()
    }

    /// The head and the sizes around it.
    pub(super) fn sized_head(&self) -> SizedHead {
        SizedHead {
            head: self.head,
            inputs: self.inputs,
            conditions: self.conditions,
            units: self.units,
            width: self.width(),
            squashed: self.output.squashed(self.outputs()),
        }
    }

    /// Every array of weights, in the order in which they are stored.
    pub fn tensors(&self) -> Vec<TensorSpec> {
        let (h, gates) = (self.units, GATES * self.units);
        let mut shapes = Vec::new();
        for layer in 0..self.layers {
            let d = self.layer_inputs(layer);
            shapes.push((format!("lstm.{layer}.input"), vec![gates, d]));
            shapes.push((format!("lstm.{layer}.recurrent"), vec![gates, h]));
            shapes.push((format!("lstm.{layer}.bias"), vec![gates]));
        }
        let of_head = self.sized_head().tensors();
        shapes.extend(
            of_head
                .into_iter()
                .map(|(name, shape)| (name.to_owned(), shape)),
        );
        let mut start = 0;
        let place = |(name, shape): (String, Vec<usize>)| {
            let range = start..start + shape.iter().product::<usize>();
            start = range.end;
            TensorSpec { name, shape, range }
        };
        shapes.into_iter().map(place).collect()
    }

    /// Number of weights.
    pub fn parameters(&self) -> usize {
        self.tensors().last().map_or(0, |tensor| tensor.range.end)
    }

    /// The sizes of a pass through layer `layer`.
    pub(super) fn pass(&self, layer: usize, steps: usize, rows: usize, threads: usize) -> Pass {
        Pass {
            steps,
            rows,
            inputs: self.layer_inputs(layer),
            units: self.units,
            threads,
        }
    }

    /// Where layer `layer` stores its input, recurrent and bias weights, and how
    /// many there are of each; the head's follow the last layer's.
    pub(super) fn lstm_lengths(&self, layer: usize) -> (usize, [usize; 3]) {
        let (h, gates) = (self.units, GATES * self.units);
        let lengths = |layer| {
            let inputs = self.layer_inputs(layer);
            [gates * inputs, gates * h, gates]
        };
        let start = (0..layer).flat_map(lengths).sum();
        (start, lengths(layer))
    }
}
