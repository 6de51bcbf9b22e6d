//! A sound's samples over time.

use super::{COLUMNS, Colour};
use crate::audio::Signal;

/// The samples of a sound over time, with places marked in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Waveform {
    /// Stands above the picture.
    pub title: String,
    /// Drawn over the samples.
    pub marks: Vec<Marker>,
    /// Duration of the sound.
    pub(super) seconds: f64,
    /// The lowest and the highest sample of each column.
    pub(super) extremes: Vec<(f32, f32)>,
}

/// A place in a sound.
#[derive(Clone, Debug, PartialEq)]
pub struct Marker {
    /// When, from the beginning of the sound; not drawn where the sound has ended.
    pub seconds: f64,
    /// What is there, in a word or two.
    pub label: String,
    /// Of the line and the label.
    pub colour: Colour,
}

impl Waveform {
    /// The waveform of `signal`, whose samples must be finite.
    pub fn new(title: &str, signal: &Signal, marks: Vec<Marker>) -> Waveform {
        let samples = &signal.samples;
        let columns = COLUMNS.min(samples.len());
        let extremes = (0..columns).map(|c| {
            let column = &samples[c * samples.len() / columns..(c + 1) * samples.len() / columns];
            let beginning = (column[0], column[0]);
            column
                .iter()
                .fold(beginning, |(low, high), s| (low.min(*s), high.max(*s)))
        });
        Waveform {
            title: title.to_owned(),
            marks,
            seconds: signal.seconds(),
            extremes: extremes.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::signal;

    #[test]
    fn a_column_shows_the_extremes_of_its_samples() {
        let mut samples = vec![0.0; 10 * COLUMNS];
        samples[55] = 0.75;
        samples[58] = -0.5;
        let waveform = Waveform::new("", &signal(&samples, 1000), Vec::new());
        assert_eq!(waveform.extremes.len(), COLUMNS);
        assert_eq!(waveform.extremes[5], (-0.5, 0.75));
        assert_eq!(waveform.extremes[4], (0.0, 0.0));
    }

    #[test]
    fn few_samples_and_none() {
        let waveform = Waveform::new("", &signal(&[0.1, -0.2], 1000), Vec::new());
        assert_eq!(waveform.extremes, [(0.1, 0.1), (-0.2, -0.2)]);
        assert!(
            Waveform::new("", &signal(&[], 1000), Vec::new())
                .extremes
                .is_empty()
        );
    }
}
