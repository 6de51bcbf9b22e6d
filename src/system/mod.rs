//! What the standard library does not ask of the operating system.

pub mod clock;
pub mod disk;
pub mod load;
pub mod memory;
pub mod network;
pub mod processor;
pub mod stamp;
pub mod writers;

use std::io;
use std::path::Path;

/// Renames the file or folder `from` to `to` within a filesystem, and never replaces
/// anything.
///
/// # Errors
///
/// [`io::ErrorKind::AlreadyExists`] where something stands at `to`; others as
/// of [`std::fs::rename`].
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
pub fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // Filesystems that do not know the flag: some of networks, some of FUSE.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => rename_by_link(from, to),
        renamed => Ok(renamed?),
    }
}

/// The same where the system has no such call.
#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
pub fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    rename_by_link(from, to)
}

/// A second name, then one name less: a hard link never replaces anything.
/// Where there are no hard links either, as of folders, a look has to do; a folder that
/// appears in the very moment after it is replaced only if it is empty.
fn rename_by_link(from: &Path, to: &Path) -> io::Result<()> {
    match std::fs::hard_link(from, to) {
        Ok(()) => std::fs::remove_file(from),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(error),
        Err(_) if to.symlink_metadata().is_ok() => Err(io::ErrorKind::AlreadyExists.into()),
        Err(_) => std::fs::rename(from, to),
    }
}

/// Which file this is, whatever it is called: its filesystem and its number there.
#[cfg(unix)]
pub fn identity(metadata: &std::fs::Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

/// All files are taken for the same.
#[cfg(not(unix))]
pub fn identity(_metadata: &std::fs::Metadata) -> (u64, u64) {
    (0, 0)
}

/// Whether parts of `file` were never written, though its length says that they
/// are there.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "macos"))]
pub fn has_holes(file: &std::fs::File) -> bool {
    use rustix::fs::{SeekFrom, seek};
    // The end of a file counts as the beginning of a hole. An error means that
    // the filesystem does not tell.
    let length = file.metadata().map(|metadata| metadata.len());
    let hole = seek(file, SeekFrom::Hole(0));
    matches!((hole, length), (Ok(hole), Ok(length)) if hole < length)
}

/// No other system tells.
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "macos")))]
pub fn has_holes(_file: &std::fs::File) -> bool {
    false
}

/// Lets other programs go first, up to `niceness`, from 0 to 19; a process that
/// was begun with more keeps it.
///
/// # Errors
///
/// When the system refuses.
#[cfg(unix)]
pub fn be_nice(niceness: i32) -> io::Result<()> {
    let now = rustix::process::getpriority_process(None)?;
    rustix::process::nice((niceness - now).max(0))?;
    Ok(())
}

/// Does nothing.
#[cfg(not(unix))]
pub fn be_nice(_niceness: i32) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rename_replaces_nothing() {
        for rename in [rename_new, rename_by_link] {
            let folder = tempfile::tempdir().unwrap();
            let [a, b] = ["a", "b"].map(|name| folder.path().join(name));
            std::fs::write(&a, "a").unwrap();
            rename(&a, &b).unwrap();
            assert!(!a.exists());
            std::fs::write(&a, "another").unwrap();
            let refused = rename(&a, &b).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
            assert_eq!(std::fs::read_to_string(&b).unwrap(), "a");
            assert_eq!(std::fs::read_to_string(&a).unwrap(), "another");
            let [full, other] = ["full", "other"].map(|name| folder.path().join(name));
            for of in [&full, &other] {
                std::fs::create_dir(of).unwrap();
            }
            std::fs::write(full.join("a"), "a").unwrap();
            for taken in [&b, &other] {
                let refused = rename(&full, taken).unwrap_err();
                assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
            }
            let moved = folder.path().join("moved");
            rename(&full, &moved).unwrap();
            assert!(moved.join("a").exists() && !full.exists());
            let missing = rename(&folder.path().join("c"), &folder.path().join("d"));
            assert_eq!(missing.unwrap_err().kind(), io::ErrorKind::NotFound);
        }
    }
}
