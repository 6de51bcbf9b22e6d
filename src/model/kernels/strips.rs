//! Matrices copied to strips of the width of a tile, so that a tile reads them one
//! value after the other.
#![allow(unsafe_code)]

use std::ops::Range;

use super::tile::TILE_COLUMNS;
#[cfg(target_arch = "x86_64")]
use super::{
    available,
    transpose::{SIDE, transpose_square},
};

/// Copies columns `columns` of `matrix [k, width]` to `strip [k, S]`, with
/// zeros beyond them.
pub fn pack<const S: usize>(
    matrix: &[f32],
    width: usize,
    columns: Range<usize>,
    strip: &mut [f32],
) {
    let rows = matrix.chunks_exact(width);
    for (row, packed) in rows.zip(strip.chunks_exact_mut(S)) {
        let row = &row[columns.clone()];
        if let Ok(row) = <&[f32; S]>::try_from(row) {
            packed.copy_from_slice(row);
        } else {
            packed[..row.len()].copy_from_slice(row);
            packed[row.len()..].fill(0.0);
        }
    }
}

/// Copies `matrix [k, n]` to strips of `TILE_COLUMNS` columns, one after another.
pub fn pack_columns(matrix: &[f32], n: usize, packed: &mut Vec<f32>) {
    let k = matrix.len() / n;
    packed.resize(k * n.next_multiple_of(TILE_COLUMNS), 0.0);
    for (index, strip) in packed.chunks_exact_mut(k * TILE_COLUMNS).enumerate() {
        let first = index * TILE_COLUMNS;
        let columns = first..(first + TILE_COLUMNS).min(n);
        pack::<TILE_COLUMNS>(matrix, n, columns, strip);
    }
}

/// Copies values `depths` of the rows `rows` of `matrix [_, k]`, transposed, to
/// `strip [depths, TILE_COLUMNS]`, with zeros beyond the rows.
pub fn pack_transposed(
    matrix: &[f32],
    k: usize,
    rows: Range<usize>,
    depths: Range<usize>,
    strip: &mut [f32],
) {
    if rows.len() < TILE_COLUMNS {
        strip.fill(0.0);
    }
    let squares = pack_squares(matrix, k, &rows, &depths, strip);
    let strip = &mut strip[squares * TILE_COLUMNS..];
    for (column, row) in rows.enumerate() {
        let values = &matrix[row * k..][depths.start + squares..depths.end];
        for (packed, value) in strip.chunks_exact_mut(TILE_COLUMNS).zip(values) {
            packed[column] = *value;
        }
    }
}

/// As much of `pack_transposed` as can be done in squares, from the first depth on:
/// this number of depths.
#[cfg(target_arch = "x86_64")]
fn pack_squares(
    matrix: &[f32],
    k: usize,
    rows: &Range<usize>,
    depths: &Range<usize>,
    strip: &mut [f32],
) -> usize {
    /// Depths at once: a line of the cache, which is read whole while it is there.
    const DEPTHS: usize = 2 * SIDE;
    let whole = depths.len() - depths.len() % DEPTHS;
    if rows.len() != TILE_COLUMNS || !available() {
        return 0;
    }
    assert!(depths.end <= k && rows.end * k <= matrix.len());
    assert!(whole * TILE_COLUMNS <= strip.len());
    for first in (0..whole).step_by(DEPTHS) {
        for column in (0..TILE_COLUMNS).step_by(SIDE) {
            for depth in [first, first + SIDE] {
                // SAFETY: AVX2 is here; rows end at `rows.end`, depths at `depths.end`
                // and within the strip, whose rows hold `TILE_COLUMNS` columns.
                unsafe {
                    let from = &raw const matrix[(rows.start + column) * k + depths.start + depth];
                    let to = &raw mut strip[depth * TILE_COLUMNS + column];
                    transpose_square(from, k, to, TILE_COLUMNS);
                }
            }
        }
    }
    whole
}

#[cfg(not(target_arch = "x86_64"))]
fn pack_squares(_: &[f32], _: usize, _: &Range<usize>, _: &Range<usize>, _: &mut [f32]) -> usize {
    0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::values;

    #[test]
    fn a_transposed_strip_has_every_value_in_its_place() {
        let k = 70;
        let matrix = values(40 * k, 1);
        for (rows, depths) in [(3..19, 5..70), (0..16, 0..32), (30..40, 0..33)] {
            let mut strip = vec![f32::NAN; depths.len() * TILE_COLUMNS];
            pack_transposed(&matrix, k, rows.clone(), depths.clone(), &mut strip);
            for (at, value) in strip.iter().enumerate() {
                let (depth, row) = (
                    depths.start + at / TILE_COLUMNS,
                    rows.start + at % TILE_COLUMNS,
                );
                let expected = if row < rows.end {
                    matrix[row * k + depth]
                } else {
                    0.0
                };
                assert_eq!(*value, expected, "{row} {depth}");
            }
        }
    }
}
