//! Stretches of a prediction in which one band sustains.

use std::ops::Range;

use super::course::Course;
use super::looping::Lengths;

/// The least share of the power that a band has in its own stretch.
const LEAST_SHARE: f64 = 0.25;
/// The largest standard deviation of the band's level in a stretch, in dB.
const UNSTEADIEST: f64 = 4.5;
/// What a dB of that deviation costs, in dB of the band's share.
const COST_OF_UNSTEADINESS: f64 = 0.5;
/// What a stretch of double length is worth, in dB of the band's share.
const WORTH_OF_LENGTH: f64 = 0.7;
/// Lengths that are tried.
const LENGTHS: usize = 8;

/// A stretch that could be made a loop.
#[derive(Clone, Debug, PartialEq)]
pub struct Stretch {
    /// Its samples.
    pub samples: Range<usize>,
    /// Its frames.
    pub frames: Range<usize>,
    /// How well it suits, in dB: the band's share of the power, less what it wavers, and
    /// something for its length.
    pub score: f64,
}

/// At each moment of `course` the best stretch of `band`, where there is one, the best
/// first. Frames of less power than `floor` are as silent as that.
pub fn stretches(
    course: &Course,
    band: usize,
    lengths: &Lengths,
    sample_rate: u32,
    floor: f32,
) -> Vec<Stretch> {
    let sums = Sums::of(course, band, floor);
    let lengths: Vec<(usize, f64)> = lengths
        .wanted(LENGTHS)
        .map(|seconds| (seconds * f64::from(sample_rate)) as usize)
        .map(|samples| (samples, WORTH_OF_LENGTH * (samples as f64).log2()))
        .collect();
    let best_at = |frame: usize| -> Option<Stretch> {
        let tried = lengths.iter().filter_map(|(samples, worth)| {
            let frames = frame..frame + course.frames_over(*samples);
            let score = worth + sums.score(&frames)?;
            let begin = course.begin(frame);
            Some(Stretch {
                samples: begin..begin + samples,
                frames,
                score,
            })
        });
        tried.max_by(|a, b| a.score.total_cmp(&b.score))
    };
    let mut all: Vec<Stretch> = (0..course.frames()).filter_map(best_at).collect();
    all.sort_by(|a, b| b.score.total_cmp(&a.score));
    all
}

/// Sums from the first frame on, of which a stretch is a difference.
struct Sums {
    band: Vec<f64>,
    all: Vec<f64>,
    level: Vec<f64>,
    level_squared: Vec<f64>,
    floor: f64,
}

impl Sums {
    fn of(course: &Course, band: usize, floor: f32) -> Sums {
        let frames = || 0..course.frames();
        // A silent prediction has no level at all.
        let floor = floor.max(f32::MIN_POSITIVE);
        let level = |frame| {
            let power = course.power(frame, band).max(floor);
            10.0 * f64::from(power).log10()
        };
        Sums {
            band: running(frames().map(|frame| f64::from(course.power(frame, band)))),
            all: running(frames().map(|frame| f64::from(course.all(frame)))),
            level: running(frames().map(level)),
            level_squared: running(frames().map(|frame| level(frame).powi(2))),
            floor: f64::from(floor),
        }
    }

    /// How well `frames` suit; `None` where they do not.
    fn score(&self, frames: &Range<usize>) -> Option<f64> {
        if frames.end >= self.all.len() {
            return None;
        }
        let count = frames.len() as f64;
        let sum = |sums: &[f64]| sums[frames.end] - sums[frames.start];
        let (band, all) = (sum(&self.band), sum(&self.all));
        if all <= self.floor * count || band < LEAST_SHARE * all {
            return None;
        }
        let mean = sum(&self.level) / count;
        let deviation = (sum(&self.level_squared) / count - mean * mean)
            .max(0.0)
            .sqrt();
        let score = 10.0 * (band / all).log10() - COST_OF_UNSTEADINESS * deviation;
        (deviation <= UNSTEADIEST).then_some(score)
    }
}

fn running(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut sum = 0.0;
    let after = values.map(|value| {
        sum += value;
        sum
    });
    [0.0].into_iter().chain(after).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slice::Bands;
    use crate::testing::{signal, sine};

    const RATE: u32 = 8000;

    fn best(samples: &[f64], band: usize) -> Option<Stretch> {
        let bands = Bands::new(4, 100.0, 1600.0).unwrap();
        let course = Course::of(&signal(samples, RATE), &bands);
        let floor = course.all(course.frames() / 2) / 1e4;
        let found = stretches(&course, band, &Lengths::USUAL, RATE, floor);
        found.into_iter().next()
    }

    #[test]
    fn the_stretch_of_a_tone_lies_within_it() {
        let mut samples = sine(0.5, 110.0, RATE, 8000);
        samples.extend(sine(0.5, 440.0, RATE, 12_000));
        samples.extend(sine(0.5, 150.0, RATE, 6000));
        let found = best(&samples, 2).unwrap().samples;
        assert!(found.start >= 7000 && found.end <= 21_000, "{found:?}");
        assert!(found.len() > 8000, "as long as it can be: {found:?}");
        assert_eq!(best(&samples, 1), None);
        assert_eq!(best(&samples, 3), None);
    }

    #[test]
    fn what_dies_away_is_cut_shorter_and_what_clatters_is_none() {
        let dying: Vec<f64> = sine(0.5, 440.0, RATE, 24_000)
            .iter()
            .enumerate()
            .map(|(n, sample)| sample * (-2.0 * n as f64 / 8000.0).exp())
            .collect();
        let found = best(&dying, 2).unwrap().samples;
        assert!(found.len() < 8000, "{found:?}");
        let clattering: Vec<f64> = sine(0.5, 440.0, RATE, 24_000)
            .iter()
            .enumerate()
            .map(|(n, sample)| sample * f64::from(u8::from(n / 2400 % 2 == 0)))
            .collect();
        assert_eq!(best(&clattering, 2), None);
    }
}
