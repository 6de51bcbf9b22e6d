//! Sound files of all kinds, made by other people's programs.

use std::f64::consts::TAU;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use antiphon::audio::header::{HeaderCheck, Lack, bytes_per_second, header_of_bytes};
use antiphon::audio::read::read_bytes;
use antiphon::audio::write::{SampleFormat, write_wav};
use antiphon::audio::{FORMATS, Signal, is_called_a_sound, load};
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

    /// What `ffmpeg` or `sox` makes of the tone; `None` where this build cannot.
    fn make(&self, tool: &str, arguments: &str, name: &str) -> Option<Vec<u8>> {
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
        Some(std::fs::read(output).unwrap())
    }

    /// What the tool writes to a pipe.
    fn pipe(&self, tool: &str, arguments: &str, kind: &str) -> Vec<u8> {
        let line = match tool {
            "ffmpeg" => format!("ffmpeg -v error -i tone.wav {arguments} -f {kind} - | cat"),
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
const CASES: [Case; 70] = [
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
        let Some(bytes) = studio.make(case.tool, case.arguments, case.name) else {
            continue;
        };
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
