//! What `antiphon judge` tells people.

use std::path::Path;

use super::Reference;
use super::judged::{BesideSeed, Identified, Judged};
use crate::judge::{CriterionScore, Evaluation, Hears, LEAST_ANSWER_SECONDS, Measures};
use crate::names::{printable, readable};

/// Repeated pieces that are printed for people.
const MOST_PIECES: usize = 5;

/// Prints all predictions, and how many are nearest to their own seeds.
pub fn print(judged: &[Judged], trainings: &[Reference]) {
    for prediction in judged {
        for (evaluation, training) in prediction.evaluations.iter().zip(trainings) {
            let by = match trainings.len() {
                1 => String::new(),
                _ => format!(" by {}", training.path.display()),
            };
            print_evaluation(&format!("{}{by}", prediction.path), evaluation);
        }
        if let Some(heard) = &prediction.heard {
            print_heard(heard);
        }
    }
    if let Some(identified) = identified(judged) {
        say!("{}", in_all(identified));
    }
}

fn print_evaluation(path: &str, evaluation: &Evaluation) {
    match &evaluation.measures {
        Some(measures) => say!("{path} ({:.2} s)", measures.seconds),
        None => say!("{path} (broken)"),
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
        say!(
            "                          {:.1} to {:.1} s stand at {:.2} s of the training audio",
            piece.start,
            piece.end,
            piece.training_start
        );
    }
    if let Some(more @ 1..) = evaluation.repeated.len().checked_sub(MOST_PIECES) {
        say!("                          and {more} more; --json has them all");
    }
}

fn print_criterion(name: &str, criterion: &CriterionScore, measures: Option<String>) {
    let score = criterion.score.to_string();
    let line = format!("  {name:23} {score:6}  {}", criterion.reasons.join("; "));
    say!("{}", line.trim_end());
    if let Some(measures) = measures {
        say!("                          {measures}");
    }
}

fn print_heard(heard: &BesideSeed) {
    say!("  {:23} {}", "hears its seed", hearing(heard));
    if let Some(identified) = &heard.identified {
        say!("                          {}", nearest(identified));
    }
}

/// The measures of criterion 1.
pub fn artifacts(m: &Measures) -> String {
    format!(
        "click_ratio {:.2}, flat_ratio {:.2}, level_db {:.1}, silent {:.2}, clip {:.3}, dc {:.2}",
        m.click_ratio, m.flat_ratio, m.level_db, m.silent, m.clip, m.dc
    )
}

/// The measures of criterion 2.
pub fn likeness(m: &Measures) -> String {
    let resemble = m.resemble.map_or("none".into(), |r| format!("{r:.2}"));
    format!(
        "resemble {resemble}, chroma {:.2}, alive {:.2}",
        m.chroma, m.alive
    )
}

/// The measures of criterion 3.
pub fn literalness(m: &Measures) -> String {
    format!("literal {:.2}, max_ncc {:.2}", m.literal, m.max_ncc)
}

/// How far a prediction follows its seed.
pub fn hearing(heard: &BesideSeed) -> String {
    match (&heard.hears, &heard.sounds) {
        (
            Some(Hears {
                chroma,
                onsets,
                loudness,
            }),
            _,
        ) => {
            format!("chroma {chroma:.2}, onsets {onsets:.2}, loudness {loudness:.2}")
        }
        (None, Some(_)) => {
            format!("not measured: shorter than {LEAST_ANSWER_SECONDS:.2} s")
        }
        (None, None) => "not measured: broken".to_owned(),
    }
}

/// Which seed a prediction is nearest to.
pub fn nearest(identified: &Identified) -> String {
    match &identified.nearest {
        _ if identified.right => "nearest of all seeds to its own".to_owned(),
        Some(seed) => format!("nearer to {} than to its own", file_name(Path::new(seed))),
        None => "near to no seed".to_owned(),
    }
}

/// How many of all predictions are nearest to their own seeds.
pub fn in_all(identified: &Identified) -> String {
    format!(
        "identified {} of {}: as many are nearer to their own seed than to the others",
        identified.identified, identified.of
    )
}

/// What any of the predictions says of all.
pub fn identified(judged: &[Judged]) -> Option<&Identified> {
    judged.first()?.heard.as_ref()?.identified.as_ref()
}

/// The last part of a path.
pub fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    printable(&readable(name)).into_owned()
}
