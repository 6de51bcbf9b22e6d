//! Which files in `seeds/` are complete.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::folders::is_ignored;
use crate::audio::header::{HeaderCheck, bytes_per_second, header_agrees_with_length};

/// A file is left alone for at least this long after its last change, unless
/// its writer is known to have closed it.
const SHORTEST_REST: Duration = Duration::from_millis(500);
/// The same for files whose header does not tell their byte rate.
const REST_OF_UNKNOWN: Duration = Duration::from_secs(2);
/// Complaints of things that are no files.
const MOST_REFUSED: usize = 1000;
/// What Pd writes at a time while it records.
const BLOCK_BYTES: f64 = 65536.0;

/// The folder's files and what was seen of them.
pub struct Inbox {
    folder: PathBuf,
    files: HashMap<OsString, Observation>,
    /// Links, folders, pipes and the like, which were complained of.
    refused: HashSet<OsString>,
    arrivals: u64,
}

struct Observation {
    length: u64,
    modified: Option<SystemTime>,
    unchanged_since: Instant,
    /// How long it must rest as it is now; not known before it has rested a little.
    rest: Option<Duration>,
    /// Its writer closed it, and nothing has changed since.
    closed: bool,
    /// It was reported as complete.
    reported: bool,
    arrival: u64,
}

impl Observation {
    fn new(metadata: &Metadata, arrival: u64) -> Observation {
        Observation {
            length: metadata.len(),
            modified: metadata.modified().ok(),
            unchanged_since: Instant::now(),
            rest: None,
            closed: false,
            reported: false,
            arrival,
        }
    }

    fn matches(&self, metadata: &Metadata) -> bool {
        self.length == metadata.len() && self.modified == metadata.modified().ok()
    }
}

impl Inbox {
    /// Of the folder `folder`, as if just opened.
    pub fn new(folder: &Path) -> Inbox {
        Inbox {
            folder: folder.to_owned(),
            files: HashMap::new(),
            refused: HashSet::new(),
            arrivals: 0,
        }
    }

    /// Notes that the writer of `name` closed it.
    pub fn closed(&mut self, name: &OsStr) {
        if !is_ignored(name)
            && let Some(metadata) = seed_metadata(&self.folder.join(name))
        {
            self.observe(name, &metadata).closed = true;
        }
    }

    /// Whether `name`, looked at through `metadata`, still is the file that was
    /// reported as complete: it may have been recorded over since.
    pub fn is_still_complete(&mut self, name: &OsStr, metadata: &Metadata) -> bool {
        self.files
            .get(name)
            .is_some_and(|file| file.reported && file.matches(metadata))
    }

    /// Forgets `name`, so that a new file of that name is a new seed.
    pub fn forget(&mut self, name: &OsStr) {
        self.files.remove(name);
    }

    /// Whether some file may still be growing.
    pub fn is_unsettled(&self) -> bool {
        self.files.values().any(|file| !file.reported)
    }

    /// Looks into the folder: the files that have become complete since the
    /// last look, in order of arrival, `most` at most.
    ///
    /// # Errors
    ///
    /// When the folder cannot be looked into.
    pub fn scan(&mut self, most: usize) -> std::io::Result<Vec<OsString>> {
        let mut present = Vec::new();
        for entry in std::fs::read_dir(&self.folder)? {
            let name = entry?.file_name();
            if is_ignored(&name) {
                continue;
            }
            match std::fs::symlink_metadata(self.folder.join(&name)) {
                Ok(metadata) if metadata.is_file() => present.push((name, metadata)),
                Ok(_) => self.refuse(name),
                // Gone since.
                Err(_) => {}
            }
        }
        // Of files found at the same look, the older arrived first.
        present.sort_by(|(name_a, a), (name_b, b)| {
            let time = |metadata: &Metadata| metadata.modified().ok();
            (time(a), name_a).cmp(&(time(b), name_b))
        });
        let names: HashSet<&OsString> = present.iter().map(|(name, _)| name).collect();
        self.files.retain(|name, _| names.contains(name));

        for (name, metadata) in &present {
            self.observe(name, metadata);
        }
        let mut candidates: Vec<(u64, &OsString)> = self
            .files
            .iter()
            .filter(|(_, file)| !file.reported)
            .map(|(name, file)| (file.arrival, name))
            .collect();
        candidates.sort();
        let candidates: Vec<OsString> = candidates.into_iter().map(|(_, n)| n.clone()).collect();
        let complete = candidates.into_iter().filter(|name| {
            let path = self.folder.join(name);
            self.files.get_mut(name).is_some_and(|file| {
                file.reported = is_complete(&path, file);
                file.reported
            })
        });
        Ok(complete.take(most).collect())
    }

    fn refuse(&mut self, name: OsString) {
        if !self.refused.contains(&name) && self.refused.len() < MOST_REFUSED {
            tracing::warn!(
                "{} is no plain file but a link, a folder or a device, and is not looked into; \
                 copy the sound itself",
                self.folder.join(&name).display()
            );
            self.refused.insert(name);
        }
    }

    fn observe(&mut self, name: &OsStr, metadata: &Metadata) -> &mut Observation {
        let arrivals = &mut self.arrivals;
        let file = self.files.entry(name.to_owned()).or_insert_with(|| {
            *arrivals += 1;
            Observation::new(metadata, *arrivals)
        });
        if !file.matches(metadata) {
            *file = Observation::new(metadata, file.arrival);
        }
        file
    }
}

/// Metadata of a regular file; links, folders and pipes are no seeds.
fn seed_metadata(path: &Path) -> Option<Metadata> {
    let metadata = std::fs::symlink_metadata(path).ok()?;
    metadata.is_file().then_some(metadata)
}

/// Closed by its writer with a header that agrees, or unchanged for longer
/// than any recorder pauses.
fn is_complete(path: &Path, file: &mut Observation) -> bool {
    let agrees = || matches!(header_agrees_with_length(path), Ok(HeaderCheck::Complete));
    if file.closed && agrees() {
        return true;
    }
    let unchanged = file.unchanged_since.elapsed();
    unchanged >= SHORTEST_REST && unchanged >= *file.rest.get_or_insert_with(|| rest_needed(path))
}

fn rest_needed(path: &Path) -> Duration {
    match bytes_per_second(path) {
        Some(rate) if rate > 0 => {
            let two_blocks = Duration::from_secs_f64(1.5 * BLOCK_BYTES / rate as f64);
            SHORTEST_REST.max(two_blocks)
        }
        _ => REST_OF_UNKNOWN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::Signal;
    use crate::audio::write::{SampleFormat, write_wav};

    fn scan(inbox: &mut Inbox) -> Vec<OsString> {
        inbox.scan(usize::MAX).unwrap()
    }

    fn wav(path: &Path, seconds: usize) {
        let signal = Signal {
            samples: vec![0.1; seconds * 48000],
            sample_rate: 48000,
        };
        write_wav(path, &signal, SampleFormat::Float32).unwrap();
    }

    #[test]
    fn a_closed_file_is_complete_at_once_and_reported_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut inbox = Inbox::new(folder.path());
        wav(&folder.path().join("a.wav"), 1);
        inbox.closed(OsStr::new("a.wav"));
        assert_eq!(scan(&mut inbox), ["a.wav"]);
        assert!(scan(&mut inbox).is_empty());
        inbox.forget(OsStr::new("a.wav"));
        inbox.closed(OsStr::new("a.wav"));
        assert_eq!(scan(&mut inbox), ["a.wav"]);
    }

    #[test]
    fn a_file_nobody_closed_rests_first() {
        let folder = tempfile::tempdir().unwrap();
        let mut inbox = Inbox::new(folder.path());
        wav(&folder.path().join("b.wav"), 1);
        std::thread::sleep(Duration::from_millis(20));
        wav(&folder.path().join("a.wav"), 1);
        assert!(scan(&mut inbox).is_empty());
        assert!(inbox.is_unsettled());
        for file in inbox.files.values_mut() {
            file.unchanged_since -= Duration::from_secs(1);
        }
        // The older first, whatever its name.
        assert_eq!(scan(&mut inbox), ["b.wav", "a.wav"]);
        assert!(!inbox.is_unsettled());
    }

    #[test]
    fn a_file_that_grows_is_not_complete_though_its_header_always_agrees() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("recording.wav");
        let mut inbox = Inbox::new(folder.path());
        for seconds in 1..4 {
            wav(&path, seconds);
            assert!(scan(&mut inbox).is_empty(), "after {seconds} s");
            for file in inbox.files.values_mut() {
                file.unchanged_since -= Duration::from_secs(1);
            }
        }
        assert_eq!(scan(&mut inbox), ["recording.wav"]);
    }

    #[test]
    fn a_file_recorded_over_before_its_turn_is_complete_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        let mut inbox = Inbox::new(folder.path());
        wav(&path, 1);
        inbox.closed(OsStr::new("a.wav"));
        assert_eq!(scan(&mut inbox), ["a.wav"]);
        let metadata = |path| std::fs::metadata(path).unwrap();
        assert!(inbox.is_still_complete(OsStr::new("a.wav"), &metadata(&path)));
        wav(&path, 2);
        assert!(!inbox.is_still_complete(OsStr::new("a.wav"), &metadata(&path)));
        assert!(scan(&mut inbox).is_empty());
    }

    #[test]
    fn a_header_that_does_not_agree_must_rest_even_when_closed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cut.wav");
        wav(&path, 1);
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..1000]).unwrap();
        let mut inbox = Inbox::new(folder.path());
        inbox.closed(OsStr::new("cut.wav"));
        assert!(scan(&mut inbox).is_empty());
    }

    #[test]
    fn what_is_no_regular_visible_file_is_no_seed() {
        let folder = tempfile::tempdir().unwrap();
        wav(&folder.path().join(".hidden.wav"), 1);
        wav(&folder.path().join("a.wav.part"), 1);
        std::fs::create_dir(folder.path().join("folder.wav")).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink("/etc/hostname", folder.path().join("link.wav")).unwrap();
        let mut inbox = Inbox::new(folder.path());
        assert!(scan(&mut inbox).is_empty());
        assert!(!inbox.is_unsettled());
        let mut refused: Vec<_> = inbox.refused.into_iter().collect();
        refused.sort();
        assert_eq!(refused, ["folder.wav", "link.wav"]);
    }

    #[test]
    fn of_many_some_are_reported_at_a_time_and_none_twice() {
        let folder = tempfile::tempdir().unwrap();
        let names = ["a.wav", "b.wav", "c.wav"];
        for name in names {
            wav(&folder.path().join(name), 1);
        }
        let mut inbox = Inbox::new(folder.path());
        assert!(scan(&mut inbox).is_empty());
        for file in inbox.files.values_mut() {
            file.unchanged_since -= Duration::from_secs(1);
        }
        let mut reported = inbox.scan(2).unwrap();
        reported.extend(inbox.scan(2).unwrap());
        assert!(inbox.scan(2).unwrap().is_empty());
        assert_eq!(reported, names);
    }

    #[test]
    fn a_slow_recording_rests_longer() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        wav(&path, 1);
        assert_eq!(
            rest_needed(&path),
            Duration::from_secs_f64(1.5 * 65536.0 / 192_000.0)
        );
        let signal = Signal {
            samples: vec![0.1; 8000],
            sample_rate: 8000,
        };
        write_wav(&path, &signal, SampleFormat::Int16).unwrap();
        assert!(rest_needed(&path) > Duration::from_secs(6));
        std::fs::write(&path, "text").unwrap();
        assert_eq!(rest_needed(&path), REST_OF_UNKNOWN);
    }
}
