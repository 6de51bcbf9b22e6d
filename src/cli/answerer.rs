//! What answers the seeds of a watched folder: the voice that its options describe, and
//! those in `voices/`.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::answer_options::{AnswerOptions, find_model};
use crate::answer::{
    FollowDial, ModelIdentity, Occasion, SetNotes, Sidecar, Step, Turn, Voice, Voices,
};
use crate::system::stamp::Stamp;
use crate::watch::{Answer, AnswerSource, Answers, Made, NoAnswer, Order, VariationMade};

/// All voices of a watched folder.
pub struct Answerer {
    /// The one that answers where none is named.
    pub voice: Voice,
    /// The others, by their names.
    pub voices: Voices,
    /// How closely the first of them follows, once somebody has said so.
    pub dial: FollowDial,
}

impl Answers for Answerer {
    fn answer(
        &mut self,
        order: &Order,
        tell: &mut dyn FnMut(Step) -> ControlFlow<()>,
    ) -> Result<Answer, NoAnswer> {
        let voice = match order.voice {
            None => {
                if let Some(strength) = self.dial.value() {
                    self.voice.follow(strength);
                }
                &mut self.voice
            }
            Some(name) => self.voices.voice(name).map_err(|reason| {
                NoAnswer::Seed(format!("the voice {name} cannot answer: {reason}"))
            })?,
        };
        let occasion = Occasion {
            stream_of: Some(order.stream_of.to_owned()),
            longest_seed: order.longest_seed,
        };
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
    /// How closely the default voice follows, once somebody has said so.
    pub dial: FollowDial,
}

impl VoiceSource {
    /// One for each of `workers`.
    pub fn answerers(&self, workers: u16) -> anyhow::Result<Vec<Answerer>> {
        (0..workers).map(|_| self.answerer()).collect()
    }

    /// Loaded, checked and warmed.
    fn answerer(&self) -> anyhow::Result<Answerer> {
        let mut voice =
            self.options
                .voice(&self.options.plan()?, Some(&self.model), self.threads)?;
        voice.warm()?;
        for model in voice.responders() {
            let ModelIdentity { name, sha256 } = model.identity();
            tracing::info!(sha256, "loaded the model {name}");
        }
        let base = self.options.wishes(Some(&self.model));
        let voices = Voices::new(&self.voices, base, find_model, self.threads, self.bound);
        Ok(Answerer {
            voice,
            voices,
            dial: self.dial.clone(),
        })
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
