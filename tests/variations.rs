//! Several answers to one seed, by the program itself.

mod common;

use std::path::{Path, PathBuf};
use std::process::Output;

use antiphon::answer::AnswerProgress;
use common::gallery::{LIVELY, listing};
use common::{pluck, random_model, run, stderr, write_seed};
use serde_json::{Value, json};
use tempfile::TempDir;

const SPECTRUM: &str = r#"{"preset": "magnitude-spectrum", "window_size": 64, "hop_size": 16,
    "num_unrollings": 4, "output": "mixture", "components": 3}"#;

/// A folder with two models, a seed and another sound.
struct Desk(TempDir);

impl Desk {
    fn new() -> Desk {
        let desk = Desk(tempfile::tempdir().unwrap());
        random_model(LIVELY)
            .write(&desk.path("lively.onnx"))
            .unwrap();
        random_model(SPECTRUM)
            .write(&desk.path("spectrum.onnx"))
            .unwrap();
        write_seed(&desk.path("seed.wav"), &pluck(220.0, 0.5, 44100));
        write_seed(&desk.path("other.wav"), &pluck(330.0, 0.4, 48000));
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn put_plan(&self, plan: Value) -> String {
        std::fs::write(self.path("plan.json"), plan.to_string()).unwrap();
        self.path("plan.json").to_str().unwrap().to_owned()
    }

    /// Answers seed.wav with the set `night`.
    fn try_generate(&self, asked: &[&str]) -> Output {
        let mut words = vec!["generate".into(), "--seed".into(), self.path("seed.wav")];
        words.extend(["--output".into(), self.path("night")]);
        words.extend(asked.iter().map(PathBuf::from));
        run(words)
    }

    fn generate(&self, asked: &[&str]) {
        let output = self.try_generate(asked);
        assert!(output.status.success(), "{asked:?}: {}", stderr(&output));
    }

    fn by(&self, model: &str, asked: &[&str]) {
        let model = self.path(model);
        self.generate(&[&["--model", model.to_str().unwrap()], asked].concat());
    }

    fn json(&self, name: &str) -> Value {
        serde_json::from_slice(&std::fs::read(self.path("night").join(name)).unwrap()).unwrap()
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path("night").join(name)).unwrap()
    }

    fn assert_refused(&self, asked: &[&str], words: &[&str]) {
        let output = self.try_generate(asked);
        let said = stderr(&output);
        assert!(!output.status.success(), "{asked:?}: {said}");
        for word in words {
            assert!(said.contains(word), "{word}: {said}");
        }
    }
}

fn assert_replays(sidecar: &Path) {
    let output = run(["replay".into(), sidecar.as_os_str().to_owned()]);
    assert!(
        output.status.success(),
        "{}: {}",
        sidecar.display(),
        stderr(&output)
    );
}

#[test]
fn a_set_has_the_theme_its_variations_and_what_each_is() {
    let desk = Desk::new();
    desk.by("lively.onnx", &["--variations", "3", "--seconds", "0.2"]);
    let files = [
        "01.json",
        "01.wav",
        "02.json",
        "02.wav",
        "03.json",
        "03.wav",
        "set.json",
        "theme.wav",
    ];
    assert_eq!(listing(&desk.path("night")), files);
    assert_eq!(
        desk.bytes("theme.wav"),
        std::fs::read(desk.path("seed.wav")).unwrap()
    );
    for (one, other) in [
        ("01.wav", "02.wav"),
        ("01.wav", "03.wav"),
        ("02.wav", "03.wav"),
    ] {
        assert_ne!(desk.bytes(one), desk.bytes(other));
    }
    let set = desk.json("set.json");
    assert_eq!(set["seed"], "seed.wav");
    assert_eq!(set["theme"], "theme.wav");
    for (n, variation) in set["variations"].as_array().unwrap().iter().enumerate() {
        assert_eq!(variation["number"], n + 1);
        let sidecar = desk.json(&format!("0{}.json", n + 1));
        assert_eq!(variation["seconds"], sidecar["lasts"]);
        assert_eq!(sidecar["variation"], n + 1);
    }
}

#[test]
fn the_same_plan_gives_the_same_bytes_and_another_random_seed_others() {
    let desk = Desk::new();
    let three = ["--variations", "3", "--seconds", "0.2"];
    desk.by("lively.onnx", &three);
    let first = desk.bytes("02.wav");
    desk.by("lively.onnx", &[&three[..], &["--force"]].concat());
    assert_eq!(desk.bytes("02.wav"), first);
    desk.by(
        "lively.onnx",
        &[&three[..], &["--force", "--random-seed", "1"]].concat(),
    );
    assert_ne!(desk.bytes("02.wav"), first);
    // A variation does not depend on those before it.
    desk.by(
        "lively.onnx",
        &["--variations", "2", "--seconds", "0.2", "--force"],
    );
    assert_eq!(desk.bytes("02.wav"), first);
}

#[test]
fn frames_of_a_set_follow_more_loosely_unless_somebody_says_how() {
    let desk = Desk::new();
    let two = ["--variations", "2", "--seconds", "0.2", "--force"];
    let sidecar = |model: &str, more: &[&str]| {
        desk.by(model, &[&two[..], more].concat());
        desk.json("02.json")
    };
    let loose = sidecar("spectrum.onnx", &[]);
    assert_eq!(loose["follow_choice"], 2.0);
    let noisy = loose["feedback_noise"].as_f64().unwrap();
    let said = sidecar("spectrum.onnx", &["--follow", "0.5"]);
    assert_eq!(said["follow_choice"], Value::Null);
    assert!(said["feedback_noise"].as_f64().unwrap() < noisy);
    assert_eq!(sidecar("lively.onnx", &[])["follow_choice"], Value::Null);
}

/// One variation of each kind that a plan can ask for.
fn plan_of_all_kinds() -> Value {
    json!({
        "seconds": 0.2, "model": "spectrum.onnx",
        "variations": [
            {"follow": 1},
            {"follow": [[0, 1], [0.1, 0]], "guide": "reverse"},
            {"guide": "stretch", "times": 0.5},
            {"guide": "notes", "guide_transpose": -5, "count": 2},
            {"guide": "once", "seconds": 0.8},
            {"guide_file": "other.wav"},
            {"resynthesis_hop": 24},
            {"resynthesis_hop": 8, "follow": [[0, 0], [0.2, 1]], "ending": "exact"},
            {"model": "lively.onnx", "temperature": 0.7},
            {"model": "lively.onnx", "answer": "frozen", "random_seed": 9},
            {"ending": "raw", "format": "float32", "rate": 16000, "channels": 2},
            {"prime": "matrix", "loudness": "model", "fade": 0.05, "follow": 0},
            {"resynthesis": "phase-locked", "resynthesis_hop": 24, "width": 0.6},
        ],
    })
}

#[test]
fn every_kind_of_variation_is_made_as_asked_and_replays() {
    let desk = Desk::new();
    let plan = desk.put_plan(plan_of_all_kinds());
    desk.generate(&["--plan", &plan]);
    let set = desk.json("set.json");
    let variations = set["variations"].as_array().unwrap();
    assert_eq!(variations.len(), 14);
    let sidecar = |n: usize| desk.json(&format!("{n:02}.json"));
    assert_eq!(sidecar(1)["follow"], json!(1.0));
    assert!((sidecar(3)["seconds"].as_f64().unwrap() - 0.25).abs() < 1e-3);
    assert_ne!(
        desk.bytes("04.wav"),
        desk.bytes("05.wav"),
        "each has its own order of notes"
    );
    let followed = sidecar(7)["guide_file"]["file"].clone();
    assert!(
        followed.as_str().unwrap().ends_with("other.wav"),
        "{followed}"
    );
    assert_eq!(sidecar(8)["resynthesis_hop"], 24);
    assert_eq!(sidecar(9)["lasts"], json!(0.2));
    assert!(
        variations[9]["model"]
            .as_str()
            .unwrap()
            .ends_with("lively.onnx")
    );
    assert_eq!(sidecar(11)["random_seed"], 9);
    assert_eq!(sidecar(12)["sample_rate"], 16000);
    assert_eq!(sidecar(8)["resynthesis"], "oscillator-bank");
    assert_eq!(sidecar(10)["resynthesis"], Value::Null);
    assert_eq!(sidecar(14)["resynthesis"], "phase-locked");
    for n in 1..=variations.len() {
        assert_replays(&desk.path("night").join(format!("{n:02}.json")));
    }
}

#[test]
fn a_plan_is_checked_before_anything_is_made() {
    let desk = Desk::new();
    for (variation, expected) in [
        (
            json!({"folow": 1}),
            "variation 2: unknown key \"folow\"; did you mean \"follow\"?",
        ),
        (
            json!({"follow": 2}),
            "variation 2: hyperparameter \"follow\" is 2",
        ),
        (
            json!({"model": "none.onnx"}),
            "variation 2: there is no model none.onnx",
        ),
        (
            json!({"guide_file": "none.wav"}),
            "variation 2: none.wav is no file",
        ),
        (
            json!({"train_every": 4}),
            "variation 2: \"train_every\" applies to weights that move",
        ),
        (
            json!({"guide_file": "other.wav", "follow": 0}),
            "variation 2: a guide file changes nothing",
        ),
        (
            json!({"seconds": 0.2, "times": 1}),
            "variation 2: \"seconds\" and \"times\"",
        ),
        (json!({"answer": "moving"}), "keeps no training audio"),
        (json!(3), "a list of objects"),
    ] {
        let plan = desk.put_plan(json!({"model": "spectrum.onnx", "variations": [{}, variation]}));
        desk.assert_refused(&["--plan", &plan], &[expected, "plan.json"]);
    }
    assert_eq!(
        listing(desk.0.path()),
        [
            "lively.onnx",
            "other.wav",
            "plan.json",
            "seed.wav",
            "spectrum.onnx"
        ]
    );
}

#[test]
fn a_set_replaces_none_but_a_set_and_only_if_asked_to() {
    let desk = Desk::new();
    let model = desk.path("lively.onnx");
    let asked = [
        "--model",
        model.to_str().unwrap(),
        "--variations",
        "2",
        "--seconds",
        "0.1",
    ];
    desk.generate(&asked);
    desk.assert_refused(&asked, &["night is there already", "--force"]);
    let forced = [&asked[..], &["--force"]].concat();
    desk.generate(&forced);
    std::fs::remove_file(desk.path("night/set.json")).unwrap();
    desk.assert_refused(&forced, &["no set of answers"]);
    assert_eq!(listing(&desk.path("night")).len(), 5);
    // Nothing is left beside it.
    assert!(
        !listing(desk.0.path())
            .iter()
            .any(|name| name.starts_with('.'))
    );
}

#[test]
fn a_theme_of_another_kind_becomes_a_wav_file() {
    let desk = Desk::new();
    let flac = desk.path("seed.flac");
    if common::skipped_without("ffmpeg") {
        return;
    }
    let made = std::process::Command::new("ffmpeg")
        .args(["-loglevel", "error", "-i"])
        .args([&desk.path("seed.wav"), &flac])
        .status();
    assert!(made.unwrap().success());
    let model = desk.path("lively.onnx");
    let words = [
        "generate",
        "--model",
        model.to_str().unwrap(),
        "--seed",
        flac.to_str().unwrap(),
    ];
    let night = desk.path("night");
    let output = run([
        &words[..],
        &[
            "--variations",
            "1",
            "--seconds",
            "0.1",
            "--output",
            night.to_str().unwrap(),
        ],
    ]
    .concat());
    assert!(output.status.success(), "{}", stderr(&output));
    let theme = hound::WavReader::open(desk.path("night/theme.wav")).unwrap();
    assert_eq!(theme.spec().sample_rate, 44100);
    assert_eq!(theme.duration(), 22050);
    let sidecar = night.join("01.json");
    let said = stderr(&run(["replay".as_ref(), sidecar.as_os_str()]));
    assert!(said.contains("give it with --seed"), "{said}");
    let again = run([
        "replay".as_ref(),
        sidecar.as_os_str(),
        "--seed".as_ref(),
        flac.as_os_str(),
    ]);
    assert!(again.status.success(), "{}", stderr(&again));
}

/// The samples of a mono WAV file.
fn samples(path: &Path) -> Vec<f32> {
    let sound = antiphon::audio::read::read(path).unwrap();
    sound.samples
}

/// Mean powers of `count` equal parts of a sound.
fn envelope(samples: &[f32], count: usize) -> Vec<f64> {
    let part = |part: &[f32]| part.iter().map(|s| f64::from(s * s)).sum::<f64>();
    samples
        .chunks(samples.len().div_ceil(count))
        .map(part)
        .collect()
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let sum = |f: &dyn Fn(f64, f64) -> f64| -> f64 {
        let pairs = a.iter().zip(b).map(|(a, b)| (a - mean_a, b - mean_b));
        pairs.map(|(a, b)| f(a, b)).sum()
    };
    sum(&|a, b| a * b) / (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt()
}

/// The power of a sound at `frequency` and its octave, at 44100 Hz, as the bundled model speaks.
fn power_at(samples: &[f32], frequency: f64) -> f64 {
    let at = |frequency: f64| {
        let (mut real, mut imaginary) = (0.0, 0.0);
        for (n, sample) in samples.iter().enumerate() {
            let angle = std::f64::consts::TAU * frequency * n as f64 / 44100.0;
            real += f64::from(*sample) * angle.cos();
            imaginary += f64::from(*sample) * angle.sin();
        }
        real * real + imaginary * imaginary
    };
    // A pitch is nowhere exact.
    let near = |frequency: f64| (-4..=4).map(|n| at(frequency + f64::from(n))).sum::<f64>();
    near(frequency) + near(2.0 * frequency)
}

/// Answers seed.wav by the bundled model of spectra.
fn by_the_bundled(desk: &Desk, output: &str, asked: &[&str]) -> Vec<f32> {
    let mut words = vec![
        "generate".into(),
        "--model".into(),
        "magnitude-spectrum".into(),
    ];
    words.extend([
        "--seed".into(),
        desk.path("seed.wav"),
        "--output".into(),
        desk.path(output),
    ]);
    words.extend(asked.iter().chain(&["--rate", "model"]).map(PathBuf::from));
    let output_of = run(words);
    assert!(output_of.status.success(), "{}", stderr(&output_of));
    samples(&desk.path(output))
}

#[test]
fn frames_that_sound_twice_as_far_apart_are_twice_as_slow() {
    let desk = Desk::new();
    let raw = ["--ending", "raw", "--guide", "notes"];
    let plain = by_the_bundled(
        &desk,
        "plain.wav",
        &[&raw[..], &["--seconds", "3"]].concat(),
    );
    let slow = ["--seconds", "6", "--resynthesis-hop", "2048"];
    let slow = by_the_bundled(&desk, "slow.wav", &[&raw[..], &slow].concat());
    assert_eq!(slow.len(), 2 * plain.len());
    let alike = correlation(&envelope(&plain, 24), &envelope(&slow, 24));
    assert!(alike > 0.9, "{alike}");
    let half: Vec<f32> = slow[..plain.len()].to_vec();
    let other = correlation(&envelope(&plain, 24), &envelope(&half, 24));
    assert!(other < 0.7, "{other}");
}

#[test]
fn another_sound_is_followed_where_one_is_given() {
    let desk = Desk::new();
    let own = by_the_bundled(&desk, "own.wav", &["--seconds", "3", "--follow", "1"]);
    let other = desk.path("other.wav");
    let asked = [
        "--seconds",
        "3",
        "--follow",
        "1",
        "--guide-file",
        other.to_str().unwrap(),
    ];
    let other = by_the_bundled(&desk, "led.wav", &asked);
    let fifth = |samples: &[f32]| power_at(samples, 330.0) / power_at(samples, 220.0);
    assert!(
        fifth(&other) > 10.0 * fifth(&own),
        "{} {}",
        fifth(&other),
        fifth(&own)
    );
}

#[test]
fn a_file_tells_how_far_answers_have_come() {
    let desk = Desk::new();
    let file = desk.path("progress.json");
    let mut child = common::antiphon()
        .args(["generate", "--variations", "3", "--model"])
        .arg(desk.path("lively.onnx"))
        .args(["--seconds", "500", "--ending", "exact", "--seed"])
        .arg(desk.path("seed.wav"))
        .arg("--output")
        .arg(desk.path("night"))
        .arg("--progress")
        .arg(&file)
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut told: Vec<AnswerProgress> = Vec::new();
    while child.try_wait().unwrap().is_none() {
        // Never half of it.
        let now = std::fs::read(&file).map(|bytes| AnswerProgress::parse(&bytes).unwrap());
        told.extend(now.ok().filter(|now| Some(now) != told.last()));
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    assert!(child.wait().unwrap().success());
    assert!(told.len() > 3, "{told:?}");
    assert!(
        told.iter()
            .all(|now| now.of == 3 && (1..=3).contains(&now.number))
    );
    assert!(told.is_sorted_by_key(|now| now.number), "{told:?}");
    let middle = &told[told.len() / 2];
    assert!(middle.share > 0.0 && middle.share < 1.0, "{told:?}");
    assert!(told.iter().any(|now| now.remaining > Some(0.0)), "{told:?}");
    let end = |number| AnswerProgress {
        number,
        of: number,
        share: 1.0,
        remaining: Some(0.0),
    };
    assert_eq!(AnswerProgress::read(&file), Some(end(3)));

    // Of one answer, in the file of an earlier one.
    let one = |progress: &Path, output: &str| {
        let output = desk.path(output);
        let model = desk.path("lively.onnx");
        let seed = desk.path("seed.wav");
        let words = ["generate".as_ref(), "--seconds".as_ref(), "0.2".as_ref()];
        let files: [&Path; 8] = [
            "--model".as_ref(),
            &model,
            "--seed".as_ref(),
            &seed,
            "--output".as_ref(),
            &output,
            "--progress".as_ref(),
            progress,
        ];
        run(words.into_iter().chain(files))
    };
    assert!(one(&file, "one.wav").status.success());
    assert_eq!(AnswerProgress::read(&file), Some(end(1)));

    let refused = one("/nowhere/progress.json".as_ref(), "two.wav");
    assert!(refused.status.success() && desk.path("two.wav").exists());
    let said = stderr(&refused);
    assert_eq!(said.matches("cannot write how far").count(), 1, "{said}");

    std::fs::write(desk.path("mine.json"), "{}").unwrap();
    for (name, words) in [
        ("mine.json", "is there already"),
        ("three.json", "written twice"),
        ("three.wav", "written twice"),
        ("seed.wav", "is read"),
    ] {
        let refused = one(&desk.path(name), "three.wav");
        assert!(!refused.status.success(), "{name}");
        assert!(
            stderr(&refused).contains(words),
            "{name}: {}",
            stderr(&refused)
        );
        assert!(!desk.path("three.wav").exists());
    }
}
