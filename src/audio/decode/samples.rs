//! Samples, or blocks of them, that lie one after the other in a file.
//!
//! The demultiplexers of `symphonia` are not used for these: they refuse or
//! misread headers that recorders leave behind every day (a data size of 0, a
//! wrong RIFF size, an odd LIST chunk, many channels, 24-bit `sowt`). Its
//! decoders are handed bare samples.

use std::io::{Read, SeekFrom, Take};

use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::well_known::{
    CODEC_ID_ADPCM_IMA_QT, CODEC_ID_ADPCM_IMA_WAV, CODEC_ID_ADPCM_MS, CODEC_ID_PCM_ALAW,
    CODEC_ID_PCM_F32BE, CODEC_ID_PCM_F32LE, CODEC_ID_PCM_F64BE, CODEC_ID_PCM_F64LE,
    CODEC_ID_PCM_MULAW, CODEC_ID_PCM_S8, CODEC_ID_PCM_S16BE, CODEC_ID_PCM_S16LE,
    CODEC_ID_PCM_S24BE, CODEC_ID_PCM_S24LE, CODEC_ID_PCM_S32BE, CODEC_ID_PCM_S32LE,
    CODEC_ID_PCM_U8,
};
use symphonia::core::codecs::audio::{
    AudioCodecId, AudioCodecParameters, AudioDecoder, AudioDecoderOptions,
};
use symphonia::core::errors::Error;
use symphonia::core::packet::PacketRef;
use symphonia::core::units::{Duration, Timestamp};
use symphonia::default::codecs::{AdpcmDecoder, PcmDecoder};

use super::{Decoding, Input, foreign};
use crate::audio::coding::{Coding, Encoding, Ends};
use crate::audio::container::Extent;
use crate::audio::unreadable::Unreadable;

/// About how many bytes of samples are decoded at a time.
const BLOCK_BYTES: u64 = 64 * 1024;

/// Samples as they lie in a file.
pub(super) struct Samples<'s, S> {
    rest: Take<&'s mut S>,
    encoding: Encoding,
    sound: Extent,
    /// Frames that the file holds, and those not decoded yet.
    frames: u64,
    left: u64,
    decoder: Decoder,
    block: Vec<u8>,
}

enum Decoder {
    Pcm(PcmDecoder),
    /// Its blocks are decoded one by one: a broken one is silence.
    Blocks(AdpcmDecoder),
}

impl<'s, S: Input> Samples<'s, S> {
    /// The `sound` in `source`, stored as `encoding` says.
    pub fn new(source: &'s mut S, encoding: Encoding, sound: Extent) -> Result<Self, Unreadable> {
        let (unit_bytes, unit_frames) = encoding.unit();
        if unit_bytes == 0 || unit_frames == 0 {
            return Err(Unreadable::Broken(
                "its blocks are of no size that ADPCM has",
            ));
        }
        let (whole, over) = (sound.len() / unit_bytes, sound.len() % unit_bytes);
        let there = whole * unit_frames + frames_in_part(encoding, over);
        let frames = encoding.frames.map_or(there, |said| said.min(there));
        if frames == 0 {
            return Err(Unreadable::NoSamples);
        }
        source.seek(SeekFrom::Start(sound.start))?;
        Ok(Self {
            decoder: Decoder::new(encoding, unit_frames)?,
            rest: source.take(sound.len()),
            encoding,
            sound,
            frames,
            left: frames,
            block: Vec::new(),
        })
    }

    fn next_samples(&mut self, interleaved: &mut Vec<f32>) -> Result<bool, Unreadable> {
        let (unit_bytes, _) = self.encoding.unit();
        let bytes = unit_bytes * (BLOCK_BYTES / unit_bytes).max(1);
        self.block.clear();
        self.rest
            .by_ref()
            .take(bytes)
            .read_to_end(&mut self.block)?;
        let whole = self.block.len() - self.block.len() % unit_bytes as usize;
        if whole == 0 {
            return Ok(false);
        }
        let Decoder::Pcm(decoder) = &mut self.decoder else {
            return Ok(false);
        };
        let packet = PacketRef::new(0, Timestamp::ZERO, Duration::ZERO, &self.block[..whole]);
        foreign(|| match decoder.decode_ref(&packet) {
            Ok(samples) => {
                samples.copy_to_vec_interleaved(interleaved);
                Ok(true)
            }
            Err(error) => Unreadable::unsupported(error.to_string()),
        })?
    }

    fn next_block(&mut self, interleaved: &mut Vec<f32>) -> Result<bool, Unreadable> {
        let (unit_bytes, unit_frames) = self.encoding.unit();
        self.block.clear();
        let wanted = self.rest.by_ref().take(unit_bytes);
        { wanted }.read_to_end(&mut self.block)?;
        let frames = match self.block.len() as u64 {
            bytes if bytes == unit_bytes => unit_frames,
            bytes => frames_in_part(self.encoding, bytes),
        };
        if frames == 0 {
            return Ok(false);
        }
        let mut short;
        let decoder = match &mut self.decoder {
            Decoder::Blocks(decoder) if frames == unit_frames => decoder,
            _ => {
                short = adpcm(self.encoding, frames)?;
                &mut short
            }
        };
        let packet = PacketRef::new(0, Timestamp::ZERO, Duration::new(frames), &self.block);
        let decoded = foreign(|| match decoder.decode_ref(&packet) {
            Ok(samples) => {
                samples.copy_to_vec_interleaved(interleaved);
                true
            }
            Err(_) => false,
        })?;
        if !decoded {
            interleaved.clear();
        }
        let kept = frames.min(self.left);
        interleaved.resize(kept as usize * usize::from(self.encoding.channels), 0.0);
        Ok(kept > 0)
    }
}

impl<S: Input> Decoding for Samples<'_, S> {
    fn channels(&self) -> u16 {
        self.encoding.channels
    }

    fn sample_rate(&self) -> u32 {
        self.encoding.sample_rate
    }

    fn frames(&self) -> Option<u64> {
        Some(self.frames)
    }

    fn length_agrees(&self) -> bool {
        // The file may have been cut shorter while it was read.
        self.sound.agrees() && self.left == 0
    }

    fn next(&mut self, interleaved: &mut Vec<f32>) -> Result<bool, Unreadable> {
        if self.left == 0 {
            return Ok(false);
        }
        let more = match self.decoder {
            Decoder::Pcm(_) => self.next_samples(interleaved)?,
            Decoder::Blocks(_) => self.next_block(interleaved)?,
        };
        if more {
            let decoded = interleaved.len() as u64 / u64::from(self.encoding.channels);
            self.left = self.left.saturating_sub(decoded);
        }
        Ok(more)
    }
}

impl Decoder {
    fn new(encoding: Encoding, unit_frames: u64) -> Result<Self, Unreadable> {
        let codec = match encoding.coding {
            Coding::ImaAdpcm(_) | Coding::MsAdpcm(_) | Coding::AppleIma => {
                return Ok(Self::Blocks(adpcm(encoding, unit_frames)?));
            }
            coding => match pcm(coding) {
                Some(codec) => codec,
                None => return Unreadable::unsupported("packets where samples should be"),
            },
        };
        // All channels are taken for one and told apart by the mixer, so that no
        // header can make the decoder set up thousands of them.
        let mut parameters = AudioCodecParameters::new();
        parameters
            .for_codec(codec)
            .with_sample_rate(encoding.sample_rate)
            .with_channels(Channels::Discrete(1));
        let made = foreign(|| PcmDecoder::try_new(&parameters, &AudioDecoderOptions::default()))?;
        made.map(Self::Pcm).or_else(refused)
    }
}

/// The decoder for samples one by one; `None` where they are stored otherwise.
pub(super) fn pcm(coding: Coding) -> Option<AudioCodecId> {
    Some(match coding {
        Coding::Unsigned8 => CODEC_ID_PCM_U8,
        Coding::Integer(1, _) => CODEC_ID_PCM_S8,
        Coding::Integer(2, Ends::Little) => CODEC_ID_PCM_S16LE,
        Coding::Integer(2, Ends::Big) => CODEC_ID_PCM_S16BE,
        Coding::Integer(3, Ends::Little) => CODEC_ID_PCM_S24LE,
        Coding::Integer(3, Ends::Big) => CODEC_ID_PCM_S24BE,
        Coding::Integer(_, Ends::Little) => CODEC_ID_PCM_S32LE,
        Coding::Integer(_, Ends::Big) => CODEC_ID_PCM_S32BE,
        Coding::Float(4, Ends::Little) => CODEC_ID_PCM_F32LE,
        Coding::Float(4, Ends::Big) => CODEC_ID_PCM_F32BE,
        Coding::Float(_, Ends::Little) => CODEC_ID_PCM_F64LE,
        Coding::Float(_, Ends::Big) => CODEC_ID_PCM_F64BE,
        Coding::MuLaw => CODEC_ID_PCM_MULAW,
        Coding::ALaw => CODEC_ID_PCM_ALAW,
        _ => return None,
    })
}

/// A decoder of blocks of `frames` frames.
fn adpcm(encoding: Encoding, frames: u64) -> Result<AdpcmDecoder, Unreadable> {
    let codec: AudioCodecId = match encoding.coding {
        Coding::ImaAdpcm(_) => CODEC_ID_ADPCM_IMA_WAV,
        Coding::MsAdpcm(_) => CODEC_ID_ADPCM_MS,
        _ => CODEC_ID_ADPCM_IMA_QT,
    };
    let mut parameters = AudioCodecParameters::new();
    parameters
        .for_codec(codec)
        .with_sample_rate(encoding.sample_rate)
        .with_channels(Channels::Discrete(encoding.channels))
        .with_max_frames_per_packet(frames)
        .with_frames_per_block(frames);
    foreign(|| AdpcmDecoder::try_new(&parameters, &AudioDecoderOptions::default()))?
        .or_else(refused)
}

fn refused<T>(error: Error) -> Result<T, Unreadable> {
    Unreadable::unsupported(error.to_string())
}

/// Frames in a last block of fewer bytes than the others; 0 where it is too
/// short, and of samples, which are no blocks.
fn frames_in_part(encoding: Encoding, bytes: u64) -> u64 {
    let channels = u64::from(encoding.channels);
    match encoding.coding {
        Coding::ImaAdpcm(_) => match (bytes / channels).checked_sub(4) {
            // Words of eight samples, one channel after the other.
            Some(nibbles) if channels > 1 => nibbles / 4 * 8 + 1,
            Some(nibbles) => nibbles * 2 + 1,
            None => 0,
        },
        Coding::MsAdpcm(_) => match bytes.checked_sub(7 * channels) {
            Some(nibbles) => nibbles * 2 / channels + 2,
            None => 0,
        },
        _ => 0,
    }
}
