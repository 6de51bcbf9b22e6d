//! An opened root, what is asked for there, and who hears what happens.

use std::path::Path;
use std::sync::Arc;

use super::error::SpoolError;
use super::spool::Spool;
use super::worker::{Job, Outcome};
use super::{Event, OnEvent, Plan};
use crate::answer::EndingKind;
use crate::audio::header;
use crate::names::readable;

/// What every part of a watch needs while one root is open.
pub struct Site<'a> {
    /// What is asked for.
    pub plan: &'a Plan,
    /// The root's folders.
    pub spool: Arc<Spool>,
    /// Hears what happens.
    pub on_event: &'a OnEvent,
}

impl Site<'_> {
    /// Tells what happens.
    pub fn tell(&self, event: Event) {
        (self.on_event)(event);
    }

    /// Whether the folders can be read and written and have room, after something
    /// in them could not be.
    pub fn probe(&self) -> Result<(), SpoolError> {
        self.spool.probe(self.plan.free_space_floor)
    }

    /// Whether there is room, which costs less to find out than the rest.
    pub fn check_space(&self) -> Result<(), SpoolError> {
        self.spool.check_space(self.plan.free_space_floor)
    }

    /// How long the prediction at `path` is: as was asked, or, of one that ends as a
    /// phrase does, as its file says.
    fn seconds_of(&self, path: &Path) -> f64 {
        let commission = &self.plan.terms.commission;
        let said = match commission.ending.kind {
            EndingKind::Phrase => header::seconds_of_wav(path),
            EndingKind::Exact | EndingKind::Raw => None,
        };
        said.unwrap_or(commission.length.beside(0.0))
    }

    /// Tells how `job` came out.
    pub fn report(&self, job: &Job, outcome: &Outcome) {
        let id = job.claim.id();
        let name = readable(job.claim.name());
        match outcome {
            Outcome::Done { path } => {
                tracing::info!(job = id, "{name} answered by {}", path.display());
                self.tell(Event::Done {
                    id,
                    path: path.clone(),
                    seconds: self.seconds_of(path),
                });
            }
            Outcome::Failed { reason } => {
                tracing::error!(job = id, "{name} failed: {reason}");
                self.tell(Event::Failed {
                    id,
                    reason: reason.clone(),
                });
            }
            Outcome::Gone => {
                let reason = format!("{name} was taken away before it was answered");
                tracing::error!(job = id, "{reason}");
                self.tell(Event::Failed { id, reason });
            }
            Outcome::Unfinished | Outcome::Released => {
                tracing::info!(job = id, "{name} goes back to seeds/")
            }
            Outcome::Later { reason } => tracing::error!(job = id, "{name} waits: {reason}"),
        }
    }
}
