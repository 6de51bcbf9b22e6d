//! Before the first packet: the container is opened, the track of the sound is
//! found, and a decoder is made for it.

use std::io::ErrorKind;

use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_ALAC;
use symphonia::core::codecs::audio::{
    AudioCodecId, AudioCodecParameters, AudioDecoder, AudioDecoderOptions,
};
use symphonia::core::errors::Error;
use symphonia::core::formats::{FormatOptions, FormatReader, Track, TrackType};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::default::formats::{
    AdtsReader, CafReader, FlacReader, IsoMp4Reader, MpaReader, OggReader,
};
use symphonia::default::get_codecs;

use super::section::Section;
use crate::audio::coding::Coding;
use crate::audio::container::mp4::{self, Heard, Movie, Stored};
use crate::audio::container::{self, Kind, flac, mpeg, ogg};
use crate::audio::decode::samples::pcm;
use crate::audio::decode::{Input, foreign};
use crate::audio::unreadable::Unreadable;

/// A container that was opened.
pub(super) struct Opening<'s> {
    /// Gives the packets.
    pub reader: Box<dyn FormatReader + 's>,
    /// Decodes those of the track.
    pub decoder: Box<dyn AudioDecoder>,
    /// What the decoder decodes.
    pub codec: AudioCodecId,
    /// The track of the sound.
    pub track: u32,
    /// How many frames the container says there are.
    pub frames: Option<u64>,
    /// Whether it says how much of its end is padding.
    pub is_padded: bool,
    /// What is heard of the sound, where it is not all.
    pub heard: Option<Heard>,
}

impl<'s> Opening<'s> {
    /// Opens the `len` bytes of `source` from `start` on.
    pub fn new<S: Input>(
        source: &'s mut S,
        start: u64,
        len: u64,
        kind: Kind,
    ) -> Result<Self, Unreadable> {
        let end = end_of_sound(source, start, start + len, kind)?;
        let movie = movie(source, start, end, kind)?;
        let (heard, stored) = movie.map_or((None, None), |movie| (movie.heard, movie.stored));
        refuse_what_shows(source, start, end, kind)?;
        let mut section = Section::new(source, start, end - start);
        if let Some(Stored::Numbers {
            coding,
            channels,
            tag,
        }) = &stored
        {
            if *channels > 2 {
                let found = format!("uncompressed sound of {channels} channels in QuickTime");
                return Err(Unreadable::Unsupported(found));
            }
            if matches!(coding, Coding::Integer(1, _)) {
                // Taken for unsigned ones until there is a decoder.
                section.replace(tag - start, *b"raw ");
            }
        }
        let reader = foreign(|| open(section, kind))?.map_err(at_the_beginning)?;
        let track = sound_track(&*reader, stored.as_ref())?;
        let parameters = heeding(audio_parameters(track)?, stored);
        Ok(Self {
            decoder: decoder_of(&parameters)?,
            codec: parameters.codec,
            track: track.id,
            frames: track.num_frames.filter(|frames| *frames > 0),
            // What an encoder added at one end, it tells together with the other.
            is_padded: track.padding.is_some(),
            heard,
            reader,
        })
    }
}

/// Where the sound ends that begins at `start`, in a file that ends at `end`.
fn end_of_sound<S: Input>(
    source: &mut S,
    start: u64,
    end: u64,
    kind: Kind,
) -> Result<u64, Unreadable> {
    match kind {
        Kind::Flac | Kind::Mpeg | Kind::Adts => Ok(container::before_tags(source, end, start)?),
        _ => Ok(end),
    }
}

/// What MP4 says of its sound; `None` of other files.
fn movie<S: Input>(
    source: &mut S,
    start: u64,
    end: u64,
    kind: Kind,
) -> Result<Option<Movie>, Unreadable> {
    if kind != Kind::Mp4 {
        return Ok(None);
    }
    let movie = mp4::movie(source, end, start)?.ok_or(Unreadable::Unfinished)?;
    match movie.has_tracks {
        true => Ok(Some(movie)),
        false => Err(Unreadable::NoSamples),
    }
}

/// Refuses what by its first bytes has no samples, or none that are decoded.
fn refuse_what_shows<S: Input>(
    source: &mut S,
    start: u64,
    end: u64,
    kind: Kind,
) -> Result<(), Unreadable> {
    let is_empty = match kind {
        Kind::Flac => flac::is_empty(source, end, start)?,
        Kind::Ogg(_) => ogg::is_empty(source, end, start)?,
        _ => false,
    };
    if is_empty {
        return Err(Unreadable::NoSamples);
    }
    if kind == Kind::Mpeg
        && let Some(found) = mpeg::refused(&container::beginning(source, start, 8)?)
    {
        return Err(Unreadable::Unsupported(found));
    }
    Ok(())
}

fn open<'s, S: Input>(
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

/// The track of the sound; where QuickTime describes ALAC in its own way, the
/// reader finds no default one.
fn sound_track<'r>(
    reader: &'r (dyn FormatReader + '_),
    stored: Option<&Stored>,
) -> Result<&'r Track, Unreadable> {
    let any_audio = || {
        let mut tracks = reader.tracks().iter();
        tracks.find(|track| matches!(track.codec_params, Some(CodecParameters::Audio(_))))
    };
    reader
        .default_track(TrackType::Audio)
        .or_else(|| any_audio().filter(|_| matches!(stored, Some(Stored::Alac(_)))))
        .ok_or_else(|| Unreadable::Unsupported("no sound, or sound of another kind".to_owned()))
}

/// How the sound of `track` is stored, by its container.
pub(super) fn audio_parameters(track: &Track) -> Result<&AudioCodecParameters, Unreadable> {
    match &track.codec_params {
        Some(CodecParameters::Audio(parameters)) => Ok(parameters),
        _ => Err(Unreadable::Broken(
            "it does not say how the sound is stored",
        )),
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

/// A decoder of sound that is stored like this.
pub(super) fn decoder_of(
    parameters: &AudioCodecParameters,
) -> Result<Box<dyn AudioDecoder>, Unreadable> {
    let options = AudioDecoderOptions::default();
    foreign(|| get_codecs().make_audio_decoder(parameters, &options))?.map_err(at_the_beginning)
}

/// What keeps a sound from being begun with.
fn at_the_beginning(error: Error) -> Unreadable {
    match error {
        Error::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => {
            Unreadable::Broken("it ends before the sound begins")
        }
        Error::IoError(error) if error.raw_os_error().is_some() => Unreadable::Io(error),
        Error::Unsupported(what) if what.contains("aac") => {
            Unreadable::Unsupported("AAC of another kind than LC in mono or stereo".to_owned())
        }
        Error::Unsupported(_) => Unreadable::Unsupported("sound of another kind".to_owned()),
        _ => Unreadable::Broken("the description of the sound is damaged"),
    }
}
