//! Two channels of a mono sound, by what is known of where its like stands.

use std::collections::VecDeque;
use std::sync::Arc;

use super::image::{Image, Power};
use super::learned::StereoImage;
use super::transform::Transform;
use crate::audio::{AllPasses, Sides, Spread};
use crate::frames::{Complex32, OverlapAdd};
use crate::hyperparameters::Strength;

/// Seconds by which what the side has beside the middle lags behind it, and the delays of the
/// all-passes it goes through, which have no echo in common: of some that were tried, those by
/// which recordings that are mixed and made two again have as much in common, within windows
/// of 93 ms, as they had.
const DELAY: f64 = 0.0113;
const ALL_PASSES: [f64; 3] = [0.0037, 0.0059, 0.0083];
/// How much of the image before remains after a hop, a quarter of a window.
const REMAINS: f64 = 0.3;
/// Seconds after which an answer has gone from its seed's place to its own.
const LEAVES: f64 = 2.0;

/// A seed in stereo beside which an answer begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Beside {
    /// Where the seed stands.
    pub image: Image,
    /// How near the answer stays to it, from 0, where it goes to its own place within some
    /// seconds, to 1.
    pub nearness: Strength,
}

/// Makes two channels of a mono sound that comes piece by piece; their mean is that sound. Its
/// memory does not grow.
pub struct Upmix {
    image: Arc<StereoImage>,
    beside: Option<Beside>,
    transform: Transform,
    sample_rate: u32,
    all_passes: AllPasses,
    /// The middle, and a sound of its power that has nothing in common with it, of what is not
    /// yet heard.
    samples: Vec<Complex32>,
    frames: usize,
    /// Of the newest frame.
    now: Option<Image>,
    adder: OverlapAdd,
    side: Vec<f32>,
    /// The middle of what the side is not yet known of.
    middle: VecDeque<f32>,
    sides: Sides,
}

impl Upmix {
    /// By `image`, at `sample_rate` Hz, from the place of the seed on where that is known.
    pub fn new(image: Arc<StereoImage>, beside: Option<Beside>, sample_rate: u32) -> Upmix {
        let transform = Transform::new(sample_rate, image.bands());
        // The first frame's centre is the first sample.
        let silence = vec![Complex32::default(); transform.window_size() / 2];
        Upmix {
            adder: OverlapAdd::new(transform.analysis()),
            all_passes: AllPasses::new(DELAY, &ALL_PASSES, sample_rate),
            samples: silence,
            frames: 0,
            now: None,
            side: Vec::new(),
            middle: VecDeque::new(),
            sides: Sides::new(sample_rate),
            transform,
            sample_rate,
            image,
            beside,
        }
    }

    fn hear(&mut self, mono: f32) {
        let other = self.all_passes.next(f64::from(mono));
        self.samples.push(Complex32::new(mono, other as f32));
    }

    /// Makes the side of all frames that are whole.
    fn make_side(&mut self) {
        let (window, hop) = (
            self.transform.window_size(),
            self.transform.analysis().hop_size,
        );
        let mut begin = 0;
        while begin + window <= self.samples.len() {
            self.transform.hear(&self.samples[begin..begin + window]);
            begin += hop;
            let image = self.move_image();
            let step = if self.frames == 0 { 0 } else { hop };
            let bins = self.transform.bins().zip(self.transform.bands());
            self.adder.add(step, &mut self.side, |spectrum| {
                for (bin, ((middle, other), band)) in spectrum.iter_mut().zip(bins) {
                    let [toward, rest] = image[*band];
                    *bin = middle * toward + other * rest;
                }
            });
            self.frames += 1;
        }
        self.samples.drain(..begin);
    }

    /// The gains of each band, after one more frame was heard.
    fn move_image(&mut self) -> Vec<[f32; 2]> {
        let mut powers = vec![Power::default(); self.image.bands()];
        for (band, (middle, _)) in self.transform.bands().iter().zip(self.transform.bins()) {
            powers[*band].middle += f64::from(middle.norm_sqr());
        }
        let mut heard = self.image.of(&powers).clone();
        if let Some(beside) = &self.beside {
            let hop = self.transform.analysis().hop_size;
            let seconds = (self.frames * hop) as f64 / f64::from(self.sample_rate);
            let leaving = (-seconds / LEAVES).exp();
            let nearness = beside.nearness.at(seconds);
            let share = nearness + (1.0 - nearness) * leaving;
            heard.blend(&beside.image, share);
        }
        if let Some(before) = &self.now {
            heard.blend(before, REMAINS);
        }
        let gains = (0..powers.len()).map(|band| heard.gains(band)).collect();
        self.now = Some(heard);
        gains
    }

    /// Hands over what is known of both middle and side.
    fn hand_over(&mut self, channels: &mut Vec<f32>) {
        let known = self.side.len().min(self.middle.len());
        let middle = self.middle.drain(..known);
        for (middle, side) in middle.zip(self.side.drain(..known)) {
            self.sides.push(middle.into(), side.into(), channels);
        }
    }
}

impl Spread for Upmix {
    fn push(&mut self, mono: &[f32], channels: &mut Vec<f32>) {
        for sample in mono {
            self.hear(*sample);
        }
        self.middle.extend(mono);
        self.make_side();
        self.hand_over(channels);
    }

    fn finish(mut self: Box<Self>, channels: &mut Vec<f32>) {
        // Until the last sample has been a frame's centre.
        for _ in 0..2 * self.transform.window_size() {
            self.hear(0.0);
        }
        self.make_side();
        self.hand_over(channels);
        self.sides.finish(channels);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stereo::{StereoFrames, StereoHearing};
    use crate::testing::{noise, signal, sine};

    const RATE: u32 = 44100;

    fn tone(hz: f64) -> Vec<f32> {
        signal(&sine(0.3, hz, RATE, 2 * RATE as usize), RATE).samples
    }

    /// A low tone on the left, then a high one on the right, then noise all around.
    fn recording() -> [Vec<f32>; 2] {
        let [low, high] = [tone(220.0), tone(1760.0)];
        let [one, other] =
            ["one", "other"].map(|name| signal(&noise(name, 2 * RATE as usize), RATE).samples);
        let quiet =
            |sound: &[f32], gain: f32| -> Vec<f32> { sound.iter().map(|s| s * gain).collect() };
        [
            [low.clone(), quiet(&high, 0.25), quiet(&one, 0.1)].concat(),
            [quiet(&low, 0.25), high, quiet(&other, 0.1)].concat(),
        ]
    }

    fn learned() -> Arc<StereoImage> {
        let [left, right] = recording();
        let pairs: Vec<f32> = left
            .iter()
            .zip(&right)
            .flat_map(|(l, r)| [*l, *r])
            .collect();
        let (mut hearing, mut frames) =
            (StereoHearing::new(RATE, 22050.0), StereoFrames::default());
        hearing.push(&pairs, |powers| frames.push(powers));
        Arc::new(StereoImage::learn(&frames).unwrap())
    }

    /// Left and right of `mono`, handed over in pieces of this many samples.
    fn upmixed(mono: &[f32], beside: Option<Beside>, rate: u32, piece: usize) -> [Vec<f32>; 2] {
        let (mut upmix, mut channels) = (Upmix::new(learned(), beside, rate), Vec::new());
        mono.chunks(piece)
            .for_each(|piece| upmix.push(piece, &mut channels));
        Box::new(upmix).finish(&mut channels);
        assert_eq!(channels.len(), 2 * mono.len());
        [0, 1].map(|side| channels.iter().skip(side).step_by(2).copied().collect())
    }

    fn power(samples: &[f32]) -> f32 {
        samples.iter().map(|s| s * s).sum()
    }

    fn correlation(left: &[f32], right: &[f32]) -> f32 {
        let common: f32 = left.iter().zip(right).map(|(l, r)| l * r).sum();
        common / (power(left) * power(right)).sqrt()
    }

    #[test]
    fn what_was_mixed_stands_again_where_it_stood() {
        let [left, right] = recording();
        let mono: Vec<f32> = left
            .iter()
            .zip(&right)
            .map(|(l, r)| 0.5 * (l + r))
            .collect();
        let [made_left, made_right] = upmixed(&mono, None, RATE, 1000);
        for begin in [1.0, 3.0, 5.0].map(|seconds: f64| (seconds * f64::from(RATE)) as usize) {
            let part = |sound: &[f32]| sound[begin..begin + 30_000].to_vec();
            for (made, own) in [(&made_left, &left), (&made_right, &right)] {
                let change = 10.0 * (power(&part(made)) / power(&part(own))).log10();
                assert!(change.abs() < 1.0, "{begin} {change} dB");
            }
            let [made, own] = [(&made_left, &made_right), (&left, &right)]
                .map(|(left, right)| correlation(&part(left), &part(right)));
            assert!((made - own).abs() < 0.1, "{begin} {made} {own}");
        }
    }

    #[test]
    fn the_mean_of_both_channels_is_the_mono_sound_whatever_the_pieces() {
        let mono = signal(&noise("mono", 30_000), RATE).samples;
        for rate in [8000, RATE] {
            let whole = upmixed(&mono, None, rate, 30_000);
            for (n, mono) in mono.iter().enumerate() {
                let mean = 0.5 * (whole[0][n] + whole[1][n]);
                assert!((mean - mono).abs() < 1e-6, "{n}");
            }
            assert!(whole == upmixed(&mono, None, rate, 77));
        }
        for samples in 0..3 {
            upmixed(&mono[..samples], None, RATE, 1);
        }
    }

    #[test]
    fn an_answer_begins_where_its_seed_is_and_stays_as_near_as_it_follows() {
        let mono = [tone(220.0), tone(220.0), tone(220.0), tone(220.0)].concat();
        let right = Image {
            toward: vec![-0.8; 23],
            side: vec![0.64; 23],
        };
        let balance = |nearness: f64, second: usize| {
            let beside = Beside {
                image: right.clone(),
                nearness: Strength::Constant(nearness),
            };
            let [left, right] = upmixed(&mono, Some(beside), RATE, 4410);
            let begin = second * RATE as usize;
            let part = |sound: &[f32]| power(&sound[begin..begin + 4410]);
            part(&left) - part(&right)
        };
        assert!(balance(0.0, 0) < 0.0, "where the seed is");
        assert!(balance(0.0, 7) > 0.0, "where the recording was");
        assert!(balance(1.0, 7) < 0.0, "with the seed all the time");
    }

    #[test]
    fn silence_is_silent_on_both_sides() {
        let silence = vec![0.0; 9000];
        assert_eq!(
            upmixed(&silence, None, RATE, 100),
            [silence.clone(), silence]
        );
    }
}
