//! One LSTM layer: Equations (1.6) to (1.11), forward and backward through time.

mod backward;
mod forward;
mod layer;

pub use backward::{backward, update};
pub use forward::forward;
pub use layer::{
    CELL_GATE, FORGET_GATE, GATES, INPUT_GATE, LstmTape, LstmWeights, OUTPUT_GATE, Pass,
};
