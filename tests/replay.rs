//! Predictions made again from their sidecars, by the program itself.

mod common;

use std::path::{Path, PathBuf};
use std::process::Output;

use antiphon::trained_model::{TrainedModel, TrainingAudio};
use common::gallery::{Gallery, LIVELY};
use common::{pluck, random_model, run, stderr, write_seed};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A model of each approach that draws its answers, which therefore never fall silent.
const APPROACHES: [(&str, &str); 4] = [
    ("vector", LIVELY),
    (
        "column-vector",
        r#"{"preset": "column-vector", "seg_len": 16, "num_unrollings": 4, "output": "mixture", "components": 3}"#,
    ),
    (
        "transpose",
        r#"{"preset": "transpose", "seg_len": 8, "num_unrollings": 3, "output": "mixture", "components": 2}"#,
    ),
    (
        "magnitude-spectrum",
        r#"{"preset": "magnitude-spectrum", "window_size": 64, "hop_size": 16, "num_unrollings": 4, "output": "mixture", "components": 3}"#,
    ),
];

/// What is asked of answers: formats, channels, rates, loudness, endings, how the seed is
/// heard.
const ASKED: [&[&str]; 3] = [
    &["--seconds", "0.3"],
    &[
        "--format",
        "int16",
        "--channels",
        "2",
        "--rate",
        "model",
        "--loudness",
        "model",
        "--prime",
        "matrix",
        "--random-seed",
        "7",
        "--ending",
        "exact",
        "--fade",
        "0.1",
        "--seconds",
        "0.25",
    ],
    &[
        "--format",
        "float32",
        "--rate",
        "44100",
        "--width",
        "0.7",
        "--temperature",
        "0.8",
        "--ending",
        "raw",
        "--follow",
        "[[0, 0.9], [0.2, 0.1]]",
        "--guide",
        "reverse",
        "--seconds",
        "0.2",
    ],
];

/// A random model of `hyperparameters` that keeps some audio, so that its weights may move.
fn model_that_may_learn(hyperparameters: &str) -> TrainedModel {
    let mut model = random_model(hyperparameters);
    let kept = pluck(247.0, 1.0, model.hyperparameters.format.sample_rate);
    model.kept_audio = vec![kept.samples];
    model.training_audio = vec![TrainingAudio {
        file: "guitar.wav".to_owned(),
        sha256: "00".to_owned(),
        seconds: 1.0,
    }];
    model
}

/// A folder with a model and a seed, and what was answered there.
struct Archive(TempDir);

impl Archive {
    fn new(hyperparameters: &str) -> Archive {
        let archive = Archive(tempfile::tempdir().unwrap());
        let model = model_that_may_learn(hyperparameters);
        model.write(&archive.path("model.onnx")).unwrap();
        write_seed(&archive.path("seed.wav"), &pluck(220.0, 0.5, 48000));
        archive
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Answers seed.wav with answer.wav.
    fn generate(&self, asked: &[&str]) {
        let mut words = vec!["generate".into(), "--force".into(), "--model".into()];
        words.extend([self.path("model.onnx"), "--seed".into()]);
        words.extend([self.path("seed.wav"), "--output".into()]);
        words.push(self.path("answer.wav"));
        words.extend(asked.iter().map(PathBuf::from));
        let output = run(words);
        assert!(output.status.success(), "{asked:?}: {}", stderr(&output));
    }

    fn replay(&self, extra: &[&str]) -> Output {
        replay(&self.path("answer.json"), extra)
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// Changes what the sidecar says.
    fn change(&self, change: impl FnOnce(&mut serde_json::Map<String, Value>)) {
        let mut sidecar: Value = serde_json::from_slice(&self.bytes("answer.json")).unwrap();
        change(sidecar.as_object_mut().unwrap());
        std::fs::write(self.path("answer.json"), sidecar.to_string()).unwrap();
    }

    /// Refused for what `words` say.
    fn assert_refused(&self, extra: &[&str], words: &[&str]) {
        let output = self.replay(extra);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        for word in words {
            assert!(said.contains(word), "{word}: {said}");
        }
    }
}

fn replay(sidecar: &Path, extra: &[&str]) -> Output {
    let words = ["replay".into(), sidecar.as_os_str().to_owned()];
    run(words.into_iter().chain(extra.iter().map(Into::into)))
}

/// That `output` says the bytes are the same; all it says.
fn same(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", stderr(output));
    assert!(said.starts_with("The same bytes"), "{said}");
    said
}

#[test]
fn answers_of_all_kinds_are_made_again_byte_for_byte() {
    let mut sidecars = 0;
    for (approach, hyperparameters) in APPROACHES {
        let archive = Archive::new(hyperparameters);
        for weights in ["frozen", "moving"] {
            for (n, asked) in ASKED.iter().enumerate() {
                archive.generate(&[&["--answer", weights], *asked].concat());
                // Not the sidecar's word alone: the file is made anew.
                let again = archive.path(&format!("{weights} {n}.wav"));
                let said = same(&archive.replay(&["--output", again.to_str().unwrap()]));
                assert!(!said.contains("in spite of"), "{said}");
                let case = format!("{approach}, {weights}, {asked:?}");
                let made = std::fs::read(again).unwrap();
                assert!(made == archive.bytes("answer.wav"), "{case}");
                sidecars += 1;
            }
        }
    }
    assert_eq!(sidecars, 24);
}

#[test]
fn answers_of_the_daemon_are_made_again_on_other_numbers_of_threads() {
    let asked = ["--seconds", "0.5", "--answer", "moving", "--threads", "1"];
    let mut gallery = Gallery::closed_with(LIVELY, &asked);
    let model = model_that_may_learn(LIVELY);
    model.write(&gallery.model()).unwrap();
    gallery.start();
    for _ in 0..2 {
        write_seed(&gallery.path("seeds/a.wav"), &pluck(220.0, 0.5, 44100));
        let id = gallery.hear_seen("a.wav");
        let answer = gallery.hear_done(id);
        let sidecar = answer.with_extension("json");
        same(&replay(&sidecar, &[]));
    }
    let answers = ["a.0001.wav", "a.0002.wav"];
    let [one, two] = answers.map(|name| gallery.path("predictions").join(name));
    assert!(std::fs::read(&one).unwrap() != std::fs::read(two).unwrap());

    // An answer that got lost comes back, also where nobody knows the seed's place.
    let bytes = std::fs::read(&one).unwrap();
    std::fs::remove_file(&one).unwrap();
    let elsewhere = gallery.folder.path().join("elsewhere.json");
    std::fs::copy(one.with_extension("json"), &elsewhere).unwrap();
    let unknown = replay(&elsewhere, &[]);
    assert!(stderr(&unknown).contains("--seed"), "{}", stderr(&unknown));
    let seed = gallery.path(".antiphon/done/000001-a.wav");
    let [seed, output] = [&seed, &one].map(|path| path.to_str().unwrap());
    same(&replay(&elsewhere, &["--seed", seed, "--output", output]));
    assert!(std::fs::read(output).unwrap() == bytes);
}

#[test]
fn bundled_models_and_onnx_runtime_answer_again() {
    let archive = Archive::new(LIVELY);
    archive.generate(&["--engine", "onnxruntime", "--seconds", "0.3"]);
    same(&archive.replay(&[]));
    let [seed, answer] = ["seed.wav", "answer.wav"].map(|name| archive.path(name));
    let [seed, answer] = [&seed, &answer].map(|path| path.to_str().unwrap());
    let words = ["--seed", seed, "--output", answer, "--force"];
    let bundled = ["generate", "--model", "vector", "--seconds", "1"];
    let output = run(bundled.iter().chain(&words));
    assert!(output.status.success(), "{}", stderr(&output));
    same(&archive.replay(&[]));
    // It is known by its bytes.
    archive.change(|sidecar| sidecar["model"]["name"] = json!("models/gone.onnx"));
    same(&archive.replay(&[]));
}

#[test]
fn another_model_another_seed_and_what_is_no_sidecar_are_named() {
    let archive = Archive::new(LIVELY);
    archive.generate(&["--seconds", "0.3"]);
    let before = archive.bytes("model.onnx");

    random_model(&LIVELY.replace("16", "24"))
        .write(&archive.path("model.onnx"))
        .unwrap();
    archive.assert_refused(&[], &["model.onnx is another model", "--model"]);
    std::fs::write(archive.path("moved.onnx"), before).unwrap();
    let moved = archive.path("moved.onnx");
    let moved = ["--model", moved.to_str().unwrap()];
    same(&archive.replay(&moved));

    write_seed(&archive.path("seed.wav"), &pluck(330.0, 0.5, 48000));
    archive.assert_refused(&moved, &["seed.wav is another seed", "--seed"]);
    std::fs::remove_file(archive.path("seed.wav")).unwrap();
    archive.assert_refused(&moved, &["the seed seed.wav is neither", "--seed"]);

    for (key, value) in [
        ("engine", json!("steam")),
        ("channels", json!(0)),
        ("width", json!(0.5)),
        ("seconds", json!(-1)),
        ("fade", json!(-1)),
        ("temperature", json!(1e9)),
    ] {
        let before = archive.bytes("answer.json");
        write_seed(&archive.path("seed.wav"), &pluck(220.0, 0.5, 48000));
        archive.change(|sidecar| drop(sidecar.insert(key.to_owned(), value)));
        archive.assert_refused(&moved, &["answer.json", key]);
        std::fs::write(archive.path("answer.json"), before).unwrap();
    }
    std::fs::write(archive.path("answer.json"), "{}").unwrap();
    archive.assert_refused(&moved, &["answer.json is not the sidecar of a prediction"]);
}

#[test]
fn another_version_build_or_processor_is_named() {
    let archive = Archive::new(LIVELY);
    archive.generate(&["--seconds", "0.3"]);
    for (key, value, words) in [
        ("antiphon", "0.0.1", "another version (0.0.1 then, "),
        ("build", "avr 00", "another build (avr 00 then, "),
        ("processor", "Z80", "another processor (Z80 then, "),
    ] {
        let before = archive.bytes("answer.json");
        archive.change(|sidecar| sidecar[key] = json!(value));
        let said = same(&archive.replay(&[]));
        assert!(said.contains(words), "{said}");
        // As if it had computed something else.
        archive.change(|sidecar| sidecar["random_seed"] = json!(3));
        let other = archive.path("other.wav");
        let other = ["--output", other.to_str().unwrap()];
        archive.assert_refused(&other, &["not the bytes of", words]);
        assert_eq!(common::gallery::listing(archive.0.path()).len(), 4);
        std::fs::write(archive.path("answer.json"), before).unwrap();
    }
    archive.change(|sidecar| sidecar["random_seed"] = json!(3));
    archive.assert_refused(&[], &["please report it"]);
}

#[test]
fn a_sidecar_of_before_is_compared_with_the_file_beside_it() {
    let archive = Archive::new(LIVELY);
    archive.generate(&["--seconds", "0.3", "--ending", "raw", "--follow", "0"]);
    let said_since = [
        "build",
        "processor",
        "prediction_sha256",
        "may_go_back",
        "ending",
        "fade",
        "lasts",
        "follow",
        "guide",
    ];
    archive.change(|sidecar| said_since.iter().for_each(|key| drop(sidecar.remove(*key))));
    let said = same(&archive.replay(&[]));
    assert!(
        said.contains("a processor that the sidecar does not name"),
        "{said}"
    );
    let before = archive.bytes("answer.wav");
    std::fs::remove_file(archive.path("answer.wav")).unwrap();
    archive.assert_refused(&[], &["choose an --output"]);
    let answer = archive.path("answer.wav");
    let output = archive.replay(&["--output", answer.to_str().unwrap()]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(archive.bytes("answer.wav") == before);
}

#[test]
fn no_file_is_replaced_and_a_changed_prediction_is_told_of() {
    let archive = Archive::new(LIVELY);
    archive.generate(&["--seconds", "0.3"]);
    let before = archive.bytes("answer.wav");
    std::fs::write(archive.path("answer.wav"), "edited").unwrap();
    let said = same(&archive.replay(&[]));
    assert!(said.contains("was changed since"), "{said}");
    let [answer, seed] = ["answer.wav", "seed.wav"].map(|name| archive.path(name));
    let [answer, seed] = [&answer, &seed].map(|path| path.to_str().unwrap());
    archive.assert_refused(
        &["--output", answer],
        &["answer.wav is there already", "--force"],
    );
    archive.assert_refused(&["--output", seed, "--force"], &["is read"]);
    same(&archive.replay(&["--output", answer, "--force"]));
    assert!(archive.bytes("answer.wav") == before);
}

#[test]
fn what_a_model_had_learned_is_needed_to_answer_again() {
    let archive = Archive::new(LIVELY);
    let kept = archive.path("kept.onnx");
    let asked = ["--answer", "moving", "--seconds", "0.3", "--keep-learning"];
    let asked = [&asked[..], &[kept.to_str().unwrap(), "--learn-from-seeds"]].concat();
    archive.generate(&asked);
    same(&archive.replay(&[]));

    let copy = archive.path("copy.onnx");
    std::fs::copy(&kept, &copy).unwrap();
    let copy = ["--learned", copy.to_str().unwrap()];
    archive.assert_refused(&copy, &["leave out --learned"]);
    archive.generate(&asked);
    let after = archive.bytes("kept.onnx");
    archive.assert_refused(&[], &["cannot be made again", "--learned"]);
    let other = ["--learned", kept.to_str().unwrap()];
    archive.assert_refused(&other, &["kept.onnx is not what the model had learned"]);
    same(&archive.replay(&copy));
    assert!(
        archive.bytes("kept.onnx") == after,
        "a replay learns nothing"
    );
}
