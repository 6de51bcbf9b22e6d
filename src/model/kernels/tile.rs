//! The tile of a product that stays in registers.
#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
use std::{arch::x86_64::*, ops::Range};

#[cfg(target_arch = "x86_64")]
use super::target::Target;

/// Values of an AVX register.
#[cfg(target_arch = "x86_64")]
pub const LANES: usize = 8;

/// Rows and columns of the product that stay in registers while k passes.
pub const TILE_ROWS: usize = 6;
pub const TILE_COLUMNS: usize = 16;
/// Values of k that a tile takes at once: its strips of `a` and `b` fit the L1 cache.
pub const TILE_DEPTH: usize = 256;

/// `M` rows of a tile, to `product`: of `a`, whose rows and depths are
/// `(row_stride, depth_stride)` apart, and a strip `b [depth, TILE_COLUMNS]`.
///
/// # Safety
/// All of `a`'s and `product`'s places are valid to read, and the latter to write.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
pub unsafe fn tile<const M: usize>(
    mut a: *const f32,
    (row_stride, depth_stride): (usize, usize),
    b: &[f32],
    product: Target,
) {
    // SAFETY: places of `b` are below its length, the others valid by contract.
    unsafe {
        let mut sums = [[_mm256_setzero_ps(); 2]; M];
        for b in b.chunks_exact(TILE_COLUMNS) {
            let left = _mm256_loadu_ps(b.as_ptr());
            let right = _mm256_loadu_ps(b.as_ptr().add(LANES));
            for (i, sums) in sums.iter_mut().enumerate() {
                let a = _mm256_broadcast_ss(&*a.add(i * row_stride));
                sums[0] = _mm256_fmadd_ps(a, left, sums[0]);
                sums[1] = _mm256_fmadd_ps(a, right, sums[1]);
            }
            a = a.wrapping_add(depth_stride);
        }
        for (i, sums) in sums.into_iter().enumerate() {
            for (half, sum) in sums.into_iter().enumerate() {
                let c = product.place(i, half * LANES);
                let sum = if product.adds() {
                    _mm256_add_ps(_mm256_loadu_ps(c), sum)
                } else {
                    sum
                };
                _mm256_storeu_ps(c, sum);
            }
        }
    }
}

/// `a · b` on top of each other for all `rows` and the columns of one strip `b`;
/// rows of `a` are `k` apart.
///
/// # Safety
/// `product` holds those rows and columns, `a` as many values of each row as `b`
/// is deep, and nobody else uses that part of `product`.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
pub unsafe fn tiles(
    product: Target,
    (a, k): (&[f32], usize),
    b: &[f32],
    rows: Range<usize>,
    columns: Range<usize>,
) {
    let mut row = rows.start;
    while row < rows.end {
        // Tiles of nearly the same height: two of four rows rather than six and two.
        let left = rows.end - row;
        let height = left.div_ceil(left.div_ceil(TILE_ROWS));
        let mut partial = [0.0; TILE_ROWS * TILE_COLUMNS];
        let whole = columns.len() == TILE_COLUMNS;
        // SAFETY: the tile's rows are within `rows` and its columns, if `whole`,
        // within `columns`; else it goes to `partial` and what is within is copied.
        unsafe {
            let place = product.part(row, columns.start);
            let to = match whole {
                true => place,
                false => Target::new(&mut partial, TILE_COLUMNS, false),
            };
            let a = a.as_ptr().add(row * k);
            match height {
                1 => tile::<1>(a, (k, 1), b, to),
                2 => tile::<2>(a, (k, 1), b, to),
                3 => tile::<3>(a, (k, 1), b, to),
                4 => tile::<4>(a, (k, 1), b, to),
                5 => tile::<5>(a, (k, 1), b, to),
                _ => tile::<6>(a, (k, 1), b, to),
            }
            if !whole {
                for (i, values) in partial.chunks_exact(TILE_COLUMNS).take(height).enumerate() {
                    for (j, value) in values.iter().take(columns.len()).enumerate() {
                        place.put(i, j, *value);
                    }
                }
            }
        }
        row += height;
    }
}
