//! The logistic function (1.5) and the hyperbolic tangent, as rational
//! functions that compilers turn into vector code.

/// The minimax quotient of odd and even polynomials that Eigen uses for the hyperbolic
/// tangent (`generic_fast_tanh_float`): coefficients of x, x³, … and of 1, x², ….
pub const ODD: [f32; 7] = [
    4.893_525e-3,
    6.372_619_3e-4,
    1.485_722_4e-5,
    5.122_297e-8,
    -8.604_672e-11,
    2.000_188e-13,
    -2.760_768_5e-16,
];
pub const EVEN: [f32; 4] = [4.893_525e-3, 2.268_434_6e-3, 1.185_347e-4, 1.198_258_4e-6];
/// Beyond it the result is ±1 to single precision.
pub const LARGEST: f32 = 7.9;

/// The hyperbolic tangent, within 5e-7 everywhere.
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    // Not f32::clamp: comparisons vectorise, and NaN stays NaN, so that divergence shows.
    let x = if x > LARGEST { LARGEST } else { x };
    let x = if x < -LARGEST { -LARGEST } else { x };
    let square = x * x;
    let odd = ODD.iter().rev().fold(0.0, |sum, c| sum * square + c);
    let even = EVEN.iter().rev().fold(0.0, |sum, c| sum * square + c);
    x * odd / even
}

/// The natural logarithm of a normal number above 0, within 2e-7 of it or of 1, whichever
/// is larger: Cephes' `logf`, its polynomial from the root of a half to that of two.
#[inline(always)]
fn ln(x: f32) -> f32 {
    const ROOT_OF_HALF: i32 = 0x3f35_04f3;
    const POLYNOMIAL: [f32; 9] = [
        7.037_683_6e-2,
        -0.115_146_1,
        0.116_769_98,
        -0.124_201_41,
        0.142_493_23,
        -0.166_680_57,
        0.200_007_15,
        -0.249_999_94,
        0.333_333_3,
    ];
    let bits = x.to_bits() as i32;
    let exponent = (bits - ROOT_OF_HALF) >> 23;
    let f = f32::from_bits((bits - (exponent << 23)) as u32) - 1.0;
    let square = f * f;
    let sum = POLYNOMIAL.iter().fold(0.0, |sum, c| sum * f + c);
    // The logarithm of two in two parts, so that the first one's multiples are exact.
    let exponent = exponent as f32;
    let small = sum * f * square - 2.121_944_4e-4 * exponent - 0.5 * square;
    f + small + 0.693_359_4 * exponent
}

/// The inverse of the hyperbolic tangent, for what lies between -1 and 1, within 4e-7 of
/// it or of 1, whichever is larger.
#[inline(always)]
pub fn atanh(x: f32) -> f32 {
    let atanh = 0.5 * (ln(1.0 + x) - ln(1.0 - x));
    // What is not a number has bits that its logarithm takes for one.
    if x.is_nan() { x } else { atanh }
}

/// The logistic function, Equation (1.5).
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    0.5 + 0.5 * tanh(0.5 * x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_follow_their_definitions() {
        for n in -200_000..=200_000 {
            let x = n as f32 / 10_000.0;
            let exact = f64::from(x);
            assert!((f64::from(tanh(x)) - exact.tanh()).abs() < 5e-7, "{x}");
            let logistic = 1.0 / (1.0 + (-exact).exp());
            assert!((f64::from(sigmoid(x)) - logistic).abs() < 5e-7, "{x}");
        }
    }

    #[test]
    fn atanh_is_the_way_back() {
        for n in -99_999..=99_999 {
            let x = n as f32 / 100_000.0;
            let exact = f64::from(x).atanh();
            let bound = 4e-7 * exact.abs().max(1.0);
            assert!(
                (f64::from(atanh(x)) - exact).abs() < bound,
                "{x} {} {exact}",
                atanh(x)
            );
        }
        assert!(atanh(f32::NAN).is_nan());
    }

    #[test]
    fn not_a_number_is_not_hidden() {
        assert!(tanh(f32::NAN).is_nan());
        assert!(sigmoid(f32::NAN).is_nan());
        assert!((tanh(f32::INFINITY) - 1.0).abs() < 5e-7);
    }
}
