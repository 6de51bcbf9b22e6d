//! Voices: a file `voices/NAME.json` names one. Seeds for it are put into `seeds/NAME/`,
//! and its answers appear in `predictions/NAME/`.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::folders;
use crate::names::{is_scratch, readable};

/// Longer names, in bytes, leave no room for a job's number in front of them.
const LONGEST_NAME: usize = 200;

/// What stands in `voices/`.
#[derive(Debug, Default)]
pub struct Roll {
    /// The names of voices, whatever their files say.
    pub voices: BTreeSet<String>,
    /// Files that should name a voice, and whose names cannot be a folder's.
    pub nameless: Vec<OsString>,
}

impl Roll {
    /// Of the voices under `root`; there need be none.
    ///
    /// # Errors
    ///
    /// When the folder cannot be looked into.
    pub fn call(root: &Path) -> io::Result<Roll> {
        let mut roll = Roll::default();
        let entries = match fs::read_dir(root.join(folders::VOICES)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(roll),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let path = entry?.path();
            let file = path.file_name().unwrap_or_default();
            let is_voice = path.extension() == Some(OsStr::new("json")) && path.is_file();
            if !is_voice || file.as_encoded_bytes().starts_with(b".") {
                continue;
            }
            match path.file_stem().and_then(plain) {
                Some(name) => drop(roll.voices.insert(name.to_owned())),
                None => roll.nameless.push(file.to_owned()),
            }
        }
        roll.nameless.sort();
        Ok(roll)
    }
}

/// The file that says what the voice `name` under `root` is.
pub fn file_of(root: &Path, name: &str) -> PathBuf {
    root.join(folders::VOICES).join(format!("{name}.json"))
}

/// What the seed `name` for `voice` is called, as it lies in `seeds/`.
pub fn shown(voice: Option<&str>, name: &OsStr) -> String {
    match voice {
        Some(voice) => format!("{voice}/{}", readable(name)),
        None => readable(name),
    }
}

/// `name`, if it is text that a patch can be told and a folder can be called.
fn plain(name: &OsStr) -> Option<&str> {
    let text = name.to_str()?;
    let is_plain = !is_scratch(name)
        && text.len() <= LONGEST_NAME
        && text.trim() == text
        && !text.is_empty()
        && !text.contains(char::is_control);
    is_plain.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn voices_have_plain_names_whatever_their_files_say() {
        let folder = tempfile::tempdir().unwrap();
        let voices = folder.path().join("voices");
        assert!(Roll::call(folder.path()).unwrap().voices.is_empty());
        fs::create_dir_all(voices.join("a folder.json")).unwrap();
        let long = "a".repeat(201);
        for name in [
            "strings",
            "bells-2",
            "ä b",
            "x.tmp",
            " spaced",
            "line\nbreak",
            &long,
        ] {
            fs::write(file_of(folder.path(), name), "no JSON").unwrap();
        }
        for other in [".hidden.json", "notes.txt", "strings.json~", "json"] {
            fs::write(voices.join(other), "{}").unwrap();
        }
        let roll = Roll::call(folder.path()).unwrap();
        assert!(roll.voices.iter().eq(["bells-2", "strings", "ä b"]));
        let nameless = [" spaced", &long, "line\nbreak", "x.tmp"];
        assert_eq!(
            roll.nameless,
            nameless.map(|name| OsString::from(format!("{name}.json")))
        );
    }

    #[test]
    #[cfg(unix)]
    fn a_name_that_is_no_utf_8_is_no_voices() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("voices")).unwrap();
        let name: OsString = std::os::unix::ffi::OsStringExt::from_vec(b"\xff.json".into());
        fs::write(folder.path().join("voices").join(&name), "{}").unwrap();
        let roll = Roll::call(folder.path()).unwrap();
        assert!(roll.voices.is_empty());
        assert_eq!(roll.nameless, [name]);
    }
}
