//! The stack: LSTM layers with residual connections and dropout, under a head.

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

use super::adam::Adam;
use super::architecture::Architecture;
use super::dropout::{Dropout, draw_mask};
use super::head::HeadTape;
use super::lstm::{self, FORGET_GATE, GATES, LstmTape, LstmWeights, Pass};
use super::state::State;
use super::step::Rates;
use super::threads::among_threads;
use super::update::{Scratch, Update};
use crate::random::Stream;

/// A network: its sizes and all its weights in one array.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    architecture: Architecture,
    /// The weights, in the order of [`Architecture::tensors`].
    pub weights: Vec<f32>,
}

/// The memory of one pass, kept from pass to pass so that none allocates.
#[derive(Clone, Default)]
pub struct Tape {
    layers: Vec<LayerTape>,
    head: HeadTape,
    pass: Option<(usize, usize)>,
    d_outputs: Vec<f32>,
    d_input: Vec<f32>,
    scratch: Scratch,
    threads: usize,
}

#[derive(Clone, Default)]
struct LayerTape {
    lstm: LstmTape,
    /// The layer's input after dropout.
    x: Vec<f32>,
    /// What the layer hands upwards: outputs after dropout, plus the residual. Empty
    /// without either.
    y: Vec<f32>,
    input_mask: Vec<f32>,
    output_mask: Vec<f32>,
    /// Gradient of the outputs before dropout.
    d_hidden: Vec<f32>,
}

/// Dropout, and the streams that its masks are drawn from.
type DropoutDraws<'a> = (Dropout, &'a mut [Stream]);

impl LayerTape {
    /// Takes what the layer below hands upwards, after dropout.
    fn take_input(&mut self, input: &[f32], steps: usize, dropout: &mut Option<DropoutDraws>) {
        self.x.clear();
        self.x.extend_from_slice(input);
        let Some((dropout, streams)) = dropout else {
            return self.input_mask.clear();
        };
        self.input_mask.resize(self.x.len(), 0.0);
        draw_mask(&mut self.input_mask, steps, dropout.input_keep, streams);
        multiply_each(&mut self.x, &self.input_mask);
    }

    /// Makes what is handed upwards, where that is not the outputs as they are.
    fn hand_upwards(
        &mut self,
        pass: Pass,
        residual: Option<&[f32]>,
        dropout: &mut Option<DropoutDraws>,
    ) {
        self.y.clear();
        self.output_mask.clear();
        if residual.is_some() || dropout.is_some() {
            self.y.extend_from_slice(self.lstm.outputs(pass));
        }
        if let Some((dropout, streams)) = dropout {
            self.output_mask.resize(self.y.len(), 0.0);
            let keep = dropout.output_keep;
            draw_mask(&mut self.output_mask, pass.steps, keep, streams);
            multiply_each(&mut self.y, &self.output_mask);
        }
        if let Some(residual) = residual {
            add_each(&mut self.y, residual);
        }
    }

    /// What the layer hands upwards.
    fn handed_upwards(&self, pass: Pass) -> &[f32] {
        match self.y.is_empty() {
            true => self.lstm.outputs(pass),
            false => &self.y,
        }
    }
}

impl Tape {
    /// Memory for passes whose matrix products may use `threads` threads.
    pub fn new(threads: usize) -> Tape {
        Tape {
            threads,
            scratch: Scratch::new(threads),
            ..Tape::default()
        }
    }

    /// The prediction of the last pass: `[T, R, O]`, or `[T, 1, 1]` of a transpose head.
    pub fn prediction(&self) -> &[f32] {
        &self.head.prediction
    }

    /// Makes every weight's gradient, after `backpropagate`, and hands it to
    /// `update`, which is that of all weights.
    fn update_weights(&mut self, architecture: &Architecture, update: Update) {
        let (steps, rows) = self.pass.expect("backward follows forward");
        let (scratch, threads) = (&mut self.scratch, self.threads);
        let mut rest = update;
        for (layer, this) in self.layers.iter().enumerate() {
            let pass = architecture.pass(layer, steps, rows, threads);
            let update;
            (update, rest) = rest.split_at(architecture.lstm_lengths(layer).1.iter().sum());
            lstm::update(&this.x, pass, &this.lstm, update, scratch);
        }
        let top = self.layers.last().expect("one layer or more");
        let pass = architecture.pass(self.layers.len() - 1, steps, rows, threads);
        let (head, rest) = (architecture.sized_head(), rest.unpenalised());
        head.update(top.handed_upwards(pass), &self.head, rest, scratch);
    }
}

impl Network {
    /// Initial weights: Glorot-uniform LSTM weights with a forget bias of 1
    /// (the defaults of the dissertation's framework; Jozefowicz et al., its
    /// reference 23), and dense weights of normal noise of `weight_stddev`,
    /// truncated at two standard deviations.
    pub fn init(architecture: Architecture, weight_stddev: f64, random: &mut Stream) -> Network {
        let mut weights = vec![0.0; architecture.parameters()];
        for tensor in architecture.tensors() {
            let values = &mut weights[tensor.range];
            let (layer, array) = tensor.name.rsplit_once('.').unwrap_or_default();
            match array {
                "input" | "recurrent" => {
                    let index = layer.trim_start_matches("lstm.").parse().unwrap_or(0);
                    let fan = architecture.layer_inputs(index) + (1 + GATES) * architecture.units;
                    let limit = (6.0 / fan as f32).sqrt();
                    values.fill_with(|| random.random_range(-limit..limit));
                }
                "bias" if layer != "head" => {
                    let units = architecture.units;
                    values[FORGET_GATE * units..(FORGET_GATE + 1) * units].fill(1.0);
                }
                "weight" | "unit_weight" | "row_weight" => {
                    values.fill_with(|| (weight_stddev * truncated_normal(random)) as f32);
                }
                _ => {}
            }
        }
        Network {
            architecture,
            weights,
        }
    }

    /// A network of given weights; `None` if there are not as many as the sizes need.
    pub fn from_weights(architecture: Architecture, weights: Vec<f32>) -> Option<Network> {
        (weights.len() == architecture.parameters()).then_some(Network {
            architecture,
            weights,
        })
    }

    /// Its sizes.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// Predicts from `frames [T, R, D + C]`, taking `state` from before the first
    /// time step to after the last. The prediction stands in the tape. Dropout's
    /// masks are drawn from one stream, or from several for equal shares of the
    /// rows, so that what a share gets does not depend on the others.
    ///
    /// # Panics
    /// If `frames` does not hold whole time steps of the state's rows.
    pub fn forward(
        &self,
        frames: &[f32],
        state: &mut State,
        dropout: Option<DropoutDraws>,
        tape: &mut Tape,
    ) {
        among_threads(tape.threads, || {
            self.forward_here(frames, state, dropout, tape);
        });
    }

    /// `forward` on this thread, and those that it asks for help.
    fn forward_here(
        &self,
        frames: &[f32],
        state: &mut State,
        mut dropout: Option<DropoutDraws>,
        tape: &mut Tape,
    ) {
        let rows = state.rows(&self.architecture);
        let values = rows * self.architecture.row_width();
        let steps = frames.len() / values;
        assert_eq!(frames.len(), steps * values, "whole time steps");
        tape.pass = Some((steps, rows));
        tape.layers
            .resize_with(self.architecture.layers, LayerTape::default);

        let mut outputs = frames;
        for (layer, this) in tape.layers.iter_mut().enumerate() {
            let pass = self.architecture.pass(layer, steps, rows, tape.threads);
            this.take_input(outputs, steps, &mut dropout);
            self.run_layer(layer, pass, state, this);
            let residual = self.architecture.is_residual(layer).then_some(outputs);
            this.hand_upwards(pass, residual, &mut dropout);
            outputs = this.handed_upwards(pass);
        }
        let head = self.architecture.sized_head();
        head.forward(
            self.head_weights(),
            (outputs, frames),
            tape.threads,
            &mut tape.head,
        );
    }

    /// Takes layer `layer` through all time steps, and its part of `state` with it.
    fn run_layer(&self, layer: usize, pass: Pass, state: &mut State, tape: &mut LayerTape) {
        let values = pass.rows * pass.units;
        let place = layer * values..(layer + 1) * values;
        let before = (&state.h[place.clone()], &state.c[place.clone()]);
        let weights = self.lstm_weights(layer);
        lstm::forward(&weights, &tape.x, before, pass, &mut tape.lstm);
        let (h, c) = tape.lstm.last_state(pass);
        state.h[place.clone()].copy_from_slice(h);
        state.c[place].copy_from_slice(c);
    }

    /// Adds to `gradient` (as many values as there are weights) what the
    /// gradient of the prediction means for each weight, by backpropagation
    /// through the time steps of the last forward pass.
    ///
    /// # Panics
    /// If the tape holds no forward pass of this network.
    pub fn backward(&self, d_prediction: &[f32], tape: &mut Tape, gradient: &mut [f32]) {
        among_threads(tape.threads, || {
            self.backpropagate(d_prediction, tape);
            tape.update_weights(&self.architecture, Update::Add(gradient));
        });
    }

    /// Takes one step of `adam` against the gradient of the prediction and of the
    /// penalty (see [`Network::add_penalty_gradient`]).
    ///
    /// It does what `backward`, `add_penalty_gradient` and [`Adam::update`] do,
    /// but uses each block of the gradient as it is made: the gradient as a
    /// whole never exists, and with many weights memory is what a step waits for.
    ///
    /// # Panics
    /// If the tape holds no forward pass of this network.
    pub fn learn(&mut self, d_prediction: &[f32], tape: &mut Tape, adam: &mut Adam, rates: Rates) {
        among_threads(tape.threads, || {
            self.backpropagate(d_prediction, tape);
            let update = adam.begin_step(&mut self.weights, rates);
            tape.update_weights(&self.architecture, update);
        });
    }

    /// Takes the gradient of the prediction back through all layers, to what
    /// their weights' gradients are made of.
    fn backpropagate(&self, d_prediction: &[f32], tape: &mut Tape) {
        let (steps, rows) = tape.pass.expect("backward follows forward");
        let threads = tape.threads;
        let head = self.architecture.sized_head();
        head.backward_through_tanh(d_prediction, &mut tape.head);
        head.backward(
            self.head_weights(),
            threads,
            &mut tape.head,
            &mut tape.d_outputs,
        );
        for layer in (0..self.architecture.layers).rev() {
            let this = &mut tape.layers[layer];
            let pass = self.architecture.pass(layer, steps, rows, threads);
            let d_hidden = if this.output_mask.is_empty() {
                &tape.d_outputs
            } else {
                this.d_hidden.clone_from(&tape.d_outputs);
                multiply_each(&mut this.d_hidden, &this.output_mask);
                &this.d_hidden
            };
            tape.d_input.resize(steps * rows * pass.inputs, 0.0);
            lstm::backward(
                &self.lstm_weights(layer),
                d_hidden,
                pass,
                &mut this.lstm,
                (layer > 0).then_some(&mut tape.d_input),
            );
            if layer > 0 {
                if !this.input_mask.is_empty() {
                    multiply_each(&mut tape.d_input, &this.input_mask);
                }
                if self.architecture.is_residual(layer) {
                    add_each(&mut tape.d_input, &tape.d_outputs);
                }
                std::mem::swap(&mut tape.d_input, &mut tape.d_outputs);
            }
        }
    }

    /// Adds the gradient of the penalty `amount · Σw²` over the LSTM weights
    /// (biases aside; dissertation 4.6).
    pub fn add_penalty_gradient(&self, amount: f32, gradient: &mut [f32]) {
        for tensor in self.architecture.tensors() {
            if tensor.is_penalised() {
                let weights = &self.weights[tensor.range.clone()];
                for (sum, weight) in gradient[tensor.range].iter_mut().zip(weights) {
                    *sum += 2.0 * amount * weight;
                }
            }
        }
    }

    pub(super) fn lstm_weights(&self, layer: usize) -> LstmWeights<'_> {
        let (start, [input, recurrent, bias]) = self.architecture.lstm_lengths(layer);
        let (input, rest) = self.weights[start..].split_at(input);
        let (recurrent, rest) = rest.split_at(recurrent);
        LstmWeights {
            input,
            recurrent,
            bias: &rest[..bias],
        }
    }

    /// All weights of the head.
    pub(super) fn head_weights(&self) -> &[f32] {
        let (start, _) = self.architecture.lstm_lengths(self.architecture.layers);
        &self.weights[start..]
    }
}

/// Normal noise of deviation 1, drawn again beyond 2.
fn truncated_normal(random: &mut Stream) -> f64 {
    loop {
        let value: f64 = StandardNormal.sample(random);
        if value.abs() <= 2.0 {
            return value;
        }
    }
}

fn multiply_each(values: &mut [f32], factors: &[f32]) {
    for (value, factor) in values.iter_mut().zip(factors) {
        *value *= factor;
    }
}

fn add_each(values: &mut [f32], others: &[f32]) {
    for (value, other) in values.iter_mut().zip(others) {
        *value += other;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Head, Output};
    use crate::random::stream;

    /// Mean squared error of the network's prediction, with the same dropout
    /// masks at every call.
    fn loss(
        network: &Network,
        frames: &[f32],
        rows: usize,
        label: &[f32],
        dropout: Option<Dropout>,
        tape: &mut Tape,
    ) -> f64 {
        let mut state = State::zero(&network.architecture, rows);
        state.h.fill(0.1);
        state.c.fill(-0.2);
        let mut masks = stream(3, "masks");
        network.forward(
            frames,
            &mut state,
            dropout.map(|d| (d, std::slice::from_mut(&mut masks))),
            tape,
        );
        let pairs = tape.prediction().iter().zip(label);
        pairs.map(|(y, l)| f64::from(y - l).powi(2)).sum::<f64>() / label.len() as f64
    }

    /// Every weight's gradient against the finite difference of the loss.
    fn check_gradient(architecture: Architecture, dropout: Option<Dropout>) {
        let (steps, rows) = (3, 4);
        let mut random = stream(11, "test");
        let network = Network::init(architecture.clone(), 0.3, &mut random);
        let mut draw =
            |n: usize| -> Vec<f32> { (0..n).map(|_| random.random_range(-0.8..0.8)).collect() };
        let frames = draw(steps * rows * architecture.row_width());
        let label = draw(steps * architecture.outputs_of(rows));

        let mut tape = Tape::new(1);
        loss(&network, &frames, rows, &label, dropout, &mut tape);
        let scale = 2.0 / label.len() as f32;
        let d_prediction: Vec<f32> = tape
            .prediction()
            .iter()
            .zip(&label)
            .map(|(y, l)| scale * (y - l))
            .collect();
        let mut gradient = vec![0.0; network.weights.len()];
        network.backward(&d_prediction, &mut tape, &mut gradient);

        let step = 5e-3;
        for (index, analytic) in gradient.iter().enumerate() {
            let shifted = |by: f32| {
                let mut network = network.clone();
                network.weights[index] += by;
                loss(&network, &frames, rows, &label, dropout, &mut Tape::new(1))
            };
            let numeric = (shifted(step) - shifted(-step)) / (2.0 * f64::from(step));
            let difference = (numeric - f64::from(*analytic)).abs();
            assert!(
                difference < 2e-5 + 2e-3 * numeric.abs(),
                "{architecture:?} weight {index}: {numeric} {analytic}"
            );
        }
        assert!(
            gradient.iter().any(|g| g.abs() > 1e-3),
            "a gradient to check"
        );
    }

    fn dense(outputs: usize) -> Head {
        Head::Dense {
            outputs,
            skip: false,
        }
    }

    fn architecture(layers: usize, residual: bool, head: Head) -> Architecture {
        Architecture {
            inputs: 3,
            conditions: 0,
            units: 5,
            layers,
            residual,
            head,
            output: Output::Value,
        }
    }

    #[test]
    fn gradients_of_one_layer_and_a_dense_head() {
        check_gradient(architecture(1, false, dense(2)), None);
    }

    #[test]
    fn gradients_of_a_stack() {
        check_gradient(architecture(3, false, dense(1)), None);
    }

    #[test]
    fn gradients_of_residual_connections() {
        check_gradient(architecture(3, true, dense(2)), None);
        let square = Architecture {
            inputs: 5,
            ..architecture(2, true, dense(2))
        };
        assert!(square.is_residual(0));
        check_gradient(square, None);
    }

    #[test]
    fn gradients_of_a_skip_connection() {
        for layers in [1, 2] {
            let [skip, plain] = [true, false]
                .map(|skip| architecture(layers, false, Head::Dense { outputs: 2, skip }));
            assert_eq!(skip.parameters() - plain.parameters(), 3 * 2);
            check_gradient(skip, None);
        }
    }

    #[test]
    fn gradients_of_conditions() {
        for skip in [true, false] {
            let plain = architecture(2, true, Head::Dense { outputs: 2, skip });
            let conditioned = Architecture {
                conditions: 2,
                ..plain.clone()
            };
            // Rows of two values more below the lowest layer, and beside the head.
            let more = 2 * 4 * 5 + 2 * 2;
            assert_eq!(conditioned.parameters() - plain.parameters(), more);
            check_gradient(conditioned, None);
        }
        let transpose = Architecture {
            conditions: 2,
            ..architecture(
                1,
                false,
                Head::Transpose {
                    rows: 4,
                    outputs: 1,
                },
            )
        };
        check_gradient(transpose, None);
    }

    #[test]
    fn gradients_of_a_transpose_head() {
        check_gradient(
            architecture(
                2,
                false,
                Head::Transpose {
                    rows: 4,
                    outputs: 1,
                },
            ),
            None,
        );
    }

    #[test]
    fn gradients_of_distributions() {
        for (head, output) in [
            (dense(2), Output::Mixture { components: 3 }),
            (dense(2), Output::Bands { components: 3 }),
            (
                Head::Transpose {
                    rows: 4,
                    outputs: 3,
                },
                Output::Bands { components: 2 },
            ),
            (dense(1), Output::Levels { levels: 5 }),
            (
                Head::Transpose {
                    rows: 4,
                    outputs: 1,
                },
                Output::Mixture { components: 2 },
            ),
        ] {
            let architecture = Architecture {
                output,
                ..architecture(1, false, head)
            };
            check_gradient(architecture, None);
        }
    }

    #[test]
    fn gradients_under_dropout() {
        let dropout = Dropout {
            input_keep: 0.6,
            output_keep: 0.7,
        };
        check_gradient(architecture(2, true, dense(2)), Some(dropout));
    }

    #[test]
    fn the_penalty_spares_biases_and_head() {
        let network = Network::init(architecture(1, false, dense(2)), 0.3, &mut stream(1, "w"));
        let mut gradient = vec![0.0; network.weights.len()];
        network.add_penalty_gradient(0.5, &mut gradient);
        let lstm_weights = 4 * 5 * 3 + 4 * 5 * 5;
        assert_eq!(gradient[..lstm_weights], network.weights[..lstm_weights]);
        assert!(gradient[lstm_weights..].iter().all(|g| *g == 0.0));
    }

    #[test]
    fn time_steps_in_one_pass_are_time_steps_one_by_one() {
        let architecture = architecture(2, true, dense(2));
        let network = Network::init(architecture.clone(), 0.3, &mut stream(5, "w"));
        let mut random = stream(6, "x");
        let frames: Vec<f32> = (0..7 * 2 * 3)
            .map(|_| random.random_range(-1.0..1.0))
            .collect();
        let (mut at_once, mut one_by_one) =
            (State::zero(&architecture, 2), State::zero(&architecture, 2));
        let mut tape = Tape::new(1);
        network.forward(&frames, &mut at_once, None, &mut tape);
        let all = tape.prediction().to_vec();
        let mut single = Vec::new();
        for step in frames.chunks(2 * 3) {
            network.forward(step, &mut one_by_one, None, &mut tape);
            single.extend_from_slice(tape.prediction());
        }
        assert_eq!(all.len(), single.len());
        for (a, b) in all.iter().zip(&single) {
            assert!((a - b).abs() < 1e-6);
        }
    }

    #[test]
    fn initial_weights_are_the_dissertations() {
        let architecture = Architecture {
            inputs: 8,
            conditions: 0,
            units: 64,
            layers: 1,
            residual: false,
            head: dense(100),
            output: Output::Value,
        };
        let network = Network::init(architecture.clone(), 1e-6, &mut stream(1, "weights"));
        let tensor = |name: &str| {
            let spec = architecture
                .tensors()
                .into_iter()
                .find(|t| t.name == name)
                .unwrap();
            &network.weights[spec.range]
        };
        let dense = tensor("head.weight");
        assert!(dense.iter().all(|w| w.abs() <= 2e-6));
        let deviation = (dense.iter().map(|w| w * w).sum::<f32>() / dense.len() as f32).sqrt();
        assert!((deviation - 0.88e-6).abs() < 0.03e-6, "{deviation}"); // of a normal cut at 2
        assert!(tensor("head.bias").iter().all(|b| *b == 0.0));
        assert_eq!(tensor("lstm.0.bias")[2 * 64..3 * 64], [1.0; 64]);
        assert_eq!(tensor("lstm.0.bias")[..2 * 64], [0.0; 128]);
    }
}
