//! What is said to whoever listens now, and kept by nobody.

use std::time::Duration;

use async_nats::Subscriber;
use tokio_stream::StreamExt;

use super::Server;
use crate::cluster::error::ClusterError;

/// Hears what is said about something.
pub struct Ear<'a> {
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

impl Server {
    /// Says `what` about `subject` to whoever listens now; nobody may.
    pub(in crate::cluster) fn say(&self, subject: &str, what: Vec<u8>) {
        if !self.is_there() {
            return;
        }
        let said = self.client.publish(subject.to_owned(), what.into());
        if let Err(error) = self.runtime.block_on(said) {
            tracing::debug!("cannot say {subject}: {error}");
        }
    }

    /// Listens to what is said about `subject`.
    pub(in crate::cluster) fn listen(&self, subject: &str) -> Result<Ear<'_>, ClusterError> {
        let heard = self.client.subscribe(subject.to_owned());
        let subscriber = self.runtime.block_on(heard);
        Ok(Ear {
            subscriber: subscriber.map_err(|error| self.refused("let somebody listen", error))?,
            server: self,
        })
    }
}
