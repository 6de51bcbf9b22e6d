//! Whoever has seeds answered elsewhere: a job is sent, waited for, and its result fetched.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fs::File;
use std::io::Cursor;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::error::ClusterError;
use super::job::{Brief, Job, Word};
use super::names::{self, MODELS, RESULTS, SEEDS};
use super::parcel::{Parcel, Place, Unpacking};
use super::server::{Ear, Server};
use crate::answer::Step;
use crate::files;

/// How often whoever waits is asked whether it goes on.
const TICK: Duration = Duration::from_millis(200);
/// A job of which nothing is said for so long is looked for.
const QUIET: Duration = Duration::from_secs(5);
/// A server that refuses everything for so long is not asked any more.
const PATIENCE: Duration = Duration::from_secs(20);

/// What somebody wants to have done.
pub struct Wanted<'a> {
    pub brief: &'a Brief,
    /// The seed's file.
    pub seed: &'a Path,
    /// What the seed is called on the server: jobs of one seed may share it.
    pub seed_at: &'a str,
    /// Where the answer goes.
    pub place: Place<'a>,
    /// Where its models and guides are.
    pub supplies: &'a dyn Supplies,
    /// Whether a job that is not waited for any more is left to the workers.
    pub is_left: &'a dyn Fn() -> bool,
}

/// Gives what jobs need beside their seed.
pub trait Supplies: Send + Sync {
    /// The file that settings call `name`, if it still has the hash `sha256`.
    ///
    /// # Errors
    ///
    /// Why it cannot be had, in a sentence.
    fn supply(&self, name: &str, sha256: &str) -> Result<Cow<'static, [u8]>, String>;
}

/// What has become of a job.
#[derive(Debug)]
pub enum Asked {
    /// It ended like this; its result stays on the server until it is forgotten.
    Ended(Box<Parcel>),
    /// Whoever was told stopped it.
    Stopped,
    /// The seed has changed meanwhile.
    Changed,
    /// Something that it needs is not to be had.
    Lacks(String),
}

/// Has jobs done.
pub struct Client {
    server: Server,
    /// The models and guides that are on the server.
    supplied: Mutex<HashSet<String>>,
    /// How many jobs had been given away when nobody seemed to be there to take them.
    given: Mutex<Option<u64>>,
    /// What is not needed any more, and could not be removed yet.
    left: Mutex<Vec<(&'static str, String)>>,
}

impl Client {
    /// Has jobs done by those who work for `server`.
    pub fn new(server: Server) -> Client {
        Client {
            server,
            supplied: Mutex::default(),
            given: Mutex::default(),
            left: Mutex::default(),
        }
    }

    /// The server.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Why no job at all is done now, in a sentence.
    pub fn lacking(&self) -> Option<String> {
        if !self.server.is_there() {
            return self.server.lacking();
        }
        match self.server.is_without_workers() {
            Ok(None) => None,
            // While jobs are given away, somebody is there.
            Ok(Some(given)) if *self.given() != Some(given) => {
                *self.given() = Some(given);
                None
            }
            Ok(Some(_)) => Some(format!(
                "no worker takes jobs from the NATS server at {0}; start antiphon worker --nats {0}",
                self.server.url()
            )),
            Err(error) => Some(error.to_string()),
        }
    }

    /// Has done what is `wanted`, or fetches what was done before. `tell` hears how it gets
    /// on, some times a second, and may stop it. While the server is away it is waited for.
    ///
    /// # Errors
    ///
    /// Where the server refuses it again and again, and what cannot be read or written here.
    pub fn ask(
        &self,
        wanted: &Wanted,
        tell: &mut dyn FnMut(Step) -> ControlFlow<()>,
    ) -> Result<Asked, ClusterError> {
        let id = wanted.brief.id();
        let mut ear = None;
        let (mut refused_since, mut times_sent, mut is_heard) = (None::<Instant>, 0, false);
        loop {
            if tell(Step::Waiting).is_break() {
                return Ok(self.stopped(wanted, &id));
            }
            if !self.server.is_there() {
                std::thread::sleep(TICK);
                continue;
            }
            match self.look(wanted, &id, &mut ear, &mut times_sent) {
                Ok(Looked::Ended(parcel)) => {
                    let heard = parcel.heard.filter(|_| !is_heard);
                    if heard.is_some_and(|heard| tell(Step::Heard(heard)).is_break()) {
                        return Ok(self.stopped(wanted, &id));
                    }
                    return Ok(Asked::Ended(parcel));
                }
                Ok(Looked::Lacks(what)) => return Ok(Asked::Lacks(what)),
                Ok(Looked::Changed) => return Ok(Asked::Changed),
                Ok(Looked::Waits) => refused_since = None,
                Err(error) if error.is_of_the_server() || is_gone(&error) => {
                    let since = *refused_since.get_or_insert_with(Instant::now);
                    if self.server.is_there() && since.elapsed() > PATIENCE {
                        return Err(error);
                    }
                    tracing::debug!("{error}; trying again");
                    std::thread::sleep(TICK);
                    continue;
                }
                Err(error) => return Err(error),
            }
            let Some(ear) = &mut ear else {
                continue;
            };
            let mut told = Instant::now();
            while self.server.is_there() && told.elapsed() < QUIET {
                let word = ear.hear(TICK).and_then(|word| Word::parse(&word));
                let step = match word {
                    None => Step::Waiting,
                    Some(Word::Ended | Word::Again) => break,
                    Some(Word::Step(step)) => {
                        told = Instant::now();
                        step
                    }
                };
                is_heard |= matches!(step, Step::Heard(_));
                if tell(step).is_break() {
                    return Ok(self.stopped(wanted, &id));
                }
            }
        }
    }

    /// Has the server forget the result of the job that is known by `id`, which is here by
    /// now.
    pub fn forget(&self, id: &str) {
        self.remove(RESULTS, id);
    }

    /// Has the server forget the seed that it knows as `seed_at`.
    pub fn forget_seed(&self, seed_at: &str) {
        self.remove(SEEDS, seed_at);
    }

    fn remove(&self, bucket: &'static str, name: &str) {
        let mut left = std::mem::take(&mut *self.left());
        left.push((bucket, name.to_owned()));
        // What cannot be removed now is tried again with the next, and goes by itself when it
        // is a week old.
        left.retain(|(bucket, name)| {
            !self.server.is_there() || self.server.remove(bucket, name).is_err()
        });
        self.left().extend(left);
    }

    /// Looks whether the job has ended, and sends it where it is neither done nor to be done.
    fn look<'s>(
        &'s self,
        wanted: &Wanted,
        id: &str,
        ear: &mut Option<Ear<'s>>,
        times_sent: &mut usize,
    ) -> Result<Looked, ClusterError> {
        if ear.is_none() {
            *ear = Some(self.server.listen(&names::progress(id))?);
        }
        // In this order: a job that is not there any more has its result stored.
        let is_to_be_done = self.server.place_of(id)?.is_some();
        if self.server.has(RESULTS, id)? {
            return Ok(Looked::Ended(Box::new(self.fetch(id, wanted.place)?)));
        }
        if is_to_be_done {
            return Ok(Looked::Waits);
        }
        if *times_sent > 0 {
            // Something was missed: nothing is taken for granted.
            self.supplied().clear();
            let unreadable = |cause| ClusterError::Unreadable {
                path: wanted.seed.to_owned(),
                cause,
            };
            let now = files::sha256_of(wanted.seed).map_err(unreadable)?;
            if now != wanted.brief.seed_sha256 {
                return Ok(Looked::Changed);
            }
        }
        if let Err(what) = self.supply(wanted, id)? {
            return Ok(Looked::Lacks(what));
        }
        let job = Job {
            brief: wanted.brief.clone(),
            seed_at: wanted.seed_at.to_owned(),
        };
        let mut message_id = match *times_sent {
            0 => id.to_owned(),
            more => format!("{id} {more}"),
        };
        // The server may know the job from before, though it is not there any more.
        while self.server.send(id, &message_id, job.to_json())?.is_known {
            if self.server.place_of(id)?.is_some() || self.server.has(RESULTS, id)? {
                break;
            }
            *times_sent += 1;
            message_id = format!("{id} {times_sent}");
        }
        *times_sent += 1;
        Ok(Looked::Waits)
    }

    /// Makes sure that the seed, the models and the guides are on the server; what is not to
    /// be had, if something is not.
    fn supply(&self, wanted: &Wanted, id: &str) -> Result<Result<(), String>, ClusterError> {
        let brief = wanted.brief;
        for (name, sha256) in brief.models.iter().chain(&brief.guides) {
            if self.supplied().contains(sha256) {
                continue;
            }
            if !self.server.has(MODELS, sha256)? {
                let bytes = match wanted.supplies.supply(name, sha256) {
                    Ok(bytes) => bytes,
                    Err(what) => return Ok(Err(what)),
                };
                tracing::info!("{name} goes to the NATS server, {} bytes", bytes.len());
                self.server.put(MODELS, sha256, Cursor::new(bytes))?;
            }
            self.supplied().insert(sha256.clone());
        }
        // One that is shared by many jobs is put there once, and one of a job alone with it.
        let is_shared = wanted.seed_at != id;
        let is_there = is_shared
            && (self.supplied().contains(wanted.seed_at)
                || self.server.has(SEEDS, wanted.seed_at)?);
        if !is_there {
            let seed = File::open(wanted.seed).map_err(|cause| ClusterError::Unreadable {
                path: wanted.seed.to_owned(),
                cause,
            })?;
            self.server.put(SEEDS, wanted.seed_at, seed)?;
        }
        if is_shared {
            self.supplied().insert(wanted.seed_at.to_owned());
        }
        Ok(Ok(()))
    }

    fn fetch(&self, id: &str, place: Place) -> Result<Parcel, ClusterError> {
        let mut unpacking = Unpacking::new(place);
        let got = self
            .server
            .get(RESULTS, id, &mut |piece| unpacking.push(piece));
        let parcel = got.and_then(|()| unpacking.end());
        if let Err(ClusterError::Broken { .. }) = parcel {
            // It is made again.
            self.forget(id);
        }
        parcel
    }

    /// What is to be done where nobody waits for the job any more.
    fn stopped(&self, wanted: &Wanted, id: &str) -> Asked {
        if !(wanted.is_left)() && self.server.is_there() {
            if let Err(error) = self.server.withdraw(id) {
                tracing::debug!("{error}");
            }
            self.forget(id);
            if wanted.seed_at == id {
                self.forget_seed(id);
            }
        }
        Asked::Stopped
    }

    fn given(&self) -> MutexGuard<'_, Option<u64>> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn left(&self) -> MutexGuard<'_, Vec<(&'static str, String)>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn supplied(&self) -> MutexGuard<'_, HashSet<String>> {
        self.supplied.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a job stands.
enum Looked {
    Changed,
    Ended(Box<Parcel>),
    Waits,
    Lacks(String),
}

/// What was there a moment ago was taken away since.
fn is_gone(error: &ClusterError) -> bool {
    matches!(error, ClusterError::Gone { .. })
}
