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
//!        \--> literal (3)                 all --> measures --> verdict --> evaluation
//! ```
//!
//! A fourth measure is no criterion of the dissertation's: how far a prediction
//! follows its own seed ([`Hears`]), and of several, whether each is nearest to
//! its own ([`Identification`]).
//!
//! ```text
//! seed, answer --> sound --> chroma over time --> hears, identification
//! ```
//!
//! No number replaces a listener: the measures tell failures from candidates.

mod chroma_over_time;
mod clicks;
mod evaluation;
mod features;
mod frechet;
mod hears;
mod identification;
mod level;
mod literal;
mod measures;
mod resemblance;
mod sound;
mod verdict;

pub use chroma_over_time::{CHROMA_BEGIN_SECONDS, CHROMA_HOP_SECONDS};
pub use clicks::{CLICK_FACTOR, Click};
pub use evaluation::{Evaluation, Judge, JudgeError, LEAST_TRAINING_SECONDS};
pub use hears::{Hears, LEAST_ANSWER_SECONDS};
pub use identification::{Identification, LEAST_SEED_SECONDS};
pub use literal::{LITERAL, PIECE_SECONDS, RepeatedPiece};
pub use measures::Measures;
pub use sound::{COMPARED_RATE, ComparedSound, SoundError};
pub use verdict::{Better, CriterionScore, LIMITS, Limit, Score, Verdict, limits_in_markdown};
