//! A folder of slices: a WAV file for each, and the table.

use std::fs;
use std::io;
use std::path::Path;
use std::str::FromStr;

use super::bands::Bands;
use super::choice::Slice;
use super::table::{Row, TABLE, file_name};
use crate::audio::write::{SampleFormat, write_wav};
use crate::audio::{AudioError, Signal};
use crate::files;

/// The rms that slices are brought to, -20 dB below full scale.
const USUAL_RMS: f64 = 0.1;

/// How loud slices are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SliceLevel {
    /// All as loud as each other: at -20 dB (rms), or as much less as the one with the
    /// highest peak needs so as not to go beyond full scale.
    #[default]
    Same,
    /// As in the predictions.
    AsIs,
}

/// What is no such word.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("choose same (all as loud as each other) or as-is (as in the predictions)")]
pub struct UnknownLevel;

impl FromStr for SliceLevel {
    type Err = UnknownLevel;

    fn from_str(text: &str) -> Result<SliceLevel, UnknownLevel> {
        match text {
            "same" => Ok(SliceLevel::Same),
            "as-is" => Ok(SliceLevel::AsIs),
            _ => Err(UnknownLevel),
        }
    }
}

/// Brings `slices` to the same rms.
pub fn level(slices: &mut [Slice]) {
    let crest = |slice: &Slice| f64::from(slice.sound.peak()) / f64::from(slice.sound.rms());
    let highest = slices.iter().map(crest).fold(1.0, f64::max);
    let rms = USUAL_RMS.min(0.99 / highest);
    for slice in slices {
        let gain = rms / f64::from(slice.sound.rms());
        for sample in &mut slice.sound.samples {
            *sample = (f64::from(*sample) * gain) as f32;
        }
    }
}

/// Makes `folder` and writes `slices` and their table into it; all of it is synced. Gives
/// the rows of the table.
///
/// # Errors
/// What cannot be written.
pub fn write_slices(
    folder: &Path,
    slices: &[Slice],
    bands: &Bands,
) -> Result<Vec<Row>, AudioError> {
    let cannot_write = |path: &Path, cause| AudioError::CannotWrite {
        path: path.to_owned(),
        cause,
    };
    files::make_folder(folder).map_err(|cause| cannot_write(folder, cause))?;
    let mut rows = Vec::new();
    for slice in slices {
        let row = row(slice, bands);
        write_wav(&folder.join(&row.file), &slice.sound, SampleFormat::Int24)?;
        rows.push(row);
    }
    let text: String = rows.iter().map(|row| format!("{row}\n")).collect();
    let table = folder.join(TABLE);
    files::write(&table, text.as_bytes()).map_err(|cause| cannot_write(&table, cause))?;
    files::sync_folder(folder).map_err(|cause| cannot_write(folder, cause))?;
    Ok(rows)
}

fn row(slice: &Slice, bands: &Bands) -> Row {
    let Signal { samples, .. } = &slice.sound;
    let power = samples.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / samples.len() as f64;
    Row {
        index: slice.band + 1,
        centre: bands.centre(slice.band),
        file: file_name(slice.band + 1),
        seconds: slice.sound.seconds(),
        level: 10.0 * power.log10(),
        pitch: slice.pitch,
    }
}

/// Whether `folder` holds a table and slices, and nothing else.
///
/// # Errors
/// Those of the disk.
pub fn is_slices(folder: &Path) -> io::Result<bool> {
    let is_own = |name: &str| {
        let number = name
            .strip_prefix("band-")
            .and_then(|name| name.strip_suffix(".wav"));
        name == TABLE || number.is_some_and(|number| number.parse::<usize>().is_ok())
    };
    for entry in fs::read_dir(folder)? {
        if !entry?.file_name().to_str().is_some_and(is_own) {
            return Ok(false);
        }
    }
    Ok(folder.join(TABLE).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{listing, signal, sine};

    fn slice(band: usize, sound: Signal) -> Slice {
        Slice {
            band,
            pitch: 100.0,
            sound,
            prediction: "p.wav".to_owned(),
            begins: 0.0,
            likeness: 1.0,
        }
    }

    #[test]
    fn slices_are_as_loud_as_each_other_and_none_is_beyond_full_scale() {
        let quiet = signal(&sine(0.01, 100.0, 8000, 8000), 8000);
        let mut spiky = signal(&sine(0.01, 100.0, 8000, 8000), 8000);
        let mut slices = [slice(0, quiet.clone()), slice(1, spiky.clone())];
        level(&mut slices);
        assert!(slices.iter().all(|s| (s.sound.rms() - 0.1).abs() < 1e-4));
        spiky.samples[17] = 0.9;
        let mut slices = [slice(0, quiet), slice(1, spiky)];
        level(&mut slices);
        assert!((slices[0].sound.rms() - slices[1].sound.rms()).abs() < 1e-5);
        assert!(slices[1].sound.peak() < 1.0);
    }

    #[test]
    fn a_folder_holds_slices_and_their_table() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("slices");
        let bands = Bands::USUAL;
        let sound = signal(&sine(0.1 * 2f64.sqrt(), 100.0, 8000, 8000), 8000);
        let slices = [slice(0, sound.clone()), slice(7, sound)];
        let rows = write_slices(&folder, &slices, &bands).unwrap();
        assert_eq!(listing(&folder), ["band-01.wav", "band-08.wav", TABLE]);
        let text = fs::read_to_string(folder.join(TABLE)).unwrap();
        assert_eq!(
            text.lines().next().unwrap(),
            "1, 96.47 band-01.wav 1.0000 -20.0 100.00;"
        );
        assert_eq!(rows.len(), 2);
        assert!(is_slices(&folder).unwrap());
        fs::write(folder.join("mine.txt"), "mine").unwrap();
        assert!(!is_slices(&folder).unwrap());
    }
}
