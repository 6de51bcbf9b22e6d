//! MP4 and QuickTime (`.m4a`, `.mp4`, `.mov`): boxes with a size and a tag each.

use std::io::{self, Read, Seek};

use super::{beginning, part};
use crate::audio::coding::{Coding, Ends};
use crate::audio::{HeaderCheck, Lack};

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

/// Compares the sizes that the boxes declare with what is there.
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
    /// When it begins in the track.
    pub from: f64,
    /// How long it is.
    pub seconds: f64,
}

/// What a movie says of its sound, before anything is decoded.
pub(in crate::audio) struct Movie {
    /// Whether it has a track, be it of sound or not.
    pub has_tracks: bool,
    /// What of its sound is heard, where an edit list says so.
    pub heard: Option<Heard>,
    /// How the sound is stored, where that is not left to its decoder.
    pub stored: Option<Stored>,
}

/// How samples are stored, where QuickTime says so in a way of its own.
pub(in crate::audio) enum Stored {
    Numbers {
        coding: Coding,
        channels: u16,
        /// Where the tag of the description is.
        tag: u64,
    },
    /// ALAC, and what its decoder has to know.
    Alac(Vec<u8>),
}

/// What the movie says; `None` where it is not all there.
pub(in crate::audio) fn movie<R: Read + Seek>(
    file: &mut R,
    len: u64,
    base: u64,
) -> io::Result<Option<Movie>> {
    let parts = parts(file, base, len)?;
    let movie = parts.iter().find(|part| part.tag == *b"moov");
    let Some(movie) = movie.filter(|part| part.end.is_none_or(|end| end <= len)) else {
        return Ok(None);
    };
    let (body, end) = (movie.body, movie.end.unwrap_or(len));
    let has_tracks = inside(file, body, end, b"trak")?.is_some();
    let (heard, stored) = match sound_track(file, body, end)? {
        Some(track) => (heard(file, &track)?, stored(file, track.media)?),
        None => (None, None),
    };
    Ok(Some(Movie {
        has_tracks,
        heard,
        stored,
    }))
}

/// Bodies and ends of a sound track and of the media in it.
struct SoundTrack {
    movie: (u64, u64),
    track: (u64, u64),
    media: (u64, u64),
}

fn sound_track<R: Read + Seek>(
    file: &mut R,
    body: u64,
    end: u64,
) -> io::Result<Option<SoundTrack>> {
    for track in parts(file, body, end)? {
        let track_end = track.end.unwrap_or(end).min(end);
        let Some(media) = inside(file, track.body, track_end, b"mdia")? else {
            continue;
        };
        let handler = inside(file, media.0, media.1, b"hdlr")?;
        let handler = handler.map(|(at, _)| beginning(file, at + 8, 4));
        if track.tag == *b"trak" && handler.transpose()?.is_some_and(|kind| kind == b"soun") {
            return Ok(Some(SoundTrack {
                movie: (body, end),
                track: (track.body, track_end),
                media,
            }));
        }
    }
    Ok(None)
}

/// What a sound track's edit list lets be heard; `None` where it has none.
fn heard<R: Read + Seek>(file: &mut R, track: &SoundTrack) -> io::Result<Option<Heard>> {
    let ((body, end), media) = (track.movie, track.media);
    let movie_scale = match inside(file, body, end, b"mvhd")? {
        Some(header) => times(file, header)?.map_or(0, |(scale, _)| scale),
        None => 0,
    };
    let header = match inside(file, media.0, media.1, b"mdhd")? {
        Some(header) => times(file, header)?,
        None => None,
    };
    let (Some((scale, duration)), true) = (header, movie_scale > 0) else {
        return Ok(None);
    };
    let Some(edits) = inside(file, track.track.0, track.track.1, b"edts")? else {
        return Ok(None);
    };
    let Some((list, _)) = inside(file, edits.0, edits.1, b"elst")? else {
        return Ok(None);
    };
    let edit = first_edit(&beginning(file, list, 8 + 8 * 20)?);
    Ok(edit.map(|(shown, from)| {
        let (scale, movie_scale) = (f64::from(scale), f64::from(movie_scale));
        let from = from as f64 / scale;
        // The movie's time is coarse, and counts up to the next of its units.
        let shown = (shown as f64 + 1.0) / movie_scale;
        Heard {
            from,
            seconds: shown.min(duration as f64 / scale - from),
        }
    }))
}

/// The description of a track's samples.
struct SampleEntry {
    at: u64,
    /// What all descriptions of sound begin with.
    head: Vec<u8>,
    /// Where the boxes inside it lie.
    inner: u64,
    end: u64,
}

impl SampleEntry {
    fn kind(&self) -> [u8; 4] {
        part(&self.head, 4)
    }

    fn word(&self, at: usize) -> u16 {
        u16::from_be_bytes(part(&self.head, at))
    }

    /// Body and end of the first box with this tag that is inside it.
    fn inside<R: Read + Seek>(
        &self,
        file: &mut R,
        tag: &[u8; 4],
    ) -> io::Result<Option<(u64, u64)>> {
        inside(file, self.inner, self.end, tag)
    }
}

/// How the description of a track says that its samples are stored, where it
/// says so in QuickTime's way.
fn stored<R: Read + Seek>(file: &mut R, media: (u64, u64)) -> io::Result<Option<Stored>> {
    let Some(entry) = sample_entry(file, media)? else {
        return Ok(None);
    };
    if entry.kind() == *b"alac" {
        return alac(file, &entry);
    }
    let coding = coding(&entry, ends(file, &entry)?);
    Ok(coding.map(|coding| Stored::Numbers {
        coding,
        channels: entry.word(24),
        tag: entry.at + 4,
    }))
}

/// The description of the samples of a track's media, where it is of a known version.
fn sample_entry<R: Read + Seek>(
    file: &mut R,
    media: (u64, u64),
) -> io::Result<Option<SampleEntry>> {
    let mut place = media;
    for tag in [b"minf", b"stbl", b"stsd"] {
        match inside(file, place.0, place.1, tag)? {
            Some(found) => place = found,
            None => return Ok(None),
        }
    }
    // Behind its version and the number of descriptions.
    let at = place.0 + 8;
    let head = beginning(file, at, 36)?;
    if head.len() < 36 {
        return Ok(None);
    }
    let size = u32::from_be_bytes(part(&head, 0));
    let inner = match u16::from_be_bytes(part(&head, 16)) {
        0 => at + 36,
        1 => at + 52,
        // A description of the second version says all of it by itself.
        _ => return Ok(None),
    };
    Ok(Some(SampleEntry {
        at,
        head,
        inner,
        end: at.saturating_add(u64::from(size)).min(place.1),
    }))
}

/// What the decoder of ALAC has to know, where it is not behind the description itself.
fn alac<R: Read + Seek>(file: &mut R, entry: &SampleEntry) -> io::Result<Option<Stored>> {
    let more = entry.inside(file, b"wave")?;
    let cookie = match (entry.inside(file, b"alac")?, more) {
        (None, Some((body, end))) => inside(file, body, end, b"alac")?,
        _ => None,
    };
    Ok(match cookie {
        // A header of four bytes, and what ALAC's own format has.
        Some((body, end)) if matches!(end.saturating_sub(body), 28 | 52) => {
            Some(Stored::Alac(beginning(file, body + 4, end - body - 4)?))
        }
        _ => None,
    })
}

/// Which byte of a number comes first: the high one, unless it is said otherwise.
fn ends<R: Read + Seek>(file: &mut R, entry: &SampleEntry) -> io::Result<Ends> {
    let order = match entry.inside(file, b"wave")? {
        Some((body, end)) => inside(file, body, end, b"enda")?,
        None => None,
    };
    let is_little = match order {
        Some((body, _)) => beginning(file, body, 2)? == [0, 1],
        None => false,
    };
    Ok(if is_little { Ends::Little } else { Ends::Big })
}

fn coding(entry: &SampleEntry, ends: Ends) -> Option<Coding> {
    Some(match (&entry.kind(), entry.word(26)) {
        (b"sowt" | b"twos", 8) => Coding::Integer(1, Ends::Big),
        (b"sowt", _) => Coding::Integer(2, Ends::Little),
        (b"twos", _) => Coding::Integer(2, Ends::Big),
        (b"raw ", _) => Coding::Unsigned8,
        (b"in24", _) => Coding::Integer(3, ends),
        (b"in32", _) => Coding::Integer(4, ends),
        (b"fl32", _) => Coding::Float(4, ends),
        (b"fl64", _) => Coding::Float(8, ends),
        _ => return None,
    })
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

/// How long the movie is by its header.
pub(super) fn seconds<R: Read + Seek>(file: &mut R, len: u64, base: u64) -> Option<f64> {
    let (body, end) = inside(file, base, len, b"moov").ok()??;
    let header = inside(file, body, end, b"mvhd").ok()??;
    let (scale, duration) = times(file, header).ok()??;
    Some(duration as f64 / f64::from(scale))
}
