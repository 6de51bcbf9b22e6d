//! What answers that are made together have in common: whatever is made of their seeds and
//! guides is made once.

use std::ptr;
use std::sync::Arc;

use super::Follow;
use super::following::{Guide, Sources};
use super::guard::Guard;
use super::making::Task;
use crate::audio::Signal;
use crate::hearing::{Description, Hearing};
use crate::hyperparameters::GuideForm;

/// A seed as a model hears it.
pub struct SeedHeard {
    /// As loud as the training audio.
    pub signal: Signal,
    /// As the network sees it.
    pub sequence: Vec<f32>,
    /// Listens to its answers.
    pub guard: Guard,
}

/// What was made for answers of one model, each found again by what it was made of.
#[derive(Default)]
pub struct Common<'a> {
    seeds: Vec<(&'a Signal, Arc<SeedHeard>)>,
    guides: Vec<(GuideOf<'a>, Arc<Guide>)>,
    descriptions: Vec<(Arc<SeedHeard>, Arc<Guide>, Arc<Description>)>,
}

/// What a guide is made of.
struct GuideOf<'a> {
    seed: &'a Signal,
    theme: Option<&'a Signal>,
    form: GuideForm,
    semitones: f64,
    samples: usize,
    /// Where the order of its notes depends on it.
    random_seed: Option<u64>,
}

impl<'a> Common<'a> {
    /// The seed of `task`, which a model hears as `hearing` says.
    pub fn seed(&mut self, task: &Task<'a>, hearing: &Hearing) -> Arc<SeedHeard> {
        let seed = task.seed;
        let same = |(known, _): &&(&Signal, _)| ptr::eq(*known, seed);
        if let Some((_, heard)) = self.seeds.iter().find(same) {
            return Arc::clone(heard);
        }
        let signal = hearing.at_training_level(seed);
        let of_training = hearing.normalisation().dynamics;
        let heard = Arc::new(SeedHeard {
            sequence: hearing.see_seed(&signal.samples),
            guard: Guard::new(&signal, hearing.full_scale(), of_training),
            signal,
        });
        self.seeds.push((seed, Arc::clone(&heard)));
        heard
    }

    /// What an answer of `samples` samples to the seed of `task`, which was `heard`, goes
    /// along with as `follow` says.
    pub fn guide(
        &mut self,
        task: &Task<'a>,
        follow: &Follow,
        samples: usize,
        (hearing, heard): (&Hearing, &SeedHeard),
    ) -> Arc<Guide> {
        let random_seed = task.request.random_seed;
        let of = GuideOf {
            seed: task.seed,
            theme: task.theme,
            form: follow.guide,
            semitones: follow.guide_transpose,
            samples,
            random_seed: (follow.guide == GuideForm::Notes).then_some(random_seed),
        };
        if let Some((_, guide)) = self.guides.iter().find(|(known, _)| known.is(&of)) {
            return Arc::clone(guide);
        }
        let seed = &heard.signal.samples;
        let theme = task.theme.map(|theme| hearing.at_training_level(theme));
        let sources = Sources {
            seed,
            theme: theme.as_ref().map_or(seed, |theme| &theme.samples),
        };
        let guide = Arc::new(Guide::new(follow, hearing, &sources, samples, random_seed));
        self.guides.push((of, Arc::clone(&guide)));
        guide
    }

    /// What describes `seed` and `guide`.
    pub fn description(
        &mut self,
        hearing: &Hearing,
        seed: &Arc<SeedHeard>,
        guide: &Arc<Guide>,
    ) -> Arc<Description> {
        let same = |(s, g, _): &&(Arc<SeedHeard>, Arc<Guide>, _)| {
            Arc::ptr_eq(s, seed) && Arc::ptr_eq(g, guide)
        };
        if let Some((_, _, description)) = self.descriptions.iter().find(same) {
            return Arc::clone(description);
        }
        let (of_seed, of_guide) = (&seed.signal.samples, &guide.sound().samples);
        let description = Arc::new(hearing.describe_seed_and(of_seed, of_guide));
        let known = (
            Arc::clone(seed),
            Arc::clone(guide),
            Arc::clone(&description),
        );
        self.descriptions.push(known);
        description
    }
}

impl GuideOf<'_> {
    fn is(&self, other: &GuideOf) -> bool {
        let of_one_theme = match (self.theme, other.theme) {
            (None, None) => true,
            (Some(own), Some(others)) => ptr::eq(own, others),
            _ => false,
        };
        ptr::eq(self.seed, other.seed)
            && of_one_theme
            && self.form == other.form
            && self.semitones == other.semitones
            && self.samples == other.samples
            && self.random_seed == other.random_seed
    }
}
