//! A network as tensors of burn's, whose gradients it finds.

use std::sync::Mutex;

use burn_tensor::activation::{sigmoid, tanh};
use burn_tensor::{Tensor, TensorData};

use super::{CardError, Device, Opened};
use crate::model::architecture::Architecture;
use crate::model::dropout::{Dropout, draw_mask};
use crate::model::head::Head;
use crate::model::lstm::{CELL_GATE, FORGET_GATE, INPUT_GATE, OUTPUT_GATE};
use crate::model::step::{ABOVE_DENORMALS, BETA_1, BETA_2, Step};
use crate::model::{Adam, Network, Rates, State};
use crate::random::Stream;

/// A network on a graphics card, with what it carries from step to step.
pub struct Card {
    architecture: Architecture,
    device: burn_tensor::Device,
    /// In the order of [`Architecture::tensors`].
    weights: Vec<Weight>,
    /// Steps of Adam so far.
    steps: i32,
    /// The layers' outputs and cell states, `[R, H]` each.
    state: Vec<[Tensor<2>; 2]>,
    /// Of the last pass forward.
    pass: Option<PassForward>,
}

/// One array of weights, and Adam's means of its gradient; an array of one dimension is a row.
struct Weight {
    values: Tensor<2>,
    mean: Tensor<2>,
    square: Tensor<2>,
    /// Whether the penalty is on it.
    is_penalised: bool,
}

/// What the pass backward needs of the pass forward.
struct PassForward {
    /// The weights, whose gradients are wanted.
    weights: Vec<Tensor<2>>,
    /// `[_, W]`
    prediction: Tensor<2>,
}

impl Card {
    /// Opens the `device`, a graphics card, and says which it is.
    ///
    /// # Errors
    /// [`CardError::None`] where there is none.
    pub fn open(device: Device) -> Result<Opened, CardError> {
        let identity = opened(device)?.identity();
        Ok(Opened {
            is_card: identity.as_ref().is_none_or(|of| of.physical.is_some()),
            name: identity.map_or_else(|| "a graphics card".to_owned(), |of| of.name),
        })
    }

    /// Takes `network`, `adam`'s means and `state` to the `device`.
    ///
    /// # Errors
    /// [`CardError::None`] where there is none.
    pub fn new(
        device: Device,
        network: &Network,
        adam: &Adam,
        state: &State,
    ) -> Result<Card, CardError> {
        let device = opened(device)?;
        let architecture = network.architecture().clone();
        let (mean, square, steps) = adam.memory();
        let weights = architecture.tensors().into_iter().map(|tensor| {
            let shape = match tensor.shape[..] {
                [rows, columns] => [rows, columns],
                _ => [1, tensor.range.len()],
            };
            let of = |values: &[f32]| matrix(&device, &values[tensor.range.clone()], shape);
            Weight {
                values: of(&network.weights),
                mean: of(mean),
                square: of(square),
                is_penalised: tensor.is_penalised(),
            }
        });
        let of_layer = state.rows(&architecture) * architecture.units;
        let layers = (0..architecture.layers).map(|layer| {
            let place = layer * of_layer..(layer + 1) * of_layer;
            let shape = [state.rows(&architecture), architecture.units];
            [&state.h, &state.c].map(|all| matrix(&device, &all[place.clone()], shape))
        });
        Ok(Card {
            weights: weights.collect(),
            state: layers.collect(),
            steps,
            pass: None,
            architecture,
            device,
        })
    }

    /// Takes its state back to zero.
    pub fn forget(&mut self) {
        for tensor in self.state.iter_mut().flatten() {
            *tensor = tensor.zeros_like();
        }
    }

    /// Predicts from `frames [T, R, D + C]`, as [`Network::forward`] does, with the same masks
    /// of dropout from the same streams.
    ///
    /// # Errors
    /// [`CardError::Failed`].
    ///
    /// # Panics
    /// If `frames` does not hold whole time steps of the state's rows.
    pub fn forward(
        &mut self,
        frames: &[f32],
        mut dropout: Option<(Dropout, &mut [Stream])>,
        prediction: &mut Vec<f32>,
    ) -> Result<(), CardError> {
        let (width, rows) = (self.architecture.row_width(), self.state[0][0].dims()[0]);
        let all_rows = frames.len() / width;
        let steps = all_rows / rows;
        assert_eq!(frames.len(), steps * rows * width, "whole time steps");
        let frames = Tensor::from_inner(matrix(&self.device, frames, [all_rows, width]));
        let leaf = |weight: &Weight| Tensor::from_inner(weight.values.clone()).require_grad();
        let weights: Vec<Tensor<2>> = self.weights.iter().map(leaf).collect();
        let device = &self.device;
        let mut dropped = |values: Tensor<2>, keep: fn(Dropout) -> f64| match &mut dropout {
            None => values,
            Some((dropout, streams)) => {
                let shape = values.dims();
                let mut mask = vec![0.0; shape[0] * shape[1]];
                draw_mask(&mut mask, steps, keep(*dropout), streams);
                values * Tensor::from_inner(matrix(device, &mask, shape))
            }
        };
        let mut outputs = frames.clone();
        for (layer, state) in self.state.iter_mut().enumerate() {
            let input = outputs.clone();
            let x = dropped(outputs, |dropout| dropout.input_keep);
            let hidden = run_layer(&weights[3 * layer..], x, state);
            outputs = dropped(hidden, |dropout| dropout.output_keep);
            if self.architecture.is_residual(layer) {
                outputs = outputs + input;
            }
        }
        let of_head = &weights[3 * self.architecture.layers..];
        let predicted = run_head(&self.architecture, of_head, outputs, frames);
        *prediction = read(predicted.clone().inner())?;
        self.pass = Some(PassForward {
            weights,
            prediction: predicted,
        });
        Ok(())
    }

    /// One step of Adam against the gradient `d_prediction` of the last prediction and that of
    /// the penalty, scaled down to a norm of `largest`.
    ///
    /// # Panics
    /// If nothing was predicted before.
    pub fn learn(&mut self, d_prediction: &[f32], rates: Rates, largest: Option<f64>) {
        let PassForward {
            weights: leaves,
            prediction,
        } = self.pass.take().expect("backward follows forward");
        let d_prediction = matrix(&self.device, d_prediction, prediction.dims());
        // The gradient of this sum is that of whatever the loss is.
        let sum = (prediction * Tensor::from_inner(d_prediction)).sum();
        let mut gradients = sum.backward();
        let mut all: Vec<Tensor<2>> = Vec::with_capacity(leaves.len());
        for (leaf, weight) in leaves.iter().zip(&self.weights) {
            let gradient = leaf.grad_remove(&mut gradients);
            let gradient = gradient.unwrap_or_else(|| weight.values.zeros_like());
            all.push(match weight.is_penalised && rates.penalty != 0.0 {
                true => gradient + weight.values.clone() * (2.0 * rates.penalty),
                false => gradient,
            });
        }
        if let Some(largest) = largest {
            scale_down(&mut all, largest);
        }
        self.steps = self.steps.saturating_add(1);
        let step = Step::new(rates, self.steps);
        for (weight, gradient) in self.weights.iter_mut().zip(all) {
            weight.learn(gradient, step);
        }
    }

    /// Gives what it has become: weights, Adam's means and the state.
    ///
    /// # Errors
    /// [`CardError::Failed`].
    pub fn read(
        &self,
        network: &mut Network,
        adam: &mut Adam,
        state: &mut State,
    ) -> Result<(), CardError> {
        let all = |of: fn(&Weight) -> &Tensor<2>| -> Result<Vec<f32>, CardError> {
            let mut all = Vec::with_capacity(self.architecture.parameters());
            for weight in &self.weights {
                all.extend(read(of(weight).clone())?);
            }
            Ok(all)
        };
        network.weights = all(|weight| &weight.values)?;
        let (mean, square) = (all(|weight| &weight.mean)?, all(|weight| &weight.square)?);
        *adam = Adam::with_memory(mean, square, self.steps);
        let mut joined = [Vec::new(), Vec::new()];
        for layer in &self.state {
            for (joined, tensor) in joined.iter_mut().zip(layer) {
                joined.extend(read(tensor.clone())?);
            }
        }
        [state.h, state.c] = joined;
        Ok(())
    }
}

impl Weight {
    /// One step of Adam (Kingma and Ba 2015, Algorithm 1).
    fn learn(&mut self, gradient: Tensor<2>, step: Step) {
        let Step { size, epsilon, .. } = step;
        let decayed = |mean: &Tensor<2>, decay: f32, new: Tensor<2>| {
            mean.clone() * decay + new * (1.0 - decay) + ABOVE_DENORMALS
        };
        self.mean = decayed(&self.mean, BETA_1, gradient.clone());
        self.square = decayed(&self.square, BETA_2, gradient.clone() * gradient);
        let step = self.mean.clone() * size / (self.square.clone().sqrt() + epsilon);
        self.values = self.values.clone() - step;
    }
}

/// Takes a layer of these first three `weights` over `x [T · R, D]`, and its `state` with it;
/// gives its outputs, `[T · R, H]`.
fn run_layer(weights: &[Tensor<2>], x: Tensor<2>, state: &mut [Tensor<2>; 2]) -> Tensor<2> {
    let [rows, units] = state[0].dims();
    let (input, recurrent, bias) = (&weights[0], weights[1].clone().transpose(), &weights[2]);
    let steps = x.dims()[0] / rows;
    let sums = x.matmul(input.clone().transpose()) + bias.clone();
    let [mut h, mut c] = state.clone().map(Tensor::from_inner);
    let mut outputs = Vec::with_capacity(steps);
    for t in 0..steps {
        let of_step = sums.clone().narrow(0, t * rows, rows);
        let gates = of_step + h.matmul(recurrent.clone());
        // The candidate stands last: the others are opened at once.
        let open = sigmoid(gates.clone().slice([0..rows, 0..CELL_GATE * units]));
        let candidate = tanh(gates.slice([0..rows, CELL_GATE * units..(CELL_GATE + 1) * units]));
        let gate = |n: usize| open.clone().slice([0..rows, n * units..(n + 1) * units]);
        c = gate(FORGET_GATE) * c + gate(INPUT_GATE) * candidate;
        h = gate(OUTPUT_GATE) * tanh(c.clone());
        outputs.push(h.clone());
    }
    *state = [h.inner(), c.inner()];
    Tensor::cat(outputs, 0)
}

/// The prediction of the head of these `weights`, `[_, W]`, from the stack's `outputs
/// [T · R, H]` and the network's input `frames [T · R, D + C]`.
fn run_head(
    architecture: &Architecture,
    weights: &[Tensor<2>],
    outputs: Tensor<2>,
    frames: Tensor<2>,
) -> Tensor<2> {
    let head = architecture.sized_head();
    let [rows, row_width] = frames.dims();
    let seen = match head.beside() {
        0 => outputs,
        beside => Tensor::cat(
            vec![
                outputs,
                frames.slice([0..rows, row_width - beside..row_width]),
            ],
            1,
        ),
    };
    let (last_input, last) = match head.head {
        Head::Dense { .. } => (seen, weights),
        Head::Transpose { rows: of_one, .. } => {
            let values = seen.matmul(weights[0].clone()) + weights[1].clone();
            (values.reshape([rows / of_one, of_one]), &weights[2..])
        }
    };
    let linear = last_input.matmul(last[0].clone()) + last[1].clone();
    let [count, width] = linear.dims();
    match head.squashed {
        0 => linear,
        squashed if squashed == width => tanh(linear),
        squashed => {
            let values = tanh(linear.clone().slice([0..count, 0..squashed]));
            Tensor::cat(vec![values, linear.slice([0..count, squashed..width])], 1)
        }
    }
}

/// Scales gradients down to the norm `largest`, all of them together, if it is longer.
fn scale_down(gradients: &mut [Tensor<2>], largest: f64) {
    let squares = gradients.iter().map(|g| (g.clone() * g.clone()).sum());
    let Some(sum) = squares.reduce(|sum, one| sum + one) else {
        return;
    };
    let scale = (sum.sqrt().recip() * largest)
        .clamp_max(1.0)
        .reshape([1, 1]);
    for gradient in gradients {
        *gradient = gradient.clone() * scale.clone();
    }
}

fn matrix(device: &burn_tensor::Device, values: &[f32], shape: [usize; 2]) -> Tensor<2> {
    Tensor::from_data(TensorData::new(values.to_vec(), shape), device)
}

fn read(tensor: Tensor<2>) -> Result<Vec<f32>, CardError> {
    let values = tensor.try_into_vec_as::<f32>();
    values.map_err(|error| CardError::Failed(error.to_string()))
}

/// The `device`, which is opened once, as long as the program runs.
fn opened(device: Device) -> Result<burn_tensor::Device, CardError> {
    static OPENED: Mutex<Vec<(Device, Result<burn_tensor::Device, CardError>)>> =
        Mutex::new(Vec::new());
    let mut all = OPENED.lock().unwrap_or_else(|e| e.into_inner());
    if let Some((_, opened)) = all.iter().find(|(known, _)| *known == device) {
        return opened.clone();
    }
    let opened = open(device);
    all.push((device, opened.clone()));
    opened
}

fn open(device: Device) -> Result<burn_tensor::Device, CardError> {
    match device {
        Device::Cpu => Err(CardError::None("the processor is none".to_owned())),
        Device::Gpu => burn_tensor::Device::wgpu_options()
            .init()
            .map_err(|error| CardError::None(error.to_string())),
    }
}
