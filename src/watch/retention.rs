//! How much is kept of what is over.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::folders::{PREDICTIONS, SET_IN_THE_MAKING, job_of};
use super::pace::Delivered;
use super::root::Root;
use super::sets;
use super::voices::Roll;
use crate::files;

/// How much is kept of one kind; what is older goes. Files of one name
/// (a sound and its text) stay or go together and count as one, and so does a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    /// Names at most.
    pub names: usize,
    /// Bytes of all their files at most.
    pub bytes: u64,
}

/// How much there is of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Names.
    pub names: usize,
    /// Bytes of all their files.
    pub bytes: u64,
}

/// Everything is kept.
pub const ALL: Bounds = Bounds {
    names: usize::MAX,
    bytes: u64::MAX,
};

/// How much is kept of what is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Of answered seeds.
    pub done: Bounds,
    /// Of predictions.
    pub predictions: Bounds,
    /// Of seeds that could not be answered.
    pub failed: Bounds,
}

impl Retention {
    /// Removes what is over the bounds, oldest first.
    pub fn apply(&self, root: &Root) -> Applied {
        let (mut found, mut stay) = (0, 0);
        let mut keep = |walk: &Walk, bounds, age| {
            (bounds != ALL).then(|| {
                let (kept, removed) = keep_newest(walk, bounds, age, root.tmp());
                found += kept.names + removed;
                stay += kept.names;
                kept
            })
        };
        keep(&|see| each_in(root.done(), see), self.done, Age::Job);
        keep(&|see| each_in(root.failed(), see), self.failed, Age::Told);
        let predictions: &Walk = &|see| each_prediction(root, see);
        Applied {
            predictions: keep(predictions, self.predictions, Age::Told),
            was_mostly_old: found > 2 * stay,
        }
    }
}

/// What came of looking for what is old.
pub struct Applied {
    /// How many predictions stay, where they have bounds.
    pub predictions: Option<Kept>,
    /// Whether more was removed than stays.
    pub was_mostly_old: bool,
}

/// Removes half of the answered seeds, the older ones, because room is needed.
pub fn make_room(root: &Root) {
    let walk: &Walk = &|see| each_in(root.done(), see);
    let mut names = 0;
    walk(&mut |piece| names += usize::from(piece.is_first));
    names /= 2;
    keep_newest(walk, Bounds { names, ..ALL }, Age::Job, root.tmp());
}

/// When something was delivered last, by the times that the spool gives its
/// texts; these never go back, whatever the clock does.
pub fn newest(root: &Root) -> SystemTime {
    let mut newest = SystemTime::UNIX_EPOCH;
    let mut see = |piece: Piece| newest = newest.max(piece.told.unwrap_or(newest));
    each_prediction(root, &mut see);
    each_in(root.failed(), &mut see);
    newest
}

/// What the predictions under `root` take, where antiphon has been there before.
pub fn bytes_of_predictions(root: &Path) -> u64 {
    let mut bytes = 0;
    each_under(root, &root.join(PREDICTIONS), &mut |piece| {
        bytes += piece.bytes
    });
    bytes
}

/// Shows the files of all predictions and the sets to `see`, those of the voices among them.
/// Other folders are their owner's.
pub fn each_prediction(root: &Root, see: &mut dyn FnMut(Piece)) {
    each_under(root.path(), root.predictions(), see);
}

fn each_under(root: &Path, predictions: &Path, see: &mut dyn FnMut(Piece)) {
    let voices = Roll::call(root).unwrap_or_default().voices;
    let folders: Vec<PathBuf> = voices.iter().map(|voice| predictions.join(voice)).collect();
    each_in(predictions, &mut |piece| {
        // A voice's folder is no set, whatever its owner put into it.
        if !piece.is_set || !folders.contains(&piece.path) {
            see(piece);
        }
    });
    folders.iter().for_each(|folder| each_in(folder, see));
}

/// By what it is told which of two names is older. Seeds themselves have the
/// times that their recorders gave them, which say nothing.
#[derive(Clone, Copy)]
enum Age {
    /// The number of the job, which the name begins with.
    Job,
    /// When the text was written, which stands beside the sound.
    Told,
}

/// A file of what is over, or a set. Folders hold very many, and never are all in memory at
/// once: what goes with a file of the same name is looked up beside it.
pub struct Piece {
    path: PathBuf,
    /// What it has in common with what goes with it.
    name: OsString,
    /// When its text was written, if it has one.
    told: Option<SystemTime>,
    /// Whether it stands for its name where names are counted: one of each does.
    is_first: bool,
    files: u64,
    bytes: u64,
    is_set: bool,
}

/// Shows pieces, one after the other, and the same again when asked again.
type Walk<'a> = dyn Fn(&mut dyn FnMut(Piece)) + 'a;

/// So many of the oldest are known at once while old ones are removed.
const BATCH: usize = 8192;

/// How old a name is: the first goes first.
type Rank = (Option<i32>, Option<SystemTime>, OsString);

/// A piece among the oldest.
struct Ranked(Rank, Piece);

impl Ranked {
    /// Of one name the text goes first: the sound alone is older than all others then, and
    /// goes next where antiphon ends between the two.
    fn key(&self) -> (&Rank, bool, &Path) {
        (&self.0, !self.1.is_first, &self.1.path)
    }
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Ranked) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Ranked {}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Ranked) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Ranked) -> Ordering {
        self.key().cmp(&other.key())
    }
}

/// Removes what of `walk` is over the `bounds`, by way of `tmp`; how much stays, and how many
/// names were removed.
fn keep_newest(walk: &Walk, bounds: Bounds, age: Age, tmp: &Path) -> (Kept, usize) {
    let mut removed = 0;
    loop {
        let (mut kept, mut is_all) = (Kept::default(), true);
        let mut oldest: BinaryHeap<Ranked> = BinaryHeap::new();
        walk(&mut |piece| {
            kept.names += usize::from(piece.is_first);
            kept.bytes += piece.bytes;
            oldest.push(Ranked(piece.rank(age), piece));
            if oldest.len() > BATCH {
                oldest.pop();
                is_all = false;
            }
        });
        let mut oldest = oldest.into_sorted_vec();
        if let Some(Ranked(last, _)) = oldest.last().filter(|_| !is_all) {
            // Some of the last name's files may have fallen out: they wait for the next look.
            let last = last.clone();
            oldest.retain(|ranked| ranked.0 != last);
        }
        let mut is_removed = false;
        for name in oldest.chunk_by(|a, b| a.0 == b.0) {
            if kept.is_within(bounds) {
                break;
            }
            for Ranked(_, piece) in name {
                kept.names -= usize::from(piece.is_first);
                kept.bytes -= piece.bytes;
                removed += usize::from(piece.is_first);
                is_removed |= piece.remove(tmp);
            }
        }
        if is_all || !is_removed || kept.is_within(bounds) {
            return (kept, removed);
        }
    }
}

impl Kept {
    fn is_within(&self, bounds: Bounds) -> bool {
        self.names <= bounds.names && self.bytes <= bounds.bytes
    }
}

impl Piece {
    /// When it was told of, whether it stands for its name, and what it takes.
    pub fn counted(&self) -> (Option<SystemTime>, bool, Delivered) {
        let (files, bytes) = (self.files, self.bytes);
        (self.told, self.is_first, Delivered { files, bytes })
    }

    fn rank(&self, age: Age) -> Rank {
        let (job, told) = match age {
            Age::Job => (job_of(&self.name), None),
            Age::Told => (None, self.told),
        };
        (job, told, self.name.clone())
    }

    /// Whether it could be removed.
    fn remove(&self, tmp: &Path) -> bool {
        let removed = match self.is_set {
            true => remove_set(&self.path, tmp),
            false => fs::remove_file(&self.path),
        };
        match &removed {
            Ok(()) => tracing::debug!("removed {}, which is old", self.path.display()),
            Err(error) => {
                let path = self.path.display();
                tracing::warn!("cannot remove {path}, which is old: {error}");
            }
        }
        removed.is_ok()
    }
}

/// Removes a set by way of `tmp`, so that nobody sees half of it.
fn remove_set(set: &Path, tmp: &Path) -> io::Result<()> {
    let away = tmp.join("old").with_extension(SET_IN_THE_MAKING);
    files::remove_tree(&away)?;
    files::rename_new(set, &away)?;
    files::remove_tree(&away)
}

/// Shows the files and sets in `folder` to `see`; hidden ones are nobody's business, and those
/// that cannot be looked at stay.
fn each_in(folder: &Path, see: &mut dyn FnMut(Piece)) {
    let entries = fs::read_dir(folder).into_iter().flatten();
    for entry in entries.filter_map(Result::ok) {
        let path = entry.path();
        let Ok(metadata) = entry.metadata() else {
            continue;
        };
        let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if metadata.is_file() && !is_hidden {
            see(file(path, &metadata));
        } else if !metadata.is_file() && sets::is_set(&path) {
            see(Piece {
                name: entry.file_name(),
                told: sets::told(&path),
                is_first: true,
                files: sets::count(&path),
                bytes: sets::bytes(&path),
                is_set: true,
                path,
            });
        }
    }
}

fn file(path: PathBuf, metadata: &fs::Metadata) -> Piece {
    let (name, text) = name_and_text(&path);
    let told = match &text {
        Some(text) if *text == path => metadata.modified().ok(),
        Some(text) => text.metadata().and_then(|text| text.modified()).ok(),
        None => None,
    };
    Piece {
        is_first: text.is_none_or(|text| text == path),
        name,
        told,
        files: 1,
        bytes: metadata.len(),
        is_set: false,
        path,
    }
}

/// What the file at `path` is called without its extension, and the text that tells of it or
/// is it. The text about `NAME.txt`, which was taken for a seed, is `NAME.reason.txt`.
fn name_and_text(path: &Path) -> (OsString, Option<PathBuf>) {
    let stem = path.file_stem().unwrap_or_default().to_owned();
    let is_there = |path: &PathBuf| path.is_file();
    if path.extension() == Some(OsStr::new("txt")) {
        let inner = Path::new(&stem);
        if inner.extension() == Some(OsStr::new("reason")) {
            let seed = path.with_file_name(inner.with_extension("txt"));
            if seed.is_file() {
                let name = inner.file_stem().unwrap_or_default().to_owned();
                return (name, Some(path.to_owned()));
            }
        }
        let reason = path.with_extension("reason.txt");
        if reason.is_file() {
            return (stem, Some(reason));
        }
    }
    let mut texts = ["json", "txt"]
        .map(|text| path.with_extension(text))
        .into_iter();
    (stem, texts.find(is_there))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::listing;
    use crate::watch::root::WhichRoot;
    use std::time::Duration;

    /// Makes `names` one a minute, of ten bytes.
    fn make(folder: &Path, names: &[&str]) {
        for (minute, name) in names.iter().enumerate() {
            let path = folder.join(name);
            fs::write(&path, "0123456789").unwrap();
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(60 * minute as u64);
            let file = fs::File::options().append(true).open(&path).unwrap();
            file.set_modified(time).unwrap();
        }
    }

    #[test]
    fn the_oldest_go_first_and_a_sound_with_its_text() {
        let folder = tempfile::tempdir().unwrap();
        make(
            folder.path(),
            &["c.txt", "b.txt", "a.txt", "a.wav", "b.wav", "c.wav", ".x"],
        );
        let keep = |bounds| {
            let walk: &Walk = &|see| each_in(folder.path(), see);
            keep_newest(walk, bounds, Age::Told, folder.path())
        };
        let (kept, removed) = keep(Bounds { names: 2, ..ALL });
        assert_eq!((kept.names, removed), (2, 1));
        // However young the sound, c's text is the oldest.
        assert_eq!(
            listing(folder.path()),
            [".x", "a.txt", "a.wav", "b.txt", "b.wav"]
        );
        keep(Bounds { bytes: 39, ..ALL });
        assert_eq!(listing(folder.path()), [".x", "a.txt", "a.wav"]);
    }

    #[test]
    fn predictions_are_kept_unless_told_otherwise() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path(), &WhichRoot::Any).unwrap();
        let names = ["1.json", "2.json", "3.json", "4.json"];
        for folder in [root.done(), root.predictions(), root.failed()] {
            make(folder, &names);
        }
        let two = Bounds { names: 2, ..ALL };
        let mut retention = Retention {
            done: two,
            predictions: ALL,
            failed: Bounds { names: 3, ..ALL },
        };
        retention.apply(&root);
        assert_eq!(listing(root.predictions()), names);
        assert_eq!(listing(root.failed()), names[1..]);
        assert_eq!(listing(root.done()).len(), 2);
        retention.predictions = two;
        retention.apply(&root);
        assert_eq!(listing(root.predictions()), names[2..]);
    }

    #[test]
    fn answered_seeds_are_as_old_as_their_jobs_whatever_their_times() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path(), &WhichRoot::Any).unwrap();
        make(
            root.done(),
            &[
                "1000000-a.wav",
                "000004-a.wav",
                "000003-a.wav",
                "000002-a.wav",
            ],
        );
        make_room(&root);
        assert_eq!(listing(root.done()), ["000004-a.wav", "1000000-a.wav"]);
    }

    #[test]
    fn a_text_that_was_taken_for_a_seed_and_its_reason_are_one_name() {
        let folder = tempfile::tempdir().unwrap();
        make(
            folder.path(),
            &["readme.txt", "readme.reason.txt", "b.txt", "b.wav"],
        );
        let walk: &Walk = &|see| each_in(folder.path(), see);
        let keep = |names| keep_newest(walk, Bounds { names, ..ALL }, Age::Told, folder.path()).0;
        assert_eq!(keep(2).names, 2);
        assert_eq!(listing(folder.path()).len(), 4);
        assert_eq!(keep(1).names, 1);
        assert_eq!(listing(folder.path()), ["b.txt", "b.wav"]);
    }

    #[test]
    fn very_many_old_ones_go_whole_however_few_are_known_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let count = BATCH + 100;
        for n in 0..count {
            for extension in ["wav", "json"] {
                fs::write(folder.path().join(format!("{n:05}.{extension}")), "").unwrap();
            }
        }
        let walk: &Walk = &|see| each_in(folder.path(), see);
        let three = Bounds { names: 3, ..ALL };
        let (kept, _) = keep_newest(walk, three, Age::Told, folder.path());
        assert_eq!((kept.names, listing(folder.path()).len()), (3, 6));
    }

    #[test]
    fn a_sound_whose_text_is_removed_already_goes_next() {
        let folder = tempfile::tempdir().unwrap();
        make(
            folder.path(),
            &["a.json", "a.wav", "b.json", "b.wav", "c.json", "c.wav"],
        );
        fs::remove_file(folder.path().join("c.json")).unwrap();
        let walk: &Walk = &|see| each_in(folder.path(), see);
        let two = Bounds { names: 2, ..ALL };
        keep_newest(walk, two, Age::Told, folder.path());
        assert_eq!(
            listing(folder.path()),
            ["a.json", "a.wav", "b.json", "b.wav"]
        );
    }
}
