//! What answers the seeds of a watched folder: the voice that its options describe, and
//! those in `voices/`.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::answer_options::{AnswerOptions, find_model};
use crate::answer::{
    Changes, ModelFile, ModelIdentity, Occasion, SetNotes, Settings, Sidecar, Started, Step, Turn,
    Voice, Voices, Wanted,
};
use crate::system::stamp::Stamp;
use crate::watch::{
    Answer, AnswerSource, Answers, Ended, Made, NoAnswer, Order, Tell, VariationMade, one_by_one,
};

/// All voices of a watched folder.
pub struct Answerer {
    /// The one that answers where none is named.
    pub voice: Voice,
    /// The others, by their names.
    pub voices: Voices,
    /// What has been changed since the start.
    pub settings: Settings,
}

impl Answers for Answerer {
    fn answer(
        &mut self,
        order: &Order,
        tell: &mut dyn FnMut(Step) -> ControlFlow<()>,
    ) -> Result<Answer, NoAnswer> {
        let voice = self.voice_for(order)?;
        let occasion = occasion(order);
        let answered = match voice.is_set() {
            false => voice
                .answer(order.seed, order.prediction, &occasion, tell)
                .map(one),
            true => {
                let tell = &mut |turn: Turn| tell(turn.step);
                voice
                    .answer_with_set(order.seed, order.set, &occasion, tell)
                    .map(several)
            }
        };
        answered.map_err(|error| NoAnswer::from(&error))
    }

    fn together(&mut self, orders: &[Order]) -> usize {
        let seeds: Vec<&Path> = orders.iter().map(|order| order.seed).collect();
        let voice = orders.first().map(|first| self.voice_for(first));
        match voice {
            Some(Ok(voice)) => voice.together(&seeds),
            // Why it cannot answer is the answer to the first.
            Some(Err(_)) | None => 1,
        }
    }

    fn answer_together(&mut self, orders: &[Order], tell: &mut Tell, ended: &mut Ended) {
        // What is asked of all answers may have changed by now.
        if self.together(orders) < orders.len() {
            return one_by_one(self, orders, tell, ended);
        }
        let Some(Ok(voice)) = orders.first().map(|first| self.voice_for(first)) else {
            return one_by_one(self, orders, tell, ended);
        };
        let wanted = orders.iter().map(|order| Wanted {
            seed: order.seed,
            output: order.prediction,
            occasion: occasion(order),
        });
        let wanted: Vec<Wanted> = wanted.collect();
        voice.answer_together(&wanted, tell, &mut |n, answered| {
            let answered = answered.map(one);
            ended(n, answered.map_err(|error| NoAnswer::from(&error)));
        });
    }
}

fn occasion(order: &Order) -> Occasion {
    Occasion {
        stream_of: Some(order.stream_of.to_owned()),
        longest_seed: order.longest_seed,
    }
}

impl Answerer {
    /// Who answers, and has been told how. The voice that a seed was put to answers as its
    /// own file says.
    fn voice_for(&mut self, order: &Order) -> Result<&mut Voice, NoAnswer> {
        let own = Changes::of(order.asked.clone());
        let own = own.map_err(|error| NoAnswer::Seed(error.to_string()))?;
        let (chosen, settings) = self.settings.now();
        let (name, base) = match order.voice {
            Some(name) => (Some(name.to_owned()), Changes::default()),
            None => (chosen, settings),
        };
        let changes = own.over(&base);
        let changes = changes.map_err(|error| NoAnswer::Seed(error.to_string()))?;
        let cannot = |name: &str, reason: String| {
            NoAnswer::Seed(format!("the voice {name} cannot answer: {reason}"))
        };
        match name {
            Some(name) => {
                let voice = self.voices.voice(&name);
                let voice = voice.map_err(|reason| cannot(&name, reason))?;
                let changed = voice.change(&changes, &find_model);
                changed.map_err(|error| cannot(&name, error.to_string()))?;
                Ok(voice)
            }
            None => {
                let changed = self.voice.change(&changes, &find_model);
                changed.map_err(|error| NoAnswer::Seed(error.to_string()))?;
                Ok(&mut self.voice)
            }
        }
    }
}

fn one(sidecar: Sidecar) -> Answer {
    Answer {
        seed_sha256: sidecar.seed_sha256.clone(),
        made: Made::Prediction {
            sidecar: sidecar.to_json(),
            seconds: sidecar.lasts,
        },
    }
}

fn several(set: SetNotes) -> Answer {
    let made = set.variations.into_iter();
    let made = made.filter_map(|v| {
        Some(VariationMade {
            file: v.file?,
            seconds: v.seconds?,
        })
    });
    Answer {
        seed_sha256: set.seed_sha256,
        made: Made::Set {
            variations: made.collect(),
        },
    }
}

/// What was asked for, to be loaded for each worker.
pub struct VoiceSource {
    /// The model of the default voice, where its plan names none.
    pub model: String,
    /// What is asked of it.
    pub options: AnswerOptions,
    /// Where the files of the others are.
    pub voices: PathBuf,
    /// Of each worker.
    pub threads: usize,
    /// Bytes of memory for each worker's named voices.
    pub bound: u64,
    /// What has been changed since the start, once that was.
    pub settings: OnceLock<Settings>,
}

impl VoiceSource {
    /// One for each of `workers`.
    pub fn answerers(&self, workers: u16) -> anyhow::Result<Vec<Answerer>> {
        (0..workers).map(|_| self.answerer()).collect()
    }

    /// What can be changed of answers by `voice`, which it gave first, while they are made.
    fn settings(&self, voice: &Voice) -> Settings {
        let settings = self.settings.get_or_init(|| {
            Settings::new(Started {
                wishes: self.options.wishes(Some(&self.model)),
                plan: self.options.plan().unwrap_or_default(),
                hyperparameters: voice.responders()[0].model().hyperparameters.clone(),
            })
        });
        settings.clone()
    }

    /// Loaded, checked and warmed.
    pub fn answerer(&self) -> anyhow::Result<Answerer> {
        let find = self.finder();
        let (plan, model) = (self.options.plan()?, Some(&*self.model));
        let mut voice = self.options.voice(&plan, model, &find, self.threads)?;
        voice.warm()?;
        for model in voice.responders() {
            let ModelIdentity { name, sha256 } = model.identity();
            tracing::info!(sha256, "loaded the model {name}");
        }
        let base = self.options.wishes(model);
        let voices = Voices::new(&self.voices, base, find, self.threads, self.bound);
        Ok(Answerer {
            settings: self.settings(&voice),
            voice,
            voices,
        })
    }

    /// Finds models, the default voice's own as it is now for ever: where its file is broken
    /// later, voices that are loaded then go on with it, as the default voice does.
    fn finder(&self) -> impl Fn(&str) -> Result<ModelFile, String> + Send + 'static {
        let (own_name, own) = (self.model.clone(), find_model(&self.model));
        move |name| match name == own_name {
            true => own.clone(),
            false => find_model(name),
        }
    }

    /// What the default voice is made of.
    fn files(&self) -> Vec<PathBuf> {
        let plan = self.options.plan().unwrap_or_default();
        let models = plan.models().chain([&*self.model]).map(PathBuf::from);
        models
            .chain(self.options.plan_file().map(Path::to_owned))
            .collect()
    }
}

impl AnswerSource for VoiceSource {
    fn load(&self) -> Result<Box<dyn Answers>, String> {
        match self.answerer() {
            Ok(answerer) => Ok(Box::new(answerer)),
            Err(error) => Err(format!("{error:#}")),
        }
    }

    fn stamp(&self) -> Option<Stamp> {
        Stamp::of_all(&self.files())
    }
}
