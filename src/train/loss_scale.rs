//! What a loss means: its unit, and what known predictions would have.

use super::Sequences;
use crate::model::Output;

/// Time steps whose labels are looked at.
const LOOKED_AT: usize = 256;

/// A ruler for losses of one kind of output on one set of recordings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LossScale {
    /// What is counted.
    pub unit: LossUnit,
    /// The loss of always predicting silence, as well as the output can; of levels, of
    /// knowing nothing but how often each comes.
    pub silence: f64,
    /// The loss of predicting each label exactly, as surely as the output can.
    pub copy: f64,
}

/// What a loss counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossUnit {
    /// The mean squared error of a value.
    SquaredError,
    /// The negative logarithm of a value's likelihood.
    Nats,
    /// The same of the chance of a mu-law level.
    NatsOfLevels,
}

impl LossScale {
    /// That of `output`, whose predictions have `outputs` values, on `sequences`.
    pub fn of(output: Output, outputs: usize, sequences: &Sequences) -> LossScale {
        let labels = labels_of(sequences);
        LossScale {
            unit: match output {
                Output::Value => LossUnit::SquaredError,
                Output::Mixture { .. } | Output::Bands { .. } => LossUnit::Nats,
                Output::Levels { .. } => LossUnit::NatsOfLevels,
            },
            silence: output.loss_of_silence(&labels, outputs),
            copy: output.loss_of_a_copy(),
        }
    }

    /// `loss`, as it is written.
    pub fn shown(&self, loss: f64) -> String {
        match self.unit {
            LossUnit::SquaredError if loss == 0.0 => "0".to_owned(),
            LossUnit::SquaredError => format!("{loss:.2e}"),
            LossUnit::Nats | LossUnit::NatsOfLevels => format!("{loss:.3}"),
        }
    }

    /// In a sentence, what the numbers are.
    pub fn in_words(&self) -> String {
        let [silence, copy] = [self.silence, self.copy].map(|loss| self.shown(loss));
        match self.unit {
            LossUnit::SquaredError => format!(
                "The loss is the mean squared error of a value, and less is better: silence would \
                 have {silence}, a perfect copy {copy}."
            ),
            LossUnit::Nats => format!(
                "The loss is in nats per value, and less is better: silence would have {silence}, a \
                 perfect copy that is sure of itself {copy}."
            ),
            LossUnit::NatsOfLevels => format!(
                "The loss is in nats per value, and less is better: knowing only how often each \
                 level comes would have {silence}, a perfect copy that is sure of itself {copy}."
            ),
        }
    }
}

/// Labels from all over `sequences`.
fn labels_of(sequences: &Sequences) -> Vec<f32> {
    let (mut labels, mut frames, mut of_step) = (Vec::new(), Vec::new(), Vec::new());
    let apart = sequences.time_steps_per_epoch().div_ceil(LOOKED_AT).max(1);
    for index in 0..sequences.len() {
        for t in (0..sequences.time_steps(index)).step_by(apart) {
            sequences.fill(index, t..t + 1, &mut frames, &mut of_step);
            labels.extend_from_slice(&of_step);
        }
    }
    labels
}
