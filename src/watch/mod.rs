//! The job: a seed is seen in a folder, claimed, answered, published, and
//! whoever listens is told.
//!
//! Directories are the truth: what a file's folder says about it is all there
//! is to know, and recovery after a crash reads nothing else. Notifications
//! are hints that save waiting; a scan is what finds seeds.
//!
//! The promise: no seed is lost, no half file is ever seen, and every seed ends
//! in exactly one of done and failed. What the machine lacks (room, a
//! permission, a disk) never costs a seed: it waits, and work goes on when it
//! passes.

// The folders, and a seed's way through them.
mod account;
mod beat;
mod claim;
mod delivery;
mod error;
mod failed;
pub mod folders;
mod journal;
mod numbers;
mod pace;
mod release;
mod retention;
mod returned;
mod root;
mod seed_names;
mod sets;
mod spool;
mod steps;
pub mod voices;

// Which files are seeds by now.
mod arrival;
mod entrance;
mod entrances;
mod inbox;
mod listing;
mod notifications;
mod observation;
mod remarks;

// How seeds are answered.
mod answers;
mod company;
mod crew;
mod errand;
mod job;
mod reload;
mod telling;
mod whole;
mod worker;

// All of it, while one root is open.
mod dispatcher;
mod intake;
mod queue;
mod site;
mod upkeep;

// What is asked from outside the folders.
mod remote;
mod requests;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub use account::FEW_DAYS;
pub use answers::{Answer, Answers, Ended, Made, NoAnswer, Order, Tell, VariationMade, one_by_one};
pub use arrival::may_be_a_seed;
pub use beat::Beat;
pub use claim::Claim;
pub use error::SpoolError;
pub use failed::{Retried, RetryError, failed_seeds, reason_of, retry, seeds_among};
pub use inbox::Arriving;
pub use journal::Journal;
pub use pace::{Forecast, Pace};
pub use reload::AnswerSource;
pub use remote::{Later, Mailbox, Remote, Request, Sound, Which, mailbox};
pub use requests::{Found, RequestError, find};
pub use retention::{ALL, Bounds, Retention, bytes_of_predictions};
pub use root::{Root, WhichRoot, check_moves, check_moves_of_voice};
pub use spool::{Delivered, Process, Spool};
pub use worker::Terms;

use crate::answer::Heard;
use dispatcher::{Dispatcher, End};
use job::{Job, Outcome};
use notifications::Hint;
use reload::Reload;
use site::Site;

/// How often a folder that is not there is looked for.
const PATIENCE: Duration = Duration::from_secs(1);

/// What happens to a seed, as told to the outside. The number identifies the job.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Seeds are being looked for; again after trouble that has passed.
    Ready,
    /// A complete seed was found.
    Seen {
        id: i32,
        /// Who is to answer it, if not the default voice.
        voice: Option<String>,
        name: String,
    },
    /// It is being answered, and this is what it is like.
    Heard {
        id: i32,
        voice: Option<String>,
        heard: Heard,
    },
    /// This much of its answer is made, and so many seconds are left; at most four times
    /// a second, and never once it is done.
    Progress {
        id: i32,
        voice: Option<String>,
        percent: i32,
        eta: f64,
    },
    /// Its prediction, of `seconds`, stands at `path`.
    Done {
        id: i32,
        voice: Option<String>,
        path: PathBuf,
        seconds: f64,
    },
    /// Its set stands at `path`: its variations, and how long they last.
    SetDone {
        id: i32,
        voice: Option<String>,
        path: PathBuf,
        variations: Vec<(PathBuf, f64)>,
    },
    /// It has no prediction, because of `reason`.
    Failed {
        id: i32,
        voice: Option<String>,
        reason: String,
    },
    /// Somebody did not want its answer any more: it is in failed/.
    Cancelled { id: i32, voice: Option<String> },
    /// It was silent, and has been removed.
    Skipped {
        id: i32,
        voice: Option<String>,
        name: String,
    },
    /// The machine lacks something; seeds wait.
    Trouble { reason: String },
    /// Something lies in `seeds/` or `voices/` that is no seed or voice as it is, and what
    /// to do.
    Remark { text: String },
    /// About once a second, as long as seeds are looked for and no worker is
    /// stuck, with what is not complete yet, and why seeds wait, if they do.
    Alive {
        arriving: Vec<Arriving>,
        trouble: Option<String>,
    },
}

impl Event {
    /// The number of the job that it concerns.
    pub fn id(&self) -> Option<i32> {
        match self {
            Event::Seen { id, .. }
            | Event::Heard { id, .. }
            | Event::Progress { id, .. }
            | Event::Done { id, .. }
            | Event::SetDone { id, .. }
            | Event::Failed { id, .. }
            | Event::Cancelled { id, .. }
            | Event::Skipped { id, .. } => Some(*id),
            Event::Ready | Event::Trouble { .. } | Event::Remark { .. } | Event::Alive { .. } => {
                None
            }
        }
    }

    /// Whether it is the last that is told of its job.
    pub fn is_an_end(&self) -> bool {
        matches!(
            self,
            Event::Done { .. }
                | Event::SetDone { .. }
                | Event::Failed { .. }
                | Event::Cancelled { .. }
                | Event::Skipped { .. }
        )
    }
}

/// Hears what happens.
pub type OnEvent = Arc<dyn Fn(Event) + Send + Sync>;

/// What is to be watched, and how.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The folder that holds `seeds/`, `predictions/` and `failed/`.
    pub root: PathBuf,
    /// Whether it must be there already.
    pub existing: bool,
    /// What every answer has to keep to.
    pub terms: Terms,
    /// How long a file that does not look complete is waited for after its last change.
    pub patience: Duration,
    /// How much is kept of what is over.
    pub retention: Retention,
    /// Bytes that are left free on the disk: below, seeds wait.
    pub free_space_floor: u64,
}

/// Why watching ended.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    #[error(transparent)]
    Spool(#[from] SpoolError),
    #[error(
        "an answer is stuck far beyond its deadline and cannot be stopped; antiphon ends, so that \
         it can be started again"
    )]
    Stuck,
}

/// What a dispatcher hears.
enum Message {
    /// Something happened in the folder of this voice's seeds.
    Hint(Option<String>, Hint),
    Finished {
        worker: usize,
        job: Job,
        outcome: Outcome,
    },
    /// Other answerers are there, or why not.
    Loaded(Result<Vec<Box<dyn Answers>>, String>),
    /// Somebody wants a sound to be answered.
    Answer(Request, Later<i32>),
    /// Somebody gives up seeds.
    Cancel(Which, Later<usize>),
}

impl Message {
    /// Tells whoever asked for something that it is not done, because of `why`.
    fn refuse(self, why: &str) {
        match self {
            Message::Answer(_, later) => later(Err(why.to_owned())),
            Message::Cancel(_, later) => later(Err(why.to_owned())),
            Message::Hint(..) | Message::Finished { .. } | Message::Loaded(_) => {}
        }
    }
}

/// Answers seeds until `stop` is set, with one worker for each of `answerers`,
/// which `source` gave and gives again when it has others. What happens is told
/// to `on_event`; what is asked through `mailbox` is done.
///
/// A folder that goes away is waited for. Returns when every seed in work is
/// published, failed or back in `seeds/`: nothing stays claimed.
///
/// # Errors
///
/// When the folder cannot be opened at first; when an answer cannot be stopped.
pub fn watch(
    setup: &Setup,
    mut answerers: Vec<Box<dyn Answers>>,
    source: Arc<dyn AnswerSource>,
    on_event: OnEvent,
    mailbox: &Mailbox,
    stop: &AtomicBool,
) -> Result<(), WatchError> {
    let mut reload = Reload::new(source);
    let mut wanted = match setup.existing {
        true => WhichRoot::Existing,
        false => WhichRoot::Any,
    };
    let process = Process::unique();
    let mut opened = Spool::open(Root::open(&setup.root, &wanted)?, &process)?;
    loop {
        let (spool, claims) = opened;
        wanted = WhichRoot::Again(spool.root().known().clone());
        let site = Site::new(setup, spool, &on_event);
        let dispatcher = Dispatcher::new(&site, claims, answerers, &mut reload, mailbox)?;
        answerers = match dispatcher.run(stop)? {
            End::Stopped => return Ok(()),
            End::Lost(answerers) => answerers,
        };
        // Its lock has to go before the root can be opened again.
        drop(site);
        match reopen(setup, (&wanted, &process), &on_event, mailbox, stop) {
            Some(again) => opened = again,
            None => return Ok(()),
        }
    }
}

/// Waits for the folder; `None` when `stop` is set first.
fn reopen(
    setup: &Setup,
    (wanted, process): (&WhichRoot, &Process),
    on_event: &OnEvent,
    mailbox: &Mailbox,
    stop: &AtomicBool,
) -> Option<(Spool, Vec<Claim>)> {
    let mut told = None;
    while !stop.load(Ordering::Relaxed) {
        let opened = Root::open(&setup.root, wanted).and_then(|root| Spool::open(root, process));
        let error = match opened {
            Ok(opened) => return Some(opened),
            Err(error) => error.to_string(),
        };
        if told.as_ref() != Some(&error) {
            tracing::error!("{error}; waiting");
            on_event(Event::Trouble {
                reason: error.clone(),
            });
            told = Some(error);
        }
        on_event(Event::Alive {
            arriving: Vec::new(),
            trouble: told.clone(),
        });
        mailbox.refuse_all(told.as_deref().unwrap_or("the folder is not there"));
        std::thread::sleep(PATIENCE);
    }
    None
}

#[cfg(test)]
mod tests;
