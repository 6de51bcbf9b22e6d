//! `antiphon judge`, against numpy and scipy and as a composer uses it:
//! `judge/make_golden.py` wrote `judge/golden.json` on the sounds computed here.

mod common;
#[path = "judge/hears.rs"]
mod hears;

use std::collections::BTreeMap;
use std::f64::consts::TAU;
use std::path::{Path, PathBuf};

use antiphon::audio::Signal;
use antiphon::audio::write::{SampleFormat, write_wav};
use antiphon::judge::{Judge, Measures, Score};
use common::{run, stderr};
use serde::Deserialize;
use serde_json::Value;

const RATE: u32 = 8000;
const MELODY: [i32; 12] = [0, 4, 7, 12, 9, 5, 2, 7, 11, 7, 4, 2];

/// Noise from -1 to 1 of Lehmer's generator.
fn lehmer(count: usize) -> Vec<f64> {
    let mut state: u64 = 20_260_522;
    let mut next = || {
        state = state * 48_271 % 2_147_483_647;
        2.0 * state as f64 / 2_147_483_647.0 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// Notes that decay, one after the other, over A2 (110 Hz).
fn plucks(seconds: usize, rate: u32, melody: &[i32], note_seconds: f64) -> Vec<f64> {
    (0..seconds * rate as usize)
        .map(|n| {
            let t = n as f64 / f64::from(rate);
            let note = (t / note_seconds).floor();
            let since = t - note * note_seconds;
            let note = note as usize;
            let hz = 110.0 * 2f64.powf(f64::from(melody[note % melody.len()]) / 12.0);
            let loudness = 0.2 + 0.05 * (note * 7 % 5) as f64;
            let partial = |k: f64| (TAU * k * hz * since).sin() * (-2.0 * k * since).exp() / k;
            loudness * (1..=8).map(|k| partial(f64::from(k))).sum::<f64>()
        })
        .collect()
}

fn add(a: &[f64], gain: f64, b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + gain * b).collect()
}

fn signal(samples: &[f64], sample_rate: u32) -> Signal {
    Signal {
        samples: samples.iter().map(|s| *s as f32).collect(),
        sample_rate,
    }
}

fn training() -> Vec<f64> {
    add(&plucks(9, RATE, &MELODY, 0.3), 0.001, &lehmer(72_000))
}

/// The melody played otherwise.
fn variation() -> Vec<f64> {
    let melody = [&MELODY[5..], &MELODY[..4]].concat();
    add(&plucks(6, RATE, &melody, 0.4), 0.001, &lehmer(48_000))
}

/// The training audio, half as loud and upside down, with some noise.
fn copy() -> Vec<f64> {
    let half: Vec<f64> = training()[20_000..52_000]
        .iter()
        .map(|s| -0.5 * s)
        .collect();
    add(&half, 0.002, &lehmer(32_000))
}

/// The variation with an impulse every 1500 samples from the 1000th on.
fn clicky() -> Vec<f64> {
    let mut clicky = variation();
    clicky
        .iter_mut()
        .skip(1000)
        .step_by(1500)
        .for_each(|s| *s += 0.7);
    clicky
}

fn predictions() -> Vec<(&'static str, Signal)> {
    let drone: Vec<f64> = (0..48_000)
        .map(|n| n as f64 / f64::from(RATE))
        .map(|t| 0.2 * (TAU * 155.0 * t).sin() + 0.1 * (TAU * 310.0 * t).sin())
        .collect();
    let noise: Vec<f64> = lehmer(48_000).iter().map(|s| 0.3 * s).collect();
    let mut silent = variation();
    silent[16_400..].fill(0.0);
    let loud: Vec<f64> = variation()
        .iter()
        .map(|s| (4.0 * s).clamp(-1.0, 1.0) + 0.05)
        .collect();
    let mut predictions: Vec<(&str, Signal)> = [
        ("variation", variation()),
        ("drone", drone),
        ("noise", noise),
        ("copy", copy()),
        ("clicky", clicky()),
        ("mostly silent", silent),
        ("loud", loud),
        ("short", variation()[..2000].to_vec()),
    ]
    .into_iter()
    .map(|(name, samples)| (name, signal(&samples, RATE)))
    .collect();
    let other_rate = plucks(6, 11_025, &MELODY[3..], 0.4);
    let other_rate = add(&other_rate, 0.002, &lehmer(66_150));
    predictions.push(("other rate", signal(&other_rate, 11_025)));
    predictions
}

/// The measures of one prediction by numpy and scipy.
#[derive(Deserialize)]
struct Golden {
    seconds: f64,
    click_ratio: f64,
    flat_ratio: f64,
    level_db: f64,
    silent: f64,
    clip: f64,
    dc: f64,
    alive: f64,
    resemble: f64,
    chroma: f64,
    literal: f64,
    max_ncc: f64,
}

#[test]
fn measures_are_those_of_numpy_and_scipy() {
    let golden: BTreeMap<String, Golden> =
        serde_json::from_str(include_str!("judge/golden.json")).unwrap();
    let judge = Judge::new(&signal(&training(), RATE)).unwrap();
    let predictions = predictions();
    assert_eq!(predictions.len(), golden.len());
    for (name, prediction) in predictions {
        let m: Measures = judge.evaluate(&prediction).measures.unwrap();
        let g = &golden[name];
        for (what, ours, theirs, near_zero) in [
            ("seconds", m.seconds, g.seconds, 0.0),
            ("click_ratio", m.click_ratio, g.click_ratio, 0.0),
            ("flat_ratio", m.flat_ratio, g.flat_ratio, 1e-4),
            ("level_db", m.level_db, g.level_db, 0.01),
            ("silent", m.silent, g.silent, 0.0),
            ("clip", m.clip, g.clip, 1e-6),
            ("dc", m.dc, g.dc, 1e-4),
            ("alive", m.alive, g.alive, 0.0),
            // A ratio of distances, counted from 1.
            (
                "1 - resemble",
                1.0 - m.resemble.unwrap(),
                1.0 - g.resemble,
                1e-3,
            ),
            ("chroma", m.chroma, g.chroma, 0.0),
            ("literal", m.literal, g.literal, 1e-6),
            ("max_ncc", m.max_ncc, g.max_ncc, 0.0),
        ] {
            // Resamplers differ in the last percents below the Nyquist frequency,
            // and flatness hangs on the quietest bins.
            let relative = match (name, what) {
                ("other rate", "flat_ratio") => 0.25,
                _ => 0.02,
            };
            let tolerance = f64::max(relative * theirs.abs(), near_zero);
            assert!(
                (ours - theirs).abs() <= tolerance,
                "{name}: {what} is {ours}, by numpy and scipy {theirs}"
            );
        }
    }
}

#[test]
fn each_failure_lowers_the_criterion_that_it_concerns() {
    use Score::{High, Low, Medium};
    let judge = Judge::new(&signal(&training(), RATE)).unwrap();
    let scores: BTreeMap<&str, [Score; 3]> = predictions()
        .iter()
        .map(|(name, prediction)| {
            let v = judge.evaluate(prediction).verdict;
            let scores = [v.criterion_1, v.criterion_2, v.criterion_3].map(|c| c.score);
            (*name, scores)
        })
        .collect();
    // Of the notes played otherwise some are the same.
    assert_eq!(scores["variation"], [High, High, Medium]);
    assert_eq!(scores["copy"], [High, High, Low]);
    assert_eq!(scores["drone"], [High, Low, High]);
    assert_eq!(scores["noise"], [Low, Low, High]);
    assert_eq!(scores["clicky"][0], Medium);
    assert_eq!(scores["mostly silent"][0], Low);
    assert_eq!(scores["loud"][0], Low);
}

/// A folder with the training audio and predictions.
struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Desk {
        let desk = Desk {
            folder: tempfile::tempdir().unwrap(),
        };
        desk.wav("training.wav", &training());
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn wav(&self, name: &str, samples: &[f64]) {
        write_wav(
            &self.path(name),
            &signal(samples, RATE),
            SampleFormat::Int16,
        )
        .unwrap();
    }

    fn judge(&self, training: &str, predictions: &[&str], extra: &[&str]) -> std::process::Output {
        let mut arguments = vec!["judge".into(), "--training".into(), self.path(training)];
        arguments.extend(predictions.iter().map(|name| self.path(name)));
        arguments.extend(extra.iter().map(PathBuf::from));
        run(arguments)
    }

    /// One line on standard error that contains `words`, and status 1.
    fn assert_refused(&self, output: &std::process::Output, words: &[&str]) {
        let said = stderr(output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(output.stdout.is_empty());
        let sentence = said.lines().last().unwrap();
        for word in words {
            assert_eq!(sentence.matches(word).count(), 1, "{word}: {said}");
        }
    }
}

#[test]
fn json_says_where_clicks_and_repeated_pieces_are() {
    let desk = Desk::new();
    desk.wav("clicky.wav", &clicky());
    let mut quotation = variation();
    quotation[16_000..40_000].copy_from_slice(&training()[24_400..48_400]);
    desk.wav("quotation.wav", &quotation);

    let output = desk.judge(
        "training.wav",
        &["clicky.wav", "quotation.wav"],
        &["--json"],
    );
    assert!(output.status.success(), "{}", stderr(&output));
    let judged: Value = serde_json::from_slice(&output.stdout).unwrap();
    let clicky = &judged[0];
    assert_eq!(clicky["broken"], false);
    assert_eq!(clicky["seconds"], 6.0);
    assert_eq!(clicky["verdict"]["criterion_1"]["score"], "Medium");
    let times: Vec<f64> = clicky["clicks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|click| click["seconds"].as_f64().unwrap())
        .collect();
    let impulses: Vec<f64> = (1000..48_000)
        .step_by(1500)
        .map(|n| f64::from(n) / 8000.0)
        .collect();
    assert_eq!(times, impulses);

    let quotation = &judged[1];
    assert!(
        quotation["prediction"]
            .as_str()
            .unwrap()
            .ends_with("quotation.wav")
    );
    assert_eq!(quotation["verdict"]["criterion_3"]["score"], "Medium");
    let pieces = quotation["repeated"].as_array().unwrap();
    let whole = |piece: &&Value| piece["end"].as_f64() > Some(4.9);
    let piece = pieces.iter().find(whole).unwrap();
    assert_eq!((&piece["start"], &piece["end"]), (&2.0.into(), &5.0.into()));
    assert_eq!(piece["training_start"], 3.05);
}

#[test]
fn people_read_scores_reasons_and_numbers() {
    let desk = Desk::new();
    desk.wav("copy.wav", &copy());
    let output = desk.judge("training.wav", &["copy.wav"], &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    for words in [
        "copy.wav (4.00 s)",
        "1 free from artifacts   High",
        "3 is not literal        Low     100 % stands in the training audio",
        "4.0 s of the training audio unchanged",
        "max_ncc 1.00",
        "0.0 to 4.0 s stand at 2.50 s of the training audio",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn the_page_has_scores_numbers_and_marks() {
    let desk = Desk::new();
    desk.wav("copy.wav", &copy());
    desk.wav("clicky.wav", &clicky());
    desk.wav("silent.wav", &[0.0; 8000]);
    let page = desk.path("page.svg");
    let output = desk.judge(
        "training.wav",
        &["copy.wav", "clicky.wav", "silent.wav"],
        &["--plot", page.to_str().unwrap()],
    );
    assert!(output.status.success(), "{}", stderr(&output));
    let svg = std::fs::read_to_string(&page).unwrap();
    for words in [
        "copy.wav: free from artifacts High, resembles the input High, is not literal Low",
        "silent.wav: free from artifacts Low",
        "Training audio, training.wav, 6.0 of 9.0 s",
        "4.0 s of the training audio unchanged",
        "max_ncc 1.00",
    ] {
        assert!(svg.contains(words), "{words}");
    }
    let red = svg.to_lowercase().matches("#c81e1e").count();
    assert!(red >= 32, "as many red lines as clicks: {red}");

    let slip = desk.path("training.wav");
    let output = desk.judge(
        "training.wav",
        &["copy.wav"],
        &["--plot", slip.to_str().unwrap()],
    );
    assert_eq!(output.status.code(), Some(2), "a sound is not replaced");
    let nowhere = desk.path("nowhere/page.svg");
    let output = desk.judge(
        "training.wav",
        &["copy.wav"],
        &["--plot", nowhere.to_str().unwrap()],
    );
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("cannot write"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_prediction_without_sound_is_broken_and_the_others_are_judged() {
    let desk = Desk::new();
    desk.wav("silent.wav", &[0.0; 8000]);
    desk.wav("moment.wav", &[0.5]);
    let mut samples = variation();
    samples[77] = f64::NAN;
    float_wav(&desk.path("nan.wav"), &samples);
    float_wav(&desk.path("all nan.wav"), &[f64::NAN; 100]);

    let predictions = ["silent.wav", "nan.wav", "all nan.wav", "moment.wav"];
    let output = desk.judge("training.wav", &predictions, &["--json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let judged: Value = serde_json::from_slice(&output.stdout).unwrap();
    for prediction in &judged.as_array().unwrap()[..3] {
        assert_eq!(prediction["broken"], true);
        assert_eq!(prediction["verdict"]["criterion_1"]["score"], "Low");
        assert!(prediction.get("click_ratio").is_none());
    }
    assert_eq!(judged[3]["broken"], false);
    let output = desk.judge("training.wav", &predictions, &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("silent.wav (broken)"), "{text}");
}

#[test]
fn what_cannot_be_judged_or_judged_by() {
    let desk = Desk::new();
    desk.wav("silent.wav", &[0.0; 40_000]);
    desk.wav("short.wav", &training()[..8000]);
    std::fs::write(desk.path("letter.wav"), "dear composer, this is no sound").unwrap();
    let good = "training.wav";
    for (training, prediction, words) in [
        ("silent.wav", good, ["silent.wav", "nothing moves"]),
        ("short.wav", good, ["short.wav", "too short"]),
        (
            "letter.wav",
            good,
            ["letter.wav", "is a text, which is not read"],
        ),
        ("missing.wav", good, ["missing.wav", "cannot open"]),
        (
            good,
            "letter.wav",
            ["letter.wav", "is a text, which is not read"],
        ),
        (good, "missing.wav", ["missing.wav", "cannot open"]),
    ] {
        desk.assert_refused(&desk.judge(training, &[prediction], &[]), &words);
    }
    assert_eq!(desk.judge(good, &[], &[]).status.code(), Some(2));
}

/// A WAV file of 32-bit floats, whatever they are.
fn float_wav(path: &Path, samples: &[f64]) {
    let data: Vec<u8> = samples
        .iter()
        .flat_map(|s| (*s as f32).to_le_bytes())
        .collect();
    let mut file = b"RIFF".to_vec();
    file.extend((36 + data.len() as u32).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x03\0\x01\0");
    file.extend(RATE.to_le_bytes());
    file.extend((4 * RATE).to_le_bytes());
    file.extend(b"\x04\0\x20\0data");
    file.extend((data.len() as u32).to_le_bytes());
    file.extend(data);
    std::fs::write(path, file).unwrap();
}
