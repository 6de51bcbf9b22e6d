//! Bands of pitch.

/// The lowest and the highest frequency of any band, in Hz: what is heard.
pub const LOWEST_HZ: f64 = 20.0;
pub const HIGHEST_HZ: f64 = 20_000.0;
/// The most bands.
pub const MOST_BANDS: usize = 64;
/// The fewest cents of a band: narrower ones cannot be told from each other.
const FEWEST_CENTS: f64 = 50.0;

/// Bands that share a range of pitch equally, from low to high.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bands {
    count: usize,
    low: f64,
    high: f64,
}

/// Why there are no such bands.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BandsError {
    #[error("{0} bands; allowed: 1 to {MOST_BANDS}")]
    Count(usize),
    #[error(
        "bands from {low} to {high} Hz; allowed: {LOWEST_HZ} to {HIGHEST_HZ} Hz, the lower one \
         first"
    )]
    Range { low: f64, high: f64 },
    #[error(
        "{count} bands from {low} to {high} Hz are narrower than a quarter tone; ask for {most} \
         at most, or for a wider range"
    )]
    Narrow {
        count: usize,
        low: f64,
        high: f64,
        most: usize,
    },
}

impl Bands {
    /// Eight from 80 to 1600 Hz: 6.5 semitones each.
    pub const USUAL: Bands = Bands {
        count: 8,
        low: 80.0,
        high: 1600.0,
    };

    /// So many from `low` to `high` Hz.
    ///
    /// # Errors
    /// What is out of range, or narrower than a quarter tone.
    pub fn new(count: usize, low: f64, high: f64) -> Result<Bands, BandsError> {
        if !(1..=MOST_BANDS).contains(&count) {
            return Err(BandsError::Count(count));
        }
        let in_range = LOWEST_HZ <= low && low < high && high <= HIGHEST_HZ;
        if !in_range {
            return Err(BandsError::Range { low, high });
        }
        let most = (1200.0 * (high / low).log2() / FEWEST_CENTS) as usize;
        if count > most {
            return Err(BandsError::Narrow {
                count,
                low,
                high,
                most,
            });
        }
        Ok(Bands { count, low, high })
    }

    /// So many, from 1 to [`MOST_BANDS`], of the usual range.
    pub fn usual(count: usize) -> Bands {
        Bands {
            count: count.clamp(1, MOST_BANDS),
            ..Bands::USUAL
        }
    }

    /// How many they are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The lower edge of the lowest and the upper edge of the highest band, in Hz.
    pub fn range(&self) -> (f64, f64) {
        (self.low, self.high)
    }

    /// The frequency in the middle of the `n`th band, counted from 0, in Hz: as many cents
    /// from either edge.
    pub fn centre(&self, n: usize) -> f64 {
        let share = (n as f64 + 0.5) / self.count as f64;
        self.low * (self.high / self.low).powf(share)
    }

    /// The band of `hz`, counted from 0; `None` outside the range.
    pub fn of(&self, hz: f64) -> Option<usize> {
        if !(self.low..self.high).contains(&hz) {
            return None;
        }
        let share = (hz / self.low).log2() / (self.high / self.low).log2();
        Some(((share * self.count as f64) as usize).min(self.count - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_are_equally_wide_in_pitch() {
        let bands = Bands::new(4, 100.0, 1600.0).unwrap();
        for n in 0..4 {
            let octave = 100.0 * 2f64.powi(n);
            let centre = bands.centre(n as usize);
            assert!((centre - octave * 2f64.sqrt()).abs() < 1e-9, "{centre}");
            for hz in [octave * 1.001, centre, octave * 1.999] {
                assert_eq!(bands.of(hz), Some(n as usize), "{hz}");
            }
        }
        for outside in [0.0, 99.9, 1600.0, f64::NAN] {
            assert_eq!(bands.of(outside), None, "{outside}");
        }
    }

    #[test]
    fn what_are_no_bands_is_said() {
        for (count, low, high, expected) in [
            (0, 80.0, 1600.0, "allowed: 1 to 64"),
            (65, 80.0, 1600.0, "allowed: 1 to 64"),
            (8, 1600.0, 80.0, "the lower one first"),
            (8, 80.0, 30_000.0, "20 to 20000 Hz"),
            (8, f64::NAN, 1600.0, "the lower one first"),
            (25, 100.0, 200.0, "ask for 24 at most"),
        ] {
            let refused = Bands::new(count, low, high).unwrap_err().to_string();
            assert!(refused.contains(expected), "{refused}");
        }
        assert!(Bands::new(24, 100.0, 200.0).is_ok());
        assert_eq!(Bands::usual(8), Bands::USUAL);
        // None of them is too narrow.
        let (low, high) = Bands::USUAL.range();
        assert_eq!(Bands::new(64, low, high), Ok(Bands::usual(64)));
    }
}
