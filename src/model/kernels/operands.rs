//! The operands of a product with a transposed matrix.

/// `a [m, k]` and `b [n, k]` of `a · bᵀ`: every row of both has `k` values.
#[derive(Clone, Copy)]
pub struct Operands<'a> {
    /// The rows on the left.
    pub a: &'a [f32],
    /// The rows on the right, which are the product's columns.
    pub b: &'a [f32],
    /// Values in a row.
    pub k: usize,
}
