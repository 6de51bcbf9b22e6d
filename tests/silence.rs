//! Recordings of an empty room, which nobody wants answered or kept.

mod common;

use std::fs;

use antiphon::audio::Signal;
use common::gallery::{Gallery, LIVELY};
use common::{pluck, run, stderr, write_seed};
use rosc::OscType;

/// Three seconds of noise with this peak, in decibels; digital silence where there is none.
fn noise(peak: Option<f64>) -> Signal {
    let peak = peak.map_or(0.0, |decibels| 10_f64.powf(decibels / 20.0));
    let samples = (0..3 * 11025_u64).map(|n| {
        let random = n.wrapping_mul(6_364_136_223_846_793_005).rotate_left(27) >> 40;
        (peak * (random as f64 / f64::from(1 << 23) - 1.0)) as f32
    });
    Signal {
        samples: samples.collect(),
        sample_rate: 11025,
    }
}

fn put(gallery: &Gallery, name: &str, sound: &Signal) -> i32 {
    write_seed(&gallery.path("seeds").join(name), sound);
    gallery.hear_seen(name)
}

/// Hears that the seed `name` was skipped, and nothing else of it.
fn hear_skipped(gallery: &Gallery, id: i32, name: &str) {
    let skipped = gallery.hear();
    assert_eq!(skipped.addr, "/antiphon/skipped");
    assert_eq!(skipped.args, [OscType::Int(id), name.into()]);
}

/// What `antiphon status --json` has under `key`.
fn status(gallery: &Gallery, key: &str) -> u64 {
    let root = gallery.path("");
    let output = run(["status", "--json", "--root", root.to_str().unwrap()]);
    let status: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    status[key].as_u64().unwrap()
}

/// Waits until the daemon has written down what it counts: about once a second.
fn wait_for_skipped(gallery: &Gallery, count: u64) {
    let begun = std::time::Instant::now();
    while status(gallery, "skipped") != count {
        assert!(begun.elapsed() < common::gallery::PATIENCE);
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

#[test]
fn silence_is_skipped_counted_and_kept_nowhere_and_a_quiet_note_is_answered() {
    let mut gallery = Gallery::open_with(LIVELY, &["--skip-silent", "--seconds", "0.5"]);
    for (name, peak) in [("nothing.wav", None), ("room.wav", Some(-58.0))] {
        let id = put(&gallery, name, &noise(peak));
        hear_skipped(&gallery, id, name);
    }
    // One quiet note at the end of half a minute of an empty room.
    let mut late = noise(Some(-70.0));
    late.samples = late.samples.repeat(10);
    let note = pluck(220.0, 0.5, 11025).samples;
    late.samples.extend(note.iter().map(|sample| sample / 50.0));
    let id = put(&gallery, "late.wav", &late);
    gallery.hear_done(id);
    for folder in ["seeds", "failed", ".antiphon/work", ".antiphon/tmp"] {
        assert_eq!(gallery.listing(folder), [""; 0], "{folder}");
    }
    assert_eq!(gallery.listing(".antiphon/done").len(), 1);
    assert_eq!(gallery.listing("predictions").len(), 2);
    wait_for_skipped(&gallery, 2);
    assert_eq!(
        (status(&gallery, "failed"), status(&gallery, "done")),
        (0, 1)
    );
    let root = gallery.path("");
    let text = run(["status", "--root", root.to_str().unwrap()]).stdout;
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("\nskipped  2, silent, "), "{text}");
    // The count is one of this daemon's, not of all times.
    gallery.end_with("-TERM");
    gallery.start();
    wait_for_skipped(&gallery, 0);
}

#[test]
fn what_is_silent_is_for_whoever_installs_it_to_say() {
    let gallery = Gallery::open_with(LIVELY, &["--skip-silent", "-30", "--seconds", "0.5"]);
    let id = put(&gallery, "hum.wav", &noise(Some(-30.0)));
    hear_skipped(&gallery, id, "hum.wav");
    for level in ["5", "-200", "loud"] {
        let refused = run(["watch", "--skip-silent", level]);
        assert_eq!(refused.status.code(), Some(2), "{}", stderr(&refused));
    }
}

#[test]
fn silence_fails_as_ever_where_nobody_says_otherwise() {
    let gallery = Gallery::open();
    let id = put(&gallery, "nothing.wav", &noise(None));
    gallery.hear_error(id);
    assert_eq!(gallery.listing("failed").len(), 2);
}

#[test]
fn a_seed_whose_daemon_was_killed_as_it_removed_it_is_gone_and_nothing_else_is() {
    let mut gallery = Gallery::closed_with(LIVELY, &["--skip-silent", "--seconds", "0.5"]);
    gallery.start();
    let id = put(&gallery, "first.wav", &noise(None));
    hear_skipped(&gallery, id, "first.wav");
    gallery.end_with("-KILL");
    // The seed's removal is its end: what stood beside it is all that is left.
    let work = gallery.path(&format!(".antiphon/work/{:06}", id + 1));
    fs::create_dir_all(&work).unwrap();
    fs::write(work.join(".attempt-1-1"), "").unwrap();
    write_seed(&gallery.path("seeds/other.wav"), &pluck(220.0, 0.5, 11025));
    gallery.start();
    let id = gallery.hear_seen("other.wav");
    gallery.hear_done(id);
    assert_eq!(gallery.listing(".antiphon/work"), [""; 0]);
    assert_eq!(gallery.listing("failed"), [""; 0]);
}
