//! What is trained on: folders, broken files, faults of recordings, short ones, the
//! memory that they take; and runs whose checkpoint is damaged.
#![cfg_attr(not(unix), allow(dead_code))] // some tests are for Unix only

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use antiphon::audio::Signal;
use antiphon::audio::write::{SampleFormat, write_wav};
use antiphon::trained_model::TrainedModel;
use common::{pluck, run, stderr, write_seed};
use tempfile::TempDir;

const SMALL: &str = r#"{"preset": "vector", "seg_len": 32, "num_unrollings": 8, "hidden_size": 16, "lr": 0.003,
    "weight_stddev": 0.1, "bptt_steps": 16, "num_epochs": 1}"#;

/// A folder to train in, with a folder of recordings.
struct Desk {
    folder: TempDir,
}

impl Desk {
    fn new() -> Desk {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("takes")).unwrap();
        Desk { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn record(&self, name: &str, signal: &Signal) {
        write_seed(&self.path(name), signal);
    }

    fn arguments(&self, hyperparameters: &str, audio: &[&str], extra: &[&str]) -> Vec<PathBuf> {
        fs::write(self.path("h.json"), hyperparameters).unwrap();
        let mut arguments = vec!["train".into(), self.path("h.json"), "--audio".into()];
        arguments.extend(audio.iter().map(|name| self.path(name)));
        arguments.extend(["--output".into(), self.path("model.onnx"), "--force".into()]);
        arguments.extend(["--runs".into(), self.path("runs")]);
        arguments.extend(extra.iter().map(PathBuf::from));
        arguments
    }

    fn train(&self, hyperparameters: &str, audio: &[&str], extra: &[&str]) -> Output {
        run(self.arguments(hyperparameters, audio, extra))
    }

    /// What training on `audio` says; it ends well.
    fn said(&self, audio: &[&str], extra: &[&str]) -> String {
        let output = self.train(SMALL, audio, extra);
        assert!(output.status.success(), "{}", stderr(&output));
        stderr(&output)
    }

    /// What it says in its last line, that it does not train on `audio`.
    fn refused(&self, audio: &[&str], extra: &[&str]) -> String {
        let output = self.train(SMALL, audio, extra);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(!self.path("runs").exists(), "{said}");
        let sentence = said.lines().last().unwrap();
        assert!(sentence.starts_with("antiphon: "), "{said}");
        sentence.to_owned()
    }

    fn resume(&self, run_folder: &str) -> Output {
        run([
            Path::new("train"),
            Path::new("--resume"),
            &self.path(run_folder),
        ])
    }

    fn model(&self) -> TrainedModel {
        TrainedModel::read(&self.path("model.onnx")).unwrap()
    }
}

fn assert_contains(said: &str, words: &[&str]) {
    for word in words {
        assert!(said.contains(word), "{word}: {said}");
    }
}

fn scaled(mut signal: Signal, gain: f32) -> Signal {
    signal.samples.iter_mut().for_each(|sample| *sample *= gain);
    signal
}

#[test]
fn a_folders_sounds_are_listed_in_name_order_and_a_resumed_run_hears_the_same() {
    let desk = Desk::new();
    desk.record("takes/b.wav", &pluck(196.0, 1.0, 11025));
    desk.record("takes/a.wav", &pluck(150.0, 2.0, 22050));
    desk.record("takes/.hidden.wav", &pluck(150.0, 2.0, 11025));
    desk.record("single.wav", &pluck(220.0, 1.0, 11025));
    fs::write(desk.path("takes/notes.txt"), "take a is the good one").unwrap();
    fs::create_dir(desk.path("takes/old")).unwrap();

    let said = desk.said(&["single.wav", "takes"], &[]);
    assert_contains(
        &said,
        &[
            "3 recordings, 4.00 s in all",
            "old",
            "notes.txt",
            "22050 Hz, mono",
        ],
    );
    let order =
        ["single.wav", "a.wav", "b.wav"].map(|name| said.find(&format!("  {name}")).unwrap());
    assert!(order.is_sorted(), "{said}");
    assert!(!said.contains("hidden"), "{said}");
    let order = fs::read_to_string(desk.path("runs/model/run.json")).unwrap();
    assert_contains(&order, &[desk.path("takes/a.wav").to_str().unwrap()]);
    let files: Vec<String> = desk
        .model()
        .training_audio
        .into_iter()
        .map(|a| a.file)
        .collect();
    assert_eq!(files, ["single.wav", "a.wav", "b.wav"]);

    desk.record("takes/aa.wav", &pluck(98.0, 1.0, 11025));
    let output = desk.resume("runs/model");
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(desk.model().training_audio.len(), 3);
    fs::remove_file(desk.path("takes/a.wav")).unwrap();
    let output = desk.resume("runs/model");
    assert_eq!(output.status.code(), Some(1));
    assert_contains(&stderr(&output), &["a.wav"]);
}

#[test]
fn of_many_recordings_twenty_are_listed() {
    let desk = Desk::new();
    for take in 0..23 {
        desk.record(&format!("takes/{take:02}.wav"), &pluck(196.0, 0.2, 11025));
    }
    let said = desk.said(&["takes"], &[]);
    assert_contains(&said, &["23 recordings", "  19.wav", "and 3 more"]);
    assert!(!said.contains("  20.wav"), "{said}");
}

#[test]
fn files_that_cannot_be_used_are_left_out_and_counted() {
    let desk = Desk::new();
    desk.record("takes/a.wav", &pluck(196.0, 1.0, 11025));
    fs::write(desk.path("takes/empty.wav"), "").unwrap();
    fs::write(desk.path("takes/text.wav"), "no sound at all, but a text").unwrap();
    let silence = scaled(pluck(196.0, 1.0, 11025), 0.0);
    desk.record("takes/silence.wav", &silence);

    for extra in [&["--strict"][..], &[]] {
        if extra.is_empty() {
            let said = desk.said(&["takes"], extra);
            let left_out = [
                "empty.wav",
                "text.wav",
                "silence.wav is silent",
                "(3 left out)",
            ];
            assert_contains(&said, &left_out);
        } else {
            let said = desk.refused(&["takes"], extra);
            assert_contains(&said, &["--strict", "3 faults", "empty.wav"]);
        }
    }
    assert_eq!(desk.model().training_audio.len(), 1);
    let order = fs::read_to_string(desk.path("runs/model/run.json")).unwrap();
    assert!(!order.contains("empty.wav"), "{order}");
    assert!(desk.resume("runs/model").status.success());
}

#[test]
fn without_a_usable_recording_nothing_begins() {
    let desk = Desk::new();
    assert_contains(
        &desk.refused(&["takes"], &[]),
        &["no sound to learn from", "takes"],
    );
    fs::write(desk.path("takes/empty.wav"), "").unwrap();
    assert_contains(
        &desk.refused(&["takes/empty.wav"], &[]),
        &["empty.wav", "no samples"],
    );
    fs::write(desk.path("takes/text.wav"), "no sound at all, but a text").unwrap();
    assert_contains(
        &desk.refused(&["takes"], &[]),
        &["nothing is left", "empty.wav", "1 more"],
    );
    desk.record("a.wav", &pluck(196.0, 1.0, 11025));
    assert_contains(&desk.refused(&["a.wav", "none.wav"], &[]), &["none.wav"]);
}

/// A pluck, written as it is: samples may be beyond full scale.
fn record_as_it_is(desk: &Desk, name: &str, signal: &Signal) {
    write_wav(&desk.path(name), signal, SampleFormat::Float32).unwrap();
}

fn clipped(mut signal: Signal, limit: f32) -> Signal {
    let clip = |sample: &mut f32| *sample = limit * (20.0 * *sample).clamp(-1.0, 1.0);
    signal.samples.iter_mut().for_each(clip);
    signal
}

#[test]
fn what_is_silent_or_far_too_quiet_is_not_learned_from() {
    let desk = Desk::new();
    let loud = pluck(196.0, 3.0, 11025);
    record_as_it_is(&desk, "silence.wav", &scaled(loud.clone(), 0.0));
    assert_contains(
        &desk.refused(&["silence.wav"], &[]),
        &["silence.wav is silent"],
    );
    let mut constant = loud.clone();
    constant.samples.fill(0.5);
    record_as_it_is(&desk, "constant.wav", &constant);
    assert_contains(
        &desk.refused(&["constant.wav"], &[]),
        &["constant.wav is silent"],
    );
    record_as_it_is(&desk, "quiet.wav", &scaled(loud.clone(), 2e-4));
    assert_contains(
        &desk.refused(&["quiet.wav"], &[]),
        &["no recording is louder than -7", "louder"],
    );
    record_as_it_is(&desk, "loud.wav", &loud);
    assert_contains(
        &desk.said(&["quiet.wav", "loud.wav"], &[]),
        &["quiet.wav is very quiet", "-7"],
    );
}

#[test]
fn faults_of_recordings_are_told_before_training() {
    let desk = Desk::new();
    let loud = pluck(196.0, 3.0, 11025);
    record_as_it_is(&desk, "clipped.wav", &clipped(loud.clone(), 1.0));
    // Cut off, then made quieter, at another rate than the model's.
    let quieter = clipped(pluck(196.0, 3.0, 44100), 0.6);
    record_as_it_is(&desk, "quieter.wav", &quieter);
    let mut broken = loud.clone();
    broken.samples[5512..5515].fill(f32::NAN);
    // What writes files for tests refuses what is no number.
    let mut bytes = fs::read(desk.path("clipped.wav")).unwrap();
    let header = bytes.len() - 4 * broken.samples.len();
    for (place, sample) in bytes[header..].chunks_exact_mut(4).zip(&broken.samples) {
        place.copy_from_slice(&sample.to_le_bytes());
    }
    fs::write(desk.path("broken.wav"), bytes).unwrap();
    let mut gap = loud;
    gap.samples.splice(11025..11025, vec![0.0; 4 * 11025]);
    record_as_it_is(&desk, "gap.wav", &gap);
    for (name, words) in [
        (
            "clipped.wav",
            ["clipped.wav is clipped", "% of it", "most at 0 s"],
        ),
        (
            "quieter.wav",
            ["quieter.wav is clipped", "limit of -4 dB", "most at 0 s"],
        ),
        ("broken.wav", ["broken.wav", "3 ", "first at 0.500 s"]),
        (
            "gap.wav",
            ["gap.wav is digitally silent", "from 1.0", "to 5.0 s"],
        ),
    ] {
        assert_contains(&desk.refused(&[name], &["--strict"]), &["--strict", name]);
        assert_contains(&desk.said(&[name], &[]), &words);
        fs::remove_dir_all(desk.path("runs")).unwrap();
    }
}

#[test]
fn short_recordings_are_joined_and_that_is_said_once() {
    let desk = Desk::new();
    for take in 0..60 {
        let signal = pluck(98.0 + f64::from(take), 0.3 + 0.01 * f64::from(take), 11025);
        desk.record(&format!("takes/{take:02}.wav"), &signal);
    }
    // 64 rows of 8000 samples are 46 s, the recordings 35 s, then 12 s.
    let spread = |length: u32, apart: u32| {
        format!(
            r#"{{"preset": "vector", "seg_len": {length}, "num_unrollings": 64, "int_cursor_inc": {apart},
            "hidden_size": 8, "num_epochs": 1}}"#
        )
    };
    let lines = |length: u32, apart: u32| {
        let hyperparameters = spread(length, apart);
        let output = desk.train(&hyperparameters, &["takes"], &["--minutes", "0.002"]);
        let said = stderr(&output);
        assert!(output.status.success(), "{said}");
        let lines = said.lines().filter(|line| line.contains("shorter than"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let joined = lines(1500, 2000);
    assert!(
        joined.len() == 1 && joined[0].contains("60 recordings are"),
        "{joined:?}"
    );
    assert!(
        joined[0].contains("joined") && !joined[0].contains("wrapped"),
        "{joined:?}"
    );
    let wrapped = lines(6000, 8000);
    assert!(
        wrapped.len() == 1 && wrapped[0].contains("wrapped"),
        "{wrapped:?}"
    );
    assert_eq!(desk.model().training_audio.len(), 60);
    // Rows that lie far apart are to go round and round.
    assert_eq!(lines(32, 8000), [""; 0]);
}

#[test]
fn a_preset_whose_matrix_is_longer_than_half_a_minute_means_it_so() {
    let desk = Desk::new();
    desk.record("half a minute.wav", &pluck(98.0, 30.0, 11025));
    for preset in ["vector-cpu", "vector-hifi", "magnitude-spectrum-hifi"] {
        // Small, since only what is said before the first step counts here.
        let small = format!(r#"{{"preset": "{preset}", "hidden_size": 8, "num_dreams": 0}}"#);
        let output = desk.train(&small, &["half a minute.wav"], &["--minutes", "0.0001"]);
        let said = stderr(&output);
        assert!(output.status.success(), "{said}");
        assert!(!said.contains("shorter than"), "{preset}: {said}");
    }
}

/// Training says how much memory it takes, recordings included: within a fifth, and
/// 8 MB, by which the program's own share differs between machines: each thread has
/// its stack, its buffers, its share of the allocator.
#[cfg(target_os = "linux")]
#[test]
fn the_memory_that_is_said_is_what_training_takes() {
    let desk = Desk::new();
    for take in 0..240 {
        let signal = pluck(98.0, 0.3 + 2.7 * f64::from(take) / 240.0, 11025);
        desk.record(&format!("takes/{take:03}.wav"), &signal);
    }
    // Long enough to tell one copy of it from two.
    let mut long = pluck(196.0, 10.0, 11025);
    long.samples = long.samples.repeat(120);
    desk.record("long.wav", &long);
    for (preset, audio) in [
        ("vector-cpu", "takes"),
        ("magnitude-spectrum-cpu", "takes"),
        ("vector-cpu", "long.wav"),
        ("magnitude-spectrum-cpu", "long.wav"),
        ("column-vector-cpu", "long.wav"),
    ] {
        let hyperparameters = format!(r#"{{"preset": "{preset}"}}"#);
        let extra = [
            "--minutes",
            "0.03",
            "--threads",
            "2",
            "--checkpoint-seconds",
            "1",
        ];
        let (said, peak) = peak_of(&desk.arguments(&hyperparameters, &[audio], &extra));
        let after = said.split("with about ").nth(1).expect(&said);
        let megabytes: f64 = after.split(' ').next().unwrap().parse().unwrap();
        assert!(after.split(' ').nth(1) == Some("MB"), "{after}");
        assert!(
            (peak - megabytes).abs() < 0.2 * megabytes + 8.0,
            "{preset}, {audio}: said {megabytes} MB, took {peak:.0} MB"
        );
    }
}

/// What the program says with `arguments`, and the most memory that it takes, in MB.
#[cfg(target_os = "linux")]
fn peak_of(arguments: &[PathBuf]) -> (String, f64) {
    let mut child = common::antiphon()
        .args(arguments)
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0.0f64;
    // The system's own high-water mark, which only grows, so that nothing is missed
    // in between but what comes in the last moment.
    while child.try_wait().unwrap().is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with("VmHWM:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().nth(1));
        peak = peak.max(kilobytes.map_or(0.0, |k| k.parse().unwrap()));
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    (stderr(&output), 1024.0 * peak / 1e6)
}

/// Steps enough for some checkpoints, and predictions that are sampled meanwhile.
const RESUMABLE: &str = r#"{"preset": "vector", "seg_len": 32, "num_unrollings": 8, "lr": 0.003, "weight_stddev": 0.1,
    "num_epochs": 1, "num_dreams": 1, "dream_length": 40, "audio_freq": 0, "hidden_size": 64,
    "bptt_steps": 8}"#;

#[cfg(unix)]
#[test]
fn a_run_with_a_damaged_checkpoint_ends_as_an_uninterrupted_one() {
    let desk = Desk::new();
    desk.record("a.wav", &pluck(196.0, 2.0, 11025));
    let extra = ["--threads", "2", "--checkpoint-seconds", "0"];
    let output = desk.train(RESUMABLE, &["a.wav"], &extra[..2]);
    assert!(output.status.success(), "{}", stderr(&output));
    let uninterrupted = desk.model();

    let folder = desk.path("runs/model-2");
    let [last, previous] = ["checkpoint", "checkpoint.previous"]
        .map(|name| folder.join(format!("{name}.safetensors")));
    let mut arguments = desk.arguments(RESUMABLE, &["a.wav"], &extra);
    let damages: [fn(&mut Vec<u8>); 5] = [
        |bytes| bytes.clear(),
        |bytes| bytes.truncate(7),
        |bytes| bytes.truncate(bytes.len() / 2),
        |bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 4;
        },
        |bytes| bytes.fill(0),
    ];
    for damage in damages {
        let mut child = common::antiphon()
            .args(&arguments)
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        while !(last.exists() && previous.exists()) {
            std::thread::sleep(std::time::Duration::from_millis(1));
            assert!(child.try_wait().unwrap().is_none(), "it ended too early");
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
        child.kill().unwrap();
        child.wait().unwrap();
        // The moment between two names, in which there is no last one.
        if last.exists() {
            let mut bytes = fs::read(&last).unwrap();
            damage(&mut bytes);
            fs::write(&last, bytes).unwrap();
        }
        arguments = vec!["train".into(), "--resume".into(), folder.clone()];
        arguments.extend(["--checkpoint-seconds".into(), "0".into()]);
        // It goes on in a copy, so that the next round begins here.
        let copy = tempfile::tempdir().unwrap();
        copy_folder(&folder, copy.path());
        let output = run([Path::new("train"), Path::new("--resume"), copy.path()]);
        let said = stderr(&output);
        assert!(output.status.success(), "{said}");
        assert_contains(
            &said,
            &["The last checkpoint cannot be used", "Going on from step"],
        );
        assert!(desk.model().network == uninterrupted.network, "{said}");
    }
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            fs::create_dir_all(&target).unwrap();
            copy_folder(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

#[test]
fn a_run_without_a_whole_checkpoint_says_what_is_left() {
    let desk = Desk::new();
    desk.record("a.wav", &pluck(196.0, 1.0, 11025));
    desk.said(&["a.wav"], &["--checkpoint-seconds", "0"]);
    for name in ["checkpoint", "checkpoint.previous"] {
        fs::write(desk.path(&format!("runs/model/{name}.safetensors")), "half").unwrap();
    }
    let output = desk.resume("runs/model");
    assert_eq!(output.status.code(), Some(1));
    assert_contains(
        &stderr(&output),
        &[
            "damaged",
            "no whole one before it",
            "model.onnx",
            "hyperparameters.json",
        ],
    );
}

#[cfg(unix)]
#[test]
fn a_recording_whose_name_is_no_utf_8_is_learned_from_and_heard_again() {
    use std::os::unix::ffi::OsStrExt;
    let desk = Desk::new();
    let folder = desk.path("old disk");
    fs::create_dir(&folder).unwrap();
    desk.record("a.wav", &pluck(196.0, 1.0, 11025));
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.wav");
    fs::copy(desk.path("a.wav"), folder.join(name)).unwrap();
    // What by its name is not the sound itself is passed over.
    fs::copy(desk.path("a.wav"), folder.join("a.wav~")).unwrap();
    fs::copy(desk.path("a.wav"), folder.join("a.wav.part")).unwrap();
    let said = desk.said(&["old disk"], &[]);
    assert_contains(&said, &["1 recording,", "café.wav"]);
    assert_eq!(desk.model().training_audio[0].file, "café.wav");
    let output = desk.resume("runs/model");
    assert!(output.status.success(), "{}", stderr(&output));
}

#[test]
fn a_model_whose_rate_follows_has_the_one_that_most_of_the_recordings_have() {
    let desk = Desk::new();
    desk.record("takes/long.wav", &pluck(220.0, 3.0, 24_000));
    desk.record("takes/short.wav", &pluck(220.0, 1.0, 8000));
    let follows = SMALL.replacen('{', r#"{"sample_rate": 0, "#, 1);
    let output = desk.train(&follows, &["takes"], &[]);
    let said = stderr(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("hear and speak at 24000 Hz"), "{said}");
    let model = TrainedModel::read(&desk.path("model.onnx")).unwrap();
    assert_eq!(model.hyperparameters.format.sample_rate, 24_000);
    // It is settled: a run that goes on, and the model's file, say it.
    let kept = fs::read_to_string(desk.path("runs/model/hyperparameters.json")).unwrap();
    assert!(kept.contains(r#""sample_rate": 24000"#), "{kept}");
}
