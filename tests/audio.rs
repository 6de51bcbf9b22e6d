//! Sound files in and out, through the public interface.

use std::f64::consts::TAU;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use antiphon::audio::header::{HeaderCheck, Lack, header_agrees_with_length};
use antiphon::audio::read::read;
use antiphon::audio::resample::{Resampling, resample};
use antiphon::audio::write::{SampleFormat, encode_wav, write_wav};
use antiphon::audio::{AudioError, Mixed, RecordedSound, Signal, load};
use tempfile::TempDir;

// --- Files built by hand -------------------------------------------------

const RATE: u32 = 11_025;

/// What every format is asked to hold.
const RAMP: [f32; 5] = [0.0, 0.5, -0.5, 0.25, -1.0];

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn with(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

fn read_bytes(bytes: &[u8]) -> Result<RecordedSound, AudioError> {
    read(&Folder::new().with("take.wav", bytes))
}

fn check_bytes(bytes: &[u8]) -> HeaderCheck {
    header_agrees_with_length(&Folder::new().with("take.wav", bytes)).unwrap()
}

fn sentence(bytes: &[u8]) -> String {
    read_bytes(bytes).unwrap_err().to_string()
}

#[derive(Clone, Copy)]
enum Ends {
    Little,
    Big,
}

impl Ends {
    fn u16(self, value: u16) -> [u8; 2] {
        match self {
            Self::Little => value.to_le_bytes(),
            Self::Big => value.to_be_bytes(),
        }
    }

    fn u32(self, value: u32) -> [u8; 4] {
        match self {
            Self::Little => value.to_le_bytes(),
            Self::Big => value.to_be_bytes(),
        }
    }

    fn integers(self, samples: &[f32], bytes: usize) -> Vec<u8> {
        let steps = 2_f64.powi(8 * bytes as i32 - 1);
        let stored = |s: &f32| {
            let word = (f64::from(*s) * steps) as i32;
            match self {
                Self::Little => word.to_le_bytes()[..bytes].to_vec(),
                Self::Big => word.to_be_bytes()[4 - bytes..].to_vec(),
            }
        };
        samples.iter().flat_map(stored).collect()
    }

    fn floats(self, samples: &[f32]) -> Vec<u8> {
        let bits = |s: &f32| self.u32(s.to_bits());
        samples.iter().flat_map(bits).collect()
    }

    fn doubles(self, samples: &[f32]) -> Vec<u8> {
        let stored = |s: &f32| match self {
            Self::Little => f64::from(*s).to_le_bytes(),
            Self::Big => f64::from(*s).to_be_bytes(),
        };
        samples.iter().flat_map(stored).collect()
    }

    fn chunk(self, tag: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let mut chunk = [tag, &self.u32(body.len() as u32)[..], body].concat();
        chunk.resize(chunk.len().next_multiple_of(2), 0);
        chunk
    }

    fn container(self, tag: &[u8; 4], kind: &[u8; 4], chunks: &[Vec<u8>]) -> Vec<u8> {
        let body = [&kind[..], &chunks.concat()].concat();
        self.chunk(tag, &body)
    }
}

use Ends::{Big, Little};

fn unsigned_bytes(samples: &[f32]) -> Vec<u8> {
    samples.iter().map(|s| (s * 128.0 + 128.0) as u8).collect()
}

fn fmt(tag: u16, channels: u16, rate: u32, bits: u16) -> Vec<u8> {
    let align = channels.wrapping_mul(bits / 8);
    let mut body = [Little.u16(tag), Little.u16(channels)].concat();
    body.extend(Little.u32(rate));
    body.extend(Little.u32(rate.wrapping_mul(u32::from(align))));
    body.extend([Little.u16(align), Little.u16(bits)].concat());
    Little.chunk(b"fmt ", &body)
}

fn extensible_fmt(sub_format: u16, channels: u16, bits: u16, valid_bits: u16) -> Vec<u8> {
    let mut body = fmt(0xfffe, channels, RATE, bits)[8..].to_vec();
    body.extend([Little.u16(22), Little.u16(valid_bits)].concat());
    body.extend(Little.u32(0));
    body.extend(Little.u16(sub_format));
    body.extend(b"\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71");
    Little.chunk(b"fmt ", &body)
}

fn data(bytes: &[u8]) -> Vec<u8> {
    Little.chunk(b"data", bytes)
}

fn wav(chunks: &[Vec<u8>]) -> Vec<u8> {
    Little.container(b"RIFF", b"WAVE", chunks)
}

fn wav16(samples: &[f32]) -> Vec<u8> {
    wav(&[fmt(1, 1, RATE, 16), data(&Little.integers(samples, 2))])
}

fn wav_float(samples: &[f32]) -> Vec<u8> {
    wav(&[fmt(3, 1, RATE, 32), data(&Little.floats(samples))])
}

/// The 80-bit floating-point number AIFF stores its rate in.
fn extended(rate: u32) -> Vec<u8> {
    if rate == 0 {
        return vec![0; 10];
    }
    let shift = u64::from(rate).leading_zeros();
    let exponent = 16_383 + 63 - shift as u16;
    let mantissa = u64::from(rate) << shift;
    [&exponent.to_be_bytes()[..], &mantissa.to_be_bytes()].concat()
}

fn comm(channels: u16, bits: u16, rate: u32, kind: Option<&[u8; 4]>) -> Vec<u8> {
    let mut body = Big.u16(channels).to_vec();
    body.extend(Big.u32(RAMP.len() as u32));
    body.extend(Big.u16(bits));
    body.extend(extended(rate));
    if let Some(kind) = kind {
        body.extend(kind);
        body.extend(b"\x00\x00");
    }
    Big.chunk(b"COMM", &body)
}

fn ssnd(sound: &[u8]) -> Vec<u8> {
    Big.chunk(b"SSND", &[&[0; 8], sound].concat())
}

fn aiff(bits: u16, sound: &[u8]) -> Vec<u8> {
    Big.container(b"FORM", b"AIFF", &[comm(1, bits, RATE, None), ssnd(sound)])
}

fn aiff_c(kind: &[u8; 4], bits: u16, sound: &[u8]) -> Vec<u8> {
    let version = Big.chunk(b"FVER", &Big.u32(0xA280_5140));
    Big.container(
        b"FORM",
        b"AIFC",
        &[version, comm(1, bits, RATE, Some(kind)), ssnd(sound)],
    )
}

fn patch(mut bytes: Vec<u8>, at: usize, with: [u8; 4]) -> Vec<u8> {
    bytes[at..at + 4].copy_from_slice(&with);
    bytes
}

fn find(bytes: &[u8], tag: &[u8; 4]) -> usize {
    bytes.windows(4).position(|w| w == tag).unwrap()
}

/// The file with another size written into the header of its `tag` chunk.
fn declaring(bytes: Vec<u8>, tag: &[u8; 4], size: [u8; 4]) -> Vec<u8> {
    let at = find(&bytes, tag) + 4;
    patch(bytes, at, size)
}

fn assert_ramp(case: &str, bytes: &[u8]) {
    let recording = read_bytes(bytes).unwrap_or_else(|e| panic!("{case}: {e}"));
    assert_eq!(recording.samples, RAMP, "{case}");
    assert_eq!(recording.facts.channels, 1, "{case}");
    assert_eq!(recording.facts.sample_rate, RATE, "{case}");
    assert!(recording.facts.length_agrees, "{case}");
    assert_eq!(recording.facts.non_finite, 0, "{case}");
}

fn samples_of(bytes: &[u8]) -> Vec<f32> {
    read_bytes(bytes).unwrap().samples
}

// --- Reading: formats ----------------------------------------------------

#[test]
fn wav_of_every_sample_format() {
    let plain = |tag, bits, sound: Vec<u8>| wav(&[fmt(tag, 1, RATE, bits), data(&sound)]);
    let cases = [
        ("8-bit", plain(1, 8, unsigned_bytes(&RAMP))),
        ("16-bit", plain(1, 16, Little.integers(&RAMP, 2))),
        ("24-bit", plain(1, 24, Little.integers(&RAMP, 3))),
        ("32-bit", plain(1, 32, Little.integers(&RAMP, 4))),
        ("32-bit float", plain(3, 32, Little.floats(&RAMP))),
        ("64-bit float", plain(3, 64, Little.doubles(&RAMP))),
    ];
    for (case, bytes) in cases {
        assert_ramp(case, &bytes);
    }
}

#[test]
fn extensible_wav_of_every_sample_format() {
    let cases = [
        ("8-bit", 1, 8, 8, unsigned_bytes(&RAMP)),
        ("16-bit", 1, 16, 16, Little.integers(&RAMP, 2)),
        ("20 bits in 24", 1, 24, 20, Little.integers(&RAMP, 3)),
        ("24-bit", 1, 24, 24, Little.integers(&RAMP, 3)),
        ("24 bits in 32", 1, 32, 24, Little.integers(&RAMP, 4)),
        ("32-bit", 1, 32, 32, Little.integers(&RAMP, 4)),
        ("32-bit float", 3, 32, 32, Little.floats(&RAMP)),
        ("64-bit float", 3, 64, 64, Little.doubles(&RAMP)),
    ];
    for (case, sub_format, bits, valid, sound) in cases {
        let format = extensible_fmt(sub_format, 1, bits, valid);
        assert_ramp(case, &wav(&[format, data(&sound)]));
    }
}

#[test]
fn wav_of_24_bits_in_blocks_of_four_bytes() {
    let mut format = fmt(1, 1, RATE, 24);
    format[8 + 12] = 4;
    assert_ramp(
        "24 in 4 bytes",
        &wav(&[format, data(&Little.integers(&RAMP, 4))]),
    );
}

#[test]
fn wav_with_a_nonsensical_block_alignment() {
    let mut format = fmt(1, 1, RATE, 16);
    format[8 + 12] = 0;
    assert_ramp(
        "block of 0",
        &wav(&[format, data(&Little.integers(&RAMP, 2))]),
    );
}

#[test]
fn aiff_of_every_sample_size() {
    for bytes in 1..=4 {
        let bits = 8 * bytes as u16;
        let file = aiff(bits, &Big.integers(&RAMP, bytes));
        assert_ramp(&format!("{bits}-bit"), &file);
    }
    assert_ramp("12-bit", &aiff(12, &Big.integers(&RAMP, 2)));
}

#[test]
fn aiff_c_of_every_kind() {
    let cases = [
        (b"NONE", 8, Big.integers(&RAMP, 1)),
        (b"NONE", 16, Big.integers(&RAMP, 2)),
        (b"NONE", 24, Big.integers(&RAMP, 3)),
        (b"NONE", 32, Big.integers(&RAMP, 4)),
        (b"twos", 16, Big.integers(&RAMP, 2)),
        (b"twos", 24, Big.integers(&RAMP, 3)),
        (b"sowt", 8, Big.integers(&RAMP, 1)),
        (b"sowt", 16, Little.integers(&RAMP, 2)),
        (b"sowt", 24, Little.integers(&RAMP, 3)),
        (b"sowt", 32, Little.integers(&RAMP, 4)),
        (b"in24", 24, Big.integers(&RAMP, 3)),
        (b"in32", 32, Big.integers(&RAMP, 4)),
        (b"42ni", 24, Little.integers(&RAMP, 3)),
        // As libsndfile writes it.
        (b"42n1", 24, Little.integers(&RAMP, 3)),
        (b"23ni", 32, Little.integers(&RAMP, 4)),
        (b"raw ", 8, unsigned_bytes(&RAMP)),
        (b"fl32", 32, Big.floats(&RAMP)),
        (b"FL32", 32, Big.floats(&RAMP)),
        (b"fl64", 64, Big.doubles(&RAMP)),
        (b"FL64", 64, Big.doubles(&RAMP)),
    ];
    for (kind, bits, sound) in cases {
        let case = format!("{} {bits}", kind.escape_ascii());
        assert_ramp(&case, &aiff_c(kind, bits, &sound));
    }
}

#[test]
fn aiff_whose_description_comes_after_the_sound() {
    let chunks = [ssnd(&Big.integers(&RAMP, 2)), comm(1, 16, RATE, None)];
    assert_ramp("COMM last", &Big.container(b"FORM", b"AIFF", &chunks));
}

#[test]
fn aiff_whose_sound_begins_at_an_offset() {
    let sound = [
        &Big.u32(6)[..],
        &[0; 4],
        &[0x77; 6],
        &Big.integers(&RAMP, 2),
    ]
    .concat();
    let chunks = [comm(1, 16, RATE, None), Big.chunk(b"SSND", &sound)];
    assert_ramp("offset", &Big.container(b"FORM", b"AIFF", &chunks));
}

#[test]
fn float_samples_beyond_full_scale_are_kept() {
    assert_eq!(samples_of(&wav_float(&[1.5, -3.0])), [1.5, -3.0]);
}

#[test]
fn any_rate_within_reason() {
    for rate in [1_000, 8_000, 22_255, 44_100, 192_000, 768_000] {
        let file = wav(&[fmt(1, 1, rate, 16), data(&[0; 4])]);
        assert_eq!(read_bytes(&file).unwrap().facts.sample_rate, rate);
        let chunks = [comm(1, 16, rate, None), ssnd(&[0; 4])];
        let file = Big.container(b"FORM", b"AIFF", &chunks);
        assert_eq!(read_bytes(&file).unwrap().facts.sample_rate, rate);
    }
}

#[test]
fn any_number_of_channels_is_averaged() {
    for channels in [1_u16, 2, 3, 6, 8, 64, 1000] {
        let frame = |level: f32| {
            let mut frame = vec![0.0; usize::from(channels)];
            frame[0] = level;
            frame
        };
        let sound = Little.floats(&[frame(0.5), frame(-1.0)].concat());
        let expected = [0.5, -1.0].map(|level: f32| level / f32::from(channels));
        for format in [
            fmt(3, channels, RATE, 32),
            extensible_fmt(3, channels, 32, 32),
        ] {
            let recording = read_bytes(&wav(&[format, data(&sound)])).unwrap();
            assert_eq!(recording.samples, expected, "{channels} channels");
            assert_eq!(recording.facts.channels, channels);
        }
    }
}

#[test]
fn a_sound_longer_than_one_block_is_read_whole() {
    let long: Vec<f32> = (0..100_003).map(|i| (i % 1000) as f32 / 1000.0).collect();
    assert_eq!(samples_of(&wav_float(&long)), long);
}

// --- Reading: chunks around the sound ------------------------------------

#[test]
fn other_chunks_before_and_after_the_sound_are_skipped() {
    let sound = Little.floats(&RAMP);
    let peak = Little.chunk(b"PEAK", &[7; 16]);
    let fact = Little.chunk(b"fact", &[5, 0, 0, 0]);
    let long_fact = Little.chunk(b"fact", &[5; 12]);
    let list = Little.chunk(b"LIST", b"INFOISFT\x04\x00\x00\x00Max\x00");
    let odd_list = Little.chunk(b"LIST", b"adtl, odd");
    let odd_junk = Little.chunk(b"junk", &[b'd'; 27]);
    let id3 = Little.chunk(b"id3 ", b"ID3 but not really");
    let format = || fmt(3, 1, RATE, 32);
    let cases = [
        (
            "PEAK and fact",
            vec![format(), fact, peak.clone(), data(&sound)],
        ),
        ("long fact", vec![format(), long_fact, data(&sound)]),
        ("LIST first", vec![list.clone(), format(), data(&sound)]),
        ("odd LIST", vec![format(), odd_list.clone(), data(&sound)]),
        ("odd junk", vec![odd_junk.clone(), format(), data(&sound)]),
        (
            "after",
            vec![format(), data(&sound), list, odd_list, peak, id3],
        ),
    ];
    for (case, chunks) in cases {
        let bytes = wav(&chunks);
        assert_ramp(case, &bytes);
        assert_eq!(check_bytes(&bytes), HeaderCheck::Complete, "{case}");
    }
}

#[test]
fn an_odd_data_chunk_is_padded() {
    let sound = unsigned_bytes(&RAMP);
    let list = Little.chunk(b"LIST", b"INFO");
    let bytes = wav(&[fmt(1, 1, RATE, 8), data(&sound), list]);
    assert_ramp("8-bit, five samples", &bytes);
}

#[test]
fn aiff_chunks_around_the_sound_are_skipped() {
    let chunks = [
        Big.chunk(b"NAME", b"odd"),
        comm(1, 16, RATE, None),
        Big.chunk(b"MARK", &[0xff; 5]),
        ssnd(&Big.integers(&RAMP, 2)),
        Big.chunk(b"ID3 ", b"not an id3 tag"),
    ];
    assert_ramp("AIFF chunks", &Big.container(b"FORM", b"AIFF", &chunks));
}

// --- Reading: sizes that are not true ------------------------------------

#[test]
fn a_size_that_cannot_be_true_means_all_that_follows() {
    const SIZE: HeaderCheck = HeaderCheck::Incomplete(Lack::Size);
    const OPEN: HeaderCheck = HeaderCheck::OpenEnded;
    let rest = |declared, present| HeaderCheck::Incomplete(Lack::Rest { declared, present });
    let cases = [
        ("WAV, size 0", wav16(&RAMP), b"data", Little.u32(0), SIZE),
        (
            "WAV, size -1",
            wav16(&RAMP),
            b"data",
            Little.u32(u32::MAX),
            OPEN,
        ),
        (
            "WAV, too long",
            wav16(&RAMP),
            b"data",
            Little.u32(12),
            rest(12, 10),
        ),
        (
            "AIFF, size 0",
            aiff(16, &Big.integers(&RAMP, 2)),
            b"SSND",
            Big.u32(0),
            SIZE,
        ),
        (
            "AIFF, size 8",
            aiff(16, &Big.integers(&RAMP, 2)),
            b"SSND",
            Big.u32(8),
            SIZE,
        ),
        (
            "AIFF, size -1",
            aiff(16, &Big.integers(&RAMP, 2)),
            b"SSND",
            Big.u32(u32::MAX),
            OPEN,
        ),
        (
            "AIFF, too long",
            aiff(16, &Big.integers(&RAMP, 2)),
            b"SSND",
            Big.u32(20),
            rest(12, 10),
        ),
    ];
    for (case, bytes, tag, size, expected) in cases {
        let bytes = declaring(bytes, tag, size);
        let recording = read_bytes(&bytes).unwrap();
        assert_eq!(recording.samples, RAMP, "{case}");
        // What declares no length is not contradicted by the file.
        let is_open = check_bytes(&bytes) == HeaderCheck::OpenEnded;
        assert_eq!(recording.facts.length_agrees, is_open, "{case}");
        assert_eq!(check_bytes(&bytes), expected, "{case}");
    }
}

#[test]
fn a_recorder_that_died_leaves_both_sizes_at_0() {
    let bytes = declaring(wav16(&RAMP), b"data", Little.u32(0));
    let bytes = declaring(bytes, b"RIFF", Little.u32(0));
    assert_eq!(samples_of(&bytes), RAMP);
    assert_eq!(check_bytes(&bytes), HeaderCheck::Incomplete(Lack::Size));
}

#[test]
fn silence_without_a_size_is_still_sound() {
    let bytes = declaring(wav16(&[0.0; 16]), b"data", Little.u32(0));
    assert_eq!(samples_of(&bytes), [0.0; 16]);
}

#[test]
fn a_wrong_size_of_the_whole_file_does_not_matter() {
    for size in [0, 4, 40, u32::MAX] {
        let bytes = declaring(wav16(&RAMP), b"RIFF", Little.u32(size));
        assert_ramp(&format!("RIFF size {size}"), &bytes);
    }
}

#[test]
fn a_last_incomplete_frame_is_dropped() {
    let mut sound = Little.integers(&[0.5, 0.25, 0.75, 0.5, 1.0], 2);
    sound.truncate(9);
    let bytes = wav(&[fmt(1, 2, RATE, 16), data(&sound)]);
    assert_eq!(samples_of(&bytes), [0.375, 0.625]);
    let cut = &bytes[..bytes.len() - 3];
    assert_eq!(samples_of(cut), [0.375]);
}

#[test]
fn sound_that_is_truly_empty_is_not_made_of_the_chunks_after_it() {
    let list = Little.chunk(b"LIST", b"INFOISFT\x04\x00\x00\x00Max\x00");
    let bytes = wav(&[fmt(1, 1, RATE, 16), data(&[]), list]);
    assert!(sentence(&bytes).contains("holds no samples"));
    assert_eq!(check_bytes(&bytes), HeaderCheck::Complete);
}

// --- The watcher's check -------------------------------------------------

#[test]
fn a_complete_file_agrees_with_its_header() {
    let mut unpadded = wav(&[fmt(1, 1, RATE, 8), data(&unsigned_bytes(&RAMP))]);
    unpadded.pop();
    let cases = [
        ("WAV", wav16(&RAMP)),
        ("AIFF", aiff(16, &Big.integers(&RAMP, 2))),
        ("AIFF-C", aiff_c(b"fl32", 32, &Big.floats(&RAMP))),
        ("last pad byte missing", unpadded),
        ("bytes after the end", [wav16(&RAMP), vec![9; 20]].concat()),
        (
            "RIFF size 0",
            declaring(wav16(&RAMP), b"RIFF", Little.u32(0)),
        ),
    ];
    for (case, bytes) in cases {
        assert_eq!(check_bytes(&bytes), HeaderCheck::Complete, "{case}");
    }
}

#[test]
fn a_file_being_copied_is_incomplete_until_its_last_byte() {
    for whole in [wav16(&RAMP), aiff(16, &Big.integers(&RAMP, 2))] {
        for len in 0..whole.len() - 1 {
            let so_far = check_bytes(&whole[..len]);
            assert!(matches!(so_far, HeaderCheck::Incomplete(_)), "{len} bytes");
        }
        assert_eq!(check_bytes(&whole), HeaderCheck::Complete);
    }
}

#[test]
fn other_files_are_not_recognised() {
    let avi = Little.container(b"RIFF", b"AVI ", &[data(&[0; 4])]);
    for bytes in [&b"Dear diary, "[..], b"MZ", &avi] {
        assert!(matches!(check_bytes(bytes), HeaderCheck::NotRecognised(_)));
    }
}

#[test]
fn what_it_lacks_is_told() {
    let header = HeaderCheck::Incomplete(Lack::Header);
    // A length that is set first and filled later begins with zeros.
    for bytes in [&[][..], b"RI", b"RIFF", &[0; 100]] {
        assert_eq!(check_bytes(bytes), header);
    }
    let whole = wav16(&RAMP);
    assert_eq!(check_bytes(&whole[..30]), header);
    assert_eq!(
        check_bytes(&wav16(&[])),
        HeaderCheck::Incomplete(Lack::Sound)
    );
    // Pd's header before recording starts, SoX's and ffmpeg's to a pipe.
    let alone = |size: u32| declaring(wav16(&[]), b"data", Little.u32(size));
    for size in [u32::MAX, 0x7fff_f000, 0x7fff_ffff] {
        let check = check_bytes(&alone(size));
        assert_eq!(check, HeaderCheck::Incomplete(Lack::Sound), "{size:#x}");
    }
    let rest = HeaderCheck::Incomplete(Lack::Rest {
        declared: 10,
        present: 9,
    });
    assert_eq!(check_bytes(&whole[..whole.len() - 1]), rest);
}

#[test]
fn a_file_of_nothing_but_empty_chunks_ends_the_walk() {
    let bytes = wav(&vec![Little.chunk(b"junk", &[]); 100_000]);
    assert_eq!(check_bytes(&bytes), HeaderCheck::Incomplete(Lack::Header));
}

// --- Reading: refusals ---------------------------------------------------

#[test]
fn what_is_wrong_is_said_in_a_sentence() {
    let no_data = wav(&[fmt(1, 1, RATE, 16)]);
    let cut_aiff_c = comm(1, 16, RATE, None);
    let cases: [(&str, Vec<u8>, &str); 15] = [
        ("empty file", vec![], "holds no samples"),
        (
            "text",
            b"Dear diary, today".to_vec(),
            "is a text, which is not read",
        ),
        ("four bytes", b"RIFF".to_vec(), "not a sound file"),
        (
            "only the container",
            wav(&[]),
            "does not say how the sound is stored",
        ),
        (
            "cut in fmt",
            wav16(&RAMP)[..30].to_vec(),
            "description of the sound is cut off",
        ),
        ("no data", no_data, "ends before the sound begins"),
        ("empty data", wav16(&[]), "holds no samples"),
        (
            "0 channels",
            wav(&[fmt(1, 0, RATE, 16), data(&[0; 4])]),
            "declares no channels",
        ),
        (
            "0 Hz",
            wav(&[fmt(1, 1, 0, 16), data(&[0; 4])]),
            "sample rate of 0 Hz",
        ),
        (
            "0 bits",
            wav(&[fmt(1, 1, RATE, 0), data(&[0; 4])]),
            "samples of 0 bits",
        ),
        (
            "64-bit integers",
            wav(&[fmt(1, 1, RATE, 64), data(&[0; 8])]),
            "64-bit integer samples",
        ),
        (
            "16-bit floats",
            wav(&[fmt(3, 1, RATE, 16), data(&[0; 4])]),
            "16-bit float samples",
        ),
        (
            "GSM in WAV",
            wav(&[fmt(0x31, 1, RATE, 0), data(&[0; 65])]),
            "holds GSM 6.10 speech",
        ),
        (
            "compressed AIFF-C",
            aiff_c(b"QDM2", 16, &[0; 34]),
            "AIFF-C kind \"QDM2\"",
        ),
        (
            "cut COMM",
            Big.container(b"FORM", b"AIFC", &[cut_aiff_c, ssnd(&[0; 4])]),
            "cut off",
        ),
    ];
    for (case, bytes, expected) in cases {
        let said = sentence(&bytes);
        assert!(said.contains(expected), "{case}: {said}");
        assert!(said.contains("take.wav"), "{case}: {said}");
    }
}

#[test]
fn aiff_with_impossible_numbers_is_refused() {
    let with = |channels, bits, rate: &[u8]| {
        let mut comm = comm(channels, bits, RATE, None);
        comm[16..26].copy_from_slice(rate);
        Big.container(b"FORM", b"AIFF", &[comm, ssnd(&[0; 8])])
    };
    let good = extended(RATE);
    let negative = [&[0xc0][..], &good[1..]].concat();
    let cases = [
        ("0 channels", with(0, 16, &good), "declares no channels"),
        ("0 bits", with(1, 0, &good), "samples of 0 bits"),
        ("0 Hz", with(1, 16, &extended(0)), "sample rate of 0 Hz"),
        (
            "NaN Hz",
            with(1, 16, &[0x7f, 0xff, 0xc0, 0, 0, 0, 0, 0, 0, 0]),
            "sample rate of",
        ),
        ("negative Hz", with(1, 16, &negative), "sample rate of"),
    ];
    for (case, bytes, expected) in cases {
        let said = sentence(&bytes);
        assert!(said.contains(expected), "{case}: {said}");
    }
}

#[test]
fn a_missing_file_or_a_folder_cannot_be_opened() {
    let folder = Folder::new();
    for path in [folder.path("missing.wav"), folder.path("")] {
        let said = read(&path).unwrap_err().to_string();
        assert!(said.starts_with("cannot open"), "{said}");
        assert!(header_agrees_with_length(&path).is_err());
    }
}

#[test]
fn samples_that_are_not_numbers_become_silence() {
    let bytes = wav_float(&[0.5, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.5]);
    let recording = read_bytes(&bytes).unwrap();
    assert_eq!(recording.samples, [0.5, 0.0, 0.0, 0.0, -0.5]);
    assert_eq!(recording.facts.non_finite, 3);

    // Finite, but sums of them would not be; what a program wrote in the
    // numbers of 32-bit integers stays.
    let recording = read_bytes(&wav_float(&[0.5, 1e30, f32::MIN, 2e9])).unwrap();
    assert_eq!(recording.samples, [0.5, 0.0, 0.0, 2e9]);
    assert_eq!(recording.facts.non_finite, 2);

    let said = sentence(&wav_float(&[f32::NAN; 4]));
    assert!(said.starts_with("4 samples of"), "{said}");
}

// --- Loading -------------------------------------------------------------

#[test]
fn loading_reads_mixes_and_resamples() {
    let stereo: Vec<f32> = sine(441.0, 44_100, 4000)
        .into_iter()
        .flat_map(|s| [0.75 * s, 0.25 * s])
        .collect();
    let bytes = wav(&[fmt(3, 2, 44_100, 32), data(&Little.floats(&stereo))]);
    let source = load(&Folder::new().with("room.wav", &bytes), RATE).unwrap();
    assert_eq!(source.sha256, antiphon::files::sha256(&bytes));
    assert_eq!(source.bytes, bytes.len() as u64);
    assert_eq!(
        (source.facts.sample_rate, source.facts.channels),
        (44_100, 2)
    );
    let signal = source.signal;
    assert_eq!(signal.sample_rate, RATE);
    assert_eq!(signal.samples.len(), 1000);
    let expected = sine(441.0, RATE, 1000);
    let expected: Vec<f32> = expected.iter().map(|s| 0.5 * s).collect();
    assert_close(&signal.samples[100..900], &expected[100..900], 1e-3);
}

#[test]
fn loading_at_an_impossible_rate_is_refused() {
    let path = Folder::new().with("room.wav", &wav16(&RAMP));
    let said = load(&path, 0).unwrap_err().to_string();
    assert!(said.contains("sample rate of 0 Hz"), "{said}");
}

#[test]
fn loading_tells_what_it_did() {
    let stereo = [0.5, f32::NAN, -0.25, -0.25];
    let bytes = wav(&[fmt(3, 2, 44_100, 32), data(&Little.floats(&stereo))]);
    let bytes = declaring(bytes, b"data", Little.u32(0));
    let path = Folder::new();
    let path = path.with("limited.wav", &bytes);
    let told = log::of(|| drop(load(&path, RATE).unwrap()));
    assert_eq!(
        told,
        [
            "WARN limited.wav: the header does not agree with the length of the file; read what is there",
            "WARN limited.wav: 1 NaN, infinite or boundless samples replaced by silence, the first at 0.000 s",
            "INFO limited.wav: resampled from 44100 Hz to 11025 Hz",
            "INFO limited.wav: 2 channels mixed to mono",
        ]
    );
}

#[test]
fn float_samples_in_the_numbers_of_integers_are_told_of() {
    let folder = Folder::new();
    let said = |bits: i32, float| {
        let factor = 2_f32.powi(bits - 1);
        let samples = times(&sine(441.0, RATE, 1000), factor);
        let bytes = match float {
            true => wav_float(&samples),
            false => wav16(&sine(441.0, RATE, 1000)),
        };
        let path = folder.with("units.wav", &bytes);
        log::of(|| drop(load(&path, RATE).unwrap()))
    };
    for (bits, full) in [(16, "32768"), (24, "8388608"), (32, "2147483648")] {
        let told = said(bits, true);
        let [line] = &told[..] else {
            panic!("{told:?}");
        };
        assert!(line.contains("where 1 is full scale: it seems"), "{line}");
        assert!(line.contains(&format!("in {bits}-bit units; ")), "{line}");
        assert!(
            line.contains(&format!("divide it by {full} where")),
            "{line}"
        );
    }
    assert!(said(16, false).is_empty());
    assert!(said(4, true).is_empty());
}

#[test]
fn loading_a_file_as_it_should_be_says_nothing() {
    let folder = Folder::new();
    let path = folder.with("good.wav", &wav16(&sine(441.0, RATE, 100)));
    assert!(log::of(|| drop(load(&path, RATE).unwrap())).is_empty());
}

/// Collects what is logged.
mod log {
    use std::fmt::{Debug, Write};
    use std::sync::{Arc, Mutex};

    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Metadata, Subscriber};

    struct Collector(Arc<Mutex<Vec<String>>>);

    struct Message(String);

    impl Visit for Message {
        fn record_debug(&mut self, _: &Field, value: &dyn Debug) {
            write!(self.0, " {value:?}").unwrap();
        }
    }

    impl Subscriber for Collector {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            metadata.target().starts_with("antiphon")
        }

        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn event(&self, event: &Event<'_>) {
            let mut message = Message(event.metadata().level().to_string());
            event.record(&mut message);
            self.0.lock().unwrap().push(message.0);
        }

        fn enter(&self, _: &Id) {}

        fn exit(&self, _: &Id) {}
    }

    pub fn of(act: impl FnOnce()) -> Vec<String> {
        let told = Arc::new(Mutex::new(Vec::new()));
        tracing::subscriber::with_default(Collector(Arc::clone(&told)), act);
        let told = told.lock().unwrap();
        told.clone()
    }
}

// --- Channels and DC ------------------------------------------------------

/// A sound of these channels, as files store it.
fn frames(channels: &[&[f32]]) -> Vec<u8> {
    let len = channels[0].len();
    let interleaved: Vec<f32> = (0..len)
        .flat_map(|n| channels.iter().map(move |channel| channel[n]))
        .collect();
    let count = channels.len() as u16;
    wav(&[fmt(3, count, RATE, 32), data(&Little.floats(&interleaved))])
}

fn noise(seed: u64, len: usize) -> Vec<f32> {
    let mut dice = Dice(seed);
    (0..len)
        .map(|_| dice.roll(20_001) as f32 / 20_000.0 - 0.5)
        .collect()
}

fn times(samples: &[f32], factor: f32) -> Vec<f32> {
    samples.iter().map(|s| s * factor).collect()
}

#[test]
fn channels_that_cancel_leave_the_loudest() {
    let tone = sine(441.0, RATE, 5000);
    let offset: Vec<f32> = tone.iter().map(|s| 0.3 - 0.9 * s).collect();
    let cases: [(&str, Vec<Vec<f32>>); 5] = [
        ("a cable", vec![times(&tone, 0.9), times(&tone, -0.9)]),
        ("half as loud", vec![times(&tone, -0.4), times(&tone, 0.8)]),
        ("with DC", vec![times(&tone, 0.8), offset]),
        (
            "four channels",
            vec![
                times(&tone, 0.5),
                times(&tone, 0.6),
                times(&tone, -0.5),
                times(&tone, -0.6),
            ],
        ),
        (
            "beside silence",
            vec![times(&tone, 0.5), times(&tone, -0.5), vec![0.0; 5000]],
        ),
    ];
    for (case, channels) in &cases {
        let channels: Vec<&[f32]> = channels.iter().map(Vec::as_slice).collect();
        let recording = read_bytes(&frames(&channels)).unwrap();
        let Mixed::Loudest(channel) = recording.facts.mixed else {
            panic!("{case}: {:?}", recording.facts.mixed);
        };
        // Equally loud ones may be taken either way.
        let taken = channels[usize::from(channel) - 1];
        let loudness = |samples: &[f32]| rms(samples.iter().map(|s| f64::from(*s)));
        assert_eq!(recording.samples, taken, "{case}");
        assert!(
            channels
                .iter()
                .all(|c| case == &"with DC" || loudness(c) <= 1.0001 * loudness(taken))
        );
    }
    let inverted = frames(&[&tone, &times(&tone, -1.0)]);
    let path = Folder::new();
    let path = path.with("cable.wav", &inverted);
    let told = log::of(|| drop(load(&path, RATE).unwrap()));
    assert!(
        told[0].starts_with("WARN cable.wav: its 2 channels cancel"),
        "{told:?}"
    );
}

#[test]
fn channels_that_do_not_cancel_are_averaged() {
    let tone = sine(441.0, RATE, 5000);
    let (left, right) = (noise(1, 5000), noise(2, 5000));
    let mid: Vec<f32> = left
        .iter()
        .zip(&right)
        .map(|(l, r)| 0.5 * (l + r))
        .collect();
    let side: Vec<f32> = left
        .iter()
        .zip(&right)
        .map(|(l, r)| 0.5 * (l - r))
        .collect();
    let silence = vec![0.0; 5000];
    let cases: [(&str, Vec<&[f32]>); 6] = [
        ("decorrelated", vec![&left, &right]),
        ("mid and side", vec![&mid, &side]),
        ("one silent", vec![&tone, &silence]),
        ("equal", vec![&tone, &tone]),
        ("silence", vec![&silence, &silence]),
        ("four", vec![&left, &right, &mid, &tone]),
    ];
    for (case, channels) in cases {
        let recording = read_bytes(&frames(&channels)).unwrap();
        assert_eq!(recording.facts.mixed, Mixed::Mean, "{case}");
        let expected: Vec<f32> = (0..5000)
            .map(|n| channels.iter().map(|c| c[n]).sum::<f32>() / channels.len() as f32)
            .collect();
        assert_close(&recording.samples, &expected, 1e-6);
    }
    let mono = read_bytes(&wav_float(&tone)).unwrap();
    assert_eq!(mono.facts.mixed, Mixed::Mono);
}

#[test]
fn a_dc_offset_is_no_sound() {
    let folder = Folder::new();
    let loaded =
        |samples: &[f32], rate| load(&folder.with("dc.wav", &wav_float(samples)), rate).unwrap();
    let tone = times(&sine(441.0, RATE, 60_000), 0.2);
    let beside: Vec<f32> = tone.iter().map(|s| s + 0.5).collect();
    for rate in [RATE, 44_100, 8_000] {
        let (without, with) = (loaded(&tone, rate), loaded(&beside, rate));
        let offset = with.facts.dc_offset.unwrap();
        assert!((offset - 0.5).abs() < 1e-3, "{offset}");
        assert_eq!(without.facts.dc_offset, None);
        // At the beginning and the end, too.
        assert_close(&with.signal.samples, &without.signal.samples, 1e-4);
    }
    // What is nothing but a constant is silence.
    for rate in [RATE, 48_000] {
        let silent = loaded(&[0.25; 5000], rate);
        assert!(silent.signal.samples.iter().all(|s| *s == 0.0));
    }
    // The judge measures it, so it can be kept.
    let path = folder.with("kept.wav", &wav_float(&beside));
    assert_eq!(read(&path).unwrap().samples, beside);
    let told = log::of(|| drop(load(&path, RATE).unwrap()));
    assert!(told[0].contains("a DC offset of 0.50"), "{told:?}");
}

#[test]
fn facts_are_those_of_the_file() {
    let mut left = times(&sine(441.0, RATE, 4000), 0.5);
    left[1234] = f32::NAN;
    left[2000] = f32::INFINITY;
    let mut right = left.clone();
    right[7] = 1.5;
    right[8] = -1.0;
    let folder = Folder::new();
    let facts = load(&folder.with("a.wav", &frames(&[&left, &right])), 8000)
        .unwrap()
        .facts;
    assert_eq!(
        (facts.format, facts.channels, facts.frames),
        ("WAV", 2, 4000)
    );
    assert_eq!((facts.non_finite, facts.clipped), (4, 2));
    assert_eq!(facts.first_non_finite, Some(1234.0 / f64::from(RATE)));
    assert_eq!(facts.peak, 1.5);
    assert_eq!(facts.seconds(), 4000.0 / f64::from(RATE));
}

#[test]
fn piece_by_piece_the_rate_is_changed_as_of_the_whole() {
    for (from, to) in RATES {
        let sound = noise(3, 50_021);
        let whole = resample(&sound, from, to);
        for piece in [1, 997, 65_536] {
            let mut resampling = Resampling::new(from, to);
            sound.chunks(piece).for_each(|piece| resampling.push(piece));
            assert!(resampling.finish() == whole, "{from} to {to} by {piece}");
        }
    }
}

// --- Hostile files -------------------------------------------------------

/// Small generator of numbers that are the same on every run (xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }
}

fn mutate(bytes: &mut Vec<u8>, dice: &mut Dice) {
    for _ in 0..=dice.roll(4) {
        let at = dice.roll(bytes.len());
        let word = at & !1;
        match dice.roll(5) {
            0 => bytes[at] = dice.roll(256) as u8,
            1 => bytes[at] ^= 1 << dice.roll(8),
            2 => bytes.iter_mut().skip(word).take(4).for_each(|b| *b = 0xff),
            3 => bytes.iter_mut().skip(word).take(4).for_each(|b| *b = 0),
            _ => bytes.truncate(at + 1),
        }
    }
}

#[test]
fn no_damage_to_a_file_makes_the_reader_panic() {
    let stereo = extensible_fmt(1, 2, 24, 24);
    let list = Little.chunk(b"LIST", b"INFOISFT\x04\x00\x00\x00Max\x00");
    let seeds = [
        wav16(&RAMP),
        wav_float(&RAMP),
        wav(&[list.clone(), stereo, data(&[1; 30]), list]),
        aiff(24, &Big.integers(&RAMP, 3)),
        aiff_c(b"sowt", 16, &Little.integers(&RAMP, 2)),
        aiff_c(b"fl64", 64, &Big.doubles(&RAMP)),
    ];
    let folder = Folder::new();
    let mut dice = Dice(0x5eed_0fa0_d10f_11e5);
    for _ in 0..1000 {
        for seed in &seeds {
            let mut bytes = seed.clone();
            mutate(&mut bytes, &mut dice);
            let path = folder.with("damaged.wav", &bytes);
            header_agrees_with_length(&path).unwrap();
            if let Ok(recording) = read(&path) {
                let finite = recording.samples.iter().all(|s| s.is_finite());
                assert!(finite, "{bytes:x?}");
            }
        }
    }
}

// --- Writing -------------------------------------------------------------

const FORMATS: [(SampleFormat, f32); 3] = [
    (SampleFormat::Int16, 1.0 / 32_768.0),
    (SampleFormat::Int24, 1.0 / 8_388_608.0),
    (SampleFormat::Float32, 0.0),
];

fn signal(samples: &[f32]) -> Signal {
    Signal {
        samples: samples.to_vec(),
        sample_rate: RATE,
    }
}

fn assert_close(got: &[f32], expected: &[f32], within: f32) {
    assert_eq!(got.len(), expected.len());
    for (got, expected) in got.iter().zip(expected) {
        let off = (got - expected).abs();
        assert!(off <= within, "{got} is not {expected}");
    }
}

#[test]
fn what_is_written_is_read_back_in_every_format() {
    let sine: Vec<f32> = (0..999).map(|n| 0.9 * (n as f32 * 0.1).sin()).collect();
    let folder = Folder::new();
    for (format, step) in FORMATS {
        let path = folder.path(&format!("{format}.wav"));
        let written = write_wav(&path, &signal(&sine), format).unwrap();
        assert_eq!(written.scaled_by, None);
        assert_eq!(written.peak, signal(&sine).peak());
        let recording = read(&path).unwrap();
        assert_close(&recording.samples, &sine, step / 2.0);
        assert_eq!(recording.facts.sample_rate, RATE);
        assert_eq!(
            header_agrees_with_length(&path).unwrap(),
            HeaderCheck::Complete
        );
    }
}

#[test]
fn a_file_of_odd_length_is_padded() {
    let path = Folder::new();
    let path = path.path("odd.wav");
    write_wav(&path, &signal(&RAMP), SampleFormat::Int24).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(bytes.len() % 2, 0);
    assert_eq!(bytes[4..8], Little.u32(bytes.len() as u32 - 8));
    assert_ramp("odd", &bytes);
}

#[test]
fn full_scale_is_written_without_scaling() {
    for (format, step) in FORMATS {
        let mut bytes = Cursor::new(Vec::new());
        let full = signal(&[1.0, -1.0]);
        let written = encode_wav(&mut bytes, Path::new("full.wav"), &full, format).unwrap();
        assert_eq!(written.scaled_by, None);
        assert_close(&samples_of(bytes.get_ref()), &full.samples, step);
    }
}

#[test]
fn beyond_full_scale_the_whole_signal_is_scaled() {
    for (format, step) in FORMATS {
        for loudest in [1.000_001, 2.5, -1e30, f32::MAX] {
            let loud = signal(&[0.1 * loudest, loudest, -0.5 * loudest]);
            let mut bytes = Cursor::new(Vec::new());
            let written = encode_wav(&mut bytes, Path::new("loud.wav"), &loud, format).unwrap();
            let factor = written.scaled_by.unwrap();
            assert_eq!(written.peak, loudest.abs());
            let read_back = samples_of(bytes.get_ref());
            let scaled: Vec<f32> = loud.samples.iter().map(|s| s * factor).collect();
            assert_close(&read_back, &scaled, step.max(1e-6));
            let peak = signal(&read_back).peak();
            assert!(peak < 1.0 && peak > 0.999, "{format}: {peak}");
        }
    }
}

#[test]
fn what_cannot_be_written_is_refused_and_the_file_left_alone() {
    let folder = Folder::new();
    let path = folder.with("kept.wav", b"precious");
    let nan = signal(&[0.0, f32::NAN, f32::INFINITY]);
    let at_0_hz = Signal {
        samples: vec![0.0],
        sample_rate: 0,
    };
    let cases = [
        (nan, "2 samples of"),
        (signal(&[]), "holds no samples"),
        (at_0_hz, "sample rate of 0 Hz"),
    ];
    for (refused, expected) in cases {
        for (format, _) in FORMATS {
            let said = write_wav(&path, &refused, format).unwrap_err().to_string();
            assert!(said.contains(expected), "{said}");
        }
    }
    assert_eq!(std::fs::read(&path).unwrap(), b"precious");
}

#[test]
fn a_folder_that_is_missing_cannot_be_written_to() {
    let path = Folder::new().path("nowhere").join("out.wav");
    let refusal = write_wav(&path, &signal(&RAMP), SampleFormat::Int24).unwrap_err();
    assert!(refusal.to_string().starts_with("cannot write"), "{refusal}");
}

#[test]
fn sample_formats_have_one_name_everywhere() {
    for (format, name) in [
        (SampleFormat::Int16, "int16"),
        (SampleFormat::Int24, "int24"),
        (SampleFormat::Float32, "float32"),
    ] {
        assert_eq!(format.to_string(), name);
        assert_eq!(name.parse(), Ok(format));
        let json = format!("\"{name}\"");
        assert_eq!(serde_json::to_string(&format).unwrap(), json);
        let parsed: SampleFormat = serde_json::from_str(&json).unwrap();
        assert_eq!(parsed, format);
    }
    assert_eq!(SampleFormat::default(), SampleFormat::Int24);
    let said = "int12".parse::<SampleFormat>().unwrap_err().to_string();
    assert!(said.contains("int16, int24 or float32"), "{said}");
}

// --- Signals -------------------------------------------------------------

#[test]
fn a_signal_knows_its_length_and_levels() {
    let square = Signal {
        samples: vec![0.5, -0.5, 0.5, -0.5],
        sample_rate: 8,
    };
    assert_eq!(square.seconds(), 0.5);
    assert_eq!(square.peak(), 0.5);
    assert_eq!(square.rms(), 0.5);
    let nothing = Signal {
        samples: vec![],
        sample_rate: 0,
    };
    assert_eq!(
        (nothing.seconds(), nothing.peak(), nothing.rms()),
        (0.0, 0.0, 0.0)
    );
}

// --- Resampling ----------------------------------------------------------

const RATES: [(u32, u32); 9] = [
    (44_100, 11_025),
    (48_000, 11_025),
    (8_000, 11_025),
    (96_000, 11_025),
    (11_025, 48_000),
    (11_025, 44_100),
    (22_255, 11_025),
    (44_101, 44_100),
    (768_000, 1_000),
];

fn sine(hertz: f64, rate: u32, len: usize) -> Vec<f32> {
    let phase = |n| TAU * hertz * n as f64 / f64::from(rate);
    (0..len).map(|n| phase(n).sin() as f32).collect()
}

fn decibels(ratio: f64) -> f64 {
    20.0 * ratio.log10()
}

fn rms(samples: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = samples.fold((0.0, 0), |(sum, n), s| (sum + s * s, n + 1));
    (sum / f64::from(count)).sqrt()
}

/// Error of a resampled sine in dB below the sine, away from the edges.
fn sine_error(hertz: f64, from: u32, to: u32) -> f64 {
    let resampled = resample(&sine(hertz, from, from as usize), from, to);
    let ideal = sine(hertz, to, resampled.len());
    let middle = resampled.len() / 4..resampled.len() * 3 / 4;
    let error = middle.map(|n| f64::from(resampled[n] - ideal[n]));
    decibels(rms(error) / 0.5_f64.sqrt())
}

#[test]
fn a_sine_stays_the_same_sine() {
    for (from, to) in [
        (48_000, 11_025),
        (44_100, 11_025),
        (96_000, 11_025),
        (8_000, 11_025),
        (11_025, 48_000),
        (44_101, 44_100),
    ] {
        for hertz in [100.0, 1_000.0, 3_500.0] {
            let error = sine_error(hertz, from, to);
            println!("{hertz} Hz from {from} Hz to {to} Hz: {error:.1} dB");
            assert!(error < -80.0, "{hertz} Hz, {from} to {to}: {error} dB");
        }
    }
}

#[test]
fn what_the_lower_rate_cannot_hold_is_suppressed() {
    for hertz in [5_600.0, 7_000.0, 12_000.0, 20_000.0] {
        let resampled = resample(&sine(hertz, 48_000, 48_000), 48_000, RATE);
        let middle = &resampled[2_000..9_000];
        let left = decibels(rms(middle.iter().map(|s| f64::from(*s))) / 0.5_f64.sqrt());
        println!("{hertz} Hz: {left:.1} dB");
        assert!(left < -70.0, "{hertz} Hz: {left} dB");
    }
}

#[test]
fn the_passband_is_flat() {
    for hertz in [50.0, 1_000.0, 4_000.0, 5_000.0] {
        let resampled = resample(&sine(hertz, 48_000, 48_000), 48_000, RATE);
        let middle = &resampled[2_000..9_000];
        let gain = decibels(rms(middle.iter().map(|s| f64::from(*s))) / 0.5_f64.sqrt());
        println!("{hertz} Hz: {gain:.4} dB");
        assert!(gain.abs() < 0.1, "{hertz} Hz: {gain} dB");
    }
}

#[test]
fn the_length_is_exact() {
    for (from, to) in RATES {
        for len in [1, 2, 7, 12_345] {
            let expected = (len as f64 * f64::from(to) / f64::from(from)).round();
            let resampled = resample(&vec![0.1; len], from, to);
            assert_eq!(resampled.len() as f64, expected, "{len}: {from} to {to}");
        }
    }
}

#[test]
fn a_click_stays_at_its_place() {
    for (from, to) in RATES {
        let last = 9_999 - (from / to) as usize;
        for at in [0, 1, 7_777, last] {
            let mut click = vec![0.0; 10_000];
            click[at] = 1.0;
            let resampled = resample(&click, from, to);
            let loudest = (0..resampled.len())
                .max_by(|a, b| resampled[*a].abs().total_cmp(&resampled[*b].abs()))
                .unwrap();
            let expected = at as f64 * f64::from(to) / f64::from(from);
            let off = (loudest as f64 - expected).abs();
            assert!(
                off <= 1.0,
                "{at}, {from} to {to}: {loudest}, not {expected}"
            );
        }
    }
}

#[test]
fn equal_rates_change_nothing() {
    assert_eq!(resample(&RAMP, RATE, RATE), RAMP);
}

#[test]
fn nothing_stays_nothing() {
    assert!(resample(&[], 48_000, RATE).is_empty());
    assert!(resample(&RAMP, 0, RATE).is_empty());
    assert!(resample(&RAMP, RATE, 0).is_empty());
}

#[test]
fn a_constant_stays_at_its_level() {
    let resampled = resample(&[0.5; 48_000], 48_000, RATE);
    assert_close(&resampled[1_000..10_000], &[0.5; 9_000], 1e-4);
}
