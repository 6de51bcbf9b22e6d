//! What answers that are made together have in common: whatever is made of their seeds and
//! guides is made once.

use std::sync::Arc;

use super::Follow;
use super::course::Course;
use super::following::{Following, Sources};
use super::guard::Guard;
use super::guidance::Described;
use super::making::Task;
use crate::audio::LongSound;
use crate::hearing::{Hearing, Levelled};
use crate::hyperparameters::GuideForm;

/// A seed as a model hears it.
pub struct SeedHeard {
    /// As loud as the training audio.
    pub signal: Levelled,
    /// Listens to its answers.
    pub guard: Guard,
}

/// What was made for answers of one model, each found again by what it was made of.
#[derive(Default)]
pub struct Common<'a> {
    seeds: Vec<(&'a Arc<LongSound>, Arc<SeedHeard>)>,
    courses: Vec<(CourseOf<'a>, Arc<Course>)>,
    descriptions: Vec<(Arc<Course>, Arc<Described>)>,
}

/// What a course is made of.
struct CourseOf<'a> {
    seed: &'a Arc<LongSound>,
    theme: Option<&'a Arc<LongSound>>,
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
        let same = |(known, _): &&(&Arc<LongSound>, _)| Arc::ptr_eq(known, seed);
        if let Some((_, heard)) = self.seeds.iter().find(same) {
            return Arc::clone(heard);
        }
        let signal = hearing.at_training_level(seed);
        let of_training = hearing.normalisation().dynamics;
        let heard = Arc::new(SeedHeard {
            guard: Guard::new(&signal, hearing.full_scale(), of_training),
            signal,
        });
        self.seeds.push((seed, Arc::clone(&heard)));
        heard
    }

    /// What an answer of `samples` samples to the seed of `task`, which was `heard`, goes
    /// along with as `follow` says.
    pub fn course(
        &mut self,
        task: &Task<'a>,
        follow: &Follow,
        samples: usize,
        (hearing, heard): (&Hearing, &SeedHeard),
    ) -> Arc<Course> {
        let random_seed = task.request.random_seed;
        let of = CourseOf {
            seed: task.seed,
            theme: task.theme,
            form: follow.guide,
            semitones: follow.guide_transpose,
            samples,
            random_seed: (follow.guide == GuideForm::Notes).then_some(random_seed),
        };
        if let Some((_, course)) = self.courses.iter().find(|(known, _)| known.is(&of)) {
            return Arc::clone(course);
        }
        let theme = task.theme.map(|theme| hearing.at_training_level(theme));
        let sources = Sources {
            seed: &heard.signal,
            theme: theme.as_ref(),
        };
        let course = Following::course(follow, hearing, sources, samples, random_seed);
        let course = Arc::new(course);
        self.courses.push((of, Arc::clone(&course)));
        course
    }

    /// What describes `course`.
    pub fn description(&mut self, hearing: &Hearing, course: &Arc<Course>) -> Arc<Described> {
        let mut known = self.descriptions.iter();
        if let Some((_, description)) = known.find(|(known, _)| Arc::ptr_eq(known, course)) {
            return Arc::clone(description);
        }
        let seed = course.seed_samples();
        let description = Arc::new(hearing.describe_seed_and(Arc::clone(course), seed));
        let known = (Arc::clone(course), Arc::clone(&description));
        self.descriptions.push(known);
        description
    }
}

impl CourseOf<'_> {
    fn is(&self, other: &CourseOf) -> bool {
        let of_one_theme = match (self.theme, other.theme) {
            (None, None) => true,
            (Some(own), Some(others)) => Arc::ptr_eq(own, others),
            _ => false,
        };
        Arc::ptr_eq(self.seed, other.seed)
            && of_one_theme
            && self.form == other.form
            && self.semitones == other.semitones
            && self.samples == other.samples
            && self.random_seed == other.random_seed
    }
}
