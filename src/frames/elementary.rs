//! Logarithms and sines of many values at once.

use rustfft::num_complex::Complex32;

use crate::vectorised::vectorised;

vectorised! {
    /// Natural logarithms of `values`, to 2e-7 of them or of 2; that of what is no positive
    /// number is that of the smallest.
    pub fn logarithms(values: &[f32], to: &mut [f32]) {
        for (to, value) in to.iter_mut().zip(values) {
            *to = logarithm(value.max(f32::MIN_POSITIVE));
        }
    }
}

vectorised! {
    /// How much less than `before` each value is `after` it, none counting as less than
    /// `floor`; times `scale`, and no more than `most` either way.
    pub fn falls(
        before: &[f32],
        after: &[f32],
        floor: f32,
        scale: f32,
        most: f32,
        to: &mut [f32],
    ) {
        for (to, (before, after)) in to.iter_mut().zip(before.iter().zip(after)) {
            let fall = before.max(floor) - after.max(floor);
            *to = (scale * fall).max(-most).min(most);
        }
    }
}

vectorised! {
    /// The complex numbers of these `magnitudes` and phases, in `turns`, of which whole
    /// ones are left out.
    pub fn spectrum(magnitudes: &[f32], turns: &mut [f32], to: &mut [Complex32]) {
        for (to, (magnitude, turns)) in to.iter_mut().zip(magnitudes.iter().zip(turns)) {
            *turns -= turns.floor();
            let (sine, cosine) = sine_and_cosine(*turns);
            *to = Complex32::new(magnitude * cosine, magnitude * sine);
        }
    }
}

/// The largest of `values`, of which none is below 0.
pub fn largest(values: &[f32]) -> f32 {
    let larger = |a: f32, b: f32| if b > a { b } else { a };
    let (blocks, rest) = values.as_chunks::<16>();
    let lanes = blocks.iter().fold([0.0; 16], |lanes, block| {
        std::array::from_fn(|n| larger(lanes[n], block[n]))
    });
    lanes.iter().chain(rest).copied().fold(0.0, larger)
}

/// By its exponent, and by the series of `artanh` for what is left, from √½ to √2.
#[inline(always)]
fn logarithm(value: f32) -> f32 {
    const ROOT_HALF: u32 = 0x3f35_04f3;
    let bits = value.to_bits().wrapping_sub(ROOT_HALF);
    let exponent = bits as i32 >> 23;
    let rest = f32::from_bits((bits & 0x007f_ffff) + ROOT_HALF);
    let t = (rest - 1.0) / (rest + 1.0);
    let s = t * t;
    let series = t * (2.0 + s * (2.0 / 3.0 + s * (2.0 / 5.0 + s * (2.0 / 7.0))));
    exponent as f32 * std::f32::consts::LN_2 + series
}

/// By Taylor's series up to an eighth of a turn from the nearest quarter.
#[inline(always)]
fn sine_and_cosine(turns: f32) -> (f32, f32) {
    let quarters = (turns * 4.0 + 0.5).floor();
    let x = (turns - 0.25 * quarters) * std::f32::consts::TAU;
    let s = x * x;
    let sine = x * (1.0 - s / 6.0 * (1.0 - s / 20.0 * (1.0 - s / 42.0)));
    let cosine = 1.0 - s / 2.0 * (1.0 - s / 12.0 * (1.0 - s / 30.0 * (1.0 - s / 56.0)));
    let quarter = quarters as i32;
    let (a, b) = match quarter & 1 == 0 {
        true => (sine, cosine),
        false => (cosine, -sine),
    };
    match quarter & 2 == 0 {
        true => (a, b),
        false => (-a, -b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_those_of_the_library() {
        let values: Vec<f32> = (-500..500)
            .map(|n| (n as f32 * 0.17).exp2() * 1.01)
            .collect();
        let mut to = vec![0.0; values.len()];
        logarithms(&values, &mut to);
        for (value, to) in values.iter().zip(&to) {
            let exact = f64::from(*value).ln();
            assert!(
                (f64::from(*to) - exact).abs() < 2e-7 * exact.abs().max(2.0),
                "{value}"
            );
        }
        let mut none = [0.0; 2];
        logarithms(&[0.0, f32::NAN], &mut none);
        assert!(
            none.iter().all(|log| (log - -87.336_54).abs() < 1e-4),
            "{none:?}"
        );
    }

    #[test]
    fn the_largest_is_found_wherever_it_is() {
        for place in [0, 17, 31, 35] {
            let mut values = [0.5; 36];
            values[place] = 2.0;
            assert_eq!(largest(&values), 2.0);
        }
        assert_eq!(largest(&[]), 0.0);
    }

    #[test]
    fn a_spectrum_has_its_magnitudes_and_phases() {
        let turns: Vec<f32> = (-300..300).map(|n| n as f32 * 0.013).collect();
        let magnitudes = vec![2.0; turns.len()];
        let mut to = vec![Complex32::default(); turns.len()];
        let mut shares = turns.clone();
        spectrum(&magnitudes, &mut shares, &mut to);
        assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)));
        for (turns, to) in turns.iter().zip(&to) {
            let (sine, cosine) = (f64::from(*turns) * std::f64::consts::TAU).sin_cos();
            assert!((f64::from(to.re) - 2.0 * cosine).abs() < 3e-6, "{turns}");
            assert!((f64::from(to.im) - 2.0 * sine).abs() < 3e-6, "{turns}");
        }
    }
}
