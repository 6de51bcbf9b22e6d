//! What does not fit into a message: sounds and models, in the server's buckets.

use std::io::Read;
use std::pin::Pin;
use std::task::{Context, Poll};

use async_nats::jetstream::object_store::InfoErrorKind;
use async_nats::jetstream::stream::DirectGetErrorKind;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE;
use tokio::io::{AsyncRead, ReadBuf};

use super::Server;
use super::ready::Bucket;
use crate::cluster::error::ClusterError;
use crate::files;

impl Server {
    /// Whether `name` is in `bucket`.
    pub(in crate::cluster) fn has(
        &self,
        bucket: &'static str,
        name: &str,
    ) -> Result<bool, ClusterError> {
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
    pub(in crate::cluster) fn put(
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
    pub(in crate::cluster) fn get(
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
    pub(in crate::cluster) fn remove(
        &self,
        bucket: &'static str,
        name: &str,
    ) -> Result<(), ClusterError> {
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
}

/// Whether `digest`, as an object has it, is the hash that is `hash` in hexadecimal.
fn is_digest(digest: &str, hash: &str) -> bool {
    let encoded = digest.strip_prefix("SHA-256=").unwrap_or_default();
    let bytes = BASE64_URL_SAFE.decode(encoded).unwrap_or_default();
    let written: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    written == hash
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
