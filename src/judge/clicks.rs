//! Discontinuities of the waveform.

use serde::Serialize;

/// The share of second differences that are no larger than the measure, in
/// percent: the few sharpest moments of a sound and no more.
const PERCENTILE: f64 = 99.99;

/// How many times the training audio's own sharpest moments a moment has to be
/// to count as a click. The halves of one guitar recording reach 1.8 times each
/// other, so a pluck rarely counts and a torn waveform does.
pub const CLICK_FACTOR: f64 = 2.0;

/// Clicks closer to each other than this, in seconds, are heard as one.
const APART: f64 = 0.01;

/// A discontinuity.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Click {
    /// Where it is, in seconds from the start of the prediction.
    pub seconds: f64,
    /// Its second difference, relative to rms, as a multiple of the training
    /// audio's `sharpness`; above [`CLICK_FACTOR`].
    pub size: f64,
}

/// The 99.99th percentile of the absolute second differences of a sound of rms
/// 1; 0 where it has fewer than three samples.
pub fn sharpness(samples: &[f64]) -> f64 {
    let mut differences: Vec<f64> = second_differences(samples).collect();
    if differences.is_empty() {
        return 0.0;
    }
    let place = (differences.len() - 1) as f64 * PERCENTILE / 100.0;
    let (_, below, above) = differences.select_nth_unstable_by(place as usize, f64::total_cmp);
    let next = above.iter().copied().fold(f64::INFINITY, f64::min);
    if next.is_finite() {
        *below + (next - *below) * place.fract()
    } else {
        *below
    }
}

/// The clicks of a prediction of rms 1, in the order of time; of several within
/// 10 ms the largest. `training_sharpness` is above 0.
pub fn clicks(samples: &[f64], training_sharpness: f64, sample_rate: u32) -> Vec<Click> {
    let mut clicks: Vec<Click> = Vec::new();
    for (n, difference) in second_differences(samples).enumerate() {
        let click = Click {
            seconds: (n + 1) as f64 / f64::from(sample_rate),
            size: difference / training_sharpness,
        };
        if click.size <= CLICK_FACTOR {
            continue;
        }
        match clicks.last_mut() {
            Some(last) if click.seconds - last.seconds < APART => {
                if click.size > last.size {
                    *last = click;
                }
            }
            _ => clicks.push(click),
        }
    }
    clicks
}

/// The absolute second differences; the first is that around the second sample.
fn second_differences(samples: &[f64]) -> impl Iterator<Item = f64> {
    samples.windows(3).map(|s| (s[0] - 2.0 * s[1] + s[2]).abs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::sine;
    use std::f64::consts::TAU;

    /// A tenth of a radian from sample to sample.
    const STEP: f64 = 0.1 / TAU;

    #[test]
    fn a_sines_sharpness_is_that_of_its_crest() {
        let crest = 2f64.sqrt() * 2.0 * (1.0 - 0.1f64.cos());
        assert!((sharpness(&sine(2f64.sqrt(), STEP, 1, 50_000)) / crest - 1.0).abs() < 1e-3);
    }

    #[test]
    fn the_percentile_lies_between_two_values() {
        // Second differences 0, 1, 2: 99.99 % of the way is 1.9998.
        assert!((sharpness(&[0.0, 0.0, 0.0, 1.0, 4.0]) - 1.9998).abs() < 1e-12);
        assert_eq!(sharpness(&[1.0, 2.0]), 0.0);
        assert_eq!(sharpness(&[0.0, 1.0, 0.0]), 2.0);
    }

    #[test]
    fn clicks_are_found_at_their_times_and_near_ones_once() {
        let mut samples = sine(2f64.sqrt(), STEP, 1, 20_000);
        let training = sharpness(&samples);
        assert!(clicks(&samples, training, 8000).is_empty());
        for n in [4000, 4010, 12_000] {
            samples[n] += 1.0;
        }
        samples[4010] += 1.0;
        let found = clicks(&samples, training, 8000);
        let times: Vec<f64> = found.iter().map(|click| click.seconds).collect();
        assert_eq!(times, [4010.0 / 8000.0, 1.5]);
        // An impulse of 1 has a second difference of -2 where it stands.
        assert!((found[1].size - 2.0 / training).abs() < 1.1);
        assert!(found[0].size > 1.8 * found[1].size);
    }
}
