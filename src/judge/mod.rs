//! The three criteria for sampled outputs (dissertation 1.4.2) as numbers.
//!
//! A sampled output 1. is relatively free from artifacts, 2. obviously
//! resembles the input, and 3. does not match the input literally. [`Judge`]
//! measures a prediction against the audio that its model learned from
//! ([`Measures`]), gives each criterion a [`Score`] as Table 5.1 does, and says
//! where clicks and literally repeated pieces are.
//!
//! ```text
//! samples --> clicks (1), features (1, 2) --> resemblance (2)
//!        \--> literal (3)                 all --> measures --> verdict
//! ```
//!
//! No number replaces a listener: the measures tell failures from candidates.

mod clicks;
mod features;
mod frechet;
mod literal;
mod measures;
mod resemblance;
mod verdict;

use serde::Serialize;

pub use clicks::{CLICK_FACTOR, Click};
pub use literal::{LITERAL, PIECE_SECONDS, RepeatedPiece};
pub use measures::{Judge, JudgeError, LEAST_TRAINING_SECONDS, Measures};
pub use verdict::{CriterionScore, Score, Verdict};

/// What there is to say about one prediction.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// Whether there is no sound to measure: the prediction is silent, empty,
    /// or has samples that are not finite numbers.
    pub broken: bool,
    /// The measures; `None` where it is broken.
    #[serde(flatten)]
    pub measures: Option<Measures>,
    /// The scores.
    pub verdict: Verdict,
    /// Where the waveform is torn, in the order of time.
    pub clicks: Vec<Click>,
    /// What stands in the training audio, in the order of time.
    pub repeated: Vec<RepeatedPiece>,
}

impl Evaluation {
    /// Of a prediction with nothing to measure.
    pub fn broken() -> Evaluation {
        Evaluation {
            broken: true,
            measures: None,
            verdict: Verdict::broken(),
            clicks: Vec::new(),
            repeated: Vec::new(),
        }
    }
}
