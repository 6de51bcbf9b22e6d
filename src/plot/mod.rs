//! Pictures: pages of line charts, spectrograms and waveforms, as SVG files.
//!
//! ```text
//! Signal ──┬─> Spectrogram ─┐
//!          └─> Waveform ────┼─> Panel ─> Page ─> SVG file
//! numbers ─┬─> LineChart ───┤
//!          └─> Chromagram ──┘
//! ```
//!
//! What stands on one page can be compared: its sounds share the time axis, its
//! spectrograms the frequency axis and the colours. A picture is as detailed as
//! the page is wide, however long the sound is.

mod bitmap;
mod chromagram;
mod draw;
mod line_chart;
mod spectrogram;
mod waveform;

use std::io;
use std::path::{Path, PathBuf};

pub use chromagram::Chromagram;
pub use line_chart::{LineChart, Series};
pub use spectrogram::Spectrogram;
pub use waveform::{Marker, Waveform};

use crate::audio::Signal;
use crate::destination::{Destination, DestinationError};
use crate::files;

/// Red, green and blue, each from 0 to 255.
pub type Colour = [u8; 3];

/// Columns that a sound is reduced to: about the width of a panel in pixels.
const COLUMNS: usize = 960;

/// Panels one under another.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// The headline.
    pub title: String,
    /// Sentences under the headline, each on a line of its own.
    pub notes: Vec<String>,
    /// From top to bottom.
    pub panels: Vec<Panel>,
    /// In pixels, where it is to be another than usual. Letters stay as large.
    pub width: Option<u32>,
}

/// One picture of a page.
#[derive(Clone, Debug, PartialEq)]
pub enum Panel {
    /// Pitch classes over time.
    Chromagram(Chromagram),
    /// Numbers over numbers.
    LineChart(LineChart),
    /// Frequencies over time.
    Spectrogram(Spectrogram),
    /// Samples over time.
    Waveform(Waveform),
}

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum PlotError {
    /// The drawing library refused; the page is at fault, not its reader.
    #[error("cannot draw the page: {cause}")]
    Drawing {
        /// What it said.
        cause: String,
    },
    /// The file could not be written to its end.
    #[error("cannot write {}: {cause}; check that the folder may be written and the disk has room", .path.display())]
    CannotWrite {
        /// The SVG file.
        path: PathBuf,
        /// What the system answered.
        cause: io::Error,
    },
    /// Nothing is written there.
    #[error(transparent)]
    Destination(#[from] DestinationError),
}

/// What a page of antiphon's begins with, by which it knows them again.
const OWN: &str = "<svg data-drawn-by=\"antiphon\"";

impl Page {
    /// The page as the text of an SVG file.
    ///
    /// # Errors
    ///
    /// [`PlotError::Drawing`].
    pub fn to_svg(&self) -> Result<String, PlotError> {
        Ok(draw::svg(self)?.replacen("<svg", OWN, 1))
    }

    /// Whether `svg` is a page that antiphon drew.
    pub fn is_own(svg: &[u8]) -> bool {
        svg.starts_with(OWN.as_bytes())
    }

    /// Writes the page to `destination`, whole or not at all.
    ///
    /// # Errors
    ///
    /// Any [`PlotError`].
    pub fn write_to(&self, destination: &Destination) -> Result<(), PlotError> {
        Ok(destination.write(self.to_svg()?.as_bytes())?)
    }

    /// Writes the page to the SVG file `path`, whole or not at all, replacing what
    /// was there.
    ///
    /// # Errors
    ///
    /// Any [`PlotError`].
    pub fn write(&self, path: &Path) -> Result<(), PlotError> {
        let svg = self.to_svg()?;
        files::write_atomically(path, svg.as_bytes()).map_err(|cause| PlotError::CannotWrite {
            path: path.to_owned(),
            cause,
        })
    }
}

/// Writes the spectrogram of `signal` to the SVG file `path`, whole or not at all.
///
/// # Errors
///
/// Any [`PlotError`].
pub fn write_spectrogram(path: &Path, title: &str, signal: &Signal) -> Result<(), PlotError> {
    Page {
        panels: vec![Panel::Spectrogram(Spectrogram::new(title, signal))],
        ..Page::default()
    }
    .write(path)
}
