//! How answers begin and end, in the files that the program writes.

mod common;

use std::path::PathBuf;

use antiphon::audio::read::read;
use common::gallery::{Gallery, LIVELY};
use common::{pluck, random_model, run, stderr, write_seed};
use rosc::OscType;
use serde_json::Value;
use tempfile::TempDir;

/// Answers a seed of 44100 Hz; the answer's bytes, samples and sidecar.
fn answer(folder: &TempDir, model: &str, asked: &[&str]) -> (Vec<u8>, Vec<f32>, Value) {
    let path = |name: &str| folder.path().join(name);
    let mut words: Vec<PathBuf> = vec!["generate".into(), "--force".into(), "--model".into()];
    words.extend([model.into(), "--seed".into(), path("seed.wav")]);
    words.extend(["--output".into(), path("answer.wav")]);
    words.extend(asked.iter().map(PathBuf::from));
    let output = run(words);
    assert!(output.status.success(), "{asked:?}: {}", stderr(&output));
    let sidecar = std::fs::read(path("answer.json")).unwrap();
    (
        std::fs::read(path("answer.wav")).unwrap(),
        read(&path("answer.wav")).unwrap().samples,
        serde_json::from_slice(&sidecar).unwrap(),
    )
}

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_seed(&folder.path().join("seed.wav"), &pluck(220.0, 1.0, 44100));
    folder
}

fn rms(samples: &[f32]) -> f64 {
    let power: f64 = samples.iter().map(|s| f64::from(*s).powi(2)).sum();
    (power / samples.len() as f64).sqrt()
}

#[test]
fn answers_of_the_bundled_models_begin_and_end_without_a_click() {
    let folder = folder();
    for model in ["magnitude-spectrum", "vector"] {
        for (ending, seconds) in [("phrase", "3"), ("exact", "3"), ("phrase", "0.4")] {
            let asked = ["--ending", ending, "--seconds", seconds];
            let (_, samples, sidecar) = answer(&folder, model, &asked);
            let last = &samples[samples.len() - 220..];
            let decibels = 20.0 * (rms(last) / rms(&samples)).log10();
            assert!(decibels <= -40.0, "{model}, {asked:?}: {decibels}");
            let first = f64::from(samples[0].abs());
            assert!(first < 0.02 * rms(&samples), "{model}, {asked:?}: {first}");

            let (asked, lasts) = (sidecar["seconds"].as_f64(), sidecar["lasts"].as_f64());
            let (asked, lasts) = (asked.unwrap(), lasts.unwrap());
            assert!((samples.len() as f64 / 44100.0 - lasts).abs() < 1e-4);
            let reach = f64::min(1.0, 0.5 * asked);
            assert!((lasts - asked).abs() <= reach + 1e-4, "{lasts}");
            assert!(ending == "phrase" || lasts == asked);
            assert_eq!(sidecar["ending"], ending);
            assert_eq!(sidecar["fade"], 0.05);
        }
    }
}

#[test]
fn a_raw_answer_is_an_exact_one_without_fades() {
    let folder = folder();
    let model = folder.path().join("model.onnx");
    random_model(LIVELY).write(&model).unwrap();
    let model = model.to_str().unwrap();
    let of = |asked: &[&str]| answer(&folder, model, &[&["--seconds", "0.5"], asked].concat());
    let (raw, samples, sidecar) = of(&["--ending", "raw"]);
    assert_eq!(samples.len(), 22050);
    assert_eq!(sidecar["fade"], 0.0);
    assert!(of(&["--ending", "exact", "--fade", "0"]).0 == raw);
    assert!(of(&["--ending", "exact"]).0 != raw);
    assert!(of(&[]).0 == of(&["--ending", "phrase", "--fade", "0.05"]).0);

    let output = run(["generate", "--model", model, "--seed", "a", "--output"]
        .into_iter()
        .map(PathBuf::from)
        .chain([folder.path().join("b.wav")])
        .chain(["--ending", "raw", "--fade", "1"].map(PathBuf::from)));
    let said = stderr(&output);
    assert!(said.contains("--fade changes nothing"), "{said}");
    for wrong in [["--ending", "sudden"], ["--fade", "-1"]] {
        let words = ["generate", "--model", "m", "--seed", "a", "--output", "b"];
        let output = run(words.iter().chain(&wrong));
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
    }
}

#[test]
fn a_patch_is_told_how_long_a_phrase_became() {
    let gallery = Gallery::open_with(LIVELY, &["--seconds", "2", "--ending", "phrase"]);
    let mut lengths = Vec::new();
    for n in 0..3 {
        let name = format!("{n}.wav");
        write_seed(
            &gallery.path("seeds").join(&name),
            &pluck(220.0, 0.5, 44100),
        );
        let done = gallery.hear_until("done");
        let [
            OscType::Int(_),
            OscType::String(path),
            OscType::Float(seconds),
        ] = &done.args[..]
        else {
            panic!("{done:?}");
        };
        let path = PathBuf::from(path);
        let sound = read(&path).unwrap();
        let lasts = sound.samples.len() as f64 / 44100.0;
        assert!((f64::from(*seconds) - lasts).abs() < 1e-4);
        assert!((1.0..=3.0).contains(&lasts), "{lasts}");
        let sidecar = std::fs::read(path.with_extension("json")).unwrap();
        let sidecar: Value = serde_json::from_slice(&sidecar).unwrap();
        assert!((sidecar["lasts"].as_f64().unwrap() - lasts).abs() < 1e-4);
        lengths.push(sound.samples.len());
    }
    lengths.dedup();
    assert!(lengths.len() > 1, "each ends where it is quiet");
}
