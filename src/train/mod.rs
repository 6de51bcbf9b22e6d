//! Training: recordings → windows → gradient → Adam, one step after the other
//! (dissertation Figure 2.1), with predictions sampled in between or alongside
//! (Figures 3.3 and 3.4).

mod checkpoint;
mod dataset;
mod dreams;
mod estimate;
mod inspection;
mod moving;
mod recordings;
mod run;
mod session;
mod trainer;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use dataset::{Dataset, Gathering, Recording, Sequences, TooShort};
pub use dreams::{SampledPrediction, Sampling};
pub use estimate::{Estimate, EstimateError, measure, memory_of_training};
pub use inspection::{Heard, Remark, inspect};
pub use moving::Moving;
pub use recordings::{Care, Choice, Recordings, RecordingsError, choose, read, seconds_by_header};
pub use run::{LossRow, Lost, Order, PREDICTIONS, Resumed, Run, RunError, RunRecord};
pub use session::{Observer, Progress, Session, SessionError};
use trainer::memory_needed;
pub use trainer::{Diverged, Trainer};
