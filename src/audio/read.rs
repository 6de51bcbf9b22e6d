//! Reading of sound files: opened once and read once.

use std::fs::{self, File, Metadata};
use std::io::{self, BufReader, Cursor};
use std::path::Path;
use std::time::SystemTime;

use super::container::{self, Recognised};
use super::decode::{self, Decoding, Input};
use super::hashing::Hashing;
use super::mix::{Mixed, Mixer};
use super::resample::{Constant, Resampling};
use super::unreadable::Unreadable;
use super::{AudioError, Signal};

/// What a sound was like in its file.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// What its users call the format, such as "FLAC".
    pub format: &'static str,
    /// Sample rate of the file in Hz.
    pub sample_rate: u32,
    /// Number of channels in the file, at least 1.
    pub channels: u16,
    /// How they became one.
    pub mixed: Mixed,
    /// Number of samples in each channel.
    pub frames: u64,
    /// Whether the header told the true length of the sound, or said that it
    /// tells none. When it did not, what was read is all that the file holds.
    pub length_agrees: bool,
    /// How many samples, over all channels, were replaced by 0: NaN, infinite,
    /// or so large that sums of them would be.
    pub non_finite: usize,
    /// When the first of these is, in seconds.
    pub first_non_finite: Option<f64>,
    /// How many samples, over all channels, are at full scale (0.999 and beyond).
    pub clipped: usize,
    /// How many samples, over all channels, were cut off at the peak, wherever it is.
    pub at_peak: usize,
    /// Largest absolute sample of any channel, where 1 is full scale.
    pub peak: f32,
    /// What was taken from every sample, where the sound stood beside 0.
    pub dc_offset: Option<f64>,
}

impl Facts {
    /// Duration in seconds.
    pub fn seconds(&self) -> f64 {
        self.frames as f64 / f64::from(self.sample_rate)
    }
}

/// A sound file as decoded, mixed to mono at the rate of the file.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedSound {
    /// The mixed channels; full scale is ±1, all samples are finite.
    pub samples: Vec<f32>,
    /// What it was like in its file.
    pub facts: Facts,
}

impl RecordedSound {
    /// The sound, at the rate of the file.
    pub fn into_signal(self) -> Signal {
        Signal {
            samples: self.samples,
            sample_rate: self.facts.sample_rate,
        }
    }
}

/// Decodes a sound file of any rate and number of channels; a constant that
/// the sound stands beside (a DC offset) is kept.
///
/// What is read is [`FORMATS`](super::FORMATS). A data size of 0 or beyond the
/// end of the file means all that follows; a last incomplete frame is dropped.
///
/// # Errors
///
/// [`AudioError::CannotOpen`], [`CannotRead`](AudioError::CannotRead),
/// [`Changed`](AudioError::Changed), [`NotAudio`](AudioError::NotAudio),
/// [`NotRead`](AudioError::NotRead), [`BrokenHeader`](AudioError::BrokenHeader),
/// [`UnsupportedFormat`](AudioError::UnsupportedFormat),
/// [`Decoder`](AudioError::Decoder),
/// [`UnsupportedRate`](AudioError::UnsupportedRate),
/// [`Unfinished`](AudioError::Unfinished),
/// [`NoSamples`](AudioError::NoSamples), [`TooLong`](AudioError::TooLong), and
/// [`NotFinite`](AudioError::NotFinite) when not one sample is a finite number below 10¹⁰.
pub fn read(path: &Path) -> Result<RecordedSound, AudioError> {
    let (recording, _) = Opened::new(path)?.read(path, &Wanted::default())?;
    Ok(recording)
}

/// Decodes a sound file from its `bytes`; `path` is what errors call it.
///
/// # Errors
///
/// Those of [`read`], but for the first three.
pub fn read_bytes(bytes: &[u8], path: &Path) -> Result<RecordedSound, AudioError> {
    let len = bytes.len() as u64;
    read_from(&mut Cursor::new(bytes), len, &Wanted::default())
        .map_err(|unreadable| unreadable.at(path))
}

/// How many seconds the sound lasts by its header; `None` where that does not say.
///
/// # Errors
///
/// Those of [`read`] that show before anything is decoded.
pub fn declared_seconds(path: &Path) -> Result<Option<f64>, AudioError> {
    let (mut file, len) = open(path)?;
    let mut declared = || match container::recognise(&mut file, len)? {
        Recognised::Sound(kind, base) => {
            let (_, decoding) = decode::begin(&mut file, len, kind, base)?;
            let rate = f64::from(decoding.sample_rate().max(1));
            Ok(decoding.frames().map(|frames| frames as f64 / rate))
        }
        Recognised::TooShort => Err(Unreadable::NotAudio(None)),
        Recognised::Other(found) => Err(Unreadable::NotAudio(found)),
    };
    declared().map_err(|unreadable: Unreadable| unreadable.at(path))
}

/// What is made of a sound.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wanted {
    /// In Hz, and without a DC offset; `None` leaves the samples as they are.
    pub rate: Option<u32>,
    /// How many seconds it may last.
    pub at_most: Option<f64>,
}

/// A sound file that was opened to be read once.
pub(super) struct Opened {
    file: BufReader<Hashing<File>>,
    len: u64,
    pub modified: Option<SystemTime>,
}

impl Opened {
    /// Opens a regular file.
    pub fn new(path: &Path) -> Result<Self, AudioError> {
        let (file, metadata) = open_regular(path)?;
        let len = metadata.len();
        Ok(Self {
            file: BufReader::new(Hashing::new(file, len)),
            len,
            modified: metadata.modified().ok(),
        })
    }

    /// Decodes it; then it is there to be hashed.
    pub fn read(
        mut self,
        path: &Path,
        wanted: &Wanted,
    ) -> Result<(RecordedSound, Self), AudioError> {
        let recording = read_from(&mut self.file, self.len, wanted);
        // What is wrong with half a file is that it is half a file.
        self.check_unchanged(path)?;
        let recording = recording.map_err(|unreadable| unreadable.at(path))?;
        Ok((recording, self))
    }

    /// The SHA-256 of the bytes that were decoded, and of those around them,
    /// and how many they are.
    pub fn hash(self, path: &Path) -> Result<(String, u64), AudioError> {
        let Self {
            file,
            len,
            modified,
        } = self;
        let hashing = file.into_inner();
        let handle = hashing.inner().try_clone();
        let hashed = hashing
            .finish()
            .map_err(|error| Unreadable::Io(error).at(path));
        let handle = handle.map_err(|error| Unreadable::Io(error).at(path))?;
        check_unchanged(&handle, len, modified, path)?;
        Ok((hashed?, len))
    }

    fn check_unchanged(&self, path: &Path) -> Result<(), AudioError> {
        let handle = self.file.get_ref().inner();
        check_unchanged(handle, self.len, self.modified, path)
    }
}

fn check_unchanged(
    file: &File,
    len: u64,
    modified: Option<SystemTime>,
    path: &Path,
) -> Result<(), AudioError> {
    let now = file
        .metadata()
        .map_err(|error| Unreadable::Io(error).at(path))?;
    if now.len() == len && now.modified().ok() == modified {
        return Ok(());
    }
    Err(AudioError::Changed {
        path: path.to_path_buf(),
    })
}

/// Opens a regular file for its header alone.
pub(super) fn open(path: &Path) -> Result<(BufReader<File>, u64), AudioError> {
    let (file, metadata) = open_regular(path)?;
    Ok((BufReader::new(file), metadata.len()))
}

/// Opens a regular file; opening a named pipe would wait for its writer.
fn open_regular(path: &Path) -> Result<(File, Metadata), AudioError> {
    let open = || {
        if !fs::metadata(path)?.is_file() {
            return Err(io::Error::other("it is not a file"));
        }
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        Ok((file, metadata))
    };
    open().map_err(|cause| AudioError::CannotOpen {
        path: path.to_path_buf(),
        cause,
    })
}

fn read_from<S: Input>(
    source: &mut S,
    len: u64,
    wanted: &Wanted,
) -> Result<RecordedSound, Unreadable> {
    if len == 0 {
        return Err(Unreadable::NoSamples);
    }
    let (kind, base) = match container::recognise(source, len)? {
        Recognised::Sound(kind, base) => (kind, base),
        Recognised::TooShort => return Err(Unreadable::NotAudio(None)),
        Recognised::Other(found) => return Err(Unreadable::NotAudio(found)),
    };
    let mut decoded = |only| {
        let (format, decoding) = decode::begin(source, len, kind, base)?;
        Decoded::of(format, decoding, len, only, wanted)
    };
    let mut heard = decoded(None)?;
    let mut mixed = match heard.channels {
        1 => Mixed::Mono,
        _ => Mixed::Mean,
    };
    if let Some(loudest) = heard.mixer.loudest_where_cancelled() {
        // The mean is no use and the channels are gone, so they are decoded again,
        // and never held twice.
        heard.samples = Vec::new();
        heard = decoded(Some(loudest))?;
        mixed = Mixed::Loudest(u16::try_from(loudest + 1).unwrap_or(u16::MAX));
    }
    heard.into_recorded(mixed, wanted)
}

/// Samples that a file may hold whatever its length, and for each of its bytes:
/// more than the densest coding of music makes of them. A small file that says
/// it holds days would fill the memory otherwise.
const SAMPLES_OF_ANY_FILE: u64 = 1 << 26;
const SAMPLES_OF_A_BYTE: u64 = 16;

/// A sound, decoded and mixed.
struct Decoded {
    format: &'static str,
    channels: u16,
    sample_rate: u32,
    length_agrees: bool,
    mixer: Mixer,
    samples: Vec<f32>,
}

impl Decoded {
    fn of(
        format: &'static str,
        mut decoding: Box<dyn Decoding + '_>,
        len: u64,
        only: Option<usize>,
        wanted: &Wanted,
    ) -> Result<Self, Unreadable> {
        let (channels, sample_rate) = (decoding.channels(), decoding.sample_rate());
        let limit = SAMPLES_OF_ANY_FILE.saturating_add(len.saturating_mul(SAMPLES_OF_A_BYTE));
        let mut mixer = Mixer::new(channels, only);
        let mut sink = Sink::new(sample_rate, wanted);
        let allowed = wanted.at_most.map_or(u64::MAX, |seconds| {
            (seconds * f64::from(sample_rate)).ceil() as u64
        });
        let expected = decoding.frames().unwrap_or(0).min(limit).min(allowed);
        if !sink.reserve(expected) {
            return Err(Unreadable::TooLong);
        }
        let (mut interleaved, mut mono) = (Vec::new(), Vec::new());
        while decoding.next(&mut interleaved)? {
            mixer.mix(&interleaved, &mut mono);
            if let Some(seconds) = wanted.at_most.filter(|_| mixer.frames() > allowed) {
                return Err(Unreadable::LongerThan(seconds));
            }
            if sink.len() > limit || !sink.push(&mono) {
                return Err(Unreadable::TooLong);
            }
        }
        if mixer.frames() == 0 {
            return Err(Unreadable::NoSamples);
        }
        if mixer.heard_nothing_finite() {
            return Err(Unreadable::NotFinite(mixer.non_finite));
        }
        Ok(Self {
            format,
            channels,
            sample_rate,
            length_agrees: decoding.length_agrees(),
            mixer,
            samples: sink.finish(),
        })
    }

    fn into_recorded(mut self, mixed: Mixed, wanted: &Wanted) -> Result<RecordedSound, Unreadable> {
        let mixer = &self.mixer;
        let dc_offset = wanted.rate.and_then(|rate| {
            let (mean, deviation) = mixer.mean_and_deviation();
            let heard = (self.sample_rate, rate, mixer.frames());
            remove_dc(&mut self.samples, heard, mean, deviation)
        });
        let seconds = |frame: u64| frame as f64 / f64::from(self.sample_rate);
        let facts = Facts {
            format: self.format,
            sample_rate: self.sample_rate,
            channels: self.channels,
            mixed,
            frames: mixer.frames(),
            length_agrees: self.length_agrees,
            non_finite: mixer.non_finite,
            first_non_finite: mixer.first_non_finite.map(seconds),
            clipped: mixer.clipped,
            at_peak: mixer.limit.count(),
            peak: mixer.peak,
            dc_offset,
        };
        Ok(RecordedSound {
            samples: self.samples,
            facts,
        })
    }
}

/// A mean of less than this share of the sound, -60 dB, is chance.
const CHANCE: f64 = 1e-3;
/// What moves around its mean by less than this share of it is a constant with
/// rounding noise.
const CONSTANT: f64 = 1e-6;

/// Takes the mean of the sound from `samples`, which were `heard` (their rate,
/// the rate they were brought to, and how many they were) with that mean and
/// that rms around it; what was taken.
fn remove_dc(
    samples: &mut [f32],
    (from, to, taken): (u32, u32, u64),
    mean: f64,
    deviation: f64,
) -> Option<f64> {
    if mean.abs() <= CHANCE * deviation {
        return None;
    }
    let offset = mean as f32;
    if deviation < CONSTANT * mean.abs() {
        samples.fill(0.0);
    } else if from == to {
        samples.iter_mut().for_each(|sample| *sample -= offset);
    } else {
        // As if it had been taken before the rate was changed, which without it
        // begins and ends with a click.
        let constant = Constant::new(taken, from, to);
        for (index, sample) in samples.iter_mut().enumerate() {
            *sample -= offset * constant.at(index);
        }
    }
    Some(mean)
}

/// Where mixed samples go.
enum Sink {
    AsTheyAre(Vec<f32>),
    Resampled(Box<Resampling>),
}

impl Sink {
    fn new(sample_rate: u32, wanted: &Wanted) -> Self {
        match wanted.rate {
            Some(rate) if rate != sample_rate => {
                Self::Resampled(Box::new(Resampling::new(sample_rate, rate)))
            }
            _ => Self::AsTheyAre(Vec::new()),
        }
    }

    /// Makes room for what `len` samples of the file become; whether memory has it.
    fn reserve(&mut self, len: u64) -> bool {
        match self {
            Self::AsTheyAre(samples) => {
                usize::try_from(len).is_ok_and(|len| samples.try_reserve_exact(len).is_ok())
            }
            Self::Resampled(resampling) => resampling.reserve(len),
        }
    }

    /// Goes on with `mono`; whether there was memory for it.
    fn push(&mut self, mono: &[f32]) -> bool {
        match self {
            Self::AsTheyAre(samples) => {
                let room = samples.try_reserve(mono.len()).is_ok();
                if room {
                    samples.extend_from_slice(mono);
                }
                room
            }
            Self::Resampled(resampling) => {
                resampling.push(mono);
                true
            }
        }
    }

    /// How many samples there are by now.
    fn len(&self) -> u64 {
        match self {
            Self::AsTheyAre(samples) => samples.len() as u64,
            Self::Resampled(resampling) => resampling.len() as u64,
        }
    }

    fn finish(self) -> Vec<f32> {
        match self {
            Self::AsTheyAre(samples) => samples,
            Self::Resampled(resampling) => resampling.finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::write::{SampleFormat, write_wav};
    use std::io::Write;

    const AT_11025: Wanted = Wanted {
        rate: Some(11_025),
        at_most: None,
    };

    fn tone(path: &Path) {
        let signal = Signal {
            samples: (0..20_000).map(|n| (n as f32 * 0.1).sin()).collect(),
            sample_rate: 44_100,
        };
        write_wav(path, &signal, SampleFormat::Int16).unwrap();
    }

    #[test]
    fn what_is_written_while_it_is_read_is_no_recording_yet() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("take.wav");
        tone(&path);
        let opened = Opened::new(&path).unwrap();
        let mut writer = File::options().append(true).open(&path).unwrap();
        writer.write_all(&[0; 100]).unwrap();
        let refused = opened.read(&path, &AT_11025).err().unwrap();
        assert!(matches!(refused, AudioError::Changed { .. }), "{refused}");

        // Or between reading and hashing, at the same length.
        tone(&path);
        let opened = Opened::new(&path).unwrap();
        let (_, opened) = opened.read(&path, &AT_11025).unwrap();
        let later = SystemTime::now() + std::time::Duration::from_secs(5);
        let writer = File::options().write(true).open(&path).unwrap();
        writer.set_modified(later).unwrap();
        let refused = opened.hash(&path).unwrap_err();
        assert!(refused.to_string().contains("still being written"));
    }
}
