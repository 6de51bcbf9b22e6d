//! Whether somebody has a file open for writing.
//!
//! Linux grants a read lease on a file (`fcntl(2)`, F_SETLEASE) exactly when no
//! process has it open for writing, through whatever name. It is given back at
//! once: whoever opens the file meanwhile waits for microseconds.
#![allow(unsafe_code)] // no crate that is used here asks for a lease

use std::fs::File;

/// Whether some process has `file` open for writing. `None` where the system
/// does not tell: other systems than Linux, filesystems of networks, whose
/// writers may be on other machines, and files of other users.
#[cfg(target_os = "linux")]
pub fn has_writer(file: &File) -> Option<bool> {
    use std::io::Error;
    use std::os::fd::AsRawFd;

    use libc::{EAGAIN, F_RDLCK, F_SETLEASE, F_UNLCK, SIGURG, c_int};

    /// Missing in libc for most targets; the same number on all of them.
    const F_SETSIG: c_int = 10;

    if !super::disk::is_local(file) {
        return None;
    }
    let ask = |command, argument: c_int| {
        // SAFETY: the descriptor is open for as long as `file` is borrowed, and
        // these commands take an int and touch no memory of ours.
        match unsafe { libc::fcntl(file.as_raw_fd(), command, argument) } {
            -1 => Err(Error::last_os_error().raw_os_error()),
            _ => Ok(()),
        }
    };
    // Whoever opens the file while the lease stands is announced by a signal:
    // SIGIO, which would end the process, unless another one is chosen. SIGURG is
    // ignored where nobody handles it.
    ask(F_SETSIG, SIGURG).ok()?;
    match ask(F_SETLEASE, F_RDLCK) {
        Ok(()) => {
            // What cannot be given back ends with the descriptor.
            let _ = ask(F_SETLEASE, F_UNLCK);
            Some(false)
        }
        Err(Some(EAGAIN)) => Some(true),
        Err(_) => None,
    }
}

/// No other system tells.
#[cfg(not(target_os = "linux"))]
pub fn has_writer(_file: &File) -> Option<bool> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_file_has_a_writer_until_the_last_one_has_closed_it() {
        let folder = tempfile::tempdir().unwrap();
        let [path, link] = ["a.wav", "link.wav"].map(|name| folder.path().join(name));
        let mut first = File::create(&path).unwrap();
        first.write_all(b"RIFF").unwrap();
        let reader = File::open(&path).unwrap();
        assert_eq!(has_writer(&reader), Some(true));
        // Through another name, and after the name is gone.
        std::fs::hard_link(&path, &link).unwrap();
        let second = File::options().append(true).open(&link).unwrap();
        drop(first);
        assert_eq!(has_writer(&reader), Some(true));
        std::fs::remove_file(&link).unwrap();
        assert_eq!(has_writer(&reader), Some(true));
        drop(second);
        assert_eq!(has_writer(&reader), Some(false));
        // Readers are no writers, and nothing is left behind for the next writer.
        let _other = File::open(&path).unwrap();
        assert_eq!(has_writer(&reader), Some(false));
        File::options().append(true).open(&path).unwrap();
    }

    #[test]
    fn somebody_who_opens_the_file_meanwhile_ends_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        std::fs::write(&path, "RIFF").unwrap();
        let reader = File::open(&path).unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..20_000 {
                    drop(File::options().append(true).open(&path).unwrap());
                }
            });
            for _ in 0..20_000 {
                assert!(has_writer(&reader).is_some());
            }
        });
    }
}
