//! What is heard of a recording in stereo.

use super::bands;
use super::image::{Image, Power};
use super::transform::Transform;
use crate::frames::Complex32;

/// Hears where the sound of a recording stands, as it comes. Its memory does not grow.
pub struct StereoHearing {
    transform: Transform,
    /// Middle and side of what is not yet heard.
    samples: Vec<Complex32>,
    bands: usize,
}

/// What was heard of recordings: the powers in each band of each frame.
#[derive(Clone, Debug, Default)]
pub struct StereoFrames {
    bands: usize,
    /// Of middle and side, and what they have in common, `[frames, bands]`: 24 KB for each
    /// second.
    powers: Vec<[f32; 3]>,
}

impl StereoHearing {
    /// Of a sound at `sample_rate` Hz, of which what is below `highest` Hz matters.
    pub fn new(sample_rate: u32, highest: f64) -> StereoHearing {
        StereoHearing::within(sample_rate, bands::below(highest))
    }

    /// Of a sound at `sample_rate` Hz, in so many `bands`, of which the highest has no end.
    pub fn within(sample_rate: u32, bands: usize) -> StereoHearing {
        StereoHearing {
            transform: Transform::new(sample_rate, bands),
            samples: Vec::new(),
            bands,
        }
    }

    /// Goes on with left and right, sample beside sample; `take` gets the powers in each band
    /// of each frame that is whole by now.
    pub fn push(&mut self, pairs: &[f32], mut take: impl FnMut(&[Power])) {
        let middle_and_side = pairs.chunks_exact(2).map(|pair| {
            let (left, right) = (pair[0], pair[1]);
            Complex32::new(0.5 * (left + right), 0.5 * (left - right))
        });
        self.samples.extend(middle_and_side);
        let (window, hop) = (
            self.transform.window_size(),
            self.transform.analysis().hop_size,
        );
        let mut begin = 0;
        while let Some(frame) = self.samples.get(begin..begin + window) {
            self.transform.hear(frame);
            take(&powers(&self.transform, self.bands));
            begin += hop;
        }
        self.samples.drain(..begin);
    }
}

/// Those of the frame that was heard last.
fn powers(transform: &Transform, bands: usize) -> Vec<Power> {
    let mut powers = vec![Power::default(); bands];
    for (band, (middle, side)) in transform.bands().iter().zip(transform.bins()) {
        powers[*band].add(&Power {
            middle: middle.norm_sqr().into(),
            side: side.norm_sqr().into(),
            common: (middle * side.conj()).re.into(),
        });
    }
    powers
}

impl StereoFrames {
    /// Adds a frame, as a [`StereoHearing`] tells it.
    pub fn push(&mut self, powers: &[Power]) {
        self.bands = powers.len();
        let powers = powers.iter();
        let stored = powers.map(|p| [p.middle, p.side, p.common].map(|power| power as f32));
        self.powers.extend(stored);
    }

    /// All of them, in the order in which they were heard.
    pub fn frames(&self) -> impl Iterator<Item = Vec<Power>> {
        let power = |[middle, side, common]: &[f32; 3]| Power {
            middle: f64::from(*middle),
            side: f64::from(*side),
            common: f64::from(*common),
        };
        let frames = self.powers.chunks_exact(self.bands.max(1));
        frames.map(move |frame| frame.iter().map(power).collect())
    }

    /// All of them together.
    pub fn sum(&self) -> StereoSum {
        let mut sum = StereoSum::default();
        self.frames().for_each(|frame| sum.add(&frame));
        sum
    }
}

/// A side below this share of the middle's power, -50 dB, is the noise of a mono sound.
const NO_SIDE: f64 = 1e-5;

/// The powers in each band of many frames together.
#[derive(Clone, Debug, Default)]
pub struct StereoSum(Vec<Power>);

impl StereoSum {
    /// Adds a frame, as a [`StereoHearing`] tells it.
    pub fn add(&mut self, powers: &[Power]) {
        self.0.resize(powers.len(), Power::default());
        let sums = self.0.iter_mut().zip(powers);
        sums.for_each(|(sum, power)| sum.add(power));
    }

    /// Where all of it stands; nothing where there is next to no side, as in a mono recording
    /// that was stored in stereo.
    pub fn image(&self) -> Option<Image> {
        let sum = |part: fn(&Power) -> f64| self.0.iter().map(part).sum::<f64>();
        let is_stereo = sum(|power| power.side) > NO_SIDE * sum(|power| power.middle);
        is_stereo.then(|| Image::of(&self.0))
    }

    /// The same whatever the side is, in so many `bands`: in the middle where nothing was
    /// heard.
    pub(super) fn shares(&self, bands: usize) -> Image {
        let mut powers = self.0.clone();
        powers.resize(bands, Power::default());
        Image::of(&powers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{noise, signal, sine};

    fn heard(pairs: &[f32], rate: u32) -> StereoFrames {
        let mut hearing = StereoHearing::new(rate, 22050.0);
        let mut frames = StereoFrames::default();
        for piece in pairs.chunks(1000) {
            hearing.push(piece, |powers| frames.push(powers));
        }
        frames
    }

    fn pairs(left: &[f32], right: &[f32]) -> Vec<f32> {
        left.iter().zip(right).flat_map(|(l, r)| [*l, *r]).collect()
    }

    #[test]
    fn a_tone_on_the_left_and_noise_all_around_are_told_apart() {
        let rate = 44100;
        let tone = signal(&sine(0.5, 300.0, rate, 44100), rate).samples;
        let silence = vec![0.0; tone.len()];
        let image = heard(&pairs(&tone, &silence), rate).sum().image().unwrap();
        assert!((image.gains(3)[0] - 1.0).abs() < 1e-3 && image.gains(3)[1] < 0.05);

        let [one, other] = ["left", "right"].map(|name| signal(&noise(name, 44100), rate).samples);
        let image = heard(&pairs(&one, &other), rate).sum().image().unwrap();
        let [toward, beside] = image.gains(9);
        assert!(
            toward.abs() < 0.1 && (beside - 1.0).abs() < 0.1,
            "{toward} {beside}"
        );
    }

    #[test]
    fn a_mono_sound_says_nothing_of_places() {
        let tone = signal(&sine(0.5, 300.0, 8000, 8000), 8000).samples;
        assert_eq!(heard(&pairs(&tone, &tone), 8000).sum().image(), None);
        assert_eq!(heard(&[], 8000).sum().image(), None);
        assert_eq!(StereoSum::default().image(), None);
    }
}
