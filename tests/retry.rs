//! Seeds that failed are answered once more where somebody asks for that.
#![cfg(unix)]

mod common;

use std::fs;
use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

use antiphon::watch::retry;
use common::gallery::{Gallery, LIVELY, PATIENCE};
use common::{pluck, run, stderr, write_seed};

fn retried(gallery: &Gallery, words: &[&str]) -> Output {
    let root = gallery.path("");
    let words = ["retry"].iter().chain(words).map(Path::new);
    run(words.chain([Path::new("--root"), &root]))
}

fn assert_success(output: &Output, said: &str) {
    assert!(output.status.success(), "{}", stderr(output));
    assert_eq!(String::from_utf8_lossy(&output.stdout), said);
}

fn gallery() -> Gallery {
    let arguments = ["--seconds", "0.5", "--patience", "0.1"];
    let gallery = Gallery::closed_with(LIVELY, &arguments);
    fs::create_dir(gallery.path("voices")).unwrap();
    fs::write(gallery.path("voices/bells.json"), "{}").unwrap();
    gallery
}

/// Puts into `seeds/` what is no sound and fails.
fn break_seed(gallery: &Gallery, name: &str) {
    let sound = gallery.path("broken");
    fs::write(&sound, b"RIFF\x24\x00\x00\x00WAVEfmt nonsense").unwrap();
    fs::rename(sound, gallery.path("seeds").join(name)).unwrap();
    let failed = Path::new(name).file_name().unwrap().to_str().unwrap();
    wait_for(gallery, &format!("failed/{failed}"));
}

fn wait_for(gallery: &Gallery, name: &str) {
    let begun = Instant::now();
    while !gallery.path(name).exists() {
        assert!(begun.elapsed() < PATIENCE, "{name} in time");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_seed_that_failed_is_mended_and_answered() {
    let mut gallery = gallery();
    gallery.start();
    break_seed(&gallery, "broken.wav");
    assert_eq!(gallery.listing("failed"), ["broken.txt", "broken.wav"]);
    let status = run([
        Path::new("status"),
        Path::new("--json"),
        Path::new("--root"),
        &gallery.path(""),
    ]);
    let status: serde_json::Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!(status["last_failures"][0]["file"], "broken.wav");

    // Not mended, it fails again.
    let said = "seeds/broken.wav waits to be answered again.\n";
    let reason = gallery.path("failed/broken.txt");
    let first = fs::metadata(&reason).unwrap().modified().unwrap();
    assert_success(&retried(&gallery, &["broken.wav"]), said);
    wait_for(&gallery, "failed/broken.wav");
    assert!(fs::metadata(&reason).unwrap().modified().unwrap() > first);

    write_seed(
        &gallery.path("failed/broken.wav"),
        &pluck(220.0, 0.3, 22050),
    );
    assert_success(&retried(&gallery, &["broken"]), said);
    wait_for(&gallery, "predictions/broken.0001.wav");
    assert_eq!(gallery.listing("failed"), [""; 0]);

    let refused = retried(&gallery, &["broken", "../model.onnx"]);
    assert!(!refused.status.success());
    for words in ["there is no seed broken in", "../model.onnx is no name"] {
        assert!(stderr(&refused).contains(words), "{}", stderr(&refused));
    }
    assert_success(&retried(&gallery, &["--all"]), "No seed has failed.\n");
    assert_eq!(retried(&gallery, &[]).status.code(), Some(2));
}

#[test]
fn a_voices_seed_is_answered_by_the_voice() {
    let mut gallery = gallery();
    gallery.start();
    wait_for(&gallery, "seeds/bells");
    break_seed(&gallery, "bells/night.wav");
    break_seed(&gallery, "day.wav");
    for name in ["night", "day"] {
        let path = gallery.path(&format!("failed/{name}.wav"));
        write_seed(&path, &pluck(220.0, 0.3, 22050));
    }
    // The daemon forgets nothing of it when it ends.
    gallery.end_with("-TERM");
    gallery.hear_nothing_more();
    gallery.start();
    let said = "seeds/day.wav waits to be answered again.\n\
        seeds/bells/night.wav waits to be answered again.\n";
    assert_success(&retried(&gallery, &["--all"]), said);
    wait_for(&gallery, "predictions/bells/night.0001.wav");
    wait_for(&gallery, "predictions/day.0001.wav");
    assert_eq!(gallery.listing("failed"), [""; 0]);
}

#[test]
fn a_seed_that_ended_the_daemon_too_often_is_tried_as_often_again() {
    let mut gallery = gallery();
    write_seed(&gallery.path("deadly.wav"), &pluck(220.0, 0.3, 22050));
    let job = gallery.path(".antiphon/work/000001");
    fs::create_dir_all(&job).unwrap();
    for attempt in ["a", "b", "c"] {
        fs::write(job.join(format!(".attempt-{attempt}")), "").unwrap();
    }
    fs::rename(gallery.path("deadly.wav"), job.join("deadly.wav")).unwrap();
    gallery.begin();
    wait_for(&gallery, "failed/deadly.wav");
    let reason = fs::read_to_string(gallery.path("failed/deadly.txt")).unwrap();
    assert!(reason.contains("antiphon ended 3 times"), "{reason}");
    retry(&gallery.path(""), "deadly".as_ref()).unwrap();
    wait_for(&gallery, "predictions/deadly.0001.wav");
}
