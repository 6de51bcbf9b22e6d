//! Sound files of all kinds, made by other people's programs.

use std::f64::consts::TAU;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use antiphon::audio::header::{HeaderCheck, Lack, bytes_per_second, header_of_bytes};
use antiphon::audio::read::read_bytes;
use antiphon::audio::write::{SampleFormat, write_wav};
use antiphon::audio::{AudioError, FORMATS, Signal, is_called_a_sound, load, load_at_most};
use tempfile::TempDir;

const RATE: u32 = 44_100;
const SECONDS: f64 = 0.8;

/// A tone that rises from 200 to 3000 Hz and swells: at no other time is it the same.
fn rising_tone() -> Vec<f32> {
    let len = (SECONDS * f64::from(RATE)) as usize;
    let sample = |n| {
        let t = n as f64 / f64::from(RATE);
        let phase = TAU * (200.0 * t + 0.5 * 2800.0 / SECONDS * t * t);
        let swell = (std::f64::consts::PI * t / SECONDS).sin();
        (0.6 * swell * phase.sin()) as f32
    };
    (0..len).map(sample).collect()
}

/// Makes files of the rising tone.
struct Studio {
    folder: TempDir,
    tone: Vec<f32>,
}

impl Studio {
    /// `None`, and a line that says so, where a tool is missing.
    fn new(tools: &[&str]) -> Option<Self> {
        for tool in tools {
            let mut asked = Command::new(tool);
            asked.arg("-version").stdout(Stdio::null());
            let found = asked.stderr(Stdio::null()).status();
            if found.is_err() {
                let required = std::env::var_os("ANTIPHON_REQUIRE_TOOLS").is_some();
                assert!(!required, "{tool} is not installed");
                println!("skipped: {tool} is not installed");
                return None;
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let tone = rising_tone();
        let signal = Signal {
            samples: tone.clone(),
            sample_rate: RATE,
        };
        write_wav(
            &folder.path().join("tone.wav"),
            &signal,
            SampleFormat::Float32,
        )
        .unwrap();
        Some(Self { folder, tone })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What `ffmpeg` or `sox` makes of the tone.
    fn make(&self, tool: &str, arguments: &str, name: &str) -> Vec<u8> {
        let output = self.path(name);
        let mut command = Command::new(tool);
        let command = if tool == "ffmpeg" {
            // A mono sound made stereo is 3 dB softer unless it is told otherwise.
            let pan = match arguments.contains("-ac 2") {
                true => "pan=stereo|c0=c0|c1=c0",
                false => "pan=mono|c0=c0",
            };
            command.args(["-v", "error", "-y", "-i", "tone.wav", "-af", pan])
        } else {
            command.args(["-D", "tone.wav"])
        };
        let made = command
            .args(arguments.split_whitespace())
            .arg(name)
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "{tool} {arguments} {name}: {said}");
        std::fs::read(output).unwrap()
    }

    /// What the tool writes to a pipe.
    fn pipe(&self, tool: &str, arguments: &str, kind: &str) -> Vec<u8> {
        let line = match tool {
            "ffmpeg" => format!("ffmpeg -v error -i tone.wav -ac 1 {arguments} -f {kind} - | cat"),
            _ => format!("sox -D tone.wav {arguments} -t {kind} - | cat"),
        };
        let made = Command::new("sh")
            .args(["-c", &line])
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        assert!(!made.stdout.is_empty(), "{line}");
        made.stdout
    }
}

/// Error in dB below the tone, and the difference in length.
fn compare(tone: &[f32], got: &[f32]) -> (f64, i64) {
    let both = tone.iter().zip(got);
    let error: f64 = both.map(|(a, b)| f64::from(a - b).powi(2)).sum();
    let power: f64 = tone.iter().map(|a| f64::from(*a).powi(2)).sum();
    let ratio = 10.0 * (power / error.max(1e-30)).log10();
    (ratio, got.len() as i64 - tone.len() as i64)
}

struct Case {
    tool: &'static str,
    arguments: &'static str,
    name: &'static str,
    /// Least distance of the error from the tone in dB.
    ratio: f64,
    /// Most samples too many or too few.
    length: i64,
    channels: u16,
}

const fn case(tool: &'static str, arguments: &'static str, name: &'static str, ratio: f64) -> Case {
    Case {
        tool,
        arguments,
        name,
        ratio,
        length: 0,
        channels: 1,
    }
}

const fn longer(case: Case, length: i64) -> Case {
    Case { length, ..case }
}

const fn stereo(case: Case) -> Case {
    Case {
        channels: 2,
        ..case
    }
}

const F: &str = "ffmpeg";
const S: &str = "sox";

/// Every coding, by the program that is likely to have written it. An ADPCM
/// encoder fills up its last block and does not always say so.
const CASES: [Case; 71] = [
    case(F, "-c:a pcm_u8", "u8.wav", 35.0),
    case(F, "-c:a pcm_s16le", "s16.wav", 80.0),
    case(F, "-c:a pcm_s24le", "s24.wav", 120.0),
    case(F, "-c:a pcm_s32le", "s32.wav", 120.0),
    case(F, "-c:a pcm_f32le", "f32.wav", 140.0),
    case(F, "-c:a pcm_f64le", "f64.wav", 140.0),
    case(F, "-c:a pcm_mulaw", "mulaw.wav", 30.0),
    case(F, "-c:a pcm_alaw", "alaw.wav", 30.0),
    longer(case(F, "-c:a adpcm_ima_wav", "ima.wav", 25.0), 2048),
    longer(
        stereo(case(F, "-ac 2 -c:a adpcm_ima_wav", "ima2.wav", 25.0)),
        2048,
    ),
    longer(case(F, "-c:a adpcm_ms", "ms.wav", 25.0), 2048),
    longer(
        stereo(case(F, "-ac 2 -c:a adpcm_ms", "ms2.wav", 25.0)),
        2048,
    ),
    case(S, "-e ima-adpcm", "sox-ima.wav", 25.0),
    case(S, "-e ms-adpcm", "sox-ms.wav", 25.0),
    stereo(case(S, "-c 2 -e ima-adpcm", "sox-ima2.wav", 25.0)),
    stereo(case(S, "-c 2 -e ms-adpcm", "sox-ms2.wav", 25.0)),
    case(S, "-e mu-law", "sox-mulaw.wav", 30.0),
    case(S, "-e a-law", "sox-alaw.wav", 30.0),
    case(S, "-b 24 -t wavpcm", "sox24.wav", 120.0),
    stereo(case(S, "-c 2 -b 24", "sox24-stereo.wav", 120.0)),
    case(F, "-rf64 always -c:a pcm_s24le", "rf64.wav", 120.0),
    stereo(case(
        F,
        "-ac 2 -rf64 always -c:a pcm_s16le",
        "rf64-2.wav",
        80.0,
    )),
    case(F, "-c:a pcm_s24le", "s24.w64", 120.0),
    case(F, "-c:a pcm_mulaw", "mulaw.w64", 30.0),
    case(S, "-b 16", "sox.w64", 80.0),
    case(S, "-B -b 16", "rifx.wav", 80.0),
    case(S, "-B -b 24", "rifx24.wav", 120.0),
    case(S, "-B -b 32 -e floating-point", "rifx-float.wav", 140.0),
    case(F, "-c:a pcm_s16be", "s16.aiff", 80.0),
    case(F, "-c:a pcm_s24be", "s24.aiff", 120.0),
    case(F, "-c:a pcm_s16le", "sowt.aiff", 80.0),
    case(F, "-c:a pcm_f32be", "fl32.aiff", 140.0),
    case(F, "-c:a pcm_f64be", "fl64.aiff", 140.0),
    case(F, "-c:a pcm_mulaw", "mulaw.aiff", 30.0),
    case(F, "-c:a pcm_alaw", "alaw.aiff", 30.0),
    case(S, "-b 24", "sox.aiff", 120.0),
    case(S, "-b 16", "sox.aifc", 80.0),
    case(F, "-c:a pcm_s16le", "s16le.caf", 80.0),
    case(F, "-c:a pcm_s24be", "s24be.caf", 120.0),
    case(F, "-c:a pcm_f32le", "f32.caf", 140.0),
    case(F, "-c:a pcm_f64be", "f64.caf", 140.0),
    case(F, "-c:a pcm_mulaw", "mulaw.caf", 30.0),
    case(F, "-c:a pcm_alaw", "alaw.caf", 30.0),
    longer(case(F, "-c:a adpcm_ima_qt", "ima4.caf", 25.0), 64),
    case(F, "-c:a alac", "alac.caf", 80.0),
    case(S, "-b 24", "sox.caf", 120.0),
    case(F, "-c:a pcm_s16be", "s16.au", 80.0),
    case(F, "-c:a pcm_s24be", "s24.au", 120.0),
    case(F, "-c:a pcm_f32be", "f32.au", 140.0),
    case(F, "-c:a pcm_f64be", "f64.au", 140.0),
    case(F, "-c:a pcm_mulaw", "mulaw.au", 30.0),
    case(F, "-c:a pcm_alaw", "alaw.au", 30.0),
    case(S, "-b 8", "sox8.au", 35.0),
    case(S, "-b 16", "sox.snd", 80.0),
    case(S, "-L -b 16", "little.au", 80.0),
    case(F, "-sample_fmt s16", "s16.flac", 80.0),
    stereo(case(F, "-ac 2 -sample_fmt s32", "s24.flac", 120.0)),
    case(S, "-b 24", "sox.flac", 120.0),
    case(F, "-c:a flac", "flac.oga", 80.0),
    longer(case(F, "-b:a 192k", "ffmpeg.mp3", 20.0), 1152),
    longer(stereo(case(F, "-ac 2 -b:a 64k", "low.mp3", 15.0)), 1152),
    longer(case(F, "-ar 22050 -b:a 64k", "half.mp3", 15.0), 1152),
    longer(
        case(
            F,
            "-b:a 192k -write_xing 0 -id3v2_version 0",
            "bare.mp3",
            15.0,
        ),
        4000,
    ),
    longer(case(F, "-c:a mp2 -b:a 192k", "layer2.mp2", 20.0), 4000),
    longer(case(F, "-c:a libmp3lame -b:a 192k", "mp3.wav", 20.0), 4000),
    longer(case(F, "-c:a libvorbis -q:a 6", "vorbis.ogg", 20.0), 2048),
    longer(
        stereo(case(F, "-ac 2 -c:a libvorbis", "vorbis2.ogg", 20.0)),
        2048,
    ),
    longer(case(F, "-c:a aac -b:a 128k", "aac.m4a", 20.0), 2048),
    case(F, "-c:a alac", "alac.m4a", 80.0),
    longer(
        case(
            F,
            "-c:a aac -b:a 128k -movflags +faststart",
            "fast.m4a",
            20.0,
        ),
        2048,
    ),
    longer(case(F, "-c:a aac -b:a 128k", "adts.aac", 20.0), 4000),
];

/// What an encoder's delay that no header tells of moves the sound by, at most.
fn delay_of(name: &str) -> usize {
    match name {
        "bare.mp3" | "mp3.wav" => 1105,
        "layer2.mp2" => 481,
        "adts.aac" => 1024,
        _ => 0,
    }
}

#[test]
fn what_other_programs_write_is_read_at_its_place_in_time() {
    let Some(studio) = Studio::new(&[F, S]) else {
        return;
    };
    let mut wrong = Vec::new();
    for case in &CASES {
        let bytes = studio.make(case.tool, case.arguments, case.name);
        let recording = match read_bytes(&bytes, Path::new(case.name)) {
            Ok(recording) => recording,
            Err(error) => {
                wrong.push(format!("{error}"));
                continue;
            }
        };
        let facts = &recording.facts;
        let tone = match facts.sample_rate {
            RATE => studio.tone.clone(),
            rate => antiphon::audio::resample::resample(&studio.tone, RATE, rate),
        };
        let delay = delay_of(case.name).min(recording.samples.len());
        let (ratio, length) = compare(&tone, &recording.samples[delay..]);
        let rate = bytes_per_second(&studio.path(case.name));
        println!(
            "{:18} {:10} {ratio:6.1} dB {length:5} {rate:?} {:?}",
            case.name,
            facts.format,
            header_of_bytes(&bytes)
        );
        let right = ratio >= case.ratio
            && length.abs() <= case.length
            && facts.channels == case.channels
            && facts.length_agrees;
        if !right {
            let channels = facts.channels;
            wrong.push(format!(
                "{}: {ratio:.1} dB, {length} samples, {channels} channels, {}",
                case.name, facts.length_agrees
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

// --- Whether all of it is there ------------------------------------------

/// Kinds of files that say how long they are, as copies of them arrive.
const CLOSED: [(&str, &str, &str); 15] = [
    (F, "-c:a pcm_s16le", "copy.wav"),
    (F, "-rf64 always", "copy-rf64.wav"),
    (S, "-B -b 16", "copy-rifx.wav"),
    (S, "-b 16", "copy.w64"),
    (F, "-c:a adpcm_ima_wav", "copy-ima.wav"),
    (F, "-c:a pcm_s24be", "copy.aiff"),
    (F, "-c:a pcm_s16le", "copy-sowt.aiff"),
    (S, "-b 16", "copy.au"),
    (S, "-b 16", "copy.caf"),
    (F, "-c:a alac", "copy-alac.caf"),
    (F, "-sample_fmt s16", "copy.flac"),
    (S, "-b 24", "copy-sox.flac"),
    (F, "-c:a aac", "copy.m4a"),
    (F, "-c:a alac -movflags +faststart", "copy-fast.m4a"),
    (F, "-c:a libvorbis", "copy.ogg"),
];

/// Lengths to cut a file to: all of its header's, and some of what follows.
fn cuts(len: usize) -> impl Iterator<Item = usize> {
    let near_the_end = len.saturating_sub(70)..len;
    (0..600.min(len))
        .chain((600..len).step_by(1 + len / 150))
        .chain(near_the_end)
}

#[test]
fn a_copy_is_complete_when_its_last_byte_has_come() {
    let Some(studio) = Studio::new(&[F, S]) else {
        return;
    };
    for (tool, arguments, name) in CLOSED {
        let bytes = studio.make(tool, arguments, name);
        assert_eq!(
            header_of_bytes(&bytes).unwrap(),
            HeaderCheck::Complete,
            "{name}"
        );
        for len in cuts(bytes.len() - 1) {
            match header_of_bytes(&bytes[..len]).unwrap() {
                HeaderCheck::Incomplete(Lack::Rest { declared, present }) => {
                    assert!(present < declared, "{name} at {len}");
                }
                HeaderCheck::Incomplete(_) => {}
                other => panic!("{name} at {len} of {}: {other:?}", bytes.len()),
            }
            // Half of it may be read, and never breaks anything.
            if len % 7 == 0 {
                let _ = read_bytes(&bytes[..len], Path::new(name));
            }
        }
    }
}

#[test]
fn what_is_written_to_a_pipe_says_no_length() {
    let Some(studio) = Studio::new(&[F, S]) else {
        return;
    };
    let open = [
        (F, "-c:a pcm_s16le", "wav"),
        (F, "-c:a pcm_s16le", "w64"),
        (F, "-c:a pcm_s16le", "caf"),
        (F, "-c:a pcm_s16be", "au"),
        (F, "-c:a flac", "flac"),
        (F, "-c:a libmp3lame", "mp3"),
        (F, "-c:a aac", "adts"),
    ];
    for (tool, arguments, kind) in open {
        let bytes = studio.pipe(tool, arguments, kind);
        let name = format!("{kind} by {tool}");
        assert_eq!(
            header_of_bytes(&bytes).unwrap(),
            HeaderCheck::OpenEnded,
            "{name}"
        );
        let recording = read_bytes(&bytes, Path::new("pipe")).unwrap();
        assert!(recording.facts.length_agrees, "{name}");
        let off = recording.samples.len().abs_diff(studio.tone.len());
        assert!(off < 3000, "{name}: {off}");
        for len in cuts(bytes.len()) {
            let check = header_of_bytes(&bytes[..len]).unwrap();
            assert_ne!(check, HeaderCheck::Complete, "{name} at {len}");
            let is_known = !matches!(check, HeaderCheck::NotRecognised(_));
            assert!(is_known, "{name} at {len}: {check:?}");
        }
    }
}

#[test]
fn a_second_of_an_mp3_of_varying_rate_is_known() {
    let Some(studio) = Studio::new(&[F]) else {
        return;
    };
    let bytes = studio.make(F, "-c:a libmp3lame -q:a 1", "vbr.mp3");
    let rate = bytes_per_second(&studio.path("vbr.mp3")).unwrap() as f64;
    let seconds = bytes.len() as f64 / rate;
    assert!((seconds - SECONDS).abs() < 0.1, "{seconds}");
}

// --- Names ----------------------------------------------------------------

#[test]
fn what_is_not_read_is_named_for_what_it_is() {
    let ogg = |packet: &[u8]| {
        let mut page = b"OggS\x00\x02".to_vec();
        page.extend([0; 20]);
        page.extend([1, packet.len() as u8]);
        page.extend(packet);
        page
    };
    let cases: [(Vec<u8>, &str); 14] = [
        (ogg(b"OpusHead\x01\x02"), "an Opus file"),
        (ogg(b"Speex   1.2"), "a Speex file"),
        (
            b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9".to_vec(),
            "a Windows Media (WMA) file",
        ),
        (b"MAC \x96\x0f\0\0".to_vec(), "a Monkey's Audio file"),
        (b"wvpk\x10\0\0\0".to_vec(), "a WavPack file"),
        (b"DSD \x1c\0\0\0".to_vec(), "a DSF (DSD) file"),
        (b"FRM8\0\0\0\0".to_vec(), "a DSDIFF (DSD) file"),
        (
            b"\x1a\x45\xdf\xa3\x01\0\0\0".to_vec(),
            "a Matroska or WebM file",
        ),
        (b"#!AMR\n<\x91".to_vec(), "an AMR file"),
        (b"MThd\0\0\0\x06".to_vec(), "a MIDI file"),
        (b"\x89PNG\r\n\x1a\n".to_vec(), "a PNG picture"),
        (b"<!DOCTYPE html><html>".to_vec(), "a web page"),
        (b"RIFF\x10\0\0\0AVI LIST".to_vec(), "an AVI video"),
        ("Liebes Tagebuch, schöner Tag".into(), "a text"),
    ];
    for (mut bytes, name) in cases {
        bytes.resize(bytes.len().max(24), b' ');
        let check = header_of_bytes(&bytes).unwrap();
        assert_eq!(check, HeaderCheck::NotRecognised(Some(name)));
        let said = read_bytes(&bytes, Path::new("take.wav"))
            .unwrap_err()
            .to_string();
        assert!(
            said.starts_with(&format!("take.wav is {name}, which is not read")),
            "{said}"
        );
    }
}

#[test]
fn sounds_are_known_by_their_names() {
    for name in [
        "a.wav", "A.WAV", "b.Aiff", "c.opus", "d.m4a", "e f.flac", "x.wma", "take.snd",
    ] {
        assert!(is_called_a_sound(name.as_ref()), "{name}");
    }
    for name in [
        "a.asd",
        "a.wav.reapeaks",
        "Thumbs.db",
        "a.txt",
        "wav",
        ".wav",
        "a.pkf",
        "a.wav~",
    ] {
        assert!(!is_called_a_sound(name.as_ref()), "{name}");
    }
}

#[test]
fn the_page_on_seeds_lists_what_is_read() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/seeds.md");
    let page = std::fs::read_to_string(page).unwrap();
    let rows: Vec<String> = FORMATS
        .iter()
        .map(|format| {
            let extensions: Vec<String> = format
                .extensions
                .iter()
                .map(|e| format!("`.{e}`"))
                .collect();
            format!(
                "| {} | {} | {} |",
                format.name,
                extensions.join(" "),
                format.read
            )
        })
        .collect();
    let expected = rows.join("\n");
    assert!(page.contains(&expected), "docs/seeds.md lacks:\n{expected}");
}

#[test]
fn what_is_decoded_is_what_is_hashed() {
    let Some(studio) = Studio::new(&[F]) else {
        return;
    };
    for (arguments, name) in [
        ("-c:a pcm_s16le", "h.wav"),
        ("-c:a flac", "h.flac"),
        ("-c:a alac", "h.m4a"),
        ("-c:a libvorbis", "h.ogg"),
    ] {
        let bytes = studio.make(F, arguments, name);
        let source = load(&studio.path(name), 11_025).unwrap();
        assert_eq!(source.sha256, antiphon::files::sha256(&bytes), "{name}");
        assert_eq!(source.bytes, bytes.len() as u64, "{name}");
        let expected = antiphon::audio::resample::resample(&studio.tone, RATE, 11_025);
        let (ratio, length) = compare(&expected, &source.signal.samples);
        assert!(ratio > 25.0 && length == 0, "{name}: {ratio} dB, {length}");
    }
}

#[test]
fn an_id3_tag_in_front_is_skipped() {
    let Some(studio) = Studio::new(&[F]) else {
        return;
    };
    let tag = [b"ID3\x04\0\0\0\0\x01\x10", &[0x33_u8; 144][..]].concat();
    for (arguments, name) in [
        ("-c:a pcm_s16le", "t.wav"),
        ("-c:a pcm_s16be", "t.aiff"),
        ("-c:a flac", "t.flac"),
        ("-c:a libmp3lame", "t.mp3"),
    ] {
        let bytes = studio.make(F, arguments, name);
        let plain = read_bytes(&bytes, Path::new(name)).unwrap();
        let tagged = [tag.clone(), bytes].concat();
        let with_tag = read_bytes(&tagged, Path::new(name)).unwrap();
        assert!(plain.samples == with_tag.samples, "{name}");
        assert!(with_tag.facts.length_agrees, "{name}");
        let check = header_of_bytes(&tagged).unwrap();
        let expected = match name {
            "t.mp3" => HeaderCheck::OpenEnded,
            _ => HeaderCheck::Complete,
        };
        assert_eq!(check, expected, "{name}");
    }
}

// --- Hostile files ----------------------------------------------------------

/// A die whose throws are the same each time.
struct Die(u64);

impl Die {
    fn throw(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }
}

/// Changes up to six places, or cuts the file off there.
fn damage(bytes: &mut Vec<u8>, die: &mut Die) {
    for _ in 0..=die.throw(5) {
        // Headers are where it hurts.
        let reach = if die.throw(2) == 0 {
            bytes.len().min(300)
        } else {
            bytes.len()
        };
        let at = die.throw(reach);
        match die.throw(5) {
            0 => bytes[at] = die.throw(256) as u8,
            1 => bytes[at] ^= 1 << die.throw(8),
            2 => bytes.iter_mut().skip(at).take(4).for_each(|b| *b = 0xff),
            3 => bytes.iter_mut().skip(at).take(4).for_each(|b| *b = 0),
            _ => bytes.truncate(at + 1),
        }
    }
}

#[test]
fn no_damage_to_any_kind_of_file_breaks_anything() {
    let Some(studio) = Studio::new(&[F, S]) else {
        return;
    };
    let kinds = CLOSED
        .iter()
        .map(|(tool, arguments, name)| (*tool, *arguments, *name));
    let open = [
        (F, "-c:a libmp3lame", "d.mp3"),
        (F, "-c:a aac", "d.aac"),
        (F, "-c:a adpcm_ms", "d-ms.wav"),
        (F, "-c:a pcm_s24be", "d.mov"),
        (F, "-c:a pcm_s8", "d-8.mov"),
        (F, "-c:a alac", "d-alac.mov"),
    ];
    let mut die = Die(0x5eed);
    let short = studio.path("tone.wav");
    let signal = Signal {
        samples: studio.tone[..6000].to_vec(),
        sample_rate: RATE,
    };
    write_wav(&short, &signal, SampleFormat::Int16).unwrap();
    let (mut taken, mut caught) = (0, 0);
    for (tool, arguments, name) in kinds.chain(open) {
        let whole = studio.make(tool, arguments, name);
        for _ in 0..120 {
            let mut bytes = whole.clone();
            damage(&mut bytes, &mut die);
            header_of_bytes(&bytes).unwrap();
            match read_bytes(&bytes, Path::new(name)) {
                Ok(recording) => {
                    taken += 1;
                    assert!(recording.samples.iter().all(|s| s.is_finite()), "{name}");
                }
                Err(AudioError::CannotRead { cause, .. }) => panic!("{name}: {cause}"),
                Err(AudioError::Decoder { .. }) => caught += 1,
                Err(_) => {}
            }
        }
    }
    println!("{taken} taken, {caught} panics caught");
    assert!(taken > 100);
}

// --- How long it may be ----------------------------------------------------

#[test]
fn what_lasts_longer_than_it_may_is_not_decoded_to_its_end() {
    let Some(studio) = Studio::new(&[F]) else {
        return;
    };
    for (arguments, name) in [
        ("-c:a pcm_s16le", "long.wav"),
        ("-c:a aac", "long.aac"),
        ("-c:a alac", "long.caf"),
        ("-c:a libmp3lame", "long.mp3"),
        ("-c:a aac -movflags frag_keyframe+empty_moov", "long.m4a"),
    ] {
        studio.make(F, arguments, name);
        let path = studio.path(name);
        let refused = load_at_most(&path, 11_025, Some(0.5)).unwrap_err();
        assert!(
            matches!(refused, AudioError::LongerThan { seconds: 0.5, .. }),
            "{name}: {refused}"
        );
        let said = refused.to_string();
        assert!(said.contains("lasts longer than 0.5 seconds"), "{said}");
        let allowed = load_at_most(&path, 11_025, Some(1.0)).unwrap();
        let whole = load(&path, 11_025).unwrap();
        assert_eq!(allowed, whole, "{name}");
    }
    // Exactly as long as it may be.
    let path = studio.path("long.wav");
    assert!(load_at_most(&path, 11_025, Some(SECONDS)).is_ok());
}

// --- What once went wrong ---------------------------------------------------

#[test]
fn quicktime_in_either_byte_order() {
    let Some(studio) = Studio::new(&[F]) else {
        return;
    };
    for (coding, ratio) in [
        ("u8", 35.0),
        ("s8", 35.0),
        ("s16le", 80.0),
        ("s16be", 80.0),
        ("s24le", 120.0),
        ("s24be", 120.0),
        ("s32le", 120.0),
        ("s32be", 120.0),
        ("f32le", 140.0),
        ("f32be", 140.0),
        ("f64le", 140.0),
        ("f64be", 140.0),
    ] {
        for channels in [1, 2] {
            let arguments = format!("-ac {channels} -c:a pcm_{coding}");
            let bytes = studio.make(F, &arguments, "take.mov");
            let recording = read_bytes(&bytes, Path::new("take.mov"))
                .unwrap_or_else(|error| panic!("{coding}: {error}"));
            let (got, length) = compare(&studio.tone, &recording.samples);
            assert!(
                got >= ratio && length == 0,
                "{coding} {channels}: {got:.1} dB, {length}"
            );
            assert!(recording.facts.length_agrees, "{coding}");
        }
    }
    let bytes = studio.make(F, "-ac 6 -c:a pcm_s24be", "six.mov");
    let said = read_bytes(&bytes, Path::new("six.mov")).unwrap_err();
    let said = said.to_string();
    assert!(
        said.contains("uncompressed sound of 6 channels in QuickTime"),
        "{said}"
    );
}

#[test]
fn alac_in_quicktime() {
    let Some(studio) = Studio::new(&[F]) else {
        return;
    };
    for arguments in ["-c:a alac", "-ac 2 -c:a alac"] {
        let bytes = studio.make(F, arguments, "alac.mov");
        let recording = read_bytes(&bytes, Path::new("alac.mov")).unwrap();
        let (ratio, length) = compare(&studio.tone, &recording.samples);
        assert!(ratio >= 80.0 && length == 0, "{ratio:.1} dB, {length}");
    }
}

#[test]
fn an_m4a_whose_recorder_was_stopped_was_never_finished() {
    let Some(studio) = Studio::new(&[F]) else {
        return;
    };
    for (arguments, name) in [("-c:a aac", "killed.m4a"), ("-c:a pcm_s16be", "killed.mov")] {
        let bytes = studio.make(F, arguments, name);
        for len in [bytes.len() / 2, bytes.len() - 100] {
            let part = &bytes[..len];
            let said = read_bytes(part, Path::new(name)).unwrap_err().to_string();
            assert!(said.contains("was never finished"), "{said}");
            let check = header_of_bytes(part).unwrap();
            assert!(matches!(check, HeaderCheck::Incomplete(_)), "{check:?}");
        }
    }
}

#[test]
fn mp3_files_that_were_joined_are_heard_to_their_end() {
    let Some(studio) = Studio::new(&[F]) else {
        return;
    };
    for arguments in ["-b:a 192k", "-q:a 2", "-q:a 2 -write_xing 0"] {
        let one = studio.make(F, arguments, "one.mp3");
        let alone = read_bytes(&one, Path::new("one.mp3")).unwrap();
        assert!(alone.facts.length_agrees);
        let joined = [&one[..], &one].concat();
        let twice = read_bytes(&joined, Path::new("joined.mp3")).unwrap();
        let len = alone.samples.len();
        let more = twice.samples.len() as i64 - 2 * len as i64;
        assert!((-1200..4000).contains(&more), "{arguments}: {more}");
        // The second is as loud as the first, and comes as a whole.
        let power = |samples: &[f32]| samples.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>();
        let ratio = power(&twice.samples[len..]) / power(&alone.samples);
        assert!((0.9..1.1).contains(&ratio), "{arguments}: {ratio}");
        let is_said = arguments.contains("write_xing");
        assert_eq!(twice.facts.length_agrees, is_said, "{arguments}");
    }
}

#[test]
fn mp2_of_one_channel_at_a_rate_for_two_is_named() {
    let Some(studio) = Studio::new(&[F]) else {
        return;
    };
    for name in ["mono.mp2", "mono.wav", "mono.w64", "mono.mp4"] {
        let bytes = studio.make(F, "-c:a mp2 -b:a 384k", name);
        let said = read_bytes(&bytes, Path::new(name)).unwrap_err().to_string();
        assert!(
            said.contains("holds MP2 sound of one channel at 384 kb/s, a rate that is for two"),
            "{said}"
        );
        // What the layer has for one channel is read, and the rate for two.
        for arguments in ["-c:a mp2 -b:a 192k", "-ac 2 -c:a mp2 -b:a 384k"] {
            let bytes = studio.make(F, arguments, name);
            let heard = read_bytes(&bytes, Path::new(name));
            let heard = heard.unwrap_or_else(|error| panic!("{error}")).samples;
            let off = heard.len().abs_diff(studio.tone.len());
            assert!(off < 3000, "{name}: {off}");
        }
    }
}

#[test]
fn ogg_is_complete_when_a_page_says_that_it_is_the_last() {
    let Some(studio) = Studio::new(&[F, S]) else {
        return;
    };
    let files = [
        studio.pipe(F, "-c:a libvorbis", "ogg"),
        studio.pipe(F, "-c:a flac", "ogg"),
        studio.pipe(S, "", "ogg"),
        studio.make(F, "-c:a libvorbis", "closed.ogg"),
        studio.make(S, "", "closed-by-sox.ogg"),
    ];
    for bytes in files {
        let mut pages = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let segments = usize::from(bytes[at + 26]);
            let sizes = &bytes[at + 27..at + 27 + segments];
            let next = at + 27 + segments + sizes.iter().map(|n| usize::from(*n)).sum::<usize>();
            pages.push((at, next));
            at = next;
        }
        let check = |bytes: &[u8]| header_of_bytes(bytes).unwrap();
        assert_eq!(check(&bytes), HeaderCheck::Complete);
        let last = pages[pages.len() - 1].0;
        let mut open = bytes.clone();
        open[last + 5] &= !4;
        assert_eq!(check(&open), HeaderCheck::Incomplete(Lack::Size));
        let headers = &bytes[..pages[1].1];
        assert_eq!(check(headers), HeaderCheck::Incomplete(Lack::Sound));
        for cut in [last + 2, last + 20, last + 28, last + 200, bytes.len() - 1] {
            let check = check(&bytes[..cut]);
            let is_rest = matches!(check, HeaderCheck::Incomplete(Lack::Rest { .. }));
            assert!(is_rest, "{cut} of {}: {check:?}", bytes.len());
        }
    }
}

#[test]
fn tags_around_the_sound_are_no_sound() {
    let Some(studio) = Studio::new(&[F]) else {
        return;
    };
    let mp3 = studio.make(F, "-b:a 128k -id3v2_version 0", "plain.mp3");
    let flac = studio.make(F, "-sample_fmt s16", "plain.flac");
    let mut id3v1 = b"TAGA take".to_vec();
    id3v1.resize(128, 0);
    let mut ape = b"APETAGEX".to_vec();
    for word in [2000_u32, 40, 1, 0, 0, 0] {
        ape.extend(word.to_le_bytes());
    }
    let ape = [vec![b'x'; 8], ape].concat();
    for (plain, name) in [(&mp3, "tagged.mp3"), (&flac, "tagged.flac")] {
        let expected = read_bytes(plain, Path::new(name)).unwrap();
        let behind = [&id3v1[..], &ape, &[&ape[..], &id3v1].concat()].map(<[u8]>::to_vec);
        for tag in behind {
            let tagged = [&plain[..], &tag].concat();
            let got = read_bytes(&tagged, Path::new(name)).unwrap();
            assert!(got == expected, "{name}");
            assert!(got.facts.length_agrees, "{name}");
            assert_eq!(
                header_of_bytes(&tagged).unwrap(),
                header_of_bytes(plain).unwrap()
            );
        }
        // Padding that the size of the tag does not count.
        for padding in [16, 100, 5000, 70_000] {
            let tag = [&b"ID3\x03\0\0\0\0\0\x14"[..], &[0; 20], &vec![0; padding]].concat();
            let tagged = [&tag[..], &plain[..]].concat();
            let got = read_bytes(&tagged, Path::new(name)).unwrap();
            assert!(got.samples == expected.samples, "{name} {padding}");
        }
    }
    let only_zeros = [&b"ID3\x03\0\0\0\0\0\x14"[..], &[0; 200]].concat();
    let check = header_of_bytes(&only_zeros).unwrap();
    assert_eq!(check, HeaderCheck::Incomplete(Lack::Header));
}

#[test]
fn a_file_without_a_sample_is_said_to_be_empty() {
    let Some(studio) = Studio::new(&[F]) else {
        return;
    };
    for (arguments, name) in [
        ("-t 0", "empty.flac"),
        ("-t 0 -c:a libvorbis", "empty.ogg"),
        ("-t 0 -c:a flac", "empty.oga"),
        ("-t 0", "empty.m4a"),
    ] {
        let bytes = studio.make(F, arguments, name);
        let refused = read_bytes(&bytes, Path::new(name)).unwrap_err();
        assert!(
            matches!(refused, AudioError::NoSamples { .. }),
            "{name}: {refused}"
        );
    }
}
