//! Reading of WAV and AIFF files.
//!
//! Samples are decoded by `symphonia`. Its demultiplexers are not used: they
//! refuse or misread headers that recorders leave behind every day (a data size
//! of 0, a wrong RIFF size, an odd LIST chunk, many channels, 24-bit `sowt`).
//! The few header fields needed are found here instead, trusting the length of
//! the file over what its header says, and the decoder is handed bare samples.

use std::fs::{self, File};
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;

use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::well_known::{
    CODEC_ID_PCM_F32BE, CODEC_ID_PCM_F32LE, CODEC_ID_PCM_F64BE, CODEC_ID_PCM_F64LE,
    CODEC_ID_PCM_S8, CODEC_ID_PCM_S16BE, CODEC_ID_PCM_S16LE, CODEC_ID_PCM_S24BE,
    CODEC_ID_PCM_S24LE, CODEC_ID_PCM_S32BE, CODEC_ID_PCM_S32LE, CODEC_ID_PCM_U8,
};
use symphonia::core::codecs::audio::{
    AudioCodecId, AudioCodecParameters, AudioDecoder, AudioDecoderOptions,
};
use symphonia::core::packet::PacketRef;
use symphonia::core::units::{Duration, Timestamp};
use symphonia::default::codecs::PcmDecoder;

use super::{AudioError, Signal, accepts_rate};

/// Chunks looked at before giving up on a file; real files have a dozen.
const MAX_CHUNKS: usize = 4096;

/// About how many bytes of samples are decoded at a time.
const BLOCK_BYTES: usize = 64 * 1024;

/// Bytes of the container's own header: its tag, its size and its kind.
const CONTAINER_HEADER: u64 = 12;

/// Bytes of a chunk's header: its tag and its size.
const CHUNK_HEADER: u64 = 8;

/// Bytes in an AIFF sound chunk before the sound: its offset and block size.
const SSND_HEADER: u64 = 8;

/// Bytes of a WAV format chunk that matter, and of an AIFF common chunk.
const FORMAT_BYTES: usize = 40;

const WAVE_FORMAT_PCM: u16 = 0x0001;
const WAVE_FORMAT_IEEE_FLOAT: u16 = 0x0003;
const WAVE_FORMAT_EXTENSIBLE: u16 = 0xfffe;

/// A sound file as decoded, mixed to mono at the rate of the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// The mean of the channels; full scale is ±1, all samples are finite.
    pub samples: Vec<f32>,
    /// Number of channels in the file, at least 1.
    pub channels: u16,
    /// Sample rate of the file in Hz.
    pub sample_rate: u32,
    /// Whether the header told the true length of the sound. When it did not,
    /// `samples` is all that the file holds.
    pub length_agrees: bool,
    /// How many samples, over all channels, were replaced by 0: NaN, infinite,
    /// or so large that sums of them would be.
    pub non_finite: usize,
}

impl Recording {
    /// The sound, at the rate of the file.
    pub fn into_signal(self) -> Signal {
        Signal {
            samples: self.samples,
            sample_rate: self.sample_rate,
        }
    }
}

/// Whether a sound file is all there, going by its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderCheck {
    /// The header declares no more than the file holds.
    Complete,
    /// The header declares more than the file holds, or no sound at all: the
    /// file is still being written or copied, or its writer died.
    Incomplete(Lack),
    OpenEnded,
    /// Neither a WAV nor an AIFF file.
    NotRecognised(Option<&'static str>),
}
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    Header,
    Sound,
    Size,
    Rest { declared: u64, present: u64 },
}

/// Decodes a WAV or AIFF file of any rate and number of channels.
///
/// WAV with 8, 16, 24 or 32-bit integers or 32 or 64-bit floats, plain or
/// extensible; AIFF with integers of up to 32 bits; AIFF-C of the kinds NONE,
/// twos, sowt, raw, in24, in32, 42ni, 23ni, fl32 and fl64. A data size of 0 or
/// beyond the end of the file means all that follows; a last incomplete frame
/// is dropped.
///
/// # Errors
///
/// [`AudioError::CannotOpen`], [`CannotRead`](AudioError::CannotRead),
/// [`NotAudio`](AudioError::NotAudio), [`BrokenHeader`](AudioError::BrokenHeader),
/// [`UnsupportedFormat`](AudioError::UnsupportedFormat),
/// [`UnsupportedRate`](AudioError::UnsupportedRate),
/// [`NoSamples`](AudioError::NoSamples), [`TooLong`](AudioError::TooLong), and
/// [`NotFinite`](AudioError::NotFinite) when not one sample is a finite number below 10¹⁰.
pub fn read(path: &Path) -> Result<Recording, AudioError> {
    let (mut file, file_len) = open(path)?;
    if file_len == 0 {
        return Err(Fault::NoSamples.at(path));
    }
    read_from(&mut file, file_len).map_err(|fault| fault.at(path))
}

/// Decodes a WAV or AIFF file from its `bytes`; `path` is what errors call it.
///
/// # Errors
///
/// Those of [`read`], but for the first two.
pub fn read_bytes(bytes: &[u8], path: &Path) -> Result<Recording, AudioError> {
    if bytes.is_empty() {
        return Err(Fault::NoSamples.at(path));
    }
    read_from(&mut Cursor::new(bytes), bytes.len() as u64).map_err(|fault| fault.at(path))
}

/// Compares the sizes that a WAV or AIFF header declares with the length of the
/// file, reading only chunk headers.
///
/// A file that has only begun to arrive counts as
/// [`Incomplete`](HeaderCheck::Incomplete) as long as its first bytes may still
/// become a WAV or AIFF file. A recorder that keeps its header up to date
/// while recording looks [`Complete`](HeaderCheck::Complete) at every moment,
/// and one that died leaves a file [`Incomplete`](HeaderCheck::Incomplete)
/// forever, though [`read`] can read it: look at the file's growth too.
///
/// # Errors
///
/// [`AudioError::CannotOpen`] and [`AudioError::CannotRead`].
pub fn header_agrees_with_length(path: &Path) -> Result<HeaderCheck, AudioError> {
    let (mut file, file_len) = open(path)?;
    check_header(&mut file, file_len).map_err(|error| Fault::Io(error).at(path))
}

/// The same of a file whose bytes are at hand.
///
/// # Errors
///
/// None that a well-made reader knows of.
pub fn header_of_bytes(bytes: &[u8]) -> io::Result<HeaderCheck> {
    check_header(&mut Cursor::new(bytes), bytes.len() as u64)
}

/// Bytes that a second of the sound takes in a WAV or AIFF file, by its
/// header; `None` where there is none yet.
pub fn bytes_per_second(path: &Path) -> Option<u64> {
    let (mut file, file_len) = open(path).ok()?;
    let outline = Outline::scan(&mut file, file_len).ok()??;
    let encoding = Encoding::read(&mut file, file_len, outline.container, outline.format?).ok()?;
    let (_, bytes) = encoding.sample;
    Some(u64::from(bytes) * u64::from(encoding.channels) * u64::from(encoding.sample_rate))
}

/// What is wrong with a file, before its path is known.
enum Fault {
    Io(io::Error),
    NotAudio,
    Broken(&'static str),
    Unsupported(String),
    Rate(u32),
    NoSamples,
    NotFinite(usize),
    TooLong,
}

impl Fault {
    fn at(self, path: &Path) -> AudioError {
        let path = path.to_path_buf();
        match self {
            Self::Io(cause) => AudioError::CannotRead { path, cause },
            Self::NotAudio => AudioError::NotAudio { path },
            Self::Broken(problem) => AudioError::BrokenHeader { path, problem },
            Self::Unsupported(found) => AudioError::UnsupportedFormat { path, found },
            Self::Rate(rate) => AudioError::UnsupportedRate { path, rate },
            Self::NoSamples => AudioError::NoSamples { path },
            Self::NotFinite(count) => AudioError::NotFinite { path, count },
            Self::TooLong => AudioError::TooLong { path },
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<symphonia::core::errors::Error> for Fault {
    fn from(error: symphonia::core::errors::Error) -> Self {
        Self::Unsupported(error.to_string())
    }
}

/// Opens a regular file; opening a named pipe would wait for its writer.
fn open(path: &Path) -> Result<(BufReader<File>, u64), AudioError> {
    let open_regular = || {
        if !fs::metadata(path)?.is_file() {
            return Err(io::Error::other("it is not a file"));
        }
        let file = File::open(path)?;
        let file_len = file.metadata()?.len();
        Ok((BufReader::new(file), file_len))
    };
    open_regular().map_err(|cause| AudioError::CannotOpen {
        path: path.to_path_buf(),
        cause,
    })
}

fn read_from<R: Read + Seek>(file: &mut R, file_len: u64) -> Result<Recording, Fault> {
    let outline = Outline::scan(file, file_len)?.ok_or(Fault::NotAudio)?;
    let format = outline
        .format
        .ok_or(Fault::Broken("it does not say how the sound is stored"))?;
    let encoding = Encoding::read(file, file_len, outline.container, format)?;
    let sound = outline
        .sound(file, file_len)?
        .ok_or(Fault::Broken("it ends before the sound begins"))?;
    decode(file, &sound, &encoding)
}

fn check_header<R: Read + Seek>(file: &mut R, file_len: u64) -> io::Result<HeaderCheck> {
    let Some(outline) = Outline::scan(file, file_len)? else {
        return if may_become_audio(file, file_len)? {
            Ok(HeaderCheck::Incomplete(Lack::Header))
        } else {
            Ok(HeaderCheck::NotRecognised(None))
        };
    };
    // Many writers count a last pad byte that they do not write.
    let container_fits = outline.declared_end <= file_len + 1;
    let sound = outline.sound(file, file_len)?;
    let sound_agrees = sound.as_ref().is_some_and(|s| s.agrees && s.len > 0);
    Ok(if container_fits && sound_agrees {
        HeaderCheck::Complete
    } else {
        HeaderCheck::Incomplete(match (&sound, outline.sound) {
            (Some(s), Some(c)) if s.len > 0 && c.size == 0 => Lack::Size,
            (Some(s), Some(c)) if s.len > 0 => {
                if c.size >= 0x7fff0000 {
                    return Ok(HeaderCheck::OpenEnded);
                }
                Lack::Rest {
                    declared: c.size,
                    present: s.len,
                }
            }
            _ => Lack::Sound,
        })
    })
}

/// Whether a file too short for a container header begins like one.
fn may_become_audio<R: Read + Seek>(file: &mut R, file_len: u64) -> io::Result<bool> {
    if file_len >= CONTAINER_HEADER {
        return Ok(false);
    }
    let mut start = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.take(4).read_to_end(&mut start)?;
    Ok(b"RIFF".starts_with(&start) || b"FORM".starts_with(&start))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Container {
    Wav,
    Aiff,
    AiffC,
}

impl Container {
    fn recognise(tag: [u8; 4], kind: [u8; 4]) -> Option<Self> {
        match (&tag, &kind) {
            (b"RIFF", b"WAVE") => Some(Self::Wav),
            (b"FORM", b"AIFF") => Some(Self::Aiff),
            (b"FORM", b"AIFC") => Some(Self::AiffC),
            _ => None,
        }
    }

    fn format_tag(self) -> &'static [u8; 4] {
        match self {
            Self::Wav => b"fmt ",
            Self::Aiff | Self::AiffC => b"COMM",
        }
    }

    fn sound_tag(self) -> &'static [u8; 4] {
        match self {
            Self::Wav => b"data",
            Self::Aiff | Self::AiffC => b"SSND",
        }
    }

    fn size(self, bytes: [u8; 4]) -> u64 {
        u64::from(match self {
            Self::Wav => u32::from_le_bytes(bytes),
            Self::Aiff | Self::AiffC => u32::from_be_bytes(bytes),
        })
    }
}

/// A chunk's body: where it begins in the file, and the size it declares.
#[derive(Clone, Copy)]
struct Chunk {
    start: u64,
    size: u64,
}

impl Chunk {
    /// Where the next chunk begins: chunks are padded to an even size.
    fn next(self) -> u64 {
        self.start + self.size + self.size % 2
    }
}

/// Where in a file the parts are that matter.
struct Outline {
    container: Container,
    declared_end: u64,
    format: Option<Chunk>,
    sound: Option<Chunk>,
}

impl Outline {
    /// Walks the chunk headers; `None` when this is no WAV or AIFF file.
    fn scan<R: Read + Seek>(file: &mut R, file_len: u64) -> io::Result<Option<Self>> {
        if file_len < CONTAINER_HEADER {
            return Ok(None);
        }
        let [tag, size, kind] = read_words(file, 0)?;
        let Some(container) = Container::recognise(tag, kind) else {
            return Ok(None);
        };
        let mut outline = Self {
            container,
            declared_end: container.size(size) + CHUNK_HEADER,
            format: None,
            sound: None,
        };
        let mut at = CONTAINER_HEADER;
        for _ in 0..MAX_CHUNKS {
            let both_found = outline.format.is_some() && outline.sound.is_some();
            if both_found || at + CHUNK_HEADER > file_len {
                break;
            }
            let (tag, chunk) = read_chunk(file, container, at)?;
            if &tag == container.format_tag() {
                outline.format.get_or_insert(chunk);
            } else if &tag == container.sound_tag() {
                outline.sound.get_or_insert(chunk);
            }
            at = chunk.next();
        }
        Ok(Some(outline))
    }

    /// The extent of the sound, corrected where the header cannot be true;
    /// `None` when there is no sound chunk, or it is cut off in its own header.
    fn sound<R: Read + Seek>(&self, file: &mut R, file_len: u64) -> io::Result<Option<Sound>> {
        let Some(chunk) = self.sound else {
            return Ok(None);
        };
        let skipped = match self.container {
            Container::Wav => 0,
            Container::Aiff | Container::AiffC => {
                if chunk.start + SSND_HEADER > file_len {
                    return Ok(None);
                }
                let [offset] = read_words(file, chunk.start)?;
                SSND_HEADER + u64::from(u32::from_be_bytes(offset))
            }
        };
        let start = chunk.start + skipped;
        let declared = chunk.size.saturating_sub(skipped);
        let present = file_len.saturating_sub(start);
        let unfinished = declared == 0
            && present > 0
            && !only_chunks_follow(file, self.container, start, file_len)?;
        let agrees = !unfinished && declared <= present;
        let len = if agrees { declared } else { present };
        Ok(Some(Sound { start, len, agrees }))
    }
}

/// Tells a file that truly holds no sound but ends in other chunks from one
/// whose recorder never came to write the size of the sound.
fn only_chunks_follow<R: Read + Seek>(
    file: &mut R,
    container: Container,
    mut at: u64,
    file_len: u64,
) -> io::Result<bool> {
    for _ in 0..MAX_CHUNKS {
        if at >= file_len {
            return Ok(at <= file_len + 1);
        }
        if at + CHUNK_HEADER > file_len {
            return Ok(false);
        }
        let (tag, chunk) = read_chunk(file, container, at)?;
        if !tag.iter().all(|c| matches!(c, b' '..=b'~')) {
            return Ok(false);
        }
        at = chunk.next();
    }
    Ok(false)
}

fn read_chunk<R: Read + Seek>(
    file: &mut R,
    container: Container,
    at: u64,
) -> io::Result<([u8; 4], Chunk)> {
    let [tag, size] = read_words(file, at)?;
    let chunk = Chunk {
        start: at + CHUNK_HEADER,
        size: container.size(size),
    };
    Ok((tag, chunk))
}

/// Reads `N` words of four bytes.
fn read_words<const N: usize, R: Read + Seek>(file: &mut R, at: u64) -> io::Result<[[u8; 4]; N]> {
    let mut words = [[0; 4]; N];
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(words.as_flattened_mut())?;
    Ok(words)
}

/// Where the sound lies in the file.
struct Sound {
    start: u64,
    len: u64,
    agrees: bool,
}

/// How one sample is stored: its decoder and its size in bytes.
type Sample = (AudioCodecId, u16);

/// How the sound is stored.
struct Encoding {
    sample: Sample,
    channels: u16,
    sample_rate: u32,
}

impl Encoding {
    fn read<R: Read + Seek>(
        file: &mut R,
        file_len: u64,
        container: Container,
        chunk: Chunk,
    ) -> Result<Self, Fault> {
        let mut body = [0; FORMAT_BYTES];
        let size = chunk.size.min(file_len - chunk.start) as usize;
        let size = size.min(FORMAT_BYTES);
        file.seek(SeekFrom::Start(chunk.start))?;
        file.read_exact(&mut body[..size])?;
        let encoding = match container {
            Container::Wav => Self::from_fmt(&body, size)?,
            Container::Aiff => Self::from_comm(&body, size, *b"NONE")?,
            Container::AiffC if size < 22 => return Err(CUT_OFF),
            Container::AiffC => Self::from_comm(&body, size, bytes_at(&body, 18))?,
        };
        if encoding.channels == 0 {
            return Err(Fault::Broken("it declares no channels"));
        }
        if !accepts_rate(encoding.sample_rate) {
            return Err(Fault::Rate(encoding.sample_rate));
        }
        Ok(encoding)
    }

    /// Reads the `fmt ` chunk of a WAV file.
    fn from_fmt(body: &[u8; FORMAT_BYTES], size: usize) -> Result<Self, Fault> {
        let word = |at| u16::from_le_bytes(bytes_at(body, at));
        let tag = match word(0) {
            WAVE_FORMAT_EXTENSIBLE if size < FORMAT_BYTES => return Err(CUT_OFF),
            // The first word of the sub-format's identifier is a plain format tag.
            WAVE_FORMAT_EXTENSIBLE => word(24),
            _ if size < 16 => return Err(CUT_OFF),
            tag => tag,
        };
        let (channels, block_align, bits) = (word(2), word(12), word(14));
        Ok(Self {
            sample: wav_sample(tag, bits, container_bytes(bits, block_align, channels)?)?,
            channels,
            sample_rate: u32::from_le_bytes(bytes_at(body, 4)),
        })
    }

    /// Reads the `COMM` chunk of an AIFF file whose samples are of `kind`.
    fn from_comm(body: &[u8; FORMAT_BYTES], size: usize, kind: [u8; 4]) -> Result<Self, Fault> {
        if size < 18 {
            return Err(CUT_OFF);
        }
        Ok(Self {
            sample: aiff_sample(kind, u16::from_be_bytes(bytes_at(body, 6)))?,
            channels: u16::from_be_bytes(bytes_at(body, 0)),
            sample_rate: extended_to_hz(bytes_at(body, 8)),
        })
    }
}

const CUT_OFF: Fault = Fault::Broken("the description of the sound is cut off");

const NO_BITS: Fault = Fault::Broken("it declares samples of 0 bits");

fn bytes_at<const N: usize>(body: &[u8; FORMAT_BYTES], at: usize) -> [u8; N] {
    std::array::from_fn(|i| body[at + i])
}

/// Bytes of one WAV sample. Samples with fewer bits than their container are
/// left-justified in it, so they decode as if they filled it; only a block
/// alignment that makes sense is believed.
fn container_bytes(bits: u16, block_align: u16, channels: u16) -> Result<u16, Fault> {
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

fn wav_sample(tag: u16, bits: u16, bytes: u16) -> Result<Sample, Fault> {
    let codec = match (tag, bytes) {
        (WAVE_FORMAT_PCM, 1) => CODEC_ID_PCM_U8,
        (WAVE_FORMAT_PCM, 2) => CODEC_ID_PCM_S16LE,
        (WAVE_FORMAT_PCM, 3) => CODEC_ID_PCM_S24LE,
        (WAVE_FORMAT_PCM, 4) => CODEC_ID_PCM_S32LE,
        (WAVE_FORMAT_IEEE_FLOAT, 4) => CODEC_ID_PCM_F32LE,
        (WAVE_FORMAT_IEEE_FLOAT, 8) => CODEC_ID_PCM_F64LE,
        (WAVE_FORMAT_PCM, _) => return unsupported(format!("{bits}-bit integer samples")),
        (WAVE_FORMAT_IEEE_FLOAT, _) => return unsupported(format!("{bits}-bit float samples")),
        _ => return unsupported(format!("compressed sound (WAV format {tag:#06x})")),
    };
    Ok((codec, bytes))
}

fn aiff_sample(kind: [u8; 4], bits: u16) -> Result<Sample, Fault> {
    if bits == 0 {
        return Err(NO_BITS);
    }
    Ok(match (&kind, bits.div_ceil(8)) {
        (b"NONE" | b"none" | b"twos" | b"sowt", 1) => (CODEC_ID_PCM_S8, 1),
        (b"NONE" | b"none" | b"twos", 2) => (CODEC_ID_PCM_S16BE, 2),
        (b"NONE" | b"none" | b"twos", 3) | (b"in24", _) => (CODEC_ID_PCM_S24BE, 3),
        (b"NONE" | b"none" | b"twos", 4) | (b"in32", _) => (CODEC_ID_PCM_S32BE, 4),
        (b"sowt", 2) => (CODEC_ID_PCM_S16LE, 2),
        (b"sowt", 3) | (b"42ni", _) => (CODEC_ID_PCM_S24LE, 3),
        (b"sowt", 4) | (b"23ni", _) => (CODEC_ID_PCM_S32LE, 4),
        (b"raw ", 1) => (CODEC_ID_PCM_U8, 1),
        (b"fl32" | b"FL32", _) => (CODEC_ID_PCM_F32BE, 4),
        (b"fl64" | b"FL64", _) => (CODEC_ID_PCM_F64BE, 8),
        _ => {
            let kind = kind.escape_ascii();
            return unsupported(format!("{bits}-bit sound (AIFF-C kind \"{kind}\")"));
        }
    })
}

fn unsupported<T>(found: String) -> Result<T, Fault> {
    Err(Fault::Unsupported(found))
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

/// Decodes the sound block by block and mixes each frame to one sample.
fn decode<R: Read + Seek>(
    file: &mut R,
    sound: &Sound,
    encoding: &Encoding,
) -> Result<Recording, Fault> {
    let (codec, sample_bytes) = encoding.sample;
    let channels = usize::from(encoding.channels);
    let frame_bytes = channels * usize::from(sample_bytes);
    let frames = sound.len / frame_bytes as u64;
    if frames == 0 {
        return Err(Fault::NoSamples);
    }
    let block_bytes = frame_bytes * (BLOCK_BYTES / frame_bytes).max(1);
    let mut decoder = decoder(codec, encoding.sample_rate)?;
    let mut mixer = Mixer::new(channels, frames)?;
    let mut block = Vec::new();
    let mut interleaved: Vec<f32> = Vec::new();
    file.seek(SeekFrom::Start(sound.start))?;
    let mut rest = file.take(frames * frame_bytes as u64);
    loop {
        block.clear();
        rest.by_ref()
            .take(block_bytes as u64)
            .read_to_end(&mut block)?;
        let whole = block.len() - block.len() % frame_bytes;
        if whole == 0 {
            break;
        }
        let packet = PacketRef::new(0, Timestamp::ZERO, Duration::ZERO, &block[..whole]);
        decoder
            .decode_ref(&packet)?
            .copy_to_vec_interleaved(&mut interleaved);
        mixer.add(&interleaved);
    }
    mixer.finish(sound, encoding)
}

/// A decoder that takes all channels for one: the frames are told apart by the
/// [`Mixer`], so no header can make the decoder set up thousands of channels.
fn decoder(codec: AudioCodecId, rate: u32) -> Result<PcmDecoder, Fault> {
    let mut parameters = AudioCodecParameters::new();
    parameters
        .for_codec(codec)
        .with_sample_rate(rate)
        .with_channels(Channels::Discrete(1));
    Ok(PcmDecoder::try_new(
        &parameters,
        &AudioDecoderOptions::default(),
    )?)
}

/// Float recordings of reverberation end in numbers down here, -600 dB and
/// below, on which arithmetic is several times slower than on silence.
const DENORMAL_TAIL: f32 = 1e-30;

/// What no recording reaches, even one in the numbers of 32-bit integers; sums of
/// such samples would not stay finite. It is the work of a filter that blew up.
const LOUDEST: f32 = 1e10;

/// Averages the channels, taking samples that are not numbers for silence.
struct Mixer {
    channels: usize,
    frames: u64,
    samples: Vec<f32>,
    non_finite: usize,
}

impl Mixer {
    fn new(channels: usize, frames: u64) -> Result<Self, Fault> {
        let mut samples = Vec::new();
        let capacity = usize::try_from(frames).map_err(|_| Fault::TooLong)?;
        samples
            .try_reserve_exact(capacity)
            .map_err(|_| Fault::TooLong)?;
        Ok(Self {
            channels,
            frames,
            samples,
            non_finite: 0,
        })
    }

    fn add(&mut self, interleaved: &[f32]) {
        for frame in interleaved.chunks_exact(self.channels) {
            let mut sum = 0.0;
            for sample in frame {
                // No comparison holds for what is not a number.
                if sample.abs() <= LOUDEST {
                    sum += f64::from(*sample);
                } else {
                    self.non_finite += 1;
                }
            }
            let mean = (sum / self.channels as f64) as f32;
            let audible = mean.abs() > DENORMAL_TAIL;
            self.samples.push(if audible { mean } else { 0.0 });
        }
    }

    fn finish(self, sound: &Sound, encoding: &Encoding) -> Result<Recording, Fault> {
        if self.samples.is_empty() {
            return Err(Fault::NoSamples);
        }
        if self.non_finite == self.samples.len() * self.channels {
            return Err(Fault::NotFinite(self.non_finite));
        }
        Ok(Recording {
            // The file may have been cut shorter while it was read.
            length_agrees: sound.agrees && self.samples.len() as u64 == self.frames,
            samples: self.samples,
            channels: encoding.channels,
            sample_rate: encoding.sample_rate,
            non_finite: self.non_finite,
        })
    }
}
