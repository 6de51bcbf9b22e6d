//! Sound in and out of files: a recording becomes a mono [`Signal`] at the rate
//! the program works at, and a signal becomes a WAV file.
//!
//! ```text
//! file --container, decode--> channels --mix--> mono --resample--> Signal --write--> WAV file
//!      \--hashing--> SHA-256 of the same bytes
//! ```
//!
//! - [`read`] decodes a file block by block, forgiving headers that a crashed or
//!   careless recorder left behind;
//! - [`header`] tells a complete file from one still being written;
//! - [`mix`](Mixed) makes one channel of many, also where they cancel;
//! - [`resample`](mod@resample) changes the sample rate without moving the sound in time;
//! - [`Spread`] makes two channels of one; `width` is one that needs nothing but the sound;
//! - [`write`](mod@write) writes WAV files and never clips.
//!
//! [`load`] is the whole way in.

use std::ffi::os_str::Display;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use thiserror::Error;
use tracing::{info, warn};

use crate::reel::ReelError;

mod all_passes;
mod coding;
mod container;
mod decode;
mod decoded;
mod formats;
mod hashing;
pub mod header;
mod header_check;
mod limit;
mod long_sound;
mod mix;
pub mod output;
mod pieces;
pub mod read;
mod recorded_sound;
pub mod resample;
mod sound;
mod spread;
mod unreadable;
mod width;
pub mod write;

pub use all_passes::AllPasses;
pub use formats::{FORMATS, Format, is_called_a_sound};
pub use header_check::{HeaderCheck, Lack};
pub use long_sound::LongSound;
pub use mix::Mixed;
pub use pieces::Pieces;
pub use recorded_sound::{Facts, RecordedSound};
pub use sound::Sound;
pub use spread::{Sides, Spread};

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
    /// Its length or time of change was another after reading than before.
    #[error("{} is still being written; wait until it is complete", .path.display())]
    Changed {
        /// The sound file.
        path: PathBuf,
    },
    /// No sound file that is known.
    #[error("{} is not a sound file; export the sound as WAV, AIFF or FLAC", .path.display())]
    NotAudio {
        /// The file.
        path: PathBuf,
    },
    /// Something else, or sound of a kind that is not read.
    #[error("{} is {found}, which is not read; export the sound as WAV, AIFF or FLAC", .path.display())]
    NotRead {
        /// The file.
        path: PathBuf,
        /// What it is, such as "an Opus file".
        found: &'static str,
    },
    /// A sound file whose samples are stored in a way that is not read.
    #[error(
        "{} holds {found}, which is not read; export it as WAV, AIFF or FLAC with integer or \
         float samples",
        .path.display()
    )]
    UnsupportedFormat {
        /// The sound file.
        path: PathBuf,
        /// The way its samples are stored.
        found: String,
    },
    /// A decoder panicked.
    #[error(
        "{} cannot be decoded: the decoder made a mistake ({cause}); \
         export the sound again, as WAV if it is not, and please report this file",
        .path.display()
    )]
    Decoder {
        /// The sound file.
        path: PathBuf,
        /// What the decoder said.
        cause: String,
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
    /// A file that says at its end where its sound is, and has none.
    #[error(
        "{} was never finished, or is not all there: the end that says where its sound is is \
         missing; record or export it again, and let the recorder come to its end",
        .path.display()
    )]
    Unfinished {
        /// The sound file.
        path: PathBuf,
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
    /// More than the caller allowed.
    #[error(
        "{} lasts longer than {seconds} seconds, which is the most that is read here; \
         cut the sound into shorter files",
        .path.display()
    )]
    LongerThan {
        /// The sound file.
        path: PathBuf,
        /// How many seconds were allowed.
        seconds: f64,
    },
    /// The file could not be written to its end.
    #[error("cannot write {}: {cause}; check that the folder may be written and the disk has room", .path.display())]
    CannotWrite {
        /// The sound file.
        path: PathBuf,
        /// What the system answered.
        cause: io::Error,
    },
    /// What does not fit into memory cannot be kept, or not be read again.
    #[error(transparent)]
    Reel(#[from] ReelError),
}

/// A sound file that was opened once and read once: the bytes that were decoded
/// are the bytes that were hashed.
#[derive(Clone, Debug, PartialEq)]
pub struct Source<S = Signal> {
    /// The sound, mono, at the rate asked for, without a DC offset.
    pub signal: S,
    /// The SHA-256 of the file's bytes, in hexadecimal.
    pub sha256: String,
    /// How many bytes the file holds.
    pub bytes: u64,
    /// When it was last changed.
    pub modified: Option<SystemTime>,
    /// What the sound was like in the file.
    pub facts: Facts,
}

impl Source<()> {
    fn of<S>(self, signal: S) -> Source<S> {
        Source {
            signal,
            sha256: self.sha256,
            bytes: self.bytes,
            modified: self.modified,
            facts: self.facts,
        }
    }
}

/// Loads a sound file as a mono signal at `sample_rate` Hz.
///
/// Channels are averaged, or the loudest is taken where they cancel; a DC offset
/// is taken off. NaN and infinite samples become silence with a warning, and a
/// header that does not agree with the length of the file is warned about and
/// overruled. The file need not fit into memory, only what is made of it.
///
/// # Errors
///
/// Any [`AudioError`] of [`read::read`]; [`AudioError::UnsupportedRate`] also
/// when `sample_rate` is out of range.
pub fn load(path: &Path, sample_rate: u32) -> Result<Source, AudioError> {
    let source = load_at_most(path, sample_rate, None)?;
    tell_mixed(path, &source.facts);
    Ok(source)
}

/// Loads a sound file as [`load`] does, unless it lasts longer than `seconds`.
///
/// Of what is longer no more than that is decoded, and held, whatever its header
/// says or leaves open. That channels were mixed is for whoever hears nothing else of them to
/// tell, with [`tell_mixed`].
///
/// # Errors
///
/// Those of [`load`], and [`AudioError::LongerThan`].
pub fn load_at_most(
    path: &Path,
    sample_rate: u32,
    seconds: Option<f64>,
) -> Result<Source, AudioError> {
    let wanted = decoded::Wanted {
        rate: Some(sample_rate),
        at_most: seconds,
        folder: None,
    };
    let (samples, source) = load_wanted(path, sample_rate, &wanted)?;
    let samples = samples.into_vec();
    Ok(source.of(Signal {
        samples,
        sample_rate,
    }))
}

/// Loads a sound file as [`load_at_most`] does, of any length: what does not fit into memory
/// is in a temporary file in `folder`.
///
/// # Errors
///
/// Those of [`load_at_most`], and [`AudioError::Reel`].
pub fn load_long(
    path: &Path,
    sample_rate: u32,
    seconds: Option<f64>,
    folder: &Path,
) -> Result<Source<LongSound>, AudioError> {
    let wanted = decoded::Wanted {
        rate: Some(sample_rate),
        at_most: seconds,
        folder: Some(folder),
    };
    let (samples, source) = load_wanted(path, sample_rate, &wanted)?;
    Ok(source.of(LongSound::new(samples.into_reel(), sample_rate)))
}

/// Loads what is `wanted` of a sound file, at `sample_rate`, and what is known beside it.
fn load_wanted(
    path: &Path,
    sample_rate: u32,
    wanted: &decoded::Wanted,
) -> Result<(decoded::Samples, Source<()>), AudioError> {
    check_rate(path, sample_rate)?;
    let opened = read::Opened::new(path)?;
    let modified = opened.modified;
    let (samples, facts, opened) = opened.read(path, wanted)?;
    let (sha256, bytes) = opened.hash(path)?;
    tell(path, &facts);
    if facts.sample_rate != sample_rate {
        let rate = facts.sample_rate;
        info!(
            "{}: resampled from {rate} Hz to {sample_rate} Hz",
            name(path)
        );
    }
    let source = Source {
        signal: (),
        sha256,
        bytes,
        modified,
        facts,
    };
    Ok((samples, source))
}

/// Loads a sound file at its own rate, mixed to mono, with the DC offset it has.
///
/// NaN and infinite samples become silence with a warning, and a header that
/// does not agree with the length of the file is warned about and overruled.
///
/// # Errors
///
/// Any [`AudioError`] of [`read::read`].
pub fn load_as_recorded(path: &Path) -> Result<RecordedSound, AudioError> {
    let recording = read::read(path)?;
    tell(path, &recording.facts);
    tell_mixed(path, &recording.facts);
    Ok(recording)
}

/// Tells that nothing but the mean of a recording's channels is heard, if it has several.
pub fn tell_mixed(path: &Path, facts: &Facts) {
    if facts.channels > 1 && facts.mixed == Mixed::Mean {
        info!("{}: {} channels mixed to mono", name(path), facts.channels);
    }
}

/// From this share of full scale on, -40 dB, a DC offset is worth a warning.
const WORTH_A_WARNING: f64 = 0.01;

/// From this peak on, 40 dB beyond full scale, float samples are no sound that is
/// too loud but integers as they are.
const UNITS: f32 = 100.0;

/// Bits of the integers that float samples with this peak seem to be.
fn units(peak: f32) -> Option<i32> {
    let fits = |bits: &i32| f64::from(peak) <= 2_f64.powi(bits - 1);
    let bits = [16, 24, 32].into_iter().find(fits);
    bits.filter(|_| peak >= UNITS)
}

/// Tells whoever reads the log what is odd about a recording.
fn tell(path: &Path, facts: &Facts) {
    let name = name(path);
    if !facts.length_agrees {
        warn!("{name}: the header does not agree with the length of the file; read what is there");
    }
    if let Some(seconds) = facts.first_non_finite {
        warn!(
            "{name}: {} NaN, infinite or boundless samples replaced by silence, the first at {seconds:.3} s",
            facts.non_finite
        );
    }
    if let Mixed::Loudest(channel) = facts.mixed {
        warn!(
            "{name}: its {} channels cancel when mixed, so channel {channel} alone is heard; \
             one side is inverted: check the cable or the phase switch, or export it in mono",
            facts.channels
        );
    }
    if let Some(bits) = units(facts.peak) {
        let peak = facts.peak;
        let full = 2_f64.powi(bits - 1);
        warn!(
            "{name}: a peak of {peak:.0}, where 1 is full scale: it seems to be written in \
             {bits}-bit units; divide it by {full} where it is made, and export it again"
        );
    }
    match facts.dc_offset {
        Some(offset) if offset.abs() >= WORTH_A_WARNING => warn!(
            "{name}: a DC offset of {offset:.2} of full scale was taken off; \
             put a high-pass filter where the sound is recorded ([hip~ 5] in Pd)"
        ),
        _ => {}
    }
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
