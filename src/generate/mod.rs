//! Sampling (dissertation Figure 3.1): a seed is played through the network,
//! and the network continues it.
//!
//! ```text
//! seed → what the network sees → primed → fed back → prediction → sound
//! ```

mod common;
pub mod continuation;
mod course;
mod drawing;
mod fastest;
mod feedback;
mod following;
pub mod guard;
mod guidance;
mod guide;
mod listener;
mod making;
mod memory;
mod native;
mod notes;
mod onnxruntime;
#[cfg(test)]
mod overheard;
mod pace;
mod playing;
mod repeated_rows;
mod sampling;
mod settings;
mod shown;
mod sounded;
mod together;
mod work;

pub use drawing::Drawing;
pub use fastest::{Measured, measured};
pub use feedback::Feedback;
pub use following::Follow;
pub use listener::Response;
pub use making::Task;
pub use memory::{LONGEST_MEMORY, memory_of};
pub use native::Native;
pub use onnxruntime::{OnnxRuntime, Provider};
pub use pace::Pace;
pub use playing::{AskedPrecision, Playing};
pub use sampling::{GenerateError, Player, Prediction, Prime, Request, Timings, generate};
pub use settings::{AnswerSettings, Asked, MovingWeights, SettingsError, Weights};
pub use shown::{Shown, Turn};
pub use together::generate_together;
pub use work::{Work, training_step};

use serde::{Deserialize, Serialize};

use self::native::FEW_BYTES;
use crate::frames::WindowFormat;
use crate::model::State;

/// What runs a network. Both engines give the same prediction, up to rounding.
pub trait Engine: Send {
    /// Its name: `native` or `onnxruntime`.
    fn name(&self) -> &'static str;

    /// What it computes on, where there is a choice.
    fn provider(&self) -> Option<Provider> {
        None
    }

    /// On how many threads it does several things at once, which says how long they take.
    fn threads(&self) -> usize {
        1
    }

    /// Bytes of weights that one output reads; 0 where that is not known.
    fn bytes_per_output(&self) -> usize {
        0
    }

    /// The state of a network that has heard nothing yet of what `windows` will show it
    /// in `streams` streams. What an engine remembers of an answer before it forgets.
    fn silence(&mut self, windows: &WindowFormat, streams: usize) -> State;

    /// Plays what is `shown` to the network, taking `state` from before the first time
    /// step to after the last. `prediction` becomes the prediction of the last time
    /// step, `[S, W]`.
    fn play(
        &mut self,
        shown: &Shown,
        state: &mut State,
        prediction: &mut Vec<f32>,
    ) -> Result<(), EngineError>;

    /// Whether several answers' steps, of what `windows` show, cost less together.
    fn shares_steps(&self, _windows: &WindowFormat) -> bool {
        false
    }

    /// Plays several answers' turns, each as [`play`](Engine::play) would alone, where they
    /// share steps.
    fn play_together(&mut self, turns: &mut [Turn]) -> Result<(), EngineError> {
        turns
            .iter_mut()
            .try_for_each(|turn| self.play(&turn.shown, turn.state, turn.prediction))
    }

    /// Whether answers to several seeds are there sooner together by so much that the first
    /// may wait for the last: threads share them, or more weights than a core's own cache
    /// holds are read once for all.
    fn gains_together(&self) -> bool {
        self.threads_beside() > 1 || self.bytes_per_output() > FEW_BYTES
    }

    /// On how many threads what is not the engine's may be done between its turns.
    fn threads_beside(&self) -> usize {
        1
    }

    /// Another one of the same, on one thread, where answers made together are made sooner
    /// by some such than by one whose steps several threads share.
    fn beside(&self) -> Option<Box<dyn Engine>> {
        None
    }
}

/// Which engine to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineKind {
    /// The embedded one: needs nothing else.
    #[default]
    Native,
    /// ONNX Runtime's shared library.
    OnnxRuntime,
    /// Whichever of them is the faster with the model at hand.
    Auto,
}

impl EngineKind {
    /// Its name on the command line and in sidecars.
    pub fn name(self) -> &'static str {
        match self {
            EngineKind::Native => "native",
            EngineKind::OnnxRuntime => "onnxruntime",
            EngineKind::Auto => "auto",
        }
    }
}

/// Why an engine cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error(
        "no ONNX Runtime library was found; install it with `pip install onnxruntime`, or set \
         ORT_DYLIB_PATH to libonnxruntime.so. Looked in: {}", .looked_in.join(", ")
    )]
    NoLibrary { looked_in: Vec<String> },
    #[error("the ONNX Runtime library {library} cannot be used: {what}")]
    Library { library: String, what: String },
    #[error("ONNX Runtime: {0}")]
    Runtime(String),
    #[error(
        "weights in 8 bit are the embedded engine's, where they do not move; leave out --precision i8"
    )]
    NoEightBit,
    #[error(
        "providers are ONNX Runtime's: add --engine onnxruntime, or leave out --provider {}", .0.name()
    )]
    NoProviders(Provider),
    #[error("the weights moved too far: {0}")]
    Training(String),
}
