//! What a sound file's header says of the file, read without its sound.

use std::io::{self, Cursor, Read, Seek};
use std::path::Path;

pub use super::header_check::{HeaderCheck, Lack};

use super::AudioError;
use super::container;
use super::read::open;
use super::unreadable::Unreadable;

/// Compares the sizes that a sound file's header declares with the length of
/// the file, reading only headers.
///
/// A recorder that keeps its header up to date while recording looks
/// [`Complete`](HeaderCheck::Complete) at every moment, and one that died leaves
/// a file [`Incomplete`](HeaderCheck::Incomplete) forever, though
/// [`read`](super::read::read) can read it: look at the file's growth too.
///
/// # Errors
///
/// [`AudioError::CannotOpen`] and [`AudioError::CannotRead`].
pub fn header_agrees_with_length(path: &Path) -> Result<HeaderCheck, AudioError> {
    let (mut file, file_len) = open(path)?;
    check(&mut file, file_len).map_err(|error| Unreadable::Io(error).at(path))
}

/// The same of a file whose bytes are at hand.
///
/// # Errors
///
/// None that a well-made reader knows of.
pub fn header_of_bytes(bytes: &[u8]) -> io::Result<HeaderCheck> {
    check(&mut Cursor::new(bytes), bytes.len() as u64)
}

/// Bytes that a second of the sound takes in its file, by its header; `None`
/// where there is none yet.
pub fn bytes_per_second(path: &Path) -> Option<u64> {
    let (mut file, file_len) = open(path).ok()?;
    container::bytes_per_second(&mut file, file_len)
}

/// How many seconds the WAV file at `path` lasts, by its header; `None` of what is no such
/// file.
pub fn seconds_of_wav(path: &Path) -> Option<f64> {
    let reader = hound::WavReader::open(path).ok()?;
    Some(f64::from(reader.duration()) / f64::from(reader.spec().sample_rate))
}

fn check<R: Read + Seek>(file: &mut R, file_len: u64) -> io::Result<HeaderCheck> {
    // A file that became shorter since its length was taken ends too early.
    match container::check(file, file_len) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Ok(HeaderCheck::Incomplete(Lack::Header))
        }
        checked => checked,
    }
}
