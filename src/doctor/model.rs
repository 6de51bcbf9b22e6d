//! The model: that it loads and answers.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use super::Finding;
use crate::answer::{Commission, Ending, Length, Responder, Step};
use crate::audio::Signal;
use crate::audio::write::{SampleFormat, write_wav};
use crate::generate::{Asked, Playing, Provider};

/// Length of the seed and of the answer.
const SECONDS: f64 = 1.0;
/// An answer that takes longer than this to make, for each second of it, is waited for.
const SLOW: f64 = 3.0;

/// Loads the model of `bytes`, known as `name`, to be run as `playing` says, and
/// has it answer a short seed.
pub fn examine(name: &str, bytes: &[u8], playing: Playing, threads: usize) -> Vec<Finding> {
    let mut responder = match Responder::new(name, bytes, playing, &Asked::default(), threads) {
        Ok(responder) => responder,
        Err(error) => return vec![Finding::fail("model", error.to_string())],
    };
    vec![
        loaded(name, playing.provider, &responder),
        answer(&mut responder),
    ]
}

/// What runs the model, and whether it computes on the provider that was `asked` for.
fn loaded(name: &str, asked: Option<Provider>, responder: &Responder) -> Finding {
    const WHAT: &str = "model";
    let engine = responder.engine_name();
    let loads = format!("{name} loads into the engine {engine}");
    let Some(provider) = responder.provider() else {
        return Finding::ok(WHAT, loads);
    };
    let on = provider.name();
    match asked.filter(|asked| *asked != provider) {
        Some(asked) => Finding::warn(
            WHAT,
            format!(
                "{loads} on the {on}, as this library cannot use {}; install one that can, or \
                 leave out --provider",
                asked.name()
            ),
        ),
        None => Finding::ok(WHAT, format!("{loads} on {on}")),
    }
}

fn answer(responder: &mut Responder) -> Finding {
    const WHAT: &str = "answer";
    let begun = Instant::now();
    let answered = tempfile::tempdir()
        .map_err(|error| format!("no place for a seed: {error}"))
        .and_then(|folder| answer_in(folder.path(), responder));
    let pace = begun.elapsed().as_secs_f64() / SECONDS;
    match answered {
        Err(what) => Finding::fail(WHAT, what),
        Ok(()) if pace > SLOW => Finding::warn(
            WHAT,
            format!(
                "it takes {pace:.1} s for each second of sound here; choose a smaller model, or \
                 shorter answers with --seconds"
            ),
        ),
        Ok(()) => Finding::ok(
            WHAT,
            format!("a plucked string was answered, in {pace:.2} s for each second of sound"),
        ),
    }
}

fn answer_in(folder: &Path, responder: &mut Responder) -> Result<(), String> {
    let seed = folder.join("seed.wav");
    let sample_rate = responder.model().hyperparameters.format.sample_rate;
    write_wav(&seed, &plucked_string(sample_rate), SampleFormat::Int24)
        .map_err(|e| e.to_string())?;
    let commission = Commission {
        length: Length::Seconds(SECONDS),
        ending: Ending::default(),
        ..Commission::default()
    };
    let go_on = &mut |_: Step| ControlFlow::Continue(());
    let answered = responder.answer(&seed, &folder.join("answer.wav"), &commission, go_on);
    answered.map(drop).map_err(|error| error.to_string())
}

/// An A that fades.
fn plucked_string(sample_rate: u32) -> Signal {
    let rate = f64::from(sample_rate);
    let sample = |n: usize| {
        let t = n as f64 / rate;
        let partial =
            |k: f64| (std::f64::consts::TAU * 220.0 * k * t).sin() * (-2.0 * k * t).exp() / k;
        (0.4 * [1.0, 2.0, 3.0, 4.0].map(partial).iter().sum::<f64>()) as f32
    };
    Signal {
        samples: (0..(SECONDS * rate) as usize).map(sample).collect(),
        sample_rate,
    }
}
