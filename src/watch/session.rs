//! One opened root watched: from seeds that are seen to answers that are told.

use std::collections::{HashMap, VecDeque};
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use super::crew::Crew;
use super::error::{SpoolError, failed_to};
use super::inbox::{Arrived, Inbox};
use super::notifications::{Hint, Notifications};
use super::reload::Reload;
use super::retention;
use super::spool::{Claim, Spool, following};
use super::worker::{Answers, Job, Outcome};
use super::{Event, Message, OnEvent, Plan, WatchError};
use crate::names::readable;

/// How often the folder is looked at while nothing seems to happen.
const IDLE_SCAN: Duration = Duration::from_secs(1);
/// How soon it is looked at when something has changed.
const BUSY_SCAN: Duration = Duration::from_millis(100);
/// Looking takes at most one part in so many of the time.
const SCAN_SHARE: u32 = 5;
/// Seeds that are claimed ahead of their turn; the others wait in the folder. A
/// recorder that uses one name again and again would write over those.
const MOST_WAITING: usize = 1000;
/// How often the disk, the model and the workers are looked after.
const CARE: Duration = Duration::from_secs(1);
/// How often old files are looked for.
const RETENTION: Duration = Duration::from_secs(10);
/// An answer that does not stop so long after its deadline is stuck.
const GRACE: Duration = Duration::from_secs(60);
/// A job that the machine did not let be done is tried again after at most so long.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// How a session ends.
pub enum End {
    /// It was told to.
    Stopped,
    /// The folder is not there any more.
    Lost(Vec<Box<dyn Answers>>),
}

/// A job that waits until the machine lets it be done.
struct Later {
    job: Job,
    due: Instant,
}

/// One opened root and all that goes on in it.
pub struct Session<'a> {
    plan: &'a Plan,
    spool: Arc<Spool>,
    inbox: Inbox,
    /// Claimed, in order, and not yet begun.
    waiting: VecDeque<Job>,
    later: Vec<Later>,
    /// Seeds that went on changing after they were claimed, by their names in
    /// `seeds/`: the numbers that they keep, and how often that happened.
    unfinished: HashMap<OsString, (i32, u32)>,
    crew: Crew,
    stop_workers: Arc<AtomicBool>,
    reload: &'a mut Reload,
    next_id: i32,
    next_scan: Instant,
    /// The next scan comes no sooner, whatever happens.
    earliest_scan: Instant,
    next_care: Instant,
    next_retention: Instant,
    /// What the machine lacks; nothing is begun meanwhile.
    trouble: Option<String>,
    on_event: &'a OnEvent,
    messages: Receiver<Message>,
    sender: Sender<Message>,
    // The system notifies for as long as this lives.
    _notifications: Option<Notifications>,
}

impl<'a> Session<'a> {
    /// Begins with `claims` of an earlier process.
    pub fn new(
        plan: &'a Plan,
        spool: Spool,
        claims: Vec<Claim>,
        answerers: Vec<Box<dyn Answers>>,
        reload: &'a mut Reload,
        on_event: &'a OnEvent,
    ) -> Result<Session<'a>, SpoolError> {
        let (sender, messages) = mpsc::channel();
        let hints = sender.clone();
        // A closed channel means that the session has ended.
        let tell = move |hint| drop(hints.send(Message::Hint(hint)));
        let notifications = Notifications::of(spool.root().seeds(), tell);
        let spool = Arc::new(spool);
        let stop_workers = Arc::new(AtomicBool::new(false));
        let crew = Crew::hire(answerers, &spool, &plan.terms, &sender, &stop_workers);
        let now = Instant::now();
        Ok(Session {
            plan,
            inbox: Inbox::new(spool.root().seeds(), plan.patience),
            waiting: claims.into_iter().map(Job::new).collect(),
            later: Vec::new(),
            unfinished: HashMap::new(),
            crew,
            stop_workers,
            reload,
            next_id: spool.next_id()?,
            next_scan: now,
            earliest_scan: now,
            next_care: now,
            next_retention: now,
            trouble: None,
            on_event,
            messages,
            sender,
            spool,
            _notifications: notifications,
        })
    }

    /// Answers seeds until `stop` is set or the folder is lost.
    pub fn run(mut self, stop: &AtomicBool) -> Result<End, WatchError> {
        self.tell(Event::Ready);
        for job in &self.waiting {
            let name = readable(job.claim.name());
            tracing::info!(
                job = job.claim.id(),
                "{name} was left unanswered by an earlier run"
            );
            let id = job.claim.id();
            self.tell(Event::Seen { id, name });
        }
        loop {
            if stop.load(Ordering::Relaxed) {
                self.end();
                return Ok(End::Stopped);
            }
            if !self.spool.root().is_intact() {
                let root = self.spool.root().path().display();
                tracing::error!("{root}, or a folder in it, was taken away");
                return Ok(End::Lost(self.end()));
            }
            self.scan_if_due();
            self.hand_out();
            self.care_if_due()?;
            self.listen();
        }
    }

    fn tell(&self, event: Event) {
        (self.on_event)(event);
    }

    /// Ends the workers' work and gives back what is claimed.
    fn end(mut self) -> Vec<Box<dyn Answers>> {
        self.stop_workers.store(true, Ordering::Relaxed);
        let answerers = self.crew.dismiss();
        let finished = self
            .messages
            .try_iter()
            .filter_map(|message| match message {
                Message::Finished {
                    outcome: Outcome::Later { .. } | Outcome::Unfinished,
                    job,
                    ..
                } => Some(job),
                Message::Finished { job, outcome, .. } => {
                    report(self.on_event, self.plan, &job, &outcome);
                    None
                }
                _ => None,
            });
        let later = self.later.drain(..).map(|later| later.job);
        let waiting = self.waiting.drain(..);
        let jobs: Vec<Job> = finished.chain(later).chain(waiting).collect();
        for error in self.spool.release_all(jobs.iter().map(|job| &job.claim)) {
            tracing::error!("{error}; the next run goes on with it");
        }
        answerers
    }

    fn scan_if_due(&mut self) {
        let begun = Instant::now();
        if begun < self.next_scan {
            return;
        }
        // While there is trouble, a recording is as safe where it is.
        let room = match self.trouble {
            Some(_) => 0,
            None => MOST_WAITING.saturating_sub(self.waiting.len()),
        };
        match self.inbox.scan(begun, room) {
            Ok(arrived) => arrived.into_iter().for_each(|arrived| self.take(arrived)),
            Err(error) => {
                // In the words in which a probe says it: it is one trouble.
                let error = failed_to("look into", self.spool.root().seeds())(error);
                self.begin_trouble(error.to_string());
            }
        }
        for text in self.inbox.take_remarks() {
            self.tell(Event::Remark { text });
        }
        self.miss();
        let now = Instant::now();
        self.earliest_scan = now + begun.elapsed() * SCAN_SHARE;
        let due = self.inbox.due(now).filter(|_| room > 0);
        let due = due.map_or(now + IDLE_SCAN, |due| due.min(now + IDLE_SCAN));
        self.next_scan = due.max(self.earliest_scan);
    }

    /// Tells of seeds that were told of as seen and have gone since.
    fn miss(&mut self) {
        let gone = |name: &OsString| !self.inbox.knows(name);
        let gone: Vec<OsString> = self
            .unfinished
            .keys()
            .filter(|n| gone(n))
            .cloned()
            .collect();
        for name in gone {
            if let Some((id, _)) = self.unfinished.remove(&name) {
                let reason = format!("{} was taken away before it was complete", readable(&name));
                tracing::error!(job = id, "{reason}");
                self.tell(Event::Failed { id, reason });
            }
        }
    }

    /// Claims a complete seed at once: it waits for its turn where no recorder
    /// writes over it.
    fn take(&mut self, arrived: Arrived) {
        if self.trouble.is_some() {
            // It was reported all the same.
            self.inbox.forget(&arrived.name);
            return;
        }
        let Arrived { name, proof } = arrived;
        let again = self.unfinished.remove(&name);
        let (id, times) = again.unwrap_or((self.next_id, 0));
        let waiting = self.spool.root().seeds().join(&name);
        if !self.is_as_reported(&name, &waiting) {
            self.inbox.forget(&name);
            return;
        }
        match self.spool.claim(&name, id) {
            Ok(claim) if self.is_as_reported(&name, &claim.seed()) => {
                let shown = readable(&name);
                tracing::info!(job = id, "{shown} is complete: {proof}");
                if again.is_none() {
                    self.next_id = following(id);
                    self.tell(Event::Seen { id, name: shown });
                }
                self.inbox.forget(&name);
                self.waiting.push_back(Job::of(claim, times));
            }
            // Recorded over in the last moment.
            Ok(claim) => self.give_back(claim, again),
            Err(SpoolError::Gone { .. }) => self.inbox.forget(&name),
            Err(error) => {
                self.unfinished
                    .extend(again.map(|again| (name.clone(), again)));
                match self.spool.probe(self.plan.free_space_floor) {
                    Err(trouble) => {
                        self.inbox.forget(&name);
                        self.begin_trouble(trouble.to_string());
                    }
                    // It alone cannot be had.
                    Ok(()) => {
                        let until = Instant::now() + LONGEST_WAIT;
                        self.inbox.set_aside(&name, error.to_string(), until);
                    }
                }
            }
        }
    }

    fn is_as_reported(&self, name: &OsStr, path: &Path) -> bool {
        path.metadata()
            .is_ok_and(|metadata| self.inbox.is_as_reported(name, &metadata))
    }

    /// Puts the seed of `claim` back into `seeds/`, to be taken again as what it
    /// was told as, if it was.
    fn give_back(&mut self, claim: Claim, again: Option<(i32, u32)>) {
        self.inbox.forget(claim.name());
        match self.spool.release(&claim) {
            Ok(Some(name)) => {
                if let Some((id, times)) = again {
                    self.inbox.mistaken(&name, times, Instant::now());
                    self.unfinished.insert(name, (id, times));
                }
            }
            Ok(None) => {}
            Err(error) => self.come_back_to(Job::new(claim), error.to_string()),
        }
    }

    /// Gives every idle worker a job.
    fn hand_out(&mut self) {
        while self.trouble.is_none()
            && let Some(worker) = self.crew.idle()
            && let Some(job) = self.next_job()
        {
            self.crew.give(worker, job);
        }
    }

    /// What was begun earlier comes first.
    fn next_job(&mut self) -> Option<Job> {
        let now = Instant::now();
        if let Some(due) = self.later.iter().position(|later| later.due <= now) {
            return Some(self.later.remove(due).job);
        }
        self.waiting.pop_front()
    }

    /// Waits for something to happen, until something is due.
    fn listen(&mut self) {
        let later = self.later.iter().map(|later| later.due).min();
        let due = self.next_scan.min(self.next_care);
        let due = later
            .filter(|_| self.crew.idle().is_some())
            .map_or(due, |later| due.min(later));
        let patience = due.saturating_duration_since(Instant::now());
        let first = match self.messages.recv_timeout(patience) {
            Ok(message) => message,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return,
        };
        self.hear(first);
        while let Ok(message) = self.messages.try_recv() {
            self.hear(message);
        }
    }

    fn hear(&mut self, message: Message) {
        match message {
            Message::Hint(Hint::Closed(name)) => {
                self.inbox.closed(&name, Instant::now());
                self.next_scan = self.earliest_scan;
            }
            Message::Hint(Hint::Modified(name)) => self.inbox.modified(&name, Instant::now()),
            Message::Hint(hint @ (Hint::Changed | Hint::Lost)) => {
                if let Hint::Lost = hint {
                    self.inbox.notifications_lost();
                }
                let soon = (Instant::now() + BUSY_SCAN).max(self.earliest_scan);
                self.next_scan = self.next_scan.min(soon);
            }
            Message::Finished {
                worker,
                job,
                outcome,
            } => {
                self.crew.finished(worker);
                match outcome {
                    Outcome::Later { reason } => self.come_back_to(job, reason),
                    Outcome::Unfinished => {
                        let (id, times) = (job.claim.id(), job.unfinished() + 1);
                        tracing::warn!(
                            job = id,
                            "{} went on changing; it is answered when it is complete",
                            readable(job.claim.name())
                        );
                        self.give_back(job.claim, Some((id, times)));
                    }
                    outcome => report(self.on_event, self.plan, &job, &outcome),
                }
            }
            Message::Loaded(loaded) => {
                self.reload.finished();
                match loaded {
                    Ok(answerers) => self.crew.exchange(answerers),
                    Err(reason) => {
                        let reason = format!("the old model goes on answering: {reason}");
                        tracing::error!("{reason}");
                        self.tell(Event::Trouble { reason });
                    }
                }
            }
        }
    }

    /// The machine did not let `job` be done: all wait until the folders can be
    /// written, or it alone, if they can.
    fn come_back_to(&mut self, mut job: Job, reason: String) {
        let wait = job.wait_longer(CARE, LONGEST_WAIT);
        let first = wait == CARE;
        let due = Instant::now() + wait;
        let name = readable(job.claim.name());
        self.later.push(Later { job, due });
        match self.spool.probe(self.plan.free_space_floor) {
            Err(error) => self.begin_trouble(error.to_string()),
            Ok(()) if first => {
                tracing::error!("{name} waits: {reason}");
                self.tell(Event::Trouble {
                    reason: format!("{name} waits: {reason}"),
                });
            }
            Ok(()) => tracing::debug!("{name} waits: {reason}"),
        }
    }

    fn begin_trouble(&mut self, reason: String) {
        if self.trouble.as_ref() == Some(&reason) {
            return;
        }
        tracing::error!("{reason}; seeds wait");
        self.tell(Event::Trouble {
            reason: reason.clone(),
        });
        self.trouble = Some(reason);
    }

    fn care_if_due(&mut self) -> Result<(), WatchError> {
        let now = Instant::now();
        if now < self.next_care {
            return Ok(());
        }
        self.next_care = now + CARE;
        if self.crew.is_stuck(self.plan.terms.deadline + GRACE) {
            return Err(WatchError::Stuck);
        }
        self.look_after_the_disk(now);
        self.reload.look(self.crew.len(), &self.sender);
        self.tell(Event::Alive {
            arriving: self.inbox.arriving(now),
        });
        Ok(())
    }

    fn look_after_the_disk(&mut self, now: Instant) {
        let root = self.spool.root();
        let floor = self.plan.free_space_floor;
        if now >= self.next_retention {
            self.next_retention = now + RETENTION;
            self.plan.retention.apply(root);
            if self.spool.check_space(floor).is_err() {
                retention::make_room(root);
            }
        }
        let checked = match self.trouble {
            Some(_) => self.spool.probe(floor),
            None => self.spool.check_space(floor),
        };
        match checked {
            Err(error) => self.begin_trouble(error.to_string()),
            Ok(()) if self.trouble.take().is_some() => {
                tracing::info!("the trouble has passed; work goes on");
                self.tell(Event::Ready);
            }
            Ok(()) => {}
        }
    }
}

/// Tells how `job` came out.
fn report(on_event: &OnEvent, plan: &Plan, job: &Job, outcome: &Outcome) {
    let id = job.claim.id();
    let name = readable(job.claim.name());
    match outcome {
        Outcome::Done { path } => {
            tracing::info!(job = id, "{name} answered by {}", path.display());
            on_event(Event::Done {
                id,
                path: path.clone(),
                seconds: plan.terms.settings.request.seconds,
            });
        }
        Outcome::Failed { reason } => {
            tracing::error!(job = id, "{name} failed: {reason}");
            on_event(Event::Failed {
                id,
                reason: reason.clone(),
            });
        }
        Outcome::Gone => {
            let reason = format!("{name} was taken away before it was answered");
            tracing::error!(job = id, "{reason}");
            on_event(Event::Failed { id, reason });
        }
        Outcome::Unfinished | Outcome::Released => {
            tracing::info!(job = id, "{name} goes back to seeds/")
        }
        Outcome::Later { reason } => tracing::error!(job = id, "{name} waits: {reason}"),
    }
}
