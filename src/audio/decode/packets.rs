//! Sound in packets, in containers that `symphonia` reads well: FLAC, MP3,
//! Ogg, MP4, AAC, and compressed sound in CAF.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};

use symphonia::core::audio::GenericAudioBufferRef;
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::well_known::{
    CODEC_ID_ALAC, CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3, CODEC_ID_VORBIS,
};
use symphonia::core::codecs::audio::{
    AudioCodecId, AudioCodecParameters, AudioDecoder, AudioDecoderOptions,
};
use symphonia::core::errors::Error;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::{MediaSource, MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::packet::Packet;
use symphonia::core::units::Duration;
use symphonia::default::formats::{
    AdtsReader, CafReader, FlacReader, IsoMp4Reader, MpaReader, OggReader,
};
use symphonia::default::get_codecs;

use super::samples::pcm;
use super::{Source, Stream, foreign};
use crate::audio::accepts_rate;
use crate::audio::coding::Coding;
use crate::audio::container::mp4::{self, Stored};
use crate::audio::container::{self, Kind, flac, mpeg, ogg};
use crate::audio::fault::Fault;

/// Packets in a row that may be broken before the rest is given up.
const BROKEN_IN_A_ROW: usize = 1000;

/// The longest silence that stands for a broken packet, in frames.
const LONGEST_GAP: u64 = 8192;

/// Frames by which compressed sound may differ from what its container says:
/// what an encoder adds at its beginning and its end.
const ENCODER_FRAMES: u64 = 4096;

/// Packets that an encoder of MP3 may add at the end: the header of its file
/// counts up to 4095 frames.
const PADDING_PACKETS: usize = 4;

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

/// Where MP3 ends: its first frame may count others than are there, in files that
/// were joined or cut.
#[derive(Default)]
struct EndOfMpeg {
    /// Whether it says how much of its end is padding.
    is_padded: bool,
    /// Packets after the end, which are padding or, if they are many, sound.
    held: VecDeque<Packet>,
    /// Whether sound has come after the end.
    passed: bool,
}

impl EndOfMpeg {
    /// The next packet of those that came, and what the file says of them.
    fn sort(&mut self, mut packet: Packet) -> Option<Packet> {
        if !self.is_padded || self.passed {
            packet.trim_end = Duration::ZERO;
            return Some(packet);
        }
        if packet.trim_end < packet.dur {
            return Some(packet);
        }
        // Frames are found in tags and other things behind the sound, too; these
        // have nothing in common.
        let last = self.held.back();
        if last.is_some_and(|last| !mpeg::are_kin(&packet.data, &last.data)) {
            self.held.clear();
        }
        packet.trim_end = Duration::ZERO;
        self.held.push_back(packet);
        self.passed = self.held.len() > PADDING_PACKETS;
        self.next_held()
    }

    fn next_held(&mut self) -> Option<Packet> {
        match self.passed {
            true => self.held.pop_front(),
            false => None,
        }
    }
}

/// What came of a packet.
enum Decoded {
    Samples,
    /// The packet cannot be decoded.
    Broken,
    /// Its samples are of another kind than those before.
    Other,
}

impl<'s> Packets<'s> {
    /// Of the `len` bytes of `source` from `start` on.
    pub fn new<S: Source>(
        source: &'s mut S,
        start: u64,
        len: u64,
        kind: Kind,
    ) -> Result<Self, Fault> {
        let mut len = len;
        let (mut heard, mut stored) = (None, None);
        match kind {
            Kind::Flac | Kind::Mpeg | Kind::Adts => {
                len = container::before_tags(source, start + len, start)? - start;
            }
            Kind::Mp4 => {
                let movie = mp4::movie(source, start + len, start)?;
                let movie = movie.ok_or(Fault::Unfinished)?;
                if !movie.has_tracks {
                    return Err(Fault::NoSamples);
                }
                (heard, stored) = (movie.heard, movie.stored);
            }
            _ => {}
        }
        let is_empty = match kind {
            Kind::Flac => flac::is_empty(source, start + len, start)?,
            Kind::Ogg(_) => ogg::is_empty(source, start + len, start)?,
            _ => false,
        };
        if is_empty {
            return Err(Fault::NoSamples);
        }
        if kind == Kind::Mpeg
            && let Some(found) = mpeg::refused(&container::beginning(source, start, 8)?)
        {
            return Err(Fault::Unsupported(found));
        }
        let mut section = Section {
            source,
            start,
            len,
            position: 0,
            replaced: None,
        };
        match stored {
            Some(Stored::Numbers { channels, .. }) if channels > 2 => {
                let found = format!("uncompressed sound of {channels} channels in QuickTime");
                return Err(Fault::Unsupported(found));
            }
            // Taken for unsigned ones until there is a decoder.
            Some(Stored::Numbers {
                coding: Coding::Integer(1, _),
                tag,
                ..
            }) => section.replaced = Some((tag - start, *b"raw ")),
            _ => {}
        }
        let reader = foreign(|| open(section, kind))?.map_err(at_the_beginning)?;
        let any_audio = || {
            let mut tracks = reader.tracks().iter();
            tracks.find(|track| matches!(track.codec_params, Some(CodecParameters::Audio(_))))
        };
        let track = reader
            .default_track(TrackType::Audio)
            .or_else(|| any_audio().filter(|_| matches!(stored, Some(Stored::Alac(_)))))
            .ok_or_else(|| Fault::Unsupported("no sound, or sound of another kind".to_owned()))?;
        let Some(CodecParameters::Audio(parameters)) = &track.codec_params else {
            return Err(Fault::Broken("it does not say how the sound is stored"));
        };
        let parameters = &heeding(parameters, stored);
        let codec = parameters.codec;
        let options = AudioDecoderOptions::default();
        let decoder = foreign(|| get_codecs().make_audio_decoder(parameters, &options))?
            .map_err(at_the_beginning)?;
        let end = EndOfMpeg {
            // What an encoder added at one end, it tells together with the other.
            is_padded: track.padding.is_some(),
            ..EndOfMpeg::default()
        };
        let mut packets = Self {
            track: track.id,
            channels: 0,
            sample_rate: 0,
            frames: track.num_frames.filter(|frames| *frames > 0),
            tolerance: if kind == Kind::Flac {
                0
            } else {
                ENCODER_FRAMES
            },
            trims: [CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3, CODEC_ID_VORBIS].contains(&codec),
            first: None,
            skipped: 0,
            left: u64::MAX,
            decoded: 0,
            broken: 0,
            ended: false,
            is_mpeg: kind == Kind::Mpeg,
            end,
            decoder,
            codec,
            reader,
        };
        let mut first = Vec::new();
        if !packets.next_block(&mut first)? {
            return Err(Fault::NoSamples);
        }
        if !accepts_rate(packets.sample_rate) {
            return Err(Fault::Rate(packets.sample_rate));
        }
        if let Some(heard) = heard {
            let frames = |seconds: f64| (seconds * f64::from(packets.sample_rate)).round() as u64;
            (packets.skipped, packets.left) = (frames(heard.from), frames(heard.seconds));
        }
        packets.first = Some(first);
        Ok(packets)
    }

    /// The next packet of the sound; `None` at the end, be it the right one or not.
    fn next_packet(&mut self) -> Result<Option<Packet>, Fault> {
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
                    return Err(Fault::Io(error));
                }
                // Sound that was joined to other sound, which begins anew.
                Err(Error::ResetRequired) => self.begin_anew()?,
                Err(_) => break,
            }
        }
        self.ended = true;
        Ok(None)
    }

    fn begin_anew(&mut self) -> Result<(), Fault> {
        let track = self.reader.default_track(TrackType::Audio);
        let track = track.ok_or(Fault::Broken("it ends before the sound begins"))?;
        let Some(CodecParameters::Audio(parameters)) = &track.codec_params else {
            return Err(Fault::Broken("it does not say how the sound is stored"));
        };
        let options = AudioDecoderOptions::default();
        self.decoder = foreign(|| get_codecs().make_audio_decoder(parameters, &options))?
            .map_err(at_the_beginning)?;
        self.track = track.id;
        // What the container says is about its first part.
        self.frames = None;
        Ok(())
    }

    fn next_block(&mut self, interleaved: &mut Vec<f32>) -> Result<bool, Fault> {
        while let Some(packet) = self.next_packet()? {
            if self.channels == 0 {
                self.choose_layer(&packet)?;
            }
            match self.decode(&packet, interleaved)? {
                Decoded::Samples if interleaved.is_empty() => {}
                Decoded::Samples => {
                    self.broken = 0;
                    self.decoded += (interleaved.len() / usize::from(self.channels)) as u64;
                    return Ok(true);
                }
                Decoded::Broken => {
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
                Decoded::Other => {
                    return Fault::unsupported(
                        "sound that changes its rate or number of channels half-way",
                    );
                }
            }
        }
        Ok(false)
    }

    /// MP4 has one name for all layers of MPEG, which the first packet tells apart.
    fn choose_layer(&mut self, packet: &Packet) -> Result<(), Fault> {
        if ![CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3].contains(&self.codec) {
            return Ok(());
        }
        if let Some(found) = mpeg::refused(&packet.data) {
            return Err(Fault::Unsupported(found));
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
            let options = AudioDecoderOptions::default();
            self.decoder = foreign(|| get_codecs().make_audio_decoder(&parameters, &options))?
                .map_err(at_the_beginning)?;
            self.codec = codec;
        }
        Ok(())
    }

    fn decode(&mut self, packet: &Packet, interleaved: &mut Vec<f32>) -> Result<Decoded, Fault> {
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
            Err(error) => Fault::unsupported(error.to_string()),
        })??;
        let Some(spec) = decoded else {
            return Ok(Decoded::Broken);
        };
        if spec.0 == 0 {
            return Err(Fault::Broken("it declares no channels"));
        }
        if known.0 != 0 && known != spec {
            return Ok(Decoded::Other);
        }
        (self.channels, self.sample_rate) = spec;
        if !self.trims {
            trim(packet, usize::from(spec.0), interleaved);
        }
        Ok(Decoded::Samples)
    }
}

impl Stream for Packets<'_> {
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
        self.frames.is_none_or(enough) && !self.end.passed
    }

    fn next(&mut self, interleaved: &mut Vec<f32>) -> Result<bool, Fault> {
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

/// The description of a sound, with what QuickTime says of it in its own way.
fn heeding(described: &AudioCodecParameters, stored: Option<Stored>) -> AudioCodecParameters {
    let mut parameters = described.clone();
    match stored {
        Some(Stored::Alac(cookie)) => {
            parameters.for_codec(CODEC_ID_ALAC);
            parameters.with_extra_data(cookie.into_boxed_slice());
        }
        Some(Stored::Numbers { coding, .. }) if parameters.bits_per_sample.is_some() => {
            if let Some(codec) = pcm(coding) {
                parameters.for_codec(codec);
            }
        }
        _ => {}
    }
    parameters
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

fn open<'s, S: Source>(
    section: Section<'s, S>,
    kind: Kind,
) -> Result<Box<dyn FormatReader + 's>, Error> {
    let source = MediaSourceStream::new(Box::new(section), MediaSourceStreamOptions::default());
    let options = FormatOptions::default();
    Ok(match kind {
        Kind::Flac => Box::new(FlacReader::try_new(source, options)?),
        Kind::Mp4 => Box::new(IsoMp4Reader::try_new(source, options)?),
        Kind::Ogg(_) => Box::new(OggReader::try_new(source, options)?),
        Kind::Adts => Box::new(AdtsReader::try_new(source, options)?),
        Kind::Caf => Box::new(CafReader::try_new(source, options)?),
        Kind::Mpeg | Kind::Chunks(_) | Kind::Au(_) => {
            Box::new(MpaReader::try_new(source, options)?)
        }
    })
}

/// What keeps a sound from being begun with.
fn at_the_beginning(error: Error) -> Fault {
    match error {
        Error::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => {
            Fault::Broken("it ends before the sound begins")
        }
        Error::IoError(error) if error.raw_os_error().is_some() => Fault::Io(error),
        Error::Unsupported(what) if what.contains("aac") => {
            Fault::Unsupported("AAC of another kind than LC in mono or stereo".to_owned())
        }
        Error::Unsupported(_) => Fault::Unsupported("sound of another kind".to_owned()),
        _ => Fault::Broken("the description of the sound is damaged"),
    }
}

/// A part of a file, as a file of its own.
struct Section<'s, S> {
    source: &'s mut S,
    start: u64,
    len: u64,
    position: u64,
    /// Bytes that are read as others, and where.
    replaced: Option<(u64, [u8; 4])>,
}

impl<S: Read + Seek> Read for Section<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.len.saturating_sub(self.position);
        let wanted = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        if wanted == 0 {
            return Ok(0);
        }
        self.source
            .seek(SeekFrom::Start(self.start.saturating_add(self.position)))?;
        let read = self.source.read(&mut buffer[..wanted])?;
        if let Some((at, bytes)) = self.replaced {
            for (byte, at) in bytes.iter().zip(at..) {
                let index = at.checked_sub(self.position).map(usize::try_from);
                if let Some(Ok(index)) = index
                    && index < read
                {
                    buffer[index] = *byte;
                }
            }
        }
        self.position += read as u64;
        Ok(read)
    }
}

impl<S: Read + Seek> Seek for Section<'_, S> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.len.checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        let outside = || io::Error::from(ErrorKind::InvalidInput);
        self.position = target.ok_or_else(outside)?;
        Ok(self.position)
    }
}

impl<S: Read + Seek + Send + Sync> MediaSource for Section<'_, S> {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.len)
    }
}
