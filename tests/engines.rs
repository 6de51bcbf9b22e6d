//! The two engines against each other.

mod common;

use std::ops::ControlFlow;
use std::path::Path;
use std::process::Output;
use std::sync::Arc;

use antiphon::audio::LongSound;
use antiphon::frames::WindowFormat;
use antiphon::generate::{
    AnswerSettings, Engine, EngineError, GenerateError, Native, OnnxRuntime, Prediction, Prime,
    Provider, Request, Shown, Task, Turn, generate_together,
};
use antiphon::model::{Precision, State};
use antiphon::random::stream;
use antiphon::trained_model::TrainedModel;
use rand::RngExt;

fn engines(model: &TrainedModel) -> [Box<dyn Engine>; 2] {
    let (network, hearing) = (&model.network, model.hearing());
    let onnxruntime = OnnxRuntime::new(network, hearing.sampling_windows(), Provider::Cpu, 1)
        .unwrap_or_else(|error| panic!("`make test` installs ONNX Runtime: {error}"));
    [
        Box::new(Native::new(model.network.clone(), Precision::F32, 1)),
        Box::new(onnxruntime),
    ]
}

fn models() -> impl Iterator<Item = (&'static str, &'static str)> {
    common::SMALL.into_iter().chain(common::CONDITIONED)
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max)
}

#[test]
fn they_agree_while_a_seed_is_played() {
    for (name, hyperparameters) in models() {
        let model = common::random_model(hyperparameters);
        let conditions = model.network.architecture().conditions;
        let (hearing, mut random) = (model.hearing(), stream(4, "frames"));
        let windows = hearing.sampling_windows();
        let mut draw = |values: usize| -> Vec<f32> {
            (0..values)
                .map(|_| random.random_range(-1.0..1.0))
                .collect()
        };
        // More than a transpose head's rows need to forget how they began.
        let steps = 1200;
        let elements = windows.input_span() + (steps - 1) * windows.ext_cursor_inc;
        let sequence = draw(elements * windows.width);
        let conditions = draw(steps * windows.rows * conditions);
        let of_step = conditions.len() / steps;
        let played = engines(&model).map(|mut engine| {
            let mut state = engine.silence(windows, 1);
            let (mut prediction, mut all) = (Vec::new(), Vec::new());
            for first in (0..steps).step_by(300) {
                let shown = Shown {
                    sequence: &sequence,
                    before: 0,
                    windows,
                    matrices: first..first + 300,
                    streams: 1,
                    conditions: &conditions[first * of_step..][..300 * of_step],
                };
                engine.play(&shown, &mut state, &mut prediction).unwrap();
                all.extend_from_slice(&prediction);
            }
            (all, state)
        });
        let [(native, native_state), (onnxruntime, onnxruntime_state)] = &played;
        let of_one = native.len() / 4;
        assert!(native.iter().any(|value| value.abs() > 1e-3), "{name}");
        let last = 3 * of_one..;
        let apart = largest_difference(&native[last.clone()], &onnxruntime[last]);
        assert!(apart < 1e-5, "{name}: {apart}");
        // Of a transpose head's rows one is all that the embedded engine needs.
        if native_state.line.is_empty() {
            assert!(largest_difference(native, onnxruntime) < 1e-5, "{name}");
            let (a, b) = (native_state, onnxruntime_state);
            assert!(largest_difference(&a.h, &b.h) < 1e-5, "{name}");
            assert!(largest_difference(&a.c, &b.c) < 1e-5, "{name}");
        }
    }
}

#[test]
fn they_agree_in_several_streams() {
    for (name, hyperparameters) in common::CONDITIONED {
        let model = common::random_model(hyperparameters);
        let (hearing, mut random) = (model.hearing(), stream(5, "streams"));
        let windows = hearing.sampling_windows();
        let (steps, streams) = (40, 3);
        let elements = windows.input_span() + (steps - 1) * windows.ext_cursor_inc;
        let mut draw = |values: usize| -> Vec<f32> {
            (0..values)
                .map(|_| random.random_range(-1.0..1.0))
                .collect()
        };
        let sequence = draw(elements * windows.width);
        let of_step = streams * windows.rows * model.network.architecture().conditions;
        let conditions = draw(steps * of_step);
        let [native, onnxruntime] = engines(&model).map(|mut engine| {
            let mut state = engine.silence(windows, streams);
            let (mut prediction, mut all) = (Vec::new(), Vec::new());
            // Many time steps at once, then one by one.
            for matrices in std::iter::once(0..30).chain((30..steps).map(|n| n..n + 1)) {
                let shown = Shown {
                    sequence: &sequence,
                    before: 0,
                    windows,
                    streams,
                    conditions: &conditions[matrices.start * of_step..matrices.end * of_step],
                    matrices,
                };
                engine.play(&shown, &mut state, &mut prediction).unwrap();
                all.extend_from_slice(&prediction);
            }
            all
        });
        let width = model.network.architecture().width();
        assert_eq!(native.len(), 11 * streams * width, "{name}");
        let difference = largest_difference(&native, &onnxruntime);
        assert!(difference < 1e-5, "{name}: {difference}");
        let [first, second] = [0, 1].map(|stream| &native[stream * width..][..width]);
        assert!(largest_difference(first, second) > 1e-4, "{name}");
    }
}

/// What plays several answers' turns in one run, as it does on a graphics card.
struct InOneRun(OnnxRuntime);

impl Engine for InOneRun {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn silence(&mut self, windows: &WindowFormat, streams: usize) -> State {
        self.0.silence(windows, streams)
    }

    fn play(
        &mut self,
        shown: &Shown,
        state: &mut State,
        prediction: &mut Vec<f32>,
    ) -> Result<(), EngineError> {
        self.0.play(shown, state, prediction)
    }

    fn shares_steps(&self, _windows: &WindowFormat) -> bool {
        true
    }

    fn play_together(&mut self, turns: &mut [Turn]) -> Result<(), EngineError> {
        self.0.play_together(turns)
    }

    fn threads_beside(&self) -> usize {
        2
    }
}

#[test]
fn answers_of_one_run_are_those_of_several() {
    for (name, hyperparameters) in models() {
        let model = common::random_model(hyperparameters);
        let settings = AnswerSettings::of(&model.hyperparameters);
        let settings = [settings.clone(), settings.free()];
        let seeds: [Arc<LongSound>; 2] =
            [0.5, 0.2].map(|seconds| Arc::new(common::pluck(220.0, seconds, 11025).into()));
        // They end one after the other, and two of them hear a shorter seed.
        let requests: [Request; 5] = std::array::from_fn(|n| Request {
            seconds: 0.02 * (n + 1) as f64,
            random_seed: n as u64,
            prime: Prime::Seed,
            prime_seconds: None,
            may_go_back: false,
        });
        let tasks: [Task; 5] = std::array::from_fn(|n| Task {
            model: &model,
            settings: &settings[n % 2],
            theme: None,
            folder: Path::new("nowhere"),
            seed: &seeds[n / 3],
            request: &requests[n],
        });
        let made = |engine: &mut dyn Engine| {
            let mut all = vec![Vec::new(); tasks.len()];
            let finish = |_, made: Result<Prediction, GenerateError>| {
                made.map(|made| made.sound.to_signal().unwrap().samples)
                    .unwrap_or_else(|error| panic!("{name}: {error}"))
            };
            let go_on = &mut |_: usize, _: f64| ControlFlow::Continue(());
            generate_together(engine, &tasks, &finish, go_on, &mut |n, made| all[n] = made);
            all
        };
        let windows = model.hearing().sampling_windows().clone();
        let onnxruntime = OnnxRuntime::new(&model.network, &windows, Provider::Cpu, 1).unwrap();
        let mut native = Native::new(model.network.clone(), Precision::F32, 1);
        let [apart, together] = [made(&mut native), made(&mut InOneRun(onnxruntime))];
        for (apart, together) in apart.iter().zip(&together) {
            assert!(apart.iter().any(|value| value.abs() > 1e-3), "{name}");
            let difference = largest_difference(apart, together);
            assert!(difference < 1e-4, "{name}: {difference}");
        }
    }
}

#[test]
fn they_agree_over_the_first_200_outputs_of_free_running() {
    for (name, hyperparameters) in models() {
        let model = common::random_model(hyperparameters);
        let samples_per_output = match model.hyperparameters.approach().name() {
            "vector" => model.hyperparameters.format.seg_len,
            "magnitude-spectrum" => model.hyperparameters.format.hop_size,
            _ => 1,
        };
        let seed = common::pluck(220.0, 0.5, 11025);
        let request = Request {
            seconds: (200 * samples_per_output) as f64 / 11025.0,
            random_seed: 3,
            prime: Prime::Seed,
            prime_seconds: None,
            may_go_back: false,
        };
        let [native, onnxruntime] = engines(&model)
            .map(|mut engine| common::answer(&model, engine.as_mut(), &seed, &request).samples);
        assert_eq!(native.len(), 200 * samples_per_output);
        assert!(native.iter().any(|value| value.abs() > 1e-3), "{name}");
        let difference = largest_difference(&native, &onnxruntime);
        assert!(difference < 1e-4, "{name}: {difference}");
    }
}

#[test]
fn they_agree_where_the_seed_guides() {
    for (name, hyperparameters) in common::CONDITIONED {
        let model = common::random_model(hyperparameters);
        let seed = common::pluck(220.0, 0.2, 11025);
        let request = Request {
            seconds: 0.1,
            random_seed: 3,
            prime: Prime::Seed,
            prime_seconds: None,
            may_go_back: false,
        };
        let [native, onnxruntime] = engines(&model).map(|mut engine| {
            common::guided_answer((&model, Some(1.5)), engine.as_mut(), &seed, &request)
        });
        let [native, onnxruntime] = [native, onnxruntime].map(|answer| {
            answer
                .unwrap_or_else(|error| panic!("{name}: {error}"))
                .samples
        });
        let [mut free, _] = engines(&model);
        let free = common::answer(&model, free.as_mut(), &seed, &request).samples;
        assert!(largest_difference(&native, &free) > 1e-3, "{name}");
        let difference = largest_difference(&native, &onnxruntime);
        assert!(difference < 1e-4, "{name}: {difference}");
    }
}

#[test]
fn the_same_random_seed_gives_the_same_bytes() {
    let model = common::random_model(common::SMALL[3].1);
    let seed = common::pluck(220.0, 0.5, 11025);
    let sound = |random_seed| {
        let request = Request {
            seconds: 0.5,
            random_seed,
            prime: Prime::Seed,
            prime_seconds: None,
            may_go_back: false,
        };
        let mut engine = Native::new(model.network.clone(), Precision::F32, 1);
        common::answer(&model, &mut engine, &seed, &request).samples
    };
    assert_eq!(sound(1), sound(1));
    assert_ne!(sound(1), sound(2));
}

/// What the program says, which succeeds with `arguments`.
fn said(arguments: &[&std::ffi::OsStr]) -> String {
    let output = common::run(arguments);
    assert!(output.status.success(), "{}", common::stderr(&output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn models_of_the_whole_bandwidth_learn_and_answer_by_both_engines_alike() {
    for (preset, more, described) in [
        (
            "column-vector-hifi",
            r#""seg_len": 64, "num_unrollings": 4, "int_cursor_inc": 499, "components": 3"#,
            "bands        8, of which",
        ),
        (
            "vector-hifi",
            r#""seg_len": 64, "label_offset": 32, "num_unrollings": 4, "int_cursor_inc": 499,
                "weight_format": "half""#,
            "matrix       4 rows of 64",
        ),
        (
            "magnitude-spectrum-hifi",
            // Phases that are locked to peaks follow from the last bits of magnitudes.
            r#""window_size": 256, "hop_size": 128, "num_unrollings": 4, "int_cursor_inc": 9,
                "resynthesis": "oscillator-bank""#,
            "frames of 256 samples every 128",
        ),
    ] {
        let json = format!(
            r#"{{"preset": "{preset}", "sample_rate": 22050, "hidden_size": 12, "num_epochs": 1,
                "dream_length": 100, {more}}}"#
        );
        learns_and_answers_by_both_engines_alike(&json, described);
    }
}

fn learns_and_answers_by_both_engines_alike(json: &str, described: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("h.json"), json).unwrap();
    common::write_seed(&path("guitar.wav"), &common::pluck(196.0, 1.5, 22050));
    common::write_seed(&path("seed.wav"), &common::pluck(220.0, 0.7, 22050));
    let [h, guitar, seed, model, runs] =
        ["h.json", "guitar.wav", "seed.wav", "model.onnx", "runs"].map(path);
    let word = std::ffi::OsStr::new;
    said(&[
        word("train"),
        h.as_os_str(),
        word("--audio"),
        guitar.as_os_str(),
        word("--output"),
        model.as_os_str(),
        word("--runs"),
        runs.as_os_str(),
    ]);
    let inspected = said(&[word("inspect"), model.as_os_str()]);
    assert!(inspected.contains(described), "{inspected}");

    let answers = ["native", "onnxruntime"].map(|engine| {
        let answer = path(&format!("{engine}.wav"));
        said(&[
            word("generate"),
            word("--model"),
            model.as_os_str(),
            word("--seed"),
            seed.as_os_str(),
            word("--output"),
            answer.as_os_str(),
            word("--engine"),
            word(engine),
            word("--seconds=0.1"),
            word("--ending=exact"),
            word("--loudness=model"),
        ]);
        antiphon::audio::read::read(&answer).unwrap().samples
    });
    let [native, onnxruntime] = &answers;
    assert_eq!(native.len(), 2205);
    assert!(native.iter().any(|sample| sample.abs() > 1e-4));
    let difference = largest_difference(native, onnxruntime);
    assert!(difference < 1e-4, "{json}: {difference}");
}

/// `generate` with these `options`, in `folder`, which becomes the place of its answer and
/// its sidecar.
fn generate_in(folder: &Path, options: &[&str]) -> Output {
    let [model, seed, answer] =
        ["model.onnx", "seed.wav", "answer.wav"].map(|name| folder.join(name));
    let small = common::random_model(common::SMALL[0].1);
    small.write(&model).unwrap();
    common::write_seed(&seed, &common::pluck(220.0, 0.5, 11025));
    common::antiphon()
        .args(["generate", "--seconds", "0.1", "--model"])
        .args([&model, Path::new("--seed"), &seed, Path::new("--output")])
        .arg(answer)
        .args(options)
        .output()
        .unwrap()
}

#[test]
fn a_provider_that_the_library_lacks_is_named_and_the_processor_takes_its_place() {
    let folder = tempfile::tempdir().unwrap();
    // Each belongs to a system that this one is not.
    let lacking = if cfg!(windows) { "coreml" } else { "directml" };
    let options = ["--engine", "onnxruntime", "--provider", lacking];
    let output = generate_in(folder.path(), &options);
    let said = common::stderr(&output);
    assert!(output.status.success(), "{said}");
    let warned = format!("the provider {lacking} is not available, the cpu is used instead");
    assert_eq!(said.matches(&warned).count(), 1, "{said}");
    assert!(
        said.contains(&format!("onnxruntime-{lacking}")) || cfg!(windows),
        "{said}"
    );
    let sidecar = std::fs::read_to_string(folder.path().join("answer.json")).unwrap();
    let sidecar: serde_json::Value = serde_json::from_str(&sidecar).unwrap();
    assert_eq!(sidecar["provider"], "cpu");
    assert_eq!(sidecar["engine"], "onnxruntime");
}

#[test]
fn a_provider_without_its_engine_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let output = generate_in(folder.path(), &["--provider", "cuda"]);
    assert_eq!(output.status.code(), Some(1));
    let said = common::stderr(&output);
    assert!(
        said.contains("add --engine onnxruntime, or leave out --provider cuda"),
        "{said}"
    );
}

/// `generate` with ONNX Runtime in a process of its own, with nothing on its paths
/// but `ORT_DYLIB_PATH`.
fn generate_with_library(library: &Path) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let (model, seed) = (
        folder.path().join("model.onnx"),
        folder.path().join("seed.wav"),
    );
    common::random_model(common::SMALL[0].1)
        .write(&model)
        .unwrap();
    common::write_seed(&seed, &common::pluck(220.0, 0.5, 11025));
    common::antiphon()
        .args([
            "generate",
            "--engine",
            "onnxruntime",
            "--seconds",
            "0.1",
            "--model",
        ])
        .args([&model, Path::new("--seed"), &seed, Path::new("--output")])
        .arg(folder.path().join("out.wav"))
        .env("ORT_DYLIB_PATH", library)
        .env("PATH", folder.path())
        .env_remove("VIRTUAL_ENV")
        .env_remove("LD_LIBRARY_PATH")
        .output()
        .unwrap()
}

#[test]
fn without_a_library_the_error_says_where_it_looked() {
    let output = generate_with_library(Path::new("/nowhere/nothing.so"));
    if output.status.success() {
        println!("skipped: this machine has an ONNX Runtime in its system folders");
        return;
    }
    let said = common::stderr(&output);
    for place in [
        "ORT_DYLIB_PATH (/nowhere/nothing.so)",
        "/usr/local/lib",
        "site-packages of python3",
        "pip install onnxruntime",
    ] {
        assert!(said.contains(place), "{place}: {said}");
    }
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_library_that_is_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let library = folder.path().join("libonnxruntime.so");
    std::fs::write(&library, "not a library").unwrap();
    let output = generate_with_library(&library);
    assert_eq!(output.status.code(), Some(1));
    let said = common::stderr(&output);
    assert!(said.contains(&library.display().to_string()), "{said}");
    assert!(said.contains("cannot be used"), "{said}");
}
