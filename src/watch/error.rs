//! What is wrong with the folders, for whoever has to mend it.

use std::io;
use std::path::{Path, PathBuf};

/// What the folders will not let us do.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    #[error("cannot {what} {}: {cause}; check the folder's permissions and its disk", path.display())]
    Folder {
        what: &'static str,
        path: PathBuf,
        cause: io::Error,
    },
    #[error("another antiphon watches {}; stop it first, or give this one another --root", path.display())]
    Locked { path: PathBuf },
    #[error(
        "the disk of {} knows no locks ({cause}), which keep two antiphons from one folder; have it \
         mounted with them (NFS: with its lock service, or with local_lock=all where this computer \
         alone watches), or choose another --root", path.display()
    )]
    NoLocks { path: PathBuf, cause: io::Error },
    #[error(
        "the voice {voice} would answer into predictions/{voice}/, which is a set; call the voice \
         otherwise, or the set"
    )]
    VoiceIsSet { voice: String },
    #[error("{} is gone from seeds/ before it could be claimed", name.display())]
    Gone { name: PathBuf },
    #[error(
        "{} is not there, or antiphon has never used it: a disk may be not mounted; mount it, or \
         make the folder again", path.display()
    )]
    Missing { path: PathBuf },
    #[error(
        "{} is another folder than before, on another disk: the right one may be not mounted; \
         mount it, or start antiphon again to use this one", path.display()
    )]
    Replaced { path: PathBuf },
    #[error(
        "a file cannot be moved from {from}/ to {to}/ in {}: one of them is a link or a mount to \
         another disk; let all of the folder lie on one disk, without links or mounts inside",
        root.display()
    )]
    OtherFilesystem {
        root: PathBuf,
        from: String,
        to: String,
    },
    #[error(
        "less than {floor} MB are free on the disk of {}; make room", path.display()
    )]
    NoSpace { path: PathBuf, floor: u64 },
}

/// An error of `what` was tried with `path`.
pub(super) fn failed_to<'a>(
    what: &'static str,
    path: &'a Path,
) -> impl Fn(io::Error) -> SpoolError + 'a {
    move |cause| SpoolError::Folder {
        what,
        path: path.to_owned(),
        cause,
    }
}
