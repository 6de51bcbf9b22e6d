//! The way of recordings from files into a dataset, and what is told of it.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::dataset::{Dataset, Gathering, Recording, TooShort};
use super::inspection::{Heard, decibels, inspect, is_noise};
use crate::audio::read::Declared;
use crate::audio::{self, AudioError};
use crate::hyperparameters::Hyperparameters;
use crate::names::{printable, readable};
use crate::stereo::{StereoFrames, StereoHearing, StereoImage};
use crate::trained_model::TrainingAudio;

/// Recordings that are listed one by one.
const LISTED: usize = 20;

/// Why there is nothing to train on.
#[derive(Debug, thiserror::Error)]
pub enum RecordingsError {
    /// A file cannot be used, and it is the only one, or any fault is an error.
    #[error(transparent)]
    Audio(#[from] AudioError),
    /// A folder cannot be read.
    #[error("cannot read the folder {}: {cause}; check that it may be read", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system answered.
        cause: io::Error,
    },
    /// No file in a folder is a sound.
    #[error(
        "there is no sound to learn from in {}; put recordings in it, subfolders are not searched",
        path.display()
    )]
    EmptyFolder {
        /// The folder.
        path: PathBuf,
    },
    /// A named file or folder is not there.
    #[error("cannot open {}: {cause}; check that the file exists and may be read", path.display())]
    Missing {
        /// What was named.
        path: PathBuf,
        /// What the system answered.
        cause: io::Error,
    },
    /// Faults were found, and are not to be forgiven.
    #[error("--strict refuses {count} faults of the recordings; the first: {first}")]
    Strict {
        /// How many they are.
        count: usize,
        /// The first of them, a sentence.
        first: String,
    },
    /// Every file was left out.
    #[error("nothing is left to learn from: {first}{}", and_more(*more))]
    NothingLeft {
        /// Why the first one was, a sentence.
        first: String,
        /// How many others were.
        more: usize,
    },
    /// All recordings are too quiet to learn anything else.
    #[error(
        "no recording is louder than {peak:.0} dB, so that a model would learn their noise; record \
         them louder, or normalise them where they have no noise"
    )]
    OnlyNoise {
        /// The loudest one's, in decibels of full scale.
        peak: f64,
    },
    /// A sound that predictions are to begin with cannot be used.
    #[error("\"seed_fn_list\": {0}")]
    Seed(AudioError),
    /// There is not enough to hold out for validation.
    #[error(transparent)]
    TooShort(#[from] TooShort),
}

fn and_more(more: usize) -> String {
    match more {
        0 => String::new(),
        more => format!(" (and {more} more that cannot be used)"),
    }
}

/// How messages call the file or folder at `path`.
pub(super) fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    printable(&readable(name)).into_owned()
}

/// What the headers of recordings say, before any is read as a whole.
pub struct Headers {
    /// `None` for those that cannot be read.
    declared: Vec<Option<Declared>>,
}

impl Headers {
    /// Those of `files`.
    pub fn read(files: &[PathBuf]) -> Headers {
        let declared = files.iter().map(|path| audio::read::declared(path).ok());
        Headers {
            declared: declared.collect(),
        }
    }

    /// Lengths in seconds; 0 where a header does not say, or cannot be read.
    pub fn seconds(&self) -> Vec<f64> {
        let seconds = |declared: &Option<Declared>| declared.and_then(|declared| declared.seconds);
        let all = self.declared.iter().map(seconds);
        all.map(|seconds| seconds.unwrap_or(0.0)).collect()
    }

    /// The sampling rate in Hz that most seconds have, the higher one of two that have as
    /// many; `None` where no header can be read.
    pub fn rate(&self) -> Option<u32> {
        let mut seconds_at: BTreeMap<u32, f64> = BTreeMap::new();
        for declared in self.declared.iter().flatten() {
            *seconds_at.entry(declared.sample_rate).or_default() += declared.seconds.unwrap_or(0.0);
        }
        let most = seconds_at.into_iter().max_by(|a, b| a.1.total_cmp(&b.1));
        most.map(|(rate, _)| rate)
    }
}

/// How faults of recordings are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Care {
    /// Files that cannot be used are left out, and faults are told.
    Forgiving,
    /// Any fault is an error.
    Strict,
    /// As it was when the run began: what cannot be read any more is an error,
    /// and what was told is not told again.
    AsBefore,
}

/// Recordings that were read.
pub struct Recordings {
    /// What they became.
    pub dataset: Dataset,
    /// The files they are from.
    pub files: Vec<PathBuf>,
    /// Each one's name, length and kind.
    heard: Vec<ListEntry>,
    /// How many files were left out.
    skipped: usize,
}

struct ListEntry {
    file: String,
    seconds: f64,
    kind: String,
}

impl Recordings {
    /// A list of the recordings, a line each.
    pub fn list(&self) -> String {
        let all: f64 = self.heard.iter().map(|line| line.seconds).sum();
        let skipped = match self.skipped {
            0 => String::new(),
            n => format!(" ({n} left out)"),
        };
        let mut text = match self.heard.len() {
            1 => format!("1 recording, {}{skipped}:", length(all)),
            n => format!("{n} recordings, {} in all{skipped}:", length(all)),
        };
        let shown = self.heard.iter().take(LISTED);
        let width = shown.clone().map(|line| line.file.chars().count()).max();
        for ListEntry {
            file,
            seconds,
            kind,
        } in shown
        {
            let width = width.unwrap_or(0);
            text += &format!("\n  {file:width$}  {:>9}  {kind}", length(*seconds));
        }
        if self.heard.len() > LISTED {
            text += &format!("\n  and {} more", self.heard.len() - LISTED);
        }
        text
    }
}

/// A length as a person says it.
fn length(seconds: f64) -> String {
    match seconds {
        s if s < 120.0 => format!("{s:.2} s"),
        s if s < 7200.0 => format!("{:.1} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}

/// Sentences on what is wrong with recordings.
#[derive(Default)]
struct Faults {
    /// On what was left out.
    skipped: Vec<String>,
    /// On what is heard all the same.
    told: Vec<String>,
}

impl Faults {
    fn leave_out(&mut self, sentence: String) {
        tracing::warn!("left out: {sentence}");
        self.skipped.push(sentence);
    }

    /// Tells what is odd about the recording `file`; whether it is to be left out,
    /// which is told of unless it is the only one.
    fn inspect(&mut self, file: &str, source: &audio::Source, is_only: bool) -> bool {
        let remarks = inspect(&Heard::of(
            &source.signal.samples,
            source.signal.sample_rate,
            &source.facts,
        ));
        if let Some(silence) = remarks.iter().find(|remark| remark.is_silence()) {
            let sentence = format!("{file} is {silence}");
            match is_only {
                true => self.skipped.push(sentence),
                false => self.leave_out(sentence),
            }
            return true;
        }
        for remark in remarks {
            let sentence = format!("{file} is {remark}");
            if !remark.is_told_by_reading() {
                tracing::warn!("{sentence}");
            }
            self.told.push(sentence);
        }
        false
    }

    fn refuse(self) -> Result<(), RecordingsError> {
        let count = self.skipped.len() + self.told.len();
        match self.skipped.into_iter().chain(self.told).next() {
            Some(first) => Err(RecordingsError::Strict { count, first }),
            None => Ok(()),
        }
    }
}

impl ListEntry {
    fn of(file: String, facts: &audio::Facts) -> ListEntry {
        let channels = match facts.channels {
            1 => "mono".to_owned(),
            2 => "stereo".to_owned(),
            n => format!("{n} channels"),
        };
        ListEntry {
            file,
            seconds: facts.seconds(),
            kind: format!("{}, {} Hz, {channels}", facts.format, facts.sample_rate),
        }
    }
}

/// Reads `files` as what `hyperparameters` say the network sees, and tells what is
/// odd about them; also the sounds that predictions are to begin with.
pub fn read(
    files: &[PathBuf],
    hyperparameters: &Hyperparameters,
    care: Care,
) -> Result<Recordings, RecordingsError> {
    let mut gathering = Gathering::new(hyperparameters);
    let (mut used, mut heard) = (Vec::new(), Vec::new());
    let (mut faults, mut stereo) = (Faults::default(), StereoFrames::default());
    let mut loudest = 0.0f32;
    let (is_new, is_only) = (care != Care::AsBefore, files.len() == 1);
    for path in files {
        let source = match audio::load_at_most(path, hyperparameters.format.sample_rate, None) {
            Ok(source) => source,
            Err(cause) if !is_new || is_only => return Err(cause.into()),
            Err(cause) => {
                faults.leave_out(cause.to_string());
                continue;
            }
        };
        if is_new && faults.inspect(&name(path), &source, is_only) {
            continue;
        }
        match source.facts.is_stereo() {
            true => hear_stereo(path, &source, &mut stereo)?,
            false => audio::tell_mixed(path, &source.facts),
        }
        loudest = loudest.max(source.signal.peak());
        heard.push(ListEntry::of(name(path), &source.facts));
        used.push(path.clone());
        let seconds = source.signal.seconds();
        gathering.add(Recording {
            signal: source.signal,
            source: TrainingAudio {
                file: name(path),
                sha256: source.sha256,
                seconds,
            },
        });
    }
    let skipped = faults.skipped.len();
    if used.is_empty() {
        let first = faults.skipped.into_iter().next().unwrap_or_default();
        let more = skipped.saturating_sub(1);
        return Err(RecordingsError::NothingLeft { first, more });
    }
    if is_new && is_noise(loudest) {
        let peak = decibels(loudest);
        return Err(RecordingsError::OnlyNoise { peak });
    }
    if care == Care::Strict {
        faults.refuse()?;
    }
    let mut dataset = gathering.finish()?;
    dataset.stereo = StereoImage::learn(&stereo).map(Arc::new);
    let seeds = hyperparameters.dreams.seed_fn_list.iter();
    let seeds = seeds.map(|path| {
        audio::load(path, hyperparameters.format.sample_rate)
            .map(|source| Arc::new(source.signal.into()))
    });
    let seeds: Vec<_> = seeds
        .collect::<Result<_, _>>()
        .map_err(RecordingsError::Seed)?;
    Ok(Recordings {
        dataset: dataset.with_seeds(&seeds),
        files: used,
        heard,
        skipped,
    })
}

/// Hears in `frames` where the sound of the recording at `path` stands.
fn hear_stereo(
    path: &Path,
    source: &audio::Source,
    frames: &mut StereoFrames,
) -> Result<(), AudioError> {
    let highest = 0.5 * f64::from(source.signal.sample_rate);
    let mut hearing = StereoHearing::new(source.facts.sample_rate, highest);
    audio::read::each_pair(path, &mut |pairs| {
        hearing.push(pairs, |powers| frames.push(powers));
    })
}
