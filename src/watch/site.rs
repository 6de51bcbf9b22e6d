//! An opened root, what is asked for there, and who hears what happens.

use std::cell::RefCell;
use std::sync::Arc;

use super::account::Account;
use super::error::SpoolError;
use super::job::{Job, Outcome};
use super::spool::Spool;
use super::voices::shown;
use super::{Event, OnEvent, Setup};
use crate::names::readable;

/// What every part of a watch needs while one root is open.
pub struct Site<'a> {
    /// What is asked for.
    pub setup: &'a Setup,
    /// The root's folders.
    pub spool: Arc<Spool>,
    /// Hears what happens.
    pub on_event: &'a OnEvent,
    /// What predictions take of the disk.
    pub account: RefCell<Account>,
}

impl<'a> Site<'a> {
    /// Of the opened `spool`.
    pub fn new(setup: &'a Setup, spool: Spool, on_event: &'a OnEvent) -> Site<'a> {
        Site {
            setup,
            account: RefCell::new(Account::open(spool.root(), setup)),
            spool: Arc::new(spool),
            on_event,
        }
    }
    /// Tells what happens.
    pub fn tell(&self, event: Event) {
        (self.on_event)(event);
    }

    /// Whether the folders can be read and written and have room, after something
    /// in them could not be.
    pub fn probe(&self) -> Result<(), SpoolError> {
        self.spool.probe(self.setup.free_space_floor)
    }

    /// Whether there is room, which costs less to find out than the rest.
    pub fn check_space(&self) -> Result<(), SpoolError> {
        self.spool.check_space(self.setup.free_space_floor)
    }

    /// Tells how `job` came out.
    pub fn report(&self, job: &Job, outcome: &Outcome) {
        let (id, voice) = (job.claim.id(), job.claim.voice().map(str::to_owned));
        let name = shown(job.claim.voice(), job.claim.name());
        match outcome {
            Outcome::Done { path, seconds } => {
                tracing::info!(job = id, "{name} answered by {}", path.display());
                self.account.borrow_mut().note_prediction(path);
                self.tell(Event::Done {
                    id,
                    voice,
                    path: path.clone(),
                    seconds: *seconds,
                });
            }
            Outcome::SetDone { path, variations } => {
                tracing::info!(job = id, "{name} answered by the set {}", path.display());
                self.account.borrow_mut().note_set(path);
                self.tell(Event::SetDone {
                    id,
                    voice,
                    path: path.clone(),
                    variations: variations.clone(),
                });
            }
            Outcome::Failed { reason } => {
                tracing::error!(job = id, "{name} failed: {reason}");
                self.tell(Event::Failed {
                    id,
                    voice,
                    reason: reason.clone(),
                });
            }
            Outcome::Cancelled => {
                tracing::info!(job = id, "{name} was cancelled");
                self.tell(Event::Cancelled { id, voice });
            }
            Outcome::Skipped => {
                tracing::info!(job = id, "{name} is silent, and was removed");
                let name = readable(job.claim.name());
                self.tell(Event::Skipped { id, voice, name });
            }
            Outcome::Unfinished | Outcome::Released => {
                tracing::info!(job = id, "{name} goes back to seeds/")
            }
            Outcome::Waits => tracing::debug!(job = id, "{name} waits for its turn"),
            Outcome::Later { reason } => tracing::error!(job = id, "{name} waits: {reason}"),
        }
    }
}
