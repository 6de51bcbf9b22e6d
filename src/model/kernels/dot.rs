//! Dot products of rows with rows, for few rows: neither matrix is copied.
#![allow(unsafe_code)]

use std::arch::x86_64::*;
use std::ops::Range;

use super::operands::Operands;
use super::target::Target;
use super::tile::LANES;

/// Values of k that one block of `multiply_transposed` takes: four rows of `b`
/// and three of `a` stay in the L1 cache.
const DOT_DEPTH: usize = 512;
/// Rows of `a` that one block takes: with `DOT_DEPTH`, a quarter MiB of L2 cache.
const DOT_ROWS: usize = 128;

/// The part `rows` × `columns` of `multiply_transposed`.
///
/// # Safety
/// `product`, `a` and `b` hold `m · n`, `m · k` and `n · k` values, and nobody
/// else uses that part of `product`.
#[target_feature(enable = "avx2,fma")]
pub unsafe fn dot_products(
    product: Target,
    Operands { a, b, k }: Operands,
    rows: Range<usize>,
    columns: Range<usize>,
) {
    for first in rows.clone().step_by(DOT_ROWS) {
        let block = first..(first + DOT_ROWS).min(rows.end);
        for depth in (0..k).step_by(DOT_DEPTH) {
            let len = DOT_DEPTH.min(k - depth);
            let product = product.adding(depth > 0);
            let mut column = columns.start;
            while column < columns.end {
                let wide = columns.end - column >= 4;
                let mut row = block.start;
                while row < block.end {
                    let tall = block.end - row;
                    // SAFETY: the tile's rows and columns are in range, and
                    // `depth + len` is at most `k`.
                    unsafe {
                        let a = a.as_ptr().add(row * k + depth);
                        let b = b.as_ptr().add(column * k + depth);
                        let c = product.part(row, column);
                        match (tall, wide) {
                            (1, true) => dot_tile::<1, 4>(a, b, k, len, c),
                            (2 | 4, true) => dot_tile::<2, 4>(a, b, k, len, c),
                            (_, true) => dot_tile::<3, 4>(a, b, k, len, c),
                            (1, false) => dot_tile::<1, 1>(a, b, k, len, c),
                            (2 | 4, false) => dot_tile::<2, 1>(a, b, k, len, c),
                            (_, false) => dot_tile::<3, 1>(a, b, k, len, c),
                        }
                    }
                    // Four rows are two and two rather than three and one.
                    row += if tall == 4 { 2 } else { tall.min(3) };
                }
                column += if wide { 4 } else { 1 };
            }
        }
    }
}

/// `M` × `N` dot products of `len` values: row i of `a` with row j of `b`, both
/// `k` apart, to row i and column j of `c`.
///
/// # Safety
/// All those places are valid to read, and those of `c` to write.
#[target_feature(enable = "avx2,fma")]
#[inline]
unsafe fn dot_tile<const M: usize, const N: usize>(
    a: *const f32,
    b: *const f32,
    k: usize,
    len: usize,
    c: Target,
) {
    // SAFETY: places are rows below M or N and offsets below `len`.
    unsafe {
        let mut sums = [[_mm256_setzero_ps(); N]; M];
        let whole = len - len % LANES;
        let mut at = 0;
        while at < whole {
            let b: [__m256; N] = std::array::from_fn(|j| _mm256_loadu_ps(b.add(j * k + at)));
            for (i, sums) in sums.iter_mut().enumerate() {
                let a = _mm256_loadu_ps(a.add(i * k + at));
                for (sum, b) in sums.iter_mut().zip(b) {
                    *sum = _mm256_fmadd_ps(a, b, *sum);
                }
            }
            at += LANES;
        }
        for (i, sums) in sums.iter().enumerate() {
            let mut totals = [0.0; N];
            if N == 4 {
                let pairs = (
                    _mm256_hadd_ps(sums[0], sums[1 % N]),
                    _mm256_hadd_ps(sums[2 % N], sums[3 % N]),
                );
                let quads = _mm256_hadd_ps(pairs.0, pairs.1);
                let four = _mm_add_ps(
                    _mm256_castps256_ps128(quads),
                    _mm256_extractf128_ps::<1>(quads),
                );
                _mm_storeu_ps(totals.as_mut_ptr(), four);
            } else {
                for (total, sum) in totals.iter_mut().zip(sums) {
                    let mut lanes = [0.0; LANES];
                    _mm256_storeu_ps(lanes.as_mut_ptr(), *sum);
                    *total = lanes.iter().sum();
                }
            }
            for (j, total) in totals.iter_mut().enumerate() {
                for at in whole..len {
                    *total += *a.add(i * k + at) * *b.add(j * k + at);
                }
                c.put(i, j, *total);
            }
        }
    }
}
