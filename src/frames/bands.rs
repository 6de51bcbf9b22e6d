//! A signal split into critically sampled bands, and put together again: a
//! cosine-modulated pseudo-quadrature-mirror bank (Nguyen, *Near-perfect-reconstruction
//! pseudo-QMF banks*, 1994). Its prototype begins as a low-pass filter with a Kaiser window
//! (Lin and Vaidyanathan, *A Kaiser window approach for the design of prototype filters of
//! cosine modulated filterbanks*, 1998, as in Yang and others, *Multi-band MelGAN*, 2020),
//! and is then brought to where its parts add up to one (Koilpillai and Vaidyanathan,
//! *Cosine-modulated FIR filter banks satisfying perfect reconstruction*, 1992).
//!
//! ```text
//! step n of band b   v[n, b] = Σ_i x[n M + i] g_b[i]
//! sound              y[n M + i] = Σ_n Σ_b v[n, b] g_b[i]
//! g_b[i] = √2 p[i] cos((2 b + 1) π / 2M · (i - (L - 1) / 2) + (-1)^b π / 4)
//! ```
//!
//! M bands, filters of L = 16 M samples, p the prototype of unit energy. Both ways have the
//! same filters, so that what is put together lies where it was, without delay.

use std::f64::consts::{PI, SQRT_2};

/// Steps that one filter spans.
const STEPS_OF_A_FILTER: usize = 16;
/// Of the Kaiser window that the prototype begins with, and where its passband ends, times
/// 4 M, as a share of the sample rate. Found by search, for 4 and for 8 bands: with these
/// what is put together again is off by -94 dB at the worst frequency, and what is of
/// another band than a neighbour -73 dB there.
const BETA: f64 = 12.0;
const CUTOFF: f64 = 1.153;
/// Times that the prototype is brought nearer to where its parts add up to one: beyond,
/// nothing changes.
const REFINEMENTS: usize = 10;

/// The filters of a bank.
#[derive(Clone, Debug, PartialEq)]
pub struct BandBank {
    bands: usize,
    /// `[M, L]`
    filters: Vec<f32>,
}

impl BandBank {
    /// Of this many `bands`, at least two.
    pub fn new(bands: usize) -> BandBank {
        let len = STEPS_OF_A_FILTER * bands;
        let prototype = prototype(bands, len);
        let filter = |band: usize| {
            let step = (2 * band + 1) as f64 * PI / (2 * bands) as f64;
            let phase = if band.is_multiple_of(2) { PI } else { -PI } / 4.0;
            let middle = (len - 1) as f64 / 2.0;
            let taps = prototype.iter().enumerate();
            taps.map(move |(i, tap)| {
                (SQRT_2 * tap * ((i as f64 - middle) * step + phase).cos()) as f32
            })
        };
        BandBank {
            bands,
            filters: (0..bands).flat_map(filter).collect(),
        }
    }

    /// M: bands, and samples from step to step.
    pub fn bands(&self) -> usize {
        self.bands
    }

    /// L: samples that one step is made of.
    pub fn samples(&self) -> usize {
        STEPS_OF_A_FILTER * self.bands
    }

    /// Steps that lie wholly within `samples` samples.
    pub fn steps_in(&self, samples: usize) -> usize {
        match samples.checked_sub(self.samples()) {
            Some(rest) => rest / self.bands + 1,
            None => 0,
        }
    }

    /// The steps of `sound` that lie wholly within it, `[steps, M]`, the lowest band first.
    pub fn analyse(&self, sound: &[f32]) -> Vec<f32> {
        let len = self.samples();
        let mut steps = Vec::with_capacity(self.steps_in(sound.len()) * self.bands);
        for around in sound.windows(len).step_by(self.bands) {
            let filters = self.filters.chunks_exact(len);
            steps.extend(filters.map(|filter| dot(around, filter)));
        }
        steps
    }

    /// Puts steps together, as they come.
    pub fn synthesis(&self) -> BandSynthesis {
        let lacking = self.samples() - self.bands;
        BandSynthesis {
            bank: self.clone(),
            pending: vec![0.0; lacking],
            incomplete: lacking,
        }
    }
}

/// Samples of a low-pass filter of unit energy, by which a bank splits a sound without
/// loss.
fn prototype(bands: usize, len: usize) -> Vec<f64> {
    let (middle, cutoff) = ((len - 1) as f64 / 2.0, CUTOFF / (4 * bands) as f64);
    let tap = |i: usize| {
        // Never 0: the middle lies between two samples.
        let t = i as f64 - middle;
        let sinc = (2.0 * PI * cutoff * t).sin() / (PI * t);
        sinc * bessel_i0(BETA * (1.0 - (t / middle).powi(2)).max(0.0).sqrt())
    };
    let mut taps = of_unit_energy((0..len).map(tap).collect());
    for _ in 0..REFINEMENTS {
        taps = refined(&taps, bands);
    }
    taps
}

fn of_unit_energy(mut taps: Vec<f64>) -> Vec<f64> {
    let energy: f64 = taps.iter().map(|tap| tap * tap).sum();
    taps.iter_mut().for_each(|tap| *tap /= energy.sqrt());
    taps
}

/// A prototype nearer to where a bank loses nothing: its parts P_k, every 2 M-th tap from
/// the kth on, have P_k(z) P_k(1/z) + P_{k+M}(z) P_{k+M}(1/z) = 1 / M then. One step of
/// Newton's for the inverse square root of that sum, cut off where the prototype ends.
fn refined(taps: &[f64], bands: usize) -> Vec<f64> {
    let mut refined = vec![0.0; taps.len()];
    let of_part = taps.len() / (2 * bands);
    for k in 0..bands {
        let parts = [k, k + bands];
        let part = |first: usize| taps[first..].iter().step_by(2 * bands);
        // The sum's coefficient of z^lag, which is that of z^-lag.
        let sum = |lag: usize| -> f64 {
            let products = parts.map(|first| {
                let pairs = part(first).zip(part(first).skip(lag));
                pairs.map(|(a, b)| a * b).sum::<f64>()
            });
            bands as f64 * products.iter().sum::<f64>()
        };
        let correction: Vec<f64> = (0..of_part)
            .map(|lag| if lag == 0 { 1.5 } else { 0.0 } - 0.5 * sum(lag))
            .collect();
        for first in parts {
            for n in 0..of_part {
                let products = part(first).enumerate();
                let products = products.map(|(m, tap)| tap * correction[n.abs_diff(m)]);
                refined[first + n * 2 * bands] = products.sum();
            }
        }
    }
    of_unit_energy(refined)
}

/// The modified Bessel function of the first kind and order 0, by its power series.
fn bessel_i0(x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for k in 1..64 {
        term *= (x / (2 * k) as f64).powi(2);
        sum += term;
    }
    sum
}

/// Summed in eight lanes, which vectorises.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0f32; 8];
    for (a, b) in a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0) {
        for lane in 0..8 {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    lanes.iter().sum()
}

/// Makes sound of steps that come one by one.
///
/// Sound begins with the first sample that steps from the first one on are all of: what
/// the steps of a seed's end would add to is left out, so that sound made of the steps that
/// follow a seed's begins with the sample after it. The first [`BandSynthesis::waits`]
/// steps give none.
///
/// A clone goes on as the original would.
#[derive(Clone)]
pub struct BandSynthesis {
    bank: BandBank,
    /// Samples that steps to come add to.
    pending: Vec<f32>,
    /// How many samples still lack what steps before the first would add.
    incomplete: usize,
}

impl BandSynthesis {
    /// Steps that come before the first that gives sound.
    pub const fn waits() -> usize {
        STEPS_OF_A_FILTER - 1
    }

    /// Takes the next step, `[M]`, and appends the M samples that are known then to
    /// `sound`.
    pub fn push(&mut self, step: &[f32], sound: &mut Vec<f32>) {
        let (bands, len) = (self.bank.bands, self.bank.samples());
        self.pending.resize(len, 0.0);
        for (value, filter) in step.iter().zip(self.bank.filters.chunks_exact(len)) {
            for (sample, tap) in self.pending.iter_mut().zip(filter) {
                *sample += value * tap;
            }
        }
        match self.incomplete {
            0 => sound.extend_from_slice(&self.pending[..bands]),
            _ => self.incomplete -= bands,
        }
        self.pending.drain(..bands);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    const BANDS: [usize; 2] = [4, 8];

    fn noise(samples: usize) -> Vec<f32> {
        let noise = testing::noise("bands", samples);
        noise.iter().map(|sample| *sample as f32).collect()
    }

    fn sine(frequency: f64, samples: usize) -> Vec<f32> {
        let sine = testing::sine(1.0, frequency * 44100.0, 44100, samples);
        sine.iter().map(|sample| *sample as f32).collect()
    }

    fn sound_of(bank: &BandBank, steps: &[f32]) -> Vec<f32> {
        let (mut synthesis, mut sound) = (bank.synthesis(), Vec::new());
        let steps = steps.chunks_exact(bank.bands());
        steps.for_each(|step| synthesis.push(step, &mut sound));
        sound
    }

    fn decibels(error: f64, of: f64) -> f64 {
        10.0 * (error / of).log10()
    }

    fn power(samples: &[f32]) -> f64 {
        samples.iter().map(|s| f64::from(*s).powi(2)).sum()
    }

    #[test]
    fn what_was_split_is_put_together_again_where_it_was() {
        for bands in BANDS {
            let bank = BandBank::new(bands);
            let lacking = bank.samples() - bands;
            let tones: Vec<f32> = (0..8000)
                .map(|n| {
                    [0.003, 0.0626, 0.11, 0.249, 0.37, 0.49].map(|f| (TAU * f * n as f32).sin())
                })
                .map(|tones| tones.iter().sum())
                .collect();
            for sound in [noise(8000), tones] {
                let again = sound_of(&bank, &bank.analyse(&sound));
                let whole = &sound[lacking..][..again.len()];
                let errors: Vec<f32> = again.iter().zip(whole).map(|(a, b)| a - b).collect();
                let error = decibels(power(&errors), power(whole));
                assert!(error < -85.0, "{bands} bands: {error} dB");
                assert!(sound.len() - again.len() < 2 * bank.samples());
            }
        }
    }

    const TAU: f32 = std::f32::consts::TAU;

    #[test]
    fn there_are_as_many_values_as_samples() {
        for bands in BANDS {
            let bank = BandBank::new(bands);
            let sound = noise(100 * bands + bank.samples() - bands);
            assert_eq!(bank.analyse(&sound).len(), 100 * bands);
            assert_eq!(bank.steps_in(sound.len()), 100);
            assert_eq!(bank.steps_in(sound.len() - 1), 99);
            assert_eq!(bank.steps_in(bank.samples() - 1), 0);
            let values = bank.analyse(&noise(20_000));
            let each = power(&values) / values.len() as f64;
            assert!((each - 1.0).abs() < 0.05, "noise of rms 1 has {each}");
        }
    }

    #[test]
    fn a_sine_is_in_its_own_band_and_its_neighbours_at_most() {
        for bands in BANDS {
            let bank = BandBank::new(bands);
            for band in 0..bands {
                let frequency = (band as f64 + 0.5) / (2 * bands) as f64;
                let steps = bank.analyse(&sine(frequency, 4000));
                let of = |b: usize| -> Vec<f32> {
                    steps.chunks_exact(bands).map(|step| step[b]).collect()
                };
                let own = power(&of(band));
                for other in (0..bands).filter(|other| *other != band) {
                    let there = decibels(power(&of(other)), own);
                    assert!(there < -70.0, "{other} of {band}: {there} dB");
                }
            }
        }
    }

    #[test]
    fn a_sine_at_the_edge_of_two_bands_has_no_mirror_image() {
        for bands in BANDS {
            let bank = BandBank::new(bands);
            let edge = 1.0 / (2 * bands) as f64;
            let tone = |frequency: f64| sine(frequency, 8192 + 2 * bank.samples());
            let sound = sound_of(&bank, &bank.analyse(&tone(1.04 * edge)));
            let at = |frequency: f64| {
                let [mut re, mut im] = [0.0; 2];
                for (n, sample) in sound[..8192].iter().enumerate() {
                    let hann = 1.0 - (f64::from(TAU) * n as f64 / 8192.0).cos();
                    let phase = f64::from(TAU) * frequency * n as f64;
                    re += hann * phase.cos() * f64::from(*sample);
                    im += hann * phase.sin() * f64::from(*sample);
                }
                re * re + im * im
            };
            let image = decibels(at(0.96 * edge), at(1.04 * edge));
            assert!(image < -60.0, "{bands} bands: {image} dB");
        }
    }

    #[test]
    fn a_clone_goes_on_as_the_original_would_and_parts_are_seen_as_in_the_whole() {
        let bank = BandBank::new(4);
        let sound = noise(1000);
        let steps = bank.analyse(&sound);
        let part = bank.analyse(&sound[4 * 30..][..bank.samples() + 4 * 9]);
        assert_eq!(part, steps[4 * 30..4 * 40]);

        let whole = sound_of(&bank, &steps);
        let (mut synthesis, mut pieces) = (bank.synthesis(), Vec::new());
        let (first, rest) = steps.split_at(4 * 7);
        first
            .chunks(4)
            .for_each(|step| synthesis.push(step, &mut pieces));
        let mut clone = synthesis.clone();
        rest.chunks(4)
            .for_each(|step| synthesis.push(step, &mut Vec::new()));
        rest.chunks(4)
            .for_each(|step| clone.push(step, &mut pieces));
        assert_eq!(pieces, whole);
        assert_eq!(whole.len(), steps.len() - 4 * BandSynthesis::waits());
    }

    #[test]
    fn silence_is_silent() {
        let bank = BandBank::new(8);
        let steps = bank.analyse(&[0.0; 1000]);
        assert!(steps.iter().all(|value| *value == 0.0));
        assert!(sound_of(&bank, &steps).iter().all(|sample| *sample == 0.0));
    }
}
