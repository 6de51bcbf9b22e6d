//! Several claimed seeds answered at once. Only the answering is common: each begins, is
//! told of, is stopped, ends and fails by itself.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use super::Event;
use super::answers::{Answer, Answers, NoAnswer, Order};
use super::claim::Claim;
use super::errand::Errand;
use super::job::{Job, Outcome, Stop};
use super::spool::Spool;
use super::telling::Telling;
use super::worker::{Terms, begin, end, work};
use crate::answer::Step;

/// Answers the first of `jobs`, and with it those that `answers` answers at less cost
/// together; the others wait on. `finished` hears how each stands as soon as that is
/// known, once: what waits comes last one first, so that each can be put before the others.
pub fn work_together(
    spool: &Spool,
    answers: &mut dyn Answers,
    terms: &Terms,
    mut jobs: Vec<(Job, Stop)>,
    on_event: &dyn Fn(Event),
    finished: &mut dyn FnMut(Job, Outcome),
) {
    let count = how_many_together(spool, answers, terms, &jobs);
    for (job, _) in jobs.split_off(count).into_iter().rev() {
        finished(job, Outcome::Waits);
    }
    if count > 1 {
        return answer_together(spool, answers, terms, jobs, on_event, finished);
    }
    for (mut job, stop) in jobs {
        let outcome = work(spool, answers, terms, &mut job, &stop, on_event);
        finished(job, outcome);
    }
}

/// How many of `jobs`, from the first on, are to be answered together.
fn how_many_together(
    spool: &Spool,
    answers: &mut dyn Answers,
    terms: &Terms,
    jobs: &[(Job, Stop)],
) -> usize {
    if jobs.len() < 2 {
        return jobs.len();
    }
    let errands = jobs.iter().map(|(job, _)| Errand::of(spool, &job.claim));
    let errands: Vec<Errand> = errands.collect();
    let alike = errands
        .iter()
        .take_while(|other| other.is_like(&errands[0]));
    let orders: Vec<Order> = alike.map(|errand| errand.order(terms)).collect();
    // Whatever is wrong shows again when the first one is answered.
    let count = catch_unwind(AssertUnwindSafe(|| answers.together(&orders)));
    count.unwrap_or(1).clamp(1, orders.len())
}

fn answer_together(
    spool: &Spool,
    answers: &mut dyn Answers,
    terms: &Terms,
    jobs: Vec<(Job, Stop)>,
    on_event: &dyn Fn(Event),
    finished: &mut dyn FnMut(Job, Outcome),
) {
    let (mut jobs_begun, mut stops) = (Vec::new(), Vec::new());
    for (job, stop) in jobs {
        match begin(spool, terms, &job.claim) {
            None => {
                jobs_begun.push(Some(job));
                stops.push(stop);
            }
            Some(outcome) => finished(job, outcome),
        }
    }
    let claims = jobs_begun.iter().flatten().map(|job| &job.claim);
    let ids: Vec<i32> = claims.clone().map(Claim::id).collect();
    let errands: Vec<Errand> = claims.map(|claim| Errand::of(spool, claim)).collect();
    let orders: Vec<Order> = errands.iter().map(|errand| errand.order(terms)).collect();
    let tellings = ids.iter().zip(&orders);
    let mut tellings: Vec<Telling> = tellings
        .map(|(id, order)| Telling::new(*id, order.voice, on_event))
        .collect();
    // As long as they would have had one after the other.
    let terms = Terms {
        deadline: terms.deadline * orders.len() as u32,
        ..terms.clone()
    };
    tracing::info!("{} seeds are answered together", orders.len());
    let begun = Instant::now();
    let mut tell = |n: usize, step: Step| terms.tell(step, begun, &mut tellings[n], &stops[n]);
    let mut ended = |n: usize, answered: Result<Answer, NoAnswer>| {
        if let Some(job) = jobs_begun[n].take() {
            let outcome = end(spool, &terms, &job.claim, &stops[n], answered);
            finished(job, outcome);
        }
    };
    let answered = catch_unwind(AssertUnwindSafe(|| {
        answers.answer_together(&orders, &mut tell, &mut ended);
    }));
    if answered.is_err() {
        tracing::error!(
            "antiphon made a mistake while answering several seeds; those that have no answer yet \
             are answered one by one"
        );
    }
    for job in jobs_begun.into_iter().flatten().rev() {
        finished(job.alone(), Outcome::Waits);
    }
}
