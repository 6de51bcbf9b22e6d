//! `antiphon bench train`: how fast this machine trains.

use std::num::NonZeroUsize;
use std::time::Duration;

use rand::RngExt;
use serde::Serialize;

use super::{Effort, time};
use crate::cli::{all_threads, output};
use crate::model::{Adam, Architecture, Head, Network, Output, Rates, State, Tape};
use crate::random;

/// Time the training step of one LSTM layer under a dense head
///
/// Example: antiphon bench train --json
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Threads that compute [default: as many as the machine has]
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
}

/// Memory is mapped, and threads run, before the clock starts.
const EFFORT: Effort = Effort {
    warm_up: 3,
    least_time: Duration::from_secs(3),
    least_calls: 5,
};
/// Sizes measured: rows R, inputs and units D = H, time steps T.
const SIZES: [(usize, usize, usize); 4] =
    [(100, 1024, 1), (100, 256, 1), (16, 128, 64), (10, 2048, 1)];
const RATES: Rates = Rates {
    lr: 1e-4,
    penalty: 0.0,
};
const WEIGHT_STDDEV: f64 = 0.01;

/// What one size took.
#[derive(Serialize)]
struct Measured {
    rows: usize,
    units: usize,
    time_steps: usize,
    threads: usize,
    median_ms: f64,
    minimum_ms: f64,
    /// At the minimum, counting three products of the forward pass's size.
    gflops: f64,
}

/// Measures, and prints what was measured.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let threads = arguments.threads.map_or_else(all_threads, usize::from);
    let results = SIZES.map(|size| time_training(size, threads));
    if arguments.json {
        output::json(&results)?;
        return Ok(());
    }
    say!("rows  units  steps  median ms  minimum ms  GFLOP/s");
    for r in results {
        say!(
            "{:4}  {:5}  {:5}  {:9.2}  {:10.2}  {:7.1}",
            r.rows,
            r.units,
            r.time_steps,
            r.median_ms,
            r.minimum_ms,
            r.gflops
        );
    }
    Ok(())
}

/// Times forward pass, loss, backward pass and Adam, of D = H = O = `units`.
fn time_training((rows, units, steps): (usize, usize, usize), threads: usize) -> Measured {
    let architecture = Architecture {
        inputs: units,
        conditions: 0,
        units,
        layers: 1,
        residual: false,
        head: Head::Dense {
            outputs: units,
            skip: false,
        },
        output: Output::Value,
    };
    let mut random = random::stream(1, "bench");
    let mut network = Network::init(architecture.clone(), WEIGHT_STDDEV, &mut random);
    let mut draw = || -> Vec<f32> {
        let values = 0..steps * rows * units;
        values.map(|_| random.random_range(-0.8..0.8)).collect()
    };
    let (frames, labels) = (draw(), draw());
    let mut adam = Adam::new(network.weights.len());
    let mut tape = Tape::new(threads);
    let mut state = State::zero(&architecture, rows);
    let mut d_prediction = vec![0.0; labels.len()];

    let mut step = || {
        network.forward(&frames, &mut state, None, &mut tape);
        let scale = 2.0 / labels.len() as f32;
        let errors = tape.prediction().iter().zip(&labels);
        for (d, (prediction, label)) in d_prediction.iter_mut().zip(errors) {
            *d = scale * (prediction - label);
        }
        network.learn(&d_prediction, &mut tape, &mut adam, RATES);
    };
    let times = time(EFFORT, &mut step);
    let forward = rows * steps * (4 * units * 2 * units + units * units);
    Measured {
        rows,
        units,
        time_steps: steps,
        threads,
        median_ms: 1e3 * times[times.len() / 2],
        minimum_ms: 1e3 * times[0],
        gflops: 2.0 * 3.0 * forward as f64 / times[0] / 1e9,
    }
}
