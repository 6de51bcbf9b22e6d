//! Products of a few rows with matrices that stay as they are: what a network does
//! at every time step of an answer, where nothing but reading the weights counts.
//!
//! A matrix is copied once, so that a step reads it once and in order: in blocks of as
//! many columns as stay in registers while all inputs pass. What becomes of the sums,
//! an LSTM's cell or a dense layer's values, is made of them before they leave the
//! registers. Each row is computed alike however many there are.
//!
//! ```text
//! lanes --> product, activation --> cell, dense
//! ```

mod activation;
mod cell;
mod dense;
mod input;
mod lines;
mod matrix;
mod places;
mod processor;
mod product;
#[cfg(test)]
mod tests;

pub use cell::{CellRows, step_cells};
pub use dense::{DenseRows, dense};
pub use input::RowInput;
pub use matrix::{Columns, Precision, RowMatrix};
pub use processor::Processor;
pub use product::Part;
