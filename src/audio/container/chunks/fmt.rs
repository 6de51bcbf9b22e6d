//! The `fmt ` chunk of WAV and its relatives: how the sound is stored.

use super::{CUT_OFF, FORMAT_BYTES, NO_BITS, part};
use crate::audio::coding::{Block, Coding, Encoding, Ends};
use crate::audio::unreadable::Unreadable;

const WAVE_FORMAT_PCM: u16 = 0x0001;
const WAVE_FORMAT_MS_ADPCM: u16 = 0x0002;
const WAVE_FORMAT_IEEE_FLOAT: u16 = 0x0003;
const WAVE_FORMAT_ALAW: u16 = 0x0006;
const WAVE_FORMAT_MULAW: u16 = 0x0007;
const WAVE_FORMAT_IMA_ADPCM: u16 = 0x0011;
const WAVE_FORMAT_MPEG: u16 = 0x0050;
const WAVE_FORMAT_MP3: u16 = 0x0055;
const WAVE_FORMAT_EXTENSIBLE: u16 = 0xfffe;

/// What a chunk says of which the first `size` bytes are there.
pub(super) fn encoding(
    body: &[u8; FORMAT_BYTES],
    size: usize,
    ends: Ends,
) -> Result<Encoding, Unreadable> {
    let word = |at| ends.u16(part(body, at));
    let tag = match word(0) {
        WAVE_FORMAT_EXTENSIBLE if size < FORMAT_BYTES => return Err(CUT_OFF),
        // The first word of the sub-format's identifier is a plain format tag.
        // SoX writes it into the first two bytes in RIFX, too.
        WAVE_FORMAT_EXTENSIBLE if ends == Ends::Big && word(24) == 0 => word(26),
        WAVE_FORMAT_EXTENSIBLE => word(24),
        _ if size < 16 => return Err(CUT_OFF),
        tag => tag,
    };
    let (channels, block_align, bits) = (word(2), word(12), word(14));
    let declared = if size >= 20 { word(18) } else { 0 };
    let block = |header: u16, first: u16| {
        let each = block_align.checked_div(channels).unwrap_or(0);
        let nibbles = u32::from(each.checked_sub(header)?) * 2 + u32::from(first);
        let frames = u16::try_from(nibbles).ok()?;
        let believed = (u32::from(first)..=nibbles).contains(&u32::from(declared));
        Some(Block {
            bytes: block_align,
            frames: if believed { declared } else { frames },
        })
    };
    let needed = || Unreadable::Broken("its blocks are of no size that ADPCM has");
    let coding = match tag {
        WAVE_FORMAT_MULAW => Coding::MuLaw,
        WAVE_FORMAT_ALAW => Coding::ALaw,
        WAVE_FORMAT_IMA_ADPCM => Coding::ImaAdpcm(block(4, 1).ok_or_else(needed)?),
        WAVE_FORMAT_MS_ADPCM => Coding::MsAdpcm(block(7, 2).ok_or_else(needed)?),
        WAVE_FORMAT_MPEG | WAVE_FORMAT_MP3 => Coding::Mpeg(ends.u32(part(body, 8))),
        WAVE_FORMAT_PCM | WAVE_FORMAT_IEEE_FLOAT => {
            let bytes = container_bytes(bits, block_align, channels)?;
            match (tag, bytes) {
                (WAVE_FORMAT_PCM, 1) => Coding::Unsigned8,
                (WAVE_FORMAT_PCM, 2..=4) => Coding::Integer(bytes, ends),
                (WAVE_FORMAT_IEEE_FLOAT, 4 | 8) => Coding::Float(bytes, ends),
                (WAVE_FORMAT_PCM, _) => {
                    return Unreadable::unsupported(format!("{bits}-bit integer samples"));
                }
                _ => return Unreadable::unsupported(format!("{bits}-bit float samples")),
            }
        }
        _ => return Unreadable::unsupported(name_of_format(tag)),
    };
    Ok(Encoding {
        coding,
        channels,
        sample_rate: ends.u32(part(body, 4)),
        frames: None,
    })
}

/// What a WAV file's format tag that is not read stands for.
fn name_of_format(tag: u16) -> String {
    let name = match tag {
        0x0031 => "GSM 6.10 speech",
        0x0040 | 0x0045 | 0x0064 => "G.721 or G.726 ADPCM sound",
        0x0092 | 0x2000 => "Dolby Digital (AC-3) sound",
        0x00ff | 0x1600..=0x1602 | 0xa106 => "AAC sound",
        0x0160..=0x0163 => "Windows Media (WMA) sound",
        0x0270 => "ATRAC3 sound",
        0x2001 => "DTS sound",
        0x566f | 0x674f..=0x6751 | 0x676f..=0x6771 => "Vorbis sound",
        0x704f => "Opus sound",
        0xf1ac => "FLAC sound",
        _ => return format!("compressed sound (WAV format {tag:#06x})"),
    };
    name.to_owned()
}

/// Bytes of one WAV sample. Samples with fewer bits than their container are
/// left-justified in it, so they decode as if they filled it; only a block
/// alignment that makes sense is believed.
fn container_bytes(bits: u16, block_align: u16, channels: u16) -> Result<u16, Unreadable> {
    let needed = bits.div_ceil(8);
    if needed == 0 {
        return Err(NO_BITS);
    }
    let aligned = block_align.checked_div(channels).unwrap_or(0);
    let exact = u32::from(aligned) * u32::from(channels) == u32::from(block_align);
    Ok(if exact && (needed..=4).contains(&aligned) {
        aligned
    } else {
        needed
    })
}
