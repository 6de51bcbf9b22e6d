//! The files that sound is kept in: what they are, where the sound lies in
//! them, and whether all of it is there.
//!
//! Sizes that recorders leave behind are often not true (0, or more than there
//! is); the length of the file is trusted over what its header says.

use std::io::{self, Read, Seek, SeekFrom};

use super::coding::{Encoding, Ends};
use super::unreadable::Unreadable;
use super::{HeaderCheck, Lack};

mod au;
mod caf;
mod chunks;
pub(super) mod flac;
pub(super) mod mp4;
pub(super) mod mpeg;
pub(super) mod ogg;
mod unread;

/// A file that holds sound, as far as its first bytes tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Chunks with a tag and a size each: WAV and its relatives, AIFF.
    Chunks(chunks::Family),
    Au(Ends),
    Caf,
    Flac,
    Mp4,
    /// Ogg, and what is in it.
    Ogg(&'static str),
    /// MP3, and the layers that came before it.
    Mpeg,
    Adts,
}

impl Kind {
    /// What users of a format call it; of files with a [`Layout`], that knows it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Chunks(_) => "WAV",
            Self::Au(_) => "AU",
            Self::Caf => "CAF",
            Self::Flac => "FLAC",
            Self::Mp4 => "MP4",
            Self::Ogg(name) => name,
            Self::Mpeg => "MP3",
            Self::Adts => "AAC",
        }
    }
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
    pub encoding: Result<Encoding, Unreadable>,
    /// `None` where the sound has not begun.
    pub sound: Option<Extent>,
    /// Where the file ends by the header of the whole, where it says.
    pub end: Option<u64>,
}

/// The sound's place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    /// Its first byte in the file.
    pub start: u64,
    /// Bytes of it that are there.
    pub present: u64,
    /// How large it is by the header.
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

/// Tags in front of a sound that are skipped before giving up on it.
const MAX_TAGS: usize = 16;

/// What the file is.
pub(super) fn recognise<R: Read + Seek>(file: &mut R, file_len: u64) -> io::Result<Recognised> {
    let mut base = 0;
    for _ in 0..MAX_TAGS {
        let start = beginning(file, base, 64)?;
        match id3_tag(&start) {
            Some(len) => base += len,
            None if base >= file_len => return Ok(Recognised::TooShort),
            // Some programs do not count the padding of their tag as a part of it.
            None if base > 0 && start.iter().take(8).all(|byte| *byte == 0) => {
                base = end_of_zeros(file, base)?;
                let start = beginning(file, base, 64)?;
                return recognise_at(file, file_len, base, &start);
            }
            None => return recognise_at(file, file_len, base, &start),
        }
    }
    Ok(Recognised::Other(None))
}

/// Zeros behind a tag that are skipped before giving up on it.
const MAX_PADDING: u64 = 1 << 20;

fn end_of_zeros<R: Read + Seek>(file: &mut R, at: u64) -> io::Result<u64> {
    let bytes = beginning(file, at, MAX_PADDING)?;
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    Ok(at + zeros as u64)
}

/// Where the sound ends, before the tags (ID3v1, APE) that old programs add to a file.
pub(super) fn before_tags<R: Read + Seek>(file: &mut R, len: u64, base: u64) -> io::Result<u64> {
    let mut end = len;
    for _ in 0..MAX_TAGS {
        let from = end.saturating_sub(ID3V1).max(base);
        let tail = beginning(file, from, end - from)?;
        let size = if tail.len() as u64 == ID3V1 && tail.starts_with(b"TAG") {
            ID3V1
        } else {
            ape_tag(&tail).unwrap_or(0)
        };
        if size == 0 || size > end - base {
            break;
        }
        end -= size;
    }
    Ok(end)
}

/// Bytes of an ID3v1 tag.
const ID3V1: u64 = 128;
/// Bytes of an APE tag's footer, and of its header, where it has one.
const APE_FOOTER: usize = 32;

/// The length of the APE tag that ends with these bytes.
fn ape_tag(tail: &[u8]) -> Option<u64> {
    let footer = &tail[tail.len().checked_sub(APE_FOOTER)?..];
    if !footer.starts_with(b"APETAGEX") {
        return None;
    }
    let word = |at| u32::from_le_bytes(part(footer, at));
    let has_header = word(20) & 1 << 31 != 0;
    let header = if has_header { APE_FOOTER as u64 } else { 0 };
    Some(u64::from(word(12)) + header)
}

/// The length of the ID3v2 tag that these bytes begin.
fn id3_tag(start: &[u8]) -> Option<u64> {
    let [b'I', b'D', b'3', _, _, flags, size @ ..] = start else {
        return None;
    };
    let size = size.get(..4)?.iter();
    let size = size.fold(0, |size, byte| size << 7 | u64::from(byte & 0x7f));
    let footer = if flags & 0x10 != 0 { 10 } else { 0 };
    Some(10 + size + footer)
}

fn recognise_at<R: Read + Seek>(
    file: &mut R,
    file_len: u64,
    base: u64,
    start: &[u8],
) -> io::Result<Recognised> {
    let sound = |kind| Ok(Recognised::Sound(kind, base));
    // What sets the length of a file first and fills it later leaves zeros.
    if start.iter().take(16).all(|byte| *byte == 0) {
        return Ok(Recognised::TooShort);
    }
    if let Some(family) = chunks::Family::recognise(start) {
        return sound(Kind::Chunks(family));
    }
    if let Some((_, ends)) = au::MAGIC.iter().find(|(tag, _)| start.starts_with(*tag)) {
        return sound(Kind::Au(*ends));
    }
    if start.starts_with(caf::MAGIC) {
        return sound(Kind::Caf);
    }
    if start.starts_with(flac::MAGIC) {
        return sound(Kind::Flac);
    }
    if start.starts_with(ogg::MAGIC) {
        return ogg::recognise(file, base);
    }
    if mp4::recognise(start) {
        return sound(Kind::Mp4);
    }
    if may_become_sound(start) {
        return Ok(Recognised::TooShort);
    }
    if let Some(name) = unread::name(start) {
        return Ok(Recognised::Other(Some(name)));
    }
    Ok(mpeg::recognise(file, file_len, base)?.unwrap_or(Recognised::Other(None)))
}

/// Whether a file that has only just begun could still become a sound file.
fn may_become_sound(start: &[u8]) -> bool {
    let magic: [&[u8]; 11] = [
        b"RIFF", b"RIFX", b"RF64", b"BW64", b"FORM", b".snd", b"dns.", b"caff", b"fLaC", b"OggS",
        b"ID3",
    ];
    let begins = |magic: &&[u8]| {
        let compared = start.len().min(magic.len());
        start[..compared] == magic[..compared]
    };
    let whole = if start.starts_with(b"riff") { 40 } else { 12 };
    start.len() < whole && (magic.iter().any(begins) || begins(&&b"riff"[..]))
        || start.len() < 8 && start.starts_with(b"\x00\x00")
}

/// Where the sound is.
pub(super) fn layout<R: Read + Seek>(
    file: &mut R,
    file_len: u64,
    kind: Kind,
    base: u64,
) -> Result<Layout, Unreadable> {
    match kind {
        Kind::Chunks(family) => Ok(chunks::layout(file, file_len, family, base)?),
        Kind::Au(ends) => Ok(au::layout(file, file_len, ends, base)?),
        Kind::Caf => Ok(caf::layout(file, file_len, base)?),
        Kind::Flac | Kind::Mp4 | Kind::Ogg(_) | Kind::Mpeg | Kind::Adts => {
            Err(Unreadable::Broken("its sound lies in packets"))
        }
    }
}

/// Compares what the header declares with what is there.
pub(super) fn check<R: Read + Seek>(file: &mut R, file_len: u64) -> io::Result<HeaderCheck> {
    let (kind, base) = match recognise(file, file_len)? {
        Recognised::Sound(kind, base) => (kind, base),
        Recognised::TooShort => return Ok(HeaderCheck::Incomplete(Lack::Header)),
        Recognised::Other(found) => return Ok(HeaderCheck::NotRecognised(found)),
    };
    match kind {
        Kind::Chunks(_) | Kind::Au(_) | Kind::Caf => match layout(file, file_len, kind, base) {
            Ok(layout) => Ok(check_layout(&layout, file_len)),
            Err(Unreadable::Io(error)) => Err(error),
            Err(_) => Ok(HeaderCheck::Incomplete(Lack::Header)),
        },
        Kind::Flac => {
            let end = before_tags(file, file_len, base)?;
            flac::check(file, end, base)
        }
        Kind::Mp4 => mp4::check(file, file_len, base),
        Kind::Ogg(_) => ogg::check(file, file_len, base),
        Kind::Mpeg => mpeg::check(file, file_len, base),
        Kind::Adts => Ok(HeaderCheck::OpenEnded),
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
    let seconds = match kind {
        Kind::Chunks(_) | Kind::Au(_) | Kind::Caf => {
            let encoding = layout(file, file_len, kind, base).ok()?.encoding.ok()?;
            return encoding.bytes_per_second();
        }
        Kind::Mpeg | Kind::Adts => return mpeg::bytes_per_second(file, file_len, base),
        Kind::Flac => flac::seconds(file, file_len, base)?,
        Kind::Mp4 => mp4::seconds(file, file_len, base)?,
        Kind::Ogg(_) => ogg::seconds(file, file_len, base)?,
    };
    Some(((file_len - base) as f64 / seconds).ceil() as u64)
}

/// Up to `len` bytes at `at`, fewer where the file ends before.
pub(super) fn beginning<R: Read + Seek>(file: &mut R, at: u64, len: u64) -> io::Result<Vec<u8>> {
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

/// The `N` bytes at `at` of what was read; they must be there.
fn part<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    std::array::from_fn(|i| bytes[at + i])
}
