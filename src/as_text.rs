//! Bytes and sounds as text, for files that hold nothing but text: the metadata
//! of a model, the address of a picture.

use std::io::{Read, Write};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

/// `bytes` in base64.
pub fn bytes_to_text(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

/// The bytes that `text` stands for; `None` if it is not base64.
pub fn bytes_from_text(text: &str) -> Option<Vec<u8>> {
    BASE64_STANDARD.decode(text).ok()
}

/// Samples from -1 to 1 with 16 bits each, as deflated differences in base64.
pub fn sound_to_text(samples: &[f32]) -> String {
    let quantised = samples.iter().copied().map(quantised);
    let mut before = 0i16;
    let differences: Vec<i16> = quantised
        .map(|sample| sample.wrapping_sub(std::mem::replace(&mut before, sample)))
        .collect();
    // High bytes of small differences are alike: together they deflate well.
    let high = differences.iter().map(|d| d.to_le_bytes()[1]);
    let low = differences.iter().map(|d| d.to_le_bytes()[0]);
    let planes: Vec<u8> = high.chain(low).collect();
    let mut deflated = DeflateEncoder::new(Vec::new(), Compression::best());
    let written = deflated.write_all(&planes).and_then(|()| deflated.finish());
    bytes_to_text(&written.expect("writing to memory does not fail"))
}

/// The sound that `text` stands for; `None` if there is none, or it is longer
/// than `most` samples.
pub fn sound_from_text(text: &str, most: usize) -> Option<Vec<f32>> {
    let mut planes = Vec::new();
    let deflated = bytes_from_text(text)?;
    let mut inflated = DeflateDecoder::new(&deflated[..]).take(2 * most as u64 + 1);
    inflated.read_to_end(&mut planes).ok()?;
    if planes.len() > 2 * most || planes.len() % 2 != 0 {
        return None;
    }
    let (high, low) = planes.split_at(planes.len() / 2);
    let mut sample = 0i16;
    let samples = low.iter().zip(high).map(|(low, high)| {
        sample = sample.wrapping_add(i16::from_le_bytes([*low, *high]));
        of_quantised(sample)
    });
    Some(samples.collect())
}

/// `samples` as they are when they have been text.
pub fn with_16_bits(samples: &[f32]) -> Vec<f32> {
    let rounded = samples.iter().map(|s| of_quantised(quantised(*s)));
    rounded.collect()
}

fn quantised(sample: f32) -> i16 {
    (sample.clamp(-1.0, 1.0) * 32767.0).round() as i16
}

fn of_quantised(sample: i16) -> f32 {
    f32::from(sample) / 32767.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sound_survives_with_16_bits() {
        let sound: Vec<f32> = (0..5000).map(|n| (n as f32 * 0.05).sin()).collect();
        let text = sound_to_text(&sound);
        assert!(text.len() < 5000 * 2);
        let read = sound_from_text(&text, 5000).unwrap();
        assert_eq!(read.len(), sound.len());
        for (a, b) in read.iter().zip(&sound) {
            assert!((a - b).abs() < 2e-5);
        }
        assert_eq!(sound_to_text(&read), text);
        assert_eq!(with_16_bits(&sound), read);
        assert_eq!(sound_from_text(&sound_to_text(&[]), 0), Some(Vec::new()));
    }

    #[test]
    fn what_is_no_sound_or_too_long_is_refused() {
        let text = sound_to_text(&[0.5; 100]);
        assert_eq!(sound_from_text(&text, 99), None);
        assert_eq!(sound_from_text("no base64!", 99), None);
        assert_eq!(sound_from_text(&bytes_to_text(b"not deflated"), 99), None);
    }
}
