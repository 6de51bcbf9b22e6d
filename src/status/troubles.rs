//! The last troubles of a folder's daemon, of this one and of those before.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::files;
use crate::watch::folders;

/// So many are remembered,
const MOST: usize = 20;
/// and those for so long that have passed.
const REMEMBERED: Duration = Duration::from_secs(7 * 86_400);
/// Letters of a reason that are kept.
const LONGEST: usize = 500;

/// A time in which the machine lacked something, and seeds waited.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trouble {
    /// When it began, in seconds since 1970.
    pub from: f64,
    /// When it had passed; none while it goes on, or where nobody has watched since.
    pub until: Option<f64>,
    /// What was lacking, in a sentence.
    pub what: String,
}

/// The last of them, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Troubles(Vec<Trouble>);

impl Troubles {
    /// As they were written down under `root`; none where none were.
    pub fn read(root: &Path) -> Troubles {
        let text = fs::read(root.join(folders::TROUBLES)).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// Writes them down under `root`. They are nothing that has to outlive a crash.
    ///
    /// # Errors
    ///
    /// Those of the disk.
    pub fn write(&self, root: &Path) -> io::Result<()> {
        files::replace(&root.join(folders::TROUBLES), &serde_json::to_vec(self)?)
    }

    /// Notes that `trouble` is there at `now`, or none; whether that is news. One that an
    /// earlier daemon had, and that is still there, goes on.
    pub fn note(&mut self, trouble: Option<&str>, now: SystemTime) -> bool {
        let what: Option<String> = trouble.map(|what| what.chars().take(LONGEST).collect());
        let now = now.duration_since(SystemTime::UNIX_EPOCH);
        let now = now.unwrap_or_default().as_secs_f64();
        let open = self.0.last().filter(|last| last.until.is_none());
        if open.map(|open| &open.what) == what.as_ref() {
            return false;
        }
        for passed in self.0.iter_mut().filter(|one| one.until.is_none()) {
            passed.until = Some(now);
        }
        self.0.extend(what.map(|what| Trouble {
            from: now,
            until: None,
            what,
        }));
        let since = now - REMEMBERED.as_secs_f64();
        self.0
            .retain(|one| one.until.is_none_or(|until| until >= since));
        self.0.drain(..self.0.len().saturating_sub(MOST));
        true
    }

    /// All of them, the oldest first.
    pub fn into_list(self) -> Vec<Trouble> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn trouble(from: f64, until: Option<f64>, what: &str) -> Trouble {
        Trouble {
            from,
            until,
            what: what.to_owned(),
        }
    }

    #[test]
    fn what_begins_and_passes_is_news_and_what_goes_on_is_none() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(folders::HIDDEN)).unwrap();
        let mut troubles = Troubles::read(folder.path());
        assert!(!troubles.note(None, at(1)));
        assert!(troubles.note(Some("full"), at(10)));
        assert!(!troubles.note(Some("full"), at(11)));
        troubles.write(folder.path()).unwrap();
        // Another daemon finds the same.
        let mut troubles = Troubles::read(folder.path());
        assert!(!troubles.note(Some("full"), at(60)));
        assert!(troubles.note(Some("read-only"), at(70)));
        assert!(troubles.note(None, at(80)));
        assert!(!troubles.note(None, at(81)));
        let expected = [
            trouble(10.0, Some(70.0), "full"),
            trouble(70.0, Some(80.0), "read-only"),
        ];
        assert_eq!(troubles.into_list(), expected);
    }

    #[test]
    fn the_last_twenty_of_a_week_are_remembered() {
        let mut troubles = Troubles::default();
        for n in 0..50 {
            troubles.note(Some(&n.to_string()), at(100 * n));
        }
        assert_eq!(troubles.0.len(), MOST);
        assert_eq!(troubles.0[0].what, "30");
        let week = REMEMBERED.as_secs();
        troubles.note(None, at(week + 4000));
        let from: Vec<i32> = troubles
            .0
            .iter()
            .map(|one| one.what.parse().unwrap())
            .collect();
        assert_eq!(from, (39..50).collect::<Vec<i32>>());
        troubles.note(Some(&"\u{1}".repeat(600)), at(week + 4001));
        assert_eq!(troubles.0.last().unwrap().what.chars().count(), LONGEST);
    }
}
