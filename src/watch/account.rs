//! The daemon's account of what predictions take of the disk.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::pace::{Delivered, Pace};
use super::retention::{Kept, each_prediction};
use super::root::Root;
use super::{Setup, sets};
use crate::system::disk;

/// With room for fewer days than this, somebody has to do something soon.
pub const FEW_DAYS: f64 = 14.0;
/// How often that is said.
const REMINDER: Duration = Duration::from_secs(86_400);
/// What the name of the file beside a prediction ends in.
const SIDECAR: &str = "json";

/// The account of one root.
pub struct Account {
    root: PathBuf,
    pace: Pace,
    /// As it was written down last.
    written: Option<Pace>,
    /// When it was said last that there is little room.
    warned: Option<Instant>,
}

impl Account {
    /// That of an earlier process, or, where there was none, of what lies in the folders.
    pub fn open(root: &Root, setup: &Setup) -> Account {
        let written = Pace::read(root.path());
        let mut pace = written.clone().unwrap_or_else(|| counted(root));
        pace.set_bounds(setup.retention.predictions, setup.free_space_floor);
        Account {
            root: root.path().to_owned(),
            pace,
            written,
            warned: None,
        }
    }

    /// Counts the prediction at `path`, with the file that says how it was made.
    pub fn note_prediction(&mut self, path: &Path) {
        let length = |path: &Path| path.metadata().map_or(0, |metadata| metadata.len());
        let delivered = Delivered {
            files: 2,
            bytes: length(path) + length(&path.with_extension(SIDECAR)),
        };
        self.pace.note(delivered, SystemTime::now());
    }

    /// Counts the set at `path`.
    pub fn note_set(&mut self, path: &Path) {
        let delivered = Delivered {
            files: sets::count(path),
            bytes: sets::bytes(path),
        };
        self.pace.note(delivered, SystemTime::now());
    }

    /// Notes how much is `kept`, where that has bounds, and says so where there is little room.
    pub fn balance(&mut self, kept: Option<Kept>) {
        self.pace.set_kept(kept);
        self.write_down();
        self.warn_if_due();
    }

    /// Writes it down where it has changed. What cannot be written is tried again the next time.
    pub fn write_down(&mut self) {
        if self.written.as_ref() != Some(&self.pace) {
            let written = self.pace.write(&self.root);
            self.written = written.ok().map(|()| self.pace.clone());
        }
    }

    fn warn_if_due(&mut self) {
        if self.warned.is_some_and(|at| at.elapsed() < REMINDER) {
            return;
        }
        let space = disk::space(&self.root).ok();
        let forecast = space.and_then(|space| self.pace.forecast(space, SystemTime::now()));
        if let Some(forecast) = forecast.filter(|forecast| forecast.is_within(FEW_DAYS)) {
            tracing::warn!(
                "predictions fill the disk: {forecast}; clear it, or have antiphon keep the newest \
                 only, with --keep-predictions or --keep-predictions-bytes"
            );
            self.warned = Some(Instant::now());
        }
    }
}

/// What lies in the folders of `root`, by the times that it was told of.
fn counted(root: &Root) -> Pace {
    let mut pace = Pace::begin(SystemTime::now());
    each_prediction(root, &mut |piece| {
        if let (Some(time), is_first, delivered) = piece.counted() {
            pace.find(delivered, is_first, time);
        }
    });
    pace
}
