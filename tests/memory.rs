//! What an answer takes in memory does not grow with its length, nor with its seed's; what a
//! daemon takes does not grow with what lies in its folders.
#![cfg(target_os = "linux")]

mod common;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use antiphon::audio::Signal;
use common::footprint::Footprint;
use common::gallery::{Gallery, LIVELY, PATIENCE};
use common::{antiphon, pluck, tool, write_seed};

/// Most megabytes that `antiphon` with these arguments had in memory. It is started by a small
/// program: what the kernel says of a child counts what its parent had when it started it.
fn megabytes(time: &Path, arguments: &[&str]) -> f64 {
    let said = tempfile::NamedTempFile::new().unwrap();
    let status = Command::new(time)
        .args(["--format", "%M", "--output"])
        .arg(said.path())
        .arg(antiphon().get_program())
        .args(arguments)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "{arguments:?}");
    let kilobytes = std::fs::read_to_string(said.path()).unwrap();
    kilobytes.trim().parse::<f64>().unwrap() / 1024.0
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
    let Some(time) = tool("time") else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (short, long) = (path("short.wav"), path("long.wav"));
    write_strings(Path::new(&short), 30);
    write_strings(Path::new(&long), 600);
    let output = path("answer.wav");
    for model in ["vector", "magnitude-spectrum"] {
        let taken = |seed: &str, seconds: &str, width: &str| {
            let said = [
                "generate",
                "--model",
                model,
                "--seed",
                seed,
                "--seconds",
                seconds,
            ];
            let said = [&said[..], &["--width", width]].concat();
            let written = ["--output", &output, "--force"];
            megabytes(&time, &[&said[..], &written[..]].concat())
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

/// Makes empty files of `count` names in `folder`, each with these `extensions`.
fn fill(folder: &Path, count: usize, extensions: &[&str]) {
    std::fs::create_dir_all(folder).unwrap();
    for (number, extension) in (0..count).flat_map(|n| extensions.iter().map(move |e| (n, e))) {
        let name = format!("{number:06}-a.{extension}");
        std::fs::File::create(folder.join(name)).unwrap();
    }
}

/// Waits until the daemon has looked for old predictions, and found this many to keep.
fn wait_until_looked_through(gallery: &Gallery, names: usize) {
    let begun = Instant::now();
    let kept = || {
        let pace = std::fs::read(gallery.path(".antiphon/pace.json")).unwrap_or_default();
        let pace: serde_json::Value = serde_json::from_slice(&pace).unwrap_or_default();
        pace["kept"]["names"].as_u64()
    };
    while kept() != Some(names as u64) {
        assert!(begun.elapsed() < PATIENCE, "{:?} of {names}", kept());
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Most megabytes that a daemon and `antiphon status` take where there are files of `count`
/// names in each folder.
fn megabytes_where_there_are(time: &Path, count: usize) -> [f64; 2] {
    let bounds = ["--keep-predictions", "1000000", "--keep-done", "1000000"];
    let bounds = [&bounds[..], &["--keep-failed", "1000000"]].concat();
    let mut gallery = Gallery::closed_with(LIVELY, &bounds);
    fill(&gallery.path("predictions"), count, &["json", "wav"]);
    fill(&gallery.path(".antiphon/done"), count, &["wav"]);
    fill(&gallery.path("failed"), count, &["txt", "wav"]);
    gallery.start();
    wait_until_looked_through(&gallery, count);
    let daemon = Footprint::of(gallery.daemon().id()).most as f64 / 1024.0;
    let root = gallery.path("").display().to_string();
    [daemon, megabytes(time, &["status", "--root", &root])]
}

#[test]
fn very_many_files_take_as_much_as_none() {
    let Some(time) = tool("time") else { return };
    let none = megabytes_where_there_are(&time, 0);
    let many = megabytes_where_there_are(&time, 40_000);
    // A daemon knows a few thousand of the oldest at once, and whoever asks it none. On a machine
    // that does much else it takes some more; with all names it would take 16 MB more.
    for ((many, none), more) in many.into_iter().zip(none).zip([12.0, 2.0]) {
        assert!(many < none + more, "{many} MB, {none} MB");
    }
}
