//! The package for Pd, in real Pd without a window and without a sound card.

mod common;

use std::collections::BTreeSet;
use std::f64::consts::TAU;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use antiphon::audio::{Signal, load_as_recorded};
use common::gallery::{Gallery, LIVELY, listing};
use common::{free_port, pluck, write_seed};
use tempfile::TempDir;

const RATE: u32 = 44_100;
const PATIENCE: Duration = Duration::from_secs(120);

fn package() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("patches/pd/antiphon")
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

/// A patch whose boxes stand in a row, and are known by their numbers.
#[derive(Default)]
struct Patch {
    boxes: Vec<String>,
    wires: Vec<String>,
}

impl Patch {
    fn object(&mut self, text: &str) -> usize {
        self.boxes.push(format!("#X obj 10 10 {text};"));
        self.boxes.len() - 1
    }

    fn wire(&mut self, (from, outlet): (usize, usize), (to, inlet): (usize, usize)) {
        self.wires
            .push(format!("#X connect {from} {outlet} {to} {inlet};"));
    }

    /// Sends `message` into that inlet after so many milliseconds; to the receivers that it
    /// names itself where there is none.
    fn at(&mut self, milliseconds: u32, message: &str, to: Option<(usize, usize)>) {
        let begin = self.object("loadbang");
        let delay = self.object(&format!("del {milliseconds}"));
        self.boxes.push(format!("#X msg 10 10 {message};"));
        self.wire((begin, 0), (delay, 0));
        self.wire((delay, 0), (delay + 1, 0));
        if let Some(to) = to {
            self.wire((delay + 1, 0), to);
        }
    }

    /// Plays `sound` from the beginning into the first inlet of `to`.
    fn play_into(&mut self, sound: &Path, to: usize) {
        let player = self.object("readsf~ 1");
        self.at(
            0,
            &format!("open {} \\, 1", sound.display()),
            Some((player, 0)),
        );
        self.wire((player, 0), (to, 0));
    }

    /// Writes what comes from there into a file until `end`.
    fn record_from(&mut self, from: (usize, usize), file: &Path, end: u32) {
        let recorder = self.object("writesf~ 1");
        let open = format!("open -bytes 4 {} \\, start", file.display());
        self.at(0, &open, Some((recorder, 0)));
        self.at(end, "stop", Some((recorder, 0)));
        self.wire(from, (recorder, 0));
    }

    /// Runs it until it ends at `end` milliseconds; what Pd said. `-batch` is as fast as
    /// can be, `-noaudio` in real time.
    fn run(mut self, folder: &Path, how: &str, end: u32) -> String {
        self.at(0, "\\; pd dsp 1", None);
        self.at(end, "\\; pd quit", None);
        let path = folder.join("test.pd");
        let head = "#N canvas 0 0 600 400 12;".to_owned();
        let lines = [vec![head], self.boxes, self.wires].concat();
        std::fs::write(&path, lines.join("\n") + "\n").unwrap();
        pd(&[how], &[&path], folder)
    }
}

/// Runs Pd with these patches until one of them ends it; what it said.
fn pd(how: &[&str], patches: &[&Path], folder: &Path) -> String {
    let said = folder.join("said");
    let file = std::fs::File::create(&said).unwrap();
    let mut command = Command::new("pd");
    command.args(["-nogui", "-nomidi", "-stderr"]).args(how);
    command.arg("-path").arg(package());
    for patch in patches {
        command.arg("-open").arg(patch);
    }
    let child = command
        .stdin(Stdio::null())
        .stdout(file.try_clone().unwrap())
        .stderr(file)
        .spawn();
    let mut running = Running(child.unwrap());
    let begun = Instant::now();
    while running.0.try_wait().unwrap().is_none() {
        assert!(begun.elapsed() < PATIENCE, "Pd does not end");
        std::thread::sleep(Duration::from_millis(20));
    }
    String::from_utf8_lossy(&std::fs::read(said).unwrap()).into_owned()
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A folder for a test, where Pd is installed.
fn desk() -> Option<TempDir> {
    common::tool("pd").map(|_| tempfile::tempdir().unwrap())
}

fn samples(path: &Path) -> Vec<f64> {
    let recorded = load_as_recorded(path).unwrap_or_else(|error| panic!("{error}"));
    recorded.samples.iter().map(|s| f64::from(*s)).collect()
}

/// Writes pieces of sines: frequency, level and seconds each; a level of 0 is silence.
fn write_sines(path: &Path, pieces: &[(f64, f64, f64)]) {
    let piece = |(frequency, level, seconds): &(f64, f64, f64)| {
        let (frequency, level) = (*frequency, *level);
        let count = (seconds * f64::from(RATE)) as usize;
        let sine = move |n| level * (TAU * frequency * n as f64 / f64::from(RATE)).sin();
        (0..count).map(sine)
    };
    let samples = pieces.iter().flat_map(piece).map(|s| s as f32).collect();
    let sample_rate = RATE;
    write_seed(
        path,
        &Signal {
            samples,
            sample_rate,
        },
    );
}

fn seconds(from: f64, to: f64) -> std::ops::Range<usize> {
    (from * f64::from(RATE)) as usize..(to * f64::from(RATE)) as usize
}

fn rms(samples: &[f64]) -> f64 {
    (samples.iter().map(|s| s * s).sum::<f64>() / samples.len() as f64).sqrt()
}

fn decibels(level: f64) -> f64 {
    20.0 * level.max(1e-9).log10()
}

/// The level of `frequency` in `samples`.
fn level_of(samples: &[f64], frequency: f64) -> f64 {
    let turn = TAU * frequency / f64::from(RATE);
    let (mut real, mut imaginary) = (0.0, 0.0);
    for (n, sample) in samples.iter().enumerate() {
        real += sample * (turn * n as f64).cos();
        imaginary += sample * (turn * n as f64).sin();
    }
    2.0 * f64::hypot(real, imaginary) / samples.len() as f64
}

/// Lines of `said` that tell of something wrong. Nobody's sound card and a port that
/// another program has are not the patches' affair.
fn complaints(said: &str) -> Vec<&str> {
    let wrong = ["error", "couldn't", "no such", "can't", "bad arguments"];
    let others = [
        "ALSA",
        "audio",
        "bind",
        "connection refused",
        "Connection refused",
    ];
    said.lines()
        .filter(|line| wrong.iter().any(|word| line.contains(word)))
        .filter(|line| others.iter().all(|word| !line.contains(word)))
        .collect()
}

fn patches_in(folder: &Path) -> Vec<PathBuf> {
    let names = listing(folder);
    let paths = names.iter().map(|name| folder.join(name));
    let mut patches: Vec<PathBuf> = Vec::new();
    for path in paths {
        match path.is_dir() {
            true => patches.extend(patches_in(&path)),
            false if path.extension().is_some_and(|e| e == "pd") => patches.push(path),
            false => {}
        }
    }
    patches
}

#[test]
fn every_patch_opens_without_a_complaint() {
    let Some(desk) = desk() else { return };
    let quit = desk.path().join("quit.pd");
    let text = "#N canvas 0 0 300 200 12;\n#X obj 10 10 loadbang;\n#X obj 10 40 del 400;\n\
                #X msg 10 70 \\; pd quit;\n#X connect 0 0 1 0;\n#X connect 1 0 2 0;\n";
    std::fs::write(&quit, text).unwrap();
    let patches = [patches_in(&package()), patches_in(&examples())].concat();
    assert!(patches.len() >= 14, "{patches:?}");
    for patch in patches {
        let said = pd(&["-noaudio"], &[&patch, &quit], desk.path());
        assert_eq!(complaints(&said), Vec::<&str>::new(), "{}", patch.display());
    }
}

/// What the abstractions understand themselves.
const OWN: [&str; 30] = [
    "record",
    "stop",
    "level",
    "every",
    "threshold",
    "preroll",
    "hold",
    "longest",
    "folder",
    "name",
    "play",
    "voices",
    "stagger",
    "fade",
    "loop",
    "volume",
    "quiet",
    "mine",
    "root",
    "slices",
    "sensitivity",
    "silence",
    "sharp",
    "rise",
    "fall",
    "rate",
    "listen",
    "host",
    "symbol",
    "bang",
];

#[test]
fn every_message_that_a_patch_sends_or_routes_is_one_that_there_is() {
    let output = common::run(["osc", "--json"]);
    let table: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let verbs = |direction: &str| -> BTreeSet<String> {
        let lines = table.as_array().unwrap().iter();
        let lines = lines.filter(|line| line["direction"] == direction);
        let verb = |line: &serde_json::Value| line["address"].as_str().unwrap()[10..].to_owned();
        lines.map(verb).collect()
    };
    let (said, heard) = (verbs("said"), verbs("heard"));
    let mut seen = 0;
    for patch in [patches_in(&package()), patches_in(&examples())].concat() {
        let text = std::fs::read_to_string(&patch).unwrap();
        let is_shipped = patch.starts_with(package());
        let shows_messages = !is_shipped || patch.display().to_string().ends_with("-help.pd");
        for line in text.lines().filter(|line| line.starts_with("#X")) {
            let words: Vec<&str> = line.trim_end_matches(';').split_whitespace().collect();
            // Commands of antiphon's stand in messages, beside those of the abstractions.
            if words[1] == "msg" && shows_messages {
                let text = words[4..].join(" ");
                for message in text.split(" \\, ") {
                    let word = message.split(' ').next().unwrap();
                    let is_own = OWN.contains(&word) || word.parse::<f64>().is_ok();
                    // For Pd itself, or a box that only shows what comes.
                    let is_elsewhere = word == "\\;" || message.starts_with("here stands");
                    assert!(is_own || is_elsewhere || heard.contains(word), "{line}");
                    seen += usize::from(heard.contains(word));
                }
            }
            if words.get(4) == Some(&"route") && words[5..].contains(&"done") {
                let events: Vec<_> = words[5..].iter().filter(|w| !said.contains(**w)).collect();
                // `route done` of the parts may name their own messages too.
                let known = ["bang", "playing", "ended", "recording", "alive"];
                assert!(events.iter().all(|w| known.contains(*w)), "{line}");
                seen += 1;
            }
        }
    }
    assert!(seen >= 10, "{seen}");
}

#[test]
fn a_phrase_is_recorded_answered_and_played_staggered() {
    let Some(desk) = desk() else { return };
    let (own, port) = (free_port(), free_port());
    let [osc, listen] = [own, port].map(|address| address.to_string());
    let mut gallery = Gallery::closed_with(
        LIVELY,
        &["--seconds", "1", "--osc", &osc, "--osc-listen", &listen],
    );
    gallery.start();
    // A pluck, and what is before and after it.
    let (silence, pluck) = (vec![0.0; RATE as usize], pluck(220.0, 1.0, RATE));
    let phrase = desk.path().join("phrase.wav");
    let sample_rate = RATE;
    let samples_of = [&silence[..], &pluck.samples, &silence, &silence].concat();
    write_seed(
        &phrase,
        &Signal {
            samples: samples_of,
            sample_rate,
        },
    );
    let mut patch = Patch::default();
    let root = gallery.path("");
    let root = root.display().to_string();
    let root = root.trim_end_matches('/');
    let antiphon = patch.object(&format!("antiphon~ {root} {} {}", own.port(), port.port()));
    let settings =
        "hold 400 \\, threshold -40 \\, voices 3 \\, stagger 1500 \\, fade 2 \\, level 1";
    patch.at(100, settings, Some((antiphon, 0)));
    patch.play_into(&phrase, antiphon);
    let played = desk.path().join("played.wav");
    patch.record_from((antiphon, 0), &played, 11_500);
    let said = patch.run(desk.path(), "-noaudio", 12_000);
    assert_eq!(complaints(&said), Vec::<&str>::new());

    let answers = gallery.listing("predictions");
    let answers: Vec<_> = answers
        .iter()
        .filter(|name| name.ends_with(".wav"))
        .collect();
    assert_eq!(answers.len(), 1, "{answers:?}: {said}");
    let answer = samples(&gallery.path("predictions").join(answers[0]));
    let played = samples(&played);
    let first = played.iter().position(|s| s.abs() > 1e-4).unwrap();
    let mut begins = Vec::new();
    for voice in 0..3 {
        let expected = first + voice * RATE as usize * 3 / 2;
        let (begin, likeness) = most_alike(&played, &answer, expected);
        println!("voice {voice}: {likeness:.4} at {begin}");
        assert!(likeness > 0.99, "voice {voice}: {likeness}");
        begins.push(begin);
    }
    for pair in begins.windows(2) {
        let stagger = (pair[1] - pair[0]) as f64 / f64::from(RATE);
        assert!((stagger - 1.5).abs() < 0.005, "{stagger}");
    }
}

/// Where `part` is found in `whole`, near `expected`, and how alike it is there, up to 1.
fn most_alike(whole: &[f64], part: &[f64], expected: usize) -> (usize, f64) {
    let from = expected.saturating_sub(2000);
    let likeness = |begin: usize, step: usize| {
        let Some(window) = whole.get(begin..begin + part.len()) else {
            return 0.0;
        };
        let (mut product, mut own, mut other) = (0.0, 0.0, 0.0);
        for (a, b) in window.iter().zip(part).step_by(step) {
            product += a * b;
            own += a * a;
            other += b * b;
        }
        product / (own * other).sqrt().max(1e-12)
    };
    let best = (from..expected + 2000)
        .max_by(|a, b| likeness(*a, 7).total_cmp(&likeness(*b, 7)))
        .unwrap();
    (best, likeness(best, 1))
}

#[test]
fn three_voices_overlap_without_a_click() {
    let Some(desk) = desk() else { return };
    let file = desk.path().join("hum.wav");
    write_sines(&file, &[(110.0, 0.3, 1.0)]);
    let mut patch = Patch::default();
    let player = patch.object("antiphon-play~");
    let play = format!(
        "voices 3 \\, stagger 300 \\, fade 50 \\, play {}",
        file.display()
    );
    patch.at(200, &play, Some((player, 0)));
    let played = desk.path().join("played.wav");
    patch.record_from((player, 0), &played, 3000);
    let said = patch.run(desk.path(), "-batch", 3200);
    assert_eq!(complaints(&said), Vec::<&str>::new());
    let played = samples(&played);
    let jump = |pair: &[f64]| (pair[1] - pair[0]).abs();
    let largest = played.windows(2).map(jump).fold(0.0, f64::max);
    // Three such sines at once.
    let own = 3.0 * 0.3 * TAU * 110.0 / f64::from(RATE);
    println!("largest step {largest:.4}, three sines {own:.4}");
    assert!(largest < 1.2 * own, "{largest} beside {own}");
    assert!(played.iter().any(|s| s.abs() > 0.29), "they are heard");
    let heard = played.iter().filter(|s| s.abs() > 1e-3).count();
    let lasting = heard as f64 / f64::from(RATE);
    assert!(
        (1.4..1.7).contains(&lasting),
        "1.6 s with the stagger: {lasting}"
    );
}

/// Records what `pieces` sound like by `settings` of the recorder; the takes.
fn takes(pieces: &[(f64, f64, f64)], settings: &str) -> Option<Vec<Vec<f64>>> {
    let desk = desk()?;
    let (sound, folder) = (desk.path().join("sound.wav"), desk.path().join("seeds"));
    write_sines(&sound, pieces);
    std::fs::create_dir(&folder).unwrap();
    let mut patch = Patch::default();
    let recorder = patch.object("antiphon-record~");
    let settings = format!("folder {} \\, name take \\, {settings}", folder.display());
    patch.at(0, &settings, Some((recorder, 1)));
    patch.play_into(&sound, recorder);
    let lasting: f64 = pieces.iter().map(|(_, _, seconds)| seconds).sum();
    let end = (1000.0 * lasting) as u32 + 1500;
    // As fast as can be, Pd 0.53's own [writesf~] begins a file before it has ended the last.
    let said = patch.run(desk.path(), "-noaudio", end);
    assert_eq!(complaints(&said), Vec::<&str>::new());
    let names = listing(&folder);
    let names = names.iter().filter(|name| name.ends_with(".wav"));
    Some(names.map(|name| samples(&folder.join(name))).collect())
}

#[test]
fn recording_by_level_begins_with_what_was_before() {
    let pieces = [(440.0, 0.0, 1.0), (440.0, 0.2, 1.0), (440.0, 0.0, 2.0)];
    let settings = "threshold -40 \\, preroll 250 \\, hold 400 \\, level 1";
    let Some(takes) = takes(&pieces, settings) else {
        return;
    };
    assert_eq!(takes.len(), 1);
    let onset = takes[0].iter().position(|s| s.abs() > 0.005).unwrap();
    let onset = 1000.0 * onset as f64 / f64::from(RATE);
    println!("onset at {onset:.1} ms of the take");
    assert!((onset - 250.0).abs() < 10.0, "{onset}");
    let lasting = takes[0].len() as f64 / f64::from(RATE);
    assert!((1.25..1.8).contains(&lasting), "{lasting}");
}

#[test]
fn periodic_recording_skips_silence() {
    let pieces = [
        (440.0, 0.2, 2.5),
        (440.0, 0.0, 3.0),
        (330.0, 0.2, 1.5),
        (1.0, 0.0, 1.0),
    ];
    let Some(takes) = takes(&pieces, "threshold -40 \\, every 1000") else {
        return;
    };
    assert!((4..=6).contains(&takes.len()), "{}", takes.len());
    for take in &takes {
        assert!(rms(take) > 0.01, "a take of silence");
        assert!(take.len() <= 2 * RATE as usize);
    }
}

/// Loops at these frequencies tell the bands of these centres apart.
const BANDS: [(f64, f64); 4] = [
    (110.0, 100.0),
    (220.0, 300.0),
    (440.0, 700.0),
    (880.0, 1500.0),
];

#[test]
fn what_is_heard_raises_the_loop_that_sounds_there() {
    let Some(desk) = desk() else { return };
    let slices = desk.path().join("slices");
    std::fs::create_dir(&slices).unwrap();
    let mut table = String::new();
    for (n, (centre, marker)) in BANDS.iter().enumerate() {
        let number = n + 1;
        write_sines(
            &slices.join(format!("band-{number:02}.wav")),
            &[(*marker, 0.2, 1.0)],
        );
        table += &format!("{number}, {centre:.2} band-{number:02}.wav 1.0000 -17.0 {marker:.2};\n");
    }
    std::fs::write(slices.join("bands.txt"), table).unwrap();
    let sound = desk.path().join("sound.wav");
    let (loud, soft) = (0.1, 0.02);
    write_sines(
        &sound,
        &[
            (220.0, 0.0, 1.0),
            (220.0, loud, 3.0),
            (220.0, 0.0, 2.0),
            (220.0, soft, 3.0),
            (220.0, 0.0, 1.0),
        ],
    );
    let mut patch = Patch::default();
    let sympathy = patch.object(&format!("sympathy~ {}", slices.display()));
    patch.play_into(&sound, sympathy);
    let files = ["swells.wav", "tremolo.wav"].map(|name| desk.path().join(name));
    for (outlet, file) in files.iter().enumerate() {
        patch.record_from((sympathy, outlet), file, 10_000);
    }
    let said = patch.run(desk.path(), "-batch", 10_200);
    assert_eq!(complaints(&said), Vec::<&str>::new());
    let [swells, tremolo] = files.map(|file| samples(&file));

    let raised = BANDS.map(|(_, marker)| decibels(level_of(&swells[seconds(2.5, 4.0)], marker)));
    println!("with 220 Hz the loops have {raised:.1?} dB");
    for other in [0, 2, 3] {
        assert!(raised[1] > raised[other] + 20.0, "{raised:?}");
    }
    assert!(raised[1] > -40.0, "{raised:?}");
    let after = decibels(rms(&swells[seconds(4.95, 5.4)]));
    println!("a second after the end: {after:.1} dB");
    assert!(after < raised[1] - 40.0, "{after}");
    let rates =
        [(2.5, 4.0), (7.5, 9.0)].map(|(from, to)| rate_of_swelling(&tremolo[seconds(from, to)]));
    println!("the tremolo has {rates:.1?} Hz");
    assert!(rates[0] > 1.3 * rates[1] && rates[1] > 0.5, "{rates:?}");
}

/// How often a second a sound swells.
fn rate_of_swelling(sound: &[f64]) -> f64 {
    // Levels of ten milliseconds each.
    let levels: Vec<f64> = sound.chunks_exact(441).map(rms).collect();
    let middle = levels.iter().sum::<f64>() / levels.len() as f64;
    let rises = levels
        .windows(2)
        .filter(|pair| pair[0] < middle && pair[1] >= middle);
    rises.count() as f64 * 100.0 / levels.len() as f64
}

#[test]
fn the_conversation_has_two_arguments_or_a_prefix_as_well() {
    let Some(desk) = desk() else { return };
    for prefix in ["", "room2"] {
        let (own, port) = (free_port(), free_port());
        let [osc, listen] = [own, port].map(|address| address.to_string());
        let slashed = format!("/{prefix}");
        let mut arguments = vec!["--osc", &osc, "--osc-listen", &listen];
        if !prefix.is_empty() {
            arguments.extend(["--osc-prefix", &slashed]);
        }
        let mut gallery = Gallery::closed_with(LIVELY, &arguments);
        gallery.begin();
        let ready = gallery.hear();
        assert!(ready.addr.ends_with("/antiphon/ready"), "{ready:?}");
        let mut patch = Patch::default();
        let (own, port) = (own.port(), port.port());
        let conversation = patch.object(&format!("antiphon-osc {own} {port} {prefix}"));
        let print = patch.object("print said");
        patch.wire((conversation, 0), (print, 0));
        patch.at(500, "ping \\, set seconds 3", Some((conversation, 0)));
        let said = patch.run(desk.path(), "-noaudio", 2000);
        for expected in ["said: pong", "said: value seconds 3"] {
            assert!(said.contains(expected), "{prefix}: {said}");
        }
    }
}
