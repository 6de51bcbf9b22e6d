//! A sound that may be longer than memory.

use super::Signal;
use crate::reel::{Reel, ReelError};

/// A mono sound that may be longer than memory.
#[derive(Debug)]
pub struct LongSound {
    /// Samples in time order; full scale is ±1, larger values are allowed.
    pub samples: Reel,
    /// Samples per second, in Hz.
    pub sample_rate: u32,
}

impl LongSound {
    /// All of it, in memory.
    ///
    /// # Errors
    ///
    /// What the system answers where some of it is on the disk.
    pub fn to_signal(&self) -> Result<Signal, ReelError> {
        let mut samples = Vec::new();
        self.samples.read(0..self.samples.len(), &mut samples)?;
        Ok(Signal {
            samples,
            sample_rate: self.sample_rate,
        })
    }
}
