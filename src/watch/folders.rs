//! Where everything is under a root. `ls` there is the status report.

use std::ffi::OsStr;

/// Where seeds are put.
pub const SEEDS: &str = "seeds";
/// Where predictions appear.
pub const PREDICTIONS: &str = "predictions";
/// Seeds that cannot be answered, with the reasons.
pub const FAILED: &str = "failed";
/// What voices there are, a JSON file each.
pub const VOICES: &str = "voices";
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

/// What the folder of a set ends in while it is made, or on its way out.
pub const SET_IN_THE_MAKING: &str = "set";

/// The number of the newest job: of failed ones nothing else keeps it.
pub const LAST_ID: &str = ".antiphon/last-id";
/// Seeds that were put back when a process went, in JSON.
pub const RETURNED: &str = ".antiphon/returned.json";
/// Which seeds in [`FAILED`] were for voices, in JSON.
pub const FAILED_VOICES: &str = ".antiphon/failed-voices.json";
/// What became of the last jobs, a line in JSON each.
pub const JOURNAL: &str = ".antiphon/journal.jsonl";

/// What only the daemon knows, in JSON.
pub const STATE: &str = ".antiphon/state.json";

/// When seeds had to wait for the machine, in JSON.
pub const TROUBLES: &str = ".antiphon/troubles.json";

/// How much was delivered on each of the last days, in JSON.
pub const PACE: &str = ".antiphon/pace.json";

/// When the daemon last said that it works, in JSON.
pub const BEAT: &str = ".antiphon/beat.json";

/// Beside a seed in its job's folder: what is asked of its answer alone, in JSON.
pub const ASKED: &str = ".asked.json";
/// Beside a seed in its job's folder: a process has begun to answer it.
pub const ATTEMPT: &str = ".attempt-";

/// All that hold files of jobs.
pub const ALL: [&str; 6] = [SEEDS, PREDICTIONS, FAILED, WORK, TMP, DONE];

/// The number of the job that a name in [`WORK`] or [`DONE`] belongs to: 12, of
/// `000012`, `000012-VOICE` and `000012-NAME.wav`.
pub fn job_of(name: &OsStr) -> Option<i32> {
    name.to_string_lossy().split('-').next()?.parse().ok()
}

/// What a job's folder in [`WORK`] is called.
pub fn name_of_job(id: i32, voice: Option<&str>) -> String {
    match voice {
        Some(voice) => format!("{id:06}-{voice}"),
        None => format!("{id:06}"),
    }
}

/// The voice of the job whose folder in [`WORK`] has this name, if it is not the
/// default one.
pub fn voice_of_job(name: &OsStr) -> Option<&str> {
    let (_, voice) = name.to_str()?.split_once('-')?;
    Some(voice).filter(|voice| !voice.is_empty())
}
