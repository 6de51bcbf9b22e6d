//! The tile of a product that stays in registers.
#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
use std::{arch::x86_64::*, ops::Range};

#[cfg(target_arch = "x86_64")]
use super::target::Target;
#[cfg(target_arch = "x86_64")]
use crate::vectorised::has_avx512;

/// Values of an AVX register.
#[cfg(target_arch = "x86_64")]
pub const LANES: usize = 8;

/// Rows and columns of the product that stay in registers while k passes, in
/// registers of AVX-512; AVX2 has room for half the rows.
pub const TILE_ROWS: usize = 12;
pub const TILE_COLUMNS: usize = 16;
/// Values of k that a tile takes at once: its strips of `a` and `b` fit the L1 cache.
pub const TILE_DEPTH: usize = 256;

/// Rows that `tiles` takes at once: no more than the L1 cache has places for lines
/// that are a multiple of a page apart, as rows of `a` often are.
#[cfg(target_arch = "x86_64")]
fn tallest() -> usize {
    match has_avx512() {
        true => 8,
        false => TILE_ROWS / 2,
    }
}

/// The first `height` rows of a tile, to `product`: of `a`, whose rows and depths are
/// `strides` apart, and a strip `b [depth, TILE_COLUMNS]`.
///
/// # Safety
/// All of `a`'s and `product`'s places are valid to read, and the latter to write.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
pub unsafe fn tile(
    height: usize,
    a: *const f32,
    strides: (usize, usize),
    b: &[f32],
    product: Target,
) {
    let function = match (has_avx512(), height) {
        (true, 1) => tile_avx512::<1>,
        (true, 2) => tile_avx512::<2>,
        (true, 3) => tile_avx512::<3>,
        (true, 4) => tile_avx512::<4>,
        (true, 5) => tile_avx512::<5>,
        (true, 6) => tile_avx512::<6>,
        (true, 7) => tile_avx512::<7>,
        (true, 8) => tile_avx512::<8>,
        (true, 9) => tile_avx512::<9>,
        (true, 10) => tile_avx512::<10>,
        (true, 11) => tile_avx512::<11>,
        (true, 12) => tile_avx512::<12>,
        (false, 1) => tile_avx2::<1>,
        (false, 2) => tile_avx2::<2>,
        (false, 3) => tile_avx2::<3>,
        (false, 4) => tile_avx2::<4>,
        (false, 5) => tile_avx2::<5>,
        (false, 6) => tile_avx2::<6>,
        _ => {
            let half = height / 2;
            // SAFETY: both parts are within the tile.
            return unsafe {
                tile(half, a, strides, b, product);
                let (a, product) = (a.add(half * strides.0), product.part(half, 0));
                tile(height - half, a, strides, b, product);
            };
        }
    };
    // SAFETY: by contract, and the machine has the features of either.
    unsafe { function(a, strides, b, product) }
}

/// `M` rows of `tile`, a register for each.
///
/// # Safety
/// As `tile`.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn tile_avx512<const M: usize>(
    mut a: *const f32,
    (row_stride, depth_stride): (usize, usize),
    b: &[f32],
    product: Target,
) {
    // SAFETY: places of `b` are below its length, the others valid by contract.
    unsafe {
        let mut sums = [_mm512_setzero_ps(); M];
        for b in b.chunks_exact(TILE_COLUMNS) {
            let b = _mm512_loadu_ps(b.as_ptr());
            for (i, sum) in sums.iter_mut().enumerate() {
                *sum = _mm512_fmadd_ps(_mm512_set1_ps(*a.add(i * row_stride)), b, *sum);
            }
            a = a.wrapping_add(depth_stride);
        }
        for (i, mut sum) in sums.into_iter().enumerate() {
            let c = product.place(i, 0);
            if product.adds() {
                sum = _mm512_add_ps(_mm512_loadu_ps(c), sum);
            }
            _mm512_storeu_ps(c, sum);
        }
    }
}

/// `M` rows of `tile`, two registers for each.
///
/// # Safety
/// As `tile`.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn tile_avx2<const M: usize>(
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
        // Tiles of nearly the same height: two of five rows rather than eight and two.
        let left = rows.end - row;
        let height = left.div_ceil(left.div_ceil(tallest()));
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
            tile(height, a, (k, 1), b, to);
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

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;
    use crate::model::kernels::available;
    use crate::testing::values;

    #[test]
    fn avx2_and_avx512_give_the_same_tile() {
        if !available() || !has_avx512() {
            return;
        }
        const ROWS: usize = 5;
        let (a, b) = (values(ROWS * 40, 1), values(40 * TILE_COLUMNS, 2));
        for add in [false, true] {
            let mut tiles = [[0.5; ROWS * TILE_COLUMNS]; 2];
            let [first, second] = &mut tiles;
            let to = |tile| Target::new(tile, TILE_COLUMNS, add);
            // SAFETY: the machine has both, and all operands are as long as that takes.
            unsafe {
                tile_avx2::<ROWS>(a.as_ptr(), (40, 1), &b, to(first));
                tile_avx512::<ROWS>(a.as_ptr(), (40, 1), &b, to(second));
            }
            assert_eq!(tiles[0], tiles[1]);
        }
    }
}
