//! A sound as loud as a network's training audio was.

use std::ops::Range;
use std::sync::Arc;

use crate::audio::{LongSound, Signal, Sound};
use crate::reel::ReelError;

/// A sound, louder or softer than it is: as loud as a network's training audio was. Clones
/// share its samples.
#[derive(Clone, Debug)]
pub struct Levelled {
    sound: Arc<LongSound>,
    gain: f32,
}

impl Levelled {
    /// `sound`, `gain` times as loud.
    pub fn new(sound: Arc<LongSound>, gain: f32) -> Levelled {
        Levelled { sound, gain }
    }

    /// `samples` at `sample_rate` Hz as they are.
    pub fn as_it_is(samples: Vec<f32>, sample_rate: u32) -> Levelled {
        let signal = Signal {
            samples,
            sample_rate,
        };
        Levelled::new(Arc::new(signal.into()), 1.0)
    }

    /// All of its samples.
    pub fn to_vec(&self) -> Vec<f32> {
        let mut samples = Vec::with_capacity(self.samples());
        self.read(0..self.samples(), &mut samples);
        samples
    }

    /// Samples per second, in Hz.
    pub fn sample_rate(&self) -> u32 {
        self.sound.sample_rate()
    }

    /// Duration in seconds.
    pub fn seconds(&self) -> f64 {
        self.sound.seconds()
    }

    /// Fails where some of it could not be read, which was taken for silence.
    ///
    /// # Errors
    /// What the system answered.
    pub fn check(&self) -> Result<(), ReelError> {
        self.sound.check()
    }
}

impl Sound for Levelled {
    fn samples(&self) -> usize {
        self.sound.samples()
    }

    fn read(&self, range: Range<usize>, samples: &mut Vec<f32>) {
        let begin = samples.len();
        self.sound.read(range, samples);
        let read = samples[begin..].iter_mut();
        read.for_each(|sample| *sample *= self.gain);
    }
}
