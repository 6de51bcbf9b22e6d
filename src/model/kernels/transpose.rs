//! Squares of a matrix transposed in registers, a row at a time rather than a value.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::tile::LANES;

/// Values at the side of a square.
pub const SIDE: usize = LANES;

/// Copies the square at `from`, whose rows are `stride` apart, transposed to `to`,
/// whose rows are `to_stride` apart.
///
/// # Safety
/// All places of the square at `from` are valid to read, and of that at `to` to write.
#[target_feature(enable = "avx2")]
#[inline]
pub unsafe fn transpose_square(from: *const f32, stride: usize, to: *mut f32, to_stride: usize) {
    const HALF: usize = SIDE / 2;
    for left in [0, HALF] {
        // SAFETY: rows are below `SIDE`, and columns four from `left` on.
        unsafe {
            let quad = |row: usize| _mm_loadu_ps(from.add(row * stride + left));
            // Rows i and i + 4 share a register, so that no value changes its half.
            let rows: [__m256; HALF] =
                std::array::from_fn(|i| _mm256_set_m128(quad(i + HALF), quad(i)));
            for (i, row) in transpose_halves(rows).into_iter().enumerate() {
                _mm256_storeu_ps(to.add((left + i) * to_stride), row);
            }
        }
    }
}

/// Transposes the four by four values of the lower halves, and those of the upper.
#[target_feature(enable = "avx2")]
#[inline]
fn transpose_halves([a, b, c, d]: [__m256; 4]) -> [__m256; 4] {
    let (ab, cd) = (_mm256_unpacklo_ps(a, b), _mm256_unpacklo_ps(c, d));
    let (ab_high, cd_high) = (_mm256_unpackhi_ps(a, b), _mm256_unpackhi_ps(c, d));
    [
        _mm256_shuffle_ps::<0x44>(ab, cd),
        _mm256_shuffle_ps::<0xee>(ab, cd),
        _mm256_shuffle_ps::<0x44>(ab_high, cd_high),
        _mm256_shuffle_ps::<0xee>(ab_high, cd_high),
    ]
}
