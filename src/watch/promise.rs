//! The promise, tried at every moment: no seed is lost, no half file is ever
//! seen, and every seed ends in exactly one of done and failed, with exactly
//! one prediction.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsString;
use std::fs;
use std::io::Cursor;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use tempfile::TempDir;

use super::root::{PROBE, Root, WhichRoot};
use super::spool::{Process, Spool};
use super::worker::{Answer, Answers, Job, NoAnswer, Outcome, Terms, work};
use crate::answer::{Loudness, Settings};
use crate::audio::Signal;
use crate::audio::output::OutputFormat;
use crate::audio::write::{SampleFormat, encode_wav};
use crate::files;
use crate::files::mishap::{self, Mishap};
use crate::generate::{Prime, Request};
use crate::testing;

/// Answers a text with a sound that depends on the text and on its own random
/// numbers, unless the text says that it is broken.
pub struct Parrot;

impl Answers for Parrot {
    fn answer(
        &mut self,
        seed: &Path,
        output: &Path,
        settings: &Settings,
        _: &mut dyn FnMut(f64) -> ControlFlow<()>,
    ) -> Result<Answer, NoAnswer> {
        let text = fs::read(seed).map_err(|_| NoAnswer::Gone)?;
        if text.starts_with(b"broken") {
            return Err(NoAnswer::Seed("it is broken".to_owned()));
        }
        let own = settings.stream_of.as_deref().unwrap_or_default();
        let samples = text
            .iter()
            .chain(own.as_bytes())
            .map(|b| f32::from(*b) / 256.0);
        let signal = Signal {
            samples: samples.collect(),
            sample_rate: 8000,
        };
        let mut wav = Cursor::new(Vec::new());
        encode_wav(&mut wav, output, &signal, SampleFormat::Int16).unwrap();
        files::write(output, wav.get_ref()).map_err(|e| NoAnswer::Machine(e.to_string()))?;
        let own = settings.stream_of.as_deref().unwrap_or_default();
        Ok(Answer {
            sidecar: format!("{} {own}\n", settings.request.random_seed),
            seed_sha256: files::sha256(&text),
        })
    }
}

/// What is asked of a parrot.
pub fn terms() -> Terms {
    Terms {
        settings: Settings {
            request: Request {
                seconds: 1.0,
                random_seed: 0,
                prime: Prime::Seed,
                may_go_back: false,
            },
            loudness: Loudness::Seed,
            output: OutputFormat::default(),
            stream_of: None,
            longest_seed: None,
        },
        max_seed_bytes: 100_000,
        deadline: Duration::from_secs(100),
    }
}

/// A folder that is watched, one step at a time and on this thread only.
struct Gallery {
    folder: TempDir,
    spool: Option<Spool>,
    jobs: VecDeque<Job>,
    arrived: usize,
    /// Whether a process began that has not gone in good order.
    running: bool,
    /// Processes that ended otherwise.
    deaths: usize,
}

impl Gallery {
    fn open() -> Gallery {
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
    fn start(&mut self) {
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
    fn stop(&mut self) {
        if let Some(spool) = &self.spool {
            for job in &self.jobs {
                let _ = spool.release(&job.claim);
            }
        }
        self.spool = None;
        self.jobs.clear();
        self.running = false;
    }

    fn path(&self, folder: &str) -> PathBuf {
        self.folder.path().join(folder)
    }

    /// A seed that differs from all others arrives, under a name that others had.
    fn arrive(&mut self, kind: &str) {
        self.arrived += 1;
        let mut name = format!("{kind}.wav");
        if self.path("seeds").join(&name).exists() {
            name = format!("{kind} {}.wav", self.arrived);
        }
        let text = format!("{kind} {}", self.arrived);
        fs::write(self.path("seeds").join(name), text).unwrap();
    }

    /// One job is done, or begun; false when there is none.
    fn step(&mut self) -> bool {
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
        let stop = AtomicBool::new(false);
        match work(spool, &mut Parrot, &terms(), &mut job, &stop) {
            Outcome::Later { .. } => self.jobs.push_back(job),
            Outcome::Done { .. } | Outcome::Failed { .. } => {}
            outcome => panic!("{outcome:?}"),
        }
        true
    }

    /// Nothing happens any more; all that waits is answered, by a new process.
    fn settle(&mut self) {
        mishap::clear();
        self.start();
        while self.step() {}
        self.check();
        for folder in ["seeds", ".antiphon/work", ".antiphon/tmp"] {
            assert_eq!(
                listing(&self.path(folder)),
                Vec::<String>::new(),
                "{folder}"
            );
        }
    }

    /// Every seed is in exactly one place, and what can be seen is whole.
    fn check(&self) {
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        let work = self.path(".antiphon/work");
        let jobs = listing(&work).into_iter().map(|id| work.join(id));
        let folders = ["seeds", ".antiphon/done", "failed"].map(|folder| self.path(folder));
        for folder in folders.into_iter().chain(jobs) {
            for name in listing(&folder)
                .iter()
                .filter(|name| name.ends_with(".wav"))
            {
                *places.entry(text(&folder.join(name))).or_default() += 1;
            }
        }
        assert_eq!(places.len(), self.arrived, "{places:?}");
        assert!(places.values().all(|count| *count == 1), "{places:?}");

        let failed = self.path("failed");
        for name in listing(&failed) {
            let reason = failed.join(&name).with_extension("txt");
            let reason = text(&reason);
            // Three processes that end in the middle of one seed fail it, too.
            let ended = self.deaths >= 3 && reason.starts_with("antiphon ended 3 times");
            assert!(ended || reason == "it is broken\n", "{name}: {reason}");
        }
        let predictions = self.path("predictions");
        for name in listing(&predictions).iter().filter(|n| n.ends_with(".wav")) {
            let path = predictions.join(name);
            assert!(crate::audio::read::read(&path).unwrap().facts.length_agrees);
            assert!(path.with_extension("json").exists(), "{name}");
        }
    }

    /// Besides, there is one prediction for each seed that is done.
    fn check_predictions(&self) {
        let done = listing(&self.path(".antiphon/done")).len();
        assert_eq!(listing(&self.path("predictions")).len(), 2 * done);
        let failed = listing(&self.path("failed")).len();
        assert_eq!(done + failed / 2, self.arrived);
    }

    /// What was published, byte for byte.
    fn published(&self) -> BTreeMap<String, Vec<u8>> {
        let folder = self.path("predictions");
        let read = |name: String| (name.clone(), fs::read(folder.join(name)).unwrap());
        listing(&folder).into_iter().map(read).collect()
    }
}

/// In memory where possible: some tests sync many thousand times.
pub fn fast_folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap())
}

fn claim_first(spool: &Spool) -> Option<Job> {
    let names = listing(spool.root().seeds());
    let id = spool.next_id().ok()?;
    Some(Job::new(spool.claim(names.first()?.as_ref(), id).ok()?))
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

/// The names in `folder`, without the probe.
fn listing(folder: &Path) -> Vec<String> {
    let mut names = testing::listing(folder);
    names.retain(|name| name != PROBE);
    names
}

#[test]
fn a_seed_goes_to_done_or_to_failed() {
    let mut gallery = Gallery::open();
    gallery.arrive("good");
    gallery.arrive("broken");
    gallery.settle();
    gallery.check_predictions();
    assert_eq!(
        listing(&gallery.path("predictions")),
        ["good.0001.json", "good.0001.wav"]
    );
    assert_eq!(
        listing(&gallery.path("failed")),
        ["broken.txt", "broken.wav"]
    );
    assert_eq!(
        listing(&gallery.path(".antiphon/done")),
        ["000002-good.wav"]
    );
}

/// Three seeds, of which one is broken and two have the same name, with
/// `mishap` in the middle; whether it happened.
fn three_seeds(mishap: Mishap) -> (Gallery, bool) {
    let mut gallery = Gallery::open();
    gallery.arrive("good");
    gallery.settle();
    gallery.arrive("good");
    gallery.arrive("broken");
    mishap::prepare(mishap);
    gallery.step();
    gallery.step();
    (gallery, mishap::clear())
}

#[test]
fn whatever_is_refused_at_any_moment_the_same_process_makes_good() {
    for moment in 0.. {
        let (mut gallery, happened) = three_seeds(Mishap::Refused(moment));
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

#[test]
fn a_process_killed_at_any_moment_is_made_good_by_the_next_with_the_same_bytes() {
    let (mut undisturbed, _) = three_seeds(Mishap::Refused(usize::MAX));
    undisturbed.settle();
    for moment in 0.. {
        let (mut gallery, happened) = three_seeds(Mishap::Killed(moment));
        gallery.check();
        gallery.settle();
        gallery.check_predictions();
        assert_eq!(gallery.published(), undisturbed.published(), "{moment}");
        if !happened {
            return;
        }
    }
}

#[test]
fn recovery_may_be_killed_at_any_moment_too() {
    for moment in (0..).step_by(3) {
        let mut happened = false;
        for again in 0.. {
            let (mut gallery, killed) = three_seeds(Mishap::Killed(moment));
            happened = killed;
            mishap::prepare(Mishap::Killed(again));
            gallery.start();
            let killed = mishap::clear();
            gallery.check();
            gallery.settle();
            gallery.check_predictions();
            if !killed {
                break;
            }
        }
        if !happened {
            return;
        }
    }
}

#[test]
fn a_seed_that_kills_every_process_is_given_up() {
    let mut gallery = Gallery::open();
    gallery.arrive("good");
    for death in 1..=4 {
        // Killed at the end of the answer, when the attempt is counted.
        let spool = gallery.spool.as_ref().unwrap();
        let job = gallery.jobs.pop_front();
        let job = job.unwrap_or_else(|| Job::new(spool.claim("good.wav".as_ref(), death).unwrap()));
        // However often the same process tries.
        for _ in 0..2 {
            assert_eq!(spool.count_attempt(&job.claim).unwrap(), death as usize);
        }
        gallery.start();
    }
    assert!(gallery.step());
    let reason = text(&gallery.path("failed/good.txt"));
    assert!(reason.contains("ended 3 times"), "{reason}");
    assert_eq!(
        listing(&gallery.path(".antiphon/work")),
        Vec::<String>::new()
    );
}

#[test]
fn a_prediction_that_was_taken_away_at_once_is_not_made_again() {
    for moment in 0.. {
        let mut gallery = Gallery::open();
        gallery.arrive("good");
        mishap::prepare(Mishap::Killed(moment));
        gallery.step();
        let happened = mishap::clear();
        // The patch moves what it hears away.
        let there = gallery.published();
        for name in there.keys().filter(|_| there.len() == 2) {
            fs::remove_file(gallery.path("predictions").join(name)).unwrap();
        }
        gallery.start();
        while gallery.step() {}
        let again = gallery.published().len();
        assert_eq!(again, if there.len() == 2 { 0 } else { 2 }, "{moment}");
        if !happened {
            return;
        }
    }
}

#[test]
fn what_is_told_later_is_younger_though_the_clock_was_set_back() {
    let mut gallery = Gallery::open();
    gallery.arrive("good");
    gallery.settle();
    let future = SystemTime::now() + Duration::from_secs(1_000_000);
    let told = gallery.path("predictions/good.0001.json");
    files::set_time(&told, future).unwrap();
    // For the next process the clock is far behind what it finds.
    gallery.start();
    gallery.arrive("broken");
    gallery.arrive("good");
    gallery.settle();
    let time = |name: &str| {
        let metadata = fs::metadata(gallery.path(name)).unwrap();
        metadata.modified().unwrap()
    };
    assert!(time("failed/broken.txt") > future);
    assert!(time("predictions/good.0002.json") > time("failed/broken.txt"));
}

#[test]
fn names_of_any_length_and_encoding_are_answered() {
    let mut gallery = Gallery::open();
    let long = "ä".repeat(125);
    let names = [
        "no extension",
        "a.txt",
        "%s $(x) \u{1F3B8}.wav",
        "000001-a.wav",
    ];
    let mut names: Vec<OsString> = names.map(OsString::from).into();
    names.push(format!("{long}.wav").into());
    names.push(format!("{long}.aif").into());
    #[cfg(unix)]
    names.push(std::os::unix::ffi::OsStringExt::from_vec(
        b"\xff\xfe.wav".into(),
    ));
    for text in ["good", "broken"] {
        for (id, name) in names.iter().enumerate() {
            fs::write(gallery.path("seeds").join(name), text).unwrap();
            let spool = gallery.spool.as_ref().unwrap();
            gallery
                .jobs
                .push_back(Job::new(spool.claim(name, id as i32 + 1).unwrap()));
        }
        while gallery.step() {}
    }
    let count = |folder: &str| fs::read_dir(gallery.path(folder)).unwrap().count();
    assert_eq!(count("predictions"), 2 * names.len());
    assert_eq!(count(".antiphon/done"), names.len());
    assert_eq!(count("failed"), 2 * names.len());
    assert!(gallery.path("failed/a.txt").exists());
    assert_eq!(text(&gallery.path("failed/a.reason.txt")), "it is broken\n");
}

#[derive(Clone, Debug)]
enum Happening {
    Arrival(&'static str),
    Step(Option<Mishap>),
    Restart(Option<Mishap>),
    Stop,
}

fn happening() -> impl Strategy<Value = Happening> {
    let mishap = prop_oneof![
        2 => Just(None),
        1 => (0_usize..60).prop_map(|n| Some(Mishap::Refused(n))),
        1 => (0_usize..60).prop_map(|n| Some(Mishap::Killed(n))),
    ];
    prop_oneof![
        3 => prop_oneof![Just("good"), Just("fine"), Just("broken")].prop_map(Happening::Arrival),
        4 => mishap.clone().prop_map(Happening::Step),
        2 => mishap.prop_map(Happening::Restart),
        1 => Just(Happening::Stop),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_in_whatever_order(happenings in prop::collection::vec(happening(), 1..30)) {
        let mut gallery = Gallery::open();
        for happening in happenings {
            let prepare = |mishap: Option<Mishap>| {
                mishap.into_iter().for_each(mishap::prepare);
            };
            match happening {
                Happening::Arrival(kind) => gallery.arrive(kind),
                Happening::Step(mishap) => {
                    prepare(mishap);
                    gallery.step();
                    mishap::clear();
                    if matches!(mishap, Some(Mishap::Killed(_))) {
                        gallery.start();
                    }
                }
                Happening::Restart(mishap) => {
                    prepare(mishap);
                    gallery.start();
                    mishap::clear();
                }
                Happening::Stop => gallery.stop(),
            }
            gallery.check();
        }
        gallery.settle();
        gallery.check_predictions();
    }
}
