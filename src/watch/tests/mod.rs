//! The promise, tried with all that can happen to a job and to its folders.

mod arrivals;
mod claiming;
mod company;
mod gallery;
mod progress;
mod promise;
mod sets;
mod studio;
mod voices;

use std::fs;
use std::io::{self, Cursor};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use super::Setup;
use super::answers::{Answer, Answers, Made, NoAnswer, Order, VariationMade};
use super::reload::AnswerSource;
use super::retention::{ALL, Retention};
use super::worker::Terms;
use crate::answer::Step;
use crate::audio::Signal;
use crate::audio::write::{SampleFormat, encode_wav};
use crate::files;
use crate::system::stamp::Stamp;

/// Answers a text with a sound that depends on the text and on its own random
/// numbers, unless the text says that it is broken; a text about a set with three of
/// them in a set.
struct Parrot;

impl Answers for Parrot {
    fn answer(
        &mut self,
        order: &Order,
        _: &mut dyn FnMut(Step) -> ControlFlow<()>,
    ) -> Result<Answer, NoAnswer> {
        let text = fs::read(order.seed).map_err(|_| NoAnswer::Gone)?;
        if text.starts_with(b"broken") {
            return Err(NoAnswer::Seed("it is broken".to_owned()));
        }
        let made = match text.starts_with(b"set") {
            true => echo_in_a_set(&text, order),
            false => echo(&text, order),
        };
        Ok(Answer {
            seed_sha256: files::sha256(&text),
            made: made.map_err(|error| NoAnswer::Machine(error.to_string()))?,
        })
    }
}

/// How `root` is watched by tests that run the whole of it.
fn setup(root: &Path) -> Setup {
    Setup {
        root: root.to_owned(),
        existing: false,
        terms: terms(),
        patience: Duration::from_millis(50),
        retention: Retention {
            done: ALL,
            predictions: ALL,
            failed: ALL,
        },
        free_space_floor: 0,
    }
}

/// There is nothing else that answers.
struct Nothing;

impl AnswerSource for Nothing {
    fn load(&self) -> Result<Box<dyn Answers>, String> {
        Err("there is nothing else".to_owned())
    }

    fn stamp(&self) -> Option<Stamp> {
        None
    }
}

fn echo(text: &[u8], order: &Order) -> io::Result<Made> {
    Ok(Made::Prediction {
        sidecar: format!("{}\n", order.stream_of),
        seconds: sing(text, order.stream_of, order.prediction)?,
    })
}

/// One file after the other, as a model makes them.
fn echo_in_a_set(text: &[u8], order: &Order) -> io::Result<Made> {
    files::make_folder(order.set)?;
    sing(text, "", &order.set.join("theme.wav"))?;
    let variation = |n: usize| {
        let (file, own) = (format!("{n:02}.wav"), format!("{} {n}", order.stream_of));
        let seconds = sing(text, &own, &order.set.join(&file))?;
        files::write(&order.set.join(format!("{n:02}.json")), own.as_bytes())?;
        Ok(VariationMade { file, seconds })
    };
    let variations: io::Result<Vec<VariationMade>> = (1..=3).map(variation).collect();
    files::write(&order.set.join(crate::answer::SET), b"3 variations\n")?;
    Ok(Made::Set {
        variations: variations?,
    })
}

/// Writes a sound that depends on `text` and `own`; its seconds.
fn sing(text: &[u8], own: &str, output: &Path) -> io::Result<f64> {
    let bytes = text.iter().chain(own.as_bytes());
    let signal = Signal {
        samples: bytes.map(|byte| f32::from(*byte) / 256.0).collect(),
        sample_rate: 8000,
    };
    let mut wav = Cursor::new(Vec::new());
    encode_wav(&mut wav, output, &signal, SampleFormat::Int16).unwrap();
    files::write(output, wav.get_ref())?;
    Ok(signal.seconds())
}

/// What is asked of a parrot.
fn terms() -> Terms {
    Terms {
        longest_seed: None,
        max_seed_bytes: 100_000,
        deadline: Duration::from_secs(100),
        skip_silent: None,
        counts_attempts: true,
    }
}

/// In memory where possible: some tests sync many thousand times.
fn fast_folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap())
}
