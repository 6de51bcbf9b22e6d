//! `Network::learn` against its parts, one after the other.

use antiphon::model::{Adam, Architecture, Dropout, Head, Network, Output, Rates, State, Tape};
use antiphon::random::stream;
use rand::RngExt;

/// Weights after three steps, with the gradient as a whole or block by block.
fn weights(architecture: &Architecture, steps: usize, threads: usize, whole: bool) -> Vec<f32> {
    let (rows, lr, penalty) = (9, 1e-3, 0.01);
    let mut random = stream(4, "test");
    let mut network = Network::init(architecture.clone(), 0.1, &mut random);
    let mut draw =
        |n: usize| -> Vec<f32> { (0..n).map(|_| random.random_range(-0.8..0.8)).collect() };
    let frames = draw(steps * rows * architecture.inputs);
    let d_prediction = draw(steps * architecture.outputs_of(rows));
    let mut adam = Adam::new(network.weights.len());
    let (mut tape, mut masks) = (Tape::new(threads), stream(5, "masks"));
    let mut state = State::zero(architecture, rows);
    let dropout = Dropout {
        input_keep: 0.8,
        output_keep: 0.9,
    };
    for _ in 0..3 {
        network.forward(
            &frames,
            &mut state,
            Some((dropout, std::slice::from_mut(&mut masks))),
            &mut tape,
        );
        if whole {
            let mut gradient = vec![0.0; network.weights.len()];
            network.backward(&d_prediction, &mut tape, &mut gradient);
            network.add_penalty_gradient(penalty, &mut gradient);
            adam.update(&mut network.weights, &gradient, lr);
        } else {
            let rates = Rates { lr, penalty };
            network.learn(&d_prediction, &mut tape, &mut adam, rates);
        }
    }
    network.weights
}

fn architectures() -> [Architecture; 2] {
    [
        Head::Dense {
            outputs: 7,
            skip: false,
        },
        Head::Transpose {
            rows: 9,
            outputs: 1,
        },
    ]
    .map(|head| Architecture {
        inputs: 40,
        conditions: 0,
        units: 100,
        layers: 2,
        residual: true,
        head,
        output: Output::Value,
    })
}

#[test]
fn block_by_block_is_the_same_step() {
    for architecture in architectures() {
        for steps in [1, 3, 6] {
            let whole = weights(&architecture, steps, 1, true);
            let blocks = weights(&architecture, steps, 2, false);
            for (a, b) in whole.iter().zip(&blocks) {
                assert!((a - b).abs() < 1e-5, "{architecture:?} {steps}: {a} {b}");
            }
        }
    }
}

#[test]
fn the_same_threads_give_the_same_bits() {
    for architecture in architectures() {
        for threads in [1, 2, 3] {
            let run = || weights(&architecture, 6, threads, false);
            assert_eq!(run(), run());
        }
    }
}
