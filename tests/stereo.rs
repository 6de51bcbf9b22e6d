//! Recordings and seeds in stereo, and answers that stand where their like stood.

mod common;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use common::gallery::{Gallery, LIVELY};
use common::{antiphon, pluck, run, stderr};
use tempfile::TempDir;

const RATE: u32 = 11025;

/// A folder with a model that learned from a low string on the left and a high one on the
/// right, one after the other.
struct Desk(TempDir);

impl Desk {
    fn new() -> Desk {
        let desk = Desk(tempfile::tempdir().unwrap());
        let (low, high) = (pluck(110.0, 1.0, RATE), pluck(880.0, 1.0, RATE));
        let mut frames = Vec::new();
        for (sound, gains) in [(&low, [0.9, 0.3]), (&high, [0.2, 0.8])].repeat(4) {
            let both = sound.samples.iter().map(|s| gains.map(|gain| gain * s));
            frames.extend(both);
        }
        write_stereo(&desk.path("duo.wav"), &frames);
        desk.train("duo.wav", "model.onnx");
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn train(&self, audio: &str, model: &str) {
        let settings = r#"{"preset": "magnitude-spectrum", "window_size": 256, "hop_size": 256,
            "hidden_size": 48, "num_unrollings": 8, "num_epochs": 60, "num_dreams": 0}"#;
        std::fs::write(self.path("settings.json"), settings).unwrap();
        self.said(&[
            "train".as_ref(),
            self.path("settings.json").as_ref(),
            "--audio".as_ref(),
            self.path(audio).as_ref(),
            "--output".as_ref(),
            self.path(model).as_ref(),
            "--runs".as_ref(),
            self.path("runs").as_ref(),
        ]);
    }

    fn said(&self, words: &[&OsStr]) -> String {
        let output = run(words);
        assert!(output.status.success(), "{}", stderr(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The channels of the answer of `model` to `seed`, and its sidecar.
    fn answer(&self, model: &str, seed: &str, more: &[&str]) -> (Vec<Vec<f64>>, serde_json::Value) {
        let (model, seed, output) = (self.path(model), self.path(seed), self.path("answer.wav"));
        let mut words: Vec<&OsStr> = vec![
            "generate".as_ref(),
            "--model".as_ref(),
            model.as_ref(),
            "--seed".as_ref(),
            seed.as_ref(),
            "--output".as_ref(),
            output.as_ref(),
        ];
        let asked = [
            "--force",
            "--seconds",
            "6",
            "--ending",
            "exact",
            "--format",
            "float32",
        ];
        words.extend(asked.iter().chain(more).map(OsStr::new));
        self.said(&words);
        let sidecar = std::fs::read(self.path("answer.json")).unwrap();
        let sidecar: serde_json::Value = serde_json::from_slice(&sidecar).unwrap();
        let scaled = sidecar["scaled_by"].as_f64().unwrap_or(1.0);
        let mut channels = channels_of(&output);
        let samples = channels.iter_mut().flatten();
        samples.for_each(|sample| *sample /= scaled);
        (channels, sidecar)
    }
}

fn write_stereo(path: &Path, frames: &[[f32; 2]]) {
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: RATE,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let mut wav = hound::WavWriter::create(path, spec).unwrap();
    for sample in frames.iter().flatten() {
        wav.write_sample(*sample).unwrap();
    }
    wav.finalize().unwrap();
}

fn channels_of(path: &Path) -> Vec<Vec<f64>> {
    let reader = hound::WavReader::open(path).unwrap();
    let count = usize::from(reader.spec().channels);
    let samples: Vec<f32> = reader.into_samples().map(Result::unwrap).collect();
    let channel = |n: usize| {
        samples
            .iter()
            .skip(n)
            .step_by(count)
            .map(|s| f64::from(*s))
            .collect()
    };
    (0..count).map(channel).collect()
}

fn power(samples: &[f64]) -> f64 {
    samples.iter().map(|s| s * s).sum()
}

/// How much louder the left channel is, in decibels, from `second` on for a second.
fn balance(channels: &[Vec<f64>], second: usize) -> f64 {
    let of = |channel: &Vec<f64>| power(&channel[second * RATE as usize..][..RATE as usize]);
    10.0 * (of(&channels[0]) / of(&channels[1])).log10()
}

/// The same of all of it.
fn mean_balance(channels: &[Vec<f64>]) -> f64 {
    assert_eq!(channels.len(), 2);
    10.0 * (power(&channels[0]) / power(&channels[1])).log10()
}

#[test]
fn a_model_of_stereo_recordings_answers_in_stereo() {
    let desk = Desk::new();
    common::write_seed(&desk.path("low.wav"), &pluck(110.0, 1.0, RATE));
    common::write_seed(&desk.path("high.wav"), &pluck(880.0, 1.0, RATE));
    // What the network says is led by the seed, so that it is known what is to be where.
    let asked = ["--follow", "1"];
    let (low, sidecar) = desk.answer("model.onnx", "low.wav", &asked);
    assert_eq!((low.len(), &sidecar["channels"]), (2, &2.into()));
    let (high, _) = desk.answer("model.onnx", "high.wav", &asked);
    let (left, right) = (balance(&low, 3), balance(&high, 3));
    assert!(left > 4.0, "low strings were on the left: {left} dB");
    assert!(right < -4.0, "high ones on the right: {right} dB");

    // Mixed, it is the mono answer.
    let (mono, sidecar) = desk.answer(
        "model.onnx",
        "low.wav",
        &["--follow", "1", "--channels", "1"],
    );
    assert_eq!((mono.len(), &sidecar["channels"]), (1, &1.into()));
    let mean = low[0].iter().zip(&low[1]).map(|(l, r)| 0.5 * (l + r));
    let other: Vec<f64> = mean.zip(&mono[0]).map(|(a, b)| a - b).collect();
    assert!(power(&other) < 1e-8 * power(&mono[0]));

    let (wide, sidecar) = desk.answer(
        "model.onnx",
        "low.wav",
        &["--follow", "1", "--width", "0.5"],
    );
    assert_eq!((wide.len(), &sidecar["width"]), (2, &0.5.into()));
    assert!(balance(&wide, 3).abs() < 3.0, "a width is no place");
}

#[test]
fn an_answer_begins_where_a_seed_in_stereo_is_and_can_be_made_again() {
    let desk = Desk::new();
    let string = pluck(110.0, 1.0, RATE);
    let right: Vec<[f32; 2]> = string.samples.iter().map(|s| [0.1 * s, 0.9 * s]).collect();
    write_stereo(&desk.path("right.wav"), &right);
    let (answer, _) = desk.answer("model.onnx", "right.wav", &["--follow", "1"]);
    assert!(balance(&answer, 0) < -4.0 && balance(&answer, 5) < -4.0);
    let bytes = std::fs::read(desk.path("answer.wav")).unwrap();
    let sidecar = desk.path("answer.json");
    desk.said(&["replay".as_ref(), sidecar.as_ref()]);
    let (again, _) = desk.answer("model.onnx", "right.wav", &["--follow", "1"]);
    assert_eq!(again, answer);
    assert_eq!(std::fs::read(desk.path("answer.wav")).unwrap(), bytes);

    let twice: Vec<[f32; 2]> = string.samples.iter().map(|s| [*s; 2]).collect();
    write_stereo(&desk.path("twice.wav"), &twice);
    common::write_seed(&desk.path("mono.wav"), &string);
    let [twice, mono] =
        ["twice.wav", "mono.wav"].map(|seed| desk.answer("model.onnx", seed, &["--follow", "1"]).0);
    let balances = [&twice, &mono].map(|answer| balance(answer, 3));
    assert!(
        balances.iter().all(|b| *b > 4.0),
        "no place is no centre: {balances:?}"
    );
}

#[test]
fn whether_a_model_knows_of_stereo_is_said_and_mono_recordings_say_nothing_of_it() {
    let desk = Desk::new();
    let inspected = desk.said(&["inspect".as_ref(), desk.path("model.onnx").as_ref()]);
    assert!(inspected.contains("channels     2"), "{inspected}");
    common::write_seed(&desk.path("mono.wav"), &pluck(220.0, 4.0, RATE));
    desk.train("mono.wav", "mono.onnx");
    let inspected = desk.said(&["inspect".as_ref(), desk.path("mono.onnx").as_ref()]);
    assert!(!inspected.contains("channels     2"), "{inspected}");
    let (answer, sidecar) = desk.answer("mono.onnx", "duo.wav", &[]);
    assert_eq!((answer.len(), &sidecar["channels"]), (1, &1.into()));
    // Only where nothing but their mean is heard are channels said to be mixed.
    for (model, is_mixed) in [("mono.onnx", true), ("model.onnx", false)] {
        let [model, seed, output] = [model, "duo.wav", "answer.wav"].map(|name| desk.path(name));
        let output = antiphon()
            .args(["generate", "--force", "--seconds", "1", "--model"])
            .arg(&model)
            .arg("--seed")
            .arg(&seed)
            .arg("--output")
            .arg(&output)
            .output()
            .unwrap();
        let said = stderr(&output);
        assert_eq!(
            said.contains("2 channels mixed to mono"),
            is_mixed,
            "{said}"
        );
    }
}

#[test]
fn every_variation_of_a_set_is_in_stereo() {
    let desk = Desk::new();
    common::write_seed(&desk.path("low.wav"), &pluck(110.0, 1.0, RATE));
    let [model, seed, set] = ["model.onnx", "low.wav", "set"].map(|name| desk.path(name));
    desk.said(&[
        "generate".as_ref(),
        "--model".as_ref(),
        model.as_ref(),
        "--seed".as_ref(),
        seed.as_ref(),
        "--output".as_ref(),
        set.as_ref(),
        "--variations".as_ref(),
        "3".as_ref(),
        "--seconds".as_ref(),
        "2".as_ref(),
        "--format".as_ref(),
        "float32".as_ref(),
    ]);
    for name in ["01.wav", "02.wav", "03.wav"] {
        let left = mean_balance(&channels_of(&set.join(name)));
        assert!(left.abs() > 0.5, "{name} is in the middle: {left} dB");
    }
}

#[cfg(unix)]
#[test]
fn seeds_that_wait_together_are_each_answered_from_their_own_place() {
    let desk = Desk::new();
    let arguments = ["--seconds", "2", "--follow", "1", "--format", "float32"];
    let mut gallery = Gallery::closed_with(LIVELY, &arguments);
    std::fs::copy(desk.path("model.onnx"), gallery.model()).unwrap();
    let seeds = gallery.path("seeds");
    std::fs::create_dir_all(&seeds).unwrap();
    let string = pluck(110.0, 1.0, RATE);
    for (name, [left, right]) in [
        ("left", [0.9, 0.1]),
        ("right", [0.1, 0.9]),
        ("again-left", [0.8, 0.2]),
    ] {
        let frames = string.samples.iter().map(|s| [left * s, right * s]);
        let frames: Vec<[f32; 2]> = frames.collect();
        write_stereo(&seeds.join(format!("{name}.wav")), &frames);
    }
    gallery.start();
    gallery.wait_until_quiet();
    gallery.end_with("-TERM");
    for (name, is_left) in [("left", true), ("right", false), ("again-left", true)] {
        let answer = gallery.path(&format!("predictions/{name}.0001.wav"));
        let left = mean_balance(&channels_of(&answer));
        assert!(
            (left > 3.0) == is_left && left.abs() > 3.0,
            "{name}: {left} dB"
        );
    }
}
