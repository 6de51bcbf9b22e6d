//! One LSTM layer: Equations (1.6) to (1.11), forward and backward through time.

mod backward;
mod forward;
mod layer;

pub use backward::{backward, update};
pub use forward::forward;
pub use layer::{FORGET_GATE, GATES, LstmTape, LstmWeights, Pass};
