//! Claimed seeds until their turn comes, and the trouble that keeps it from coming.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::Event;
use super::claim::Claim;
use super::job::Job;
use super::remote::Which;
use super::site::Site;
use super::voices::shown;
use crate::answer::MOST_TOGETHER;

/// Seeds that are claimed ahead of their turn; the others wait in the folder. A
/// recorder that uses one name again and again would write over those.
const MOST_WAITING: usize = 1000;
/// How soon a job that the machine did not let be done is tried again at first.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);
/// How soon in the end: the wait doubles each time, up to this.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// A job that waits until the machine lets it be done.
struct Postponed {
    job: Job,
    due: Instant,
}

/// The claimed seeds of a site.
pub struct Queue<'a> {
    site: &'a Site<'a>,
    /// In the order in which they were claimed, and not yet begun.
    waiting: VecDeque<Job>,
    postponed: Vec<Postponed>,
    /// What the machine lacks; nothing is begun meanwhile.
    trouble: Option<String>,
}

impl<'a> Queue<'a> {
    /// Begins with `claims` of an earlier process.
    pub fn new(site: &'a Site<'a>, claims: Vec<Claim>) -> Queue<'a> {
        Queue {
            site,
            waiting: claims.into_iter().map(Job::left_behind).collect(),
            postponed: Vec::new(),
            trouble: None,
        }
    }

    /// The jobs that have not been begun.
    pub fn waiting(&self) -> impl Iterator<Item = &Job> {
        self.waiting.iter()
    }

    /// How many more seeds may be claimed now. While there is trouble, a recording
    /// is as safe where it is.
    pub fn room(&self) -> usize {
        match self.is_in_trouble() {
            true => 0,
            false => MOST_WAITING.saturating_sub(self.waiting.len()),
        }
    }

    /// Adds a job, whose turn is the last.
    pub fn push(&mut self, job: Job) {
        self.waiting.push_back(job);
    }

    /// Puts back a job whose turn it was: it is the next again.
    pub fn push_first(&mut self, job: Job) {
        self.waiting.push_front(job);
    }

    /// The job whose turn it is, if there is one: what was begun earlier comes first. With
    /// it come others that may be answered beside it, where each of `workers` gets as many
    /// of those that wait. None while there is trouble.
    pub fn take_next(&mut self, workers: usize) -> Vec<Job> {
        if self.is_in_trouble() {
            return Vec::new();
        }
        let now = Instant::now();
        if let Some(due) = self.postponed.iter().position(|later| later.due <= now) {
            return vec![self.postponed.remove(due).job];
        }
        let most = self.waiting.len().div_ceil(workers.max(1));
        let mut taken: Vec<Job> = self.waiting.pop_front().into_iter().collect();
        let mut n = 0;
        while taken.len() < most.min(MOST_TOGETHER) && n < self.waiting.len() {
            let other = &self.waiting[n];
            match taken.iter().all(|job| job.goes_with(other)) {
                true => taken.extend(self.waiting.remove(n)),
                false => n += 1,
            }
        }
        taken
    }

    /// When the first of the postponed jobs is to be tried again.
    pub fn due(&self) -> Option<Instant> {
        self.postponed.iter().map(|later| later.due).min()
    }

    /// The machine did not let `job` be done: all wait until the folders can be
    /// written, or it alone, if they can.
    pub fn postpone(&mut self, mut job: Job, reason: &str) {
        let wait = job.wait_longer(SHORTEST_WAIT, LONGEST_WAIT);
        let is_first_time = wait == SHORTEST_WAIT;
        let due = Instant::now() + wait;
        let name = shown(job.claim.voice(), job.claim.name());
        self.postponed.push(Postponed { job, due });
        if self.probe() {
            match is_first_time {
                true => {
                    tracing::error!("{name} waits: {reason}");
                    self.site.tell(Event::Trouble {
                        reason: format!("{name} waits: {reason}"),
                    });
                }
                false => tracing::debug!("{name} waits: {reason}"),
            }
        }
    }

    /// Takes out the jobs that are meant.
    pub fn remove(&mut self, which: Which) -> Vec<Job> {
        let is_meant = |job: &Job| which.means(job.claim.id());
        let postponed = self.postponed.extract_if(.., |later| is_meant(&later.job));
        let mut removed: Vec<Job> = postponed.map(|later| later.job).collect();
        let (meant, others) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(is_meant);
        self.waiting = others;
        removed.extend::<VecDeque<Job>>(meant);
        removed
    }

    /// All jobs that have not come to their end.
    pub fn into_jobs(self) -> impl Iterator<Item = Job> {
        let postponed = self.postponed.into_iter().map(|later| later.job);
        postponed.chain(self.waiting)
    }

    /// Whether the machine lacks something.
    pub fn is_in_trouble(&self) -> bool {
        self.trouble.is_some()
    }

    /// What the machine lacks, if it lacks something.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// Whether the folders can be used, after something in them could not be; if
    /// not, that is trouble.
    pub fn probe(&mut self) -> bool {
        let probed = self.site.probe();
        if let Err(error) = &probed {
            self.begin_trouble(error.to_string());
        }
        probed.is_ok()
    }

    /// The machine lacks something: seeds wait because of `reason`.
    pub fn begin_trouble(&mut self, reason: String) {
        if self.trouble.as_ref() == Some(&reason) {
            return;
        }
        tracing::error!("{reason}; seeds wait");
        self.site.tell(Event::Trouble {
            reason: reason.clone(),
        });
        self.trouble = Some(reason);
    }

    /// Finds out whether trouble has begun or passed; `lacking` is what whoever answers
    /// lacks.
    pub fn check_trouble(&mut self, lacking: Option<String>) {
        if let Some(reason) = lacking {
            return self.begin_trouble(reason);
        }
        let checked = match self.is_in_trouble() {
            true => self.site.probe(),
            false => self.site.check_space(),
        };
        match checked {
            Err(error) => self.begin_trouble(error.to_string()),
            Ok(()) if self.trouble.take().is_some() => {
                tracing::info!("the trouble has passed; work goes on");
                self.site.tell(Event::Ready);
            }
            Ok(()) => {}
        }
    }
}
