//! Core Audio Format: chunks with a tag and a size of 64 bits each.

use std::io::{self, Read, Seek};

use super::{Extent, Layout, Size, beginning, bytes_at, part};
use crate::audio::coding::{Coding, Encoding, Ends};
use crate::audio::unreadable::Unreadable;

/// What a file begins with.
pub(super) const MAGIC: &[u8; 4] = b"caff";

const FILE_HEADER: u64 = 8;
const CHUNK_HEADER: u64 = 12;
/// Bytes in the data chunk before the sound: a count of edits.
const DATA_HEADER: u64 = 4;
const DESCRIPTION: usize = 32;
const MAX_CHUNKS: usize = 4096;

/// Walks the chunks of the file that begins at `base`.
pub(super) fn layout<R: Read + Seek>(file: &mut R, file_len: u64, base: u64) -> io::Result<Layout> {
    let mut layout = Layout {
        format: "CAF",
        encoding: Err(Unreadable::Broken(
            "it does not say how the sound is stored",
        )),
        sound: None,
        end: None,
    };
    let mut at = base + FILE_HEADER;
    let mut packets_are_told = false;
    for _ in 0..MAX_CHUNKS {
        if at.saturating_add(CHUNK_HEADER) > file_len {
            break;
        }
        let header: [u8; 12] = bytes_at(file, at)?;
        let size = Ends::Big.u64(part(&header, 4));
        let start = at + CHUNK_HEADER;
        match &header[..4] {
            b"desc" => layout.encoding = encoding(&beginning(file, start, DESCRIPTION as u64)?),
            b"pakt" => packets_are_told = true,
            b"data" if layout.sound.is_none() && start + DATA_HEADER <= file_len => {
                let start = start + DATA_HEADER;
                let present = file_len - start;
                let size = match size {
                    // What is not known is -1.
                    size if size > i64::MAX as u64 => Size::Open,
                    size if size <= DATA_HEADER && present > 0 && file_len > start + size => {
                        Size::Unwritten
                    }
                    size => Size::Bytes(size.saturating_sub(DATA_HEADER)),
                };
                layout.sound = Some(Extent {
                    start,
                    present,
                    size,
                });
                if !matches!(size, Size::Bytes(_)) {
                    break;
                }
            }
            _ => {}
        }
        at = start.saturating_add(size);
        if header.iter().any(|byte| *byte != 0) {
            layout.end = Some(at);
        }
    }
    let coding = layout.encoding.as_ref().map(|encoding| encoding.coding);
    if matches!(coding, Ok(Coding::InPackets)) && !packets_are_told {
        // Where the packets are stands in a chunk that may come last.
        layout.end = Some(at.max(file_len).saturating_add(CHUNK_HEADER));
    }
    Ok(layout)
}

fn encoding(description: &[u8]) -> Result<Encoding, Unreadable> {
    if description.len() < DESCRIPTION {
        return Err(Unreadable::Broken(
            "the description of the sound is cut off",
        ));
    }
    let word = |at| Ends::Big.u32(part(description, at));
    let channels = u16::try_from(word(24)).unwrap_or(0);
    let kind: [u8; 4] = part(description, 8);
    let (is_float, is_little) = (word(12) & 1 != 0, word(12) & 2 != 0);
    let ends = if is_little { Ends::Little } else { Ends::Big };
    let bytes = word(16).checked_div(u32::from(channels)).unwrap_or(0);
    let coding = match (&kind, is_float, bytes) {
        (b"lpcm", true, 4 | 8) => Coding::Float(bytes as u16, ends),
        (b"lpcm", false, 1..=4) => Coding::Integer(bytes as u16, ends),
        (b"lpcm", ..) => return Unreadable::unsupported(format!("samples of {} bits", word(28))),
        (b"ulaw", ..) => Coding::MuLaw,
        (b"alaw", ..) => Coding::ALaw,
        (b"ima4", ..) => Coding::AppleIma,
        (b"aac " | b"alac", ..) => Coding::InPackets,
        _ => {
            let kind = kind.escape_ascii();
            return Unreadable::unsupported(format!("compressed sound (CAF kind \"{kind}\")"));
        }
    };
    let encoding = Encoding {
        coding,
        channels,
        sample_rate: f64::from_bits(Ends::Big.u64(part(description, 0))).round() as u32,
        frames: None,
    };
    encoding.checked()
}
