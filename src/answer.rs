//! One seed file answered with one prediction file, and the sidecar that says
//! how: the step that `generate` and `watch` share.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::audio::output::{OutputFormat, OutputRate};
use crate::audio::write::SampleFormat;
use crate::audio::{self, AudioError, Signal};
use crate::files;
use crate::generate::guard::{self, Fault};
use crate::generate::{
    Engine, EngineError, EngineKind, GenerateError, Native, OnnxRuntime, Prediction, Prime,
    Request, Response, Timings, generate,
};
use crate::hyperparameters::{AnswerMode, Hyperparameters, HyperparametersError, OutputKind};
use crate::learning::{Learning, LearningError, LearningNotes};
use crate::names::readable;
use crate::random::stream;
use crate::train::{Dataset, Moving, Recording, TooShort};
use crate::trained_model::{ModelError, TrainedModel, TrainingAudio};

/// A model in an engine, ready to answer.
pub struct Responder {
    model: TrainedModel,
    /// Those of the model's file; a job may have asked for others.
    trained_with: Hyperparameters,
    way: Way,
    learning: Option<Learning>,
    identity: ModelIdentity,
    threads: usize,
}

/// How the model answers.
enum Way {
    /// With the weights it has.
    Frozen(Box<dyn Engine>),
    /// With weights that go on learning from its training audio; each answer
    /// begins with the weights it has.
    Moving(Box<Dataset>),
}

/// What a model has become by answering, and what it learns from.
struct Lesson {
    model: TrainedModel,
    dataset: Box<Dataset>,
}

/// What is asked of a model other than its hyperparameters say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    pub answer: Option<AnswerMode>,
    pub train_every: Option<usize>,
    pub temperature: Option<f64>,
    pub top_p: Option<f64>,
    /// With weights as they answer, frozen or moving.
    pub feedback_noise: Option<f64>,
    pub feedback_gain: Option<f64>,
}

impl Changes {
    fn apply(&self, hyperparameters: &mut Hyperparameters) -> Result<(), HyperparametersError> {
        fn change<V: Copy>(value: &mut V, to: Option<V>) {
            *value = to.unwrap_or(*value);
        }
        change(&mut hyperparameters.answer, self.answer);
        change(&mut hyperparameters.train_every, self.train_every);
        change(&mut hyperparameters.temperature, self.temperature);
        change(&mut hyperparameters.top_p, self.top_p);
        let feedback_noise = match hyperparameters.answer {
            AnswerMode::Frozen => &mut hyperparameters.feedback_noise,
            AnswerMode::Moving => &mut hyperparameters.moving_feedback_noise,
        };
        change(feedback_noise, self.feedback_noise);
        change(&mut hyperparameters.feedback_gain, self.feedback_gain);
        hyperparameters.validate()
    }

    /// Refuses what would change nothing in answers by `hyperparameters`.
    fn check(&self, hyperparameters: &Hyperparameters) -> Result<(), ResponderError> {
        let is_moving = hyperparameters.answer == AnswerMode::Moving;
        let (mixture, drawn) = match hyperparameters.output {
            OutputKind::Value => (false, false),
            OutputKind::Mixture => (true, true),
            OutputKind::Levels => (false, true),
        };
        const DRAWN: &str = "models that draw their predictions (\"output\": mixture or levels)";
        let changes = [
            (
                "train_every",
                self.train_every.is_some(),
                is_moving,
                "weights that move",
            ),
            (
                "feedback_gain",
                self.feedback_gain.is_some(),
                !is_moving,
                "frozen weights",
            ),
            ("temperature", self.temperature.is_some(), drawn, DRAWN),
            ("top_p", self.top_p.is_some(), drawn, DRAWN),
            (
                "feedback_noise",
                self.feedback_noise.is_some(),
                mixture,
                "models whose output is a mixture",
            ),
        ];
        match changes
            .iter()
            .find(|(_, asked, applies, _)| *asked && !applies)
        {
            Some((key, _, _, applies_to)) => Err(ResponderError::DoesNotApply { key, applies_to }),
            None => Ok(()),
        }
    }
}

/// How loud a prediction is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loudness {
    /// As loud as the seed.
    #[default]
    Seed,
    /// As the model made it.
    Model,
}

/// Which model answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelIdentity {
    /// The path or name it was loaded by.
    pub name: String,
    /// SHA-256 of its file.
    pub sha256: String,
}

/// What is asked of an answer, apart from the seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub request: Request,
    pub loudness: Loudness,
    pub output: OutputFormat,
    /// Where each seed gets a stream of random numbers of its own: what that
    /// depends on beside the seed's content and the request's random seed.
    pub stream_of: Option<String>,
    /// Longer seeds, in seconds, are not read.
    pub longest_seed: Option<f64>,
}

impl Settings {
    /// What is asked of the answer to the seed with this SHA-256.
    fn request_for(&self, seed_sha256: &str) -> Request {
        let mut request = self.request.clone();
        if let Some(what) = &self.stream_of {
            let what = format!("{seed_sha256} {what}");
            let own = u64::from_str_radix(&files::sha256(what.as_bytes())[..12], 16).unwrap_or(0);
            request.random_seed = request.random_seed.wrapping_add(own);
        }
        request
    }
}

/// Level of a sound, where 1 is full scale.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Level {
    pub peak: f32,
    pub rms: f32,
}

/// How a prediction came about: enough to make it again byte for byte, with
/// the same build on the same kind of processor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sidecar {
    /// Version of antiphon.
    pub antiphon: String,
    pub model: ModelIdentity,
    pub engine: String,
    /// The seed file's name, without its folder.
    pub seed: String,
    pub seed_sha256: String,
    pub seconds: f64,
    pub random_seed: u64,
    pub prime: Prime,
    pub answer: AnswerMode,
    /// What it began with, where the model keeps what it learns.
    pub learning: Option<LearningNotes>,
    pub train_every: usize,
    pub temperature: f64,
    pub top_p: f64,
    pub feedback_noise: f64,
    pub feedback_gain: f64,
    pub loudness: Loudness,
    /// What was wrong while it was made, and what was done about it.
    pub responses: Vec<Response>,
    /// What is wrong with it all the same.
    pub fault: Option<Fault>,
    pub format: SampleFormat,
    pub channels: u16,
    /// What was asked for: the seed's rate, the model's, or a number.
    pub rate: OutputRate,
    /// That of the file, in Hz.
    pub sample_rate: u32,
    pub seed_level: Level,
    /// Level of the prediction as the model made it.
    pub prediction_level: Level,
    /// What it was multiplied by to be as loud as the seed.
    pub gain: f32,
    /// What the prediction was multiplied by to stay below full scale.
    pub scaled_by: Option<f32>,
    pub timings: Timings,
}

/// Why a seed has no answer.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    #[error(transparent)]
    Audio(#[from] AudioError),
    #[error("{}: {cause}", path.display())]
    Generate { path: PathBuf, cause: GenerateError },
    #[error(
        "{}: the model's prediction is broken ({fault}; made again: {responses} times); train it \
         longer, or differently", path.display()
    )]
    Broken {
        path: PathBuf,
        fault: Fault,
        responses: usize,
    },
}

/// Why there is no responder.
#[derive(Debug, thiserror::Error)]
pub enum ResponderError {
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Changes(#[from] HyperparametersError),
    #[error(
        "\"{key}\" applies to {applies_to}, and changes nothing in this model's answers; leave it out"
    )]
    DoesNotApply {
        key: &'static str,
        applies_to: &'static str,
    },
    #[error(
        "{name} keeps no training audio, so that its weights cannot move; train it with \
         \"answer\": \"moving\", or let it answer frozen"
    )]
    NothingKept { name: String },
    #[error("weights move in the native engine only; choose it, or let the model answer frozen")]
    MovingElsewhere,
    #[error("the training audio that {name} keeps: {cause}")]
    KeptAudio { name: String, cause: TooShort },
    #[error(transparent)]
    Learning(#[from] LearningError),
    #[error(
        "{name} answers with frozen weights, which learn nothing; only moving ones can be kept"
    )]
    NothingLearned { name: String },
}

impl Responder {
    /// Loads the model whose ONNX file is `bytes`, known as `name`, into an engine.
    pub fn new(
        name: &str,
        bytes: &[u8],
        kind: EngineKind,
        changes: &Changes,
        threads: usize,
    ) -> Result<Responder, ResponderError> {
        let mut model = TrainedModel::from_bytes(bytes, Path::new(name))?;
        let trained_with = model.hyperparameters.clone();
        changes.apply(&mut model.hyperparameters)?;
        changes.check(&model.hyperparameters)?;
        let way = match (model.hyperparameters.answer, kind) {
            (AnswerMode::Frozen, EngineKind::Native) => {
                Way::Frozen(Box::new(Native::new(model.network.clone(), threads)))
            }
            (AnswerMode::Frozen, EngineKind::OnnxRuntime) => {
                let architecture = model.network.architecture();
                Way::Frozen(Box::new(OnnxRuntime::new(bytes, architecture, threads)?))
            }
            (AnswerMode::Moving, EngineKind::Native) => Way::Moving(kept_audio(&model, name)?),
            (AnswerMode::Moving, EngineKind::OnnxRuntime) => {
                return Err(ResponderError::MovingElsewhere);
            }
        };
        Ok(Responder {
            identity: ModelIdentity {
                name: name.to_owned(),
                sha256: files::sha256(bytes),
            },
            model,
            trained_with,
            way,
            learning: None,
            threads,
        })
    }

    /// Begins with what `file` says the model learned by earlier answers, if there
    /// is such a file, and keeps there what it learns by those to come, each
    /// of which begins where the last one ended. With `from_seeds` it learns from
    /// its seeds as well.
    pub fn keep_learning(
        mut self,
        file: &Path,
        from_seeds: bool,
    ) -> Result<Responder, ResponderError> {
        let name = &self.identity.name;
        let Way::Moving(dataset) = &mut self.way else {
            return Err(ResponderError::NothingLearned { name: name.clone() });
        };
        let model = &mut self.model;
        let learning = Learning::begin(file, from_seeds, &self.trained_with, model)?;
        *dataset = kept_audio(model, name)?;
        self.learning = Some(learning);
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
        match &self.way {
            Way::Frozen(engine) => engine.name(),
            Way::Moving(_) => EngineKind::Native.name(),
        }
    }

    /// Answers a short noise, so that a model that cannot answer is found out
    /// before a seed comes, and the first seed waits for nothing.
    pub fn warm(&mut self) -> Result<(), GenerateError> {
        let sample_rate = self.model.hyperparameters.sample_rate;
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
            may_go_back: false,
        };
        let source = TrainingAudio {
            file: "noise".to_owned(),
            seconds: seed.seconds(),
            sha256: String::new(),
        };
        self.predict(&seed, &source, &request, &mut |_| ControlFlow::Continue(()))?;
        Ok(())
    }

    /// Answers the file `seed` with the file `output`, which is written in
    /// place and synced. `progress` is [`generate`]'s.
    pub fn answer(
        &mut self,
        seed: &Path,
        output: &Path,
        settings: &Settings,
        progress: &mut dyn FnMut(f64) -> ControlFlow<()>,
    ) -> Result<Sidecar, AnswerError> {
        let sample_rate = self.model.hyperparameters.sample_rate;
        let audio::Source {
            signal,
            sha256,
            facts,
            ..
        } = audio::load_at_most(seed, sample_rate, settings.longest_seed)?;
        let rate = settings.output.sample_rate(facts.sample_rate, sample_rate);
        settings
            .output
            .check(output, settings.request.seconds, rate)?;
        let request = settings.request_for(&sha256);
        let source = TrainingAudio {
            file: readable(seed.file_name().unwrap_or_default()),
            sha256,
            seconds: signal.seconds(),
        };
        let (mut prediction, lesson) =
            self.predict(&signal, &source, &request, progress)
                .map_err(|cause| AnswerError::Generate {
                    path: seed.to_owned(),
                    cause,
                })?;
        if let Some(fault) = prediction.fault {
            if fault.is_broken() {
                return Err(AnswerError::Broken {
                    path: seed.to_owned(),
                    fault,
                    responses: prediction.responses.len(),
                });
            }
            tracing::warn!(
                "{}: the prediction is a {fault} in part or whole",
                seed.display()
            );
        }
        let prediction_level = Level::of(&prediction.signal);
        let gain = match settings.loudness {
            Loudness::Model => 1.0,
            Loudness::Seed => (guard::level(&signal) / guard::level(&prediction.signal)) as f32,
        };
        for sample in &mut prediction.signal.samples {
            *sample *= gain;
        }
        let written = settings
            .output
            .write(output, &prediction.signal, request.seconds, rate)?;
        if let Some(factor) = written.scaled_by {
            tracing::warn!(
                "the prediction's peak of {:.2} was over full scale; all of it was multiplied by {factor:.3}",
                written.peak
            );
        }
        let learning = self.learning.as_ref().map(|l| l.notes().clone());
        if prediction.fault.is_none() {
            self.keep(lesson);
        }
        let hyperparameters = &self.model.hyperparameters;
        let drawing = hyperparameters.drawing();
        Ok(Sidecar {
            antiphon: env!("CARGO_PKG_VERSION").to_owned(),
            model: self.identity.clone(),
            engine: self.engine_name().to_owned(),
            seed: source.file,
            seed_sha256: source.sha256,
            seconds: request.seconds,
            random_seed: request.random_seed,
            prime: request.prime,
            answer: hyperparameters.answer,
            learning,
            train_every: hyperparameters.train_every,
            temperature: drawing.temperature,
            top_p: drawing.top_p,
            feedback_noise: drawing.feedback_noise,
            feedback_gain: drawing.feedback_gain,
            loudness: settings.loudness,
            responses: prediction.responses,
            fault: prediction.fault,
            format: settings.output.samples,
            channels: settings.output.channels.count(),
            rate: settings.output.rate,
            sample_rate: rate,
            seed_level: Level::of(&signal),
            prediction_level,
            gain,
            scaled_by: written.scaled_by,
            timings: prediction.timings,
        })
    }

    /// Predicts what follows `seed`, known as `source`; says what the model
    /// learned by it, if that is to be kept.
    fn predict(
        &mut self,
        seed: &Signal,
        source: &TrainingAudio,
        request: &Request,
        progress: &mut dyn FnMut(f64) -> ControlFlow<()>,
    ) -> Result<(Prediction, Option<Lesson>), GenerateError> {
        let lesson = self.lesson(seed, source);
        let model = &self.model;
        let dataset = match &mut self.way {
            Way::Frozen(engine) => {
                let prediction = generate(model, engine.as_mut(), seed, request, progress)?;
                return Ok((prediction, None));
            }
            Way::Moving(dataset) => lesson.as_ref().map_or(&*dataset, |l| &l.dataset),
        };
        let dataset = Dataset::clone(dataset);
        let mut moving = Moving::new(model, dataset, request.random_seed, self.threads)?;
        let prediction = generate(model, &mut moving, seed, request, progress)?;
        let Some(mut lesson) = lesson else {
            return Ok((prediction, None));
        };
        let (network, steps) = moving.end().map_err(GenerateError::Engine)?;
        lesson.model.network = network;
        lesson.model.training.steps += steps;
        Ok((prediction, Some(lesson)))
    }

    /// What the answer to `seed` teaches, where that is to be kept.
    fn lesson(&self, seed: &Signal, source: &TrainingAudio) -> Option<Lesson> {
        let (Some(learning), Way::Moving(dataset)) = (&self.learning, &self.way) else {
            return None;
        };
        let own = || Lesson {
            model: self.model.clone(),
            dataset: dataset.clone(),
        };
        if !learning.notes().from_seeds {
            return Some(own());
        }
        let mut model = self.model.clone();
        learning.hear(&mut model, seed, source.clone());
        match kept_audio(&model, &self.identity.name) {
            Ok(dataset) => Some(Lesson { model, dataset }),
            Err(cause) => {
                tracing::warn!("nothing is learned from {}: {cause}", source.file);
                Some(own())
            }
        }
    }

    /// Goes on from `lesson` with the next answer. An answer is worth more than
    /// what was learned by it: if that cannot be kept, this is only said.
    fn keep(&mut self, lesson: Option<Lesson>) {
        let (Some(learning), Some(lesson)) = (&mut self.learning, lesson) else {
            return;
        };
        match learning.keep(&lesson.model) {
            Ok(()) => {
                self.model = lesson.model;
                self.way = Way::Moving(lesson.dataset);
            }
            Err(cause) => tracing::warn!("what was learned is lost: {cause}"),
        }
    }
}

/// The training audio that `model` keeps, as it was trained on.
fn kept_audio(model: &TrainedModel, name: &str) -> Result<Box<Dataset>, ResponderError> {
    if model.kept_audio.is_empty() {
        return Err(ResponderError::NothingKept {
            name: name.to_owned(),
        });
    }
    let recording = |(samples, source): (&Vec<f32>, &TrainingAudio)| Recording {
        signal: Signal {
            samples: samples.clone(),
            sample_rate: model.hyperparameters.sample_rate,
        },
        source: source.clone(),
    };
    let recordings = model.kept_audio.iter().zip(&model.training_audio);
    let recordings = recordings.map(recording).collect();
    let dataset = Dataset::new(recordings, &model.hyperparameters.while_moving());
    dataset
        .map(Box::new)
        .map_err(|cause| ResponderError::KeptAudio {
            name: name.to_owned(),
            cause,
        })
}

impl Level {
    fn of(signal: &Signal) -> Level {
        Level {
            peak: signal.peak(),
            rms: signal.rms(),
        }
    }
}

impl Sidecar {
    /// The sidecar file's text.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("plain fields always serialise");
        text.push('\n');
        text
    }
}
