//! What is followed beside an answer, with the seed before it.

use std::ops::Range;

use super::guide::Guide;
use crate::audio::Sound;
use crate::hearing::Levelled;
use crate::reel::ReelError;

/// A seed, and after it the guide: the sound that an answer goes along with.
#[derive(Clone, Debug)]
pub struct Course {
    seed: Levelled,
    guide: Guide,
}

impl Course {
    /// `guide` after `seed`.
    pub fn new(seed: Levelled, guide: Guide) -> Course {
        Course { seed, guide }
    }

    /// Samples of the seed.
    pub fn seed_samples(&self) -> usize {
        self.seed.samples()
    }

    /// Fails where some of it could not be read, which was taken for silence.
    ///
    /// # Errors
    /// What the system answered.
    pub fn check(&self) -> Result<(), ReelError> {
        self.seed.check()?;
        self.guide.check()
    }

    /// What is after the seed.
    pub fn guide(&self) -> &Guide {
        &self.guide
    }
}

impl Sound for Course {
    fn samples(&self) -> usize {
        self.seed_samples() + self.guide.samples()
    }

    fn read(&self, range: Range<usize>, samples: &mut Vec<f32>) {
        let seed = self.seed_samples();
        self.seed
            .read(range.start.min(seed)..range.end.min(seed), samples);
        let guide = range.start.max(seed) - seed..range.end.max(seed) - seed;
        self.guide.read(guide, samples);
    }
}
