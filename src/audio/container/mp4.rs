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

/// What of a track is heard, in seconds: an encoder's beginning and end are not.
pub(in crate::audio) struct Heard {
    pub from: f64,
    pub seconds: f64,
}

/// What the first sound track's edit list lets be heard; `None` where it has none.
pub(in crate::audio) fn heard<R: Read + Seek>(
    file: &mut R,
    len: u64,
    base: u64,
) -> io::Result<Option<Heard>> {
    let movie = inside(file, base, len, b"moov")?;
    let Some((body, end)) = movie else {
        return Ok(None);
    };
    let movie_scale = match inside(file, body, end, b"mvhd")? {
        Some(header) => times(file, header)?.map_or(0, |(scale, _)| scale),
        None => 0,
    };
    for track in parts(file, body, end)? {
        let end = track.end.unwrap_or(end).min(end);
        let Some(media) = inside(file, track.body, end, b"mdia")? else {
            continue;
        };
        let handler = inside(file, media.0, media.1, b"hdlr")?;
        let handler = handler.map(|(at, _)| beginning(file, at + 8, 4));
        if track.tag != *b"trak" || handler.transpose()?.is_none_or(|kind| kind != b"soun") {
            continue;
        }
        let header = match inside(file, media.0, media.1, b"mdhd")? {
            Some(header) => times(file, header)?,
            None => None,
        };
        let (Some((scale, duration)), true) = (header, movie_scale > 0) else {
            return Ok(None);
        };
        let Some(edits) = inside(file, track.body, end, b"edts")? else {
            return Ok(None);
        };
        let Some((list, _)) = inside(file, edits.0, edits.1, b"elst")? else {
            return Ok(None);
        };
        return Ok(
            first_edit(&beginning(file, list, 8 + 8 * 20)?).map(|(shown, from)| {
                let (scale, movie_scale) = (f64::from(scale), f64::from(movie_scale));
                let from = from as f64 / scale;
                // The movie's time is coarse, and counts up to the next of its units.
                let shown = (shown as f64 + 1.0) / movie_scale;
                Heard {
                    from,
                    seconds: shown.min(duration as f64 / scale - from),
                }
            }),
        );
    }
    Ok(None)
}

/// The first edit that shows something: how long, and from when on.
fn first_edit(list: &[u8]) -> Option<(u64, u64)> {
    let long = *list.first()? == 1;
    let count = u32::from_be_bytes(part(list.get(..8)?, 4)) as usize;
    let entries = list[8..].chunks_exact(if long { 20 } else { 12 });
    let mut edits = entries.take(count).map(|entry| match long {
        true => (
            u64::from_be_bytes(part(entry, 0)),
            i64::from_be_bytes(part(entry, 8)),
        ),
        false => (
            u64::from(u32::from_be_bytes(part(entry, 0))),
            i64::from(i32::from_be_bytes(part(entry, 4))),
        ),
    });
    // A time of -1 stands for a pause.
    let (shown, from) = edits.find(|(shown, from)| *from >= 0 && *shown > 0)?;
    Some((shown, from as u64))
}

/// Body and end of the first part with this tag.
fn inside<R: Read + Seek>(
    file: &mut R,
    at: u64,
    len: u64,
    tag: &[u8; 4],
) -> io::Result<Option<(u64, u64)>> {
    let found = parts(file, at, len)?
        .into_iter()
        .find(|part| part.tag == *tag);
    Ok(found.map(|part| (part.body, part.end.unwrap_or(len).min(len))))
}

/// Units in a second, and the duration in them, of a movie's or a media's header.
fn times<R: Read + Seek>(file: &mut R, (body, _): (u64, u64)) -> io::Result<Option<(u32, u64)>> {
    let body = beginning(file, body, 32)?;
    let times = match body.first() {
        Some(1) if body.len() >= 32 => (
            u32::from_be_bytes(part(&body, 20)),
            u64::from_be_bytes(part(&body, 24)),
        ),
        Some(0) if body.len() >= 20 => (
            u32::from_be_bytes(part(&body, 12)),
            u64::from(u32::from_be_bytes(part(&body, 16))),
        ),
        _ => return Ok(None),
    };
    Ok((times.0 > 0 && times.1 > 0).then_some(times))
}

pub(super) fn seconds<R: Read + Seek>(file: &mut R, len: u64, base: u64) -> Option<f64> {
    let (body, end) = inside(file, base, len, b"moov").ok()??;
    let header = inside(file, body, end, b"mvhd").ok()??;
    let (scale, duration) = times(file, header).ok()??;
    Some(duration as f64 / f64::from(scale))
}
