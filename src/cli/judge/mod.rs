//! `antiphon judge`: the three criteria of the dissertation as numbers, and how
//! far answers follow their seeds.

mod judged;
mod page;
mod text;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::output;
use crate::audio::{self, Signal};
use crate::destination::Destination;
use crate::judge::{COMPARED_RATE, ComparedSound, Judge, LIMITS, limits_in_markdown};
use judged::{Judged, compare, entries};

/// Measure predictions against the audio that their model learned from
///
/// Example: antiphon judge --training guitar.wav answer.wav --json
///
/// Example: antiphon judge --training guitar.wav --seed melody.wav answer.wav
///
/// The criteria are those of the dissertation's section 1.4.2: a prediction
/// 1. is relatively free from artifacts, 2. obviously resembles the input, and
/// 3. does not match the input literally. Ratios are to the training audio.
///
/// With --seed it is also measured how far each prediction follows its seed:
/// chroma (pitch classes, 0 to 1), onsets and loudness (correlations over time).
/// With several seeds, as many as predictions and in the same order, it is said
/// how many are nearest to their own.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// The recording that the model learned from: a sound file of any kind.
    /// Give the option again for another one, by which there are scores of its own
    #[arg(long, value_name = "FILE", required_unless_present = "limits")]
    training: Vec<PathBuf>,
    /// The sound that was answered; give the option again for each prediction's own
    #[arg(long, value_name = "FILE")]
    seed: Vec<PathBuf>,
    /// The sounds to judge: sound files of any kind
    #[arg(required_unless_present = "limits", value_name = "PREDICTION")]
    predictions: Vec<PathBuf>,
    /// Print up to where each measure is High and Medium, and judge nothing
    #[arg(long, conflicts_with_all = ["training", "seed", "predictions", "plot"])]
    limits: bool,
    /// Print JSON, with the times of clicks and of literally repeated pieces
    #[arg(long)]
    json: bool,
    /// Draw them on one page: waveforms with clicks and repeated pieces marked,
    /// spectrograms, and pitch classes over time of seeds and predictions
    #[arg(long, value_name = "FILE.svg", value_parser = super::parse_svg)]
    plot: Option<PathBuf>,
    /// Replace the page if there is one
    #[arg(long, requires = "plot")]
    force: bool,
}

/// A recording that predictions are judged by.
struct Reference {
    path: PathBuf,
    signal: Signal,
    judge: Judge,
}

/// A sound that was answered.
struct AnsweredSound {
    path: PathBuf,
    sound: ComparedSound,
}

/// Judges, and prints the verdict.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    if arguments.limits {
        return print_limits(arguments.json);
    }
    let (seeds, predictions) = (arguments.seed.len(), arguments.predictions.len());
    if seeds > 1 && seeds != predictions {
        bail!(
            "there are {seeds} seeds and {predictions} predictions; give one --seed for each \
             prediction, in the same order, or one for all"
        );
    }
    let plot = arguments.plot.as_deref();
    let plot = plot.map(|path| Destination::new(path, arguments.force));
    let plot = plot.transpose()?;
    let trainings = read_all(&arguments.training, Reference::read)?;
    let seeds = read_all(&arguments.seed, AnsweredSound::read)?;
    let mut judged = read_all(&arguments.predictions, |path| {
        Ok(Judged::of(&trainings, path)?)
    })?;
    compare(&mut judged, &seeds)?;
    if arguments.json {
        let entries = entries(&judged, &trainings);
        output::json(&entries)?;
    } else {
        text::print(&judged, &trainings);
    }
    if let Some(output) = plot {
        page::page(&trainings, &judged).write_to(&output)?;
        tell!("Wrote {}.", output.path().display());
    }
    Ok(())
}

fn print_limits(as_json: bool) -> anyhow::Result<()> {
    match as_json {
        true => output::json(&LIMITS),
        false => {
            output::text(&limits_in_markdown());
            Ok(())
        }
    }
}

fn read_all<T>(
    paths: &[PathBuf],
    read: impl Fn(&Path) -> anyhow::Result<T>,
) -> anyhow::Result<Vec<T>> {
    paths.iter().map(|path| read(path)).collect()
}

impl Reference {
    fn read(path: &Path) -> anyhow::Result<Reference> {
        let signal = audio::load_as_recorded(path)?.into_signal();
        let judge = Judge::new(&signal).with_context(|| path.display().to_string())?;
        Ok(Reference {
            path: path.to_owned(),
            signal,
            judge,
        })
    }
}

impl AnsweredSound {
    fn read(path: &Path) -> anyhow::Result<AnsweredSound> {
        let signal = audio::load(path, COMPARED_RATE)?.signal;
        let sound = ComparedSound::of(&signal).with_context(|| path.display().to_string())?;
        Ok(AnsweredSound {
            path: path.to_owned(),
            sound,
        })
    }
}
