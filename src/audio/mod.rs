//! Sound in and out of files: a recording becomes a mono [`Signal`] at the rate
//! the program works at, and a signal becomes a WAV file.
//!
//! ```text
//! file --read--> mono samples at the file's rate --resample--> Signal --write--> WAV file
//! ```
//!
//! - [`read`] decodes WAV and AIFF, forgiving headers that a crashed or careless
//!   recorder left behind, and tells a complete file from one still being written;
//! - [`resample`](mod@resample) changes the sample rate without moving the sound in time;
//! - [`write`](mod@write) writes WAV files and never clips.
//!
//! [`load`] is the whole way in: read, mix to mono, resample.

use std::ffi::os_str::Display;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;
use tracing::{info, warn};

pub mod output;
pub mod read;
pub mod resample;
pub mod write;

/// Lowest sample rate accepted anywhere, in Hz. Below it a header is damaged
/// rather than unusual, and resampling would multiply the length without bound.
pub const MIN_SAMPLE_RATE: u32 = 1_000;

/// Highest sample rate accepted anywhere, in Hz.
pub const MAX_SAMPLE_RATE: u32 = 768_000;

/// A mono sound.
#[derive(Clone, Debug, PartialEq)]
pub struct Signal {
    /// Samples in time order; full scale is ±1, larger values are allowed.
    pub samples: Vec<f32>,
    /// Samples per second, in Hz.
    pub sample_rate: u32,
}

impl Signal {
    /// Duration in seconds; 0 when the signal is empty.
    pub fn seconds(&self) -> f64 {
        if self.samples.is_empty() {
            return 0.0;
        }
        self.samples.len() as f64 / f64::from(self.sample_rate)
    }

    /// Largest absolute sample, where 1 is full scale; 0 when the signal is empty.
    pub fn peak(&self) -> f32 {
        self.samples.iter().fold(0.0, |peak, s| s.abs().max(peak))
    }

    /// Root mean square of the samples, where 1 is a full-scale square wave; 0
    /// when the signal is empty.
    pub fn rms(&self) -> f32 {
        if self.samples.is_empty() {
            return 0.0;
        }
        let energy: f64 = self.samples.iter().map(|s| f64::from(*s).powi(2)).sum();
        (energy / self.samples.len() as f64).sqrt() as f32
    }
}

/// What is wrong with a sound file, and what to do about it.
#[derive(Debug, Error)]
pub enum AudioError {
    #[error("changed")]
    Changed { path: PathBuf },
    /// The file is missing, forbidden or not a regular file.
    #[error("cannot open {}: {cause}; check that the file exists and may be read", .path.display())]
    CannotOpen {
        /// The sound file.
        path: PathBuf,
        /// What the system answered.
        cause: io::Error,
    },
    /// The disk or the network failed halfway.
    #[error("cannot read {}: {cause}; check the disk it is on", .path.display())]
    CannotRead {
        /// The sound file.
        path: PathBuf,
        /// What the system answered.
        cause: io::Error,
    },
    /// Neither a WAV nor an AIFF file.
    #[error("{} is not a WAV or AIFF file; export the sound as one of these", .path.display())]
    NotAudio {
        /// The file.
        path: PathBuf,
    },
    /// A WAV or AIFF file whose samples are stored in a way that is not read.
    #[error(
        "{} holds {found}, which is not read; export it as WAV or AIFF with \
         8, 16, 24 or 32-bit integer or 32 or 64-bit float samples",
        .path.display()
    )]
    UnsupportedFormat {
        /// The sound file.
        path: PathBuf,
        /// The way its samples are stored.
        found: String,
    },
    /// The header contradicts itself or ends too early.
    #[error("{} has a broken header: {problem}; export the sound again", .path.display())]
    BrokenHeader {
        /// The sound file.
        path: PathBuf,
        /// What the header says or lacks.
        problem: &'static str,
    },
    /// A sample rate outside [`MIN_SAMPLE_RATE`] to [`MAX_SAMPLE_RATE`].
    #[error(
        "{}: a sample rate of {rate} Hz is not one of {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} Hz; \
         use a common rate such as 44100 Hz",
        .path.display()
    )]
    UnsupportedRate {
        /// The sound file.
        path: PathBuf,
        /// The rate in Hz.
        rate: u32,
    },
    /// There is no sound in it.
    #[error("{} holds no samples; record or export the sound again", .path.display())]
    NoSamples {
        /// The sound file.
        path: PathBuf,
    },
    /// Samples that are not numbers.
    #[error(
        "{count} samples of {} are not finite numbers; \
         look for the filter or feedback that blew up where the sound was made",
        .path.display()
    )]
    NotFinite {
        /// The sound file.
        path: PathBuf,
        /// How many samples are NaN, infinite, or so large that sums of them would be.
        count: usize,
    },
    /// More than memory or the file format can hold.
    #[error("{} is too long to be held in one piece; cut the sound into shorter files", .path.display())]
    TooLong {
        /// The sound file.
        path: PathBuf,
    },
    /// The file could not be written to its end.
    #[error("cannot write {}: {cause}; check that the folder may be written and the disk has room", .path.display())]
    CannotWrite {
        /// The sound file.
        path: PathBuf,
        /// What the system answered.
        cause: io::Error,
    },
}

/// Loads a WAV or AIFF file as a mono signal at `sample_rate` Hz.
///
/// Channels are averaged. NaN and infinite samples become silence with a
/// warning, and a header that does not agree with the length of the file is
/// warned about and overruled.
///
/// # Errors
///
/// Any [`AudioError`] of [`read::read`]; [`AudioError::UnsupportedRate`] also
/// when `sample_rate` is out of range.
pub struct Source {
    pub signal: Signal,
    pub sha256: String,
    pub recording: Facts,
}
pub struct Facts {
    pub sample_rate: u32,
}
pub fn is_called_a_sound(name: &std::ffi::OsStr) -> bool {
    let e = Path::new(name).extension().map(|e| e.to_ascii_lowercase());
    e.is_some_and(|e| {
        ["wav", "aif", "aiff", "aifc", "flac", "mp3", "ogg", "opus"]
            .iter()
            .any(|k| e == *k)
    })
}
pub fn load_source(path: &Path, rate: u32) -> Result<Source, AudioError> {
    let r = read::read(path)?.sample_rate;
    Ok(Source {
        signal: load(path, rate)?,
        sha256: crate::files::sha256_of(path).unwrap(),
        recording: Facts { sample_rate: r },
    })
}
pub fn load(path: &Path, sample_rate: u32) -> Result<Signal, AudioError> {
    check_rate(path, sample_rate)?;
    let recording = load_as_recorded(path)?;
    if recording.sample_rate != sample_rate {
        info!(
            "{}: resampled from {} Hz to {sample_rate} Hz",
            name(path),
            recording.sample_rate
        );
    }
    Ok(Signal {
        samples: resample::resample(&recording.samples, recording.sample_rate, sample_rate),
        sample_rate,
    })
}

/// Loads a WAV or AIFF file at its own rate, mixed to mono.
///
/// NaN and infinite samples become silence with a warning, and a header that
/// does not agree with the length of the file is warned about and overruled.
///
/// # Errors
///
/// Any [`AudioError`] of [`read::read`].
pub fn load_as_recorded(path: &Path) -> Result<read::Recording, AudioError> {
    let recording = read::read(path)?;
    let name = name(path);
    if !recording.length_agrees {
        warn!("{name}: the header does not agree with the length of the file; read what is there");
    }
    if recording.non_finite > 0 {
        warn!(
            "{name}: {} NaN, infinite or boundless samples replaced by silence",
            recording.non_finite
        );
    }
    if recording.channels > 1 {
        info!("{name}: {} channels mixed to mono", recording.channels);
    }
    Ok(recording)
}

/// How the log calls the file at `path`.
fn name(path: &Path) -> Display<'_> {
    path.file_name().unwrap_or(path.as_os_str()).display()
}

fn check_rate(path: &Path, rate: u32) -> Result<(), AudioError> {
    if accepts_rate(rate) {
        return Ok(());
    }
    Err(AudioError::UnsupportedRate {
        path: path.to_path_buf(),
        rate,
    })
}

fn accepts_rate(rate: u32) -> bool {
    (MIN_SAMPLE_RATE..=MAX_SAMPLE_RATE).contains(&rate)
}
