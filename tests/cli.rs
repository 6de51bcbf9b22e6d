//! The commands as a composer uses them, and what they say when something is wrong.

mod common;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use antiphon::hyperparameters::{Approach, Hyperparameters, Preset};
use common::{pluck, run, stderr, write_seed};
use tempfile::TempDir;

/// A folder with a recording, small hyperparameters and a model trained on it.
struct Desk {
    folder: TempDir,
}

impl Desk {
    fn new() -> Desk {
        let desk = Desk {
            folder: tempfile::tempdir().unwrap(),
        };
        write_seed(&desk.path("guitar.wav"), &pluck(196.0, 2.0, 44100));
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The path of `name`, as a word of a command line.
    fn word(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// What stands in `name`.
    fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn train(&self, hyperparameters: &str, extra: &[&str]) -> std::process::Output {
        let file = self.write("hyperparameters.json", hyperparameters);
        let mut arguments = vec![
            "train".into(),
            file,
            "--audio".into(),
            self.path("guitar.wav"),
        ];
        arguments.extend(["--output".into(), self.path("model.onnx"), "--force".into()]);
        arguments.extend(["--runs".into(), self.path("runs")]);
        arguments.extend(extra.iter().map(PathBuf::from));
        run(arguments)
    }

    fn generate(&self, model: &str, seed: &str, extra: &[&str]) -> std::process::Output {
        let mut arguments = vec!["generate".into(), "--model".into(), self.path(model)];
        arguments.extend(["--seed".into(), self.path(seed)]);
        arguments.extend(["--output".into(), self.path("answer.wav"), "--force".into()]);
        arguments.extend(extra.iter().map(PathBuf::from));
        run(arguments)
    }

    /// `antiphon new` in this folder, with `answers` through a pipe.
    fn answer(&self, extra: &[&str], answers: &str) -> Output {
        let mut child = common::antiphon()
            .current_dir(self.folder.path())
            .arg("new")
            .args(extra)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A program that has heard enough closes the pipe.
        let _ = child.stdin.take().unwrap().write_all(answers.as_bytes());
        child.wait_with_output().unwrap()
    }

    /// One line on standard error that contains `words`, status 1, no output file.
    fn assert_refused(&self, output: &std::process::Output, words: &[&str]) {
        let said = stderr(output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        let sentence = said.lines().last().unwrap();
        assert!(sentence.starts_with("antiphon: "), "{said}");
        for word in words {
            assert!(sentence.contains(word), "{word}: {said}");
        }
        let parts: Vec<&str> = sentence.split(": ").collect();
        let repeated = parts
            .iter()
            .any(|p| parts.iter().filter(|q| *q == p).count() > 1);
        assert!(!repeated, "nothing is said twice: {said}");
        assert!(!self.path("answer.wav").exists());
    }
}

const SMALL_VECTOR: &str = r#"{"preset": "vector", "seg_len": 32, "num_unrollings": 8, "lr": 0.003, "weight_stddev": 0.1, "num_epochs": 2}"#;

#[test]
fn new_train_inspect_generate() {
    let desk = Desk::new();
    let preset = desk.path("vector.json");
    let output = run([
        "new",
        "--preset",
        "vector",
        "--output",
        preset.to_str().unwrap(),
    ]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        std::fs::read_to_string(&preset)
            .unwrap()
            .contains("\"seg_len\": 1024")
    );

    let output = desk.train(SMALL_VECTOR, &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("resampled from 44100 Hz to 11025 Hz"),
        "{}",
        stderr(&output)
    );

    let output = run([
        "inspect",
        desk.path("model.onnx").to_str().unwrap(),
        "--json",
    ]);
    let description: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(description["approach"], "vector");
    assert_eq!(description["training"]["epochs"], 2.0);
    assert_eq!(description["training_audio"][0]["file"], "guitar.wav");
    let text = run(["inspect", desk.path("model.onnx").to_str().unwrap()]);
    assert!(String::from_utf8_lossy(&text.stdout).contains("learned from guitar.wav"));

    write_seed(&desk.path("seed.wav"), &pluck(220.0, 1.0, 48000));
    let output = desk.generate(
        "model.onnx",
        "seed.wav",
        &["--seconds", "1.5", "--ending", "exact"],
    );
    assert!(output.status.success(), "{}", stderr(&output));
    let answer = antiphon::audio::read::read(&desk.path("answer.wav")).unwrap();
    assert_eq!(answer.facts.sample_rate, 48000);
    assert_eq!(answer.samples.len(), 72000);

    let sidecar: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(desk.path("answer.json")).unwrap()).unwrap();
    assert_eq!(sidecar["engine"], "native");
    assert_eq!(sidecar["seed"], "seed.wav");
    assert_eq!(sidecar["seconds"], 1.5);
    assert_eq!(sidecar["sample_rate"], 48000);
}

#[test]
fn the_noise_that_is_fed_back_is_that_of_weights_as_they_answer() {
    let desk = Desk::new();
    let mixture = SMALL_VECTOR.replacen(
        '{',
        r#"{"answer": "moving", "output": "mixture", "components": 4, "#,
        1,
    );
    let output = desk.train(&mixture, &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    for mode in ["frozen", "moving"] {
        let asked = [
            "--seconds",
            "1",
            "--answer",
            mode,
            "--feedback-noise",
            "0.7",
        ];
        let output = desk.generate("model.onnx", "guitar.wav", &asked);
        assert!(output.status.success(), "{mode}: {}", stderr(&output));
        let sidecar = std::fs::read_to_string(desk.path("answer.json")).unwrap();
        let sidecar: serde_json::Value = serde_json::from_str(&sidecar).unwrap();
        assert_eq!(sidecar["feedback_noise"], 0.7, "{mode}");
    }
}

#[test]
fn an_answer_has_the_rate_and_the_channels_that_were_asked_for() {
    let desk = Desk::new();
    common::random_model(common::gallery::LIVELY)
        .write(&desk.path("model.onnx"))
        .unwrap();
    write_seed(&desk.path("seed.wav"), &pluck(220.0, 1.0, 48000));
    let answer = |extra: &[&str]| {
        let output = desk.generate(
            "model.onnx",
            "seed.wav",
            &[&["--seconds", "1", "--ending", "exact"], extra].concat(),
        );
        assert!(output.status.success(), "{}", stderr(&output));
        let sidecar = std::fs::read(desk.path("answer.json")).unwrap();
        let sidecar: serde_json::Value = serde_json::from_slice(&sidecar).unwrap();
        let reader = hound::WavReader::open(desk.path("answer.wav")).unwrap();
        let spec = reader.spec();
        assert_eq!(reader.duration(), spec.sample_rate, "one second");
        assert_eq!(sidecar["sample_rate"], spec.sample_rate);
        assert_eq!(sidecar["channels"], spec.channels);
        (
            spec.sample_rate,
            spec.channels,
            spec.bits_per_sample,
            sidecar["rate"].clone(),
        )
    };
    assert_eq!(answer(&[]), (48000, 1, 24, "seed".into()));
    assert_eq!(answer(&["--rate", "model"]), (11025, 1, 24, "model".into()));
    let asked = ["--rate", "44100", "--channels", "2", "--format", "int16"];
    assert_eq!(answer(&asked), (44100, 2, 16, 44100.into()));
    let reader = hound::WavReader::open(desk.path("answer.wav")).unwrap();
    let samples: Vec<i16> = reader.into_samples().map(Result::unwrap).collect();
    assert!(samples.iter().any(|s| *s != 0) && samples.chunks(2).all(|pair| pair[0] == pair[1]));
    for wrong in [["--rate", "fast"], ["--rate", "10"], ["--channels", "3"]] {
        let output = desk.generate("model.onnx", "seed.wav", &wrong);
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
    }
    let long = ["--rate", "768000", "--seconds", "3600", "--channels", "2"];
    let output = desk.generate("model.onnx", "seed.wav", &long);
    assert!(stderr(&output).contains("too long"), "{}", stderr(&output));
}

#[test]
fn a_wide_answer_is_the_mono_one_when_it_is_mixed() {
    let desk = Desk::new();
    common::random_model(common::gallery::LIVELY)
        .write(&desk.path("model.onnx"))
        .unwrap();
    write_seed(&desk.path("seed.wav"), &pluck(220.0, 2.5, 48000));
    let answer = |extra: &[&str]| {
        let asked = [&["--seconds", "1", "--format", "float32"], extra].concat();
        let output = desk.generate("model.onnx", "seed.wav", &asked);
        assert!(output.status.success(), "{}", stderr(&output));
        let sidecar: serde_json::Value =
            serde_json::from_slice(&desk.bytes("answer.json")).unwrap();
        let reader = hound::WavReader::open(desk.path("answer.wav")).unwrap();
        assert_eq!(sidecar["channels"], reader.spec().channels);
        let samples: Vec<f32> = reader.into_samples().map(Result::unwrap).collect();
        let scaled = sidecar["scaled_by"].as_f64().unwrap_or(1.0);
        let samples: Vec<f64> = samples.iter().map(|s| f64::from(*s) / scaled).collect();
        (samples, sidecar)
    };
    let power = |samples: &mut dyn Iterator<Item = f64>| samples.map(|s| s * s).sum::<f64>();
    let (mono, of_mono) = answer(&[]);
    assert_eq!(of_mono["width"], serde_json::Value::Null);
    let whole = power(&mut mono.iter().copied());
    let mut sides = Vec::new();
    for width in ["0.3", "0.7", "1"] {
        let (wide, sidecar) = answer(&["--width", width]);
        assert_eq!(sidecar["channels"], 2);
        assert_eq!(sidecar["width"], width.parse::<f64>().unwrap());
        assert_eq!(sidecar["gain"], of_mono["gain"]);
        assert_eq!(wide.len(), 2 * mono.len());
        let mean = || wide.chunks(2).map(|pair| 0.5 * (pair[0] + pair[1]));
        let side = power(&mut wide.chunks(2).map(|pair| 0.5 * (pair[0] - pair[1])));
        let decibels = |ratio: f64| 10.0 * ratio.log10();
        let lost = decibels(power(&mut mean()) / whole);
        let other = decibels(power(&mut mean().zip(&mono).map(|(a, b)| a - b)) / whole);
        let pair = decibels((power(&mut mean()) + side) / whole);
        assert!((-1.0..0.2).contains(&lost), "{width}: {lost} dB");
        assert!(other < -19.0, "{width}: {other} dB");
        assert!((-0.5..0.5).contains(&pair), "{width}: {pair} dB");
        sides.push(side / whole);

        let sidecar = desk.word("answer.json");
        let output = run(["replay", &sidecar]);
        assert!(output.status.success(), "{}", stderr(&output));
    }
    assert!(sides.is_sorted() && sides[0] > 0.01, "{sides:?}");
    let wide = desk.word("answer.wav");
    let seed = desk.word("seed.wav");
    let output = run(["judge", &wide, "--training", &seed, "--seed", &seed]);
    assert!(output.status.success(), "{}", stderr(&output));

    for (wrong, status, why) in [
        (&["--width", "2"][..], 2, "allowed: 0 to 1"),
        (&["--width", "wide"], 2, "allowed: 0 to 1"),
        (
            &["--width", "0.5", "--channels", "1"],
            1,
            "one channel has no width",
        ),
    ] {
        let output = desk.generate("model.onnx", "seed.wav", wrong);
        assert_eq!(output.status.code(), Some(status), "{wrong:?}");
        assert!(stderr(&output).contains(why), "{}", stderr(&output));
    }
    answer(&["--channels", "2", "--width", "0"]);
    assert!(desk.bytes("answer.wav").len() > 8 * mono.len());
}

/// Runs the program with `words`, which it must refuse, and says why.
fn refused(words: &[&str], why: &str) {
    let output = run(words);
    assert_eq!(output.status.code(), Some(1), "{words:?}");
    assert!(
        stderr(&output).contains(why),
        "{words:?}: {}",
        stderr(&output)
    );
}

/// A desk with model.onnx and seed.wav.
fn desk_with_a_model() -> Desk {
    let desk = Desk::new();
    common::random_model(common::gallery::LIVELY)
        .write(&desk.path("model.onnx"))
        .unwrap();
    write_seed(&desk.path("seed.wav"), &pluck(220.0, 1.0, 11025));
    desk
}

/// Has seed.wav answered by model.onnx, into `output`.
fn generate_into(desk: &Desk, output: &str, extra: &[&str]) -> Vec<String> {
    let mut words = vec!["generate".to_owned(), "--model".to_owned()];
    words.extend([desk.word("model.onnx"), "--seed".to_owned()]);
    words.extend([desk.word("seed.wav"), "--output".to_owned()]);
    words.extend([desk.word(output), "--seconds".to_owned(), "0.2".to_owned()]);
    words.extend(extra.iter().map(|word| (*word).to_owned()));
    words
}

#[test]
fn an_answer_replaces_no_file_of_the_users_and_nothing_that_is_read() {
    let desk = desk_with_a_model();
    let before = ["model.onnx", "seed.wav"].map(|name| desk.bytes(name));
    let generate_refused = |output: &str, extra: &[&str], why: &str| {
        let words = generate_into(&desk, output, extra);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        refused(&words, why);
    };
    // A sound; the text that would stand beside one; what is read, also by force.
    desk.write("own.wav", "mine");
    generate_refused("own.wav", &[], "own.wav is there already");
    desk.write("mine.json", "mine");
    generate_refused("mine.wav", &[], "mine.json is there already");
    assert!(!desk.path("mine.wav").exists());
    for input in ["seed.wav", "model.onnx"] {
        generate_refused(input, &[], input);
        generate_refused(input, &["--force"], "is read");
    }
    for name in ["x.flac", "x.aiff", "x.json", "x.mp3"] {
        generate_refused(name, &[], "end its name in .wav");
        assert!(!desk.path(name).exists());
    }
    assert_eq!(desk.bytes("own.wav"), b"mine");
    assert_eq!(desk.bytes("mine.json"), b"mine");
    assert!(["model.onnx", "seed.wav"].map(|name| desk.bytes(name)) == before);
}

#[test]
fn no_other_command_replaces_a_file_of_the_users() {
    let desk = desk_with_a_model();
    let before = ["model.onnx", "seed.wav"].map(|name| desk.bytes(name));
    desk.write("h.json", SMALL_VECTOR);
    desk.write("own.svg", "mine");
    let [json, sound, seed, svg, model, runs] = [
        "h.json",
        "h.wav",
        "seed.wav",
        "own.svg",
        "model.onnx",
        "runs",
    ]
    .map(|name| desk.word(name));
    refused(
        &["new", "--preset", "vector", "--output", &json],
        "h.json is there already",
    );
    refused(
        &["new", "--preset", "vector", "--output", &sound],
        "end its name in .json",
    );
    refused(
        &["judge", "--training", &seed, &seed, "--plot", &svg],
        "own.svg is there already",
    );
    refused(
        &[
            "train", &json, "--audio", &seed, "--output", &model, "--runs", &runs,
        ],
        "model.onnx is there already",
    );
    assert!(!desk.path("runs").exists(), "nothing was begun");
    assert_eq!(desk.bytes("own.svg"), b"mine");
    assert!(["model.onnx", "seed.wav"].map(|name| desk.bytes(name)) == before);
}

#[test]
fn a_file_is_replaced_by_force() {
    let desk = desk_with_a_model();
    desk.write("own.wav", "mine");
    desk.write("mine.json", "mine");
    let answered = run(generate_into(&desk, "own.wav", &["--force"]));
    assert!(answered.status.success(), "{}", stderr(&answered));
    let json = desk.word("mine.json");
    let written = run(["new", "--preset", "vector", "--output", &json, "--force"]);
    assert!(written.status.success(), "{}", stderr(&written));
    assert!(desk.bytes("own.wav").starts_with(b"RIFF"));
    assert!(desk.bytes("mine.json").starts_with(b"{"));
}

#[test]
fn a_runs_page_is_drawn_anew_and_a_page_of_the_users_is_not() {
    let desk = Desk::new();
    assert!(desk.train(SMALL_VECTOR, &[]).status.success());
    let run_folder = desk.path("runs/model");
    let run_folder = run_folder.to_str().unwrap();
    for _ in 0..2 {
        let output = run(["plot", run_folder]);
        assert!(output.status.success(), "{}", stderr(&output));
    }
    desk.write("runs/model/plot.svg", "<svg>mine</svg>");
    refused(&["plot", run_folder], "plot.svg is there already");
    assert!(run(["plot", run_folder, "--force"]).status.success());
}

#[test]
fn training_and_answers_can_be_repeated() {
    let desk = Desk::new();
    let weights = |random_seed: &str| {
        let output = desk.train(SMALL_VECTOR, &["--random-seed", random_seed]);
        assert!(output.status.success(), "{}", stderr(&output));
        antiphon::trained_model::TrainedModel::read(&desk.path("model.onnx"))
            .unwrap()
            .network
            .weights
    };
    assert_eq!(weights("1"), weights("1"));
    assert_ne!(weights("1"), weights("2"));

    let answer = || {
        assert!(
            desk.generate("model.onnx", "guitar.wav", &["--seconds", "1"])
                .status
                .success()
        );
        std::fs::read(desk.path("answer.wav")).unwrap()
    };
    assert_eq!(answer(), answer());
}

#[test]
fn minutes_decide_instead_of_epochs() {
    let desk = Desk::new();
    let endless = SMALL_VECTOR.replace("\"num_epochs\": 2", "\"num_epochs\": 1000000000");
    let output = desk.train(&endless, &["--minutes", "0.03"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let model = antiphon::trained_model::TrainedModel::read(&desk.path("model.onnx")).unwrap();
    assert!(model.training.seconds >= 1.8, "{:?}", model.training);
}

#[test]
fn training_ends_after_num_epochs_or_max_minutes_whichever_comes_first() {
    let desk = Desk::new();
    let epochs = |num_epochs: u64, max_minutes: f64| {
        let start = SMALL_VECTOR.replace("\"num_epochs\": 2", "\"lr_schedule\": \"cosine\"");
        let json = start.replace(
            '}',
            &format!(r#", "num_epochs": {num_epochs}, "max_minutes": {max_minutes}}}"#),
        );
        let output = desk.train(&json, &[]);
        assert!(output.status.success(), "{}", stderr(&output));
        let model = antiphon::trained_model::TrainedModel::read(&desk.path("model.onnx")).unwrap();
        model.training.epochs
    };
    assert_eq!(epochs(2, 10.0), 2.0);
    let in_time = epochs(1_000_000_000, 0.01);
    assert!(in_time > 0.0 && in_time < 1e9, "{in_time}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_training_with_a_usable_model() {
    let desk = Desk::new();
    let file = desk.write("h.json", SMALL_VECTOR);
    let mut child = common::antiphon()
        .args([
            Path::new("train"),
            &file,
            Path::new("--audio"),
            &desk.path("guitar.wav"),
        ])
        .args(["--minutes", "10", "--output"])
        .arg(desk.path("model.onnx"))
        .arg("--runs")
        .arg(desk.path("runs"))
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(std::time::Duration::from_secs(1));
    let pid = child.id().to_string();
    assert!(
        std::process::Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap()
            .success()
    );
    assert!(child.wait().unwrap().success());
    let output = desk.generate("model.onnx", "guitar.wav", &["--seconds", "0.2"]);
    assert!(output.status.success(), "{}", stderr(&output));
}

/// Has the run in `folder` drawn; what is said.
fn plotted(folder: &Path) -> String {
    let output = run([Path::new("plot"), folder]);
    assert!(output.status.success(), "{}", stderr(&output));
    stderr(&output)
}

/// A desk with a run, and the run's folder, with `count` predictions, one each 1000 steps.
fn desk_with_a_run(count: usize) -> (Desk, PathBuf) {
    let desk = Desk::new();
    let hyperparameters =
        SMALL_VECTOR.replace("\"num_epochs\"", "\"validation\": 0.2, \"num_epochs\"");
    let output = desk.train(&hyperparameters, &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    let folder = desk.path("runs/model");
    let predictions = folder.join("predictions");
    if predictions.exists() {
        std::fs::remove_dir_all(&predictions).unwrap();
    }
    if count > 0 {
        std::fs::create_dir(&predictions).unwrap();
    }
    for step in 1..=count {
        let name = format!("{:08}-concurrent-1.wav", 1000 * step);
        write_seed(&predictions.join(name), &pluck(220.0, 0.5, 11025));
    }
    (desk, folder)
}

#[test]
fn a_run_without_predictions_is_drawn_and_what_is_no_run_is_not() {
    let (desk, folder) = desk_with_a_run(0);
    let said = plotted(&folder);
    assert!(said.contains("no predictions"), "{said}");

    let no_run = run([Path::new("plot"), desk.folder.path()]);
    desk.assert_refused(&no_run, &["run.json"]);
    let output = [Path::new("--output"), Path::new("a.wav")];
    let sound = run([Path::new("plot"), &folder].into_iter().chain(output));
    assert_eq!(sound.status.code(), Some(2), "{}", stderr(&sound));
}

#[test]
fn a_run_is_drawn_with_its_recording_and_predictions() {
    let (_desk, folder) = desk_with_a_run(9);
    let page = folder.join("plot.svg");
    assert_eq!(plotted(&folder), format!("Wrote {}.\n", page.display()));
    let page = std::fs::read_to_string(page).unwrap();
    for words in [
        "Run model",
        "vector approach",
        "held out",
        "Training audio, guitar.wav, 2.0 s",
        "Prediction after 1000 steps, concurrent 1, 0.5 s",
        "Prediction after 9000 steps",
    ] {
        assert!(page.contains(words), "{words}");
    }
    assert_eq!(page.matches("Prediction after").count(), 6);
}

#[test]
fn what_a_page_lacks_is_said_and_the_rest_is_drawn() {
    let (desk, folder) = desk_with_a_run(9);
    std::fs::remove_file(desk.path("guitar.wav")).unwrap();
    std::fs::remove_file(folder.join("model.onnx")).unwrap();
    let last = folder.join("predictions/00009000-concurrent-1.wav");
    std::fs::write(last, "half").unwrap();
    let losses = folder.join("losses.csv");
    let columns = "step,epochs,loss,validation_loss,seconds\n1,0.";
    std::fs::write(&losses, columns).unwrap();
    let said = plotted(&folder);
    let page = std::fs::read_to_string(folder.join("plot.svg")).unwrap();
    for words in [
        "guitar.wav",
        "00009000-concurrent-1.wav",
        "No loss is logged yet",
        "no model yet",
    ] {
        assert!(said.contains(words), "{said}");
        assert!(page.contains(words), "{words}");
    }
    assert_eq!(page.matches("Prediction after").count(), 5);
    assert_eq!(std::fs::read_to_string(&losses).unwrap(), columns);
}

/// A desk with a model whose weights move while it answers.
fn desk_with_moving_weights() -> Desk {
    let desk = Desk::new();
    let moving = SMALL_VECTOR.replacen('{', r#"{"answer": "moving", "train_every": 2, "#, 1);
    let output = desk.train(&moving, &["--threads", "2"]);
    assert!(output.status.success(), "{}", stderr(&output));
    desk
}

/// The model's answer to the guitar, which is taken away.
fn answer_of(desk: &Desk, extra: &[&str]) -> Vec<u8> {
    let output = desk.generate("model.onnx", "guitar.wav", extra);
    assert!(output.status.success(), "{}", stderr(&output));
    let wav = desk.bytes("answer.wav");
    std::fs::remove_file(desk.path("answer.wav")).unwrap();
    wav
}

/// The model does not answer the guitar with these options, and says `words`.
fn answer_refused(desk: &Desk, extra: &[&str], words: &[&str]) {
    desk.assert_refused(&desk.generate("model.onnx", "guitar.wav", extra), words);
}

#[test]
fn moving_weights_answer_the_same_each_time_and_unlike_frozen_ones() {
    let desk = desk_with_moving_weights();
    let answer = |extra: &[&str]| answer_of(&desk, extra);
    let moved = answer(&["--seconds", "1"]);
    assert_eq!(moved, answer(&["--seconds", "1"]));
    assert_ne!(moved, answer(&["--seconds", "1", "--random-seed", "1"]));
    assert_ne!(moved, answer(&["--seconds", "1", "--answer", "frozen"]));
    assert_ne!(moved, answer(&["--seconds", "1", "--train-every", "5"]));

    let frozen = ["--seconds", "1", "--answer", "frozen"];
    let softer = [&frozen[..], &["--feedback-gain", "0.9"]].concat();
    assert_ne!(answer(&frozen), answer(&softer));
    let sidecar = std::fs::read_to_string(desk.path("answer.json")).unwrap();
    let sidecar: serde_json::Value = serde_json::from_str(&sidecar).unwrap();
    assert_eq!(sidecar["feedback_gain"], 0.9);
}

#[test]
fn options_that_a_models_answers_do_not_have_are_refused() {
    let desk = desk_with_moving_weights();
    answer_refused(
        &desk,
        &["--feedback-gain", "0.9"],
        &["\"feedback_gain\" applies to frozen weights"],
    );
    answer_refused(
        &desk,
        &["--answer", "frozen", "--train-every", "5"],
        &["\"train_every\" applies to weights that move"],
    );
    for option in ["--feedback-noise", "--temperature", "--top-p"] {
        let words = ["changes nothing in this model's answers"];
        answer_refused(&desk, &[option, "0.7"], &words);
    }
    answer_refused(
        &desk,
        &["--feedback-gain", "2"],
        &["\"feedback_gain\" is 2", "0.5 to 1"],
    );
    answer_refused(&desk, &["--engine", "onnxruntime"], &["native engine only"]);
    std::fs::remove_file(desk.path("model.onnx")).unwrap();
    let output = desk.train(SMALL_VECTOR, &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    answer_refused(
        &desk,
        &["--answer", "moving"],
        &[
            "model.onnx keeps no training audio",
            "\"answer\": \"moving\"",
        ],
    );
    answer_refused(&desk, &["--temperature", "0"], &["\"temperature\" is 0"]);
}

#[test]
fn what_moving_weights_learn_is_kept_from_answer_to_answer_until_it_is_forgotten() {
    let desk = Desk::new();
    let moving = SMALL_VECTOR.replacen('{', r#"{"answer": "moving", "train_every": 2, "#, 1);
    assert!(desk.train(&moving, &[]).status.success());
    let (trained, learned) = (desk.path("model.onnx"), desk.path("learned.onnx"));
    let as_trained = std::fs::read(&trained).unwrap();
    let answer = |model: &str, extra: &[&str]| {
        let output = desk.generate(
            model,
            "guitar.wav",
            &[&["--seconds", "1", "--follow", "0"], extra].concat(),
        );
        assert!(output.status.success(), "{}", stderr(&output));
        let sidecar = std::fs::read_to_string(desk.path("answer.json")).unwrap();
        let sidecar: serde_json::Value = serde_json::from_str(&sidecar).unwrap();
        let began_with = sidecar["learning"]["began_with"]
            .as_str()
            .map(str::to_owned);
        (std::fs::read(desk.path("answer.wav")).unwrap(), began_with)
    };
    let keep = ["--keep-learning", learned.to_str().unwrap()];
    let from_seeds = [keep[0], keep[1], "--learn-from-seeds"];
    let forget = [keep[0], keep[1], "--forget"];

    let (first, began_with) = answer("model.onnx", &keep);
    assert_eq!((&first, began_with), (&answer("model.onnx", &[]).0, None));
    let once = std::fs::read(&learned).unwrap();

    // The next answer is that of the model which was kept, and says so.
    let (expected, _) = answer("learned.onnx", &[]);
    let (second, began_with) = answer("model.onnx", &keep);
    assert_eq!(began_with, Some(antiphon::files::sha256(&once)));
    assert_eq!(second, expected);
    assert_ne!(second, first);

    // A copy put back sets it back; learning from the seed makes a difference.
    std::fs::write(&learned, &once).unwrap();
    assert_ne!(answer("model.onnx", &from_seeds).0, second);
    let heard = antiphon::trained_model::TrainedModel::read(&learned).unwrap();
    assert_eq!(heard.training_audio.len(), 2);
    assert!(heard.training.steps > 0);

    assert_eq!(answer("model.onnx", &forget), (first, None));
    assert_eq!(std::fs::read(&learned).unwrap(), once);
    assert_eq!(std::fs::read(&trained).unwrap(), as_trained);

    std::fs::remove_file(desk.path("answer.wav")).unwrap();
    let frozen = [keep[0], keep[1], "--answer", "frozen"];
    let output = desk.generate("model.onnx", "guitar.wav", &frozen);
    desk.assert_refused(&output, &["model.onnx", "frozen weights"]);
    let other = SMALL_VECTOR.replace("\"seg_len\": 32", "\"answer\": \"moving\", \"seg_len\": 16");
    assert!(desk.train(&other, &[]).status.success());
    let output = desk.generate("model.onnx", "guitar.wav", &keep);
    desk.assert_refused(&output, &["learned.onnx", "another model", "--forget"]);
    let alone = desk.generate("model.onnx", "guitar.wav", &["--forget"]);
    assert_eq!(alone.status.code(), Some(2));
}

#[test]
fn an_answer_is_as_loud_as_its_seed_unless_told_otherwise() {
    let desk = Desk::new();
    let drawn = SMALL_VECTOR.replacen('{', r#"{"output": "mixture", "#, 1);
    let output = desk.train(&drawn, &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    let answer = |seed: &str, extra: &[&str]| {
        let output = desk.generate("model.onnx", seed, extra);
        assert!(output.status.success(), "{}", stderr(&output));
        let sidecar = std::fs::read_to_string(desk.path("answer.json")).unwrap();
        let sidecar: serde_json::Value = serde_json::from_str(&sidecar).unwrap();
        let sound = antiphon::audio::load(&desk.path("answer.wav"), 11025)
            .unwrap()
            .signal;
        (sound.rms(), sidecar["gain"].as_f64().unwrap())
    };
    let mut quiet = pluck(196.0, 1.0, 11025);
    quiet.samples.iter_mut().for_each(|sample| *sample *= 0.03);
    write_seed(&desk.path("quiet.wav"), &quiet);
    let (rms, _) = answer("quiet.wav", &["--seconds", "1"]);
    assert!(
        (0.5..2.0).contains(&(rms / quiet.rms())),
        "{rms} {}",
        quiet.rms()
    );
    // One that hears no guide is as loud as what it learned.
    let free = ["--seconds", "1", "--follow", "0", "--loudness", "model"];
    let (unscaled, gain) = answer("quiet.wav", &free);
    assert_eq!(gain, 1.0);
    assert!(unscaled > 4.0 * rms, "{unscaled} {rms}");
}

#[test]
fn a_broken_prediction_is_tried_again_where_anything_is_random_and_never_delivered() {
    let desk = Desk::new();
    let silent = |extra: &str| {
        let json = SMALL_VECTOR.replacen('{', &format!("{{{extra}"), 1);
        let mut model = common::random_model(&json);
        model.network.weights.fill(0.0);
        model.write(&desk.path("model.onnx")).unwrap();
        desk.generate("model.onnx", "guitar.wav", &["--seconds", "1"])
    };
    desk.assert_refused(
        &silent(""),
        &["guitar.wav", "broken (silence; made again: 0 times)"],
    );
    let drawn = silent(r#""output": "mixture", "#);
    desk.assert_refused(
        &drawn,
        &["guitar.wav", "broken (silence; made again: 3 times)"],
    );
}

#[test]
fn seed_files_lie_beside_the_hyperparameters_and_are_named_when_missing() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("presets")).unwrap();
    write_seed(&desk.path("presets/phrase.wav"), &pluck(294.0, 0.5, 22050));
    let json = SMALL_VECTOR.replacen(
        '{',
        r#"{"seed_fn_list": ["phrase.wav"], "dream_length": 50, "#,
        1,
    );
    let file = desk.write("presets/h.json", &json);
    let train = |arguments: &[&Path]| {
        let paths = [
            desk.path("guitar.wav"),
            desk.path("model.onnx"),
            desk.path("runs"),
        ];
        let [audio, output, runs] = &paths;
        let names = ["--audio", "--output", "--runs"].map(Path::new);
        let mut all = vec![Path::new("train")];
        all.extend(arguments);
        if arguments[0] != Path::new("--resume") {
            all.extend([names[0], audio, names[1], output, names[2], runs]);
            all.push(Path::new("--force"));
        }
        run(all)
    };
    let output = train(&[&file]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        desk.path("runs/model/predictions/00000050-concurrent-1.wav")
            .exists()
    );
    // The run's own copy of the hyperparameters finds the seed too.
    let resumed = train(&[Path::new("--resume"), &desk.path("runs/model")]);
    assert!(resumed.status.success(), "{}", stderr(&resumed));
    std::fs::remove_file(desk.path("presets/phrase.wav")).unwrap();
    desk.assert_refused(&train(&[&file]), &["seed_fn_list", "phrase.wav"]);
}

#[cfg(unix)]
const RESUMABLE: &str = r#"{"preset": "vector", "seg_len": 32, "num_unrollings": 8, "lr": 0.003, "weight_stddev": 0.1,
    "noise": 0.1, "use_dropout": true, "lr_schedule": "cosine", "validation": 0.1, "num_epochs": 15,
    "audio_freq": 300, "seq_dream_len": 50, "num_dreams": 2, "dream_length": 170, "seed_mode": "advance"}"#;

/// Files by their names.
#[cfg(unix)]
type Files = std::collections::BTreeMap<std::ffi::OsString, Vec<u8>>;

/// Names and bytes of the predictions in a run's folder.
#[cfg(unix)]
fn predictions(folder: &Path) -> Files {
    std::fs::read_dir(folder.join("predictions"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
        .map(|entry| (entry.file_name(), std::fs::read(entry.path()).unwrap()))
        .collect()
}

#[cfg(unix)]
fn weights(path: &Path) -> Vec<f32> {
    antiphon::trained_model::TrainedModel::read(path)
        .unwrap()
        .network
        .weights
}

/// Trains anew, in the run's `folder`, and is killed again and again, mostly between two
/// checkpoints, once by Ctrl-C; the output of the process that comes to the end.
#[cfg(unix)]
fn interrupt_and_resume(desk: &Desk, folder: &Path) -> Output {
    let mut arguments: Vec<PathBuf> = vec!["train".into(), desk.path("hyperparameters.json")];
    arguments.extend(["--audio".into(), desk.path("guitar.wav")]);
    arguments.extend(["--output".into(), desk.path("model.onnx")]);
    arguments.extend(["--threads".into(), "2".into()]);
    arguments.extend(["--runs".into(), desk.path("runs")]);
    for signal in ["-KILL", "-KILL", "-INT", "-KILL"] {
        let mut child = common::antiphon()
            .args(&arguments)
            .args(["--checkpoint-seconds", "0"])
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(150));
        let _ = std::process::Command::new("kill")
            .args([signal, &child.id().to_string()])
            .status();
        child.wait().unwrap();
        arguments = vec!["train".into(), "--resume".into(), folder.to_owned()];
    }
    run(&arguments)
}

/// Predictions of both kinds, each with its picture.
#[cfg(unix)]
fn assert_all_predicted(files: &Files) {
    let names: Vec<_> = files.keys().map(|name| name.to_string_lossy()).collect();
    for sound in names.iter().filter(|name| name.ends_with(".wav")) {
        let picture = Path::new(sound.as_ref()).with_extension("svg");
        assert!(files.contains_key(picture.as_os_str()), "{sound}");
    }
    for name in ["00000300-sequential-1.wav", "00000340-concurrent-2.wav"] {
        assert!(files.contains_key(std::ffi::OsStr::new(name)), "{names:?}");
    }
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_ends_as_an_uninterrupted_one_to_the_last_bit() {
    let desk = Desk::new();
    let output = desk.train(RESUMABLE, &["--threads", "2"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let uninterrupted = weights(&desk.path("model.onnx"));
    std::fs::remove_file(desk.path("model.onnx")).unwrap();

    let folder = desk.path("runs/model-2");
    let output = interrupt_and_resume(&desk, &folder);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("Going on from step"),
        "{}",
        stderr(&output)
    );
    assert!(
        weights(&desk.path("model.onnx")) == uninterrupted,
        "the same weights to the last bit"
    );
    let expected = predictions(&desk.path("runs/model"));
    assert_all_predicted(&expected);
    assert!(
        predictions(&folder) == expected,
        "the same predictions to the last bit"
    );

    let losses = std::fs::read_to_string(folder.join("losses.csv")).unwrap();
    let steps: Vec<u64> = losses
        .lines()
        .skip(1)
        .map(|l| l.split(',').next().unwrap().parse().unwrap())
        .collect();
    assert!(steps.is_sorted(), "{steps:?}");
}

#[test]
fn a_run_that_is_over_is_gone_on_with_for_as_many_minutes_as_are_asked_for() {
    let desk = Desk::new();
    let output = desk.train(SMALL_VECTOR, &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    let folder = desk.path("runs/model");
    let resume = |more: &[&str]| {
        let mut arguments = vec![Path::new("train"), Path::new("--resume"), &folder];
        arguments.extend(more.iter().map(Path::new));
        run(arguments)
    };
    let steps = || {
        let model = desk.path("model.onnx");
        let model = antiphon::trained_model::TrainedModel::read(&model).unwrap();
        (model.training.steps, model.training.seconds)
    };
    let (steps_at_first, seconds_at_first) = steps();
    let over = resume(&[]);
    assert!(over.status.success(), "{}", stderr(&over));
    let said = stderr(&over);
    assert!(said.contains("The run is over"), "{said}");
    assert!(said.contains("--minutes"), "{said}");
    assert_eq!(steps().0, steps_at_first);
    let more = resume(&["--minutes", "0.02"]);
    assert!(more.status.success(), "{}", stderr(&more));
    assert!(!stderr(&more).contains("over"), "{}", stderr(&more));
    let (steps_then, seconds_then) = steps();
    assert!(steps_then > steps_at_first);
    let seconds = seconds_then - seconds_at_first;
    assert!((1.19..10.0).contains(&seconds), "{seconds}");

    let audio = desk.word("guitar.wav");
    for option in [
        ["--audio", &audio],
        ["--output", "other.onnx"],
        ["--random-seed", "1"],
        ["--threads", "1"],
        ["--runs", "others"],
    ] {
        let refused = resume(&option);
        assert_eq!(refused.status.code(), Some(2), "{option:?}");
        assert!(stderr(&refused).contains(option[0]), "{option:?}");
    }
}

#[cfg(unix)]
#[test]
fn minutes_that_a_run_goes_on_for_outlive_an_interruption() {
    let desk = Desk::new();
    let output = desk.train(SMALL_VECTOR, &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    let folder = desk.path("runs/model");
    let seconds = || {
        let model = antiphon::trained_model::TrainedModel::read(&desk.path("model.onnx"));
        model.unwrap().training.seconds
    };
    let seconds_at_first = seconds();
    let order = || std::fs::read_to_string(folder.join("run.json")).unwrap();
    let order_at_first = order();
    // Refused, since its recording is not there, it changes nothing.
    let resume = [Path::new("train"), Path::new("--resume"), &folder];
    std::fs::rename(desk.path("guitar.wav"), desk.path("away.wav")).unwrap();
    let refused = common::antiphon()
        .args(resume)
        .args(["--minutes", "0.05"])
        .output()
        .unwrap();
    assert!(!refused.status.success());
    assert_eq!(order(), order_at_first);
    std::fs::rename(desk.path("away.wav"), desk.path("guitar.wav")).unwrap();
    let mut child = common::antiphon()
        .args(resume)
        .args(["--minutes", "0.05"])
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    while order() == order_at_first && child.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let resumed = run(resume);
    assert!(resumed.status.success(), "{}", stderr(&resumed));
    let said = stderr(&resumed);
    assert!(!said.contains("The run is over"), "{said}");
    let more = seconds() - seconds_at_first;
    assert!(more > 2.9, "{more}");
}

#[test]
fn training_says_what_its_loss_is_and_the_best_so_far() {
    let desk = Desk::new();
    let mixture = SMALL_VECTOR.replace('}', r#", "output": "mixture", "validation": 0.2}"#);
    // A line each ten seconds.
    let output = desk.train(&mixture, &["--minutes", "0.18"]);
    let said = stderr(&output);
    assert!(output.status.success(), "{said}");
    let line = |words: &str| {
        let line = said.lines().find(|line| line.contains(words));
        line.unwrap_or_else(|| panic!("{words}: {said}"))
    };
    let scale = line("The loss is in nats per value, and less is better");
    assert!(
        scale.contains("a perfect copy that is sure of itself -9.000"),
        "{scale}"
    );
    let silence = scale.split("silence would have ").nth(1).unwrap();
    let silence: f64 = silence.split(',').next().unwrap().parse().unwrap();
    assert!((-9.0..0.0).contains(&silence), "{scale}");
    let progress = line("steps/s");
    let best = progress.split("best ").nth(1).unwrap();
    let best: f64 = best.split(' ').next().unwrap().parse().unwrap();
    assert!(best < silence, "something was learned: {progress}");
    assert!(progress.contains("(held out "), "{progress}");

    let output = desk.train(SMALL_VECTOR, &[]);
    let said = stderr(&output);
    assert!(
        said.contains("The loss is the mean squared error of a value"),
        "{said}"
    );
    assert!(said.contains("a perfect copy 0."), "{said}");
}

#[test]
fn training_says_when_its_loss_has_stopped_falling_or_rises_on_what_is_held_out() {
    let desk = Desk::new();
    let held_out = SMALL_VECTOR.replace('}', r#", "validation": 0.2}"#);
    let output = desk.train(&held_out, &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    let folder = desk.path("runs/model");
    let go_on = |held_out: fn(u32) -> f64| {
        // As if five minutes had gone so.
        let rows = (0..300_u32).map(|second| {
            let measured = held_out(second / 10);
            format!(
                "{second},0.1,{},{measured},{second}.0\n",
                0.5 + f64::from(second % 3)
            )
        });
        let rows: String = rows.collect();
        let log = format!("step,epochs,loss,validation_loss,seconds\n{rows}");
        std::fs::write(folder.join("losses.csv"), log).unwrap();
        let arguments = [Path::new("train"), Path::new("--resume"), &folder];
        stderr(&run(arguments))
    };
    let said = go_on(|n| -f64::from(n));
    assert!(
        said.contains("The loss has stopped falling: it was 1.5"),
        "{said}"
    );
    assert!(!said.contains("rises"), "{said}");
    let said = go_on(|n| f64::from(n.abs_diff(10)));
    assert!(
        said.contains("The loss on what is held out rises: it was 0 at step 100, and is 1.90e1"),
        "{said}"
    );
}

#[cfg(unix)]
#[test]
fn a_checkpoint_that_cannot_be_written_stops_the_run_and_the_last_one_still_loads() {
    let desk = Desk::new();
    let output = desk.train(SMALL_VECTOR, &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    let folder = desk.path("runs/model");

    let limited = common::antiphon_on_a_full_disk(16)
        .args([Path::new("train"), Path::new("--resume"), &folder])
        .args(["--minutes", "1", "--checkpoint-seconds", "0"])
        .output()
        .unwrap();
    desk.assert_refused(
        &limited,
        &["training stopped", "--resume", "checkpoint.safetensors"],
    );

    let output = run([Path::new("train"), Path::new("--resume"), &folder]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("Going on from step"),
        "{}",
        stderr(&output)
    );
    let names: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert!(
        names
            .iter()
            .all(|name| !name.to_string_lossy().ends_with(".part")),
        "{names:?}"
    );
}

#[test]
fn a_model_that_does_not_fit_is_refused_before_the_work_begins() {
    let desk = Desk::new();
    let huge = r#"{"preset": "vector", "seg_len": 65536, "num_unrollings": 2, "hidden_size": 16384, "num_layers": 64}"#;
    desk.assert_refused(&desk.train(huge, &[]), &["GB of memory", "hidden_size"]);
    assert!(!desk.path("runs").exists());
}

#[test]
fn a_run_is_not_gone_on_with_on_other_recordings_or_without_its_folder() {
    let desk = Desk::new();
    assert!(desk.train(SMALL_VECTOR, &[]).status.success());
    let resume = |folder: &str| {
        run([
            Path::new("train"),
            Path::new("--resume"),
            &desk.path(folder),
        ])
    };
    assert!(resume("runs/model").status.success());
    write_seed(&desk.path("guitar.wav"), &pluck(150.0, 2.0, 44100));
    desk.assert_refused(&resume("runs/model"), &["runs/model", "other recordings"]);
    desk.assert_refused(&resume("runs/none"), &["runs/none/run.json"]);
    for name in ["checkpoint", "checkpoint.previous"] {
        std::fs::write(desk.path(&format!("runs/model/{name}.safetensors")), "half").unwrap();
    }
    desk.assert_refused(
        &resume("runs/model"),
        &["checkpoint.safetensors", "damaged"],
    );
}

#[test]
fn hyperparameters_that_cannot_be() {
    let desk = Desk::new();
    let typo = desk.train(r#"{"seg_lenn": 32}"#, &[]);
    desk.assert_refused(
        &typo,
        &[
            "hyperparameters.json",
            "seg_lenn",
            "did you mean \"seg_len\"",
        ],
    );
    let impossible = desk.train(r#"{"num_layers": 0}"#, &[]);
    desk.assert_refused(&impossible, &["num_layers", "is 0", "1 to 64"]);
    let held_out = desk.train(r#"{"preset": "vector", "validation": 0.1}"#, &[]);
    desk.assert_refused(
        &held_out,
        &["guitar.wav cannot be held out", "\"validation\": 0"],
    );
    assert!(!desk.path("model.onnx").exists());
}

#[test]
fn a_recording_shorter_than_a_matrix_is_wrapped_and_that_is_said() {
    let desk = Desk::new();
    // 100 rows of 400 samples span almost four seconds, the recording has two.
    let long = r#"{"preset": "vector", "seg_len": 400, "hidden_size": 8, "num_epochs": 1}"#;
    let output = desk.train(long, &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("guitar.wav is shorter than"),
        "{}",
        stderr(&output)
    );
    assert!(stderr(&output).contains("wrapped"), "{}", stderr(&output));
}

#[test]
fn several_recordings_a_batch_and_a_held_out_end() {
    let desk = Desk::new();
    write_seed(&desk.path("second.wav"), &pluck(247.0, 3.0, 22050));
    let rich = r#"{"preset": "vector", "seg_len": 32, "num_unrollings": 4, "batch": 4, "noise": 0.05,
        "clip_norm": 1.0, "lr_schedule": "cosine", "bptt_steps": 2, "validation": 0.2, "num_epochs": 3}"#;
    let second = desk.path("second.wav");
    let output = desk.train(rich, &["--audio", second.to_str().unwrap()]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("on what was held out"),
        "{}",
        stderr(&output)
    );
    let model = antiphon::trained_model::TrainedModel::read(&desk.path("model.onnx")).unwrap();
    assert_eq!(model.training_audio.len(), 2);
    assert!(model.training.validation_loss.is_some());
    assert_eq!(model.training.epochs, 3.0);
}

#[test]
fn a_model_is_not_trained_where_it_cannot_be_written() {
    let desk = Desk::new();
    let file = desk.write("h.json", SMALL_VECTOR);
    let (audio, output) = (
        desk.path("guitar.wav"),
        desk.path("no such folder/model.onnx"),
    );
    let output = run([
        Path::new("train"),
        &file,
        Path::new("--audio"),
        &audio,
        Path::new("--output"),
        &output,
    ]);
    desk.assert_refused(&output, &["cannot write", "no such folder"]);
}

#[test]
#[cfg(not(feature = "gpu"))]
fn a_graphics_card_is_refused_by_a_program_that_was_built_without() {
    let desk = Desk::new();
    let output = desk.train(SMALL_VECTOR, &["--device", "gpu"]);
    desk.assert_refused(&output, &["without graphics cards", "--features gpu"]);
    assert!(!desk.path("runs").exists() && !desk.path("model.onnx").exists());
    let output = desk.train(SMALL_VECTOR, &["--device", "tpu", "--minutes", "0.01"]);
    assert_eq!(output.status.code(), Some(2));
    let output = desk.train(SMALL_VECTOR, &["--device", "cpu", "--minutes", "0.01"]);
    assert!(output.status.success(), "{}", common::stderr(&output));
}

#[test]
fn seeds_that_cannot_be_answered() {
    let desk = Desk::new();
    assert!(desk.train(SMALL_VECTOR, &[]).status.success());
    let guitar = std::fs::read(desk.path("guitar.wav")).unwrap();

    desk.write("empty.wav", "");
    desk.write(
        "text.wav",
        "this is a letter, not a sound; it goes on for a while",
    );
    std::fs::write(desk.path("cut.wav"), &guitar[..30]).unwrap();
    let silence = antiphon::audio::Signal {
        samples: vec![0.0; 11025],
        sample_rate: 11025,
    };
    write_seed(&desk.path("silent.wav"), &silence);

    for (seed, words) in [
        ("empty.wav", ["empty.wav", "no samples"]),
        ("text.wav", ["text.wav", "is a text, which is not read"]),
        ("cut.wav", ["cut.wav", "header"]),
        ("silent.wav", ["silent.wav", "silent"]),
        ("missing.wav", ["missing.wav", "cannot open"]),
    ] {
        desk.assert_refused(&desk.generate("model.onnx", seed, &[]), &words);
    }

    // Cut short within the sound, what is there is a seed.
    std::fs::write(desk.path("cut.wav"), &guitar[..40_001]).unwrap();
    let output = desk.generate("model.onnx", "cut.wav", &["--seconds", "0.1"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("header does not agree"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn models_that_are_none() {
    let desk = Desk::new();
    assert!(desk.train(SMALL_VECTOR, &[]).status.success());
    let model = std::fs::read(desk.path("model.onnx")).unwrap();
    std::fs::write(desk.path("cut.onnx"), &model[..model.len() / 2]).unwrap();
    desk.write("text.onnx", "a letter");
    // A valid ONNX file of another program: a model with a graph and an operator set.
    std::fs::write(
        desk.path("other.onnx"),
        [8, 8, 0x3a, 2, 0x12, 0, 0x42, 2, 0x10, 17],
    )
    .unwrap();
    for (name, words) in [
        ("cut.onnx", ["cut.onnx", "cut short"]),
        ("text.onnx", ["text.onnx", "not an ONNX file"]),
        ("other.onnx", ["other.onnx", "did not write it"]),
        ("missing.onnx", ["missing.onnx", "no model"]),
    ] {
        desk.assert_refused(&desk.generate(name, "guitar.wav", &[]), &words);
        let inspected = run(["inspect", desk.path(name).to_str().unwrap()]);
        desk.assert_refused(&inspected, &words);
    }
}

#[test]
fn usage_errors_have_status_2() {
    for arguments in [
        vec!["train"],
        vec!["frobnicate"],
        vec!["new", "--preset", "waves"],
        vec![
            "generate",
            "--model",
            "m",
            "--seed",
            "s",
            "--output",
            "o",
            "--seconds",
            "-1",
        ],
        vec![
            "generate", "--model", "m", "--seed", "s", "--output", "o", "--engine", "steam",
        ],
        vec![
            "generate", "--model", "m", "--seed", "s", "--output", "o", "--format", "int8",
        ],
    ] {
        assert_eq!(run(&arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn every_command_has_an_example() {
    for command in [
        "new", "train", "generate", "watch", "retry", "inspect", "plot", "judge",
    ] {
        let output = run([command, "--help"]);
        let help = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            help.contains(&format!("Example: antiphon {command}")),
            "{help}"
        );
    }
}

#[test]
fn a_preset_file_is_never_overwritten() {
    let desk = Desk::new();
    let path = desk.write("mine.json", "precious");
    let output = run([
        "new",
        "--preset",
        "vector",
        "--output",
        path.to_str().unwrap(),
    ]);
    desk.assert_refused(&output, &["mine.json", "is there already"]);
    assert_eq!(std::fs::read_to_string(path).unwrap(), "precious");
}

#[test]
fn new_asks_and_takes_defaults_for_every_approach() {
    for approach in Approach::ALL {
        let desk = Desk::new();
        // The approach alone: the end of the answers takes the defaults for all that is left.
        let output = desk.answer(&[], &format!("{approach}\n"));
        let said = stderr(&output);
        assert!(output.status.success(), "{said}");
        assert!(output.stdout.is_empty());
        let file = format!("{approach}.json");
        let written = Hyperparameters::read(&desk.path(&file)).unwrap();
        assert_eq!(written, Hyperparameters::preset(Preset::Cpu(approach)));
        let unit = if written.format.use_fft {
            "frames"
        } else {
            "samples"
        };
        for words in [
            format!("approach [magnitude-spectrum]: {approach}\n"),
            format!("num_unrollings [{}]: \n", written.format.num_unrollings),
            format!("Input matrix (#) and label (=), in {unit}"),
            "row 0, t + 1".to_owned(),
            format!(
                "{} weights, a file of about",
                written.architecture().parameters()
            ),
            "MB of memory".to_owned(),
            // Spectra may have learned all before that.
            if written.format.use_fft {
                "epochs"
            } else {
                "10 minutes (max_minutes)"
            }
            .to_owned(),
            "for each second of sound".to_owned(),
            format!("Next: antiphon train {file} --audio"),
        ] {
            assert!(said.contains(&words), "{words}: {said}");
        }
        let (before_measuring, _) = said.split_once("training takes").unwrap();
        assert!(
            before_measuring.lines().all(|line| line.len() <= 80),
            "{said}"
        );
    }
}

#[test]
fn new_takes_answers_and_what_it_writes_can_be_trained() {
    let desk = Desk::new();
    // Rate, seg_len, rows; then the defaults that follow from them.
    let answers = "vector\ndissertation\n\n32\n8\n";
    let output = desk.answer(&["--output", "mine.json"], answers);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(!stderr(&output).contains("\nfile ["), "{}", stderr(&output));
    let text = std::fs::read_to_string(desk.path("mine.json")).unwrap();
    let written = Hyperparameters::parse(&text).unwrap();
    assert_eq!(written.format.label_shape, [8, 32]);
    assert_eq!(written.format.int_cursor_inc, 32);
    let output = desk.train(&text, &["--minutes", "0.005"]);
    assert!(output.status.success(), "{}", stderr(&output));

    // A second file gets a name of its own.
    desk.write("vector.json", "precious");
    let output = desk.answer(&[], answers);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(desk.path("vector-2.json").exists());
    assert_eq!(
        std::fs::read_to_string(desk.path("vector.json")).unwrap(),
        "precious"
    );
}

#[test]
fn a_wrong_answer_through_a_pipe_ends_with_what_is_allowed() {
    let desk = Desk::new();
    for (answers, words) in [
        (
            "waves\n",
            ["\"waves\" is no approach", "choose one of vector"],
        ),
        (
            "vector\ntpu\n",
            ["no settings called \"tpu\"", "cpu, hifi, dissertation"],
        ),
        (
            "vector\n\n3\n",
            ["\"sample_rate\" is 3", "0, or 1000 to 384000"],
        ),
        ("vector\n\n\nlong\n", ["\"seg_len\"", "invalid type"]),
        (
            "magnitude-spectrum\n\n\n256\n300\n",
            ["\"hop_size\" is 300", "1 to 256"],
        ),
    ] {
        let output = desk.answer(&["--output", "mine.json"], answers);
        desk.assert_refused(&output, &words);
        assert!(!desk.path("mine.json").exists(), "{answers}");
    }
    desk.write("mine.json", "precious");
    let output = desk.answer(&["--output", "mine.json"], "");
    desk.assert_refused(&output, &["mine.json", "is there already"]);
    assert!(
        !stderr(&output).contains("approach ["),
        "before any question"
    );
    let output = desk.answer(&["--output", "no such folder/mine.json"], "");
    desk.assert_refused(&output, &["cannot write", "no such folder"]);
}

#[test]
fn new_says_that_a_model_does_not_fit() {
    let desk = Desk::new();
    // Two rows of 16384, and 64 layers of as many units.
    let answers = "vector\ndissertation\n\n16384\n2\n\n\n\n\n\n\n\n64\n";
    let output = desk.answer(&[], answers);
    let said = stderr(&output);
    assert!(output.status.success(), "{said}");
    let said_on_one_line = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        said_on_one_line.contains("On this machine training this model takes about"),
        "{said}"
    );
    assert!(!said.contains("second of sound"), "{said}");
}

#[test]
fn the_schema_knows_the_presets() {
    let output = run(["new", "--schema"]);
    assert!(output.status.success());
    let schema: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(schema["properties"]["preset"]["enum"][4], "vector-cpu");
    assert_eq!(schema["additionalProperties"], false);
}
