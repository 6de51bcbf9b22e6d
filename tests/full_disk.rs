//! What becomes of seeds and answers that do not fit into memory where the disk has no room
//! for them either.
#![cfg(unix)]

mod common;

use common::gallery::{Gallery, LIVELY};
use common::{antiphon_on_a_full_disk, pluck, stderr, write_seed};
use rosc::OscType;

const NO_ROOM: &str = "what does not fit into memory cannot be kept in a temporary file in";

#[test]
fn generate_says_that_there_is_no_room() {
    let gallery = Gallery::closed_with(LIVELY, &[]);
    let (seed, output) = (gallery.path("seed.wav"), gallery.path("answer.wav"));
    // What is long may be the seed, or what is made.
    for (seed_seconds, seconds) in [(60.0, "0.5"), (0.5, "60")] {
        write_seed(&seed, &pluck(220.0, seed_seconds, 11025));
        let refused = antiphon_on_a_full_disk(1000)
            .args(["generate", "--seconds", seconds, "--ending", "exact"])
            .arg("--model")
            .arg(gallery.model())
            .arg("--seed")
            .arg(&seed)
            .arg("--output")
            .arg(&output)
            .output()
            .unwrap();
        let said = stderr(&refused);
        assert_eq!(refused.status.code(), Some(1), "{said}");
        assert!(said.contains(NO_ROOM), "{said}");
        assert!(said.contains("check that the folder"), "{said}");
        assert!(!said.contains("panicked"), "{said}");
        assert!(!output.exists());
    }
}

#[test]
fn under_watch_a_seed_waits_until_there_is_room() {
    let mut gallery = Gallery::closed_with(LIVELY, &["--seconds", "0.5"]);
    gallery.start_on_a_full_disk(1000);
    write_seed(&gallery.path("seeds/long.wav"), &pluck(220.0, 60.0, 11025));
    let trouble = gallery.hear_until("error");
    let [OscType::Int(0), OscType::String(reason)] = &trouble.args[..] else {
        panic!("{trouble:?}");
    };
    assert!(reason.contains(NO_ROOM), "{reason}");
    gallery.end_with("-TERM");
    assert_eq!(gallery.listing("failed"), Vec::<String>::new());
    assert_eq!(gallery.listing("predictions"), Vec::<String>::new());
    gallery.hear_nothing_more();

    gallery.start();
    let id = gallery.hear_seen("long.wav");
    assert!(gallery.hear_done(id).exists());
    assert_eq!(gallery.listing("failed"), Vec::<String>::new());
}
