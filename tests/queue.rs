//! Seeds that wait for the daemon: answered together, and each as if it were alone.

mod common;

use std::collections::BTreeMap;
use std::net::UdpSocket;

use common::gallery::{Gallery, LIVELY, listing};
use common::{free_port, pluck, write_seed};
use rosc::{OscMessage, OscPacket, OscType};
use serde_json::Value;

/// As lively, of so many weights that answers share them on one thread too, and so slow that
/// there is time to disturb it.
const SLOW: &str = r#"{"preset": "vector", "seg_len": 16, "num_unrollings": 4, "hidden_size": 640,
    "output": "mixture", "components": 4}"#;

/// Seeds that differ in all, the third of which is silent.
fn put_seeds(gallery: &Gallery, names: &[&str]) {
    for (n, name) in names.iter().enumerate() {
        let rate = [44100, 22050, 48000][n % 3];
        let mut sound = pluck(200.0 + 17.0 * n as f64, 0.2 + 0.1 * n as f64, rate);
        if n == 2 {
            sound.samples.fill(0.0);
        }
        write_seed(&gallery.path("seeds").join(name), &sound);
    }
}

/// What was published: sounds, and sidecars without the model's path and timings.
fn published(gallery: &Gallery) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    let root = gallery.path("predictions");
    for name in gallery.listing("predictions") {
        let path = root.join(&name);
        let files = match path.is_dir() {
            true => listing(&path).iter().map(|file| path.join(file)).collect(),
            false => vec![path],
        };
        for file in files {
            let mut bytes = std::fs::read(&file).unwrap();
            if file.extension() == Some("json".as_ref()) {
                bytes = without_occasion(&bytes);
            }
            let name = file.strip_prefix(&root).unwrap().display().to_string();
            all.insert(name, bytes);
        }
    }
    all
}

fn without_occasion(sidecar: &[u8]) -> Vec<u8> {
    let mut said: Value = serde_json::from_slice(sidecar).unwrap();
    let said = said.as_object_mut().unwrap();
    said.remove("timings");
    said.remove("model");
    if let Some(Value::Array(variations)) = said.get_mut("variations") {
        for variation in variations {
            variation.as_object_mut().unwrap().remove("model");
        }
    }
    Value::from(said.clone()).to_string().into_bytes()
}

const NAMES: [&str; 7] = [
    "a.wav", "b.wav", "c.wav", "d.wav", "e.wav", "f.aif", "f.wav",
];

/// The same was published by both, byte for byte but for what begins with `aside`.
fn assert_same(one: &Gallery, other: &Gallery, files: usize, aside: Option<&str>) {
    let (one, other) = (published(one), published(other));
    assert_eq!(one.len(), files, "{:?}", one.keys());
    let names = |all: &BTreeMap<String, Vec<u8>>| all.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&one), names(&other));
    let different = one.iter().filter(|(name, bytes)| other[*name] != **bytes);
    let different = different.map(|(name, _)| name);
    let different: Vec<&String> = different
        .filter(|name| aside.is_none_or(|aside| !name.starts_with(aside)))
        .collect();
    assert!(different.is_empty(), "{different:?}");
}

/// Puts seeds one after the other, each when the one before is done.
fn one_by_one(arguments: &[&str]) -> Gallery {
    let mut gallery = Gallery::closed_with(LIVELY, arguments);
    put_seeds(&gallery, &NAMES);
    let elsewhere = gallery.folder.path().join("elsewhere");
    std::fs::rename(gallery.path("seeds"), &elsewhere).unwrap();
    std::fs::create_dir(gallery.path("seeds")).unwrap();
    gallery.start();
    for name in NAMES {
        std::fs::rename(elsewhere.join(name), gallery.path("seeds").join(name)).unwrap();
        gallery.hear_seen(name);
        gallery.wait_until_quiet();
        gallery.hear_nothing_more();
    }
    gallery
}

/// Puts all seeds before anybody looks.
fn all_at_once(arguments: &[&str]) -> Gallery {
    let mut gallery = Gallery::closed_with(LIVELY, arguments);
    put_seeds(&gallery, &NAMES);
    gallery.start();
    gallery.wait_until_quiet();
    gallery
}

#[test]
fn seeds_that_wait_get_the_answers_that_they_would_get_alone() {
    let alone = one_by_one(&["--seconds", "0.5"]);
    for (workers, threads) in [("1", "2"), ("2", "4"), ("1", "1")] {
        let load = ["--workers", workers, "--threads", threads];
        let gallery = all_at_once(&[&["--seconds", "0.5"], &load[..]].concat());
        // Of f.aif and f.wav either is the second one where two workers answer both at once.
        let aside = (workers == "2").then_some("f.");
        assert_same(&alone, &gallery, 2 * 6, aside);
        assert_eq!(gallery.listing("failed"), ["c.txt", "c.wav"]);
        assert_eq!(gallery.listing("failed"), alone.listing("failed"));
        let reason = std::fs::read_to_string(gallery.path("failed/c.txt")).unwrap();
        assert!(reason.starts_with("c.wav: the seed is silent"), "{reason}");
        assert_eq!(gallery.listing(".antiphon/tmp"), Vec::<String>::new());
    }
}

#[test]
fn sets_of_seeds_that_wait_are_what_they_are_alone() {
    let arguments = ["--seconds", "0.2", "--variations", "3"];
    let (alone, together) = (one_by_one(&arguments), all_at_once(&arguments));
    assert_same(&alone, &together, 6 * 8, None);
}

/// A gallery whose five seeds are being answered together, by the first word on that.
fn in_the_middle(arguments: &[&str]) -> (Gallery, Vec<i32>) {
    let mut gallery = Gallery::closed_with(SLOW, arguments);
    for name in &NAMES[..5] {
        write_seed(&gallery.path("seeds").join(name), &pluck(220.0, 0.3, 22050));
    }
    gallery.start();
    let mut heard = Vec::new();
    while heard.len() < 5 {
        let message = gallery.hear_until("heard");
        heard.push(message.args[0].clone().int().unwrap());
    }
    gallery.hear_until("progress");
    (gallery, heard)
}

const LONG: [&str; 4] = ["--seconds", "10", "--threads", "1"];

#[cfg(unix)]
#[test]
fn killed_in_the_middle_none_is_lost_and_each_is_what_it_would_have_been() {
    let (undisturbed, _) = in_the_middle(&LONG);
    undisturbed.wait_until_quiet();
    let (mut gallery, heard) = in_the_middle(&LONG);
    gallery.end_with("-KILL");
    assert_eq!(gallery.listing("predictions"), Vec::<String>::new());
    for (id, name) in heard.iter().zip(NAMES) {
        let work = gallery.listing(&format!(".antiphon/work/{id:06}"));
        assert_eq!(work.len(), 2, "{work:?}");
        assert!(
            work[0].starts_with(".attempt-") && work[1] == name,
            "{work:?}"
        );
    }
    gallery.hear_nothing_more();
    gallery.start();
    gallery.wait_until_quiet();
    assert_same(&gallery, &undisturbed, 2 * 5, None);
    assert_eq!(gallery.listing("failed"), Vec::<String>::new());
}

#[test]
fn one_of_several_is_cancelled_and_the_others_are_answered() {
    let port = free_port();
    let (gallery, heard) =
        in_the_middle(&[&LONG[..], &["--osc-listen", &port.to_string()]].concat());
    let cancel = OscMessage {
        addr: "/antiphon/cancel".to_owned(),
        args: vec![OscType::Int(heard[3])],
    };
    let bytes = rosc::encoder::encode(&OscPacket::Message(cancel)).unwrap();
    let patch = UdpSocket::bind("127.0.0.1:0").unwrap();
    patch.send_to(&bytes, port).unwrap();
    let told = gallery.hear_until("cancelled");
    assert_eq!(told.args, [OscType::Int(heard[3])]);
    let mut done = Vec::new();
    while done.len() < 4 {
        done.push(gallery.hear_until("done").args[0].clone().int().unwrap());
    }
    done.sort();
    assert_eq!(done, [heard[0], heard[1], heard[2], heard[4]]);
    gallery.wait_until_quiet();
    assert_eq!(gallery.listing("failed"), ["d.txt", "d.wav"]);
    assert_eq!(gallery.listing("predictions").len(), 2 * 4);
}
