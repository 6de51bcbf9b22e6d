//! The stack: LSTM layers with residual connections and dropout, under a head.

use std::ops::Range;

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

use super::Adam;
use super::head::{self, Head, HeadTape};
use super::lstm::{self, FORGET_GATE, GATES, LstmTape, Pass};
use super::output::Output;
use super::update::{Scratch, Update};
use crate::random::Stream;

/// The sizes of a network; its weights follow from them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Architecture {
    /// D: length of a row of the input matrix.
    pub inputs: usize,
    /// H: units of each layer.
    pub units: usize,
    /// L: number of layers.
    pub layers: usize,
    /// Whether each layer as wide as its input adds that input to its output.
    pub residual: bool,
    /// Whether a dense head sees the input as well: the connections from inputs
    /// to outputs of Graves, *Generating Sequences With Recurrent Neural
    /// Networks* (2013), section 2. A transpose head never does.
    pub skip: bool,
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

/// Chances that a connection is **kept** (Table 4.1's meaning of `input_dropout`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    /// Of a layer's inputs.
    pub input_keep: f64,
    /// Of a layer's outputs to the layer above; its own state stays whole.
    pub output_keep: f64,
}

/// An LSTM stack's state: outputs and cell states, `[L, R, H]` each.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    pub h: Vec<f32>,
    pub c: Vec<f32>,
}

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
    /// With a skip connection, `[T, R, H + D]`: what the head sees.
    head_inputs: Vec<f32>,
    scratch: Scratch,
    threads: usize,
}

#[derive(Clone, Default)]
struct LayerTape {
    lstm: LstmTape,
    /// The layer's input after dropout.
    x: Vec<f32>,
    /// What the layer hands upwards: outputs after dropout, plus the residual.
    y: Vec<f32>,
    input_mask: Vec<f32>,
    output_mask: Vec<f32>,
    d_hidden: Vec<f32>,
}

impl Architecture {
    /// D of layer `layer`.
    fn layer_inputs(&self, layer: usize) -> usize {
        if layer == 0 { self.inputs } else { self.units }
    }

    /// Whether layer `layer` adds its input to its output.
    pub fn is_residual(&self, layer: usize) -> bool {
        self.residual && self.layer_inputs(layer) == self.units
    }

    /// Width of what the head sees: H, or H + D with a skip connection.
    fn head_inputs(&self) -> usize {
        match self.head {
            Head::Dense { .. } if self.skip => self.units + self.inputs,
            _ => self.units,
        }
    }

    /// O: values of one prediction.
    pub fn outputs(&self) -> usize {
        match self.head {
            Head::Dense { outputs } => outputs,
            Head::Transpose { .. } => 1,
        }
    }

    /// Values that the head gives for one prediction.
    pub fn width(&self) -> usize {
        self.output.width(self.outputs())
    }

    /// Values that the head gives for `rows` rows at one time step; a transpose
    /// head takes them matrix by matrix.
    pub fn outputs_of(&self, rows: usize) -> usize {
        match self.head {
            Head::Dense { .. } => rows * self.width(),
            Head::Transpose { rows: of_one } => rows / of_one * self.width(),
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
        let width = self.width();
        match self.head {
            Head::Dense { .. } => {
                shapes.push(("head.weight".to_owned(), vec![self.head_inputs(), width]));
                shapes.push(("head.bias".to_owned(), vec![width]));
            }
            Head::Transpose { rows } => {
                shapes.push(("head.unit_weight".to_owned(), vec![h, 1]));
                shapes.push(("head.unit_bias".to_owned(), vec![1]));
                shapes.push(("head.row_weight".to_owned(), vec![rows, width]));
                shapes.push(("head.row_bias".to_owned(), vec![width]));
            }
        }
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

    fn pass(&self, layer: usize, steps: usize, rows: usize, threads: usize) -> Pass {
        Pass {
            steps,
            rows,
            inputs: self.layer_inputs(layer),
            units: self.units,
            threads,
        }
    }

    /// Where layer `layer` stores its input, recurrent and bias weights.
    fn lstm_lengths(&self, layer: usize) -> (usize, [usize; 3]) {
        let (h, gates) = (self.units, GATES * self.units);
        let lengths = |layer| {
            let inputs = self.layer_inputs(layer);
            [gates * inputs, gates * h, gates]
        };
        let start = (0..layer).flat_map(lengths).sum();
        (start, lengths(layer))
    }

    /// Makes every weight's gradient, after `backpropagate`, and hands it to
    /// `update`, which is that of all weights.
    fn update_weights(&self, tape: &mut Tape, update: Update) {
        let (steps, rows) = tape.pass.expect("backward follows forward");
        let (scratch, threads) = (&mut tape.scratch, tape.threads);
        let mut rest = update;
        for layer in 0..self.layers {
            let this = &tape.layers[layer];
            let pass = self.pass(layer, steps, rows, threads);
            let update;
            (update, rest) = rest.split_at(self.lstm_lengths(layer).1.iter().sum());
            lstm::update(&this.x, pass, &this.lstm, update, scratch);
        }
        let top = match self.head_inputs() == self.units {
            true => &tape.layers[self.layers - 1].y,
            false => &tape.head_inputs,
        };
        let (units, rest) = ((self.head_inputs(), self.width()), rest.unpenalised());
        head::update(
            self.head,
            top,
            units,
            &mut tape.head,
            rest,
            scratch,
            threads,
        );
    }
}

impl State {
    /// All zeros, for `rows` rows.
    pub fn zero(architecture: &Architecture, rows: usize) -> State {
        let values = architecture.layers * rows * architecture.units;
        State {
            h: vec![0.0; values],
            c: vec![0.0; values],
        }
    }

    /// R: the rows it is for.
    pub fn rows(&self, architecture: &Architecture) -> usize {
        self.h.len() / (architecture.layers * architecture.units)
    }
}

impl Tape {
    /// Memory for passes whose matrix products may use `threads` threads.
    pub fn new(threads: usize) -> Tape {
        Tape {
            threads,
            ..Tape::default()
        }
    }

    /// The prediction of the last pass: `[T, R, O]`, or `[T, 1, 1]` of a transpose head.
    pub fn prediction(&self) -> &[f32] {
        &self.head.prediction
    }
}

impl Network {
    /// Initial weights: Glorot-uniform LSTM weights with a forget bias of 1
    /// (the defaults of the dissertation's framework; Jozefowicz et al., its
    /// [23]), and dense weights of normal noise of `weight_stddev`, truncated
    /// at two standard deviations.
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

    /// Predicts from `frames [T, R, D]`, taking `state` from before the first
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
        mut dropout: Option<(Dropout, &mut [Stream])>,
        tape: &mut Tape,
    ) {
        let rows = state.rows(&self.architecture);
        let steps = frames.len() / (rows * self.architecture.inputs);
        assert_eq!(
            frames.len(),
            steps * rows * self.architecture.inputs,
            "whole time steps"
        );
        tape.pass = Some((steps, rows));
        tape.layers
            .resize_with(self.architecture.layers, LayerTape::default);

        for layer in 0..self.architecture.layers {
            let (below, this) = tape.layers.split_at_mut(layer);
            let input = below.last().map_or(frames, |below| &below.y);
            let this = &mut this[0];
            let pass = self.architecture.pass(layer, steps, rows, tape.threads);
            this.x.clear();
            this.x.extend_from_slice(input);
            if let Some((dropout, streams)) = &mut dropout {
                this.input_mask.resize(this.x.len(), 0.0);
                draw_mask(&mut this.input_mask, steps, dropout.input_keep, streams);
                multiply_each(&mut this.x, &this.input_mask);
            }
            let place = layer * rows * pass.units..(layer + 1) * rows * pass.units;
            let before = (&state.h[place.clone()], &state.c[place.clone()]);
            lstm::forward(
                &self.lstm_weights(layer),
                &this.x,
                before,
                pass,
                &mut this.lstm,
            );
            let (h, c) = this.lstm.last_state(pass);
            state.h[place.clone()].copy_from_slice(h);
            state.c[place].copy_from_slice(c);

            this.y.clear();
            this.y.extend_from_slice(this.lstm.outputs(pass));
            if let Some((dropout, streams)) = &mut dropout {
                this.output_mask.resize(this.y.len(), 0.0);
                draw_mask(&mut this.output_mask, steps, dropout.output_keep, streams);
                multiply_each(&mut this.y, &this.output_mask);
            } else {
                this.input_mask.clear();
                this.output_mask.clear();
            }
            if self.architecture.is_residual(layer) {
                add_each(&mut this.y, input);
            }
        }
        let mut outputs = tape.layers.last().map_or(frames, |top| &top.y);
        if self.architecture.head_inputs() > self.architecture.units {
            let units = outputs.chunks_exact(self.architecture.units);
            let inputs = frames.chunks_exact(self.architecture.inputs);
            tape.head_inputs.clear();
            for (units, inputs) in units.zip(inputs) {
                tape.head_inputs.extend_from_slice(units);
                tape.head_inputs.extend_from_slice(inputs);
            }
            outputs = &tape.head_inputs;
        }
        let threads = tape.threads;
        let squashed = self.squashed();
        head::forward(
            &self.head_weights(),
            outputs,
            squashed,
            threads,
            &mut tape.head,
        );
    }

    /// Adds to `gradient` (as many values as there are weights) what the
    /// gradient of the prediction means for each weight, by backpropagation
    /// through the time steps of the last forward pass.
    ///
    /// # Panics
    /// If the tape holds no forward pass of this network.
    pub fn backward(&self, d_prediction: &[f32], tape: &mut Tape, gradient: &mut [f32]) {
        self.backpropagate(d_prediction, tape);
        self.architecture
            .update_weights(tape, Update::Add(gradient));
    }

    /// Takes one step of `adam` at learning rate `lr` against the gradient of
    /// the prediction and of the penalty `penalty · Σw²` (see
    /// [`Network::add_penalty_gradient`]).
    ///
    /// It does what `backward`, `add_penalty_gradient` and [`Adam::update`] do,
    /// but uses each block of the gradient as it is made: the gradient as a
    /// whole never exists, and with many weights memory is what a step waits for.
    ///
    /// # Panics
    /// If the tape holds no forward pass of this network.
    pub fn learn(
        &mut self,
        d_prediction: &[f32],
        tape: &mut Tape,
        adam: &mut Adam,
        lr: f64,
        penalty: f32,
    ) {
        self.backpropagate(d_prediction, tape);
        let update = adam.begin_step(&mut self.weights, lr, penalty);
        self.architecture.update_weights(tape, update);
    }

    /// Takes the gradient of the prediction back through all layers, to what
    /// their weights' gradients are made of.
    fn backpropagate(&self, d_prediction: &[f32], tape: &mut Tape) {
        let (steps, rows) = tape.pass.expect("backward follows forward");
        let (units, threads) = (self.architecture.units, tape.threads);
        let head_inputs = self.architecture.head_inputs();
        tape.d_outputs.resize(steps * rows * head_inputs, 0.0);
        head::backward(
            &self.head_weights(),
            d_prediction,
            self.squashed(),
            threads,
            &mut tape.head,
            &mut tape.d_outputs,
        );
        if head_inputs > units {
            // The gradient of the head's weights is all that the inputs add.
            for row in 1..steps * rows {
                let of_units = row * head_inputs..row * head_inputs + units;
                tape.d_outputs.copy_within(of_units, row * units);
            }
            tape.d_outputs.truncate(steps * rows * units);
        }
        for layer in (0..self.architecture.layers).rev() {
            let this = &mut tape.layers[layer];
            let pass = self.architecture.pass(layer, steps, rows, threads);
            this.d_hidden.clone_from(&tape.d_outputs);
            if !this.output_mask.is_empty() {
                multiply_each(&mut this.d_hidden, &this.output_mask);
            }
            tape.d_input.resize(steps * rows * pass.inputs, 0.0);
            lstm::backward(
                &self.lstm_weights(layer),
                &this.d_hidden,
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
            if tensor.name.ends_with(".input") || tensor.name.ends_with(".recurrent") {
                let weights = &self.weights[tensor.range.clone()];
                for (sum, weight) in gradient[tensor.range].iter_mut().zip(weights) {
                    *sum += 2.0 * amount * weight;
                }
            }
        }
    }

    fn lstm_weights(&self, layer: usize) -> lstm::Weights<'_> {
        let (start, [input, recurrent, bias]) = self.architecture.lstm_lengths(layer);
        let (input, rest) = self.weights[start..].split_at(input);
        let (recurrent, rest) = rest.split_at(recurrent);
        lstm::Weights {
            input,
            recurrent,
            bias: &rest[..bias],
        }
    }

    fn squashed(&self) -> usize {
        self.architecture
            .output
            .squashed(self.architecture.outputs())
    }

    fn head_start(&self) -> usize {
        self.architecture.lstm_lengths(self.architecture.layers).0
    }

    fn head_weights(&self) -> head::Weights<'_> {
        let weights = &self.weights[self.head_start()..];
        match self.architecture.head {
            Head::Dense { .. } => {
                let width = self.architecture.width();
                let (weight, bias) = weights.split_at(self.architecture.head_inputs() * width);
                head::Weights::Dense { weight, bias }
            }
            Head::Transpose { rows } => {
                let (unit_weight, rest) = weights.split_at(self.architecture.units);
                let (unit_bias, rest) = rest.split_at(1);
                let (row_weight, row_bias) = rest.split_at(rows * self.architecture.width());
                head::Weights::Transpose {
                    unit_weight,
                    unit_bias,
                    row_weight,
                    row_bias,
                }
            }
        }
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

/// 0 for a dropped connection, 1 / `keep` for a kept one, so that the mean
/// stays; each stream draws for its share of the rows of each of `steps` steps.
fn draw_mask(mask: &mut [f32], steps: usize, keep: f64, streams: &mut [Stream]) {
    let kept = (1.0 / keep) as f32;
    let share = mask.len() / (steps * streams.len());
    for rows in mask.chunks_exact_mut(share * streams.len()) {
        for (share, random) in rows.chunks_exact_mut(share).zip(streams.iter_mut()) {
            share.fill_with(|| if random.random_bool(keep) { kept } else { 0.0 });
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
        let frames = draw(steps * rows * architecture.inputs);
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

    fn architecture(layers: usize, residual: bool, head: Head) -> Architecture {
        Architecture {
            inputs: 3,
            units: 5,
            layers,
            residual,
            skip: false,
            head,
            output: Output::Value,
        }
    }

    #[test]
    fn gradients_of_one_layer_and_a_dense_head() {
        check_gradient(architecture(1, false, Head::Dense { outputs: 2 }), None);
    }

    #[test]
    fn gradients_of_a_stack() {
        check_gradient(architecture(3, false, Head::Dense { outputs: 1 }), None);
    }

    #[test]
    fn gradients_of_residual_connections() {
        check_gradient(architecture(3, true, Head::Dense { outputs: 2 }), None);
        let square = Architecture {
            inputs: 5,
            ..architecture(2, true, Head::Dense { outputs: 2 })
        };
        assert!(square.is_residual(0));
        check_gradient(square, None);
    }

    #[test]
    fn gradients_of_a_skip_connection() {
        for layers in [1, 2] {
            let skip = Architecture {
                skip: true,
                ..architecture(layers, false, Head::Dense { outputs: 2 })
            };
            let plain = architecture(layers, false, Head::Dense { outputs: 2 });
            assert_eq!(skip.parameters() - plain.parameters(), 3 * 2);
            check_gradient(skip, None);
        }
    }

    #[test]
    fn gradients_of_a_transpose_head() {
        check_gradient(architecture(2, false, Head::Transpose { rows: 4 }), None);
    }

    #[test]
    fn gradients_of_distributions() {
        for (head, output) in [
            (
                Head::Dense { outputs: 2 },
                Output::Mixture { components: 3 },
            ),
            (Head::Dense { outputs: 1 }, Output::Levels { levels: 5 }),
            (
                Head::Transpose { rows: 4 },
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
        check_gradient(
            architecture(2, true, Head::Dense { outputs: 2 }),
            Some(dropout),
        );
    }

    #[test]
    fn the_penalty_spares_biases_and_head() {
        let network = Network::init(
            architecture(1, false, Head::Dense { outputs: 2 }),
            0.3,
            &mut stream(1, "w"),
        );
        let mut gradient = vec![0.0; network.weights.len()];
        network.add_penalty_gradient(0.5, &mut gradient);
        let lstm_weights = 4 * 5 * 3 + 4 * 5 * 5;
        assert_eq!(gradient[..lstm_weights], network.weights[..lstm_weights]);
        assert!(gradient[lstm_weights..].iter().all(|g| *g == 0.0));
    }

    #[test]
    fn dropout_keeps_its_share_and_the_mean() {
        let mut mask = vec![0.0; 100_000];
        draw_mask(&mut mask, 10, 0.25, &mut [stream(1, "dropout")]);
        let kept = mask.iter().filter(|m| **m == 4.0).count() as f64 / 1e5;
        assert!((kept - 0.25).abs() < 0.01, "{kept}");
        assert!(mask.iter().all(|m| *m == 0.0 || *m == 4.0));
    }

    #[test]
    fn each_stream_draws_for_its_own_rows() {
        let masks = |streams: &[&str], rows: usize| {
            let mut mask = vec![0.0; 3 * rows * 7];
            let mut streams: Vec<_> = streams.iter().map(|name| stream(1, name)).collect();
            draw_mask(&mut mask, 3, 0.5, &mut streams);
            mask
        };
        let (a, b, both) = (masks(&["a"], 2), masks(&["b"], 2), masks(&["a", "b"], 4));
        for step in 0..3 {
            let (mine, others) = both[step * 28..][..28].split_at(14);
            assert_eq!(mine, &a[step * 14..][..14]);
            assert_eq!(others, &b[step * 14..][..14]);
        }
    }

    #[test]
    fn time_steps_in_one_pass_are_time_steps_one_by_one() {
        let architecture = architecture(2, true, Head::Dense { outputs: 2 });
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
            units: 64,
            layers: 1,
            residual: false,
            skip: false,
            head: Head::Dense { outputs: 100 },
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
