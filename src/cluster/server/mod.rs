//! The NATS server, as the rest sees it: calls that return when they are done. Nothing else
//! knows the crate that talks to it.

mod buckets;
mod jobs;
mod line;
mod ready;
mod talk;

use std::fmt::Display;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_nats::connection::State;
use async_nats::jetstream;
use async_nats::{Client, ConnectOptions};
use tokio::runtime::Runtime;

pub(super) use self::jobs::Taken;
pub(super) use self::talk::Ear;

use self::line::Line;
use self::ready::{Ready, make_ready};
use super::access::{Access, Login};
use super::error::ClusterError;

/// What waits longer for the server has lost it.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often it is made sure that the server is there.
const PING: Duration = Duration::from_secs(5);
/// From one attempt to connect to the next in the end; at first it is a tenth.
const BETWEEN_ATTEMPTS: Duration = Duration::from_secs(2);

/// A server, and the connection to it, which is made again for ever.
pub struct Server {
    runtime: Runtime,
    client: Client,
    jetstream: jetstream::Context,
    line: Arc<Line>,
    ready: Mutex<Option<Ready>>,
    /// How long a worker that says nothing has its job.
    patience: Duration,
}

impl Server {
    /// The server that `access` leads to, told that `name` connects; workers that say nothing
    /// for the time of `patience` lose their jobs. It is waited for, for ever, if it is not
    /// there.
    ///
    /// # Errors
    ///
    /// Files that cannot be read, and what the machine lacks.
    pub fn reach(access: &Access, name: &str, patience: Duration) -> Result<Server, ClusterError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("nats")
            .enable_all()
            .build()
            .map_err(ClusterError::Begin)?;
        let line = Arc::new(Line::new(&access.address));
        let heard = Arc::clone(&line);
        let options = options(access)?
            .name(name)
            .retry_on_initial_connect()
            .max_reconnects(None)
            .connection_timeout(PATIENCE / 2)
            .request_timeout(Some(PATIENCE))
            .ping_interval(PING)
            .reconnect_delay_callback(|attempts| {
                (BETWEEN_ATTEMPTS / 10 * attempts as u32).min(BETWEEN_ATTEMPTS)
            })
            .event_callback(move |event| {
                heard.hear(event);
                std::future::ready(())
            });
        let connecting = options.connect(&*access.address);
        let client = runtime.block_on(connecting);
        let client = client.map_err(|error| line.away(error))?;
        // It begins something of its own beside.
        let within = runtime.enter();
        let mut jetstream = jetstream::new(client.clone());
        jetstream.set_timeout(PATIENCE);
        drop(within);
        Ok(Server {
            runtime,
            client,
            jetstream,
            line,
            ready: Mutex::new(None),
            patience,
        })
    }

    /// Where it is, without secrets.
    pub fn url(&self) -> &str {
        &self.line.url
    }

    /// Whether it is there now.
    pub fn is_there(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    /// Waits for it for this long; whether it is there.
    pub fn wait_for(&self, longest: Duration) -> bool {
        let begun = Instant::now();
        while !self.is_there() && begun.elapsed() < longest {
            std::thread::sleep(Duration::from_millis(20));
        }
        self.is_there()
    }

    /// Why it is not there, where it has not been for a while.
    pub fn lacking(&self) -> Option<String> {
        if self.is_there() {
            return None;
        }
        self.line.lacking().map(|lacking| lacking.to_string())
    }

    /// Makes sure that the stream, its consumer and the buckets are there.
    fn ready(&self) -> Result<Ready, ClusterError> {
        let mut ready = self.lock_ready();
        if let Some(ready) = &*ready {
            return Ok(ready.clone());
        }
        if !self.is_there() {
            return Err(self.line.is_away());
        }
        let (jetstream, patience) = (self.jetstream.clone(), self.patience);
        let made = self.runtime.block_on(async move {
            let made = tokio::time::timeout(3 * PATIENCE, make_ready(&jetstream, patience));
            made.await.map_err(|error| error.to_string())?
        });
        let made = made.map_err(|cause| ClusterError::Refused {
            url: self.line.url.clone(),
            what: "keep jobs (is JetStream on: nats-server --jetstream?)",
            cause,
        })?;
        Ok(ready.insert(made).clone())
    }

    fn lock_ready(&self) -> MutexGuard<'_, Option<Ready>> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for what the server was asked to do.
    fn wait<T, E: Display>(
        &self,
        what: &'static str,
        asked: impl Future<Output = Result<T, E>>,
    ) -> Result<T, ClusterError> {
        let answered = self
            .runtime
            .block_on(async { tokio::time::timeout(2 * PATIENCE, asked).await });
        match answered {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(self.refused(what, error)),
            Err(error) => Err(self.line.away(error)),
        }
    }

    /// What went wrong when the server was asked to do `what`: it may be away.
    fn refused(&self, what: &'static str, cause: impl Display) -> ClusterError {
        // Somebody may have removed what was there.
        *self.lock_ready() = None;
        match self.is_there() {
            true => ClusterError::Refused {
                url: self.line.url.clone(),
                what,
                cause: cause.to_string(),
            },
            false => self.line.away(cause),
        }
    }
}

fn options(access: &Access) -> Result<ConnectOptions, ClusterError> {
    let mut options = ConnectOptions::new().require_tls(access.is_secured);
    options = match &access.login {
        Some(Login::User { name, password }) => {
            options.user_and_password(name.clone(), password.clone())
        }
        Some(Login::Token(token)) => options.token(token.clone()),
        None => options,
    };
    if let Some(path) = &access.credentials {
        let cannot = |cause| ClusterError::Credentials {
            path: path.clone(),
            cause,
        };
        let text = std::fs::read_to_string(path).map_err(cannot)?;
        options = options.credentials(&text).map_err(cannot)?;
    }
    if let Some(path) = &access.authority {
        std::fs::File::open(path).map_err(|cause| ClusterError::Certificates {
            path: path.clone(),
            cause,
        })?;
        options = options.add_root_certificates(path.clone());
    }
    Ok(options)
}
