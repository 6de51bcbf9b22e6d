//! A sound of which any part can be read.

use std::ops::Range;
use std::sync::Arc;

/// A mono sound that need not be in memory, or anywhere, as a whole.
pub trait Sound {
    /// How many samples it has.
    fn samples(&self) -> usize;

    /// Appends the samples of `range` to `samples`.
    ///
    /// # Panics
    /// If there are fewer.
    fn read(&self, range: Range<usize>, samples: &mut Vec<f32>);
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
