//! The daemon over a long time: a year's worth of seeds on a fast clock, and faults in real
//! time. `make soak` runs both at full length, and shows the figures.
#![cfg(target_os = "linux")]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use common::disk::Disk;
use common::footprint::Footprint;
use common::gallery::{Gallery, LIVELY, PATIENCE};
use common::load::Load;

/// Seeds that wait at a time, at most.
const CROWD: usize = 32;
/// Predictions are bounded by bytes, as a service bounds them; other things by its defaults.
const KEPT_BYTES: u64 = 4_000_000;
const KEPT_NAMES: usize = 1000;
/// What the daemon has beside its folders: locks, its journal, its account.
const HIDDEN_BYTES: u64 = 1_000_000;

/// Files that a daemon at rest may have open when it is looked at: its beat, its state.
const OPEN_FOR_A_MOMENT: usize = 2;
/// The daemon looks for old files each ten seconds, and gives memory back after that.
const UPKEEP: Duration = Duration::from_secs(13);
/// It hears in this time that what is old is gone.
const HEARD: Duration = Duration::from_secs(2);

/// The number in the environment variable `name`, if there is one.
fn asked(name: &str) -> Option<usize> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().expect("a number"))
}

/// How things stand with a daemon after a while.
#[derive(Clone, Copy, Debug)]
struct Row {
    footprint: Footprint,
    /// How long `antiphon status` takes.
    status: Duration,
    /// Entries of predictions/ and of the voices' folders there.
    predictions: usize,
    done: usize,
    failed: usize,
    /// Bytes of the files in .antiphon/.
    hidden: u64,
}

impl Row {
    /// Now, while the daemon has nothing to do.
    fn of(gallery: &mut Gallery) -> Row {
        let pid = gallery.daemon().id();
        let entries = |name: &str| gallery.listing(name).len();
        let voices = ["predictions", "predictions/solo", "predictions/chorus"];
        Row {
            footprint: Footprint::at_rest(pid),
            status: time_of_status(&gallery.path(""), pid),
            predictions: voices.into_iter().map(entries).sum(),
            done: entries(".antiphon/done"),
            failed: entries("failed"),
            hidden: bytes_of_files_in(&gallery.path(".antiphon")),
        }
    }

    fn head() {
        println!(
            "minutes  arrivals   RSS kB   HWM kB  files threads  status ms  predictions  done \
             failed  hidden kB"
        );
    }

    fn show(&self, begun: Instant, arrivals: usize) {
        let Footprint {
            resident,
            most,
            files,
            threads,
        } = self.footprint;
        println!(
            "{:7.1} {arrivals:9} {resident:8} {most:8} {files:6} {threads:7} {:10.1} {:12} {:5} \
             {:6} {:10}",
            begun.elapsed().as_secs_f64() / 60.0,
            1000.0 * self.status.as_secs_f64(),
            self.predictions,
            self.done,
            self.failed,
            self.hidden / 1000,
        );
    }

    /// Takes no more memory than `early`, within five percent and so many kilobytes.
    fn assert_no_larger_than(&self, early: &Row, allowed: usize) {
        let (late, early) = (self.footprint, early.footprint);
        let bound = early.resident + early.resident / 20 + allowed;
        assert!(late.resident <= bound, "{late:?} after {early:?}");
    }

    /// Has no more open than `early`, but for what is open just while it is written, and has
    /// written no more than it keeps.
    fn assert_no_busier_than(&self, early: &Row) {
        let (late, early) = (self.footprint, early.footprint);
        assert!(
            late.files <= early.files + OPEN_FOR_A_MOMENT,
            "{late:?} after {early:?}"
        );
        assert!(late.threads <= early.threads, "{late:?} after {early:?}");
        assert!(self.hidden < HIDDEN_BYTES, "{self:?}");
    }
}

/// The least of three, by the program that `pid` runs, whatever has been built since.
fn time_of_status(root: &Path, pid: u32) -> Duration {
    let program = PathBuf::from(format!("/proc/{pid}/exe"));
    let times = (0..3).map(|_| {
        let begun = Instant::now();
        let said = Command::new(&program)
            .args(["status", "--root"])
            .arg(root)
            .output();
        assert!(!said.unwrap().stdout.is_empty());
        begun.elapsed()
    });
    times.min().unwrap()
}

fn bytes_of_files_in(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap();
    let metadata = entries.filter_map(|entry| entry.ok()?.metadata().ok());
    let files = metadata.filter(|metadata| metadata.is_file());
    files.map(|metadata| metadata.len()).sum()
}

#[test]
fn a_year_of_seeds_leaves_the_daemon_as_it_was() {
    let count = asked("ANTIPHON_SOAK_ARRIVALS").unwrap_or(4000);
    let step = (count / 50).max(1000);
    let bytes = KEPT_BYTES.to_string();
    let bounds = ["--keep-predictions-bytes", &bytes];
    let answers = ["--seconds", "0.01", "--skip-silent"];
    let mut gallery = Gallery::closed_with(LIVELY, &[&answers[..], &bounds].concat());
    let mut load = Load::on(&gallery);
    gallery.start();
    let begun = Instant::now();
    let mut rows = Vec::new();
    Row::head();
    while load.put < count {
        while load.open() < CROWD {
            load.put(&gallery);
        }
        assert!(load.hear(&gallery, PATIENCE));
        if load.put / step > rows.len() {
            load.hear_all(&gallery, PATIENCE);
            let row = Row::of(&mut gallery);
            row.show(begun, load.put);
            rows.push(row);
        }
    }
    load.hear_all(&gallery, PATIENCE);
    let is_bounded = |row: &Row| row.done <= KEPT_NAMES && row.failed <= 2 * KEPT_NAMES;
    let ended = Instant::now();
    loop {
        let row = Row::of(&mut gallery);
        if is_bounded(&row) && bytes_of_predictions(&gallery) <= KEPT_BYTES {
            break;
        }
        assert!(ended.elapsed() < PATIENCE, "what is old goes: {row:?}");
    }
    std::thread::sleep(HEARD);
    let last = Row::of(&mut gallery);
    last.show(begun, load.put);
    // The first look for old files takes some, which a short run has not seen early on.
    let allowed = if count > 100_000 { 1000 } else { 3000 };
    last.assert_no_larger_than(&rows[1], allowed);
    last.assert_no_busier_than(&rows[1]);
}

fn bytes_of_predictions(gallery: &Gallery) -> u64 {
    let folders = ["predictions", "predictions/solo"].into_iter();
    let sets = gallery.listing("predictions/chorus").into_iter();
    let sets = sets.map(|set| format!("predictions/chorus/{set}"));
    let folders = folders.map(str::to_owned).chain(sets);
    folders
        .map(|name| bytes_of_files_in(&gallery.path(&name)))
        .sum()
}

/// A daemon that is to live on whatever happens around it.
struct Room {
    gallery: Gallery,
    load: Load,
    /// How long each trouble lasts.
    spell: Duration,
}

impl Room {
    /// Hears for as long as one trouble lasts, and puts a seed each second if `is_open`.
    fn wait(&mut self, is_open: bool) {
        let begun = Instant::now();
        let mut next = begun;
        while begun.elapsed() < self.spell {
            if is_open && Instant::now() >= next {
                self.load.put(&self.gallery);
                next += Duration::from_secs(1);
            }
            self.load.hear(&self.gallery, Duration::from_millis(50));
        }
    }

    /// Has all voices loaded with the present model, and nothing to do after that.
    fn settles(&mut self, rest: Duration) {
        for _ in 0..10 {
            self.load.put(&self.gallery);
        }
        self.load.hear_all(&self.gallery, PATIENCE);
        std::thread::sleep(rest);
    }

    /// A few seeds that are not answered before the trouble comes.
    fn put_some(&mut self) {
        for _ in 0..3 {
            self.load.put(&self.gallery);
        }
    }

    fn put_bundled(&self, model: &str) {
        let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
        let bytes = std::fs::read(models.join(model)).unwrap();
        std::fs::write(self.gallery.model(), bytes).unwrap();
    }

    fn is_stopped_for_a_while(&mut self) {
        self.gallery.signal("-STOP");
        self.wait(true);
        self.gallery.signal("-CONT");
    }

    fn loses_its_folder(&mut self) {
        let (root, away) = (
            self.gallery.path(""),
            self.gallery.folder.path().join("away"),
        );
        let root = root.components().as_path().to_owned();
        self.put_some();
        std::fs::rename(&root, &away).unwrap();
        self.wait(false);
        std::fs::rename(&away, &root).unwrap();
    }

    fn loses_its_predictions(&mut self) {
        let away = self.gallery.folder.path().join("old");
        std::fs::rename(self.gallery.path("predictions"), &away).unwrap();
        self.wait(true);
        std::fs::remove_dir_all(away).unwrap();
    }

    fn has_a_full_disk(&mut self) {
        self.put_some();
        let filling = self.gallery.folder.path().join("filling");
        let mut file = std::fs::File::create(&filling).unwrap();
        std::io::copy(&mut std::io::repeat(1), &mut file).unwrap_err();
        self.wait(false);
        std::fs::remove_file(&filling).unwrap();
    }

    fn gets_another_model(&mut self) {
        self.put_bundled("magnitude-spectrum.onnx");
        self.wait(true);
    }

    fn gets_a_broken_model_and_none(&mut self) {
        std::fs::write(self.gallery.model(), "this is no model").unwrap();
        self.wait(true);
        std::fs::remove_file(self.gallery.model()).unwrap();
        self.wait(true);
        self.put_bundled("vector.onnx");
    }
}

#[test]
fn faults_in_real_time_leave_the_daemon_as_it_was() {
    let minutes = asked("ANTIPHON_SOAK_MINUTES").unwrap_or(0);
    let bytes = KEPT_BYTES.to_string();
    let arguments = [
        "--seconds",
        "2",
        "--skip-silent",
        "--keep-predictions-bytes",
        &bytes,
    ];
    let gallery = Gallery::closed_with(LIVELY, &arguments);
    let Some(_disk) = Disk::mount(gallery.folder.path(), "256m") else {
        return;
    };
    let load = Load::on(&gallery);
    let spell = Duration::from_secs(if minutes > 0 { 5 } else { 1 });
    let mut room = Room {
        gallery,
        load,
        spell,
    };
    room.put_bundled("vector.onnx");
    room.gallery.start();
    let begun = Instant::now();
    let mut rows = Vec::new();
    Row::head();
    loop {
        for fault in [
            Room::is_stopped_for_a_while,
            Room::loses_its_folder,
            Room::loses_its_predictions,
            Room::has_a_full_disk,
            Room::gets_another_model,
            Room::gets_a_broken_model_and_none,
        ] {
            fault(&mut room);
            room.wait(true);
        }
        room.settles(if minutes > 0 { UPKEEP } else { Duration::ZERO });
        let row = Row::of(&mut room.gallery);
        row.show(begun, room.load.put);
        rows.push((begun.elapsed(), row));
        if begun.elapsed() > Duration::from_secs(60 * minutes as u64) && rows.len() > 1 {
            break;
        }
    }
    // Allocators need some minutes before they take no more than they give back.
    let settled = Duration::from_secs(600);
    let early = rows
        .iter()
        .find(|(at, _)| *at > settled)
        .unwrap_or(&rows[0]);
    let (_, last) = rows[rows.len() - 1];
    last.assert_no_busier_than(&early.1);
    if minutes > 0 {
        last.assert_no_larger_than(&early.1, 0);
    }
}
