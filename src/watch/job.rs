//! A job, how it stands, and what stops it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::claim::Claim;
use super::error::SpoolError;
use super::folders::ATTEMPT;
use super::sets;
use super::spool::Delivered;
use crate::audio::header;

/// What stops a worker in the middle of its work.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    /// Everybody is to stop, and to put back what is not done.
    pub all: Arc<AtomicBool>,
    /// This job is not wanted any more.
    pub this: Arc<AtomicBool>,
    /// This job's seed is silent, and is to have no answer.
    pub silent: Arc<AtomicBool>,
}

impl Stop {
    /// Whether everybody is to stop.
    pub fn is_for_all(&self) -> bool {
        self.all.load(Ordering::Relaxed)
    }

    /// Whether there is one of them.
    pub fn is_set(&self) -> bool {
        self.is_for_this() || self.is_for_silence() || self.is_for_all()
    }

    /// Whether this job's seed is silent, and is to have no answer.
    pub fn is_for_silence(&self) -> bool {
        self.silent.load(Ordering::Relaxed)
    }

    /// Whether this job is not wanted any more.
    pub fn is_for_this(&self) -> bool {
        self.this.load(Ordering::Relaxed)
    }
}

/// A claimed seed and what has been done for it.
pub struct Job {
    /// The seed.
    pub claim: Claim,
    /// How long it waited last because of the machine.
    wait: Duration,
    unfinished: u32,
    /// Whether an answer to it, or to those beside it, went wrong before.
    is_to_be_alone: bool,
}

impl Job {
    /// Nothing has been done yet.
    pub fn new(claim: Claim) -> Job {
        Job::of(claim, 0)
    }

    /// A seed that went on changing `unfinished` times after it was claimed.
    pub fn of(claim: Claim, unfinished: u32) -> Job {
        Job {
            claim,
            wait: Duration::ZERO,
            unfinished,
            is_to_be_alone: false,
        }
    }

    /// One that an earlier process may have begun. What it died of may be this seed, which
    /// is not to be the end of others.
    pub fn left_behind(claim: Claim) -> Job {
        let is_to_be_alone = claim
            .markers(ATTEMPT)
            .map_or(true, |tries| !tries.is_empty());
        Job {
            is_to_be_alone,
            ..Job::new(claim)
        }
    }

    /// The same, which nothing is answered beside from now on.
    pub fn alone(self) -> Job {
        Job {
            is_to_be_alone: true,
            ..self
        }
    }

    /// Whether others may be answered beside it: nothing has gone wrong with it so far.
    pub fn is_sociable(&self) -> bool {
        !self.is_to_be_alone && self.wait.is_zero() && self.unfinished == 0
    }

    /// Whether `other` may be answered beside it. Answers of one name are told apart by how
    /// many there are.
    pub fn goes_with(&self, other: &Job) -> bool {
        let is_of_one_voice = self.claim.voice() == other.claim.voice();
        let are_sociable = self.is_sociable() && other.is_sociable();
        is_of_one_voice && are_sociable && self.claim.stem() != other.claim.stem()
    }

    /// How often the seed went on changing after it was claimed.
    pub fn unfinished(&self) -> u32 {
        self.unfinished
    }

    /// How long it waits now: `shortest` at first, then twice as long each
    /// time, up to `longest`.
    pub fn wait_longer(&mut self, shortest: Duration, longest: Duration) -> Duration {
        self.wait = (self.wait * 2).clamp(shortest, longest);
        self.wait
    }
}

/// How a job stands after it was worked on.
#[derive(Debug, PartialEq)]
pub enum Outcome {
    /// Its prediction, of `seconds`, stands at `path`.
    Done { path: PathBuf, seconds: f64 },
    /// Its set stands at `path`, with these variations and how long they last.
    SetDone {
        path: PathBuf,
        variations: Vec<(PathBuf, f64)>,
    },
    /// The seed is in failed/.
    Failed { reason: String },
    /// Nobody wants its answer any more; the seed is in failed/.
    Cancelled,
    /// The seed is silent, and is not there any more.
    Skipped,
    /// The machine does not let it be done now.
    Later { reason: String },
    /// Told to stop; the seed is back in seeds/.
    Released,
    /// The seed is not complete after all: nothing was done, and it is to go back to seeds/.
    Unfinished,
    /// It was not begun, or not alone, and is still to be answered.
    Waits,
}

impl Outcome {
    /// Whether nothing is to be done any more.
    pub fn is_final(&self) -> bool {
        match self {
            Outcome::Done { .. }
            | Outcome::SetDone { .. }
            | Outcome::Failed { .. }
            | Outcome::Cancelled
            | Outcome::Skipped => true,
            Outcome::Later { .. } | Outcome::Released | Outcome::Unfinished | Outcome::Waits => {
                false
            }
        }
    }

    /// Of a job that the machine does not let be done, because of `error`.
    pub fn later(error: &SpoolError) -> Outcome {
        Outcome::Later {
            reason: error.to_string(),
        }
    }

    /// Of a job that had come to its end before.
    pub fn of(delivered: Delivered) -> Outcome {
        match delivered {
            Delivered::Prediction(path) => Outcome::Done {
                // Of one that was taken away nobody asks any more.
                seconds: header::seconds_of_wav(&path).unwrap_or(0.0),
                path,
            },
            Delivered::Set(path) => Outcome::SetDone {
                variations: sets::variations_in(&path),
                path,
            },
            Delivered::Failure(_) => Outcome::Failed {
                reason: "it is in failed/, with the reason beside it".to_owned(),
            },
        }
    }
}

/// What stands beside a seed that somebody gave up.
pub const CANCELLED: &str = "it was cancelled before it was answered; put it into seeds/ again to \
                             have it answered";
