//! Files that appear whole or not at all: written beside their place, synced, renamed.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use crate::system;

/// Where a file is written before it is published at `path`: a hidden name in
/// the same folder, so that the rename stays on one filesystem.
pub fn unpublished(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.part", std::process::id()))
}

/// Whether `name` is one that [`unpublished`] gives: `.NAME.PROCESS.part`.
pub fn is_unpublished(name: &OsStr) -> bool {
    let inner = || name.to_str()?.strip_prefix('.')?.strip_suffix(".part");
    let parts = inner().and_then(|inner| inner.rsplit_once('.'));
    parts.is_some_and(|(name, process)| !name.is_empty() && process.parse::<u32>().is_ok())
}

/// Finds out now whether a file could be written at `path` later.
pub fn check_writable(path: &Path) -> io::Result<()> {
    let part = unpublished(path);
    File::create(&part)?;
    fs::remove_file(&part)
}

/// Renames the finished and synced file `from` to `to`, and syncs the folder,
/// so that the new name outlives a crash. What was at `to` is replaced.
pub fn publish(from: &Path, to: &Path) -> io::Result<()> {
    mishap::at("rename", to)?;
    fs::rename(from, to)?;
    sync_folder_of(to)
}

/// Renames the file or folder `from` to `to` where nothing stands yet; the folder is not
/// synced.
///
/// # Errors
///
/// [`io::ErrorKind::AlreadyExists`] where something stands.
pub fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    mishap::at("rename", to)?;
    system::rename_new(from, to)
}

/// Makes the empty file `path`, or leaves the one that is there.
pub fn touch(path: &Path) -> io::Result<()> {
    mishap::at("make", path)?;
    File::options()
        .create(true)
        .append(true)
        .open(path)
        .map(drop)
}

/// Makes the folder `path`, or leaves the one that is there.
pub fn make_folder(path: &Path) -> io::Result<()> {
    mishap::at("make the folder", path)?;
    fs::create_dir_all(path)
}

/// Makes the folder `path` in one that is there, or leaves the one that is there; whether
/// it was made.
///
/// # Errors
///
/// Also where a file of that name stands, or the folder around it is gone.
pub fn make_inner_folder(path: &Path) -> io::Result<bool> {
    mishap::at("make the folder", path)?;
    match fs::create_dir(path) {
        Ok(()) => Ok(true),
        Err(_) if path.is_dir() => Ok(false),
        Err(error) => Err(error),
    }
}

/// Removes the file `path` if it is there.
pub fn remove(path: &Path) -> io::Result<()> {
    mishap::at("remove", path)?;
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Removes the empty folder `path` if it is there.
pub fn remove_folder(path: &Path) -> io::Result<()> {
    mishap::at("remove the folder", path)?;
    match fs::remove_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Removes the folder `path` and all that is in it, if it is there.
pub fn remove_tree(path: &Path) -> io::Result<()> {
    mishap::at("remove the folder", path)?;
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Has the content of the file `path` outlive a crash of the machine; not its name.
pub fn sync(path: &Path) -> io::Result<()> {
    mishap::at("sync", path)?;
    File::options().write(true).open(path)?.sync_all()
}

/// Copies the content of the file `from` to `to` in place, whatever `from` may be done to,
/// and syncs it; not the folder.
pub fn copy(from: &Path, to: &Path) -> io::Result<()> {
    mishap::at("copy", to)?;
    let mut file = File::create(to)?;
    io::copy(&mut File::open(from)?, &mut file)?;
    file.sync_all()
}

/// Writes `bytes` to `path` in place and syncs them; not the folder.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    mishap::at("write", path)?;
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    mishap::at("sync", path)?;
    file.sync_all()
}

/// Writes `bytes` over the beginning of the file `path`, which is made if missing, and syncs
/// nothing.
pub fn overwrite(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut open = File::options();
    let mut file = open.write(true).create(true).truncate(false).open(path)?;
    file.write_all(bytes)
}

/// Writes `bytes` to `path`, whole or not at all, and syncs nothing: what stands there may be
/// lost when the machine crashes.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let part = unpublished(path);
    let replaced = fs::write(&part, bytes).and_then(|()| fs::rename(&part, path));
    if replaced.is_err() {
        // The error to report is the first one; the rest file is only litter.
        let _ = fs::remove_file(&part);
    }
    replaced
}

/// Writes `bytes` to `path`, whole or not at all.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let part = unpublished(path);
    let published = write(&part, bytes).and_then(|()| publish(&part, path));
    if published.is_err() {
        // The error to report is the first one; the rest file is only litter.
        let _ = fs::remove_file(&part);
    }
    published
}

/// The SHA-256 of `bytes`, in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

/// The SHA-256 of bytes that come one after the other.
#[derive(Default)]
pub struct Hash(Sha256);

impl Hash {
    /// Goes on with `bytes`.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of all that came, in hexadecimal.
    pub fn finish(self) -> String {
        hexadecimal(&self.0.finalize())
    }
}

/// Sets when the file `path` was last changed.
pub fn set_time(path: &Path, time: SystemTime) -> io::Result<()> {
    mishap::at("set the time of", path)?;
    File::options().write(true).open(path)?.set_modified(time)
}

/// The SHA-256 of the file at `path`, in hexadecimal.
pub fn sha256_of(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Hash::default();
    let mut block = [0; 65536];
    loop {
        match file.read(&mut block)? {
            0 => return Ok(hash.finish()),
            read => hash.update(&block[..read]),
        }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Syncs the folder in which `path` is, so that its name outlives a crash.
pub fn sync_folder_of(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => sync_folder(Path::new(".")),
        Some(folder) => sync_folder(folder),
        None => Ok(()),
    }
}

/// Syncs the names in `folder`, so that they outlive a crash of the machine.
#[cfg(unix)]
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    mishap::at("sync", folder)?;
    match File::open(folder)?.sync_all() {
        // Filesystems of networks and of FUSE that cannot sync a folder.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        synced => synced,
    }
}

/// Windows has no handle on a folder to sync.
#[cfg(not(unix))]
pub fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

/// Where tests let the system refuse what is asked of it.
#[cfg(not(test))]
mod mishap {
    #[inline(always)]
    pub fn at(_what: &str, _path: &std::path::Path) -> std::io::Result<()> {
        Ok(())
    }
}

/// Lets the system refuse what is asked of it, on this thread, once or from
/// some moment on for ever, as for a process that was killed.
#[cfg(test)]
pub mod mishap {
    use std::cell::Cell;
    use std::io;
    use std::path::Path;

    /// What happens at an operation.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub enum Mishap {
        /// The operation after this many fails; those after it succeed.
        Refused(usize),
        /// The operation after this many fails, and all after it.
        Killed(usize),
    }

    thread_local! {
        static NEXT: Cell<Option<Mishap>> = const { Cell::new(None) };
    }

    /// Has `mishap` happen on this thread.
    pub fn prepare(mishap: Mishap) {
        NEXT.set(Some(mishap));
    }

    /// Nothing happens any more; whether it has happened.
    pub fn clear() -> bool {
        !matches!(NEXT.take(), Some(Mishap::Refused(_) | Mishap::Killed(1..)))
    }

    pub fn at(what: &str, path: &Path) -> io::Result<()> {
        let refused = || {
            Err(io::Error::other(format!(
                "cannot {what} {}",
                path.display()
            )))
        };
        match NEXT.get() {
            None => Ok(()),
            Some(Mishap::Refused(0)) => {
                NEXT.set(None);
                refused()
            }
            Some(Mishap::Killed(0)) => refused(),
            Some(Mishap::Refused(n)) => {
                NEXT.set(Some(Mishap::Refused(n - 1)));
                Ok(())
            }
            Some(Mishap::Killed(n)) => {
                NEXT.set(Some(Mishap::Killed(n - 1)));
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_appears_whole_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        write_atomically(&path, b"one").unwrap();
        write_atomically(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn only_names_of_unpublished_files_are_such_names() {
        let own = unpublished(Path::new("x/state.json"));
        assert!(is_unpublished(own.file_name().unwrap()));
        for other in [
            "state.json",
            ".part",
            ".1.part",
            ".a.part",
            "a.1.part",
            ".a.x.part",
        ] {
            assert!(!is_unpublished(OsStr::new(other)), "{other}");
        }
    }

    #[test]
    fn a_failure_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taken");
        fs::create_dir_all(path.join("full")).unwrap();
        assert!(write_atomically(&path, b"one").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
