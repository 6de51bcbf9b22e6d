//! The stream of jobs, its consumer and the buckets, which are made where they are not there.

use std::fmt::Display;
use std::time::Duration;

use async_nats::jetstream;
use async_nats::jetstream::consumer::pull::Config as ConsumerConfig;
use async_nats::jetstream::consumer::{AckPolicy, Consumer};
use async_nats::jetstream::object_store::{Config as BucketConfig, ObjectStore};
use async_nats::jetstream::stream::{Config as StreamConfig, RetentionPolicy, StorageType};

use crate::cluster::names::{CONSUMER, JOBS, MODELS, RESULTS, SEEDS, STREAM};

/// Seeds and results that nobody fetched go after this: a week.
const LONGEST_STAY: Duration = Duration::from_secs(7 * 24 * 3600);
/// How long the server knows a job that it has had.
const KNOWN: Duration = Duration::from_secs(120);
/// Jobs that may be in work at once, on all workers.
const MOST_IN_WORK: i64 = 100_000;

/// What is there on the server, once it was made sure that it is.
#[derive(Clone)]
pub struct Ready {
    pub jobs: jetstream::stream::Stream,
    pub workers: Consumer<ConsumerConfig>,
    models: Bucket,
    seeds: Bucket,
    results: Bucket,
}

/// A bucket, and the stream that it is made of.
#[derive(Clone)]
pub struct Bucket {
    pub store: ObjectStore,
    pub stream: jetstream::stream::Stream<()>,
}

impl Ready {
    /// The bucket of this `name`.
    pub fn bucket(&self, name: &str) -> Bucket {
        match name {
            MODELS => self.models.clone(),
            SEEDS => self.seeds.clone(),
            _ => self.results.clone(),
        }
    }
}

/// Makes sure that all is there; workers that say nothing for the time of `patience` lose their
/// jobs.
pub async fn make_ready(
    jetstream: &jetstream::Context,
    patience: Duration,
) -> Result<Ready, String> {
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
