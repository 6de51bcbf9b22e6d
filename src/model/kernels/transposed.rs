//! Products with a transposed matrix.
#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
use std::ops::Range;

use super::available;
use super::operands::Operands;
#[cfg(target_arch = "x86_64")]
use super::{
    dot::dot_products,
    strips::pack_transposed,
    target::{Target, threads_for},
    tile::{TILE_COLUMNS, TILE_DEPTH, TILE_ROWS, tiles},
};
#[cfg(target_arch = "x86_64")]
use crate::model::threads::split_range;

/// From this number of rows on, copying `b` to strips costs less than it brings.
#[cfg(target_arch = "x86_64")]
const STRIP_ROWS: usize = 64;

/// `product = a · bᵀ`, or `product += a · bᵀ` with `add`, of `a [m, k]`,
/// `b [n, k]` and `product [m, n]`.
///
/// Both operands are read along their rows, so neither is copied; for few rows
/// that matters. False, and nothing done, where the machine lacks AVX2.
pub fn multiply_transposed(
    product: &mut [f32],
    add: bool,
    operands: Operands,
    threads: usize,
) -> bool {
    if !available() {
        return false;
    }
    let Operands { a, b, k } = operands;
    let (m, n) = (a.len() / k, b.len() / k);
    assert_eq!((a.len(), b.len()), (m * k, n * k), "rows of {k}");
    assert_eq!(product.len(), m * n, "a [{m}, {n}] product");
    #[cfg(target_arch = "x86_64")]
    {
        let product = Target::new(product, n, add);
        let threads = threads_for(m * n * k, threads);
        let part = if m < STRIP_ROWS {
            dot_products
        } else {
            strip_products
        };
        // Split along the longer side: the shorter operand is read by all.
        if n >= m {
            split_range(0..n, TILE_COLUMNS, threads, &|columns: Range<usize>| {
                // SAFETY: the lengths were compared above, AVX2 and FMA are
                // here, and each thread has columns of its own.
                unsafe { part(product, operands, 0..m, columns) }
            });
        } else {
            split_range(0..m, TILE_ROWS, threads, &|rows: Range<usize>| {
                // SAFETY: as above, with rows.
                unsafe { part(product, operands, rows, 0..n) }
            });
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (add, threads);
    true
}

/// `multiply_transposed`'s part `rows` × `columns` for many rows: each strip of
/// `b` is copied once, transposed, and serves all rows.
///
/// # Safety
/// As `dot_products`.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn strip_products(
    product: Target,
    Operands { a, b, k }: Operands,
    rows: Range<usize>,
    columns: Range<usize>,
) {
    let mut strip = [0.0; TILE_COLUMNS * TILE_DEPTH];
    for depth in (0..k).step_by(TILE_DEPTH) {
        let depths = depth..(depth + TILE_DEPTH).min(k);
        let strip = &mut strip[..depths.len() * TILE_COLUMNS];
        let product = product.adding(depth > 0);
        for column in columns.clone().step_by(TILE_COLUMNS) {
            let these = column..(column + TILE_COLUMNS).min(columns.end);
            pack_transposed(b, k, these.clone(), depths.clone(), strip);
            let a = &a[depth..];
            // SAFETY: rows and columns are in range by contract.
            unsafe { tiles(product, (a, k), strip, rows.clone(), these) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::values;

    #[test]
    fn dot_products_equal_the_naive_triple_loop() {
        for (m, n, k) in [
            (1, 1, 1),
            (4, 7, 9),
            (10, 64, 1030),
            (131, 5, 16),
            (70, 37, 300),
            (16, 130, 140),
        ] {
            let (a, b, before) = (values(m * k, 1), values(n * k, 2), values(m * n, 3));
            let operands = Operands { a: &a, b: &b, k };
            for (threads, add) in [(1, false), (2, true), (3, false)] {
                let mut product = before.clone();
                if !multiply_transposed(&mut product, add, operands, threads) {
                    return;
                }
                for (at, value) in product.iter().enumerate() {
                    let (a, b) = (&a[at / n * k..][..k], &b[at % n * k..][..k]);
                    let sum: f32 = a.iter().zip(b).map(|(a, b)| a * b).sum();
                    let expected = sum + if add { before[at] } else { 0.0 };
                    assert!((value - expected).abs() < 1e-3, "{m} {n} {k} {at}");
                }
            }
        }
    }
}
