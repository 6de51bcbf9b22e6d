//! A network that only predicts, a few rows at a time: its weights copied for the
//! kernels that read them once and in order.

mod head;
mod layer;
#[cfg(test)]
mod tests;

use self::head::InferenceHead;
use self::layer::{First, InferenceLayer};
use super::architecture::Architecture;
use super::kernels::rows::{Precision, Processor};
use super::network::{Network, State};

/// Weights that are read at one step, from which on several threads share them.
const SHARED_WORK: usize = 1 << 21;

/// A network ready to predict: as [`Network::forward`] does, to rounding in f32, but
/// what came of a time step is known of the last one alone.
pub struct Inference {
    architecture: Architecture,
    layers: Vec<InferenceLayer>,
    head: InferenceHead,
    threads: usize,
    /// What a layer hands to the one above, `[T, R, H]`, and what it was handed.
    handed: [Vec<f32>; 2],
}

impl Inference {
    /// Of `network`, with weights of this `precision`, on this machine's processor. A
    /// step may use `threads` threads, where there is work enough for them.
    pub fn new(network: &Network, precision: Precision, threads: usize) -> Inference {
        Inference::on(Processor::here(), network, precision, threads)
    }

    /// The same as on another kind of `processor`, that this machine's can be taken for.
    pub fn on(
        processor: Processor,
        network: &Network,
        precision: Precision,
        threads: usize,
    ) -> Inference {
        let architecture = network.architecture().clone();
        let layer = |layer| InferenceLayer::new(processor, &architecture, layer, precision);
        let mut inference = Inference {
            layers: (0..architecture.layers).map(layer).collect(),
            head: InferenceHead::new(processor, architecture.sized_head(), precision),
            architecture,
            threads,
            handed: Default::default(),
        };
        inference.take(network);
        inference
    }

    /// Takes the weights of `network`, which has the same sizes.
    pub fn take(&mut self, network: &Network) {
        for (index, layer) in self.layers.iter_mut().enumerate() {
            layer.take(&network.lstm_weights(index));
        }
        self.head.take(network.head_weights());
    }

    /// Its sizes.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// Bytes of weights that one time step reads.
    pub fn bytes(&self) -> usize {
        let layers = self.layers.iter().map(InferenceLayer::bytes);
        layers.sum::<usize>() + self.head.bytes()
    }

    /// Plays `frames [T, R, D + C]`, taking `state` from before the first time step to
    /// after the last. `prediction` becomes that of the last time step, `[R, W]`, or
    /// `[R / rows of a matrix, W]` of a transpose head.
    ///
    /// Several time steps at once are made layer by layer, with what does not recur in
    /// one product over all of them.
    ///
    /// # Panics
    /// If `frames` does not hold whole time steps of the state's rows.
    pub fn play(
        &mut self,
        network: &Network,
        frames: &[f32],
        state: &mut State,
        prediction: &mut Vec<f32>,
    ) {
        let rows = state.rows(&self.architecture);
        let frames_of_step = rows * self.architecture.row_width();
        let threads = self.threads_for(rows);
        let all = self.run(network, frames, state);
        let outputs = &all[all.len() - rows * network.architecture().units..];
        let frames = &frames[frames.len() - frames_of_step..];
        self.head.predict(outputs, frames, threads, prediction);
        self.handed[0] = all;
    }

    /// The same of a transpose head whose matrices' rows repeat their last row, each
    /// `delay` time steps after the one below: `frames [T, S, D + C]` are the last rows
    /// of S streams alone, and the state's line keeps what came of those before.
    pub fn play_last_rows(
        &mut self,
        network: &Network,
        frames: &[f32],
        delay: usize,
        state: &mut State,
        prediction: &mut Vec<f32>,
    ) {
        let streams = state.rows(&self.architecture);
        let outputs = self.run(network, frames, state);
        self.head.hear(&outputs, delay, &mut state.line);
        self.head
            .predict_from(&state.line, streams, delay, prediction);
        self.handed[0] = outputs;
    }

    /// Time steps by which the first row of a matrix is older than its last, where each
    /// row is `delay` older than the one below; 0 of a dense head.
    pub fn longest_delay(&self, delay: usize) -> usize {
        self.head.longest_delay(delay)
    }

    /// Takes `frames` through the layers; what the top one gave, `[T, R, H]`.
    fn run(&mut self, network: &Network, frames: &[f32], state: &mut State) -> Vec<f32> {
        let rows = state.rows(&self.architecture);
        let of_step = rows * self.architecture.row_width();
        assert_eq!(frames.len() % of_step, 0, "whole time steps");
        let threads = self.threads_for(rows);
        let [mut below, mut above] = std::mem::take(&mut self.handed);
        for (index, layer) in self.layers.iter_mut().enumerate() {
            let input = if index == 0 { frames } else { below.as_slice() };
            let given = match input.len() / (rows * layer.inputs()) {
                1 => First::Rows(input),
                _ => First::Steps(input, network.lstm_weights(index).input),
            };
            let of_layer = state.layer(&self.architecture, index);
            layer.run(given, rows, of_layer, threads, &mut above);
            if self.architecture.is_residual(index) {
                above.iter_mut().zip(input).for_each(|(y, x)| *y += x);
            }
            std::mem::swap(&mut below, &mut above);
        }
        self.handed[1] = above;
        below
    }

    /// The threads that a step of `rows` rows is worth.
    fn threads_for(&self, rows: usize) -> usize {
        match self.architecture.parameters() * rows < SHARED_WORK {
            true => 1,
            false => self.threads,
        }
    }
}
