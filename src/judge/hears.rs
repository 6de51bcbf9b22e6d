//! How far an answer follows its seed: by pitch classes, onsets and loudness.
//!
//! An answer is compared with its seed from its own beginning on; where it is
//! longer, with the seed again and again. The dissertation has no such measure:
//! its criteria ask for likeness to the training audio. These three definitions
//! are antiphon's; `tests/judge/make_hears_golden.py` has them in numpy.

use serde::Serialize;

use super::chroma_over_time::{Profile, cosine, profiles};
use super::features::{for_each_power_spectrum, hann};
use super::sound::{COMPARED_RATE, ComparedSound};

/// Profiles of pitch classes in a window, 2 s, and from window to window.
const WINDOW: (usize, usize) = (22, 11);

/// The shortest answer that has one window, in samples.
const LEAST_ANSWER: usize = 4096 + WINDOW.0 * 1024 + 1;
const _: () = assert!(profiles(LEAST_ANSWER) == WINDOW.0 + 1);
const _: () = assert!(profiles(LEAST_ANSWER - 1) == WINDOW.0);

/// The shortest answer of which it can be said how far it follows, in seconds.
pub const LEAST_ANSWER_SECONDS: f64 = LEAST_ANSWER as f64 / COMPARED_RATE as f64;

/// Samples in a frame for onsets and loudness, 46 ms, and from frame to frame.
const FRAME: (usize, usize) = (512, 128);

/// Frames that a curve is smoothed over by Hann's window: 0.1 s.
const SMOOTHED: usize = 9;

/// Frames that onsets may be early or late by: 0.1 s.
const MOST_LATE: usize = 8;

/// What a magnitude is multiplied by before one is added and the logarithm is
/// taken; the loudest has 1.
const COMPRESSION: f64 = 100.0;

/// What is softer than this, in dB below a sound's loudest frame, is as soft as this.
const SOFTEST_DB: f64 = -60.0;

/// How far an answer follows its seed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Hears {
    /// Cosine of the angle between the pitch class profiles of answer and seed
    /// over 2 s, every second, its mean over time: 0 to 1. Other stretches of the
    /// seed's own recording have 0.6 to 0.9, so that high alone says little.
    pub chroma: f64,
    /// The largest correlation of the onset curves of both where one of them is up
    /// to 93 ms early or late: 1 for the same rhythm, up to 0.3 by chance.
    pub onsets: f64,
    /// The correlation of the loudness of both over time: -1 to 1, -0.4 to 0.2 by chance.
    pub loudness: f64,
}

impl Hears {
    /// How far `answer` follows `seed`; `None` of an answer shorter than
    /// [`LEAST_ANSWER_SECONDS`].
    pub fn of(answer: &ComparedSound, seed: &ComparedSound) -> Option<Hears> {
        if answer.samples.len() < LEAST_ANSWER {
            return None;
        }
        let seed = seed.looped_along(answer);
        let curves = |curve: fn(&[f64]) -> Vec<f64>| (curve(&answer.samples), curve(&seed.samples));
        let (answer_onsets, seed_onsets) = curves(onsets);
        let (answer_loudness, seed_loudness) = curves(loudness_contour);
        Some(Hears {
            chroma: likeness_over_time(&answer.chroma_over_time(), &seed.chroma_over_time()),
            onsets: largest_correlation(&answer_onsets, &seed_onsets),
            loudness: correlation(&answer_loudness, &seed_loudness),
        })
    }
}

/// The mean over windows of the cosine between the profiles, each summed over
/// the window. Both are as long as each other, and longer than a window.
fn likeness_over_time(answer: &[Profile], seed: &[Profile]) -> f64 {
    let sum = |window: &[Profile]| -> Profile {
        std::array::from_fn(|class| window.iter().map(|profile| profile[class]).sum())
    };
    let (len, hop) = WINDOW;
    // The last window ends before the last profile.
    let cosines: Vec<f64> = (0..answer.len() - len)
        .step_by(hop)
        .map(|first| first..first + len)
        .map(|window| cosine(&sum(&answer[window.clone()]), &sum(&seed[window])))
        .collect();
    cosines.iter().sum::<f64>() / cosines.len() as f64
}

/// How much begins at each time: over all frequencies, the sum of how much the
/// logarithm of `1 + 100 magnitude / largest magnitude` grows from a frame to the
/// next, smoothed, with nothing before and after.
fn onsets(samples: &[f64]) -> Vec<f64> {
    // As with pitch classes, a frame that ends with the last sample is left out.
    let samples = &samples[..samples.len() - 1];
    let mut largest = 0f64;
    for_each_power_spectrum(samples, FRAME, |power| {
        largest = power.iter().copied().fold(largest, f64::max);
    });
    let scale = if largest > 0.0 {
        COMPRESSION / largest.sqrt()
    } else {
        0.0
    };
    let mut last: Option<Vec<f64>> = None;
    let mut growth = Vec::new();
    for_each_power_spectrum(samples, FRAME, |power| {
        let now: Vec<f64> = power.iter().map(|p| (scale * p.sqrt()).ln_1p()).collect();
        if let Some(last) = &last {
            growth.push(
                now.iter()
                    .zip(last)
                    .map(|(now, l)| (now - l).max(0.0))
                    .sum(),
            );
        }
        last = Some(now);
    });
    let nothing = [0.0; SMOOTHED / 2];
    smoothed(&[&nothing[..], &growth, &nothing].concat())
}

/// How loud a sound is over time: the mean square of each frame around its mean
/// (DC is no loudness), in dB below the loudest frame's and no softer than -60,
/// smoothed.
fn loudness_contour(samples: &[f64]) -> Vec<f64> {
    let frames = samples.windows(FRAME.0).step_by(FRAME.1);
    let energies: Vec<f64> = frames.map(variance).collect();
    let loudest = energies.iter().copied().fold(0.0, f64::max);
    // What has no energy is infinitely far below, or, where nothing has, no
    // number: both are as soft as can be.
    let below = |energy: &f64| (10.0 * (energy / loudest).log10()).max(SOFTEST_DB);
    smoothed(&energies.iter().map(below).collect::<Vec<f64>>())
}

/// The weighted sums of each [`SMOOTHED`] values in a row by Hann's window.
fn smoothed(curve: &[f64]) -> Vec<f64> {
    let weights = hann(SMOOTHED);
    let weighted = |values: &[f64]| values.iter().zip(&weights).map(|(v, w)| v * w).sum();
    curve.windows(SMOOTHED).map(weighted).collect()
}

/// The largest correlation of two curves of one length where one is up to
/// [`MOST_LATE`] places behind the other.
fn largest_correlation(a: &[f64], b: &[f64]) -> f64 {
    (0..=MOST_LATE)
        .flat_map(|late| {
            let common = a.len() - late;
            [
                correlation(&a[..common], &b[late..]),
                correlation(&a[late..], &b[..common]),
            ]
        })
        .fold(-1.0, f64::max)
}

/// Pearson's correlation, -1 to 1; 0 where one of them is constant.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let spread = (variance(a) * variance(b)).sqrt();
    // What rounding leaves of a constant is no curve.
    if spread.is_normal() && varies(a) && varies(b) {
        let (mean_a, mean_b) = (mean(a), mean(b));
        let products = a.iter().zip(b).map(|(a, b)| (a - mean_a) * (b - mean_b));
        products.sum::<f64>() / a.len() as f64 / spread
    } else {
        0.0
    }
}

/// Whether there is more to a curve than rounding.
fn varies(curve: &[f64]) -> bool {
    let largest = curve.iter().fold(0f64, |largest, v| largest.max(v.abs()));
    variance(curve).sqrt() > 1e-9 * largest
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The mean square around the mean.
fn variance(values: &[f64]) -> f64 {
    let mean = mean(values);
    values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{noise, signal, sine};
    use std::f64::consts::TAU;

    /// Notes that decay, in semitones from A3, each with its length in seconds.
    fn notes(notes: &[(i32, f64)]) -> Vec<f64> {
        let note = |(semitone, seconds): &(i32, f64)| {
            let hz = 220.0 * 2f64.powf(f64::from(*semitone) / 12.0);
            (0..(seconds * f64::from(COMPARED_RATE)) as usize)
                .map(|n| n as f64 / f64::from(COMPARED_RATE))
                .map(|t| 0.5 * (TAU * hz * t).sin() * (-4.0 * t).exp())
                .collect::<Vec<f64>>()
        };
        notes.iter().flat_map(note).collect()
    }

    fn melody() -> Vec<f64> {
        notes(&[
            (0, 0.5),
            (4, 0.3),
            (7, 0.7),
            (2, 0.25),
            (9, 0.75),
            (5, 0.5),
            (0, 0.9),
        ])
    }

    fn sound(samples: &[f64]) -> ComparedSound {
        ComparedSound::of(&signal(samples, COMPARED_RATE)).unwrap()
    }

    fn hears(answer: &[f64], seed: &[f64]) -> Hears {
        Hears::of(&sound(answer), &sound(seed)).unwrap()
    }

    #[test]
    fn a_seed_played_again_and_again_is_followed_altogether_whatever_its_gain() {
        let seed = melody();
        let twice: Vec<f64> = seed.iter().chain(&seed).map(|s| -0.3 * s).collect();
        for answer in [&seed, &twice] {
            let own = hears(answer, &seed);
            for measure in [own.chroma, own.onsets, own.loudness] {
                assert!((measure - 1.0).abs() < 1e-6, "{own:?}");
            }
        }
    }

    #[test]
    fn each_measure_is_of_its_own_kind() {
        let seed = melody();
        // The same rhythm on one other note.
        let rhythm = [0.5, 0.3, 0.7, 0.25, 0.75, 0.5, 0.9].map(|seconds| (1, seconds));
        let rhythm = hears(&notes(&rhythm), &seed);
        assert!(rhythm.chroma < 0.1 && rhythm.loudness > 0.9, "{rhythm:?}");
        assert!(rhythm.onsets > 0.8, "{rhythm:?}");
        // A sustained chord of the seed's notes.
        let chord = [0, 2, 4, 5, 7, 9].map(|semitone| {
            sine(
                0.1,
                220.0 * 2f64.powf(f64::from(semitone) / 12.0),
                COMPARED_RATE,
                seed.len(),
            )
        });
        let chord: Vec<f64> = (0..seed.len())
            .map(|n| chord.iter().map(|s| s[n]).sum())
            .collect();
        let chord = hears(&chord, &seed);
        assert!(chord.chroma > 0.5 && chord.loudness < 0.5, "{chord:?}");
        let noise = hears(&noise("test", seed.len()), &seed);
        assert!(
            noise.onsets.abs() < 0.4 && noise.loudness.abs() < 0.4,
            "{noise:?}"
        );
    }

    #[test]
    fn onsets_may_be_a_little_early_or_late() {
        let seed = melody();
        let moved = |samples: isize| hears(&sound(&seed).looped(seed.len(), samples), &seed).onsets;
        for samples in [-8 * 128, 8 * 128] {
            assert!(moved(samples) > 0.95, "{}", moved(samples));
        }
        assert!(moved(30 * 128) < 0.5, "{}", moved(30 * 128));
    }

    #[test]
    fn what_does_not_change_follows_nothing_and_what_is_short_is_not_measured() {
        let seed = melody();
        let mut click = vec![0.0; seed.len()];
        click[7] = 1.0;
        let square: Vec<f64> = (0..seed.len()).map(|n| [0.5, -0.5][n % 2]).collect();
        for still in [click, square] {
            for hears in [hears(&still, &seed), hears(&seed, &still)] {
                assert!(hears.chroma.is_finite(), "{hears:?}");
                assert!(
                    hears.onsets.abs() < 0.5 && hears.loudness.abs() < 0.5,
                    "{hears:?}"
                );
            }
        }
        let of = |len: usize| Hears::of(&sound(&seed[..len]), &sound(&seed[..900]));
        assert_eq!(of(LEAST_ANSWER - 1), None);
        assert!(of(LEAST_ANSWER).is_some());
    }
}
