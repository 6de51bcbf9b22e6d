//! FLAC: what its header promises, and how far its last frame comes.

use std::io::{self, Read, Seek};

use super::{beginning, bytes_at, part};
use crate::audio::{HeaderCheck, Lack};

/// What a file begins with.
pub(super) const MAGIC: &[u8; 4] = b"fLaC";

/// The first metadata block, with the magic before it.
const STREAM_INFO_END: u64 = 42;
const MAX_BLOCKS: usize = 4096;
/// What the last frame is looked for in: no frame of music is as long.
const TAIL: u64 = 512 * 1024;

struct Header {
    sample_rate: u32,
    /// 0 where it is not known.
    frames: u64,
    /// Most samples of a frame, which all but the last have where their number is fixed.
    block: u64,
    sound: u64,
}

/// `None` where the header is not all there.
fn header<R: Read + Seek>(file: &mut R, len: u64, base: u64) -> io::Result<Option<Header>> {
    if base + STREAM_INFO_END > len {
        return Ok(None);
    }
    let info: [u8; 42] = bytes_at(file, base)?;
    let packed = u64::from_be_bytes(part(&info, 18));
    let mut at = base + 4;
    for _ in 0..MAX_BLOCKS {
        if at + 4 > len {
            return Ok(None);
        }
        let [kind, size @ ..]: [u8; 4] = bytes_at(file, at)?;
        let [a, b, c] = size;
        at += 4 + u64::from(u32::from_be_bytes([0, a, b, c]));
        if kind & 0x80 != 0 {
            break;
        }
    }
    Ok((at <= len).then_some(Header {
        sample_rate: (packed >> 44) as u32,
        frames: packed & 0xf_ffff_ffff,
        block: u64::from(u16::from_be_bytes(part(&info, 10))),
        sound: at,
    }))
}

/// Compares what the header declares with what is there.
pub(super) fn check<R: Read + Seek>(file: &mut R, len: u64, base: u64) -> io::Result<HeaderCheck> {
    let Some(header) = header(file, len, base)? else {
        return Ok(HeaderCheck::Incomplete(Lack::Header));
    };
    if header.sound == len {
        return Ok(HeaderCheck::Incomplete(Lack::Sound));
    }
    if header.frames == 0 {
        return Ok(HeaderCheck::OpenEnded);
    }
    let from = header.sound.max(len.saturating_sub(TAIL));
    let tail = beginning(file, from, len - from)?;
    let mut reached = 0;
    for at in (0..tail.len().saturating_sub(5)).rev() {
        let Some(end) = end_of_frame(&tail[at..], header.block) else {
            continue;
        };
        if end >= header.frames && crc_16(&tail[at..]) == 0 {
            return Ok(HeaderCheck::Complete);
        }
        reached = end.min(header.frames - 1);
        break;
    }
    // How much is still to come is known in samples; in bytes it is a guess.
    let present = len - base;
    let share = header.frames as f64 / reached.max(1) as f64;
    Ok(HeaderCheck::Incomplete(Lack::Rest {
        declared: ((present as f64 * share) as u64).max(present + 1),
        present,
    }))
}

/// Whether nothing follows the header.
pub(in crate::audio) fn is_empty<R: Read + Seek>(
    file: &mut R,
    len: u64,
    base: u64,
) -> io::Result<bool> {
    Ok(header(file, len, base)?.is_some_and(|header| header.sound == len))
}

/// How long the sound is by the header.
pub(super) fn seconds<R: Read + Seek>(file: &mut R, len: u64, base: u64) -> Option<f64> {
    let header = header(file, len, base).ok()??;
    (header.frames > 0).then(|| header.frames as f64 / f64::from(header.sample_rate))
}

/// Where the frame ends whose header these bytes begin with, in samples from
/// the beginning of the sound; `None` where they are no frame's header.
fn end_of_frame(bytes: &[u8], block: u64) -> Option<u64> {
    let [0xff, second @ (0xf8 | 0xf9), sizes, ..] = *bytes else {
        return None;
    };
    let coded = bytes.get(4..)?;
    let following = match *coded.first()? {
        first if first < 0x80 => 0,
        first if first >= 0xc0 && first != 0xff => first.leading_ones() as usize - 1,
        _ => return None,
    };
    let mut number = match following {
        0 => u64::from(coded[0]),
        _ => u64::from(coded[0]) & ((1 << (6 - following.min(6))) - 1),
    };
    for byte in coded.get(1..=following)? {
        number = number << 6 | u64::from(byte & 0x3f);
    }
    let mut at = 5 + following;
    let size = match sizes >> 4 {
        1 => 192,
        code @ 2..=5 => 576 << (code - 2),
        6 => {
            at += 1;
            u64::from(*bytes.get(at - 1)?) + 1
        }
        7 => {
            at += 2;
            u64::from(u16::from_be_bytes(bytes.get(at - 2..at)?.try_into().ok()?)) + 1
        }
        code @ 8..=15 => 256 << (code - 8),
        _ => return None,
    };
    at += match sizes & 0x0f {
        12 => 1,
        13 | 14 => 2,
        _ => 0,
    };
    if *bytes.get(at)? != crc_8(&bytes[..at]) {
        return None;
    }
    // Frames of one size are counted, others say the number of their first sample.
    let first = if second == 0xf8 {
        number.saturating_mul(block)
    } else {
        number
    };
    Some(first.saturating_add(size))
}

fn crc_8(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ byte, |crc: u8, _| {
            (crc << 1) ^ (if crc & 0x80 != 0 { 0x07 } else { 0 })
        })
    })
}

fn crc_16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte) << 8, |crc: u16, _| {
            (crc << 1) ^ (if crc & 0x8000 != 0 { 0x8005 } else { 0 })
        })
    })
}
