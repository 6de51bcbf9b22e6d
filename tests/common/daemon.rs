//! A daemon that converses with another project's program instead of with the test.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use tempfile::TempDir;

/// A daemon with an empty folder, until it is dropped.
pub struct Daemon {
    folder: TempDir,
    child: Child,
}

impl Daemon {
    /// One whose answers last half a second, which says to `target` what there is
    /// to say and hears at `listen`. It hears when this returns.
    pub fn start(target: SocketAddr, listen: SocketAddr) -> Daemon {
        Daemon::start_with(target, listen, super::gallery::LIVELY, &[])
    }

    /// With a random model of `hyperparameters`, and more `arguments`.
    pub fn start_with(
        target: SocketAddr,
        listen: SocketAddr,
        hyperparameters: &str,
        arguments: &[&str],
    ) -> Daemon {
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("model.onnx");
        super::random_model(hyperparameters).write(&model).unwrap();
        let mut child = super::antiphon()
            .args(["watch", "--osc", &target.to_string()])
            .args(["--osc-listen", &listen.to_string(), "--root"])
            .arg(folder.path().join("root"))
            .arg("--model")
            .arg(model)
            .args(["--seconds", "0.5", "--ending", "exact"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut greeting = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(greeting.any(|line| line.unwrap().contains("Ctrl-C")));
        Daemon { folder, child }
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
