//! Training: recordings → windows → gradient → Adam, one step after the other
//! (dissertation Figure 2.1), with predictions sampled in between or alongside
//! (Figures 3.3 and 3.4).

mod checkpoint;
mod choice;
mod dataset;
mod dreams;
mod estimate;
mod export;
mod inspection;
mod loss_scale;
mod memory;
mod moving;
mod recordings;
mod run;
mod saved_path;
mod session;
mod trainer;
mod trend;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use choice::{ChosenRecordings, choose};
pub use dataset::{Dataset, Gathering, Recording, Sequences, TooShort};
pub use dreams::{SampledPrediction, Sampling};
pub use estimate::{Estimate, EstimateError, measure};
pub use export::{ExportError, ExportedModel, export};
pub use inspection::{Heard, Remark, decibels, inspect};
pub use loss_scale::{LossScale, LossUnit};
pub use memory::{TooLarge, memory_of_training, refuse_what_does_not_fit};
pub use moving::{HEARING_STEPS, Moving, Prepared, SETTLING_STEPS};
pub use recordings::{Care, Headers, Recordings, RecordingsError, read};
pub use run::{
    KeptRun, LossRow, Lost, PREDICTIONS, Resumed, Run, RunError, RunOrder, RunProgress, RunRecord,
    RunState, is_training,
};
pub use session::{Observer, Progress, Session, SessionError};
pub use trainer::{Diverged, StepError, Trainer};
pub use trend::{Measurement, Trend, TrendRemark};
