//! A seed's way through the folders, by renames that replace nothing.
//!
//! ```text
//! seeds/NAME.wav → .antiphon/work/000012/NAME.wav → .antiphon/done/000012-NAME.wav
//!                  .antiphon/tmp/000012.wav       → predictions/NAME.0001.wav
//!                  .antiphon/tmp/000012.json      → predictions/NAME.0001.json
//!                  .antiphon/tmp/000012.set/            or predictions/NAME.0001/
//!                                        or else → failed/NAME.wav, NAME.txt
//! ```
//!
//! Of a seed for a voice it is `seeds/VOICE/`, `.antiphon/work/000012-VOICE/` and
//! `predictions/VOICE/`.
//!
//! The names in the folders are all there is to know: a process that dies at
//! any moment leaves them such that the next one can tell what remains to be
//! done. Beside a claimed seed stand `.attempt-PROCESS`, one for each process that
//! has tried to answer it, and, while something is delivered, `.publish-N`, `.set-N`
//! or `.fail-N` with the number that its names get. The delivery has happened
//! when the marker is there and the file or the folder that it moves is not.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

use super::claim::Claim;
use super::delivery::Delivery;
use super::error::{SpoolError, failed_to};
use super::failed::FailedVoices;
use super::folders::{self, ATTEMPT, SET_IN_THE_MAKING, job_of, name_of_job};
use super::numbers::Numbers;
use super::retention;
use super::returned::ReturnedSeeds;
use super::root::Root;
use super::seed_names::shortened;
use super::sets;
use super::steps::{clear, is_hidden, is_missing, move_new, names_in};
use crate::files;
use crate::names::printable;
use crate::system::disk;

/// Processes that may die of a seed before it is given up.
pub const MOST_ATTEMPTS: usize = 3;
/// Deliveries are never told apart by less.
const TICK: Duration = Duration::from_millis(1);

/// The folders, and what this process remembers of them only to be faster.
pub struct Spool {
    root: Root,
    process: String,
    numbers: Numbers,
    /// When something was delivered last.
    last: Mutex<SystemTime>,
    /// Held while a number is taken: a prediction and a set of one name, which two
    /// workers deliver at the same time, are to have two.
    moving: Mutex<()>,
    /// Seeds that are back where they were put, from this process and the one before.
    returned: ReturnedSeeds,
    /// Jobs whose earlier process delivered them and may not have told.
    untold: Mutex<Vec<(Claim, Delivered)>>,
}

/// A name that no other process has had.
#[derive(Clone, Debug)]
pub struct Process(String);

impl Process {
    /// Another one at each call, and in each process.
    pub fn unique() -> Process {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = now.unwrap_or_default().as_nanos();
        Process(format!("{}-{now}", std::process::id()))
    }
}

/// What a job ends with, as it was delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// The prediction, at this path.
    Prediction(PathBuf),
    /// The set, in the folder at this path.
    Set(PathBuf),
    /// The seed itself, at this path in failed/.
    Failure(PathBuf),
}

impl Spool {
    /// Takes up what an earlier process left in the folders of `root`: whatever
    /// was delivered is brought to its end; the other claimed seeds are given,
    /// in the order in which they were claimed.
    ///
    /// Attempts at them are counted for `process`, once however often it opens
    /// the folders: a folder that goes and comes does not use up a seed.
    pub fn open(root: Root, process: &Process) -> Result<(Spool, Vec<Claim>), SpoolError> {
        let spool = Spool {
            last: Mutex::new(retention::newest(&root)),
            returned: ReturnedSeeds::read(&root.path().join(folders::RETURNED)),
            root,
            process: process.0.clone(),
            numbers: Numbers::default(),
            moving: Mutex::default(),
            untold: Mutex::default(),
        };
        let claims = spool.take_up_claims()?;
        spool.clear_temporaries()?;
        Ok((spool, claims))
    }

    fn take_up_claims(&self) -> Result<Vec<Claim>, SpoolError> {
        let mut claims = Vec::new();
        for name in names_in(self.root.work())? {
            let folder = self.root.work().join(&name);
            let Some(id) = job_of(&name).filter(|_| folder.is_dir()) else {
                tracing::warn!("{} is not antiphon's; left alone", folder.display());
                continue;
            };
            match names_in(&folder)?.into_iter().find(|name| !is_hidden(name)) {
                Some(name) => {
                    let claim = Claim::new(&self.root, folder, id, name);
                    match self.settle(&claim)? {
                        None => {
                            self.end_claiming(&claim)?;
                            claims.push(claim);
                        }
                        Some(delivered) => {
                            let mut untold =
                                self.untold.lock().unwrap_or_else(PoisonError::into_inner);
                            untold.push((claim, delivered));
                        }
                    }
                }
                // It was on its way in or out.
                None => clear(&folder)?,
            }
        }
        claims.sort_by_key(Claim::id);
        Ok(claims)
    }

    /// The process may have died while it claimed the seed of `claim`, or put it back, on a
    /// disk where that takes two steps.
    fn end_claiming(&self, claim: &Claim) -> Result<(), SpoolError> {
        if !self.is_half_claimed(claim.voice(), claim.name(), claim.id()) {
            return Ok(());
        }
        let waiting = self.root.seeds_of(claim.voice()).join(claim.name());
        files::remove(&waiting).map_err(failed_to("remove", &waiting))
    }

    /// What is still to be delivered was brought to its end before.
    fn clear_temporaries(&self) -> Result<(), SpoolError> {
        for name in names_in(self.root.tmp())? {
            let path = self.root.tmp().join(name);
            let removed = match path.is_dir() {
                true if path.extension() == Some(OsStr::new(SET_IN_THE_MAKING)) => {
                    files::remove_tree(&path)
                }
                true => Ok(()),
                false => files::remove(&path),
            };
            removed.map_err(failed_to("remove", &path))?;
        }
        // The lock says that nobody else writes there: these are of processes that are gone.
        let hidden = self.root.hidden();
        for name in names_in(hidden)?
            .iter()
            .filter(|name| files::is_unpublished(name))
        {
            let path = hidden.join(name);
            files::remove(&path).map_err(failed_to("remove", &path))?;
        }
        Ok(())
    }

    /// The folders.
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// A number for the next job, above those that the folders know.
    pub fn next_id(&self) -> Result<i32, SpoolError> {
        let mut largest = 0;
        for folder in [self.root.work(), self.root.done()] {
            // There may be very many: they are looked at one by one.
            let entries = match fs::read_dir(folder) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                entries => entries.map_err(failed_to("look into", folder))?,
            };
            for entry in entries {
                let name = entry.map_err(failed_to("look into", folder))?.file_name();
                largest = largest.max(job_of(&name).unwrap_or(0));
            }
        }
        let noted = fs::read_to_string(self.last_id()).ok();
        let noted = noted.and_then(|text| text.trim().parse().ok()).unwrap_or(0);
        Ok(following(largest.max(noted)))
    }

    /// Where the last number is noted.
    fn last_id(&self) -> PathBuf {
        self.root.path().join(folders::LAST_ID)
    }

    /// Makes the seed `name` for `voice` this process's own, as job `id`.
    pub fn claim(&self, voice: Option<&str>, name: &OsStr, id: i32) -> Result<Claim, SpoolError> {
        let folder = self.root.work().join(name_of_job(id, voice));
        let claim = Claim::new(&self.root, folder, id, name.to_owned());
        let waiting = self.root.seeds_of(voice).join(name);
        // Only a hint, which need not outlive a crash of the machine.
        let _ = fs::write(self.last_id(), format!("{id}\n"));
        self.make_folder_of(&claim, name)?;
        files::rename_new(&waiting, &claim.seed()).map_err(|cause| {
            // An empty folder is litter, not the error to report.
            let _ = files::remove_folder(claim.folder());
            match cause.kind() {
                io::ErrorKind::NotFound => SpoolError::Gone { name: name.into() },
                _ => failed_to("claim", &waiting)(cause),
            }
        })?;
        // Nothing is synced: wherever a crash of the machine leaves the seed, it
        // is found there.
        Ok(claim)
    }

    /// Whether a claim of the seed `name` for `voice`, as job `id`, was left in the middle: the
    /// seed has its old and its new name.
    pub fn is_half_claimed(&self, voice: Option<&str>, name: &OsStr, id: i32) -> bool {
        let claimed = self.root.work().join(name_of_job(id, voice)).join(name);
        files::has_two_names(&claimed, &self.root.seeds_of(voice).join(name))
    }

    /// Makes the folder of a claim of the seed `name`. Where the root was taken away a moment
    /// ago, nothing is made that would stand in its place when it comes back.
    fn make_folder_of(&self, claim: &Claim, name: &OsStr) -> Result<(), SpoolError> {
        if !self.root.path().is_dir() {
            return Err(SpoolError::Gone { name: name.into() });
        }
        files::make_folder(claim.folder()).map_err(failed_to("make the folder", claim.folder()))
    }

    /// Makes the file `copy` this process's own, as the seed `name` for `voice` and as job
    /// `id`, which is asked for what `asked` says.
    pub fn adopt(
        &self,
        (copy, name): (&Path, &OsStr),
        voice: Option<&str>,
        id: i32,
        asked: &Map<String, Value>,
    ) -> Result<Claim, SpoolError> {
        let folder = self.root.work().join(name_of_job(id, voice));
        let claim = Claim::new(&self.root, folder, id, name.to_owned());
        let _ = fs::write(self.last_id(), format!("{id}\n"));
        self.make_folder_of(&claim, name)?;
        let moved = claim.ask(asked).and_then(|()| {
            files::rename_new(copy, &claim.seed()).map_err(failed_to("move", copy))?;
            files::sync_folder(claim.folder()).map_err(failed_to("sync", claim.folder()))
        });
        moved.inspect_err(|_| {
            // What is left is litter, not the error to report.
            let _ = files::remove(&claim.seed()).map(|()| clear(claim.folder()));
        })?;
        Ok(claim)
    }

    /// Jobs that an earlier process brought to their ends, and of which it may not have
    /// told, each once.
    pub fn take_untold(&self) -> Vec<(Claim, Delivered)> {
        let mut untold = self.untold.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *untold)
    }

    /// Seeds that were put back by this process or the one before.
    pub fn returned(&self) -> &ReturnedSeeds {
        &self.returned
    }

    /// Tells the next process which seeds were put back.
    pub fn note_returned(&self) {
        self.returned
            .write(&self.root.path().join(folders::RETURNED));
    }

    /// Notes that this process is about to answer `claim`; how many have been
    /// about to, this one included.
    pub fn count_attempt(&self, claim: &Claim) -> Result<usize, SpoolError> {
        let marker = self.attempt(claim);
        files::touch(&marker).map_err(failed_to("make", &marker))?;
        files::sync_folder(claim.folder()).map_err(failed_to("sync", claim.folder()))?;
        Ok(claim.markers(ATTEMPT)?.len())
    }

    /// Takes back that this process began to answer `claim`.
    pub fn discount_attempt(&self, claim: &Claim) -> Result<(), SpoolError> {
        let marker = self.attempt(claim);
        files::remove(&marker).map_err(failed_to("remove", &marker))
    }

    /// What stands beside the seed of `claim` once this process has begun to answer it.
    fn attempt(&self, claim: &Claim) -> PathBuf {
        claim.folder().join(format!("{ATTEMPT}{}", self.process))
    }

    /// The number that the prediction of `claim` would get now.
    pub fn next_number(&self, claim: &Claim) -> u32 {
        self.numbers
            .free(&Delivery::of_prediction(&self.root, claim))
    }

    /// Publishes the prediction written for `claim`, with the text of its
    /// sidecar; the seed is done. Gives the sound's path.
    ///
    /// After an error, [`Spool::settle`] tells whether it is published.
    pub fn publish(&self, claim: &Claim, sidecar: &str) -> Result<PathBuf, SpoolError> {
        self.root.make_predictions_of(claim.voice())?;
        let delivery = Delivery::of_prediction(&self.root, claim);
        let path = self.deliver(claim, &delivery, sidecar)?;
        self.retire(claim)?;
        Ok(path)
    }

    /// Publishes the set made for `claim`, whole and in one moment; the seed is done.
    /// Gives the folder's path.
    ///
    /// After an error, [`Spool::settle`] tells whether it is published.
    pub fn publish_set(&self, claim: &Claim) -> Result<PathBuf, SpoolError> {
        self.root.make_predictions_of(claim.voice())?;
        let set = claim.unpublished_set();
        sets::sync(&set, self.later_than_all()).map_err(failed_to("sync", &set))?;
        let path = self.move_out(claim, &Delivery::of_set(&self.root, claim))?;
        self.retire(claim)?;
        Ok(path)
    }

    /// Puts the seed of `claim` into `failed/`, with a text beside it that says
    /// why. Gives the seed's path.
    pub fn fail(&self, claim: &Claim, reason: &str) -> Result<PathBuf, SpoolError> {
        let delivery = Delivery::of_failure(&self.root, claim);
        let path = self.deliver(claim, &delivery, &format!("{}\n", printable(reason)))?;
        self.note_failed(claim, &path);
        self.clean_up(claim);
        Ok(path)
    }

    /// Removes the seed of `claim`, which has no answer and is kept nowhere: whatever else is
    /// left of it a later process removes.
    pub fn skip(&self, claim: &Claim) -> Result<(), SpoolError> {
        let seed = claim.seed();
        files::remove(&seed).map_err(failed_to("remove", &seed))?;
        self.clean_up(claim);
        Ok(())
    }

    /// Puts the reason into `failed/` why the seed of `claim`, which is not there any
    /// more, has no answer.
    pub fn fail_without(&self, claim: &Claim, reason: &str) -> Result<(), SpoolError> {
        let delivery = Delivery::of_reason(&self.root, claim);
        self.write_text(delivery.main(), &format!("{}\n", printable(reason)))?;
        self.move_out(claim, &delivery)?;
        self.clean_up(claim);
        Ok(())
    }

    /// Writes the companion, and moves it and then main into their folder.
    fn deliver(
        &self,
        claim: &Claim,
        delivery: &Delivery,
        text: &str,
    ) -> Result<PathBuf, SpoolError> {
        if let Some(companion) = delivery.companion() {
            self.write_text(companion, text)?;
        }
        self.move_out(claim, delivery)
    }

    /// Writes a text that is about to be delivered, by whose time it is told what is old.
    fn write_text(&self, path: &Path, text: &str) -> Result<(), SpoolError> {
        files::write(path, text.as_bytes())
            .and_then(|()| files::set_time(path, self.later_than_all()))
            .map_err(failed_to("write", path))
    }

    /// Moves what is complete into its folder. Gives main's path there.
    fn move_out(&self, claim: &Claim, delivery: &Delivery) -> Result<PathBuf, SpoolError> {
        let tmp = self.root.tmp();
        files::sync_folder(tmp).map_err(failed_to("sync", tmp))?;
        let number = self.move_to_free_number(claim, delivery)?;
        let folder = delivery.folder();
        files::sync_folder(folder).map_err(failed_to("sync", folder))?;
        self.numbers.remember(delivery, number);
        Ok(delivery.path(number))
    }

    fn move_to_free_number(&self, claim: &Claim, delivery: &Delivery) -> Result<u32, SpoolError> {
        let _moving = self.moving.lock().unwrap_or_else(PoisonError::into_inner);
        let mut number = self.numbers.free(delivery);
        while !delivery.try_to_move(claim, number)? {
            number = Numbers::free_from(number + 1, delivery);
        }
        Ok(number)
    }

    /// Now, or just after the last delivery where the clock was set back: by the
    /// companions' times it can be told what is old.
    fn later_than_all(&self) -> SystemTime {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = SystemTime::now().max(*last + TICK);
        *last
    }

    /// Brings to its end what was delivered for `claim`, also by an earlier
    /// process; undoes what was only begun, so that nothing but the seed is there.
    pub fn settle(&self, claim: &Claim) -> Result<Option<Delivered>, SpoolError> {
        if let Some(path) = Delivery::of_prediction(&self.root, claim).destination(claim)? {
            self.retire(claim)?;
            return Ok(Some(Delivered::Prediction(path)));
        }
        if let Some(path) = Delivery::of_set(&self.root, claim).destination(claim)? {
            self.retire(claim)?;
            return Ok(Some(Delivered::Set(path)));
        }
        if let Some(path) = Delivery::of_failure(&self.root, claim).destination(claim)? {
            self.note_failed(claim, &path);
            self.clean_up(claim);
            return Ok(Some(Delivered::Failure(path)));
        }
        claim.remove_temporaries()?;
        Ok(None)
    }

    /// Moves the seed of an answered `claim` to done/.
    fn retire(&self, claim: &Claim) -> Result<(), SpoolError> {
        let mut name = OsString::from(format!("{:06}-", claim.id()));
        name.push(shortened(claim.name()));
        let mut to = self.root.done().join(&name);
        let mut number = 2;
        while !is_missing(&claim.seed()) && !move_new(&claim.seed(), &to)? {
            let mut other = name.clone();
            other.push(format!(".{number}"));
            to = self.root.done().join(other);
            number += 1;
        }
        files::sync_folder(self.root.done()).map_err(failed_to("sync", self.root.done()))?;
        self.clean_up(claim);
        Ok(())
    }

    /// Notes whose seed of `claim` it is that lies at `path` in failed/.
    fn note_failed(&self, claim: &Claim, path: &Path) {
        // One after the other: each writes all of it.
        let _moving = self.moving.lock().unwrap_or_else(PoisonError::into_inner);
        FailedVoices::note(self.root.path(), path, claim.voice());
    }

    /// Removes what is left of a `claim` whose seed has gone on. What cannot be
    /// removed now is removed by the next process.
    pub(super) fn clean_up(&self, claim: &Claim) {
        if let Err(error) = clear(claim.folder()).and_then(|()| claim.remove_temporaries()) {
            tracing::warn!("{error}");
        }
    }

    /// Whether the folders can be read and written again and have room, after
    /// something in them could not be.
    pub fn probe(&self, floor: u64) -> Result<(), SpoolError> {
        self.check_space(floor)?;
        let seeds = self.root.seeds();
        fs::read_dir(seeds).map_err(failed_to("look into", seeds))?;
        self.root.check_writable()
    }

    /// Whether at least `floor` bytes are free.
    pub fn check_space(&self, floor: u64) -> Result<(), SpoolError> {
        // Where the system does not say, the next write will.
        match disk::space(self.root.path()) {
            Ok(space) if space.free_bytes < floor => Err(SpoolError::NoSpace {
                path: self.root.path().to_owned(),
                floor: floor.div_ceil(1_000_000),
            }),
            _ => Ok(()),
        }
    }
}

/// The number after `id`; after the last, 1.
pub fn following(id: i32) -> i32 {
    id.wrapping_add(1).max(1)
}
