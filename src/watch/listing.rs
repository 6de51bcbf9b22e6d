//! What is in `seeds/` at one look.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs::Metadata;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::names::{is_partial, is_scratch};

/// What is there, by name, without what is nobody's business.
pub struct Listing {
    /// Files, in the order in which they arrived if they arrived since the last look.
    pub files: Vec<(OsString, Metadata)>,
    /// Folders, links and devices.
    pub others: Vec<(OsString, Metadata)>,
    /// Downloads that go on.
    pub downloads: Downloads,
}

impl Listing {
    /// What is in `folder` now. A download goes on if it has grown within `patience`.
    ///
    /// # Errors
    ///
    /// When the folder cannot be looked into.
    pub fn of(folder: &Path, patience: Duration) -> io::Result<Listing> {
        let (mut files, mut others) = (Vec::new(), Vec::new());
        let mut downloads = Downloads::default();
        for entry in std::fs::read_dir(folder)? {
            let name = entry?.file_name();
            if is_scratch(&name) {
                downloads.see(folder, &name, patience);
                continue;
            }
            match std::fs::symlink_metadata(folder.join(&name)) {
                Ok(metadata) if metadata.is_file() => files.push((name, metadata)),
                Ok(metadata) => others.push((name, metadata)),
                // Gone since.
                Err(_) => {}
            }
        }
        // Of files found at the same look, the older arrived first.
        files.sort_by(|(name_a, a), (name_b, b)| {
            let time = |metadata: &Metadata| metadata.modified().ok();
            (time(a), name_a).cmp(&(time(b), name_b))
        });
        Ok(Listing {
            files,
            others,
            downloads,
        })
    }

    /// The names of files.
    pub fn file_names(&self) -> HashSet<&OsStr> {
        self.files
            .iter()
            .map(|(name, _)| name.as_os_str())
            .collect()
    }

    /// All names.
    pub fn names(&self) -> HashSet<&OsStr> {
        let all = self.files.iter().chain(&self.others);
        all.map(|(name, _)| name.as_os_str()).collect()
    }
}

/// Downloads that go on, by the names of their unfinished files.
#[derive(Default)]
pub struct Downloads(Vec<OsString>);

impl Downloads {
    /// Notes `name`, if it is one that has grown within `patience`.
    fn see(&mut self, folder: &Path, name: &OsStr, patience: Duration) {
        let modified = || folder.join(name).metadata().ok()?.modified().ok();
        let is_fresh = |modified: SystemTime| modified.elapsed().is_ok_and(|ago| ago < patience);
        if is_partial(name) && modified().is_some_and(is_fresh) {
            self.0.push(name.to_owned());
        }
    }

    /// Whether one is to become the file `name` of `length` bytes, which is empty and
    /// only keeps the name free, or has a control file beside it.
    pub fn become_of(&self, name: &OsStr, length: u64) -> bool {
        let mut control = name.to_owned();
        control.push(".aria2");
        self.0.iter().any(|part| length == 0 || *part == control)
    }
}
