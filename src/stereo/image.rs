//! Where sound stands, and how wide it is.

use super::bands::MOST;

/// The power of middle and side in one band, and what they have in common.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Power {
    pub middle: f64,
    pub side: f64,
    /// Positive where the left channel is louder.
    pub common: f64,
}

impl Power {
    /// Adds that of another sound.
    pub fn add(&mut self, other: &Power) {
        self.middle += other.middle;
        self.side += other.side;
        self.common += other.common;
    }
}

/// Beyond this a side that stands against the middle is not made louder: it would be all there
/// is, and the middle is what was predicted.
const LARGEST: f64 = 4.0;

/// Where the sound of one moment, or of all, stands in each band.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Image {
    /// What the side has of the middle: -1 is all right, 0 the centre, 1 all left.
    pub toward: Vec<f64>,
    /// The side's power as a share of the middle's.
    pub side: Vec<f64>,
}

impl Image {
    /// That of these powers of each band, and `None` of a band where there is next to nothing.
    pub fn of(powers: &[Power]) -> Image {
        let shares = powers.iter().map(|power| match power.middle > 0.0 {
            true => {
                let toward = (power.common / power.middle).clamp(-LARGEST, LARGEST);
                (toward, (power.side / power.middle).min(LARGEST.powi(2)))
            }
            false => (0.0, 0.0),
        });
        let (toward, side) = shares.unzip();
        Image { toward, side }
    }

    /// This one, and `share` of `other` in its place. Where `other` has fewer bands, its
    /// highest holds for those above.
    pub fn blend(&mut self, other: &Image, share: f64) {
        let bands = self.toward.iter_mut().zip(&mut self.side);
        for (band, (toward, side)) in bands.enumerate() {
            let Some(known) = other.toward.len().checked_sub(1).map(|last| band.min(last)) else {
                return;
            };
            *toward += share * (other.toward[known] - *toward);
            *side += share * (other.side[known] - *side);
        }
    }

    /// What of the side is the middle's own, and by what a sound that has nothing in common
    /// with the middle and its power is multiplied to be the rest.
    pub fn gains(&self, band: usize) -> [f32; 2] {
        let (toward, side) = (self.toward[band], self.side[band]);
        let rest = (side - toward * toward).max(0.0).sqrt();
        [toward as f32, rest as f32]
    }

    /// What is wrong with it where it was read from a file.
    pub(super) fn is_damaged(&self) -> bool {
        let bands = self.toward.len();
        let strange = |value: &f64, lowest: f64, largest: f64| !(lowest..=largest).contains(value);
        !(1..=MOST).contains(&bands)
            || self.side.len() != bands
            || self.toward.iter().any(|t| strange(t, -LARGEST, LARGEST))
            || self.side.iter().any(|s| strange(s, 0.0, LARGEST.powi(2)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of a sound that is in the left channel by `left` and in the right by `right`.
    fn panned(left: f64, right: f64) -> Power {
        let (middle, side) = ((left + right) / 2.0, (left - right) / 2.0);
        Power {
            middle: middle * middle,
            side: side * side,
            common: middle * side,
        }
    }

    #[test]
    fn what_is_panned_has_a_place_and_no_width() {
        let image = Image::of(&[panned(1.0, 0.0), panned(0.0, 0.5), panned(0.7, 0.7)]);
        assert_eq!(image.gains(0), [1.0, 0.0]);
        assert_eq!(image.gains(1), [-1.0, 0.0]);
        assert_eq!(image.gains(2), [0.0, 0.0]);
        let mut blended = image.clone();
        blended.blend(&image, 0.5);
        assert_eq!(blended, image);
        blended.blend(&Image::of(&[panned(0.7, 0.7)]), 1.0);
        assert_eq!(blended.gains(1), [0.0, 0.0]);
        blended.blend(&Image::default(), 1.0);
    }

    #[test]
    fn two_sounds_that_have_nothing_in_common_are_wide() {
        let mut both = panned(1.0, 0.0);
        both.add(&panned(0.0, 1.0));
        assert_eq!(Image::of(&[both]).gains(0), [0.0, 1.0]);
        let silence = Image::of(&[Power::default()]);
        assert_eq!(silence.gains(0), [0.0, 0.0]);
        let inverted = Image::of(&[panned(1.0, -1.0), panned(1.0, -0.9)]);
        assert_eq!(inverted.gains(0), [0.0, 0.0]);
        assert!(inverted.gains(1)[0] <= 4.0);
    }
}
