//! `antiphon judge`: the three criteria of the dissertation as numbers.

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Serialize;

use crate::audio::{self, AudioError};
use crate::judge::{CriterionScore, Evaluation, Judge, Measures};

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
    /// The recording that the model learned from: WAV or AIFF
    #[arg(long, value_name = "FILE")]
    training: PathBuf,
    /// The sounds to judge: WAV or AIFF
    #[arg(required = true, value_name = "PREDICTION")]
    predictions: Vec<PathBuf>,
    /// Print JSON, with the times of clicks and of literally repeated pieces
    #[arg(long)]
    json: bool,
}

/// Repeated pieces that are printed for people.
const MOST_PIECES: usize = 5;

/// One prediction in JSON.
#[derive(Serialize)]
struct Judged<'a> {
    prediction: String,
    #[serde(flatten)]
    evaluation: &'a Evaluation,
}

pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let training = audio::load_as_recorded(&arguments.training)?.into_signal();
    let judge = Judge::new(&training).with_context(|| arguments.training.display().to_string())?;
    let evaluations = arguments
        .predictions
        .iter()
        .map(|path| Ok((path, evaluate(&judge, path)?)))
        .collect::<Result<Vec<_>, AudioError>>()?;
    if arguments.json {
        let judged: Vec<Judged> = evaluations
            .iter()
            .map(|(path, evaluation)| Judged {
                prediction: path.display().to_string(),
                evaluation,
            })
            .collect();
        println!("{}", serde_json::to_string_pretty(&judged)?);
    } else {
        for (path, evaluation) in &evaluations {
            print(path, evaluation);
        }
    }
    Ok(())
}

/// A prediction with samples that are not numbers can be read, but is broken.
fn evaluate(judge: &Judge, path: &Path) -> Result<Evaluation, AudioError> {
    match audio::load_as_recorded(path) {
        Ok(recording) if recording.non_finite == 0 => Ok(judge.evaluate(&recording.into_signal())),
        Ok(_) | Err(AudioError::NotFinite { .. }) => Ok(Evaluation::broken()),
        Err(error) => Err(error),
    }
}

fn print(path: &Path, evaluation: &Evaluation) {
    match &evaluation.measures {
        Some(measures) => println!("{} ({:.2} s)", path.display(), measures.seconds),
        None => println!("{} (broken)", path.display()),
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
    println!("  {name:23} {score:6}  {}", criterion.reasons.join("; "));
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
