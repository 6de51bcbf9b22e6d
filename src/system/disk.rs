//! What a folder's filesystem is, and what is left of it.

use std::io;
use std::path::Path;

use serde::Serialize;

/// How full a filesystem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Space {
    /// Bytes that may still be written.
    pub free_bytes: u64,
    pub total_bytes: u64,
    /// Files that may still be made; none where the filesystem does not count them.
    pub free_files: Option<u64>,
}

/// What kind of filesystem something lies on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filesystem {
    /// One that keeps names, renames and syncs as antiphon needs them.
    Sound(&'static str),
    /// On another machine, or behind a program.
    Remote(&'static str),
    /// Of the FAT family: no rights, no links, names in any case are the same.
    Fat(&'static str),
    /// In memory: gone after a restart.
    Memory(&'static str),
    /// One whose number is not known here.
    Unknown(u64),
}

/// How full the filesystem of `path` is.
#[cfg(unix)]
pub fn space(path: &Path) -> io::Result<Space> {
    let filesystem = rustix::fs::statvfs(path)?;
    let bytes = |blocks: u64| blocks.saturating_mul(filesystem.f_frsize);
    Ok(Space {
        free_bytes: bytes(filesystem.f_bavail),
        total_bytes: bytes(filesystem.f_blocks),
        // Filesystems that make room for files as they come count none at all.
        free_files: (filesystem.f_files > 0).then_some(filesystem.f_favail),
    })
}

/// How full the filesystem of `path` is.
#[cfg(not(unix))]
pub fn space(_path: &Path) -> io::Result<Space> {
    Err(io::ErrorKind::Unsupported.into())
}

/// What kind of filesystem `path` lies on.
#[cfg(target_os = "linux")]
pub fn kind(path: &Path) -> io::Result<Filesystem> {
    // Numbers of 32 bits, in words of either sign.
    let number = rustix::fs::statfs(path)?.f_type as u64 & 0xffff_ffff;
    Ok(kind_of(number))
}

/// Whether all who write the file do it on this machine, as far as is known.
#[cfg(target_os = "linux")]
pub fn is_local(file: &std::fs::File) -> bool {
    let number = rustix::fs::fstatfs(file).map(|system| system.f_type as u64 & 0xffff_ffff);
    number.is_ok_and(|number| !matches!(kind_of(number), Filesystem::Remote(_)))
}

/// What kind of filesystem `path` lies on.
#[cfg(not(target_os = "linux"))]
pub fn kind(_path: &Path) -> io::Result<Filesystem> {
    Err(io::ErrorKind::Unsupported.into())
}

/// The kinds by the numbers of statfs(2).
#[cfg(target_os = "linux")]
fn kind_of(number: u64) -> Filesystem {
    match number {
        0xef53 => Filesystem::Sound("ext"),
        0x5846_5342 => Filesystem::Sound("XFS"),
        0x9123_683e => Filesystem::Sound("Btrfs"),
        0x2fc1_2fc1 => Filesystem::Sound("ZFS"),
        0xf2f5_2010 => Filesystem::Sound("F2FS"),
        0x794c_7630 => Filesystem::Sound("overlay"),
        0x6969 => Filesystem::Remote("NFS"),
        0xff53_4d42 | 0xfe53_4d42 | 0x517b => Filesystem::Remote("SMB"),
        0x00c3_6400 => Filesystem::Remote("Ceph"),
        0x0102_1997 => Filesystem::Remote("9P"),
        0x6573_5546 => Filesystem::Remote("FUSE"),
        0x4d44 => Filesystem::Fat("FAT"),
        0x2011_bab0 => Filesystem::Fat("exFAT"),
        0x5346_544e | 0x7366_746e => Filesystem::Fat("NTFS"),
        0x0102_1994 | 0x8584_58f6 => Filesystem::Memory("memory"),
        other => Filesystem::Unknown(other),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_room_and_what_is_missing_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let space = space(folder.path()).unwrap();
        assert!(space.free_bytes > 0 && space.free_bytes <= space.total_bytes);
        assert!(super::space(&folder.path().join("missing")).is_err());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn kinds_that_lose_work_are_told_from_those_that_do_not() {
        assert_eq!(kind_of(0xef53), Filesystem::Sound("ext"));
        assert_eq!(kind_of(0x4d44), Filesystem::Fat("FAT"));
        assert_eq!(kind_of(0xff53_4d42), Filesystem::Remote("SMB"));
        assert_eq!(kind_of(7), Filesystem::Unknown(7));
        assert!(matches!(
            kind(Path::new("/proc")).unwrap(),
            Filesystem::Unknown(_)
        ));
    }
}
