//! A sound that may be longer than memory.

use std::ops::Range;
use std::sync::OnceLock;

use super::{Pieces, Signal, Sound};
use crate::reel::{Reel, ReelError};

/// A mono sound that may be longer than memory.
#[derive(Debug)]
pub struct LongSound {
    samples: Reel,
    sample_rate: u32,
    /// Why some of it could not be read.
    trouble: OnceLock<ReelError>,
}

impl LongSound {
    /// Of `samples` in time order, `sample_rate` a second; full scale is ±1, larger values
    /// are allowed.
    pub fn new(samples: Reel, sample_rate: u32) -> LongSound {
        LongSound {
            samples,
            sample_rate,
            trouble: OnceLock::new(),
        }
    }

    /// Samples per second, in Hz.
    pub fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    /// Duration in seconds.
    pub fn seconds(&self) -> f64 {
        self.samples.len() as f64 / f64::from(self.sample_rate)
    }

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

    /// Largest absolute sample, where 1 is full scale, and root mean square; 0 of nothing.
    ///
    /// # Errors
    ///
    /// What the system answers where some of it is on the disk.
    pub fn peak_and_rms(&self) -> Result<(f32, f32), ReelError> {
        let (mut peak, mut energy) = (0.0, 0.0);
        self.samples.each(|piece| {
            peak = piece.iter().fold(peak, |peak: f32, s| s.abs().max(peak));
            energy = piece
                .iter()
                .fold(energy, |sum, s| sum + f64::from(*s).powi(2));
        })?;
        let rms = (energy / self.samples.len().max(1) as f64).sqrt();
        Ok((peak, rms as f32))
    }

    /// The rms of the loudest of its stretches of so many `seconds`, of which one begins where
    /// the one before it ends.
    ///
    /// # Errors
    ///
    /// What the system answered.
    pub fn loudest_rms(&self, seconds: f64) -> Result<f32, ReelError> {
        let length = ((seconds * f64::from(self.sample_rate)) as usize).max(1);
        let (mut loudest, mut energy, mut count): (f64, f64, usize) = (0.0, 0.0, 0);
        self.samples.each(|piece| {
            for sample in piece {
                energy += f64::from(*sample).powi(2);
                count += 1;
                loudest = loudest.max(if count == length { energy } else { 0.0 });
                (energy, count) = if count == length {
                    (0.0, 0)
                } else {
                    (energy, count)
                };
            }
        })?;
        // What is left over at the end counts as what it is.
        let last = energy / count.max(1) as f64;
        Ok((loudest / length as f64).max(last).sqrt() as f32)
    }

    /// Fails where some of it could not be read, which was taken for silence.
    ///
    /// # Errors
    ///
    /// What the system answered.
    pub fn check(&self) -> Result<(), ReelError> {
        match self.trouble.get() {
            Some(trouble) => Err(trouble.clone()),
            None => Ok(()),
        }
    }

    /// Has what is on the disk be lost.
    #[cfg(test)]
    pub fn lose_file(&self) {
        self.samples.lose_file();
    }
}

impl From<Signal> for LongSound {
    fn from(signal: Signal) -> LongSound {
        LongSound::new(Reel::in_memory(signal.samples), signal.sample_rate)
    }
}

impl Pieces for LongSound {
    fn each(&self, take: &mut dyn FnMut(&[f32])) -> Result<(), ReelError> {
        self.samples.each(take)
    }
}

/// What cannot be read is silent; [`LongSound::check`] says so.
impl Sound for LongSound {
    fn samples(&self) -> usize {
        self.samples.len()
    }

    fn read(&self, range: Range<usize>, samples: &mut Vec<f32>) {
        let end = samples.len() + range.len();
        if let Err(trouble) = self.samples.read(range, samples) {
            samples.resize(end, 0.0);
            self.trouble.get_or_init(|| trouble);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn it_is_what_it_was_made_of() {
        let samples: Vec<f32> = (0..3000).map(|n| (n as f32 * 0.1).sin()).collect();
        let signal = Signal {
            samples: samples.clone(),
            sample_rate: 1000,
        };
        let long = LongSound::from(signal.clone());
        assert_eq!(long.to_signal().unwrap(), signal);
        assert_eq!((long.samples(), long.seconds()), (3000, 3.0));
        let levels = (signal.peak(), signal.rms());
        assert_eq!(long.peak_and_rms().unwrap(), levels);
        let mut part = vec![7.0];
        long.read(10..12, &mut part);
        assert_eq!(part, [7.0, samples[10], samples[11]]);
        assert!(long.check().is_ok());
        let nothing = LongSound::new(Reel::new(Path::new(".")), 1000);
        assert_eq!(nothing.peak_and_rms().unwrap(), (0.0, 0.0));
    }

    #[test]
    fn what_cannot_be_read_is_silent_and_said() {
        let folder = tempfile::tempdir().unwrap();
        let mut samples = Reel::new(folder.path());
        samples.push(&vec![0.5; 600_000]).unwrap();
        let long = LongSound::new(samples, 1000);
        long.lose_file();
        let mut part = vec![7.0];
        long.read(599_999..600_000, &mut part);
        assert!(long.check().is_ok());
        long.read(0..2, &mut part);
        assert_eq!(part, [7.0, 0.5, 0.0, 0.0]);
        assert!(long.check().is_err());
        assert!(long.to_signal().is_err() && long.peak_and_rms().is_err());
    }
}
