//! Files made of chunks with a tag and a size each: WAV and its relatives
//! (RIFX, RF64, BW64, W64), AIFF and AIFF-C.

use std::io::{self, Read, Seek};

use super::{Extent, Layout, Size, beginning, bytes_at, part};
use crate::audio::coding::{Coding, Encoding, Ends};
use crate::audio::unreadable::Unreadable;

mod comm;
mod fmt;

/// Chunks looked at before giving up on a file; real files have a dozen.
const MAX_CHUNKS: usize = 4096;

/// Bytes in an AIFF sound chunk before the sound: its offset and block size.
const SSND_HEADER: u64 = 8;

/// Bytes of a WAV format chunk that matter, and of an AIFF common chunk.
const FORMAT_BYTES: usize = 40;

/// What begins a W64 file and stands where WAV has its kind: a GUID each.
const W64_RIFF: [u8; 16] = *b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00";
const W64_WAVE: [u8; 16] = *b"wave\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a";

/// How the chunks are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::audio) enum Family {
    Riff,
    /// With the high byte of each number first.
    Rifx,
    /// RF64, and BW64: sizes of 64 bits in a chunk of their own.
    Rf64(&'static str),
    /// Tags of 16 bytes, sizes of 64 bits.
    W64,
    Aiff,
    AiffC,
}

impl Family {
    /// By a file's first 40 bytes, or as many as there are.
    pub fn recognise(start: &[u8]) -> Option<Self> {
        if start.starts_with(&W64_RIFF) {
            return (start.get(24..40)? == W64_WAVE).then_some(Self::W64);
        }
        match (start.get(..4)?, start.get(8..12)?) {
            (b"RIFF", b"WAVE") => Some(Self::Riff),
            (b"RIFX", b"WAVE") => Some(Self::Rifx),
            (b"RF64", b"WAVE") => Some(Self::Rf64("RF64")),
            (b"BW64", b"WAVE") => Some(Self::Rf64("BW64")),
            (b"FORM", b"AIFF") => Some(Self::Aiff),
            (b"FORM", b"AIFC") => Some(Self::AiffC),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Riff => "WAV",
            Self::Rifx => "RIFX",
            Self::Rf64(name) => name,
            Self::W64 => "W64",
            Self::Aiff => "AIFF",
            Self::AiffC => "AIFF-C",
        }
    }

    fn is_aiff(self) -> bool {
        matches!(self, Self::Aiff | Self::AiffC)
    }

    fn ends(self) -> Ends {
        match self {
            Self::Riff | Self::Rf64(_) | Self::W64 => Ends::Little,
            Self::Rifx | Self::Aiff | Self::AiffC => Ends::Big,
        }
    }

    fn format_tag(self) -> &'static [u8; 4] {
        if self.is_aiff() { b"COMM" } else { b"fmt " }
    }

    fn sound_tag(self) -> &'static [u8; 4] {
        if self.is_aiff() { b"SSND" } else { b"data" }
    }

    /// Bytes of the container's own header: its tag, its size and its kind.
    fn container_header(self) -> u64 {
        if self == Self::W64 { 40 } else { 12 }
    }

    /// Bytes of a chunk's header: its tag and its size.
    fn chunk_header(self) -> u64 {
        if self == Self::W64 { 24 } else { 8 }
    }

    /// What chunks are padded to a multiple of.
    fn alignment(self) -> u64 {
        if self == Self::W64 { 8 } else { 2 }
    }
}

/// A chunk's body: where it begins in the file, and the size it declares.
#[derive(Clone, Copy)]
struct Chunk {
    start: u64,
    size: u64,
    /// Whether the size stands for one that is not known.
    open: bool,
}

/// Walks the chunk headers of the container that begins at `base`.
pub(super) fn layout<R: Read + Seek>(
    file: &mut R,
    file_len: u64,
    family: Family,
    base: u64,
) -> io::Result<Layout> {
    let whole = read_chunk(file, family, base)?.1;
    let mut end = (!whole.open).then(|| whole.start.saturating_add(whole.size));
    let (mut format, mut sound, mut fact) = (None, None, None);
    let mut large: Option<[u64; 2]> = None;
    let mut at = base + family.container_header();
    for _ in 0..MAX_CHUNKS {
        let both_found = format.is_some() && sound.is_some();
        if both_found || at.saturating_add(family.chunk_header()) > file_len {
            break;
        }
        let (tag, mut chunk) = read_chunk(file, family, at)?;
        match &tag {
            tag if tag == family.format_tag() => drop(format.get_or_insert(chunk)),
            tag if tag == family.sound_tag() => {
                if let (true, Some([_, size])) = (chunk.open, large) {
                    chunk.size = size;
                    chunk.open = is_open_ended_64(size);
                }
                sound.get_or_insert(chunk);
            }
            b"fact" if !family.is_aiff() => drop(fact.get_or_insert(chunk)),
            b"ds64" if matches!(family, Family::Rf64(_)) => {
                large = large_sizes(file, file_len, chunk)?;
                end = large
                    .filter(|[whole, _]| !is_open_ended_64(*whole))
                    .map(|[size, _]| whole.start.saturating_add(size));
            }
            _ => {}
        }
        at = next(family, chunk, base);
    }
    Ok(Layout {
        format: family.name(),
        encoding: match format {
            Some(chunk) => encoding(file, file_len, family, chunk, fact),
            None => Err(Unreadable::Broken(
                "it does not say how the sound is stored",
            )),
        },
        sound: match sound {
            Some(chunk) => extent(file, file_len, family, base, chunk)?,
            None => None,
        },
        end,
    })
}

/// The sizes of the whole and of the sound in an RF64 file's `ds64` chunk.
fn large_sizes<R: Read + Seek>(
    file: &mut R,
    file_len: u64,
    chunk: Chunk,
) -> io::Result<Option<[u64; 2]>> {
    if chunk.size < 16 || chunk.start + 16 > file_len {
        return Ok(None);
    }
    let words: [u8; 16] = bytes_at(file, chunk.start)?;
    Ok(Some([0, 8].map(|at| Ends::Little.u64(part(&words, at)))))
}

/// The extent of the sound, corrected where the header cannot be true; `None`
/// when it is cut off in its own header.
fn extent<R: Read + Seek>(
    file: &mut R,
    file_len: u64,
    family: Family,
    base: u64,
    chunk: Chunk,
) -> io::Result<Option<Extent>> {
    let skipped = if family.is_aiff() {
        if chunk.start + SSND_HEADER > file_len {
            return Ok(None);
        }
        let offset = bytes_at(file, chunk.start)?;
        SSND_HEADER + u64::from(u32::from_be_bytes(offset))
    } else {
        0
    };
    let start = chunk.start + skipped;
    let declared = chunk.size.saturating_sub(skipped);
    let present = file_len.saturating_sub(start);
    let size = if chunk.open && declared > present {
        Size::Open
    } else if declared == 0
        && present > 0
        && !only_chunks_follow(file, family, base, start, file_len)?
    {
        Size::Unwritten
    } else {
        Size::Bytes(declared)
    };
    Ok(Some(Extent {
        start,
        present,
        size,
    }))
}

/// Tells a file that truly holds no sound but ends in other chunks from one
/// whose recorder never came to write the size of the sound.
fn only_chunks_follow<R: Read + Seek>(
    file: &mut R,
    family: Family,
    base: u64,
    mut at: u64,
    file_len: u64,
) -> io::Result<bool> {
    for _ in 0..MAX_CHUNKS {
        if at >= file_len {
            return Ok(at <= file_len + 1);
        }
        if at + family.chunk_header() > file_len {
            return Ok(false);
        }
        let (tag, chunk) = read_chunk(file, family, at)?;
        if !tag.iter().all(|c| matches!(c, b' '..=b'~')) {
            return Ok(false);
        }
        at = next(family, chunk, base);
    }
    Ok(false)
}

/// Where the chunk after `chunk` begins.
fn next(family: Family, chunk: Chunk, base: u64) -> u64 {
    let end = chunk.start.saturating_add(chunk.size);
    let rest = (end - base) % family.alignment();
    match rest {
        0 => end,
        rest => end.saturating_add(family.alignment() - rest),
    }
}

fn read_chunk<R: Read + Seek>(
    file: &mut R,
    family: Family,
    at: u64,
) -> io::Result<([u8; 4], Chunk)> {
    let start = at.saturating_add(family.chunk_header());
    if family == Family::W64 {
        let header: [u8; 24] = bytes_at(file, at)?;
        let size = Ends::Little.u64(part(&header, 16));
        let chunk = Chunk {
            start,
            size: size.saturating_sub(24),
            open: is_open_ended_64(size),
        };
        return Ok((part(&header, 0), chunk));
    }
    let header: [u8; 8] = bytes_at(file, at)?;
    let size = family.ends().u32(part(&header, 4));
    let chunk = Chunk {
        start,
        size: u64::from(size),
        open: is_open_ended(size),
    };
    Ok((part(&header, 0), chunk))
}

/// Sizes that stand for one that is not known: the largest there are, signed or
/// not, as ffmpeg and others write to a pipe, and what SoX writes there; each
/// may be rounded down to whole frames or have a header subtracted.
fn is_open_ended(size: u32) -> bool {
    let below = |most: u32| most.checked_sub(size).is_some_and(|less| less < 0x1000);
    below(u32::MAX) || below(0x7fff_ffff) || below(0x7f00_0100)
}

/// The same of 64 bits.
fn is_open_ended_64(size: u64) -> bool {
    size >= 1 << 62
}

fn encoding<R: Read + Seek>(
    file: &mut R,
    file_len: u64,
    family: Family,
    chunk: Chunk,
    fact: Option<Chunk>,
) -> Result<Encoding, Unreadable> {
    let mut body = [0; FORMAT_BYTES];
    let wanted = chunk.size.min(FORMAT_BYTES as u64);
    let there = beginning(file, chunk.start, wanted)?;
    let size = there.len();
    body[..size].copy_from_slice(&there);
    let mut encoding = match family {
        Family::Aiff => comm::encoding(&body, size, *b"NONE")?,
        Family::AiffC if size < 22 => return Err(CUT_OFF),
        Family::AiffC => comm::encoding(&body, size, part(&body, 18))?,
        _ => fmt::encoding(&body, size, family.ends())?,
    };
    if let Some(fact) = fact.filter(|fact| fact.size >= 4 && fact.start + 4 <= file_len) {
        let frames = family.ends().u32(bytes_at(file, fact.start)?);
        let in_blocks = matches!(encoding.coding, Coding::ImaAdpcm(_) | Coding::MsAdpcm(_));
        encoding.frames = (in_blocks && frames > 0).then_some(u64::from(frames));
    }
    encoding.checked()
}

const CUT_OFF: Unreadable = Unreadable::Broken("the description of the sound is cut off");

const NO_BITS: Unreadable = Unreadable::Broken("it declares samples of 0 bits");
