//! AU files (`.snd`): one header of fixed fields, then the sound.

use std::io::{self, Read, Seek};

use super::{Extent, Layout, Size, beginning, part};
use crate::audio::coding::{Coding, Encoding, Ends};
use crate::audio::unreadable::Unreadable;

/// The length of the header without its remark.
const HEADER: usize = 24;

/// What begins a file with the high byte of each number first, and with the low one.
pub(super) const MAGIC: [(&[u8; 4], Ends); 3] = [
    (b".snd", Ends::Big),
    (b"dns.", Ends::Little),
    (b"\0ds.", Ends::Little),
];

/// Reads the header, from `base` on.
pub(super) fn layout<R: Read + Seek>(
    file: &mut R,
    file_len: u64,
    ends: Ends,
    base: u64,
) -> io::Result<Layout> {
    let header = beginning(file, base, HEADER as u64)?;
    let mut layout = Layout {
        format: "AU",
        encoding: Err(Unreadable::Broken(
            "the description of the sound is cut off",
        )),
        sound: None,
        end: None,
    };
    if header.len() < HEADER {
        return Ok(layout);
    }
    let word = |at| ends.u32(part(&header, at));
    let start = base + u64::from(word(4));
    let present = file_len.saturating_sub(start);
    layout.sound = Some(Extent {
        start,
        present,
        size: match word(8) {
            u32::MAX => Size::Open,
            0 if present > 0 => Size::Unwritten,
            declared => Size::Bytes(u64::from(declared)),
        },
    });
    layout.encoding = coding(word(12), ends).and_then(|coding| {
        let encoding = Encoding {
            coding,
            channels: u16::try_from(word(20)).unwrap_or(0),
            sample_rate: word(16),
            frames: None,
        };
        encoding.checked()
    });
    Ok(layout)
}

fn coding(number: u32, ends: Ends) -> Result<Coding, Unreadable> {
    Ok(match number {
        1 => Coding::MuLaw,
        2 => Coding::Integer(1, ends),
        3 => Coding::Integer(2, ends),
        4 => Coding::Integer(3, ends),
        5 => Coding::Integer(4, ends),
        6 => Coding::Float(4, ends),
        7 => Coding::Float(8, ends),
        27 => Coding::ALaw,
        23..=26 => return Unreadable::unsupported("G.721, G.722 or G.723 ADPCM sound"),
        _ => return Unreadable::unsupported(format!("sound of the AU encoding {number}")),
    })
}
