//! The folder: that it is there, takes files, and will go on taking them.

use std::fs::{self, Metadata};
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::Finding;
use super::voices::{self, CheckVoice};
use crate::files;
use crate::status::{Silence, Status};
use crate::system::disk::{self, Filesystem};
use crate::watch::{FEW_DAYS, check_moves, folders};

/// Less room than this lasts for a few answers only.
const LITTLE_SPACE: u64 = 64 << 20;
/// Less than this may not last for an exhibition.
const SOME_SPACE: u64 = 2 << 30;
/// With room for fewer files than this it ends soon.
const LITTLE_FILES: u64 = 100;
/// With room for fewer than this it may not last for an exhibition.
const SOME_FILES: u64 = 10_000;
/// Files may be younger than the clock says, by as much as the clock of another
/// machine that wrote them may be ahead.
const DISAGREEMENT: Duration = Duration::from_secs(120);

/// Looks at the folder `root`, whose voices `check` tries.
pub fn examine(root: &Path, check: &CheckVoice) -> Vec<Finding> {
    let status = match Status::in_time(root) {
        Ok(status) => status,
        Err(error) => return vec![Finding::fail("folder", error.to_string())],
    };
    let missing: Vec<&str> = folders::ALL
        .into_iter()
        .filter(|name| !root.join(name).is_dir())
        .collect();
    if !missing.is_empty() {
        let text = format!(
            "{} lacks {}; start `antiphon watch` there once",
            root.display(),
            missing.join(", ")
        );
        return vec![Finding::fail("folder", text)];
    }
    let mut findings = vec![
        Finding::ok("folder", format!("{} is there", root.display())),
        daemon(&status),
    ];
    match writing(root) {
        // What cannot be written cannot be moved either, which is nothing new.
        Some(ill) => findings.push(ill),
        None => {
            findings.push(Finding::ok("writing", "every folder takes files"));
            findings.push(one_filesystem(root));
        }
    }
    findings.extend(voices::examine(root, PROBE, check));
    findings.extend([filesystem_kind(root), space(&status), file_times(root)]);
    findings
}

fn daemon(status: &Status) -> Finding {
    const WHAT: &str = "daemon";
    let counts = status.counts;
    let text = format!(
        "{} waiting, {} in work, {} done, {} failed",
        counts.waiting, counts.working, counts.done, counts.failed
    );
    match (status.running, &status.silence, &status.trouble) {
        (true, Some(silence), _) => Finding::fail(WHAT, silent(silence, &text)),
        (true, None, Some(trouble)) => Finding::fail(WHAT, format!("seeds wait: {trouble}")),
        (true, None, None) => Finding::ok(WHAT, format!("it runs: {text}")),
        (false, ..) if counts.waiting > 0 => {
            let text = format!("none runs, and seeds wait ({text}); start `antiphon watch`");
            Finding::warn(WHAT, text)
        }
        (false, ..) => Finding::ok(WHAT, format!("none runs now: {text}")),
    }
}

fn silent(silence: &Silence, counts: &str) -> String {
    let Silence {
        seconds, process, ..
    } = silence;
    format!(
        "it is there, and has not said for {seconds:.0} s that it works ({counts}): it was \
         stopped, or hangs, or its disk takes no files; end process {process} and start it again"
    )
}

/// Writes a file into each folder and takes it away again; what keeps it from that.
fn writing(root: &Path) -> Option<Finding> {
    for name in folders::ALL {
        let probe = root.join(name).join(PROBE);
        if let Err(error) = files::check_writable(&probe) {
            let text = format!(
                "{} takes no files ({error}); give it to the user that runs antiphon, and check \
                 that its disk is not mounted read-only",
                root.join(name).display()
            );
            return Some(Finding::fail("writing", text));
        }
    }
    None
}

/// A name that the watch passes over, in case it runs.
const PROBE: &str = ".antiphon-doctor";

/// Goes a file's way: answers and seeds move by renames, which is why nobody
/// ever sees half of one.
fn one_filesystem(root: &Path) -> Finding {
    const WHAT: &str = "one filesystem";
    match check_moves(root, PROBE) {
        Ok(()) => Finding::ok(WHAT, "files can be moved from folder to folder"),
        Err(error) => Finding::fail(WHAT, error.to_string()),
    }
}

fn filesystem_kind(root: &Path) -> Finding {
    const WHAT: &str = "filesystem";
    let Ok(kind) = disk::kind(root) else {
        return Finding::ok(WHAT, "this system does not tell its kind");
    };
    match kind {
        Filesystem::Sound(name) => Finding::ok(WHAT, format!("it is {name}")),
        Filesystem::Unknown(number) => Finding::ok(
            WHAT,
            format!("of a kind that antiphon does not know ({number:#x})"),
        ),
        Filesystem::Remote(name) => Finding::warn(
            WHAT,
            format!(
                "it is {name}: others may write there without this machine being told, so \
                 that seeds are found by looking, a second later, and answers stop while the \
                 connection does; better a disk of this machine"
            ),
        ),
        Filesystem::Fat(name) => Finding::warn(
            WHAT,
            format!(
                "it is {name}: it may lose files when the power goes, and takes few \
                 names; better ext4, or what else this system is installed on"
            ),
        ),
        Filesystem::Memory(name) => Finding::warn(
            WHAT,
            format!("it is in {name}: sounds are gone after a restart; choose a folder on a disk"),
        ),
    }
}

fn space(status: &Status) -> Finding {
    const WHAT: &str = "space";
    let Some(space) = status.space else {
        return Finding::ok(WHAT, "this system does not tell how much is left");
    };
    let gigabytes = space.free_bytes as f64 / 1e9;
    let files = space
        .free_files
        .map_or(String::new(), |n| format!(" and {n} files"));
    let mut room = format!("room for {gigabytes:.1} GB{files}");
    if let Some(forecast) = status.forecast {
        room += &format!(": {forecast}");
    }
    let is_full_soon = status
        .forecast
        .is_some_and(|forecast| forecast.is_within(FEW_DAYS));
    let fewest = space.free_files.unwrap_or(u64::MAX);
    if space.free_bytes < LITTLE_SPACE || fewest < LITTLE_FILES {
        Finding::fail(WHAT, format!("{room}: clear the disk"))
    } else if space.free_bytes < SOME_SPACE || fewest < SOME_FILES {
        let text = format!("{room}: it may not last; ten seconds of answer take 0.4 MB");
        Finding::warn(WHAT, text)
    } else if is_full_soon {
        let text = format!(
            "{room}; clear the disk, or have antiphon keep the newest predictions only, with \
             --keep-predictions or --keep-predictions-bytes"
        );
        Finding::warn(WHAT, text)
    } else {
        Finding::ok(WHAT, room)
    }
}

/// A clock that was set back, or never set, puts new files before old ones.
fn file_times(root: &Path) -> Finding {
    const WHAT: &str = "file times";
    let newest = folders::ALL
        .iter()
        .filter_map(|name| newest_in(&root.join(name)))
        .max();
    let ahead = newest.and_then(|time| time.duration_since(SystemTime::now()).ok());
    match ahead.filter(|ahead| *ahead > DISAGREEMENT) {
        Some(ahead) => Finding::warn(
            WHAT,
            format!(
                "a file is {:.0} minutes younger than the clock says; set the clock, or let it be \
                 set by the network (`timedatectl set-ntp true`)",
                ahead.as_secs_f64() / 60.0
            ),
        ),
        None => Finding::ok(WHAT, "no file is from the future"),
    }
}

fn newest_in(folder: &Path) -> Option<SystemTime> {
    let modified = |metadata: Metadata| metadata.modified().ok();
    let entries = fs::read_dir(folder).ok()?.filter_map(Result::ok);
    entries
        .filter_map(|entry| modified(entry.metadata().ok()?))
        .max()
}
