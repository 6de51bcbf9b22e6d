//! Seeds that wait, answered together: each as if it were alone, whatever happens to the
//! others.

use std::fs;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::gallery::{Gallery, VOICE, kill_at_any_moment, listing, refuse_at_any_moment, text};
use super::{Parrot, fast_folder, setup, terms};
use crate::answer::Step;
use crate::files::mishap::{self, Mishap};
use crate::watch::OnEvent;
use crate::watch::answers::{Answer, Answers, Ended, NoAnswer, Order, Tell, one_by_one};
use crate::watch::company::work_together;
use crate::watch::job::{Job, Outcome, Stop};
use crate::watch::queue::Queue;
use crate::watch::root::{Root, WhichRoot};
use crate::watch::site::Site;
use crate::watch::spool::{Process, Spool};

/// Parrots that answer together as many as they are told to.
#[derive(Default)]
struct Chorus {
    most: usize,
    /// So many were answered at once.
    counts: Vec<usize>,
    /// Makes a mistake after so many answers.
    stumbles_after: Option<usize>,
}

impl Chorus {
    fn of(most: usize) -> Chorus {
        Chorus {
            most,
            ..Chorus::default()
        }
    }
}

impl Answers for Chorus {
    fn answer(
        &mut self,
        order: &Order,
        tell: &mut dyn FnMut(Step) -> ControlFlow<()>,
    ) -> Result<Answer, NoAnswer> {
        match tell(Step::Share(0.5)) {
            ControlFlow::Continue(()) => Parrot.answer(order, tell),
            ControlFlow::Break(()) => Err(NoAnswer::Stopped),
        }
    }

    fn together(&mut self, orders: &[Order]) -> usize {
        orders.len().min(self.most)
    }

    fn answer_together(&mut self, orders: &[Order], tell: &mut Tell, ended: &mut Ended) {
        self.counts.push(orders.len());
        let before = self.stumbles_after.unwrap_or(orders.len());
        one_by_one(self, &orders[..before], tell, ended);
        assert!(self.stumbles_after.is_none(), "a mistake");
    }
}

/// Claims all that waits in the order of its names.
fn claim_all(gallery: &mut Gallery) {
    let spool = gallery.spool.as_ref().unwrap();
    for name in listing(&gallery.path("seeds")) {
        let id = spool.next_id().unwrap();
        let claim = spool.claim(None, name.as_ref(), id).unwrap();
        gallery.jobs.push_back(Job::new(claim));
    }
}

/// Has `chorus` answer all that is claimed; how it comes out by the seeds' names, and what
/// waits on. What stops each is made by `stop_of`.
fn answer(
    gallery: &mut Gallery,
    chorus: &mut Chorus,
    stop_of: impl Fn(&str) -> Stop,
) -> Vec<(String, Outcome)> {
    let name = |job: &Job| job.claim.name().to_str().unwrap().to_owned();
    let jobs = gallery.jobs.drain(..).map(|job| {
        let stop = stop_of(&name(&job));
        (job, stop)
    });
    let jobs: Vec<(Job, Stop)> = jobs.collect();
    let spool = gallery.spool.as_ref().unwrap();
    let (mut outcomes, mut waiting) = (Vec::new(), Vec::new());
    work_together(
        spool,
        chorus,
        &terms(),
        jobs,
        &|_| (),
        &mut |job, outcome| {
            outcomes.push((name(&job), outcome));
            if matches!(
                outcomes.last(),
                Some((_, Outcome::Waits | Outcome::Later { .. }))
            ) {
                waiting.insert(0, job);
            }
        },
    );
    gallery.jobs.extend(waiting);
    outcomes
}

/// Five seeds, the middle one of which is `middle`, and one of another name before.
fn five(middle: &str) -> Gallery {
    let mut gallery = Gallery::open();
    gallery.arrive_as("a.wav", "good");
    gallery.settle();
    for name in ["a.wav", "b.wav", "c.wav", "d.wav", "e.wav"] {
        gallery.arrive_as(name, if name == "c.wav" { middle } else { "good" });
    }
    claim_all(&mut gallery);
    gallery
}

fn nothing(_: &str) -> Stop {
    Stop::default()
}

#[test]
fn together_each_is_answered_as_it_is_alone_and_one_that_fails_fails_alone() {
    let mut alone = five("broken");
    while alone.step() {}
    let mut gallery = five("broken");
    let mut chorus = Chorus::of(16);
    let outcomes = answer(&mut gallery, &mut chorus, nothing);
    assert_eq!(chorus.counts, [5]);
    assert_eq!(outcomes.len(), 5);
    for (name, outcome) in outcomes {
        match outcome {
            Outcome::Done { .. } => assert_ne!(name, "c.wav"),
            Outcome::Failed { reason } => assert_eq!((&*name, &*reason), ("c.wav", "it is broken")),
            outcome => panic!("{name}: {outcome:?}"),
        }
    }
    gallery.check_predictions();
    assert_eq!(gallery.published(), alone.published());
    assert_eq!(listing(&gallery.path("failed")), ["c.txt", "c.wav"]);
}

#[test]
fn as_many_as_cost_less_together_are_answered_and_the_others_wait_in_their_order() {
    let mut gallery = five("good");
    let mut chorus = Chorus::of(2);
    let outcomes = answer(&mut gallery, &mut chorus, nothing);
    let waits = outcomes.iter().filter(|(_, o)| *o == Outcome::Waits);
    let waits: Vec<&str> = waits.map(|(name, _)| &**name).collect();
    assert_eq!(waits, ["e.wav", "d.wav", "c.wav"]);
    // A single one is answered as ever.
    gallery.jobs.truncate(1);
    answer(&mut gallery, &mut chorus, nothing);
    assert_eq!(chorus.counts, [2]);
    assert_eq!(listing(&gallery.path("predictions")).len(), 2 * 4);
}

#[test]
fn one_that_is_cancelled_leaves_the_others_and_the_end_of_all_gives_them_back() {
    let mut gallery = five("good");
    let outcomes = answer(&mut gallery, &mut Chorus::of(16), |name| {
        let stop = Stop::default();
        stop.this.store(name == "c.wav", Ordering::Relaxed);
        stop
    });
    let done = outcomes
        .iter()
        .filter(|(_, o)| matches!(o, Outcome::Done { .. }));
    assert_eq!(done.count(), 4, "{outcomes:?}");
    assert!(outcomes.contains(&("c.wav".to_owned(), Outcome::Cancelled)));
    assert!(text(&gallery.path("failed/c.txt")).contains("cancelled"));

    let mut gallery = five("good");
    let stop = Stop::default();
    stop.all.store(true, Ordering::Relaxed);
    let outcomes = answer(&mut gallery, &mut Chorus::of(16), |_| stop.clone());
    assert!(
        outcomes.iter().all(|(_, o)| *o == Outcome::Released),
        "{outcomes:?}"
    );
    assert_eq!(listing(&gallery.path("seeds")).len(), 5);
    gallery.check();
}

#[test]
fn after_a_mistake_those_that_have_no_answer_are_answered_alone() {
    let mut alone = five("good");
    while alone.step() {}
    let mut gallery = five("good");
    let mut chorus = Chorus {
        stumbles_after: Some(2),
        ..Chorus::of(16)
    };
    let outcomes = answer(&mut gallery, &mut chorus, nothing);
    let outcomes: Vec<bool> = outcomes.iter().map(|(_, o)| *o == Outcome::Waits).collect();
    assert_eq!(outcomes, [false, false, true, true, true]);
    assert!(gallery.jobs.iter().all(|job| !job.is_sociable()));
    while gallery.step() {}
    gallery.check_predictions();
    assert_eq!(gallery.published(), alone.published());
}

/// Five seeds with `mishap` in the middle of answering them; whether it happened.
fn five_with(mishap: Mishap) -> (Gallery, bool) {
    let mut gallery = five("broken");
    mishap::prepare(mishap);
    answer(&mut gallery, &mut Chorus::of(16), nothing);
    (gallery, mishap::clear())
}

#[test]
fn whatever_is_refused_at_any_moment_the_same_process_makes_good() {
    refuse_at_any_moment(five_with);
}

#[test]
fn a_process_killed_at_any_moment_is_made_good_by_the_next_with_the_same_bytes() {
    kill_at_any_moment(five_with);
}

/// Claims of seeds of these names, those for the voice with its name before.
fn claims(spool: &Spool, names: &[&str]) -> Vec<crate::watch::Claim> {
    let claim = |(n, name): (usize, &&str)| {
        let (voice, own) = match name.strip_prefix("bells/") {
            Some(own) => (Some(VOICE), own),
            None => (None, *name),
        };
        let folder = spool.root().seeds_of(voice);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(own), name).unwrap();
        spool.claim(voice, own.as_ref(), n as i32 + 1).unwrap()
    };
    names.iter().enumerate().map(claim).collect()
}

#[test]
fn those_of_one_voice_and_different_names_go_together_and_idle_workers_share_them() {
    let folder = fast_folder();
    let root = Root::open(folder.path(), &WhichRoot::Any).unwrap();
    let (spool, _) = Spool::open(root, &Process::unique()).unwrap();
    let names = [
        "a.wav",
        "a.aif",
        "bells/b.wav",
        "c.wav",
        "d.wav",
        "bells/e.wav",
        "f.wav",
    ];
    let claims = claims(&spool, &names);
    // One that an earlier process may have died of.
    spool.count_attempt(&claims[4]).unwrap();
    let (setup, on_event): (_, OnEvent) = (setup(folder.path()), Arc::new(|_| ()));
    let site = Site::new(&setup, spool, &on_event);
    let mut queue = Queue::new(&site, claims);
    let mut take = |workers| {
        let jobs = queue.take_next(workers);
        let ids: Vec<i32> = jobs.iter().map(|job| job.claim.id()).collect();
        (ids, jobs)
    };
    // Four workers, seven jobs: no more than two each.
    assert_eq!(take(4).0, [1, 4]);
    let (second, jobs) = take(1);
    assert_eq!(second, [2, 7]);
    assert_eq!(take(1).0, [3, 6]);
    assert_eq!(take(1).0, [5]);
    assert_eq!(take(1).0, Vec::<i32>::new());
    for job in jobs.into_iter().rev() {
        queue.push_first(job);
    }
    let again = queue.take_next(2);
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].claim.id(), 2);
}
