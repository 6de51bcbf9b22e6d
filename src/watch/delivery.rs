//! What a job ends with, on its way to the folder where it is seen: two files, of
//! which the second makes the first count.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::claim::Claim;
use super::error::{SpoolError, failed_to};
use super::root::Root;
use super::seed_names::{extension, stem};
use super::steps::is_missing;
use crate::files;
use crate::names::readable;

/// What is delivered: `main`, whose appearance counts, and `companion`, which
/// appears just before.
pub struct Delivery<'a> {
    /// The prefix of its marker.
    pub marker: &'static str,
    /// What appears last.
    pub main: PathBuf,
    /// What appears first.
    pub companion: PathBuf,
    /// Where both go.
    pub folder: &'a Path,
    stem: OsString,
    extensions: [OsString; 2],
    /// Whether the first of a name has a number too.
    numbers_first: bool,
}

impl<'a> Delivery<'a> {
    /// The prediction written for `claim`.
    pub fn of_prediction(root: &'a Root, claim: &Claim) -> Delivery<'a> {
        Delivery {
            marker: ".publish-",
            main: claim.unpublished_prediction(),
            companion: claim.temporary("json"),
            folder: root.predictions(),
            // A patch is told of it, and messages hold text only.
            stem: stem(OsStr::new(&readable(claim.name()))),
            extensions: [".wav", ".json"].map(OsString::from),
            numbers_first: true,
        }
    }

    /// The seed of `claim`, with the reason why it failed.
    pub fn of_failure(root: &'a Root, claim: &Claim) -> Delivery<'a> {
        let own = extension(claim.name());
        // A text that was taken for a seed keeps its name.
        let text = match own.eq_ignore_ascii_case(".txt") {
            true => ".reason.txt",
            false => ".txt",
        };
        Delivery {
            marker: ".fail-",
            main: claim.seed(),
            companion: claim.temporary("txt"),
            folder: root.failed(),
            stem: stem(claim.name()),
            extensions: [own, text.into()],
            numbers_first: false,
        }
    }

    /// Where main and companion go, as the `number`th of their name.
    pub fn paths(&self, number: u32) -> [PathBuf; 2] {
        let number = match number {
            1 if !self.numbers_first => String::new(),
            n => format!(".{n:04}"),
        };
        self.extensions.each_ref().map(|extension| {
            let mut name = self.stem.clone();
            name.push(&number);
            name.push(extension);
            self.folder.join(name)
        })
    }

    /// Where main went, if that has happened for `claim`; what was only begun is
    /// taken back.
    pub fn destination(&self, claim: &Claim) -> Result<Option<PathBuf>, SpoolError> {
        let Some(number) = claim.number_of(self.marker)? else {
            return Ok(None);
        };
        if !is_missing(&self.main) {
            self.undo(claim, number)?;
            return Ok(None);
        }
        files::sync_folder(self.folder).map_err(failed_to("sync", self.folder))?;
        let [main, _] = self.paths(number);
        Ok(Some(main))
    }

    /// Takes back a delivery that was not completed.
    fn undo(&self, claim: &Claim, number: u32) -> Result<(), SpoolError> {
        let [_, companion] = self.paths(number);
        // Only if ours was moved is it ours that stands there.
        if is_missing(&self.companion) {
            files::remove(&companion).map_err(failed_to("remove", &companion))?;
        }
        claim.unmark(self.marker)
    }
}
