//! `antiphon bench`: how fast this machine computes.

mod generate;
mod train;
mod vocoder;

use std::time::{Duration, Instant};

/// Measure how fast this machine computes
///
/// Example: antiphon bench generate
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    Generate(generate::Arguments),
    Train(train::Arguments),
    Vocoder(vocoder::Arguments),
}

/// Measures, and prints what was measured.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    match arguments.what {
        What::Generate(arguments) => generate::run(arguments),
        What::Train(arguments) => train::run(arguments),
        What::Vocoder(arguments) => vocoder::run(arguments),
    }
}

/// How often something is done to say how long it takes.
#[derive(Clone, Copy)]
struct Effort {
    /// Calls before the clock starts.
    warm_up: usize,
    /// It is called for at least this long,
    least_time: Duration,
    /// and at least so many times, however slow the machine is.
    least_calls: usize,
}

/// Seconds of each call of `step` after warm-up, in rising order.
fn time(effort: Effort, step: &mut dyn FnMut()) -> Vec<f64> {
    (0..effort.warm_up).for_each(|_| step());
    let start = Instant::now();
    let mut times = Vec::new();
    while times.len() < effort.least_calls || start.elapsed() < effort.least_time {
        let before = Instant::now();
        step();
        times.push(before.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    times
}
