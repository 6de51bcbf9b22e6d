//! Training on a graphics card, in builds that have them (`make test-gpu`).

mod common;

use std::time::Duration;

use antiphon::audio::Signal;
use antiphon::hyperparameters::Hyperparameters;
use antiphon::model::{Card, Device};
use antiphon::train::{Dataset, Recording, Trainer};
use antiphon::trained_model::{TrainedModel, TrainingAudio};

/// Whether there is a card; Mesa's `lavapipe` is one, as far as anybody can tell from outside.
fn has_card(test: &str) -> bool {
    match Card::open(Device::Gpu) {
        Ok(opened) => {
            println!("{test}: on {}", opened.name);
            true
        }
        Err(cause) => {
            assert!(
                std::env::var_os("ANTIPHON_REQUIRE_TOOLS").is_none(),
                "{cause}"
            );
            eprintln!("SKIPPED: {test}: {cause}");
            false
        }
    }
}

/// Of each approach, every kind of output, and whatever else a step may have. Single samples
/// learn slowly: with the preset's `lr` a millionth more or less of each weight at the
/// beginning moves their loss by 1 to 3 % after 500 steps, on the processor too.
const ALL: [(&str, &str); 10] = [
    (
        "vector",
        r#"{"preset": "vector", "seg_len": 16, "num_unrollings": 4, "lr": 0.003, "weight_stddev": 0.1, "bptt_steps": 4}"#,
    ),
    (
        "dropout, residual connections, the penalty and noise",
        r#"{"preset": "vector", "seg_len": 16, "num_unrollings": 4, "num_layers": 3, "hidden_size": 16, "use_residual": true,
            "use_dropout": true, "input_dropout": 0.9, "output_dropout": 0.8, "regularization": true, "reg_amount": 0.001,
            "noise": 0.02, "lr": 0.002, "weight_stddev": 0.1, "bptt_steps": 3, "batch": 2, "validation": 0.2}"#,
    ),
    (
        "a mixture",
        r#"{"preset": "vector-cpu", "seg_len": 32, "label_offset": 16, "hidden_size": 24, "num_unrollings": 4,
            "int_cursor_inc": 101, "components": 3, "bptt_steps": 5, "num_dreams": 0, "sample_rate": 8000}"#,
    ),
    (
        "cosines",
        r#"{"preset": "vector-hifi", "seg_len": 32, "label_offset": 16, "hidden_size": 24, "num_unrollings": 4,
            "int_cursor_inc": 101, "components": 3, "num_dreams": 0, "sample_rate": 8000}"#,
    ),
    (
        "spectra",
        r#"{"preset": "magnitude-spectrum-cpu", "window_size": 64, "hop_size": 32, "hidden_size": 24,
            "num_unrollings": 4, "components": 3, "num_dreams": 0, "sample_rate": 8000}"#,
    ),
    (
        "the dissertation's spectra",
        r#"{"preset": "magnitude-spectrum", "window_size": 64, "hop_size": 16, "num_unrollings": 4, "hidden_size": 20,
            "lr": 0.003, "num_dreams": 0}"#,
    ),
    (
        "single samples with a skip connection",
        r#"{"preset": "column-vector-cpu", "lr": 0.0005, "seg_len": 16, "hidden_size": 16, "num_unrollings": 4, "int_cursor_inc": 101,
            "bptt_steps": 16, "components": 3, "num_dreams": 0, "sample_rate": 8000}"#,
    ),
    (
        "bands",
        r#"{"preset": "column-vector-hifi", "seg_len": 32, "hidden_size": 16, "num_unrollings": 4, "int_cursor_inc": 101,
            "bptt_steps": 16, "components": 3, "num_dreams": 0, "sample_rate": 8000}"#,
    ),
    (
        "levels",
        r#"{"preset": "column-vector", "seg_len": 16, "hidden_size": 16, "num_unrollings": 4, "output": "levels",
            "components": 32, "lr": 0.003, "bptt_steps": 8, "num_dreams": 0}"#,
    ),
    (
        "the transpose approach",
        r#"{"preset": "transpose", "seg_len": 16, "num_unrollings": 5, "int_cursor_inc": 3, "hidden_size": 16, "lr": 0.003,
            "bptt_steps": 4, "batch": 2, "num_dreams": 0}"#,
    ),
];

const STEPS: u64 = 500;

fn trainer(json: &str) -> Trainer {
    let hyperparameters = Hyperparameters::parse(json).unwrap_or_else(|error| panic!("{error}"));
    let recording = |hertz| Recording {
        signal: Signal {
            samples: common::pluck(hertz, 1.0, 8000).samples,
            sample_rate: 8000,
        },
        source: TrainingAudio {
            file: format!("{hertz}.wav"),
            sha256: String::new(),
            seconds: 1.0,
        },
    };
    // Where one ends, the state begins anew.
    let recordings = vec![recording(220.0), recording(331.0)];
    let dataset = Dataset::new(recordings, &hyperparameters).unwrap();
    Trainer::new(hyperparameters, dataset, 5, 1)
}

/// Trains up to step `last` of a run of `STEPS`, and gives the mean loss of the last hundred.
fn train(trainer: &mut Trainer, last: u64) -> f64 {
    while trainer.steps() < last {
        trainer.step(trainer.steps() as f64 / STEPS as f64).unwrap();
    }
    trainer.last_loss()
}

#[test]
fn after_500_steps_losses_are_within_a_hundredth_of_the_processors() {
    if !has_card("losses on a graphics card") {
        return;
    }
    for (name, json) in ALL {
        let (mut here, mut there) = (trainer(json), trainer(json));
        there.learn_on(Device::Gpu).unwrap();
        // Of the first steps as well, before rounding is magnified.
        for step in 0..5 {
            let (here, there) = (here.step(0.0).unwrap(), there.step(0.0).unwrap());
            let apart = (here - there).abs() / here.abs().max(1e-3);
            assert!(apart < 1e-3, "{name}, step {step}: {here} {there}");
        }
        let (here_loss, there_loss) = (train(&mut here, STEPS), train(&mut there, STEPS));
        let apart = (here_loss - there_loss).abs() / here_loss.abs();
        println!(
            "{name}: {here_loss:.5} {there_loss:.5}, {:.3} % apart",
            100.0 * apart
        );
        assert!(apart < 0.01, "{name}: {here_loss} {there_loss}");
        let [here, there] = [here, there].map(|mut of| of.model(Duration::ZERO).unwrap());
        assert_eq!(there.training.steps, STEPS);
        if let Some((a, b)) = here
            .training
            .validation_loss
            .zip(there.training.validation_loss)
        {
            assert!((a - b).abs() < 0.05 * a.abs(), "{name}: held out {a} {b}");
        }
    }
}

/// From the same checkpoint both go the same way, and back.
#[test]
fn a_checkpoint_is_the_same_wherever_it_was_made() {
    if !has_card("checkpoints of a graphics card") {
        return;
    }
    for (name, json) in [ALL[1], ALL[4], ALL[9]] {
        let mut there = trainer(json);
        there.learn_on(Device::Gpu).unwrap();
        train(&mut there, 50);
        let checkpoint = || there.checkpoint(Duration::from_secs(1)).unwrap();
        let mut checkpoint = checkpoint;
        let (first, second) = (checkpoint(), checkpoint());
        assert!(first.weights.iter().all(|weight| weight.is_finite()));
        assert_eq!(first, second, "{name}: reading changes nothing");
        let (mut here, mut back) = (trainer(json), trainer(json));
        here.restore(first).unwrap();
        back.restore(second).unwrap();
        back.learn_on(Device::Gpu).unwrap();
        for step in 0..5 {
            let losses = [&mut here, &mut back, &mut there].map(|of| of.step(0.1).unwrap());
            let apart = losses.map(|loss| (loss - losses[0]).abs() / losses[0].abs().max(1e-3));
            assert!(
                apart.iter().all(|apart| *apart < 1e-3),
                "{name} {step}: {losses:?}"
            );
        }
        back.learn_on(Device::Cpu).unwrap();
        let losses = [&mut here, &mut back].map(|of| of.step(0.1).unwrap());
        assert!((losses[0] - losses[1]).abs() < 1e-3 * losses[0].abs().max(1e-3));
    }
}

#[test]
fn a_run_begins_on_a_card_and_goes_on_on_the_processor() {
    if !has_card("a run on a graphics card") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("settings.json");
    let json = r#"{"preset": "magnitude-spectrum-cpu", "window_size": 64, "hop_size": 32, "hidden_size": 16,
        "num_unrollings": 4, "components": 2, "num_epochs": 2, "dream_length": 40}"#;
    std::fs::write(&settings, json).unwrap();
    let recording = folder.path().join("pluck.wav");
    common::write_seed(&recording, &common::pluck(220.0, 2.0, 11025));
    let model = folder.path().join("model.onnx");
    let runs = folder.path().join("runs");
    let begun = common::run([
        "train".as_ref(),
        settings.as_os_str(),
        "--audio".as_ref(),
        recording.as_os_str(),
        "--output".as_ref(),
        model.as_os_str(),
        "--runs".as_ref(),
        runs.as_os_str(),
        "--device".as_ref(),
        "gpu".as_ref(),
    ]);
    let said = common::stderr(&begun);
    assert!(begun.status.success(), "{said}");
    assert!(said.contains("It will learn on "), "{said}");
    let run = runs.join("model");
    let order = std::fs::read_to_string(run.join("run.json")).unwrap();
    assert!(order.contains(r#""device": "gpu""#), "{order}");
    // It samples its predictions as the network becomes.
    assert!(run.join("predictions").read_dir().unwrap().count() > 0);
    let first = TrainedModel::read(&model).unwrap();
    assert!(first.training.steps > 5 && first.training.last_loss.is_finite());
    let resumed = common::run([
        "train".as_ref(),
        "--resume".as_ref(),
        run.as_os_str(),
        "--minutes".as_ref(),
        "0.02".as_ref(),
        "--device".as_ref(),
        "cpu".as_ref(),
    ]);
    let said = common::stderr(&resumed);
    assert!(resumed.status.success(), "{said}");
    assert!(!said.contains("It will learn on "), "{said}");
    assert!(TrainedModel::read(&model).unwrap().training.steps > first.training.steps);
}
