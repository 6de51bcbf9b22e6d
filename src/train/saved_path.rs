//! Paths in JSON. One that is no UTF-8 is an object with its bytes, as old systems
//! and disks have them.

use std::path::{Path, PathBuf};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer, ser};

use crate::as_text;

/// A path as JSON has it.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Saved {
    Text(String),
    /// In base64.
    Bytes {
        bytes: String,
    },
}

fn saved(path: &Path) -> Option<Saved> {
    match path.to_str() {
        Some(text) => Some(Saved::Text(text.to_owned())),
        None => bytes_of(path).map(|bytes| Saved::Bytes {
            bytes: as_text::bytes_to_text(bytes),
        }),
    }
}

fn restored(saved: Saved) -> Option<PathBuf> {
    match saved {
        Saved::Text(text) => Some(text.into()),
        Saved::Bytes { bytes } => path_of(as_text::bytes_from_text(&bytes)?),
    }
}

#[cfg(unix)]
fn bytes_of(path: &Path) -> Option<&[u8]> {
    use std::os::unix::ffi::OsStrExt;
    Some(path.as_os_str().as_bytes())
}

#[cfg(unix)]
fn path_of(bytes: Vec<u8>) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStringExt;
    Some(std::ffi::OsString::from_vec(bytes).into())
}

/// Elsewhere names are no bytes.
#[cfg(not(unix))]
fn bytes_of(_path: &Path) -> Option<&[u8]> {
    None
}

#[cfg(not(unix))]
fn path_of(_bytes: Vec<u8>) -> Option<PathBuf> {
    None
}

/// Writes one.
pub fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    let no_text = || ser::Error::custom("a path that is no UTF-8 cannot be kept");
    saved(path).ok_or_else(no_text)?.serialize(serializer)
}

/// Reads one.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    let no_path = || D::Error::custom("no path of this system");
    restored(Saved::deserialize(deserializer)?).ok_or_else(no_path)
}

/// The same for lists of paths.
pub mod list {
    use super::*;

    /// A path in a list.
    #[derive(Serialize, Deserialize)]
    struct Item(#[serde(with = "super")] PathBuf);

    /// Writes them.
    pub fn serialize<S: Serializer>(paths: &[PathBuf], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(paths.iter().cloned().map(Item))
    }

    /// Reads them.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<PathBuf>, D::Error> {
        let items = Vec::<Item>::deserialize(deserializer)?;
        Ok(items.into_iter().map(|Item(path)| path).collect())
    }
}
