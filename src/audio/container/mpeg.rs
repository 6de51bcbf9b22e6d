//! MPEG audio (MP3 and its elder layers) and AAC in ADTS: frames, each with a
//! header, and nothing around them.

use std::io::{self, Read, Seek};

use super::{Kind, Recognised, beginning, part};
use crate::audio::{HeaderCheck, Lack};

/// How far into a file its first frame is looked for, and what is read for that.
const SEARCHED: usize = 4096;
const READ: u64 = 16 * 1024;

/// A frame's header.
#[derive(Clone, Copy)]
struct Frame {
    bytes: usize,
    /// What all frames of one sound have in common.
    kin: (bool, u8, u32),
    bytes_per_second: Option<u32>,
}

impl Frame {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let [0xff, b, c, d, ..] = *bytes else {
            return None;
        };
        match b & 0xf6 {
            0xf0 => Self::of_aac(bytes),
            _ if b & 0xe0 == 0xe0 => Self::of_mpeg(b, c, d),
            _ => None,
        }
    }

    fn of_mpeg(b: u8, c: u8, d: u8) -> Option<Self> {
        const BIT_RATES: [[u32; 14]; 5] = [
            [
                32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448,
            ],
            [
                32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384,
            ],
            [
                32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320,
            ],
            [
                32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256,
            ],
            [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
        ];
        let (version, layer) = (b >> 3 & 3, 4 - (b >> 1 & 3));
        let divisor = match version {
            3 => 1,
            2 => 2,
            0 => 4,
            _ => return None,
        };
        let row = match (version, layer) {
            (3, layer @ 1..=3) => usize::from(layer) - 1,
            (_, 1) => 3,
            (_, 2 | 3) => 4,
            _ => return None,
        };
        let kilobits = *BIT_RATES[row].get(usize::from(c >> 4).checked_sub(1)?)?;
        let rate = *[44_100, 48_000, 32_000].get(usize::from(c >> 2 & 3))? / divisor;
        // An emphasis that is not defined.
        if d & 3 == 2 {
            return None;
        }
        let padding = u32::from(c >> 1 & 1);
        let bytes = match (layer, version) {
            (1, _) => (12_000 * kilobits / rate + padding) * 4,
            (3, 0 | 2) => 72_000 * kilobits / rate + padding,
            _ => 144_000 * kilobits / rate + padding,
        };
        Some(Self {
            bytes: bytes as usize,
            kin: (false, b & 0xfe, rate),
            bytes_per_second: Some(kilobits * 125),
        })
    }

    fn of_aac(bytes: &[u8]) -> Option<Self> {
        let header: [u8; 7] = bytes.get(..7)?.try_into().ok()?;
        let length = usize::from(header[3] & 3) << 11
            | usize::from(header[4]) << 3
            | usize::from(header[5] >> 5);
        let rate = header[2] >> 2 & 0x0f;
        (length >= 7 && rate < 13).then_some(Self {
            bytes: length,
            kin: (true, header[1] & 0xfe, u32::from(header[2] & 0xfc)),
            bytes_per_second: None,
        })
    }

    fn kind(self) -> Kind {
        if self.kin.0 { Kind::Adts } else { Kind::Mpeg }
    }
}

/// What keeps a sound whose first frame begins with these bytes from being read.
pub(in crate::audio) fn refused(frame: &[u8]) -> Option<String> {
    let [_, b, c, d, ..] = *frame else {
        return None;
    };
    let kilobits = Frame::parse(frame)?.bytes_per_second? / 125;
    let is_mono = d >> 6 == 3;
    // Layer 2 has rates for two channels only; some encoders use them for one.
    let is_for_two = b >> 1 & 3 == 2 && c >> 4 >= 11 && b >> 3 & 3 == 3;
    (is_mono && is_for_two)
        .then(|| format!("MP2 sound of one channel at {kilobits} kb/s, a rate that is for two"))
}

/// Which layer, 1 to 3, a frame is of.
pub(in crate::audio) fn layer(frame: &[u8]) -> Option<u8> {
    let (is_aac, version, _) = Frame::parse(frame)?.kin;
    (!is_aac).then_some(4 - (version >> 1 & 3))
}

/// Whether a frame is of the kind of another.
pub(in crate::audio) fn are_kin(frame: &[u8], other: &[u8]) -> bool {
    match (Frame::parse(frame), Frame::parse(other)) {
        (Some(frame), Some(other)) => frame.kin == other.kin,
        _ => false,
    }
}

/// What the first frames are. A frame's header is short and may be chance, so
/// others of its kind must follow: one at the beginning, two further on.
pub(super) fn recognise<R: Read + Seek>(
    file: &mut R,
    len: u64,
    base: u64,
) -> io::Result<Option<Recognised>> {
    let bytes = beginning(file, base, READ)?;
    if bytes.len() < 7
        && bytes.first() == Some(&0xff)
        && bytes.get(1).is_none_or(|b| b & 0xe0 == 0xe0)
    {
        return Ok(Some(Recognised::TooShort));
    }
    for at in 0..bytes.len().min(SEARCHED) {
        let Some(first) = Frame::parse(&bytes[at..]) else {
            continue;
        };
        let (mut next, mut followers) = (at + first.bytes, 0);
        let needed = if at == 0 { 1 } else { 2 };
        while followers < needed && bytes.len() >= next + 7 {
            match Frame::parse(&bytes[next..]) {
                Some(frame) if frame.kin == first.kin => next += frame.bytes,
                _ => break,
            }
            followers += 1;
        }
        if followers == needed {
            let kind = first.kind();
            return Ok(Some(Recognised::Sound(kind, base + at as u64)));
        }
        let ends_before = (base + next as u64) + 7 > len;
        if ends_before && at == 0 {
            // All of a very short sound, or the beginning of a longer one.
            let is_whole = base + next as u64 == len;
            return Ok(Some(match first.kind() {
                kind if is_whole => Recognised::Sound(kind, base),
                _ => Recognised::TooShort,
            }));
        }
    }
    Ok(None)
}

/// What a first frame without sound says of the whole, in many MP3 files.
struct Summary {
    /// 0 where it does not say.
    frames: u32,
    bytes: u64,
}

fn summary(first: &[u8]) -> Option<Summary> {
    let mut tags = first.windows(4);
    let tag = tags.position(|tag| tag == b"Xing" || tag == b"Info")?;
    let words = first.get(tag..tag + 16)?;
    let word = |at| u32::from_be_bytes(part(words, at));
    let flags = word(4);
    let (frames, bytes) = match flags & 3 {
        3 => (word(8), word(12)),
        2 => (0, word(8)),
        1 => (word(8), 0),
        _ => (0, 0),
    };
    Some(Summary {
        frames,
        bytes: u64::from(bytes),
    })
}

/// Compares what the first frame declares with what is there.
pub(super) fn check<R: Read + Seek>(file: &mut R, len: u64, base: u64) -> io::Result<HeaderCheck> {
    let declared = summary(&beginning(file, base, 256)?).map_or(0, |summary| summary.bytes);
    let present = len - base;
    Ok(if declared > present {
        HeaderCheck::Incomplete(Lack::Rest { declared, present })
    } else {
        HeaderCheck::OpenEnded
    })
}

/// Bytes that a second of the sound takes, by its first frame.
pub(super) fn bytes_per_second<R: Read + Seek>(file: &mut R, len: u64, base: u64) -> Option<u64> {
    let first = beginning(file, base, 256).ok()?;
    let frame = Frame::parse(&first)?;
    // Where the bit rate varies, the first frame's is none of the sound's.
    if let Some(frames) = summary(&first).map(|summary| u64::from(summary.frames))
        && frames > 0
    {
        let (_, version, rate) = frame.kin;
        let samples = if version & 0x08 != 0 { 1152 } else { 576 };
        return Some((len - base) * u64::from(rate) / (frames * samples));
    }
    frame.bytes_per_second.map(u64::from)
}
