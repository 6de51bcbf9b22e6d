//! Whatever any number of recorders do in whatever order: each file that came to
//! its end is answered exactly once and whole, and nothing else is.

use std::collections::{HashMap, VecDeque};
use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use tempfile::TempDir;

use super::inbox::Inbox;
use super::promise::{Parrot, fast_folder, terms};
use super::root::{Root, WhichRoot};
use super::spool::{Process, Spool};
use super::worker::{Job, Outcome, work};
use crate::system::{self, writers};

const PATIENCE: Duration = Duration::from_secs(30);
const NAMES: [&str; 3] = ["a.wav", "b.wav", "take.wav"];
const HEADER: usize = 44;

/// What a recorder does with its header while it records.
#[derive(Clone, Copy, Debug)]
enum HeaderHabit {
    /// It says the whole length from the start, as of a copy.
    Ahead,
    /// It says 0 until the end.
    InTheEnd,
    /// It says what is there, after each block.
    Always,
}

#[derive(Clone, Debug)]
enum Occurrence {
    Open {
        writer: usize,
        name: usize,
        header: HeaderHabit,
        length_ahead: bool,
    },
    Write {
        writer: usize,
        share: f64,
    },
    /// The recording comes to its end.
    Close {
        writer: usize,
        is_told: bool,
    },
    /// The recorder is killed.
    Kill {
        writer: usize,
    },
    MoveIn {
        name: usize,
    },
    Rename {
        from: usize,
        to: usize,
    },
    Delete {
        name: usize,
    },
    Pause(f64),
    Look,
    Answer,
}

/// A recording.
struct Take {
    /// As it is in the end.
    whole: Vec<u8>,
    identity: (u64, u64),
    is_finished: bool,
    /// Its recorder was killed, or its owner destroyed it: it need not be answered.
    is_given_up: bool,
}

struct Writer {
    file: File,
    take: usize,
    header: HeaderHabit,
    written: usize,
}

struct Studio {
    folder: TempDir,
    spool: Spool,
    inbox: Inbox,
    now: Instant,
    jobs: VecDeque<Job>,
    takes: Vec<Take>,
    writers: HashMap<usize, Writer>,
}

impl Studio {
    fn new() -> Studio {
        let folder = fast_folder();
        let root = Root::open(folder.path(), &WhichRoot::Any).unwrap();
        let (spool, _) = Spool::open(root, &Process::unique()).unwrap();
        Studio {
            inbox: Inbox::new(spool.root().seeds(), PATIENCE),
            spool,
            folder,
            now: Instant::now(),
            jobs: VecDeque::new(),
            takes: Vec::new(),
            writers: HashMap::new(),
        }
    }

    fn seed(&self, name: usize) -> PathBuf {
        self.spool.root().seeds().join(NAMES[name])
    }

    /// A 16-bit WAV file unlike all others.
    fn take(&mut self, identity: (u64, u64)) -> usize {
        let number = self.takes.len();
        let samples: Vec<u8> = (0..3000 + 2 * number)
            .map(|n| (n + 7 * number) as u8)
            .collect();
        self.takes.push(Take {
            whole: [header(samples.len()), samples].concat(),
            identity,
            is_finished: false,
            is_given_up: false,
        });
        number
    }

    /// Whoever destroys the file at `path` gives up what was in it.
    fn give_up(&mut self, path: &Path) {
        if let Ok(metadata) = path.metadata() {
            let identity = system::identity(&metadata);
            let takes = self
                .takes
                .iter_mut()
                .filter(|take| take.identity == identity);
            takes.for_each(|take| take.is_given_up = true);
        }
    }

    fn is_being_written(&self, path: &Path) -> bool {
        path.metadata().is_ok_and(|metadata| {
            let identity = system::identity(&metadata);
            self.writers
                .values()
                .any(|w| self.takes[w.take].identity == identity)
        })
    }

    fn happen(&mut self, happening: &Occurrence) {
        match *happening {
            Occurrence::Open {
                writer,
                name,
                header,
                length_ahead,
            } => {
                let path = self.seed(name);
                if self.writers.contains_key(&writer) || self.is_being_written(&path) {
                    return;
                }
                self.give_up(&path);
                let file = File::create(&path).unwrap();
                let take = self.take(system::identity(&file.metadata().unwrap()));
                if length_ahead {
                    file.set_len(self.takes[take].whole.len() as u64).unwrap();
                }
                let writer_state = Writer {
                    file,
                    take,
                    header,
                    written: 0,
                };
                self.writers.insert(writer, writer_state);
            }
            Occurrence::Write { writer, share } => {
                if let Some(writer) = self.writers.get_mut(&writer) {
                    let whole = &self.takes[writer.take].whole;
                    let to = HEADER + ((whole.len() - HEADER) as f64 * share) as usize;
                    writer.write_until(whole, to);
                }
            }
            Occurrence::Close { writer, is_told } => {
                let Some(mut writer) = self.writers.remove(&writer) else {
                    return;
                };
                let take = &mut self.takes[writer.take];
                writer.write_until(&take.whole, take.whole.len());
                writer.file.seek(SeekFrom::Start(0)).unwrap();
                writer.file.write_all(&take.whole[..HEADER]).unwrap();
                take.is_finished = true;
                let identity = take.identity;
                drop(writer);
                for (name, shown) in NAMES.iter().enumerate() {
                    let metadata = self.seed(name).metadata();
                    if is_told && metadata.is_ok_and(|m| system::identity(&m) == identity) {
                        self.inbox.closed(shown.as_ref(), self.now);
                    }
                }
            }
            Occurrence::Kill { writer } => {
                if let Some(writer) = self.writers.remove(&writer) {
                    self.takes[writer.take].is_given_up = true;
                }
            }
            Occurrence::MoveIn { name } => {
                let path = self.seed(name);
                self.give_up(&path);
                let outside = self.folder.path().join("outside");
                fs::write(&outside, "").unwrap();
                let take = self.take(system::identity(&outside.metadata().unwrap()));
                fs::write(&outside, &self.takes[take].whole).unwrap();
                self.takes[take].is_finished = true;
                fs::rename(outside, &path).unwrap();
            }
            Occurrence::Rename { from, to } => {
                let (old, new) = (self.seed(from), self.seed(to));
                if from != to && old.exists() {
                    self.give_up(&new);
                    fs::rename(old, new).unwrap();
                }
            }
            Occurrence::Delete { name } => {
                let path = self.seed(name);
                self.give_up(&path);
                let _ = fs::remove_file(path);
            }
            Occurrence::Pause(seconds) => self.now += Duration::from_secs_f64(seconds),
            Occurrence::Look => {
                for arrived in self.inbox.scan(self.now, usize::MAX).unwrap() {
                    let id = self.spool.next_id().unwrap();
                    let claim = self.spool.claim(&arrived.name, id).unwrap();
                    self.inbox.forget(&arrived.name);
                    self.jobs.push_back(Job::new(claim));
                }
            }
            Occurrence::Answer => {
                if let Some(mut job) = self.jobs.pop_front() {
                    let stop = AtomicBool::new(false);
                    match work(&self.spool, &mut Parrot, &terms(), &mut job, &stop) {
                        Outcome::Done { .. } => {}
                        outcome => panic!("{outcome:?}"),
                    }
                }
            }
        }
    }

    fn settle(&mut self) {
        for writer in 0..4 {
            self.happen(&Occurrence::Close {
                writer,
                is_told: false,
            });
        }
        // What lacks something is waited for after the first look at it.
        for _ in 0..2 {
            self.happen(&Occurrence::Pause(100.0));
            self.happen(&Occurrence::Look);
        }
        while !self.jobs.is_empty() {
            self.happen(&Occurrence::Answer);
        }
    }

    fn check(&self) {
        let seeds = fs::read_dir(self.spool.root().seeds()).unwrap();
        assert_eq!(seeds.count(), 0, "nothing waits for ever");
        let done = fs::read_dir(self.spool.root().done()).unwrap();
        let answered: Vec<Vec<u8>> = done
            .map(|entry| fs::read(entry.unwrap().path()).unwrap())
            .collect();
        let predictions = fs::read_dir(self.spool.root().predictions()).unwrap();
        assert_eq!(predictions.count(), 2 * answered.len());
        for (number, take) in self.takes.iter().enumerate() {
            let times = answered.iter().filter(|seed| **seed == take.whole).count();
            match take.is_given_up {
                false => assert_eq!(times, 1, "take {number}"),
                true => assert!(times <= 1, "take {number}"),
            }
        }
        // Anything else is what a killed recorder left, as it left it.
        let whole = |seed: &&Vec<u8>| self.takes.iter().any(|take| take.whole == **seed);
        let rest = answered.iter().filter(|seed| !whole(seed)).count();
        let killed = self
            .takes
            .iter()
            .filter(|take| take.is_given_up && !take.is_finished);
        assert!(
            rest <= killed.count(),
            "{rest} answers to what was no whole take"
        );
    }
}

impl Writer {
    /// Writes on until so much of `whole` is there.
    fn write_until(&mut self, whole: &[u8], to: usize) {
        let of = |length: usize| match self.header {
            HeaderHabit::Ahead => whole[..HEADER].to_vec(),
            HeaderHabit::InTheEnd => header(0),
            HeaderHabit::Always => header(length - HEADER),
        };
        let to = to.max(self.written.max(HEADER));
        self.file.seek(SeekFrom::Start(0)).unwrap();
        self.file.write_all(&of(to)).unwrap();
        let from = self.written.max(HEADER);
        self.file.seek(SeekFrom::Start(from as u64)).unwrap();
        self.file.write_all(&whole[from..to]).unwrap();
        self.written = to;
    }
}

/// The header of a 16-bit WAV file with so many bytes of sound.
fn header(bytes: usize) -> Vec<u8> {
    let bytes = bytes as u32;
    let mut header = Vec::from(*b"RIFF");
    header.extend((bytes + 36).to_le_bytes());
    header.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    header.extend(8000_u32.to_le_bytes());
    header.extend(16000_u32.to_le_bytes());
    header.extend(b"\x02\0\x10\0data");
    header.extend(bytes.to_le_bytes());
    header
}

fn happening() -> impl Strategy<Value = Occurrence> {
    let (writer, name) = (0..4_usize, 0..NAMES.len());
    let header = prop_oneof![
        Just(HeaderHabit::Ahead),
        Just(HeaderHabit::InTheEnd),
        Just(HeaderHabit::Always)
    ];
    prop_oneof![
        4 => (writer.clone(), name.clone(), header, any::<bool>()).prop_map(
            |(writer, name, header, length_ahead)| {
                Occurrence::Open { writer, name, header, length_ahead }
            }
        ),
        6 => (writer.clone(), 0.0..1.0)
            .prop_map(|(writer, share)| Occurrence::Write { writer, share }),
        4 => (writer.clone(), any::<bool>())
            .prop_map(|(writer, is_told)| Occurrence::Close { writer, is_told }),
        1 => writer.prop_map(|writer| Occurrence::Kill { writer }),
        1 => name.clone().prop_map(|name| Occurrence::MoveIn { name }),
        1 => (name.clone(), name.clone()).prop_map(|(from, to)| Occurrence::Rename { from, to }),
        1 => name.prop_map(|name| Occurrence::Delete { name }),
        3 => prop_oneof![0.0..1.0, 0.0..40.0].prop_map(Occurrence::Pause),
        6 => Just(Occurrence::Look),
        3 => Just(Occurrence::Answer),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_finished_file_is_answered_once_and_whole(
        happenings in prop::collection::vec(happening(), 1..60)
    ) {
        if writers::has_writer(&tempfile::tempfile().unwrap()).is_none() {
            eprintln!("SKIPPED: this system does not tell who has a file open");
            return Ok(());
        }
        let mut studio = Studio::new();
        for happening in &happenings {
            studio.happen(happening);
        }
        studio.settle();
        studio.check();
    }
}
