//! Single steps in the folders, with errors that say where something is wrong.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::Path;

use super::error::{SpoolError, failed_to};
use crate::files;

/// Moves `from` to `to`; false where something stands there.
pub fn move_new(from: &Path, to: &Path) -> Result<bool, SpoolError> {
    match files::rename_new(from, to) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(failed_to("move a file to", to)(error)),
    }
}

/// Whether nothing stands at `path`.
pub fn is_missing(path: &Path) -> bool {
    let missing = |error: io::Error| error.kind() == io::ErrorKind::NotFound;
    path.symlink_metadata().err().is_some_and(missing)
}

/// The names in `folder`, sorted; none of a folder that is not there.
pub fn names_in(folder: &Path) -> Result<Vec<OsString>, SpoolError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed_to("look into", folder)(error)),
    };
    let names: io::Result<Vec<OsString>> = entries.map(|entry| Ok(entry?.file_name())).collect();
    let mut names = names.map_err(failed_to("look into", folder))?;
    names.sort();
    Ok(names)
}

/// Whether `name` is one of those that antiphon keeps beside a seed.
pub fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

/// Removes `folder` and what is hidden in it; where anything else is there, it and the folder
/// stay, and that is an error.
pub fn clear(folder: &Path) -> Result<(), SpoolError> {
    let names = names_in(folder)?.into_iter();
    for name in names.filter(|name| is_hidden(name)) {
        let path = folder.join(name);
        files::remove(&path).map_err(failed_to("remove", &path))?;
    }
    files::remove_folder(folder).map_err(failed_to("remove", folder))
}
