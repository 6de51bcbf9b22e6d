//! A disk that a test may fill, make read-only and take away.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::gallery::PATIENCE;

/// A small filesystem of its own, until it is dropped.
pub struct Disk(PathBuf);

impl Disk {
    /// One of this `size`, `2m` say, at `place`; `None` where mounting is not allowed.
    pub fn mount(place: &Path, size: &str) -> Option<Disk> {
        std::fs::create_dir_all(place).unwrap();
        let mounted = Command::new("mount")
            .args([
                "-t",
                "tmpfs",
                "-o",
                &format!("size={size}"),
                "antiphon-test",
            ])
            .arg(place)
            .output();
        match mounted {
            Ok(output) if output.status.success() => Some(Disk(place.to_owned())),
            other => {
                eprintln!("SKIPPED: no disk of its own can be mounted here: {other:?}");
                None
            }
        }
    }

    /// What is mounted at `place` already.
    pub fn at(place: PathBuf) -> Disk {
        Disk(place)
    }

    /// As soon as no file of it is open for writing: it is refused until then.
    pub fn remount(&self, how: &str) {
        let options = format!("remount,{how}");
        let begun = Instant::now();
        loop {
            let mounted = Command::new("mount")
                .args(["-o", &options])
                .arg(&self.0)
                .output()
                .unwrap();
            if mounted.status.success() {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "{how}: {mounted:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}
