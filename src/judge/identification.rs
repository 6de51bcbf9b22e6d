//! Whether each of several answers is nearest to its own seed.

use super::chroma_over_time::{Profile, chroma_over_time, profiles};
use super::sound::{COMPARED_RATE, ComparedSound};

/// Tenths of a second that an answer may be early or late by.
const MOST_LATE: i32 = 5;

/// The shortest seed that can be told from others, in samples: one profile's.
const LEAST_SEED: usize = 4097;
const _: () = assert!(profiles(LEAST_SEED) == 1 && profiles(LEAST_SEED - 1) == 0);

/// The shortest seed that can be told from others, in seconds.
pub const LEAST_SEED_SECONDS: f64 = LEAST_SEED as f64 / COMPARED_RATE as f64;

/// Added to the square of a profile's length, so that silence has a direction.
const LEAST_POWER: f64 = 1e-12;

/// How near each of several answers is to each of their seeds.
///
/// Of an answer as much is heard as the shortest seed lasts. It is as near to a
/// seed as the cosine of the angle between their pitch class profiles, mean over
/// time, says; the largest of those with the seed, again and again, up to half a
/// second early or late in steps of a tenth. This is antiphon's own definition,
/// which `tests/judge/make_hears_golden.py` has in numpy.
#[derive(Clone, Debug, PartialEq)]
pub struct Identification {
    /// For each answer its nearness to each seed, 0 to 1; `None` of an answer that
    /// is no sound or has no profile.
    pub nearness: Vec<Option<Vec<f64>>>,
}

impl Identification {
    /// Of answers, `None` where there is nothing to hear, and the seeds they
    /// answer, in the same order; `None` where a seed is shorter than
    /// [`LEAST_SEED_SECONDS`].
    pub fn of(
        answers: &[Option<ComparedSound>],
        seeds: &[ComparedSound],
    ) -> Option<Identification> {
        let heard = seeds.iter().map(|seed| seed.samples.len()).min()?;
        if heard < LEAST_SEED {
            return None;
        }
        let answers: Vec<Vec<Profile>> = answers
            .iter()
            .map(|answer| {
                let samples = answer.as_ref().map_or(&[][..], |sound| &sound.samples);
                directions(&samples[..heard.min(samples.len())])
            })
            .collect();
        let mut nearness = vec![Vec::with_capacity(seeds.len()); answers.len()];
        for seed in seeds {
            let moved: Vec<Vec<Profile>> = (-MOST_LATE..=MOST_LATE)
                .map(|tenths| tenths as isize * COMPARED_RATE as isize / 10)
                .map(|late| directions(&seed.looped(heard, late)))
                .collect();
            for (row, answer) in nearness.iter_mut().zip(&answers) {
                let nearest = moved.iter().map(|seed| mean_cosine(answer, seed));
                row.push(nearest.fold(-1.0, f64::max));
            }
        }
        let rows = nearness.into_iter().zip(&answers);
        Some(Identification {
            nearness: rows
                .map(|(row, answer)| (!answer.is_empty()).then_some(row))
                .collect(),
        })
    }

    /// The seed that an answer is nearest to, the first of several.
    pub fn nearest(&self, answer: usize) -> Option<usize> {
        let row = self.nearness[answer].as_ref()?;
        (0..row.len()).reduce(|best, seed| if row[seed] > row[best] { seed } else { best })
    }

    /// Whether an answer is nearest to its own seed.
    pub fn is_right(&self, answer: usize) -> bool {
        self.nearest(answer) == Some(answer)
    }

    /// How many answers are nearest to their own seeds.
    pub fn right(&self) -> usize {
        (0..self.nearness.len())
            .filter(|answer| self.is_right(*answer))
            .count()
    }
}

/// The profiles of a sound, each of length 1.
fn directions(samples: &[f64]) -> Vec<Profile> {
    let mut chroma = chroma_over_time(samples);
    for profile in &mut chroma {
        let length = (profile.iter().map(|c| c * c).sum::<f64>() + LEAST_POWER).sqrt();
        *profile = profile.map(|c| c / length);
    }
    chroma
}

/// The mean over time, as long as both go on.
fn mean_cosine(a: &[Profile], b: &[Profile]) -> f64 {
    let both = a.iter().zip(b);
    let count = both.len() as f64;
    both.map(|(a, b)| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>())
        .sum::<f64>()
        / count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{signal, sine};

    fn tone(semitone: i32, seconds: f64) -> ComparedSound {
        let hz = 220.0 * 2f64.powf(f64::from(semitone) / 12.0);
        let samples = (seconds * f64::from(COMPARED_RATE)) as usize;
        ComparedSound::of(&signal(
            &sine(0.3, hz, COMPARED_RATE, samples),
            COMPARED_RATE,
        ))
        .unwrap()
    }

    #[test]
    fn an_answer_belongs_to_the_seed_it_sounds_like() {
        let seeds = [tone(0, 1.0), tone(3, 1.5), tone(6, 2.0)];
        // The second answers the first seed; the third is silent.
        let answers = [Some(tone(12, 3.0)), Some(tone(0, 0.5)), None];
        let identification = Identification::of(&answers, &seeds).unwrap();
        let nearest = [0, 1, 2].map(|answer| identification.nearest(answer));
        assert_eq!(nearest, [Some(0), Some(0), None]);
        assert_eq!(identification.right(), 1);
        assert!(identification.nearness[0].as_ref().unwrap()[0] > 0.99);
    }

    #[test]
    fn an_answer_may_be_half_a_second_late() {
        let sound = |parts: &[(i32, f64)]| {
            let parts = parts
                .iter()
                .flat_map(|(note, seconds)| tone(*note, *seconds).samples);
            ComparedSound {
                samples: parts.collect(),
            }
        };
        let seeds = [
            sound(&[(0, 1.0), (4, 1.0), (7, 2.0)]),
            sound(&[(7, 2.0), (4, 1.0), (0, 1.0)]),
        ];
        let late = sound(&[(7, 0.5), (0, 1.0), (4, 1.0), (7, 1.5)]);
        let identification = Identification::of(&[Some(late)], &seeds).unwrap();
        assert_eq!(identification.nearest(0), Some(0));
        assert!(identification.nearness[0].as_ref().unwrap()[0] > 0.97);
    }

    #[test]
    fn seeds_without_a_profile_and_answers_without_one() {
        let short = tone(0, 0.3);
        assert!(Identification::of(&[Some(tone(0, 1.0))], std::slice::from_ref(&short)).is_none());
        assert!(Identification::of(&[], &[]).is_none());
        let identification = Identification::of(&[Some(short)], &[tone(0, 1.0)]).unwrap();
        assert_eq!(identification.nearest(0), None);
    }
}
