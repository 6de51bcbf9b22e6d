//! The bundled models: small, whole, and audible to somebody who plays the guitar to them.

mod common;

use std::ops::ControlFlow;
use std::path::Path;

use antiphon::audio::Signal;
use antiphon::bundled;
use antiphon::generate::{Native, Prime, Request, generate};
use antiphon::hyperparameters::Approach;
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
    for approach in Approach::ALL {
        let bytes = bundled::model(approach);
        assert!(bytes.len() < 5_000_000, "{approach}: {} bytes", bytes.len());
        let model = TrainedModel::from_bytes(bytes, Path::new(approach.name())).unwrap();
        assert_eq!(model.hyperparameters.approach(), approach);

        let mut engine = Native::new(model.network.clone(), 1);
        let seed = phrase(model.hyperparameters.sample_rate);
        let request = Request {
            seconds: 3.0,
            random_seed: 1,
            prime: Prime::Seed,
            may_go_back: false,
        };
        let mut go_on = |_: f64| ControlFlow::Continue(());
        let answer = generate(&model, &mut engine, &seed, &request, &mut go_on)
            .unwrap()
            .signal;

        // Audible from beginning to end: no second below -50 dB, no constant offset.
        for piece in answer.samples.chunks(answer.samples.len() / 3) {
            let mean = piece.iter().sum::<f32>() / piece.len() as f32;
            let power = piece.iter().map(|s| (s - mean).powi(2)).sum::<f32>() / piece.len() as f32;
            assert!(power.sqrt() > 3e-3, "{approach}: {}", power.sqrt());
        }
        assert!(answer.peak() < 4.0, "{approach}: {}", answer.peak());
    }
}

#[test]
fn each_was_trained_from_the_hyperparameters_beside_it() {
    for approach in Approach::ALL {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
        let file = folder.join(format!("{approach}.json"));
        let hyperparameters = antiphon::hyperparameters::Hyperparameters::read(&file).unwrap();
        let model = TrainedModel::from_bytes(bundled::model(approach), &file).unwrap();
        assert_eq!(model.hyperparameters, hyperparameters, "{approach}");
    }
}
