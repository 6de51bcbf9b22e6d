//! Recorders that work into a folder of seeds, one step at a time.

use std::collections::{HashMap, VecDeque};
use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::{Parrot, fast_folder, terms};
use crate::system;
use crate::watch::inbox::Inbox;
use crate::watch::job::{Job, Outcome, Stop};
use crate::watch::root::{Root, WhichRoot};
use crate::watch::spool::{Process, Spool};
use crate::watch::worker::work;

const PATIENCE: Duration = Duration::from_secs(30);
/// The names that files have; a test gives their places in here.
pub const NAMES: [&str; 3] = ["a.wav", "b.wav", "take.wav"];
/// How many recorders there are; a test gives their numbers.
pub const WRITERS: usize = 4;
const HEADER: usize = 44;

/// What a recorder does with its header while it records.
#[derive(Clone, Copy, Debug)]
pub enum HeaderHabit {
    /// It says the whole length from the start, as of a copy.
    Ahead,
    /// It says 0 until the end.
    InTheEnd,
    /// It says what is there, after each block.
    Always,
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

/// A recorder at work on a take.
struct Writer {
    file: File,
    take: usize,
    header: HeaderHabit,
    written: usize,
}

/// A folder of seeds, and the recorders that write into it.
pub struct Studio {
    folder: TempDir,
    spool: Spool,
    inbox: Inbox,
    now: Instant,
    jobs: VecDeque<Job>,
    takes: Vec<Take>,
    writers: HashMap<usize, Writer>,
}

impl Studio {
    /// An empty folder, and nobody at work.
    pub fn new() -> Studio {
        let folder = fast_folder();
        let root = Root::open(folder.path(), &WhichRoot::Any).unwrap();
        let (spool, _) = Spool::open(root, &Process::unique()).unwrap();
        Studio {
            inbox: Inbox::new(spool.root().seeds(), None, PATIENCE),
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

    /// Begins a 16-bit WAV file unlike all others, as the file of `identity`.
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

    /// `writer`, unless it records already, begins a recording called `name`, unless
    /// another writer is at work on that one.
    pub fn open(&mut self, writer: usize, name: usize, header: HeaderHabit, length_ahead: bool) {
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
        let recorder = Writer {
            file,
            take,
            header,
            written: 0,
        };
        self.writers.insert(writer, recorder);
    }

    /// `writer` writes on, up to this share of its recording.
    pub fn write(&mut self, writer: usize, share: f64) {
        if let Some(writer) = self.writers.get_mut(&writer) {
            let whole = &self.takes[writer.take].whole;
            let to = HEADER + ((whole.len() - HEADER) as f64 * share) as usize;
            writer.write_until(whole, to);
        }
    }

    /// The recording of `writer` comes to its end, of which notifications tell if
    /// `is_told`.
    pub fn close(&mut self, writer: usize, is_told: bool) {
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

    /// `writer` is killed.
    pub fn kill(&mut self, writer: usize) {
        if let Some(writer) = self.writers.remove(&writer) {
            self.takes[writer.take].is_given_up = true;
        }
    }

    /// A recording that was finished elsewhere is moved to `name`.
    pub fn move_in(&mut self, name: usize) {
        let path = self.seed(name);
        self.give_up(&path);
        let outside = self.folder.path().join("outside");
        fs::write(&outside, "").unwrap();
        let take = self.take(system::identity(&outside.metadata().unwrap()));
        fs::write(&outside, &self.takes[take].whole).unwrap();
        self.takes[take].is_finished = true;
        fs::rename(outside, &path).unwrap();
    }

    /// The file `from` gets the name `to`.
    pub fn rename(&mut self, from: usize, to: usize) {
        let (old, new) = (self.seed(from), self.seed(to));
        if from != to && old.exists() {
            self.give_up(&new);
            fs::rename(old, new).unwrap();
        }
    }

    /// The file `name` is removed.
    pub fn delete(&mut self, name: usize) {
        let path = self.seed(name);
        self.give_up(&path);
        let _ = fs::remove_file(path);
    }

    /// Time passes.
    pub fn pause(&mut self, seconds: f64) {
        self.now += Duration::from_secs_f64(seconds);
    }

    /// The inbox looks into the folder, and all that is complete is claimed.
    pub fn look(&mut self) {
        for arrived in self.inbox.scan(self.now, usize::MAX).unwrap() {
            let id = self.spool.next_id().unwrap();
            let claim = self.spool.claim(None, &arrived.name, id).unwrap();
            self.inbox.forget(&arrived.name);
            self.jobs.push_back(Job::new(claim));
        }
    }

    /// The first of the claimed seeds, if there is one, is answered.
    pub fn answer(&mut self) {
        if let Some(mut job) = self.jobs.pop_front() {
            let stop = Stop::default();
            match work(&self.spool, &mut Parrot, &terms(), &mut job, &stop, &|_| ()) {
                Outcome::Done { .. } => {}
                outcome => panic!("{outcome:?}"),
            }
        }
    }

    /// Every recording comes to its end, and all that waits is answered.
    pub fn settle(&mut self) {
        for writer in 0..WRITERS {
            self.close(writer, false);
        }
        // What lacks something is waited for after the first look at it.
        for _ in 0..2 {
            self.pause(100.0);
            self.look();
        }
        while !self.jobs.is_empty() {
            self.answer();
        }
    }

    /// Each finished recording was answered once, and what else was answered is what
    /// killed recorders left.
    pub fn check(&self) {
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
    /// Writes on until the first `to` bytes of `whole` are there.
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

/// The header of a 16-bit WAV file with `bytes` bytes of sound.
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
