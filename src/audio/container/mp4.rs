//! MP4 and QuickTime (`.m4a`, `.mp4`, `.mov`): boxes with a size and a tag each.

use std::io::{self, Read, Seek};

use super::{beginning, part};
use crate::audio::header::{HeaderCheck, Lack};

const MAX_BOXES: usize = 4096;

/// Whether a file that begins with these bytes is one.
pub(super) fn recognise(start: &[u8]) -> bool {
    let tags = [b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"];
    start
        .get(4..8)
        .is_some_and(|tag| tags.iter().any(|known| tag == *known))
}

struct Part {
    tag: [u8; 4],
    body: u64,
    /// `None` where it lasts to the end of the file.
    end: Option<u64>,
}

fn parts<R: Read + Seek>(file: &mut R, mut at: u64, len: u64) -> io::Result<Vec<Part>> {
    let mut parts = Vec::new();
    while parts.len() < MAX_BOXES && at < len {
        let header = beginning(file, at, 16)?;
        if header.len() < 8 {
            break;
        }
        let (size, body) = match u32::from_be_bytes(part(&header, 0)) {
            0 => (None, 8),
            1 if header.len() < 16 => break,
            1 => (Some(u64::from_be_bytes(part(&header, 8))), 16),
            size => (Some(u64::from(size)), 8),
        };
        if size.is_some_and(|size| size < body) {
            break;
        }
        let end = size.map(|size| at.saturating_add(size));
        parts.push(Part {
            tag: part(&header, 4),
            body: at + body,
            end,
        });
        at = end.unwrap_or(len);
    }
    Ok(parts)
}

pub(super) fn check<R: Read + Seek>(file: &mut R, len: u64, base: u64) -> io::Result<HeaderCheck> {
    let parts = parts(file, base, len)?;
    let has = |tag: &[u8; 4]| parts.iter().any(|part| part.tag == *tag);
    let end = parts.iter().filter_map(|part| part.end).max().unwrap_or(0);
    Ok(if end > len {
        HeaderCheck::Incomplete(Lack::Rest {
            declared: end - base,
            present: len - base,
        })
    } else if !has(b"moov") {
        HeaderCheck::Incomplete(Lack::Header)
    } else if !has(b"mdat") {
        HeaderCheck::Incomplete(Lack::Sound)
    } else if has(b"moof") || parts.iter().any(|part| part.end.is_none()) {
        // Fragments follow each other until there are no more.
        HeaderCheck::OpenEnded
    } else {
        HeaderCheck::Complete
    })
}

pub(super) fn seconds<R: Read + Seek>(file: &mut R, len: u64, base: u64) -> Option<f64> {
    let find = |parts: Vec<Part>, tag| parts.into_iter().find(|part| part.tag == tag);
    let movie = find(parts(file, base, len).ok()?, *b"moov")?;
    let end = movie.end.unwrap_or(len).min(len);
    let header = find(parts(file, movie.body, end).ok()?, *b"mvhd")?;
    let body = beginning(file, header.body, 32).ok()?;
    let (scale, duration) = match body.first()? {
        1 if body.len() >= 32 => (
            u32::from_be_bytes(part(&body, 20)),
            u64::from_be_bytes(part(&body, 24)),
        ),
        0 if body.len() >= 20 => (
            u32::from_be_bytes(part(&body, 12)),
            u64::from(u32::from_be_bytes(part(&body, 16))),
        ),
        _ => return None,
    };
    (scale > 0 && duration > 0).then(|| duration as f64 / f64::from(scale))
}
