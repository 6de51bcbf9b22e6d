//! Training: recordings → windows → gradient → Adam, one step after the other
//! (dissertation Figure 2.1).

mod checkpoint;
mod dataset;
mod run;
mod trainer;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use dataset::{Dataset, Recording, Sequences, TooShort};
pub use run::{LossRow, Order, Run, RunError, RunRecord};
pub use trainer::{Diverged, Trainer, memory_needed};
