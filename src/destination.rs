//! Where a command writes: a file that the user has there is never replaced
//! unless that was asked for, and never one that the command reads.

use std::io;
use std::path::{Path, PathBuf};

use crate::{files, system};

/// A place for a file that a command was told to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    path: PathBuf,
    may_replace: bool,
}

/// Why nothing is written there.
#[derive(Debug, thiserror::Error)]
pub enum DestinationError {
    #[error("{} is there already; choose another name, or --force to replace it", path.display())]
    Taken { path: PathBuf },
    #[error(
        "{} is not replaced: it is no {}, there is no {own} in it; choose another name",
        path.display(), kind(own)
    )]
    NoSet { path: PathBuf, own: String },
    #[error("{} is no plain file; choose another name", path.display())]
    NoFile { path: PathBuf },
    #[error("{} is read, so that it cannot be written as well; choose another name", path.display())]
    Read { path: PathBuf },
    #[error("{} would be written twice, as two things; choose another name", path.display())]
    Twice { path: PathBuf },
    #[error("{} would be {kind}; end its name in {endings}", path.display())]
    OtherKind {
        path: PathBuf,
        kind: &'static str,
        endings: String,
    },
    #[error("cannot write {}: {cause}", path.display())]
    Unwritable { path: PathBuf, cause: io::Error },
}

/// What a folder is that has this file of antiphon's own.
fn kind(own: &str) -> &'static str {
    match own {
        "bands.txt" => "folder of slices",
        _ => "set of answers",
    }
}

impl Destination {
    /// The file `path`, where nothing stands yet, or, with `force`, a file that may
    /// be replaced.
    ///
    /// # Errors
    ///
    /// When something stands there, or nothing could be written there: found
    /// out now, before the work.
    pub fn new(path: &Path, force: bool) -> Result<Destination, DestinationError> {
        let destination = Destination {
            path: path.to_owned(),
            may_replace: force,
        };
        let path = || path.to_owned();
        match destination.path.symlink_metadata() {
            Ok(metadata) if !metadata.is_file() && !metadata.is_symlink() => {
                return Err(DestinationError::NoFile { path: path() });
            }
            Ok(_) if !force => return Err(DestinationError::Taken { path: path() }),
            _ => {}
        }
        files::check_writable(&destination.path).map_err(|cause| DestinationError::Unwritable {
            path: path(),
            cause,
        })?;
        Ok(destination)
    }

    /// The same for a file that antiphon may have written earlier, which it can
    /// tell by `is_own` of its bytes: that one may be replaced.
    ///
    /// # Errors
    ///
    /// Those of [`Destination::new`].
    pub fn of_own(
        path: &Path,
        is_own: impl Fn(&[u8]) -> bool,
    ) -> Result<Destination, DestinationError> {
        let own = std::fs::read(path).is_ok_and(|bytes| is_own(&bytes));
        Destination::new(path, own)
    }

    /// Refuses a name that does not end in one of `endings`, all of which say that
    /// the file is `kind`; a name may have no ending at all.
    ///
    /// # Errors
    ///
    /// [`DestinationError::OtherKind`]: what is called a FLAC file is not read as
    /// anything else.
    pub fn called(
        self,
        kind: &'static str,
        endings: &[&str],
    ) -> Result<Destination, DestinationError> {
        let ending = self
            .path
            .extension()
            .map(|ending| ending.to_ascii_lowercase());
        match ending {
            Some(ending) if !endings.iter().any(|allowed| ending == *allowed) => {
                let endings: Vec<String> = endings.iter().map(|e| format!(".{e}")).collect();
                Err(DestinationError::OtherKind {
                    path: self.path,
                    kind,
                    endings: endings.join(" or "),
                })
            }
            _ => Ok(self),
        }
    }

    /// Refuses what is one of `inputs`, whatever it is called, even where
    /// replacing was asked for.
    ///
    /// # Errors
    ///
    /// [`DestinationError::Read`].
    pub fn apart_from<P: AsRef<Path>>(
        self,
        inputs: impl IntoIterator<Item = P>,
    ) -> Result<Destination, DestinationError> {
        let inputs: Vec<P> = inputs.into_iter().collect();
        match inputs
            .iter()
            .any(|input| same_file(&self.path, input.as_ref()))
        {
            true => Err(DestinationError::Read { path: self.path }),
            false => Ok(self),
        }
    }

    /// The path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes `bytes` there, whole or not at all.
    ///
    /// # Errors
    ///
    /// [`DestinationError::Taken`] when something has appeared there meanwhile;
    /// [`DestinationError::Unwritable`].
    pub fn write(&self, bytes: &[u8]) -> Result<(), DestinationError> {
        let part = files::unpublished(&self.path);
        let written = files::write(&part, bytes)
            .map_err(|cause| self.unwritable(cause))
            .and_then(|()| self.publish(&part));
        if written.is_err() {
            // The error to report is the first one; the rest is only litter.
            let _ = std::fs::remove_file(&part);
        }
        written
    }

    /// Moves the finished and synced file `part` there.
    ///
    /// # Errors
    ///
    /// Those of [`Destination::write`].
    pub fn publish(&self, part: &Path) -> Result<(), DestinationError> {
        let published = match self.may_replace {
            true => files::publish(part, &self.path),
            false => {
                files::rename_new(part, &self.path).and_then(|()| files::sync_folder_of(&self.path))
            }
        };
        published.map_err(|cause| match cause.kind() {
            io::ErrorKind::AlreadyExists => DestinationError::Taken {
                path: self.path.clone(),
            },
            _ => self.unwritable(cause),
        })
    }

    fn unwritable(&self, cause: io::Error) -> DestinationError {
        DestinationError::Unwritable {
            path: self.path.clone(),
            cause,
        }
    }
}

/// A place for a folder that a command was told to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderDestination {
    path: PathBuf,
    may_replace: bool,
}

impl FolderDestination {
    /// The folder `path`, where nothing stands yet, or, with `force`, one that may be
    /// replaced because it is antiphon's own: `own` is in it.
    ///
    /// # Errors
    ///
    /// When something else stands there, or nothing could be written there.
    pub fn new(path: &Path, force: bool, own: &str) -> Result<FolderDestination, DestinationError> {
        let destination = FolderDestination {
            path: path.to_owned(),
            may_replace: force,
        };
        let path = || path.to_owned();
        match destination.path.symlink_metadata() {
            Ok(_) if !force => return Err(DestinationError::Taken { path: path() }),
            Ok(_) if !destination.path.join(own).is_file() => {
                return Err(DestinationError::NoSet {
                    path: path(),
                    own: own.to_owned(),
                });
            }
            _ => {}
        }
        files::check_writable(&destination.path).map_err(|cause| DestinationError::Unwritable {
            path: path(),
            cause,
        })?;
        Ok(destination)
    }

    /// The path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Moves the finished and synced folder `part` there.
    ///
    /// # Errors
    ///
    /// [`DestinationError::Taken`] when something has appeared there meanwhile;
    /// [`DestinationError::Unwritable`].
    pub fn publish(&self, part: &Path) -> Result<(), DestinationError> {
        self.move_in(part).map_err(|cause| match cause.kind() {
            io::ErrorKind::AlreadyExists => DestinationError::Taken {
                path: self.path.clone(),
            },
            _ => DestinationError::Unwritable {
                path: self.path.clone(),
                cause,
            },
        })
    }

    fn move_in(&self, part: &Path) -> io::Result<()> {
        let old = part.with_extension("old");
        let replaced = self.may_replace && self.path.exists();
        if replaced {
            std::fs::rename(&self.path, &old)?;
        }
        if self.path.symlink_metadata().is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        std::fs::rename(part, &self.path)?;
        files::sync_folder_of(&self.path)?;
        match replaced {
            true => std::fs::remove_dir_all(&old),
            false => Ok(()),
        }
    }
}

/// Whether two paths lead to one file, which is there.
pub fn same_file(a: &Path, b: &Path) -> bool {
    let known = |path: &Path| {
        let metadata = path.metadata().ok()?;
        let identity = system::identity(&metadata);
        // Where files have no numbers, their places have to do.
        Some((
            identity,
            (identity == (0, 0)).then(|| path.canonicalize().ok()),
        ))
    };
    known(a).is_some_and(|a| known(b) == Some(a))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_users_file_is_replaced_only_where_that_is_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine.json");
        fs::write(&path, "mine").unwrap();
        let taken = Destination::new(&path, false).unwrap_err();
        assert!(taken.to_string().contains("--force"), "{taken}");
        Destination::new(&path, true)
            .unwrap()
            .write(b"new")
            .unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_appears_while_the_work_is_done_is_not_replaced_either() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine.json");
        let destination = Destination::new(&path, false).unwrap();
        fs::write(&path, "mine").unwrap();
        let taken = destination.write(b"new").unwrap_err();
        assert!(matches!(taken, DestinationError::Taken { .. }), "{taken}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_read_is_not_written_by_whatever_name() {
        let folder = tempfile::tempdir().unwrap();
        let [seed, link] = ["seed.wav", "link.wav"].map(|name| folder.path().join(name));
        fs::write(&seed, "sound").unwrap();
        fs::hard_link(&seed, &link).unwrap();
        let aside = folder
            .path()
            .join("../")
            .join(folder.path().file_name().unwrap());
        for path in [seed.clone(), link, aside.join("seed.wav")] {
            let read = Destination::new(&path, true).unwrap().apart_from([&seed]);
            assert!(
                matches!(read, Err(DestinationError::Read { .. })),
                "{path:?}"
            );
        }
        let other = folder.path().join("other.wav");
        assert!(
            Destination::new(&other, false)
                .unwrap()
                .apart_from([&seed])
                .is_ok()
        );
    }

    #[test]
    fn own_files_are_known_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plot.svg");
        let is_own = |bytes: &[u8]| bytes.starts_with(b"own");
        Destination::of_own(&path, is_own)
            .unwrap()
            .write(b"own 1")
            .unwrap();
        Destination::of_own(&path, is_own)
            .unwrap()
            .write(b"mine")
            .unwrap();
        assert!(Destination::of_own(&path, is_own).is_err());
    }

    #[test]
    fn a_name_of_another_kind_and_what_is_no_file_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let called = |name: &str| {
            let destination = Destination::new(&folder.path().join(name), false).unwrap();
            destination.called("a WAV file", &["wav", "wave"])
        };
        for name in ["a.wav", "a.WAV", "a.wave", "a"] {
            assert!(called(name).is_ok(), "{name}");
        }
        let refused = called("a.flac").unwrap_err().to_string();
        assert!(
            refused.contains("end its name in .wav or .wave"),
            "{refused}"
        );
        let refused = Destination::new(folder.path(), true).unwrap_err();
        assert!(
            matches!(refused, DestinationError::NoFile { .. }),
            "{refused}"
        );
        let missing = Destination::new(&folder.path().join("none/a.wav"), false).unwrap_err();
        assert!(missing.to_string().contains("cannot write"), "{missing}");
    }
}
