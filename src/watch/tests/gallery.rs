//! A watched folder in which a test decides what happens when.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{Parrot, fast_folder, terms};
use crate::files;
use crate::files::mishap::{self, Mishap};
use crate::testing;
use crate::watch::job::{Job, Outcome, Stop};
use crate::watch::root::{PROBE, Root, WhichRoot};
use crate::watch::spool::{Process, Spool};
use crate::watch::worker::work;

/// The voice that there is beside the default one.
pub const VOICE: &str = "bells";

/// A folder that is watched, one step at a time and on this thread only.
pub struct Gallery {
    folder: TempDir,
    /// None where the process died as it began.
    pub spool: Option<Spool>,
    /// Claimed and not yet done.
    pub jobs: VecDeque<Job>,
    arrived: usize,
    /// Whether a process began that has not gone in good order.
    running: bool,
    /// Processes that ended otherwise.
    deaths: usize,
}

impl Gallery {
    /// A new folder, watched by a first process.
    pub fn open() -> Gallery {
        let mut gallery = Gallery {
            folder: fast_folder(),
            spool: None,
            jobs: VecDeque::new(),
            arrived: 0,
            running: false,
            deaths: 0,
        };
        gallery.start();
        gallery
    }

    /// A process begins; it may die at once.
    pub fn start(&mut self) {
        self.deaths += usize::from(self.running);
        self.running = true;
        self.jobs.clear();
        self.spool = None;
        let opened = Root::open(self.folder.path(), &WhichRoot::Any)
            .and_then(|root| Spool::open(root, &Process::unique()));
        if let Ok((spool, claims)) = opened {
            self.jobs = claims.into_iter().map(Job::new).collect();
            self.spool = Some(spool);
        }
    }

    /// The process goes in good order.
    pub fn stop(&mut self) {
        if let Some(spool) = &self.spool {
            for job in &self.jobs {
                let _ = spool.release(&job.claim);
            }
        }
        self.spool = None;
        self.jobs.clear();
        self.running = false;
    }

    /// Where `folder`, or a file in it, is.
    pub fn path(&self, folder: &str) -> PathBuf {
        self.folder.path().join(folder)
    }

    /// A seed that differs from all others arrives, under a name that others had.
    pub fn arrive(&mut self, kind: &str) {
        self.arrived += 1;
        let mut name = format!("{kind}.wav");
        if self.path("seeds").join(&name).exists() {
            name = format!("{kind} {}.wav", self.arrived);
        }
        self.put(&name, kind);
    }

    /// A seed that differs from all others arrives as `name`, which is free.
    pub fn arrive_as(&mut self, name: &str, kind: &str) {
        self.arrived += 1;
        self.put(name, kind);
    }

    /// A seed that differs from all others arrives for the voice.
    pub fn arrive_for_voice(&mut self, kind: &str) {
        self.arrived += 1;
        for folder in ["voices", "seeds/bells"] {
            fs::create_dir_all(self.path(folder)).unwrap();
        }
        fs::write(self.path("voices/bells.json"), "{}").unwrap();
        self.put(&format!("{VOICE}/{kind} {}.wav", self.arrived), kind);
    }

    fn put(&self, name: &str, kind: &str) {
        let text = format!("{kind} {}", self.arrived);
        fs::write(self.path("seeds").join(name), text).unwrap();
    }

    /// One job is done, or begun; false when there is none.
    pub fn step(&mut self) -> bool {
        let Some(spool) = &self.spool else {
            return false;
        };
        let next = match self.jobs.pop_front() {
            Some(job) => Some(job),
            None => claim_first(spool),
        };
        let Some(mut job) = next else {
            return false;
        };
        let stop = Stop::default();
        match work(spool, &mut Parrot, &terms(), &mut job, &stop, &|_| ()) {
            Outcome::Later { .. } => self.jobs.push_back(job),
            Outcome::Done { .. } | Outcome::SetDone { .. } | Outcome::Failed { .. } => {}
            outcome => panic!("{outcome:?}"),
        }
        true
    }

    /// Nothing happens any more; all that waits is answered, by a new process.
    pub fn settle(&mut self) {
        mishap::clear();
        self.start();
        while self.step() {}
        self.check();
        for folder in ["seeds", "seeds/bells", ".antiphon/work", ".antiphon/tmp"] {
            assert_eq!(
                listing(&self.path(folder)),
                Vec::<String>::new(),
                "{folder}"
            );
        }
    }

    /// Every seed is in exactly one place, and what can be seen is whole.
    pub fn check(&self) {
        let mut places: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
        let work = self.path(".antiphon/work");
        let jobs = listing(&work).into_iter().map(|id| work.join(id));
        let folders = ["seeds", "seeds/bells", ".antiphon/done", "failed"];
        let folders = folders.map(|folder| self.path(folder));
        for folder in folders.into_iter().chain(jobs) {
            for name in listing(&folder)
                .iter()
                .filter(|name| name.ends_with(".wav"))
            {
                let path = folder.join(name);
                places.entry(text(&path)).or_default().push(path);
            }
        }
        assert_eq!(places.len(), self.arrived, "{places:?}");
        // Unless it was left in the middle of a move.
        let is_once = |paths: &Vec<PathBuf>| match &paths[..] {
            [from, to] => files::has_two_names(from, to),
            paths => paths.len() == 1,
        };
        assert!(places.values().all(is_once), "{places:?}");

        let failed = self.path("failed");
        for name in listing(&failed) {
            let reason = failed.join(&name).with_extension("txt");
            let reason = text(&reason);
            // Three processes that end in the middle of one seed fail it, too.
            let ended = self.deaths >= 3 && reason.contains("antiphon ended 3 times");
            assert!(
                ended || reason.ends_with("it is broken\n"),
                "{name}: {reason}"
            );
        }
        for path in self.answers() {
            if path.is_dir() {
                check_set(&path);
            } else if path.extension() == Some("wav".as_ref()) {
                check_sound(&path);
                let sidecar = path.with_extension("json");
                assert!(sidecar.exists(), "{}", path.display());
            }
        }
    }

    /// What stands in predictions/ and in the voice's folder there.
    fn answers(&self) -> Vec<PathBuf> {
        let folders = ["predictions", "predictions/bells"].map(|folder| self.path(folder));
        let within = |folder: &PathBuf| {
            let names = listing(folder).into_iter();
            names.map(|name| folder.join(name)).collect::<Vec<_>>()
        };
        folders.iter().flat_map(within).collect()
    }

    /// Besides, there is one prediction or one set for each seed that is done.
    pub fn check_predictions(&self) {
        let done = listing(&self.path(".antiphon/done")).len();
        let (sets, files): (Vec<_>, Vec<_>) =
            self.answers().into_iter().partition(|path| path.is_dir());
        assert_eq!(2 * sets.len() + files.len(), 2 * done);
        let failed = listing(&self.path("failed")).len();
        assert_eq!(done + failed / 2, self.arrived);
    }

    /// What was published, byte for byte.
    pub fn published(&self) -> BTreeMap<String, Vec<u8>> {
        let folder = self.path("predictions");
        let files = self
            .answers()
            .into_iter()
            .flat_map(|path| match path.is_dir() {
                true => listing(&path).iter().map(|name| path.join(name)).collect(),
                false => vec![path],
            });
        let read = |path: PathBuf| {
            let name = path.strip_prefix(&folder).unwrap().display().to_string();
            (name, fs::read(path).unwrap())
        };
        files.map(read).collect()
    }
}

/// Has `scene` play with something refused at each moment in turn, until it is over before
/// that; it says whether it happened. The same process makes good what was refused.
pub fn refuse_at_any_moment(scene: impl Fn(Mishap) -> (Gallery, bool)) {
    for moment in 0.. {
        let (mut gallery, happened) = scene(Mishap::Refused(moment));
        gallery.check();
        while gallery.step() {}
        gallery.check();
        gallery.check_predictions();
        gallery.settle();
        gallery.check_predictions();
        if !happened {
            assert!(moment > 40, "{moment} operations");
            return;
        }
    }
}

/// Has `scene` play with the process killed at each moment in turn, until it is over before
/// that. The next process makes it good, with the bytes of one that nothing happened to.
pub fn kill_at_any_moment(scene: impl Fn(Mishap) -> (Gallery, bool)) {
    let (mut undisturbed, _) = scene(Mishap::Refused(usize::MAX));
    undisturbed.settle();
    for moment in 0.. {
        let (mut gallery, happened) = scene(Mishap::Killed(moment));
        gallery.check();
        gallery.settle();
        gallery.check_predictions();
        assert_eq!(gallery.published(), undisturbed.published(), "{moment}");
        if !happened {
            return;
        }
    }
}

/// What a parrot's set holds is all there, and can be read.
fn check_set(set: &Path) {
    let expected = [
        "01.json",
        "01.wav",
        "02.json",
        "02.wav",
        "03.json",
        "03.wav",
        "set.json",
        "theme.wav",
    ];
    assert_eq!(listing(set), expected, "{}", set.display());
    for name in expected.iter().filter(|name| name.ends_with(".wav")) {
        check_sound(&set.join(name));
    }
}

fn check_sound(path: &Path) {
    assert!(crate::audio::read::read(path).unwrap().facts.length_agrees);
}

/// The first of the seeds that wait, if it can be claimed.
fn claim_first(spool: &Spool) -> Option<Job> {
    let first = |voice| {
        let names = listing(&spool.root().seeds_of(voice)).into_iter();
        names.map(|name| (voice, name)).next()
    };
    let (voice, name) = first(None).or_else(|| first(Some(VOICE)))?;
    let id = spool.next_id().ok()?;
    Some(Job::new(spool.claim(voice, name.as_ref(), id).ok()?))
}

/// What the file at `path` says.
pub fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

/// The names in `folder`, without the probe and the voice's folder; none of a folder
/// that is not there.
pub fn listing(folder: &Path) -> Vec<String> {
    if !folder.exists() {
        return Vec::new();
    }
    let mut names = testing::listing(folder);
    names.retain(|name| name != PROBE && name != VOICE);
    names
}
