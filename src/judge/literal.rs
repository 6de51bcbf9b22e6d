//! Pieces of the training audio that a prediction repeats.
//!
//! Each half second of the prediction is compared with every half second of the
//! training audio by normalised cross-correlation, through Fourier transforms
//! of stretches of the training audio that are made once.

use serde::Serialize;

use crate::frames::{Complex64, Fourier};

/// How long a piece is, in seconds: longer than one note's attack, which
/// resembles many others.
pub const PIECE_SECONDS: f64 = 0.5;

/// A piece is a literal repetition above this correlation; a copy with noise
/// 20 dB below it has 0.995, the same note played again hardly 0.9.
pub const LITERAL: f64 = 0.9;

/// Pieces quieter than this share of the prediction's rms (-60 dB) say nothing.
const SILENT_PIECE: f64 = 1e-3;

/// Places quieter than this share of the training audio's rms (-40 dB) are
/// never a piece's origin.
const SILENT_PLACE: f64 = 1e-2;

/// By how much a later place must be better: rounding does not choose between
/// places that are the same.
const CLEARLY_BETTER: f64 = 1.0 + 1e-9;

/// A stretch of the prediction that stands in the training audio.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RepeatedPiece {
    /// Where it begins in the prediction, in seconds.
    pub start: f64,
    /// Where it ends in the prediction, in seconds.
    pub end: f64,
    /// Where it begins in the training audio, in seconds.
    pub training_start: f64,
    /// The correlation of its best half second, above [`LITERAL`]; 1 is a copy.
    pub correlation: f64,
}

/// What a prediction has in common with the training audio, piece by piece.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Repetition {
    /// The share of pieces that are repeated; silent ones do not count.
    pub literal: f64,
    /// The largest correlation of any piece.
    pub max_ncc: f64,
    /// The repeated pieces, in the order of time.
    pub repeated: Vec<RepeatedPiece>,
}

/// The training audio, ready to be searched.
pub struct PieceFinder {
    training: Vec<f64>,
    /// Samples in a piece.
    piece: usize,
    sample_rate: f64,
    fourier: Fourier,
    /// Places that one stretch answers for.
    step: usize,
    /// Spectra of two neighbouring stretches each, one as the real and one as
    /// the imaginary part: a correlation with a real piece keeps them apart.
    stretches: Vec<Vec<Complex64>>,
    /// By what a correlation at each place is multiplied to be of unit
    /// vectors; 0 where the training audio is too quiet.
    weights: Vec<f64>,
}

impl PieceFinder {
    /// Prepares `training`, of rms 1 and at least [`PIECE_SECONDS`] long.
    pub fn new(training: Vec<f64>, sample_rate: u32) -> PieceFinder {
        let piece = (PIECE_SECONDS * f64::from(sample_rate)) as usize;
        let fourier = Fourier::new((4 * piece).next_power_of_two());
        let step = fourier.len() + 1 - piece;
        let weights = weights(&training, piece);
        let scale = 1.0 / fourier.len() as f64;
        let stretches = (0..weights.len())
            .step_by(2 * step)
            .map(|start| {
                let mut stretch = vec![Complex64::default(); fourier.len()];
                for (slot, sample) in stretch.iter_mut().zip(&training[start..]) {
                    slot.re = sample * scale;
                }
                for (slot, sample) in stretch.iter_mut().zip(training.iter().skip(start + step)) {
                    slot.im = sample * scale;
                }
                fourier.forward(&mut stretch);
                stretch
            })
            .collect();
        PieceFinder {
            training,
            piece,
            sample_rate: f64::from(sample_rate),
            fourier,
            step,
            stretches,
            weights,
        }
    }

    /// Looks for each piece of a prediction of rms 1; what is left at its end
    /// is not looked for.
    pub fn find(&self, prediction: &[f64]) -> Repetition {
        let mut repetition = Repetition::default();
        let (mut repeated, mut sounding) = (0, 0);
        // Where the training audio goes on after the last piece, if that was repeated.
        let mut continuation = None;
        for (number, piece) in prediction.chunks_exact(self.piece).enumerate() {
            let expected = continuation.take();
            let norm = piece.iter().map(|s| s * s).sum::<f64>().sqrt();
            if norm < SILENT_PIECE * (self.piece as f64).sqrt() {
                continue;
            }
            sounding += 1;
            let best = self.best_place(piece, norm);
            repetition.max_ncc = repetition.max_ncc.max(best.1);
            if best.1 <= LITERAL {
                continue;
            }
            repeated += 1;
            let end = self.seconds((number + 1) * self.piece);
            // Music repeats itself: another place may be a little better than
            // the one where the training audio goes on.
            let goes_on = expected
                .map(|place| (place, self.correlation(place, piece, norm)))
                .filter(|(_, correlation)| *correlation > LITERAL);
            let (place, correlation) = goes_on.unwrap_or(best);
            match repetition.repeated.last_mut() {
                Some(last) if goes_on.is_some() => {
                    last.end = end;
                    last.correlation = last.correlation.max(correlation);
                }
                _ => repetition.repeated.push(RepeatedPiece {
                    start: self.seconds(number * self.piece),
                    end,
                    training_start: self.seconds(place),
                    correlation,
                }),
            }
            continuation = Some(place + self.piece);
        }
        repetition.literal = f64::from(repeated) / f64::from(sounding.max(1));
        repetition
    }

    fn seconds(&self, samples: usize) -> f64 {
        samples as f64 / self.sample_rate
    }

    /// How well `piece` correlates with one place; 0 beyond the end.
    fn correlation(&self, place: usize, piece: &[f64], norm: f64) -> f64 {
        let Some(weight) = self.weights.get(place) else {
            return 0.0;
        };
        let there = &self.training[place..];
        let product: f64 = there.iter().zip(piece).map(|(a, b)| a * b).sum();
        product.abs() * weight / norm
    }

    /// Where in the training audio `piece` correlates best, and how well.
    fn best_place(&self, piece: &[f64], norm: f64) -> (usize, f64) {
        let mut spectrum = vec![Complex64::default(); self.fourier.len()];
        for (slot, sample) in spectrum.iter_mut().zip(piece) {
            slot.re = *sample;
        }
        self.fourier.forward(&mut spectrum);
        let mut best = (0, 0.0);
        let mut product = vec![Complex64::default(); self.fourier.len()];
        for (number, stretch) in self.stretches.iter().enumerate() {
            for ((product, a), b) in product.iter_mut().zip(stretch).zip(&spectrum) {
                *product = a * b.conj();
            }
            self.fourier.inverse(&mut product);
            let first = 2 * number * self.step;
            let reals = product[..self.step].iter().map(|value| value.re);
            let imaginaries = product[..self.step].iter().map(|value| value.im);
            for (offset, (value, weight)) in reals
                .chain(imaginaries)
                .zip(&self.weights[first..])
                .enumerate()
            {
                let correlation = value.abs() * weight;
                if correlation > best.1 * CLEARLY_BETTER {
                    best = (first + offset, correlation);
                }
            }
        }
        (best.0, best.1 / norm)
    }
}

/// The inverse norm of each piece of `training`, by a running sum; 0 where it
/// is too quiet.
fn weights(training: &[f64], piece: usize) -> Vec<f64> {
    let quiet = SILENT_PLACE * (piece as f64).sqrt();
    let mut energy: f64 = training[..piece].iter().map(|s| s * s).sum();
    let mut weights = Vec::with_capacity(training.len() - piece + 1);
    for start in 0..=training.len() - piece {
        let norm = energy.max(0.0).sqrt();
        weights.push(if norm < quiet { 0.0 } else { 1.0 / norm });
        if let Some(entering) = training.get(start + piece) {
            energy += entering * entering - training[start] * training[start];
        }
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::noise;

    const RATE: u32 = 1000;

    #[test]
    fn correlations_are_those_of_a_naive_search() {
        // More than one stretch, and the last one not full.
        let training = noise("training", 9_700);
        let finder = PieceFinder::new(training.clone(), RATE);
        assert!(finder.stretches.len() > 1);
        let mut prediction = noise("prediction", 1000);
        for n in 0..500 {
            prediction[500 + n] = 0.4 * prediction[500 + n] - 0.5 * training[9_150 + n];
        }
        for piece in prediction.chunks(500) {
            let norm = |s: &[f64]| s.iter().map(|v| v * v).sum::<f64>().sqrt();
            let naive = training
                .windows(500)
                .map(|window| {
                    let dot: f64 = window.iter().zip(piece).map(|(a, b)| a * b).sum();
                    dot.abs() / norm(window) / norm(piece)
                })
                .enumerate()
                .max_by(|a, b| a.1.total_cmp(&b.1))
                .unwrap();
            let (place, correlation) = finder.best_place(piece, norm(piece));
            assert_eq!(place, naive.0);
            assert!((correlation - naive.1).abs() < 1e-9);
        }
    }

    #[test]
    fn a_copy_is_found_where_it_stands_whole() {
        let training = noise("training", 30_000);
        let finder = PieceFinder::new(training.clone(), RATE);
        let mut prediction = noise("prediction", 1000);
        prediction.extend(training[12_345..14_345].iter().map(|s| -0.3 * s));
        prediction.extend(vec![0.0; 600]);
        let found = finder.find(&prediction);
        // Two pieces of noise, four of copy, one silent that does not count.
        assert!((found.literal - 4.0 / 6.0).abs() < 1e-12);
        assert!((found.max_ncc - 1.0).abs() < 1e-9);
        let [piece] = &found.repeated[..] else {
            panic!("one piece: {:?}", found.repeated);
        };
        assert_eq!((piece.start, piece.end), (1.0, 3.0));
        assert_eq!(piece.training_start, 12.345);
    }

    #[test]
    fn a_copy_of_music_that_comes_again_is_one_piece() {
        let mut training = noise("training", 4000);
        training.extend(training.clone());
        let found = PieceFinder::new(training.clone(), RATE).find(&training);
        assert_eq!(found.literal, 1.0);
        assert_eq!(found.repeated.len(), 1, "{:?}", found.repeated);
        assert_eq!(found.repeated[0].end, 8.0);
    }

    #[test]
    fn noise_repeats_nothing_and_a_moment_holds_no_piece() {
        let finder = PieceFinder::new(noise("training", 20_000), RATE);
        let found = finder.find(&noise("prediction", 5000));
        assert_eq!(found.literal, 0.0);
        assert!(found.max_ncc < 0.3, "{}", found.max_ncc);
        assert_eq!(finder.find(&[1.0; 499]), Repetition::default());
    }

    #[test]
    fn silence_in_the_training_audio_is_no_origin() {
        let mut training = noise("training", 6000);
        training[2000..4000].fill(0.0);
        let found = PieceFinder::new(training, RATE).find(&noise("prediction", 500));
        assert!(found.max_ncc < 0.3, "{}", found.max_ncc);
    }
}
