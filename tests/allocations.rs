//! The training step keeps its memory from step to step. Only the matrix
//! product of the crate gemm allocates: a few bytes, whatever the size.

use std::alloc::System;

use antiphon::model::{Adam, Architecture, Head, Network, Output, Rates, State, Tape};
use antiphon::random::stream;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[test]
fn a_step_allocates_no_arrays() {
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
