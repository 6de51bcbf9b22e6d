//! What runs a model, and what of it is said: precision, engine, priming, and answers that
//! are made together.

mod common;

use std::path::{Path, PathBuf};
use std::process::Output;

use common::{antiphon, pluck, random_model, stderr, write_seed};
use serde_json::Value;
use tempfile::TempDir;

const VECTOR: &str = r#"{"preset": "vector", "seg_len": 64, "num_unrollings": 2, "hidden_size": 24,
    "output": "mixture", "components": 3}"#;

/// A folder with a model and a seed.
struct Studio(TempDir);

impl Studio {
    fn new(hyperparameters: &str) -> Studio {
        let studio = Studio(tempfile::tempdir().unwrap());
        let model = random_model(hyperparameters);
        model.write(&studio.path("model.onnx")).unwrap();
        write_seed(&studio.path("seed.wav"), &pluck(220.0, 1.0, 11025));
        studio
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, seed: &str, output: &str, options: &[&str]) -> Output {
        antiphon()
            .args(["generate", "--seconds", "0.3", "--model"])
            .arg(self.path("model.onnx"))
            .arg("--seed")
            .arg(self.path(seed))
            .arg("--output")
            .arg(self.path(output))
            .args(options)
            .output()
            .unwrap()
    }

    /// Runs `generate` with `options`; what it says where it fails.
    fn generate(&self, seed: &str, output: &str, options: &[&str]) -> Result<(), String> {
        let output = self.command(seed, output, options);
        match output.status.success() {
            true => Ok(()),
            false => Err(stderr(&output)),
        }
    }

    fn sidecar(&self, name: &str) -> Value {
        serde_json::from_str(&std::fs::read_to_string(self.path(name)).unwrap()).unwrap()
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// Whether `antiphon replay` makes the same bytes of `sidecar`.
    fn replays(&self, sidecar: &Path) -> bool {
        let replayed = antiphon()
            .arg("replay")
            .arg(sidecar)
            .arg("--seed")
            .arg(self.path("seed.wav"))
            .output()
            .unwrap();
        replayed.status.success()
    }
}

#[test]
fn weights_in_8_bit_are_said_and_kept_by_replay() {
    let studio = Studio::new(VECTOR);
    studio
        .generate("seed.wav", "f32.wav", &["--precision", "f32"])
        .unwrap();
    studio
        .generate("seed.wav", "i8.wav", &["--precision", "i8"])
        .unwrap();
    studio.generate("seed.wav", "auto.wav", &[]).unwrap();
    assert_eq!(studio.sidecar("f32.json")["precision"], "f32");
    assert_eq!(studio.sidecar("i8.json")["precision"], "i8");
    assert!(studio.bytes("f32.wav") != studio.bytes("i8.wav"));
    // Vectors lose by 8 bit.
    assert!(studio.bytes("f32.wav") == studio.bytes("auto.wav"));
    for sidecar in ["f32.json", "i8.json"] {
        assert!(studio.replays(&studio.path(sidecar)), "{sidecar}");
    }
    let refused = studio.generate(
        "seed.wav",
        "no.wav",
        &["--precision", "i8", "--engine", "onnxruntime"],
    );
    assert!(refused.unwrap_err().contains("--precision i8"));
}

#[test]
fn spectra_are_played_in_8_bit_where_nothing_is_said() {
    let spectrum = r#"{"preset": "magnitude-spectrum", "window_size": 64, "hop_size": 32, "num_unrollings": 2,
        "output": "mixture", "components": 2}"#;
    let studio = Studio::new(spectrum);
    studio.generate("seed.wav", "auto.wav", &[]).unwrap();
    studio
        .generate("seed.wav", "i8.wav", &["--precision", "i8"])
        .unwrap();
    assert_eq!(studio.sidecar("auto.json")["precision"], "i8");
    assert!(studio.bytes("auto.wav") == studio.bytes("i8.wav"));
    assert!(studio.replays(&studio.path("auto.json")));
}

#[test]
fn of_a_seed_no_more_is_played_than_is_asked_for() {
    let studio = Studio::new(VECTOR);
    // The same end after another beginning, of the same samples.
    let mut other = pluck(220.0, 1.0, 11025);
    other.samples[..4096].reverse();
    write_seed(&studio.path("other.wav"), &other);
    let free = ["--follow", "0", "--loudness", "model", "--ending", "raw"];
    let answer = |seed, output: &str, more: &[&str]| {
        let options = [&free, more].concat();
        studio.generate(seed, output, &options).unwrap();
        studio.bytes(output)
    };
    let end = ["--prime-seconds", "0.2"];
    assert!(answer("seed.wav", "a.wav", &end) == answer("other.wav", "b.wav", &end));
    assert!(answer("seed.wav", "c.wav", &[]) != answer("other.wav", "d.wav", &[]));
    assert_eq!(studio.sidecar("a.json")["prime_seconds"], 0.2);
    assert!(studio.replays(&studio.path("a.json")));
    let refused = studio.generate("seed.wav", "no.wav", &["--prime-seconds=-1"]);
    assert!(refused.unwrap_err().contains("allowed: 0 to"));
}

#[test]
fn the_faster_engine_is_taken_and_said() {
    let studio = Studio::new(VECTOR);
    let auto = |output: &str, more: &[&str]| {
        let said = studio.command("seed.wav", output, &[&["--engine", "auto"], more].concat());
        assert!(said.status.success(), "{}", stderr(&said));
        (
            stderr(&said),
            studio.sidecar(&output.replace("wav", "json")),
        )
    };
    let (said, sidecar) = auto("auto.wav", &[]);
    let engine = sidecar["engine"].as_str().unwrap();
    assert!(
        said.contains(&format!("engine {engine}; an output takes {engine} ")),
        "{said}"
    );
    assert!(
        said.contains("native ") && said.contains("onnxruntime "),
        "{said}"
    );
    assert!(studio.replays(&studio.path("auto.json")));
    // Only the embedded engine has weights in 8 bit.
    let (said, sidecar) = auto("i8.wav", &["--precision", "i8"]);
    assert_eq!(
        (&sidecar["engine"], &sidecar["precision"]),
        (&"native".into(), &"i8".into())
    );
    assert!(!said.contains("an output takes"), "{said}");
}

#[test]
fn answers_made_together_are_those_made_alone() {
    let studio = Studio::new(VECTOR);
    std::fs::write(
        studio.path("plan.json"),
        r#"{"variations": [{"count": 3}, {"seconds": 0.5, "temperature": 0.7}, {"follow": 0.9}, {"precision": "i8"}]}"#,
    )
    .unwrap();
    let plan = studio.path("plan.json");
    studio
        .generate("seed.wav", "set", &["--plan", plan.to_str().unwrap()])
        .unwrap();
    for n in 1..=6 {
        let sidecar = studio.path(&format!("set/{n:02}.json"));
        assert!(studio.replays(&sidecar), "{n}");
    }
    assert_eq!(studio.sidecar("set/06.json")["precision"], "i8");
}
