//! A network that only predicts, a few rows at a time: its weights copied for the
//! kernels that read them once and in order.
//!
//! ```text
//! frames ------------------> stack --> head --> prediction
//! sequence --> sliding ------^          ^
//!                 |_____________________|
//! ```

mod convolution;
mod head;
mod layer;
mod sliding;
mod sliding_network;
mod stack;
#[cfg(test)]
mod tests;

use self::head::InferenceHead;
pub use self::sliding::{SAMPLES_BEFORE_TAPS, Sequence};
use self::sliding_network::SlidingNetwork;
use self::stack::Stack;
use super::architecture::Architecture;
use super::head::Head;
use super::kernels::rows::{Precision, Processor};
use super::network::Network;
use super::state::State;
use super::threads::threads_worth;

/// A network ready to predict: as [`Network::forward`] does, to rounding in f32, but
/// what came of a time step is known of the last one alone.
pub struct Inference {
    network: Network,
    processor: Processor,
    stack: Stack,
    head: InferenceHead,
    sliding: Option<SlidingNetwork>,
    threads: usize,
}

impl Inference {
    /// Of `network`, with weights of this `precision`, on this machine's processor. A
    /// step may use `threads` threads, where there is work enough for them.
    pub fn new(network: Network, precision: Precision, threads: usize) -> Inference {
        Inference::on(Processor::here(), network, precision, threads)
    }

    /// The same as on another kind of `processor`, that this machine's can be taken for.
    pub fn on(
        processor: Processor,
        network: Network,
        precision: Precision,
        threads: usize,
    ) -> Inference {
        let sized_head = network.architecture().sized_head();
        let mut inference = Inference {
            processor,
            stack: Stack::new(processor, &network, precision),
            head: InferenceHead::new(processor, sized_head, precision),
            sliding: None,
            threads,
            network,
        };
        inference.pack();
        inference
    }

    /// The same network once more, whose steps use one thread, and whose inputs do not
    /// slide yet.
    pub fn on_one_thread(&self) -> Inference {
        Inference {
            network: self.network.clone(),
            processor: self.processor,
            stack: self.stack.clone(),
            head: self.head.clone(),
            sliding: None,
            threads: 1,
        }
    }

    /// Gets ready for inputs of so many `channels` that [slide](Inference::slide), where they
    /// can.
    pub fn prepare_sliding_inputs(&mut self, channels: usize) {
        if self.sliding.is_none() {
            self.sliding = SlidingNetwork::of(self.processor, &self.network, channels);
        }
    }

    /// Whether inputs can [slide](Inference::slide).
    pub fn slides(&self) -> bool {
        self.sliding.is_some()
    }

    /// Takes the weights of `network`, which has the same sizes.
    pub fn take(&mut self, network: &Network) {
        self.network.weights.copy_from_slice(&network.weights);
        self.pack();
    }

    fn pack(&mut self) {
        self.stack.take(&self.network);
        self.head.take(self.network.head_weights());
        if let Some(sliding) = &mut self.sliding {
            sliding.take(&self.network);
        }
    }

    /// Forgets what was known of samples to come: the next ones are another sequence's.
    pub fn forget(&mut self) {
        if let Some(sliding) = &mut self.sliding {
            sliding.forget();
        }
    }

    /// Its sizes.
    pub fn architecture(&self) -> &Architecture {
        self.network.architecture()
    }

    /// Bytes of weights that one time step reads, the mean of many.
    pub fn bytes(&self) -> usize {
        let all = self.stack.bytes() + self.head.bytes();
        match &self.sliding {
            Some(sliding) => {
                all - self.stack.input_bytes() - self.head.input_bytes() + sliding.bytes()
            }
            None => all,
        }
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
    pub fn play(&mut self, frames: &[f32], state: &mut State, prediction: &mut Vec<f32>) {
        let architecture = self.network.architecture();
        let rows = state.rows(architecture);
        let (of_frames, of_outputs) = (rows * architecture.row_width(), rows * architecture.units);
        let threads = self.threads_for(rows);
        let outputs = self.stack.run(&self.network, frames, state, threads);
        let outputs = &outputs[outputs.len() - of_outputs..];
        let frames = &frames[frames.len() - of_frames..];
        self.head.predict(outputs, frames, threads, prediction);
    }

    /// The same of a transpose head whose matrices' rows repeat their last row, each
    /// `delay` time steps after the one below: `frames [T, S, D + C]` are the last rows
    /// of S streams alone, and the state's line keeps what came of those before.
    pub fn play_last_rows(
        &mut self,
        frames: &[f32],
        delay: usize,
        state: &mut State,
        prediction: &mut Vec<f32>,
    ) {
        let streams = state.rows(self.network.architecture());
        let threads = self.threads_for(streams);
        let outputs = self.stack.run(&self.network, frames, state, threads);
        self.head.hear(outputs, streams, delay, &mut state.line);
        self.head
            .predict_from(&state.line, streams, delay, prediction);
    }

    /// One time step of a network that sees the last D values of `sequence`, which are
    /// those of the time step before but for the last: in as many streams as `state` has
    /// rows, each with its `conditions [S, C]`. A transpose head's rows above the last
    /// one repeat it after `delay` time steps each. The same as `play` and
    /// `play_last_rows`, to rounding.
    ///
    /// # Panics
    /// If it is not ready for inputs that slide.
    pub fn slide(
        &mut self,
        sequence: Sequence,
        conditions: &[f32],
        delay: usize,
        state: &mut State,
        prediction: &mut Vec<f32>,
    ) {
        let sliding = self.sliding.as_mut().expect("ready for sliding inputs");
        let streams = state.rows(self.network.architecture());
        sliding.hear(sequence, conditions, streams, self.stack.first_bias());
        let sums = sliding.gate_sums();
        let outputs = self.stack.run_from_sums(&self.network, sums, state);
        match self.network.architecture().head {
            Head::Dense { .. } => {
                let sums = sliding.head_sums();
                self.head
                    .predict_beside(outputs, sums, conditions, prediction);
            }
            Head::Transpose { .. } => {
                self.head.hear(outputs, streams, delay, &mut state.line);
                self.head
                    .predict_from(&state.line, streams, delay, prediction);
            }
        }
    }

    /// The threads that a step of `rows` rows is worth.
    fn threads_for(&self, rows: usize) -> usize {
        threads_worth(self.network.weights.len() * rows, self.threads)
    }
}
