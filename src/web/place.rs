//! Where things lie under the root, and the way from a name in a request to a file, which
//! never leaves it.

use std::path::{Path, PathBuf};

use super::refusal::{Refusal, of_disk};
use crate::names::is_scratch;

/// What models are trained on.
pub const RECORDINGS: &str = "recordings";
/// Files of hyperparameters.
pub const SETTINGS: &str = "settings";
/// What training keeps.
pub const RUNS: &str = "runs";
/// Models that were made here.
pub const MODELS: &str = "models";
/// Sounds to answer.
pub const SEEDS: &str = "studio/seeds";
/// Answers to them.
pub const ANSWERS: &str = "studio/answers";
/// Runs that were asked for.
pub const JOBS: &str = "studio/jobs";

/// The longest name of a file, in bytes.
const LONGEST_NAME: usize = 200;
/// Letters that some system takes for something else in a name.
const NO_LETTERS: [char; 9] = ['/', '\\', ':', '*', '?', '"', '<', '>', '|'];

/// `name`, if it is one that a file may have, and nothing but one.
///
/// # Errors
///
/// 400 with what is wrong.
pub fn checked(name: &str) -> Result<&str, Refusal> {
    let refusal = |why: &str| Refusal::bad(format!("{name:?} is no name of a file here: {why}"));
    match name {
        "" => Err(refusal("it is empty")),
        _ if name.len() > LONGEST_NAME => Err(Refusal::bad(format!(
            "a name of {} bytes is too long; {LONGEST_NAME} are allowed",
            name.len()
        ))),
        _ if name.contains(char::is_control) => Err(refusal("it has control characters")),
        _ if name.contains(NO_LETTERS) => Err(refusal("it has one of / \\ : * ? \" < > |")),
        _ if name.starts_with('.') => Err(refusal("it begins with a dot")),
        _ if name.ends_with(['.', ' ']) => Err(refusal("it ends in a dot or a space")),
        _ => Ok(name),
    }
}

/// `name`, if a file may be made that is called so.
///
/// # Errors
///
/// 400 with what is wrong.
pub fn checked_new(name: &str) -> Result<&str, Refusal> {
    let name = checked(name)?;
    let odd = name.contains(crate::names::is_unprintable) || is_scratch(name.as_ref());
    match odd || name.trim() != name {
        true => Err(Refusal::bad(format!(
            "{name:?} is no good name: it has letters that nobody sees, or is like a temporary \
             file's"
        ))),
        false => Ok(name),
    }
}

/// The root of all names.
#[derive(Clone, Debug)]
pub struct Place {
    root: PathBuf,
}

impl Place {
    /// Under `root`, which is absolute and has no symbolic links in it.
    pub fn new(root: PathBuf) -> Place {
        Place { root }
    }

    /// The root.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder that is called so here.
    pub fn folder(&self, folder: &str) -> PathBuf {
        self.root.join(folder)
    }

    /// The file `name` in `folder`, be it there or not.
    ///
    /// # Errors
    ///
    /// Those of [`checked`].
    pub fn at(&self, folder: &str, name: &str) -> Result<PathBuf, Refusal> {
        Ok(self.root.join(folder).join(checked(name)?))
    }

    /// The file that stands at `path` under the root: a regular one, which no link leads
    /// to from outside.
    ///
    /// # Errors
    ///
    /// 404 where there is none.
    pub fn existing(&self, path: &Path) -> Result<PathBuf, Refusal> {
        let what = path.file_name().unwrap_or_default().to_string_lossy();
        let found = path.canonicalize().map_err(of_disk(&what))?;
        match found.starts_with(&self.root) && found.is_file() {
            true => Ok(found),
            false => Err(Refusal::missing(what)),
        }
    }

    /// `path` as somebody in the root would write it.
    pub fn shown(&self, path: &Path) -> String {
        let inner = path.strip_prefix(&self.root).unwrap_or(path);
        inner.to_string_lossy().replace('\\', "/")
    }
}

/// `wanted`, or the first of `wanted-2` and so on for which `is_free` holds.
pub fn free_name(wanted: &str, is_free: impl Fn(&str) -> bool) -> String {
    let (stem, extension) = match wanted.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => (stem, format!(".{extension}")),
        _ => (wanted, String::new()),
    };
    let numbered = (2..).map(|n| format!("{stem}-{n}{extension}"));
    let mut names = std::iter::once(wanted.to_owned()).chain(numbered);
    let free = names.find(|name| is_free(name));
    free.unwrap_or_else(|| wanted.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_names_and_no_paths() {
        for name in [
            "guitar.wav",
            "Große Flöte 2.flac",
            "a..b",
            "~",
            "-rf",
            "%2e",
        ] {
            assert!(checked(name).is_ok(), "{name}");
        }
        let long = "x".repeat(201);
        for name in [
            "",
            ".",
            "..",
            "../x",
            "a/b",
            "a\\b",
            "/etc/passwd",
            "C:x",
            "x\0",
            "a\nb",
            ".hidden",
            "x.",
            "x ",
            "file:stream",
            &long,
        ] {
            let refusal = checked(name).unwrap_err();
            assert_eq!(refusal.status.as_u16(), 400, "{name:?}");
        }
        assert!(checked_new("a\u{202e}vaw.exe").is_err());
        assert!(checked_new("take.wav.part").is_err());
        assert!(checked_new(" x").is_err());
    }

    #[test]
    fn a_link_that_leads_out_leads_nowhere() {
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("secret.wav"), "x").unwrap();
        let root = tempfile::tempdir().unwrap();
        let place = Place::new(root.path().canonicalize().unwrap());
        std::fs::write(root.path().join("a.wav"), "x").unwrap();
        assert!(place.existing(&place.folder("a.wav")).is_ok());
        assert!(place.existing(&place.folder("b.wav")).is_err());
        assert!(place.existing(place.root()).is_err(), "a folder");
        #[cfg(unix)]
        {
            let link = root.path().join("link.wav");
            std::os::unix::fs::symlink(outside.path().join("secret.wav"), &link).unwrap();
            assert!(place.existing(&place.folder("link.wav")).is_err());
        }
    }

    #[test]
    fn a_name_that_is_taken_gets_a_number_before_its_ending() {
        let taken = ["a.wav", "a-2.wav", "b"];
        let free = |name: &str| free_name(name, |name| !taken.contains(&name));
        assert_eq!(free("a.wav"), "a-3.wav");
        assert_eq!(free("b"), "b-2");
        assert_eq!(free("c.wav"), "c.wav");
    }
}
