//! AVX2 with FMA.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::Lanes;

/// AVX2 with FMA.
#[derive(Clone, Copy)]
pub struct Avx2;

// SAFETY: what the trait asks for is what the instructions ask for.
#[rustfmt::skip]
impl Lanes for Avx2 {
    const WIDTH: usize = 8;
    type Floats = __m256;
    type Sums = __m256i;
    type Pairs = __m256i;

    #[inline(always)]
    unsafe fn splat(value: f32) -> __m256 { unsafe { _mm256_set1_ps(value) } }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> __m256 { unsafe { _mm256_loadu_ps(from) } }
    #[inline(always)]
    unsafe fn store(to: *mut f32, values: __m256) { unsafe { _mm256_storeu_ps(to, values) } }
    #[inline(always)]
    unsafe fn add(a: __m256, b: __m256) -> __m256 { unsafe { _mm256_add_ps(a, b) } }
    #[inline(always)]
    unsafe fn subtract(a: __m256, b: __m256) -> __m256 { unsafe { _mm256_sub_ps(a, b) } }
    #[inline(always)]
    unsafe fn multiply(a: __m256, b: __m256) -> __m256 { unsafe { _mm256_mul_ps(a, b) } }
    #[inline(always)]
    unsafe fn divide(a: __m256, b: __m256) -> __m256 { unsafe { _mm256_div_ps(a, b) } }
    #[inline(always)]
    unsafe fn multiply_add(a: __m256, b: __m256, c: __m256) -> __m256 {
        unsafe { _mm256_fmadd_ps(a, b, c) }
    }
    #[inline(always)]
    unsafe fn smaller(a: __m256, b: __m256) -> __m256 { unsafe { _mm256_min_ps(a, b) } }
    #[inline(always)]
    unsafe fn larger(a: __m256, b: __m256) -> __m256 { unsafe { _mm256_max_ps(a, b) } }

    #[inline(always)]
    unsafe fn no_sums() -> __m256i { unsafe { _mm256_setzero_si256() } }
    #[inline(always)]
    unsafe fn splat_pair(pair: *const i16) -> __m256i {
        unsafe { _mm256_set1_epi32(pair.cast::<i32>().read_unaligned()) }
    }
    #[inline(always)]
    unsafe fn load_bytes(from: *const i8) -> __m256i {
        unsafe { _mm256_cvtepi8_epi16(_mm_loadu_si128(from.cast())) }
    }
    #[inline(always)]
    unsafe fn add_products(sums: __m256i, a: __m256i, b: __m256i) -> __m256i {
        unsafe { _mm256_add_epi32(sums, _mm256_madd_epi16(a, b)) }
    }
    #[inline(always)]
    unsafe fn to_floats(sums: __m256i) -> __m256 { unsafe { _mm256_cvtepi32_ps(sums) } }
}
