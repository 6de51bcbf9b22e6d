//! Memory that a session reads from and writes to, kept from step to step.

use std::ops::Range;

use ort::session::{IoBinding, Session};
use ort::value::Tensor;

use crate::generate::Turn;
use crate::model::{Architecture, Head};

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

    /// Takes what `turns` show, and their states before it; all rows of each time step
    /// stand beside one another, turn by turn.
    pub fn hear(&mut self, architecture: &Architecture, turns: &mut [Turn]) {
        let Sizes { steps, rows, line } = self.sizes;
        let length = line.unwrap_or(0);
        let frames = values_mut(&mut self.frames);
        let mut conditions = self.conditions.as_mut().map(values_mut);
        let Carried { h, c, line } = &mut self.before;
        let (h, c) = (values_mut(h), values_mut(c));
        let mut line = line.as_mut().map(values_mut);
        let (inputs, known_of_row) = (architecture.inputs, architecture.conditions);
        let mut first = 0;
        for Turn { shown, state, .. } in turns {
            let here = shown.rows_of_step();
            let of_steps = places(first, here, rows, steps);
            for (place, row) in of_steps.clone().flatten().zip(shown.rows()) {
                frames[place * inputs..][..inputs].copy_from_slice(row);
            }
            if let Some(conditions) = &mut conditions {
                let known = shown.conditions.chunks_exact(here * known_of_row);
                for (rows, known) in of_steps.zip(known) {
                    conditions[rows.start * known_of_row..rows.end * known_of_row]
                        .copy_from_slice(known);
                }
            }
            state.copy_to(architecture, (h, c), first);
            if let Some(line) = &mut line {
                // Before the beginning there was silence, of which nothing is known.
                state.line.resize(length * here, 0.0);
                let own = state.line.make_contiguous().chunks_exact(here);
                for (place, own) in places(first, here, rows, length).zip(own) {
                    line[place].copy_from_slice(own);
                }
            }
            first += here;
        }
    }

    /// Runs `session`, to which it is bound.
    ///
    /// # Errors
    /// What ONNX Runtime says.
    pub fn run(&self, session: &mut Session) -> ort::Result<()> {
        session.run_binding(&self.binding).map(drop)
    }

    /// Gives `turns` their states after the last run, and the predictions of its last time
    /// step.
    pub fn tell(&self, architecture: &Architecture, turns: &mut [Turn]) {
        let Carried { h, c, line } = &self.after;
        let (h, c, line) = (values(h), values(c), line.as_ref().map(values));
        let length = self.sizes.line.unwrap_or(0);
        let predictions = values(&self.prediction);
        let of_last = match self.sizes.line {
            Some(_) => predictions.len(),
            None => predictions.len() / self.sizes.steps,
        };
        let predictions = &predictions[predictions.len() - of_last..];
        let mut first = 0;
        for turn in turns {
            let here = turn.shown.rows_of_step();
            turn.state.copy_from(architecture, (h, c), first);
            if let Some(line) = line {
                let own = turn.state.line.make_contiguous().chunks_exact_mut(here);
                for (own, place) in own.zip(places(first, here, self.sizes.rows, length)) {
                    own.copy_from_slice(&line[place]);
                }
            }
            let of_rows = |rows: usize| rows * of_last / self.sizes.rows;
            turn.prediction.clear();
            turn.prediction
                .extend_from_slice(&predictions[of_rows(first)..of_rows(first + here)]);
            first += here;
        }
    }
}

/// Where, of `all` rows at each of `steps` time steps, those are that follow the `first` ones,
/// as many as are `here`.
fn places(
    first: usize,
    here: usize,
    all: usize,
    steps: usize,
) -> impl Iterator<Item = Range<usize>> + Clone {
    (0..steps).map(move |step| step * all + first..step * all + first + here)
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
