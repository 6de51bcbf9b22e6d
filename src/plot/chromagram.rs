//! A sound's pitch classes over time.

use super::bitmap::SHADES;

/// Names of the pitch classes.
pub(super) const NAMES: [&str; CLASSES] = [
    "C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B",
];

const CLASSES: usize = 12;

/// How much there is of each pitch class over time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chromagram {
    /// Stands above the picture.
    pub title: String,
    /// When the first profile begins, in seconds.
    pub begin_seconds: f64,
    /// From one profile to the next, in seconds.
    pub hop_seconds: f64,
    /// What there is of each pitch class, C first; finite, and 0 or above.
    pub profiles: Vec<[f64; CLASSES]>,
}

impl Chromagram {
    /// When the last profile ends.
    pub(super) fn end_seconds(&self) -> f64 {
        self.begin_seconds + self.hop_seconds * self.profiles.len() as f64
    }

    /// The picture, `[CLASSES, profiles]` from B downwards to C: the last shade
    /// is what there is most of at that time, the first is nothing.
    pub(super) fn shades(&self) -> Vec<u8> {
        let largest: Vec<f64> = self
            .profiles
            .iter()
            .map(|profile| profile.iter().copied().fold(f64::MIN_POSITIVE, f64::max))
            .collect();
        let row = |class: usize| {
            let share = move |(profile, most): (&[f64; CLASSES], &f64)| profile[class] / most;
            let shares = self.profiles.iter().zip(&largest).map(share);
            shares.map(|share| (share * (SHADES - 1) as f64).round() as u8)
        };
        (0..CLASSES).rev().flat_map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loudest_class_of_each_time_is_brightest_and_c_is_below() {
        let mut profiles = vec![[0.0; CLASSES]; 3];
        profiles[0][0] = 3.0;
        profiles[1][11] = 1e-9;
        profiles[1][10] = 0.5e-9;
        let chromagram = Chromagram {
            title: String::new(),
            begin_seconds: 0.25,
            hop_seconds: 0.5,
            profiles,
        };
        assert_eq!(chromagram.end_seconds(), 1.75);
        let shades = chromagram.shades();
        let top = SHADES as u8 - 1;
        assert_eq!(shades[..6], [0, top, 0, 0, top.div_ceil(2), 0]);
        assert_eq!(shades[33..], [top, 0, 0]);
        assert_eq!(shades.iter().filter(|shade| **shade > 0).count(), 3);
    }
}
