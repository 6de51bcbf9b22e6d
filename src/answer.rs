//! One seed file answered with one prediction file, and the sidecar that says
//! how: the step that `generate` and `watch` share.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::audio::write::{SampleFormat, write_wav};
use crate::audio::{self, AudioError, Signal};
use crate::files;
use crate::generate::{
    Engine, EngineError, EngineKind, GenerateError, Native, OnnxRuntime, Prime, Request, Timings,
    generate,
};
use crate::trained_model::{ModelError, TrainedModel};

/// A model in an engine, ready to answer.
pub struct Responder {
    model: TrainedModel,
    engine: Box<dyn Engine>,
    identity: ModelIdentity,
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
    pub format: SampleFormat,
    pub sample_rate: u32,
    pub seed_level: Level,
    /// Level of the prediction before any scaling.
    pub prediction_level: Level,
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
}

/// Why there is no responder.
#[derive(Debug, thiserror::Error)]
pub enum ResponderError {
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl Responder {
    /// Loads the model whose ONNX file is `bytes`, known as `name`, into an engine.
    pub fn new(
        name: &str,
        bytes: &[u8],
        kind: EngineKind,
        threads: usize,
    ) -> Result<Responder, ResponderError> {
        let model = TrainedModel::from_bytes(bytes, Path::new(name))?;
        let engine: Box<dyn Engine> = match kind {
            EngineKind::Native => Box::new(Native::new(model.network.clone(), threads)),
            EngineKind::OnnxRuntime => Box::new(OnnxRuntime::new(
                bytes,
                model.network.architecture(),
                threads,
            )?),
        };
        Ok(Responder {
            identity: ModelIdentity {
                name: name.to_owned(),
                sha256: files::sha256(bytes),
            },
            model,
            engine,
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
        self.engine.name()
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
        let engine = self.engine.as_mut();
        let prediction = generate(&self.model, engine, &signal, &settings.request, progress)
            .map_err(|cause| AnswerError::Generate {
                path: seed.to_owned(),
                cause,
            })?;
        let written = write_wav(output, &prediction.signal, settings.format)?;
        if let Some(factor) = written.scaled_by {
            tracing::warn!(
                "the prediction's peak of {:.2} was over full scale; all of it was multiplied by {factor:.3}",
                written.peak
            );
        }
        let name = seed.file_name().unwrap_or_default();
        Ok(Sidecar {
            antiphon: env!("CARGO_PKG_VERSION").to_owned(),
            model: self.identity.clone(),
            engine: self.engine.name().to_owned(),
            seed: name.to_string_lossy().into_owned(),
            seed_sha256: files::sha256(&bytes),
            seconds: settings.request.seconds,
            random_seed: settings.request.random_seed,
            prime: settings.request.prime,
            format: settings.format,
            sample_rate,
            seed_level: Level::of(&signal),
            prediction_level: Level::of(&prediction.signal),
            scaled_by: written.scaled_by,
            timings: prediction.timings,
        })
    }
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
