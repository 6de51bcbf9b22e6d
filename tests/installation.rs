//! An installation as its technician meets it: `status`, `doctor`, and questions over OSC.

mod common;

use std::fs;
use std::io::Read;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use common::{free_port, patch, stderr};
use rosc::{OscBundle, OscMessage, OscPacket, OscTime, OscType};
use serde_json::Value;
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(60);

/// A folder, and a patch's port.
struct Site {
    folder: TempDir,
    patch: UdpSocket,
}

/// A daemon, until it is dropped.
struct Daemon(Child);

impl Site {
    /// With a folder such as a daemon leaves it.
    fn new() -> Site {
        let site = Site {
            folder: tempfile::tempdir().unwrap(),
            patch: UdpSocket::bind("127.0.0.1:0").unwrap(),
        };
        for name in ["seeds", "predictions", "failed"] {
            fs::create_dir_all(site.root().join(name)).unwrap();
        }
        for name in ["work", "tmp", "done"] {
            fs::create_dir_all(site.root().join(".antiphon").join(name)).unwrap();
        }
        site
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    fn put(&self, name: &str, text: &str) {
        let path = self.root().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn antiphon(&self, command: &str, arguments: &[&str]) -> Output {
        let mut all = vec![command, "--root"];
        let root = self.root();
        all.push(root.to_str().unwrap());
        all.extend(arguments);
        common::run(all)
    }

    fn status(&self) -> Value {
        let output = self.antiphon("status", &["--json"]);
        // Where a daemon runs or none does.
        let code = output.status.code();
        assert!(matches!(code, Some(0 | 3)), "{code:?}: {}", stderr(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// `antiphon doctor` with `arguments`: its exit status and its findings.
    fn doctor(&self, arguments: &[&str]) -> (Option<i32>, Vec<Value>) {
        let osc = self.patch.local_addr().unwrap().to_string();
        let arguments = [&["--json", "--osc", &osc], arguments].concat();
        let output = self.antiphon("doctor", &arguments);
        let findings = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code(), findings)
    }

    /// A daemon that answers to the patch and listens at `listen`; its standard error is piped.
    fn watch(&self, listen: &str) -> Daemon {
        let child = common::antiphon()
            .args([
                "watch",
                "--model",
                "transpose",
                "--osc-listen",
                listen,
                "--root",
            ])
            .arg(self.root())
            .args(["--osc", &self.patch.local_addr().unwrap().to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let daemon = Daemon(child);
        assert_eq!(self.hear().addr, "/antiphon/ready");
        daemon
    }

    fn hear(&self) -> OscMessage {
        patch::hear_within(&self.patch, PATIENCE).expect("an OSC message in time")
    }
}

impl Daemon {
    /// Ends it the hard way; what it said on standard error.
    fn end(mut self) -> String {
        self.0.kill().unwrap();
        let mut said = String::new();
        self.0
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut said)
            .unwrap();
        said
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn finding<'a>(findings: &'a [Value], what: &str) -> (&'a str, &'a str) {
    let found = findings.iter().find(|finding| finding["what"] == what);
    let found = found.unwrap_or_else(|| panic!("nothing about {what} in {findings:?}"));
    (
        found["verdict"].as_str().unwrap(),
        found["text"].as_str().unwrap(),
    )
}

/// A port that is free now. Another program may take it meanwhile, which is rare.
fn packet(address: &str, args: Vec<OscType>) -> OscPacket {
    OscPacket::Message(OscMessage {
        addr: address.to_owned(),
        args,
    })
}

fn encoded(packet: &OscPacket) -> Vec<u8> {
    rosc::encoder::encode(packet).unwrap()
}

#[test]
fn status_and_doctor_name_the_voices() {
    let site = Site::new();
    site.put("voices/bells.json", "{}");
    site.put("voices/strings.json", "no JSON");
    site.put("seeds/a.wav", "");
    site.put("seeds/bells/b.wav", "");
    site.put("seeds/nobody/c.wav", "");
    site.put(".antiphon/work/000007-bells/d.wav", "");
    site.put(".antiphon/work/000008-strings/e.wav", "");
    site.put(".antiphon/work/000008-strings/.attempt-1", "");
    let b = fs::File::options()
        .append(true)
        .open(site.root().join("seeds/bells/b.wav"));
    let hour_ago = std::time::SystemTime::now() - Duration::from_secs(3600);
    b.unwrap().set_modified(hour_ago).unwrap();

    let status = site.status();
    assert_eq!(status["waiting"], 3);
    assert_eq!(status["oldest_waiting"]["name"], "bells/b.wav");
    assert_eq!(status["in_work"], serde_json::json!(["strings/e.wav"]));
    let voices = serde_json::json!([
        {"name": "bells", "waiting": 2},
        {"name": "strings", "waiting": 0},
    ]);
    assert_eq!(status["voices"], voices);
    let output = site.antiphon("status", &[]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        text.contains("voices   bells (2 waiting), strings\n"),
        "{text}"
    );

    let output = site.antiphon("doctor", &["--osc", "127.0.0.1:9"]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    for line in [
        "ok    voice           bells: ",
        "fail  voice           strings cannot answer: ",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
}

#[test]
fn status_counts_what_the_folders_hold() {
    let site = Site::new();
    site.put("seeds/old.wav", "");
    site.put("seeds/new.wav", "");
    site.put("seeds/.hidden.wav", "");
    site.put("seeds/copied.wav.part", "");
    site.put(".antiphon/work/000007/now.wav", "");
    site.put(".antiphon/work/000007/.attempt-1", "");
    site.put(".antiphon/done/000006-before.wav", "");
    site.put("failed/broken.wav", "");
    site.put("failed/broken.txt", "it is silent\n");
    let hour_ago = std::time::SystemTime::now() - Duration::from_secs(3600);
    let old = fs::File::options()
        .append(true)
        .open(site.root().join("seeds/old.wav"));
    old.unwrap().set_modified(hour_ago).unwrap();

    let status = site.status();
    let count = |name: &str| status[name].as_u64().unwrap();
    assert_eq!(
        (
            count("waiting"),
            count("working"),
            count("done"),
            count("failed")
        ),
        (2, 1, 1, 1)
    );
    assert_eq!(status["running"], false);
    assert_eq!(status["oldest_waiting"]["name"], "old.wav");
    assert!(status["oldest_waiting"]["seconds"].as_f64().unwrap() >= 3600.0);
    assert_eq!(status["in_work"][0], "now.wav");
    assert_eq!(status["last_failures"][0]["name"], "broken");
    assert_eq!(status["last_failures"][0]["reason"], "it is silent");
    assert!(status["space"]["free_bytes"].as_u64().unwrap() > 0);

    let output = site.antiphon("status", &[]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    for line in [
        "daemon   not running",
        "waiting  2, the oldest for 60 min: old.wav",
        "in work  1: now.wav",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(text.contains("broken, 0 s ago: it is silent"), "{text}");
}

#[test]
fn only_the_last_failures_are_told_the_latest_first() {
    let site = Site::new();
    for n in 0..8 {
        site.put(&format!("failed/{n}.txt"), "too short\n");
        let ago = Duration::from_secs(100 - n);
        let file = fs::File::options()
            .append(true)
            .open(site.root().join(format!("failed/{n}.txt")));
        file.unwrap()
            .set_modified(std::time::SystemTime::now() - ago)
            .unwrap();
    }
    let status = site.status();
    assert_eq!(status["failed"], 8);
    let names: Vec<&str> = status["last_failures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|failure| failure["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["7", "6", "5", "4", "3"]);
}

#[test]
fn status_sees_a_daemon_live_and_die_and_does_not_disturb_it() {
    let site = Site::new();
    assert_eq!(site.status()["running"], false);
    let daemon = site.watch("off");
    for _ in 0..3 {
        assert_eq!(site.status()["running"], true);
    }
    daemon.end();
    assert_eq!(site.status()["running"], false);
}

#[test]
fn a_folder_that_nobody_watches_is_said_to_be_none() {
    let folder = tempfile::tempdir().unwrap();
    for (command, code) in [("status", 3), ("doctor", 1)] {
        let output = common::run([Path::new(command), Path::new("--root"), folder.path()]);
        assert_eq!(output.status.code(), Some(code), "{command}");
        let said = stderr(&output) + &String::from_utf8_lossy(&output.stdout);
        assert!(
            said.contains("is no folder that antiphon watches"),
            "{said}"
        );
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn the_doctor_finds_a_good_folder_good_and_leaves_nothing_there() {
    let site = Site::new();
    let (status, findings) = site.doctor(&[]);
    assert_eq!(status, Some(0), "{findings:?}");
    for what in [
        "clock",
        "folder",
        "writing",
        "one filesystem",
        "file times",
        "model",
        "OSC",
    ] {
        assert_eq!(finding(&findings, what).0, "ok", "{findings:?}");
    }
    // How fast is a matter of the machine.
    assert_ne!(finding(&findings, "answer").0, "fail", "{findings:?}");
    let (verdict, text) = finding(&findings, "OSC listener");
    assert_eq!(verdict, "ok", "{text}");
    assert!(text.starts_with("a program listens on"), "{text}");
    for name in [
        "seeds",
        "predictions",
        "failed",
        ".antiphon/work",
        ".antiphon/tmp",
    ] {
        assert_eq!(
            fs::read_dir(site.root().join(name)).unwrap().count(),
            0,
            "{name}"
        );
    }
}

#[test]
fn the_doctor_tells_of_each_ill() {
    let site = Site::new();
    let model = site.folder.path().join("broken.onnx");
    fs::write(&model, "this is a letter, not a model").unwrap();
    site.put("seeds/future.wav", "");
    let future = std::time::SystemTime::now() + Duration::from_secs(7200);
    let seed = fs::File::options()
        .append(true)
        .open(site.root().join("seeds/future.wav"));
    seed.unwrap().set_modified(future).unwrap();
    let nobody = free_port().to_string();
    let (status, findings) = site.doctor(&["--model", model.to_str().unwrap()]);
    assert_eq!(status, Some(1), "{findings:?}");
    assert_eq!(finding(&findings, "model").0, "fail");
    let (verdict, text) = finding(&findings, "file times");
    assert_eq!(verdict, "warn");
    assert!(text.contains("120 minutes younger"), "{text}");
    assert_eq!(finding(&findings, "daemon").0, "warn");

    let output = site.antiphon("doctor", &["--osc", &nobody]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        text.contains(&format!("nothing listens on {nobody}")),
        "{text}"
    );

    fs::remove_dir(site.root().join("predictions")).unwrap();
    fs::write(site.root().join("predictions"), "").unwrap();
    let (status, findings) = site.doctor(&[]);
    assert_eq!(status, Some(1));
    assert!(
        finding(&findings, "folder").1.contains("lacks predictions"),
        "{findings:?}"
    );
}

#[cfg(unix)]
#[test]
fn the_doctor_notices_a_folder_on_another_disk() {
    let other = Path::new("/dev/shm");
    if !other.is_dir() {
        eprintln!("SKIPPED: this machine has no /dev/shm to be another disk");
        return;
    }
    let site = Site::new();
    let elsewhere = tempfile::tempdir_in(other).unwrap();
    let predictions = site.root().join("predictions");
    fs::remove_dir(&predictions).unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), &predictions).unwrap();
    let (status, findings) = site.doctor(&[]);
    assert_eq!(status, Some(1), "{findings:?}");
    let (verdict, text) = finding(&findings, "one filesystem");
    assert_eq!(verdict, "fail");
    assert!(
        text.contains("from .antiphon/tmp/ to predictions/"),
        "{text}"
    );
    assert_eq!(
        fs::read_dir(site.root().join(".antiphon/tmp"))
            .unwrap()
            .count(),
        0
    );
    // Nor does the daemon start on it, and try for ever.
    let output = site.antiphon("watch", &["--osc-listen", "off"]);
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(
        said.contains("from .antiphon/tmp/ to predictions/"),
        "{said}"
    );
}

#[test]
fn status_says_why_a_file_waits_and_what_was_dropped() {
    let site = Site::new();
    let port = free_port().to_string();
    let _daemon = site.watch(&port);
    let mut recording = fs::File::create(site.root().join("seeds/take.wav")).unwrap();
    std::io::Write::write_all(&mut recording, b"RIFF").unwrap();
    site.patch.send_to(b"no OSC", &port).unwrap();
    let begun = Instant::now();
    let status = loop {
        let status = site.status();
        if status["arriving"][0]["name"] == "take.wav" && status["osc"]["packets"] == 1 {
            break status;
        }
        assert!(begun.elapsed() < PATIENCE, "{status}");
        std::thread::sleep(Duration::from_millis(50));
    };
    assert_eq!(status["osc"]["dropped"]["no-osc"], 1, "{status}");
    let because = status["arriving"][0]["because"].as_str().unwrap();
    if cfg!(target_os = "linux") {
        assert_eq!(because, "a program has it open for writing");
    }
    let text = site.antiphon("status", &[]).stdout;
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(text.contains(&format!("take.wav: {because}")), "{text}");
    assert!(text.contains("1 dropped (1 no-osc)"), "{text}");
}

#[test]
fn the_daemon_answers_a_ping_and_tells_how_many_seeds_are_where() {
    let site = Site::new();
    for n in 0..3 {
        site.put(&format!(".antiphon/done/00000{n}-a.wav"), "");
    }
    site.put("failed/b.txt", "it is silent\n");
    let port = free_port().to_string();
    let _daemon = site.watch(&port);
    // From a socket of its own: the answer goes where the patch listens all the same.
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    let ping = encoded(&packet("/antiphon/ping", vec![]));
    stranger.send_to(&ping, &port).unwrap();
    assert_eq!(
        site.hear(),
        OscMessage {
            addr: "/antiphon/pong".to_owned(),
            args: vec![]
        }
    );
    let status = encoded(&packet("/antiphon/status", vec![OscType::Float(1.0)]));
    stranger.send_to(&status, &port).unwrap();
    let heard = site.hear();
    assert_eq!(heard.addr, "/antiphon/status");
    assert_eq!(heard.args[..4], [0, 0, 3, 1].map(OscType::Int));
}

#[test]
fn rubbish_is_dropped_and_is_one_line_in_the_log() {
    let site = Site::new();
    let port = free_port().to_string();
    let daemon = site.watch(&port);
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    let ping = packet("/antiphon/ping", vec![]);
    let bundle = OscPacket::Bundle(OscBundle {
        timetag: OscTime::from((0, 1)),
        content: vec![packet("/volume", vec![OscType::Float(0.5)])],
    });
    let dance = packet("/dance", vec![OscType::String("x".repeat(2000))]);
    for _ in 0..200 {
        for rubbish in [
            &encoded(&bundle)[..],
            &encoded(&dance),
            b"",
            b"/",
            b"\xff\xfe\0\0",
        ] {
            stranger.send_to(rubbish, &port).unwrap();
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    stranger.send_to(&encoded(&ping), &port).unwrap();
    assert_eq!(
        site.hear().addr,
        "/antiphon/pong",
        "nothing in between was answered"
    );
    let said = daemon.end();
    let complaints = said.lines().filter(|line| line.contains("dropped")).count();
    assert_eq!(complaints, 1, "{said}");
}

#[test]
fn a_port_that_is_taken_is_a_warning() {
    let site = Site::new();
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let daemon = site.watch(&taken.local_addr().unwrap().to_string());
    let said = daemon.end();
    assert!(said.contains("WARN"), "{said}");
    assert!(said.contains("cannot listen for OSC on"), "{said}");
}

#[test]
fn listening_beyond_this_machine_is_warned_of_and_not_listening_is_possible() {
    let site = Site::new();
    let said = site.watch("0.0.0.0:0").end();
    assert!(
        said.contains("whoever reaches this machine can ask"),
        "{said}"
    );
    let said = site.watch("off").end();
    assert!(!said.contains("OSC"), "{said}");
    let output = site.antiphon("watch", &["--osc-listen", "nonsense"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("HOST:PORT"), "{}", stderr(&output));
}

#[test]
fn folders_that_must_be_there_are_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("unmounted");
    let begun = Instant::now();
    let output = common::antiphon()
        .args(["watch", "--existing", "--osc-listen", "off", "--root"])
        .arg(&root)
        .output()
        .unwrap();
    assert!(begun.elapsed() < PATIENCE);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("unmounted"), "{}", stderr(&output));
    assert!(!root.exists());
}
