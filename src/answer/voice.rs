//! A voice: models, and what is asked of each answer that they give to a seed.

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::Responder;
use super::changes::Changes;
use super::commission::Commission;
use super::error::{AnswerError, ResponderError, VoiceError};
use super::plan::Plan;
use super::sidecar::Sidecar;
use super::step::Step;
use super::wishes::Wishes;
use crate::generate::{AnswerSettings, Asked};
use crate::hyperparameters::{AnswerMode, Hyperparameters, OutputKind};

/// A model's file.
#[derive(Clone)]
pub struct ModelFile {
    /// The path or name by which it was found.
    pub name: String,
    /// What is in it.
    pub bytes: Cow<'static, [u8]>,
}

/// Seconds that a seed is taken to last of which that is not known at once.
pub(super) const USUAL_SECONDS: f64 = 10.0;

/// What is known of one answering, apart from the seed.
#[derive(Clone, Debug, Default)]
pub struct Occasion {
    /// What its stream of random numbers depends on beside the seed's content and the
    /// random seed; `None` for the random seed alone.
    pub stream_of: Option<String>,
    /// Longer seeds, in seconds, are not read.
    pub longest_seed: Option<f64>,
}

/// Models that answer seeds together.
pub struct Voice {
    pub(super) name: Option<String>,
    pub(super) responders: Vec<Responder>,
    pub(super) parts: Vec<Ordered>,
    is_set: bool,
    /// The number of its first answer, counted from 0.
    first: usize,
    /// In so many bands its sets are cut into slices.
    pub(super) slices: Option<usize>,
    /// Of the files of its models, each as often as it is loaded.
    bytes: u64,
    /// What was asked for when it was loaded.
    plan: Plan,
    base: Wishes,
    pub(super) threads: usize,
    /// What has been changed since.
    changes: Changes,
    /// Whether its model keeps what it learns.
    learns: bool,
}

/// What is asked of one answer.
pub(super) struct Ordered {
    pub(super) responder: usize,
    pub(super) settings: AnswerSettings,
    pub(super) commission: Commission,
    /// Whether its random seed is its own, so that it is not one of a series.
    has_random_seed: bool,
    pub(super) wishes: Wishes,
}

/// Finds a model by the name that a plan or a person gave it, or says why not.
pub type FindModel<'a> = dyn Fn(&str) -> Result<ModelFile, String> + 'a;

/// How the frames of a set follow where nobody says so, and the share of noise that is fed
/// back. Following as one answer does, all would be nearly the same; with these they differ
/// by about half of what answers to different seeds do (docs/variations.md).
const OF_A_SET: [(&str, f64); 3] = [
    ("follow_mix", 0.25),
    ("follow_choice", 2.0),
    ("feedback_noise", 3.5),
];

/// What is `asked` of an answer of a set by a model of `hyperparameters`.
fn to_differ(hyperparameters: &Hyperparameters, mut asked: Asked) -> Asked {
    let (h, values) = (hyperparameters, &mut asked.values);
    let said = ["follow", "follow_mix", "follow_choice", "guidance"];
    let frozen = asked.answer.unwrap_or(h.drawing.answer) == AnswerMode::Frozen;
    let drawn = h.format.use_fft && h.network.output == OutputKind::Mixture;
    if frozen && drawn && !said.iter().any(|key| values.contains_key(*key)) {
        for (key, value) in OF_A_SET {
            values.entry(key).or_insert(value.into());
        }
    }
    asked
}

impl Voice {
    /// The voice whose answers `plan` asks for, and `base` where it says nothing. Models
    /// are loaded into engines on this many `threads`; answers that can share one do.
    ///
    /// # Errors
    /// What a model cannot do, with the number of the variation that asks for it.
    pub fn new(
        plan: &Plan,
        base: &Wishes,
        find: &FindModel,
        threads: usize,
    ) -> Result<Voice, VoiceError> {
        let mut voice = Voice {
            name: None,
            responders: Vec::new(),
            parts: Vec::new(),
            is_set: plan.variations.is_some(),
            first: 0,
            slices: plan.slices,
            bytes: 0,
            plan: plan.clone(),
            base: base.clone(),
            threads,
            changes: Changes::default(),
            learns: false,
        };
        voice.add_all(plan, base, find)?;
        Ok(voice)
    }

    /// Adds the answers of `plan`.
    fn add_all(&mut self, plan: &Plan, base: &Wishes, find: &FindModel) -> Result<(), VoiceError> {
        let threads = self.threads;
        let one = [Wishes::default()];
        let variations = plan.variations.as_deref().unwrap_or(&one);
        for (n, own) in variations.iter().enumerate() {
            let wishes = own.clone().over(&plan.all);
            let added = self.add(wishes, base, find, threads);
            added.map_err(|cause| match self.is_set {
                true => VoiceError::Variation {
                    number: n + 1,
                    cause: Box::new(cause),
                },
                false => cause,
            })?;
        }
        Ok(())
    }

    /// Answers as it was loaded to from now on, but for `changes`. Models stay loaded
    /// where they are used.
    ///
    /// # Errors
    /// What a model cannot do. Then it answers as before.
    pub fn change(&mut self, changes: &Changes, find: &FindModel) -> Result<(), VoiceError> {
        if self.changes == *changes {
            return Ok(());
        }
        let plan = changes.of_plan(&self.plan);
        let is_set = plan.variations.is_some();
        if self.learns && (is_set || changes.model.is_some()) {
            return Err(VoiceError::SeveralLearn);
        }
        let base = match changes.model {
            Some(_) => self.base.of_any_model(),
            None => self.base.clone(),
        };
        let parts = std::mem::take(&mut self.parts);
        let was_set = std::mem::replace(&mut self.is_set, is_set);
        if let Err(error) = self.add_all(&plan, &base, find) {
            (self.parts, self.is_set) = (parts, was_set);
            return Err(error);
        }
        if changes.is_of_following_alone() {
            self.follow_alone();
        }
        self.changes = changes.clone();
        self.let_go();
        Ok(())
    }

    /// Lets go of models that no answer uses; the one that was loaded first waits for what
    /// was changed to be taken back.
    fn let_go(&mut self) {
        let mut n = 1;
        while n < self.responders.len() {
            if self.parts.iter().any(|part| part.responder == n) {
                n += 1;
                continue;
            }
            self.responders.remove(n);
            for part in self.parts.iter_mut().filter(|part| part.responder > n) {
                part.responder -= 1;
            }
        }
    }

    /// The same, known as `name`.
    pub fn called(self, name: &str) -> Voice {
        Voice {
            name: Some(name.to_owned()),
            ..self
        }
    }

    /// Counts its answers from `first` on, where those before are made elsewhere: 0 for the
    /// first of all.
    pub fn count_from(&mut self, first: usize) {
        self.first = first;
    }

    fn add(
        &mut self,
        wishes: Wishes,
        base: &Wishes,
        find: &FindModel,
        threads: usize,
    ) -> Result<(), VoiceError> {
        let all = wishes.clone().over(base);
        all.check()?;
        let name = all.model.as_deref().ok_or(VoiceError::NoModel)?;
        let playing = all.playing();
        let asked = all.asked();
        // Thousands of variations do not read its file as often.
        let file = || find(name).map_err(|what| VoiceError::Model { what });
        let known = |known: &Responder| known.identity().name == name && known.playing() == playing;
        let loaded = match self.responders.iter().position(known) {
            Some(n) => n,
            None => self.load(&file()?, |file| {
                Responder::new(&file.name, &file.bytes, playing, &asked, threads)
            })?,
        };
        let hyperparameters = &self.responders[loaded].model().hyperparameters;
        let asked = match self.is_set {
            true => to_differ(hyperparameters, asked),
            false => asked,
        };
        let settings =
            AnswerSettings::asked(hyperparameters, &asked).map_err(ResponderError::from)?;
        let suits = |model: &Responder| known(model) && model.can_answer_by(&settings);
        let responder = match self.responders.iter().position(suits) {
            Some(n) => n,
            None => self.load(&file()?, |file| {
                let settings = settings.clone();
                Responder::with(&file.name, &file.bytes, playing, |_| Ok(settings), threads)
            })?,
        };
        let commission = all.commission();
        if commission.guide_file.is_some() && settings.follow.is_free() {
            return Err(VoiceError::NothingFollows);
        }
        if let Some(path) = commission
            .guide_file
            .as_ref()
            .filter(|path| !path.is_file())
        {
            return Err(VoiceError::NoGuide { path: path.clone() });
        }
        self.parts.push(Ordered {
            responder,
            settings,
            commission,
            has_random_seed: wishes.random_seed.is_some(),
            wishes,
        });
        Ok(())
    }

    /// Adds what `make` makes of the model in `file`.
    fn load(
        &mut self,
        file: &ModelFile,
        make: impl FnOnce(&ModelFile) -> Result<Responder, ResponderError>,
    ) -> Result<usize, VoiceError> {
        self.responders.push(make(file)?);
        self.bytes += file.bytes.len() as u64;
        Ok(self.responders.len() - 1)
    }

    /// Lets its model keep in `file` what it learns by its answers.
    ///
    /// # Errors
    /// Where there is no such one model, and what [`Responder::keep_learning`] refuses.
    pub fn keep_learning(mut self, file: &Path, from_seeds: bool) -> Result<Voice, VoiceError> {
        if self.is_set {
            return Err(VoiceError::SeveralLearn);
        }
        let learning = self.responders.into_iter();
        let learning = learning.map(|model| model.keep_learning(file, from_seeds));
        self.responders = learning.collect::<Result<_, _>>()?;
        self.learns = true;
        Ok(self)
    }

    /// Has all of its answers follow as `follow` alone says, whatever the model says beside.
    fn follow_alone(&mut self) {
        for part in &mut self.parts {
            let follow = &mut part.settings.follow;
            (follow.mix, follow.choice) = (None, None);
            part.settings.guidance = None;
        }
    }

    /// Bytes of the files of its models, bundled ones included, each as often as it is
    /// loaded.
    pub fn model_bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether its answers are a set, however many they are.
    pub fn is_set(&self) -> bool {
        self.is_set
    }

    /// The models that answer.
    pub fn responders(&self) -> &[Responder] {
        &self.responders
    }

    /// The files of its models; bundled ones have none.
    pub fn model_files(&self) -> Vec<PathBuf> {
        let names = self.responders.iter().map(|model| &model.identity().name);
        let files = names.map(PathBuf::from).filter(|path| path.is_file());
        files.collect()
    }

    /// The names of the models that answer.
    pub fn models(&self) -> Vec<&str> {
        let names = self.responders.iter().map(|model| &*model.identity().name);
        let mut names: Vec<&str> = names.collect();
        names.dedup();
        names
    }

    /// How many answers it gives to a seed.
    pub fn count(&self) -> usize {
        self.parts.len()
    }

    /// What answers, and how often: `vector, 3 variations`.
    pub fn in_words(&self) -> String {
        let names = self.models();
        match (self.is_set, self.parts.len()) {
            (false, _) => names.join(" and "),
            (true, count) => format!("{}, {count} variations", names.join(" and ")),
        }
    }

    /// Has every model answer a short noise, so that one that cannot is found out before
    /// a seed comes, and the first seed waits for nothing.
    ///
    /// # Errors
    /// Which model does not answer.
    pub fn warm(&mut self) -> Result<(), VoiceError> {
        self.responders.iter_mut().try_for_each(|model| {
            model.warm().map_err(|cause| VoiceError::DoesNotAnswer {
                name: model.identity().name.clone(),
                cause,
            })
        })
    }

    /// Answers the file `seed` with the file `output`, which is written in place and
    /// synced, as the first answer of the plan is to be. `tell` hears how it gets on.
    ///
    /// # Errors
    /// Those of [`Responder::answer`].
    pub fn answer(
        &mut self,
        seed: &Path,
        output: &Path,
        occasion: &Occasion,
        tell: &mut dyn FnMut(Step) -> ControlFlow<()>,
    ) -> Result<Sidecar, AnswerError> {
        self.play(0, seed, output, occasion, tell)
    }

    /// Answers as the `n`th is to be, counted from 0.
    pub(super) fn play(
        &mut self,
        n: usize,
        seed: &Path,
        output: &Path,
        occasion: &Occasion,
        tell: &mut dyn FnMut(Step) -> ControlFlow<()>,
    ) -> Result<Sidecar, AnswerError> {
        let commission = self.commission(n, occasion);
        let part = &self.parts[n];
        let responder = &mut self.responders[part.responder];
        responder.settings = part.settings.clone();
        let sidecar = responder.answer(seed, output, &commission, tell)?;
        Ok(self.signed(n, sidecar))
    }

    /// What is asked of the `n`th answer on this `occasion`.
    pub(super) fn commission(&self, n: usize, occasion: &Occasion) -> Commission {
        Commission {
            stream_of: self.stream_of(n, occasion),
            longest_seed: occasion.longest_seed,
            ..self.parts[n].commission.clone()
        }
    }

    /// The sidecar of the `n`th answer with its name.
    pub(super) fn signed(&self, n: usize, sidecar: Sidecar) -> Sidecar {
        Sidecar {
            voice: self.name.clone(),
            variation: self.is_set.then_some(self.first + n + 1),
            ..sidecar
        }
    }

    /// Seconds expected of each of its answers to a seed of `seed` seconds, beside one
    /// another.
    pub(super) fn expected(&self, seed: f64) -> Vec<f64> {
        let of_one = |part: &Ordered| {
            let commission = &part.commission;
            let request = commission.to_make(&commission.request_for("", seed));
            let responder = &self.responders[part.responder];
            let stages = responder.expected(&part.settings, seed, &request);
            stages.iter().sum()
        };
        self.parts.iter().map(of_one).collect()
    }

    /// The answers of a set draw from a stream each.
    fn stream_of(&self, n: usize, occasion: &Occasion) -> Option<String> {
        let (part, number) = (&self.parts[n], self.first + n + 1);
        match (self.is_set, &occasion.stream_of) {
            (false, stream) => stream.clone(),
            (true, _) if part.has_random_seed => None,
            (true, Some(stream)) => Some(format!("{stream} variation {number}")),
            (true, None) => Some(format!("variation {number}")),
        }
    }
}
