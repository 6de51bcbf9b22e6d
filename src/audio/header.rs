//! Whether a sound file is all there, going by its header.

use std::io::{self, Cursor, Read, Seek};
use std::path::Path;

use super::AudioError;
use super::container;
use super::fault::Fault;
use super::read::open;

/// Whether a sound file is all there, going by its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderCheck {
    /// The header declares no more than the file holds.
    Complete,
    /// No length is said, and none will be: what was written to a pipe, MP3, ADTS.
    /// Only its end tells.
    OpenEnded,
    /// The header declares more than the file holds, or no sound at all: the
    /// file is still being written or copied, or its writer died.
    Incomplete(Lack),
    /// No sound file that is read: what it is, where that is known, such as
    /// "an Opus file" or "a PNG picture".
    NotRecognised(Option<&'static str>),
}

/// What a file lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// It is empty, or too short to say, or begins with zeros.
    Header,
    /// It has a header and not one sample.
    Sound,
    /// Sound is there, but the size of it says 0, or no page of Ogg that it is the
    /// last: its recorder has not come to write it.
    Size,
    /// The header declares more bytes than are there.
    Rest {
        /// How many the header declares.
        declared: u64,
        /// How many there are.
        present: u64,
    },
}

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
    check(&mut file, file_len).map_err(|error| Fault::Io(error).at(path))
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

fn check<R: Read + Seek>(file: &mut R, file_len: u64) -> io::Result<HeaderCheck> {
    // A file that became shorter since its length was taken ends too early.
    match container::check(file, file_len) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Ok(HeaderCheck::Incomplete(Lack::Header))
        }
        checked => checked,
    }
}
