//! Seeds that failed: which files in `failed/` they are, whose they were, and how they are
//! put back to be answered again.

use std::collections::{BTreeMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::error::{SpoolError, failed_to};
use super::folders;
use super::seed_names::numbered;
use super::steps::{move_new, names_in};
use super::voices::{self, Roll};
use crate::files;
use crate::names::{is_scratch, readable};

/// What the name of a text ends in that says why a seed failed.
const TEXT: &str = "txt";
/// What it ends in where the seed's own name ends so.
const REASON_OF_TEXT: &str = "reason.txt";

/// Why a seed that failed is not put back.
#[derive(Debug, thiserror::Error)]
pub enum RetryError {
    /// That is no file's name.
    #[error(
        "{name} is no name of a seed in failed/; give it without folders, as it is called there"
    )]
    Name {
        /// What was given.
        name: String,
    },
    /// There is no such seed.
    #[error("there is no seed {name} in {}; antiphon status names those that failed last", folder.display())]
    Missing {
        /// What was given.
        name: String,
        /// The folder.
        folder: PathBuf,
    },
    /// Several seeds have that name, apart from their extensions.
    #[error("{name} may be {}; give the whole name", names.join(" or "))]
    Several {
        /// What was given.
        name: String,
        /// What they are called.
        names: Vec<String>,
    },
    /// The voice that was to answer it is gone.
    #[error(
        "{name} was for the voice {voice}, which there is no more; put {} back, or move the sound into \
         the seeds/ of another one", file.display()
    )]
    NoVoice {
        /// What the seed is called.
        name: String,
        /// The voice.
        voice: String,
        /// What would name it.
        file: PathBuf,
    },
    /// The folders will not let us.
    #[error(transparent)]
    Folder(#[from] SpoolError),
}

/// A seed that waits in `seeds/` again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retried {
    /// Who is to answer it, if not the default voice.
    pub voice: Option<String>,
    /// What it is called there: with a number, where another one has its name.
    pub name: OsString,
}

/// The seeds that lie in `failed/` under `root`, sorted by their names; none where nobody has
/// watched there.
///
/// # Errors
///
/// When the folder cannot be looked into.
pub fn failed_seeds(root: &Path) -> Result<Vec<OsString>, SpoolError> {
    let failed = root.join(folders::FAILED);
    let mut names = names_in(&failed)?;
    names.retain(|name| failed.join(name).is_file() && !is_scratch(name));
    Ok(seeds_among(names))
}

/// Those of the `names` of all files in `failed/` that are seeds, and not texts that say why
/// one failed. A text that was taken for a seed has why it failed beside it, and no other file
/// that it would tell of.
pub fn seeds_among(names: Vec<OsString>) -> Vec<OsString> {
    let is_text = |name: &OsStr| Path::new(name).extension() == Some(OsStr::new(TEXT));
    let stem = |name: &OsStr| Path::new(name).file_stem().map(OsStr::to_owned);
    let (texts, sounds): (HashSet<_>, HashSet<_>) =
        names.iter().cloned().partition(|name| is_text(name));
    let stems: HashSet<_> = sounds.iter().map(|name| stem(name)).collect();
    let is_text_that_failed = |name: &OsStr| {
        let reason = Path::new(name).with_extension(REASON_OF_TEXT);
        texts.contains(reason.as_os_str()) && !stems.contains(&stem(name))
    };
    let is_seed = |name: &OsString| !is_text(name) || is_text_that_failed(name);
    names.into_iter().filter(is_seed).collect()
}

/// The text in the folder `failed` that says why the seed `name` there failed.
pub fn reason_of(failed: &Path, name: &OsStr) -> PathBuf {
    let path = failed.join(name);
    let extension = path.extension();
    match extension.is_some_and(|extension| extension.eq_ignore_ascii_case(TEXT)) {
        true => path.with_extension(REASON_OF_TEXT),
        false => path.with_extension(TEXT),
    }
}

/// Puts the seed `name`, with or without its extension, from `failed/` under `root` into
/// `seeds/`, or into the folder there of the voice that was to answer it, and removes the text
/// that says why it failed. A daemon that watches answers it as if it had just come.
///
/// # Errors
///
/// [`RetryError`]; nothing has been moved then, unless the text could not be removed.
pub fn retry(root: &Path, name: &OsStr) -> Result<Retried, RetryError> {
    let name = find(root, name)?;
    let failed = root.join(folders::FAILED);
    let voice = FailedVoices::read(root).of(&name);
    let mut seeds = root.join(folders::SEEDS);
    if let Some(voice) = &voice {
        check_voice(root, &name, voice)?;
        seeds.push(voice);
        files::make_inner_folder(&seeds).map_err(failed_to("make the folder", &seeds))?;
    }
    let (mut new_name, mut number) = (name.clone(), 2);
    while !move_new(&failed.join(&name), &seeds.join(&new_name))? {
        new_name = numbered(&name, number);
        number += 1;
    }
    let reason = reason_of(&failed, &name);
    files::remove(&reason).map_err(failed_to("remove", &reason))?;
    for folder in [&seeds, &failed] {
        files::sync_folder(folder).map_err(failed_to("sync", folder))?;
    }
    Ok(Retried {
        voice,
        name: new_name,
    })
}

/// The seed in `failed/` that is called `name`, with or without its extension.
fn find(root: &Path, name: &OsStr) -> Result<OsString, RetryError> {
    let given = readable(name);
    if given.is_empty() || given.starts_with('.') || given.contains(['/', '\0']) {
        return Err(RetryError::Name { name: given });
    }
    let mut seeds = failed_seeds(root)?;
    if let Some(whole) = seeds.iter().find(|seed| readable(seed) == given) {
        return Ok(whole.clone());
    }
    let stem = |seed: &OsString| Path::new(seed).file_stem().map(readable);
    seeds.retain(|seed| stem(seed).as_ref() == Some(&given));
    match seeds.len() {
        0 => Err(RetryError::Missing {
            name: given,
            folder: root.join(folders::FAILED),
        }),
        1 => Ok(seeds.remove(0)),
        _ => Err(RetryError::Several {
            name: given,
            names: seeds.iter().map(|seed| readable(seed)).collect(),
        }),
    }
}

fn check_voice(root: &Path, name: &OsStr, voice: &str) -> Result<(), RetryError> {
    let folder = root.join(folders::VOICES);
    let roll = Roll::call(root).map_err(failed_to("look into", &folder))?;
    match roll.voices.contains(voice) {
        true => Ok(()),
        false => Err(RetryError::NoVoice {
            name: readable(name),
            voice: voice.to_owned(),
            file: voices::file_of(root, voice),
        }),
    }
}

/// Which of the seeds in `failed/` were for voices beside the default one. It is only a help:
/// without it they are the default one's when they are put back.
#[derive(Default)]
pub struct FailedVoices(BTreeMap<String, String>);

impl FailedVoices {
    /// As it was noted under `root`.
    fn read(root: &Path) -> FailedVoices {
        let text = fs::read(root.join(folders::FAILED_VOICES)).unwrap_or_default();
        FailedVoices(serde_json::from_slice(&text).unwrap_or_default())
    }

    /// Whose the seed `name` was, if it was not the default voice's.
    fn of(&self, name: &OsStr) -> Option<String> {
        self.0.get(name.to_str()?).cloned()
    }

    /// Notes under `root` that the seed at `path` in `failed/` was for `voice`.
    pub fn note(root: &Path, path: &Path, voice: Option<&str>) {
        if let Err(error) = FailedVoices::try_to_note(root, path, voice) {
            tracing::debug!("cannot note whose {} was: {error}", path.display());
        }
    }

    fn try_to_note(root: &Path, path: &Path, voice: Option<&str>) -> io::Result<()> {
        let Some(name) = path.file_name().and_then(OsStr::to_str) else {
            return Ok(());
        };
        let FailedVoices(mut all) = FailedVoices::read(root);
        let changed = match voice {
            Some(voice) => all.insert(name.to_owned(), voice.to_owned()).as_deref() != Some(voice),
            // Another seed of that name was there before.
            None => all.remove(name).is_some(),
        };
        if !changed {
            return Ok(());
        }
        let failed = root.join(folders::FAILED);
        all.retain(|name, _| failed.join(name).exists());
        files::replace(
            &root.join(folders::FAILED_VOICES),
            &serde_json::to_vec(&all)?,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::listing;

    fn root(failed: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for folder in [folders::SEEDS, folders::FAILED, folders::HIDDEN] {
            fs::create_dir(root.path().join(folder)).unwrap();
        }
        for name in failed {
            fs::write(root.path().join(folders::FAILED).join(name), name).unwrap();
        }
        root
    }

    #[test]
    fn each_seed_is_known_from_the_texts_and_goes_with_its_own() {
        let root = root(&[
            "a.txt",
            "a.wav",
            "a.0002.flac",
            "a.0002.txt",
            "readme.reason.txt",
            "readme.txt",
            "gone.txt",
            "LOUD.TXT",
            "LOUD.reason.txt",
            ".hidden",
            "bare",
            "bare.txt",
        ]);
        let seeds = failed_seeds(root.path()).unwrap();
        let expected = ["LOUD.TXT", "a.0002.flac", "a.wav", "bare", "readme.txt"];
        assert_eq!(seeds, expected);
        for name in ["a", "readme", "LOUD.TXT", "bare", "a.0002.flac"] {
            retry(root.path(), OsStr::new(name)).unwrap();
        }
        assert_eq!(listing(&root.path().join(folders::SEEDS)), expected);
        assert_eq!(
            listing(&root.path().join(folders::FAILED)),
            [".hidden", "gone.txt"]
        );
    }

    #[test]
    fn what_is_no_seed_in_failed_is_not_put_back() {
        let root = root(&["a.txt", "a.wav", "b.wav", "b.aif", ".hidden"]);
        let refused = |name: &str| {
            retry(root.path(), OsStr::new(name))
                .unwrap_err()
                .to_string()
        };
        for name in ["", ".hidden", "..", "../seeds/x", "x/a.wav"] {
            assert!(refused(name).contains("is no name"), "{name}");
        }
        for name in ["a.txt", "c", "c.wav", "x\\a.wav"] {
            assert!(refused(name).contains("there is no seed"), "{name}");
        }
        assert!(refused("b").contains("b may be b.aif or b.wav"));
        assert_eq!(listing(&root.path().join(folders::FAILED)).len(), 5);
        assert!(
            failed_seeds(&root.path().join("nowhere"))
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn nothing_that_waits_is_replaced() {
        let root = root(&["a.txt", "a.wav"]);
        let waiting = root.path().join("seeds/a.wav");
        fs::write(&waiting, "waits").unwrap();
        let retried = retry(root.path(), OsStr::new("a.wav")).unwrap();
        assert_eq!((retried.voice, retried.name), (None, "a.2.wav".into()));
        assert_eq!(fs::read_to_string(&waiting).unwrap(), "waits");
        assert_eq!(listing(&root.path().join(folders::FAILED)), [""; 0]);
    }

    #[test]
    fn a_voices_seed_is_the_voices_again_as_long_as_there_is_one() {
        let root = root(&["a.txt", "a.wav", "b.txt", "b.wav"]);
        let failed = root.path().join(folders::FAILED);
        for name in ["a.wav", "b.wav", "gone.wav"] {
            FailedVoices::note(root.path(), &failed.join(name), Some("bells"));
        }
        FailedVoices::note(root.path(), &failed.join("b.wav"), None);
        assert_eq!(FailedVoices::read(root.path()).0.len(), 1);
        let refused = retry(root.path(), OsStr::new("a")).unwrap_err();
        assert!(matches!(refused, RetryError::NoVoice { .. }), "{refused}");
        assert_eq!(listing(&failed).len(), 4);
        fs::create_dir(root.path().join(folders::VOICES)).unwrap();
        fs::write(voices::file_of(root.path(), "bells"), "{}").unwrap();
        let retried = retry(root.path(), OsStr::new("a")).unwrap();
        assert_eq!(retried.voice.as_deref(), Some("bells"));
        assert!(root.path().join("seeds/bells/a.wav").exists());
        assert_eq!(retry(root.path(), OsStr::new("b")).unwrap().voice, None);
    }
}
