//! A set: all answers of a plan to one seed, in a folder of their own.
//!
//! ```text
//! theme.wav   the seed
//! 01.wav      the first answer
//! 01.json     how it came about
//! …
//! set.json    which answer is what
//! ```

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::AnswerError;
use super::sidecar::Sidecar;
use super::step::Step;
use super::voice::{Occasion, Voice};
use crate::audio::write::{SampleFormat, write_wav};
use crate::audio::{self, AudioError, header};
use crate::files;
use crate::generate::{GenerateError, Pace};

/// The seed, in a set's folder.
pub const THEME: &str = "theme.wav";
/// What says which answer is what, in a set's folder.
pub const SET: &str = "set.json";

/// Seconds that a seed is taken to last of which that is not known at once: how far the
/// answers to it have come is reckoned with it.
const USUAL_SECONDS: f64 = 10.0;

/// What a set's `set.json` says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SetNotes {
    /// Version of antiphon.
    pub antiphon: String,
    /// The voice that answered, where it has a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice: Option<String>,
    /// The seed file's name, without its folder.
    pub seed: String,
    pub seed_sha256: String,
    /// The seed's file in the set.
    pub theme: String,
    /// In the order of the plan.
    pub variations: Vec<VariationNotes>,
}

/// What is said of one answer of a set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VariationNotes {
    pub number: usize,
    /// Its file and its length in seconds; none where it could not be made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Why it could not be made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
    /// What the plan asks of it.
    pub asked: Value,
}

/// Which answer of a set is being made, and what is told of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Turn {
    /// From 1 on.
    pub number: usize,
    pub of: usize,
    /// What was heard, once; which share of the whole set is made.
    pub step: Step,
}

impl Voice {
    /// Answers the file `seed` with a set in `folder`, which is made anew; all in it is
    /// synced. An answer that a model cannot give is said in `set.json`, and the others
    /// are made.
    ///
    /// # Errors
    /// Those of [`Voice::answer`], where nothing can be answered, nothing can be
    /// written, or `tell` stops it.
    pub fn answer_with_set(
        &mut self,
        seed: &Path,
        folder: &Path,
        occasion: &Occasion,
        tell: &mut dyn FnMut(Turn) -> ControlFlow<()>,
    ) -> Result<SetNotes, AnswerError> {
        make_anew(folder).map_err(|cause| cannot_write(folder, cause))?;
        let of = self.parts.len();
        let seconds = header::seconds_of_wav(seed).unwrap_or(USUAL_SECONDS);
        let mut pace = Pace::new(Instant::now(), &self.expected(seconds));
        let (mut variations, mut first, mut last_failure) = (Vec::new(), None, None);
        for n in 0..of {
            let number = n + 1;
            let mut tell = |step| tell(Turn { number, of, step });
            let tell = &mut |step| match step {
                Step::Heard(_) if n > 0 => ControlFlow::Continue(()),
                Step::Heard(_) => tell(step),
                Step::Share(share) => tell(Step::Share(pace.share(n, share, 1.0 - share))),
            };
            match self.variation(n, seed, folder, occasion, tell) {
                Ok(sidecar) => {
                    variations.push(self.made(n, &sidecar));
                    first.get_or_insert(sidecar);
                }
                Err(error) if is_of_one_answer(&error) => {
                    tracing::warn!("variation {number}: {error}");
                    variations.push(self.failed(n, &error));
                    last_failure = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        let Some(first) = first else {
            return Err(last_failure.unwrap_or(AnswerError::NoVariations));
        };
        let notes = SetNotes {
            antiphon: first.antiphon,
            voice: first.voice,
            seed: first.seed,
            seed_sha256: first.seed_sha256,
            theme: THEME.to_owned(),
            variations,
        };
        write_theme(seed, &folder.join(THEME))?;
        let text = as_text(&notes);
        write(&folder.join(SET), text.as_bytes())?;
        files::sync_folder(folder).map_err(|cause| cannot_write(folder, cause))?;
        Ok(notes)
    }

    /// Writes the `n`th answer and its sidecar.
    fn variation(
        &mut self,
        n: usize,
        seed: &Path,
        folder: &Path,
        occasion: &Occasion,
        tell: &mut dyn FnMut(Step) -> ControlFlow<()>,
    ) -> Result<Sidecar, AnswerError> {
        let output = folder.join(self.file(n, "wav"));
        let answered = self.play(n, seed, &output, occasion, tell);
        let sidecar = answered.inspect_err(|_| {
            // There may be nothing to remove.
            let _ = fs::remove_file(&output);
        })?;
        write(
            &folder.join(self.file(n, "json")),
            sidecar.to_json().as_bytes(),
        )?;
        Ok(sidecar)
    }

    /// `01.wav` of the first of a few, `001.wav` of the first of hundreds.
    fn file(&self, n: usize, extension: &str) -> String {
        let digits = self.parts.len().to_string().len().max(2);
        format!("{:0digits$}.{extension}", n + 1)
    }

    fn made(&self, n: usize, sidecar: &Sidecar) -> VariationNotes {
        VariationNotes {
            file: Some(self.file(n, "wav")),
            seconds: Some(sidecar.lasts),
            model: Some(sidecar.model.name.clone()),
            failed: None,
            ..self.notes(n)
        }
    }

    fn failed(&self, n: usize, error: &AnswerError) -> VariationNotes {
        VariationNotes {
            failed: Some(error.to_string()),
            ..self.notes(n)
        }
    }

    fn notes(&self, n: usize) -> VariationNotes {
        VariationNotes {
            number: n + 1,
            file: None,
            seconds: None,
            model: None,
            failed: None,
            asked: serde_json::to_value(&self.parts[n].wishes).unwrap_or_default(),
        }
    }
}

/// Whether other answers to the same seed may be possible.
fn is_of_one_answer(error: &AnswerError) -> bool {
    match error {
        AnswerError::Broken { .. } => true,
        AnswerError::Generate { cause, .. } => {
            !matches!(cause, GenerateError::Stopped | GenerateError::SilentSeed)
        }
        _ => false,
    }
}

/// An empty folder, whatever was left there by one who was interrupted.
fn make_anew(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => files::make_folder(folder),
    }
}

/// Puts the sound of `seed` into the WAV file `theme`: its bytes, where it is such a file.
fn write_theme(seed: &Path, theme: &Path) -> Result<(), AnswerError> {
    if header::seconds_of_wav(seed).is_some() {
        return files::copy(seed, theme).map_err(|cause| cannot_write(theme, cause));
    }
    let sound = audio::load_as_recorded(seed)?.into_signal();
    write_wav(theme, &sound, SampleFormat::Float32)?;
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), AnswerError> {
    files::write(path, bytes).map_err(|cause| cannot_write(path, cause))
}

fn cannot_write(path: &Path, cause: io::Error) -> AnswerError {
    let path = path.to_owned();
    AudioError::CannotWrite { path, cause }.into()
}

fn as_text(notes: &SetNotes) -> String {
    let mut text = serde_json::to_string_pretty(notes).expect("plain fields always serialise");
    text.push('\n');
    text
}
