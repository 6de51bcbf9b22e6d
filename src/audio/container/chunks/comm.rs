//! The `COMM` chunk of AIFF and AIFF-C: how the sound is stored.

use super::{CUT_OFF, FORMAT_BYTES, NO_BITS, part};
use crate::audio::coding::{Coding, Encoding, Ends};
use crate::audio::unreadable::Unreadable;

/// What a chunk says of which the first `size` bytes are there; the samples are of `kind`.
pub(super) fn encoding(
    body: &[u8; FORMAT_BYTES],
    size: usize,
    kind: [u8; 4],
) -> Result<Encoding, Unreadable> {
    if size < 18 {
        return Err(CUT_OFF);
    }
    Ok(Encoding {
        coding: aiff_coding(kind, u16::from_be_bytes(part(body, 6)))?,
        channels: u16::from_be_bytes(part(body, 0)),
        sample_rate: extended_to_hz(part(body, 8)),
        frames: None,
    })
}

fn aiff_coding(kind: [u8; 4], bits: u16) -> Result<Coding, Unreadable> {
    match &kind {
        b"ulaw" | b"ULAW" => return Ok(Coding::MuLaw),
        b"alaw" | b"ALAW" => return Ok(Coding::ALaw),
        b"ima4" => return Ok(Coding::AppleIma),
        _ if bits == 0 => return Err(NO_BITS),
        _ => {}
    }
    Ok(match (&kind, bits.div_ceil(8)) {
        (b"sowt", 1) => Coding::Integer(1, Ends::Big),
        (b"NONE" | b"none" | b"twos", bytes @ 1..=4) => Coding::Integer(bytes, Ends::Big),
        (b"in24", _) => Coding::Integer(3, Ends::Big),
        (b"in32", _) => Coding::Integer(4, Ends::Big),
        (b"sowt", bytes @ 2..=4) => Coding::Integer(bytes, Ends::Little),
        (b"42ni" | b"42n1", _) => Coding::Integer(3, Ends::Little),
        (b"23ni", _) => Coding::Integer(4, Ends::Little),
        (b"raw ", 1) => Coding::Unsigned8,
        (b"fl32" | b"FL32", _) => Coding::Float(4, Ends::Big),
        (b"fl64" | b"FL64", _) => Coding::Float(8, Ends::Big),
        _ => {
            let kind = kind.escape_ascii();
            return Unreadable::unsupported(format!("{bits}-bit sound (AIFF-C kind \"{kind}\")"));
        }
    })
}

/// The 80-bit floating-point number in which AIFF stores its rate, to the
/// nearest whole Hz; what is no rate at all becomes 0 or far too high.
fn extended_to_hz(bytes: [u8; 10]) -> u32 {
    let [sign_exponent @ .., _, _, _, _, _, _, _, _] = bytes;
    let [_, _, mantissa @ ..] = bytes;
    // A negative number has the highest exponents here, which is as unusable.
    let exponent = i32::from(u16::from_be_bytes(sign_exponent)) - 16_383 - 63;
    (u64::from_be_bytes(mantissa) as f64 * 2_f64.powi(exponent)).round() as u32
}
