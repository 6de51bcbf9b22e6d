//! What a damaged checkpoint costs.

use std::fmt;

use super::losses::LossRow;
use crate::train::checkpoint::Checkpoint;

/// Training that has to be done again, since the last checkpoint is damaged.
#[derive(Debug, PartialEq)]
pub struct Lost {
    /// What is wrong with it.
    pub cause: String,
    /// The step of the checkpoint before it.
    pub step: u64,
    /// The last step that the loss log knows.
    pub until: u64,
    /// From that checkpoint to that step.
    pub seconds: f64,
}

impl Lost {
    /// What it cost that the last checkpoint is not whole, for this `cause`, and that
    /// `checkpoint` is gone on from; `rows` are those of the loss log.
    pub(super) fn new(cause: String, checkpoint: &Checkpoint, rows: &[LossRow]) -> Lost {
        let steps = checkpoint.notes.position.steps;
        let last = rows.last().filter(|row| row.step > steps);
        Lost {
            cause,
            step: steps,
            until: last.map_or(steps, |row| row.step),
            seconds: last.map_or(0.0, |row| row.seconds - checkpoint.notes.trained_for),
        }
    }
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (cause, step) = (&self.cause, self.step);
        write!(
            f,
            "The last checkpoint cannot be used ({cause}); going on from the one before it, of step {step}"
        )?;
        match self.until > step {
            true => write!(
                f,
                ": {} of training, up to step {}, are done again.",
                duration(self.seconds),
                self.until
            ),
            false => f.write_str("."),
        }
    }
}

fn duration(seconds: f64) -> String {
    match seconds < 120.0 {
        true => format!("{seconds:.1} s"),
        false => format!("{:.1} minutes", seconds / 60.0),
    }
}
