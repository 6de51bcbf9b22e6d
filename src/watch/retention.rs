//! How much is kept of what is over.

use std::collections::HashMap;
use std::ffi::OsString;
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
    /// Removes what is over the bounds, oldest first; how many predictions stay, where they
    /// have bounds.
    pub fn apply(&self, root: &Root) -> Option<Kept> {
        let keep = |groups: fn(&Root) -> Vec<Group>, bounds, age| {
            (bounds != ALL).then(|| keep_newest(groups(root), bounds, age, root.tmp()))
        };
        keep(answered, self.done, Age::Job);
        keep(failures, self.failed, Age::Told);
        keep(predictions, self.predictions, Age::Told)
    }
}

/// Removes half of the answered seeds, the older ones, because room is needed.
pub fn make_room(root: &Root) {
    let groups = answered(root);
    let names = groups.len() / 2;
    keep_newest(groups, Bounds { names, ..ALL }, Age::Job, root.tmp());
}

/// When something was delivered last, by the times that the spool gives its
/// texts; these never go back, whatever the clock does.
pub fn newest(root: &Root) -> SystemTime {
    let groups = predictions(root).into_iter().chain(failures(root));
    let told = groups.filter_map(|group| group.told);
    told.max().unwrap_or(SystemTime::UNIX_EPOCH)
}

/// What the predictions under `root` take, where antiphon has been there before.
pub fn bytes_of_predictions(root: &Path) -> u64 {
    let groups = predictions_under(root, &root.join(PREDICTIONS));
    groups.iter().map(|group| group.bytes).sum()
}

fn answered(root: &Root) -> Vec<Group> {
    group_by_name(root.done())
}

fn failures(root: &Root) -> Vec<Group> {
    group_by_name(root.failed())
}

/// Predictions and sets, those of the voices among them. Other folders are their
/// owner's.
pub fn predictions(root: &Root) -> Vec<Group> {
    predictions_under(root.path(), root.predictions())
}

fn predictions_under(root: &Path, predictions: &Path) -> Vec<Group> {
    let voices = Roll::call(root).unwrap_or_default().voices;
    let folders: Vec<PathBuf> = voices.iter().map(|voice| predictions.join(voice)).collect();
    let in_folder = |folder: &Path| group_by_name(folder).into_iter().chain(sets_in(folder));
    let mut groups: Vec<Group> = in_folder(predictions).collect();
    // A voice's folder is no set, whatever its owner put into it.
    groups.retain(|group| group.set.as_ref().is_none_or(|set| !folders.contains(set)));
    groups.extend(folders.iter().flat_map(|folder| in_folder(folder)));
    groups
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

/// Files of one name, or a set.
pub struct Group {
    job: Option<i32>,
    /// When its text was written, if it has one.
    told: Option<SystemTime>,
    name: OsString,
    bytes: u64,
    files: Vec<PathBuf>,
    /// The folder of a set.
    set: Option<PathBuf>,
}

/// Removes what of `groups` is over the `bounds`, by way of `tmp`; how much stays.
fn keep_newest(mut groups: Vec<Group>, bounds: Bounds, age: Age, tmp: &Path) -> Kept {
    match age {
        Age::Job => groups.sort_by(|a, b| (b.job, &b.name).cmp(&(a.job, &a.name))),
        Age::Told => groups.sort_by(|a, b| (b.told, &b.name).cmp(&(a.told, &a.name))),
    }
    let (mut bytes, mut kept) = (0_u64, Kept::default());
    for (older_than, group) in groups.iter().enumerate() {
        bytes = bytes.saturating_add(group.bytes);
        if older_than < bounds.names && bytes <= bounds.bytes {
            kept = Kept {
                names: older_than + 1,
                bytes,
            };
            continue;
        }
        group.remove(tmp);
    }
    kept
}

impl Group {
    /// When it was told of, and what it takes.
    pub fn counted(&self) -> (Option<SystemTime>, Delivered) {
        let files = match &self.set {
            Some(set) => sets::count(set),
            None => self.files.len() as u64,
        };
        let bytes = self.bytes;
        (self.told, Delivered { files, bytes })
    }

    fn remove(&self, tmp: &Path) {
        let files = self.files.iter().map(|file| (file, fs::remove_file(file)));
        let sets = self.set.iter().map(|set| (set, remove_set(set, tmp)));
        for (path, removed) in files.chain(sets) {
            if let Err(error) = removed {
                tracing::warn!("cannot remove {}, which is old: {error}", path.display());
            }
        }
        tracing::debug!("removed {}, which is old", self.name.display());
    }
}

/// Removes a set by way of `tmp`, so that nobody sees half of it.
fn remove_set(set: &Path, tmp: &Path) -> io::Result<()> {
    let away = tmp.join("old").with_extension(SET_IN_THE_MAKING);
    files::remove_tree(&away)?;
    files::rename_new(set, &away)?;
    files::remove_tree(&away)
}

/// The sets in `folder`.
fn sets_in(folder: &Path) -> Vec<Group> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let group = |set: PathBuf| Group {
        job: None,
        told: sets::told(&set),
        name: set.file_name().unwrap_or_default().to_owned(),
        bytes: sets::bytes(&set),
        files: Vec::new(),
        set: Some(set),
    };
    paths.filter(|path| sets::is_set(path)).map(group).collect()
}

/// The files in `folder` by their names without extensions; hidden ones are
/// nobody's business, and those that cannot be looked at stay.
fn group_by_name(folder: &Path) -> Vec<Group> {
    let mut groups: HashMap<OsString, Group> = HashMap::new();
    let entries = fs::read_dir(folder).into_iter().flatten();
    for entry in entries.filter_map(Result::ok) {
        let path = entry.path();
        let (Ok(metadata), Some(name)) = (entry.metadata(), path.file_stem()) else {
            continue;
        };
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if !metadata.is_file() || hidden {
            continue;
        }
        let group = groups.entry(name.to_owned()).or_insert_with(|| Group {
            job: job_of(name),
            told: None,
            name: name.to_owned(),
            bytes: 0,
            files: Vec::new(),
            set: None,
        });
        if path.extension().is_some_and(|e| e == "json" || e == "txt") {
            group.told = metadata.modified().ok();
        }
        group.bytes += metadata.len();
        group.files.push(path);
    }
    groups.into_values().collect()
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
            let groups = group_by_name(folder.path());
            keep_newest(groups, bounds, Age::Told, folder.path());
        };
        keep(Bounds { names: 2, ..ALL });
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
}
