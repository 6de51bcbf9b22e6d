//! Against the forward pass that training makes.

use rand::RngExt;

use super::*;
use crate::model::{Head, Output, Tape};
use crate::random::stream;

fn architectures() -> Vec<Architecture> {
    let dense = |outputs, skip| Head::Dense { outputs, skip };
    let architecture = |head, layers, conditions, output| Architecture {
        inputs: 20,
        conditions,
        units: 20,
        layers,
        residual: true,
        head,
        output,
    };
    let mixture = Output::Mixture { components: 3 };
    vec![
        architecture(dense(7, false), 1, 0, Output::Value),
        architecture(dense(1, true), 2, 3, mixture),
        architecture(dense(20, false), 3, 2, mixture),
        architecture(
            Head::Transpose {
                rows: 4,
                outputs: 1,
            },
            2,
            3,
            mixture,
        ),
        architecture(
            Head::Transpose {
                rows: 4,
                outputs: 1,
            },
            1,
            0,
            Output::Value,
        ),
        architecture(
            Head::Transpose {
                rows: 4,
                outputs: 5,
            },
            1,
            0,
            Output::Bands { components: 3 },
        ),
    ]
}

fn network(architecture: &Architecture) -> Network {
    Network::init(architecture.clone(), 0.3, &mut stream(7, "weights"))
}

fn frames(values: usize) -> Vec<f32> {
    let mut random = stream(8, "frames");
    (0..values)
        .map(|_| random.random_range(-0.8..0.8))
        .collect()
}

fn assert_near(a: &[f32], b: &[f32], bound: f32, what: &str) {
    assert_eq!(a.len(), b.len(), "{what}");
    for (n, (a, b)) in a.iter().zip(b).enumerate() {
        assert!((a - b).abs() < bound, "{what}: {n}: {a} {b}");
    }
}

#[test]
fn it_predicts_what_the_forward_pass_does() {
    for processor in Processor::available() {
        for architecture in architectures() {
            let (network, rows, steps) = (network(&architecture), 8, 12);
            let frames = frames(steps * rows * architecture.row_width());
            let what = format!("{} {architecture:?}", processor.name());
            let (mut tape, mut expected) = (Tape::new(1), State::zero(&architecture, rows));
            network.forward(&frames, &mut expected, None, &mut tape);
            let last = architecture.outputs_of(rows);
            let prediction = &tape.prediction()[tape.prediction().len() - last..];

            for (precision, bound) in [(Precision::F32, 1e-5), (Precision::I8, 0.05)] {
                let mut inference = Inference::on(processor, network.clone(), precision, 1);
                // All at once, and one by one.
                for of_one in [steps, 1] {
                    let mut state = State::zero(&architecture, rows);
                    let mut found = Vec::new();
                    for frames in frames.chunks(of_one * rows * architecture.row_width()) {
                        inference.play(frames, &mut state, &mut found);
                    }
                    assert_near(&found, prediction, bound, &what);
                    assert_near(&state.h, &expected.h, bound, &what);
                    assert_near(&state.c, &expected.c, bound, &what);
                }
            }
        }
    }
}

#[test]
fn weights_are_taken_again() {
    let architecture = &architectures()[1];
    let frames = frames(architecture.row_width());
    let predict = |inference: &mut Inference| {
        let mut prediction = Vec::new();
        let mut state = State::zero(architecture, 1);
        inference.play(&frames, &mut state, &mut prediction);
        prediction
    };
    let (first, mut other) = (network(architecture), network(architecture));
    other.weights.iter_mut().for_each(|weight| *weight *= 0.9);
    let mut inference = Inference::new(first, Precision::F32, 1);
    let before = predict(&mut inference);
    inference.take(&other);
    let after = predict(&mut inference);
    assert_ne!(before, after);
    assert_eq!(
        after,
        predict(&mut Inference::new(other.clone(), Precision::F32, 1))
    );
}

/// Rows above the last one of a matrix that repeat it: as the whole matrix, as soon as
/// the network has forgotten how it began.
#[test]
fn one_row_and_a_line_are_the_whole_matrix() {
    for (index, delay) in [(3, 2), (4, 5)] {
        let architecture = &architectures()[index];
        let network = network(architecture);
        let (streams, rows, steps) = (2, 4, 400);
        let (inputs, width) = (architecture.inputs, architecture.row_width());
        let sequence = frames(steps + rows * delay + inputs);
        let conditions = frames(streams * (steps + rows * delay) * architecture.conditions);
        let push_row = |stream: usize, start: usize, row: &mut Vec<f32>| {
            row.extend_from_slice(&sequence[start..start + inputs]);
            let of_row = architecture.conditions;
            row.extend_from_slice(&conditions[(start * streams + stream) * of_row..][..of_row]);
        };
        let mut inference = Inference::new(network.clone(), Precision::F32, 1);
        let mut line = State::zero(architecture, streams);
        let mut matrices = State::zero(architecture, streams * rows);
        let (mut found, mut expected) = (Vec::new(), Vec::new());
        for start in 0..(rows - 1) * delay {
            let mut last_rows = Vec::new();
            (0..streams).for_each(|stream| push_row(stream, start, &mut last_rows));
            inference.play_last_rows(&last_rows, delay, &mut line, &mut found);
        }
        for t in 0..steps {
            let (mut last_rows, mut frames) = (Vec::new(), Vec::new());
            for stream in 0..streams {
                (0..rows).for_each(|row| push_row(stream, t + row * delay, &mut frames));
                last_rows.extend_from_slice(&frames[frames.len() - width..]);
            }
            inference.play_last_rows(&last_rows, delay, &mut line, &mut found);
            inference.play(&frames, &mut matrices, &mut expected);
            if t > 300 {
                assert_near(&found, &expected, 1e-5, &format!("{t}"));
            }
        }
        assert_eq!(line.line.len(), streams * ((rows - 1) * delay + 1));
    }
}

/// Inputs of adjacent samples, as filters of them: as input by input.
#[test]
fn sliding_inputs_are_inputs() {
    let mixture = Output::Mixture { components: 3 };
    let dense = |outputs, skip| Head::Dense { outputs, skip };
    for (head, conditions, layers, channels) in [
        (dense(1, true), 3, 1, 1),
        (dense(1, false), 0, 2, 1),
        (dense(5, true), 3, 1, 5),
        (
            Head::Transpose {
                rows: 4,
                outputs: 1,
            },
            0,
            2,
            1,
        ),
        (
            Head::Transpose {
                rows: 4,
                outputs: 5,
            },
            0,
            2,
            5,
        ),
    ] {
        let architecture = Architecture {
            inputs: 70,
            conditions,
            units: 20,
            layers,
            residual: true,
            head,
            output: mixture,
        };
        let network = network(&architecture);
        let (streams, delay, steps) = (if conditions > 0 { 2 } else { 1 }, 3, 200);
        let sequence = frames(70 + steps * channels);
        let all_conditions = frames(steps * streams * conditions);
        for precision in [Precision::F32, Precision::I8] {
            let mut inference = Inference::new(network.clone(), precision, 1);
            inference.prepare_sliding_inputs(channels);
            assert!(inference.slides());
            let [mut slid, mut played] = [0, 1].map(|_| State::zero(&architecture, streams));
            let (mut found, mut expected) = (Vec::new(), Vec::new());
            for t in 0..steps {
                let known = &all_conditions[t * streams * conditions..][..streams * conditions];
                let mut rows = Vec::new();
                for stream in 0..streams {
                    rows.extend_from_slice(&sequence[t * channels..][..70]);
                    rows.extend_from_slice(&known[stream * conditions..][..conditions]);
                }
                match head {
                    Head::Dense { .. } => inference.play(&rows, &mut played, &mut expected),
                    Head::Transpose { .. } => {
                        inference.play_last_rows(&rows, delay, &mut played, &mut expected);
                    }
                }
                let heard = Sequence {
                    samples: &sequence[..t * channels + 70],
                    before: 0,
                    channels,
                };
                inference.slide(heard, known, delay, &mut slid, &mut found);
                let bound = if precision == Precision::F32 {
                    1e-5
                } else {
                    0.05
                };
                assert_near(
                    &found,
                    &expected,
                    bound,
                    &format!("{precision:?} {head:?} {t}"),
                );
            }
        }
    }
    let square = Architecture {
        inputs: 20,
        ..architectures()[0].clone()
    };
    let mut inference = Inference::new(network(&square), Precision::F32, 1);
    inference.prepare_sliding_inputs(1);
    assert!(!inference.slides());
}
