//! What every approach answers and learns, as `golden/answers.json` has it: nothing
//! that is rearranged may change it.
//!
//! `ANTIPHON_WRITE_GOLDEN=1 cargo test --release --test answers` writes the file anew.
//! With `ANTIPHON_EXACT=FOLDER` the same is kept there, and compared byte for byte:
//! for two builds on one machine, since processors differ in their last bits.

mod common;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use antiphon::generate::{
    AnswerSettings, Engine, Native, Player, Prime, Request, Weights, generate,
};
use antiphon::hyperparameters::Hyperparameters;
use antiphon::model::Precision;
use antiphon::train::{Dataset, Moving, Prepared, Recording, Trainer};
use antiphon::trained_model::{TrainedModel, TrainingAudio};
use common::{SMALL, pluck, random_model};

/// Samples of an answer that are compared, and weights of a network.
const SAMPLES: usize = 120;
const WEIGHTS: usize = 40;
/// How far an answer may be off, as a share of the largest value: processors multiply
/// and add in other orders.
const TOLERANCE: f32 = 5e-3;

/// Such as they learn with: dropout, noise, a penalty, several stretches at once.
const LEARNING: &str = r#""lr": 0.003, "weight_stddev": 0.1, "noise": 0.05, "batch": 2,
    "use_dropout": true, "regularization": true, "reg_amount": 0.001, "clip_norm": 1.0, "pre_emphasis": 0.5, "normalise": true,"#;
/// Such as they answer with while they learn.
const MOVING: &str =
    r#""answer": "moving", "train_every": 2, "moving_lr": 0.003, "weight_stddev": 0.1, "#;

/// Small models of every approach, frozen and moving, plain and as they learn.
fn cases() -> Vec<(String, String)> {
    let with = |json: &str, more: &str| json.replacen('{', &format!("{{{more}"), 1);
    let mut cases = Vec::new();
    for (name, json) in SMALL {
        cases.push((name.to_owned(), json.to_owned()));
        cases.push((format!("{name}, learning"), with(json, LEARNING)));
        cases.push((format!("{name}, moving"), with(json, MOVING)));
    }
    cases
}

fn recording(sample_rate: u32) -> Recording {
    let notes = [196.0, 247.0, 294.0, 330.0];
    let samples = notes.map(|note| pluck(note, 0.4, sample_rate).samples);
    Recording {
        signal: antiphon::audio::Signal {
            samples: samples.concat(),
            sample_rate,
        },
        source: TrainingAudio {
            file: "guitar.wav".to_owned(),
            sha256: "00".to_owned(),
            seconds: 1.6,
        },
    }
}

/// What `model` predicts after a plucked string, whatever is wrong with it.
fn answer(model: &TrainedModel) -> Vec<f32> {
    let hyperparameters = &model.hyperparameters;
    let rate = hyperparameters.format.sample_rate;
    let request = Request {
        seconds: 0.2,
        random_seed: 7,
        prime: Prime::Seed,
        prime_seconds: None,
        may_go_back: false,
    };
    let settings = AnswerSettings::of(hyperparameters).free();
    let mut engine: Box<dyn Engine> = match &settings.weights {
        Weights::Frozen { .. } => Box::new(Native::new(model.network.clone(), Precision::F32, 1)),
        Weights::Moving(weights) => {
            let training = weights.training(hyperparameters);
            let dataset = Dataset::new(vec![recording(rate)], &training).unwrap();
            let go_on = &mut |_: f64| ControlFlow::Continue(());
            let prepared = Prepared::new(model, weights, dataset.clone(), 1, go_on).unwrap();
            Box::new(Moving::new(model, weights, (dataset, &prepared), 7, 1))
        }
    };
    let mut go_on = |_: f64| ControlFlow::Continue(());
    let seed = pluck(220.0, 0.3, rate);
    let player = Player {
        model,
        settings: &settings,
        engine: engine.as_mut(),
        theme: None,
        folder: &std::env::temp_dir(),
    };
    let answer = generate(player, &Arc::new(seed.into()), &request, &mut go_on);
    answer.unwrap().sound.to_signal().unwrap().samples
}

/// A network that has learned for some steps, and its weights.
fn learned(hyperparameters: &Hyperparameters) -> TrainedModel {
    let recording = recording(hyperparameters.format.sample_rate);
    let dataset = Dataset::new(vec![recording], hyperparameters).unwrap();
    let mut trainer = Trainer::new(hyperparameters.clone(), dataset, 3, 1);
    for step in 0..12 {
        trainer.step(f64::from(step) / 12.0).unwrap();
    }
    trainer.model(std::time::Duration::ZERO).unwrap()
}

/// What is compared, by name.
fn all() -> BTreeMap<String, Vec<f32>> {
    let mut all = BTreeMap::new();
    for (name, json) in cases() {
        let hyperparameters = Hyperparameters::parse(&json).unwrap();
        let model = learned(&hyperparameters);
        all.insert(format!("{name}: answers"), answer(&model));
        all.insert(format!("{name}: weights"), model.network.weights.clone());
        if name.ends_with("moving") {
            continue;
        }
        // Of larger weights, which do more than a network of twelve steps.
        let random = answer(&random_model(&json));
        all.insert(format!("{name}: answers of random weights"), random);
    }
    all
}

/// The first samples, and weights from everywhere.
fn sampled(name: &str, values: &[f32]) -> Vec<f32> {
    match name.ends_with("weights") && !name.contains("answers") {
        true => {
            let step = values.len().div_ceil(WEIGHTS).max(1);
            values.iter().step_by(step).copied().collect()
        }
        false => values.iter().take(SAMPLES).copied().collect(),
    }
}

#[test]
fn every_approach_answers_and_learns_as_it_did() {
    let all = all();
    if let Some(folder) = std::env::var_os("ANTIPHON_EXACT") {
        std::fs::create_dir_all(&folder).unwrap();
        for (name, values) in &all {
            let path = Path::new(&folder).join(name);
            let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
            match std::fs::read(&path) {
                Ok(before) => assert!(before == bytes, "{name}: not the same bytes"),
                Err(_) => std::fs::write(path, bytes).unwrap(),
            }
        }
    }
    let sampled: BTreeMap<&String, Vec<f32>> = all
        .iter()
        .map(|(name, values)| (name, sampled(name, values)))
        .collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/answers.json");
    if std::env::var_os("ANTIPHON_WRITE_GOLDEN").is_some() {
        std::fs::write(&path, serde_json::to_string(&sampled).unwrap() + "\n").unwrap();
    }
    let golden: BTreeMap<String, Vec<f32>> =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(golden.keys().eq(sampled.keys().copied()), "the same cases");
    for (name, values) in sampled {
        assert_eq!(values.len(), golden[name].len(), "{name}");
        let largest = golden[name]
            .iter()
            .fold(0.0_f32, |largest, v| v.abs().max(largest));
        for (n, (now, before)) in values.iter().zip(&golden[name]).enumerate() {
            let close = (now - before).abs() <= TOLERANCE * largest;
            assert!(close, "{name}: {n}: {now} instead of {before}");
        }
    }
}
