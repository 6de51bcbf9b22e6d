//! `antiphon plot`: a run as one page.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::audio::{self, AudioError, Signal};
use crate::destination::Destination;
use crate::names::{printable, readable};
use crate::plot::{LineChart, Page, Panel, Series, Spectrogram};
use crate::train::{LossRow, PREDICTIONS, RunRecord};

/// Draw how a training run went
///
/// Example: antiphon plot runs/guitar --output guitar.svg
///
/// One page: the loss, and spectrograms of the recordings and of the
/// predictions that the run left in its folder predictions/, at most six,
/// evenly spaced over the run. A run that still goes on is drawn as far as it
/// has come.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// The run's folder, as antiphon train made it
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The SVG file to write [default: DIR/plot.svg, drawn anew each time]
    #[arg(long, value_name = "FILE.svg", value_parser = super::parse_svg)]
    output: Option<PathBuf>,
    /// Replace the file if there is one
    #[arg(long)]
    force: bool,
}

/// The page in the run's own folder.
const DEFAULT: &str = "plot.svg";
const MOST_PREDICTIONS: usize = 6;
const MOST_RECORDINGS: usize = 3;
/// Seconds of a sound that are drawn: as long as the longest prediction, within these.
const SHORTEST: f64 = 5.0;
const LONGEST: f64 = 30.0;

/// Draws the page of a run.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let folder = &arguments.folder;
    let output = match &arguments.output {
        Some(path) => Destination::new(path, arguments.force)?,
        None if arguments.force => Destination::new(&folder.join(DEFAULT), true)?,
        None => Destination::of_own(&folder.join(DEFAULT), Page::is_own)?,
    };
    let record = RunRecord::read(folder)?;
    let mut missing = Vec::new();
    if !record.ended {
        missing.push("The run has no model yet: it still goes on, or was interrupted.".to_owned());
    }
    let loss = loss(&record.losses);
    if loss.is_none() {
        missing.push("No loss is logged yet.".to_owned());
    }
    let sounds = sounds(folder, &record, &mut missing)?;
    for sentence in &missing {
        tell!("{sentence}");
    }
    let mut notes = vec![summary(&record)];
    notes.extend(missing);
    let page = Page {
        title: format!("Run {}", name(folder)),
        notes,
        panels: loss.into_iter().chain(sounds).collect(),
        width: None,
    };
    page.write_to(&output)?;
    tell!("Wrote {}.", output.path().display());
    Ok(())
}

/// The run's name: its folder's, also where that is given as `.` or `..`.
fn name(folder: &Path) -> String {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let name = folder.file_name().unwrap_or(folder.as_os_str());
    printable(&readable(name)).into_owned()
}

fn summary(record: &RunRecord) -> String {
    let hyperparameters = &record.hyperparameters;
    let mut summary = format!(
        "{} approach, {} weights",
        hyperparameters.approach(),
        hyperparameters.architecture().parameters()
    );
    if let Some(last) = record.losses.last() {
        summary.push_str(&format!(
            ", {} steps, {:.2} epochs, trained for {}",
            last.step,
            last.epochs,
            duration(last.seconds)
        ));
    }
    summary
}

fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 60.0 => format!("{s:.1} seconds"),
        s if s < 3600.0 => format!("{:.1} minutes", s / 60.0),
        s => format!("{:.1} hours", s / 3600.0),
    }
}

fn loss(rows: &[LossRow]) -> Option<Panel> {
    let last = rows.last()?;
    let line = |name: &str, loss: fn(&LossRow) -> Option<f64>| Series {
        name: name.to_owned(),
        points: rows
            .iter()
            .filter_map(|row| Some((row.epochs, loss(row)?)))
            .collect(),
    };
    let training = line("training", |row| Some(row.loss));
    let held_out = line("held out", |row| row.validation_loss);
    let title = match last.validation_loss {
        Some(held_out) => format!(
            "Loss, {:.3e} in the end, {held_out:.3e} on what was held out",
            last.loss
        ),
        None => format!("Loss, {:.3e} in the end", last.loss),
    };
    let series: Vec<Series> = [training, held_out]
        .into_iter()
        .filter(|series| !series.points.is_empty())
        .collect();
    // A negative log-likelihood may lie on both sides of zero.
    let points = || series.iter().flat_map(|series| &series.points);
    let logarithmic = points().all(|(_, loss)| *loss > 0.0);
    Some(Panel::LineChart(LineChart {
        title,
        x_label: "epochs".to_owned(),
        y_label: "loss".to_owned(),
        logarithmic,
        series,
    }))
}

/// Spectrograms of recordings and predictions; a sentence goes to `missing` for
/// whatever cannot be drawn.
fn sounds(
    folder: &Path,
    record: &RunRecord,
    missing: &mut Vec<String>,
) -> anyhow::Result<Vec<Panel>> {
    let sample_rate = record.hyperparameters.format.sample_rate;
    let mut load = |path: &Path, seconds: f64| match beginning(path, sample_rate, seconds) {
        Ok(sound) => Some(sound),
        Err(error) => {
            missing.push(format!("Not drawn: {error}."));
            None
        }
    };

    let chosen = evenly(predictions(folder)?, MOST_PREDICTIONS);
    let predictions: Vec<_> = chosen
        .iter()
        .filter_map(|prediction| Some((prediction, load(&prediction.path, LONGEST)?)))
        .collect();
    // Without predictions there is only the training audio to be seen.
    let seconds = predictions
        .iter()
        .map(|(_, sound)| sound.signal.seconds())
        .reduce(f64::max)
        .map_or(LONGEST, |longest| longest.clamp(SHORTEST, LONGEST));
    let recordings: Vec<_> = record
        .order
        .audio
        .iter()
        .take(MOST_RECORDINGS)
        .filter_map(|path| Some((path, load(path, seconds)?)))
        .collect();

    let more = record.order.audio.len().saturating_sub(MOST_RECORDINGS);
    if more > 0 {
        missing.push(format!("{more} more recordings are not drawn."));
    }
    if chosen.is_empty() {
        missing.push(format!(
            "There are no predictions in {} yet.",
            folder.join(PREDICTIONS).display()
        ));
    }
    let recordings = recordings.into_iter().map(|(path, sound)| {
        let file = readable(path.file_name().unwrap_or_default());
        let file = printable(&file);
        sound.panel(&format!("Training audio, {file}"))
    });
    let predictions = predictions
        .into_iter()
        .map(|(prediction, sound)| sound.panel(&prediction.title()));
    Ok(recordings.chain(predictions).collect())
}

/// The beginning of a sound file.
struct Sound {
    signal: Signal,
    /// Length of the whole.
    seconds: f64,
}

/// Reads a sound file and brings its first `seconds` to `sample_rate`.
fn beginning(path: &Path, sample_rate: u32, seconds: f64) -> Result<Sound, AudioError> {
    let recording = audio::read::read(path)?;
    let rate = recording.facts.sample_rate;
    let wanted = (seconds * f64::from(rate)).round() as usize;
    let samples = &recording.samples[..recording.samples.len().min(wanted)];
    Ok(Sound {
        signal: Signal {
            samples: audio::resample::resample(samples, rate, sample_rate),
            sample_rate,
        },
        seconds: recording.samples.len() as f64 / f64::from(rate),
    })
}

impl Sound {
    /// The spectrogram: `what`, how much of it is seen, and how loud that is.
    fn panel(&self, what: &str) -> Panel {
        let shown = self.signal.seconds();
        let length = if shown + 0.05 < self.seconds {
            format!("the first {shown:.1} of {:.1} s", self.seconds)
        } else {
            format!("{:.1} s", self.seconds)
        };
        let level = match self.signal.rms() {
            0.0 => "silent".to_owned(),
            rms => format!("{:.0} dB", 20.0 * rms.log10()).replace('-', "−"),
        };
        let title = format!("{what}, {length}, {level}");
        Panel::Spectrogram(Spectrogram::new(&title, &self.signal))
    }
}

/// A file that training wrote, `00012000-concurrent-1.wav` for instance.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct PredictionFile {
    step: u64,
    /// What follows the step in the file's name: `concurrent 1`.
    kind: String,
    path: PathBuf,
}

impl PredictionFile {
    /// `None` for a file whose name does not begin with a step.
    fn of(path: PathBuf) -> Option<PredictionFile> {
        if path.extension() != Some(OsStr::new("wav")) {
            return None;
        }
        let stem = path.file_stem()?.to_string_lossy().into_owned();
        let (step, kind) = stem.split_once('-').unwrap_or((&stem, ""));
        Some(PredictionFile {
            step: step.parse().ok()?,
            kind: kind.replace('-', " "),
            path,
        })
    }

    fn title(&self) -> String {
        let kind = match self.kind.as_str() {
            "" => String::new(),
            kind => format!(", {kind}"),
        };
        format!("Prediction after {} steps{kind}", self.step)
    }
}

/// The predictions of the run in `folder`, in the order of their steps.
fn predictions(folder: &Path) -> anyhow::Result<Vec<PredictionFile>> {
    let folder = folder.join(PREDICTIONS);
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let cannot_read = || format!("cannot read {}", folder.display());
    let mut predictions = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(cannot_read)? {
        predictions.extend(PredictionFile::of(entry.with_context(cannot_read)?.path()));
    }
    predictions.sort();
    Ok(predictions)
}

/// The first of `all`, the last, and between them those nearest to evenly
/// spaced steps: `most` or fewer, in their order.
fn evenly(mut all: Vec<PredictionFile>, most: usize) -> Vec<PredictionFile> {
    if all.len() <= most {
        return all;
    }
    let (first, last) = (all.remove(0), all.pop());
    let span = last.as_ref().map_or(0, |last| last.step - first.step);
    let mut chosen = vec![first.clone()];
    for place in 1..most - 1 {
        let wanted = first.step + (span as u128 * place as u128 / (most - 1) as u128) as u64;
        let distance = |index: &usize| all[*index].step.abs_diff(wanted);
        if let Some(nearest) = (0..all.len()).min_by_key(distance) {
            chosen.push(all.remove(nearest));
        }
    }
    chosen.extend(last);
    chosen.sort();
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prediction(name: &str) -> Option<PredictionFile> {
        PredictionFile::of(Path::new("predictions").join(name))
    }

    #[test]
    fn a_prediction_is_named_after_its_step() {
        let named = prediction("00012000-concurrent-1.wav").unwrap();
        assert_eq!(named.step, 12000);
        assert_eq!(named.title(), "Prediction after 12000 steps, concurrent 1");
        let plain = prediction("00000007.wav").unwrap();
        assert_eq!(plain.title(), "Prediction after 7 steps");
        for other in [
            "notes.txt",
            "final.wav",
            ".00000007.wav.99.part",
            "00000007.json",
        ] {
            assert_eq!(prediction(other), None, "{other}");
        }
    }

    #[test]
    fn first_last_and_evenly_between() {
        let mut names: Vec<String> = [10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 1000]
            .iter()
            .flat_map(|step| (1..=3).map(move |n| format!("{step:08}-concurrent-{n}.wav")))
            .collect();
        names.push("00001000-sequential-1.wav".into());
        let all: Vec<_> = names.iter().filter_map(|name| prediction(name)).collect();
        let steps = |chosen: &[PredictionFile]| chosen.iter().map(|p| p.step).collect::<Vec<_>>();
        let chosen = evenly(all[..30].to_vec(), 6);
        assert_eq!(steps(&chosen), [10, 30, 50, 60, 80, 100]);
        let chosen = evenly(all.clone(), 6);
        assert_eq!(chosen.last().unwrap().kind, "sequential 1");
        assert_eq!((chosen.len(), chosen[0].step), (6, 10));
        assert!(chosen.is_sorted());
        assert_eq!(evenly(all[..4].to_vec(), 6), all[..4]);
    }
}
