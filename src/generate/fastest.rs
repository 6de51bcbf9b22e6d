//! Which of several engines is the fastest with one model.

use std::time::{Duration, Instant};

use super::{Engine, EngineError, Shown};
use crate::frames::WindowFormat;

/// Each engine is measured for so long,
const BUDGET: Duration = Duration::from_millis(20);
/// after so many outputs, and by the fastest of runs of so many.
const OUTPUTS: usize = 8;

/// An engine, and how long one output takes it.
pub struct Measured {
    pub engine: Box<dyn Engine>,
    pub microseconds: f64,
}

/// Measures `engines`, which all run the same network, that is shown `windows` and knows
/// `conditions` values beside each row. The fastest comes first.
pub fn measured(
    engines: Vec<Box<dyn Engine>>,
    windows: &WindowFormat,
    conditions: usize,
) -> Result<Vec<Measured>, EngineError> {
    let measure = |mut engine: Box<dyn Engine>| {
        let microseconds = microseconds(engine.as_mut(), windows, conditions)?;
        Ok(Measured {
            engine,
            microseconds,
        })
    };
    let measured = engines.into_iter().map(measure);
    let mut measured: Vec<Measured> = measured.collect::<Result<_, EngineError>>()?;
    measured.sort_by(|a, b| a.microseconds.total_cmp(&b.microseconds));
    Ok(measured)
}

/// What an output of `engine` takes, at best.
fn microseconds(
    engine: &mut dyn Engine,
    windows: &WindowFormat,
    conditions: usize,
) -> Result<f64, EngineError> {
    let mut state = engine.silence(windows, 1);
    let mut prediction = Vec::new();
    let mut sequence = vec![0.1; windows.input_span() * windows.width];
    let conditions = vec![0.0; windows.rows * conditions];
    let (begun, mut best, mut output) = (Instant::now(), f64::INFINITY, 0);
    while best.is_infinite() || begun.elapsed() < BUDGET {
        let before = Instant::now();
        for _ in 0..OUTPUTS {
            let shown = Shown {
                sequence: &sequence,
                before: 0,
                windows,
                matrices: output..output + 1,
                streams: 1,
                conditions: &conditions,
            };
            engine.play(&shown, &mut state, &mut prediction)?;
            output += 1;
            let longer = sequence.len() + windows.ext_cursor_inc * windows.width;
            sequence.resize(longer, 0.1);
        }
        // The first ones make room.
        if output > OUTPUTS {
            best = best.min(before.elapsed().as_secs_f64() / OUTPUTS as f64);
        }
    }
    // What it was shown is not the beginning of an answer.
    engine.silence(windows, 1);
    Ok(1e6 * best)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::overheard::Overheard;
    use crate::generate::{Native, Turn};
    use crate::model::Precision;
    use crate::testing::random_model;

    #[test]
    fn the_faster_one_is_found_whatever_the_approach() {
        for json in [
            r#"{"preset": "vector", "seg_len": 8, "num_unrollings": 2, "conditioning": "chroma"}"#,
            r#"{"preset": "transpose", "seg_len": 8, "num_unrollings": 3}"#,
            r#"{"preset": "magnitude-spectrum", "window_size": 16, "hop_size": 8, "num_unrollings": 2}"#,
        ] {
            let model = random_model(json);
            let native = || Native::new(model.network.clone(), Precision::F32, 1);
            let slow = Overheard {
                native: native(),
                hear: |_: &[Turn]| std::thread::sleep(Duration::from_millis(3)),
            };
            let engines: Vec<Box<dyn Engine>> = vec![Box::new(slow), Box::new(native())];
            let windows = model.hearing().sampling_windows().clone();
            let conditions = model.network.architecture().conditions;
            let measured = measured(engines, &windows, conditions).unwrap();
            let names: Vec<&str> = measured.iter().map(|m| m.engine.name()).collect();
            assert_eq!(names, ["native", "overheard"], "{json}");
            assert!(measured[1].microseconds > 3000.0);
        }
    }
}
