//! What is asked of an answer, apart from the seed.

use serde::{Deserialize, Serialize};

use super::ending::Ending;
use crate::audio::output::OutputFormat;
use crate::files;
use crate::generate::Request;

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

/// What is asked of an answer, apart from the seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Commission {
    pub request: Request,
    pub ending: Ending,
    pub loudness: Loudness,
    pub output: OutputFormat,
    /// Where each seed gets a stream of random numbers of its own: what that
    /// depends on beside the seed's content and the request's random seed.
    pub stream_of: Option<String>,
    /// Longer seeds, in seconds, are not read.
    pub longest_seed: Option<f64>,
}

impl Commission {
    /// What is asked of the answer to the seed with this SHA-256.
    pub(super) fn request_for(&self, seed_sha256: &str) -> Request {
        let mut request = self.request.clone();
        if let Some(what) = &self.stream_of {
            let what = format!("{seed_sha256} {what}");
            let own = u64::from_str_radix(&files::sha256(what.as_bytes())[..12], 16).unwrap_or(0);
            request.random_seed = request.random_seed.wrapping_add(own);
        }
        request
    }

    /// What has to be made so that `request` can be answered with this ending.
    pub(super) fn to_make(&self, request: &Request) -> Request {
        Request {
            seconds: self.ending.to_make(request.seconds),
            ..request.clone()
        }
    }
}
