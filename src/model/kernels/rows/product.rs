//! The product of a few rows and one block of a matrix, which stays in registers.
#![allow(unsafe_code)]

use super::input::RowInput;
use super::matrix::{Precision, RowMatrix};
use crate::model::kernels::lanes::Lanes;

/// Rows that a block's sums are made for at once.
pub const MOST_ROWS: usize = 4;

/// A matrix and the rows that it is multiplied with.
#[derive(Clone, Copy)]
pub struct Part<'a> {
    pub(super) matrix: &'a RowMatrix,
    rows: &'a RowInput,
    /// Inputs that count, from the first.
    depth: usize,
}

impl<'a> Part<'a> {
    /// `matrix` and `rows` that it took.
    pub fn new(matrix: &'a RowMatrix, rows: &'a RowInput) -> Part<'a> {
        Part {
            matrix,
            rows,
            depth: matrix.depth,
        }
    }

    /// The same of the first `depth` inputs alone, of a matrix in f32.
    pub fn of_first(self, depth: usize) -> Part<'a> {
        Part { depth, ..self }
    }

    /// Checks that the parts of one product go together, for `rows` rows.
    pub(super) fn check(parts: &[Part], rows: usize) {
        for part in parts {
            assert_eq!(part.rows.rows, rows, "as many rows in each part");
            assert_eq!(part.rows.stride, part.matrix.even_depth());
            assert_eq!(part.matrix.columns, parts[0].matrix.columns);
            assert_eq!(part.matrix.processor, parts[0].matrix.processor);
            assert!(part.depth <= part.matrix.depth && part.matrix.is_packed());
            assert_eq!(part.rows.scales.len(), rows);
            let numbers = rows * part.rows.stride;
            match part.matrix.precision() {
                Precision::F32 => assert!(part.rows.numbers.values::<f32>().len() >= numbers),
                Precision::I8 => assert!(part.rows.numbers.values::<i16>().len() >= numbers),
            }
        }
    }

    /// Adds the product of rows `first` to `first + R` and block `block` to `sums`.
    ///
    /// # Safety
    /// As [`Lanes`], those of the matrix's processor; the block has `G` registers; it
    /// and the rows exist.
    #[inline(always)]
    pub(super) unsafe fn add<L: Lanes, const R: usize, const G: usize>(
        self,
        block: usize,
        first: usize,
        sums: &mut [[L::Floats; G]; R],
    ) {
        // SAFETY: by contract.
        unsafe {
            match self.matrix.precision() {
                Precision::F32 => self.add_f32::<L, R, G>(block, first, sums),
                Precision::I8 => self.add_i8::<L, R, G>(block, first, sums),
            }
        }
    }

    /// # Safety
    /// As [`Part::add`].
    #[inline(always)]
    unsafe fn add_f32<L: Lanes, const R: usize, const G: usize>(
        self,
        block: usize,
        first: usize,
        sums: &mut [[L::Floats; G]; R],
    ) {
        let (depth, stride) = (self.matrix.depth, self.rows.stride);
        let of_input = G * L::WIDTH;
        let weights = self.matrix.weights.values::<f32>().as_ptr();
        let inputs = self.rows.numbers.values::<f32>().as_ptr();
        // SAFETY: the block and the rows exist, so all their values do.
        unsafe {
            let mut weights = weights.add(block * of_input * depth);
            let inputs = inputs.add(first * stride);
            for k in 0..self.depth {
                let mut column = [L::splat(0.0); G];
                for (g, column) in column.iter_mut().enumerate() {
                    *column = L::load(weights.add(g * L::WIDTH));
                }
                for (r, sums) in sums.iter_mut().enumerate() {
                    let input = L::splat(*inputs.add(r * stride + k));
                    for (sum, column) in sums.iter_mut().zip(column) {
                        *sum = L::multiply_add(input, column, *sum);
                    }
                }
                weights = weights.add(of_input);
            }
        }
    }

    /// # Safety
    /// As [`Part::add`].
    #[inline(always)]
    unsafe fn add_i8<L: Lanes, const R: usize, const G: usize>(
        self,
        block: usize,
        first: usize,
        sums: &mut [[L::Floats; G]; R],
    ) {
        let (depth, stride) = (self.matrix.even_depth(), self.rows.stride);
        let of_block = G * L::WIDTH;
        let weights = self.matrix.weights.values::<i8>().as_ptr();
        let inputs = self.rows.numbers.values::<i16>().as_ptr();
        // SAFETY: the block and the rows exist, so all their values do.
        unsafe {
            let mut weights = weights.add(block * of_block * depth);
            let inputs = inputs.add(first * stride);
            let mut exact = [[L::no_sums(); G]; R];
            for pair in 0..depth / 2 {
                let mut columns = [L::splat_pair(inputs); G];
                for (g, columns) in columns.iter_mut().enumerate() {
                    *columns = L::load_bytes(weights.add(2 * g * L::WIDTH));
                }
                for (r, exact) in exact.iter_mut().enumerate() {
                    let input = L::splat_pair(inputs.add(r * stride + 2 * pair));
                    for (sum, columns) in exact.iter_mut().zip(columns) {
                        *sum = L::add_products(*sum, columns, input);
                    }
                }
                weights = weights.add(2 * of_block);
            }
            let scales = self.matrix.scales.as_ptr().add(block * of_block);
            for (r, (sums, exact)) in sums.iter_mut().zip(exact).enumerate() {
                let of_row = L::splat(self.rows.scales[first + r]);
                for (g, (sum, exact)) in sums.iter_mut().zip(exact).enumerate() {
                    let scale = L::multiply(of_row, L::load(scales.add(g * L::WIDTH)));
                    *sum = L::multiply_add(L::to_floats(exact), scale, *sum);
                }
            }
        }
    }
}
