//! Answers that hear their seed: what a composer does with `--follow`, and what
//! `antiphon judge --seed` says of it.

mod common;

use std::path::{Path, PathBuf};
use std::process::Output;

use antiphon::audio::{self, Signal};
use common::{pluck, run, stderr, write_seed};
use serde_json::Value;
use tempfile::TempDir;

const RATE: u32 = 11025;

struct Desk {
    folder: TempDir,
}

impl Desk {
    fn new() -> Desk {
        Desk {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn word(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// A seed of plucked notes, each half a second.
    fn melody(&self, name: &str, notes: &[f64]) {
        let samples = notes.iter().map(|hz| pluck(*hz, 0.5, RATE).samples);
        let signal = Signal {
            samples: samples.collect::<Vec<_>>().concat(),
            sample_rate: RATE,
        };
        write_seed(&self.path(name), &signal);
    }

    fn generate(&self, model: &str, seed: &str, output: &str, extra: &[&str]) -> Output {
        let (seed, output) = (self.word(seed), self.word(output));
        let begin = [
            "generate", "--model", model, "--seed", &seed, "--output", &output,
        ];
        run([&begin[..], extra].concat())
    }

    fn answer(&self, model: &str, seed: &str, output: &str, extra: &[&str]) {
        let extra = [&["--random-seed", "3", "--force"], extra].concat();
        let answered = self.generate(model, seed, output, &extra);
        assert!(answered.status.success(), "{}", stderr(&answered));
    }

    /// What `judge` says of the answers to the seeds, one entry each.
    fn judge(&self, seeds: &[&str], answers: &[&str]) -> Vec<Value> {
        let mut words = vec!["judge".to_owned(), "--json".to_owned()];
        words.extend(["--training".to_owned(), self.word(seeds[0])]);
        for seed in seeds {
            words.extend(["--seed".to_owned(), self.word(seed)]);
        }
        words.extend(answers.iter().map(|answer| self.word(answer)));
        let judged = run(&words);
        assert!(judged.status.success(), "{}", stderr(&judged));
        serde_json::from_slice(&judged.stdout).unwrap()
    }

    fn sidecar(&self, name: &str) -> Value {
        let text = std::fs::read_to_string(self.path(name)).unwrap();
        serde_json::from_str(&text).unwrap()
    }
}

const MELODIES: [(&str, &[f64]); 4] = [
    (
        "rising.wav",
        &[196.0, 220.0, 246.9, 261.6, 293.7, 329.6, 349.2, 392.0],
    ),
    (
        "falling.wav",
        &[415.3, 370.0, 311.1, 277.2, 233.1, 207.7, 185.0, 155.6],
    ),
    (
        "leaping.wav",
        &[130.8, 392.0, 146.8, 440.0, 164.8, 349.2, 196.0, 523.3],
    ),
    (
        "staying.wav",
        &[233.1, 233.1, 349.2, 233.1, 233.1, 311.1, 233.1, 233.1],
    ),
];

#[test]
fn the_dial_moves_the_answer_towards_the_seed() {
    let desk = Desk::new();
    let (name, notes) = MELODIES[0];
    desk.melody(name, notes);
    for model in ["magnitude-spectrum", "vector"] {
        let mut heard = Vec::new();
        for follow in ["0", "0.2", "0.4", "0.6", "0.8", "1"] {
            desk.answer(
                model,
                name,
                "answer.wav",
                &["--seconds", "8", "--follow", follow],
            );
            let hears = &desk.judge(&[name], &["answer.wav"])[0]["hears"];
            let value = |key: &str| hears[key].as_f64().unwrap();
            heard.push(value("chroma") + value("loudness"));
        }
        // The order, but for what chance makes of near neighbours.
        for pair in heard.windows(2) {
            assert!(pair[1] > pair[0] - 0.1, "{model}: {heard:?}");
        }
        assert!(heard[5] > heard[0] + 0.5, "{model}: {heard:?}");
    }
}

#[test]
fn answers_are_told_apart_by_their_seeds() {
    let desk = Desk::new();
    for (name, notes) in MELODIES {
        desk.melody(name, notes);
    }
    let seeds = MELODIES.map(|(name, _)| name);
    let answers = ["a.wav", "b.wav", "c.wav", "d.wav"];
    for model in ["magnitude-spectrum", "vector"] {
        let identified = |extra: &[&str]| {
            for (seed, answer) in seeds.iter().zip(answers) {
                desk.answer(model, seed, answer, &[&["--seconds", "4"], extra].concat());
            }
            let judged = desk.judge(&seeds, &answers);
            judged[0]["identification"]["identified"].as_u64().unwrap()
        };
        let (following, free) = (identified(&[]), identified(&["--follow", "0"]));
        assert!(
            following >= 3 && free <= 2,
            "{model}: {following}, free {free}, of 4"
        );
    }
}

/// Samples after the fifth second.
fn late(path: &Path) -> Vec<f64> {
    let signal = audio::load(path, RATE).unwrap().signal;
    let late = &signal.samples[5 * RATE as usize..];
    late.iter().map(|sample| f64::from(*sample)).collect()
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let products = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    products(a, b) / (products(a, a) * products(b, b)).sqrt()
}

#[test]
fn unrelated_seeds_have_unrelated_answers() {
    let desk = Desk::new();
    for (name, notes) in MELODIES {
        desk.melody(name, notes);
    }
    for model in ["magnitude-spectrum", "vector", "transpose"] {
        desk.answer(model, "rising.wav", "one.wav", &["--seconds", "7"]);
        desk.answer(model, "falling.wav", "other.wav", &["--seconds", "7"]);
        let alike = correlation(&late(&desk.path("one.wav")), &late(&desk.path("other.wav")));
        assert!(alike < 0.3, "{model}: {alike}");
    }
}

#[test]
fn where_the_seed_rests_the_answer_may() {
    let desk = Desk::new();
    let mut samples: Vec<f32> = Vec::new();
    for hz in MELODIES[0].1 {
        samples.extend(pluck(*hz, 0.5, RATE).samples);
    }
    samples.resize(12 * RATE as usize, 0.0);
    let sample_rate = RATE;
    write_seed(
        &desk.path("rests.wav"),
        &Signal {
            samples,
            sample_rate,
        },
    );
    let asked = ["--seconds", "12", "--follow", "1", "--ending", "exact"];
    desk.answer("magnitude-spectrum", "rests.wav", "answer.wav", &asked);
    let answer = audio::load(&desk.path("answer.wav"), RATE).unwrap().signal;
    let power = |seconds: std::ops::Range<usize>| {
        let part = &answer.samples[seconds.start * RATE as usize..seconds.end * RATE as usize];
        part.iter().map(|sample| sample * sample).sum::<f32>() / part.len() as f32
    };
    assert!(power(6..11) < 1e-3 * power(0..4));
    // Nothing was wrong with that.
    let sidecar = desk.sidecar("answer.json");
    assert_eq!(sidecar["responses"], serde_json::json!([]));
    assert_eq!(sidecar["fault"], Value::Null);
}

#[test]
fn a_ramp_lets_go_of_the_guide() {
    let desk = Desk::new();
    let (name, notes) = MELODIES[2];
    desk.melody(name, notes);
    let options = |follow| {
        [
            "--seconds",
            "6",
            "--ending",
            "exact",
            "--loudness",
            "model",
            "--follow",
            follow,
        ]
    };
    desk.answer("vector", name, "always.wav", &options("0.8"));
    desk.answer(
        "vector",
        name,
        "first.wav",
        &options("[[0, 0.8], [3, 0.8], [3, 0]]"),
    );
    let [always, first] = ["always.wav", "first.wav"].map(|name| {
        let signal = audio::load(&desk.path(name), RATE).unwrap().signal;
        signal.samples
    });
    // A filter of the band reaches some milliseconds ahead.
    let until = 2 * RATE as usize;
    let apart = |range: std::ops::Range<usize>| {
        let pairs = always[range.clone()].iter().zip(&first[range]);
        pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    };
    assert!(apart(0..until) < 1e-3, "{}", apart(0..until));
    assert!(apart(4 * RATE as usize..6 * RATE as usize) > 0.01);
    let sidecar = desk.sidecar("first.json");
    assert_eq!(
        sidecar["follow"],
        serde_json::json!([[0.0, 0.8], [3.0, 0.8], [3.0, 0.0]])
    );
    assert_eq!(sidecar["guide"], "loop");
}

#[test]
fn each_form_of_the_guide_makes_another_answer() {
    let desk = Desk::new();
    let (name, notes) = MELODIES[0];
    desk.melody(name, notes);
    let mut answers = Vec::new();
    for form in [
        &["--guide", "loop"][..],
        &["--guide", "once"],
        &["--guide", "reverse"],
        &["--guide", "stretch"],
        &["--guide", "notes"],
        &["--guide-transpose", "-5"],
    ] {
        let extra = [&["--seconds", "6", "--follow", "1"], form].concat();
        desk.answer("vector", name, "answer.wav", &extra);
        let sound = audio::load(&desk.path("answer.wav"), RATE).unwrap().signal;
        answers.push(
            sound
                .samples
                .iter()
                .map(|s| f64::from(*s))
                .collect::<Vec<_>>(),
        );
    }
    for (n, answer) in answers.iter().enumerate() {
        for other in &answers[..n] {
            // Loop and once are the same until the seed ends, after 4 of 6 seconds.
            assert!(correlation(answer, other) < 0.95);
        }
    }
    assert_eq!(desk.sidecar("answer.json")["guide_transpose"], -5.0);
}

#[test]
fn a_transposed_guide_leads_the_answer_to_its_own_pitches() {
    let desk = Desk::new();
    let (name, notes) = MELODIES[0];
    desk.melody(name, notes);
    let up: Vec<f64> = notes.iter().map(|hz| hz * 2f64.powf(2.0 / 12.0)).collect();
    desk.melody("up.wav", &up);
    desk.answer(
        "vector",
        name,
        "plain.wav",
        &["--seconds", "4", "--follow", "1"],
    );
    let transposed = ["--seconds", "4", "--follow", "1", "--guide-transpose", "2"];
    desk.answer("vector", name, "transposed.wav", &transposed);
    let judged = desk.judge(&[name, "up.wav"], &["plain.wav", "transposed.wav"]);
    assert_eq!(judged[0]["identification"]["identified"], 2, "{judged:?}");
}

#[test]
fn what_cannot_be_followed_so_is_an_error_that_says_why() {
    let desk = Desk::new();
    let (name, notes) = MELODIES[0];
    desk.melody(name, notes);
    for (model, extra, expected) in [
        (
            "vector",
            ["--follow", "2"],
            "\"follow\" is 2; allowed: 0 to 1",
        ),
        (
            "vector",
            ["--follow", "[[2, 1], [1, 0]]"],
            "\"follow\" is [[2.0,1.0],[1.0,0.0]]",
        ),
        (
            "vector",
            ["--follow", "closely"],
            "allowed: 0 to 1, or a ramp",
        ),
        (
            "vector",
            ["--guide", "backwards"],
            "allowed: loop, once, reverse, stretch, notes",
        ),
        (
            "transpose",
            ["--follow-choice", "20"],
            "applies to models whose output is a mixture of vectors",
        ),
    ] {
        let refused = desk.generate(model, name, "answer.wav", &extra);
        assert!(!refused.status.success(), "{model} {extra:?}");
        assert!(stderr(&refused).contains(expected), "{}", stderr(&refused));
        assert!(!desk.path("answer.wav").exists());
    }
}
