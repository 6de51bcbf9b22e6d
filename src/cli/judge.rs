//! `antiphon judge`: the three criteria of the dissertation as numbers.

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Serialize;

use crate::audio::{self, AudioError, Signal, resample};
use crate::destination::Destination;
use crate::judge::{Click, CriterionScore, Evaluation, Judge, Measures};
use crate::plot::{Colour, Marker, Page, Panel, Spectrogram, Waveform};

/// Measure predictions against the audio that their model learned from
///
/// Example: antiphon judge --training guitar.wav answer.wav --json
///
/// The criteria are those of the dissertation's section 1.4.2: a prediction
/// 1. is relatively free from artifacts, 2. obviously resembles the input, and
/// 3. does not match the input literally. Ratios are to the training audio.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// The recording that the model learned from: a sound file of any kind
    #[arg(long, value_name = "FILE")]
    training: PathBuf,
    /// The sounds to judge: sound files of any kind
    #[arg(required = true, value_name = "PREDICTION")]
    predictions: Vec<PathBuf>,
    /// Print JSON, with the times of clicks and of literally repeated pieces
    #[arg(long)]
    json: bool,
    /// Draw them on one page: waveforms with clicks and repeated pieces marked, spectrograms
    #[arg(long, value_name = "FILE.svg", value_parser = super::parse_svg)]
    plot: Option<PathBuf>,
    /// Replace the page if there is one
    #[arg(long, requires = "plot")]
    force: bool,
}

/// Repeated pieces that are printed for people.
const MOST_PIECES: usize = 5;

/// Clicks that are drawn, the largest; more would hide the waveform.
const MOST_CLICKS: usize = 200;

/// Seconds of the training audio that are drawn at least; else as many as the
/// longest prediction has, since all sounds share the time axis.
const SHORTEST_TRAINING: f64 = 5.0;

const RED: Colour = [200, 30, 30];
const GREEN: Colour = [20, 120, 60];

/// One prediction, as JSON has it.
#[derive(Serialize)]
struct Judged {
    #[serde(rename = "prediction")]
    path: String,
    #[serde(flatten)]
    evaluation: Evaluation,
    /// `None` where its samples are not numbers.
    #[serde(skip)]
    signal: Option<Signal>,
}

/// Judges, and prints the verdict.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let plot = arguments.plot.as_deref();
    let plot = plot.map(|path| Destination::new(path, arguments.force));
    let plot = plot.transpose()?;
    let training = audio::load_as_recorded(&arguments.training)?.into_signal();
    let judge = Judge::new(&training).with_context(|| arguments.training.display().to_string())?;
    let judged = arguments
        .predictions
        .iter()
        .map(|path| Judged::of(&judge, path))
        .collect::<Result<Vec<_>, AudioError>>()?;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&judged)?);
    } else {
        for prediction in &judged {
            print(&prediction.path, &prediction.evaluation);
        }
    }
    if let Some(output) = plot {
        page(&arguments.training, &training, &judged).write_to(&output)?;
        eprintln!("Wrote {}.", output.path().display());
    }
    Ok(())
}

impl Judged {
    /// A prediction with samples that are not numbers can be read, but is broken.
    fn of(judge: &Judge, path: &Path) -> Result<Judged, AudioError> {
        let signal = match audio::load_as_recorded(path) {
            Ok(recording) if recording.facts.non_finite == 0 => Some(recording.into_signal()),
            Ok(_) | Err(AudioError::NotFinite { .. }) => None,
            Err(error) => return Err(error),
        };
        Ok(Judged {
            path: path.display().to_string(),
            evaluation: signal
                .as_ref()
                .map_or_else(Evaluation::broken, |signal| judge.evaluate(signal)),
            signal,
        })
    }
}

fn print(path: &str, evaluation: &Evaluation) {
    match &evaluation.measures {
        Some(measures) => println!("{path} ({:.2} s)", measures.seconds),
        None => println!("{path} (broken)"),
    }
    let verdict = &evaluation.verdict;
    let measures = |format: fn(&Measures) -> String| evaluation.measures.as_ref().map(format);
    print_criterion(
        "1 free from artifacts",
        &verdict.criterion_1,
        measures(artifacts),
    );
    print_criterion(
        "2 resembles the input",
        &verdict.criterion_2,
        measures(likeness),
    );
    print_criterion(
        "3 is not literal",
        &verdict.criterion_3,
        measures(literalness),
    );
    for piece in evaluation.repeated.iter().take(MOST_PIECES) {
        println!(
            "                          {:.1} to {:.1} s stand at {:.2} s of the training audio",
            piece.start, piece.end, piece.training_start
        );
    }
    if let Some(more @ 1..) = evaluation.repeated.len().checked_sub(MOST_PIECES) {
        println!("                          and {more} more; --json has them all");
    }
}

fn print_criterion(name: &str, criterion: &CriterionScore, measures: Option<String>) {
    let score = criterion.score.to_string();
    let line = format!("  {name:23} {score:6}  {}", criterion.reasons.join("; "));
    println!("{}", line.trim_end());
    if let Some(measures) = measures {
        println!("                          {measures}");
    }
}

fn artifacts(m: &Measures) -> String {
    format!(
        "click_ratio {:.2}, flat_ratio {:.2}, level_db {:.1}, silent {:.2}, clip {:.3}, dc {:.2}",
        m.click_ratio, m.flat_ratio, m.level_db, m.silent, m.clip, m.dc
    )
}

fn likeness(m: &Measures) -> String {
    let resemble = m.resemble.map_or("none".into(), |r| format!("{r:.2}"));
    format!(
        "resemble {resemble}, chroma {:.2}, alive {:.2}",
        m.chroma, m.alive
    )
}

fn literalness(m: &Measures) -> String {
    format!("literal {:.2}, max_ncc {:.2}", m.literal, m.max_ncc)
}

/// The training audio's spectrogram, and each prediction's waveform and spectrogram.
fn page(training_path: &Path, training: &Signal, judged: &[Judged]) -> Page {
    let rate = training.sample_rate;
    let sounds: Vec<(&Judged, Signal)> = judged
        .iter()
        .filter_map(|prediction| {
            let signal = prediction.signal.as_ref()?;
            let samples = resample::resample(&signal.samples, signal.sample_rate, rate);
            let signal = Signal {
                samples,
                sample_rate: rate,
            };
            Some((prediction, signal))
        })
        .collect();
    let longest = sounds
        .iter()
        .map(|(_, signal)| signal.seconds())
        .fold(SHORTEST_TRAINING, f64::max);
    let shown = ((longest * f64::from(rate)) as usize).min(training.samples.len());
    let beginning = Signal {
        samples: training.samples[..shown].to_vec(),
        sample_rate: rate,
    };
    let title = format!(
        "Training audio, {}, {:.1} of {:.1} s",
        file_name(training_path),
        beginning.seconds(),
        training.seconds()
    );
    let mut panels = vec![Panel::Spectrogram(Spectrogram::new(&title, &beginning))];
    for (prediction, signal) in sounds {
        let name = file_name(Path::new(&prediction.path));
        let marks = marks(&prediction.evaluation);
        let title = match marks.is_empty() {
            true => name.clone(),
            false => format!("{name}; red: clicks; green: from where in the training audio, in s"),
        };
        panels.push(Panel::Waveform(Waveform::new(&title, &signal, marks)));
        panels.push(Panel::Spectrogram(Spectrogram::new(&name, &signal)));
    }
    Page {
        title: "Predictions by the three criteria".to_owned(),
        notes: judged.iter().flat_map(notes).collect(),
        panels,
    }
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

/// Clicks, and the beginnings and ends of repeated pieces.
fn marks(evaluation: &Evaluation) -> Vec<Marker> {
    let mut clicks: Vec<&Click> = evaluation.clicks.iter().collect();
    clicks.sort_by(|a, b| b.size.total_cmp(&a.size));
    let mark = |seconds, label: String, colour| Marker {
        seconds,
        label,
        colour,
    };
    let clicks = clicks
        .into_iter()
        .take(MOST_CLICKS)
        .map(|click| mark(click.seconds, String::new(), RED));
    let pieces = evaluation.repeated.iter().flat_map(|piece| {
        let place = format!("{:.1}", piece.training_start);
        [
            mark(piece.start, place, GREEN),
            mark(piece.end, String::new(), GREEN),
        ]
    });
    clicks.chain(pieces).collect()
}

/// The scores of one prediction, why, and the numbers.
fn notes(prediction: &Judged) -> Vec<String> {
    let verdict = &prediction.evaluation.verdict;
    let criteria = [
        &verdict.criterion_1,
        &verdict.criterion_2,
        &verdict.criterion_3,
    ];
    let [artifacts_score, likeness_score, literalness_score] = criteria.map(|c| c.score);
    let name = file_name(Path::new(&prediction.path));
    let mut notes = vec![format!(
        "{name}: free from artifacts {artifacts_score}, resembles the input {likeness_score}, \
         is not literal {literalness_score}"
    )];
    let reasons = criteria.into_iter().flat_map(|c| &c.reasons);
    notes.extend(reasons.map(|reason| format!("– {reason}")));
    if let Some(measures) = &prediction.evaluation.measures {
        notes.push(artifacts(measures));
        notes.push(format!("{}, {}", likeness(measures), literalness(measures)));
    }
    notes
}
