//! Where everything is under a root. `ls` there is the status report.

use std::ffi::OsStr;
use std::path::Path;

/// Where seeds are put.
pub const SEEDS: &str = "seeds";
/// Where predictions appear.
pub const PREDICTIONS: &str = "predictions";
/// Seeds that cannot be answered, with the reasons.
pub const FAILED: &str = "failed";
/// Everything that nobody need look at.
pub const HIDDEN: &str = ".antiphon";
/// Claimed seeds, each in a folder of its own.
pub const WORK: &str = ".antiphon/work";
/// Files that are being written.
pub const TMP: &str = ".antiphon/tmp";
/// Answered seeds.
pub const DONE: &str = ".antiphon/done";
/// Locked by whoever watches.
pub const LOCK: &str = ".antiphon/lock";
/// Says that antiphon has used this root, and which it is.
pub const MARKER: &str = ".antiphon/marker";

/// What only the daemon knows, in JSON.
pub const STATE: &str = ".antiphon/state.json";

/// Beside a seed in its job's folder: a process has begun to answer it.
pub const ATTEMPT: &str = ".attempt-";

/// All that hold files of jobs.
pub const ALL: [&str; 6] = [SEEDS, PREDICTIONS, FAILED, WORK, TMP, DONE];

/// Endings of names under which programs keep what is not whole yet.
const PARTIAL: [&str; 16] = [
    "part",
    "partial",
    "crdownload",
    "download",
    "opdownload",
    "filepart",
    "tmp",
    "temp",
    "aria2",
    "!ut",
    "!qb",
    "!bt",
    "bc!",
    "dlpart",
    "incomplete",
    "swp",
];

/// Endings of names under which they keep what was there before, or nothing.
const ASIDE: [&str; 6] = ["bak", "bkp", "old", "orig", "lock", "lck"];

/// Names of what systems leave in any folder that is looked at.
const LITTER: [&str; 5] = [
    "thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "icon\r",
    "$recycle.bin",
];

/// Whether a name in these folders is nobody's seed and no answer: hidden, a
/// system's litter, or by its name not whole yet.
pub fn is_ignored(name: &OsStr) -> bool {
    let is_partial = is_partial(name);
    let name = name.to_string_lossy().to_lowercase();
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    // `~$`, `~syncthing~` and the like in front, a backup's `~` behind.
    name.starts_with(['.', '~'])
        || name.ends_with('~')
        || (name.starts_with('#') && name.ends_with('#'))
        || is_partial
        || ending.is_some_and(|ending| ASIDE.contains(&ending))
        || LITTER.contains(&name.as_str())
}

/// Whether a name says that its file is not whole yet.
pub fn is_partial(name: &OsStr) -> bool {
    let ending = Path::new(name)
        .extension()
        .map(|e| e.to_string_lossy().to_lowercase());
    ending.is_some_and(|ending| PARTIAL.contains(&ending.as_str()))
}

/// The number of the job that a name in [`WORK`] or [`DONE`] belongs to: 12, of
/// `000012` and `000012-NAME.wav`.
pub fn job_of(name: &OsStr) -> Option<i32> {
    name.to_string_lossy().split('-').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_other_programs_leave_beside_sounds_is_ignored() {
        let names = [
            ".hidden.wav",
            "._take.wav",
            ".take.wav.Xa81bc",
            "take.wav.part",
            "take.wav.partial",
            "take.wav.crdownload",
            "take.wav.filepart",
            "~syncthing~take.wav.tmp",
            "take.wav~",
            "#take.wav#",
            "~$take.wav",
            "Thumbs.db",
            "desktop.ini",
            "Icon\r",
            "take.wav.BAK",
        ];
        for name in names {
            assert!(is_ignored(OsStr::new(name)), "{name}");
        }
        for name in [
            "take.wav",
            "part.wav",
            "tmp",
            "take ~ 2.wav",
            "old.take.aif",
            "#1.wav",
        ] {
            assert!(!is_ignored(OsStr::new(name)), "{name}");
        }
    }
}
