//! Surroundings that take away what programs expect.
#![cfg(unix)]

mod common;

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use common::gallery::{Gallery, LIVELY, PATIENCE};
use common::{pluck, stderr, write_seed};

fn program() -> &'static str {
    env!("CARGO_BIN_EXE_antiphon")
}

/// What `generate` says that answers `folder`'s seed by its model, run by `command`.
fn generate(mut command: Command, folder: &Path) -> Output {
    command
        .args(["generate", "--seconds", "0.5", "--force", "--model"])
        .arg(folder.join("model.onnx"))
        .arg("--seed")
        .arg(folder.join("seed.wav"))
        .arg("--output")
        .arg(folder.join("answer.wav"))
        .output()
        .unwrap()
}

fn desk() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model.onnx");
    common::random_model(LIVELY).write(&model).unwrap();
    write_seed(&folder.path().join("seed.wav"), &pluck(220.0, 0.3, 11025));
    folder
}

#[test]
fn without_a_home_a_locale_a_path_or_a_folder_for_temporary_files_it_answers() {
    let folder = desk();
    let mut command = Command::new(program());
    command
        .env_clear()
        .env("LC_ALL", "C")
        .env("TMPDIR", "/nonexistent");
    let output = generate(command, folder.path());
    assert!(output.status.success(), "{}", stderr(&output));

    let mut command = Command::new(program());
    let root = folder.path().join("root");
    let mut daemon = command
        .env_clear()
        .env("LC_ALL", "C")
        .env("TMPDIR", "/nonexistent")
        .args(["watch", "--osc", "127.0.0.1:9", "--osc-listen", "off"])
        .args(["--seconds", "0.3", "--engine", "auto", "--model"])
        .arg(folder.path().join("model.onnx"))
        .arg("--root")
        .arg(&root)
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while !root.join("seeds").exists() {
        assert!(begun.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(10));
    }
    // A name that is no text in any locale.
    let name: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(b"\xe4ther.wav");
    std::fs::copy(
        folder.path().join("seed.wav"),
        root.join("seeds").join(name),
    )
    .unwrap();
    let answered = || std::fs::read_dir(root.join(".antiphon/done")).is_ok_and(|d| d.count() > 0);
    while !answered() {
        assert!(begun.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(10));
    }
    daemon.kill().unwrap();
    daemon.wait().unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn where_nothing_but_the_watched_folder_can_be_written_it_answers() {
    let folder = desk();
    let script = r#"mount --make-rprivate / && mount --bind "$1" "$1" && mount -o remount,ro,bind / \
        && shift && exec "$@""#;
    let unshared = |folder: &Path| {
        let mut command = Command::new("unshare");
        command.args(["-m", "sh", "-c", script, "sh"]).arg(folder);
        command
    };
    let mut probe = unshared(folder.path());
    if !probe
        .arg("true")
        .output()
        .is_ok_and(|output| output.status.success())
    {
        println!("SKIPPED: no filesystem can be made read-only here; it takes root");
        return;
    }
    let mut command = unshared(folder.path());
    command.arg(program());
    let output = generate(command, folder.path());
    assert!(output.status.success(), "{}", stderr(&output));
    let mut command = unshared(folder.path());
    let written = command
        .arg("sh")
        .args(["-c", "echo a > /root/a"])
        .output()
        .unwrap();
    assert!(!written.status.success(), "the rest is read-only");
}

#[test]
fn a_daemon_that_slept_goes_on_where_it_was() {
    let mut gallery = Gallery::open_with(LIVELY, &["--seconds", "0.3"]);
    for night in 0..3 {
        gallery.signal("-STOP");
        let name = format!("night-{night}.wav");
        write_seed(
            &gallery.path("seeds").join(&name),
            &pluck(220.0, 0.3, 11025),
        );
        std::thread::sleep(Duration::from_millis(700));
        gallery.signal("-CONT");
        let prediction = format!("predictions/night-{night}.0001.wav");
        let begun = Instant::now();
        while !gallery.path(&prediction).exists() {
            assert!(begun.elapsed() < PATIENCE, "{name}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
    gallery.end_with("-TERM");
    assert_eq!(gallery.listing("failed"), [""; 0]);
}
