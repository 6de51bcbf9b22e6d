//! The page that `antiphon judge --plot` draws.

use std::path::Path;

use super::Reference;
use super::judged::{BesideSeed, Judged};
use super::text::{
    artifacts, file_name, hearing, identified, in_all, likeness, literalness, nearest,
};
use crate::audio::{Signal, resample};
use crate::judge::{CHROMA_BEGIN_SECONDS, CHROMA_HOP_SECONDS, Click, ComparedSound, Evaluation};
use crate::plot::{Chromagram, Colour, Marker, Page, Panel, Spectrogram, Waveform};

/// Clicks that are drawn, the largest; more would hide the waveform.
const MOST_CLICKS: usize = 200;

/// Seconds of the training audio that are drawn at least; else as many as the
/// longest prediction has, since all sounds share the time axis.
const SHORTEST_TRAINING: f64 = 5.0;

const RED: Colour = [200, 30, 30];
const GREEN: Colour = [20, 120, 60];

/// The training audio's spectrogram, and each prediction's waveform and
/// spectrogram, and its seed's and its own pitch classes over time.
pub fn page(trainings: &[Reference], judged: &[Judged]) -> Page {
    let longest = judged
        .iter()
        .filter_map(|prediction| prediction.signal.as_ref())
        .map(Signal::seconds)
        .fold(SHORTEST_TRAINING, f64::max);
    // All at the rate of the first, so that they are drawn up to one frequency.
    let rate = trainings
        .first()
        .map_or(0, |first| first.signal.sample_rate);
    let mut panels: Vec<Panel> = trainings
        .iter()
        .map(|training| beginning(training, longest, rate))
        .collect();
    for prediction in judged {
        panels.extend(sound_panels(prediction, trainings, rate));
        panels.extend(
            prediction
                .heard
                .iter()
                .flat_map(|heard| chromagrams(heard, &prediction.path)),
        );
    }
    let mut notes: Vec<String> = judged
        .iter()
        .flat_map(|prediction| notes(prediction, trainings))
        .collect();
    notes.extend(identified(judged).map(in_all));
    Page {
        title: "Predictions by the three criteria".to_owned(),
        notes,
        panels,
        width: None,
    }
}

/// The spectrogram of as much of a training recording as is drawn.
fn beginning(training: &Reference, longest: f64, rate: u32) -> Panel {
    let signal = &training.signal;
    let shown = (longest * f64::from(signal.sample_rate)) as usize;
    let shown = &signal.samples[..shown.min(signal.samples.len())];
    let beginning = at_rate(shown, signal.sample_rate, rate);
    let title = format!(
        "Training audio, {}, {:.1} of {:.1} s",
        file_name(&training.path),
        beginning.seconds(),
        signal.seconds()
    );
    Panel::Spectrogram(Spectrogram::new(&title, &beginning))
}

fn at_rate(samples: &[f32], from: u32, to: u32) -> Signal {
    Signal {
        samples: resample::resample(samples, from, to),
        sample_rate: to,
    }
}

/// A prediction's waveform, marked by each training recording, and its spectrogram.
fn sound_panels(prediction: &Judged, trainings: &[Reference], rate: u32) -> Vec<Panel> {
    let Some(signal) = &prediction.signal else {
        return Vec::new();
    };
    let signal = at_rate(&signal.samples, signal.sample_rate, rate);
    let name = file_name(Path::new(&prediction.path));
    let mut panels: Vec<Panel> = named_evaluations(prediction, trainings)
        .map(|(name, evaluation)| {
            let marks = marks(evaluation);
            let title = match marks.is_empty() {
                true => name,
                false => {
                    format!("{name}; red: clicks; green: from where in the training audio, in s")
                }
            };
            Panel::Waveform(Waveform::new(&title, &signal, marks))
        })
        .collect();
    panels.push(Panel::Spectrogram(Spectrogram::new(&name, &signal)));
    panels
}

/// The evaluations of a prediction, each with its name and, of several, the
/// training recording's.
fn named_evaluations<'a>(
    prediction: &'a Judged,
    trainings: &'a [Reference],
) -> impl Iterator<Item = (String, &'a Evaluation)> {
    let name = file_name(Path::new(&prediction.path));
    let evaluations = prediction.evaluations.iter().zip(trainings);
    evaluations.map(move |(evaluation, training)| match trainings.len() {
        1 => (name.clone(), evaluation),
        _ => (
            format!("{name} by {}", file_name(&training.path)),
            evaluation,
        ),
    })
}

/// Pitch classes over time: the seed's, and below it the prediction's.
fn chromagrams(heard: &BesideSeed, prediction: &str) -> Vec<Panel> {
    let Some([seed, answer]) = &heard.sounds else {
        return Vec::new();
    };
    let panel = |path: &str, what: &str, sound: &ComparedSound| {
        Panel::Chromagram(Chromagram {
            title: format!(
                "{}, {what}: pitch classes over time",
                file_name(Path::new(path))
            ),
            begin_seconds: CHROMA_BEGIN_SECONDS,
            hop_seconds: CHROMA_HOP_SECONDS,
            profiles: sound.chroma_over_time(),
        })
    };
    vec![
        panel(&heard.seed, "the seed, again and again", seed),
        panel(prediction, "the prediction", answer),
    ]
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
fn notes(prediction: &Judged, trainings: &[Reference]) -> Vec<String> {
    let mut notes: Vec<String> = named_evaluations(prediction, trainings)
        .flat_map(|(name, evaluation)| evaluation_notes(&name, evaluation))
        .collect();
    if let Some(heard) = &prediction.heard {
        let nearest = heard.identified.as_ref().map(nearest);
        let parts = [Some(hearing(heard)), nearest].into_iter().flatten();
        notes.push(format!(
            "hears its seed: {}",
            parts.collect::<Vec<_>>().join("; ")
        ));
    }
    notes
}

fn evaluation_notes(name: &str, evaluation: &Evaluation) -> Vec<String> {
    let verdict = &evaluation.verdict;
    let criteria = [
        &verdict.criterion_1,
        &verdict.criterion_2,
        &verdict.criterion_3,
    ];
    let [artifacts_score, likeness_score, literalness_score] = criteria.map(|c| c.score);
    let mut notes = vec![format!(
        "{name}: free from artifacts {artifacts_score}, resembles the input {likeness_score}, \
         is not literal {literalness_score}"
    )];
    let reasons = criteria.into_iter().flat_map(|c| &c.reasons);
    notes.extend(reasons.map(|reason| format!("– {reason}")));
    if let Some(measures) = &evaluation.measures {
        notes.push(artifacts(measures));
        notes.push(format!("{}, {}", likeness(measures), literalness(measures)));
    }
    notes
}
