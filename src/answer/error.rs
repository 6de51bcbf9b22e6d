//! Why there is no answer, or nobody who answers.

use std::path::PathBuf;

use super::learned::LearnedError;
use super::plan::PlanError;
use crate::audio::AudioError;
use crate::generate::guard::Fault;
use crate::generate::{EngineError, GenerateError, SettingsError};
use crate::reel::ReelError;
use crate::train::TooShort;
use crate::trained_model::ModelError;

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
    #[error("the sound that is followed: {0}")]
    Guide(AudioError),
    #[error("the plan has no variations")]
    NoVariations,
    #[error(transparent)]
    Reel(#[from] ReelError),
}

impl AnswerError {
    /// Whether other answers to the same seed may be possible.
    pub fn is_of_one_answer(&self) -> bool {
        super::set::is_of_one_answer(self)
    }

    /// Whether what does not fit into memory found no room elsewhere, or is not to be read
    /// there: neither the seed nor the model has to do with it.
    pub fn is_of_temporary_files(&self) -> bool {
        matches!(
            self,
            AnswerError::Reel(_)
                | AnswerError::Audio(AudioError::Reel(_))
                | AnswerError::Guide(AudioError::Reel(_))
                | AnswerError::Generate {
                    cause: GenerateError::Reel(_),
                    ..
                }
        )
    }
}

/// Why there is no voice.
#[derive(Debug, thiserror::Error)]
pub enum VoiceError {
    #[error("variation {number}: {cause}")]
    Variation {
        number: usize,
        cause: Box<VoiceError>,
    },
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error("no model is named; say which with --model, or \"model\" in the plan")]
    NoModel,
    #[error("{what}")]
    Model { what: String },
    #[error(transparent)]
    Responder(#[from] ResponderError),
    #[error("the model {name} does not answer: {cause}")]
    DoesNotAnswer { name: String, cause: GenerateError },
    #[error("{} is no file; a guide file is a sound that is followed", path.display())]
    NoGuide { path: PathBuf },
    #[error(
        "a guide file changes nothing in answers that follow nothing (\"follow\" is 0); leave \
         one of them out"
    )]
    NothingFollows,
    #[error(
        "what several variations learn is not kept; leave out --keep-learning, or the variations"
    )]
    SeveralLearn,
}

/// Why there is no responder.
#[derive(Debug, thiserror::Error)]
pub enum ResponderError {
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Settings(#[from] SettingsError),
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
    Learned(#[from] LearnedError),
    #[error(
        "{name} answers with frozen weights, which learn nothing; only moving ones can be kept"
    )]
    NothingLearned { name: String },
}
