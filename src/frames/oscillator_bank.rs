//! The channel vocoder's bank of oscillators (dissertation 3.2, Figure 3.2).

use std::f64::consts::TAU;

use rustfft::num_complex::{Complex32, Complex64};

use crate::vectorised::vectorised;

/// Consecutive samples of an oscillator that are computed at once.
const LANES: usize = 32;
/// Blocks of [`LANES`] samples that an oscillator is turned through in single precision
/// before it starts anew from its exact phase.
const TURNS: usize = 8;

/// One oscillator per bin, at the bin's centre frequency, whose amplitude runs
/// linearly from one frame to the next.
pub struct OscillatorBank {
    oscillators: Vec<Oscillator>,
    /// `exp(2πi n / (2 · bins))`, `[2 · bins]`: every oscillator, whatever its phase,
    /// is at one of these from its start.
    turns: Vec<Complex32>,
}

/// An oscillator's first samples.
struct Oscillator {
    cosines: [f32; LANES],
    sines: [f32; LANES],
    /// How far it turns in [`LANES`] samples.
    turn: Complex32,
}

impl OscillatorBank {
    /// A bank whose oscillators `b`, at `b / (2 · phases.len())` times the sampling
    /// rate, start at these `phases`, in radians.
    pub fn new(phases: &[f64]) -> OscillatorBank {
        let period = 2 * phases.len();
        let turns: Vec<Complex64> = (0..period)
            .map(|n| Complex64::from_polar(1.0, TAU * n as f64 / period as f64))
            .collect();
        let oscillator = |(bin, phase): (usize, &f64)| {
            let start = Complex64::from_polar(1.0, *phase);
            let first = |n: usize| start * turns[bin * n % period];
            Oscillator {
                cosines: std::array::from_fn(|n| first(n).re as f32),
                sines: std::array::from_fn(|n| first(n).im as f32),
                turn: single(turns[bin * LANES % period]),
            }
        };
        OscillatorBank {
            oscillators: phases.iter().enumerate().map(oscillator).collect(),
            turns: turns.iter().copied().map(single).collect(),
        }
    }

    /// Appends to `sound` the `hop_size` samples from sample `start` on, over which
    /// amplitudes, `[bins]`, run from `from` to `to`.
    ///
    /// A bin that is silent at both ends costs a comparison.
    pub fn hop(
        &self,
        [from, to]: [&[f32]; 2],
        start: usize,
        hop_size: usize,
        sound: &mut Vec<f32>,
    ) {
        let begin = sound.len();
        sound.resize(begin + hop_size.next_multiple_of(LANES), 0.0);
        let (blocks, _) = sound[begin..].as_chunks_mut();
        for (n, blocks) in blocks.chunks_mut(TURNS).enumerate() {
            let after = n * TURNS * LANES;
            let stretch = Stretch {
                start: (start + after) % self.turns.len(),
                after: after as f32 / hop_size as f32,
                per_sample: 1.0 / hop_size as f32,
            };
            add_oscillators(blocks, &self.oscillators, &self.turns, from, to, stretch);
        }
        sound.truncate(begin + hop_size);
    }
}

/// A part of a hop that is computed without a new start.
#[derive(Clone, Copy)]
struct Stretch {
    /// Its first sample, modulo the oscillators' common period.
    start: usize,
    /// Which share of the hop is over when it starts,
    after: f32,
    /// and which share of the hop a sample is.
    per_sample: f32,
}

vectorised! {
    /// Adds all oscillators that sound to the samples of a stretch.
    fn add_oscillators(
        samples: &mut [[f32; LANES]],
        oscillators: &[Oscillator],
        turns: &[Complex32],
        from: &[f32],
        to: &[f32],
        stretch: Stretch,
    ) {
        let ends = from.iter().zip(to);
        for (bin, (oscillator, (&from, &to))) in oscillators.iter().zip(ends).enumerate() {
            if from != 0.0 || to != 0.0 {
                let turned = turns[bin * stretch.start % turns.len()];
                let slope = (to - from) * stretch.per_sample;
                let amplitude = from + (to - from) * stretch.after;
                add_oscillator(samples, oscillator, turned, amplitude, slope);
            }
        }
    }
}

/// Adds an oscillator that has `turned` since its start; its amplitude rises by `slope`
/// per sample.
#[inline(always)]
fn add_oscillator(
    samples: &mut [[f32; LANES]],
    oscillator: &Oscillator,
    turned: Complex32,
    amplitude: f32,
    slope: f32,
) {
    let (mut cosines, mut sines) = (oscillator.cosines, oscillator.sines);
    turn(&mut cosines, &mut sines, turned);
    let mut amplitudes: [f32; LANES] = std::array::from_fn(|n| amplitude + slope * n as f32);
    for block in samples {
        for n in 0..LANES {
            block[n] += amplitudes[n] * sines[n];
            amplitudes[n] += slope * LANES as f32;
        }
        turn(&mut cosines, &mut sines, oscillator.turn);
    }
}

#[inline(always)]
fn turn(cosines: &mut [f32; LANES], sines: &mut [f32; LANES], by: Complex32) {
    for n in 0..LANES {
        let (cosine, sine) = (cosines[n], sines[n]);
        cosines[n] = cosine * by.re - sine * by.im;
        sines[n] = cosine * by.im + sine * by.re;
    }
}

fn single(value: Complex64) -> Complex32 {
    Complex32::new(value.re as f32, value.im as f32)
}
