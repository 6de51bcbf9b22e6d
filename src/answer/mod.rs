//! One seed file answered with one prediction file, and the sidecar that says
//! how: the step that `generate` and `watch` share.

mod answering;
mod changes;
mod commission;
mod ending;
mod error;
mod finishing;
mod learned;
mod plan;
mod progress;
mod replay;
mod seed;
mod set;
mod settings;
mod sidecar;
mod slices;
mod step;
mod together;
mod voice;
mod voices;
mod wishes;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rand::RngExt;

pub use changes::{ChangeError, Changes};
pub use commission::{Commission, LONGEST_ANSWER, Length, Loudness};
pub use ending::{Ending, EndingKind, UnknownEnding};
pub use error::{AnswerError, ResponderError, VoiceError};
pub use learned::{LearnedError, LearnedNotes, forget};
pub use plan::{MOST_VARIATIONS, Plan, PlanError};
pub use progress::AnswerProgress;
pub use replay::{Difference, Learning, Replay, ReplayError, differences};
pub use set::{SET, SetNotes, THEME, Turn, VariationNotes, file_of_variation};
pub use settings::{Settings, Started};
pub use sidecar::{GuideSource, Level, ModelIdentity, Sidecar};
pub use slices::{SLICES, SliceNotes};
pub use step::{Heard, Step};
pub use together::{MOST_TOGETHER, Wanted};
pub use voice::{FindModel, ModelFile, Occasion, Voice};
pub use voices::{Voices, check_voice, plan_of_voice};
pub use wishes::{LONGEST_PRIMING, Wishes};

use self::learned::Learned;
use self::step::{Stage, go_on};
use crate::audio::{LongSound, Signal};
use crate::files;
use crate::generate::{
    AnswerSettings, Asked, Engine, EngineError, EngineKind, GenerateError, Measured, MovingWeights,
    Native, OnnxRuntime, Player, Playing, Prediction, Prime, Provider, Request, SettingsError,
    Weights, generate, measured,
};
use crate::hyperparameters::Hyperparameters;
use crate::model::Precision;
use crate::random::stream;
use crate::train::{Dataset, Moving, Prepared, Recording};
use crate::trained_model::{TrainedModel, TrainingAudio};

/// Which build of antiphon this is: its target, and a number made of its sources, its
/// compiler and that compiler's flags.
pub const BUILD: &str = env!("ANTIPHON_BUILD");

/// A model with the settings of its answers and all it takes to give them.
pub struct Responder {
    model: TrainedModel,
    settings: AnswerSettings,
    means: Means,
    learned: Option<Learned>,
    identity: ModelIdentity,
    threads: usize,
    /// What was asked for.
    playing: Playing,
    precision: Precision,
}

/// What answers are made with, whatever the seed.
enum Means {
    /// An engine with the weights the model has.
    Frozen(Box<dyn Engine>),
    /// The audio that weights go on learning from; each answer begins with those
    /// the model has.
    Moving {
        weights: MovingWeights,
        dataset: Box<Dataset>,
        /// What each answer begins with, as soon as one was asked for.
        prepared: Option<Prepared>,
    },
}

/// What an answer is made from, at the model's rate.
struct Sounds {
    seed: Arc<LongSound>,
    source: TrainingAudio,
    /// What is followed instead of the seed.
    theme: Option<Arc<LongSound>>,
}

/// A model whose weights an answer moved, and what they learned from.
struct Moved {
    model: TrainedModel,
    dataset: Box<Dataset>,
}

impl Responder {
    /// Loads the model whose ONNX file is `bytes`, known as `name`, into an engine,
    /// to answer as it does by itself but for what is `asked`.
    pub fn new(
        name: &str,
        bytes: &[u8],
        playing: Playing,
        asked: &Asked,
        threads: usize,
    ) -> Result<Responder, ResponderError> {
        let settings = |h: &Hyperparameters| AnswerSettings::asked(h, asked);
        Responder::with(name, bytes, playing, settings, threads)
    }

    /// The same with the settings that `choose` makes of the model's hyperparameters.
    fn with(
        name: &str,
        bytes: &[u8],
        playing: Playing,
        choose: impl FnOnce(&Hyperparameters) -> Result<AnswerSettings, SettingsError>,
        threads: usize,
    ) -> Result<Responder, ResponderError> {
        let model = TrainedModel::from_bytes(bytes, Path::new(name))?;
        let settings = choose(&model.hyperparameters)?;
        let weights_move = matches!(settings.weights, Weights::Moving(_));
        let precision = playing.precision_for(model.hyperparameters.approach(), weights_move)?;
        let provider = playing.provider()?;
        let means = match (&settings.weights, playing.engine) {
            (Weights::Frozen { .. }, _) if playing.is_native() => {
                let native = Native::new(model.network.clone(), precision, threads);
                Means::Frozen(Box::new(native))
            }
            (Weights::Frozen { .. }, EngineKind::OnnxRuntime) => {
                let (network, hearing) = (&model.network, model.hearing());
                let windows = hearing.sampling_windows();
                let engine = OnnxRuntime::new(network, windows, provider, threads)?;
                Means::Frozen(Box::new(engine))
            }
            (Weights::Frozen { .. }, _) => {
                Means::Frozen(faster((name, bytes), &model, precision, provider, threads)?)
            }
            (Weights::Moving(weights), EngineKind::Native | EngineKind::Auto) => Means::Moving {
                weights: weights.clone(),
                dataset: kept_audio(&model, weights, name)?,
                prepared: None,
            },
            (Weights::Moving(_), EngineKind::OnnxRuntime) => {
                return Err(ResponderError::MovingElsewhere);
            }
        };
        let precision = match &means {
            // Its own are in f32.
            Means::Frozen(engine) if engine.name() == EngineKind::OnnxRuntime.name() => {
                Precision::F32
            }
            _ => precision,
        };
        Ok(Responder {
            identity: ModelIdentity {
                name: name.to_owned(),
                sha256: files::sha256(bytes),
            },
            model,
            settings,
            means,
            learned: None,
            threads,
            playing,
            precision,
        })
    }

    /// Whether it can answer by `settings` with the weights that it has at hand.
    fn can_answer_by(&self, settings: &AnswerSettings) -> bool {
        match (&self.means, &settings.weights) {
            (Means::Frozen(_), Weights::Frozen { .. }) => true,
            (Means::Moving { weights, .. }, Weights::Moving(asked)) => weights == asked,
            _ => false,
        }
    }

    /// Begins with what `file` says the model learned by earlier answers, if there
    /// is such a file, and keeps there what it learns by those to come, each
    /// of which begins where the last one ended. With `from_seeds` it learns from
    /// its seeds as well.
    pub fn keep_learning(self, file: &Path, from_seeds: bool) -> Result<Responder, ResponderError> {
        self.learning(|model| Learned::begin(file, from_seeds, model))
    }

    /// Begins with what `begin` makes of the model.
    fn learning(
        mut self,
        begin: impl FnOnce(&mut TrainedModel) -> Result<Learned, LearnedError>,
    ) -> Result<Responder, ResponderError> {
        let name = &self.identity.name;
        let Means::Moving {
            weights,
            dataset,
            prepared,
        } = &mut self.means
        else {
            return Err(ResponderError::NothingLearned { name: name.clone() });
        };
        let model = &mut self.model;
        self.learned = Some(begin(model)?);
        *dataset = kept_audio(model, weights, name)?;
        *prepared = None;
        Ok(self)
    }

    /// The model that answers.
    pub fn model(&self) -> &TrainedModel {
        &self.model
    }

    /// Name and hash of the model that answers.
    pub fn identity(&self) -> &ModelIdentity {
        &self.identity
    }

    /// Name of the engine that runs it.
    pub fn engine_name(&self) -> &'static str {
        match &self.means {
            Means::Frozen(engine) => engine.name(),
            Means::Moving { .. } => EngineKind::Native.name(),
        }
    }

    /// What that engine computes on, where it has a choice.
    pub fn provider(&self) -> Option<Provider> {
        match &self.means {
            Means::Frozen(engine) => engine.provider(),
            Means::Moving { .. } => None,
        }
    }

    /// What it was asked to run the model with.
    pub fn playing(&self) -> Playing {
        self.playing
    }

    /// In which numbers the model's weights are.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// Answers a short noise, so that a model that cannot answer is found out
    /// before a seed comes, and the first seed waits for nothing.
    pub fn warm(&mut self) -> Result<(), GenerateError> {
        let sample_rate = self.model.hyperparameters.format.sample_rate;
        let mut random = stream(0, "warm");
        let samples = (0..sample_rate / 50).map(|_| random.random_range(-0.1..0.1));
        let seed = Signal {
            samples: samples.collect(),
            sample_rate,
        };
        let request = Request {
            seconds: 0.01,
            random_seed: 0,
            prime: Prime::Seed,
            prime_seconds: None,
            may_go_back: false,
        };
        let heard = Sounds {
            source: TrainingAudio {
                file: "noise".to_owned(),
                seconds: seed.seconds(),
                sha256: String::new(),
            },
            seed: Arc::new(seed.into()),
            theme: None,
        };
        let folder = &std::env::temp_dir();
        self.predict(&heard, &request, folder, &mut |_, _| {
            ControlFlow::Continue(())
        })?;
        Ok(())
    }

    /// Predicts what follows the seed that was `heard`; gives the model that its
    /// weights moved to, if that is to be kept. What does not fit into memory is in `folder`
    /// meanwhile. `progress` hears which share of which
    /// stage is done, and may stop it.
    fn predict(
        &mut self,
        heard: &Sounds,
        request: &Request,
        folder: &Path,
        progress: &mut dyn FnMut(Stage, f64) -> ControlFlow<()>,
    ) -> Result<(Prediction, Option<Moved>), GenerateError> {
        let Sounds { seed, source, .. } = heard;
        let moved = self.moved(seed, source);
        let (model, settings) = (&self.model, &self.settings);
        let player = |engine| Player {
            model,
            settings,
            engine,
            theme: heard.theme.as_ref(),
            folder,
        };
        let (weights, dataset, prepared) = match &mut self.means {
            Means::Frozen(engine) => {
                let made = &mut |share| progress(Stage::Generating, share);
                let prediction = generate(player(engine.as_mut()), seed, request, made)?;
                return Ok((prediction, None));
            }
            Means::Moving {
                weights,
                dataset,
                prepared,
            } => (weights, &*dataset, prepared),
        };
        let threads = self.threads;
        let prepared = match prepared {
            Some(prepared) => &*prepared,
            None => {
                let told = &mut |share| progress(Stage::Settling, share);
                let dataset = Dataset::clone(dataset);
                prepared.insert(Prepared::new(model, weights, dataset, threads, told)?)
            }
        };
        let dataset = moved.as_ref().map_or(dataset, |moved| &moved.dataset);
        let begun = (Dataset::clone(dataset), prepared);
        let mut moving = Moving::new(model, weights, begun, request.random_seed, threads);
        // What was prepared before is done as well.
        go_on(progress(Stage::Settling, 1.0))?;
        let made = &mut |share| progress(Stage::Generating, share);
        let prediction = generate(player(&mut moving), seed, request, made)?;
        let Some(mut moved) = moved else {
            return Ok((prediction, None));
        };
        let (network, steps) = moving.end().map_err(GenerateError::Engine)?;
        moved.model.network = network;
        moved.model.training.steps += steps;
        Ok((prediction, Some(moved)))
    }

    /// The model that the answer to `seed` is to move and what it learns from, where
    /// that is to be kept.
    fn moved(&self, seed: &Arc<LongSound>, source: &TrainingAudio) -> Option<Moved> {
        let (
            Some(learned),
            Means::Moving {
                weights, dataset, ..
            },
        ) = (&self.learned, &self.means)
        else {
            return None;
        };
        let by_itself = || Moved {
            model: self.model.clone(),
            dataset: dataset.clone(),
        };
        if !learned.notes().from_seeds {
            return Some(by_itself());
        }
        let mut model = self.model.clone();
        learned.hear(&mut model, seed, source.clone());
        match kept_audio(&model, weights, &self.identity.name) {
            Ok(dataset) => Some(Moved { model, dataset }),
            Err(cause) => {
                tracing::warn!("nothing is learned from {}: {cause}", source.file);
                Some(by_itself())
            }
        }
    }

    /// Goes on from what was `moved` with the next answer. An answer is worth more
    /// than what was learned by it: if that cannot be kept, this is only said.
    fn keep(&mut self, moved: Option<Moved>) {
        let (Some(learned), Some(moved)) = (&mut self.learned, moved) else {
            return;
        };
        match learned.keep(&moved.model) {
            Ok(()) => {
                self.model = moved.model;
                if let Means::Moving {
                    dataset, prepared, ..
                } = &mut self.means
                {
                    *dataset = moved.dataset;
                    *prepared = None;
                }
            }
            Err(cause) => tracing::warn!("what was learned is lost: {cause}"),
        }
    }
}

/// The engine that is the faster with `model`, known as `name`, whose file's bytes these
/// are: the embedded one, or ONNX Runtime's where that is installed. What was found of a
/// model holds as long as the program runs.
fn faster(
    (name, bytes): (&str, &[u8]),
    model: &TrainedModel,
    precision: Precision,
    provider: Provider,
    threads: usize,
) -> Result<Box<dyn Engine>, EngineError> {
    static FOUND: Mutex<BTreeMap<String, &'static str>> = Mutex::new(BTreeMap::new());
    let windows = model.hearing().sampling_windows().clone();
    let native = || Box::new(Native::new(model.network.clone(), precision, threads));
    let found = || FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    let model_and_threads = {
        let (sha256, on) = (files::sha256(bytes), provider.name());
        format!("{sha256} {precision:?} {on} {threads}")
    };
    let known = found().get(&model_and_threads).copied();
    if known == Some(EngineKind::Native.name()) {
        return Ok(native());
    }
    let other = match OnnxRuntime::new(&model.network, &windows, provider, threads) {
        Ok(other) => other,
        Err(cause) => {
            tracing::info!("{name}: engine native, since {cause}");
            return Ok(native());
        }
    };
    if known.is_some() {
        return Ok(Box::new(other));
    }
    let engines: Vec<Box<dyn Engine>> = vec![native(), Box::new(other)];
    let measured = measured(engines, &windows, model.network.architecture().conditions)?;
    let took = |m: &Measured| format!("{} {:.1} us", m.engine.name(), m.microseconds);
    let took = measured.iter().map(took).collect::<Vec<_>>().join(", ");
    let Some(Measured { engine, .. }) = measured.into_iter().next() else {
        return Ok(native());
    };
    tracing::info!("{name}: engine {}; an output takes {took}", engine.name());
    found().insert(model_and_threads, engine.name());
    Ok(engine)
}

/// The training audio that `model`, known as `name`, keeps, cut for `weights` that move.
fn kept_audio(
    model: &TrainedModel,
    weights: &MovingWeights,
    name: &str,
) -> Result<Box<Dataset>, ResponderError> {
    if model.kept_audio.is_empty() {
        return Err(ResponderError::NothingKept {
            name: name.to_owned(),
        });
    }
    let recording = |(samples, source): (&Vec<f32>, &TrainingAudio)| Recording {
        signal: Signal {
            samples: samples.clone(),
            sample_rate: model.hyperparameters.format.sample_rate,
        },
        source: source.clone(),
    };
    let recordings = model.kept_audio.iter().zip(&model.training_audio);
    let recordings = recordings.map(recording).collect();
    let dataset = Dataset::new(recordings, &weights.training(&model.hyperparameters));
    let stereo = model.stereo.clone();
    dataset
        .map(|dataset| Box::new(Dataset { stereo, ..dataset }))
        .map_err(|cause| ResponderError::KeptAudio {
            name: name.to_owned(),
            cause,
        })
}
