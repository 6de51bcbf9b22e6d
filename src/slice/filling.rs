//! Bands that no prediction sustains, filled with what a model makes for them.

use super::bands::Bands;
use super::choice::{Slice, choose_one};
use super::looping::Lengths;
use super::prediction::Prediction;
use super::seed::{shifted, tone};
use crate::audio::Signal;

/// How often a prediction is made for a band before it stays empty.
pub const TRIES: usize = 4;

/// A prediction that is to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Try {
    /// Its band, counted from 0.
    pub band: usize,
    /// From 1 to [`TRIES`]; each is to be random in its own way.
    pub number: usize,
    /// Which of all tries it would be, from 0, if all of them were needed; and how many
    /// those are.
    pub turn: usize,
    pub of: usize,
    /// A sound of the band's pitch, which the prediction is to follow.
    pub seed: Signal,
}

/// Adds to `slices` one for each band that has none, of what `answer` makes, and sorts them.
/// A band whose answers do not sustain it either stays empty.
///
/// # Errors
/// Those of `answer`.
pub fn fill<E>(
    slices: &mut Vec<Slice>,
    bands: &Bands,
    lengths: &Lengths,
    sample_rate: u32,
    answer: &mut dyn FnMut(&Try) -> Result<Option<Prediction>, E>,
) -> Result<(), E> {
    let has = |band: usize| slices.iter().any(|slice| slice.band == band);
    let empty: Vec<usize> = (0..bands.count()).filter(|band| !has(*band)).collect();
    let of = empty.len() * TRIES;
    let mut made = Vec::new();
    for (turn, band) in empty.into_iter().enumerate() {
        for number in 1..=TRIES {
            let hz = bands.centre(band);
            // The sound that is there comes first, then one that has nothing but the pitch.
            let shifted = (number % 2 == 1).then(|| shifted(slices, hz)).flatten();
            let order = Try {
                band,
                number,
                turn: turn * TRIES + number - 1,
                of,
                seed: shifted.unwrap_or_else(|| tone(hz, sample_rate)),
            };
            let Some(prediction) = answer(&order)? else {
                continue;
            };
            if let Some(slice) = choose_one(prediction, band, bands, lengths) {
                made.push(slice);
                break;
            }
        }
    }
    slices.extend(made);
    slices.sort_by_key(|slice| slice.band);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{signal, sine};

    const RATE: u32 = 11025;

    #[test]
    fn an_empty_band_is_filled_by_the_first_answer_that_sustains_it() {
        let bands = Bands::new(3, 100.0, 800.0).unwrap();
        let sound = |hz| signal(&sine(0.3, hz, RATE, 3 * RATE as usize), RATE);
        let mut asked = Vec::new();
        let mut slices = Vec::new();
        let filled: Result<(), ()> = fill(
            &mut slices,
            &bands,
            &Lengths::USUAL,
            RATE,
            &mut |order: &Try| {
                asked.push((order.band, order.number));
                let hz = match (order.band, order.number) {
                    (0, _) | (1, 3) => bands.centre(order.band),
                    (1, 2) => return Ok(None),
                    _ => 2000.0,
                };
                let name = format!("answer {}", order.number);
                Ok(Some(Prediction {
                    name,
                    sound: sound(hz),
                }))
            },
        );
        filled.unwrap();
        let found: Vec<(usize, &str)> = slices.iter().map(|s| (s.band, &*s.prediction)).collect();
        assert_eq!(found, [(0, "answer 1"), (1, "answer 3")]);
        let all: Vec<(usize, usize)> = [(0, 1), (1, 1), (1, 2), (1, 3)]
            .into_iter()
            .chain((1..=TRIES).map(|number| (2, number)))
            .collect();
        assert_eq!(asked, all);
    }
}
