//! How far back a network's memory reaches: after how long two different beginnings
//! lead to the same state.

use super::{Engine, EngineError, Native, Shown};
use crate::hearing::Hearing;
use crate::model::{Network, Precision, State};

/// States that are nearer than this, beside their size where that is above 1, are the same.
const SAME: f32 = 1e-3;
/// Time steps between two comparisons.
const STEPS_PER_LOOK: usize = 32;
/// Shares of what is there to be heard that are tried one after the other.
const SHARES: [f64; 4] = [0.025, 0.1, 0.4, 1.0];
/// Longest memory that is looked for, in seconds: what is longer is not measured.
pub const LONGEST_MEMORY: f64 = 10.0;

/// Seconds after which `network`, which hears as `hearing` says, is in the same state
/// whatever it heard before: the longest of some measurements, each of which lets it hear
/// one of `stretches` of its training audio from silence, and after the one before.
/// None where that takes longer than the shortest stretch, or there are less than two.
pub fn memory_of(
    network: &Network,
    hearing: &Hearing,
    stretches: &[&[f32]],
) -> Result<Option<f64>, EngineError> {
    let mut engine = Native::new(network.clone(), Precision::F32, 1);
    // Most networks forget within a fraction of what is there, and hearing takes time.
    for share in SHARES {
        let cut = |stretch: &&[f32]| (stretch.len() as f64 * share) as usize;
        let parts: Vec<&[f32]> = stretches.iter().map(|s| &s[..cut(s)]).collect();
        let memory = longest_of(&mut engine, hearing, &parts)?;
        let shortest = parts.iter().map(|part| part.len()).min().unwrap_or(0);
        let all_of_it = hearing.seconds_of(shortest);
        // What is forgotten early enough shows that it stays so.
        if memory.is_some_and(|memory| memory < all_of_it / 2.0) || share == 1.0 {
            return Ok(memory);
        }
    }
    Ok(None)
}

/// As [`memory_of`], of these parts of stretches.
fn longest_of(
    engine: &mut Native,
    hearing: &Hearing,
    stretches: &[&[f32]],
) -> Result<Option<f64>, EngineError> {
    let mut longest = 0;
    for pair in stretches.windows(2) {
        match forgets_after(engine, hearing, [pair[0], pair[1]])? {
            Some(steps) => longest = longest.max(steps),
            None => return Ok(None),
        }
    }
    let windows = hearing.sampling_windows();
    let values = longest * windows.ext_cursor_inc * windows.width;
    Ok((stretches.len() > 1).then(|| hearing.seconds_of(values)))
}

/// Time steps of `stretch` after which it does not matter whether `before` came before it.
fn forgets_after(
    engine: &mut Native,
    hearing: &Hearing,
    [before, stretch]: [&[f32]; 2],
) -> Result<Option<usize>, EngineError> {
    let windows = hearing.sampling_windows();
    let matrices = |sequence: &[f32]| windows.input_matrices(sequence.len() / windows.width);
    let conditions = engine.conditions() * windows.rows;
    let play = |engine: &mut Native, sequence: &[f32], matrices, state: &mut State| {
        let steps = std::ops::Range::len(&matrices);
        let shown = Shown {
            sequence,
            before: 0,
            windows,
            matrices,
            streams: 1,
            conditions: &vec![0.0; steps * conditions],
        };
        engine.play(&shown, state, &mut Vec::new())
    };
    let mut heard = engine.silence(windows, 1);
    for first in (0..matrices(before)).step_by(STEPS_PER_LOOK) {
        let last = matrices(before).min(first + STEPS_PER_LOOK);
        play(engine, before, first..last, &mut heard)?;
    }
    let mut fresh = engine.silence(windows, 1);
    heard.line.clear();
    let mut forgotten = None;
    for first in (0..matrices(stretch)).step_by(STEPS_PER_LOOK) {
        let last = matrices(stretch).min(first + STEPS_PER_LOOK);
        play(engine, stretch, first..last, &mut heard)?;
        play(engine, stretch, first..last, &mut fresh)?;
        match are_the_same(&heard, &fresh) {
            true => forgotten = forgotten.or(Some(last)),
            false => forgotten = None,
        }
    }
    Ok(forgotten)
}

fn are_the_same(a: &State, b: &State) -> bool {
    let pairs = a.h.iter().zip(&b.h).chain(a.c.iter().zip(&b.c));
    let mut pairs = pairs.map(|(a, b)| (a - b).abs() / a.abs().max(1.0));
    pairs.all(|apart| apart < SAME)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{random_model, values};

    /// Seconds after which a vector model, whose cells keep so much of what they held from
    /// one step to the next, has forgotten.
    fn memory(forget_bias: f32) -> Option<f64> {
        let mut model = random_model(
            r#"{"preset": "vector", "seg_len": 8, "num_unrollings": 2, "hidden_size": 4, "sample_rate": 11025}"#,
        );
        let bias = model.network.architecture().tensors();
        let bias = bias.iter().find(|tensor| tensor.name == "lstm.0.bias");
        let forget = bias.unwrap().range.start + 2 * 4;
        model.network.weights[forget..forget + 4].fill(forget_bias);
        let sounds = [values(20_000, 1), values(20_000, 7), values(20_000, 13)];
        let stretches = sounds.each_ref().map(Vec::as_slice);
        memory_of(&model.network, &model.hearing(), &stretches).unwrap()
    }

    #[test]
    fn the_longer_cells_keep_what_they_held_the_longer_it_reaches() {
        let [short, long] = [0.0, 3.0].map(|bias| memory(bias).unwrap());
        assert!(short <= 64.0 * 8.0 / 11025.0, "{short}");
        assert!(long > 2.0 * short, "{short} {long}");
        assert_eq!(memory(30.0), None, "it never forgets");
    }
}
