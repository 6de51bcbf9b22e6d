//! One seed file answered with one prediction file, and the sidecar that says
//! how: the step that `generate` and `watch` share.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::audio::write::{SampleFormat, write_wav};
use crate::audio::{self, AudioError, Signal};
use crate::files;
use crate::generate::guard::{self, Fault};
use crate::generate::{
    Engine, EngineError, EngineKind, GenerateError, Native, OnnxRuntime, Prediction, Prime,
    Request, Timings, generate,
};
use crate::hyperparameters::{AnswerMode, Hyperparameters, HyperparametersError, OutputKind};
use crate::random::stream;
use crate::train::{Dataset, Moving, Recording, TooShort};
use crate::trained_model::{ModelError, TrainedModel, TrainingAudio};

/// A model in an engine, ready to answer.
pub struct Responder {
    model: TrainedModel,
    way: Way,
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

/// What is asked of a model other than its hyperparameters say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    pub answer: Option<AnswerMode>,
    pub train_every: Option<usize>,
    pub temperature: Option<f64>,
    pub top_p: Option<f64>,
    pub feedback_noise: Option<f64>,
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
        change(&mut hyperparameters.feedback_noise, self.feedback_noise);
        hyperparameters.validate()
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

/// One attempt at a prediction that was not delivered, or not gladly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    pub random_seed: u64,
    pub fault: Fault,
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
    pub format: SampleFormat,
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
    pub train_every: usize,
    pub temperature: f64,
    pub top_p: f64,
    pub feedback_noise: f64,
    pub loudness: Loudness,
    /// Attempts before this one, and this one if something is wrong with it;
    /// each had a random seed of its own.
    pub attempts: Vec<Attempt>,
    pub format: SampleFormat,
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
    #[error("cannot read {}: {cause}", path.display())]
    Seed {
        path: PathBuf,
        cause: std::io::Error,
    },
    #[error("{}: {cause}", path.display())]
    Generate { path: PathBuf, cause: GenerateError },
    #[error(
        "{}: the model's prediction is broken ({fault}; attempts: {attempts}); train it longer, \
         or differently", path.display()
    )]
    Broken {
        path: PathBuf,
        fault: Fault,
        attempts: usize,
    },
}

/// Attempts at a prediction with nothing wrong.
const MOST_ATTEMPTS: usize = 3;
/// The random seed of an attempt lies so far from that of the one before.
const BETWEEN_RANDOM_SEEDS: u64 = 1 << 32;

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
        "{name} keeps no training audio, so that its weights cannot move; train it with \
         \"answer\": \"moving\", or let it answer frozen"
    )]
    NothingKept { name: String },
    #[error("weights move in the native engine only; choose it, or let the model answer frozen")]
    MovingElsewhere,
    #[error("the training audio that {name} keeps: {cause}")]
    KeptAudio { name: String, cause: TooShort },
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
        changes.apply(&mut model.hyperparameters)?;
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
            way,
            threads,
        })
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
        };
        self.predict(&seed, &request, &mut |_| ControlFlow::Continue(()))?;
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
        let signal = audio::load(seed, sample_rate)?;
        let bytes = std::fs::read(seed).map_err(|cause| AnswerError::Seed {
            path: seed.to_owned(),
            cause,
        })?;
        let (mut prediction, fault, attempts) = self
            .attempt(&signal, &settings.request, progress)
            .map_err(|cause| AnswerError::Generate {
                path: seed.to_owned(),
                cause,
            })?;
        if let Some(fault) = fault {
            if fault.is_broken() {
                return Err(AnswerError::Broken {
                    path: seed.to_owned(),
                    fault,
                    attempts: attempts.len(),
                });
            }
            tracing::warn!("{}: the prediction is a {fault}", seed.display());
        }
        let prediction_level = Level::of(&prediction.signal);
        let gain = match settings.loudness {
            Loudness::Model => 1.0,
            Loudness::Seed => (guard::level(&signal) / guard::level(&prediction.signal)) as f32,
        };
        for sample in &mut prediction.signal.samples {
            *sample *= gain;
        }
        let written = write_wav(output, &prediction.signal, settings.format)?;
        if let Some(factor) = written.scaled_by {
            tracing::warn!(
                "the prediction's peak of {:.2} was over full scale; all of it was multiplied by {factor:.3}",
                written.peak
            );
        }
        let name = seed.file_name().unwrap_or_default();
        let hyperparameters = &self.model.hyperparameters;
        Ok(Sidecar {
            antiphon: env!("CARGO_PKG_VERSION").to_owned(),
            model: self.identity.clone(),
            engine: self.engine_name().to_owned(),
            seed: name.to_string_lossy().into_owned(),
            seed_sha256: files::sha256(&bytes),
            seconds: settings.request.seconds,
            random_seed: settings.request.random_seed,
            prime: settings.request.prime,
            answer: hyperparameters.answer,
            train_every: hyperparameters.train_every,
            temperature: hyperparameters.temperature,
            top_p: hyperparameters.top_p,
            feedback_noise: hyperparameters.feedback_noise,
            loudness: settings.loudness,
            attempts,
            format: settings.format,
            sample_rate,
            seed_level: Level::of(&signal),
            prediction_level,
            gain,
            scaled_by: written.scaled_by,
            timings: prediction.timings,
        })
    }

    /// Predicts until nothing is wrong, or often enough: where anything is
    /// random, another random seed gives another prediction. Gives the last
    /// prediction, what is wrong with it, and all attempts that were not right.
    fn attempt(
        &mut self,
        seed: &Signal,
        request: &Request,
        progress: &mut dyn FnMut(f64) -> ControlFlow<()>,
    ) -> Result<(Prediction, Option<Fault>, Vec<Attempt>), GenerateError> {
        let hyperparameters = &self.model.hyperparameters;
        let random = hyperparameters.output != OutputKind::Value
            || hyperparameters.answer == AnswerMode::Moving;
        let mut request = request.clone();
        let mut attempts = Vec::new();
        loop {
            let prediction = self.predict(seed, &request, progress)?;
            let fault = guard::fault(&prediction.signal, seed);
            attempts.extend(fault.map(|fault| Attempt {
                random_seed: request.random_seed,
                fault,
            }));
            if fault.is_none() || !random || attempts.len() == MOST_ATTEMPTS {
                return Ok((prediction, fault, attempts));
            }
            request.random_seed = request.random_seed.wrapping_add(BETWEEN_RANDOM_SEEDS);
        }
    }

    fn predict(
        &mut self,
        seed: &Signal,
        request: &Request,
        progress: &mut dyn FnMut(f64) -> ControlFlow<()>,
    ) -> Result<Prediction, GenerateError> {
        let mut moving;
        let engine: &mut dyn Engine = match &mut self.way {
            Way::Frozen(engine) => engine.as_mut(),
            Way::Moving(dataset) => {
                let dataset = Dataset::clone(dataset);
                moving = Moving::new(&self.model, dataset, request.random_seed, self.threads)?;
                &mut moving
            }
        };
        generate(&self.model, engine, seed, request, progress)
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
    let dataset = Dataset::new(recordings, &model.hyperparameters);
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
