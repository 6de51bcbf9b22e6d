//! The channel vocoder's resynthesis (dissertation 3.2, Figure 3.2).

use std::f64::consts::TAU;

use rand::RngExt;
use rustfft::num_complex::Complex64;

use crate::random::Stream;

/// One oscillator per bin, at the bin's centre frequency, whose amplitude runs
/// linearly from frame to frame over `hop_size` samples.
pub struct OscillatorBank {
    hop_size: usize,
    peaks_only: bool,
    /// Per bin: radians per sample, initial phase in radians.
    oscillators: Vec<(f64, f64)>,
}

impl OscillatorBank {
    /// A bank for frames of `bins` up to half the sampling rate. Initial phases
    /// are drawn from `phases`; with `peaks_only`, a bin of a frame sounds only
    /// where it is larger than both its neighbours.
    pub fn new(bins: usize, hop_size: usize, peaks_only: bool, phases: &mut Stream) -> Self {
        let oscillators = (0..bins)
            .map(|bin| {
                let radians_per_sample = TAU * bin as f64 / (2 * bins) as f64;
                (radians_per_sample, phases.random_range(0.0..TAU))
            })
            .collect();
        OscillatorBank {
            hop_size,
            peaks_only,
            oscillators,
        }
    }

    /// The sound of `amplitudes`, `[frames, bins]`: `(frames - 1) · hop_size` samples.
    ///
    /// Work is done only for bins that sound: a bin that is zero at both ends
    /// of a hop costs a comparison.
    pub fn resynthesise(&self, amplitudes: &[f32]) -> Vec<f32> {
        let bins = self.oscillators.len();
        let frames: Vec<Vec<f32>> = amplitudes
            .chunks_exact(bins)
            .map(|frame| self.sounding(frame))
            .collect();
        let mut samples = vec![0.0; frames.len().saturating_sub(1) * self.hop_size];
        let mut hop = vec![0.0; self.hop_size];
        for (k, ends) in frames.windows(2).enumerate() {
            let start = k * self.hop_size;
            hop.fill(0.0);
            for (bin, oscillator) in self.oscillators.iter().enumerate() {
                let (from, to) = (f64::from(ends[0][bin]), f64::from(ends[1][bin]));
                if from != 0.0 || to != 0.0 {
                    add_oscillator(&mut hop, *oscillator, start, from, to);
                }
            }
            for (sample, sum) in samples[start..].iter_mut().zip(&hop) {
                *sample = *sum as f32;
            }
        }
        samples
    }

    /// The amplitudes of one frame that sound: all, or the peaks (3.2, step 1).
    fn sounding(&self, frame: &[f32]) -> Vec<f32> {
        if !self.peaks_only {
            return frame.to_vec();
        }
        let mut peaks = vec![0.0; frame.len()];
        for (bin, near) in frame.windows(3).enumerate() {
            if near[1] > near[0] && near[1] > near[2] {
                peaks[bin + 1] = near[1];
            }
        }
        peaks
    }
}

/// Adds one oscillator's share of one hop, from absolute sample `start` on.
/// The phase is exact at the hop's start and turned by a rotation within it.
fn add_oscillator(hop: &mut [f64], oscillator: (f64, f64), start: usize, from: f64, to: f64) {
    let (radians_per_sample, initial_phase) = oscillator;
    let phase = (radians_per_sample * start as f64 + initial_phase) % TAU;
    let mut rotor = Complex64::from_polar(1.0, phase);
    let turn = Complex64::from_polar(1.0, radians_per_sample);
    let slope = (to - from) / hop.len() as f64;
    let mut amplitude = from;
    for sample in hop {
        *sample += amplitude * rotor.im;
        rotor *= turn;
        amplitude += slope;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::stream;

    /// Section 3.2 word for word: envelopes for each bin, oscillators, product, sum.
    fn naive(bank: &OscillatorBank, amplitudes: &[f32], hop_size: usize) -> Vec<f64> {
        let bins = bank.oscillators.len();
        let frames = amplitudes.len() / bins;
        let at = |frame: usize, bin: usize| {
            let row = &amplitudes[frame * bins..][..bins];
            let keep = !bank.peaks_only
                || (bin > 0
                    && bin + 1 < bins
                    && row[bin] > row[bin - 1]
                    && row[bin] > row[bin + 1]);
            if keep { f64::from(row[bin]) } else { 0.0 }
        };
        (0..(frames - 1) * hop_size)
            .map(|n| {
                let (frame, share) = (n / hop_size, (n % hop_size) as f64 / hop_size as f64);
                (0..bins)
                    .map(|bin| {
                        let envelope = at(frame, bin) * (1.0 - share) + at(frame + 1, bin) * share;
                        let frequency = bin as f64 / (2 * bins) as f64;
                        let (_, phase) = bank.oscillators[bin];
                        envelope * (TAU * frequency * n as f64 + phase).sin()
                    })
                    .sum()
            })
            .collect()
    }

    #[test]
    fn it_equals_the_naive_double_loop() {
        let mut random = stream(7, "test");
        for peaks_only in [false, true] {
            let amplitudes: Vec<f32> = (0..9 * 32)
                .map(|_| random.random_range(-0.5f32..0.1).max(0.0))
                .collect();
            let bank = OscillatorBank::new(32, 50, peaks_only, &mut random);
            let sound = bank.resynthesise(&amplitudes);
            assert_eq!(sound.len(), 8 * 50);
            assert!(sound.iter().any(|sample| *sample != 0.0));
            for (fast, slow) in sound.iter().zip(naive(&bank, &amplitudes, 50)) {
                assert!((f64::from(*fast) - slow).abs() < 1e-6, "{fast} {slow}");
            }
        }
    }

    #[test]
    fn peaks_have_two_smaller_neighbours() {
        let bank = OscillatorBank::new(5, 1, true, &mut stream(0, "phases"));
        assert_eq!(
            bank.sounding(&[3.0, 1.0, 2.0, 1.0, 4.0]),
            [0.0, 0.0, 2.0, 0.0, 0.0]
        );
        assert_eq!(bank.sounding(&[0.0, 2.0, 2.0, 0.0, 0.0]), [0.0; 5]);
    }

    #[test]
    fn one_frame_or_none_is_no_sound() {
        let bank = OscillatorBank::new(4, 8, false, &mut stream(0, "phases"));
        assert!(bank.resynthesise(&[]).is_empty());
        assert!(bank.resynthesise(&[1.0; 4]).is_empty());
    }
}
