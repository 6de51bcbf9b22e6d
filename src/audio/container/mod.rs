//! The files that sound is kept in: what they are, where the sound lies in
//! them, and whether all of it is there.
//!
//! Sizes that recorders leave behind are often not true (0, or more than there
//! is); the length of the file is trusted over what its header says.

use std::io::{self, Read, Seek, SeekFrom};

use super::coding::Encoding;
use super::fault::Fault;
use super::header::{HeaderCheck, Lack};

mod chunks;

/// A file that holds sound, as far as its first bytes tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Chunks with a tag and a size each: WAV and its relatives, AIFF.
    Chunks(chunks::Family),
}

/// What the first bytes of a file tell.
pub(super) enum Recognised {
    /// A file that is read; its container begins at this byte.
    Sound(Kind, u64),
    /// It may become one, and is too short to say.
    TooShort,
    /// It is none: what it is, where that is known.
    Other(Option<&'static str>),
}

/// Where the sound lies in a file and how it is stored.
pub(super) struct Layout {
    /// What its users call the file, such as "WAV".
    pub format: &'static str,
    /// How the sound is stored; why that is not known, where it is not.
    pub encoding: Result<Encoding, Fault>,
    /// `None` where the sound has not begun.
    pub sound: Option<Extent>,
    /// Where the file ends by the header of the whole, where it says.
    pub end: Option<u64>,
}

/// The sound's place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub start: u64,
    /// Bytes of it that are there.
    pub present: u64,
    pub size: Size,
}

/// What a header says of the sound's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Size {
    Bytes(u64),
    /// 0, though there is sound.
    Unwritten,
    /// That it is not known, as what writes to a pipe says.
    Open,
}

impl Extent {
    /// Bytes to read.
    pub fn len(self) -> u64 {
        match self.size {
            Size::Bytes(declared) => declared.min(self.present),
            Size::Unwritten | Size::Open => self.present,
        }
    }

    /// Whether the header tells the length truly, or says that it tells none.
    pub fn agrees(self) -> bool {
        match self.size {
            Size::Bytes(declared) => declared <= self.present,
            Size::Unwritten => false,
            Size::Open => true,
        }
    }
}

/// What the file is.
pub(super) fn recognise<R: Read + Seek>(file: &mut R, file_len: u64) -> io::Result<Recognised> {
    let start = beginning(file, 0, 40)?;
    if start.is_empty() || start.iter().all(|byte| *byte == 0) {
        return Ok(Recognised::TooShort);
    }
    if let Some(family) = chunks::Family::recognise(&start) {
        return Ok(Recognised::Sound(Kind::Chunks(family), 0));
    }
    let magic = [b"RIFF", b"FORM"];
    let may_become = |magic: &[u8; 4]| {
        let compared = start.len().min(4);
        start[..compared] == magic[..compared]
    };
    if file_len < 12 && magic.into_iter().any(may_become) {
        return Ok(Recognised::TooShort);
    }
    Ok(Recognised::Other(None))
}

/// Where the sound is.
pub(super) fn layout<R: Read + Seek>(
    file: &mut R,
    file_len: u64,
    kind: Kind,
    base: u64,
) -> Result<Layout, Fault> {
    match kind {
        Kind::Chunks(family) => Ok(chunks::layout(file, file_len, family, base)?),
    }
}

/// Compares what the header declares with what is there.
pub(super) fn check<R: Read + Seek>(file: &mut R, file_len: u64) -> io::Result<HeaderCheck> {
    let (kind, base) = match recognise(file, file_len)? {
        Recognised::Sound(kind, base) => (kind, base),
        Recognised::TooShort => return Ok(HeaderCheck::Incomplete(Lack::Header)),
        Recognised::Other(found) => return Ok(HeaderCheck::NotRecognised(found)),
    };
    match layout(file, file_len, kind, base) {
        Ok(layout) => Ok(check_layout(&layout, file_len)),
        Err(Fault::Io(error)) => Err(error),
        Err(_) => Ok(HeaderCheck::Incomplete(Lack::Header)),
    }
}

fn check_layout(layout: &Layout, file_len: u64) -> HeaderCheck {
    let Some(sound) = layout.sound else {
        return HeaderCheck::Incomplete(Lack::Header);
    };
    let rest = |declared, present| HeaderCheck::Incomplete(Lack::Rest { declared, present });
    match sound.size {
        Size::Bytes(0) if sound.present == 0 => HeaderCheck::Incomplete(Lack::Sound),
        Size::Open if sound.present == 0 => HeaderCheck::Incomplete(Lack::Sound),
        Size::Open => HeaderCheck::OpenEnded,
        Size::Unwritten => HeaderCheck::Incomplete(Lack::Size),
        Size::Bytes(declared) if declared > sound.present => rest(declared, sound.present),
        Size::Bytes(_) => match layout.end {
            // Many writers count a last pad byte that they do not write.
            Some(end) if end > file_len.saturating_add(1) => rest(end, file_len),
            _ => HeaderCheck::Complete,
        },
    }
}

/// Bytes that a second of the sound takes, by the header.
pub(super) fn bytes_per_second<R: Read + Seek>(file: &mut R, file_len: u64) -> Option<u64> {
    let Recognised::Sound(kind, base) = recognise(file, file_len).ok()? else {
        return None;
    };
    let layout = layout(file, file_len, kind, base).ok()?;
    Some(layout.encoding.ok()?.bytes_per_second())
}

/// Up to `len` bytes at `at`, fewer where the file ends before.
fn beginning<R: Read + Seek>(file: &mut R, at: u64, len: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(at))?;
    file.take(len).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The `N` bytes at `at`.
fn bytes_at<const N: usize, R: Read + Seek>(file: &mut R, at: u64) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}
