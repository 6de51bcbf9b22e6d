//! Processes that outlive whoever began them: trainings and answers are antiphon's own
//! commands, and what they say goes into a log.
//!
//! The log is locked for as long as its process lives, by the process itself: whoever looks
//! at the folder later sees whether it still runs, whatever has become of the server.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use crate::files;

/// Of a log that much is looked at, from its end.
const TAIL: u64 = 8 * 1024;
/// Lines of a log that are shown.
const LINES: usize = 20;

/// How antiphon is called.
#[derive(Clone, Debug)]
pub struct Program {
    /// The executable.
    pub path: PathBuf,
}

impl Program {
    /// Begins `antiphon ARGUMENTS` in `folder`; what it says goes into `log`, and `then` is
    /// called when it has ended.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn begin(
        &self,
        arguments: &[OsString],
        folder: &Path,
        log: &Path,
        then: impl FnOnce() + Send + 'static,
    ) -> io::Result<()> {
        // It has its name from when it is locked on: a log that is not is that of the dead.
        let part = files::unpublished(log);
        let file = File::create(&part)?;
        // Filesystems that lock nothing keep nobody from anything.
        let _ = file.try_lock();
        fs::rename(&part, log)?;
        let mut command = Command::new(&self.path);
        command
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .env("NO_COLOR", "1");
        // Ctrl-C at the server's terminal is not meant for it.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let child = command.spawn();
        // What the command holds of the log would keep it locked.
        drop(command);
        let mut child = child?;
        fs::write(pid_file(log), child.id().to_string())?;
        thread::spawn(move || {
            let _ = child.wait();
            then();
        });
        Ok(())
    }
}

/// Whether the process whose log this is still runs.
pub fn is_running(log: &Path) -> bool {
    let file = File::open(log);
    // Shared, so that two who look are not in each other's way.
    file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// Ends the process whose log this is, as Ctrl-C does; false where it has ended already.
///
/// # Errors
///
/// Those of the system.
pub fn stop(log: &Path) -> io::Result<bool> {
    if !is_running(log) {
        return Ok(false);
    }
    // The lock says that it lives, so that its number is nobody else's.
    let pid = fs::read_to_string(pid_file(log))?;
    let pid: i32 = pid.trim().parse().map_err(io::Error::other)?;
    signal(pid)?;
    Ok(true)
}

#[cfg(unix)]
fn signal(pid: i32) -> io::Result<()> {
    use rustix::process::{Pid, Signal, kill_process};
    let pid = Pid::from_raw(pid).ok_or(io::ErrorKind::InvalidData)?;
    Ok(kill_process(pid, Signal::TERM)?)
}

#[cfg(not(unix))]
fn signal(pid: i32) -> io::Result<()> {
    let ended = Command::new("taskkill")
        .args(["/F", "/PID", &pid.to_string()])
        .status()?;
    match ended.success() {
        true => Ok(()),
        false => Err(io::Error::other("taskkill failed")),
    }
}

fn pid_file(log: &Path) -> PathBuf {
    log.with_extension("pid")
}

/// Removes a log and what belongs to it.
pub fn remove_log(log: &Path) {
    let _ = fs::remove_file(pid_file(log));
    let _ = fs::remove_file(log);
}

/// The last lines of a log.
pub fn tail(log: &Path) -> String {
    let read = || -> io::Result<Vec<u8>> {
        let mut file = File::open(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
        let mut bytes = Vec::new();
        file.take(TAIL).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}

/// Why the process failed, as its log's last line says; none where it does not say.
pub fn failure(log: &Path) -> Option<String> {
    let tail = tail(log);
    let last = tail.lines().rfind(|line| !line.trim().is_empty())?;
    last.strip_prefix("antiphon: ").map(str::to_owned)
}
