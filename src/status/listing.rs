//! What is in a folder, file by file: there may be very many.

use std::fs::{self, DirEntry};
use std::io;
use std::path::Path;

use super::StatusError;
use crate::names::is_scratch;

/// Shows the files in `folder` that are nobody's scratch to `see`, as the watch sees them.
pub fn each_file(folder: &Path, see: &mut dyn FnMut(DirEntry)) -> Result<(), StatusError> {
    each_entry(folder, &mut |entry| {
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if is_file && !is_scratch(&entry.file_name()) {
            see(entry);
        }
    })
}

/// The files in `folder` that are nobody's scratch, where they are few.
pub fn files_in(folder: &Path) -> Result<Vec<DirEntry>, StatusError> {
    let mut files = Vec::new();
    each_file(folder, &mut |entry| files.push(entry))?;
    Ok(files)
}

/// What is in `folder`, where that is little.
pub fn entries_in(folder: &Path) -> Result<Vec<DirEntry>, StatusError> {
    let mut entries = Vec::new();
    each_entry(folder, &mut |entry| entries.push(entry))?;
    Ok(entries)
}

/// Shows what is in `folder`; nothing where there is no such folder, as before the first
/// seed, or for a job that ends just now.
fn each_entry(folder: &Path, see: &mut dyn FnMut(DirEntry)) -> Result<(), StatusError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Ok(()),
        Err(cause) => {
            return Err(StatusError::Folder {
                path: folder.to_owned(),
                cause,
            });
        }
    };
    entries.filter_map(Result::ok).for_each(see);
    Ok(())
}
