//! The training step keeps its memory from step to step. Only the matrix
//! product of the crate gemm allocates: a few bytes, whatever the size. So does a step
//! of an answer.

use std::alloc::System;
use std::sync::{Mutex, PoisonError};

use antiphon::model::{
    Adam, Architecture, Head, Inference, Network, Output, Precision, Rates, Sequence, State, Tape,
};
use antiphon::random::stream;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// One test at a time: the allocator counts for all.
static ALONE: Mutex<()> = Mutex::new(());

#[test]
fn a_step_allocates_no_arrays() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    for (rows, units, steps, layers, threads) in
        [(100, 64, 1, 1, 1), (16, 48, 8, 2, 2), (100, 256, 1, 1, 2)]
    {
        let architecture = Architecture {
            inputs: units,
            conditions: 0,
            units,
            layers,
            residual: true,
            head: Head::Dense {
                outputs: units,
                skip: true,
            },
            output: Output::Value,
        };
        let mut network = Network::init(architecture.clone(), 0.1, &mut stream(1, "weights"));
        let mut adam = Adam::new(network.weights.len());
        let mut state = State::zero(&architecture, rows);
        let mut tape = Tape::new(threads);
        let frames = vec![0.1; steps * rows * units];
        let d_prediction = vec![0.01; steps * rows * units];
        let rates = Rates {
            lr: 1e-3,
            penalty: 0.0,
        };
        let mut step = || {
            network.forward(&frames, &mut state, None, &mut tape);
            network.learn(&d_prediction, &mut tape, &mut adam, rates);
        };
        (0..3).for_each(|_| step());
        // A thread's first product allocates its scratch memory, whenever that is.
        let least = (0..5)
            .map(|_| {
                let region = Region::new(ALLOCATOR);
                (0..10).for_each(|_| step());
                region.change().bytes_allocated / 10
            })
            .min();
        assert!(
            least < Some(1000),
            "{rows} rows, {threads} threads: {least:?} bytes"
        );
    }
}

#[test]
fn a_step_of_an_answer_allocates_no_arrays() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let architecture = Architecture {
        inputs: 300,
        conditions: 4,
        units: 48,
        layers: 2,
        residual: true,
        head: Head::Dense {
            outputs: 1,
            skip: true,
        },
        output: Output::Mixture { components: 3 },
    };
    let network = Network::init(architecture.clone(), 0.1, &mut stream(1, "weights"));
    for precision in [Precision::F32, Precision::I8] {
        let mut inference = Inference::new(network.clone(), precision, 1);
        inference.prepare_sliding_inputs(1);
        let mut state = State::zero(&architecture, 2);
        let (mut prediction, mut n) = (Vec::new(), 0);
        let sequence: Vec<f32> = (0..8000).map(|n| (n as f32 * 0.1).sin()).collect();
        let frames = vec![0.1; 2 * 304];
        let mut steps = |count: usize| {
            for _ in 0..count {
                inference.slide(
                    Sequence {
                        samples: &sequence[..300 + n],
                        before: 0,
                        channels: 1,
                    },
                    &[0.2; 8],
                    0,
                    &mut state,
                    &mut prediction,
                );
                inference.play(&frames, &mut state, &mut prediction);
                n += 1;
            }
        };
        // Blocks of older samples and all.
        steps(600);
        let region = Region::new(ALLOCATOR);
        steps(1000);
        let bytes = region.change().bytes_allocated / 1000;
        // A transform allocates its scratch memory, once for many steps.
        assert!(bytes < 1000, "{precision:?}: {bytes} bytes a step");
    }
}
