//! The bundled models: small, whole, and audible to somebody who plays the guitar to them.

mod common;

use std::path::Path;

use antiphon::audio::Signal;
use antiphon::bundled::{self, MODELS};
use antiphon::generate::{Native, Prime, Request};
use antiphon::hyperparameters::{Approach, Hyperparameters};
use antiphon::model::Precision;
use antiphon::trained_model::TrainedModel;

/// Four plucked strings, one after the other.
fn phrase(sample_rate: u32) -> Signal {
    let notes = [196.0, 247.0, 294.0, 392.0];
    let samples = notes.map(|note| common::pluck(note, 0.4, sample_rate).samples);
    Signal {
        samples: samples.concat(),
        sample_rate,
    }
}

#[test]
fn each_gives_an_audible_answer_to_plucked_strings() {
    for bundled in &MODELS {
        let (name, bytes) = (bundled.name, bundled.bytes);
        assert!(bytes.len() < 6_500_000, "{name}: {} bytes", bytes.len());
        let model = TrainedModel::from_bytes(bytes, Path::new(name)).unwrap();
        assert_eq!(model.hyperparameters.approach(), bundled.approach);

        let mut engine = Native::new(model.network.clone(), Precision::F32, 1);
        let seed = phrase(model.hyperparameters.format.sample_rate);
        let request = Request {
            seconds: 3.0,
            random_seed: 1,
            prime: Prime::Seed,
            prime_seconds: None,
            may_go_back: false,
        };
        let answer = common::answer(&model, &mut engine, &seed, &request);

        // Audible from beginning to end: no second below -50 dB, no constant offset.
        for piece in answer.samples.chunks(answer.samples.len() / 3) {
            let mean = piece.iter().sum::<f32>() / piece.len() as f32;
            let power = piece.iter().map(|s| (s - mean).powi(2)).sum::<f32>() / piece.len() as f32;
            assert!(power.sqrt() > 3e-3, "{name}: {}", power.sqrt());
        }
        assert!(answer.peak() < 4.0, "{name}: {}", answer.peak());
    }
}

#[test]
fn each_was_trained_from_the_hyperparameters_beside_it() {
    for bundled in &MODELS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
        let file = folder.join(format!("{}.json", bundled.name));
        let hyperparameters = Hyperparameters::read(&file).unwrap();
        let model = TrainedModel::from_bytes(bundled.bytes, &file).unwrap();
        assert_eq!(model.hyperparameters, hyperparameters, "{}", bundled.name);
    }
}

#[test]
fn each_is_found_by_a_name_of_its_own_and_says_how_it_sounds() {
    for model in &MODELS {
        let found = bundled::find(model.name).unwrap();
        assert!(std::ptr::eq(found, model), "{} twice", model.name);
        let (sound, name) = (model.sound, model.name);
        assert!(sound.ends_with('.') && sound.len() <= 90, "{name}: {sound}");
    }
    assert_eq!(MODELS[0].name, bundled::DEFAULT);
    let together: usize = MODELS.iter().map(|model| model.bytes.len()).sum();
    assert!(together < 25_000_000, "{together} bytes");
    for approach in Approach::ALL {
        let found = bundled::find(approach.name()).unwrap();
        assert_eq!(found.approach, approach, "the names of the first four stay");
    }
    assert!(bundled::find("another").is_none());
}

#[test]
fn inspect_lists_them_and_says_how_one_sounds() {
    let text = |arguments: &[&str]| {
        let output = common::run(arguments);
        assert!(output.status.success(), "{}", common::stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let (list, json) = (text(&["inspect"]), text(&["inspect", "--json"]));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    for (index, model) in MODELS.iter().enumerate() {
        let line = list.lines().nth(index).unwrap();
        assert!(
            line.starts_with(model.name) && line.contains(model.sound),
            "{line}"
        );
        assert_eq!(json[index]["name"], model.name);
        assert_eq!(json[index]["default"], model.name == bundled::DEFAULT);
        assert!(text(&["inspect", model.name]).contains(model.sound));
    }
}
