//! A dense layer for a few rows.
#![allow(unsafe_code)]

use std::ops::Range;

use super::activation::tanh;
use super::places::Places;
use super::processor::for_each_processor;
use super::product::{MOST_ROWS, Part};
use crate::model::kernels::lanes::Lanes;
use crate::model::threads::split_range;

/// What a dense layer reads and writes beside its weights.
pub struct DenseRows<'a> {
    /// What the sums begin with, packed: one row for all, or one for each.
    pub start: &'a [f32],
    /// Packed columns that go through a tanh, from the first.
    pub squashed: usize,
    /// `[R, packed columns]`: becomes the layer's values.
    pub values: &'a mut [f32],
}

#[derive(Clone, Copy)]
struct Layer<'a> {
    parts: &'a [Part<'a>],
    start: &'a [f32],
    /// Values from one row of `start` to the next; 0 where there is one for all.
    start_stride: usize,
    squashed: usize,
    values: Places,
    packed: usize,
    rows: usize,
}

/// Makes the values that are the sums of `parts`, the first of them squashed.
///
/// # Panics
/// If lengths do not agree.
pub fn dense(parts: &[Part], rows: DenseRows, threads: usize) {
    let matrix = parts[0].matrix;
    let (processor, packed) = (matrix.processor, matrix.packed());
    let count = rows.values.len() / packed;
    Part::check(parts, count);
    assert_eq!(rows.values.len(), count * packed);
    let start_stride = match rows.start.len() == packed {
        true => 0,
        false => packed,
    };
    assert_eq!(rows.start.len(), packed.max(count * start_stride));
    let layer = Layer {
        parts,
        start: rows.start,
        start_stride,
        squashed: rows.squashed,
        values: Places::of(rows.values),
        packed,
        rows: count,
    };
    let registers = matrix.registers();
    split_range(0..matrix.blocks(), 1, threads, &|blocks: Range<usize>| {
        // SAFETY: lengths were compared above, and each thread has blocks of its own.
        // The matrix was made for this machine.
        unsafe {
            match registers {
                1 => run_1(processor, layer, blocks),
                2 => run_2(processor, layer, blocks),
                _ => run_4(processor, layer, blocks),
            }
        }
    });
}

/// One of the functions that run blocks of `$registers` registers.
macro_rules! blocks_of {
    ($registers:literal, $name:ident, $kernel:ident) => {
        for_each_processor! {
            /// # Safety
            /// The machine is such a `processor`; the lengths of `layer` agree; its
            /// blocks have as many registers; nobody else writes to these `blocks`.
            unsafe fn $name(layer: Layer, blocks: Range<usize>) = $kernel
        }

        /// # Safety
        /// As the function above, and [`Lanes`].
        #[inline(always)]
        unsafe fn $kernel<L: Lanes>(layer: Layer, blocks: Range<usize>) {
            // SAFETY: by contract.
            unsafe { run_blocks::<L, $registers>(layer, blocks) }
        }
    };
}
blocks_of!(1, run_1, kernel_1);
blocks_of!(2, run_2, kernel_2);
blocks_of!(4, run_4, kernel_4);

/// # Safety
/// As the functions above.
#[inline(always)]
unsafe fn run_blocks<L: Lanes, const G: usize>(layer: Layer, blocks: Range<usize>) {
    for block in blocks {
        let mut row = 0;
        while row < layer.rows {
            let rows = (layer.rows - row).min(MOST_ROWS);
            // SAFETY: by contract.
            unsafe {
                match rows {
                    1 => run_block::<L, 1, G>(layer, block, row),
                    2 => run_block::<L, 2, G>(layer, block, row),
                    3 => run_block::<L, 3, G>(layer, block, row),
                    _ => run_block::<L, MOST_ROWS, G>(layer, block, row),
                }
            }
            row += rows;
        }
    }
}

/// # Safety
/// As [`run_blocks`].
#[inline(always)]
unsafe fn run_block<L: Lanes, const R: usize, const G: usize>(
    layer: Layer,
    block: usize,
    first: usize,
) {
    // SAFETY: the block, and `R` rows from `first` on, exist by contract.
    unsafe {
        let mut sums = [[L::splat(0.0); G]; R];
        let column = block * G * L::WIDTH;
        for (r, sums) in sums.iter_mut().enumerate() {
            let start = (first + r) * layer.start_stride + column;
            let start = layer.start.as_ptr().add(start);
            for (g, sum) in sums.iter_mut().enumerate() {
                *sum = L::load(start.add(g * L::WIDTH));
            }
        }
        for part in layer.parts {
            part.add::<L, R, G>(block, first, &mut sums);
        }
        for (r, sums) in sums.iter().enumerate() {
            let values = layer.values.at((first + r) * layer.packed + column);
            for (g, sum) in sums.iter().enumerate() {
                let values = values.add(g * L::WIDTH);
                let squashed = layer.squashed.saturating_sub(column + g * L::WIDTH);
                if squashed == 0 {
                    L::store(values, *sum);
                    continue;
                }
                L::store(values, tanh::<L>(*sum));
                if squashed < L::WIDTH {
                    // The register's end is not squashed.
                    let mut all = [0.0; 16];
                    L::store(all.as_mut_ptr(), *sum);
                    for (lane, value) in all.iter().enumerate().take(L::WIDTH).skip(squashed) {
                        *values.add(lane) = *value;
                    }
                }
            }
        }
    }
}
