//! Training: recordings → windows → gradient → Adam, one step after the other
//! (dissertation Figure 2.1).

mod checkpoint;
mod dataset;
mod estimate;
mod run;
mod trainer;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use dataset::{Dataset, Recording, Sequences, TooShort};
pub use estimate::{Estimate, EstimateError, measure, memory_of_recordings};
pub use run::{LossRow, Order, Run, RunError};
pub use trainer::{Diverged, Trainer, memory_needed};
