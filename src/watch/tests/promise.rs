//! The promise, tried at every moment: no seed is lost, no half file is ever
//! seen, and every seed ends in exactly one of done and failed, with exactly
//! one prediction.

use std::ffi::OsString;
use std::fs;
use std::time::{Duration, SystemTime};

use proptest::prelude::*;

use super::gallery::{Gallery, kill_at_any_moment, listing, refuse_at_any_moment, text};
use crate::files;
use crate::files::mishap::{self, Mishap};
use crate::watch::job::Job;

#[test]
fn a_seed_goes_to_done_or_to_failed() {
    let mut gallery = Gallery::open();
    gallery.arrive("good");
    gallery.arrive("broken");
    gallery.settle();
    gallery.check_predictions();
    assert_eq!(
        listing(&gallery.path("predictions")),
        ["good.0001.json", "good.0001.wav"]
    );
    assert_eq!(
        listing(&gallery.path("failed")),
        ["broken.txt", "broken.wav"]
    );
    assert_eq!(
        listing(&gallery.path(".antiphon/done")),
        ["000002-good.wav"]
    );
}

/// Three seeds, of which one is broken and two have the same name, with
/// `mishap` in the middle; whether it happened.
fn three_seeds(mishap: Mishap) -> (Gallery, bool) {
    let mut gallery = Gallery::open();
    gallery.arrive("good");
    gallery.settle();
    gallery.arrive("good");
    gallery.arrive("broken");
    mishap::prepare(mishap);
    gallery.step();
    gallery.step();
    (gallery, mishap::clear())
}

#[test]
fn whatever_is_refused_at_any_moment_the_same_process_makes_good() {
    refuse_at_any_moment(three_seeds);
}

#[test]
fn a_process_killed_at_any_moment_is_made_good_by_the_next_with_the_same_bytes() {
    kill_at_any_moment(three_seeds);
}

/// The same on a disk where a move takes two steps.
#[cfg(unix)]
#[test]
fn on_a_simple_disk_too_a_process_killed_at_any_moment_is_made_good_by_the_next() {
    mishap::play_simple_disk(true);
    kill_at_any_moment(three_seeds);
}

#[test]
fn recovery_may_be_killed_at_any_moment_too() {
    for moment in (0..).step_by(3) {
        let mut happened = false;
        for again in 0.. {
            let (mut gallery, killed) = three_seeds(Mishap::Killed(moment));
            happened = killed;
            mishap::prepare(Mishap::Killed(again));
            gallery.start();
            let killed = mishap::clear();
            gallery.check();
            gallery.settle();
            gallery.check_predictions();
            if !killed {
                break;
            }
        }
        if !happened {
            return;
        }
    }
}

#[test]
fn a_seed_that_kills_every_process_is_given_up() {
    let mut gallery = Gallery::open();
    gallery.arrive("good");
    for death in 1..=4 {
        // Killed at the end of the answer, when the attempt is counted.
        let spool = gallery.spool.as_ref().unwrap();
        let job = gallery.jobs.pop_front();
        let job =
            job.unwrap_or_else(|| Job::new(spool.claim(None, "good.wav".as_ref(), death).unwrap()));
        // However often the same process tries.
        for _ in 0..2 {
            assert_eq!(spool.count_attempt(&job.claim).unwrap(), death as usize);
        }
        gallery.start();
    }
    assert!(gallery.step());
    let reason = text(&gallery.path("failed/good.txt"));
    assert!(reason.contains("ended 3 times"), "{reason}");
    assert_eq!(
        listing(&gallery.path(".antiphon/work")),
        Vec::<String>::new()
    );
}

#[test]
fn an_attempt_that_antiphon_outlives_does_not_count() {
    for moment in 0.. {
        let mut gallery = Gallery::open();
        gallery.arrive("good");
        // Two processes ended while they answered it.
        let spool = gallery.spool.as_ref().unwrap();
        let claim = spool.claim(None, "good.wav".as_ref(), 1).unwrap();
        spool.count_attempt(&claim).unwrap();
        gallery.start();
        let spool = gallery.spool.as_ref().unwrap();
        spool.count_attempt(&gallery.jobs[0].claim).unwrap();
        gallery.start();
        mishap::prepare(Mishap::Refused(moment));
        gallery.step();
        let happened = mishap::clear();
        // This one ends as well, but not because of the seed.
        gallery.start();
        gallery.settle();
        gallery.check_predictions();
        let failed = listing(&gallery.path("failed"));
        assert_eq!(failed, Vec::<String>::new(), "{moment}");
        if !happened {
            return;
        }
    }
}

#[test]
fn a_silent_seed_is_there_or_gone_whenever_the_process_that_removes_it_is_killed() {
    for moment in 0.. {
        let mut gallery = Gallery::open();
        gallery.arrive("silent");
        gallery.arrive("good");
        let spool = gallery.spool.as_ref().unwrap();
        let claim = spool.claim(None, "silent.wav".as_ref(), 1).unwrap();
        spool.count_attempt(&claim).unwrap();
        mishap::prepare(Mishap::Killed(moment));
        let skipped = spool.skip(&claim);
        let happened = mishap::clear();
        let is_gone = !claim.seed().exists();
        assert!(is_gone || skipped.is_err(), "{moment}");
        gallery.start();
        while gallery.step() {}
        for folder in ["failed", "seeds", ".antiphon/work"] {
            assert_eq!(listing(&gallery.path(folder)), [""; 0], "{moment}");
        }
        let done = listing(&gallery.path(".antiphon/done"));
        assert_eq!(
            done.len(),
            if is_gone { 1 } else { 2 },
            "{moment}: {done:?}"
        );
        if !happened {
            return;
        }
    }
}

#[test]
fn a_prediction_that_was_taken_away_at_once_is_not_made_again() {
    for moment in 0.. {
        let mut gallery = Gallery::open();
        gallery.arrive("good");
        mishap::prepare(Mishap::Killed(moment));
        gallery.step();
        let happened = mishap::clear();
        // The patch moves what it hears away.
        let there = gallery.published();
        for name in there.keys().filter(|_| there.len() == 2) {
            fs::remove_file(gallery.path("predictions").join(name)).unwrap();
        }
        gallery.start();
        while gallery.step() {}
        let again = gallery.published().len();
        assert_eq!(again, if there.len() == 2 { 0 } else { 2 }, "{moment}");
        if !happened {
            return;
        }
    }
}

#[test]
fn what_is_told_later_is_younger_though_the_clock_was_set_back() {
    let mut gallery = Gallery::open();
    gallery.arrive("good");
    gallery.settle();
    let future = SystemTime::now() + Duration::from_secs(1_000_000);
    let told = gallery.path("predictions/good.0001.json");
    files::set_time(&told, future).unwrap();
    // For the next process the clock is far behind what it finds.
    gallery.start();
    gallery.arrive("broken");
    gallery.arrive("good");
    gallery.settle();
    let time = |name: &str| {
        let metadata = fs::metadata(gallery.path(name)).unwrap();
        metadata.modified().unwrap()
    };
    assert!(time("failed/broken.txt") > future);
    assert!(time("predictions/good.0002.json") > time("failed/broken.txt"));
}

#[test]
fn names_of_any_length_and_encoding_are_answered() {
    let mut gallery = Gallery::open();
    let long = "ä".repeat(125);
    let names = [
        "no extension",
        "a.txt",
        "%s $(x) \u{1F3B8}.wav",
        "000001-a.wav",
    ];
    let mut names: Vec<OsString> = names.map(OsString::from).into();
    names.push(format!("{long}.wav").into());
    names.push(format!("{long}.aif").into());
    #[cfg(unix)]
    names.push(std::os::unix::ffi::OsStringExt::from_vec(
        b"\xff\xfe.wav".into(),
    ));
    for text in ["good", "broken"] {
        for (id, name) in names.iter().enumerate() {
            fs::write(gallery.path("seeds").join(name), text).unwrap();
            let spool = gallery.spool.as_ref().unwrap();
            gallery
                .jobs
                .push_back(Job::new(spool.claim(None, name, id as i32 + 1).unwrap()));
        }
        while gallery.step() {}
    }
    let count = |folder: &str| fs::read_dir(gallery.path(folder)).unwrap().count();
    assert_eq!(count("predictions"), 2 * names.len());
    assert_eq!(count(".antiphon/done"), names.len());
    assert_eq!(count("failed"), 2 * names.len());
    assert!(gallery.path("failed/a.txt").exists());
    assert_eq!(text(&gallery.path("failed/a.reason.txt")), "it is broken\n");
}

#[derive(Clone, Debug)]
enum Happening {
    Arrival(&'static str),
    ArrivalForVoice(&'static str),
    Step(Option<Mishap>),
    Restart(Option<Mishap>),
    Stop,
}

fn happening() -> impl Strategy<Value = Happening> {
    let mishap = prop_oneof![
        2 => Just(None),
        1 => (0_usize..60).prop_map(|n| Some(Mishap::Refused(n))),
        1 => (0_usize..60).prop_map(|n| Some(Mishap::Killed(n))),
    ];
    prop_oneof![
        3 => prop_oneof![Just("good"), Just("set"), Just("broken")].prop_map(Happening::Arrival),
        1 => prop_oneof![Just("good"), Just("set")].prop_map(Happening::ArrivalForVoice),
        4 => mishap.clone().prop_map(Happening::Step),
        2 => mishap.prop_map(Happening::Restart),
        1 => Just(Happening::Stop),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_in_whatever_order(happenings in prop::collection::vec(happening(), 1..30)) {
        let mut gallery = Gallery::open();
        for happening in happenings {
            let prepare = |mishap: Option<Mishap>| {
                mishap.into_iter().for_each(mishap::prepare);
            };
            match happening {
                Happening::Arrival(kind) => gallery.arrive(kind),
                Happening::ArrivalForVoice(kind) => gallery.arrive_for_voice(kind),
                Happening::Step(mishap) => {
                    prepare(mishap);
                    gallery.step();
                    mishap::clear();
                    if matches!(mishap, Some(Mishap::Killed(_))) {
                        gallery.start();
                    }
                }
                Happening::Restart(mishap) => {
                    prepare(mishap);
                    gallery.start();
                    mishap::clear();
                }
                Happening::Stop => gallery.stop(),
            }
            gallery.check();
        }
        gallery.settle();
        gallery.check_predictions();
    }
}
