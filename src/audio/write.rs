//! Writing of WAV files.

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::Path;
use std::str::FromStr;

use hound::{WavSpec, WavWriter};
use serde::{Deserialize, Serialize};

use super::{AudioError, Pieces, Signal, check_rate};

/// Where the peak of a signal beyond full scale is brought: the largest sample
/// that 16 bits can hold, so that it is safe in every format.
const CEILING: f64 = 32_767.0 / 32_768.0;

/// Room for the header below the 4 GiB that a WAV file can count.
const MAX_DATA_BYTES: u64 = u32::MAX as u64 - 128;

/// How samples are stored in a WAV file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SampleFormat {
    /// 16-bit integers.
    Int16,
    /// 24-bit integers.
    #[default]
    Int24,
    /// 32-bit floating point.
    Float32,
}

impl SampleFormat {
    const ALL: [Self; 3] = [Self::Int16, Self::Int24, Self::Float32];

    fn name(self) -> &'static str {
        match self {
            Self::Int16 => "int16",
            Self::Int24 => "int24",
            Self::Float32 => "float32",
        }
    }

    fn bits(self) -> u16 {
        match self {
            Self::Int16 => 16,
            Self::Int24 => 24,
            Self::Float32 => 32,
        }
    }
}

impl fmt::Display for SampleFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that is none of the sample formats.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a sample format; choose int16, int24 or float32")]
pub struct UnknownSampleFormat(pub String);

impl FromStr for SampleFormat {
    type Err = UnknownSampleFormat;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|format| format.name() == name)
            .ok_or_else(|| UnknownSampleFormat(name.to_owned()))
    }
}

/// How a WAV file is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WavFormat {
    /// How many channels it has, at least 1.
    pub channels: u16,
    /// How its samples are stored.
    pub samples: SampleFormat,
}

impl From<SampleFormat> for WavFormat {
    /// Of one channel.
    fn from(samples: SampleFormat) -> WavFormat {
        WavFormat {
            channels: 1,
            samples,
        }
    }
}

/// What was done to a signal to write it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Written {
    /// Peak of the signal, in the channel where it is highest, where 1 is full scale.
    pub peak: f32,
    /// The factor below 1 by which every sample was multiplied because the peak
    /// was beyond full scale; `None` when the signal was written as it was.
    pub scaled_by: Option<f32>,
}

/// Writes `signal` as a WAV file, replacing what was at `path`.
///
/// A signal that peaks beyond full scale is scaled as a whole, all channels alike, to just below it,
/// in every format, and [`Written::scaled_by`] says by how much: it is never
/// clipped. Integer samples are rounded to the nearest; +1 itself, which
/// integers cannot hold, becomes the largest one. The file is on the disk when
/// this returns.
///
/// # Errors
///
/// [`AudioError::NoSamples`], [`AudioError::NotFinite`],
/// [`AudioError::UnsupportedRate`] and [`AudioError::TooLong`] (4 GiB) before
/// anything at `path` is touched; [`AudioError::CannotWrite`] when the system
/// refuses, which may leave an incomplete file behind.
pub fn write_wav(
    path: &Path,
    signal: &Signal,
    format: impl Into<WavFormat>,
) -> Result<Written, AudioError> {
    write_wav_of(path, &signal.samples[..], signal.sample_rate, format.into())
}

/// Writes the sound in `pieces`, the samples of whose channels stand beside each other, at
/// `sample_rate` Hz as a WAV file, by the rules of [`write_wav`]. It is handed over twice,
/// and never whole in memory.
///
/// # Errors
///
/// Those of [`write_wav`], and [`AudioError::Reel`].
pub fn write_wav_of(
    path: &Path,
    pieces: &(impl Pieces + ?Sized),
    sample_rate: u32,
    format: WavFormat,
) -> Result<Written, AudioError> {
    let written = prepare(path, pieces, sample_rate, format)?;
    let cannot = |cause| cannot_write(path, cause);
    let mut file = BufWriter::new(File::create(path).map_err(cannot)?);
    encode(&mut file, path, pieces, sample_rate, format, written)?;
    let file = file
        .into_inner()
        .map_err(|error| cannot(error.into_error()))?;
    file.sync_all().map_err(cannot)?;
    Ok(written)
}

/// Writes `signal` as a WAV file into `writer`, by the rules of [`write_wav`].
///
/// The writer must be empty; it is flushed at the end. Errors name
/// the sound by `path`.
///
/// # Errors
///
/// Those of [`write_wav`].
pub fn encode_wav<W: Write + Seek>(
    writer: W,
    path: &Path,
    signal: &Signal,
    format: impl Into<WavFormat>,
) -> Result<Written, AudioError> {
    let (format, rate) = (format.into(), signal.sample_rate);
    let written = prepare(path, &signal.samples[..], rate, format)?;
    encode(writer, path, &signal.samples[..], rate, format, written)?;
    Ok(written)
}

/// Refuses more `samples` of each channel than a file of `format` can hold.
///
/// # Errors
///
/// [`AudioError::TooLong`].
pub fn check_length(path: &Path, samples: u64, format: WavFormat) -> Result<(), AudioError> {
    let frame_bytes = u64::from(format.channels) * u64::from(format.samples.bits() / 8);
    match samples.checked_mul(frame_bytes) {
        Some(bytes) if bytes <= MAX_DATA_BYTES => Ok(()),
        _ => Err(AudioError::TooLong {
            path: path.to_path_buf(),
        }),
    }
}

/// Refuses what cannot be written and decides the scaling.
fn prepare(
    path: &Path,
    pieces: &(impl Pieces + ?Sized),
    sample_rate: u32,
    format: WavFormat,
) -> Result<Written, AudioError> {
    check_rate(path, sample_rate)?;
    let (mut samples, mut not_finite, mut peak) = (0, 0, 0.0);
    pieces.each(&mut |piece| {
        samples += piece.len() as u64;
        not_finite += piece.iter().filter(|s| !s.is_finite()).count();
        peak = piece.iter().fold(peak, |peak: f32, s| s.abs().max(peak));
    })?;
    let path = || path.to_path_buf();
    if samples == 0 {
        return Err(AudioError::NoSamples { path: path() });
    }
    check_length(&path(), samples / u64::from(format.channels), format)?;
    if not_finite > 0 {
        return Err(AudioError::NotFinite {
            path: path(),
            count: not_finite,
        });
    }
    Ok(Written {
        peak,
        scaled_by: (peak > 1.0).then(|| (CEILING / f64::from(peak)) as f32),
    })
}

fn encode<W: Write + Seek>(
    mut writer: W,
    path: &Path,
    pieces: &(impl Pieces + ?Sized),
    sample_rate: u32,
    format: WavFormat,
    written: Written,
) -> Result<(), AudioError> {
    let cannot = |cause| cannot_write(path, cause);
    let gain = f64::from(written.scaled_by.unwrap_or(1.0));
    let spec = wav_spec(sample_rate, format);
    let wav = WavWriter::new(&mut writer, spec).map_err(as_io_error);
    let mut wav = wav.map_err(cannot)?;
    let mut put = |sample: f32| {
        let sample = f64::from(sample) * gain;
        match format.samples {
            SampleFormat::Float32 => wav.write_sample(sample as f32),
            SampleFormat::Int16 | SampleFormat::Int24 => {
                wav.write_sample(to_integer(sample, format.samples.bits()))
            }
        }
    };
    let mut put_so_far = Ok(());
    pieces.each(&mut |piece| {
        if put_so_far.is_ok() {
            put_so_far = piece.iter().try_for_each(|sample| put(*sample));
        }
    })?;
    put_so_far.map_err(as_io_error).map_err(cannot)?;
    wav.finalize().map_err(as_io_error).map_err(cannot)?;
    pad_to_even(writer).map_err(cannot)
}

fn cannot_write(path: &Path, cause: io::Error) -> AudioError {
    AudioError::CannotWrite {
        path: path.to_path_buf(),
        cause,
    }
}

/// Adds the byte that a WAV file of odd length must end in; `hound` leaves it out.
fn pad_to_even<W: Write + Seek>(mut writer: W) -> io::Result<()> {
    let end = writer.seek(SeekFrom::End(0))?;
    if end % 2 == 1 {
        writer.write_all(&[0])?;
        writer.seek(SeekFrom::Start(4))?;
        writer.write_all(&((end + 1 - 8) as u32).to_le_bytes())?;
    }
    writer.flush()
}

fn wav_spec(sample_rate: u32, format: WavFormat) -> WavSpec {
    WavSpec {
        channels: format.channels,
        sample_rate,
        bits_per_sample: format.samples.bits(),
        sample_format: match format.samples {
            SampleFormat::Float32 => hound::SampleFormat::Float,
            SampleFormat::Int16 | SampleFormat::Int24 => hound::SampleFormat::Int,
        },
    }
}

/// Nearest integer sample to a sample within full scale.
fn to_integer(sample: f64, bits: u16) -> i32 {
    let steps = f64::from(1_i32 << (bits - 1));
    (sample * steps).round().clamp(-steps, steps - 1.0) as i32
}

fn as_io_error(error: hound::Error) -> io::Error {
    match error {
        hound::Error::IoError(error) => error,
        other => io::Error::other(other),
    }
}
