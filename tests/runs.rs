//! What is known of a run from outside while it goes on, and what is asked of it.
#![cfg(unix)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use antiphon::train::{Run, RunProgress, RunState, export, is_training};
use antiphon::trained_model::TrainedModel;
use common::{pluck, run, stderr, write_seed};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(60);

const SMALL: &str = r#"{"preset": "vector", "seg_len": 32, "num_unrollings": 4, "validation": 0.2, "audio_freq": 0,
    "num_dreams": 0}"#;

/// A folder with a recording, and a run that learns it.
struct Desk(TempDir);

impl Desk {
    fn new() -> Desk {
        let desk = Desk(tempfile::tempdir().unwrap());
        write_seed(&desk.path("guitar.wav"), &pluck(196.0, 2.0, 44100));
        fs::write(desk.path("h.json"), SMALL).unwrap();
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn folder(&self) -> PathBuf {
        self.path("runs/model")
    }

    /// Begins a run of ten minutes, and waits until it says how far it is.
    fn begin(&self, more: &[&str]) -> Training {
        let mut words: Vec<PathBuf> = vec![self.path("h.json"), "--audio".into()];
        words.extend([self.path("guitar.wav"), "--runs".into(), self.path("runs")]);
        words.extend(["--output".into(), self.path("model.onnx")]);
        words.extend(["--minutes".into(), "10".into()]);
        words.extend(more.iter().map(PathBuf::from));
        self.train(&words)
    }

    fn train(&self, words: &[PathBuf]) -> Training {
        let child = common::antiphon()
            .arg("train")
            .args(words)
            .stderr(Stdio::piped())
            .spawn();
        let training = Training(Some(child.unwrap()));
        let folder = self.folder();
        wait_until(|| is_training(&folder) && RunProgress::read(&folder).is_some());
        training
    }

    /// `antiphon train` of what is asked of the run.
    fn ask(&self, option: &str, more: &[&Path]) -> Output {
        let folder = self.folder();
        let words = [Path::new("train"), Path::new(option), &folder];
        run(words.iter().chain(more))
    }

    fn progress(&self) -> RunProgress {
        RunProgress::read(&self.folder()).unwrap()
    }

    fn model(&self, name: &str) -> TrainedModel {
        TrainedModel::read(&self.path(name)).unwrap()
    }
}

/// A process that trains, until it is dropped.
struct Training(Option<Child>);

impl Training {
    /// Its end; what it said.
    fn end(mut self) -> (bool, String) {
        let output = self.0.take().unwrap().wait_with_output().unwrap();
        (output.status.success(), stderr(&output))
    }

    fn kill(&mut self) {
        let child = self.0.as_mut().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

impl Drop for Training {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn wait_until(what: impl Fn() -> bool) {
    let begun = Instant::now();
    while !what() {
        assert!(begun.elapsed() < PATIENCE, "in time");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn assert_refused(output: &Output, words: &[&str]) {
    let said = stderr(output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for word in words {
        assert!(said.contains(word), "{word}: {said}");
    }
}

#[test]
fn a_run_says_how_far_it_is_and_ends_when_it_is_asked_to() {
    let desk = Desk::new();
    let training = desk.begin(&[]);
    let first = desk.progress();
    wait_until(|| desk.progress().step > first.step);
    let then = desk.progress();
    assert_eq!(then.state, RunState::Training);
    assert!((0.0..0.1).contains(&then.share) && then.share > first.share);
    assert!((500.0..600.0).contains(&then.remaining), "{then:?}");
    assert!(then.steps_per_second > 1.0 && then.best <= then.loss);
    assert!(then.best_held_out <= then.held_out && then.held_out.is_some());
    assert!(then.remarks.is_empty(), "{then:?}");

    let asked = desk.ask("--stop", &[]);
    assert!(asked.status.success(), "{}", stderr(&asked));
    let said = stderr(&asked);
    assert!(
        said.contains("its model is") && said.contains("model.onnx"),
        "{said}"
    );
    assert!(!is_training(&desk.folder()));
    let last = desk.progress();
    assert_eq!(last.state, RunState::Stopped);
    assert_eq!(last.step, desk.model("model.onnx").training.steps);
    assert!(!desk.folder().join("stop").exists());
    let (ended_well, said) = training.end();
    assert!(
        ended_well && said.contains("the run was asked to stop"),
        "{said}"
    );

    let again = desk.ask("--stop", &[]);
    assert_refused(&again, &["nothing is being trained", "--resume"]);
    assert!(!desk.folder().join("stop").exists());
    assert_refused(
        &run(["train", "--stop", "/nowhere"]),
        &["/nowhere/run.json"],
    );
}

#[test]
fn a_run_that_comes_to_its_end_says_so_whatever_was_asked_of_an_earlier_one() {
    let desk = Desk::new();
    let mut training = desk.begin(&["--checkpoint-seconds", "0"]);
    training.kill();
    assert!(!is_training(&desk.folder()));
    assert_eq!(desk.progress().state, RunState::Training, "it was killed");
    fs::write(desk.folder().join("stop"), "").unwrap();
    let minutes = ["--minutes", "0.02"].map(Path::new);
    let resumed = desk.ask("--resume", &minutes);
    assert!(resumed.status.success(), "{}", stderr(&resumed));
    let last = desk.progress();
    assert_eq!(
        (last.state, last.share, last.remaining),
        (RunState::Ended, 1.0, 0.0)
    );
    assert!(!desk.folder().join("stop").exists());
}

#[test]
fn a_run_that_goes_on_for_more_minutes_is_not_trained_twice_and_can_be_stopped() {
    let desk = Desk::new();
    desk.begin(&["--checkpoint-seconds", "0"]).kill();
    let more: [PathBuf; 4] = [
        "--resume".into(),
        desk.folder(),
        "--minutes".into(),
        "5".into(),
    ];
    let training = desk.train(&more);
    assert_refused(&desk.ask("--resume", &[]), &["is being trained already"]);
    Run::ask_to_stop(&desk.folder()).unwrap();
    assert!(training.end().0);
    assert_eq!(desk.progress().state, RunState::Stopped);
}

#[test]
fn where_it_cannot_be_written_how_far_a_run_is_it_goes_on() {
    let desk = Desk::new();
    let training = desk.begin(&[]);
    let path = desk.folder().join("progress.json");
    // A file takes no folder's place.
    wait_until(|| fs::remove_file(&path).is_ok() && fs::create_dir(&path).is_ok());
    let rows = || {
        fs::read_to_string(desk.folder().join("losses.csv"))
            .unwrap()
            .lines()
            .count()
    };
    let before = rows();
    wait_until(|| rows() > before + 1);
    assert!(desk.ask("--stop", &[]).status.success() || !is_training(&desk.folder()));
    let (ended_well, said) = training.end();
    assert!(ended_well, "{said}");
    assert!(desk.path("model.onnx").exists());
    let left = fs::read_dir(desk.folder()).unwrap();
    let names: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert!(
        names
            .iter()
            .all(|name| !name.to_string_lossy().ends_with(".part")),
        "{names:?}"
    );
}

#[test]
fn the_model_of_a_run_can_be_had_at_any_time() {
    let desk = Desk::new();
    let early = desk.path("early.onnx");
    let to = |path: &Path| desk.ask("--export", &[Path::new("--output"), path]);
    let mut training = desk.begin(&[]);
    assert_refused(&to(&early), &["no checkpoint so far", "--stop"]);
    assert!(!early.exists());
    training.kill();

    let more: [PathBuf; 4] = [
        "--resume".into(),
        desk.folder(),
        "--checkpoint-seconds".into(),
        "0".into(),
    ];
    let mut training = desk.train(&more);
    wait_until(|| desk.folder().join("checkpoint.safetensors").exists());
    let exported = to(&early);
    assert!(exported.status.success(), "{}", stderr(&exported));
    let said = stderr(&exported);
    let model = desk.model("early.onnx");
    assert!(
        said.contains(&format!("as of step {}", model.training.steps)),
        "{said}"
    );
    assert!(model.training.validation_loss.is_some() && model.training.seconds > 0.0);
    assert_eq!(model.training_audio[0].file, "guitar.wav");
    wait_until(|| desk.progress().step > model.training.steps);
    training.kill();

    // What is exported after an interruption is what the run would have kept there.
    let interrupted = export(&desk.folder()).unwrap();
    assert!(interrupted.training.steps >= model.training.steps);
    assert_refused(&to(&early), &["early.onnx", "--force"]);
    let replaced = desk.ask(
        "--export",
        &[Path::new("--force"), Path::new("--output"), &early],
    );
    assert!(replaced.status.success(), "{}", stderr(&replaced));
    assert_eq!(fs::read(&early).unwrap(), interrupted.bytes);
    let answer = common::antiphon()
        .args(["generate", "--seconds", "0.2", "--model"])
        .arg(&early)
        .arg("--seed")
        .arg(desk.path("guitar.wav"))
        .arg("--output")
        .arg(desk.path("answer.wav"))
        .output()
        .unwrap();
    assert!(answer.status.success(), "{}", stderr(&answer));

    // Of a run that has ended its own copy is taken, for which nothing is read again.
    let minutes = ["--minutes", "0.01"].map(Path::new);
    assert!(desk.ask("--resume", &minutes).status.success());
    fs::rename(desk.path("guitar.wav"), desk.path("away.wav")).unwrap();
    let late = desk.path("late.onnx");
    let exported = to(&late);
    assert!(exported.status.success(), "{}", stderr(&exported));
    assert_eq!(
        fs::read(&late).unwrap(),
        fs::read(desk.path("model.onnx")).unwrap()
    );
    fs::remove_file(desk.folder().join("model.onnx")).unwrap();
    assert_refused(&to(&desk.path("none.onnx")), &["guitar.wav"]);
    fs::rename(desk.path("away.wav"), desk.path("guitar.wav")).unwrap();
    let again = desk.path("again.onnx");
    assert!(to(&again).status.success());
    let [own, made] = [desk.model("model.onnx"), desk.model("again.onnx")];
    assert_eq!(made.network, own.network);
    assert_eq!(
        (made.memory, made.normalisation),
        (own.memory, own.normalisation)
    );
    assert_eq!(made.training.validation_loss, own.training.validation_loss);

    assert_refused(
        &run([
            "train",
            "--export",
            "/nowhere",
            "--output",
            "/tmp/none.onnx",
        ]),
        &["/nowhere/run.json"],
    );
}

#[test]
fn what_is_asked_of_a_run_has_no_options_of_training() {
    for words in [
        "--stop runs/a --minutes 3",
        "--stop runs/a --output a.onnx",
        "--stop runs/a --resume runs/a",
        "--export runs/a",
        "--export runs/a --output a.onnx --threads 2",
        "--export runs/a --stop runs/a",
    ] {
        let output = run(["train"].into_iter().chain(words.split(' ')));
        assert_eq!(
            output.status.code(),
            Some(2),
            "{words}: {}",
            stderr(&output)
        );
    }
}
