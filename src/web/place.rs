//! Where things lie under the root, and the way from a name in a request to a file, which
//! never leaves it.

use std::path::{Path, PathBuf};

use super::refusal::{Refusal, of_disk};
use crate::names::{is_scratch, printable};

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
/// The longest name that gets an ending, and perhaps a number.
const LONGEST_STEM: usize = 180;
/// What Windows takes for a device, whatever its ending; names are to be good on all systems.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];
/// Letters that some system takes for something else in a name.
const NO_LETTERS: [char; 9] = ['/', '\\', ':', '*', '?', '"', '<', '>', '|'];

/// `name`, if it is one that a file may have, and nothing but one.
///
/// # Errors
///
/// 400 with what is wrong.
pub fn checked(name: &str) -> Result<&str, Refusal> {
    let refusal = |why: &str| {
        let name = printable(name);
        Refusal::bad(format!("“{name}” is no name of a file here: {why}"))
    };
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
        _ if is_device(name) => Err(Refusal::bad(format!("“{name}” is no name on Windows"))),
        true => Err(Refusal::bad(format!(
            "“{}” is no good name: it has letters that nobody sees, or is like a temporary file's",
            printable(name)
        ))),
        false => Ok(name),
    }
}

/// `name`, if files may be made that are called so, with an ending and a number.
///
/// # Errors
///
/// 400 with what is wrong.
pub fn checked_stem(name: &str) -> Result<&str, Refusal> {
    match checked_new(name)?.len() {
        ..=LONGEST_STEM => Ok(name),
        length => Err(Refusal::bad(format!(
            "a name of {length} bytes is too long; {LONGEST_STEM} are allowed"
        ))),
    }
}

/// Whether Windows takes a file of that name for a device.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end();
    let stem = stem.to_ascii_lowercase();
    let is_port = |port: &str| {
        let number = stem.strip_prefix(port);
        number.is_some_and(|number| matches!(number.as_bytes(), [b'1'..=b'9']))
    };
    DEVICES.contains(&&*stem) || is_port("com") || is_port("lpt")
}

/// `name`, if it can be that of a file that somebody else has put here, where more is allowed
/// than in a name that comes from the page.
///
/// # Errors
///
/// 400 with what is wrong.
pub fn checked_of_others(name: &str) -> Result<&str, Refusal> {
    let is_path = name.contains(['/', '\0']) || cfg!(windows) && name.contains(['\\', ':']);
    match name {
        "" | "." | ".." => Err(Refusal::bad("a name of a file is missing")),
        _ if is_path => Err(Refusal::bad(format!(
            "“{}” is no name of a file",
            printable(name)
        ))),
        _ => Ok(name),
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

/// `wanted`, or the first of `wanted-2` and so on for which `is_free` holds; what would be too
/// long is shortened before the number.
pub fn free_name(wanted: &str, is_free: impl Fn(&str) -> bool) -> String {
    let (stem, extension) = match wanted.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => (stem, format!(".{extension}")),
        _ => (wanted, String::new()),
    };
    let numbered = (2..).map(|n| {
        let end = format!("-{n}{extension}");
        let room = LONGEST_NAME.saturating_sub(end.len());
        format!("{}{end}", &stem[..stem.floor_char_boundary(room)])
    });
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
        for name in ["nul", "Con.json", "COM1", "lpt9.wav"] {
            assert!(checked_new(name).is_err(), "{name}");
        }
        assert!(checked_new("nullabove").is_ok() && checked_new("com10").is_ok());
        assert!(checked_stem(&"x".repeat(181)).is_err());
    }

    #[test]
    fn names_that_others_gave_may_be_odd_and_are_no_paths() {
        let long = "x".repeat(255);
        for name in ["what?.wav", "a:b|c.wav", " x\n.wav", "...", ".x", &long] {
            assert!(checked_of_others(name).is_ok(), "{name}");
        }
        for name in ["", ".", "..", "a/b", "/x", "x\0"] {
            assert!(checked_of_others(name).is_err(), "{name}");
        }
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
        let long = format!("{}.wav", "ä".repeat(98));
        let next = free_name(&long, |name| name != long);
        assert!(
            next.ends_with("ä-2.wav") && checked(&next).is_ok(),
            "{next}"
        );
    }
}
