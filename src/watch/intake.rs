//! From a complete file in `seeds/` to a job in the queue, and back again where it
//! was not complete after all.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::time::{Duration, Instant};

use super::Event;
use super::arrival::Proof;
use super::claim::Claim;
use super::error::{SpoolError, failed_to};
use super::inbox::{Arrived, Arriving, Inbox};
use super::notifications::Hint;
use super::queue::Queue;
use super::site::Site;
use super::spool::following;
use super::worker::Job;
use crate::names::readable;

/// How often the folder is looked at while nothing seems to happen.
const IDLE_SCAN: Duration = Duration::from_secs(1);
/// How soon it is looked at when something has changed.
const BUSY_SCAN: Duration = Duration::from_millis(100);
/// After a look there is none for five times as long as it took, so that looking
/// takes at most a sixth of the time, however many files there are.
const PAUSE_PER_SCAN: u32 = 5;
/// A seed that cannot be claimed, though the folders can be used, is tried again
/// after this.
const SET_ASIDE: Duration = Duration::from_secs(30);

/// What was told of a seed that went on changing after it was claimed, and is back
/// in `seeds/`.
#[derive(Clone, Copy)]
struct Unfinished {
    /// The number that it keeps.
    id: i32,
    /// How often it went on changing.
    times: u32,
}

/// Finds the seeds of a site and claims them.
pub struct Intake<'a> {
    site: &'a Site<'a>,
    inbox: Inbox,
    /// By their names in `seeds/`.
    unfinished: HashMap<OsString, Unfinished>,
    next_id: i32,
    next_scan: Instant,
    /// The next scan comes no sooner, whatever happens.
    earliest_scan: Instant,
}

impl<'a> Intake<'a> {
    /// Looks at once.
    pub fn new(site: &'a Site<'a>) -> Result<Intake<'a>, SpoolError> {
        let now = Instant::now();
        Ok(Intake {
            inbox: Inbox::new(site.spool.root().seeds(), site.setup.patience),
            unfinished: HashMap::new(),
            next_id: site.spool.next_id()?,
            next_scan: now,
            earliest_scan: now,
            site,
        })
    }

    /// When the folder is to be looked at next.
    pub fn due(&self) -> Instant {
        self.next_scan
    }

    /// What is not complete yet.
    pub fn arriving(&self, now: Instant) -> Vec<Arriving> {
        self.inbox.arriving(now)
    }

    /// The system tells of something in the folder.
    pub fn hear(&mut self, hint: Hint) {
        match hint {
            Hint::Closed(name) => {
                self.inbox.closed(&name, Instant::now());
                self.next_scan = self.earliest_scan;
            }
            Hint::Modified(name) => self.inbox.modified(&name, Instant::now()),
            Hint::Changed => self.look_soon(),
            Hint::Lost => {
                self.inbox.notifications_lost();
                self.look_soon();
            }
        }
    }

    fn look_soon(&mut self) {
        let soon = (Instant::now() + BUSY_SCAN).max(self.earliest_scan);
        self.next_scan = self.next_scan.min(soon);
    }

    /// Looks into the folder, if it is time to, and puts what is complete into `queue`.
    pub fn scan_if_due(&mut self, queue: &mut Queue) {
        let begun = Instant::now();
        if begun < self.next_scan {
            return;
        }
        let room = queue.room();
        match self.inbox.scan(begun, room) {
            Ok(arrived) => {
                let take = |arrived| self.take(arrived, queue);
                arrived.into_iter().for_each(take);
            }
            Err(error) => {
                // In the words in which a probe says it: it is one trouble.
                let error = failed_to("look into", self.site.spool.root().seeds())(error);
                queue.begin_trouble(error.to_string());
            }
        }
        for text in self.inbox.take_remarks() {
            self.site.tell(Event::Remark { text });
        }
        self.tell_of_missing();
        self.plan_next_scan(begun, room > 0);
    }

    /// After a look that began at `begun`. What is due to be looked at waits for room.
    fn plan_next_scan(&mut self, begun: Instant, had_room: bool) {
        let now = Instant::now();
        self.earliest_scan = now + begun.elapsed() * PAUSE_PER_SCAN;
        let due = self.inbox.due(now).filter(|_| had_room);
        let due = due.map_or(now + IDLE_SCAN, |due| due.min(now + IDLE_SCAN));
        self.next_scan = due.max(self.earliest_scan);
    }

    /// Tells of seeds that were told of as seen and have gone since.
    fn tell_of_missing(&mut self) {
        let names = self.unfinished.keys();
        let missing: Vec<OsString> = names
            .filter(|name| !self.inbox.knows(name))
            .cloned()
            .collect();
        for name in missing {
            if let Some(Unfinished { id, .. }) = self.unfinished.remove(&name) {
                let reason = format!("{} was taken away before it was complete", readable(&name));
                tracing::error!(job = id, "{reason}");
                self.site.tell(Event::Failed { id, reason });
            }
        }
    }

    /// Claims a complete seed at once: it waits for its turn where no recorder
    /// writes over it.
    fn take(&mut self, arrived: Arrived, queue: &mut Queue) {
        let Arrived { name, proof } = arrived;
        if queue.is_in_trouble() {
            // Trouble began after the look; a later look reports it again.
            self.inbox.forget(&name);
            return;
        }
        let earlier = self.unfinished.remove(&name);
        let waiting = self.site.spool.root().seeds().join(&name);
        if !self.is_as_reported(&name, &waiting) {
            self.look_again(name, earlier);
            return;
        }
        let id = earlier.map_or(self.next_id, |earlier| earlier.id);
        match self.site.spool.claim(&name, id) {
            Ok(claim) if self.is_as_reported(&name, &claim.seed()) => {
                self.accept(claim, earlier, proof, queue);
            }
            // Recorded over in the last moment.
            Ok(claim) => self.give_back(claim, earlier, queue),
            Err(SpoolError::Gone { .. }) => self.look_again(name, earlier),
            Err(error) => {
                self.leave(&name, &error, queue);
                let earlier = earlier.map(|earlier| (name, earlier));
                self.unfinished.extend(earlier);
            }
        }
    }

    /// What was `earlier` told of as seen is the same seed when it is complete, or is
    /// told of as missing when it does not come back.
    fn look_again(&mut self, name: OsString, earlier: Option<Unfinished>) {
        self.inbox.forget(&name);
        if let Some(earlier) = earlier {
            self.inbox.mistaken(&name, earlier.times, Instant::now());
            self.unfinished.insert(name, earlier);
        }
    }

    fn is_as_reported(&self, name: &OsStr, path: &Path) -> bool {
        path.metadata()
            .is_ok_and(|metadata| self.inbox.is_as_reported(name, &metadata))
    }

    /// What was claimed is a job from now on.
    fn accept(
        &mut self,
        claim: Claim,
        earlier: Option<Unfinished>,
        proof: Proof,
        queue: &mut Queue,
    ) {
        let (id, name) = (claim.id(), readable(claim.name()));
        tracing::info!(job = id, "{name} is complete: {proof}");
        if earlier.is_none() {
            self.next_id = following(id);
            self.site.tell(Event::Seen { id, name });
        }
        self.inbox.forget(claim.name());
        let times = earlier.map_or(0, |earlier| earlier.times);
        queue.push(Job::of(claim, times));
    }

    /// The seed `name` could not be claimed: all wait, or it alone, if the folders
    /// can be used.
    fn leave(&mut self, name: &OsStr, error: &SpoolError, queue: &mut Queue) {
        match queue.probe() {
            true => {
                let until = Instant::now() + SET_ASIDE;
                self.inbox.set_aside(name, error.to_string(), until);
            }
            false => self.inbox.forget(name),
        }
    }

    /// The seed of `job` went on changing: it goes back to `seeds/`, and is the
    /// same job when it is complete.
    pub fn put_back(&mut self, job: Job, queue: &mut Queue) {
        let unfinished = Unfinished {
            id: job.claim.id(),
            times: job.unfinished() + 1,
        };
        tracing::warn!(
            job = unfinished.id,
            "{} went on changing; it is answered when it is complete",
            readable(job.claim.name())
        );
        self.give_back(job.claim, Some(unfinished), queue);
    }

    /// Puts the seed of `claim` back into `seeds/`, to be taken again as what it
    /// was told as, if it was.
    fn give_back(&mut self, claim: Claim, earlier: Option<Unfinished>, queue: &mut Queue) {
        self.inbox.forget(claim.name());
        match self.site.spool.release(&claim) {
            Ok(Some(name)) => self.look_again(name, earlier),
            Ok(None) => {}
            Err(error) => queue.postpone(Job::new(claim), &error.to_string()),
        }
    }
}
