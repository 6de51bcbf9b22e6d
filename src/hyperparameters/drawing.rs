//! How predictions are drawn and fed back.

use serde::{Deserialize, Serialize};

use super::rule::{Rule, Values, When};

/// How the model answers: how predictions are drawn and fed back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DrawingSettings {
    /// Whether the weights stay as they are while the model answers, or go on learning.
    pub answer: AnswerMode,
    /// Share of a mixture's noise that what is fed back to the network carries while
    /// its weights are frozen; the sound itself carries `heard_noise`.
    pub feedback_noise: f64,
    /// Share of a mixture's noise that is heard, where it is one of vectors or frames (none
    /// in the dissertation, which has no mixtures).
    pub heard_noise: f64,
    /// What predictions are multiplied by when they are fed back to a network whose
    /// weights are frozen: a little below 1, tones that it would sustain for ever die
    /// away (1 in the dissertation).
    pub feedback_gain: f64,
    /// What makes sound of frames.
    pub resynthesis: Vocoder,
    /// Samples from frame to frame where frames become sound: more of them make an
    /// answer slower at the same pitch, fewer faster; 0 for as many as were heard.
    pub resynthesis_hop: usize,
}

pub(super) const RULES: &[Rule] = &[
    Rule::new(
        "answer",
        Values::Choice(&[
            ("frozen", "They stay as they were trained."),
            (
                "moving",
                "They go on learning from the training audio, which the model keeps: the \
                 dissertation's concurrent sampling (section 3.3).",
            ),
        ]),
        "What the weights do while the model answers.",
    ),
    Rule::new(
        "temperature",
        Values::Number(0.01, 10.0),
        "What the logarithms of chances are divided by when a prediction is drawn: below 1 the \
         likely becomes likelier, and the answer tamer.",
    )
    .when(When::Drawn)
    .option("temperature", "T"),
    Rule::new(
        "top_p",
        Values::Above(0.0, 1.0),
        "Only the likeliest choices that together reach this chance are drawn: below 1 the \
         unlikely never happens.",
    )
    .when(When::Drawn)
    .option("top-p", "P"),
    Rule::new(
        "feedback_noise",
        Values::Number(0.0, 10.0),
        "Share of a mixture's noise that what is fed back carries: more keeps an answer moving, \
         less lets notes fade; the sound itself carries what heard_noise says. In bands each has \
         twice the share of the one below it, up to all.",
    )
    .when(When::FrozenMixture)
    .option("feedback-noise", "S"),
    Rule::new(
        "heard_noise",
        Values::Number(0.0, 10.0),
        "Share of a mixture's noise that is heard: of cosines or frames it has the music's colour, \
         and gives back the breath that means lack; of samples it hisses.",
    )
    .when(When::Choosing)
    .option("heard-noise", "S"),
    Rule::new(
        "feedback_gain",
        Values::Number(0.5, 1.0),
        "What is fed back is multiplied by this: a little below 1, tones die away that would \
         last for ever.",
    )
    .when(When::Frozen)
    .option("feedback-gain", "G"),
    Rule::new(
        "resynthesis",
        Values::Choice(&[
            (
                "oscillator-bank",
                "An oscillator for each bin, at the bin's centre, as in the dissertation (section \
                 3.2).",
            ),
            (
                "phase-locked",
                "Inverse Fourier transforms whose phases follow from the magnitudes, all bins \
                 sounding: steady tones do not beat, and beginnings are sharp.",
            ),
        ]),
        "What makes sound of frames: oscillators, or transforms whose phases are locked to the \
         peaks.",
    )
    .when(When::Spectra)
    .option("resynthesis", "VOCODER"),
    Rule::new(
        "resynthesis_hop",
        Values::Whole(0, 65_536),
        "Samples from frame to frame where frames become sound: more than hop_size makes an \
         answer slower at the same pitch, fewer faster; 0 for hop_size.",
    )
    .when(When::Spectra)
    .option("resynthesis-hop", "SAMPLES"),
];

/// What the weights do while a model answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnswerMode {
    /// They stay as they were trained.
    Frozen,
    /// They go on learning from the training audio, which the model keeps: the
    /// dissertation's concurrent sampling (section 3.3).
    Moving,
}

/// What makes sound of magnitude frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Vocoder {
    /// An oscillator for each bin, at the bin's centre (section 3.2).
    OscillatorBank,
    /// Inverse Fourier transforms whose phases follow from the magnitudes.
    PhaseLocked,
}

impl AnswerMode {
    /// Its name in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            AnswerMode::Frozen => "frozen",
            AnswerMode::Moving => "moving",
        }
    }
}
