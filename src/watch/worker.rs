//! One claimed seed answered: the middle of a job's way.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::Event;
use super::answers::{Answer, Answers, Made, NoAnswer, Order, VariationMade, at_most};
use super::arrival::has_writer;
use super::claim::Claim;
use super::error::SpoolError;
use super::sets;
use super::spool::{Delivered, MOST_ATTEMPTS, Spool};
use super::telling::Telling;
use super::whole::{check_prediction, check_set};
use crate::audio::{self, header};
use crate::files;
use crate::names::readable;

/// What every answer has to keep to.
#[derive(Clone, Debug, PartialEq)]
pub struct Terms {
    /// Longer seeds fail, in seconds.
    pub longest_seed: Option<f64>,
    /// Larger seeds fail, in bytes.
    pub max_seed_bytes: u64,
    /// An answer that takes longer fails.
    pub deadline: Duration,
}

/// What stops a worker in the middle of its work.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    /// Everybody is to stop, and to put back what is not done.
    pub all: Arc<AtomicBool>,
    /// This job is not wanted any more.
    pub this: Arc<AtomicBool>,
}

impl Stop {
    fn is_for_all(&self) -> bool {
        self.all.load(Ordering::Relaxed)
    }

    fn is_for_this(&self) -> bool {
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
        }
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
    /// The machine does not let it be done now.
    Later { reason: String },
    /// Told to stop; the seed is back in seeds/.
    Released,
    /// The seed is not complete after all: nothing was done, and it is to go back to seeds/.
    Unfinished,
}

impl Outcome {
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

/// Answers `job` and publishes the answer, unless `stop` is set meanwhile. `on_event` is
/// told what was heard and how it gets on.
pub fn work(
    spool: &Spool,
    answers: &mut dyn Answers,
    terms: &Terms,
    job: &mut Job,
    stop: &Stop,
    on_event: &dyn Fn(Event),
) -> Outcome {
    let outcome = try_to_work(spool, answers, terms, job, stop, on_event);
    outcome.unwrap_or_else(|error| Outcome::Later {
        reason: error.to_string(),
    })
}

fn try_to_work(
    spool: &Spool,
    answers: &mut dyn Answers,
    terms: &Terms,
    job: &mut Job,
    stop: &Stop,
    on_event: &dyn Fn(Event),
) -> Result<Outcome, SpoolError> {
    let claim = &job.claim;
    if let Some(delivered) = spool.settle(claim)? {
        return Ok(Outcome::of(delivered));
    }
    if has_writer(&claim.seed()) == Some(true) {
        return Ok(Outcome::Unfinished);
    }
    if let Err(reason) = check_seed(&claim.seed(), terms) {
        return fail(spool, claim, reason);
    }
    if spool.count_attempt(claim)? > MOST_ATTEMPTS {
        let reason = format!(
            "antiphon ended {MOST_ATTEMPTS} times in the middle of answering this seed, which is \
             not tried again; please report it"
        );
        return fail(spool, claim, reason);
    }
    match answer(spool, answers, terms, claim, stop, on_event) {
        Ok(answer) => publish(spool, claim, answer),
        Err(NoAnswer::Stopped) if stop.is_for_this() => {
            spool.fail(claim, CANCELLED)?;
            Ok(Outcome::Cancelled)
        }
        Err(NoAnswer::Stopped) if stop.is_for_all() => {
            spool.release(claim)?;
            Ok(Outcome::Released)
        }
        Err(why) => do_without(spool, claim, why, terms.deadline),
    }
}

/// Publishes `answer`, if it is whole and the seed still is what was answered.
fn publish(spool: &Spool, claim: &Claim, answer: Answer) -> Result<Outcome, SpoolError> {
    if !is_still(&claim.seed(), &answer.seed_sha256) {
        return Ok(Outcome::Unfinished);
    }
    match answer.made {
        Made::Prediction { sidecar, seconds } => {
            if let Err(reason) = check_prediction(&claim.unpublished_prediction()) {
                return Ok(Outcome::Later { reason });
            }
            let path = spool.publish(claim, &sidecar)?;
            Ok(Outcome::Done { path, seconds })
        }
        Made::Set { variations } => publish_set(spool, claim, variations),
    }
}

fn publish_set(
    spool: &Spool,
    claim: &Claim,
    variations: Vec<VariationMade>,
) -> Result<Outcome, SpoolError> {
    if let Err(reason) = check_set(&claim.unpublished_set(), &variations) {
        return Ok(Outcome::Later { reason });
    }
    let path = spool.publish_set(claim)?;
    let published = |variation: VariationMade| (path.join(variation.file), variation.seconds);
    let variations = variations.into_iter().map(published).collect();
    Ok(Outcome::SetDone { path, variations })
}

/// What follows for a seed that has no answer.
fn do_without(
    spool: &Spool,
    claim: &Claim,
    why: NoAnswer,
    deadline: Duration,
) -> Result<Outcome, SpoolError> {
    match why {
        // A recording that cannot be read may be one in the making.
        NoAnswer::Seed(_) if has_writer(&claim.seed()) == Some(true) => Ok(Outcome::Unfinished),
        NoAnswer::Unfinished => Ok(Outcome::Unfinished),
        NoAnswer::Seed(reason) => fail(spool, claim, claim.in_the_users_words(&reason)),
        NoAnswer::Machine(reason) => {
            let reason = claim.in_the_users_words(&reason);
            Ok(Outcome::Later { reason })
        }
        NoAnswer::Stopped => {
            let seconds = deadline.as_secs();
            let reason = format!(
                "no answer within {seconds} seconds; ask for less, or allow more with --deadline"
            );
            fail(spool, claim, reason)
        }
        NoAnswer::Gone => {
            let reason = format!(
                "{} was taken away before it was answered",
                readable(claim.name())
            );
            spool.fail_without(claim, &reason)?;
            Ok(Outcome::Failed { reason })
        }
    }
}

fn fail(spool: &Spool, claim: &Claim, reason: String) -> Result<Outcome, SpoolError> {
    // All that fails lies in one folder.
    let reason = match claim.voice().map(|voice| format!("the voice {voice}")) {
        Some(voice) if !reason.contains(&voice) => format!("for {voice}: {reason}"),
        _ => reason,
    };
    spool.fail(claim, &reason)?;
    Ok(Outcome::Failed { reason })
}

/// Refuses what is no plain file or too much, before anything of it is read.
fn check_seed(seed: &Path, terms: &Terms) -> Result<(), String> {
    // A seed that cannot be looked at is a matter of opening it.
    let Ok(metadata) = seed.symlink_metadata() else {
        return Ok(());
    };
    if !metadata.is_file() {
        return Err("it is no plain file; copy the sound itself".to_owned());
    }
    if metadata.len() > terms.max_seed_bytes {
        return Err(format!(
            "it is too large, {} bytes; at most {} are read (--max-seed-bytes)",
            metadata.len(),
            terms.max_seed_bytes
        ));
    }
    // What its header leaves open is found out while it is read.
    let rate = audio::header::bytes_per_second(seed).unwrap_or(0);
    let seconds = metadata.len() as f64 / rate as f64;
    match terms.longest_seed {
        Some(longest) if rate > 0 && seconds > longest => Err(format!(
            "it is too long, {seconds:.0} seconds; {}",
            at_most(longest)
        )),
        _ => Ok(()),
    }
}

/// Whether `seed` is what was heard, and nobody is about to change it.
fn is_still(seed: &Path, sha256: &str) -> bool {
    // A seed that is not there any more was moved on by its owner: it had its answer.
    let there = seed.symlink_metadata().is_ok();
    !there
        || (has_writer(seed) != Some(true) && files::sha256_of(seed).is_ok_and(|now| now == sha256))
}

fn answer(
    spool: &Spool,
    answers: &mut dyn Answers,
    terms: &Terms,
    claim: &Claim,
    stop: &Stop,
    on_event: &dyn Fn(Event),
) -> Result<Answer, NoAnswer> {
    let order = Order {
        seed: &claim.seed(),
        voice: claim.voice(),
        prediction: &claim.unpublished_prediction(),
        set: &claim.unpublished_set(),
        stream_of: &stream_of(spool, claim),
        asked: &claim.asked(),
        longest_seed: terms.longest_seed,
    };
    let begun = Instant::now();
    let mut telling = Telling::new(claim.id(), claim.voice(), on_event);
    let mut tell = |step| {
        telling.step(step);
        match stop.is_for_this() || stop.is_for_all() || begun.elapsed() > terms.deadline {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    };
    catch_unwind(AssertUnwindSafe(|| answers.answer(&order, &mut tell))).unwrap_or_else(|_| {
        Err(NoAnswer::Seed(
            "antiphon made a mistake while answering this seed; please report it".to_owned(),
        ))
    })
}

/// Each answer draws from a stream of its own, which depends on nothing but the
/// seed, its name, and how many predictions of that name there are: the same
/// recording heard twice gets two answers, and an answer that was interrupted
/// comes out the same.
fn stream_of(spool: &Spool, claim: &Claim) -> String {
    format!("{} {}", spool.next_number(claim), claim.name().display())
}
