//! What an answer takes in memory does not grow with its length, nor with its seed's.
#![cfg(target_os = "linux")]

mod common;

use std::mem::MaybeUninit;
use std::path::Path;

use antiphon::audio::Signal;
use common::{antiphon, pluck, write_seed};

/// Most megabytes that `antiphon generate` with these arguments had in memory.
#[expect(
    clippy::zombie_processes,
    reason = "it is waited for, and asked what it took"
)]
fn megabytes(arguments: &[&str]) -> f64 {
    let mut command = antiphon();
    let child = command.arg("generate").args(arguments).spawn().unwrap();
    let pid = libc::pid_t::try_from(child.id()).unwrap();
    let (mut status, mut usage) = (0, MaybeUninit::zeroed());
    // SAFETY: both are there to be written, and nobody else waits for the child.
    let waited = unsafe { libc::wait4(pid, &raw mut status, 0, usage.as_mut_ptr()) };
    assert_eq!((waited, status), (pid, 0), "{arguments:?}");
    // SAFETY: numbers, which were zero before they were written.
    let usage: libc::rusage = unsafe { usage.assume_init() };
    usage.ru_maxrss as f64 / 1024.0
}

/// Plucked strings for `seconds`.
fn write_strings(path: &Path, seconds: usize) {
    let notes = (0..seconds).flat_map(|n| pluck(110.0 + 37.0 * (n % 9) as f64, 1.0, 11025).samples);
    let strings = Signal {
        samples: notes.collect(),
        sample_rate: 11025,
    };
    write_seed(path, &strings);
}

#[test]
fn ten_minutes_take_as_much_as_a_short_answer_to_a_short_seed() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (short, long) = (path("short.wav"), path("long.wav"));
    write_strings(Path::new(&short), 30);
    write_strings(Path::new(&long), 600);
    let output = path("answer.wav");
    for model in ["vector", "magnitude-spectrum"] {
        let taken = |seed: &str, seconds: &str, width: &str| {
            let said = ["--model", model, "--seed", seed, "--seconds", seconds];
            let said = [&said[..], &["--width", width]].concat();
            let written = ["--output", &output, "--force"];
            megabytes(&[&said[..], &written[..]].concat())
        };
        let least = taken(&short, "60", "0");
        for (seed, seconds, width) in [
            (&short, "600", "0"),
            (&short, "600", "0.5"),
            (&long, "60", "0"),
        ] {
            let most = taken(seed, seconds, width);
            assert!(
                most < 1.1 * least,
                "{model} {seconds} {width}: {most} MB, {least} MB"
            );
        }
    }
}
