//! Following a guide: what is drawn and what is fed back lean towards a sound that
//! goes on beside the answer.
//!
//! ```text
//! feedback   x = (1 - mix) · (y + noise) + mix · g
//! choice     p(k) ∝ exp(w_k - choice · d(m_k, g))
//! ```
//!
//! y is what was predicted, g the guide at the same time, m_k and w_k the means and
//! log weights of the output's mixture, d a distance ([`Distance`]).

use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::course::Course;
use super::guide::GuideMaking;
use crate::audio::Sound;
use crate::hearing::{Distance, Hearing, Levelled};
use crate::hyperparameters::{FollowingSettings, GuideForm, Strength};
use crate::model::Mixture;

/// How closely an answer follows, and what. Sidecars of before do not say it: nothing was
/// followed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Follow {
    /// The one dial, from 0 to 1.
    #[serde(default = "free")]
    pub follow: Strength,
    /// Share of the guide in what is fed back; `None` for the dial's.
    #[serde(
        rename = "follow_mix",
        skip_serializing_if = "Option::is_none",
        default
    )]
    pub mix: Option<Strength>,
    /// Weight of the distance in a choice; `None` for the dial's.
    #[serde(
        rename = "follow_choice",
        skip_serializing_if = "Option::is_none",
        default
    )]
    pub choice: Option<Strength>,
    /// What is followed.
    #[serde(default = "the_seed")]
    pub guide: GuideForm,
    /// By how many semitones it is transposed.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub guide_transpose: f64,
}

fn is_zero(semitones: &f64) -> bool {
    *semitones == 0.0
}

fn free() -> Strength {
    Follow::nothing().follow
}

fn the_seed() -> GuideForm {
    Follow::nothing().guide
}

impl Follow {
    /// Nothing is followed.
    pub fn nothing() -> Follow {
        Follow {
            follow: Strength::Constant(0.0),
            mix: None,
            choice: None,
            guide: GuideForm::Loop,
            guide_transpose: 0.0,
        }
    }

    /// As `settings` say.
    pub fn of(settings: &FollowingSettings) -> Follow {
        Follow {
            follow: settings.follow.clone(),
            mix: settings.follow_mix.clone(),
            choice: settings.follow_choice.clone(),
            guide: settings.guide,
            guide_transpose: settings.guide_transpose,
        }
    }

    /// The same in an answer that is slower by `factor` when it is heard.
    pub fn before_slowing(&self, factor: f64) -> Follow {
        let earlier = |own: &Option<Strength>| own.as_ref().map(|own| own.before_slowing(factor));
        Follow {
            follow: self.follow.before_slowing(factor),
            mix: earlier(&self.mix),
            choice: earlier(&self.choice),
            ..self.clone()
        }
    }

    /// The least share of a model's own guidance at any moment.
    pub fn least_guidance(&self) -> f64 {
        share_of_guidance(self.follow.least())
    }

    /// Whether nothing is followed.
    pub fn is_free(&self) -> bool {
        let zero = |own: &Option<Strength>| own.as_ref().is_none_or(Strength::is_zero);
        self.follow.is_zero() && zero(&self.mix) && zero(&self.choice)
    }
}

/// Seconds of what is followed that are looked at in one go.
const SECONDS_AT_ONCE: f64 = 1.0;

/// Share of a model's own guidance where the dial stands at `follow`: all of it from its
/// middle on.
fn share_of_guidance(follow: f64) -> f64 {
    (2.0 * follow).min(1.0)
}

/// A guide beside a sequence, and how closely it is followed.
#[derive(Clone, Debug)]
pub struct Following {
    follow: Follow,
    dial: Dial,
    distance: Option<Arc<Distance>>,
    hearing: Hearing,
    /// Seed and guide, as long as seed and answer.
    course: Arc<Course>,
    /// A part of the sequence that the network sees of them, and its first element.
    seen: Vec<f32>,
    first_seen: usize,
}

/// What an answer is made from, as the network hears it.
pub struct Sources<'a> {
    /// What is continued.
    pub seed: &'a Levelled,
    /// What the guide is made of, if not the seed.
    pub theme: Option<&'a Levelled>,
}

/// What is followed at one moment.
pub struct Moment<'a> {
    guide: &'a [f32],
    /// Share of the guide in what is fed back.
    pub mix: f32,
    choice: f64,
    distance: Option<&'a Distance>,
}

impl Following {
    /// What there is to follow as `follow` says beside an answer of `samples` samples to the
    /// seed of `sources`. The order of notes is drawn by `random_seed`.
    pub fn course(
        follow: &Follow,
        hearing: &Hearing,
        sources: Sources,
        samples: usize,
        random_seed: u64,
    ) -> Course {
        let Sources { seed, theme } = sources;
        let beyond = hearing.samples_of_one_prediction();
        let making = GuideMaking {
            form: follow.guide,
            semitones: follow.guide_transpose,
            random_seed,
        };
        // A description of its end hears some of what comes after.
        let after = beyond + hearing.sample_rate() as usize / 4;
        let theme = theme.unwrap_or(seed);
        Course::new(seed.clone(), making.guide(theme, samples + after))
    }

    /// Of the guide of `course`, as closely as `follow` says.
    pub fn new(follow: Follow, hearing: &Hearing, course: Arc<Course>) -> Following {
        let distance = hearing.distance();
        Following {
            dial: Dial::of(distance.as_ref()),
            distance: distance.map(Arc::new),
            follow,
            hearing: hearing.clone(),
            course,
            seen: Vec::new(),
            first_seen: 0,
        }
    }

    /// Share of a model's own guidance `seconds` after the answer's beginning.
    pub fn guidance_share(&self, seconds: f64) -> f64 {
        share_of_guidance(self.follow.follow.at(seconds))
    }

    /// What is followed `seconds` after the answer's beginning by the prediction of
    /// the `values` values from `start` on. Nothing beyond the guide's end.
    pub fn moment(&mut self, start: usize, values: usize, seconds: f64) -> Option<Moment<'_>> {
        let width = self.hearing.sampling_windows().width;
        let elements = start / width..(start + values) / width;
        self.see(elements.clone())?;
        let guide = &self.seen[(elements.start - self.first_seen) * width..][..values];
        let (mix, choice) = self.dial.at(self.follow.follow.at(seconds));
        let own = |strength: &Option<Strength>| strength.as_ref().map(|s| s.at(seconds));
        Some(Moment {
            guide,
            mix: own(&self.follow.mix).unwrap_or(mix) as f32,
            choice: own(&self.follow.choice).unwrap_or(choice),
            distance: self.distance.as_deref(),
        })
    }

    /// Looks at what is followed by `elements`, if there are such.
    fn see(&mut self, elements: Range<usize>) -> Option<()> {
        let (hearing, width) = (&self.hearing, self.hearing.sampling_windows().width);
        let seen = self.first_seen..self.first_seen + self.seen.len() / width;
        if seen.start <= elements.start && elements.end <= seen.end {
            return Some(());
        }
        let (seed, samples) = (self.course.seed_samples(), self.course.samples());
        let all = hearing.elements_of_seed_and(seed, samples);
        if elements.end > all {
            return None;
        }
        let ahead = hearing.values_in(SECONDS_AT_ONCE) / width;
        let end = all.min(elements.end + ahead);
        self.seen = hearing.see_part(&self.course, seed, elements.start..end);
        self.first_seen = elements.start;
        Some(())
    }
}

impl Moment<'_> {
    /// Log weights of a `mixture`'s components, less what their distances from the
    /// guide take.
    pub fn weights(&self, mixture: &Mixture) -> Vec<f32> {
        let Some(distance) = self.distance.filter(|_| self.choice > 0.0) else {
            return mixture.weights.to_vec();
        };
        let guide = distance.heard(self.guide);
        let weights = mixture.weights.iter().enumerate().map(|(k, weight)| {
            let apart = distance.between(&distance.heard(mixture.mean(k)), &guide);
            weight - (self.choice * apart) as f32
        });
        weights.collect()
    }

    /// Mixes the guide into `fed_back`.
    pub fn mix_into(&self, fed_back: &mut [f32]) {
        if self.mix > 0.0 {
            for (value, guide) in fed_back.iter_mut().zip(self.guide) {
                *value += self.mix * (guide - *value);
            }
        }
    }
}

/// What the dial means, by the kind of predictions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dial {
    Frames,
    Vectors,
    Samples,
}

impl Dial {
    fn of(distance: Option<&Distance>) -> Dial {
        match distance {
            Some(Distance::Frames) => Dial::Frames,
            Some(Distance::Vectors { .. }) => Dial::Vectors,
            None => Dial::Samples,
        }
    }

    /// Mix and choice where the dial stands at `follow`.
    fn at(self, follow: f64) -> (f64, f64) {
        let half = (2.0 * follow).min(1.0);
        match self {
            Dial::Frames => (0.6 * half + 0.8 * (follow - 0.5).max(0.0), 20.0 * half),
            Dial::Vectors => (0.3 * half + 0.6 * (follow - 0.5).max(0.0), 60.0 * half),
            Dial::Samples => (0.05 * half + 0.3 * (follow - 0.5).max(0.0), 0.0),
        }
    }
}
