//! What sliding inputs and conditions bring to a network's lowest layer and its head.

use super::sliding::{Sequence, SlidingInput};
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
    conditions: Option<Conditions>,
    /// What the samples bring to the gates, and with it biases and each stream's
    /// conditions: packed, `[1, 4H]` and `[S, 4H]`.
    of_samples: Vec<f32>,
    gate_sums: Vec<f32>,
    head_sums: Vec<f32>,
}

/// What conditions bring to the gates. They stay the same for many steps.
struct Conditions {
    /// `C → 4H`
    matrix: RowMatrix,
    rows: RowInput,
    /// `[S, C]`: those that were there last.
    last: Vec<f32>,
    /// What they bring, with biases: packed, `[S, 4H]`.
    sums: Vec<f32>,
}

impl Conditions {
    /// What `conditions [S, C]` of `streams` streams bring, and `bias`.
    fn sums(&mut self, conditions: &[f32], streams: usize, bias: &[f32]) -> &[f32] {
        if self.last != conditions || self.sums.len() != streams * bias.len() {
            self.last.clear();
            self.last.extend_from_slice(conditions);
            self.rows.take(&self.matrix, conditions);
            self.sums.resize(streams * bias.len(), 0.0);
            let layer = DenseRows {
                start: bias,
                squashed: 0,
                values: &mut self.sums,
            };
            dense(&[Part::new(&self.matrix, &self.rows)], layer, 1);
        }
        &self.sums
    }

    fn forget(&mut self) {
        self.last.clear();
        self.sums.clear();
    }
}

impl SlidingNetwork {
    /// Of `network`, whose input is a signal of so many `channels`; none where its lowest
    /// layer hands its input upwards.
    pub fn of(processor: Processor, network: &Network, channels: usize) -> Option<SlidingNetwork> {
        let architecture = network.architecture();
        if architecture.is_residual(0) {
            return None;
        }
        let gates = Columns::Gates {
            units: architecture.units,
        };
        let conditions = (architecture.conditions > 0).then(|| Conditions {
            matrix: RowMatrix::new(processor, gates, Precision::F32),
            rows: RowInput::default(),
            last: Vec::new(),
            sums: Vec::new(),
        });
        let taps = architecture.inputs / channels;
        let of_head = || {
            let width = Columns::InOrder(architecture.width());
            SlidingInput::new(processor, width, taps, channels)
        };
        let mut sliding = SlidingNetwork {
            gates: SlidingInput::new(processor, gates, taps, channels),
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
        if let Some(conditions) = &mut self.conditions {
            let weight = |column, k| weight(column, inputs + k);
            conditions.matrix.pack(row_width - inputs, weight);
            conditions.forget();
        }
        if let Some(head) = &mut self.head {
            let width = architecture.width();
            let weights = &network.head_weights()[architecture.units * width..];
            head.take(|column, k| weights[k * width + column]);
        }
    }

    /// Bytes of weights that one time step reads, the mean of many.
    pub fn bytes(&self) -> usize {
        self.gates.bytes() + self.head.as_ref().map_or(0, SlidingInput::bytes)
    }

    /// Forgets what was known of samples to come.
    pub fn forget(&mut self) {
        self.gates.forget();
        if let Some(head) = &mut self.head {
            head.forget();
        }
    }

    /// Takes note of the last D samples of `sequence` and of the conditions `[S, C]` of
    /// `streams` streams; `bias` is the gates', packed.
    pub fn hear(
        &mut self,
        sequence: Sequence,
        conditions_of_streams: &[f32],
        streams: usize,
        bias: &[f32],
    ) {
        self.gates.sums(sequence, &mut self.of_samples);
        self.gate_sums.clear();
        match &mut self.conditions {
            Some(conditions) => {
                let sums = conditions.sums(conditions_of_streams, streams, bias);
                self.gate_sums.extend_from_slice(sums);
            }
            None => (0..streams).for_each(|_| self.gate_sums.extend_from_slice(bias)),
        }
        for sums in self.gate_sums.chunks_exact_mut(bias.len()) {
            let sums = sums.iter_mut().zip(&self.of_samples);
            sums.for_each(|(sum, of_samples)| *sum += of_samples);
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
