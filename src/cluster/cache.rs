//! Models that a worker has fetched once, on its disk.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::error::ClusterError;
use super::names::MODELS;
use super::parcel::unwritable;
use super::server::Server;
use crate::files;

/// Files that are known by their SHA-256, in a folder which several workers may share.
pub struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// Those in `folder`, which is made if it is missing.
    ///
    /// # Errors
    ///
    /// [`ClusterError::Unwritable`].
    pub fn open(folder: &Path) -> Result<Cache, ClusterError> {
        files::make_folder(folder).map_err(unwritable(folder))?;
        Ok(Cache {
            folder: folder.to_owned(),
        })
    }

    /// The bytes of the file with this hash, fetched from `server` where they are not here as
    /// they should be.
    ///
    /// # Errors
    ///
    /// What the server does not have, and what cannot be written.
    pub(super) fn bytes(
        &self,
        server: &Server,
        sha256: &str,
    ) -> Result<Cow<'static, [u8]>, ClusterError> {
        let path = self.path_of(sha256)?;
        let here = std::fs::read(&path).ok();
        if let Some(bytes) = here.filter(|bytes| files::sha256(bytes) == sha256) {
            return Ok(bytes.into());
        }
        let mut bytes = Vec::new();
        server.get(MODELS, sha256, &mut |piece| {
            bytes.extend(piece);
            Ok(())
        })?;
        if files::sha256(&bytes) != sha256 {
            // Whoever wants the job brings the file again.
            server.remove(MODELS, sha256)?;
            return Err(ClusterError::Gone {
                bucket: MODELS,
                name: sha256.to_owned(),
            });
        }
        tracing::info!(sha256, "fetched a model of {} bytes", bytes.len());
        files::write_atomically(&path, &bytes).map_err(unwritable(&path))?;
        Ok(bytes.into())
    }

    /// Where the file with this hash is, once it was asked for.
    pub(super) fn path_of(&self, sha256: &str) -> Result<PathBuf, ClusterError> {
        let is_hash = sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
        match is_hash {
            true => Ok(self.folder.join(sha256)),
            false => Err(ClusterError::Broken {
                name: "a job".to_owned(),
                what: "the hash of a model is none".to_owned(),
            }),
        }
    }
}
