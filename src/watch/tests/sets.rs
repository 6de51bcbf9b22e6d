//! Sets: published whole, in one moment and once, whatever happens to the process.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rand::RngExt;

use super::gallery::{Gallery, kill_at_any_moment, listing, refuse_at_any_moment, text};
use super::{Parrot, fast_folder, terms};
use crate::files;
use crate::files::mishap::{self, Mishap};
use crate::random::stream;
use crate::watch::answers::VariationMade;
use crate::watch::job::{Job, Outcome, Stop};
use crate::watch::retention::{ALL, Bounds, Retention, newest};
use crate::watch::root::{Root, WhichRoot};
use crate::watch::spool::{Process, Spool};
use crate::watch::whole::check_set;
use crate::watch::worker::work;

#[test]
fn a_set_is_published_as_a_whole_and_its_seed_is_done() {
    let mut gallery = Gallery::open();
    gallery.arrive("set");
    gallery.settle();
    gallery.check_predictions();
    assert_eq!(listing(&gallery.path("predictions")), ["set.0001"]);
    assert_eq!(listing(&gallery.path(".antiphon/done")), ["000001-set.wav"]);
    let own = text(&gallery.path("predictions/set.0001/02.json"));
    assert_eq!(own, "1 set.wav 2", "each variation has its own numbers");
}

#[test]
fn predictions_and_sets_of_one_name_share_no_number() {
    let mut gallery = Gallery::open();
    for kind in ["good", "set", "set", "good"] {
        gallery.arrive_as("melody.wav", kind);
        gallery.settle();
    }
    let expected = [
        "melody.0001.json",
        "melody.0001.wav",
        "melody.0002",
        "melody.0003",
        "melody.0004.json",
        "melody.0004.wav",
    ];
    assert_eq!(listing(&gallery.path("predictions")), expected);

    // One of a prediction's two files is enough to keep its number.
    fs::remove_file(gallery.path("predictions/melody.0001.wav")).unwrap();
    gallery.arrive_as("melody.wav", "set");
    gallery.settle();
    assert!(gallery.path("predictions/melody.0005").is_dir());
    // A set that was taken away leaves its number to the next, of whatever kind.
    fs::remove_dir_all(gallery.path("predictions/melody.0002")).unwrap();
    gallery.arrive_as("melody.wav", "good");
    gallery.settle();
    assert!(gallery.path("predictions/melody.0002.wav").exists());
}

#[test]
fn workers_that_deliver_at_the_same_time_share_no_number_either() {
    let folder = fast_folder();
    let root = Root::open(folder.path(), &WhichRoot::Any).unwrap();
    let (spool, _) = Spool::open(root, &Process::unique()).unwrap();
    const EACH: i32 = 30;
    std::thread::scope(|scope| {
        for worker in 0..4 {
            let spool = &spool;
            scope.spawn(move || {
                let kind = ["set", "good"][worker as usize % 2];
                for id in 1 + worker * EACH..=(worker + 1) * EACH {
                    // Each has its own name in seeds/, and all the same stem.
                    let name = format!("melody.{id}");
                    fs::write(spool.root().seeds().join(&name), format!("{kind} {id}")).unwrap();
                    let mut job = Job::new(spool.claim(None, name.as_ref(), id).unwrap());
                    let stop = Stop::default();
                    let outcome = work(spool, &mut Parrot, &terms(), &mut job, &stop, &|_| ());
                    let done = matches!(outcome, Outcome::Done { .. } | Outcome::SetDone { .. });
                    assert!(done, "{outcome:?}");
                }
            });
        }
    });
    let names = listing(&folder.path().join("predictions"));
    assert_eq!(names.len(), 3 * 2 * EACH as usize);
    let numbers = names.iter().map(|name| &name[..11]);
    let mut sets: Vec<&str> = numbers.clone().collect();
    sets.dedup();
    assert_eq!(sets.len(), 4 * EACH as usize, "as many numbers as answers");
}

/// A prediction and two sets of one name, and a seed that is broken, with `mishap` in
/// the middle; whether it happened.
fn two_sets(mishap: Mishap) -> (Gallery, bool) {
    let mut gallery = Gallery::open();
    gallery.arrive_as("melody.wav", "good");
    gallery.settle();
    gallery.arrive_as("melody.wav", "set");
    gallery.step();
    gallery.arrive_as("melody.wav", "set");
    mishap::prepare(mishap);
    gallery.step();
    (gallery, mishap::clear())
}

#[test]
fn whatever_is_refused_at_any_moment_the_same_process_makes_good() {
    refuse_at_any_moment(two_sets);
}

#[test]
fn a_process_killed_at_any_moment_is_made_good_by_the_next_with_the_same_bytes() {
    kill_at_any_moment(two_sets);
}

#[test]
fn recovery_may_be_killed_at_any_moment_too() {
    for moment in (0..).step_by(3) {
        let mut happened = false;
        for again in 0.. {
            let (mut gallery, killed) = two_sets(Mishap::Killed(moment));
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
fn a_set_that_was_taken_away_at_once_is_not_made_again() {
    for moment in 0.. {
        let mut gallery = Gallery::open();
        gallery.arrive("set");
        mishap::prepare(Mishap::Killed(moment));
        gallery.step();
        let happened = mishap::clear();
        let set = gallery.path("predictions/set.0001");
        let was_there = set.exists();
        if was_there {
            fs::remove_dir_all(&set).unwrap();
        }
        gallery.start();
        while gallery.step() {}
        assert_eq!(set.exists(), !was_there, "{moment}");
        if !happened {
            return;
        }
    }
}

/// The four states in which a process that died may have left a set.
#[test]
fn what_the_folders_say_of_a_set_decides_what_the_next_process_does() {
    let states = [
        ("", true),
        ("", false),
        (".set-0001", true),
        (".set-0001", false),
    ];
    for (marker, in_the_making) in states {
        let mut gallery = Gallery::open();
        gallery.arrive("set");
        let spool = gallery.spool.as_ref().unwrap();
        let claim = spool.claim(None, "set.wav".as_ref(), 1).unwrap();
        if in_the_making {
            let set = gallery.path(".antiphon/tmp/000001.set");
            fs::create_dir(&set).unwrap();
            fs::write(set.join("01.wav"), "half of i").unwrap();
        }
        if !marker.is_empty() {
            fs::write(claim.folder().join(marker), "").unwrap();
        }
        drop(claim);
        gallery.settle();
        // Marked, and not in the making any more: it was delivered, and taken away since.
        let expected: &[&str] = match (marker.is_empty(), in_the_making) {
            (false, false) => &[],
            _ => &["set.0001"],
        };
        let found = listing(&gallery.path("predictions"));
        assert_eq!(found, expected, "{marker} {in_the_making}");
        assert_eq!(listing(&gallery.path(".antiphon/done")).len(), 1);
    }
}

#[test]
fn two_hundred_interruptions_at_random_lose_nothing_and_show_no_half() {
    let mut random = stream(0, "interruptions");
    let mut gallery = Gallery::open();
    for kill in 0..200 {
        let kind = ["set", "good", "set", "broken"][kill % 4];
        gallery.arrive(kind);
        mishap::prepare(Mishap::Killed(random.random_range(0..80)));
        gallery.step();
        gallery.step();
        mishap::clear();
        gallery.check();
        gallery.start();
    }
    gallery.settle();
    gallery.check_predictions();
    assert!(listing(&gallery.path("predictions")).len() > 100);
}

#[test]
fn a_set_that_lacks_something_is_not_whole() {
    let mut gallery = Gallery::open();
    gallery.arrive("set");
    gallery.settle();
    let set = gallery.path("predictions/set.0001");
    let made = ["01.wav", "02.wav", "03.wav"].map(|file| VariationMade {
        file: file.to_owned(),
        seconds: 1.0,
    });
    assert_eq!(check_set(&set, &made), Ok(()));
    for name in ["02.wav", "set.json"] {
        let away = gallery.path("away");
        fs::rename(set.join(name), &away).unwrap();
        let lack = check_set(&set, &made).unwrap_err();
        assert!(lack.contains("lacks"), "{lack}");
        fs::rename(&away, set.join(name)).unwrap();
    }
    for name in ["03.wav", "theme.wav"] {
        let whole = fs::read(set.join(name)).unwrap();
        fs::write(set.join(name), &whole[..whole.len() - 10]).unwrap();
        assert!(check_set(&set, &made).is_err(), "{name}");
        fs::write(set.join(name), whole).unwrap();
    }
    assert_eq!(check_set(&set, &made), Ok(()));
}

fn minute(n: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(60 * n)
}

/// Puts a set of 30 bytes into `folder`, told of at the `n`th minute.
fn put_set(folder: &Path, name: &str, n: u64) {
    let set = folder.join(name);
    fs::create_dir(&set).unwrap();
    for name in ["01.wav", "01.json", "set.json"] {
        fs::write(set.join(name), "0123456789").unwrap();
    }
    files::set_time(&set.join("set.json"), minute(n)).unwrap();
}

#[test]
fn a_set_stays_or_goes_as_a_whole_and_counts_as_one_name() {
    let folder = fast_folder();
    let root = Root::open(folder.path(), &WhichRoot::Any).unwrap();
    let predictions = root.predictions();
    put_set(predictions, "b.0001", 3);
    put_set(predictions, "a.0001", 1);
    for (name, n) in [("a.0002", 2), ("a.0003", 4)] {
        let sidecar = predictions.join(name).with_added_extension("json");
        fs::write(&sidecar, "0123456789").unwrap();
        files::set_time(&sidecar, minute(n)).unwrap();
    }
    fs::create_dir(predictions.join("the best")).unwrap();
    fs::write(predictions.join("the best/a.wav"), "0123456789").unwrap();
    assert_eq!(newest(&root), minute(4));

    let keep = |predictions| {
        let retention = Retention {
            done: ALL,
            predictions,
            failed: ALL,
        };
        retention.apply(&root);
    };
    keep(Bounds { names: 3, ..ALL });
    let expected = ["a.0002.json", "a.0003.json", "b.0001", "the best"];
    assert_eq!(listing(predictions), expected);
    keep(Bounds { bytes: 49, ..ALL });
    assert_eq!(listing(predictions), ["a.0003.json", "b.0001", "the best"]);
    keep(Bounds { bytes: 39, ..ALL });
    assert_eq!(listing(predictions), ["a.0003.json", "the best"]);
    assert_eq!(listing(root.tmp()), Vec::<String>::new());
    assert_eq!(listing(&predictions.join("the best")), ["a.wav"]);
}
