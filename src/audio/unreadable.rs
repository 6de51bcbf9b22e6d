//! Why a sound file cannot be read, before its path is known.

use std::io;
use std::path::Path;

use super::AudioError;
use crate::reel::ReelError;

/// An [`AudioError`] without its path.
#[derive(Debug)]
pub(super) enum Unreadable {
    Io(io::Error),
    /// What it is instead, where that is known.
    NotAudio(Option<&'static str>),
    Broken(&'static str),
    Unsupported(String),
    /// A decoder's mistake: what it panicked with.
    Decoder(String),
    Rate(u32),
    /// What says where its sound is is missing.
    Unfinished,
    NoSamples,
    NotFinite(usize),
    TooLong,
    /// The seconds that were allowed.
    LongerThan(f64),
    /// What was decoded cannot be kept.
    Reel(ReelError),
}

impl Unreadable {
    /// The error of the file at `path`.
    pub fn at(self, path: &Path) -> AudioError {
        let path = path.to_path_buf();
        match self {
            Self::Io(cause) => AudioError::CannotRead { path, cause },
            Self::NotAudio(None) => AudioError::NotAudio { path },
            Self::NotAudio(Some(found)) => AudioError::NotRead { path, found },
            Self::Broken(problem) => AudioError::BrokenHeader { path, problem },
            Self::Unsupported(found) => AudioError::UnsupportedFormat { path, found },
            Self::Decoder(cause) => AudioError::Decoder { path, cause },
            Self::Rate(rate) => AudioError::UnsupportedRate { path, rate },
            Self::Unfinished => AudioError::Unfinished { path },
            Self::NoSamples => AudioError::NoSamples { path },
            Self::NotFinite(count) => AudioError::NotFinite { path, count },
            Self::TooLong => AudioError::TooLong { path },
            Self::LongerThan(seconds) => AudioError::LongerThan { path, seconds },
            Self::Reel(cause) => AudioError::Reel(cause),
        }
    }

    /// Sound that is stored in a way that is not read.
    pub fn unsupported<T>(found: impl Into<String>) -> Result<T, Self> {
        Err(Self::Unsupported(found.into()))
    }
}

impl From<io::Error> for Unreadable {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<ReelError> for Unreadable {
    fn from(error: ReelError) -> Self {
        Self::Reel(error)
    }
}
