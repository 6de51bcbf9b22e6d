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
/// [`io::ErrorKind::AlreadyExists`] where something stands at `to`;
/// [`io::ErrorKind::Unsupported`] where the filesystem or the system cannot do that in one
/// step; others as of [`std::fs::rename`].
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
pub fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // Filesystems that do not know the flag: some of networks, some of FUSE.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => Err(io::ErrorKind::Unsupported.into()),
        renamed => Ok(renamed?),
    }
}

/// No other system has such a call.
#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
pub fn rename_new(_from: &Path, _to: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Whether `a` and `b` are there and are two names of one file.
#[cfg(unix)]
pub fn is_same_file(a: &Path, b: &Path) -> bool {
    let of = |path: &Path| path.symlink_metadata().map(|it| identity(&it)).ok();
    of(a).is_some_and(|it| Some(it) == of(b))
}

/// Nothing is known of that.
#[cfg(not(unix))]
pub fn is_same_file(_a: &Path, _b: &Path) -> bool {
    false
}

/// How many names the file `path` has, if the system tells.
#[cfg(unix)]
pub fn names_of(path: &Path) -> Option<u64> {
    use std::os::unix::fs::MetadataExt;
    path.symlink_metadata()
        .ok()
        .map(|metadata| metadata.nlink())
}

/// Nothing is known of that.
#[cfg(not(unix))]
pub fn names_of(_path: &Path) -> Option<u64> {
    None
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
