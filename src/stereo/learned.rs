//! Which image goes with which sound.

use serde::{Deserialize, Serialize};

use super::hearing::{StereoFrames, StereoSum};
use super::image::{Image, Power};

/// Kinds of sound that are told apart at most.
const KINDS: usize = 64;
/// Frames that a kind of sound needs on average, so that its image is no chance.
const FRAMES_OF_A_KIND: usize = 40;
/// Frames that kinds are made of: of more recordings some are left out.
const MOST_FRAMES: usize = 8000;
/// How often kinds are made anew of what is nearest to them.
const ROUNDS: usize = 12;
/// What is softer than the loudest frame by this share, -50 dB, is no sound.
const SOFT: f64 = 1e-5;
/// A band's level is never taken to be lower, in decibels beside all of the sound.
const FLOOR: f64 = -60.0;

/// What recordings say about which sound stands where.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct StereoImage {
    kinds: Vec<Kind>,
}

/// Sounds of the middle that are alike, and where they stand.
#[derive(Clone, Debug, PartialEq)]
struct Kind {
    /// Of each band, in decibels beside the whole.
    levels: Vec<f64>,
    image: Image,
}

impl StereoImage {
    /// What these frames of all recordings say; nothing where there is next to no side.
    ///
    /// Sounds are told apart by how their power lies in the bands, by k-means (Lloyd, *Least
    /// squares quantization in PCM*, 1982), beginning with frames that lie evenly in time.
    pub fn learn(frames: &StereoFrames) -> Option<StereoImage> {
        frames.sum().image()?;
        let power = |frame: &[Power]| frame.iter().map(|p| p.middle + p.side).sum::<f64>();
        let loudest = frames.frames().map(|f| power(&f)).fold(0.0, f64::max);
        let heard = || frames.frames().filter(|f| power(f) > SOFT * loudest);
        let count = heard().count();
        let every = count.div_ceil(MOST_FRAMES).max(1);
        let shapes: Vec<Vec<f64>> = heard().step_by(every).map(|f| levels(&f)).collect();
        let centres = centres(&shapes, (count / FRAMES_OF_A_KIND).clamp(1, KINDS));
        let mut sums = vec![StereoSum::default(); centres.len()];
        for frame in heard() {
            sums[nearest(&centres, &levels(&frame))].add(&frame);
        }
        let kinds = centres.into_iter().zip(&sums).map(|(levels, sum)| Kind {
            image: sum.shares(levels.len()),
            levels,
        });
        Some(StereoImage {
            kinds: kinds.collect(),
        })
    }

    /// How many bands it tells apart, at least one.
    pub fn bands(&self) -> usize {
        self.kinds[0].levels.len()
    }

    /// Where a sound stands whose middle has this power in each band: where its like stood. A
    /// mixture of several kinds would be wider than any.
    pub fn of(&self, middle: &[Power]) -> &Image {
        let levels = levels(middle);
        let distances = self
            .kinds
            .iter()
            .map(|kind| distance(&kind.levels, &levels));
        &self.kinds[smallest(distances)].image
    }
}

/// How the power of the middle lies in the bands, in decibels beside the whole.
fn levels(frame: &[Power]) -> Vec<f64> {
    let whole: f64 = frame.iter().map(|power| power.middle).sum();
    let level =
        |power: &Power| (10.0 * (power.middle / whole.max(f64::MIN_POSITIVE)).log10()).max(FLOOR);
    frame.iter().map(level).collect()
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum()
}

fn nearest(centres: &[Vec<f64>], shape: &[f64]) -> usize {
    smallest(centres.iter().map(|centre| distance(centre, shape)))
}

/// The place of the smallest of `values`; 0 of none.
fn smallest(values: impl Iterator<Item = f64>) -> usize {
    let smallest = values.enumerate().min_by(|a, b| a.1.total_cmp(&b.1));
    smallest.map_or(0, |(index, _)| index)
}

/// The means of at most `count` heaps of `shapes`.
fn centres(shapes: &[Vec<f64>], count: usize) -> Vec<Vec<f64>> {
    let first = |n: usize| shapes[n * shapes.len() / count].clone();
    let mut centres: Vec<Vec<f64>> = (0..count.min(shapes.len())).map(first).collect();
    for _ in 0..ROUNDS {
        let mut heaps = vec![(vec![0.0; shapes[0].len()], 0.0); centres.len()];
        for shape in shapes {
            let (sum, weight) = &mut heaps[nearest(&centres, shape)];
            sum.iter_mut()
                .zip(shape)
                .for_each(|(sum, level)| *sum += level);
            *weight += 1.0;
        }
        heaps.retain(|(_, weight)| *weight > 0.0);
        let mean = |(sum, weight): (Vec<f64>, f64)| sum.iter().map(|sum| sum / weight).collect();
        centres = heaps.into_iter().map(mean).collect();
    }
    centres
}

/// It as a model's file has it: a row for each kind of sound, a number for each band.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    levels: Vec<Vec<f64>>,
    toward: Vec<Vec<f64>>,
    side: Vec<Vec<f64>>,
}

/// What no image can be made of.
#[derive(Debug, thiserror::Error)]
#[error("it says nothing of some bands, or what cannot be")]
struct Damaged;

impl From<StereoImage> for Written {
    fn from(image: StereoImage) -> Written {
        let rounded = |values: &[f64], parts: f64| -> Vec<f64> {
            let round = |value: &f64| (value * parts).round() / parts;
            values.iter().map(round).collect()
        };
        let kinds = image.kinds.iter();
        Written {
            levels: kinds.clone().map(|k| rounded(&k.levels, 10.0)).collect(),
            toward: kinds
                .clone()
                .map(|k| rounded(&k.image.toward, 1e4))
                .collect(),
            side: kinds.map(|k| rounded(&k.image.side, 1e4)).collect(),
        }
    }
}

impl TryFrom<Written> for StereoImage {
    type Error = Damaged;

    fn try_from(written: Written) -> Result<StereoImage, Damaged> {
        let Written {
            levels,
            toward,
            side,
        } = written;
        let bands = levels.first().ok_or(Damaged)?.len();
        if toward.len() != levels.len() || side.len() != levels.len() {
            return Err(Damaged);
        }
        let images = toward.into_iter().zip(side);
        let kinds = levels
            .into_iter()
            .zip(images)
            .map(|(levels, (toward, side))| Kind {
                levels,
                image: Image { toward, side },
            });
        let kinds: Vec<Kind> = kinds.collect();
        let is_damaged = |kind: &Kind| {
            let sizes = [kind.levels.len(), kind.image.toward.len()];
            let possible = kind
                .levels
                .iter()
                .all(|level| (FLOOR..=0.0).contains(level));
            sizes != [bands; 2] || !possible || kind.image.is_damaged()
        };
        match kinds.len() > KINDS || kinds.iter().any(is_damaged) {
            true => Err(Damaged),
            false => Ok(StereoImage { kinds }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame whose sound is in one of three bands, and stands at `toward`.
    fn frame(band: usize, toward: f64) -> [Power; 3] {
        let mut frame = [Power::default(); 3];
        frame[band] = Power {
            middle: 1.0,
            side: toward * toward,
            common: toward,
        };
        frame
    }

    /// Low notes on the left, high ones on the right.
    fn piano() -> StereoFrames {
        let mut frames = StereoFrames::default();
        for n in 0..600 {
            let band = n / 10 % 3;
            frames.push(&frame(band, [0.8, 0.0, -0.5][band]));
        }
        frames
    }

    #[test]
    fn sounds_stand_where_their_like_stood() {
        let image = StereoImage::learn(&piano()).unwrap();
        assert_eq!(image.bands(), 3);
        for (band, toward) in [0.8, 0.0, -0.5].into_iter().enumerate() {
            let heard = image.of(&frame(band, 0.0));
            assert!((heard.toward[band] - toward).abs() < 0.02, "{heard:?}");
            assert!(heard.gains(band)[1] < 0.15);
        }
    }

    #[test]
    fn a_mono_recording_says_nothing() {
        let mut frames = StereoFrames::default();
        (0..100).for_each(|n| frames.push(&frame(n % 3, 0.0)));
        assert_eq!(StereoImage::learn(&frames), None);
        assert_eq!(StereoImage::learn(&StereoFrames::default()), None);
    }

    #[test]
    fn it_survives_its_text_and_a_damaged_one_is_refused() {
        let image = StereoImage::learn(&piano()).unwrap();
        let text = serde_json::to_string(&image).unwrap();
        let read: StereoImage = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
        for damaged in [
            r#"{"levels": [], "toward": [], "side": []}"#,
            r#"{"levels": [[]], "toward": [[]], "side": [[]]}"#,
            r#"{"levels": [[0]], "toward": [[9]], "side": [[0]]}"#,
            r#"{"levels": [[0]], "toward": [[0]], "side": [[-1]]}"#,
            r#"{"levels": [[0, 0]], "toward": [[0]], "side": [[0]]}"#,
            r#"{"levels": [[0]], "toward": [], "side": [[0]]}"#,
            r#"{"levels": [[1e9]], "toward": [[0]], "side": [[0]]}"#,
        ] {
            assert!(
                serde_json::from_str::<StereoImage>(damaged).is_err(),
                "{damaged}"
            );
        }
    }
}
