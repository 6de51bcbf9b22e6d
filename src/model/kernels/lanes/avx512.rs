//! AVX-512, with VNNI or without.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::Lanes;

macro_rules! avx512 {
    ($(#[$doc:meta])* $name:ident, |$sums:ident, $a:ident, $b:ident| $add_products:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub struct $name;

        // SAFETY: what the trait asks for is what the instructions ask for.
        #[rustfmt::skip]
        impl Lanes for $name {
            const WIDTH: usize = 16;
            type Floats = __m512;
            type Sums = __m512i;
            type Pairs = __m512i;

            #[inline(always)]
            unsafe fn splat(value: f32) -> __m512 { unsafe { _mm512_set1_ps(value) } }
            #[inline(always)]
            unsafe fn load(from: *const f32) -> __m512 { unsafe { _mm512_loadu_ps(from) } }
            #[inline(always)]
            unsafe fn store(to: *mut f32, values: __m512) { unsafe { _mm512_storeu_ps(to, values) } }
            #[inline(always)]
            unsafe fn add(a: __m512, b: __m512) -> __m512 { unsafe { _mm512_add_ps(a, b) } }
            #[inline(always)]
            unsafe fn subtract(a: __m512, b: __m512) -> __m512 { unsafe { _mm512_sub_ps(a, b) } }
            #[inline(always)]
            unsafe fn multiply(a: __m512, b: __m512) -> __m512 { unsafe { _mm512_mul_ps(a, b) } }
            #[inline(always)]
            unsafe fn divide(a: __m512, b: __m512) -> __m512 { unsafe { _mm512_div_ps(a, b) } }
            #[inline(always)]
            unsafe fn multiply_add(a: __m512, b: __m512, c: __m512) -> __m512 {
                unsafe { _mm512_fmadd_ps(a, b, c) }
            }
            #[inline(always)]
            unsafe fn smaller(a: __m512, b: __m512) -> __m512 { unsafe { _mm512_min_ps(a, b) } }
            #[inline(always)]
            unsafe fn larger(a: __m512, b: __m512) -> __m512 { unsafe { _mm512_max_ps(a, b) } }

            #[inline(always)]
            unsafe fn no_sums() -> __m512i { unsafe { _mm512_setzero_si512() } }
            #[inline(always)]
            unsafe fn splat_pair(pair: *const i16) -> __m512i {
                unsafe { _mm512_set1_epi32(pair.cast::<i32>().read_unaligned()) }
            }
            #[inline(always)]
            unsafe fn load_bytes(from: *const i8) -> __m512i {
                unsafe { _mm512_cvtepi8_epi16(_mm256_loadu_si256(from.cast())) }
            }
            #[inline(always)]
            unsafe fn add_products($sums: __m512i, $a: __m512i, $b: __m512i) -> __m512i {
                unsafe { $add_products }
            }
            #[inline(always)]
            unsafe fn to_floats(sums: __m512i) -> __m512 { unsafe { _mm512_cvtepi32_ps(sums) } }
        }
    };
}

avx512!(
    /// Without VNNI.
    Avx512,
    |sums, a, b| _mm512_add_epi32(sums, _mm512_madd_epi16(a, b))
);
avx512!(
    /// With VNNI.
    Avx512Vnni,
    |sums, a, b| _mm512_dpwssd_epi32(sums, a, b)
);
