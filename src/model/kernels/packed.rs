//! A matrix in strips, for products that come again and again.
#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
use std::ops::Range;

use super::available;
use super::strips::{pack_columns, pack_transposed};
use super::tile::TILE_COLUMNS;
#[cfg(target_arch = "x86_64")]
use super::{
    target::{Target, threads_for},
    tile::{TILE_DEPTH, tiles},
};
#[cfg(target_arch = "x86_64")]
use crate::model::threads::split_range;

/// A matrix `[k, n]` in strips of `TILE_COLUMNS` columns, for products with few
/// rows at a time that come again and again.
#[derive(Clone, Default)]
pub struct Packed {
    strips: Vec<f32>,
    k: usize,
    n: usize,
}

impl Packed {
    /// Takes `matrix [k, n]`.
    pub fn pack(&mut self, matrix: &[f32], n: usize) {
        (self.k, self.n) = (matrix.len() / n, n);
        pack_columns(matrix, n, &mut self.strips);
    }

    /// Takes the transpose of `matrix [n, k]`.
    pub fn pack_transpose(&mut self, matrix: &[f32], k: usize) {
        let n = matrix.len() / k;
        (self.k, self.n) = (k, n);
        self.strips
            .resize(k * n.next_multiple_of(TILE_COLUMNS), 0.0);
        for (index, strip) in self.strips.chunks_exact_mut(k * TILE_COLUMNS).enumerate() {
            let first = index * TILE_COLUMNS;
            pack_transposed(matrix, k, first..(first + TILE_COLUMNS).min(n), 0..k, strip);
        }
    }

    /// `product = a · self`, or `product += a · self` with `add`, of `a [m, k]`.
    ///
    /// # Panics
    /// Where `available()` is false, or lengths do not agree.
    pub fn multiply(&self, product: &mut [f32], add: bool, a: &[f32], threads: usize) {
        assert!(available());
        let Packed { strips, k, n } = self;
        let (k, n, m) = (*k, *n, a.len() / k);
        assert_eq!((a.len(), product.len()), (m * k, m * n));
        assert_eq!(strips.len(), k * n.next_multiple_of(TILE_COLUMNS));
        #[cfg(not(target_arch = "x86_64"))]
        unreachable!("not available: {add} {threads}");
        #[cfg(target_arch = "x86_64")]
        let product = Target::new(product, n, add);
        #[cfg(target_arch = "x86_64")]
        let threads = threads_for(m * n * k, threads);
        #[cfg(target_arch = "x86_64")]
        split_range(0..n, TILE_COLUMNS, threads, &|columns: Range<usize>| {
            for depth in (0..k).step_by(TILE_DEPTH) {
                let product = product.adding(depth > 0);
                let depths = depth * TILE_COLUMNS..(depth + TILE_DEPTH).min(k) * TILE_COLUMNS;
                for column in columns.clone().step_by(TILE_COLUMNS) {
                    let these = column..(column + TILE_COLUMNS).min(columns.end);
                    let strip = &strips[column / TILE_COLUMNS * k * TILE_COLUMNS..];
                    let (a, b) = (&a[depth..], &strip[depths.clone()]);
                    // SAFETY: lengths were compared above, AVX2 and FMA are
                    // here, and each thread has columns of its own.
                    unsafe { tiles(product, (a, k), b, 0..m, these) };
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::values;

    #[test]
    fn packed_products_equal_the_naive_triple_loop() {
        if !available() {
            return;
        }
        for (m, n, k) in [(1, 1, 1), (8, 37, 300), (11, 260, 96)] {
            let (a, b, before) = (values(m * k, 1), values(n * k, 2), values(m * n, 3));
            let mut transpose = vec![0.0; n * k];
            (0..n * k).for_each(|at| transpose[at % k * n + at / k] = b[at]);
            for (threads, add, pack_transpose) in [(1, true, true), (2, false, false)] {
                let mut packed = Packed::default();
                match pack_transpose {
                    true => packed.pack_transpose(&b, k),
                    false => packed.pack(&transpose, n),
                }
                let mut product = before.clone();
                packed.multiply(&mut product, add, &a, threads);
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
