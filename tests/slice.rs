//! Loops for the sympathetic patch, by the program itself.

mod common;

use std::path::{Path, PathBuf};
use std::process::Output;

use antiphon::audio::{Signal, load_as_recorded};
use antiphon::slice::{Row, parse};
use common::gallery::{Gallery, LIVELY, listing};
use common::{run, stderr, write_seed};
use serde_json::{Value, json};
use tempfile::TempDir;

const RATE: u32 = 44100;
/// Of the usual eight bands, those with the indices 2, 3, 5 and 7.
const PITCHES: [f64; 4] = [146.83, 185.0, 440.0, 880.0];
const BANDS: [usize; 4] = [2, 3, 5, 7];

/// Tones of `seconds` each, one after the other: a struck sound that sustains, with partials.
fn tones(pitches: &[f64], seconds: f64, sample_rate: u32) -> Signal {
    let rate = f64::from(sample_rate);
    let mut samples = Vec::new();
    for hz in pitches {
        for n in 0..(seconds * rate) as usize {
            let t = n as f64 / rate;
            let partial = |k: f64| {
                let phase = std::f64::consts::TAU * k * hz * t;
                phase.sin() * (-0.8 * k * t).exp() / (k * k)
            };
            let rise = (t / 0.005).min(1.0) * ((seconds - t) / 0.02).min(1.0);
            let wave: f64 = (1..=4).map(|k| partial(f64::from(k))).sum();
            samples.push((0.4 * rise * wave) as f32);
        }
    }
    Signal {
        samples,
        sample_rate,
    }
}

/// A folder with predictions in it.
struct Desk(TempDir);

impl Desk {
    /// With four tones in two predictions.
    fn new() -> Desk {
        let desk = Desk(tempfile::tempdir().unwrap());
        write_seed(&desk.path("one.wav"), &tones(&PITCHES[..2], 1.5, RATE));
        write_seed(&desk.path("two.wav"), &tones(&PITCHES[2..], 1.5, RATE));
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn try_slice(&self, predictions: &[&str], asked: &[&str]) -> Output {
        let mut words = vec![PathBuf::from("slice")];
        words.extend(predictions.iter().map(|name| self.path(name)));
        words.extend(["--output".into(), self.path("slices")]);
        words.extend(asked.iter().map(PathBuf::from));
        run(words)
    }

    /// What is said of the slices of both predictions.
    fn slice(&self, asked: &[&str]) -> String {
        let output = self.try_slice(&["one.wav", "two.wav"], asked);
        assert!(output.status.success(), "{asked:?}: {}", stderr(&output));
        stderr(&output)
    }

    fn assert_refused(&self, predictions: &[&str], asked: &[&str], word: &str) {
        let output = self.try_slice(predictions, asked);
        let said = stderr(&output);
        assert!(!output.status.success(), "{asked:?}: {said}");
        assert!(said.contains(word), "{word}: {said}");
    }

    fn table(&self) -> Vec<Row> {
        table(&self.path("slices"))
    }

    /// Every file of the slices, with its bytes.
    fn files(&self) -> Vec<(String, Vec<u8>)> {
        let folder = self.path("slices");
        let read = |name: String| (name.clone(), std::fs::read(folder.join(name)).unwrap());
        listing(&folder).into_iter().map(read).collect()
    }
}

fn table(slices: &Path) -> Vec<Row> {
    parse(&std::fs::read_to_string(slices.join("bands.txt")).unwrap()).unwrap()
}

fn sound(path: &Path) -> Signal {
    load_as_recorded(path).unwrap().into_signal()
}

fn cents(hz: f64, of: f64) -> f64 {
    1200.0 * (hz / of).log2().abs()
}

/// How sharp the sharpest moment is within 2 ms of the joins of a loop that is played ten
/// times, beside the sharpest moment of the rest.
fn sharpness_of_joins(looped: &Signal) -> f32 {
    let length = looped.samples.len();
    let ten: Vec<f32> = looped.samples.repeat(10);
    let near = looped.sample_rate as usize / 500;
    let (mut joins, mut rest) = (0f32, 0f32);
    for (n, s) in ten.windows(3).enumerate() {
        let sharp = (s[0] - 2.0 * s[1] + s[2]).abs();
        let place = (n + 1) % length;
        let of = match place < near || place > length - near {
            true => &mut joins,
            false => &mut rest,
        };
        *of = of.max(sharp);
    }
    joins / rest
}

/// How much louder or quieter the 20 ms around the join are than the quietest and the
/// loudest 20 ms of the rest: 1 where they lie between.
fn swelling_of_join(looped: &Signal) -> f32 {
    let block = looped.sample_rate as usize / 50;
    let half = looped.samples.len() / 2;
    let mut turned = looped.samples.clone();
    turned.rotate_left(half);
    let rms = |s: &[f32]| (s.iter().map(|s| s * s).sum::<f32>() / s.len() as f32).sqrt();
    let join = looped.samples.len() - half;
    let at_join = rms(&turned[join - block / 2..join + block / 2]);
    let blocks: Vec<f32> = looped.samples.chunks_exact(block).map(rms).collect();
    let loudest = blocks.iter().copied().fold(0.0, f32::max);
    let quietest = blocks.iter().copied().fold(f32::MAX, f32::min);
    (at_join / loudest).max(quietest / at_join).max(1.0)
}

#[test]
fn each_band_has_the_stretch_that_sustains_it() {
    let desk = Desk::new();
    let said = desk.slice(&[]);
    for words in [
        "4 of 8 bands",
        "Bands 1 (96.5 Hz), 4 (",
        ") and 8 (1326.8 Hz)",
        "--model",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let files = listing(&desk.path("slices"));
    let expected = BANDS.map(|n| format!("band-0{n}.wav"));
    assert_eq!(files[..4], expected);
    assert_eq!(files[4..], ["bands.txt"]);
    let rows = desk.table();
    assert_eq!(rows.len(), 4);
    for ((row, index), pitch) in rows.iter().zip(BANDS).zip(PITCHES) {
        assert_eq!(row.index, index);
        assert!(cents(row.pitch, pitch) < 10.0, "{row}");
        assert!(cents(row.centre, pitch) < 325.0, "{row}");
        let sound = sound(&desk.path("slices").join(&row.file));
        assert!((sound.seconds() - row.seconds).abs() < 1e-4, "{row}");
        assert!((0.5..=1.5).contains(&row.seconds), "{row}");
        assert!((20.0 * f64::from(sound.rms()).log10() - row.level).abs() < 0.06);
        assert!((row.level + 20.0).abs() < 0.06, "all are as loud: {row}");
    }
}

#[test]
fn a_loop_has_no_click_however_often_it_is_played() {
    let desk = Desk::new();
    // Its period divides no length.
    write_seed(&desk.path("sine.wav"), &tones(&[1234.567], 6.0, RATE));
    let output = desk.try_slice(&["one.wav", "two.wav", "sine.wav"], &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    let rows = desk.table();
    assert_eq!(rows.last().unwrap().index, 8);
    for row in rows {
        let looped = sound(&desk.path("slices").join(&row.file));
        let sharpness = sharpness_of_joins(&looped);
        assert!(sharpness <= 1.01, "{row}: {sharpness}");
        let swelling = swelling_of_join(&looped);
        assert!(swelling < 1.1, "{row}: {swelling}");
    }
}

#[test]
fn the_same_predictions_give_the_same_bytes() {
    let desk = Desk::new();
    desk.slice(&["--bands", "12"]);
    let first = desk.files();
    desk.slice(&["--bands", "12", "--force"]);
    assert!(desk.files() == first);
    desk.slice(&["--bands", "4", "--force"]);
    assert!(desk.files() != first);
    assert_eq!(desk.table().last().unwrap().index, 4);
}

#[test]
fn loops_keep_to_what_is_asked_of_them() {
    let desk = Desk::new();
    // Quieter, and at another rate.
    let mut quiet = tones(&[300.0], 3.0, 22050);
    quiet.samples.iter_mut().for_each(|sample| *sample *= 0.1);
    write_seed(&desk.path("one.wav"), &quiet);
    let asked = ["--level", "as-is", "--seconds", "0.5-0.7", "--json"];
    let asked = [
        &asked[..],
        &["--low", "200", "--high", "1000", "--bands", "3"],
    ]
    .concat();
    let output = desk.try_slice(&["one.wav", "two.wav"], &asked);
    assert!(output.status.success(), "{}", stderr(&output));
    let rows = desk.table();
    assert_eq!(rows.len(), 3);
    assert!(rows[0].level < rows[1].level - 15.0, "{rows:?}");
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    for (row, told) in rows.iter().zip(told.as_array().unwrap()) {
        assert!((0.5..=0.7).contains(&row.seconds), "{row}");
        assert_eq!(told["file"], row.file);
        assert_eq!(told["band"], row.index);
        assert_eq!(told["sample_rate"], 44100);
        assert!(told["prediction"].as_str().unwrap().ends_with(".wav"));
        assert!(told["likeness"].as_f64().unwrap() > 0.9);
        let facts = load_as_recorded(&desk.path("slices").join(&row.file))
            .unwrap()
            .facts;
        assert_eq!((facts.sample_rate, facts.channels), (44100, 1));
    }
}

#[test]
fn a_model_makes_what_is_lacking() {
    let desk = Desk::new();
    let asked = ["--model", "magnitude-spectrum", "--json"];
    let output = desk.try_slice(&["one.wav", "two.wav"], &asked);
    let said = stderr(&output);
    assert!(output.status.success(), "{said}");
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let told = told.as_array().unwrap();
    let made = told.iter().filter(|slice| {
        let from = slice["prediction"].as_str().unwrap();
        from.starts_with("magnitude-spectrum, try ")
    });
    let made = made.count();
    assert_eq!(told.len(), 4 + made);
    assert!(made > 0, "{said}");
    assert!(
        said.contains(&format!("{made} of them made by the model")),
        "{said}"
    );
    // The others are named.
    for index in 1..=8 {
        let has = told.iter().any(|slice| slice["band"] == index);
        let named = said.contains(&format!(" {index} ("));
        assert!(has != named, "band {index}: {said}");
    }
    for row in desk.table() {
        let looped = sound(&desk.path("slices").join(&row.file));
        assert!(sharpness_of_joins(&looped) <= 1.05, "{row}");
    }
    let first = desk.files();
    let again = desk.try_slice(
        &["one.wav", "two.wav"],
        &[&asked[..], &["--force"]].concat(),
    );
    assert!(again.status.success(), "{}", stderr(&again));
    assert!(desk.files() == first);
}

#[test]
fn what_cannot_be_sliced_is_said_and_nothing_is_left() {
    let desk = Desk::new();
    let silence = Signal {
        samples: vec![0.0; 44100],
        sample_rate: RATE,
    };
    write_seed(&desk.path("silent.wav"), &silence);
    std::fs::write(desk.path("text.txt"), "no sound").unwrap();
    let one = &["one.wav"][..];
    for (predictions, asked, word) in [
        (&["silent.wav"][..], &[][..], "silent.wav is silent"),
        (
            &["silent.wav", "silent.wav"],
            &[],
            "all predictions are silent",
        ),
        (&["text.txt"], &[], "text.txt is a text, which is not read"),
        (&["none.wav"], &[], "cannot open"),
        (one, &["--bands", "0"], "allowed: 1 to 64"),
        (one, &["--bands", "65"], "allowed: 1 to 64"),
        (
            one,
            &["--low", "900", "--high", "90"],
            "the lower one first",
        ),
        (
            one,
            &["--bands", "30", "--low", "400", "--high", "500"],
            "ask for 7 at most",
        ),
        (
            one,
            &["--low", "5000", "--high", "9000"],
            "no prediction sustains",
        ),
        (one, &["--seconds", "4-1"], "such as 0.5-4"),
        (one, &["--level", "loud"], "as-is"),
        (one, &["--model", "nobody"], "there is no model nobody"),
        (&[], &[], "required"),
    ] {
        desk.assert_refused(predictions, asked, word);
        assert!(!desk.path("slices").exists(), "{asked:?}");
    }
    let left = listing(&desk.path(""));
    assert_eq!(left, ["one.wav", "silent.wav", "text.txt", "two.wav"]);
}

#[test]
fn no_file_of_the_users_is_replaced_and_nothing_that_is_read() {
    let desk = Desk::new();
    let both = ["one.wav", "two.wav"];
    std::fs::create_dir(desk.path("slices")).unwrap();
    std::fs::write(desk.path("slices/mine.txt"), "mine").unwrap();
    desk.assert_refused(&both, &[], "slices is there already");
    desk.assert_refused(&both, &["--force"], "it is no folder of slices");
    std::fs::remove_dir_all(desk.path("slices")).unwrap();
    desk.slice(&[]);
    desk.assert_refused(&both, &[], "slices is there already");
    std::fs::write(desk.path("slices/mine.txt"), "mine").unwrap();
    desk.assert_refused(&both, &["--force"], "more in it than slices");
    std::fs::remove_file(desk.path("slices/mine.txt")).unwrap();
    let before = desk.files();
    desk.assert_refused(&["slices/band-02.wav"], &["--force"], "is read");
    assert!(desk.files() == before);
    assert_eq!(listing(&desk.path("")), ["one.wav", "slices", "two.wav"]);
}

/// A model and a plan that asks for slices, and a seed that is sure to have some.
fn put_plan(gallery: &Gallery, plan: &Value) {
    std::fs::create_dir_all(gallery.path("voices")).unwrap();
    std::fs::write(gallery.path("voices/strings.json"), plan.to_string()).unwrap();
    std::fs::create_dir_all(gallery.path("seeds/strings")).unwrap();
}

#[test]
fn a_plan_that_asks_for_slices_has_them_in_its_set() {
    let mut gallery = Gallery::closed_with(LIVELY, &["--seconds", "0.5"]);
    let plan = json!({"model": "magnitude-spectrum", "seconds": 4, "follow": 1,
        "variations": 2, "slices": 8});
    put_plan(&gallery, &plan);
    let seed = gallery.folder.path().join("seed.wav");
    write_seed(&seed, &tones(&PITCHES, 1.0, RATE));
    gallery.start();
    std::fs::rename(&seed, gallery.path("seeds/strings/seed.wav")).unwrap();
    gallery.hear_until("set");
    let set = gallery.path("predictions/strings/seed.0001");
    let rows = table(&set.join("slices"));
    assert!(!rows.is_empty());
    let notes: Value =
        serde_json::from_slice(&std::fs::read(set.join("set.json")).unwrap()).unwrap();
    let notes = notes["slices"].as_array().unwrap();
    assert_eq!(notes.len(), rows.len());
    for (row, notes) in rows.iter().zip(notes) {
        let looped = sound(&set.join("slices").join(&row.file));
        assert!((looped.seconds() - row.seconds).abs() < 1e-4);
        assert_eq!(notes["file"], row.file);
        assert_eq!(looped.sample_rate, RATE);
    }
    assert_eq!(listing(&set.join("slices")).len(), rows.len() + 1);
}

#[test]
fn one_answer_with_slices_is_a_set_too() {
    let desk = Desk::new();
    std::fs::write(desk.path("plan.json"), r#"{"slices": 6, "seconds": 3}"#).unwrap();
    let words = ["generate", "--model", "magnitude-spectrum", "--plan"].map(PathBuf::from);
    let words = words.into_iter().chain([desk.path("plan.json")]);
    let words = words.chain(["--seed".into(), desk.path("one.wav")]);
    let output = run(words.chain(["--output".into(), desk.path("night")]));
    assert!(output.status.success(), "{}", stderr(&output));
    let files = ["01.json", "01.wav", "set.json", "slices", "theme.wav"];
    assert_eq!(listing(&desk.path("night")), files);
    let rows = table(&desk.path("night/slices"));
    assert_eq!(listing(&desk.path("night/slices")).len(), rows.len() + 1);
}
