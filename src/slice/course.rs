//! How strong each band of a prediction is, frame by frame.

use std::ops::Range;

use super::bands::Bands;
use super::peaks::{analysis, each_peak};
use crate::audio::Signal;
use crate::frames::Analysis;

/// Seconds of a frame, at most: it tells the partials of a low string apart.
const FRAME: f64 = 0.2;
/// Frames that begin within one.
const OVERLAP: usize = 8;

/// The powers of the bands of a prediction over time.
pub struct Course {
    analysis: Analysis,
    bands: usize,
    /// Frame by frame, band by band.
    powers: Vec<f32>,
    /// Of each frame, what lies in no band included.
    all: Vec<f32>,
}

impl Course {
    /// That of `sound`; a sound shorter than a frame has none.
    pub fn of(sound: &Signal, bands: &Bands) -> Course {
        let analysis = analysis(sound.sample_rate, FRAME, OVERLAP);
        let (mut powers, mut all) = (Vec::new(), Vec::new());
        let mut frame = vec![0.0; bands.count()];
        analysis.each(&sound.samples, |magnitudes| {
            frame.fill(0.0);
            let mut sum = 0.0;
            each_peak(magnitudes, &analysis, sound.sample_rate, |peak| {
                sum += peak.power;
                if let Some(band) = bands.of(peak.hz) {
                    frame[band] += peak.power;
                }
            });
            powers.extend(frame.iter().map(|power| *power as f32));
            all.push(sum as f32);
        });
        Course {
            analysis,
            bands: bands.count(),
            powers,
            all,
        }
    }

    /// How many frames it has.
    pub fn frames(&self) -> usize {
        self.all.len()
    }

    /// The power of all bands and of what lies beside them in this frame.
    pub fn all(&self, frame: usize) -> f32 {
        self.all[frame]
    }

    /// The power of this band, counted from 0, in this frame.
    pub fn power(&self, frame: usize, band: usize) -> f32 {
        self.powers[frame * self.bands + band]
    }

    /// The band that is the strongest in all of `frames`; the lower one of two.
    pub fn strongest(&self, frames: Range<usize>) -> usize {
        let sum = |band: usize| -> f64 {
            let powers = frames.clone().map(|frame| self.power(frame, band));
            powers.map(f64::from).sum()
        };
        let sums: Vec<f64> = (0..self.bands).map(sum).collect();
        let strongest = (0..self.bands)
            .rev()
            .max_by(|a, b| sums[*a].total_cmp(&sums[*b]));
        strongest.unwrap_or(0)
    }

    /// The sample at which a frame begins.
    pub fn begin(&self, frame: usize) -> usize {
        frame * self.analysis.hop_size
    }

    /// The fewest frames, one after the other, that hold so many samples.
    pub fn frames_over(&self, samples: usize) -> usize {
        let after_the_first = samples.saturating_sub(self.analysis.window_size);
        after_the_first.div_ceil(self.analysis.hop_size) + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{signal, sine};

    #[test]
    fn a_tone_is_in_its_band_and_two_are_in_theirs() {
        let mut samples = sine(0.3, 110.0, 8000, 8000);
        samples.extend(sine(0.3, 440.0, 8000, 8000));
        let bands = Bands::new(4, 100.0, 1600.0).unwrap();
        let course = Course::of(&signal(&samples, 8000), &bands);
        let (early, late) = (3, course.frames() - 3);
        assert_eq!(course.strongest(0..early), 0);
        assert_eq!(course.strongest(late..course.frames()), 2);
        for (frame, band) in [(early, 0), (late, 2)] {
            assert!(course.power(frame, band) > 0.99 * course.all(frame));
        }
        assert_eq!(Course::of(&signal(&[0.1; 100], 8000), &bands).frames(), 0);
    }
}
