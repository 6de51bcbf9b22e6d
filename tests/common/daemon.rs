//! A daemon that converses with whoever a test says.

use std::fmt::Display;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// A daemon with an empty folder, until it is dropped.
pub struct Daemon {
    folder: TempDir,
    /// Where it says and hears what there is.
    addresses: [String; 2],
    child: Child,
}

impl Daemon {
    /// One whose answers last half a second, which says to `target` what there is
    /// to say and hears at `listen`. It hears when this returns.
    pub fn start(target: impl Display, listen: impl Display) -> Daemon {
        Daemon::start_with(target, listen, super::gallery::LIVELY, &[])
    }

    /// With a random model of `hyperparameters`, and more `arguments`.
    pub fn start_with(
        target: impl Display,
        listen: impl Display,
        hyperparameters: &str,
        arguments: &[&str],
    ) -> Daemon {
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("model.onnx");
        super::random_model(hyperparameters).write(&model).unwrap();
        let addresses = [target.to_string(), listen.to_string()];
        Daemon::begin(folder, addresses, arguments)
    }

    /// Another one on the folder of `before`, which has ended, with these `arguments`.
    pub fn again(mut before: Daemon, arguments: &[&str]) -> Daemon {
        let _ = before.child.wait();
        let elsewhere = tempfile::tempdir().unwrap();
        let folder = std::mem::replace(&mut before.folder, elsewhere);
        Daemon::begin(folder, before.addresses.clone(), arguments)
    }

    fn begin(folder: TempDir, addresses: [String; 2], arguments: &[&str]) -> Daemon {
        let model = folder.path().join("model.onnx");
        let [target, listen] = &addresses;
        let mut child = super::antiphon()
            .args(["watch", "--osc", target])
            .args(["--osc-listen", listen, "--root"])
            .arg(folder.path().join("root"))
            .arg("--model")
            .arg(model)
            .args(["--seconds", "0.5", "--ending", "exact"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(File::create(folder.path().join("said")).unwrap())
            .spawn()
            .unwrap();
        let mut greeting = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(greeting.any(|line| line.unwrap().contains("Ctrl-C")));
        Daemon {
            folder,
            addresses,
            child,
        }
    }

    /// Sends it `signal`, `-STOP` say.
    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill")
            .args([signal, &self.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it the hard way; what it said on standard error.
    pub fn end(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.said()
    }

    /// What it said on standard error so far.
    pub fn said(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("said")).unwrap()
    }

    /// The folder that it watches, or what is called `name` in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("root").join(name)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
