//! What learns: a stack of LSTM layers under a head, forward and backward by
//! hand, Adam, and the ONNX file.
//!
//! The dimension letters used throughout:
//!
//! ```text
//! R rows (num_unrollings)   D input length (seg_len)   H units of a layer
//! L layers   O outputs per row   T time steps in one pass   C conditions
//! ```
//!
//! Arrays are row-major `f32` slices, `[T, R, H]` for instance. A network that is
//! conditioned sees C values beside each row of its input, after the row's own.

mod activation;
mod adam;
mod architecture;
mod bare_step;
mod card;
mod conditions;
mod dropout;
mod head;
mod inference;
mod kernels;
mod lstm;
mod matrix;
mod network;
pub mod onnx;
mod output;
mod state;
mod step;
mod threads;
mod update;

pub use adam::Adam;
pub use architecture::{Architecture, TensorSpec};
pub use bare_step::BareStep;
pub use card::{Card, CardError, Device, Opened};
pub use dropout::Dropout;
pub use head::Head;
pub use inference::{Inference, SAMPLES_BEFORE_TAPS, Sequence};
pub use kernels::rows::{Precision, Processor};
pub use lstm::GATES;
pub use network::{Network, Tape};
pub use output::{Mixture, Output, Said, from_level};
pub use state::State;
pub use step::Rates;
pub use threads::threads_worth;
pub use update::clip;
