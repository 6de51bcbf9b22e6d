//! Sounds that somebody wants to have answered by their paths: which file is meant, and
//! how a copy of it comes into the watched folder.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::arrival::{has_writer, may_be_a_seed};
use super::folders;
use super::remote::Sound;
use super::voices::Roll;
use crate::names::{is_scratch, readable};

/// Copies that this process has made: each has a name of its own.
static COPIES: AtomicU64 = AtomicU64::new(0);

/// Why a sound that somebody named is not answered.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    #[error("there is no file {path}; give its path in the watched folder, or its whole path")]
    Missing { path: String },
    #[error("{path} leads out of the watched folder; give the whole path")]
    Outside { path: String },
    #[error("{path} is no sound that can be answered: it is no plain file")]
    NoFile { path: String },
    #[error("{path} is no sound that antiphon reads")]
    NoSound { path: String },
    #[error("{path} is being written; ask again when it is complete")]
    Unfinished { path: String },
    #[error("{path} is larger than {most} bytes (--max-seed-bytes)")]
    TooLarge { path: String, most: u64 },
    #[error("{path} cannot be copied: {cause}")]
    Copy { path: String, cause: io::Error },
}

/// A sound that was found, and whose it is by where it lies.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    pub sound: Sound,
    pub voice: Option<String>,
}

/// Finds the sound at `path`: in the folder `root`, in its seeds/, or anywhere where the
/// path is a whole one. What does not wait in seeds/ is copied, up to `most` bytes.
///
/// # Errors
///
/// What is wrong with the file.
pub fn find(root: &Path, path: &str, most: u64) -> Result<Found, RequestError> {
    let file = locate(root, path)?;
    let metadata = file.metadata().map_err(|_| missing(path))?;
    if !metadata.is_file() {
        return Err(RequestError::NoFile { path: path.into() });
    }
    if let Some(found) = waiting(root, &file) {
        return Ok(found);
    }
    let path = || path.to_owned();
    if metadata.len() > most {
        return Err(RequestError::TooLarge { path: path(), most });
    }
    if has_writer(&file) == Some(true) {
        return Err(RequestError::Unfinished { path: path() });
    }
    if !may_be_a_seed(&file) {
        return Err(RequestError::NoSound { path: path() });
    }
    let name = visible(&readable(file.file_name().unwrap_or_default()));
    let copied = copy(root, &file, most).map_err(|cause| RequestError::Copy {
        path: path(),
        cause,
    });
    Ok(Found {
        sound: Sound::Copied {
            file: copied?,
            name,
        },
        voice: None,
    })
}

/// The file that is meant, links followed.
fn locate(root: &Path, path: &str) -> Result<PathBuf, RequestError> {
    let given = Path::new(path);
    if given.is_absolute() {
        return given.canonicalize().map_err(|_| missing(path));
    }
    let goes_up = given.components().any(|part| part == Component::ParentDir);
    if goes_up || path.is_empty() {
        return Err(RequestError::Outside { path: path.into() });
    }
    let root = root.canonicalize().map_err(|_| missing(path))?;
    let places = [root.clone(), root.join(folders::SEEDS)];
    let files = places.iter().map(|place| place.join(given).canonicalize());
    let file = files.flatten().next().ok_or_else(|| missing(path))?;
    match file.starts_with(&root) {
        true => Ok(file),
        false => Err(RequestError::Outside { path: path.into() }),
    }
}

fn missing(path: &str) -> RequestError {
    RequestError::Missing { path: path.into() }
}

/// What the copy of a file called `name` is called: a seed's name is never one that says
/// that it is hidden or not whole.
fn visible(name: &str) -> OsString {
    let name = name.trim_start_matches(['.', '~', '#', '$']);
    match (name.is_empty(), is_scratch(name.as_ref())) {
        (true, _) => "sound.wav".into(),
        (_, true) => format!("{name}.wav").into(),
        (_, false) => name.into(),
    }
}

/// A `file` that lies where seeds are put, and is taken from there when it is complete.
/// Hidden ones are not.
fn waiting(root: &Path, file: &Path) -> Option<Found> {
    let root = root.canonicalize().ok()?;
    let place = file.strip_prefix(root.join(folders::SEEDS)).ok()?;
    let parts: Vec<_> = place.iter().collect();
    let (voice, name) = match parts[..] {
        [name] => (None, name),
        [voice, name] => (Some(voice.to_str()?.to_owned()), name),
        _ => return None,
    };
    if is_scratch(name) {
        return None;
    }
    let is_voice = |voice: &String| Roll::call(&root).is_ok_and(|r| r.voices.contains(voice));
    if !voice.as_ref().is_none_or(is_voice) {
        return None;
    }
    Some(Found {
        sound: Sound::Waiting(name.to_owned()),
        voice,
    })
}

/// Copies `file` to where unfinished files are. It may grow meanwhile.
fn copy(root: &Path, file: &Path, most: u64) -> io::Result<PathBuf> {
    let number = COPIES.fetch_add(1, Ordering::Relaxed);
    let copy = root.join(folders::TMP).join(format!("asked-{number}.part"));
    let copied = (|| {
        let mut to = File::create(&copy)?;
        io::copy(&mut File::open(file)?.take(most), &mut to)?;
        to.sync_all()
    })();
    match copied {
        Ok(()) => Ok(copy),
        Err(error) => {
            // There may be nothing to remove.
            let _ = fs::remove_file(&copy);
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        for inner in [
            "seeds/bells",
            "seeds/other",
            "voices",
            ".antiphon/tmp",
            "predictions",
        ] {
            fs::create_dir_all(root.join(inner)).unwrap();
        }
        fs::write(root.join("voices/bells.json"), "{}").unwrap();
        for sound in [
            "seeds/a.wav",
            "seeds/bells/b.wav",
            "seeds/other/c.wav",
            "predictions/d.wav",
        ] {
            fs::write(root.join(sound), "a sound").unwrap();
        }
        fs::write(folder.path().join("e.wav"), "a sound").unwrap();
        (folder, root)
    }

    #[test]
    fn what_waits_is_left_there_and_what_does_not_is_copied() {
        let (folder, root) = room();
        let find = |path: &str| find(&root, path, 100).unwrap();
        for path in [
            "a.wav",
            "seeds/a.wav",
            root.join("seeds/a.wav").to_str().unwrap(),
        ] {
            let waiting = Found {
                sound: Sound::Waiting("a.wav".into()),
                voice: None,
            };
            assert_eq!(find(path), waiting, "{path}");
        }
        let bells = find("bells/b.wav");
        assert_eq!(bells.voice.as_deref(), Some("bells"));
        assert_eq!(bells.sound, Sound::Waiting("b.wav".into()));
        let elsewhere = folder.path().join("e.wav");
        for path in [
            "seeds/other/c.wav",
            "predictions/d.wav",
            elsewhere.to_str().unwrap(),
        ] {
            let Sound::Copied { file, name } = find(path).sound else {
                panic!("{path}");
            };
            assert_eq!(fs::read(file).unwrap(), b"a sound");
            assert_eq!(Path::new(path).file_name().unwrap(), name);
        }
    }

    #[test]
    fn what_was_recorded_under_a_hidden_name_has_a_plain_one() {
        let (_folder, root) = room();
        for (hidden, plain) in [(".take.wav", "take.wav"), ("~take.aif", "take.aif")] {
            fs::write(root.join("seeds").join(hidden), "a sound").unwrap();
            let Sound::Copied { name, .. } = find(&root, hidden, 100).unwrap().sound else {
                panic!("{hidden}");
            };
            assert_eq!(name, plain);
        }
        for (hidden, plain) in [("take.wav.part", "take.wav.part.wav"), ("...", "sound.wav")] {
            assert_eq!(visible(hidden), plain);
        }
    }

    #[test]
    fn nothing_else_is_opened() {
        let (folder, root) = room();
        #[cfg(unix)]
        std::os::unix::fs::symlink(folder.path().join("e.wav"), root.join("link.wav")).unwrap();
        let elsewhere = folder.path().join("e.wav");
        fs::write(root.join("notes.txt"), "a note").unwrap();
        for (path, most, expected) in [
            ("../e.wav", 100, "leads out"),
            #[cfg(unix)]
            ("link.wav", 100, "leads out"),
            ("", 100, "leads out"),
            ("f.wav", 100, "there is no file"),
            ("/nowhere/f.wav", 100, "there is no file"),
            ("seeds", 100, "no plain file"),
            ("/dev/null", 100, "no plain file"),
            ("notes.txt", 100, "no sound"),
            (elsewhere.to_str().unwrap(), 3, "larger than 3 bytes"),
        ] {
            let refused = find(&root, path, most).unwrap_err().to_string();
            assert!(refused.contains(expected), "{path}: {refused}");
        }
        assert_eq!(fs::read_dir(root.join(".antiphon/tmp")).unwrap().count(), 0);
    }
}
