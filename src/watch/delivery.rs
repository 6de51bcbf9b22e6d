//! What a job ends with, on its way to the folder where it is seen: two files, of
//! which the second makes the first count, or a folder.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::claim::Claim;
use super::error::{SpoolError, failed_to};
use super::root::Root;
use super::seed_names::{extension, stem};
use super::steps::{is_missing, move_new};
use crate::files;

/// What is delivered: `main`, whose appearance counts, and its companion, which
/// appears just before.
pub struct Delivery {
    /// The prefix of its marker. Each kind has its own: by it the next process knows
    /// what was to be moved.
    marker: &'static str,
    main: Part,
    companion: Option<Part>,
    place: Place,
}

/// A file or a folder that is moved.
struct Part {
    from: PathBuf,
    /// What stands behind stem and number where it goes.
    extension: OsString,
}

/// Where all parts go.
struct Place {
    folder: PathBuf,
    stem: OsString,
    /// Whether the first of a name has a number too.
    numbers_first: bool,
    /// Extensions of what would have the same name and number.
    extensions: Vec<OsString>,
}

/// A prediction, its sidecar and a set of one name never have the same number.
const ANSWERS: [&str; 3] = [".wav", ".json", ""];

impl Delivery {
    /// The prediction written for `claim`.
    pub fn of_prediction(root: &Root, claim: &Claim) -> Delivery {
        Delivery {
            marker: ".publish-",
            main: Part::new(claim.unpublished_prediction(), ".wav"),
            companion: Some(Part::new(claim.temporary("json"), ".json")),
            place: Place::of_answers(root, claim),
        }
    }

    /// The set whose folder was made for `claim`.
    pub fn of_set(root: &Root, claim: &Claim) -> Delivery {
        Delivery {
            marker: ".set-",
            main: Part::new(claim.unpublished_set(), ""),
            companion: None,
            place: Place::of_answers(root, claim),
        }
    }

    /// The seed of `claim`, with the reason why it failed.
    pub fn of_failure(root: &Root, claim: &Claim) -> Delivery {
        let own = extension(claim.name());
        // A text that was taken for a seed keeps its name.
        let text = match own.eq_ignore_ascii_case(".txt") {
            true => ".reason.txt",
            false => ".txt",
        };
        Delivery {
            marker: ".fail-",
            place: Place {
                folder: root.failed().to_owned(),
                stem: stem(claim.name()),
                numbers_first: false,
                extensions: vec![own.clone(), text.into()],
            },
            main: Part::new(claim.seed(), own),
            companion: Some(Part::new(claim.temporary("txt"), text)),
        }
    }

    /// The reason alone why the seed of `claim`, which is not there any more, failed.
    pub fn of_reason(root: &Root, claim: &Claim) -> Delivery {
        let failure = Delivery::of_failure(root, claim);
        Delivery {
            main: failure.companion.unwrap_or(failure.main),
            companion: None,
            ..failure
        }
    }

    /// What is moved in the end, before it is.
    pub fn main(&self) -> &Path {
        &self.main.from
    }

    /// Where the text that comes with it is written first, if one does.
    pub fn companion(&self) -> Option<&Path> {
        self.companion.as_ref().map(|part| part.from.as_path())
    }

    /// Where all goes.
    pub fn folder(&self) -> &Path {
        &self.place.folder
    }

    /// Where main goes, as the `number`th of its name.
    pub fn path(&self, number: u32) -> PathBuf {
        self.place.path(&self.main, number)
    }

    /// Whether nothing has the name that this one gets as the `number`th.
    pub fn is_free(&self, number: u32) -> bool {
        let mut extensions = self.place.extensions.iter();
        extensions.all(|extension| {
            let path = self.place.path_with(extension, number);
            path.symlink_metadata().is_err()
        })
    }

    /// Moves all of it to where it is the `number`th of its name, of which it takes note
    /// beside the seed of `claim` first; false where something stands there.
    pub fn try_to_move(&self, claim: &Claim, number: u32) -> Result<bool, SpoolError> {
        claim.mark(self.marker, number)?;
        let main = self.path(number);
        let Some(companion) = &self.companion else {
            return move_new(&self.main.from, &main);
        };
        let beside = self.place.path(companion, number);
        if !move_new(&companion.from, &beside)? {
            return Ok(false);
        }
        let moved = move_new(&self.main.from, &main)?;
        if !moved {
            move_new(&beside, &companion.from)?;
        }
        Ok(moved)
    }

    /// Where main went, if that has happened for `claim`; what was only begun is
    /// taken back.
    pub fn destination(&self, claim: &Claim) -> Result<Option<PathBuf>, SpoolError> {
        let Some(number) = claim.number_of(self.marker)? else {
            return Ok(None);
        };
        if files::has_two_names(&self.main.from, &self.path(number)) {
            // It came so far as to be seen.
            files::remove(&self.main.from).map_err(failed_to("remove", &self.main.from))?;
        }
        if !is_missing(&self.main.from) {
            self.undo(claim, number)?;
            return Ok(None);
        }
        let folder = self.folder();
        // A voice's folder may be gone since, with what was delivered.
        if !is_missing(folder) {
            files::sync_folder(folder).map_err(failed_to("sync", folder))?;
        }
        Ok(Some(self.path(number)))
    }

    /// Takes back a delivery that was not completed.
    fn undo(&self, claim: &Claim, number: u32) -> Result<(), SpoolError> {
        if let Some(companion) = &self.companion {
            let beside = self.place.path(companion, number);
            // Only if ours was moved is it ours that stands there.
            if is_missing(&companion.from) || files::has_two_names(&companion.from, &beside) {
                files::remove(&beside).map_err(failed_to("remove", &beside))?;
            }
        }
        claim.unmark(self.marker)
    }
}

impl Part {
    fn new(from: PathBuf, extension: impl Into<OsString>) -> Part {
        Part {
            from,
            extension: extension.into(),
        }
    }
}

impl Place {
    /// Of what answers `claim`.
    fn of_answers(root: &Root, claim: &Claim) -> Place {
        Place {
            folder: root.predictions_of(claim.voice()),
            stem: claim.stem(),
            numbers_first: true,
            extensions: ANSWERS.map(OsString::from).into(),
        }
    }

    fn path(&self, part: &Part, number: u32) -> PathBuf {
        self.path_with(&part.extension, number)
    }

    fn path_with(&self, extension: &OsStr, number: u32) -> PathBuf {
        let mut name = self.stem.clone();
        if number > 1 || self.numbers_first {
            name.push(format!(".{number:04}"));
        }
        name.push(extension);
        self.folder.join(name)
    }
}
