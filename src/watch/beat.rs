//! The daemon's beat: a word each second that it looks at the folder, for whoever asks how
//! things stand. A lock says only that a process is there, which may be stopped or hang.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::folders;
use crate::files;
use crate::system::clock;

/// What a beat's text is filled up to: each is written over the one before, which needs no
/// room on a full disk.
const LENGTH: usize = 4000;
/// Of trouble so much is told, which fits in, however many bytes a character takes.
const LONGEST_TROUBLE: usize = 500;

/// What the daemon says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Beat {
    /// The number of its process.
    pub process: u32,
    /// Whether it opens the folder, and does not look at it so far.
    #[serde(default)]
    pub is_starting: bool,
    /// Why seeds wait, if they do.
    pub trouble: Option<String>,
    /// What its machine is called.
    host: Option<String>,
    /// How long that machine had been running, in seconds.
    uptime: Option<f64>,
    /// What its clock said, in seconds since 1970.
    clock: f64,
}

impl Beat {
    /// Of this process, now.
    pub fn now(trouble: Option<&str>) -> Beat {
        let clock = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Beat {
            process: std::process::id(),
            is_starting: false,
            trouble: trouble.map(|text| text.chars().take(LONGEST_TROUBLE).collect()),
            host: clock::host(),
            uptime: clock::uptime().map(|uptime| uptime.as_secs_f64()),
            clock: clock.unwrap_or_default().as_secs_f64(),
        }
    }

    /// Of this process, which begins to open the folder.
    pub fn first() -> Beat {
        Beat {
            is_starting: true,
            ..Beat::now(None)
        }
    }

    /// Writes it down under `root`. It is nothing that has to outlive a crash.
    ///
    /// # Errors
    ///
    /// Those of the disk.
    pub fn write(&self, root: &Path) -> io::Result<()> {
        let text = serde_json::to_string(self)?;
        files::overwrite(
            &root.join(folders::BEAT),
            format!("{text:<LENGTH$}\n").as_bytes(),
        )
    }

    /// The last one under `root`, if a daemon that beats has ever been there.
    pub fn read(root: &Path) -> Option<Beat> {
        serde_json::from_slice(&fs::read(root.join(folders::BEAT)).ok()?).ok()
    }

    /// How long ago it was.
    pub fn age(&self) -> Duration {
        self.age_at(&Beat::now(None))
    }

    /// By the time since the machine began, which nobody sets. Of another machine, or from
    /// before it began anew, there is only the clock.
    fn age_at(&self, now: &Beat) -> Duration {
        let clock = now.clock - self.clock;
        let seconds = match (self.uptime, now.uptime) {
            (Some(then), Some(now_up)) if self.host == now.host && then <= now_up => now_up - then,
            _ => clock,
        };
        Duration::try_from_secs_f64(seconds).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beat(host: &str, uptime: f64, clock: f64) -> Beat {
        Beat {
            host: Some(host.to_owned()),
            uptime: Some(uptime),
            clock,
            ..Beat::now(None)
        }
    }

    #[test]
    fn a_clock_that_jumps_makes_no_beat_older_or_younger() {
        let then = beat("here", 100.0, 50_000.0);
        for clock in [50_012.0, 0.0, 90_000.0] {
            let age = then.age_at(&beat("here", 112.0, clock));
            assert_eq!(age, Duration::from_secs(12));
        }
    }

    #[test]
    fn what_another_machine_wrote_or_this_one_before_it_began_is_told_by_the_clock() {
        let then = beat("here", 100.0, 50_000.0);
        for now in [beat("there", 112.0, 50_030.0), beat("here", 5.0, 50_030.0)] {
            assert_eq!(then.age_at(&now), Duration::from_secs(30));
        }
        let ahead = then.age_at(&beat("there", 112.0, 40_000.0));
        assert_eq!(ahead, Duration::ZERO);
    }

    #[test]
    fn a_short_beat_leaves_nothing_of_a_long_one() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(folders::HIDDEN)).unwrap();
        assert_eq!(Beat::read(folder.path()), None);
        // As many bytes as a text may take in JSON.
        let long = Beat::now(Some(&"\u{1}".repeat(1000)));
        for beat in [long, Beat::now(Some("the disk is full")), Beat::now(None)] {
            beat.write(folder.path()).unwrap();
            assert_eq!(Beat::read(folder.path()), Some(beat));
            let length = fs::metadata(folder.path().join(folders::BEAT)).unwrap();
            assert_eq!(length.len(), LENGTH as u64 + 1);
        }
    }
}
