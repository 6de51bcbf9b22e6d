//! A prediction made again as its sidecar says, to the last byte.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::commission::{Commission, LONGEST_ANSWER, Length};
use super::error::{AnswerError, ResponderError};
use super::learned::Learned;
use super::sidecar::Sidecar;
use super::step::Step;
use super::{BUILD, Responder};
use crate::audio::output::{OutputChannels, OutputFormat};
use crate::files;
use crate::generate::{EngineKind, Playing};
use crate::system::processor::processor;

/// An answer that is made again.
pub struct Replay {
    sidecar: Sidecar,
    commission: Commission,
    responder: Responder,
}

/// What a model that keeps learning began with: its file's path and bytes.
pub type Learning<'a> = Option<(&'a Path, &'a [u8])>;

/// Why an answer is not made again.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    #[error(
        "{name} is another model than the one that answered: its SHA-256 is {sha256}, the sidecar \
         says {expected}; give that one with --model"
    )]
    OtherModel {
        name: String,
        sha256: String,
        expected: String,
    },
    #[error(
        "{} is another seed than the one that was answered: its SHA-256 is {sha256}, the sidecar \
         says {expected}; give that one with --seed", path.display()
    )]
    OtherSeed {
        path: PathBuf,
        sha256: String,
        expected: String,
    },
    #[error(
        "{} is another sound than the one that was followed: its SHA-256 is {sha256}, the sidecar \
         says {expected}; give that one with --guide-file", path.display()
    )]
    OtherGuide {
        path: PathBuf,
        sha256: String,
        expected: String,
    },
    #[error(
        "the answer began with what the model had learned by earlier ones, and learning changes \
         that; it cannot be made again without that file, of the SHA-256 {expected}: give it with \
         --learned"
    )]
    NothingLearned { expected: String },
    #[error(
        "{} is not what the model had learned when it answered: its SHA-256 is {sha256}, the \
         sidecar says {expected}", path.display()
    )]
    OtherLearned {
        path: PathBuf,
        sha256: String,
        expected: String,
    },
    #[error("the answer began with the model itself, or learned nothing; leave out --learned")]
    NeedlessLearned,
    #[error("its \"{key}\" is {value}, which no answer has")]
    Impossible { key: &'static str, value: String },
    #[error("cannot read {}: {cause}", path.display())]
    Unreadable {
        path: PathBuf,
        cause: std::io::Error,
    },
    #[error(transparent)]
    Responder(#[from] ResponderError),
    #[error(transparent)]
    Answer(#[from] AnswerError),
}

/// What may make other bytes of the same model and seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What differs.
    what: &'static str,
    /// What the sidecar says; none of a sidecar that does not say it.
    then: Option<String>,
    now: &'static str,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Difference { what, then, now } = self;
        match then {
            Some(then) => write!(f, "another {what} ({then} then, {now} now)"),
            None => write!(f, "a {what} that the sidecar does not name ({now} now)"),
        }
    }
}

impl Replay {
    /// The answer that `sidecar` describes, by the model in `bytes`, known as `name`.
    ///
    /// # Errors
    /// Another model, and what a sidecar cannot say.
    pub fn new(
        sidecar: Sidecar,
        (name, bytes): (&str, &[u8]),
        learned: Learning,
        threads: usize,
    ) -> Result<Replay, ReplayError> {
        let (sha256, expected) = (files::sha256(bytes), &sidecar.model.sha256);
        if sha256 != *expected {
            return Err(ReplayError::OtherModel {
                name: name.to_owned(),
                expected: expected.clone(),
                sha256,
            });
        }
        check_learned(&sidecar, learned)?;
        let commission = commission_of(&sidecar)?;
        let playing = Playing {
            engine: engine_of(&sidecar)?,
            precision: sidecar.precision.into(),
            provider: sidecar.provider,
        };
        let settings = sidecar.settings.clone();
        let responder = Responder::with(name, bytes, playing, |h| settings.checked(h), threads)?;
        let responder = match &sidecar.learning {
            Some(notes) => {
                responder.learning(|model| Learned::again(learned, notes.from_seeds, model))?
            }
            None => responder,
        };
        Ok(Replay {
            sidecar,
            commission,
            responder,
        })
    }

    /// Answers the file `seed` once more with the file `output`, which is written in
    /// place. `tell` hears how it gets on.
    ///
    /// # Errors
    /// Another seed, and whatever an answer can lack.
    pub fn answer(
        &mut self,
        seed: &Path,
        output: &Path,
        tell: &mut dyn FnMut(Step) -> ControlFlow<()>,
    ) -> Result<Sidecar, ReplayError> {
        let expected = self.sidecar.seed_sha256.clone();
        if let Some(sha256) = other_than(&expected, seed)? {
            let path = seed.to_owned();
            return Err(ReplayError::OtherSeed {
                path,
                sha256,
                expected,
            });
        }
        if let Some(guide) = &self.sidecar.guide_file {
            let (path, expected) = (PathBuf::from(&guide.file), guide.sha256.clone());
            if let Some(sha256) = other_than(&expected, &path)? {
                return Err(ReplayError::OtherGuide {
                    path,
                    sha256,
                    expected,
                });
            }
        }
        let answered = self
            .responder
            .answer(seed, output, &self.commission, tell)?;
        Ok(answered)
    }
}

/// The SHA-256 of the file at `path`, where that is not `expected`.
fn other_than(expected: &str, path: &Path) -> Result<Option<String>, ReplayError> {
    let sha256 = files::sha256_of(path).map_err(|cause| ReplayError::Unreadable {
        path: path.to_owned(),
        cause,
    })?;
    Ok((sha256 != expected).then_some(sha256))
}

/// What of this program and machine differs from what made the answer of `sidecar`.
pub fn differences(sidecar: &Sidecar) -> Vec<Difference> {
    let then = Some(sidecar.antiphon.clone());
    let all = [
        ("version", then, env!("CARGO_PKG_VERSION")),
        ("build", sidecar.build.clone(), BUILD),
        ("processor", sidecar.processor.clone(), processor()),
    ];
    all.into_iter()
        .filter(|(_, then, now)| then.as_deref() != Some(now))
        .map(|(what, then, now)| Difference { what, then, now })
        .collect()
}

/// Refuses what is not what the answer began with.
fn check_learned(sidecar: &Sidecar, learned: Learning) -> Result<(), ReplayError> {
    let began_with = sidecar
        .learning
        .as_ref()
        .and_then(|notes| notes.began_with.as_ref());
    match (began_with, learned) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err(ReplayError::NeedlessLearned),
        (Some(expected), None) => Err(ReplayError::NothingLearned {
            expected: expected.clone(),
        }),
        (Some(expected), Some((path, bytes))) => match files::sha256(bytes) {
            sha256 if sha256 == *expected => Ok(()),
            sha256 => Err(ReplayError::OtherLearned {
                path: path.to_owned(),
                expected: expected.clone(),
                sha256,
            }),
        },
    }
}

fn impossible(key: &'static str, value: impl ToString) -> ReplayError {
    ReplayError::Impossible {
        key,
        value: value.to_string(),
    }
}

fn engine_of(sidecar: &Sidecar) -> Result<EngineKind, ReplayError> {
    [EngineKind::Native, EngineKind::OnnxRuntime]
        .into_iter()
        .find(|kind| kind.name() == sidecar.engine)
        .ok_or_else(|| impossible("engine", &sidecar.engine))
}

/// What was asked of the answer. The random seed is the answer's own already.
fn commission_of(sidecar: &Sidecar) -> Result<Commission, ReplayError> {
    let seconds = sidecar.seconds;
    if !(seconds > 0.0 && seconds <= LONGEST_ANSWER) {
        return Err(impossible("seconds", seconds));
    }
    let fade = sidecar.ending.fade;
    if !(0.0..=LONGEST_ANSWER).contains(&fade) {
        return Err(impossible("fade", fade));
    }
    let channels = OutputChannels::try_from(sidecar.channels)
        .map_err(|_| impossible("channels", sidecar.channels))?;
    let width = sidecar.width;
    let wide = channels == OutputChannels::Two && (0.0..=1.0).contains(&width);
    if width != 0.0 && !wide {
        return Err(impossible("width", width));
    }
    Ok(Commission {
        length: Length::Seconds(seconds),
        random_seed: sidecar.random_seed,
        prime: sidecar.prime,
        prime_seconds: sidecar.prime_seconds,
        may_go_back: sidecar.may_go_back,
        guide_file: sidecar
            .guide_file
            .as_ref()
            .map(|guide| (&guide.file).into()),
        ending: sidecar.ending,
        loudness: sidecar.loudness,
        output: OutputFormat {
            rate: sidecar.rate,
            channels: Some(channels),
            width,
            samples: sidecar.format,
        },
        stream_of: None,
        longest_seed: None,
    })
}
