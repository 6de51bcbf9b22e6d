//! How much is kept of what is over.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::root::Root;

/// How much is kept in a folder; what is older goes. Files of one name
/// (a sound and its text) stay or go together and count as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    pub names: usize,
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
    pub fn apply(&self, root: &Root) {
        let folders = [
            (root.done(), self.done),
            (root.predictions(), self.predictions),
            (root.failed(), self.failed),
        ];
        for (folder, bounds) in folders {
            if bounds != ALL {
                keep_newest(folder, bounds);
            }
        }
    }
}

/// Removes half of the answered seeds, the older ones, because room is needed.
pub fn make_room(root: &Root) {
    let kept = group_by_name(root.done()).len() / 2;
    keep_newest(root.done(), Bounds { names: kept, ..ALL });
}

/// Files of one name.
struct Group {
    changed: SystemTime,
    name: OsString,
    bytes: u64,
    files: Vec<PathBuf>,
}

fn keep_newest(folder: &Path, bounds: Bounds) {
    let mut groups = group_by_name(folder);
    groups.sort_by(|a, b| (b.changed, &b.name).cmp(&(a.changed, &a.name)));
    let mut bytes = 0_u64;
    for (older_than, group) in groups.iter().enumerate() {
        bytes = bytes.saturating_add(group.bytes);
        if older_than < bounds.names && bytes <= bounds.bytes {
            continue;
        }
        for file in &group.files {
            if let Err(error) = fs::remove_file(file) {
                tracing::warn!("cannot remove {}, which is old: {error}", file.display());
            }
        }
        tracing::debug!("removed {}, which is old", group.name.display());
    }
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
        let changed = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        let group = groups.entry(name.to_owned()).or_insert_with(|| Group {
            changed,
            name: name.to_owned(),
            bytes: 0,
            files: Vec::new(),
        });
        group.changed = group.changed.max(changed);
        group.bytes += metadata.len();
        group.files.push(path);
    }
    groups.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::root::Wanted;
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

    fn listing(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn the_oldest_go_first_and_a_sound_with_its_text() {
        let folder = tempfile::tempdir().unwrap();
        make(
            folder.path(),
            &["c.wav", "c.txt", "b.wav", "b.txt", "a.wav", "a.txt", ".x"],
        );
        keep_newest(folder.path(), Bounds { names: 2, ..ALL });
        assert_eq!(
            listing(folder.path()),
            [".x", "a.txt", "a.wav", "b.txt", "b.wav"]
        );
        keep_newest(folder.path(), Bounds { bytes: 39, ..ALL });
        assert_eq!(listing(folder.path()), [".x", "a.txt", "a.wav"]);
    }

    #[test]
    fn predictions_are_kept_unless_told_otherwise() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path(), &Wanted::Any).unwrap();
        let names = ["1.wav", "2.wav", "3.wav", "4.wav"];
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
        assert_eq!(listing(root.done()), ["3.wav", "4.wav"]);
        assert_eq!(listing(root.predictions()), names);
        assert_eq!(listing(root.failed()), ["2.wav", "3.wav", "4.wav"]);
        retention.predictions = two;
        retention.apply(&root);
        assert_eq!(listing(root.predictions()), ["3.wav", "4.wav"]);
    }

    #[test]
    fn half_of_the_answered_seeds_make_room() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path(), &Wanted::Any).unwrap();
        make(root.done(), &["1.wav", "2.wav", "3.wav", "4.wav"]);
        make_room(&root);
        assert_eq!(listing(root.done()), ["3.wav", "4.wav"]);
    }
}
