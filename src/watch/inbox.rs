//! Which files in `seeds/` are complete.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use crate::audio::read::{HeaderCheck, bytes_per_second, header_agrees_with_length};

/// A file is left alone for at least this long after its last change, unless
/// its writer is known to have closed it.
const SHORTEST_REST: Duration = Duration::from_millis(500);
/// The same for files whose header does not tell their byte rate.
const REST_OF_UNKNOWN: Duration = Duration::from_secs(2);
/// What Pd writes at a time while it records.
const BLOCK_BYTES: f64 = 65536.0;

/// The folder's files and what was seen of them.
pub struct Inbox {
    folder: PathBuf,
    files: HashMap<OsString, Observation>,
    arrivals: u64,
}

struct Observation {
    length: u64,
    modified: Option<SystemTime>,
    unchanged_since: Instant,
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
            arrivals: 0,
        }
    }

    /// Notes that the writer of `name` closed it.
    pub fn closed(&mut self, name: &OsStr) {
        if let Some(metadata) = seed_metadata(&self.folder.join(name)) {
            self.observe(name, &metadata).closed = true;
        }
    }

    /// Whether `name` is still the file that was reported as complete: it may
    /// have been recorded over since.
    pub fn is_still_complete(&mut self, name: &OsStr) -> bool {
        seed_metadata(&self.folder.join(name))
            .is_some_and(|metadata| self.observe(name, &metadata).reported)
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
    /// last look, in order of arrival.
    pub fn scan(&mut self) -> Vec<OsString> {
        let entries = match std::fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) => {
                tracing::warn!("cannot look into {}: {error}", self.folder.display());
                return Vec::new();
            }
        };
        let mut present: Vec<(OsString, Metadata)> = entries
            .filter_map(Result::ok)
            .map(|entry| entry.file_name())
            .filter(|name| !is_ignored(name))
            .filter_map(|name| Some((name.clone(), seed_metadata(&self.folder.join(name))?)))
            .collect();
        // Of files found at the same look, the older arrived first.
        present.sort_by(|(name_a, a), (name_b, b)| {
            let time = |metadata: &Metadata| metadata.modified().ok();
            (time(a), name_a).cmp(&(time(b), name_b))
        });
        let names: std::collections::HashSet<&OsString> =
            present.iter().map(|(name, _)| name).collect();
        self.files.retain(|name, _| names.contains(name));

        let mut complete = Vec::new();
        for (name, metadata) in present {
            let path = self.folder.join(&name);
            let file = self.observe(&name, &metadata);
            if !file.reported && is_complete(&path, file) {
                file.reported = true;
                complete.push((file.arrival, name));
            }
        }
        complete.sort();
        complete.into_iter().map(|(_, name)| name).collect()
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

/// Hidden files and files that say of themselves that they are partial.
fn is_ignored(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.starts_with(b".") || name.ends_with(b".part")
}

/// Metadata of a regular file; links, folders and pipes are no seeds.
fn seed_metadata(path: &Path) -> Option<Metadata> {
    let metadata = std::fs::symlink_metadata(path).ok()?;
    metadata.is_file().then_some(metadata)
}

/// Closed by its writer with a header that agrees, or unchanged for longer
/// than any recorder pauses.
fn is_complete(path: &Path, file: &Observation) -> bool {
    let agrees = || matches!(header_agrees_with_length(path), Ok(HeaderCheck::Complete));
    if file.closed && agrees() {
        return true;
    }
    let unchanged = file.unchanged_since.elapsed();
    unchanged >= SHORTEST_REST && unchanged >= rest_needed(path)
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
        assert_eq!(inbox.scan(), ["a.wav"]);
        assert!(inbox.scan().is_empty());
        inbox.forget(OsStr::new("a.wav"));
        inbox.closed(OsStr::new("a.wav"));
        assert_eq!(inbox.scan(), ["a.wav"]);
    }

    #[test]
    fn a_file_nobody_closed_rests_first() {
        let folder = tempfile::tempdir().unwrap();
        let mut inbox = Inbox::new(folder.path());
        wav(&folder.path().join("b.wav"), 1);
        std::thread::sleep(Duration::from_millis(20));
        wav(&folder.path().join("a.wav"), 1);
        assert!(inbox.scan().is_empty());
        assert!(inbox.is_unsettled());
        for file in inbox.files.values_mut() {
            file.unchanged_since -= Duration::from_secs(1);
        }
        // The older first, whatever its name.
        assert_eq!(inbox.scan(), ["b.wav", "a.wav"]);
        assert!(!inbox.is_unsettled());
    }

    #[test]
    fn a_file_that_grows_is_not_complete_though_its_header_always_agrees() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("recording.wav");
        let mut inbox = Inbox::new(folder.path());
        for seconds in 1..4 {
            wav(&path, seconds);
            assert!(inbox.scan().is_empty(), "after {seconds} s");
            for file in inbox.files.values_mut() {
                file.unchanged_since -= Duration::from_secs(1);
            }
        }
        assert_eq!(inbox.scan(), ["recording.wav"]);
    }

    #[test]
    fn a_file_recorded_over_before_its_turn_is_complete_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        let mut inbox = Inbox::new(folder.path());
        wav(&path, 1);
        inbox.closed(OsStr::new("a.wav"));
        assert_eq!(inbox.scan(), ["a.wav"]);
        assert!(inbox.is_still_complete(OsStr::new("a.wav")));
        wav(&path, 2);
        assert!(!inbox.is_still_complete(OsStr::new("a.wav")));
        assert!(inbox.scan().is_empty());
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
        assert!(inbox.scan().is_empty());
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
        assert!(inbox.scan().is_empty());
        assert!(!inbox.is_unsettled());
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
