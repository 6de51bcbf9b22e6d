//! The logistic function and the hyperbolic tangent of a register, by the same
//! quotient as in [`crate::model::activation`].
#![allow(unsafe_code)]

use crate::model::activation::{EVEN, LARGEST, ODD};
use crate::model::kernels::lanes::Lanes;

/// The hyperbolic tangent, within 5e-7 everywhere; not a number where `x` is none.
///
/// # Safety
/// As [`Lanes`].
#[inline(always)]
pub unsafe fn tanh<L: Lanes>(x: L::Floats) -> L::Floats {
    // SAFETY: by contract.
    unsafe {
        let x = L::larger(L::splat(-LARGEST), L::smaller(L::splat(LARGEST), x));
        let square = L::multiply(x, x);
        let polynomial = |coefficients: &[f32]| {
            let (last, before) = coefficients.split_last().expect("some coefficients");
            before.iter().rev().fold(L::splat(*last), |sum, c| {
                L::multiply_add(sum, square, L::splat(*c))
            })
        };
        L::divide(L::multiply(x, polynomial(&ODD)), polynomial(&EVEN))
    }
}

/// The logistic function, Equation (1.5), within 5e-7 everywhere.
///
/// # Safety
/// As [`Lanes`].
#[inline(always)]
pub unsafe fn sigmoid<L: Lanes>(x: L::Floats) -> L::Floats {
    // SAFETY: by contract.
    unsafe {
        let half = L::splat(0.5);
        L::multiply_add(half, tanh::<L>(L::multiply(half, x)), half)
    }
}
