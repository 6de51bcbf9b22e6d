//! What is measured of a prediction against the training audio.

use serde::Serialize;

/// A sound's numbers next to the training audio's: 1 stands for "as in the
/// training audio" where a measure is a ratio.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measures {
    /// Length in seconds.
    pub seconds: f64,
    /// Criterion 1: the 99.99th percentile of the absolute second differences
    /// relative to rms, as a ratio; larger for a torn waveform.
    pub click_ratio: f64,
    /// Criterion 1: mean spectral flatness, as a ratio; larger for noise.
    pub flat_ratio: f64,
    /// Criterion 1: rms level against the training audio's, in dB; DC is no level.
    pub level_db: f64,
    /// Criterion 1: share of 100 ms blocks 60 dB below the training audio's rms.
    pub silent: f64,
    /// Criterion 1: share of samples at full scale (0.999 and beyond).
    pub clip: f64,
    /// Criterion 1: mean of the samples relative to rms, -1 to 1.
    pub dc: f64,
    /// Criterion 2: standard deviation of the log-mel bands in time, as a
    /// ratio; 0 for a drone.
    pub alive: f64,
    /// Criterion 2: Fréchet distance of the log-mel frames to the training
    /// audio's, scaled so that its own halves have 1 and pink noise 0; below 0
    /// for what is farther away. `None` where the training audio's halves
    /// resemble each other hardly more than noise.
    pub resemble: Option<f64>,
    /// Criterion 2: cosine of the angle between the pitch class profiles, 0 to 1.
    pub chroma: f64,
    /// Criterion 3: share of half seconds that stand in the training audio
    /// (normalised cross-correlation above 0.9).
    pub literal: f64,
    /// Criterion 3: the largest normalised cross-correlation of a half second, 0 to 1.
    pub max_ncc: f64,
}
