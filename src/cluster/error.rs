//! Why something does not travel.

use std::io;
use std::path::PathBuf;

/// Why something does not travel.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    #[error(
        "{url} is no address of a NATS server; write nats://HOST:4222, or tls://HOST:4222, with \
         USER:PASSWORD@ or TOKEN@ before the host where the server asks for it"
    )]
    Address { url: String },
    #[error("cannot read the credentials in {}: {cause}", path.display())]
    Credentials { path: PathBuf, cause: io::Error },
    #[error("cannot read the certificates in {}: {cause}", path.display())]
    Certificates { path: PathBuf, cause: io::Error },
    #[error("cannot begin to talk to NATS: {0}")]
    Begin(io::Error),
    /// The server is away, or does not answer.
    #[error("the NATS server at {url} cannot be reached: {cause}")]
    Away { url: String, cause: String },
    /// The server refuses something.
    #[error("the NATS server at {url} refuses to {what}: {cause}")]
    Refused {
        url: String,
        what: &'static str,
        cause: String,
    },
    #[error(
        "the job is {bytes} bytes long, and the NATS server takes messages of {most}; give the \
         plan fewer different variations, or raise max_payload of the server"
    )]
    TooLong { bytes: usize, most: usize },
    #[error("cannot read {}: {cause}", path.display())]
    Unreadable { path: PathBuf, cause: io::Error },
    #[error("cannot write {}: {cause}", path.display())]
    Unwritable { path: PathBuf, cause: io::Error },
    /// What came over the network is not what was sent.
    #[error("what came as {name} is broken: {what}")]
    Broken { name: String, what: String },
    /// It is not in the store any more.
    #[error("{name} is not in the bucket {bucket} of the NATS server")]
    Gone { bucket: &'static str, name: String },
}

impl ClusterError {
    /// Whether the same may go well as soon as the server is there again.
    pub fn is_of_the_server(&self) -> bool {
        matches!(
            self,
            ClusterError::Away { .. } | ClusterError::Refused { .. } | ClusterError::Broken { .. }
        )
    }
}
