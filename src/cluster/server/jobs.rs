//! Jobs on the server: sent, looked for, taken back, and taken by those who do them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use async_nats::jetstream::Message;
use async_nats::jetstream::message::{AckKind, PublishMessage};
use async_nats::jetstream::stream::LastRawMessageErrorKind;
use tokio::task::JoinHandle;
use tokio_stream::StreamExt;

use super::{PING, Server};
use crate::cluster::error::ClusterError;
use crate::cluster::names;

/// A job that was sent.
pub struct Sent {
    /// Whether the server has known it before, and so did nothing.
    pub is_known: bool,
}

/// A job that is to be done here, unless it is given back.
pub struct Taken<'a> {
    pub id: String,
    /// How often it was given to somebody: 1 the first time.
    pub delivered: u64,
    place: u64,
    message: Message,
    server: &'a Server,
}

/// Says that a job is worked on, until it is dropped.
pub struct Alive(JoinHandle<()>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Taken<'_> {
    /// What is asked.
    pub fn job(&self) -> &[u8] {
        &self.message.payload
    }

    /// Keeps the job from being given to somebody else, at most for this long.
    pub fn stay_alive(&self, longest: Duration) -> Alive {
        let (_, acker) = self.message.clone().split();
        let between = self.server.patience / 4;
        Alive(self.server.runtime.spawn(async move {
            let begun = Instant::now();
            while begun.elapsed() < longest {
                tokio::time::sleep(between).await;
                if let Err(error) = acker.ack_with(AckKind::Progress).await {
                    tracing::debug!("cannot say that the job is worked on: {error}");
                }
            }
        }))
    }

    /// Whether it is still to be done: somebody else may have done it, or it is not wanted.
    pub fn is_wanted(&self) -> Result<bool, ClusterError> {
        Ok(self.server.place_of(&self.id)? == Some(self.place))
    }

    /// It is done; its result is stored.
    pub fn done(&self) -> Result<(), ClusterError> {
        self.tell("acknowledge a job", AckKind::Ack)
    }

    /// Somebody else, or this worker, is to try it after this time.
    pub fn later(&self, after: Duration) -> Result<(), ClusterError> {
        self.tell("give back a job", AckKind::Nak(Some(after)))
    }

    /// Whoever wants it is to send it again, since something that it needs is not there, or
    /// nobody wants it.
    pub fn let_go(&self) -> Result<(), ClusterError> {
        self.tell("let go of a job", AckKind::Term)
    }

    fn tell(&self, what: &'static str, kind: AckKind) -> Result<(), ClusterError> {
        self.server
            .wait(what, async { self.message.double_ack_with(kind).await })
    }
}

impl Server {
    /// How many jobs were given away so far, where others wait and nobody seems to be there
    /// who takes them.
    pub(in crate::cluster) fn is_without_workers(&self) -> Result<Option<u64>, ClusterError> {
        let mut workers = self.ready()?.workers;
        let info = self.wait("ask for the workers", async move {
            workers.info().await.cloned()
        })?;
        let is_without = info.num_pending > 0 && info.num_waiting == 0 && info.num_ack_pending == 0;
        Ok(is_without.then_some(info.delivered.consumer_sequence))
    }

    /// Sends the job `id`, known as `message_id` from now on.
    pub(in crate::cluster) fn send(
        &self,
        id: &str,
        message_id: &str,
        job: Vec<u8>,
    ) -> Result<Sent, ClusterError> {
        self.ready()?;
        let most = self.client.max_payload();
        if job.len() + 1024 > most {
            let bytes = job.len();
            return Err(ClusterError::TooLong { bytes, most });
        }
        let message = PublishMessage::build()
            .payload(job.into())
            .message_id(message_id);
        let sent = self.wait("take a job", async {
            let message = message.outbound_message(names::job(id));
            let headers = message.headers.unwrap_or_default();
            let sent =
                self.jetstream
                    .publish_with_headers(message.subject, headers, message.payload);
            sent.await?.await
        })?;
        Ok(Sent {
            is_known: sent.duplicate,
        })
    }

    /// Where the job `id` stands among all, if it is not done yet.
    pub(in crate::cluster) fn place_of(&self, id: &str) -> Result<Option<u64>, ClusterError> {
        let jobs = self.ready()?.jobs;
        let subject = names::job(id);
        let found = self.wait("look for a job", async move {
            match jobs.get_last_raw_message_by_subject(&subject).await {
                Ok(message) => Ok(Some(message.sequence)),
                Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(None),
                Err(error) => Err(error),
            }
        })?;
        Ok(found)
    }

    /// Takes back the job `id`, wherever it is.
    pub(in crate::cluster) fn withdraw(&self, id: &str) -> Result<(), ClusterError> {
        self.say(&names::cancel(id), Vec::new());
        let Some(place) = self.place_of(id)? else {
            return Ok(());
        };
        let jobs = self.ready()?.jobs;
        self.wait("give back a job", async move {
            // Whoever had it may be done by now.
            let _ = jobs.delete_message(place).await;
            Ok::<_, std::convert::Infallible>(())
        })
    }

    /// The next job, unless there is none within the time of `longest`, or `stop` is set.
    pub(in crate::cluster) fn take(
        &self,
        longest: Duration,
        stop: &AtomicBool,
    ) -> Result<Option<Taken<'_>>, ClusterError> {
        let workers = self.ready()?.workers;
        let message = self.runtime.block_on(async {
            let asked = workers.batch().max_messages(1).expires(longest);
            let mut batch = asked.messages().await.map_err(|error| error.to_string())?;
            let begun = Instant::now();
            while !stop.load(Ordering::Relaxed) && begun.elapsed() < longest + PING {
                let next = tokio::time::timeout(Duration::from_millis(100), batch.next());
                match next.await {
                    Ok(Some(Ok(message))) => return Ok(Some(message)),
                    Ok(Some(Err(error))) => return Err(error.to_string()),
                    Ok(None) => return Ok(None),
                    Err(_) => {}
                }
            }
            Ok(None)
        });
        let message = message.map_err(|error| self.refused("give a job", error))?;
        let Some(message) = message else {
            return Ok(None);
        };
        let id = message.subject.rsplit('.').next().unwrap_or_default();
        let (delivered, place) = match message.info() {
            Ok(info) => (info.delivered, info.stream_sequence),
            Err(error) => return Err(self.refused("say which job it gives", error)),
        };
        Ok(Some(Taken {
            id: id.to_owned(),
            delivered: u64::try_from(delivered).unwrap_or(1),
            place,
            message,
            server: self,
        }))
    }
}
