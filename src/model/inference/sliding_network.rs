//! What sliding inputs and conditions bring to a network's lowest layer and its head.

use super::sliding::SlidingInput;
use crate::model::architecture::Architecture;
use crate::model::head::Head;
use crate::model::kernels::rows::{
    Columns, DenseRows, Part, Precision, Processor, RowInput, RowMatrix, dense,
};
use crate::model::network::Network;

/// The parts of a network that see samples, as filters of them.
pub struct SlidingNetwork {
    gates: SlidingInput,
    /// With a skip connection.
    head: Option<SlidingInput>,
    /// Of conditions, `C → 4H`; none without.
    conditions: Option<(RowMatrix, RowInput)>,
    /// What the samples bring to the gates, what the biases add, and with each stream's
    /// conditions: packed, `[1, 4H]` and `[S, 4H]`.
    of_samples: Vec<f32>,
    gate_sums: Vec<f32>,
    head_sums: Vec<f32>,
}

impl SlidingNetwork {
    /// Of `network`; none where its lowest layer hands its input upwards, or its input
    /// is no signal of one value.
    pub fn of(processor: Processor, network: &Network) -> Option<SlidingNetwork> {
        let architecture = network.architecture();
        if architecture.is_residual(0) {
            return None;
        }
        let gates = Columns::Gates {
            units: architecture.units,
        };
        let conditions = (architecture.conditions > 0).then(|| {
            let matrix = RowMatrix::new(processor, gates, Precision::F32);
            (matrix, RowInput::default())
        });
        let inputs = architecture.inputs;
        let of_head = || {
            let width = Columns::InOrder(architecture.width());
            SlidingInput::new(processor, width, inputs)
        };
        let mut sliding = SlidingNetwork {
            gates: SlidingInput::new(processor, gates, inputs),
            head: has_skip(architecture).then(of_head),
            conditions,
            of_samples: Vec::new(),
            gate_sums: Vec::new(),
            head_sums: Vec::new(),
        };
        sliding.take(network);
        Some(sliding)
    }

    /// Takes the weights of `network`.
    pub fn take(&mut self, network: &Network) {
        let architecture = network.architecture();
        let (inputs, row_width) = (architecture.inputs, architecture.row_width());
        let weights = network.lstm_weights(0).input;
        let weight = |column, k| weights[column * row_width + k];
        self.gates.take(weight);
        if let Some((matrix, _)) = &mut self.conditions {
            matrix.pack(row_width - inputs, |column, k| weight(column, inputs + k));
        }
        if let Some(head) = &mut self.head {
            let width = architecture.width();
            let weights = &network.head_weights()[architecture.units * width..];
            head.take(|column, k| weights[k * width + column]);
        }
    }

    /// Forgets what was known of samples to come.
    pub fn forget(&mut self) {
        self.gates.forget();
        if let Some(head) = &mut self.head {
            head.forget();
        }
    }

    /// Takes note of the last D samples of `sequence` and of the `conditions [S, C]` of
    /// `streams` streams; `bias` is the gates', packed.
    pub fn hear(&mut self, sequence: &[f32], conditions: &[f32], streams: usize, bias: &[f32]) {
        self.gates.sums(sequence, &mut self.of_samples);
        let sums = self.of_samples.iter_mut().zip(bias);
        sums.for_each(|(sum, bias)| *sum += bias);
        let packed = bias.len();
        self.gate_sums.resize(streams * packed, 0.0);
        match &mut self.conditions {
            Some((matrix, rows)) => {
                rows.take(matrix, conditions);
                let layer = DenseRows {
                    start: &self.of_samples,
                    squashed: 0,
                    values: &mut self.gate_sums,
                };
                dense(&[Part::new(matrix, rows)], layer, 1);
            }
            None => {
                for sums in self.gate_sums.chunks_exact_mut(packed) {
                    sums.copy_from_slice(&self.of_samples);
                }
            }
        }
        if let Some(head) = &mut self.head {
            head.sums(sequence, &mut self.head_sums);
        }
    }

    /// What was heard brings to the gates, biases among it: packed, `[S, 4H]`.
    pub fn gate_sums(&self) -> &[f32] {
        &self.gate_sums
    }

    /// What the samples bring to the head's values, packed; nothing without a skip
    /// connection.
    pub fn head_sums(&self) -> &[f32] {
        &self.head_sums
    }
}

/// Whether the head of `architecture` sees its input.
fn has_skip(architecture: &Architecture) -> bool {
    matches!(architecture.head, Head::Dense { skip: true, .. })
}
