//! A mono sound becomes the channels of a file, sample beside sample.

use std::collections::VecDeque;
use std::f64::consts::PI;

use super::Pieces;
use crate::reel::ReelError;

/// Seconds over which the side fades away at the end. It lags behind the middle, and
/// would break off where that has faded already.
const FADE: f64 = 0.05;

/// Makes two channels of a mono sound that comes piece by piece.
pub trait Spread {
    /// Goes on with `mono`; appends left and right of what is known by then, sample beside
    /// sample, to `channels`.
    fn push(&mut self, mono: &[f32], channels: &mut Vec<f32>);

    /// Appends what is left.
    fn finish(self: Box<Self>, channels: &mut Vec<f32>);
}

/// A mono sound in two channels, each time by a [`Spread`] that begins anew.
pub(super) struct Spreading<'a, P> {
    pub pieces: &'a P,
    pub begin: &'a dyn Fn() -> Box<dyn Spread>,
}

impl<P: Pieces> Pieces for Spreading<'_, P> {
    fn each(&self, take: &mut dyn FnMut(&[f32])) -> Result<(), ReelError> {
        let (mut spread, mut channels) = ((self.begin)(), Vec::new());
        self.pieces.each(&mut |piece| {
            channels.clear();
            spread.push(piece, &mut channels);
            take(&channels);
        })?;
        channels.clear();
        spread.finish(&mut channels);
        take(&channels);
        Ok(())
    }
}

/// A mono sound in both of two channels.
pub(super) struct Twice<'a, P>(pub &'a P);

impl<P: Pieces> Pieces for Twice<'_, P> {
    fn each(&self, take: &mut dyn FnMut(&[f32])) -> Result<(), ReelError> {
        let mut channels = Vec::new();
        self.0.each(&mut |piece| {
            channels.clear();
            channels.extend(piece.iter().flat_map(|sample| [*sample; 2]));
            take(&channels);
        })
    }
}

/// Left and right of a middle, which is their mean, and a side, which fades away at the end.
#[derive(Clone)]
pub struct Sides {
    /// The middle and the side of the newest samples, which may be the last: at most `fade`
    /// of them.
    held: VecDeque<(f64, f64)>,
    fade: usize,
}

impl Sides {
    /// Of a sound at `sample_rate` Hz.
    pub fn new(sample_rate: u32) -> Sides {
        Sides {
            held: VecDeque::new(),
            fade: ((FADE * f64::from(sample_rate)).round() as usize).max(1),
        }
    }

    /// Goes on with one sample; appends left and right of one that is not among the last.
    pub fn push(&mut self, middle: f64, side: f64, channels: &mut Vec<f32>) {
        self.held.push_back((middle, side));
        if self.held.len() > self.fade {
            let known = self.held.pop_front();
            channels.extend(known.into_iter().flat_map(left_and_right));
        }
    }

    /// Appends what is left: the end.
    pub fn finish(&self, channels: &mut Vec<f32>) {
        let samples = self.held.len();
        let held = self.held.iter().enumerate();
        channels.extend(held.flat_map(|(n, (middle, side))| {
            let to_end = (samples - 1 - n) as f64 / samples as f64;
            // As answers fade (`Ending`), so that the last milliseconds are silent.
            let raised_cosine = 0.5 - 0.5 * (PI * to_end).cos();
            left_and_right((*middle, side * raised_cosine.powi(2)))
        }));
    }
}

fn left_and_right((middle, side): (f64, f64)) -> [f32; 2] {
    [(middle + side) as f32, (middle - side) as f32]
}
