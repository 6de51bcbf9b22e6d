//! Sound in packets, in containers that `symphonia` reads well: FLAC, MP3,
//! Ogg, MP4, AAC, and compressed sound in CAF.

use symphonia::core::audio::GenericAudioBufferRef;
use symphonia::core::codecs::audio::well_known::{
    CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3, CODEC_ID_VORBIS,
};
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters, AudioDecoder};
use symphonia::core::errors::Error;
use symphonia::core::formats::{FormatReader, TrackType};
use symphonia::core::packet::Packet;

use super::{Decoding, Input, foreign};
use crate::audio::accepts_rate;
use crate::audio::container::mp4::Heard;
use crate::audio::container::{Kind, mpeg};
use crate::audio::unreadable::Unreadable;
use mpeg_end::EndOfMpeg;
use opening::{Opening, audio_parameters, decoder_of};

mod mpeg_end;
mod opening;
mod section;

/// Packets in a row that may be broken before the rest is given up.
const BROKEN_IN_A_ROW: usize = 1000;

/// The longest silence that stands for a broken packet, in frames.
const LONGEST_GAP: u64 = 8192;

/// Frames by which compressed sound may differ from what its container says:
/// what an encoder adds at its beginning and its end.
const ENCODER_FRAMES: u64 = 4096;

/// Sound in packets.
pub(super) struct Packets<'s> {
    reader: Box<dyn FormatReader + 's>,
    decoder: Box<dyn AudioDecoder>,
    codec: AudioCodecId,
    track: u32,
    channels: u16,
    sample_rate: u32,
    /// How many frames the container says there are.
    frames: Option<u64>,
    /// What may be missing of them.
    tolerance: u64,
    /// Whether the decoder itself takes off what its encoder added.
    trims: bool,
    /// What was decoded to learn how many channels there are.
    first: Option<Vec<f32>>,
    /// Frames before the sound, and those of it that are still to come.
    skipped: u64,
    left: u64,
    decoded: u64,
    broken: usize,
    ended: bool,
    is_mpeg: bool,
    end: EndOfMpeg,
}

/// What came of a packet.
enum PacketOutcome {
    Samples,
    /// The packet cannot be decoded.
    Broken,
    /// Its samples are of another kind than those before.
    Other,
}

impl<'s> Packets<'s> {
    /// Of the `len` bytes of `source` from `start` on.
    pub fn new<S: Input>(
        source: &'s mut S,
        start: u64,
        len: u64,
        kind: Kind,
    ) -> Result<Self, Unreadable> {
        let mut opening = Opening::new(source, start, len, kind)?;
        let heard = opening.heard.take();
        let mut packets = Self::before_the_first(opening, kind);
        packets.decode_the_first()?;
        if let Some(heard) = heard {
            packets.keep(&heard);
        }
        Ok(packets)
    }

    /// As they are before one of them was decoded.
    fn before_the_first(opening: Opening<'s>, kind: Kind) -> Self {
        let codec = opening.codec;
        Self {
            reader: opening.reader,
            decoder: opening.decoder,
            codec,
            track: opening.track,
            channels: 0,
            sample_rate: 0,
            frames: opening.frames,
            tolerance: match kind {
                Kind::Flac => 0,
                _ => ENCODER_FRAMES,
            },
            trims: [CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3, CODEC_ID_VORBIS].contains(&codec),
            first: None,
            skipped: 0,
            left: u64::MAX,
            decoded: 0,
            broken: 0,
            ended: false,
            is_mpeg: kind == Kind::Mpeg,
            end: EndOfMpeg::new(opening.is_padded),
        }
    }

    /// Only samples tell for certain how many channels there are, and their rate.
    fn decode_the_first(&mut self) -> Result<(), Unreadable> {
        let mut first = Vec::new();
        if !self.next_block(&mut first)? {
            return Err(Unreadable::NoSamples);
        }
        if !accepts_rate(self.sample_rate) {
            return Err(Unreadable::Rate(self.sample_rate));
        }
        self.first = Some(first);
        Ok(())
    }

    /// Keeps of the sound no more than what is `heard` of it.
    fn keep(&mut self, heard: &Heard) {
        let frames = |seconds: f64| (seconds * f64::from(self.sample_rate)).round() as u64;
        (self.skipped, self.left) = (frames(heard.from), frames(heard.seconds));
    }

    /// The next packet of the sound; `None` at the end, be it the right one or not.
    fn next_packet(&mut self) -> Result<Option<Packet>, Unreadable> {
        if let Some(packet) = self.end.next_held() {
            return Ok(Some(packet));
        }
        for _ in 0..BROKEN_IN_A_ROW {
            let reader = &mut self.reader;
            match foreign(|| reader.next_packet())? {
                Ok(Some(packet)) if packet.track_id == self.track => {
                    let packet = match self.is_mpeg {
                        true => self.end.sort(packet),
                        false => Some(packet),
                    };
                    if packet.is_some() {
                        return Ok(packet);
                    }
                }
                Ok(Some(_)) => {}
                Ok(None) => break,
                // The system's errors have numbers; others are the file's.
                Err(Error::IoError(error)) if error.raw_os_error().is_some() => {
                    return Err(Unreadable::Io(error));
                }
                // Sound that was joined to other sound, which begins anew.
                Err(Error::ResetRequired) => self.begin_anew()?,
                Err(_) => break,
            }
        }
        self.ended = true;
        Ok(None)
    }

    fn begin_anew(&mut self) -> Result<(), Unreadable> {
        let track = self.reader.default_track(TrackType::Audio);
        let track = track.ok_or(Unreadable::Broken("it ends before the sound begins"))?;
        self.decoder = decoder_of(audio_parameters(track)?)?;
        self.track = track.id;
        // What the container says is about its first part.
        self.frames = None;
        Ok(())
    }

    fn next_block(&mut self, interleaved: &mut Vec<f32>) -> Result<bool, Unreadable> {
        while let Some(packet) = self.next_packet()? {
            if self.channels == 0 {
                self.choose_layer(&packet)?;
            }
            match self.decode(&packet, interleaved)? {
                PacketOutcome::Samples if interleaved.is_empty() => {}
                PacketOutcome::Samples => {
                    self.broken = 0;
                    self.decoded += (interleaved.len() / usize::from(self.channels)) as u64;
                    return Ok(true);
                }
                PacketOutcome::Broken => {
                    self.broken += 1;
                    if self.broken >= BROKEN_IN_A_ROW {
                        self.ended = true;
                        return Ok(false);
                    }
                    // Silence in its place, so that what follows stays at its time.
                    let gap = packet.dur.get().min(LONGEST_GAP);
                    if self.channels > 0 && gap > 0 {
                        interleaved.clear();
                        interleaved.resize(gap as usize * usize::from(self.channels), 0.0);
                        self.decoded += gap;
                        return Ok(true);
                    }
                }
                PacketOutcome::Other => {
                    return Unreadable::unsupported(
                        "sound that changes its rate or number of channels half-way",
                    );
                }
            }
        }
        Ok(false)
    }

    /// MP4 has one name for all layers of MPEG, which the first packet tells apart.
    fn choose_layer(&mut self, packet: &Packet) -> Result<(), Unreadable> {
        if ![CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3].contains(&self.codec) {
            return Ok(());
        }
        if let Some(found) = mpeg::refused(&packet.data) {
            return Err(Unreadable::Unsupported(found));
        }
        let codec = match mpeg::layer(&packet.data) {
            Some(1) => CODEC_ID_MP1,
            Some(2) => CODEC_ID_MP2,
            Some(3) => CODEC_ID_MP3,
            _ => return Ok(()),
        };
        if codec != self.codec {
            let mut parameters = AudioCodecParameters::new();
            parameters.for_codec(codec);
            self.decoder = decoder_of(&parameters)?;
            self.codec = codec;
        }
        Ok(())
    }

    fn decode(
        &mut self,
        packet: &Packet,
        interleaved: &mut Vec<f32>,
    ) -> Result<PacketOutcome, Unreadable> {
        let known = (self.channels, self.sample_rate);
        let decoder = &mut self.decoder;
        let decoded = foreign(|| match decoder.decode(packet) {
            Ok(samples) => {
                copy(&samples, interleaved);
                let channels = u16::try_from(samples.spec().channels().count()).unwrap_or(0);
                Ok(Some((channels, samples.spec().rate())))
            }
            // A packet that ends too early reads like a file that does.
            Err(Error::DecodeError(_) | Error::ResetRequired | Error::IoError(_)) => Ok(None),
            Err(error) => Unreadable::unsupported(error.to_string()),
        })??;
        let Some(spec) = decoded else {
            return Ok(PacketOutcome::Broken);
        };
        if spec.0 == 0 {
            return Err(Unreadable::Broken("it declares no channels"));
        }
        if known.0 != 0 && known != spec {
            return Ok(PacketOutcome::Other);
        }
        (self.channels, self.sample_rate) = spec;
        if !self.trims {
            trim(packet, usize::from(spec.0), interleaved);
        }
        Ok(PacketOutcome::Samples)
    }
}

impl Decoding for Packets<'_> {
    fn channels(&self) -> u16 {
        self.channels
    }

    fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    fn frames(&self) -> Option<u64> {
        self.frames
    }

    fn length_agrees(&self) -> bool {
        let enough = |frames| self.decoded.saturating_add(self.tolerance) >= frames;
        self.frames.is_none_or(enough) && !self.end.is_passed()
    }

    fn next(&mut self, interleaved: &mut Vec<f32>) -> Result<bool, Unreadable> {
        if self.left == 0 {
            return Ok(false);
        }
        if let Some(first) = self.first.take() {
            *interleaved = first;
        } else if self.ended || !self.next_block(interleaved)? {
            return Ok(false);
        }
        self.cut(interleaved);
        Ok(true)
    }
}

impl Packets<'_> {
    /// Leaves what is heard of a block.
    fn cut(&mut self, interleaved: &mut Vec<f32>) {
        let channels = usize::from(self.channels);
        let frames = (interleaved.len() / channels) as u64;
        let skipped = self.skipped.min(frames);
        self.skipped -= skipped;
        interleaved.drain(..skipped as usize * channels);
        let kept = (frames - skipped).min(self.left);
        self.left -= kept;
        interleaved.truncate(kept as usize * channels);
    }
}

fn copy(samples: &GenericAudioBufferRef<'_>, interleaved: &mut Vec<f32>) {
    samples.copy_to_vec_interleaved(interleaved);
}

/// Takes off what the encoder added to this packet.
fn trim(packet: &Packet, channels: usize, interleaved: &mut Vec<f32>) {
    let samples =
        |frames: u64| usize::try_from(frames).map_or(usize::MAX, |n| n.saturating_mul(channels));
    let end = interleaved
        .len()
        .saturating_sub(samples(packet.trim_end.get()));
    interleaved.truncate(end);
    let start = samples(packet.trim_start.get()).min(interleaved.len());
    interleaved.drain(..start);
}
