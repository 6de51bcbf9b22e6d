//! A running daemon and whoever listens to it.

use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rosc::{OscMessage, OscType};
use tempfile::TempDir;

use super::patch;

pub const PATIENCE: Duration = Duration::from_secs(60);

/// A random network whose noise keeps it from falling silent, which would be no answer.
pub const LIVELY: &str = r#"{"preset": "vector", "seg_len": 16, "num_unrollings": 4, "output": "mixture", "components": 4}"#;

/// A model so slow that its answer takes minutes.
pub const SLOW: &str =
    r#"{"preset": "column-vector", "seg_len": 512, "hidden_size": 2048, "num_unrollings": 2}"#;

/// A folder, the daemon that watches it, and the receiver it tells.
pub struct Gallery {
    pub folder: TempDir,
    receiver: UdpSocket,
    daemon: Option<Child>,
    /// The command that is the daemon.
    command: &'static str,
    arguments: Vec<String>,
}

impl Gallery {
    pub fn open() -> Gallery {
        Gallery::open_with(LIVELY, &["--seconds", "0.5"])
    }

    /// With a random model of `hyperparameters`, and more `arguments`.
    pub fn open_with(hyperparameters: &str, arguments: &[&str]) -> Gallery {
        let mut gallery = Gallery::closed_with(hyperparameters, arguments);
        gallery.start();
        gallery
    }

    /// Nobody watches yet.
    pub fn closed_with(hyperparameters: &str, arguments: &[&str]) -> Gallery {
        // In memory where possible: some tests sync many thousand times.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
        let gallery = Gallery {
            folder: folder.unwrap(),
            receiver,
            daemon: None,
            command: "watch",
            arguments: arguments.iter().map(|a| a.to_string()).collect(),
        };
        gallery.put_model(hyperparameters);
        std::fs::create_dir_all(gallery.path("seeds")).unwrap();
        gallery
    }

    /// The same whose seeds are answered by the workers of the NATS server at `url`.
    pub fn bridged_with(hyperparameters: &str, url: &str, arguments: &[&str]) -> Gallery {
        let mut gallery = Gallery::closed_with(hyperparameters, arguments);
        gallery.command = "bridge";
        gallery.arguments.extend(["--nats", url].map(str::to_owned));
        gallery
    }

    /// Writes a random model of `hyperparameters` to where the daemon has its own.
    pub fn put_model(&self, hyperparameters: &str) {
        let model = super::random_model(hyperparameters);
        model.write(&self.model()).unwrap();
    }

    pub fn model(&self) -> PathBuf {
        self.folder.path().join("model.onnx")
    }

    /// Starts the daemon, and hears that it is ready.
    pub fn start(&mut self) {
        self.begin();
        assert_eq!(self.hear().addr, "/antiphon/ready");
    }

    /// Starts the daemon as the user with this number, and hears that it is ready.
    #[cfg(unix)]
    pub fn start_as(&mut self, user: u32) {
        // The program itself may lie where that user cannot go.
        let program = self.folder.path().join("antiphon");
        std::fs::copy(env!("CARGO_BIN_EXE_antiphon"), &program).unwrap();
        let mut command = Command::new("setpriv");
        command
            .args([format!("--reuid={user}"), format!("--regid={user}")])
            .arg("--clear-groups")
            .arg(program);
        self.begin_by(command);
        assert_eq!(self.hear().addr, "/antiphon/ready");
    }

    /// Starts the daemon where no file can grow beyond so many kilobytes, and hears that it is
    /// ready.
    pub fn start_on_a_full_disk(&mut self, kilobytes: u32) {
        self.begin_by(super::antiphon_on_a_full_disk(kilobytes));
        assert_eq!(self.hear().addr, "/antiphon/ready");
    }

    /// Starts the daemon.
    pub fn begin(&mut self) {
        self.begin_by(super::antiphon());
    }

    fn begin_by(&mut self, mut command: Command) {
        let child = command
            .args([self.command, "--osc"])
            .arg(self.receiver.local_addr().unwrap().to_string())
            .arg("--root")
            .arg(self.path(""))
            .arg("--model")
            .arg(self.model())
            .args(self.ending())
            .args(&self.arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        self.daemon = Some(child.unwrap());
    }

    /// Of answers whose length is known, unless a test wants others.
    fn ending(&self) -> &'static [&'static str] {
        match self.arguments.iter().any(|a| a == "--ending") {
            true => &[],
            false => &["--ending", "exact"],
        }
    }

    pub fn daemon(&mut self) -> &mut Child {
        self.daemon.as_mut().expect("the daemon was started")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("root").join(name)
    }

    /// The next OSC message but those that tell how an answer gets on.
    pub fn hear(&self) -> OscMessage {
        self.hear_within(PATIENCE).expect("an OSC message in time")
    }

    /// The same, if there is one in time.
    pub fn hear_within(&self, patience: Duration) -> Option<OscMessage> {
        let between = ["/antiphon/heard", "/antiphon/progress"];
        loop {
            match self.hear_any_within(patience) {
                Some(message) if between.contains(&&*message.addr) => {}
                other => return other,
            }
        }
    }

    /// The next OSC message, if there is one in time.
    pub fn hear_any_within(&self, patience: Duration) -> Option<OscMessage> {
        patch::hear_within(&self.receiver, patience)
    }

    /// Forgets what was said so far.
    pub fn hear_nothing_more(&self) {
        while self.hear_within(Duration::from_millis(1)).is_some() {}
    }

    /// Hears whatever comes until `/antiphon/VERB`.
    pub fn hear_until(&self, verb: &str) -> OscMessage {
        let address = format!("/antiphon/{verb}");
        loop {
            let message = self.hear_any_within(PATIENCE);
            let message = message.expect("an OSC message in time");
            if message.addr == address {
                return message;
            }
        }
    }

    /// Hears `/antiphon/seen id name`; the id.
    pub fn hear_seen(&self, name: &str) -> i32 {
        let message = self.hear();
        assert_eq!(message.addr, "/antiphon/seen", "{message:?}");
        match &message.args[..] {
            [OscType::Int(id), OscType::String(seen)] if seen == name => *id,
            _ => panic!("{message:?}"),
        }
    }

    /// Hears `/antiphon/done id path seconds`; the path.
    pub fn hear_done(&self, id: i32) -> PathBuf {
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
    pub fn hear_error(&self, id: i32) -> String {
        let message = self.hear();
        assert_eq!(message.addr, "/antiphon/error", "{message:?}");
        match &message.args[..] {
            [OscType::Int(failed), OscType::String(text)] if *failed == id => text.clone(),
            _ => panic!("{message:?}"),
        }
    }

    /// Hears that `name` was seen and answered, and nothing else; the archived seed,
    /// which is what the answer's sidecar says was heard.
    pub fn hear_one_answer(&self, name: &str) -> PathBuf {
        let id = self.hear_seen(name);
        let path = self.hear_done(id);
        let silence = Duration::from_millis(500);
        assert_eq!(self.hear_within(silence), None, "one answer");
        let sidecar = std::fs::read(path.with_extension("json")).unwrap();
        let sidecar: serde_json::Value = serde_json::from_slice(&sidecar).unwrap();
        let seed = self.path(&format!(".antiphon/done/{id:06}-{name}"));
        let archived = antiphon::files::sha256_of(&seed).unwrap();
        assert_eq!(sidecar["seed_sha256"], *archived);
        seed
    }

    pub fn listing(&self, name: &str) -> Vec<String> {
        listing(&self.path(name))
    }

    /// Sends the daemon `signal` and waits for its end.
    #[cfg(unix)]
    pub fn end_with(&mut self, signal: &str) {
        self.signal(signal);
        let daemon = self.daemon();
        let begun = Instant::now();
        while daemon.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < PATIENCE, "the daemon ends when told to");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    #[cfg(unix)]
    pub fn signal(&mut self, signal: &str) {
        let pid = self.daemon().id().to_string();
        let sent = std::process::Command::new("kill")
            .args([signal, &pid])
            .status();
        assert!(sent.unwrap().success());
    }

    /// Waits until nothing waits and nothing is in work.
    pub fn wait_until_quiet(&self) {
        let begun = Instant::now();
        let busy = || {
            ["seeds", ".antiphon/work"]
                .iter()
                .any(|folder| !self.listing(folder).is_empty())
        };
        while busy() {
            assert!(
                begun.elapsed() < 10 * PATIENCE,
                "all seeds are answered in time"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Gallery {
    fn drop(&mut self) {
        if let Some(daemon) = &mut self.daemon {
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
    }
}

/// The names in `folder`, sorted; none of a folder that is not there.
pub fn listing(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
