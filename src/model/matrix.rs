//! Matrix products on the crate `gemm`. Unsafe code stays in this module and
//! in `kernels`.
#![allow(unsafe_code)]

use std::ops::Range;

use gemm::Parallelism;

use super::kernels::{self, Operands};

/// A matrix in row-major storage, or the transpose of one.
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// `values` as `[rows, columns]`.
    ///
    /// # Panics
    /// If there are not exactly as many values.
    pub fn new(values: &'a [f32], rows: usize, columns: usize) -> Self {
        assert_eq!(values.len(), rows * columns, "a [{rows}, {columns}] matrix");
        Matrix {
            values,
            rows,
            columns,
            row_stride: columns,
            column_stride: 1,
        }
    }

    /// The transpose, without moving a value.
    pub fn t(self) -> Self {
        Matrix {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }

    /// Some of its rows.
    pub fn rows(self, rows: Range<usize>) -> Self {
        assert!(rows.start < rows.end && rows.end <= self.rows);
        Matrix {
            values: &self.values[rows.start * self.row_stride..],
            rows: rows.len(),
            ..self
        }
    }
}

/// `product = a · b`, or `product += a · b` with `add`; `product` is row-major.
///
/// # Panics
/// If the shapes do not agree.
pub fn multiply(product: &mut [f32], add: bool, a: Matrix, b: Matrix, threads: usize) {
    let (m, n, k) = (a.rows, b.columns, a.columns);
    assert_eq!(k, b.rows, "[{m}, {k}] · [{}, {n}]", b.rows);
    assert_eq!(product.len(), m * n, "a [{m}, {n}] product");
    let parallelism = match threads {
        0 | 1 => Parallelism::None,
        n => Parallelism::Rayon(n),
    };
    // SAFETY: the strides of a `Matrix` reach values that it holds and no
    // others: `new` compares their number, and `rows` keeps some of them.
    // `product` holds m · n values, strides (n, 1). `product` is borrowed
    // mutably, so it overlaps neither operand. The shapes were compared above.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            product.as_mut_ptr(),
            1,
            n as isize,
            add,
            a.values.as_ptr(),
            a.column_stride as isize,
            a.row_stride as isize,
            b.values.as_ptr(),
            b.column_stride as isize,
            b.row_stride as isize,
            1.0,
            1.0,
            false,
            false,
            false,
            parallelism,
        );
    }
}

/// `product [m, n] = a · bᵀ`, or `product += a · bᵀ` with `add`, without copying
/// the operands where the machine has AVX2.
///
/// # Panics
/// If the shapes do not agree.
pub fn multiply_transposed(product: &mut [f32], add: bool, operands: Operands, threads: usize) {
    if !kernels::multiply_transposed(product, add, operands, threads) {
        let Operands { a, b, k } = operands;
        let b = Matrix::new(b, b.len() / k, k).t();
        multiply(product, add, Matrix::new(a, a.len() / k, k), b, threads);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::values;

    #[test]
    fn it_equals_the_naive_triple_loop() {
        for (m, n, k) in [
            (1, 1, 1),
            (1, 512, 128),
            (5, 3, 4),
            (64, 128, 33),
            (7, 1, 300),
        ] {
            let a = values(m * k, 0);
            let b = values(n * k, 3);
            for threads in [1, 2] {
                let mut product = values(m * n, 5);
                let before = product.clone();
                multiply(
                    &mut product,
                    true,
                    Matrix::new(&a, m, k),
                    Matrix::new(&b, n, k).t(),
                    threads,
                );
                for row in 0..m {
                    for column in 0..n {
                        let sum: f32 = (0..k).map(|i| a[row * k + i] * b[column * k + i]).sum();
                        let expected = before[row * n + column] + sum;
                        assert!((product[row * n + column] - expected).abs() < 1e-4);
                    }
                }
            }
        }
    }

    #[test]
    fn some_rows_are_rows_of_the_whole() {
        let matrix = values(12, 0);
        let mut product = [0.0; 2];
        let row = Matrix::new(&matrix, 4, 3).t().rows(1..3);
        multiply(
            &mut product,
            false,
            row,
            Matrix::new(&[0.0, 0.0, 0.0, 1.0], 4, 1),
            1,
        );
        assert_eq!(product, [matrix[10], matrix[11]]);
    }

    #[test]
    fn without_add_what_was_there_is_overwritten() {
        let mut product = [f32::NAN; 1];
        multiply(
            &mut product,
            false,
            Matrix::new(&[2.0, 3.0], 2, 1).t(),
            Matrix::new(&[5.0, 7.0], 2, 1),
            1,
        );
        assert_eq!(product, [31.0]);
    }
}
