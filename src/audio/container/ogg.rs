//! Ogg: pages, the last of which may say so.

use std::io::{self, Read, Seek};

use super::{Recognised, beginning, part};
use crate::audio::container::Kind;
use crate::audio::{HeaderCheck, Lack};

/// What a page begins with.
pub(super) const MAGIC: &[u8; 4] = b"OggS";

/// Bytes of a page's header before its table of segments.
const PAGE_HEADER: usize = 27;
/// More than the longest page has, twice.
const TAIL: u64 = 140_000;

/// What the first page's packet is.
pub(super) fn recognise<R: Read + Seek>(file: &mut R, base: u64) -> io::Result<Recognised> {
    let page = beginning(file, base, 300)?;
    let segments = page.get(26).map_or(usize::MAX, |n| usize::from(*n));
    let Some(packet) = page.get(PAGE_HEADER.saturating_add(segments)..) else {
        return Ok(Recognised::TooShort);
    };
    let found = |name| Ok(Recognised::Other(Some(name)));
    match packet {
        packet if packet.len() < 8 => Ok(Recognised::TooShort),
        packet if packet.starts_with(b"\x01vorbis") => {
            Ok(Recognised::Sound(Kind::Ogg("Ogg Vorbis"), base))
        }
        packet if packet.starts_with(b"\x7fFLAC") => {
            Ok(Recognised::Sound(Kind::Ogg("Ogg FLAC"), base))
        }
        packet if packet.starts_with(b"OpusHead") => found("an Opus file"),
        packet if packet.starts_with(b"Speex   ") => found("a Speex file"),
        packet if packet.starts_with(b"\x80theora") => found("an Ogg video"),
        _ => found("an Ogg file without Vorbis or FLAC in it"),
    }
}

struct LastPage {
    is_end: bool,
    /// Where it ends in the file, and the part of another behind it; beyond the
    /// end of the file where it is cut off.
    end: u64,
    /// Samples until its end, or what has none.
    position: i64,
}

fn last_page<R: Read + Seek>(file: &mut R, len: u64, base: u64) -> io::Result<Option<LastPage>> {
    let from = len.saturating_sub(TAIL).max(base);
    let tail = beginning(file, from, TAIL)?;
    let starts = tail.windows(4).enumerate().rev();
    let mut starts = starts.filter(|(_, tag)| tag == MAGIC).map(|(at, _)| at);
    let last = starts.find(|at| tail.len() - at >= PAGE_HEADER);
    Ok(last.map(|at| {
        let page = &tail[at..];
        let segments = page.get(PAGE_HEADER..PAGE_HEADER + usize::from(page[26]));
        let sizes = segments.map(|sizes| sizes.iter().map(|n| usize::from(*n)).sum::<usize>());
        let end = sizes.map(|size| PAGE_HEADER + usize::from(page[26]) + size);
        let end = match end {
            Some(end) if page.get(end..).is_some_and(begins_a_page) => page.len() + 1,
            Some(end) => end,
            None => page.len() + 1,
        };
        LastPage {
            is_end: page[5] & 4 != 0,
            end: from + (at + end) as u64,
            position: i64::from_le_bytes(part(page, 6)),
        }
    }))
}

/// Whether these bytes, too few for a page, are the beginning of one.
fn begins_a_page(bytes: &[u8]) -> bool {
    let compared = bytes.len().min(MAGIC.len());
    compared > 0 && bytes[..compared] == MAGIC[..compared]
}

/// Whether nothing follows the pages of the header.
pub(in crate::audio) fn is_empty<R: Read + Seek>(
    file: &mut R,
    len: u64,
    base: u64,
) -> io::Result<bool> {
    let last = last_page(file, len, base)?;
    Ok(last.is_some_and(|page| page.position == 0 && page.end <= len))
}

/// Whether the last page is there.
pub(super) fn check<R: Read + Seek>(file: &mut R, len: u64, base: u64) -> io::Result<HeaderCheck> {
    Ok(match last_page(file, len, base)? {
        None => HeaderCheck::Incomplete(Lack::Header),
        Some(page) if page.end > len => HeaderCheck::Incomplete(Lack::Rest {
            declared: page.end - base,
            present: len - base,
        }),
        Some(page) if page.position == 0 => HeaderCheck::Incomplete(Lack::Sound),
        Some(page) if page.is_end => HeaderCheck::Complete,
        // Programs that write in parts, or that ended too early, leave it so; what
        // is written to a pipe is closed as well.
        Some(_) => HeaderCheck::Incomplete(Lack::Size),
    })
}

/// How long the sound is by its last page.
pub(super) fn seconds<R: Read + Seek>(file: &mut R, len: u64, base: u64) -> Option<f64> {
    let page = beginning(file, base, 300).ok()?;
    let packet = page.get(PAGE_HEADER + usize::from(*page.get(26)?)..)?;
    let rate = match packet {
        packet if packet.starts_with(b"\x01vorbis") && packet.len() >= 16 => {
            u32::from_le_bytes(part(packet, 12))
        }
        // A packet of FLAC holds its header after nine bytes of Ogg's own.
        packet if packet.len() >= 35 => u32::from_be_bytes(part(packet, 27)) >> 12,
        _ => return None,
    };
    let position = last_page(file, len, base).ok()??.position;
    (rate > 0 && position > 0).then(|| position as f64 / f64::from(rate))
}
