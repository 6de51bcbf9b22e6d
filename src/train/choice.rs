//! Which files a model is trained on.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::recordings::{RecordingsError, name};
use crate::audio::header::header_agrees_with_length;
use crate::audio::{self, HeaderCheck};
use crate::names::is_scratch;

/// The files that whoever trains has named.
#[derive(Debug, PartialEq)]
pub struct ChosenRecordings {
    /// All that may be recordings, in order: as named, a folder's by their names.
    pub files: Vec<PathBuf>,
    /// What was left out of folders, a sentence each.
    pub left_out: Vec<String>,
}

/// The files that are meant by `named`, absolute paths of files and folders: every
/// sound in a folder, but not in its subfolders, and none that by its name is not the sound
/// itself.
pub fn choose(named: &[PathBuf]) -> Result<ChosenRecordings, RecordingsError> {
    let mut choice = ChosenRecordings {
        files: Vec::new(),
        left_out: Vec::new(),
    };
    for path in named {
        let missing = |cause| RecordingsError::Missing {
            path: path.clone(),
            cause,
        };
        match fs::metadata(path).map_err(missing)?.is_dir() {
            true => choice.add_folder(path, named)?,
            false => choice.files.push(path.clone()),
        }
    }
    Ok(choice)
}

impl ChosenRecordings {
    fn add_folder(&mut self, folder: &Path, named: &[PathBuf]) -> Result<(), RecordingsError> {
        let (mut found, mut folders, mut others) = (0, Vec::new(), Vec::new());
        for path in in_name_order(folder)? {
            if path.is_dir() {
                folders.push(path);
            } else if may_be_a_sound(&path) {
                found += 1;
                // One that is named as well is heard once.
                if !named.contains(&path) {
                    self.files.push(path);
                }
            } else {
                others.push(path);
            }
        }
        if found == 0 {
            let path = folder.to_owned();
            return Err(RecordingsError::EmptyFolder { path });
        }
        self.left_out.extend(sentence_on(
            folder,
            &folders,
            ["a folder inside it", "folders inside it"],
            "; name what is to be heard, too",
        ));
        self.left_out.extend(sentence_on(
            folder,
            &others,
            ["a file that is no sound", "files that are no sounds"],
            "",
        ));
        Ok(())
    }
}

/// What is in `folder`, in the order of the names' bytes: the same on every machine.
fn in_name_order(folder: &Path) -> Result<Vec<PathBuf>, RecordingsError> {
    let failed = |cause| RecordingsError::Folder {
        path: folder.to_owned(),
        cause,
    };
    let entries = fs::read_dir(folder).map_err(failed)?;
    let names: BTreeSet<_> = entries
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect::<io::Result<_>>()
        .map_err(failed)?;
    let names = names.iter().filter(|name| !is_scratch(name));
    Ok(names.map(|name| folder.join(name)).collect())
}

/// Says what was `left_out` of `folder`, which is called by the first name if it is
/// one thing and by the second if it is more.
fn sentence_on(
    folder: &Path,
    left_out: &[PathBuf],
    [one, many]: [&str; 2],
    advice: &str,
) -> Option<String> {
    let folder = folder.display();
    match left_out {
        [] => None,
        [path] => Some(format!(
            "Left out of {folder}: {one}, {}{advice}.",
            name(path)
        )),
        [first, .., last] => Some(format!(
            "Left out of {folder}: {} {many}, {} to {}{advice}.",
            left_out.len(),
            name(first),
            name(last)
        )),
    }
}

/// Whether a file is called a sound or begins as one.
fn may_be_a_sound(path: &Path) -> bool {
    audio::is_called_a_sound(path.file_name().unwrap_or_default())
        || path.is_file()
            && !matches!(
                header_agrees_with_length(path),
                Ok(HeaderCheck::NotRecognised(_) | HeaderCheck::Incomplete(_)) | Err(_)
            )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folders_sounds_come_in_name_order_and_what_is_left_out_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in [
            "b.wav",
            "a.WAV",
            "B.flac",
            ".hidden.wav",
            "notes.txt",
            "cover.png",
        ] {
            fs::write(path(name), "text").unwrap();
        }
        fs::create_dir(path("more")).unwrap();
        let choice = choose(&[path("b.wav"), folder.path().to_owned()]).unwrap();
        assert_eq!(choice.files, ["b.wav", "B.flac", "a.WAV"].map(path));
        assert_eq!(choice.left_out.len(), 2, "{:?}", choice.left_out);
        assert!(choice.left_out[0].contains("a folder inside it, more; name"));
        assert!(choice.left_out[1].contains("2 files that are no sounds, cover.png to notes.txt"));
    }

    #[test]
    fn what_is_named_must_be_there() {
        let folder = tempfile::tempdir().unwrap();
        let error = choose(&[folder.path().to_owned()]).unwrap_err();
        assert!(
            error.to_string().contains("no sound to learn from"),
            "{error}"
        );
        let error = choose(&[folder.path().join("none.wav")]).unwrap_err();
        assert!(error.to_string().contains("none.wav"), "{error}");
    }
}
