//! The sound that an answer follows, made of the seed.

use std::f32::consts::PI;
use std::ops::Range;

use super::notes::reordered;
use crate::audio::Sound;
use crate::audio::resample::resample;
use crate::frames::stretch;
use crate::hearing::Levelled;
use crate::hyperparameters::GuideForm;
use crate::random;
use crate::reel::ReelError;

/// Seconds over which one round of a looped guide fades into the next.
const FADE_SECONDS: f64 = 0.03;

/// How a guide is made of a seed.
#[derive(Clone, Copy, Debug)]
pub struct GuideMaking {
    /// What becomes of the seed.
    pub form: GuideForm,
    /// By how many semitones it is transposed.
    pub semitones: f64,
    /// Seed of the order of its notes, where that is another.
    pub random_seed: u64,
}

/// A sound that is heard once or again and again.
#[derive(Clone, Debug)]
pub struct Guide {
    sound: Levelled,
    /// How many samples it has in all.
    samples: usize,
    /// Samples over which each round fades into the next, if there is more than one.
    fade: usize,
}

impl GuideMaking {
    /// `samples` samples of guide, of a `seed`; fewer where there is nothing to follow any more.
    pub fn guide(&self, seed: &Levelled, samples: usize) -> Guide {
        let rate = seed.sample_rate();
        let of = |sound| Levelled::as_it_is(sound, rate);
        let seed = match self.semitones == 0.0 {
            true => seed.clone(),
            false => of(transposed(&seed.to_vec(), self.semitones)),
        };
        let fade = (FADE_SECONDS * f64::from(rate)) as usize;
        match self.form {
            GuideForm::Loop => Guide::looped(seed, samples, fade),
            GuideForm::Once => Guide::once(seed, samples),
            GuideForm::Reverse => {
                let mut reversed = seed.to_vec();
                reversed.reverse();
                Guide::looped(of(reversed), samples, fade)
            }
            GuideForm::Stretch => {
                let factor = samples as f64 / seed.samples().max(1) as f64;
                let stretched = resized(stretch(&seed.to_vec(), factor), samples);
                Guide::once(of(stretched), samples)
            }
            GuideForm::Notes => {
                let mut random = random::stream(self.random_seed, "guide");
                let notes = reordered(&seed.to_vec(), rate, &mut random);
                Guide::looped(of(notes), samples, fade)
            }
        }
    }
}

impl Guide {
    /// At most `samples` samples of `sound`.
    fn once(sound: Levelled, samples: usize) -> Guide {
        Guide {
            samples: samples.min(sound.samples()),
            sound,
            fade: 0,
        }
    }

    /// `sound` again and again, `samples` samples: the last `fade` samples of each round go
    /// down while the next round's first go up, so that a round lasts as long as the sound
    /// less the fade.
    fn looped(sound: Levelled, samples: usize, fade: usize) -> Guide {
        Guide {
            fade: fade.min(sound.samples() / 4),
            sound,
            samples,
        }
    }

    /// Fails where some of it could not be read, which was taken for silence.
    pub fn check(&self) -> Result<(), ReelError> {
        self.sound.check()
    }
}

impl Sound for Guide {
    fn samples(&self) -> usize {
        self.samples
    }

    fn read(&self, range: Range<usize>, samples: &mut Vec<f32>) {
        let len = self.sound.samples();
        let (out, round) = (samples.len(), (len - self.fade).max(1));
        samples.resize(out + range.len(), 0.0);
        if range.is_empty() || len == 0 {
            return;
        }
        let first = (range.start + 1).saturating_sub(len).div_ceil(round);
        let mut part = Vec::new();
        for begin in (first..=(range.end - 1) / round).map(|n| n * round) {
            let of_round = range.start.max(begin)..range.end.min(begin + len);
            part.clear();
            self.sound
                .read(of_round.start - begin..of_round.end - begin, &mut part);
            let sum = &mut samples[out + of_round.start - range.start..];
            for ((sum, sample), n) in sum.iter_mut().zip(&part).zip(of_round) {
                let (n, to_end) = (n - begin, len - 1 - (n - begin));
                // The first round begins where the seed ends, with nothing to fade from.
                let from_start = if begin == 0 { self.fade } else { n };
                *sum += rise(from_start, self.fade) * rise(to_end, self.fade) * sample;
            }
        }
    }
}

/// `sound` by `semitones` higher, as long as before.
fn transposed(sound: &[f32], semitones: f64) -> Vec<f32> {
    let ratio = 2f64.powf(semitones / 12.0);
    // To a tenth of a percent, two cents.
    let rate = (1000.0 * ratio).round() as u32;
    resized(resample(&stretch(sound, ratio), rate, 1000), sound.len())
}

fn resized(mut sound: Vec<f32>, samples: usize) -> Vec<f32> {
    sound.resize(samples, 0.0);
    sound
}

/// From 0 to 1 over `fade` samples; that and its mirror image add up to 1.
fn rise(n: usize, fade: usize) -> f32 {
    match n < fade {
        true => 0.5 - 0.5 * (PI * (n as f32 + 0.5) / fade as f32).cos(),
        false => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sound: &[f32]) -> Levelled {
        Levelled::as_it_is(sound.to_vec(), 1000)
    }

    fn looped(sound: &[f32], samples: usize, fade: usize) -> Vec<f32> {
        whole(&Guide::looped(of(sound), samples, fade))
    }

    fn whole(guide: &Guide) -> Vec<f32> {
        let mut whole = Vec::new();
        guide.read(0..guide.samples(), &mut whole);
        whole
    }

    #[test]
    fn any_part_of_a_guide_is_as_it_is_in_the_whole() {
        let sound: Vec<f32> = (0..70).map(|n| (n as f32 * 0.3).sin()).collect();
        for guide in [
            Guide::looped(of(&sound), 500, 10),
            Guide::looped(of(&sound), 30, 10),
            Guide::once(of(&sound), 500),
            Guide::looped(of(&[]), 500, 10),
        ] {
            let (whole, mut parts) = (whole(&guide), Vec::new());
            for begin in (0..guide.samples()).step_by(7) {
                guide.read(begin..guide.samples().min(begin + 7), &mut parts);
            }
            assert_eq!(parts, whole);
        }
    }

    #[test]
    fn rounds_of_a_loop_fade_into_each_other() {
        let constant = looped(&[1.0; 100], 1000, 10);
        assert_eq!(constant.len(), 1000);
        assert!(constant.iter().all(|sample| (sample - 1.0).abs() < 1e-6));
        let ramp: Vec<f32> = (0..100).map(|n| n as f32).collect();
        let rounds = looped(&ramp, 250, 10);
        assert_eq!(rounds[..90], ramp[..90]);
        assert_eq!(rounds[100..180], ramp[10..90]);
        assert_eq!(looped(&[0.5], 3, 330), [0.5; 3]);
    }

    fn made(form: GuideForm, semitones: f64, seed: &[f32], samples: usize) -> Vec<f32> {
        let making = GuideMaking {
            form,
            semitones,
            random_seed: 1,
        };
        whole(&making.guide(&of(seed), samples))
    }

    #[test]
    fn once_is_followed_by_nothing_and_reverse_begins_with_the_end() {
        let seed = [0.1, 0.2, 0.3];
        assert_eq!(made(GuideForm::Once, 0.0, &seed, 5), seed);
        assert_eq!(made(GuideForm::Once, 0.0, &seed, 2), [0.1, 0.2]);
        assert_eq!(made(GuideForm::Reverse, 0.0, &seed, 3), [0.3, 0.2, 0.1]);
    }

    /// Upward zero crossings.
    fn cycles(sound: &[f32]) -> usize {
        sound
            .windows(2)
            .filter(|w| w[0] < 0.0 && w[1] >= 0.0)
            .count()
    }

    #[test]
    fn every_form_is_as_long_as_asked_for_and_keeps_the_pitch_but_for_its_semitones() {
        let sample = |n: usize| (n as f32 * 0.2).sin();
        let seed: Vec<f32> = (0..8000).map(sample).collect();
        let forms = [
            GuideForm::Loop,
            GuideForm::Once,
            GuideForm::Reverse,
            GuideForm::Stretch,
            GuideForm::Notes,
        ];
        for form in forms {
            for (semitones, ratio) in [(0.0, 1.0), (12.0, 2.0), (-12.0, 0.5), (7.0, 1.4983)] {
                let guide = made(form, semitones, &seed, 20_000);
                let len = if form == GuideForm::Once {
                    8000
                } else {
                    20_000
                };
                assert_eq!(guide.len(), len);
                let heard = cycles(&guide[1500..6500]) as f64;
                let expected = 5000.0 * 0.2 / std::f64::consts::TAU * ratio;
                assert!(
                    (heard / expected - 1.0).abs() < 0.02,
                    "{form:?} {semitones}: {heard}"
                );
            }
        }
        assert!(
            made(GuideForm::Stretch, 0.0, &[], 10)
                .iter()
                .all(|s| *s == 0.0)
        );
    }
}
