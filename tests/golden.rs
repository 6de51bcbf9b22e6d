//! The network against PyTorch: `golden/make_golden.py` wrote `golden/golden.json`.

use antiphon::model::{Adam, Architecture, Head, Network, Output, State, Tape};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    name: String,
    inputs: usize,
    units: usize,
    layers: usize,
    residual: bool,
    head: String,
    outputs: usize,
    rows: usize,
    weights: Vec<f32>,
    frames: Vec<f32>,
    h: Vec<f32>,
    c: Vec<f32>,
    label: Vec<f32>,
    prediction: Vec<f32>,
    h_out: Vec<f32>,
    c_out: Vec<f32>,
    loss: f32,
    gradient: Vec<f32>,
    weights_after_5_steps: Vec<f32>,
}

impl Case {
    fn network(&self) -> Network {
        let architecture = Architecture {
            inputs: self.inputs,
            conditions: 0,
            units: self.units,
            layers: self.layers,
            residual: self.residual,
            head: match self.head.as_str() {
                "transpose" => Head::Transpose {
                    rows: self.rows,
                    outputs: 1,
                },
                _ => Head::Dense {
                    outputs: self.outputs,
                    skip: false,
                },
            },
            output: Output::Value,
        };
        Network::from_weights(architecture, self.weights.clone()).expect("as many weights")
    }

    fn state(&self) -> State {
        State {
            h: self.h.clone(),
            c: self.c.clone(),
            line: Default::default(),
        }
    }
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("golden/golden.json")).unwrap()
}

fn assert_close(name: &str, what: &str, ours: &[f32], theirs: &[f32], tolerance: f32) {
    assert_eq!(ours.len(), theirs.len(), "{name}: {what}");
    for (i, (a, b)) in ours.iter().zip(theirs).enumerate() {
        assert!(
            (a - b).abs() < tolerance,
            "{name}: {what}[{i}]: {a}, PyTorch {b}"
        );
    }
}

fn loss_and_gradient(network: &Network, case: &Case, tape: &mut Tape) -> (f32, Vec<f32>) {
    network.forward(&case.frames, &mut case.state(), None, tape);
    let n = case.label.len() as f32;
    let errors: Vec<f32> = tape
        .prediction()
        .iter()
        .zip(&case.label)
        .map(|(p, l)| p - l)
        .collect();
    let loss = errors.iter().map(|e| e * e).sum::<f32>() / n;
    let d_prediction: Vec<f32> = errors.iter().map(|e| 2.0 * e / n).collect();
    let mut gradient = vec![0.0; network.weights.len()];
    network.backward(&d_prediction, tape, &mut gradient);
    (loss, gradient)
}

#[test]
fn predictions_and_states_are_pytorchs() {
    for case in cases() {
        let mut state = case.state();
        let mut tape = Tape::new(1);
        case.network()
            .forward(&case.frames, &mut state, None, &mut tape);
        assert_close(
            &case.name,
            "prediction",
            tape.prediction(),
            &case.prediction,
            1e-6,
        );
        assert_close(&case.name, "h", &state.h, &case.h_out, 1e-6);
        assert_close(&case.name, "c", &state.c, &case.c_out, 1e-6);
    }
}

#[test]
fn losses_and_gradients_are_pytorchs() {
    for case in cases() {
        let (loss, gradient) = loss_and_gradient(&case.network(), &case, &mut Tape::new(1));
        assert!((loss - case.loss).abs() < 1e-6, "{}", case.name);
        assert_close(&case.name, "gradient", &gradient, &case.gradient, 1e-6);
    }
}

#[test]
fn adam_walks_as_pytorchs_does() {
    for case in cases() {
        let mut network = case.network();
        let mut adam = Adam::new(network.weights.len());
        let mut tape = Tape::new(1);
        for _ in 0..5 {
            let (_, gradient) = loss_and_gradient(&network, &case, &mut tape);
            adam.update(&mut network.weights, &gradient, 1e-2);
        }
        assert_close(
            &case.name,
            "weights",
            &network.weights,
            &case.weights_after_5_steps,
            1e-4,
        );
    }
}
