//! The ONNX files against the Python packages onnx and onnxruntime.

mod common;

use std::path::Path;
use std::process::Command;

use antiphon::model::{State, Tape};
use antiphon::random::stream;
use antiphon::trained_model::TrainedModel;
use rand::RngExt;
use serde_json::json;

/// How far at most onnxruntime's prediction with `model` is from that in `case`.
fn difference(name: &str, model: &Path, case: &Path) -> f32 {
    let checker = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/check_onnx.py");
    let mut command = Command::new(common::python());
    let output = command.arg(checker).args([model, case]).output().unwrap();
    assert!(
        output.status.success(),
        "{name}: {}",
        common::stderr(&output)
    );
    let said = String::from_utf8_lossy(&output.stdout);
    said.trim().parse().unwrap()
}

#[test]
fn the_checker_accepts_every_model_and_onnxruntime_predicts_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let half = [(
        "half precision",
        r#"{"preset": "vector", "seg_len": 16, "num_unrollings": 4, "num_layers": 2, "weight_format": "half"}"#,
    )];
    let all = common::SMALL.into_iter().chain(common::CONDITIONED);
    for (name, hyperparameters) in all.chain(half) {
        let path = folder.path().join("model.onnx");
        common::random_model(hyperparameters).write(&path).unwrap();
        let model = TrainedModel::read(&path).unwrap();

        let (steps, rows) = (7, model.hyperparameters.format.num_unrollings);
        let architecture = model.network.architecture().clone();
        let mut random = stream(2, "frames");
        let mut draw =
            |n: usize| -> Vec<f32> { (0..n).map(|_| random.random_range(-1.0..1.0)).collect() };
        let frames = draw(steps * rows * architecture.row_width());
        let part = |first: usize, last: usize| -> Vec<f32> {
            let rows = frames.chunks(architecture.row_width());
            rows.flat_map(|row| &row[first..last]).copied().collect()
        };
        let of_frames = part(0, architecture.inputs);
        let of_conditions = part(architecture.inputs, architecture.row_width());
        let state = State {
            h: draw(architecture.layers * rows * architecture.units),
            c: draw(architecture.layers * rows * architecture.units),
            line: Default::default(),
        };
        let (mut after, mut tape) = (state.clone(), Tape::new(1));
        model.network.forward(&frames, &mut after, None, &mut tape);

        let outputs = architecture.outputs_of(rows);
        let prediction_rows = if model.hyperparameters.format.use_transpose {
            1
        } else {
            rows
        };
        let state_shape = [architecture.layers, rows, architecture.units];
        let mut case = json!({
            "frames": {"shape": [steps, rows, architecture.inputs], "values": of_frames},
            "h": {"shape": state_shape, "values": state.h},
            "c": {"shape": state_shape, "values": state.c},
            "prediction": {
                "shape": [steps, prediction_rows, outputs / prediction_rows],
                "values": tape.prediction(),
            },
            "h_out": {"shape": state_shape, "values": after.h},
            "c_out": {"shape": state_shape, "values": after.c},
        });
        if architecture.conditions > 0 {
            let shape = [steps, rows, architecture.conditions];
            case["conditions"] = json!({"shape": shape, "values": of_conditions});
        }
        let case_path = folder.path().join("case.json");
        std::fs::write(&case_path, case.to_string()).unwrap();

        let difference = difference(name, &path, &case_path);
        assert!(difference < 1e-5, "{name}: {difference}");
    }
}
