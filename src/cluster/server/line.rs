//! How the connection to the server is.

use std::fmt::Display;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_nats::Event;

use crate::cluster::error::ClusterError;

/// A server that is away for so long is in trouble; one that is started anew is not.
const GRACE: Duration = Duration::from_secs(3);

/// How the connection is.
pub struct Line {
    pub url: String,
    is_up: AtomicBool,
    changed: Mutex<(Instant, String)>,
}

impl Line {
    /// To the server at `url`, of which nothing was heard so far.
    pub fn new(url: &str) -> Line {
        Line {
            url: url.to_owned(),
            is_up: AtomicBool::new(false),
            changed: Mutex::new((Instant::now(), "nobody answers there".to_owned())),
        }
    }

    fn lock(&self) -> MutexGuard<'_, (Instant, String)> {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hears what has become of it.
    pub fn hear(&self, event: Event) {
        match event {
            Event::Connected => {
                if !self.is_up.swap(true, Ordering::Relaxed) {
                    tracing::info!("connected to the NATS server at {}", self.url);
                }
                *self.lock() = (Instant::now(), String::new());
            }
            Event::Disconnected | Event::Closed => {
                if self.is_up.swap(false, Ordering::Relaxed) {
                    tracing::warn!("the NATS server at {} is away; trying again", self.url);
                    *self.lock() = (Instant::now(), "the connection broke".to_owned());
                }
            }
            Event::ServerError(error) => self.note(error.to_string()),
            Event::ClientError(error) => self.note(error.to_string()),
            Event::LameDuckMode | Event::Draining | Event::SlowConsumer(_) => {}
        }
    }

    fn note(&self, cause: String) {
        if self.is_up.load(Ordering::Relaxed) {
            return;
        }
        let mut changed = self.lock();
        if changed.1 != cause {
            tracing::warn!("the NATS server at {}: {cause}; trying again", self.url);
            changed.1 = cause;
        }
    }

    /// Why the server has been away, since so long ago that it is worth a word.
    pub fn lacking(&self) -> Option<ClusterError> {
        let changed = self.lock();
        (changed.0.elapsed() > GRACE).then(|| self.away(&changed.1))
    }

    /// That it is away, for the last reason that was heard.
    pub fn is_away(&self) -> ClusterError {
        let cause = self.lock().1.clone();
        self.away(cause)
    }

    /// That it is away, since `cause`.
    pub fn away(&self, cause: impl Display) -> ClusterError {
        ClusterError::Away {
            url: self.url.clone(),
            cause: cause.to_string(),
        }
    }
}
