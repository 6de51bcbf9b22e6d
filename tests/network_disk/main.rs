//! The watched folder on a disk of a network's.
#![cfg(target_os = "linux")]

#[path = "../common/mod.rs"]
mod common;
mod disk;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use common::gallery::{Gallery, LIVELY, PATIENCE, listing};
use common::{pluck, write_seed};
use disk::NetworkDisk;
use tempfile::TempDir;

/// A gallery whose root is a disk of a network's, and the folder that it shows.
struct Away {
    // Dropped in this order: nobody is left in the disk when it goes.
    gallery: Gallery,
    disk: NetworkDisk,
    behind: TempDir,
}

impl Away {
    fn new(arguments: &[&str], has_locks: bool) -> Option<Away> {
        let gallery = Gallery::closed_with(LIVELY, arguments);
        let behind = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(gallery.path("")).unwrap();
        let disk = NetworkDisk::mount(behind.path(), &gallery.path(""), has_locks)?;
        Some(Away {
            gallery,
            disk,
            behind,
        })
    }

    fn behind(&self, name: &str) -> PathBuf {
        self.behind.path().join(name)
    }

    /// What is in the folder `name`, but what is hidden.
    fn visible(&self, name: &str) -> Vec<String> {
        let mut names = listing(&self.behind(name));
        names.retain(|name| !name.starts_with('.'));
        names
    }

    /// Waits until so many seeds have come to an end.
    fn wait_until_ended(&self, count: usize) {
        let begun = Instant::now();
        let ended = || self.visible(".antiphon/done").len() + self.visible("failed").len() / 2;
        while ended() < count {
            let (seeds, work) = (self.visible("seeds"), self.visible(".antiphon/work"));
            assert!(
                begun.elapsed() < PATIENCE,
                "{} of {count}: {seeds:?} {work:?}",
                ended()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Writes a seed as another computer does, in pieces, of which nobody here is told.
fn record(path: &Path, hertz: f64) {
    let whole = path.with_extension("whole");
    write_seed(&whole, &pluck(hertz, 0.3, 11025));
    let bytes = std::fs::read(&whole).unwrap();
    std::fs::remove_file(&whole).unwrap();
    let mut file = std::fs::File::create(path).unwrap();
    for piece in bytes.chunks(bytes.len() / 3) {
        std::io::Write::write_all(&mut file, piece).unwrap();
        std::thread::sleep(Duration::from_millis(30));
    }
}

#[test]
fn seeds_of_another_computer_are_answered_once_each_while_the_disk_is_slow_and_fails() {
    let Some(mut away) = Away::new(&["--seconds", "0.3"], true) else {
        return;
    };
    away.gallery.start();
    let count = 12;
    for number in 0..count {
        // Now and then all is well, so that it goes on.
        match number % 4 {
            0 => away.disk.faults.set(0, 0),
            1 => away.disk.faults.set(13, 0),
            2 => away.disk.faults.set(5, 1),
            _ => away.disk.faults.set(0, 5),
        }
        record(
            &away.behind(&format!("seeds/{number:02}.wav")),
            200.0 + 10.0 * f64::from(number),
        );
        std::thread::sleep(Duration::from_millis(300));
    }
    away.disk.faults.set(0, 0);
    let struck = away.disk.faults.struck();
    assert!(struck > 3, "the disk failed {struck} times");
    away.wait_until_ended(count as usize);
    away.gallery.end_with("-TERM");
    assert_eq!(
        away.visible("failed"),
        [""; 0],
        "what the disk did is no fault of a seed"
    );
    assert_eq!(away.visible("seeds"), [""; 0]);
    let expected = (0..count).flat_map(|n| ["json", "wav"].map(|e| format!("{n:02}.0001.{e}")));
    assert_eq!(away.visible("predictions"), expected.collect::<Vec<_>>());
    for name in away.visible("predictions") {
        if name.ends_with(".wav") {
            let sound = antiphon::audio::read::read(&away.behind("predictions").join(&name));
            assert!(sound.unwrap().facts.length_agrees, "{name}");
        }
    }
    assert_eq!(listing(&away.behind(".antiphon/work")), [""; 0]);
    assert_eq!(listing(&away.behind(".antiphon/tmp")), [""; 0]);
}

#[test]
fn a_daemon_that_dies_on_such_a_disk_loses_nothing() {
    let Some(mut away) = Away::new(&["--seconds", "0.3"], true) else {
        return;
    };
    away.disk.faults.set(0, 1);
    let count = 6;
    for number in 0..count {
        away.gallery.begin();
        std::thread::sleep(Duration::from_millis(200));
        std::fs::create_dir_all(away.behind("seeds")).unwrap();
        record(&away.behind(&format!("seeds/{number}.wav")), 220.0);
        std::thread::sleep(Duration::from_millis(70 * number));
        away.gallery.end_with("-KILL");
    }
    away.gallery.begin();
    away.wait_until_ended(count as usize);
    away.gallery.end_with("-TERM");
    let answers = away.visible("predictions").len() / 2;
    let failed = away.visible("failed").len() / 2;
    assert_eq!(answers + failed, count as usize);
    assert!(failed <= 1, "{:?}", away.visible("failed"));
}

#[test]
fn a_disk_that_refuses_locks_is_refused_with_a_sentence() {
    let Some(away) = Away::new(&[], false) else {
        return;
    };
    let mut command = common::antiphon();
    let output = command
        .args(["watch", "--model"])
        .arg(away.gallery.model())
        .arg("--root")
        .arg(away.gallery.path(""))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = common::stderr(&output);
    assert!(said.contains("knows no locks"), "{said}");
}
