//! One opened root while it is watched: seeds come in, workers get them in turn,
//! and what they make of them is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use super::answers::Answers;
use super::beat::Beat;
use super::claim::Claim;
use super::crew::Crew;
use super::error::SpoolError;
use super::folders;
use super::intake::Intake;
use super::job::{CANCELLED, Job, Outcome};
use super::queue::Queue;
use super::reload::Reload;
use super::remote::{Later, Mailbox, Which};
use super::site::Site;
use super::upkeep::Upkeep;
use super::voices::shown;
use super::{Event, Message, WatchError};
use crate::names::readable;

/// How often the disk, the model and the workers are looked after.
const CARE: Duration = Duration::from_secs(1);
/// An answer that goes on for longer than this after its deadline is stuck.
const GRACE: Duration = Duration::from_secs(60);

/// Why a root is not watched any more.
pub enum End {
    /// It was told to.
    Stopped,
    /// The folder is not there any more; with these, answers go on when it is back.
    Lost(Vec<Box<dyn Answers>>),
}

/// Gives the seeds of a site to workers until it is told to stop or the site is lost.
pub struct Dispatcher<'a> {
    site: &'a Site<'a>,
    intake: Intake<'a>,
    queue: Queue<'a>,
    crew: Crew,
    stop_workers: Arc<AtomicBool>,
    reload: &'a mut Reload,
    next_care: Instant,
    upkeep: Upkeep,
    mailbox: &'a Mailbox,
}

impl<'a> Dispatcher<'a> {
    /// Begins with `claims` of an earlier process.
    pub fn new(
        site: &'a Site<'a>,
        claims: Vec<Claim>,
        answerers: Vec<Box<dyn Answers>>,
        reload: &'a mut Reload,
        mailbox: &'a Mailbox,
    ) -> Result<Dispatcher<'a>, SpoolError> {
        let hints = mailbox.sender.clone();
        // A closed channel means that the dispatcher has ended.
        let tell = move |voice, hint| drop(hints.send(Message::Hint(voice, hint)));
        let stop_workers = Arc::new(AtomicBool::new(false));
        let terms = &site.setup.terms;
        let told = (&mailbox.sender, site.on_event);
        let crew = Crew::hire(answerers, &site.spool, terms, told, &stop_workers);
        let now = Instant::now();
        Ok(Dispatcher {
            site,
            intake: Intake::new(site, tell)?,
            queue: Queue::new(site, claims),
            crew,
            stop_workers,
            reload,
            next_care: now,
            upkeep: Upkeep::new(),
            mailbox,
        })
    }

    /// Answers seeds until `stop` is set or the folder is lost.
    pub fn run(mut self, stop: &AtomicBool) -> Result<End, WatchError> {
        self.site.tell(Event::Ready);
        self.tell_of_earlier_jobs();
        loop {
            if stop.load(Ordering::Relaxed) {
                self.end();
                return Ok(End::Stopped);
            }
            let root = self.site.spool.root();
            if !root.is_intact() {
                let root = root.path().display();
                tracing::error!("{root}, or a folder in it, was taken away");
                return Ok(End::Lost(self.end()));
            }
            self.intake.scan_if_due(&mut self.queue);
            self.hand_out();
            self.care_if_due()?;
            self.listen();
        }
    }

    fn tell_of_earlier_jobs(&self) {
        for (claim, delivered) in self.site.spool.take_untold() {
            let outcome = Outcome::of(delivered);
            self.site.report(&Job::new(claim), &outcome);
        }
        for job in self.queue.waiting() {
            let (id, voice) = (job.claim.id(), job.claim.voice());
            let shown = shown(voice, job.claim.name());
            tracing::info!(job = id, "{shown} was left unanswered by an earlier run");
            self.site.tell(Event::Seen {
                id,
                voice: voice.map(str::to_owned),
                name: readable(job.claim.name()),
            });
        }
    }

    /// Ends the workers' work and gives back what is claimed.
    fn end(self) -> Vec<Box<dyn Answers>> {
        self.stop_workers.store(true, Ordering::Relaxed);
        let answerers = self.crew.dismiss();
        let last_messages = self.mailbox.messages.try_iter();
        let unfinished = last_messages.filter_map(|message| match message {
            Message::Finished {
                outcome: Outcome::Later { .. } | Outcome::Unfinished | Outcome::Waits,
                job,
                ..
            } => Some(job),
            Message::Finished { job, outcome, .. } => {
                self.site.report(&job, &outcome);
                None
            }
            other => {
                other.refuse("antiphon stops, or its folder is not there");
                None
            }
        });
        let jobs: Vec<Job> = unfinished.chain(self.queue.into_jobs()).collect();
        let claims = jobs.iter().map(|job| &job.claim);
        for error in self.site.spool.release_all(claims) {
            tracing::error!("{error}; the next run goes on with it");
        }
        self.site.spool.note_returned();
        self.upkeep.end(self.site);
        answerers
    }

    /// Gives every idle worker a job, and more where more wait than there are workers.
    fn hand_out(&mut self) {
        while let Some(worker) = self.crew.idle() {
            let jobs = self.queue.take_next(self.crew.count_idle());
            if jobs.is_empty() {
                break;
            }
            self.crew.give(worker, jobs);
        }
    }

    /// Waits for something to happen, until something is due.
    fn listen(&mut self) {
        let patience = self.due().saturating_duration_since(Instant::now());
        let first = match self.mailbox.messages.recv_timeout(patience) {
            Ok(message) => message,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return,
        };
        self.hear(first);
        while let Ok(message) = self.mailbox.messages.try_recv() {
            self.hear(message);
        }
    }

    fn due(&self) -> Instant {
        let due = self.intake.due().min(self.next_care);
        let job = self.queue.due().filter(|_| self.crew.idle().is_some());
        job.map_or(due, |job| due.min(job))
    }

    fn hear(&mut self, message: Message) {
        match message {
            Message::Hint(voice, hint) => self.intake.hear(voice.as_deref(), &hint),
            Message::Finished {
                worker,
                job,
                outcome,
            } => {
                let is_cancelled = self.crew.finished(worker, job.claim.id(), &outcome);
                match outcome {
                    // Whoever gave it up was told that it is.
                    Outcome::Waits if is_cancelled => drop(self.fail_all(vec![job])),
                    Outcome::Waits => self.queue.push_first(job),
                    Outcome::Later { reason } => self.queue.postpone(job, &reason),
                    Outcome::Unfinished => self.intake.put_back(job, &mut self.queue),
                    outcome => self.site.report(&job, &outcome),
                }
            }
            Message::Loaded(loaded) => self.take_loaded(loaded),
            Message::Answer(request, later) => self.intake.ask(request, later, &mut self.queue),
            Message::Cancel(which, later) => self.cancel(which, later),
        }
    }

    /// Gives up jobs: those that wait at once, those in work as soon as they listen.
    fn cancel(&mut self, which: Which, later: Later<usize>) {
        let mut count = self.crew.cancel(which);
        loop {
            if which == Which::All {
                // Whatever is complete has a number, and is told of.
                self.intake.scan_now(&mut self.queue);
            }
            let waiting = self.queue.remove(which);
            count += waiting.len();
            if waiting.is_empty() || !self.fail_all(waiting) || which != Which::All {
                break;
            }
        }
        later(match (which, count) {
            (Which::Job(id), 0) => Err(format!("no job {id} waits or is being answered")),
            _ => Ok(count),
        });
    }

    /// Puts the seeds of cancelled jobs into failed/; whether that could be done.
    fn fail_all(&mut self, cancelled: Vec<Job>) -> bool {
        let mut is_done = true;
        for job in cancelled {
            match self.site.spool.fail(&job.claim, CANCELLED) {
                Ok(_) => self.site.report(&job, &Outcome::Cancelled),
                Err(error) => {
                    is_done = false;
                    self.queue.postpone(job, &error.to_string());
                }
            }
        }
        is_done
    }

    fn take_loaded(&mut self, loaded: Result<Vec<Box<dyn Answers>>, String>) {
        self.reload.finished();
        match loaded {
            Ok(answerers) => self.crew.exchange(answerers),
            Err(reason) => {
                let reason = format!("the old model goes on answering: {reason}");
                tracing::error!("{reason}");
                self.site.tell(Event::Trouble { reason });
            }
        }
    }

    fn care_if_due(&mut self) -> Result<(), WatchError> {
        let now = Instant::now();
        if now < self.next_care {
            return Ok(());
        }
        self.next_care = now + CARE;
        if self.crew.is_stuck(self.site.setup.terms.deadline, GRACE) {
            return Err(WatchError::Stuck);
        }
        self.upkeep.go_on(self.site);
        self.queue.check_trouble(self.reload.lacking());
        self.reload.look(self.crew.len(), &self.mailbox.sender);
        self.beat();
        self.site.tell(Event::Alive {
            arriving: self.intake.arriving(now),
            trouble: self.queue.trouble().map(str::to_owned),
        });
        Ok(())
    }

    /// Says that this loop goes round: nowhere else, so that nothing is said when it hangs.
    fn beat(&self) {
        let root = self.site.spool.root();
        if let Err(error) = Beat::now(self.queue.trouble()).write(root.path()) {
            tracing::debug!("cannot write {}: {error}", folders::BEAT);
        }
    }
}
