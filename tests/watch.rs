//! The daemon as a patch meets it: files in, files out, OSC heard on a real socket.

mod common;

use std::io::{BufRead, BufReader};
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use common::{pluck, write_seed};
use rosc::{OscMessage, OscPacket, OscType};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(60);

/// A running daemon and the receiver it tells.
struct Gallery {
    folder: TempDir,
    receiver: UdpSocket,
    daemon: Child,
}

/// A random network whose noise keeps it from falling silent, which would be no answer.
const LIVELY: &str = r#"{"preset": "vector", "seg_len": 16, "num_unrollings": 4, "output": "mixture", "components": 4}"#;

impl Gallery {
    fn open() -> Gallery {
        Gallery::open_with(tempfile::tempdir().unwrap(), LIVELY, "0.5")
    }

    fn open_with(folder: TempDir, hyperparameters: &str, seconds: &str) -> Gallery {
        let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
        receiver.set_read_timeout(Some(PATIENCE)).unwrap();
        let model = folder.path().join("model.onnx");
        common::random_model(hyperparameters).write(&model).unwrap();
        let daemon = common::antiphon()
            .args(["watch", "--seconds", seconds, "--osc"])
            .arg(receiver.local_addr().unwrap().to_string())
            .arg("--root")
            .arg(folder.path().join("root"))
            .arg("--model")
            .arg(model)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let gallery = Gallery {
            folder,
            receiver,
            daemon,
        };
        assert_eq!(gallery.hear().addr, "/antiphon/ready");
        gallery
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("root").join(name)
    }

    /// The next OSC message.
    fn hear(&self) -> OscMessage {
        let mut buffer = [0; 65536];
        let (length, _) = self
            .receiver
            .recv_from(&mut buffer)
            .expect("an OSC message in time");
        match rosc::decoder::decode_udp(&buffer[..length]).unwrap() {
            (_, OscPacket::Message(message)) => message,
            (_, OscPacket::Bundle(_)) => panic!("bundles are never sent"),
        }
    }

    /// Hears `/antiphon/seen id name`; the id.
    fn hear_seen(&self, name: &str) -> i32 {
        let message = self.hear();
        assert_eq!(message.addr, "/antiphon/seen", "{message:?}");
        match &message.args[..] {
            [OscType::Int(id), OscType::String(seen)] if seen == name => *id,
            _ => panic!("{message:?}"),
        }
    }

    /// Hears `/antiphon/done id path seconds`; the path.
    fn hear_done(&self, id: i32) -> PathBuf {
        let message = self.hear();
        assert_eq!(message.addr, "/antiphon/done", "{message:?}");
        match &message.args[..] {
            [
                OscType::Int(done),
                OscType::String(path),
                OscType::Float(0.5),
            ] if *done == id => path.into(),
            _ => panic!("{message:?}"),
        }
    }

    /// Hears `/antiphon/error id text`; the text.
    fn hear_error(&self, id: i32) -> String {
        let message = self.hear();
        assert_eq!(message.addr, "/antiphon/error", "{message:?}");
        match &message.args[..] {
            [OscType::Int(failed), OscType::String(text)] if *failed == id => text.clone(),
            _ => panic!("{message:?}"),
        }
    }

    fn listing(&self, name: &str) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.path(name))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[cfg(unix)]
    fn end_with(&mut self, signal: &str) {
        let pid = self.daemon.id().to_string();
        assert!(
            std::process::Command::new("kill")
                .args([signal, &pid])
                .status()
                .unwrap()
                .success()
        );
        let begun = Instant::now();
        while self.daemon.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < PATIENCE, "the daemon ends when told to");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Gallery {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

#[test]
fn a_seed_becomes_a_prediction() {
    let gallery = Gallery::open();
    write_seed(&gallery.path("seeds/melody.wav"), &pluck(220.0, 1.0, 44100));
    let id = gallery.hear_seen("melody.wav");
    let path = gallery.hear_done(id);

    assert_eq!(
        path,
        gallery
            .path("predictions/melody.0001.wav")
            .canonicalize()
            .unwrap()
    );
    let prediction = antiphon::audio::read::read(&path).unwrap();
    assert_eq!(
        (prediction.sample_rate, prediction.samples.len()),
        (11025, 5513)
    );
    assert!(prediction.length_agrees);
    assert_eq!(
        gallery.listing("predictions"),
        ["melody.0001.json", "melody.0001.wav"]
    );
    assert_eq!(gallery.listing("seeds"), Vec::<String>::new());
    assert_eq!(gallery.listing(".antiphon/done"), ["000001-melody.wav"]);
    assert_eq!(gallery.listing(".antiphon/work"), Vec::<String>::new());
    assert_eq!(gallery.listing(".antiphon/tmp"), Vec::<String>::new());
}

#[test]
fn the_newcomer_is_told_where_to_copy_a_file() {
    let mut gallery = Gallery::open();
    let lines = BufReader::new(gallery.daemon.stdout.take().unwrap()).lines();
    let greeting: Vec<String> = lines.take(4).map(Result::unwrap).collect();
    let root = gallery.path("").canonicalize().unwrap();
    assert!(
        greeting[1].starts_with("Copy a WAV or AIFF file into"),
        "{greeting:?}"
    );
    assert!(
        greeting[1].ends_with(root.join("seeds").to_str().unwrap()),
        "{greeting:?}"
    );
    assert!(
        greeting[2].ends_with(root.join("predictions").to_str().unwrap()),
        "{greeting:?}"
    );
}

#[test]
fn the_same_name_again_is_another_job() {
    let gallery = Gallery::open();
    let mut predictions = Vec::new();
    for _ in 0..2 {
        write_seed(&gallery.path("seeds/a.wav"), &pluck(220.0, 0.3, 22050));
        let id = gallery.hear_seen("a.wav");
        predictions.push(gallery.hear_done(id).file_name().unwrap().to_owned());
    }
    assert_eq!(predictions, ["a.0001.wav", "a.0002.wav"]);
}

#[test]
fn seeds_of_before_the_start_are_answered_too() {
    let folder = tempfile::tempdir().unwrap();
    let seeds = folder.path().join("root/seeds");
    std::fs::create_dir_all(&seeds).unwrap();
    write_seed(&seeds.join("early.wav"), &pluck(220.0, 1.0, 48000));
    let gallery = Gallery::open_with(folder, LIVELY, "0.5");
    let id = gallery.hear_seen("early.wav");
    gallery.hear_done(id);
}

#[test]
fn what_cannot_be_answered_fails_with_a_sentence_and_the_daemon_goes_on() {
    let gallery = Gallery::open();
    let silence = antiphon::audio::Signal {
        samples: vec![0.0; 8000],
        sample_rate: 48000,
    };
    write_seed(&gallery.path("seeds/silent.wav"), &silence);
    let id = gallery.hear_seen("silent.wav");
    assert!(gallery.hear_error(id).contains("silent"));
    std::fs::write(
        gallery.path("seeds/letter.wav"),
        "this is a letter, not a sound",
    )
    .unwrap();
    let id = gallery.hear_seen("letter.wav");
    let reason = gallery.hear_error(id);
    assert!(
        reason.starts_with("letter.wav is not a WAV or AIFF file"),
        "{reason}"
    );
    std::fs::write(gallery.path("seeds/empty.wav"), "").unwrap();
    let id = gallery.hear_seen("empty.wav");
    assert!(gallery.hear_error(id).contains("no samples"));

    assert_eq!(
        gallery.listing("failed"),
        [
            "empty.txt",
            "empty.wav",
            "letter.txt",
            "letter.wav",
            "silent.txt",
            "silent.wav"
        ]
    );
    let text = std::fs::read_to_string(gallery.path("failed/letter.txt")).unwrap();
    assert_eq!(text.trim_end(), reason);

    write_seed(&gallery.path("seeds/good.wav"), &pluck(220.0, 0.3, 44100));
    let id = gallery.hear_seen("good.wav");
    gallery.hear_done(id);
}

#[test]
fn many_seeds_are_answered_once_each() {
    let gallery = Gallery::open();
    let mut seen = Vec::new();
    for n in 0..20 {
        write_seed(
            &gallery.path(&format!("seeds/{n:02}.wav")),
            &pluck(200.0 + f64::from(n), 0.2, 22050),
        );
    }
    let mut done = 0;
    while done < 20 {
        let message = gallery.hear();
        match message.addr.as_str() {
            "/antiphon/seen" => seen.push(message.args[1].clone()),
            "/antiphon/done" => done += 1,
            other => panic!("{other}"),
        }
    }
    assert_eq!(seen.len(), 20);
    assert_eq!(gallery.listing("predictions").len(), 40);
    assert_eq!(gallery.listing(".antiphon/done").len(), 20);
}

/// A model so slow that its answer takes minutes.
const SLOW: &str =
    r#"{"preset": "column-vector", "seg_len": 512, "hidden_size": 2048, "num_unrollings": 2}"#;

#[cfg(unix)]
#[test]
fn sigterm_in_the_middle_of_an_answer_leaves_nothing_claimed() {
    for signal in ["-TERM", "-INT"] {
        let folder = tempfile::tempdir().unwrap();
        let mut gallery = Gallery::open_with(folder, SLOW, "600");
        write_seed(&gallery.path("seeds/long.wav"), &pluck(220.0, 0.2, 11025));
        gallery.hear_seen("long.wav");
        std::thread::sleep(Duration::from_millis(300));
        gallery.end_with(signal);
        assert!(gallery.daemon.wait().unwrap().success());
        assert_eq!(gallery.listing("seeds"), ["long.wav"]);
        assert_eq!(gallery.listing("predictions"), Vec::<String>::new());
        assert_eq!(gallery.listing(".antiphon/work"), Vec::<String>::new());
        assert_eq!(gallery.listing(".antiphon/tmp"), Vec::<String>::new());
    }
}

#[cfg(unix)]
#[test]
fn after_kill_9_the_seed_is_answered_by_the_next_run() {
    let folder = tempfile::tempdir().unwrap();
    let mut gallery = Gallery::open_with(folder, SLOW, "600");
    write_seed(&gallery.path("seeds/a.wav"), &pluck(220.0, 0.2, 48000));
    gallery.hear_seen("a.wav");
    std::thread::sleep(Duration::from_millis(300));
    gallery.end_with("-KILL");
    assert_eq!(gallery.listing("predictions"), Vec::<String>::new());

    let folder = std::mem::replace(&mut gallery.folder, tempfile::tempdir().unwrap());
    drop(gallery);
    let gallery = Gallery::open_with(folder, LIVELY, "0.5");
    let id = gallery.hear_seen("a.wav");
    gallery.hear_done(id);
}

#[test]
fn a_second_daemon_on_the_same_folder_is_refused() {
    let gallery = Gallery::open();
    let output = common::antiphon()
        .args([
            Path::new("watch"),
            Path::new("--root"),
            &gallery.path(""),
            Path::new("--model"),
        ])
        .arg(gallery.folder.path().join("model.onnx"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        common::stderr(&output).contains("another antiphon watches"),
        "{}",
        common::stderr(&output)
    );
}

#[test]
fn a_folder_that_cannot_be_made_or_written_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model.onnx");
    common::random_model(LIVELY).write(&model).unwrap();
    // Permissions do not bind root, who may run the tests; a file in the way does.
    std::fs::write(folder.path().join("taken"), "").unwrap();
    let root = folder.path().join("taken/root");
    let output = common::antiphon()
        .args([
            Path::new("watch"),
            Path::new("--root"),
            &root,
            Path::new("--model"),
            &model,
        ])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        common::stderr(&output).contains("cannot make the folder"),
        "{}",
        common::stderr(&output)
    );
}
