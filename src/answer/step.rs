//! What is told of an answer while it is made.

use std::ops::ControlFlow;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::{Means, Responder};
use crate::audio::LongSound;
use crate::generate::{AnswerSettings, GenerateError, Pace, Request, Work, training_step};
use crate::hearing::pitch_classes;
use crate::reel::ReelError;
use crate::train::{HEARING_STEPS, SETTLING_STEPS};

/// The quietest that is told of, in decibels.
const SILENCE: f64 = -120.0;
/// Seconds in which something may be heard of a seed that is silent otherwise.
const MOMENT: f64 = 0.1;
/// Seconds that it takes to write a second of sound, beside those of [`Work`].
const WRITTEN: f64 = 2e-3;

/// Something that is told of an answer while it is made.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Step {
    /// Nothing new: the answer is made elsewhere, or nobody has begun it yet.
    Waiting,
    /// What the seed is like; once, before the network answers.
    Heard(Heard),
    /// The share of the answer that is made, from 0 to 1 and linear in time, so that what is
    /// left takes `elapsed · (1 - share) / share`. It falls where the network goes back to
    /// make something again.
    Share(f64),
}

/// What a seed is like.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Heard {
    /// In decibels, its rms below full scale: 0 and less, at least -120.
    pub loudness: f64,
    /// The same of its loudest tenth of a second.
    pub loudest: f64,
    /// How long it lasts.
    pub seconds: f64,
    /// How strong each pitch class is, C first: 1 the strongest. All are 0 where none is heard.
    pub pitch_classes: [f64; 12],
}

impl Heard {
    /// Of `seed`.
    pub(super) fn of(seed: &LongSound) -> Result<Heard, ReelError> {
        let (_, rms) = seed.peak_and_rms()?;
        let decibels = |rms: f32| (20.0 * f64::from(rms).log10()).clamp(SILENCE, 0.0);
        Ok(Heard {
            loudness: decibels(rms),
            loudest: decibels(seed.loudest_rms(MOMENT)?),
            seconds: seed.seconds(),
            pitch_classes: pitch_classes(seed, seed.sample_rate()),
        })
    }
}

/// The stages of an answer, in their order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Stage {
    /// Weights that are to move find their way.
    Settling,
    /// The network answers.
    Generating,
    /// The answer is ended and written.
    Writing,
}

/// How far an answer has come.
pub(super) struct Stages(Pace);

impl Stages {
    /// Of an answer that began at `begun`, whose stages are `expected` to take so many
    /// seconds.
    pub fn new(begun: Instant, expected: &[f64; 3]) -> Stages {
        Stages(Pace::new(begun, expected))
    }

    /// The share of all that is done, when this share of `stage` is.
    pub fn share(&mut self, stage: Stage, share: f64) -> f64 {
        self.0.share(stage as usize, share, 1.0 - share)
    }
}

impl Responder {
    /// Seconds expected of the stages of its answer by `settings` to a seed of `seed`
    /// seconds, beside one another.
    pub(super) fn expected(
        &self,
        settings: &AnswerSettings,
        seed: f64,
        request: &Request,
    ) -> [f64; 3] {
        let model = &self.model;
        let work = Work::expected(model, settings, seed, request, self.threads);
        let is_prepared = matches!(
            self.means,
            Means::Moving {
                prepared: Some(_),
                ..
            }
        );
        // Hearing is a third of what a step does.
        let hearing = HEARING_STEPS as f64 / 3.0;
        let settling = match is_prepared {
            true => hearing,
            false => hearing + SETTLING_STEPS as f64,
        };
        [
            settling * training_step(model, settings),
            work.seconds(),
            WRITTEN * request.seconds,
        ]
    }
}

/// Goes on, unless whoever was told stops it.
pub(super) fn go_on(told: ControlFlow<()>) -> Result<(), GenerateError> {
    match told {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(GenerateError::Stopped),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::Signal;

    fn of(seed: Signal) -> Heard {
        Heard::of(&seed.into()).unwrap()
    }
    use crate::testing::sine;

    #[test]
    fn a_tone_is_heard_as_loud_as_it_is_and_in_its_pitch_class() {
        let samples = sine(0.5, 329.63, 11025, 3 * 11025);
        let heard = of(Signal {
            samples: samples.iter().map(|sample| *sample as f32).collect(),
            sample_rate: 11025,
        });
        assert!((heard.loudness + 9.03).abs() < 0.01, "{heard:?}");
        assert_eq!(heard.seconds, 3.0);
        assert_eq!(heard.pitch_classes[4], 1.0, "{heard:?}");
        let others = heard.pitch_classes.iter().filter(|class| **class > 0.2);
        assert_eq!(others.count(), 1, "{heard:?}");
    }

    #[test]
    fn of_silence_nothing_is_heard() {
        for samples in [vec![], vec![0.0; 5000]] {
            let heard = of(Signal {
                samples,
                sample_rate: 11025,
            });
            assert_eq!((heard.loudness, heard.pitch_classes), (-120.0, [0.0; 12]));
            assert_eq!(heard.loudest, -120.0);
        }
    }

    #[test]
    fn one_note_in_a_long_silence_is_as_loud_as_it_is() {
        let mut samples = vec![0.0; 600_000];
        // At a place where no piece of a long sound begins.
        samples[333_333..337_777].fill(0.1);
        let heard = of(Signal {
            samples,
            sample_rate: 11025,
        });
        assert!((heard.loudest + 20.0).abs() < 0.01, "{heard:?}");
        assert!(heard.loudness < -40.0, "{heard:?}");
    }
}
