//! Products of a transposed matrix with another: the gradients of weights.
#![allow(unsafe_code)]

use std::ops::Range;

use super::available;
use super::strips::pack;
use super::tile::{TILE_COLUMNS, TILE_DEPTH, TILE_ROWS};
#[cfg(target_arch = "x86_64")]
use super::{target::Target, tile::tile};

/// Rows of the transpose of a matrix, in strips of `TILE_ROWS`, for products with
/// as many matrices as there are.
#[derive(Clone, Default)]
pub struct TransposedRows {
    strips: Vec<f32>,
    rows: usize,
    k: usize,
}

impl TransposedRows {
    /// Takes rows `rows` of the transpose of `a [k, m]`.
    pub fn pack(&mut self, (a, m): (&[f32], usize), rows: Range<usize>) {
        let k = a.len() / m;
        assert_eq!(a.len(), k * m);
        (self.rows, self.k) = (rows.len(), k);
        let values = k * rows.len().next_multiple_of(TILE_ROWS);
        self.strips.resize(values, 0.0);
        for (index, strip) in self.strips.chunks_exact_mut(k * TILE_ROWS).enumerate() {
            let first = rows.start + index * TILE_ROWS;
            pack::<TILE_ROWS>(a, m, first..(first + TILE_ROWS).min(rows.end), strip);
        }
    }

    /// `product [rows, n] = self · b`, of `b [k, n]` from `pack_columns`.
    ///
    /// # Panics
    /// Where `available()` is false, or lengths do not agree.
    pub fn multiply(&self, product: &mut [f32], (packed_b, n): (&[f32], usize)) {
        assert!(available());
        let TransposedRows { strips, rows, k } = self;
        let k = *k;
        assert_eq!(packed_b.len(), k * n.next_multiple_of(TILE_COLUMNS));
        assert_eq!(product.len(), rows * n);
        for depth in (0..k).step_by(TILE_DEPTH) {
            let depths = depth..(depth + TILE_DEPTH).min(k);
            for (index, b) in packed_b.chunks_exact(k * TILE_COLUMNS).enumerate() {
                let column = index * TILE_COLUMNS;
                let b = &b[depths.start * TILE_COLUMNS..depths.end * TILE_COLUMNS];
                for (index, a) in strips.chunks_exact(k * TILE_ROWS).enumerate() {
                    let row = index * TILE_ROWS;
                    let a = &a[depths.start * TILE_ROWS..depths.end * TILE_ROWS];
                    outer_tile(a, b, (product, n), (row, column), depth > 0);
                }
            }
        }
    }
}

/// One tile of a product: `a [k, TILE_ROWS]` with `b [k, TILE_COLUMNS]`, to
/// what of the tile at `(row, column)` lies within `product [_, n]`.
fn outer_tile(
    a: &[f32],
    b: &[f32],
    (product, n): (&mut [f32], usize),
    (row, column): (usize, usize),
    add: bool,
) {
    assert_eq!(a.len() / TILE_ROWS, b.len() / TILE_COLUMNS);
    let height = (product.len() / n - row).min(TILE_ROWS);
    let width = (n - column).min(TILE_COLUMNS);
    #[cfg(target_arch = "x86_64")]
    let product = &mut product[row * n + column..];
    #[cfg(target_arch = "x86_64")]
    if (height, width) == (TILE_ROWS, TILE_COLUMNS) {
        assert!(product.len() >= (TILE_ROWS - 1) * n + TILE_COLUMNS);
        // SAFETY: the tile lies within `product`; callers checked for AVX2 and FMA.
        unsafe {
            tile(
                TILE_ROWS,
                a.as_ptr(),
                (1, TILE_ROWS),
                b,
                Target::new(product, n, add),
            )
        };
    } else {
        let mut part = [0.0; TILE_ROWS * TILE_COLUMNS];
        // SAFETY: as above, in a tile of its own.
        unsafe {
            let part = Target::new(&mut part, TILE_COLUMNS, false);
            tile(TILE_ROWS, a.as_ptr(), (1, TILE_ROWS), b, part)
        };
        for (row, part) in part.chunks_exact(TILE_COLUMNS).take(height).enumerate() {
            let product = &mut product[row * n..][..width];
            for (product, part) in product.iter_mut().zip(part) {
                *product = if add { *product + part } else { *part };
            }
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    unreachable!("{a:?} {b:?} {add} {height} {width}: not available here");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::kernels::pack_columns;
    use crate::testing::values;

    #[test]
    fn transposed_products_equal_the_naive_triple_loop() {
        if !available() {
            return;
        }
        for (m, n, k) in [(1, 1, 1), (7, 17, 3), (50, 33, 600), (12, 32, 256)] {
            let (a, b) = (values(k * m, 1), values(k * n, 2));
            let (mut packed, mut left) = (Vec::new(), TransposedRows::default());
            pack_columns(&b, n, &mut packed);
            for rows in [0..m, m / 2..m] {
                let mut product = vec![f32::NAN; rows.len() * n];
                left.pack((&a, m), rows.clone());
                left.multiply(&mut product, (&packed, n));
                for (at, value) in product.iter().enumerate() {
                    let (row, column) = (rows.start + at / n, at % n);
                    let sum: f32 = (0..k).map(|i| a[i * m + row] * b[i * n + column]).sum();
                    assert!((value - sum).abs() < 1e-3, "{m} {n} {k} {at}");
                }
            }
        }
    }
}
