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
/// Some disks of networks cannot do that in one step. A process that dies in the middle, or
/// an error there, leaves both names, of one file (see [`has_two_names`]): the same call again
/// brings it to its end.
///
/// # Errors
///
/// [`io::ErrorKind::AlreadyExists`] where something stands.
pub fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    mishap::at("rename", to)?;
    let renamed = match mishap::is_disk_simple() {
        true => Err(io::ErrorKind::Unsupported.into()),
        false => system::rename_new(from, to),
    };
    match renamed {
        Err(error) if error.kind() == io::ErrorKind::Unsupported => rename_by_link(from, to),
        renamed => renamed,
    }
}

/// A second name, then one name less: a hard link never replaces anything.
/// Where there are no hard links either, as of folders, a look has to do; a folder that
/// appears in the very moment after it is replaced only if it is empty.
fn rename_by_link(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        // After an error it is not known whether the first name is there: both stay.
        Ok(()) => remove(from),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(error),
        // An earlier call that did not come to its end, or a disk whose answer got lost.
        Err(_) if system::is_same_file(from, to) => remove(from),
        Err(_) if to.symlink_metadata().is_ok() => Err(io::ErrorKind::AlreadyExists.into()),
        Err(_) => fs::rename(from, to),
    }
}

/// Whether `a` and `b` are the two names, and the only ones, of one file: a move from one to
/// the other was left in the middle. Of files that somebody gives more names nothing is said.
pub fn has_two_names(a: &Path, b: &Path) -> bool {
    system::is_same_file(a, b) && system::names_of(a) == Some(2)
}

/// What the system knows of the file `path`.
pub fn look_at(path: &Path) -> io::Result<fs::Metadata> {
    mishap::at("look at", path)?;
    fs::metadata(path)
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

    #[inline(always)]
    pub fn is_disk_simple() -> bool {
        false
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
        /// The first number of operations succeed, the second fail; those after them succeed.
        Away(usize, usize),
        /// The operation after this many fails, and all after it.
        Killed(usize),
    }

    thread_local! {
        static NEXT: Cell<Option<Mishap>> = const { Cell::new(None) };
        static IS_DISK_SIMPLE: Cell<bool> = const { Cell::new(false) };
    }

    /// From now on the disk of this thread is or is not one that cannot be told to replace
    /// nothing.
    pub fn play_simple_disk(is_simple: bool) {
        IS_DISK_SIMPLE.set(is_simple);
    }

    pub fn is_disk_simple() -> bool {
        IS_DISK_SIMPLE.get()
    }

    /// Has `mishap` happen on this thread.
    pub fn prepare(mishap: Mishap) {
        NEXT.set(Some(mishap));
    }

    /// Nothing happens any more; whether it has happened.
    pub fn clear() -> bool {
        !matches!(
            NEXT.take(),
            Some(Mishap::Refused(_) | Mishap::Away(1.., _) | Mishap::Killed(1..))
        )
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
            Some(Mishap::Refused(0) | Mishap::Away(0, 0..=1)) => {
                NEXT.set(None);
                refused()
            }
            Some(Mishap::Away(0, times)) => {
                NEXT.set(Some(Mishap::Away(0, times - 1)));
                refused()
            }
            Some(Mishap::Away(n, times)) => {
                NEXT.set(Some(Mishap::Away(n - 1, times)));
                Ok(())
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
    fn a_rename_replaces_nothing() {
        for is_disk_simple in [false, true] {
            mishap::play_simple_disk(is_disk_simple);
            let folder = tempfile::tempdir().unwrap();
            let [a, b] = ["a", "b"].map(|name| folder.path().join(name));
            fs::write(&a, "a").unwrap();
            rename_new(&a, &b).unwrap();
            assert!(!a.exists());
            fs::write(&a, "another").unwrap();
            let refused = rename_new(&a, &b).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
            assert_eq!(fs::read_to_string(&b).unwrap(), "a");
            assert_eq!(fs::read_to_string(&a).unwrap(), "another");
            let [full, other] = ["full", "other"].map(|name| folder.path().join(name));
            for of in [&full, &other] {
                fs::create_dir(of).unwrap();
            }
            fs::write(full.join("a"), "a").unwrap();
            for taken in [&b, &other] {
                let refused = rename_new(&full, taken).unwrap_err();
                assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
            }
            let moved = folder.path().join("moved");
            rename_new(&full, &moved).unwrap();
            assert!(moved.join("a").exists() && !full.exists());
            let missing = rename_new(&folder.path().join("c"), &folder.path().join("d"));
            assert_eq!(missing.unwrap_err().kind(), io::ErrorKind::NotFound);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_move_that_was_left_in_the_middle_is_brought_to_its_end() {
        mishap::play_simple_disk(true);
        let folder = tempfile::tempdir().unwrap();
        let [a, b] = ["a", "b"].map(|name| folder.path().join(name));
        fs::write(&a, "a").unwrap();
        assert!(!has_two_names(&a, &b));
        // Refused or killed between the two steps.
        mishap::prepare(mishap::Mishap::Refused(1));
        assert!(rename_new(&a, &b).is_err());
        mishap::clear();
        assert!(has_two_names(&a, &b));
        rename_new(&a, &b).unwrap();
        assert!(!a.exists());
        assert_eq!(fs::read_to_string(&b).unwrap(), "a");
    }

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
