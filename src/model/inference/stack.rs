//! The LSTM layers of a network that only predicts, one above the other.

use super::layer::{First, InferenceLayer};
use crate::model::kernels::rows::{Precision, Processor};
use crate::model::network::Network;
use crate::model::state::State;

/// All layers, and memory for what they hand upwards.
#[derive(Clone)]
pub struct Stack {
    layers: Vec<InferenceLayer>,
    /// What a layer hands to the one above, `[T, R, H]`, and what it was handed.
    above: Vec<f32>,
    below: Vec<f32>,
}

impl Stack {
    /// Those of `network`, yet without weights.
    pub fn new(processor: Processor, network: &Network, precision: Precision) -> Stack {
        let architecture = network.architecture();
        let layer = |layer| InferenceLayer::new(processor, architecture, layer, precision);
        Stack {
            layers: (0..architecture.layers).map(layer).collect(),
            above: Vec::new(),
            below: Vec::new(),
        }
    }

    /// Takes the weights of `network`.
    pub fn take(&mut self, network: &Network) {
        for (index, layer) in self.layers.iter_mut().enumerate() {
            layer.take(&network.lstm_weights(index));
        }
    }

    /// Bytes of weights that one time step reads.
    pub fn bytes(&self) -> usize {
        self.layers.iter().map(InferenceLayer::bytes).sum()
    }

    /// Those of them that are the lowest layer's of its inputs.
    pub fn input_bytes(&self) -> usize {
        self.layers[0].input_bytes()
    }

    /// The biases of the lowest layer's gates, packed.
    pub fn first_bias(&self) -> &[f32] {
        self.layers[0].bias()
    }

    /// Takes `frames`, the rows of some time steps, through the layers; what the top one
    /// gave, `[T, R, H]`.
    ///
    /// # Panics
    /// If `frames` does not hold whole time steps of the state's rows.
    pub fn run(
        &mut self,
        network: &Network,
        frames: &[f32],
        state: &mut State,
        threads: usize,
    ) -> &[f32] {
        let rows = state.rows(network.architecture());
        let of_step = rows * network.architecture().row_width();
        assert_eq!(frames.len() % of_step, 0, "whole time steps");
        let steps = frames.len() / of_step;
        self.run_layer(
            0,
            given(network, 0, frames, steps),
            (network, state),
            threads,
        );
        self.run_upper_layers(network, frames, steps, state, threads)
    }

    /// The same of one time step whose inputs bring `sums` to the lowest layer's gates;
    /// that layer hands up nothing but its outputs.
    pub fn run_from_sums(&mut self, network: &Network, sums: &[f32], state: &mut State) -> &[f32] {
        self.run_layer(0, First::Sums(sums), (network, state), 1);
        self.run_upper_layers(network, &[], 1, state, 1)
    }

    fn run_upper_layers(
        &mut self,
        network: &Network,
        frames: &[f32],
        steps: usize,
        state: &mut State,
        threads: usize,
    ) -> &[f32] {
        self.add_input(network, 0, frames);
        for layer in 1..self.layers.len() {
            std::mem::swap(&mut self.above, &mut self.below);
            let below = std::mem::take(&mut self.below);
            let given = given(network, layer, &below, steps);
            self.run_layer(layer, given, (network, state), threads);
            self.add_input(network, layer, &below);
            self.below = below;
        }
        &self.above
    }

    fn run_layer(
        &mut self,
        layer: usize,
        given: First,
        (network, state): (&Network, &mut State),
        threads: usize,
    ) {
        let architecture = network.architecture();
        let rows = state.rows(architecture);
        let of_layer = state.layer(architecture, layer);
        self.layers[layer].run(given, rows, of_layer, threads, &mut self.above);
    }

    /// Adds to what a layer hands upwards what it was handed, where it does.
    fn add_input(&mut self, network: &Network, layer: usize, input: &[f32]) {
        if network.architecture().is_residual(layer) {
            let values = self.above.iter_mut().zip(input);
            values.for_each(|(output, input)| *output += input);
        }
    }
}

/// What `layer` of `network` is given of `input`, the rows of some `steps`.
fn given<'a>(network: &'a Network, layer: usize, input: &'a [f32], steps: usize) -> First<'a> {
    match steps {
        1 => First::Rows(input),
        _ => First::Steps(input, network.lstm_weights(layer).input),
    }
}
