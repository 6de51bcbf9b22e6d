//! From a complete file where seeds are put to a job in the queue, and back again where it
//! was not complete after all.

use std::ffi::OsStr;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use super::Event;
use super::arrival::Proof;
use super::claim::Claim;
use super::entrance::{Entrance, Unfinished, Wish, left_behind};
use super::entrances::Entrances;
use super::error::{SpoolError, failed_to};
use super::inbox::{Arrived, Arriving};
use super::job::Job;
use super::notifications::Hint;
use super::queue::Queue;
use super::remote::{Later, Request, Sound};
use super::site::Site;
use super::spool::following;
use super::voices::shown;
use crate::files;
use crate::names::readable;

/// How often the folders are looked at while nothing seems to happen.
const IDLE_SCAN: Duration = Duration::from_secs(1);
/// How soon they are looked at when something has changed.
const BUSY_SCAN: Duration = Duration::from_millis(100);
/// After a look there is none for five times as long as it took, so that looking
/// takes at most a sixth of the time, however many files there are.
const PAUSE_PER_SCAN: u32 = 5;

/// Finds the seeds of a site and claims them.
pub struct Intake<'a> {
    site: &'a Site<'a>,
    entrances: Entrances,
    next_id: i32,
    next_scan: Instant,
    /// The next scan comes no sooner, whatever happens.
    earliest_scan: Instant,
}

impl<'a> Intake<'a> {
    /// Looks at once. What the system tells goes to `tell`.
    pub fn new(
        site: &'a Site<'a>,
        tell: impl Fn(Option<String>, Hint) + Send + 'static,
    ) -> Result<Intake<'a>, SpoolError> {
        let now = Instant::now();
        Ok(Intake {
            entrances: Entrances::new(site, tell),
            next_id: site.spool.next_id()?,
            next_scan: now,
            earliest_scan: now,
            site,
        })
    }

    /// When the folders are to be looked at next.
    pub fn due(&self) -> Instant {
        self.next_scan
    }

    /// What is not complete yet.
    pub fn arriving(&self, now: Instant) -> Vec<Arriving> {
        self.entrances.arriving(now)
    }

    /// The system tells of something in the folder of seeds for `voice`.
    pub fn hear(&mut self, voice: Option<&str>, hint: &Hint) {
        if let Some(entrance) = self.entrances.of(voice) {
            entrance.hear(hint, Instant::now());
        }
        match hint {
            Hint::Closed(_) => self.next_scan = self.earliest_scan,
            Hint::Modified(_) => {}
            Hint::Changed | Hint::Lost => self.look_soon(),
        }
    }

    /// Looks into the folders, whenever the last look was.
    pub fn scan_now(&mut self, queue: &mut Queue) {
        self.next_scan = Instant::now();
        self.scan_if_due(queue);
    }

    /// Somebody wants a sound to be answered: one that waits is as soon as it is complete.
    pub fn ask(&mut self, request: Request, later: Later<i32>, queue: &mut Queue) {
        let Request {
            sound,
            voice,
            asked,
        } = request;
        let (file, name) = match sound {
            Sound::Copied { file, name } => (file, name),
            Sound::Waiting(name) => {
                match self.entrances.of(voice.as_deref()) {
                    Some(entrance) => entrance.ask(name, Wish::new(asked, later)),
                    None => later(Err("there is no such voice".to_owned())),
                }
                self.look_soon();
                return;
            }
        };
        let id = self.next_id;
        let adopted = match queue.room() {
            0 => Err("too many seeds wait, or the machine lacks something".to_owned()),
            _ if self.entrances.of(voice.as_deref()).is_none() => {
                Err("there is no such voice".to_owned())
            }
            _ => {
                let copy = (file.as_path(), name.as_os_str());
                let adopted = self.site.spool.adopt(copy, voice.as_deref(), id, &asked);
                self.use_up(id);
                adopted.map_err(|error| error.to_string())
            }
        };
        match adopted {
            Ok(claim) => {
                later(Ok(id));
                tracing::info!(job = id, "{} was asked for", shown(voice.as_deref(), &name));
                self.site.tell(Event::Seen {
                    id,
                    voice,
                    name: readable(&name),
                });
                queue.push(Job::new(claim));
            }
            Err(why) => {
                // What cannot be removed now is when the folder is opened again.
                let _ = files::remove(&file);
                later(Err(why));
            }
        }
    }

    fn look_soon(&mut self) {
        let soon = (Instant::now() + BUSY_SCAN).max(self.earliest_scan);
        self.next_scan = self.next_scan.min(soon);
    }

    /// Looks into the folders, if it is time to, and puts what is complete into `queue`.
    pub fn scan_if_due(&mut self, queue: &mut Queue) {
        let begun = Instant::now();
        if begun < self.next_scan {
            return;
        }
        self.entrances.call_roll_if_due(self.site, begun);
        let had_room = queue.room() > 0;
        for voice in self.entrances.in_turn() {
            self.scan(voice.as_deref(), begun, queue);
        }
        for text in self.entrances.take_remarks() {
            self.site.tell(Event::Remark { text });
        }
        self.tell_of_missing();
        self.plan_next_scan(begun, had_room);
    }

    /// Looks into the folder of seeds for `voice`.
    fn scan(&mut self, voice: Option<&str>, now: Instant, queue: &mut Queue) {
        let Some(entrance) = self.entrances.of(voice) else {
            return;
        };
        match (entrance.scan(now, queue.room()), voice) {
            (Ok(arrived), _) => {
                let take = |arrived| self.take(voice, arrived, queue);
                arrived.into_iter().for_each(take);
            }
            // Others have their own folders.
            (Err(error), Some(_)) => {
                if let Some(text) = entrance.complain(error) {
                    tracing::error!("{text}");
                    self.site.tell(Event::Remark { text });
                }
            }
            (Err(error), None) => {
                // In the words in which a probe says it: it is one trouble.
                let error = failed_to("look into", self.site.spool.root().seeds())(error);
                queue.begin_trouble(error.to_string());
            }
        }
    }

    /// After a look that began at `begun`. What is due to be looked at waits for room.
    fn plan_next_scan(&mut self, begun: Instant, had_room: bool) {
        let now = Instant::now();
        self.earliest_scan = now + begun.elapsed() * PAUSE_PER_SCAN;
        let due = self.entrances.due(now).filter(|_| had_room);
        let due = due.map_or(now + IDLE_SCAN, |due| due.min(now + IDLE_SCAN));
        self.next_scan = due.max(self.earliest_scan);
    }

    /// Tells of seeds that were told of as seen and have gone since.
    fn tell_of_missing(&mut self) {
        for entrance in self.entrances.iter_mut() {
            entrance.refuse_missing();
            for (name, id) in entrance.take_missing() {
                let reason = format!("{} was taken away before it was complete", readable(&name));
                tracing::error!(job = id, "{reason}");
                self.site.tell(Event::Failed {
                    id,
                    voice: entrance.voice.clone(),
                    reason,
                });
            }
        }
    }

    /// Claims a complete seed at once: it waits for its turn where no recorder
    /// writes over it.
    fn take(&mut self, voice: Option<&str>, arrived: Arrived, queue: &mut Queue) {
        let Arrived { name, proof } = arrived;
        let Some(entrance) = self.entrances.of(voice) else {
            return;
        };
        if queue.is_in_trouble() {
            // Trouble began after the look; a later look reports it again.
            entrance.inbox.forget(&name);
            return;
        }
        let earlier = entrance.unfinished.remove(&name);
        let waiting = entrance.folder().join(&name);
        if !is_as_reported(entrance, &name, &waiting) {
            entrance.look_again(name, earlier);
            return;
        }
        let returned = self.site.spool.returned().take(voice, &waiting);
        let half_claimed = entrance.half_claimed.remove(&name);
        let id = match (earlier, &returned) {
            (Some(earlier), _) => earlier.id,
            (None, Some(returned)) => returned.id,
            (None, None) => half_claimed.unwrap_or(self.next_id),
        };
        let claimed = self.site.spool.claim(voice, &name, id);
        if !matches!(claimed, Err(SpoolError::Gone { .. })) {
            self.use_up(id);
        }
        let Some(entrance) = self.entrances.of(voice) else {
            return;
        };
        match claimed {
            Ok(claim) if is_as_reported(entrance, &name, &claim.seed()) => {
                let asked = returned.map(|returned| returned.asked);
                self.accept((claim, asked), earlier, proof, queue);
            }
            // Recorded over in the last moment.
            Ok(claim) => self.give_back(claim, earlier, queue),
            Err(SpoolError::Gone { .. }) => entrance.look_again(name, earlier),
            Err(error) => {
                entrance.leave(&name, &error, queue);
                if self.site.spool.is_half_claimed(voice, &name, id) {
                    entrance.half_claimed.insert(name.clone(), id);
                }
                let earlier = earlier.map(|earlier| (name, earlier));
                entrance.unfinished.extend(earlier);
            }
        }
    }

    /// What was claimed is a job from now on.
    fn accept(
        &mut self,
        (claim, asked): (Claim, Option<Map<String, Value>>),
        earlier: Option<Unfinished>,
        proof: Proof,
        queue: &mut Queue,
    ) {
        let (id, name) = (claim.id(), readable(claim.name()));
        let shown = shown(claim.voice(), claim.name());
        tracing::info!(job = id, "{shown} is complete: {proof}");
        let voice = claim.voice().map(str::to_owned);
        let mut wish = None;
        if let Some(entrance) = self.entrances.of(claim.voice()) {
            entrance.inbox.forget(claim.name());
            wish = entrance.wishes.remove(claim.name());
        }
        let asked = wish.as_ref().map(|wish| wish.asked.clone()).or(asked);
        if let Err(error) = claim.ask(&asked.unwrap_or_default()) {
            tracing::error!(job = id, "{error}; it is answered as all are");
        }
        if let Some(wish) = wish {
            wish.answer(Ok(id));
        }
        if earlier.is_none() {
            self.site.tell(Event::Seen { id, voice, name });
        }
        let times = earlier.map_or(0, |earlier| earlier.times);
        queue.push(Job::of(claim, times));
    }

    /// The seed of `job` went on changing: it goes back to where it was put, and is the
    /// same job when it is complete.
    pub fn put_back(&mut self, job: Job, queue: &mut Queue) {
        let unfinished = Unfinished {
            id: job.claim.id(),
            times: job.unfinished() + 1,
        };
        tracing::warn!(
            job = unfinished.id,
            "{} went on changing; it is answered when it is complete",
            shown(job.claim.voice(), job.claim.name())
        );
        self.give_back(job.claim, Some(unfinished), queue);
    }

    /// Puts the seed of `claim` back to where it was put, to be taken again as what it
    /// was told as, if it was.
    fn give_back(&mut self, claim: Claim, earlier: Option<Unfinished>, queue: &mut Queue) {
        let mut entrance = self.entrances.of(claim.voice());
        if let Some(entrance) = &mut entrance {
            entrance.inbox.forget(claim.name());
        }
        match (self.site.spool.release(&claim), entrance) {
            (Ok(Some(name)), Some(entrance)) => entrance.look_again(name, earlier),
            (Ok(Some(name)), None) => tell_of_left(self.site, &claim, &name, earlier),
            (Ok(None), _) => {}
            (Err(error), _) => {
                if earlier.is_none() {
                    self.site.tell(Event::Seen {
                        id: claim.id(),
                        voice: claim.voice().map(str::to_owned),
                        name: readable(claim.name()),
                    });
                }
                let times = earlier.map_or(0, |earlier| earlier.times);
                queue.postpone(Job::of(claim, times), &error.to_string());
            }
        }
    }

    /// The folders where seeds are put.
    #[cfg(test)]
    pub fn entrances(&mut self) -> &mut Entrances {
        &mut self.entrances
    }

    /// No other job gets the number `id`, whose folder may be there from now on: two seeds in
    /// one folder would be taken for one.
    fn use_up(&mut self, id: i32) {
        if id == self.next_id {
            self.next_id = following(id);
        }
    }
}

/// The seed of `claim` is back as `name` where nobody looks, since its voice has gone.
fn tell_of_left(site: &Site, claim: &Claim, name: &OsStr, earlier: Option<Unfinished>) {
    if let (Some(Unfinished { id, .. }), Some(voice)) = (earlier, claim.voice()) {
        site.tell(left_behind(id, voice, name));
    }
}

fn is_as_reported(entrance: &Entrance, name: &OsStr, path: &Path) -> bool {
    files::look_at(path).is_ok_and(|metadata| entrance.inbox.is_as_reported(name, &metadata))
}
