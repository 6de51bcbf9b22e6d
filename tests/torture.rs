//! The daemon in conditions that nobody wishes for: killed, flooded, its disk
//! full, its folder gone. `make torture` runs the same at full length.
#![cfg_attr(not(unix), allow(dead_code))] // some tests are for Unix only

mod common;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use common::chance::{Random, length};
#[cfg(target_os = "linux")]
use common::disk::Disk;
#[cfg(target_os = "linux")]
use common::footprint::Footprint;
use common::gallery::{Gallery, LIVELY, PATIENCE, SLOW, listing};
use common::{pluck, write_seed};
use rosc::OscType;

/// Every one of `seeds` is in exactly one of waiting, in work, done and failed,
/// and every prediction can be read in full.
fn check(gallery: &Gallery, seeds: &[String]) {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut found = gallery.listing("seeds");
    for id in gallery.listing(".antiphon/work") {
        let names = listing(&gallery.path(".antiphon/work").join(id));
        found.extend(names.into_iter().filter(|name| !name.starts_with('.')));
    }
    let done = gallery.listing(".antiphon/done").into_iter();
    let visible = done.filter(|name| !name.starts_with('.'));
    found.extend(visible.map(|name| name[7..].to_owned()));
    let failed = gallery.listing("failed");
    found.extend(failed.into_iter().filter(|name| !name.ends_with(".txt")));
    for name in found.into_iter().filter(|name| !name.starts_with('.')) {
        *places.entry(name).or_default() += 1;
    }
    for seed in seeds {
        assert_eq!(places.remove(seed), Some(1), "{seed}");
    }
    assert!(places.is_empty(), "{places:?}");
    for name in gallery.listing("predictions") {
        let path = gallery.path("predictions").join(&name);
        if name.ends_with(".wav") {
            let prediction = antiphon::audio::read::read(&path).unwrap();
            assert!(prediction.facts.length_agrees, "{name}");
        }
    }
}

/// Besides, nothing waits any more, and there is one prediction for each seed
/// that is done.
fn check_all_answered(gallery: &Gallery, seeds: &[String]) {
    check(gallery, seeds);
    for folder in ["seeds", ".antiphon/work", ".antiphon/tmp"] {
        assert_eq!(gallery.listing(folder), Vec::<String>::new(), "{folder}");
    }
    let done = gallery.listing(".antiphon/done");
    let mut expected: Vec<String> = done
        .iter()
        .flat_map(|name| {
            let stem = name[7..].trim_end_matches(".wav");
            [format!("{stem}.0001.json"), format!("{stem}.0001.wav")]
        })
        .collect();
    expected.sort();
    assert_eq!(gallery.listing("predictions"), expected);
    let failed = gallery.listing("failed").len() / 2;
    assert_eq!(done.len() + failed, seeds.len());
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

fn put_seed(gallery: &Gallery, number: usize) -> String {
    let name = format!("{number:05}.wav");
    let path = gallery.path("seeds").join(&name);
    match number % 7 {
        3 => std::fs::write(&path, format!("no sound {number}")).unwrap(),
        _ => write_seed(&path, &pluck(200.0 + number as f64, 0.1, 11025)),
    }
    name
}

fn sounds(gallery: &Gallery) -> BTreeMap<String, Vec<u8>> {
    let folder = gallery.path("predictions");
    let names = gallery.listing("predictions").into_iter();
    names
        .filter(|name| name.ends_with(".wav"))
        .map(|name| (name.clone(), std::fs::read(folder.join(name)).unwrap()))
        .collect()
}

#[cfg(unix)]
#[test]
fn kill_9_at_any_moment_loses_nothing_and_changes_no_byte() {
    let kills = length(50, 1000);
    let mut random = Random(1);
    let mut gallery = Gallery::closed_with(LIVELY, &["--seconds", "2"]);
    let mut seeds = Vec::new();
    for kill in 0..kills {
        gallery.begin();
        for _ in 0..random.below(3) {
            seeds.push(put_seed(&gallery, seeds.len()));
            std::thread::sleep(Duration::from_millis(random.below(20)));
        }
        std::thread::sleep(Duration::from_millis(random.below(100)));
        gallery.end_with("-KILL");
        check(&gallery, &seeds);
        if kill % 10 == 9 {
            // Time enough, so that not everything is only begun.
            gallery.begin();
            gallery.wait_until_quiet();
            gallery.end_with("-KILL");
        }
    }
    gallery.begin();
    gallery.wait_until_quiet();
    gallery.end_with("-TERM");
    check_all_answered(&gallery, &seeds);

    let mut undisturbed = Gallery::closed_with(LIVELY, &["--seconds", "2"]);
    for number in 0..seeds.len() {
        put_seed(&undisturbed, number);
    }
    undisturbed.start();
    undisturbed.wait_until_quiet();
    undisturbed.end_with("-TERM");
    // Whoever kills at random kills some seed's every attempt now and then.
    let mut expected = sounds(&undisturbed);
    for name in gallery.listing("failed") {
        let reason = gallery.path("failed").join(&name);
        if name.ends_with(".txt") && read(&reason).contains("ended 3 times") {
            expected.remove(&name.replace(".txt", ".0001.wav"));
        }
    }
    assert!(expected.len() * 2 > seeds.len(), "most are answered");
    let sounds = sounds(&gallery);
    assert!(sounds.keys().eq(expected.keys()), "the same seeds");
    for (name, sound) in sounds {
        assert!(expected[&name] == sound, "{name} has the same bytes");
    }
}

/// A set that can be seen is whole.
fn check_set(set: &Path) {
    let notes: serde_json::Value = serde_json::from_str(&read(&set.join("set.json"))).unwrap();
    let mut expected = vec!["set.json".to_owned(), "theme.wav".to_owned()];
    for variation in notes["variations"].as_array().unwrap() {
        let file = variation["file"].as_str().unwrap();
        let sound = antiphon::audio::read::read(&set.join(file)).unwrap();
        assert!(sound.facts.length_agrees, "{}", set.display());
        expected.extend([file.to_owned(), file.replace(".wav", ".json")]);
    }
    expected.sort();
    assert_eq!(expected.len(), 8, "{notes}");
    assert_eq!(listing(set), expected);
}

/// Every one of `seeds`, called `NAME.wav` or `VOICE/NAME.wav`, is in exactly one place, and
/// every set is whole.
fn check_voices(gallery: &Gallery, seeds: &[String]) {
    let mut found: Vec<String> = Vec::new();
    let visible = |name: &String| !name.starts_with('.') && name.ends_with(".wav");
    for folder in ["seeds", "seeds/solo", "failed"] {
        found.extend(gallery.listing(folder).into_iter().filter(visible));
    }
    for id in gallery.listing(".antiphon/work") {
        let names = listing(&gallery.path(".antiphon/work").join(id));
        found.extend(names.into_iter().filter(visible));
    }
    let done = gallery.listing(".antiphon/done").into_iter();
    found.extend(done.filter(visible).map(|name| name[7..].to_owned()));
    found.sort();
    let mut expected: Vec<String> = seeds
        .iter()
        .map(|seed| seed.trim_start_matches("solo/").to_owned())
        .collect();
    expected.sort();
    assert_eq!(found, expected);
    for name in gallery.listing("predictions") {
        match name.as_str() {
            "solo" => {}
            name if name.starts_with('.') => {}
            set => check_set(&gallery.path("predictions").join(set)),
        }
    }
}

#[cfg(unix)]
#[test]
fn kill_9_shows_no_half_of_a_set_and_keeps_every_seed_of_every_voice() {
    let kills = length(40, 200);
    let mut random = Random(2);
    let mut gallery = Gallery::closed_with(LIVELY, &["--seconds", "1", "--variations", "3"]);
    std::fs::create_dir_all(gallery.path("voices")).unwrap();
    std::fs::create_dir_all(gallery.path("seeds/solo")).unwrap();
    let voice = r#"{"seconds": 0.5}"#;
    std::fs::write(gallery.path("voices/solo.json"), voice).unwrap();
    let mut seeds = Vec::new();
    for kill in 0..kills {
        gallery.begin();
        for _ in 0..random.below(3) {
            let number = seeds.len();
            let name = match number % 3 {
                0 => format!("solo/{number:05}.wav"),
                _ => format!("{number:05}.wav"),
            };
            let path = gallery.path("seeds").join(&name);
            write_seed(&path, &pluck(200.0 + number as f64, 0.1, 11025));
            seeds.push(name);
            std::thread::sleep(Duration::from_millis(random.below(20)));
        }
        std::thread::sleep(Duration::from_millis(random.below(100)));
        gallery.end_with("-KILL");
        check_voices(&gallery, &seeds);
        if kill % 8 == 7 {
            // Time enough, so that not everything is only begun.
            gallery.begin();
            wait_until_done(&gallery, seeds.len() * 2 / 3);
            gallery.end_with("-KILL");
        }
    }
    gallery.begin();
    wait_until_done(&gallery, seeds.len());
    gallery.end_with("-TERM");
    check_voices(&gallery, &seeds);
    let failed = gallery.listing("failed").len() / 2;
    assert!(failed * 2 < seeds.len(), "most are answered");
    let done = gallery.listing(".antiphon/done");
    // Where all was done before the last start, that daemon may have ended with a probe of
    // whether it may write.
    let answers = |folder: &str, is_answer: fn(&str) -> bool| {
        let mut names = gallery.listing(folder);
        names.retain(|name| !name.starts_with('.') && is_answer(name));
        names
    };
    let (solo, sets) = (
        answers("predictions/solo", |name| name.ends_with(".wav")),
        answers("predictions", |name| name != "solo"),
    );
    assert_eq!(
        solo.len() + sets.len(),
        done.len(),
        "one answer each: {solo:?} and {sets:?} of {done:?}"
    );
    assert_eq!(done.len() + failed, seeds.len());
    assert_eq!(gallery.listing(".antiphon/tmp"), Vec::<String>::new());
}

/// What is kept of predictions and of answered seeds while old ones are removed.
const KEPT: usize = 3;
/// Where seeds are put in turn: for the default voice, for one that answers with sets, and for
/// another.
const FOLDERS: [&str; 3] = ["seeds", "seeds/chorus", "seeds/solo"];

fn is_visible(name: &str) -> bool {
    !name.starts_with('.')
}

/// The seeds that wait or are in work.
fn in_flight(gallery: &Gallery) -> Vec<String> {
    let waiting = FOLDERS.iter().flat_map(|folder| gallery.listing(folder));
    let jobs = gallery.listing(".antiphon/work").into_iter();
    let in_work = jobs.flat_map(|id| listing(&gallery.path(".antiphon/work").join(id)));
    let is_seed = |name: &String| is_visible(name) && name.ends_with(".wav");
    waiting.chain(in_work).filter(is_seed).collect()
}

/// How many predictions there are, with sets, and how many answered seeds.
fn kept(gallery: &Gallery) -> [usize; 2] {
    let count = |folder: &str, is_one: fn(&str) -> bool| {
        let names = gallery.listing(folder);
        names.iter().filter(|name| is_one(name)).count()
    };
    let sounds = ["predictions", "predictions/solo"];
    let sounds = sounds.map(|folder| count(folder, |name| name.ends_with(".wav")));
    let sets = count("predictions/chorus", is_visible);
    let done = count(".antiphon/done", is_visible);
    [sounds.into_iter().sum::<usize>() + sets, done]
}

/// Of `seeds`, those that are still there are in one place only; sets are whole, and at most
/// one sound is without its sidecar: the one whose removal was interrupted.
fn check_bounded(gallery: &Gallery, seeds: &[String]) {
    let mut found = in_flight(gallery);
    let done = gallery.listing(".antiphon/done").into_iter();
    let done = done.filter(|name| is_visible(name));
    found.extend(done.map(|name| name[7..].to_owned()));
    found.sort();
    let all = found.len();
    found.dedup();
    assert_eq!(found.len(), all, "each in one place: {found:?}");
    assert!(found.iter().all(|name| seeds.contains(name)), "{found:?}");
    let sets = gallery.listing("predictions/chorus").into_iter();
    for set in sets.filter(|name| is_visible(name)) {
        check_set(&gallery.path("predictions/chorus").join(set));
    }
    let alone = sounds_alone(gallery);
    assert!(alone.len() <= 1, "{alone:?}");
}

/// The predictions that have no sidecar.
fn sounds_alone(gallery: &Gallery) -> Vec<String> {
    let folders = ["predictions", "predictions/solo"].into_iter();
    let alone = folders.flat_map(|folder| {
        let names = gallery.listing(folder);
        let is_alone = |name: &&String| {
            name.ends_with(".wav") && !names.contains(&name.replace(".wav", ".json"))
        };
        names.iter().filter(is_alone).cloned().collect::<Vec<_>>()
    });
    alone.collect()
}

/// Waits until `is_so`.
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < 2 * PATIENCE, "{what} in time");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[cfg(unix)]
#[test]
fn kill_9_while_old_ones_of_all_voices_are_removed_leaves_no_half_and_no_litter() {
    let kills = length(40, 1000);
    let bound = KEPT.to_string();
    let bounds = ["--keep-predictions", &bound, "--keep-done", &bound];
    let arguments = [&["--seconds", "0.2"], &bounds[..]].concat();
    let mut random = Random(3);
    let mut gallery = Gallery::closed_with(LIVELY, &arguments);
    let mut seeds: Vec<String> = Vec::new();
    let litter = ".antiphon/.state.json.1.part";
    // The first daemon may be killed before it makes its folders.
    for folder in FOLDERS.into_iter().chain([".antiphon", "voices"]) {
        std::fs::create_dir_all(gallery.path(folder)).unwrap();
    }
    for (voice, plan) in [("solo", "{}"), ("chorus", r#"{"variations": 3}"#)] {
        std::fs::write(gallery.path(&format!("voices/{voice}.json")), plan).unwrap();
    }
    let mut before = [0; 2];
    for kill in 0..kills {
        let mut moving = in_flight(&gallery).len();
        gallery.begin();
        for _ in 0..random.below(4) {
            let name = format!("{:05}.wav", seeds.len());
            let path = gallery.path(FOLDERS[seeds.len() % 3]).join(&name);
            write_seed(&path, &pluck(200.0 + seeds.len() as f64, 0.1, 11025));
            seeds.push(name);
            moving += 1;
        }
        // Old ones are looked for at each start, and then each ten seconds.
        let is_over = |kept: [usize; 2], most: usize| kept.iter().any(|kept| *kept > most);
        std::thread::sleep(Duration::from_millis(random.below(150)));
        if kill % 10 == 9 {
            wait_until("all are answered", || in_flight(&gallery).is_empty());
            let is_bounded = || !is_over(kept(&gallery), KEPT + moving);
            wait_until("what is over the bounds goes", is_bounded);
        }
        gallery.end_with("-KILL");
        check_bounded(&gallery, &seeds);
        let now = kept(&gallery);
        let most = before.into_iter().max().unwrap_or_default().max(KEPT);
        assert!(
            !is_over(now, most + moving),
            "{now:?} after {before:?} and {moving}"
        );
        before = now;
        std::fs::write(gallery.path(litter), "half of a st").unwrap();
    }
    gallery.begin();
    wait_until("all are answered", || in_flight(&gallery).is_empty());
    let newest = gallery.path("seeds").join("newest.wav");
    write_seed(&newest, &pluck(150.0, 0.1, 11025));
    let newest = gallery.path("predictions/newest.0001.wav");
    wait_until("the newest is answered", || newest.exists());
    wait_until("all are answered", || in_flight(&gallery).is_empty());
    gallery.end_with("-TERM");
    // One more start, whose first look removes what is over.
    gallery.begin();
    wait_until("what is over the bounds goes", || {
        kept(&gallery) == [KEPT; 2] && !gallery.path(litter).exists()
    });
    gallery.end_with("-TERM");
    check_bounded(&gallery, &[seeds, vec!["newest.wav".to_owned()]].concat());
    assert_eq!((kept(&gallery), newest.exists()), ([KEPT; 2], true));
    assert_eq!(sounds_alone(&gallery), Vec::<String>::new());
    assert_eq!(gallery.listing(".antiphon/tmp"), Vec::<String>::new());
    let mut parts = gallery.listing(".antiphon");
    parts.retain(|name| name.ends_with(".part"));
    assert_eq!(parts, Vec::<String>::new());
}

/// Waits until `count` seeds have come to their end.
fn wait_until_done(gallery: &Gallery, count: usize) {
    let begun = Instant::now();
    let ended = || gallery.listing(".antiphon/done").len() + gallery.listing("failed").len() / 2;
    while ended() < count {
        assert!(begun.elapsed() < 10 * PATIENCE, "{count} seeds end in time");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[cfg(unix)]
#[test]
fn a_seed_that_always_ends_the_daemon_is_given_up() {
    let mut gallery = Gallery::closed_with(SLOW, &["--seconds", "600"]);
    write_seed(&gallery.path("seeds/long.wav"), &pluck(220.0, 0.2, 11025));
    for attempt in 1..=3 {
        gallery.start();
        gallery.hear_until("seen");
        let attempts = || {
            let names = gallery.listing(".antiphon/work/000001");
            names.iter().filter(|n| n.starts_with(".attempt-")).count()
        };
        let begun = Instant::now();
        while attempts() < attempt {
            assert!(begun.elapsed() < PATIENCE, "attempt {attempt}");
            std::thread::sleep(Duration::from_millis(2));
        }
        gallery.end_with("-KILL");
    }
    gallery.start();
    gallery.hear_until("error");
    assert_eq!(gallery.listing("failed"), ["long.txt", "long.wav"]);
    let reason = read(&gallery.path("failed/long.txt"));
    assert!(reason.contains("ended 3 times"), "{reason}");
}

#[cfg(unix)]
#[test]
fn a_flood_of_files_that_the_system_cannot_tell_of_is_answered_once_each() {
    let count = length(2000, 20_000);
    let mut gallery = Gallery::open_with(LIVELY, &["--seconds", "0.01"]);
    let seed = gallery.folder.path().join("seed.wav");
    write_seed(&seed, &pluck(220.0, 0.02, 11025));
    // While the daemon sleeps, its notifications overflow.
    gallery.signal("-STOP");
    let names: Vec<String> = (0..count).map(|n| format!("{n:05}.wav")).collect();
    for name in &names {
        std::fs::copy(&seed, gallery.path("seeds").join(name)).unwrap();
    }
    for noise in 0..20_000 {
        let hidden = gallery.path("seeds").join(format!(".{}", noise % 2));
        std::fs::write(hidden, "").unwrap();
    }
    gallery.signal("-CONT");
    for hidden in [".0", ".1"] {
        std::fs::remove_file(gallery.path("seeds").join(hidden)).unwrap();
    }
    gallery.wait_until_quiet();
    gallery.end_with("-TERM");
    // The oldest of 1000 and more answered seeds are not kept.
    let done = gallery.listing(".antiphon/done").len();
    assert!((1..=count).contains(&done), "{done}");
    assert_eq!(gallery.listing("predictions").len(), 2 * count);
    for name in names {
        let prediction = name.replace(".wav", ".0001.wav");
        assert!(gallery.path("predictions").join(prediction).exists());
    }
}

#[test]
fn several_workers_answer_every_seed_once() {
    let mut gallery = Gallery::open_with(LIVELY, &["--workers", "3", "--seconds", "0.5"]);
    let seeds: Vec<String> = (0..60).map(|number| put_seed(&gallery, number)).collect();
    gallery.wait_until_quiet();
    gallery.daemon().kill().unwrap();
    check_all_answered(&gallery, &seeds);
}

#[cfg(unix)]
#[test]
fn a_folder_that_goes_and_comes_again_is_watched_again() {
    let mut gallery = Gallery::open();
    let (root, away) = (gallery.path(""), gallery.folder.path().join("away"));
    let root = Path::new(root.to_str().unwrap().trim_end_matches('/')).to_owned();
    write_seed(&gallery.path("seeds/before.wav"), &pluck(220.0, 0.2, 11025));
    gallery.hear_until("done");

    std::fs::rename(&root, &away).unwrap();
    let trouble = gallery.hear_until("error");
    assert_eq!(trouble.args[0], OscType::Int(0), "{trouble:?}");
    std::fs::rename(&away, &root).unwrap();
    gallery.hear_until("ready");
    write_seed(&gallery.path("seeds/back.wav"), &pluck(220.0, 0.2, 11025));
    gallery.hear_until("done");

    std::fs::remove_dir_all(&root).unwrap();
    gallery.hear_until("error");
    assert!(
        !root.exists(),
        "a folder that is gone is not made by itself"
    );
    std::fs::create_dir_all(root.join("seeds")).unwrap();
    gallery.hear_until("ready");
    write_seed(&gallery.path("seeds/new.wav"), &pluck(220.0, 0.2, 11025));
    gallery.hear_until("done");

    std::fs::remove_dir_all(gallery.path("predictions")).unwrap();
    gallery.hear_until("ready");
    write_seed(&gallery.path("seeds/again.wav"), &pluck(220.0, 0.2, 11025));
    gallery.hear_until("done");
    assert_eq!(
        gallery.listing("predictions"),
        ["again.0001.json", "again.0001.wav"]
    );
    gallery.end_with("-TERM");
    assert!(gallery.daemon().wait().unwrap().success());
}

/// A mount of the same disk has the same number, and renames do not cross it either.
#[cfg(target_os = "linux")]
#[test]
fn an_inner_folder_that_is_mounted_is_refused_at_the_start() {
    for inner in ["seeds", "predictions", "failed", ".antiphon/done"] {
        let gallery = Gallery::closed_with(LIVELY, &[]);
        let [place, other] = [gallery.path(inner), gallery.folder.path().join("other")];
        for folder in [&place, &other] {
            std::fs::create_dir_all(folder).unwrap();
        }
        let mounted = Command::new("mount")
            .arg("--bind")
            .arg(&other)
            .arg(&place)
            .output();
        if !mounted.as_ref().is_ok_and(|output| output.status.success()) {
            eprintln!("SKIPPED: nothing can be mounted here: {mounted:?}");
            return;
        }
        let _disk = Disk::at(place);
        let output = common::antiphon()
            .args(["watch", "--osc-listen", "off", "--root"])
            .arg(gallery.path(""))
            .arg("--model")
            .arg(gallery.model())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{inner}");
        let said = common::stderr(&output);
        assert!(
            said.contains("cannot be moved") && said.contains(inner),
            "{said}"
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_costs_no_seed() {
    for floor in ["0", "100K"] {
        let mut gallery =
            Gallery::closed_with(LIVELY, &["--seconds", "5", "--free-space-floor", floor]);
        let Some(_disk) = Disk::mount(&gallery.path(""), "2m") else {
            return;
        };
        std::fs::create_dir_all(gallery.path("seeds")).unwrap();
        gallery.start();
        let hidden = gallery.path("seeds/.a.wav");
        write_seed(&hidden, &pluck(220.0, 0.2, 11025));
        let full = std::fs::write(gallery.path("filling"), vec![1; 4_000_000]);
        assert!(full.is_err());
        std::fs::rename(&hidden, gallery.path("seeds/a.wav")).unwrap();
        let trouble = gallery.hear_until("error");
        assert_eq!(trouble.args[0], OscType::Int(0), "{trouble:?}");
        std::thread::sleep(Duration::from_millis(1500));
        assert_eq!(gallery.listing("failed"), Vec::<String>::new());
        assert_eq!(gallery.listing("predictions"), Vec::<String>::new());
        std::fs::remove_file(gallery.path("filling")).unwrap();
        gallery.hear_until("done");
        check_all_answered(&gallery, &["a.wav".to_owned()]);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_cannot_be_written_or_is_not_mounted_is_waited_for() {
    let mut gallery =
        Gallery::closed_with(LIVELY, &["--seconds", "0.5", "--free-space-floor", "0"]);
    let Some(disk) = Disk::mount(&gallery.path(""), "2m") else {
        return;
    };
    std::fs::create_dir_all(gallery.path("seeds")).unwrap();
    gallery.start();
    write_seed(&gallery.path("seeds/.a.wav"), &pluck(220.0, 0.2, 11025));
    std::fs::rename(gallery.path("seeds/.a.wav"), gallery.path("seeds/a.wav")).unwrap();
    gallery.hear_until("done");

    write_seed(&gallery.path("seeds/b.wav"), &pluck(220.0, 0.2, 11025));
    gallery.hear_until("done");
    write_seed(&gallery.path("seeds/.c.wav"), &pluck(220.0, 0.2, 11025));
    std::fs::rename(gallery.path("seeds/.c.wav"), gallery.path("seeds/c.wav")).unwrap();
    disk.remount("ro");
    // Whether c was answered before or waits now is a matter of luck.
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(gallery.listing("failed"), Vec::<String>::new());
    disk.remount("rw");
    gallery.wait_until_quiet();
    assert!(gallery.path("predictions/c.0001.wav").exists());

    // What is under the disk is another folder, which is left alone.
    gallery.hear_nothing_more();
    drop(disk);
    gallery.hear_until("error");
    std::fs::create_dir_all(gallery.path("seeds")).unwrap();
    write_seed(&gallery.path("seeds/d.wav"), &pluck(220.0, 0.2, 11025));
    std::thread::sleep(Duration::from_millis(2500));
    assert_eq!(gallery.listing(""), ["seeds"]);
    assert_eq!(gallery.listing("seeds"), ["d.wav"]);
}

#[test]
fn a_model_that_changes_is_loaded_and_a_broken_one_is_not() {
    let gallery = Gallery::open();
    let model_of = |name: &str| -> String {
        write_seed(
            &gallery.path("seeds").join(format!("{name}.wav")),
            &pluck(220.0, 0.2, 11025),
        );
        gallery.hear_until("done");
        let sidecar = gallery
            .path("predictions")
            .join(format!("{name}.0001.json"));
        let text = std::fs::read_to_string(sidecar).unwrap();
        let sidecar: serde_json::Value = serde_json::from_str(&text).unwrap();
        sidecar["model"]["sha256"].as_str().unwrap().to_owned()
    };
    let first = model_of("a");
    std::fs::write(gallery.model(), "this is no model").unwrap();
    let trouble = gallery.hear_until("error");
    assert_eq!(trouble.args[0], OscType::Int(0), "{trouble:?}");
    assert!(
        matches!(&trouble.args[1], OscType::String(text) if text.contains("the old model goes on")),
        "{trouble:?}"
    );
    assert_eq!(model_of("b"), first);
    std::fs::remove_file(gallery.model()).unwrap();
    assert_eq!(model_of("c"), first);

    gallery.put_model(&LIVELY.replace("16", "24"));
    let begun = Instant::now();
    for number in 0.. {
        if model_of(&format!("d{number}")) != first {
            break;
        }
        assert!(
            begun.elapsed() < PATIENCE,
            "the new model is loaded in time"
        );
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn what_is_too_much_fails_before_it_is_read() {
    let gallery = Gallery::open_with(
        LIVELY,
        &[
            "--seconds",
            "0.5",
            "--max-seed-seconds",
            "1",
            "--max-seed-bytes",
            "60K",
        ],
    );
    let reason = |name: &str, seconds: f64, rate: u32| {
        let path = gallery.path("seeds").join(name);
        write_seed(&path, &pluck(220.0, seconds, rate));
        let id = gallery.hear_seen(name);
        gallery.hear_error(id)
    };
    let long = reason("long.wav", 2.0, 4000);
    assert!(long.contains("--max-seed-seconds"), "{long}");
    let large = reason("large.wav", 0.9, 48000);
    assert!(large.contains("--max-seed-bytes"), "{large}");
    // What says no length, as a pipe has it, is found out while it is read.
    if common::skipped_without("ffmpeg") {
        return;
    }
    let pipe = "ffmpeg -v quiet -f lavfi -i sine=300:duration=3:sample_rate=8000 -f flac pipe: > root/seeds/pipe.flac";
    let piped = Command::new("sh")
        .args(["-c", pipe])
        .current_dir(gallery.folder.path())
        .status();
    assert!(piped.unwrap().success());
    let id = gallery.hear_seen("pipe.flac");
    let long = gallery.hear_error(id);
    assert!(long.contains("--max-seed-seconds"), "{long}");
}

#[test]
fn an_answer_that_takes_too_long_fails() {
    let gallery = Gallery::open_with(SLOW, &["--seconds", "600", "--deadline", "1"]);
    write_seed(&gallery.path("seeds/a.wav"), &pluck(220.0, 0.2, 11025));
    let id = gallery.hear_seen("a.wav");
    let reason = gallery.hear_error(id);
    assert!(reason.contains("no answer within 1 seconds"), "{reason}");
}

#[test]
fn only_so_much_is_kept_as_was_asked_for() {
    let gallery = Gallery::open_with(
        LIVELY,
        &[
            "--seconds",
            "0.1",
            "--keep-done",
            "3",
            "--keep-failed",
            "2",
            "--keep-predictions",
            "4",
        ],
    );
    for number in 0..20 {
        put_seed(&gallery, number);
    }
    gallery.wait_until_quiet();
    let kept =
        || ["failed", "predictions", ".antiphon/done"].map(|folder| gallery.listing(folder).len());
    let begun = Instant::now();
    while kept() != [4, 8, 3] {
        assert!(begun.elapsed() < PATIENCE, "{:?}", kept());
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_not_opened_and_stops_nothing() {
    let gallery = Gallery::open();
    let seeds = gallery.path("seeds");
    std::fs::create_dir(seeds.join("folder.wav")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", seeds.join("link.wav")).unwrap();
    std::os::unix::net::UnixListener::bind(seeds.join("socket.wav")).unwrap();
    let made = Command::new("mkfifo").arg(seeds.join("pipe.wav")).status();
    assert!(made.unwrap().success());
    for _ in ["folder", "link", "socket", "pipe"] {
        let text = gallery.hear_error(0);
        assert!(text.contains(".wav is a "), "{text}");
    }
    write_seed(&seeds.join("a.wav"), &pluck(220.0, 0.2, 11025));
    let id = gallery.hear_seen("a.wav");
    gallery.hear_done(id);
    assert_eq!(
        gallery.listing("seeds"),
        ["folder.wav", "link.wav", "pipe.wav", "socket.wav"]
    );
}

#[cfg(unix)]
#[test]
fn clocks_that_are_wrong_and_files_that_are_linked_in_matter_to_nobody() {
    let gallery = Gallery::open();
    let outside = gallery.folder.path().join("outside.wav");
    for (name, seconds) in [("old.wav", 0), ("new.wav", 4_000_000_000)] {
        write_seed(&outside, &pluck(220.0, 0.2, 11025));
        let time = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let file = std::fs::File::options()
            .append(true)
            .open(&outside)
            .unwrap();
        file.set_modified(time).unwrap();
        drop(file);
        std::fs::hard_link(&outside, gallery.path("seeds").join(name)).unwrap();
        std::fs::remove_file(&outside).unwrap();
        let id = gallery.hear_seen(name);
        gallery.hear_done(id);
    }
}

#[test]
fn a_folder_that_antiphon_never_used_is_refused_where_one_is_expected() {
    let mut gallery = Gallery::closed_with(LIVELY, &["--existing"]);
    gallery.begin();
    assert_eq!(gallery.daemon().wait().unwrap().code(), Some(1));
    assert_eq!(gallery.listing(""), ["seeds"]);
}

#[cfg(target_os = "linux")]
#[test]
fn memory_files_and_threads_stay_as_they_are() {
    let seconds = length(20, 600);
    let mut gallery = Gallery::open_with(LIVELY, &["--seconds", "1", "--keep-predictions", "50"]);
    let pid = gallery.daemon().id();
    let mut early = Footprint::of(pid);
    for number in 0..5 * seconds {
        put_seed(&gallery, number);
        std::thread::sleep(Duration::from_millis(200));
        if number == 5 * seconds / 4 {
            gallery.wait_until_quiet();
            early = Footprint::of(pid);
        }
    }
    gallery.wait_until_quiet();
    let late = Footprint::of(pid);
    let stays = late.resident < early.resident + 4000
        && late.files <= early.files + 1
        && late.threads <= early.threads;
    assert!(stays, "{late:?} after {early:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_daemon_that_waits_with_the_default_model_is_small_and_goes_last() {
    let folder = tempfile::tempdir().unwrap();
    let mut daemon = common::antiphon()
        .args(["watch", "--osc", "127.0.0.1:9", "--root"])
        .arg(folder.path())
        .stderr(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while !folder.path().join(".antiphon/done").exists() {
        assert!(begun.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(500));
    let memory = Footprint::of(daemon.id()).resident;
    let stat = read(Path::new(&format!("/proc/{}/stat", daemon.id())));
    let niceness = stat.rsplit(')').next().unwrap().split_whitespace().nth(16);
    let niceness = niceness.map(str::to_owned);
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    assert!(memory < 60_000, "{memory} kB");
    assert!(niceness.unwrap().parse::<i32>().unwrap() >= 10);
}
