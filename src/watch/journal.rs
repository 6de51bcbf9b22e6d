//! What became of the last jobs, so that a patch that was not there can be told. The
//! folders are the truth; without the journal a patch only has to look into them.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::{Event, folders};

/// Jobs that are remembered.
const MOST: usize = 1000;

/// How a job came to its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Entry {
    id: i32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    voice: Option<String>,
    #[serde(flatten)]
    end: End,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum End {
    Done {
        path: PathBuf,
        seconds: f64,
    },
    Set {
        path: PathBuf,
        variations: Vec<(PathBuf, f64)>,
    },
    Failed {
        reason: String,
    },
    Cancelled {},
    Skipped {
        name: String,
    },
}

/// The last jobs of a root, in the order in which they came to their ends.
pub struct Journal {
    file: PathBuf,
    kept: Mutex<Kept>,
}

struct Kept {
    entries: VecDeque<Entry>,
    /// How many stand in the file.
    lines: usize,
    /// The number of the newest job.
    newest: i32,
}

impl Journal {
    /// That of `root`, as an earlier process left it.
    pub fn open(root: &Path) -> Journal {
        let file = root.join(folders::JOURNAL);
        let text = fs::read(&file).unwrap_or_default();
        let lines: Vec<_> = text.split(|&byte| byte == b'\n').collect();
        let entries = lines
            .iter()
            .filter_map(|line| serde_json::from_slice(line).ok());
        let mut entries: VecDeque<Entry> = entries.collect();
        entries.drain(..entries.len().saturating_sub(MOST));
        Journal {
            file,
            kept: Mutex::new(Kept {
                entries,
                lines: lines.len(),
                newest: newest(root),
            }),
        }
    }

    /// Notes `event`, if it is the end of a job.
    pub fn note(&self, event: &Event) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Event::Seen { id, .. } = event {
            kept.newest = *id;
        }
        let Some(entry) = Entry::of(event) else {
            return;
        };
        // What is told again after a crash, or the same number in a folder that was made anew.
        kept.entries.retain(|known| known.id != entry.id);
        kept.entries.push_back(entry);
        if kept.entries.len() > MOST {
            kept.entries.pop_front();
        }
        // It is only a help, and is written again with the next.
        if let Err(error) = kept.write(&self.file) {
            tracing::debug!("cannot write {}: {error}", self.file.display());
        }
    }

    /// What became of the jobs after `id`; nothing of predictions that have been taken
    /// away since.
    pub fn since(&self, id: i32) -> Vec<Event> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let later = kept.entries.iter().filter(|entry| entry.id > id);
        let there = later.filter(|entry| match &entry.end {
            End::Done { path, .. } | End::Set { path, .. } => path.exists(),
            End::Failed { .. } | End::Cancelled {} | End::Skipped { .. } => true,
        });
        there.cloned().map(Entry::event).collect()
    }

    /// The number of the newest job, 0 before the first.
    pub fn newest(&self) -> i32 {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.newest
    }
}

/// As an earlier process noted it.
fn newest(root: &Path) -> i32 {
    let text = fs::read_to_string(root.join(folders::LAST_ID)).unwrap_or_default();
    text.trim().parse().unwrap_or(0)
}

impl Kept {
    /// Adds the last entry to `file`, or, where that has grown, writes it anew.
    fn write(&mut self, file: &Path) -> std::io::Result<()> {
        let last = self.entries.back().map(line).unwrap_or_default();
        if self.lines > 2 * MOST {
            let text: String = self.entries.iter().map(line).collect();
            crate::files::write_atomically(file, text.as_bytes())?;
            self.lines = self.entries.len();
            return Ok(());
        }
        self.lines += 1;
        let mut file = File::options().create(true).append(true).open(file)?;
        file.write_all(last.as_bytes())
    }
}

fn line(entry: &Entry) -> String {
    let mut line = serde_json::to_string(entry).unwrap_or_default();
    line.push('\n');
    line
}

impl Entry {
    fn of(event: &Event) -> Option<Entry> {
        let (voice, end) = match event.clone() {
            Event::Done {
                voice,
                path,
                seconds,
                ..
            } => (voice, End::Done { path, seconds }),
            Event::SetDone {
                voice,
                path,
                variations,
                ..
            } => (voice, End::Set { path, variations }),
            Event::Failed { voice, reason, .. } => (voice, End::Failed { reason }),
            Event::Cancelled { voice, .. } => (voice, End::Cancelled {}),
            Event::Skipped { voice, name, .. } => (voice, End::Skipped { name }),
            _ => return None,
        };
        let id = event.id()?;
        Some(Entry { id, voice, end })
    }

    fn event(self) -> Event {
        let Entry { id, voice, end } = self;
        match end {
            End::Done { path, seconds } => Event::Done {
                id,
                voice,
                path,
                seconds,
            },
            End::Set { path, variations } => Event::SetDone {
                id,
                voice,
                path,
                variations,
            },
            End::Failed { reason } => Event::Failed { id, voice, reason },
            End::Cancelled {} => Event::Cancelled { id, voice },
            End::Skipped { name } => Event::Skipped { id, voice, name },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(id: i32) -> Event {
        Event::Failed {
            id,
            voice: None,
            reason: "it is\ntwo lines".to_owned(),
        }
    }

    #[test]
    fn what_became_of_jobs_outlives_the_process() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir(root.join(folders::HIDDEN)).unwrap();
        let there = root.join("a.0001.wav");
        fs::write(&there, "a sound").unwrap();
        let done = |id, path: &Path| Event::Done {
            id,
            voice: Some("bells".to_owned()),
            path: path.to_owned(),
            seconds: 1.5,
        };
        let set = Event::SetDone {
            id: 4,
            voice: None,
            path: root.to_owned(),
            variations: vec![(there.clone(), 1.0)],
        };
        let cancelled = Event::Cancelled { id: 5, voice: None };
        let skipped = Event::Skipped {
            id: 6,
            voice: None,
            name: "a.wav".to_owned(),
        };
        let events = [
            failed(1),
            Event::Ready,
            done(2, &there),
            done(3, &root.join("gone.wav")),
            set.clone(),
            cancelled.clone(),
            skipped.clone(),
        ];
        let journal = Journal::open(root);
        assert_eq!(journal.newest(), 0);
        events.iter().for_each(|event| journal.note(event));
        let again = Journal::open(root);
        assert_eq!(again.since(1), [done(2, &there), set, cancelled, skipped]);
        assert_eq!(again.since(0)[0], failed(1));
        again.note(&failed(1));
        let told = again.since(0);
        assert_eq!(
            (told.len(), told.last()),
            (5, Some(&failed(1))),
            "each once"
        );
        assert_eq!(again.since(6), []);
    }

    #[test]
    fn only_the_last_are_kept_whatever_stands_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir(root.join(folders::HIDDEN)).unwrap();
        fs::write(root.join(folders::JOURNAL), "no JSON\n{}\n").unwrap();
        let journal = Journal::open(root);
        (1..=3000).for_each(|id| journal.note(&failed(id)));
        assert_eq!(journal.since(0).len(), MOST);
        let text = fs::read_to_string(root.join(folders::JOURNAL)).unwrap();
        assert!(text.lines().count() <= 2 * MOST + 1);
        assert_eq!(Journal::open(root).since(0), journal.since(0));
    }
}
