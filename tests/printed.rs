//! What the commands print: into pipes that nobody reads, about files whose names forge
//! lines, and with the time of the place.

mod common;

use std::fs::{self, File};
use std::io::pipe;
use std::net::UdpSocket;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Instant;

use common::gallery::{LIVELY, PATIENCE};
use common::{antiphon, patch, pluck, random_model, stderr, write_seed};
use rosc::{OscMessage, OscType};
use tempfile::TempDir;

/// A name that would begin a line of its own, colour it, and turn it round.
const FORGER: &str = "a\nERROR all is lost\u{1b}[31m\u{202e}.wav";
/// As it is shown.
const SHOWN: &str = r"a\nERROR all is lost\u{1b}[31m\u{202e}.wav";

/// A pipe whose reader has gone.
fn closed() -> Stdio {
    let (_, writer) = pipe().unwrap();
    writer.into()
}

/// A folder with a model, a seed and a folder to be watched.
struct Desk(TempDir);

impl Desk {
    fn new() -> Desk {
        let desk = Desk(tempfile::tempdir().unwrap());
        random_model(LIVELY)
            .write(&desk.path("model.onnx"))
            .unwrap();
        write_seed(&desk.path("seed.wav"), &pluck(220.0, 3.0, 11025));
        fs::create_dir_all(desk.path("root/seeds")).unwrap();
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The program with these words, in this folder.
    fn command(&self, words: &str) -> Command {
        let mut command = antiphon();
        command.args(words.split(' ')).current_dir(self.0.path());
        command
    }

    fn run(&self, words: &str) -> Output {
        self.command(words).output().unwrap()
    }

    /// A daemon whose standard error is the file `said`, which is ready.
    fn watch(&self, change: impl FnOnce(&mut Command)) -> Watch<'_> {
        let patch = UdpSocket::bind("127.0.0.1:0").unwrap();
        let osc = patch.local_addr().unwrap();
        let words = "watch --root root --model model.onnx --seconds 0.5 --osc-listen off --osc";
        let mut command = self.command(words);
        command
            .arg(osc.to_string())
            .stdout(Stdio::null())
            .stderr(File::create(self.path("said")).unwrap());
        change(&mut command);
        let watch = Watch {
            desk: self,
            patch,
            child: command.spawn().unwrap(),
        };
        watch.hear("ready");
        watch
    }
}

struct Watch<'a> {
    desk: &'a Desk,
    patch: UdpSocket,
    child: Child,
}

impl Watch<'_> {
    /// The next message called `verb`.
    fn hear(&self, verb: &str) -> OscMessage {
        let deadline = Instant::now() + PATIENCE;
        let address = format!("/antiphon/{verb}");
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match patch::hear_within(&self.patch, left).expect("an OSC message in time") {
                message if message.addr == address => return message,
                _ => {}
            }
        }
    }

    /// Ends it in good order; what it said.
    fn end(mut self) -> String {
        let pid = self.child.id().to_string();
        let killed = Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        assert!(killed.success());
        assert!(self.child.wait().unwrap().success());
        fs::read_to_string(self.desk.path("said")).unwrap()
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_reader_that_has_gone_ends_every_command_quietly() {
    let desk = Desk::new();
    for words in [
        "--help",
        "--version",
        "watch --help",
        "status --root root",
        "status --root root --json",
        "inspect",
        "inspect --json",
        "inspect vector",
        "inspect model.onnx --json",
        "judge --training seed.wav seed.wav",
        "judge --training seed.wav seed.wav --json",
        "osc",
        "osc --json",
        "new --schema",
        "new --preset vector",
        "doctor --root root --model model.onnx --osc 127.0.0.1:9",
        "doctor --root root --model model.onnx --osc 127.0.0.1:9 --json",
        "service install --user --root root --dry-run",
    ] {
        let read = desk.run(words);
        assert_ne!(read.status.code(), Some(2), "{words}: {}", stderr(&read));
        let unread = desk.command(words).stdout(closed()).output().unwrap();
        assert_eq!(unread.status.code(), read.status.code(), "{words}");
        assert_eq!(stderr(&unread), stderr(&read), "{words}");
    }
}

#[test]
fn an_answer_is_made_though_nobody_reads_how() {
    let desk = Desk::new();
    let words = "generate --model model.onnx --seconds 0.5 --seed seed.wav --output answer.wav";
    let mut command = desk.command(words);
    let status = command.stdout(closed()).stderr(closed()).status().unwrap();
    assert!(status.success());
    assert!(desk.path("answer.wav").is_file());
}

#[test]
fn a_daemon_outlives_whoever_reads_its_log() {
    let desk = Desk::new();
    let watch = desk.watch(|command| {
        command.stdout(closed()).stderr(closed());
    });
    fs::write(desk.path("root/seeds/letter.wav"), "no sound").unwrap();
    watch.hear("error");
    fs::copy(desk.path("seed.wav"), desk.path("root/seeds/seed.wav")).unwrap();
    watch.hear("done");
    assert_eq!(watch.end(), "");
}

#[test]
#[cfg(target_os = "linux")]
fn what_cannot_be_written_though_somebody_would_read_it_is_told() {
    let desk = Desk::new();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = desk.command("osc").stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).starts_with("antiphon: cannot print the whole of it: "));
}

/// Asserts that `text` shows the forger's name, and has no line or letter of it.
#[track_caller]
fn assert_shown(text: &str) {
    assert!(text.contains(SHOWN), "{text}");
    assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text:?}");
    assert!(
        !text.lines().any(|line| line.starts_with("ERROR all")),
        "{text}"
    );
}

#[test]
#[cfg(unix)]
fn a_name_forges_no_line_and_the_patch_is_told_the_true_one() {
    let desk = Desk::new();
    let watch = desk.watch(|_| {});
    // What cannot be decoded is named by what decodes.
    fs::write(
        desk.path("root/seeds").join(FORGER),
        "RIFF but no sound at all",
    )
    .unwrap();
    assert_eq!(
        watch.hear("seen").args[1],
        OscType::String(FORGER.to_owned())
    );
    watch.hear("error");
    let reason = fs::read_dir(desk.path("root/failed")).unwrap();
    let mut reason = reason.filter_map(|entry| Some(entry.ok()?.path()));
    let reason = reason.find(|path| path.extension().is_some_and(|e| e == "txt"));
    let reason = fs::read_to_string(reason.unwrap()).unwrap();
    assert!(reason.trim_end().lines().count() == 1, "{reason}");
    assert_shown(&reason);
    let status = desk.run("status --root root");
    let stem = SHOWN.trim_end_matches(".wav");
    let text = String::from_utf8(status.stdout).unwrap();
    assert!(text.contains(&format!("\n         {stem}, ")), "{text}");
    assert_shown(&text);
    let json = desk.run("status --root root --json").stdout;
    assert!(
        !String::from_utf8(json.clone())
            .unwrap()
            .contains('\u{202e}')
    );
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let name = json["last_failures"][0]["name"].as_str().unwrap();
    assert_eq!(name, FORGER.trim_end_matches(".wav"));
    assert_shown(&watch.end());
}

#[test]
#[cfg(unix)]
fn errors_name_files_in_one_line() {
    let desk = Desk::new();
    let text = FORGER.replace(' ', "_");
    fs::write(desk.path(&text), "no sound").unwrap();
    fs::write(desk.path("voices"), "").unwrap();
    for words in [
        format!("generate --model model.onnx --output answer.wav --seed {text}"),
        format!("generate --model {text} --output answer.wav --seed seed.wav"),
        format!("judge --training seed.wav {text}"),
        format!("inspect {text}"),
        format!("status --root {text}"),
        format!("replay {text}"),
    ] {
        let output = desk.run(&words);
        // No daemon runs there.
        let status = if words.starts_with("status") { 3 } else { 1 };
        assert_eq!(output.status.code(), Some(status), "{words}");
        let said = stderr(&output);
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(said.contains(&SHOWN.replace(' ', "_")), "{said}");
        assert!(!said.contains(['\u{1b}', '\u{202e}']), "{said:?}");
    }
}

#[test]
fn a_line_of_the_daemons_log_has_the_time_of_the_place() {
    let desk = Desk::new();
    // Of its own account, without a database of places.
    let watch = desk.watch(|command| {
        command.env("TZ", "<+0545>-5:45");
    });
    let said = watch.end();
    assert!(said.lines().count() >= 2, "{said}");
    for line in said.lines() {
        let (time, rest) = line.split_once(' ').unwrap();
        assert_eq!(time.len(), "2026-11-27T23:40:12.345+05:45".len(), "{line}");
        assert!(time.ends_with("+05:45"), "{line}");
        assert!(
            rest.starts_with(" INFO ") || rest.starts_with(" WARN "),
            "{line}"
        );
    }
}

#[test]
fn a_log_for_programs_is_an_object_in_each_line() {
    let desk = Desk::new();
    let watch = desk.watch(|command| {
        command.args(["--log-format", "json"]).env("TZ", "UTC");
    });
    fs::write(desk.path("root/seeds/letter.wav"), "no sound").unwrap();
    watch.hear("error");
    let said = watch.end();
    let lines: Vec<serde_json::Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let failed = lines.iter().find(|line| line["level"] != "info").unwrap();
    assert!(failed["job"].is_u64() || failed["job"].is_i64(), "{failed}");
    assert!(failed["message"].is_string(), "{failed}");
    assert!(failed["time"].as_str().unwrap().ends_with("+00:00"));
    // What it ends of stands there, too.
    let output = desk
        .command("watch --root nothing --existing --model model.onnx --log-format json")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let last = stderr(&output);
    let last: serde_json::Value = serde_json::from_str(last.lines().last().unwrap()).unwrap();
    assert_eq!(last["level"], "error");
}

#[test]
#[cfg(target_os = "linux")]
fn the_journal_gets_priorities_and_no_time() {
    use std::os::unix::fs::MetadataExt;
    let desk = Desk::new();
    let watch = desk.watch(|command| {
        let metadata = fs::metadata(desk.path("said")).unwrap();
        let stream = format!("{}:{}", metadata.dev(), metadata.ino());
        command.env("JOURNAL_STREAM", stream);
    });
    fs::write(desk.path("root/seeds/letter.wav"), "no sound").unwrap();
    watch.hear("error");
    let said = watch.end();
    assert!(said.starts_with("<6>loaded the model"), "{said}");
    assert!(said.lines().any(|line| line.starts_with("<3>")), "{said}");
    assert!(
        said.ends_with("<6>stopped; nothing is left claimed\n"),
        "{said}"
    );
}
