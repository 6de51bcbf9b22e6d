//! A set: all answers of a plan to one seed, in a folder of their own.
//!
//! ```text
//! theme.wav   the seed
//! 01.wav      the first answer
//! 01.json     how it came about
//! …
//! set.json    which answer is what
//! slices/     if the plan asks for them: loops, one for each band of pitch
//! ```

use std::fs;
use std::io;
use std::ops::{ControlFlow, Range};
use std::path::{Path, PathBuf};
use std::time::Instant;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::AnswerError;
use super::sidecar::Sidecar;
use super::slices::{SliceNotes, slice_set};
use super::step::Step;
use super::voice::{Occasion, USUAL_SECONDS, Voice};
use crate::audio::write::{SampleFormat, write_wav};
use crate::audio::{self, AudioError, header};
use crate::files;
use crate::generate::{GenerateError, Pace};

/// The seed, in a set's folder.
pub const THEME: &str = "theme.wav";
/// What says which answer is what, in a set's folder.
pub const SET: &str = "set.json";

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
    /// What its slices were cut out of, from low to high, if the plan asks for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slices: Option<Vec<SliceNotes>>,
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
        while variations.len() < of {
            let these = self.together_from(variations.len());
            let (number, count) = (these.start + 1, these.len());
            let mut tell = |step| tell(Turn { number, of, step });
            let tell = &mut |step| match step {
                Step::Heard(_) if number > 1 => ControlFlow::Continue(()),
                Step::Heard(_) | Step::Waiting => tell(step),
                Step::Share(share) => {
                    let made = share * count as f64;
                    let nth = (made as usize).min(count - 1);
                    let share = made - nth as f64;
                    let share = pace.share(number - 1 + nth, share, 1.0 - share);
                    tell(Step::Share(share))
                }
            };
            let answered = self.variations(these.clone(), seed, folder, occasion, tell)?;
            for (n, answered) in these.zip(answered) {
                match answered {
                    Ok(sidecar) => {
                        variations.push(self.made(n, &sidecar));
                        first.get_or_insert(sidecar);
                    }
                    Err(error) if is_of_one_answer(&error) => {
                        tracing::warn!("variation {}: {error}", n + 1);
                        variations.push(self.failed(n, &error));
                        last_failure = Some(error);
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        let Some(first) = first else {
            return Err(last_failure.unwrap_or(AnswerError::NoVariations));
        };
        self.finish_set(seed, folder, variations, first)
    }

    /// Makes a set of the answers to the file `seed` that were made elsewhere and lie in
    /// `folder` with their sidecars, in the order of the plan; of one that could not be made
    /// there is the reason. All in the folder is synced.
    ///
    /// # Errors
    /// Where nothing was made, or nothing can be written.
    pub fn gather_set(
        &self,
        seed: &Path,
        folder: &Path,
        answered: &mut dyn Iterator<Item = Result<Sidecar, String>>,
    ) -> Result<SetNotes, AnswerError> {
        let (mut variations, mut first) = (Vec::new(), None);
        for (n, answered) in answered.enumerate() {
            match answered {
                Ok(sidecar) => {
                    variations.push(self.made(n, &sidecar));
                    first.get_or_insert(sidecar);
                }
                Err(reason) => variations.push(VariationNotes {
                    failed: Some(reason),
                    ..self.notes(n)
                }),
            }
        }
        let first = first.ok_or(AnswerError::NoVariations)?;
        self.finish_set(seed, folder, variations, first)
    }

    /// Writes what a set has beside its `variations`, the `first` of which was made so.
    fn finish_set(
        &self,
        seed: &Path,
        folder: &Path,
        variations: Vec<VariationNotes>,
        first: Sidecar,
    ) -> Result<SetNotes, AnswerError> {
        let notes = SetNotes {
            antiphon: first.antiphon,
            voice: first.voice,
            seed: first.seed,
            seed_sha256: first.seed_sha256,
            theme: THEME.to_owned(),
            slices: self
                .slices
                .map(|count| slice_set(folder, &variations, count))
                .transpose()?,
            variations,
        };
        write_theme(seed, &folder.join(THEME))?;
        let text = as_text(&notes);
        write(&folder.join(SET), text.as_bytes())?;
        files::sync_folder(folder).map_err(|cause| cannot_write(folder, cause))?;
        Ok(notes)
    }

    /// Writes the answers of the numbers `these` and their sidecars.
    fn variations(
        &mut self,
        these: Range<usize>,
        seed: &Path,
        folder: &Path,
        occasion: &Occasion,
        tell: &mut dyn FnMut(Step) -> ControlFlow<()>,
    ) -> Result<Vec<Result<Sidecar, AnswerError>>, AnswerError> {
        let outputs = these.clone().map(|n| folder.join(self.file(n, "wav")));
        let outputs: Vec<PathBuf> = outputs.collect();
        let answered = match outputs.as_slice() {
            [output] => vec![self.play(these.start, seed, output, occasion, tell)],
            outputs => self.play_together(these.clone(), seed, outputs, occasion, tell)?,
        };
        let sidecars: Vec<PathBuf> = these.map(|n| folder.join(self.file(n, "json"))).collect();
        let all: Vec<_> = answered.iter().zip(&outputs).zip(&sidecars).collect();
        // The disk is waited for once, more or less.
        all.par_iter().try_for_each(|((answered, output), path)| {
            match answered {
                Ok(sidecar) => write(path, sidecar.to_json().as_bytes())?,
                // There may be nothing to remove.
                Err(_) => drop(fs::remove_file(output)),
            }
            Ok::<(), AnswerError>(())
        })?;
        Ok(answered)
    }

    /// `01.wav` of the first of a few, `001.wav` of the first of hundreds.
    fn file(&self, n: usize, extension: &str) -> String {
        file_of_variation(n, self.parts.len(), extension)
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

/// What the answer of number `n`, from 0 on, is called in a set of `count`: `01.wav`, or
/// `001.wav` of hundreds.
pub fn file_of_variation(n: usize, count: usize, extension: &str) -> String {
    let digits = count.to_string().len().max(2);
    format!("{:0digits$}.{extension}", n + 1)
}

/// Whether other answers to the same seed may be possible.
pub(super) fn is_of_one_answer(error: &AnswerError) -> bool {
    match error {
        AnswerError::Broken { .. } => true,
        AnswerError::Generate { cause, .. } => !matches!(
            cause,
            GenerateError::Stopped | GenerateError::SilentSeed | GenerateError::Reel(_)
        ),
        _ => false,
    }
}

/// An empty folder, whatever was left there by one who was interrupted.
fn make_anew(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        // Not those around it: where they were taken away, none is to stand in their place.
        _ => files::make_inner_folder(folder).map(drop),
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::reel::ReelError;

    /// A set that was delivered without them would never have them.
    #[test]
    fn answers_that_found_no_room_are_not_left_out_of_a_set() {
        let refused = |cause| AnswerError::Generate {
            path: PathBuf::from("melody.wav"),
            cause,
        };
        let no_room = ReelError {
            folder: PathBuf::from("set"),
            cause: Arc::new(io::ErrorKind::StorageFull.into()),
        };
        assert!(!is_of_one_answer(&refused(GenerateError::Reel(no_room))));
        assert!(is_of_one_answer(&refused(GenerateError::NotANumber)));
    }
}
