//! Answers made elsewhere: jobs, seeds, models and results travel through a NATS server to
//! any number of workers.
//!
//! ```text
//! bridge, or generate             NATS server                      worker
//! ────────────────────            ─────────────────────            ──────────────────────
//! models, by their hash     ───▶  bucket antiphon-models     ───▶  cached on its disk
//! a seed                    ───▶  bucket antiphon-seeds      ───▶
//! a job                     ───▶  stream ANTIPHON            ───▶  one at a time, kept alive
//!                           ◀───  antiphon.progress.ID       ◀───  while it is worked on
//! a result, once            ◀───  bucket antiphon-results    ◀───  stored, then acknowledged
//! ```
//!
//! A job is known by a hash of all that its result depends on. Whoever wants a result looks
//! for it first, then for its job, and sends the job only where neither is there: so whoever
//! was interrupted and asks again gets what is made already, or waits for who makes it.
//! Messages are hints that save waiting; the stream and the buckets are the truth.

mod access;
mod cache;
mod client;
mod error;
mod job;
mod names;
mod parcel;
mod server;
mod worker;

pub use access::Access;
pub use cache::Cache;
pub use client::{Asked, Client, Supplies, Wanted};
pub use error::ClusterError;
pub use job::{Brief, Files};
pub use parcel::{Failure, Parcel, Place, Result as WorkResult};
pub use server::Server;
pub use worker::{Terms, work};
