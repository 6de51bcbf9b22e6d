//! Training: recordings → windows → gradient → Adam, one step after the other
//! (dissertation Figure 2.1).

mod dataset;
mod trainer;

pub use dataset::{Dataset, Recording, Sequences, TooShort};
pub use trainer::{Diverged, Trainer};
