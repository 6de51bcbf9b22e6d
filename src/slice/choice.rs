//! The slice of each band: of all stretches that sustain it the one that suits best.

use super::bands::Bands;
use super::course::Course;
use super::looping::{Lengths, make_loop};
use super::pitch::strongest_pitch;
use super::prediction::Prediction;
use super::stretch::{Stretch, stretches};
use crate::audio::Signal;

/// The share of the mean power, -40 dB, that is as silent as nothing.
const SILENT: f64 = 1e-4;
/// Stretches that are tried for a band, and loops of them that are compared.
const MOST_TRIED: usize = 24;
const MOST_COMPARED: usize = 4;
/// Stretches that begin closer to each other, in seconds, are one.
const APART: f64 = 0.25;
/// What ends that match perfectly are worth, in dB of the band's share.
const WORTH_OF_LIKENESS: f64 = 4.0;

/// A loop that sustains one band.
#[derive(Clone, Debug, PartialEq)]
pub struct Slice {
    /// Its band, counted from 0.
    pub band: usize,
    /// Its own strongest pitch, in Hz: within the band.
    pub pitch: f64,
    /// After its last sample comes its first.
    pub sound: Signal,
    /// The name of the prediction it comes from, and where it begins there, in seconds.
    pub prediction: String,
    pub begins: f64,
    /// How well its ends match, from -1 to 1.
    pub likeness: f64,
}

/// The slices of `predictions`, at most one for each band, from low to high.
///
/// A band has one where some stretch of a prediction holds its level, gives the band at
/// least a quarter of its power and more than any other, and has its strongest pitch in it.
pub fn choose(predictions: &[Prediction], bands: &Bands, lengths: &Lengths) -> Vec<Slice> {
    let heard = Heard::of(predictions, bands);
    let slices = (0..bands.count()).filter_map(|band| heard.slice(band, bands, lengths));
    slices.collect()
}

/// The slice of one band, counted from 0, of one `prediction`.
pub fn choose_one(
    prediction: Prediction,
    band: usize,
    bands: &Bands,
    lengths: &Lengths,
) -> Option<Slice> {
    Heard::of(&[prediction], bands).slice(band, bands, lengths)
}

/// Predictions and what happens in them.
struct Heard<'a> {
    predictions: Vec<(&'a Prediction, Course)>,
    /// Frames of less power are silent.
    floor: f32,
}

/// A stretch of one of them.
struct Candidate<'a> {
    prediction: &'a Prediction,
    course: &'a Course,
    stretch: Stretch,
}

impl<'a> Heard<'a> {
    fn of(predictions: &'a [Prediction], bands: &Bands) -> Heard<'a> {
        let hear = |prediction: &'a Prediction| (prediction, Course::of(&prediction.sound, bands));
        let predictions: Vec<_> = predictions.iter().map(hear).collect();
        let courses = predictions.iter().map(|(_, course)| course);
        let powers = courses.flat_map(|course| (0..course.frames()).map(|n| course.all(n)));
        let powers: Vec<f64> = powers.map(f64::from).collect();
        let mean = powers.iter().sum::<f64>() / powers.len().max(1) as f64;
        Heard {
            predictions,
            floor: (SILENT * mean) as f32,
        }
    }

    fn slice(&self, band: usize, bands: &Bands, lengths: &Lengths) -> Option<Slice> {
        let candidates = self.candidates(band, lengths);
        let scored = candidates.iter().filter_map(|candidate| {
            let slice = candidate.slice(band, bands)?;
            let score = candidate.stretch.score + WORTH_OF_LIKENESS * slice.likeness;
            Some((score, slice))
        });
        // Of equal ones the first, which is the better stretch.
        let best = scored
            .take(MOST_COMPARED)
            .reduce(|best, next| if next.0 > best.0 { next } else { best });
        best.map(|(_, slice)| slice)
    }

    /// The best stretches of `band`, apart from each other, the best first.
    fn candidates(&self, band: usize, lengths: &Lengths) -> Vec<Candidate<'_>> {
        let mut all = Vec::new();
        for (prediction, course) in &self.predictions {
            let rate = prediction.sound.sample_rate;
            let found = stretches(course, band, lengths, rate, self.floor);
            let apart = (APART * f64::from(rate)) as usize;
            all.extend(
                far_apart(found, apart)
                    .into_iter()
                    .map(|stretch| Candidate {
                        prediction,
                        course,
                        stretch,
                    }),
            );
        }
        all.sort_by(|a, b| b.stretch.score.total_cmp(&a.stretch.score));
        all.truncate(MOST_TRIED);
        all
    }
}

/// The first of `stretches` and those after it that begin so many samples apart from all
/// that are taken.
fn far_apart(stretches: Vec<Stretch>, apart: usize) -> Vec<Stretch> {
    let mut taken: Vec<Stretch> = Vec::new();
    for stretch in stretches {
        let is_apart =
            |taken: &Stretch| taken.samples.start.abs_diff(stretch.samples.start) >= apart;
        if taken.iter().all(is_apart) {
            taken.push(stretch);
        }
        if taken.len() == MOST_TRIED {
            break;
        }
    }
    taken
}

impl Candidate<'_> {
    /// Its loop, if `band` is what is heard in it.
    fn slice(&self, band: usize, bands: &Bands) -> Option<Slice> {
        let (stretch, sound) = (&self.stretch, &self.prediction.sound);
        if self.course.strongest(stretch.frames.clone()) != band {
            return None;
        }
        let made = make_loop(&sound.samples[stretch.samples.clone()], sound.sample_rate);
        let pitch = strongest_pitch(&made.samples, sound.sample_rate)?;
        (bands.of(pitch) == Some(band)).then(|| Slice {
            band,
            pitch,
            sound: Signal {
                samples: made.samples,
                sample_rate: sound.sample_rate,
            },
            prediction: self.prediction.name.clone(),
            begins: stretch.samples.start as f64 / f64::from(sound.sample_rate),
            likeness: made.likeness,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{noise, signal, sine};

    const RATE: u32 = 11025;

    fn prediction(name: &str, samples: &[f64]) -> Prediction {
        Prediction {
            name: name.to_owned(),
            sound: signal(samples, RATE),
        }
    }

    /// Tones of 1.2 s that die away a little, one after the other.
    fn tones(pitches: &[f64]) -> Vec<f64> {
        let tone = |hz: &f64| {
            let samples = sine(0.5, *hz, RATE, 13_230).into_iter().enumerate();
            samples.map(|(n, s)| s * (-(n as f64) / 11_025.0).exp())
        };
        pitches.iter().flat_map(tone).collect()
    }

    #[test]
    fn each_band_has_the_tone_that_lies_in_it() {
        let bands = Bands::USUAL;
        let pitches: Vec<f64> = [1, 3, 4, 6].map(|n| 1.08 * bands.centre(n)).to_vec();
        let predictions = [
            prediction("one", &tones(&pitches[..2])),
            prediction("two", &tones(&pitches[2..])),
        ];
        let slices = choose(&predictions, &bands, &Lengths::USUAL);
        let found: Vec<(usize, &str)> = slices.iter().map(|s| (s.band, &*s.prediction)).collect();
        assert_eq!(found, [(1, "one"), (3, "one"), (4, "two"), (6, "two")]);
        for (slice, pitch) in slices.iter().zip(pitches) {
            let cents = 1200.0 * (slice.pitch / pitch).log2().abs();
            assert!(cents < 10.0, "{pitch}: {}", slice.pitch);
            let seconds = slice.sound.seconds();
            assert!((0.5..1.2).contains(&seconds), "{seconds}");
            assert!(slice.likeness > 0.99, "{}", slice.likeness);
        }
        assert_eq!(slices, choose(&predictions, &bands, &Lengths::USUAL));
    }

    #[test]
    fn silence_and_what_is_short_have_no_slices() {
        for samples in [vec![0.0; 40_000], noise("short", 100), Vec::new()] {
            let made = choose(
                &[prediction("none", &samples)],
                &Bands::USUAL,
                &Lengths::USUAL,
            );
            assert_eq!(made, []);
        }
    }

    #[test]
    fn a_whisper_beside_what_is_heard_is_none() {
        let mut samples = tones(&[440.0, 440.0]);
        samples.extend(sine(0.5e-3, 150.0, RATE, 20_000));
        let slices = choose(&[prediction("p", &samples)], &Bands::USUAL, &Lengths::USUAL);
        let bands: Vec<usize> = slices.iter().map(|slice| slice.band).collect();
        assert_eq!(bands, [Bands::USUAL.of(440.0).unwrap()]);
    }
}
