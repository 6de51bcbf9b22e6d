//! One claimed seed answered: the middle of a job's way.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::Event;
use super::answers::{Answer, Answers, Made, NoAnswer, VariationMade, at_most};
use super::arrival::has_writer;
use super::claim::Claim;
use super::errand::Errand;
use super::error::SpoolError;
use super::job::{CANCELLED, Job, Outcome, Stop};
use super::spool::{MOST_ATTEMPTS, Spool};
use super::telling::Telling;
use super::whole::{check_prediction, check_set};
use crate::answer::Step;
use crate::audio;
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
    /// Seeds whose loudest moment is below this level, in decibels, are removed instead.
    pub skip_silent: Option<f64>,
    /// Whether a seed fails of which this process died several times; not where others
    /// compute, and this one dies of something else.
    pub counts_attempts: bool,
}

impl Terms {
    /// Tells of a `step` of an answer that was begun at `begun`, and says whether it goes on.
    pub(super) fn tell(
        &self,
        step: Step,
        begun: Instant,
        telling: &mut Telling,
        stop: &Stop,
    ) -> ControlFlow<()> {
        match step {
            Step::Waiting => {}
            Step::Heard(heard) if self.skip_silent.is_some_and(|level| heard.loudest < level) => {
                stop.silent.store(true, Ordering::Relaxed);
            }
            step => telling.step(step),
        }
        match stop.is_set() || begun.elapsed() > self.deadline {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }
}

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
    let claim = &job.claim;
    begin(spool, terms, claim).unwrap_or_else(|| {
        let answered = answer(spool, answers, terms, claim, stop, on_event);
        let outcome = end(spool, terms, claim, stop, answered);
        if outcome.is_final() {
            answers.settled();
        }
        outcome
    })
}

/// Makes sure that the seed of `claim` is to be answered, and counts that it is about to be;
/// how it stands where it is not.
pub(super) fn begin(spool: &Spool, terms: &Terms, claim: &Claim) -> Option<Outcome> {
    let begun = try_to_begin(spool, terms, claim);
    begun.unwrap_or_else(|error| Some(later(spool, claim, Outcome::later(&error))))
}

fn try_to_begin(
    spool: &Spool,
    terms: &Terms,
    claim: &Claim,
) -> Result<Option<Outcome>, SpoolError> {
    if let Some(delivered) = spool.settle(claim)? {
        return Ok(Some(Outcome::of(delivered)));
    }
    if has_writer(&claim.seed()) == Some(true) {
        return Ok(Some(Outcome::Unfinished));
    }
    if let Err(reason) = check_seed(&claim.seed(), terms) {
        return fail(spool, claim, reason).map(Some);
    }
    if terms.counts_attempts && spool.count_attempt(claim)? > MOST_ATTEMPTS {
        let reason = format!(
            "antiphon ended {MOST_ATTEMPTS} times in the middle of answering this seed, which is \
             not tried again; please report it"
        );
        return fail(spool, claim, reason).map(Some);
    }
    Ok(None)
}

/// Publishes what the seed of `claim` was `answered` with, or does what follows where it has
/// no answer. How it stands then.
pub(super) fn end(
    spool: &Spool,
    terms: &Terms,
    claim: &Claim,
    stop: &Stop,
    answered: Result<Answer, NoAnswer>,
) -> Outcome {
    let ended = match answered {
        Ok(answer) => publish(spool, claim, answer),
        Err(NoAnswer::Stopped) if stop.is_for_this() => {
            let failed = spool.fail(claim, CANCELLED);
            failed.map(|_| Outcome::Cancelled)
        }
        Err(NoAnswer::Stopped) if stop.is_for_silence() => skip(spool, claim),
        Err(NoAnswer::Stopped) if stop.is_for_all() => {
            let released = spool.release(claim);
            released.map(|_| Outcome::Released)
        }
        Err(why) => do_without(spool, claim, why, terms.deadline),
    };
    later(
        spool,
        claim,
        ended.unwrap_or_else(|error| Outcome::later(&error)),
    )
}

/// `outcome`; where the machine did not let it be done, antiphon outlived the attempt, which
/// does not count then.
fn later(spool: &Spool, claim: &Claim, outcome: Outcome) -> Outcome {
    if matches!(outcome, Outcome::Later { .. })
        && let Err(error) = spool.discount_attempt(claim)
    {
        tracing::debug!(job = claim.id(), "{error}");
    }
    outcome
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

/// Removes a silent seed, unless somebody has begun to write into it again.
fn skip(spool: &Spool, claim: &Claim) -> Result<Outcome, SpoolError> {
    if has_writer(&claim.seed()) == Some(true) {
        return Ok(Outcome::Unfinished);
    }
    spool.skip(claim)?;
    Ok(Outcome::Skipped)
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
    let errand = Errand::of(spool, claim);
    let order = errand.order(terms);
    let begun = Instant::now();
    let mut telling = Telling::new(claim.id(), claim.voice(), on_event);
    let mut tell = |step| terms.tell(step, begun, &mut telling, stop);
    catch_unwind(AssertUnwindSafe(|| answers.answer(&order, &mut tell))).unwrap_or_else(|_| {
        Err(NoAnswer::Seed(
            "antiphon made a mistake while answering this seed; please report it".to_owned(),
        ))
    })
}
