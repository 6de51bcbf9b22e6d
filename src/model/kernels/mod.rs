//! The inner loops of training: matrix products that read their operands where
//! they lie, for machines with AVX2 and FMA, some of them with AVX-512.
//!
//! Unsafe code stays in the files of this folder that allow it, and in `matrix`.
//! Every function that is seen outside checks its lengths, so that its callers
//! need not.
//!
//! ```text
//! target --> tile --> transpose --> strips --> transposed (with dot), outer, packed
//! ```

#[cfg(target_arch = "x86_64")]
mod dot;
mod lanes;
mod operands;
mod outer;
mod packed;
pub mod rows;
mod step_rows;
mod strips;
#[cfg(target_arch = "x86_64")]
mod target;
mod tile;
#[cfg(target_arch = "x86_64")]
mod transpose;
mod transposed;

pub use operands::Operands;
pub use outer::TransposedRows;
pub use packed::Packed;
pub use step_rows::StepRows;
pub use strips::pack_columns;
pub use tile::TILE_ROWS;
pub use transposed::multiply_transposed;

/// Whether the products of this module run on this machine; `matrix` has
/// products for the others.
pub fn available() -> bool {
    #[cfg(target_arch = "x86_64")]
    return crate::vectorised::has_avx2();
    #[cfg(not(target_arch = "x86_64"))]
    false
}
