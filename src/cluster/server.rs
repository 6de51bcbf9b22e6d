//! The NATS server, as the rest sees it: calls that return when they are done. Nothing else
//! knows the crate that talks to it.

use std::fmt::Display;
use std::future::Future;
use std::io::Read;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use async_nats::connection::State;
use async_nats::jetstream::consumer::pull::Config as ConsumerConfig;
use async_nats::jetstream::consumer::{AckPolicy, Consumer};
use async_nats::jetstream::message::{AckKind, PublishMessage};
use async_nats::jetstream::object_store::{Config as BucketConfig, InfoErrorKind, ObjectStore};
use async_nats::jetstream::stream::{
    Config as StreamConfig, DirectGetErrorKind, LastRawMessageErrorKind, RetentionPolicy,
    StorageType,
};
use async_nats::jetstream::{self, Message};
use async_nats::{Client, ConnectOptions, Event, Subscriber};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_stream::StreamExt;

use super::access::{Access, Login};
use super::error::ClusterError;
use super::names::{self, CONSUMER, JOBS, MODELS, RESULTS, SEEDS, STREAM};
use crate::files;

/// What waits longer for the server has lost it.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often it is made sure that the server is there.
const PING: Duration = Duration::from_secs(5);
/// From one attempt to connect to the next in the end; at first it is a tenth.
const BETWEEN_ATTEMPTS: Duration = Duration::from_secs(2);
/// A server that is away for so long is in trouble; one that is started anew is not.
const GRACE: Duration = Duration::from_secs(3);
/// Seeds and results that nobody fetched go after this: a week.
const LONGEST_STAY: Duration = Duration::from_secs(7 * 24 * 3600);
/// How long the server knows a job that it has had.
const KNOWN: Duration = Duration::from_secs(120);
/// Jobs that may be in work at once, on all workers.
const MOST_IN_WORK: i64 = 100_000;

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

/// How the connection is.
struct Line {
    url: String,
    is_up: AtomicBool,
    changed: Mutex<(Instant, String)>,
}

/// What is there on the server, once it was made sure that it is.
#[derive(Clone)]
struct Ready {
    jobs: jetstream::stream::Stream,
    workers: Consumer<ConsumerConfig>,
    models: Bucket,
    seeds: Bucket,
    results: Bucket,
}

/// A bucket, and the stream that it is made of.
#[derive(Clone)]
struct Bucket {
    store: ObjectStore,
    stream: jetstream::stream::Stream<()>,
}

/// A job that was sent.
pub(super) struct Sent {
    /// Whether the server has known it before, and so did nothing.
    pub is_known: bool,
}

impl Line {
    fn lock(&self) -> MutexGuard<'_, (Instant, String)> {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hear(&self, event: Event) {
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
        let line = Arc::new(Line {
            url: access.address.clone(),
            is_up: AtomicBool::new(false),
            changed: Mutex::new((Instant::now(), "nobody answers there".to_owned())),
        });
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
        let changed = self.line.lock();
        (changed.0.elapsed() > GRACE).then(|| self.line.away(&changed.1).to_string())
    }

    /// How many jobs were given away so far, where others wait and nobody seems to be there
    /// who takes them.
    pub(super) fn is_without_workers(&self) -> Result<Option<u64>, ClusterError> {
        let mut workers = self.ready()?.workers;
        let info = self.wait("ask for the workers", async move {
            workers.info().await.cloned()
        })?;
        let is_without = info.num_pending > 0 && info.num_waiting == 0 && info.num_ack_pending == 0;
        Ok(is_without.then_some(info.delivered.consumer_sequence))
    }

    /// Sends the job `id`, known as `message_id` from now on.
    pub(super) fn send(
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
    pub(super) fn place_of(&self, id: &str) -> Result<Option<u64>, ClusterError> {
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
    pub(super) fn withdraw(&self, id: &str) -> Result<(), ClusterError> {
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

    /// Whether `name` is in `bucket`.
    pub(super) fn has(&self, bucket: &'static str, name: &str) -> Result<bool, ClusterError> {
        let store = self.ready()?.bucket(bucket).store;
        self.wait("look into a bucket", async move {
            match store.info(name).await {
                Ok(info) => Ok(!info.deleted),
                Err(error) if error.kind() == InfoErrorKind::NotFound => Ok(false),
                Err(error) => Err(error),
            }
        })
    }

    /// Puts all that `from` gives into `bucket` as `name`.
    pub(super) fn put(
        &self,
        bucket: &'static str,
        name: &str,
        from: impl Read + Unpin,
    ) -> Result<(), ClusterError> {
        let store = self.ready()?.bucket(bucket).store;
        let mut reader = Blocking(from);
        // However long it is, each of its pieces has its time.
        let put = self.runtime.block_on(store.put(name, &mut reader));
        put.map(drop)
            .map_err(|error| self.refused("store something", error))
    }

    /// Gives all of `name` in `bucket` to `to`, piece by piece. Only when this returns without
    /// an error it is known that all is what was put.
    pub(super) fn get(
        &self,
        bucket: &'static str,
        name: &str,
        to: &mut dyn FnMut(&[u8]) -> Result<(), ClusterError>,
    ) -> Result<(), ClusterError> {
        let Bucket { store, stream } = self.ready()?.bucket(bucket);
        let gone = || ClusterError::Gone {
            bucket,
            name: name.to_owned(),
        };
        let info = self.wait("look into a bucket", async {
            match store.info(name).await {
                Ok(info) => Ok(Some(info).filter(|info| !info.deleted)),
                Err(error) if error.kind() == InfoErrorKind::NotFound => Ok(None),
                Err(error) => Err(error),
            }
        })?;
        let info = info.ok_or_else(gone)?;
        let subject = format!("$O.{bucket}.C.{}", info.nuid);
        // Piece by piece: a consumer for each object would cost the server more than that.
        let (mut hash, mut read, mut after) = (files::Hash::default(), 0, 0);
        while read < info.size {
            let piece = self.wait("give something", async {
                let next = stream.direct_get_next_for_subject(&*subject, Some(after + 1));
                match next.await {
                    Ok(piece) => Ok(Some(piece)),
                    // Its pieces may be taken away meanwhile.
                    Err(error) if error.kind() == DirectGetErrorKind::NotFound => Ok(None),
                    Err(error) => Err(error),
                }
            })?;
            let piece = piece.ok_or_else(gone)?;
            after = piece.sequence;
            read += piece.payload.len();
            hash.update(&piece.payload);
            to(&piece.payload)?;
        }
        let hash = hash.finish();
        match read == info.size && info.digest.as_deref().is_none_or(|of| is_digest(of, &hash)) {
            true => Ok(()),
            false => Err(ClusterError::Broken {
                name: name.to_owned(),
                what: format!("{read} bytes came of {}, or others", info.size),
            }),
        }
    }

    /// Removes `name` from `bucket`, and all that says that it was there.
    pub(super) fn remove(&self, bucket: &'static str, name: &str) -> Result<(), ClusterError> {
        let Bucket { store, stream } = self.ready()?.bucket(bucket);
        self.wait("remove something", async move {
            let info = match store.info(name).await {
                Ok(info) => info,
                Err(error) if error.kind() == InfoErrorKind::NotFound => return Ok(()),
                Err(error) => return Err(error.to_string()),
            };
            // What is named has all its pieces, whatever happens in between.
            let name = BASE64_URL_SAFE.encode(name);
            for subject in [
                format!("$O.{bucket}.M.{name}"),
                format!("$O.{bucket}.C.{}", info.nuid),
            ] {
                let purged = stream.purge().filter(subject).await;
                purged.map_err(|error| error.to_string())?;
            }
            Ok(())
        })
    }

    /// Says `what` about `subject` to whoever listens now; nobody may.
    pub(super) fn say(&self, subject: &str, what: Vec<u8>) {
        if !self.is_there() {
            return;
        }
        let said = self.client.publish(subject.to_owned(), what.into());
        if let Err(error) = self.runtime.block_on(said) {
            tracing::debug!("cannot say {subject}: {error}");
        }
    }

    /// Listens to what is said about `subject`.
    pub(super) fn listen(&self, subject: &str) -> Result<Ear<'_>, ClusterError> {
        let heard = self.client.subscribe(subject.to_owned());
        let subscriber = self.runtime.block_on(heard);
        Ok(Ear {
            subscriber: subscriber.map_err(|error| self.refused("let somebody listen", error))?,
            server: self,
        })
    }

    /// The next job, unless there is none within the time of `longest`, or `stop` is set.
    pub(super) fn take(
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

    /// Makes sure that the stream, its consumer and the buckets are there.
    fn ready(&self) -> Result<Ready, ClusterError> {
        let mut ready = self.lock_ready();
        if let Some(ready) = &*ready {
            return Ok(ready.clone());
        }
        if !self.is_there() {
            return Err(self.line.away(&self.line.lock().1));
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

impl Line {
    fn away(&self, cause: impl Display) -> ClusterError {
        ClusterError::Away {
            url: self.url.clone(),
            cause: cause.to_string(),
        }
    }
}

impl Ready {
    fn bucket(&self, name: &str) -> Bucket {
        match name {
            MODELS => self.models.clone(),
            SEEDS => self.seeds.clone(),
            _ => self.results.clone(),
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

async fn make_ready(jetstream: &jetstream::Context, patience: Duration) -> Result<Ready, String> {
    fn said<E: Display>(error: E) -> String {
        error.to_string()
    }
    let jobs = jetstream.get_or_create_stream(StreamConfig {
        name: STREAM.to_owned(),
        subjects: vec![JOBS.to_owned()],
        retention: RetentionPolicy::WorkQueue,
        storage: StorageType::File,
        duplicate_window: KNOWN,
        description: Some("Seeds that are to be answered".to_owned()),
        ..StreamConfig::default()
    });
    let jobs = jobs.await.map_err(said)?;
    let workers = jobs.get_or_create_consumer(
        CONSUMER,
        ConsumerConfig {
            durable_name: Some(CONSUMER.to_owned()),
            ack_policy: AckPolicy::Explicit,
            ack_wait: patience,
            max_ack_pending: MOST_IN_WORK,
            // A worker counts, and fails what was given away too often: the server would
            // only stop giving it away.
            max_deliver: -1,
            ..ConsumerConfig::default()
        },
    );
    let workers = workers.await.map_err(said)?;
    let bucket = async |name: &str, max_age, description: &str| {
        let store = match jetstream.get_object_store(name).await {
            Ok(store) => store,
            Err(_) => {
                let config = BucketConfig {
                    bucket: name.to_owned(),
                    description: Some(description.to_owned()),
                    max_age,
                    storage: StorageType::File,
                    num_replicas: 1,
                    ..BucketConfig::default()
                };
                let created = jetstream.create_object_store(config).await;
                created.map_err(said)?
            }
        };
        let stream = jetstream.get_stream_no_info(format!("OBJ_{name}")).await;
        let stream = stream.map_err(said)?;
        Ok::<_, String>(Bucket { store, stream })
    };
    Ok(Ready {
        models: bucket(MODELS, Duration::ZERO, "Models, by their SHA-256").await?,
        seeds: bucket(SEEDS, LONGEST_STAY, "Seeds of jobs that wait").await?,
        results: bucket(RESULTS, LONGEST_STAY, "Results that nobody fetched yet").await?,
        jobs,
        workers,
    })
}

/// Whether `digest`, as an object has it, is the hash that is `hash` in hexadecimal.
fn is_digest(digest: &str, hash: &str) -> bool {
    let encoded = digest.strip_prefix("SHA-256=").unwrap_or_default();
    let bytes = BASE64_URL_SAFE.decode(encoded).unwrap_or_default();
    let written: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    written == hash
}

/// Hears what is said about something.
pub(super) struct Ear<'a> {
    subscriber: Subscriber,
    server: &'a Server,
}

impl Ear<'_> {
    /// The next that is said, if it is within this time.
    pub fn hear(&mut self, longest: Duration) -> Option<Vec<u8>> {
        let next = self.subscriber.next();
        let heard = self
            .server
            .runtime
            .block_on(async { tokio::time::timeout(longest, next).await });
        heard.ok().flatten().map(|message| message.payload.to_vec())
    }
}

/// A job that is to be done here, unless it is given back.
pub(super) struct Taken<'a> {
    pub id: String,
    /// How often it was given to somebody: 1 the first time.
    pub delivered: u64,
    place: u64,
    message: Message,
    server: &'a Server,
}

/// Says that a job is worked on, until it is dropped.
pub(super) struct Alive(JoinHandle<()>);

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

/// What is read where it may be waited for.
struct Blocking<R>(R);

impl<R: Read + Unpin> AsyncRead for Blocking<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let count = self.0.read(buffer.initialize_unfilled());
        Poll::Ready(count.map(|count| buffer.advance(count)))
    }
}
