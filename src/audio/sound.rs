//! A sound of which any part can be read.

use std::ops::Range;
use std::sync::Arc;

/// Samples that [`Sound::each_of`] hands over at once.
const PIECE: usize = 1 << 14;

/// A mono sound that need not be in memory, or anywhere, as a whole.
pub trait Sound {
    /// How many samples it has.
    fn samples(&self) -> usize;

    /// Appends the samples of `range` to `samples`.
    ///
    /// # Panics
    /// If there are fewer.
    fn read(&self, range: Range<usize>, samples: &mut Vec<f32>);

    /// Hands the samples of `range` to `take`, piece by piece.
    ///
    /// # Panics
    /// If there are fewer.
    fn each_of(&self, range: Range<usize>, take: &mut dyn FnMut(&[f32])) {
        let mut piece = Vec::new();
        for begin in range.clone().step_by(PIECE) {
            piece.clear();
            self.read(begin..range.end.min(begin + PIECE), &mut piece);
            take(&piece);
        }
    }
}

impl Sound for [f32] {
    fn samples(&self) -> usize {
        self.len()
    }

    fn read(&self, range: Range<usize>, samples: &mut Vec<f32>) {
        samples.extend_from_slice(&self[range]);
    }
}

impl Sound for Vec<f32> {
    fn samples(&self) -> usize {
        self.len()
    }

    fn read(&self, range: Range<usize>, samples: &mut Vec<f32>) {
        self.as_slice().read(range, samples);
    }
}

impl<S: Sound + ?Sized> Sound for &S {
    fn samples(&self) -> usize {
        (**self).samples()
    }

    fn read(&self, range: Range<usize>, samples: &mut Vec<f32>) {
        (**self).read(range, samples);
    }
}

impl<S: Sound + ?Sized> Sound for Arc<S> {
    fn samples(&self) -> usize {
        (**self).samples()
    }

    fn read(&self, range: Range<usize>, samples: &mut Vec<f32>) {
        (**self).read(range, samples);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_the_range_they_are_of() {
        let sound: Vec<f32> = (0..2 * PIECE + 9).map(|n| n as f32).collect();
        for range in [0..0, 0..1, 7..PIECE + 7, 5..sound.len(), 3..3] {
            let mut all = Vec::new();
            sound.each_of(range.clone(), &mut |piece| {
                assert!((1..=PIECE).contains(&piece.len()));
                all.extend_from_slice(piece);
            });
            assert_eq!(all, sound[range]);
        }
    }
}
