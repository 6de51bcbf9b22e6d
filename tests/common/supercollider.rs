//! SuperCollider without a window and without a sound card.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(120);

/// The language, which knows its own classes and the quark's.
pub struct Sclang {
    home: TempDir,
    variables: Vec<(&'static str, String)>,
}

impl Sclang {
    /// None where the language or one of these other `programs` is not installed.
    pub fn with(programs: &[&str]) -> Option<Sclang> {
        if super::skipped_without("sclang") || programs.iter().any(|p| super::skipped_without(p)) {
            return None;
        }
        let home = tempfile::tempdir().unwrap();
        let quark = repository("patches/supercollider/Antiphon");
        let settings = format!(
            "includePaths:\n    - {}\nexcludePaths:\n    []\npostInlineWarnings: true\n",
            quark.display()
        );
        std::fs::write(home.path().join("sclang_conf.yaml"), settings).unwrap();
        Some(Sclang {
            home,
            variables: Vec::new(),
        })
    }

    /// Its server has the sound card of this JACK.
    pub fn heard_by(mut self, jack: &Jack) -> Sclang {
        self.variables = vec![
            ("JACK_DEFAULT_SERVER", jack.name.clone()),
            ("JACK_NO_START_SERVER", "1".to_owned()),
        ];
        self
    }

    /// Runs a script of tests/supercollider/ until it ends; all that was posted.
    pub fn run<S: AsRef<OsStr>>(&self, script: &str, arguments: &[S]) -> String {
        let posted = self.home.path().join("posted");
        let file = std::fs::File::create(&posted).unwrap();
        let child = Command::new("sclang")
            .arg("-l")
            .arg(self.home.path().join("sclang_conf.yaml"))
            .arg(repository("tests/supercollider").join(script))
            .args(arguments)
            .env("HOME", self.home.path())
            .env("XDG_RUNTIME_DIR", self.home.path())
            .env("QT_QPA_PLATFORM", "offscreen")
            // Qt's browser, which shows help, will not be started by root otherwise.
            .env("QTWEBENGINE_DISABLE_SANDBOX", "1")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stderr(file.try_clone().unwrap())
            .stdout(file)
            .spawn();
        let mut running = Running(child.unwrap());
        let ended = running.ends_within(PATIENCE);
        let posted = std::fs::read(&posted).unwrap();
        let posted = String::from_utf8_lossy(&posted).into_owned();
        assert!(ended, "{script} does not end: {posted}");
        posted
    }

    /// Runs a script whose checks all hold, and which comes to its end.
    pub fn check<S: AsRef<OsStr>>(&self, script: &str, arguments: &[S]) -> String {
        let posted = self.run(script, arguments);
        let failed = ["FAIL", "ERROR"].iter().any(|word| posted.contains(word));
        assert!(!failed, "{posted}");
        assert!(posted.contains("ALL CHECKED"), "{posted}");
        posted
    }
}

/// A file of this repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A JACK whose sound card is none, until it is dropped.
pub struct Jack {
    name: String,
    server: Running,
}

impl Jack {
    /// At 48 kHz.
    pub fn start() -> Jack {
        let name = format!("antiphon-{}", std::process::id());
        let child = Command::new("jackd")
            .args(["--no-realtime", "--name", &name, "-d", "dummy"])
            .args(["--rate", "48000", "--period", "1024"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let server = Running(child.unwrap());
        let ready = Command::new("jack_wait")
            .args(["--server", &name, "--wait", "--timeout", "60"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        assert!(ready.unwrap().success(), "JACK does not start");
        Jack { name, server }
    }
}

impl Drop for Jack {
    fn drop(&mut self) {
        // Told to, it takes its name off the machine's list of servers.
        let pid = self.server.0.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &pid]).status();
        self.server.ends_within(Duration::from_secs(10));
    }
}

/// A program that is ended when it is dropped.
struct Running(Child);

impl Running {
    fn ends_within(&mut self, patience: Duration) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < patience {
            if self.0.try_wait().unwrap().is_some() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
