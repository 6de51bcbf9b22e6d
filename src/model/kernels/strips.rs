//! Matrices copied to strips of the width of a tile, so that a tile reads them one
//! value after the other.
use std::ops::Range;

use super::tile::TILE_COLUMNS;

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
    for (column, row) in rows.enumerate() {
        let values = &matrix[row * k..][depths.clone()];
        for (packed, value) in strip.chunks_exact_mut(TILE_COLUMNS).zip(values) {
            packed[column] = *value;
        }
    }
}
