//! Registers of one kind of processor, as far as the products of a few rows need them.
#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod plain;

#[cfg(target_arch = "x86_64")]
pub use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub use avx512::{Avx512, Avx512Vnni};
pub use plain::Plain;

/// Registers of `WIDTH` numbers.
///
/// # Safety
/// All its functions ask for a processor that has the instructions, which must be
/// switched on in the function that they become a part of; pointers are valid for a
/// whole register.
pub trait Lanes: Copy {
    /// Numbers in a register.
    const WIDTH: usize;
    /// f32 numbers.
    type Floats: Copy;
    /// 32-bit sums.
    type Sums: Copy;
    /// 16-bit numbers, two for each sum.
    type Pairs: Copy;

    unsafe fn splat(value: f32) -> Self::Floats;
    unsafe fn load(from: *const f32) -> Self::Floats;
    unsafe fn store(to: *mut f32, values: Self::Floats);
    unsafe fn add(a: Self::Floats, b: Self::Floats) -> Self::Floats;
    unsafe fn subtract(a: Self::Floats, b: Self::Floats) -> Self::Floats;
    unsafe fn multiply(a: Self::Floats, b: Self::Floats) -> Self::Floats;
    unsafe fn divide(a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// `a · b + c`
    unsafe fn multiply_add(a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats;
    /// The smaller of the two; `b` if one is not a number.
    unsafe fn smaller(a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// The larger of the two; `b` if one is not a number.
    unsafe fn larger(a: Self::Floats, b: Self::Floats) -> Self::Floats;

    unsafe fn no_sums() -> Self::Sums;
    /// The same two numbers, `pair` of them, for each sum.
    unsafe fn splat_pair(pair: *const i16) -> Self::Pairs;
    /// `2 · WIDTH` numbers of 8 bit.
    unsafe fn load_bytes(from: *const i8) -> Self::Pairs;
    /// Adds to each sum the products of its two numbers.
    unsafe fn add_products(sums: Self::Sums, a: Self::Pairs, b: Self::Pairs) -> Self::Sums;
    unsafe fn to_floats(sums: Self::Sums) -> Self::Floats;
}
