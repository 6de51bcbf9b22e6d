//! Reading of sound files: opened once and read once.

use std::fs::{self, File, Metadata};
use std::io::{self, BufReader, Cursor};
use std::path::Path;
use std::time::SystemTime;

use super::AudioError;
use super::container::{self, Recognised};
use super::decode::{self, Input};
use super::decoded::{Decoded, Samples, Wanted};
use super::hashing::Hashing;
use super::mix::{self, Mixed};
use super::recorded_sound::{Facts, RecordedSound};
use super::unreadable::Unreadable;

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
    let (samples, facts, _) = Opened::new(path)?.read(path, &Wanted::default())?;
    Ok(recorded(samples, facts))
}

/// Decodes a sound file from its `bytes`; `path` is what errors call it.
///
/// # Errors
///
/// Those of [`read`], but for the first three.
pub fn read_bytes(bytes: &[u8], path: &Path) -> Result<RecordedSound, AudioError> {
    let len = bytes.len() as u64;
    let read = read_from(&mut Cursor::new(bytes), len, &Wanted::default());
    let (samples, facts) = read.map_err(|unreadable| unreadable.at(path))?;
    Ok(recorded(samples, facts))
}

/// What a sound file's header says of it.
#[derive(Clone, Copy, Debug)]
pub struct Declared {
    /// In Hz.
    pub sample_rate: u32,
    /// How many seconds the sound lasts; `None` where the header does not say.
    pub seconds: Option<f64>,
}

/// What a sound file's header says of it.
///
/// # Errors
///
/// Those of [`read`] that show before anything is decoded.
pub fn declared(path: &Path) -> Result<Declared, AudioError> {
    let (mut file, len) = open(path)?;
    let mut declared = || match container::recognise(&mut file, len)? {
        Recognised::Sound(kind, base) => {
            let (_, decoding) = decode::begin(&mut file, len, kind, base)?;
            let sample_rate = decoding.sample_rate();
            let seconds = |frames| frames as f64 / f64::from(sample_rate.max(1));
            Ok(Declared {
                sample_rate,
                seconds: decoding.frames().map(seconds),
            })
        }
        Recognised::TooShort => Err(Unreadable::NotAudio(None)),
        Recognised::Other(found) => Err(Unreadable::NotAudio(found)),
    };
    declared().map_err(|unreadable: Unreadable| unreadable.at(path))
}

/// Hands left and right of a sound file of two channels, sample beside sample, to `take`,
/// block by block at the file's rate. What is no finite number, or none of a sound's, is
/// silence.
///
/// # Errors
///
/// Those of [`read`].
pub fn each_pair(path: &Path, take: &mut dyn FnMut(&[f32])) -> Result<(), AudioError> {
    let (mut file, len) = open(path)?;
    let mut hand_over = || {
        let Recognised::Sound(kind, base) = container::recognise(&mut file, len)? else {
            return Err(Unreadable::NotAudio(None));
        };
        let (_, mut decoding) = decode::begin(&mut file, len, kind, base)?;
        if decoding.channels() != 2 {
            return Err(Unreadable::Broken(
                "it has not the two channels that it had",
            ));
        }
        let mut interleaved = Vec::new();
        while decoding.next(&mut interleaved)? {
            for sample in &mut interleaved {
                // No comparison holds for what is not a number.
                let is_sound = sample.abs() <= mix::LOUDEST;
                *sample = if is_sound { *sample } else { 0.0 };
            }
            take(&interleaved);
        }
        Ok(())
    };
    hand_over().map_err(|unreadable: Unreadable| unreadable.at(path))
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
    ) -> Result<(Samples, Facts, Self), AudioError> {
        let recording = read_from(&mut self.file, self.len, wanted);
        // What is wrong with half a file is that it is half a file.
        self.check_unchanged(path)?;
        let (samples, facts) = recording.map_err(|unreadable| unreadable.at(path))?;
        Ok((samples, facts, self))
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

fn recorded(samples: Samples, facts: Facts) -> RecordedSound {
    RecordedSound {
        samples: samples.into_vec(),
        facts,
    }
}

fn read_from<S: Input>(
    source: &mut S,
    len: u64,
    wanted: &Wanted,
) -> Result<(Samples, Facts), Unreadable> {
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
        drop(heard);
        heard = decoded(Some(loudest))?;
        mixed = Mixed::Loudest(u16::try_from(loudest + 1).unwrap_or(u16::MAX));
    }
    heard.into_recorded(mixed, wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::Signal;
    use crate::audio::write::{SampleFormat, write_wav};
    use std::io::Write;

    const AT_11025: Wanted = Wanted {
        rate: Some(11_025),
        at_most: None,
        folder: None,
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
        let (_, _, opened) = opened.read(&path, &AT_11025).unwrap();
        let later = SystemTime::now() + std::time::Duration::from_secs(5);
        let writer = File::options().write(true).open(&path).unwrap();
        writer.set_modified(later).unwrap();
        let refused = opened.hash(&path).unwrap_err();
        assert!(refused.to_string().contains("still being written"));
    }
}
