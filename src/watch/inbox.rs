//! The files in `seeds/`, or in a voice's folder there: which of them are seeds by now.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::arrival::Proof;
use super::listing::{Downloads, Listing};
use super::observation::{Observation, Standing};
use super::remarks::Remarks;
use super::voices::shown;
use crate::names::is_scratch;

/// The folder's files and what was seen of them.
pub struct Inbox {
    folder: PathBuf,
    /// Whose it is, if not the default voice's.
    voice: Option<String>,
    /// Folders in it that are inboxes of their own.
    inner: HashSet<OsString>,
    patience: Duration,
    files: HashMap<OsString, Observation>,
    remarks: Remarks,
    /// How many files have arrived.
    arrivals: u64,
}

/// A file that has become complete.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrived {
    /// Its name.
    pub name: OsString,
    /// Why it is taken for complete.
    pub proof: Proof,
}

/// A file that is not complete yet, or cannot become a seed as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Arriving {
    /// Who is to answer it, if not the default voice.
    pub voice: Option<String>,
    /// Its name.
    pub name: OsString,
    /// Why it waits, in a sentence.
    pub because: String,
    /// Since it was last seen to change.
    pub unchanged: Duration,
}

impl Inbox {
    /// Of the folder `folder`, as if just opened, for the default voice or for `voice`; a
    /// file that does not look complete is waited for with `patience` after its last change.
    pub fn new(folder: &Path, voice: Option<&str>, patience: Duration) -> Inbox {
        Inbox {
            folder: folder.to_owned(),
            voice: voice.map(str::to_owned),
            inner: HashSet::new(),
            patience,
            files: HashMap::new(),
            remarks: Remarks::default(),
            arrivals: 0,
        }
    }

    /// The folders in it called `names` are inboxes of their own.
    pub fn pass_over(&mut self, names: HashSet<OsString>) {
        self.inner = names;
    }

    /// Notes that the writer of `name` closed it, or that it was moved in.
    pub fn closed(&mut self, name: &OsStr, now: Instant) {
        if let Some(file) = self.hint(name, now) {
            file.note_closed(now);
        }
    }

    /// Notes that somebody wrote to `name`.
    pub fn modified(&mut self, name: &OsStr, now: Instant) {
        if let Some(file) = self.hint(name, now) {
            file.note_modified();
        }
    }

    fn hint(&mut self, name: &OsStr, now: Instant) -> Option<&mut Observation> {
        if is_scratch(name) {
            return None;
        }
        let metadata = std::fs::symlink_metadata(self.folder.join(name)).ok()?;
        metadata
            .is_file()
            .then(|| self.observe(name, &metadata, now))
    }

    /// Notifications were lost: who has closed what is not known any more.
    pub fn notifications_lost(&mut self) {
        for file in self.files.values_mut() {
            file.note_lost_notifications();
        }
    }

    /// Whether `metadata` still is that of the file `name` as it was reported.
    pub fn is_as_reported(&self, name: &OsStr, metadata: &Metadata) -> bool {
        let file = self.files.get(name);
        file.is_some_and(|file| file.is_as_reported(metadata))
    }

    /// Whether there is a file `name`, going by the last look.
    pub fn knows(&self, name: &OsStr) -> bool {
        self.files.contains_key(name)
    }

    /// Forgets `name`, so that a new file of that name is a new seed.
    pub fn forget(&mut self, name: &OsStr) {
        self.files.remove(name);
    }

    /// `name` was reported and could not be taken, because of `reason`: it is
    /// reported again at `until`.
    pub fn set_aside(&mut self, name: &OsStr, reason: String, until: Instant) {
        if let Some(file) = self.files.get_mut(name) {
            file.set_aside(reason.clone(), until);
        }
        let text = format!("{} waits: {reason}", self.shown(name));
        self.remarks.tell_once(name, &text);
    }

    /// `name` is back, which was reported `times` times and went on changing.
    pub fn mistaken(&mut self, name: &OsStr, times: u32, now: Instant) {
        if let Some(file) = self.hint(name, now) {
            file.note_mistaken(times);
        }
    }

    /// When something has to be looked at again, whatever the system tells.
    pub fn due(&self, now: Instant) -> Option<Instant> {
        self.files.values().filter_map(|file| file.due(now)).min()
    }

    /// Sentences that are to be told, each once.
    pub fn take_remarks(&mut self) -> Vec<String> {
        self.remarks.take()
    }

    /// What waits, and why, in order of arrival.
    pub fn arriving(&self, now: Instant) -> Vec<Arriving> {
        let mut arriving: Vec<(u64, Arriving)> = self
            .files
            .iter()
            .filter_map(|(name, file)| {
                let because = match file.standing() {
                    Standing::Arriving(doubt) => doubt.to_string(),
                    Standing::Unreadable(reason) => format!("it cannot be read: {reason}"),
                    Standing::SetAside(reason, _) => reason.clone(),
                    Standing::New | Standing::NoSound | Standing::Reported => return None,
                };
                let arriving = Arriving {
                    voice: self.voice.clone(),
                    name: name.clone(),
                    because,
                    unchanged: file.unchanged(now),
                };
                Some((file.arrival(), arriving))
            })
            .collect();
        arriving.sort_by_key(|(arrival, _)| *arrival);
        arriving.into_iter().map(|(_, arriving)| arriving).collect()
    }

    /// Looks into the folder: the files that have become complete since the
    /// last look, in order of arrival, `most` at most.
    ///
    /// # Errors
    ///
    /// When the folder cannot be looked into.
    pub fn scan(&mut self, now: Instant, most: usize) -> io::Result<Vec<Arrived>> {
        let listing = Listing::of(&self.folder, self.patience)?;
        self.forget_what_is_gone(&listing);
        for (name, metadata) in &listing.others {
            self.refuse(name, metadata);
        }
        for (name, metadata) in &listing.files {
            self.observe(name, metadata, now);
        }
        let names = self.in_order().into_iter();
        let complete = names.filter_map(|name| self.look(name, now, &listing.downloads));
        Ok(complete.take(most).collect())
    }

    fn forget_what_is_gone(&mut self, listing: &Listing) {
        let files = listing.file_names();
        self.files
            .retain(|name, _| files.contains(name.as_os_str()));
        self.remarks.retain(&listing.names());
    }

    fn in_order(&self) -> Vec<OsString> {
        let mut names: Vec<(u64, &OsString)> = self
            .files
            .iter()
            .map(|(name, file)| (file.arrival(), name))
            .collect();
        names.sort();
        names.into_iter().map(|(_, name)| name.clone()).collect()
    }

    /// Looks at the file `name`; says once why one that does not become a seed stays.
    fn look(&mut self, name: OsString, now: Instant, downloads: &Downloads) -> Option<Arrived> {
        let path = self.folder.join(&name);
        let file = self.files.get_mut(&name)?;
        let is_downloaded = downloads.become_of(&name, file.length());
        if let Some(proof) = file.look(&path, now, self.patience, is_downloaded) {
            return Some(Arrived { name, proof });
        }
        match file.standing() {
            Standing::NoSound => {
                let what = "neither called a sound nor is one";
                self.remarks.log_once(&name, what);
            }
            Standing::Unreadable(error) => {
                let text = format!(
                    "{} cannot be read ({error}); let the user that runs antiphon read it, and \
                     it is answered",
                    shown(self.voice.as_deref(), &name)
                );
                self.remarks.tell_once(&name, &text);
            }
            _ => {}
        }
        None
    }

    fn refuse(&mut self, name: &OsStr, metadata: &Metadata) {
        if metadata.is_dir() && self.inner.contains(name) {
            return;
        }
        let (shown, own) = (self.shown(name), self.shown(OsStr::new("")));
        let text = match metadata.is_dir() {
            true => {
                format!("{shown} is a folder; put the sounds in it into seeds/{own} themselves")
            }
            false => format!(
                "{shown} is a link or a device, which is not followed; copy the sound itself"
            ),
        };
        self.remarks.tell_once(name, &text);
    }

    /// What the file `name` is called in `seeds/`.
    fn shown(&self, name: &OsStr) -> String {
        shown(self.voice.as_deref(), name)
    }

    fn observe(&mut self, name: &OsStr, metadata: &Metadata, now: Instant) -> &mut Observation {
        let arrivals = &mut self.arrivals;
        let file = self.files.entry(name.to_owned()).or_insert_with(|| {
            *arrivals += 1;
            Observation::new(metadata, now, *arrivals)
        });
        file.see(metadata, now);
        file
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::Signal;
    use crate::audio::write::{SampleFormat, write_wav};
    use crate::system::{self, writers};
    use crate::watch::observation::CLOSING_LOOK;
    use crate::watch::remarks::MOST_NAMES;
    use std::fs::File;
    use tempfile::TempDir;

    const PATIENCE: Duration = Duration::from_secs(30);

    /// A folder that is looked into when the test says so.
    struct Folder {
        folder: TempDir,
        inbox: Inbox,
        now: Instant,
    }

    impl Folder {
        fn new() -> Folder {
            let folder = tempfile::tempdir().unwrap();
            Folder {
                inbox: Inbox::new(folder.path(), None, PATIENCE),
                folder,
                now: Instant::now(),
            }
        }

        fn path(&self, name: &str) -> PathBuf {
            self.folder.path().join(name)
        }

        fn wav(&self, name: &str, seconds: usize) -> PathBuf {
            let signal = Signal {
                samples: vec![0.1; seconds * 48000],
                sample_rate: 48000,
            };
            write_wav(&self.path(name), &signal, SampleFormat::Float32).unwrap();
            self.path(name)
        }

        fn after(&mut self, seconds: f64) -> Vec<OsString> {
            self.now += Duration::from_secs_f64(seconds);
            let arrived = self.inbox.scan(self.now, usize::MAX).unwrap();
            arrived.into_iter().map(|arrived| arrived.name).collect()
        }

        fn because(&self) -> Vec<String> {
            let arriving = self.inbox.arriving(self.now).into_iter();
            arriving.map(|arriving| arriving.because).collect()
        }
    }

    /// Whether this system tells who has a file open.
    fn leases() -> bool {
        let file = tempfile::tempfile().unwrap();
        writers::has_writer(&file).is_some()
    }

    #[test]
    fn a_file_that_nobody_writes_is_complete_at_once_and_reported_once() {
        let mut folder = Folder::new();
        folder.wav("a.wav", 1);
        folder.inbox.closed(OsStr::new("a.wav"), folder.now);
        assert_eq!(folder.after(0.0), ["a.wav"]);
        assert!(folder.after(100.0).is_empty());
        folder.inbox.forget(OsStr::new("a.wav"));
        folder.inbox.closed(OsStr::new("a.wav"), folder.now);
        assert_eq!(folder.after(0.0), ["a.wav"]);
    }

    #[test]
    fn a_file_that_is_held_open_waits_however_long_and_whole_it_looks() {
        if !leases() {
            eprintln!("SKIPPED: this system does not tell who has a file open");
            return;
        }
        let mut folder = Folder::new();
        let path = folder.wav("a.wav", 1);
        let writer = File::options().append(true).open(&path).unwrap();
        assert!(folder.after(0.0).is_empty());
        assert!(folder.after(100_000.0).is_empty());
        assert_eq!(folder.because(), ["a program has it open for writing"]);
        assert_eq!(
            folder.inbox.due(folder.now),
            None,
            "a notification will come"
        );
        // It comes a little before the file is free.
        folder.inbox.closed(OsStr::new("a.wav"), folder.now);
        assert!(folder.after(0.0).is_empty());
        assert_eq!(
            folder.inbox.due(folder.now),
            Some(folder.now + CLOSING_LOOK)
        );
        drop(writer);
        assert_eq!(folder.after(0.003), ["a.wav"]);
        assert!(folder.because().is_empty());
    }

    #[test]
    fn the_older_arrived_first_whatever_its_name() {
        let mut folder = Folder::new();
        folder.wav("b.wav", 1);
        std::thread::sleep(Duration::from_millis(20));
        folder.wav("a.wav", 1);
        assert_eq!(folder.after(10.0), ["b.wav", "a.wav"]);
    }

    #[test]
    fn a_file_recorded_over_before_its_turn_is_not_what_was_reported() {
        let mut folder = Folder::new();
        let path = folder.wav("a.wav", 1);
        assert_eq!(folder.after(10.0), ["a.wav"]);
        let metadata = |path: &Path| std::fs::metadata(path).unwrap();
        let as_reported = |folder: &Folder, path: &Path| {
            let name = OsStr::new("a.wav");
            folder.inbox.is_as_reported(name, &metadata(path))
        };
        assert!(as_reported(&folder, &path));
        folder.wav("a.wav", 2);
        assert!(!as_reported(&folder, &path));
        assert_eq!(folder.after(10.0), ["a.wav"], "it is another one");
    }

    #[test]
    fn half_a_file_is_waited_for_until_it_goes_on_or_patience_ends() {
        let mut folder = Folder::new();
        let path = folder.wav("cut.wav", 1);
        let whole = std::fs::read(&path).unwrap();
        for cut in [0, 3, 20, 44, 46, 1000] {
            std::fs::write(&path, &whole[..cut]).unwrap();
            folder.inbox.closed(OsStr::new("cut.wav"), folder.now);
            assert!(folder.after(0.0).is_empty(), "{cut}");
            assert!(folder.after(29.0).is_empty(), "{cut}");
            assert_eq!(folder.because().len(), 1, "{cut}");
        }
        assert_eq!(folder.after(1.0), ["cut.wav"]);
        std::fs::write(&path, whole).unwrap();
        folder.inbox.closed(OsStr::new("cut.wav"), folder.now);
        assert_eq!(folder.after(0.0), ["cut.wav"]);
    }

    #[test]
    fn a_length_that_was_set_ahead_is_not_taken_for_the_sound() {
        let mut folder = Folder::new();
        let path = folder.wav("a.wav", 4);
        let whole = std::fs::read(&path).unwrap();
        let file = File::create(&path).unwrap();
        file.set_len(whole.len() as u64).unwrap();
        drop(file);
        let beginning = || File::options().write(true).open(&path).unwrap();
        std::io::Write::write_all(&mut beginning(), &whole[..100_000]).unwrap();
        if !system::has_holes(&File::open(&path).unwrap()) {
            eprintln!("SKIPPED: this filesystem does not tell what was never written");
            return;
        }
        assert!(folder.after(20.0).is_empty());
        assert!(
            folder.because()[0].contains("not filled"),
            "{:?}",
            folder.because()
        );
        std::io::Write::write_all(&mut beginning(), &whole).unwrap();
        assert_eq!(folder.after(10.0), ["a.wav"]);
    }

    #[test]
    fn a_name_that_a_download_keeps_free_waits_for_it() {
        let mut folder = Folder::new();
        // Firefox keeps the name free by an empty file, aria2 by one of full length.
        std::fs::write(folder.path("a.wav"), "").unwrap();
        std::fs::write(folder.path("x81hqz.wav.part"), "RIFF").unwrap();
        folder.wav("b.wav", 1);
        std::fs::write(folder.path("b.wav.aria2"), "control").unwrap();
        folder.wav("c.wav", 1);
        assert_eq!(folder.after(100.0), ["c.wav"]);
        assert_eq!(folder.because().len(), 2);
        assert!(
            folder.because()[0].contains("download"),
            "{:?}",
            folder.because()
        );
        std::fs::rename(folder.path("x81hqz.wav.part"), folder.path("a.wav")).unwrap();
        folder.wav("a.wav", 1);
        std::fs::remove_file(folder.path("b.wav.aria2")).unwrap();
        let mut arrived = folder.after(1.0);
        arrived.sort();
        assert_eq!(arrived, ["a.wav", "b.wav"]);
    }

    #[test]
    fn what_is_no_sound_stays_and_is_told_of_once_at_most() {
        let mut folder = Folder::new();
        folder.wav(".hidden.wav", 1);
        folder.wav("a.wav.part", 1);
        std::fs::write(folder.path("a.wav.asd"), "ableton").unwrap();
        std::fs::write(folder.path("notes"), "").unwrap();
        std::fs::create_dir(folder.path("folder.wav")).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink("/etc/hostname", folder.path("link.wav")).unwrap();
        for _ in 0..3 {
            assert!(folder.after(100.0).is_empty());
        }
        assert!(folder.because().is_empty());
        let mut remarks = folder.inbox.take_remarks();
        remarks.sort();
        assert!(
            remarks[0].starts_with("folder.wav is a folder"),
            "{remarks:?}"
        );
        assert_eq!(remarks.len(), if cfg!(unix) { 2 } else { 1 }, "{remarks:?}");
        // A sound is one, whatever it is called.
        folder.wav("take", 1);
        assert_eq!(folder.after(10.0), ["take"]);
        // What becomes a sound is one from then on.
        folder.wav("notes", 1);
        assert_eq!(folder.after(10.0), ["notes"]);
    }

    #[test]
    fn a_thousand_things_that_are_no_sounds_do_not_silence_what_is_to_be_told() {
        let mut folder = Folder::new();
        for n in 0..MOST_NAMES + 50 {
            std::fs::write(folder.path(&format!("{n}.asd")), "no sound").unwrap();
        }
        assert!(folder.after(10.0).is_empty());
        std::fs::create_dir(folder.path("takes")).unwrap();
        folder.after(10.0);
        assert_eq!(folder.inbox.take_remarks().len(), 1);
    }

    #[test]
    fn of_many_some_are_reported_at_a_time_and_none_twice() {
        let mut folder = Folder::new();
        let names = ["a.wav", "b.wav", "c.wav"];
        for name in names {
            folder.wav(name, 1);
        }
        let mut reported = Vec::new();
        for _ in 0..3 {
            folder.now += Duration::from_secs(10);
            reported.extend(folder.inbox.scan(folder.now, 2).unwrap());
        }
        let mut reported: Vec<OsString> = reported.into_iter().map(|a| a.name).collect();
        reported.sort();
        assert_eq!(reported, names);
    }

    #[test]
    fn what_cannot_be_taken_is_reported_again_later() {
        let mut folder = Folder::new();
        folder.wav("a.wav", 1);
        assert_eq!(folder.after(10.0), ["a.wav"]);
        let until = folder.now + Duration::from_secs(30);
        let reason = "it cannot be moved".to_owned();
        folder.inbox.set_aside(OsStr::new("a.wav"), reason, until);
        assert_eq!(
            folder.inbox.take_remarks(),
            ["a.wav waits: it cannot be moved"]
        );
        assert!(folder.after(29.0).is_empty());
        assert_eq!(folder.because(), ["it cannot be moved"]);
        assert_eq!(folder.after(1.0), ["a.wav"]);
    }
}
