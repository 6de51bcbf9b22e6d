//! Seeds that become jobs while the disk fails: at every moment, for one operation or several,
//! on disks that move files in one step and on those that do not.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use tempfile::TempDir;

use super::gallery::listing;
use super::{Parrot, fast_folder, setup, terms};
use crate::files::mishap::{self, Mishap};
use crate::watch::intake::Intake;
use crate::watch::job::{Job, Outcome, Stop};
use crate::watch::queue::Queue;
use crate::watch::root::{Root, WhichRoot};
use crate::watch::site::Site;
use crate::watch::spool::{Process, Spool};
use crate::watch::worker::work;
use crate::watch::{Claim, Event, OnEvent};

const SEEDS: [&str; 3] = ["a.wav", "b.wav", "c.wav"];

/// Three sounds that came to their end a while ago.
fn put_seeds(folder: &Path) {
    for name in SEEDS {
        let path = folder.join("seeds").join(name);
        super::sing(name.as_bytes(), "", &path).unwrap();
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    }
}

fn open(folder: &TempDir) -> (Spool, Vec<Claim>) {
    let root = Root::open(folder.path(), &WhichRoot::Any).unwrap();
    Spool::open(root, &Process::unique()).unwrap()
}

fn answer(spool: &Spool, mut job: Job) {
    let stop = Stop::default();
    let outcome = work(spool, &mut Parrot, &terms(), &mut job, &stop, &|_| ());
    assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
}

/// The seeds are claimed while `mishap` happens; whether it happened. When it is over, they are
/// claimed and answered by the same process if `it_goes_on`.
fn claim_all(folder: &TempDir, mishap: Mishap, it_goes_on: bool) -> bool {
    let setup = setup(folder.path());
    let told = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&told);
    let on_event: OnEvent = Arc::new(move |event| heard.lock().unwrap().push(event));
    let (spool, claims) = open(folder);
    put_seeds(folder.path());
    let site = Site::new(&setup, spool, &on_event);
    let mut intake = Intake::new(&site, |_, _| ()).unwrap();
    let mut queue = Queue::new(&site, claims);
    mishap::prepare(mishap);
    for _ in 0..3 {
        intake.scan_now(&mut queue);
    }
    let happened = mishap::clear();
    queue.check_trouble(None);
    if it_goes_on {
        intake.scan_now(&mut queue);
        // What was set aside waits for longer than a test does.
        let seeds = intake.entrances().of(None).unwrap();
        for name in SEEDS {
            seeds.inbox.forget(name.as_ref());
        }
        intake.scan_now(&mut queue);
    }
    let jobs: Vec<Job> = queue.into_jobs().collect();
    let numbers: BTreeSet<i32> = jobs.iter().map(|job| job.claim.id()).collect();
    assert_eq!(numbers.len(), jobs.len(), "{mishap:?}");
    let told = told.lock().unwrap();
    let seen = told.iter().filter_map(|event| match event {
        Event::Seen { id, .. } => Some(*id),
        _ => None,
    });
    assert_eq!(seen.collect::<BTreeSet<_>>(), numbers, "{mishap:?}");
    if it_goes_on {
        assert_eq!(jobs.len(), SEEDS.len(), "{mishap:?}");
        jobs.into_iter().for_each(|job| answer(&site.spool, job));
    }
    happened
}

/// What an earlier process left is answered by the next.
fn answer_the_rest(folder: &TempDir) -> usize {
    let (spool, claims) = open(folder);
    let mut next = spool.next_id().unwrap();
    let waiting = listing(spool.root().seeds()).into_iter().map(|name| {
        next += 1;
        spool.claim(None, name.as_ref(), next).unwrap()
    });
    let rest: Vec<Claim> = waiting.chain(claims).collect();
    let count = rest.len();
    rest.into_iter()
        .for_each(|claim| answer(&spool, Job::new(claim)));
    count
}

/// Whether `mishap` happened, and each seed was answered once.
fn is_made_good(mishap: Mishap, it_goes_on: bool) -> bool {
    let folder = fast_folder();
    let happened = claim_all(&folder, mishap, it_goes_on);
    let rest = answer_the_rest(&folder);
    assert_eq!(rest, if it_goes_on { 0 } else { SEEDS.len() }, "{mishap:?}");
    for name in ["seeds", ".antiphon/work"] {
        assert_eq!(listing(&folder.path().join(name)), [""; 0], "{mishap:?}");
    }
    let done = listing(&folder.path().join(".antiphon/done"));
    let names = done.iter().filter_map(|name| Some(name.split_once('-')?.1));
    assert_eq!(
        names.collect::<BTreeSet<_>>(),
        BTreeSet::from(SEEDS),
        "{mishap:?}"
    );
    assert_eq!(done.len(), SEEDS.len(), "{mishap:?}: {done:?}");
    happened
}

#[test]
fn two_seeds_never_share_a_job_whatever_the_disk_refuses_for_however_long() {
    if !cfg!(unix) {
        eprintln!("SKIPPED: this system does not tell which names are of one file");
        return;
    }
    for is_disk_simple in [false, true] {
        mishap::play_simple_disk(is_disk_simple);
        for (times, it_goes_on) in [(1, true), (2, true), (5, true), (2, false), (5, false)] {
            let last = (0..).find(|n| !is_made_good(Mishap::Away(*n, times), it_goes_on));
            assert!(last.unwrap() > 10, "{last:?} operations");
        }
    }
}
