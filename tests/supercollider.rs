//! The quark for SuperCollider, in its real language and server, without a sound card.

mod common;

use std::path::{Path, PathBuf};

use antiphon::audio::load_as_recorded;
use common::daemon::Daemon;
use common::supercollider::{Jack, Sclang};
use common::{free_port, pluck, write_seed};

const RATE: u32 = 48_000;

/// The share of a voice in either channel: it is in the middle.
const MIDDLE: f64 = std::f64::consts::FRAC_1_SQRT_2;

/// Plays answers into a file, by the patterns of the quark.
struct Rendering<'a> {
    voices: usize,
    stagger: f64,
    fade: f64,
    repeats: usize,
    answers: &'a [PathBuf],
}

impl Rendering<'_> {
    /// None where SuperCollider is not installed.
    fn run(&self, folder: &Path) -> Option<Vec<f32>> {
        let sclang = Sclang::with(&["scsynth"])?;
        let output = folder.join("output.wav");
        let mut arguments = vec![
            folder.display().to_string(),
            free_port().port().to_string(),
            free_port().port().to_string(),
            output.display().to_string(),
            self.voices.to_string(),
            self.stagger.to_string(),
            self.fade.to_string(),
            self.repeats.to_string(),
        ];
        arguments.extend(self.answers.iter().map(|path| path.display().to_string()));
        sclang.check("score.scd", &arguments);
        let rendered = load_as_recorded(&output).unwrap();
        assert_eq!(rendered.facts.sample_rate, RATE);
        Some(rendered.samples)
    }
}

/// Plucks of these pitches, half a second each, in files at `sample_rate`.
fn answers(folder: &Path, pitches: &[f64], sample_rate: u32) -> Vec<PathBuf> {
    let write = |pitch: &f64| {
        let path = folder.join(format!("{pitch}.wav"));
        write_seed(&path, &pluck(*pitch, 0.5, sample_rate));
        path
    };
    pitches.iter().map(write).collect()
}

/// How loud a voice of half a second is that fades in and out in `fade` seconds.
fn level(seconds: f64, fade: f64) -> f64 {
    let edge = seconds.min(0.5 - seconds).max(0.0) / fade;
    0.5 - 0.5 * (std::f64::consts::PI * edge.min(1.0)).cos()
}

/// Plucks of these pitches, half a second each, that begin at these seconds.
fn mixed(voices: &[(f64, f64)], fade: f64, len: usize) -> Vec<f64> {
    let mut mix = vec![0.0; len];
    for (begin, pitch) in voices {
        let first = (begin * f64::from(RATE)).round() as usize;
        for (n, sample) in pluck(*pitch, 0.5, RATE).samples.iter().enumerate() {
            let faded = f64::from(*sample) * level(n as f64 / f64::from(RATE), fade);
            if let Some(mixed) = mix.get_mut(first + n) {
                *mixed += MIDDLE * faded;
            }
        }
    }
    mix
}

fn largest_difference(rendered: &[f32], expected: &[f64]) -> f64 {
    let differences = rendered.iter().zip(expected);
    differences
        .map(|(sample, wanted)| (f64::from(*sample) - wanted).abs())
        .fold(0.0, f64::max)
}

#[test]
fn a_seed_that_is_moved_in_is_seen_and_answered() {
    let Some(sclang) = Sclang::with(&[]) else {
        return;
    };
    let (own, port) = (free_port(), free_port());
    let daemon = Daemon::start(own, port);
    let root = daemon.path("").display().to_string();
    let root = root.trim_end_matches('/').to_owned();
    let posted = sclang.check(
        "conversation.scd",
        &[root, own.port().to_string(), port.port().to_string()],
    );
    let (compiling, _) = posted.split_once("compile done").unwrap();
    assert!(compiling.contains("supercollider/Antiphon"), "{compiling}");
    for word in ["WARNING", "ERROR", ".sc"] {
        // A class that is warned of is named with its file.
        let named = |line: &str| line.contains(word) && !line.contains("Compiling directory");
        assert!(!compiling.lines().any(named), "{word}: {compiling}");
    }
}

/// Converses by `script` with a daemon that has these `arguments`.
fn converse(script: &str, arguments: &[&str]) {
    let Some(sclang) = Sclang::with(&[]) else {
        return;
    };
    let (own, port) = (free_port(), free_port());
    let daemon = Daemon::start_with(own, port, common::gallery::LIVELY, arguments);
    let root = daemon.path("").display().to_string();
    let root = root.trim_end_matches('/').to_owned();
    sclang.check(
        script,
        &[root, own.port().to_string(), port.port().to_string()],
    );
}

#[test]
fn every_command_is_answered() {
    converse("commands.scd", &[]);
}

#[test]
fn a_prefix_is_said_and_heard() {
    converse("prefix.scd", &["--osc-prefix", "/room2"]);
}

#[test]
fn the_help_file_has_the_methods_that_are_there() {
    let Some(sclang) = Sclang::with(&[]) else {
        return;
    };
    let posted = sclang.check("help.scd", &[".", "0", "0"]);
    assert!(!posted.contains("WARNING"), "{posted}");
}

#[test]
fn three_voices_overlap_at_the_stagger_asked_for_without_a_click() {
    let folder = tempfile::tempdir().unwrap();
    let pitches = [220.0, 330.0, 495.0];
    let rendering = Rendering {
        voices: 3,
        stagger: 0.2,
        fade: 0.05,
        repeats: 1,
        answers: &answers(folder.path(), &pitches, RATE),
    };
    let Some(rendered) = rendering.run(folder.path()) else {
        return;
    };
    let voices = [(0.0, 220.0), (0.2, 330.0), (0.4, 495.0)];
    assert!(rendered.len() >= (0.9 * f64::from(RATE)) as usize);
    let expected = mixed(&voices, 0.05, rendered.len());
    let difference = largest_difference(&rendered, &expected);
    assert!(difference < 0.005, "{difference}");
}

#[test]
fn a_voice_waits_until_one_is_free() {
    let folder = tempfile::tempdir().unwrap();
    let rendering = Rendering {
        voices: 2,
        stagger: 0.125,
        fade: 0.01,
        repeats: 2,
        // The newest two are played.
        answers: &answers(folder.path(), &[110.0, 220.0, 330.0], RATE),
    };
    let Some(rendered) = rendering.run(folder.path()) else {
        return;
    };
    let voices = [(0.0, 220.0), (0.125, 330.0), (0.5, 220.0), (0.625, 330.0)];
    let expected = mixed(&voices, 0.01, rendered.len());
    let difference = largest_difference(&rendered, &expected);
    assert!(difference < 0.005, "{difference}");
}

#[test]
fn an_answer_is_played_at_the_rate_of_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let rendering = Rendering {
        voices: 1,
        stagger: 0.0,
        fade: 0.05,
        repeats: 1,
        answers: &answers(folder.path(), &[220.0], RATE / 2),
    };
    let Some(rendered) = rendering.run(folder.path()) else {
        return;
    };
    let expected = mixed(&[(0.0, 220.0)], 0.05, rendered.len());
    let difference = largest_difference(&rendered, &expected);
    assert!(difference < 0.01, "{difference}");
}

#[test]
fn a_bus_is_recorded_answered_loaded_and_played() {
    if std::env::var_os("ANTIPHON_REALTIME").is_none() {
        eprintln!("SKIPPED: `make realtime` runs it, where nothing else is to be done");
        return;
    }
    let Some(sclang) = Sclang::with(&["scsynth", "jackd", "jack_wait"]) else {
        return;
    };
    let jack = Jack::start();
    let sclang = sclang.heard_by(&jack);
    let (own, port) = (free_port(), free_port());
    let daemon = Daemon::start(own, port);
    let root = daemon.path("").display().to_string();
    let root = root.trim_end_matches('/').to_owned();
    let played = daemon.path("played.wav");
    sclang.check(
        "record.scd",
        &[
            root,
            own.port().to_string(),
            port.port().to_string(),
            free_port().port().to_string(),
            played.display().to_string(),
        ],
    );
    let seed = load_as_recorded(&daemon.path(".antiphon/done/000001-take.wav")).unwrap();
    assert_eq!(seed.facts.sample_rate, RATE);
    let seconds = seed.samples.len() as f64 / f64::from(RATE);
    assert!((0.95..1.2).contains(&seconds), "{seconds}");
    let energy: f64 = seed.samples.iter().map(|s| f64::from(*s).powi(2)).sum();
    let loudness = (energy / seed.samples.len() as f64).sqrt();
    // A sine of amplitude 0.3.
    assert!((loudness - 0.212).abs() < 0.02, "{loudness}");

    let played = load_as_recorded(&played).unwrap().samples;
    for number in 1..=3 {
        let name = ["take", "by-hand", "third"][number - 1];
        let answer = daemon.path(&format!("predictions/{name}.0001.wav"));
        let answer = load_as_recorded(&answer).unwrap().samples;
        let similarity = most_similar(&played, &answer[4800..answer.len() - 4800]);
        assert!(similarity > 0.99, "{name}: {similarity}");
    }
}

/// How similar `part` is to the stretch of `whole` that is most like it.
fn most_similar(whole: &[f32], part: &[f32]) -> f64 {
    let energy = |samples: &[f32]| samples.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>();
    // The first part finds the place, by all its samples.
    let similarity = |stretch: &[f32], part: &[f32]| {
        let product = stretch.iter().zip(part).map(|(a, b)| f64::from(a * b));
        product.sum::<f64>() / (energy(stretch) * energy(part)).sqrt().max(1e-9)
    };
    let probe = part.len().min(512);
    let similar = |at: &usize| similarity(&whole[*at..at + probe], &part[..probe]);
    let places = 0..whole.len().saturating_sub(part.len());
    let best = places.max_by(|a, b| similar(a).total_cmp(&similar(b)));
    best.map_or(0.0, |at| similarity(&whole[at..at + part.len()], part))
}
