//! How far answers follow their seeds, against numpy and as a composer asks for
//! it: `make_hears_golden.py` wrote `hears_golden.json` on the sounds computed here.

use antiphon::audio::write::{SampleFormat, write_wav};
use antiphon::judge::{ComparedSound, Hears, Identification};
use serde::Deserialize;
use serde_json::Value;

use super::common::stderr;
use super::{Desk, add, lehmer, plucks, signal};

const RATE: u32 = 11_025;
const MELODIES: [[i32; 6]; 4] = [
    [0, 4, 7, 12, 9, 5],
    [2, 5, 9, 14, 11, 7],
    [4, 7, 11, 16, 12, 9],
    [12, 11, 7, 5, 4, 0],
];

/// Four melodies of 4 s, each in its own tempo.
fn seeds() -> Vec<Vec<f64>> {
    let seed = |(n, melody): (usize, &[i32; 6])| {
        let notes = plucks(4, RATE, melody, 0.25 + 0.1 * n as f64);
        add(&notes, 0.001, &lehmer(notes.len()))
    };
    MELODIES.iter().enumerate().map(seed).collect()
}

/// 8 s to each seed: the first twice, an octave higher; the second early, with
/// noise; the third's melody in another rhythm; another melody in the fourth's.
fn answers() -> Vec<Vec<f64>> {
    let noise = lehmer(8 * RATE as usize);
    let octave_higher = plucks(4, RATE, &MELODIES[0].map(|note| note + 12), 0.25);
    let mut early = seeds()[1].repeat(2);
    early.rotate_left(500);
    vec![
        add(&octave_higher.repeat(2), 0.002, &noise),
        add(&early, 0.02, &noise),
        add(&plucks(8, RATE, &MELODIES[2], 0.4), 0.002, &noise),
        add(&plucks(8, RATE, &MELODIES[0], 0.55), 0.002, &noise),
    ]
}

/// The measures of one answer by numpy.
#[derive(Deserialize)]
struct Golden {
    chroma: f64,
    onsets: f64,
    loudness: f64,
    nearness: Vec<f64>,
    nearest: usize,
}

#[test]
fn measures_are_those_of_numpy() {
    let golden: Vec<Golden> = serde_json::from_str(include_str!("hears_golden.json")).unwrap();
    let sound = |samples: Vec<f64>| ComparedSound::of(&signal(&samples, RATE)).unwrap();
    let seeds: Vec<ComparedSound> = seeds().into_iter().map(sound).collect();
    let answers: Vec<ComparedSound> = answers().into_iter().map(sound).collect();
    let both: Vec<Option<ComparedSound>> = answers.iter().cloned().map(Some).collect();
    let identification = Identification::of(&both, &seeds).unwrap();
    for (n, golden) in golden.iter().enumerate() {
        let hears = Hears::of(&answers[n], &seeds[n]).unwrap();
        let mut pairs = vec![
            ("chroma", hears.chroma, golden.chroma),
            ("onsets", hears.onsets, golden.onsets),
            ("loudness", hears.loudness, golden.loudness),
        ];
        let nearness = identification.nearness[n].as_ref().unwrap();
        pairs.extend(
            nearness
                .iter()
                .zip(&golden.nearness)
                .map(|(a, b)| ("nearness", *a, *b)),
        );
        for (what, ours, theirs) in pairs {
            let tolerance = f64::max(0.01 * theirs.abs(), 1e-3);
            assert!(
                (ours - theirs).abs() <= tolerance,
                "{n}: {what} is {ours}, by numpy {theirs}"
            );
        }
        assert_eq!(identification.nearest(n), Some(golden.nearest), "{n}");
    }
    assert_eq!(identification.right(), 3);
}

/// A desk with the seeds, the answers, a theme, silence and a moment.
fn desk() -> Desk {
    let desk = Desk::new();
    let wav = |name: &str, samples: &[f64]| {
        let sound = signal(samples, RATE);
        write_wav(&desk.path(name), &sound, SampleFormat::Int16).unwrap();
    };
    for (n, (seed, answer)) in seeds().iter().zip(answers()).enumerate() {
        wav(&format!("seed {n}.wav"), seed);
        wav(&format!("answer {n}.wav"), &answer);
    }
    wav("theme.wav", &plucks(6, RATE, &MELODIES[1], 0.3));
    wav("silent.wav", &[0.0; 30_000]);
    wav("moment.wav", &seeds()[0][..4000]);
    desk
}

/// `antiphon judge` by the training audio, of predictions and their seeds.
fn judge(
    desk: &Desk,
    predictions: &[&str],
    seeds: &[&str],
    extra: &[&str],
) -> std::process::Output {
    let path = |name: &str| desk.path(name).to_str().unwrap().to_owned();
    let seeds = seeds
        .iter()
        .flat_map(|seed| ["--seed".to_owned(), path(seed)]);
    let extra = extra.iter().map(|word| match word.contains('.') {
        true => path(word),
        false => (*word).to_owned(),
    });
    let extra: Vec<String> = seeds.chain(extra).collect();
    let extra: Vec<&str> = extra.iter().map(String::as_str).collect();
    desk.judge("training.wav", predictions, &extra)
}

const ANSWERS: [&str; 4] = [
    "answer 0.wav",
    "answer 1.wav",
    "answer 2.wav",
    "answer 3.wav",
];
const SEEDS: [&str; 4] = ["seed 0.wav", "seed 1.wav", "seed 2.wav", "seed 3.wav"];

fn json(output: &std::process::Output) -> Vec<Value> {
    assert!(output.status.success(), "{}", stderr(output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn text(output: std::process::Output) -> String {
    assert!(output.status.success(), "{}", stderr(&output));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn several_answers_are_told_apart_by_their_seeds() {
    let desk = desk();
    let judged = json(&judge(&desk, &ANSWERS, &SEEDS, &["--json"]));
    let golden: Vec<Golden> = serde_json::from_str(include_str!("hears_golden.json")).unwrap();
    assert_eq!(judged.len(), 4);
    for (n, (judged, golden)) in judged.iter().zip(golden).enumerate() {
        let ends_with = |value: &Value, end: &str| value.as_str().unwrap().ends_with(end);
        assert!(ends_with(&judged["training"], "training.wav"));
        assert!(ends_with(&judged["seed"], SEEDS[n]));
        let chroma = judged["hears"]["chroma"].as_f64().unwrap();
        assert!((chroma - golden.chroma).abs() < 0.01, "{n}: {chroma}");
        let identification = &judged["identification"];
        assert!(ends_with(&identification["nearest"], SEEDS[golden.nearest]));
        assert_eq!(identification["right"], golden.nearest == n);
        assert_eq!(
            (&identification["identified"], &identification["of"]),
            (&3.into(), &4.into())
        );
    }

    let said = text(judge(&desk, &ANSWERS, &SEEDS, &[]));
    for words in [
        "hears its seed          chroma 1.00, onsets 0.99, loudness 1.00",
        "nearest of all seeds to its own",
        "nearer to seed 0.wav than to its own",
        "identified 3 of 4",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[test]
fn one_seed_is_for_all_answers_and_without_one_nothing_is_said_of_it() {
    let desk = desk();
    let predictions = ["answer 0.wav", "answer 1.wav", "silent.wav", "moment.wav"];
    let output = judge(&desk, &predictions, &SEEDS[..1], &["--json"]);
    let judged = json(&output);
    let chroma = |n: usize| judged[n]["hears"]["chroma"].as_f64();
    assert!(chroma(0) > chroma(1) && chroma(1).is_some());
    assert_eq!((chroma(2), chroma(3)), (None, None));
    assert!(judged[0].get("identification").is_none());
    let said = text(judge(&desk, &predictions, &SEEDS[..1], &[]));
    assert!(
        said.contains("hears its seed          not measured: broken"),
        "{said}"
    );
    assert!(said.contains("not measured: shorter than 2.41 s"), "{said}");
    assert!(
        !said.contains("identified") && !said.contains("nearest"),
        "{said}"
    );
    let said = text(judge(&desk, &predictions, &[], &[]));
    assert!(!said.contains("hears"), "{said}");
}

#[test]
fn each_training_recording_has_scores_of_its_own() {
    let desk = desk();
    let theme = ["--training", "theme.wav", "--json"];
    let judged = json(&judge(&desk, &ANSWERS[..2], &SEEDS[..1], &theme));
    let names = |n: usize| {
        let name = |key: &str| judged[n][key].as_str().unwrap().rsplit('/').next().unwrap();
        (name("prediction"), name("training"))
    };
    assert_eq!(judged.len(), 4);
    assert_eq!(names(1), ("answer 0.wav", "theme.wav"));
    assert_eq!(names(2), ("answer 1.wav", "training.wav"));
    assert_ne!(judged[0]["chroma"], judged[1]["chroma"]);
    assert_eq!(judged[0]["hears"], judged[1]["hears"]);
    let said = text(judge(&desk, &ANSWERS[..1], &SEEDS[..1], &theme[..2]));
    assert!(said.contains("theme.wav (8.00 s)"), "{said}");
    assert_eq!(said.matches("1 free from artifacts").count(), 2, "{said}");
    assert_eq!(said.matches("hears its seed").count(), 1, "{said}");
}

#[test]
fn the_page_has_the_pitch_classes_of_seed_and_answer() {
    let desk = desk();
    let predictions = ["answer 0.wav", "silent.wav"];
    let plot = ["--plot", "page.svg", "--training", "theme.wav"];
    let output = judge(&desk, &predictions, &SEEDS[..2], &plot);
    assert!(output.status.success(), "{}", stderr(&output));
    let svg = std::fs::read_to_string(desk.path("page.svg")).unwrap();
    let place = |words: &str| svg.find(words).unwrap_or_else(|| panic!("{words}"));
    let seed = place("seed 0.wav, the seed, again and again: pitch classes over time");
    assert!(seed < place("answer 0.wav, the prediction: pitch classes over time"));
    for words in [
        "hears its seed: chroma 1.00",
        "hears its seed: not measured: broken; near to no seed",
        "identified 1 of 2",
        "answer 0.wav by theme.wav",
        "Training audio, theme.wav, 6.0 of 6.0 s",
    ] {
        place(words);
    }
}

#[test]
fn seeds_that_cannot_be_compared_with() {
    let desk = desk();
    for (predictions, seeds, words) in [
        (
            &ANSWERS[..1],
            &["silent.wav"][..],
            ["silent.wav", "it is silent"],
        ),
        (
            &ANSWERS[..1],
            &["missing.wav"],
            ["missing.wav", "cannot open"],
        ),
        (
            &ANSWERS[..2],
            &["seed 0.wav", "moment.wav"],
            ["moment.wav", "0.37 s"],
        ),
        (
            &ANSWERS[..3],
            &SEEDS[..2],
            ["2 seeds and 3 predictions", "one --seed for each"],
        ),
    ] {
        desk.assert_refused(&judge(&desk, predictions, seeds, &[]), &words);
    }
}
