//! Pure Data without a window and without a sound card, which runs a patch in real time.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A patch that does one thing after the other.
#[derive(Default)]
pub struct Patch {
    objects: Vec<String>,
    connections: Vec<String>,
    messages: Vec<(u32, String)>,
}

/// Pd, until it is dropped.
pub struct Pd(Child);

impl Patch {
    /// An oscillator that is recorded by `writesf~`, which receives `rec`.
    pub fn recording() -> Patch {
        let mut patch = Patch::default();
        let oscillator = patch.object("osc~ 440");
        let gain = patch.object("*~ 0.3");
        let recorder = patch.object("writesf~ 1");
        let receive = patch.object("r rec");
        patch.connect(oscillator, gain);
        patch.connect(gain, recorder);
        patch.connect(receive, recorder);
        patch.at(0, "pd dsp 1")
    }

    /// Adds an object; its number.
    pub fn object(&mut self, text: &str) -> usize {
        self.objects.push(format!("#X obj 10 10 {text};"));
        self.objects.len() - 1
    }

    /// Connects the first outlet of `from` with the first inlet of `to`.
    pub fn connect(&mut self, from: usize, to: usize) {
        self.connections
            .push(format!("#X connect {from} 0 {to} 0;"));
    }

    /// Sends `message`, which begins with its receiver, `milliseconds` after the start.
    pub fn at(mut self, milliseconds: u32, message: &str) -> Patch {
        self.messages.push((milliseconds, message.to_owned()));
        self
    }

    /// Runs it from a file in `folder`.
    pub fn run(mut self, folder: &Path) -> Pd {
        let begin = self.object("loadbang");
        for (milliseconds, message) in std::mem::take(&mut self.messages) {
            let delay = self.object(&format!("del {milliseconds}"));
            self.objects.push(format!("#X msg 10 10 \\; {message};"));
            self.connect(begin, delay);
            self.connect(delay, delay + 1);
        }
        let path: PathBuf = folder.join("patch.pd");
        let lines = ["#N canvas 0 0 400 300 10;".to_owned()];
        let lines = lines.iter().chain(&self.objects).chain(&self.connections);
        let text: Vec<String> = lines.cloned().collect();
        std::fs::write(&path, text.join("\n") + "\n").unwrap();
        let pd = Command::new("pd")
            .args(["-nogui", "-noaudio", "-open"])
            .arg(&path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Pd(pd.unwrap())
    }
}

impl Pd {
    /// Ends it the hard way.
    pub fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Pd {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
