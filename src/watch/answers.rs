//! What answers seeds, as the watch sees it.

use std::io;
use std::ops::ControlFlow;
use std::path::Path;

use serde_json::{Map, Value};

use crate::answer::{AnswerError, Step};
use crate::audio::AudioError;
use crate::generate::GenerateError;

/// What answers seeds.
pub trait Answers: Send {
    /// Answers one seed: by a prediction's file at `order.prediction`, or by a set's
    /// folder at `order.set`, written, synced and complete. `tell` hears what was heard,
    /// once, and now and then which share is made, and may stop it.
    ///
    /// # Errors
    ///
    /// Why there is no answer.
    fn answer(
        &mut self,
        order: &Order,
        tell: &mut dyn FnMut(Step) -> ControlFlow<()>,
    ) -> Result<Answer, NoAnswer>;

    /// The answer that was given last is published, or is not wanted any more: what was kept
    /// of it elsewhere, in case this process died, may go.
    fn settled(&mut self) {}

    /// How many of `orders`, from the first on, cost less when they are answered together:
    /// 1 where each is best answered by itself. The same is asked of all of them.
    fn together(&mut self, _orders: &[Order]) -> usize {
        1
    }

    /// Answers several seeds, each as [`answer`](Answers::answer) would, to the last bit.
    /// `tell` hears of each, known by its number, what `answer` tells, and may stop that
    /// one; `ended` gets what has become of it as soon as that is known, once.
    fn answer_together(&mut self, orders: &[Order], tell: &mut Tell, ended: &mut Ended) {
        one_by_one(self, orders, tell, ended);
    }
}

/// Hears how the answer of this number gets on, and may stop it.
pub type Tell<'a> = dyn FnMut(usize, Step) -> ControlFlow<()> + 'a;
/// Gets what has become of the answer of this number.
pub type Ended<'a> = dyn FnMut(usize, Result<Answer, NoAnswer>) + 'a;

/// Has `answers` answer `orders` one after the other.
pub fn one_by_one<A: Answers + ?Sized>(
    answers: &mut A,
    orders: &[Order],
    tell: &mut Tell,
    ended: &mut Ended,
) {
    for (n, order) in orders.iter().enumerate() {
        let answered = answers.answer(order, &mut |step| tell(n, step));
        ended(n, answered);
    }
}

/// One seed that is to be answered.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// Its file.
    pub seed: &'a Path,
    /// Whose answer is asked for; the default voice's where nobody is named.
    pub voice: Option<&'a str>,
    /// Where a prediction is to be written. Nothing stands there.
    pub prediction: &'a Path,
    /// Where a set's folder is to be made. Nothing stands there.
    pub set: &'a Path,
    /// What the stream of random numbers depends on beside the seed's content.
    pub stream_of: &'a str,
    /// What is asked of this answer alone.
    pub asked: &'a Map<String, Value>,
    /// Longer seeds, in seconds, are not read.
    pub longest_seed: Option<f64>,
}

/// An answer that has been made.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// SHA-256 of the seed as it was heard.
    pub seed_sha256: String,
    /// What was made.
    pub made: Made,
}

/// What an answer is.
#[derive(Clone, Debug, PartialEq)]
pub enum Made {
    /// A prediction, with the text of its sidecar, which lasts so long.
    Prediction { sidecar: String, seconds: f64 },
    /// A set, whose folder holds all there is to say of it.
    Set { variations: Vec<VariationMade> },
}

/// One variation of a set.
#[derive(Clone, Debug, PartialEq)]
pub struct VariationMade {
    /// The name of its file in the set's folder: `01.wav`.
    pub file: String,
    /// How long it lasts.
    pub seconds: f64,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// Whoever was told stopped it.
    Stopped,
    /// The seed will never have one.
    Seed(String),
    /// Memory, a disk or a permission lacks; another time it may have one.
    Machine(String),
    /// The seed is not there.
    Gone,
    /// The seed went on changing.
    Unfinished,
}

impl From<&AnswerError> for NoAnswer {
    fn from(error: &AnswerError) -> NoAnswer {
        let text = error.to_string();
        let cause = match error {
            AnswerError::Generate {
                cause: GenerateError::Stopped,
                ..
            } => return NoAnswer::Stopped,
            // What is wrong is the folder or the disk, whatever they say.
            error if error.is_of_temporary_files() => return NoAnswer::Machine(text),
            AnswerError::Audio(AudioError::Changed { .. }) => return NoAnswer::Unfinished,
            AnswerError::Audio(AudioError::LongerThan { seconds, .. }) => {
                return NoAnswer::Seed(format!("it is too long; {}", at_most(*seconds)));
            }
            AnswerError::Audio(
                AudioError::CannotOpen { cause, .. }
                | AudioError::CannotRead { cause, .. }
                | AudioError::CannotWrite { cause, .. },
            ) => cause,
            _ => return NoAnswer::Seed(text),
        };
        match cause.kind() {
            io::ErrorKind::NotFound => NoAnswer::Gone,
            // What the file says of itself leads nowhere.
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::InvalidData
            | io::ErrorKind::InvalidInput => NoAnswer::Seed(text),
            _ => NoAnswer::Machine(text),
        }
    }
}

/// Says that seeds are read up to `seconds`.
pub(super) fn at_most(seconds: f64) -> String {
    format!("at most {seconds} seconds are read (--max-seed-seconds)")
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;

    use super::*;
    use crate::reel::ReelError;

    #[test]
    fn what_the_disk_refuses_is_no_fault_of_the_seed() {
        let reel = || ReelError {
            folder: PathBuf::from("predictions"),
            cause: Arc::new(io::ErrorKind::StorageFull.into()),
        };
        let path = PathBuf::from("melody.wav");
        for error in [
            AnswerError::Reel(reel()),
            AnswerError::Audio(AudioError::Reel(reel())),
            AnswerError::Guide(AudioError::Reel(reel())),
            AnswerError::Generate {
                path: path.clone(),
                cause: GenerateError::Reel(reel()),
            },
            AnswerError::Audio(AudioError::CannotWrite {
                path: path.clone(),
                cause: io::ErrorKind::StorageFull.into(),
            }),
        ] {
            let expected = NoAnswer::Machine(error.to_string());
            assert_eq!(NoAnswer::from(&error), expected);
        }
        for error in [
            AnswerError::Guide(AudioError::NoSamples { path: path.clone() }),
            AnswerError::Generate {
                path,
                cause: GenerateError::SilentSeed,
            },
        ] {
            assert_eq!(NoAnswer::from(&error), NoAnswer::Seed(error.to_string()));
        }
    }
}
