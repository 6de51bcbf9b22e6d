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
    fn not_a_number_is_not_hidden() {
        assert!(tanh(f32::NAN).is_nan());
        assert!(sigmoid(f32::NAN).is_nan());
        assert!((tanh(f32::INFINITY) - 1.0).abs() < 5e-7);
    }
}
