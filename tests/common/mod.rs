//! What several integration tests need.
#![allow(dead_code)] // each test file uses its share

#[cfg(feature = "nats")]
pub mod accounts;
pub mod chance;
#[cfg(unix)]
pub mod cluster;
pub mod daemon;
#[cfg(target_os = "linux")]
pub mod disk;
#[cfg(target_os = "linux")]
pub mod footprint;
pub mod gallery;
pub mod load;
pub mod page;
pub mod patch;
pub mod pd;
pub mod supercollider;

use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use antiphon::audio::Signal;
use antiphon::audio::write::{SampleFormat, write_wav};
use antiphon::generate::{AnswerSettings, Engine, GenerateError, Player, Request, generate};
use antiphon::hearing::Normalisation;
use antiphon::hyperparameters::Hyperparameters;
use antiphon::model::Network;
use antiphon::random::stream;
use antiphon::trained_model::{TrainedModel, TrainingSummary};

/// Small hyperparameters, one for each approach, and some of each kind of network.
pub const SMALL: [(&str, &str); 14] = [
    (
        "vector",
        r#"{"preset": "vector", "seg_len": 32, "num_unrollings": 4}"#,
    ),
    (
        "column-vector",
        r#"{"preset": "column-vector", "seg_len": 24, "num_unrollings": 4}"#,
    ),
    (
        "transpose",
        r#"{"preset": "transpose", "seg_len": 16, "num_unrollings": 5, "int_cursor_inc": 3}"#,
    ),
    (
        "spectrum",
        r#"{"preset": "magnitude-spectrum", "window_size": 64, "hop_size": 16, "num_unrollings": 4, "hidden_size": 20}"#,
    ),
    (
        "stack",
        r#"{"preset": "vector", "seg_len": 16, "num_unrollings": 4, "num_layers": 3, "use_residual": true}"#,
    ),
    (
        "skip connection",
        r#"{"preset": "column-vector", "seg_len": 16, "num_unrollings": 4, "num_layers": 2, "use_skip": true, "output": "mixture", "components": 3}"#,
    ),
    (
        "mixture",
        r#"{"preset": "magnitude-spectrum", "window_size": 64, "hop_size": 16, "num_unrollings": 4, "output": "mixture", "components": 3, "magnitude_scale": "square-root"}"#,
    ),
    (
        "overlapping mixture",
        r#"{"preset": "vector", "seg_len": 16, "label_offset": 8, "num_unrollings": 4, "output": "mixture", "components": 3}"#,
    ),
    (
        "levels",
        r#"{"preset": "column-vector", "seg_len": 16, "num_unrollings": 4, "output": "levels", "components": 64}"#,
    ),
    (
        "transpose mixture",
        r#"{"preset": "transpose", "seg_len": 8, "num_unrollings": 3, "output": "mixture", "components": 2}"#,
    ),
    (
        "deep transpose",
        r#"{"preset": "transpose", "seg_len": 8, "num_unrollings": 3, "num_layers": 2, "hidden_size": 12}"#,
    ),
    (
        "cosines",
        r#"{"preset": "vector", "seg_len": 16, "label_offset": 8, "num_unrollings": 4, "output": "mixture", "components": 3, "label_values": "cosines", "heard_noise": 0.5}"#,
    ),
    (
        "transpose in bands",
        r#"{"preset": "transpose", "bands": 4, "seg_len": 16, "num_unrollings": 5, "output": "mixture", "components": 2}"#,
    ),
    (
        "bands",
        r#"{"preset": "column-vector", "bands": 4, "seg_len": 32, "num_unrollings": 4, "use_skip": true, "output": "mixture", "components": 3}"#,
    ),
];

/// A model of random weights.
pub fn random_model(hyperparameters: &str) -> TrainedModel {
    let hyperparameters = Hyperparameters::parse(hyperparameters).unwrap();
    let network = Network::init(
        hyperparameters.architecture(),
        0.2,
        &mut stream(1, "weights"),
    );
    TrainedModel {
        network,
        normalisation: Normalisation {
            largest_magnitude: if hyperparameters.format.use_fft {
                5.0
            } else {
                1.0
            },
            highest_frequency: None,
            ..Normalisation::default()
        },
        hyperparameters,
        training_audio: Vec::new(),
        kept_audio: Vec::new(),
        memory: None,
        stereo: None,
        training: TrainingSummary::default(),
    }
}

/// A plucked string: a decaying sum of harmonics, peak about 0.7.
pub fn pluck(frequency: f64, seconds: f64, sample_rate: u32) -> Signal {
    let samples = (0..(seconds * f64::from(sample_rate)) as usize)
        .map(|n| {
            let t = n as f64 / f64::from(sample_rate);
            let partial = |k: f64| {
                (std::f64::consts::TAU * k * frequency * t).sin() * (-1.5 * k * t).exp() / k
            };
            (0.4 * (1..=5).map(|k| partial(f64::from(k))).sum::<f64>()) as f32
        })
        .collect();
    Signal {
        samples,
        sample_rate,
    }
}

/// Writes `signal` as 16-bit WAV.
pub fn write_seed(path: &Path, signal: &Signal) {
    write_wav(path, signal, SampleFormat::Int16).unwrap();
}

/// An address on this machine that nobody has, and nobody gets who asks the system for
/// any: those are above.
pub fn free_port() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 12_000 + (std::process::id() % 100) as u16 * 100;
    loop {
        let port = first + NEXT.fetch_add(1, Ordering::Relaxed);
        if let Ok(socket) = UdpSocket::bind(("127.0.0.1", port)) {
            return socket.local_addr().unwrap();
        }
    }
}

/// The program.
pub fn antiphon() -> Command {
    Command::new(env!("CARGO_BIN_EXE_antiphon"))
}

/// The program where no file can grow beyond so many kilobytes, which stands for a full
/// disk: the signal that comes with it is ignored, so that the write itself fails.
pub fn antiphon_on_a_full_disk(kilobytes: u32) -> Command {
    let limited = format!("trap '' XFSZ; ulimit -f {kilobytes}; exec \"$@\"");
    let mut command = Command::new("bash");
    command.args(["-c", &limited, "bash", env!("CARGO_BIN_EXE_antiphon")]);
    command
}

/// Runs the program with `arguments`.
pub fn run<S: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = S>) -> Output {
    antiphon().args(arguments).output().unwrap()
}

/// What a run said on standard error.
pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The Python that `make test` installs onnx and onnxruntime for.
pub fn python() -> PathBuf {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/python/bin/python");
    assert!(
        python.exists(),
        "this test compares with Python's onnxruntime, which `make test` installs first"
    );
    python
}

/// Another project's program of this name, where it is installed. Where it must
/// be, because `ANTIPHON_REQUIRE_TOOLS` is set, the test fails without it.
pub fn tool(name: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&folders)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file());
    if found.is_none() {
        assert!(
            std::env::var_os("ANTIPHON_REQUIRE_TOOLS").is_none(),
            "{name} is not installed"
        );
        eprintln!("SKIPPED: {name} is not installed");
    }
    found
}

/// Whether a test must skip because the program `name` is not there.
pub fn skipped_without(name: &str) -> bool {
    tool(name).is_none()
}

/// What `model` answers to `seed` freely.
pub fn answer(
    model: &TrainedModel,
    engine: &mut dyn Engine,
    seed: &Signal,
    request: &Request,
) -> Signal {
    guided_answer((model, None), engine, seed, request).unwrap()
}

/// The same, or following the seed with this guidance.
pub fn guided_answer(
    (model, guidance): (&TrainedModel, Option<f64>),
    engine: &mut dyn Engine,
    seed: &Signal,
    request: &Request,
) -> Result<Signal, GenerateError> {
    let own = AnswerSettings::of(&model.hyperparameters);
    let settings = match guidance {
        Some(_) => AnswerSettings { guidance, ..own },
        None => own.free(),
    };
    let player = Player {
        model,
        settings: &settings,
        engine,
        theme: None,
        folder: &std::env::temp_dir(),
    };
    let mut go_on = |_: f64| std::ops::ControlFlow::Continue(());
    generate(player, &Arc::new(seed.clone().into()), request, &mut go_on)
        .map(|answer| answer.sound.to_signal().unwrap())
}

/// Small models that see a description of what comes next beside their input.
pub const CONDITIONED: [(&str, &str); 5] = [
    (
        "conditioned vector",
        r#"{"preset": "vector", "seg_len": 16, "num_unrollings": 4, "num_layers": 2, "use_residual": true, "conditioning": "chroma"}"#,
    ),
    (
        "conditioned skip connection",
        r#"{"preset": "column-vector", "seg_len": 16, "num_unrollings": 4, "use_skip": true, "output": "mixture", "components": 3, "conditioning": "chroma"}"#,
    ),
    (
        "conditioned spectrum",
        r#"{"preset": "magnitude-spectrum", "window_size": 64, "hop_size": 16, "num_unrollings": 4, "hidden_size": 20, "output": "mixture", "components": 3, "conditioning": "chroma"}"#,
    ),
    (
        "conditioned transpose",
        r#"{"preset": "transpose", "seg_len": 16, "num_unrollings": 5, "int_cursor_inc": 3, "conditioning": "chroma"}"#,
    ),
    (
        "conditioned bands",
        r#"{"preset": "column-vector", "bands": 8, "seg_len": 48, "num_unrollings": 4, "hidden_size": 20, "output": "mixture", "components": 3, "conditioning": "chroma"}"#,
    ),
];
