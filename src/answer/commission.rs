//! What is asked of an answer, apart from the seed.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::ending::{Ending, EndingKind};
use crate::audio::output::OutputFormat;
use crate::files;
use crate::generate::{Prime, Request};

/// The longest answer that anybody can ask for, in seconds.
pub const LONGEST_ANSWER: f64 = 3600.0;

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

/// How long an answer is to be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Length {
    /// This many seconds.
    Seconds(f64),
    /// This many times as long as the seed.
    Times(f64),
}

impl Length {
    /// In seconds, of the answer to a seed that lasts `seed` seconds.
    pub fn beside(self, seed: f64) -> f64 {
        match self {
            Length::Seconds(seconds) => seconds,
            Length::Times(times) => (times * seed).min(LONGEST_ANSWER),
        }
    }
}

/// What is asked of an answer, apart from the seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Commission {
    pub length: Length,
    /// Seed of everything random in the answer.
    pub random_seed: u64,
    pub prime: Prime,
    /// Seconds of the seed's end that are played; none for what the network remembers.
    pub prime_seconds: Option<f64>,
    /// Whether sampling goes back from what is wrong.
    pub may_go_back: bool,
    /// A sound file that is followed instead of the seed.
    pub guide_file: Option<PathBuf>,
    pub ending: Ending,
    pub loudness: Loudness,
    pub output: OutputFormat,
    /// Where each seed gets a stream of random numbers of its own: what that
    /// depends on beside the seed's content and the random seed.
    pub stream_of: Option<String>,
    /// Longer seeds, in seconds, are not read.
    pub longest_seed: Option<f64>,
}

impl Default for Commission {
    /// What an answer is like of which nothing is said.
    fn default() -> Commission {
        Commission {
            length: Length::Seconds(10.0),
            random_seed: 0,
            prime: Prime::Seed,
            prime_seconds: None,
            may_go_back: true,
            guide_file: None,
            ending: Ending::new(EndingKind::Phrase, None),
            loudness: Loudness::Seed,
            output: OutputFormat::default(),
            stream_of: None,
            longest_seed: None,
        }
    }
}

impl Commission {
    /// What is asked of the answer to the seed with this SHA-256, which lasts `seconds`.
    pub(super) fn request_for(&self, seed_sha256: &str, seconds: f64) -> Request {
        let mut random_seed = self.random_seed;
        if let Some(what) = &self.stream_of {
            let what = format!("{seed_sha256} {what}");
            let own = u64::from_str_radix(&files::sha256(what.as_bytes())[..12], 16).unwrap_or(0);
            random_seed = random_seed.wrapping_add(own);
        }
        Request {
            seconds: self.length.beside(seconds),
            random_seed,
            prime: self.prime,
            prime_seconds: self.prime_seconds,
            may_go_back: self.may_go_back,
        }
    }

    /// What has to be made so that `request` can be answered with this ending.
    pub(super) fn to_make(&self, request: &Request) -> Request {
        Request {
            seconds: self.ending.to_make(request.seconds),
            ..request.clone()
        }
    }
}
