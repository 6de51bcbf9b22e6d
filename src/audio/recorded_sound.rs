//! A sound as it was recorded.

use super::Signal;
use super::mix::Mixed;

/// What a sound was like in its file.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// What its users call the format, such as "FLAC".
    pub format: &'static str,
    /// Sample rate of the file in Hz.
    pub sample_rate: u32,
    /// Number of channels in the file, at least 1.
    pub channels: u16,
    /// How they became one.
    pub mixed: Mixed,
    /// Number of samples in each channel.
    pub frames: u64,
    /// Whether the header told the true length of the sound, or said that it
    /// tells none. When it did not, what was read is all that the file holds.
    pub length_agrees: bool,
    /// How many samples, over all channels, were replaced by 0: NaN, infinite,
    /// or so large that sums of them would be.
    pub non_finite: usize,
    /// When the first of these is, in seconds.
    pub first_non_finite: Option<f64>,
    /// How many samples, over all channels, are at full scale (0.999 and beyond).
    pub clipped: usize,
    /// How many samples, over all channels, were cut off at the peak, wherever it is.
    pub at_peak: usize,
    /// Largest absolute sample of any channel, where 1 is full scale.
    pub peak: f32,
    /// What was taken from every sample, where the sound stood beside 0.
    pub dc_offset: Option<f64>,
}

impl Facts {
    /// Whether it has two channels, which do not cancel.
    pub fn is_stereo(&self) -> bool {
        self.channels == 2 && self.mixed == Mixed::Mean
    }

    /// Duration in seconds.
    pub fn seconds(&self) -> f64 {
        self.frames as f64 / f64::from(self.sample_rate)
    }
}

/// A sound file as decoded, mixed to mono at the rate of the file.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedSound {
    /// The mixed channels; full scale is ±1, all samples are finite.
    pub samples: Vec<f32>,
    /// What it was like in its file.
    pub facts: Facts,
}

impl RecordedSound {
    /// The sound, at the rate of the file.
    pub fn into_signal(self) -> Signal {
        Signal {
            samples: self.samples,
            sample_rate: self.facts.sample_rate,
        }
    }
}
