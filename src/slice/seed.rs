//! Seeds of a band's pitch, for a model to answer where no prediction sustains that band.

use std::f64::consts::TAU;

use super::choice::Slice;
use crate::audio::{Signal, resample};

/// Seconds of a seed.
const SECONDS: f64 = 4.0;
/// Slices that are further from the band than an octave are no material for its seed.
const FURTHEST: f64 = 2.0;
/// Amplitudes of a tone's partials.
const PARTIALS: [f64; 4] = [0.3, 0.09, 0.04, 0.02];
/// Seconds in which a tone comes and goes.
const RISE: f64 = 0.03;

/// The one of `slices` that is nearest to `hz`, over and over, at that pitch; `None` where
/// none is near.
pub fn shifted(slices: &[Slice], hz: f64) -> Option<Signal> {
    let distance = |slice: &Slice| (slice.pitch / hz).log2().abs();
    let nearest = slices
        .iter()
        .min_by(|a, b| distance(a).total_cmp(&distance(b)))?;
    if distance(nearest) > FURTHEST.log2() {
        return None;
    }
    let rate = nearest.sound.sample_rate;
    // Rates that have much in common are converted quickly; a cent or two is not heard.
    let faster = f64::from(rate) * hz / nearest.pitch;
    let faster = ((faster / 100.0).round() as u32 * 100).max(100);
    let count = (SECONDS * f64::from(faster)) as usize;
    let looped = nearest.sound.samples.iter().cycle().take(count);
    let looped: Vec<f32> = looped.copied().collect();
    Some(Signal {
        samples: resample::resample(&looped, faster, rate),
        sample_rate: rate,
    })
}

/// A tone of `hz` with a few partials, which sustains.
pub fn tone(hz: f64, sample_rate: u32) -> Signal {
    let rate = f64::from(sample_rate);
    let partials = || {
        (1..)
            .zip(PARTIALS)
            .filter(|(k, _)| f64::from(*k) * hz < rate / 2.0)
    };
    let sample = |n: usize| {
        let t = n as f64 / rate;
        let wave = |(k, amplitude): (i32, f64)| amplitude * (TAU * f64::from(k) * hz * t).sin();
        let envelope = (t / RISE).min((SECONDS - t) / RISE).clamp(0.0, 1.0);
        (envelope * partials().map(wave).sum::<f64>()) as f32
    };
    Signal {
        samples: (0..(SECONDS * rate) as usize).map(sample).collect(),
        sample_rate,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slice::pitch::strongest_pitch;
    use crate::testing::{signal, sine};

    const RATE: u32 = 44100;

    fn slice(hz: f64) -> Slice {
        Slice {
            band: 0,
            pitch: hz,
            sound: signal(&sine(0.1, hz, RATE, 44100), RATE),
            prediction: "p.wav".to_owned(),
            begins: 0.0,
            likeness: 1.0,
        }
    }

    #[test]
    fn a_seed_has_the_pitch_that_is_asked_for() {
        let slices = [slice(110.0), slice(300.0), slice(1000.0)];
        for hz in [90.0, 204.0, 700.0, 1234.5] {
            for seed in [shifted(&slices, hz).unwrap(), tone(hz, RATE)] {
                assert!((seed.seconds() - SECONDS).abs() < 0.01);
                let found = strongest_pitch(&seed.samples, RATE).unwrap();
                let cents = 1200.0 * (found / hz).log2().abs();
                assert!(cents < 10.0, "{hz}: {found}");
            }
        }
        assert_eq!(shifted(&slices, 50.0), None);
        assert_eq!(shifted(&[], 440.0), None);
    }
}
