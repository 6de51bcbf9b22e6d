//! Bands of a third of an octave.

/// The upper end of the lowest band, in Hz: a window hears too few cycles of what is below to
/// tell more of it.
const LOWEST: f64 = 141.4;
/// Bands in all; the highest one has no end.
pub const MOST: usize = 23;
/// Bands of an octave.
const OF_AN_OCTAVE: f64 = 3.0;

/// How many bands there are below `highest` Hz, at least one.
pub fn below(highest: f64) -> usize {
    let above_the_lowest = (OF_AN_OCTAVE * (highest / LOWEST).log2()).ceil();
    (1.0 + above_the_lowest.max(0.0)).min(MOST as f64) as usize
}

/// The band of `hertz` where there are `count`.
pub fn band_of(hertz: f64, count: usize) -> usize {
    below(hertz.max(1.0)).min(count) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_are_thirds_of_octaves_and_the_highest_has_no_end() {
        assert_eq!(below(5512.5), 17);
        assert_eq!(below(22050.0), MOST);
        assert_eq!(below(100.0), 1);
        for (hertz, band) in [(0.0, 0), (141.0, 0), (142.0, 1), (178.0, 1), (179.0, 2)] {
            assert_eq!(band_of(hertz, MOST), band, "{hertz}");
        }
        assert_eq!(band_of(20_000.0, MOST), 22);
        assert_eq!(band_of(20_000.0, 12), 11);
    }
}
