//! The page in a real browser: Chromium, driven by `tests/python/studio.py`.

mod common;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::page::Page;
use common::{pluck, write_seed};

/// Some notes in a file, `seconds` of them.
fn write_notes(path: &Path, seconds: usize) {
    let mut signal = pluck(220.0, 0.5, 11025);
    for n in 1..2 * seconds {
        let frequency = [220.0, 247.5, 275.0, 330.0][n % 4];
        signal.samples.extend(pluck(frequency, 0.5, 11025).samples);
    }
    write_seed(path, &signal);
}

/// Begins what the script calls `what`, with these files.
fn drive(page: &Page, what: &str, files: &[&Path]) -> Child {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/studio.py");
    Command::new(common::python())
        .arg(script)
        .args([what, &format!("http://{}", page.address)])
        .args(files)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn check(driven: Child) {
    let output = driven.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", common::stderr(&output));
}

#[test]
fn a_model_is_made_followed_and_heard_while_somebody_else_looks_on() {
    if common::skipped_without("chromium") {
        return;
    }
    let page = Page::studio(&[]);
    let files = tempfile::tempdir().unwrap();
    let (recording, seed) = (
        files.path().join("notes.wav"),
        files.path().join("melody.wav"),
    );
    write_notes(&recording, 20);
    write_notes(&seed, 2);
    // A gallery of the same folder, which sees the voice.
    let gallery = common::antiphon()
        .args(["watch", "--osc-listen", "off", "--root"])
        .arg(page.root())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let _gallery = Ending(gallery.unwrap());
    check(drive(&page, "make", &[&recording, &seed]));
}

/// A process that ends with the test, however that ends.
struct Ending(Child);

impl Drop for Ending {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_page_that_is_open_outlives_a_studio_that_is_killed() {
    if common::skipped_without("chromium") {
        return;
    }
    let mut page = Page::studio(&[]);
    let files = tempfile::tempdir().unwrap();
    let path = |name: &str| files.path().join(name);
    write_notes(&path("notes.wav"), 20);
    let names = [path("notes.wav"), path("opened"), path("noticed")];
    let mut driven = drive(
        &page,
        "survive",
        &names.each_ref().map(|path| path.as_path()),
    );
    for (name, act) in [
        ("opened", Page::kill as fn(&mut Page)),
        ("noticed", Page::start),
    ] {
        let begun = Instant::now();
        while !path(name).exists() && driven.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < Duration::from_secs(180), "{name}");
            std::thread::sleep(Duration::from_millis(50));
        }
        act(&mut page);
    }
    check(driven);
}

#[test]
fn all_sections_can_be_reached_by_everybody_at_a_desk_and_on_a_telephone() {
    if common::skipped_without("chromium") {
        return;
    }
    let page = Page::studio(&[]);
    write_notes(&page.path("recordings/notes.wav"), 5);
    write_notes(&page.path("studio/seeds/melody.wav"), 2);
    check(drive(&page, "reach", &[]));
    check(drive(&page, "paint", &[]));
}

/// Has somebody do `what` in a studio with a recording of so many seconds at hand.
fn check_with_a_recording(what: &str, seconds: usize) {
    if common::skipped_without("chromium") {
        return;
    }
    let page = Page::studio(&[]);
    let files = tempfile::tempdir().unwrap();
    let recording = files.path().join("notes.wav");
    write_notes(&recording, seconds);
    check(drive(&page, what, &[&recording]));
}

#[test]
fn what_was_just_added_stays_chosen() {
    check_with_a_recording("stale", 5);
}

#[test]
fn the_keyboard_is_enough() {
    check_with_a_recording("keys", 20);
}

#[test]
fn the_gallery_is_seen_on_a_telephone() {
    if common::skipped_without("chromium") {
        return;
    }
    let page = Page::gallery(&["--page-control", "--seconds", "1"]);
    page.wait("/api/gallery", |gallery| gallery["state"] == "in-order");
    std::fs::write(page.path("seeds/broken.wav"), "this is no sound").unwrap();
    write_notes(&page.path("seeds/melody.wav"), 2);
    page.wait("/api/gallery", |gallery| {
        gallery["done"] == 1 && gallery["failed"] == 1
    });
    check(drive(&page, "gallery", &[Path::new("1")]));
}

/// As when its machine freezes, or the network is cut: no connection ends.
#[cfg(unix)]
#[test]
fn a_gallery_that_freezes_does_not_look_in_order_for_long() {
    if common::skipped_without("chromium") {
        return;
    }
    let page = Page::gallery(&[]);
    page.wait("/api/gallery", |gallery| gallery["state"] == "in-order");
    let files = tempfile::tempdir().unwrap();
    let path = |name: &str| files.path().join(name);
    let mut driven = drive(&page, "freeze", &[&path("seen"), &path("noticed")]);
    for (name, signal) in [("seen", "-STOP"), ("noticed", "-CONT")] {
        let begun = Instant::now();
        while !path(name).exists() && driven.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < Duration::from_secs(180), "{name}");
            std::thread::sleep(Duration::from_millis(50));
        }
        let process = page.process().to_string();
        let sent = Command::new("kill").args([signal, &process]).status();
        assert!(sent.unwrap().success());
    }
    check(driven);
}
