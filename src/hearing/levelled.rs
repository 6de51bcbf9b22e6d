//! A sound as loud as a network's training audio was.

use std::ops::Range;
use std::sync::Arc;

use crate::audio::{Signal, Sound};

/// A sound, louder or softer than it is: as loud as a network's training audio was. Clones
/// share its samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Levelled {
    signal: Arc<Signal>,
    gain: f32,
}

impl Levelled {
    /// `signal`, `gain` times as loud.
    pub fn new(signal: Arc<Signal>, gain: f32) -> Levelled {
        Levelled { signal, gain }
    }

    /// `samples` at `sample_rate` Hz as they are.
    pub fn as_it_is(samples: Vec<f32>, sample_rate: u32) -> Levelled {
        let signal = Signal {
            samples,
            sample_rate,
        };
        Levelled::new(Arc::new(signal), 1.0)
    }

    /// Sample `n`; `None` beyond its end.
    pub fn sample(&self, n: usize) -> Option<f32> {
        let sample = self.signal.samples.get(n);
        sample.map(|sample| self.gain * sample)
    }

    /// All of its samples.
    pub fn to_vec(&self) -> Vec<f32> {
        let mut samples = Vec::with_capacity(self.samples());
        self.read(0..self.samples(), &mut samples);
        samples
    }

    /// Samples per second, in Hz.
    pub fn sample_rate(&self) -> u32 {
        self.signal.sample_rate
    }

    /// Duration in seconds.
    pub fn seconds(&self) -> f64 {
        self.signal.seconds()
    }
}

impl Sound for Levelled {
    fn samples(&self) -> usize {
        self.signal.samples.len()
    }

    fn read(&self, range: Range<usize>, samples: &mut Vec<f32>) {
        let all = &self.signal.samples[range];
        samples.extend(all.iter().map(|sample| self.gain * sample));
    }
}
