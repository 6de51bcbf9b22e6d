//! Memory that a session reads from and writes to, kept from step to step.

use ort::session::{IoBinding, Session};
use ort::value::Tensor;

use crate::generate::Shown;
use crate::model::{Architecture, Head, State};

/// The sizes of what is played at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// T: time steps.
    pub steps: usize,
    /// Rows at each of them, those of all streams.
    pub rows: usize,
    /// Time steps that a line of last rows reaches back, where there is one.
    pub line: Option<usize>,
}

/// A session's inputs and outputs of some sizes, in memory that is bound to it.
pub struct Bound {
    sizes: Sizes,
    binding: IoBinding,
    frames: Tensor<f32>,
    conditions: Option<Tensor<f32>>,
    before: Carried,
    after: Carried,
    prediction: Tensor<f32>,
}

/// What one step hands to the next.
struct Carried {
    h: Tensor<f32>,
    c: Tensor<f32>,
    line: Option<Tensor<f32>>,
}

impl Carried {
    fn new(session: &Session, architecture: &Architecture, sizes: Sizes) -> ort::Result<Carried> {
        let Sizes { rows, line, .. } = sizes;
        let of_layers = [architecture.layers, rows, architecture.units];
        let of_line = |length| tensor(session, &[length, rows, 1]);
        Ok(Carried {
            h: tensor(session, &of_layers)?,
            c: tensor(session, &of_layers)?,
            line: line.map(of_line).transpose()?,
        })
    }
}

impl Bound {
    /// Binds memory of these `sizes` to `session`, whose network is of `architecture`.
    ///
    /// # Errors
    /// What ONNX Runtime says.
    pub fn new(session: &Session, architecture: &Architecture, sizes: Sizes) -> ort::Result<Bound> {
        let Sizes { steps, rows, .. } = sizes;
        let of_rows = |values| tensor(session, &[steps, rows, values]);
        let conditions = architecture.conditions;
        let mut bound = Bound {
            sizes,
            binding: session.create_binding()?,
            frames: of_rows(architecture.inputs)?,
            conditions: (conditions > 0).then(|| of_rows(conditions)).transpose()?,
            before: Carried::new(session, architecture, sizes)?,
            after: Carried::new(session, architecture, sizes)?,
            prediction: tensor(session, &shape_of_prediction(architecture, sizes))?,
        };
        let binding = &mut bound.binding;
        binding.bind_input("frames", &bound.frames)?;
        binding.bind_input("h", &bound.before.h)?;
        binding.bind_input("c", &bound.before.c)?;
        if let Some(conditions) = &bound.conditions {
            binding.bind_input("conditions", conditions)?;
        }
        if let Some(line) = &bound.before.line {
            binding.bind_input("line", line)?;
        }
        binding.bind_output("prediction", &mut bound.prediction)?;
        binding.bind_output("h_out", &mut bound.after.h)?;
        binding.bind_output("c_out", &mut bound.after.c)?;
        if let Some(line) = &mut bound.after.line {
            binding.bind_output("line_out", line)?;
        }
        Ok(bound)
    }

    /// Whether it is for these `sizes`.
    pub fn is_of(&self, sizes: Sizes) -> bool {
        self.sizes == sizes
    }

    /// Takes what is `shown` and the `state` before it.
    pub fn hear(&mut self, shown: &Shown, state: &mut State) {
        let values = shown.windows.row_len * shown.windows.width;
        let frames = values_mut(&mut self.frames).chunks_exact_mut(values);
        for (place, row) in frames.zip(shown.rows()) {
            place.copy_from_slice(row);
        }
        if let Some(conditions) = &mut self.conditions {
            values_mut(conditions).copy_from_slice(shown.conditions);
        }
        let Carried { h, c, line } = &mut self.before;
        values_mut(h).copy_from_slice(&state.h);
        values_mut(c).copy_from_slice(&state.c);
        if let Some(line) = line {
            let line = values_mut(line);
            // Before the beginning there was silence, of which nothing is known.
            state.line.resize(line.len(), 0.0);
            line.copy_from_slice(state.line.make_contiguous());
        }
    }

    /// Runs `session`, to which it is bound.
    ///
    /// # Errors
    /// What ONNX Runtime says.
    pub fn run(&self, session: &mut Session) -> ort::Result<()> {
        session.run_binding(&self.binding).map(drop)
    }

    /// Gives the `state` after the last run, and the `prediction` of its last time step.
    pub fn tell(&self, state: &mut State, prediction: &mut Vec<f32>) {
        let Carried { h, c, line } = &self.after;
        state.h.copy_from_slice(values(h));
        state.c.copy_from_slice(values(c));
        if let Some(line) = line {
            state.line.make_contiguous().copy_from_slice(values(line));
        }
        let predictions = values(&self.prediction);
        let of_last = match self.sizes.line {
            Some(_) => predictions.len(),
            None => predictions.len() / self.sizes.steps,
        };
        prediction.clear();
        prediction.extend_from_slice(&predictions[predictions.len() - of_last..]);
    }
}

fn tensor(session: &Session, shape: &[usize]) -> ort::Result<Tensor<f32>> {
    Tensor::new(session.allocator(), shape)
}

fn values(tensor: &Tensor<f32>) -> &[f32] {
    tensor.extract_tensor().1
}

fn values_mut(tensor: &mut Tensor<f32>) -> &mut [f32] {
    tensor.extract_tensor_mut().1
}

fn shape_of_prediction(architecture: &Architecture, sizes: Sizes) -> Vec<usize> {
    let Sizes { steps, rows, line } = sizes;
    let width = architecture.width();
    match (architecture.head, line) {
        (Head::Dense { .. }, _) => vec![steps, rows, width],
        (Head::Transpose { rows: of_one, .. }, None) => vec![steps * rows / of_one, width],
        (Head::Transpose { .. }, Some(_)) => vec![rows, width],
    }
}
