//! What `antiphon status` says of a daemon that works, that does not, and that is not there.
#![cfg(unix)]

mod common;

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant, SystemTime};

use common::daemon::Daemon;
use common::gallery::{LIVELY, SLOW};
use common::{pluck, skipped_without, stderr, write_seed};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(60);

/// Nobody: what is said there is lost.
const NOBODY: &str = "127.0.0.1:9";

fn run(command: &str, root: &Path, arguments: &[&str]) -> Output {
    common::antiphon()
        .args([command, "--root"])
        .arg(root)
        .args(arguments)
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// `antiphon status --json`: its exit status and what it says.
fn status(root: &Path) -> (Option<i32>, Value) {
    let output = run("status", root, &["--json"]);
    let said = serde_json::from_slice(&output.stdout);
    (
        output.status.code(),
        said.unwrap_or_else(|_| panic!("{}", stderr(&output))),
    )
}

/// Waits until the exit status of `antiphon status` is `code`; what it says then.
fn wait_for(code: i32, root: &Path) -> Value {
    let begun = Instant::now();
    loop {
        let (found, said) = status(root);
        if found == Some(code) {
            return said;
        }
        assert!(begun.elapsed() < PATIENCE, "{found:?}: {said}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// What the doctor finds of the daemon in `root`.
fn doctor(root: &Path) -> (String, String) {
    let output = run(
        "doctor",
        root,
        &["--json", "--osc", NOBODY, "--model", "transpose"],
    );
    let findings: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let found = findings.iter().find(|finding| finding["what"] == "daemon");
    let text = |key: &str| found.unwrap()[key].as_str().unwrap().to_owned();
    (text("verdict"), text("text"))
}

#[test]
fn a_daemon_that_is_stopped_is_silent_and_in_order_when_it_goes_on() {
    let daemon = Daemon::start(NOBODY, "off");
    let root = daemon.path("");
    let (code, said) = status(&root);
    assert_eq!(
        (code, &said["state"]),
        (Some(0), &"in-order".into()),
        "{said}"
    );
    daemon.signal("-STOP");
    let stopped = Instant::now();
    let said = wait_for(1, &root);
    assert!(stopped.elapsed() >= Duration::from_secs(8));
    assert_eq!(said["state"], "trouble");
    assert_eq!(said["running"], true);
    assert_eq!(said["silence"]["process"], daemon.id());
    assert!(
        said["silence"]["seconds"].as_f64().unwrap() >= 10.0,
        "{said}"
    );
    let text = stdout(&run("status", &root, &[]));
    assert!(text.starts_with("daemon   silent for 1"), "{text}");
    assert!(
        text.contains(" s, since 20") && text.contains("it was stopped"),
        "{text}"
    );
    let (verdict, text) = doctor(&root);
    assert_eq!(verdict, "fail");
    assert!(text.contains("has not said for"), "{text}");
    daemon.signal("-CONT");
    wait_for(0, &root);
    assert_eq!(doctor(&root).0, "ok");
    daemon.signal("-KILL");
    let said = wait_for(3, &root);
    assert_eq!(said["state"], "not-running");
    assert_eq!(said["silence"], Value::Null);
}

/// Holds a file so that whoever opens it hangs, as in a read of a network folder, until it
/// is let go.
struct Held(Child);

impl Held {
    /// Moves the sound `from` to `to` as one that cannot be opened; none where the system has
    /// no leases.
    fn put(from: &Path, to: &Path) -> Option<Held> {
        const HOLD: &str = "import fcntl, os, signal, sys, time\n\
            signal.signal(signal.SIGIO, signal.SIG_IGN)\n\
            held = open(sys.argv[1], 'rb')\n\
            fcntl.fcntl(held, fcntl.F_SETLEASE, fcntl.F_WRLCK)\n\
            os.rename(sys.argv[1], sys.argv[2])\n\
            time.sleep(600)";
        let mut holder = Command::new("python3")
            .args(["-c", HOLD])
            .args([from, to])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while !to.exists() {
            if holder.try_wait().unwrap().is_some() {
                eprintln!("SKIPPED: this system grants no lease on a file");
                return None;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(Held(holder))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_daemon_that_hangs_in_a_read_is_silent() {
    if skipped_without("python3") {
        return;
    }
    let daemon = Daemon::start(NOBODY, "off");
    let root = daemon.path("");
    let [away, seed] = ["away.wav", "seeds/a.wav"].map(|name| daemon.path(name));
    write_seed(&away, &pluck(220.0, 0.3, 22050));
    let Some(held) = Held::put(&away, &seed) else {
        return;
    };
    let said = wait_for(1, &root);
    assert!(
        said["silence"]["seconds"].as_f64().unwrap() >= 10.0,
        "{said}"
    );
    drop(held);
    wait_for(0, &root);
}

#[test]
fn one_that_still_opens_a_large_folder_is_not_silent_for_minutes() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["seeds", ".antiphon"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    let lock = fs::File::create(folder.path().join(".antiphon/lock")).unwrap();
    lock.lock().unwrap();
    for (is_starting, age, code) in [
        (true, 60.0, 0),
        (true, 400.0, 1),
        (false, 60.0, 1),
        (false, 2.0, 0),
    ] {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let beat = serde_json::json!({
            "process": 1,
            "is_starting": is_starting,
            "host": "of another machine",
            "clock": now.unwrap().as_secs_f64() - age,
        });
        fs::write(folder.path().join(".antiphon/beat.json"), beat.to_string()).unwrap();
        let (found, said) = status(folder.path());
        assert_eq!(found, Some(code), "{is_starting} {age}: {said}");
    }
}

#[test]
fn a_long_answer_is_no_silence() {
    let daemon = Daemon::start_with(NOBODY, "off", SLOW, &["--variations", "100"]);
    write_seed(&daemon.path("seeds/a.wav"), &pluck(220.0, 0.3, 22050));
    let root = daemon.path("");
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(13) {
        let (code, said) = status(&root);
        assert_eq!(code, Some(0), "{said}");
        std::thread::sleep(Duration::from_millis(500));
    }
    assert_eq!(
        status(&root).1["working"],
        1,
        "the answer is too short to be tested by"
    );
}

#[test]
fn what_is_being_answered_and_who_answers_it_can_be_asked() {
    let before = since_1970();
    // They take a while.
    let daemon = Daemon::start_with(NOBODY, "off", LIVELY, &["--variations", "10000"]);
    let root = daemon.path("");
    write_seed(&daemon.path("seeds/a.wav"), &pluck(220.0, 0.3, 22050));
    let begun = Instant::now();
    let mut shares: Vec<f64> = Vec::new();
    let said = loop {
        let (_, said) = status(&root);
        let work = &said["works"][0];
        if work["remaining"].as_f64().is_some_and(|left| left > 0.0) {
            assert_eq!(
                (&said["in_work"][0], &work["name"]),
                (&"a.wav".into(), &"a.wav".into())
            );
            shares.push(work["share"].as_f64().unwrap());
            if shares.last() > shares.first() {
                break said;
            }
        }
        assert!(begun.elapsed() < PATIENCE, "{shares:?}: {said}");
        std::thread::sleep(Duration::from_millis(50));
    };
    assert!(
        shares.iter().all(|share| (0.0..=1.0).contains(share)),
        "{shares:?}"
    );
    let text = stdout(&run("status", &root, &[]));
    assert!(
        text.contains("in work  1: a.wav (") && text.contains(" left)"),
        "{text}"
    );
    let since = said["since"].as_f64().unwrap();
    assert!((before..since_1970()).contains(&since), "{said}");
    assert_eq!(said["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(said["models"], serde_json::json!(["model.onnx"]));
    assert_eq!(said["troubles"], serde_json::json!([]));
}

fn since_1970() -> f64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.unwrap().as_secs_f64()
}

#[test]
fn an_idle_daemon_writes_its_beat_and_nothing_else() {
    let daemon = Daemon::start(NOBODY, "off");
    let state = daemon.path(".antiphon/state.json");
    let begun = Instant::now();
    while !state.exists() {
        assert!(begun.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(50));
    }
    let written = || fs::metadata(&state).unwrap().modified().unwrap();
    let then = written();
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(written(), then);
    assert!(!daemon.path(".antiphon/troubles.json").exists());
}

#[test]
fn troubles_are_remembered_by_the_next_daemon() {
    let floor = ["--free-space-floor", "9000000G"];
    let daemon = Daemon::start_with(NOBODY, "off", LIVELY, &floor);
    let root = daemon.path("");
    let said = wait_for(1, &root);
    let wait_for_troubles = |count: usize, is_over: bool| {
        let begun = Instant::now();
        loop {
            let (_, said) = status(&root);
            let troubles = said["troubles"].as_array().unwrap();
            let last = troubles.last().map(|last| last["until"].is_number());
            if troubles.len() == count && last == Some(is_over) {
                return troubles.clone();
            }
            assert!(begun.elapsed() < PATIENCE, "{said}");
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    let lasts = wait_for_troubles(1, false);
    assert_eq!(lasts[0]["what"], said["trouble"]);
    daemon.signal("-KILL");
    wait_for(3, &root);
    assert_eq!(wait_for_troubles(1, false), lasts);
    let daemon = Daemon::again(daemon, &floor);
    wait_for(1, &daemon.path(""));
    let same = status(&daemon.path("")).1["troubles"].clone();
    assert_eq!(same.as_array().unwrap().len(), 1, "{same}");
    daemon.signal("-KILL");
    wait_for(3, &root);
    let _daemon = Daemon::again(daemon, &[]);
    let over = wait_for_troubles(1, true);
    assert!(over[0]["until"].as_f64() > over[0]["from"].as_f64());
    assert_eq!(over[0]["what"], lasts[0]["what"]);
}

#[test]
fn a_daemon_whose_machine_lacks_something_is_in_trouble() {
    let daemon = Daemon::start_with(NOBODY, "off", LIVELY, &["--free-space-floor", "9000000G"]);
    let said = wait_for(1, &daemon.path(""));
    assert_eq!(
        (&said["state"], &said["silence"]),
        (&"trouble".into(), &Value::Null)
    );
    let why = said["trouble"].as_str().unwrap();
    let text = stdout(&run("status", &daemon.path(""), &[]));
    assert!(
        text.contains(&format!("trouble  seeds wait: {why}")),
        "{text}"
    );
}

#[test]
fn where_nobody_ever_started_it_the_command_is_told_that_does() {
    let folder = tempfile::tempdir().unwrap();
    let command = format!("antiphon watch --root {}", folder.path().display());
    let (code, said) = status(folder.path());
    assert_eq!((code, &said["state"]), (Some(3), &"not-running".into()));
    assert!(
        said["trouble"].as_str().unwrap().contains(&command),
        "{said}"
    );
    let output = run("status", folder.path(), &[]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains(&command), "{}", stderr(&output));

    fs::create_dir(folder.path().join("seeds")).unwrap();
    let output = run("status", folder.path(), &[]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stdout(&output).contains(&command), "{}", stdout(&output));
}

#[test]
fn of_a_daemon_that_has_ended_the_command_is_told_that_started_it() {
    let options = ["--follow", "0.25"];
    let daemon = Daemon::start_with(NOBODY, "off", LIVELY, &options);
    let root = daemon.path("");
    wait_for(0, &root);
    daemon.signal("-KILL");
    let said = wait_for(3, &root);
    let command = said["command"].as_str().unwrap();
    for word in ["cd ", " watch ", "--follow 0.25", "--osc-listen off"] {
        assert!(command.contains(word), "{command}");
    }
    let text = stdout(&run("status", &root, &[]));
    assert!(
        text.contains(&format!("this starts it: {command}")),
        "{text}"
    );
}

#[test]
fn a_folder_that_does_not_answer_is_trouble() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["seeds", ".antiphon"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    // Whoever opens it to read waits for somebody who writes.
    let made = Command::new("mkfifo")
        .arg(folder.path().join(".antiphon/lock"))
        .status();
    assert!(made.unwrap().success());
    let (code, said) = status(folder.path());
    assert_eq!((code, &said["state"]), (Some(1), &"trouble".into()));
    assert!(
        said["trouble"]
            .as_str()
            .unwrap()
            .contains("does not answer"),
        "{said}"
    );
}

#[test]
fn a_seed_that_is_called_a_text_is_counted_once() {
    let shortest = ["--max-seed-seconds", "0.1"];
    let daemon = Daemon::start_with(NOBODY, "off", LIVELY, &shortest);
    let root = daemon.path("");
    fs::write(root.join("seeds/notes.txt"), "Put your sounds here.\n").unwrap();
    let sound = daemon.path("sound.wav");
    write_seed(&sound, &pluck(220.0, 0.3, 22050));
    fs::rename(&sound, root.join("seeds/readme.txt")).unwrap();
    let begun = Instant::now();
    let said = loop {
        let (_, said) = status(&root);
        if said["failed"] != 0 {
            break said;
        }
        assert!(begun.elapsed() < PATIENCE, "{said}");
        std::thread::sleep(Duration::from_millis(100));
    };
    assert!(root.join("failed/readme.txt").exists());
    let failures = said["last_failures"].as_array().unwrap();
    assert_eq!((&said["failed"], failures.len()), (&1.into(), 1), "{said}");
    assert_eq!(failures[0]["name"], "readme");
    let reason = failures[0]["reason"].as_str().unwrap();
    assert!(reason.contains("0.1"), "{said}");
    // A text is no seed, and counts nowhere.
    assert_eq!(said["waiting"], 0, "{said}");
}

const GIGABYTE: u64 = 1_000_000_000;

/// Predictions of ten gigabytes each, of which nothing is on the disk, one on each of the last
/// seven days.
fn put_predictions(root: &Path) {
    let folder = root.join("predictions");
    fs::create_dir_all(&folder).unwrap();
    for n in 0..7 {
        let made = SystemTime::now() - Duration::from_secs(86_400 * n);
        for (extension, length) in [("wav", 10 * GIGABYTE), ("json", 100)] {
            let path = folder.join(format!("{n}.0001.{extension}"));
            let file = fs::File::create(path).unwrap();
            file.set_len(length).unwrap();
            file.set_modified(made).unwrap();
        }
    }
}

/// What `antiphon status` says of the disk.
fn disk(root: &Path) -> String {
    let text = stdout(&run("status", root, &[]));
    let line = text.lines().find(|line| line.starts_with("disk "));
    line.unwrap().to_owned()
}

/// Waits until something is said of the disk that contains `words`.
fn wait_for_disk(words: &str, root: &Path) {
    let begun = Instant::now();
    while !disk(root).contains(words) {
        assert!(begun.elapsed() < PATIENCE, "{}", disk(root));
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn the_disk_is_forecast_by_the_last_week_and_little_room_is_warned_of() {
    let daemon = Daemon::start(NOBODY, "off");
    let root = daemon.path("");
    assert_eq!(status(&root).1["forecast"], Value::Null);
    daemon.signal("-KILL");
    wait_for(3, &root);
    // Of a folder that earlier versions have used.
    let _ = fs::remove_file(root.join(".antiphon/pace.json"));
    put_predictions(&root);

    let daemon = Daemon::again(daemon, &[]);
    wait_for_disk("at the last week's pace", &root);
    let said = status(&root).1;
    let free = said["space"]["free_bytes"].as_f64().unwrap() - 64e6;
    let a_day = said["forecast"]["bytes_a_day"].as_f64().unwrap();
    let days = said["forecast"]["days"].as_f64().unwrap();
    assert!((10e9..12e9).contains(&a_day), "{said}");
    assert!((days / (free / a_day) - 1.0).abs() < 0.05, "{said}");
    // Whether that is little is a matter of the machine.
    if days < 14.0 {
        let findings = run("doctor", &root, &["--osc", NOBODY, "--model", "transpose"]);
        let findings = stdout(&findings);
        assert!(findings.contains("clear the disk, or have"), "{findings}");
        assert!(
            daemon
                .said()
                .contains("predictions fill the disk: room for")
        );
    }
    daemon.signal("-KILL");
    wait_for(3, &root);
    let daemon = Daemon::again(daemon, &["--keep-predictions", "3"]);
    let all_fit = "room for all predictions that are kept";
    let fits = free > 30e9;
    wait_for_disk(if fits { all_fit } else { "room for" }, &root);
    assert!(!daemon.path("predictions/4.0001.wav").exists());
}

#[test]
fn what_is_answered_counts() {
    let daemon = Daemon::start(NOBODY, "off");
    write_seed(&daemon.path("seeds/a.wav"), &pluck(220.0, 0.3, 22050));
    let root = daemon.path("");
    wait_for_disk("at the last day's pace", &root);
    let answer = daemon.path("predictions/a.0001.wav");
    let files = [answer.with_extension("json"), answer];
    let bytes: u64 = files
        .iter()
        .map(|file| file.metadata().unwrap().len())
        .sum();
    assert_eq!(status(&root).1["forecast"]["bytes_a_day"], bytes as f64);
}
