//! The job: a seed is seen in a folder, claimed, answered, published, and
//! whoever listens is told.
//!
//! Directories are the truth: what a file's folder says about it is all there
//! is to know, and recovery after a crash reads nothing else. Notifications
//! are hints that save waiting; a scan is what finds seeds.

mod inbox;
mod spool;

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind, RenameMode};
use notify::{RecursiveMode, Watcher};

use crate::answer::{AnswerError, Responder, Settings};
use crate::generate::GenerateError;
use inbox::Inbox;
pub use spool::{Claim, Spool, SpoolError};

/// How often the folder is looked at while nothing seems to happen.
const IDLE_SCAN: Duration = Duration::from_secs(1);
/// How often it is looked at while a file in it may still be growing.
const BUSY_SCAN: Duration = Duration::from_millis(100);

/// What happens to a seed, as told to the outside. The number identifies the job.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Seeds are being looked for.
    Ready,
    /// A complete seed was found.
    Seen { id: i32, name: String },
    /// Its prediction, of `seconds`, stands at `path`.
    Done {
        id: i32,
        path: PathBuf,
        seconds: f64,
    },
    /// It has no prediction, because of `reason`.
    Failed { id: i32, reason: String },
    /// The folder is being looked at, and no answer is stuck: about once a second.
    Alive,
}

/// A seed that was seen and waits in the folder for its turn.
struct Seen {
    id: i32,
    name: OsString,
}

enum Message {
    /// The file's writer closed it, or it was moved in.
    Closed(OsString),
    /// Something else happened in the folder.
    Changed,
    /// The worker can take the next seed.
    Finished,
}

/// Answers seeds until `stop` is set. What happens is told to `listener`.
///
/// Returns when the seed in work, if any, is published, failed or back in
/// `seeds/`: nothing stays claimed.
pub fn watch(
    spool: &Spool,
    responder: &mut Responder,
    settings: &Settings,
    listener: &(dyn Fn(Event) + Sync),
    stop: &AtomicBool,
) -> Result<(), SpoolError> {
    let (messages, inbox_messages) = mpsc::channel();
    // The watcher notifies for as long as it lives.
    let _watcher = notify_of(spool, messages.clone());
    let (jobs, worker_jobs) = mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for (id, claim) in worker_jobs {
                let event = work(spool, responder, settings, id, claim, stop);
                event.into_iter().for_each(listener);
                if messages.send(Message::Finished).is_err() {
                    break;
                }
            }
        });
        listener(Event::Ready);
        keep_claiming(spool, &inbox_messages, jobs, listener, stop)
    })
}

/// Looks for seeds and hands them to the worker one by one. Dropping `jobs`
/// at the end ends the worker.
fn keep_claiming(
    spool: &Spool,
    messages: &Receiver<Message>,
    jobs: Sender<(i32, Claim)>,
    listener: &(dyn Fn(Event) + Sync),
    stop: &AtomicBool,
) -> Result<(), SpoolError> {
    let mut inbox = Inbox::new(spool.seeds());
    let mut waiting: VecDeque<Seen> = VecDeque::new();
    let mut next_id = spool.next_id()?;
    let mut working = false;
    while !stop.load(Ordering::Relaxed) {
        for name in inbox.scan() {
            if waiting.iter().any(|seen| seen.name == name) {
                continue;
            }
            listener(Event::Seen {
                id: next_id,
                name: name.to_string_lossy().into_owned(),
            });
            waiting.push_back(Seen { id: next_id, name });
            next_id = next_id.wrapping_add(1).max(1);
        }
        while !working && let Some(seen) = waiting.pop_front() {
            if !inbox.is_still_complete(&seen.name) {
                continue;
            }
            inbox.forget(&seen.name);
            match spool.claim(&seen.name, seen.id) {
                Ok(claim) => working = jobs.send((seen.id, claim)).is_ok(),
                Err(reason) => listener(Event::Failed {
                    id: seen.id,
                    reason: reason.to_string(),
                }),
            }
        }
        let patience = if inbox.is_unsettled() {
            BUSY_SCAN
        } else {
            IDLE_SCAN
        };
        let first = match messages.recv_timeout(patience) {
            Ok(message) => Some(message),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => break,
        };
        // However many messages have come, one look at the folder serves them all.
        for message in first.into_iter().chain(messages.try_iter()) {
            match message {
                Message::Closed(name) => inbox.closed(&name),
                Message::Finished => working = false,
                Message::Changed => {}
            }
        }
    }
    Ok(())
}

/// Answers one claimed seed and publishes the answer; the event to tell, if any.
fn work(
    spool: &Spool,
    responder: &mut Responder,
    settings: &Settings,
    id: i32,
    claim: Claim,
    stop: &AtomicBool,
) -> Option<Event> {
    let settings = settings_of_job(settings, id);
    let mut progress = |_: f64| match stop.load(Ordering::Relaxed) {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    };
    let answered = catch_unwind(AssertUnwindSafe(|| {
        responder.answer(
            &claim.seed(),
            &claim.unpublished_prediction(),
            &settings,
            &mut progress,
        )
    }));
    let outcome = match answered {
        Ok(Ok(sidecar)) => spool
            .publish(&claim, &sidecar)
            .map(|path| (path, sidecar.seconds))
            .map_err(|error| error.to_string()),
        Ok(Err(AnswerError::Generate {
            cause: GenerateError::Stopped,
            ..
        })) => {
            if let Err(error) = spool.release(&claim) {
                tracing::error!("{error}");
            }
            return None;
        }
        Ok(Err(error)) => Err(claim.in_the_users_words(&error.to_string())),
        Err(_) => {
            Err("antiphon made a mistake while answering this seed; please report it".to_owned())
        }
    };
    let event = match outcome {
        Ok((path, seconds)) => {
            tracing::info!("{} answered by {}", claim.name().display(), path.display());
            Event::Done { id, path, seconds }
        }
        Err(reason) => {
            tracing::error!("{} failed: {reason}", claim.name().display());
            if let Err(error) = spool.fail(&claim, &reason) {
                tracing::error!("{error}");
            }
            Event::Failed { id, reason }
        }
    };
    Some(event)
}

/// Each job draws from a stream of its own, so that the same recording heard
/// twice gets two answers.
fn settings_of_job(settings: &Settings, id: i32) -> Settings {
    let mut settings = settings.clone();
    settings.request.random_seed = settings.request.random_seed.wrapping_add(id as u64);
    settings
}

/// Has the system tell about the folder; without it, scans alone find seeds.
fn notify_of(spool: &Spool, messages: Sender<Message>) -> Option<notify::RecommendedWatcher> {
    let on_event = move |event: notify::Result<notify::Event>| {
        let Ok(event) = event else { return };
        let closed = matches!(
            event.kind,
            EventKind::Access(AccessKind::Close(AccessMode::Write))
                | EventKind::Modify(ModifyKind::Name(RenameMode::To))
        );
        let changed = matches!(event.kind, EventKind::Create(_));
        let names = event
            .paths
            .iter()
            .filter_map(|path| path.file_name().map(OsStr::to_owned));
        for name in names {
            let message = match (closed, changed) {
                (true, _) => Message::Closed(name),
                (_, true) => Message::Changed,
                _ => continue,
            };
            // A closed channel means that the loop has ended.
            let _ = messages.send(message);
        }
    };
    let watcher = notify::recommended_watcher(on_event).and_then(|mut watcher| {
        watcher.watch(spool.seeds(), RecursiveMode::NonRecursive)?;
        Ok(watcher)
    });
    watcher
        .inspect_err(|error| {
            tracing::warn!(
                "no notifications ({error}); looking into the folder every second instead"
            );
        })
        .ok()
}
