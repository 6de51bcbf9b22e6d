//! The promise, tried with all that can happen to a job and to its folders.

mod arrivals;
mod gallery;
mod promise;
mod studio;

use std::fs;
use std::io::Cursor;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use super::worker::{Answer, Answers, NoAnswer, Terms};
use crate::answer::{Commission, Ending, Loudness};
use crate::audio::Signal;
use crate::audio::output::OutputFormat;
use crate::audio::write::{SampleFormat, encode_wav};
use crate::files;
use crate::generate::{Prime, Request};

/// Answers a text with a sound that depends on the text and on its own random
/// numbers, unless the text says that it is broken.
struct Parrot;

impl Answers for Parrot {
    fn answer(
        &mut self,
        seed: &Path,
        output: &Path,
        commission: &Commission,
        _: &mut dyn FnMut(f64) -> ControlFlow<()>,
    ) -> Result<Answer, NoAnswer> {
        let text = fs::read(seed).map_err(|_| NoAnswer::Gone)?;
        if text.starts_with(b"broken") {
            return Err(NoAnswer::Seed("it is broken".to_owned()));
        }
        let own = commission.stream_of.as_deref().unwrap_or_default();
        let samples = text
            .iter()
            .chain(own.as_bytes())
            .map(|b| f32::from(*b) / 256.0);
        let signal = Signal {
            samples: samples.collect(),
            sample_rate: 8000,
        };
        let mut wav = Cursor::new(Vec::new());
        encode_wav(&mut wav, output, &signal, SampleFormat::Int16).unwrap();
        files::write(output, wav.get_ref()).map_err(|e| NoAnswer::Machine(e.to_string()))?;
        let own = commission.stream_of.as_deref().unwrap_or_default();
        Ok(Answer {
            sidecar: format!("{} {own}\n", commission.request.random_seed),
            seed_sha256: files::sha256(&text),
        })
    }
}

/// What is asked of a parrot.
fn terms() -> Terms {
    Terms {
        commission: Commission {
            request: Request {
                seconds: 1.0,
                random_seed: 0,
                prime: Prime::Seed,
                may_go_back: false,
            },
            ending: Ending::default(),
            loudness: Loudness::Seed,
            output: OutputFormat::default(),
            stream_of: None,
            longest_seed: None,
        },
        max_seed_bytes: 100_000,
        deadline: Duration::from_secs(100),
    }
}

/// In memory where possible: some tests sync many thousand times.
fn fast_folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap())
}
