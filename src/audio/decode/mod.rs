//! Stored sound becomes samples, by the decoders of `symphonia`, which no other
//! module knows.

use std::any::Any;
use std::io::{Read, Seek};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::coding::Coding;
use super::container::{self, Kind};
use super::unreadable::Unreadable;

mod packets;
mod samples;

/// What a decoder reads from.
pub(super) trait Input: Read + Seek + Send + Sync {}

impl<S: Read + Seek + Send + Sync> Input for S {}

/// A sound that is decoded block by block.
pub(super) trait Decoding {
    fn channels(&self) -> u16;

    fn sample_rate(&self) -> u32;

    /// How many frames there will be, where that is known before.
    fn frames(&self) -> Option<u64>;

    /// Whether the header told the true length, as far as reading has come.
    fn length_agrees(&self) -> bool;

    /// Decodes the next block into `interleaved`, in place of what it holds;
    /// false at the end.
    fn next(&mut self, interleaved: &mut Vec<f32>) -> Result<bool, Unreadable>;
}

/// The sound in a file of `len` bytes that is of this kind and begins at
/// `base`, and what its users call the format.
pub(super) fn begin<'s, S: Input>(
    source: &'s mut S,
    len: u64,
    kind: Kind,
    base: u64,
) -> Result<(&'static str, Box<dyn Decoding + 's>), Unreadable> {
    let packets = |source, start, len, kind| packets::Packets::new(source, start, len, kind);
    match kind {
        Kind::Flac | Kind::Mp4 | Kind::Ogg(_) | Kind::Mpeg | Kind::Adts => {
            let decoding = packets(source, base, len - base, kind)?;
            return Ok((kind.name(), Box::new(decoding)));
        }
        Kind::Chunks(_) | Kind::Au(_) | Kind::Caf => {}
    }
    let layout = container::layout(source, len, kind, base)?;
    let encoding = layout.encoding?;
    let sound = layout
        .sound
        .ok_or(Unreadable::Broken("it ends before the sound begins"))?;
    let decoding: Box<dyn Decoding + 's> = match encoding.coding {
        Coding::Mpeg(_) => Box::new(packets(source, sound.start, sound.len(), Kind::Mpeg)?),
        Coding::InPackets => Box::new(packets(source, base, len - base, kind)?),
        _ => Box::new(samples::Samples::new(source, encoding, sound)?),
    };
    Ok((layout.format, decoding))
}

/// Runs what is not ours: a decoder that panics on a file takes nothing down with it.
fn foreign<T>(run: impl FnOnce() -> T) -> Result<T, Unreadable> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| Unreadable::Decoder(said(&*panic)))
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "no reason given".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decoder_that_panics_makes_a_file_unreadable_and_says_why() {
        let nothing: [u8; 0] = [];
        let index = std::hint::black_box(3);
        let Err(Unreadable::Decoder(said)) = foreign(|| nothing[index]) else {
            panic!("the panic is caught");
        };
        assert!(said.contains("out of bounds"), "{said}");
        assert_eq!(foreign(|| 5).ok(), Some(5));
    }
}
