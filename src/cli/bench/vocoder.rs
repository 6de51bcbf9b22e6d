//! `antiphon bench vocoder`: how fast this machine makes sound of magnitude frames.

use std::hint::black_box;
use std::time::Duration;

use rand::RngExt;
use serde::Serialize;

use super::{Effort, time};
use crate::cli::output;
use crate::frames::{Analysis, Method, PhaseLocked, Resynthesis};
use crate::random;

/// Time the vocoders, on one core
///
/// All bins sound. The oscillator bank is the channel vocoder, oscillator by oscillator and
/// by inverse Fourier transforms of the same sound; the phase-locked vocoder finds phases of
/// its own. Figures are how many times faster than real time it is, at best.
///
/// Example: antiphon bench vocoder --json
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Sizes measured.
const BINS: [usize; 2] = [512, 1024];
const HOP_SIZE: usize = 256;
const SAMPLE_RATE: u32 = 44100;
/// Seconds of sound that are made again and again.
const SECONDS: usize = 4;
const EFFORT: Effort = Effort {
    warm_up: 1,
    least_time: Duration::from_secs(1),
    least_calls: 5,
};

/// How many times faster than real time frames of one size sound.
#[derive(Serialize)]
struct Measured {
    bins: usize,
    hop_size: usize,
    sample_rate: u32,
    oscillator_bank: f64,
    inverse_fourier: f64,
    phase_locked: f64,
}

/// Measures, and prints what was measured.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let results = BINS.map(|bins| Measured {
        bins,
        hop_size: HOP_SIZE,
        sample_rate: SAMPLE_RATE,
        oscillator_bank: of_the_bank(bins, Method::OscillatorBank),
        inverse_fourier: of_the_bank(bins, Method::InverseFourier),
        phase_locked: of_phase_locked(bins),
    });
    if arguments.json {
        output::json(&results)?;
        return Ok(());
    }
    say!("bins  hop  Hz     oscillator bank  inverse Fourier  phase-locked  (times real time)");
    for r in results {
        say!(
            "{:4}  {:3}  {:5}  {:15.1}  {:15.1}  {:12.1}",
            r.bins,
            r.hop_size,
            r.sample_rate,
            r.oscillator_bank,
            r.inverse_fourier,
            r.phase_locked
        );
    }
    Ok(())
}

/// Times real time of the channel vocoder.
fn of_the_bank(bins: usize, method: Method) -> f64 {
    let mut random = random::stream(1, "phases");
    let start = Resynthesis::new(bins, HOP_SIZE, false, &mut random).by(method);
    times_real_time(bins, |frames| start.clone().resynthesise(frames))
}

/// Times real time of the vocoder that finds phases, for frames padded with zeros.
fn of_phase_locked(bins: usize) -> f64 {
    let analysis = Analysis {
        window_size: bins,
        hop_size: HOP_SIZE,
        zero_padding: true,
    };
    let start = PhaseLocked::new(&analysis, HOP_SIZE, &mut random::stream(1, "phases"));
    times_real_time(bins, |frames| start.clone().resynthesise(frames))
}

/// Seconds of sound per second of work.
fn times_real_time(bins: usize, sound: impl Fn(&[f32]) -> Vec<f32>) -> f64 {
    let mut random = random::stream(1, "bench");
    let hops = SECONDS * SAMPLE_RATE as usize / HOP_SIZE;
    let amplitudes = (0..(hops + 1) * bins).map(|_| random.random_range(0.001..0.01));
    let amplitudes: Vec<f32> = amplitudes.collect();
    let times = time(EFFORT, &mut || {
        black_box(sound(&amplitudes));
    });
    (hops * HOP_SIZE) as f64 / f64::from(SAMPLE_RATE) / times[0]
}
