//! The oscillator bank's sound by inverse Fourier transforms.
//!
//! Oscillator `b` of `B` has the frequency `b / 2B` of the sampling rate and the phase
//! `φ_b` at sample 0. While amplitudes run from `a_b` to `a'_b`, a share `s` of the hop
//! being over, the bank (dissertation 3.2) sounds
//!
//! ```text
//! Σ_b ((1 - s) a_b + s a'_b) sin(2π b n / 2B + φ_b) = (1 - s) x(n) + s x'(n),
//! x(n) = Im Σ_b a_b exp(iφ_b) exp(2πi b n / 2B):
//! ```
//!
//! a cross-fade between the sounds that each frame has on its own. Such a sound repeats
//! itself every `2B` samples, counted from sample 0, so that one period of it, which is
//! an inverse Fourier transform of `2B` values, is all of it.

use std::f64::consts::TAU;
use std::sync::Arc;

use rustfft::num_complex::{Complex32, Complex64};
use rustfft::{Fft, FftPlanner};

/// From a frame's amplitudes to a period of its sound.
///
/// The period's `2B` real samples are `B` complex ones, `x(2m) + i x(2m + 1)`, whose
/// spectrum at bin `b` is a sum of the amplitudes of bins `b` and `B - b`, each times a
/// constant (Sorensen et al., *Real-Valued Fast Fourier Transform Algorithms*, 1987).
#[derive(Clone)]
pub struct InverseFourier {
    inverse: Arc<dyn Fft<f32>>,
    /// What amplitudes of bins `b` and `B - b` are multiplied by, `[B]`.
    factors: Arc<[[Complex32; 2]]>,
    /// Where the transform works.
    spectrum: Vec<Complex32>,
    scratch: Vec<Complex32>,
}

impl InverseFourier {
    /// For bins whose oscillators start at these `phases`, in radians.
    pub fn new(phases: &[f64]) -> InverseFourier {
        let bins = phases.len();
        let inverse = FftPlanner::new().plan_fft_inverse(bins);
        InverseFourier {
            factors: (0..bins).map(|bin| factors(bin, phases)).collect(),
            spectrum: vec![Complex32::default(); bins],
            scratch: vec![Complex32::default(); inverse.get_inplace_scratch_len()],
            inverse,
        }
    }

    /// One `period`, `[2 · bins]`, from a multiple of its length on, of the sound of
    /// constant `amplitudes`, `[bins]`.
    pub fn period(&mut self, amplitudes: &[f32], period: &mut [f32]) {
        let mirrored = amplitudes[..1].iter().chain(amplitudes[1..].iter().rev());
        let both = amplitudes.iter().zip(mirrored).zip(&*self.factors);
        for (value, ((amplitude, mirrored), [factor, of_mirrored])) in
            self.spectrum.iter_mut().zip(both)
        {
            *value = factor * amplitude + of_mirrored * mirrored;
        }
        self.inverse
            .process_with_scratch(&mut self.spectrum, &mut self.scratch);
        let (pairs, _) = period.as_chunks_mut();
        for (pair, value) in pairs.iter_mut().zip(&self.spectrum) {
            *pair = [value.re, value.im];
        }
    }
}

/// What the amplitudes of bin `b` and of bin `B - b` are multiplied by in bin `b`.
fn factors(bin: usize, phases: &[f64]) -> [Complex32; 2] {
    let bins = phases.len();
    // The sine of a phase is the real part of this.
    let start = |bin: usize| Complex64::from_polar(1.0, phases[bin] - TAU / 4.0);
    let odd = Complex64::from_polar(1.0, TAU * (0.25 + bin as f64 / (2 * bins) as f64));
    let [of_bin, of_mirrored] = match bin {
        // It is no oscillation, but a constant.
        0 => [(1.0 + odd) * start(0).re, Complex64::default()],
        _ => [
            start(bin) * (1.0 + odd) * 0.5,
            start(bins - bin).conj() * (1.0 - odd) * 0.5,
        ],
    };
    [of_bin, of_mirrored].map(|factor| Complex32::new(factor.re as f32, factor.im as f32))
}

/// Appends to `sound` the `hop_size` samples from sample `start` on, over which the sound
/// of period `from` becomes that of period `to`.
pub fn cross_fade([from, to]: [&[f32]; 2], start: usize, hop_size: usize, sound: &mut Vec<f32>) {
    let period = from.len();
    let mut done = 0;
    while done < hop_size {
        let begin = (start + done) % period;
        let end = period.min(begin + hop_size - done);
        let both = from[begin..end].iter().zip(&to[begin..end]);
        sound.extend(both.zip(done..).map(|((from, to), n)| {
            let share = n as f32 / hop_size as f32;
            from + (to - from) * share
        }));
        done += end - begin;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_the_sum_of_its_oscillators() {
        for bins in [1, 2, 3, 8, 37] {
            let phases: Vec<f64> = (0..bins).map(|bin| 1.0 + 2.0 * bin as f64).collect();
            let amplitudes: Vec<f32> = (0..bins).map(|bin| 1.0 / (1 + bin) as f32).collect();
            let mut period = vec![0.0; 2 * bins];
            InverseFourier::new(&phases).period(&amplitudes, &mut period);
            for (n, sample) in period.iter().enumerate() {
                let oscillator = |bin: usize| {
                    let turns = (bin * n) as f64 / (2 * bins) as f64;
                    f64::from(amplitudes[bin]) * (TAU * turns + phases[bin]).sin()
                };
                let sum: f64 = (0..bins).map(oscillator).sum();
                assert!((f64::from(*sample) - sum).abs() < 1e-6, "{sample} {sum}");
            }
        }
    }

    #[test]
    fn a_cross_fade_goes_round_its_periods() {
        let mut sound = vec![9.0];
        cross_fade([&[0.0, 4.0], &[8.0, 0.0]], 1, 4, &mut sound);
        assert_eq!(sound, [9.0, 4.0, 2.0, 2.0, 6.0]);
    }
}
