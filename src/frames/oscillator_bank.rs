//! The channel vocoder's bank of oscillators (dissertation 3.2, Figure 3.2).

use std::f64::consts::TAU;

use crate::vectorised::vectorised;

/// Consecutive samples of an oscillator that are computed at once.
const LANES: usize = 16;
/// Blocks of [`LANES`] samples that an oscillator is turned through, its rounding errors
/// adding up, before it starts anew from its exact phase.
const TURNS: usize = 16;

/// One oscillator per bin, at the bin's centre frequency, whose amplitude runs
/// linearly from one frame to the next.
pub struct OscillatorBank {
    oscillators: Vec<Oscillator>,
    circle: Circle,
}

/// An oscillator's first samples, and their cosines.
struct Oscillator {
    cosines: [f32; LANES],
    sines: [f32; LANES],
}

/// A full circle in `2 · bins` steps: every oscillator, whatever its phase, is always
/// a whole number of them from its start.
struct Circle {
    cosines: Vec<f32>,
    sines: Vec<f32>,
}

impl OscillatorBank {
    /// A bank whose oscillators `b`, at `b / (2 · phases.len())` times the sampling
    /// rate, start at these `phases`, in radians.
    pub fn new(phases: &[f64]) -> OscillatorBank {
        let steps = 2 * phases.len();
        let angle = |step: usize| TAU * (step % steps) as f64 / steps as f64;
        let oscillator = |(bin, phase): (usize, &f64)| Oscillator {
            cosines: std::array::from_fn(|n| (phase + angle(bin * n)).cos() as f32),
            sines: std::array::from_fn(|n| (phase + angle(bin * n)).sin() as f32),
        };
        OscillatorBank {
            oscillators: phases.iter().enumerate().map(oscillator).collect(),
            circle: Circle {
                cosines: (0..steps).map(|step| angle(step).cos() as f32).collect(),
                sines: (0..steps).map(|step| angle(step).sin() as f32).collect(),
            },
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
        let (hop, _) = sound[begin..].as_chunks_mut();
        let per_sample = 1.0 / hop_size as f32;
        let bank = self.oscillators.iter().zip(from.iter().zip(to)).enumerate();
        for (bin, (oscillator, (from, to))) in bank {
            if *from != 0.0 || *to != 0.0 {
                let slope = (to - from) * per_sample;
                add_oscillator(hop, oscillator, &self.circle, bin, start, *from, slope);
            }
        }
        sound.truncate(begin + hop_size);
    }
}

vectorised! {
    /// Adds the oscillator of a `bin` to the samples of a hop, which begins at sample
    /// `start`; its amplitude rises from `from` by `slope` per sample.
    fn add_oscillator(
        hop: &mut [[f32; LANES]],
        oscillator: &Oscillator,
        circle: &Circle,
        bin: usize,
        start: usize,
        from: f32,
        slope: f32,
    ) {
        let turn = circle.at(bin * LANES);
        let rise = slope * LANES as f32;
        for (n, stretch) in hop.chunks_mut(TURNS).enumerate() {
            let over = n * TURNS * LANES;
            let turned = circle.at(bin * (start + over));
            let mut samples = turned_by(turned, (oscillator.cosines, oscillator.sines));
            let begin = from + slope * over as f32;
            let mut amplitudes: [f32; LANES] = std::array::from_fn(|n| begin + slope * n as f32);
            for block in stretch {
                for n in 0..LANES {
                    block[n] += amplitudes[n] * samples.1[n];
                }
                amplitudes = amplitudes.map(|amplitude| amplitude + rise);
                samples = turned_by(turn, samples);
            }
        }
    }
}

impl Circle {
    /// Cosine and sine of so many `steps`.
    #[inline(always)]
    fn at(&self, steps: usize) -> (f32, f32) {
        let step = steps % self.sines.len();
        (self.cosines[step], self.sines[step])
    }
}

/// Cosines and sines turned by the angle of which the cosine and the sine are given.
#[inline(always)]
fn turned_by(
    (cosine, sine): (f32, f32),
    (cosines, sines): ([f32; LANES], [f32; LANES]),
) -> ([f32; LANES], [f32; LANES]) {
    (
        std::array::from_fn(|n| cosines[n] * cosine - sines[n] * sine),
        std::array::from_fn(|n| cosines[n] * sine + sines[n] * cosine),
    )
}
