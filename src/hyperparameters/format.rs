//! What the network hears and what it predicts.

use serde::{Deserialize, Serialize};

use super::LOWEST_RATE;
use super::rule::{Rule, Values, When};

/// Cursors and offsets beyond this are slips of the pen.
const FAR: u64 = 1 << 40;

/// What the network hears and what it predicts.
///
/// A *sample* is an audio sample for the approaches on raw audio and a
/// magnitude frame for the magnitude spectrum approach, whose cursors and
/// offsets therefore count frames. In bands they count steps, of a sample of each band.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FormatSettings {
    /// Sampling rate the model hears and speaks at, in Hz.
    pub sample_rate: u32,
    /// Whether that is only a guess, which the rate of the recordings takes the place of:
    /// a `sample_rate` of 0 in a file.
    #[serde(skip)]
    pub follows_recordings: bool,
    /// Size of an analysis frame, in audio samples.
    pub window_size: usize,
    /// Distance between adjacent analysis frames, in audio samples.
    pub hop_size: usize,
    /// Whether analysis frames are padded with as many zeros as they have samples.
    pub zero_padding: bool,
    /// Whether the oscillator bank sounds only bins larger than both neighbours (section
    /// 3.2, step 1).
    pub peak_picking: bool,
    /// Bands that the signal is split into, 1 for none: a step is a sample of each.
    pub bands: usize,
    /// Length of each input vector, in values: those of all bands.
    pub seg_len: usize,
    /// Number of input vectors in each input matrix.
    pub num_unrollings: usize,
    /// Distance between the first elements of adjacent input vectors of one matrix.
    pub int_cursor_inc: usize,
    /// Distance between the first elements of adjacent input matrices.
    pub ext_cursor_inc: usize,
    /// Shape of the label matrix.
    pub label_shape: [usize; 2],
    /// Distance from the first input element to the first label element. In the vector
    /// approach less than `seg_len` makes vectors overlap, which are then cross-faded.
    pub label_offset: usize,
    /// Shape of the prediction; the loss needs it equal to `label_shape`.
    pub output_shape: [usize; 2],
    /// Whether one sample is predicted for the entire matrix (the transpose approach).
    pub use_transpose: bool,
    /// Whether the model sees magnitude spectra.
    pub use_fft: bool,
    /// Whether audio is scaled to full scale for the network, and its predictions back
    /// (spectra always are; the dissertation's audio is not).
    pub normalise: bool,
    /// How much high frequencies are raised for the network, and lowered again in its
    /// predictions: the share of the sample before that each one loses (0 in the
    /// dissertation).
    pub pre_emphasis: f64,
    /// Whether predictions have nothing above the training audio's highest frequency
    /// (the dissertation's may).
    pub band_limit: bool,
    /// How magnitudes are scaled for the network.
    pub magnitude_scale: MagnitudeScale,
    /// What the values of a predicted vector are.
    pub label_values: LabelValues,
}

impl FormatSettings {
    /// Audio samples from one element of the sequence to the next.
    pub fn samples_per_element(&self) -> usize {
        if self.use_fft {
            self.hop_size
        } else {
            self.bands
        }
    }

    /// What the elements of the sequence are called.
    pub fn elements(&self) -> &'static str {
        match (self.use_fft, self.bands) {
            (true, _) => "frames",
            (false, 1) => "samples",
            (false, _) => "steps",
        }
    }
}

pub(super) const RULES: &[Rule] = &[
    Rule::new(
        "sample_rate",
        Values::WholeOrZero(LOWEST_RATE as u64, 384_000),
        "Sampling rate the model hears and speaks at, in Hz: nothing above half of it is ever heard. \
         0 takes the recordings' own, up to 48000.",
    ),
    Rule::new(
        "window_size",
        Values::Whole(16, 65_536),
        "Audio samples of one analysis frame: more hear pitches more exactly, and onsets less.",
    )
    .when(When::Spectra),
    Rule::new(
        "hop_size",
        Values::Whole(1, 65_536),
        "Audio samples from one analysis frame to the next, at most window_size: fewer follow \
         quick changes, and take longer.",
    )
    .when(When::Spectra),
    Rule::new(
        "zero_padding",
        Values::Flag,
        "Whether a frame is padded with as many zeros as it has samples, which doubles its bins.",
    )
    .when(When::Spectra),
    Rule::new(
        "peak_picking",
        Values::Flag,
        "Whether only bins larger than both neighbours sound (section 3.2, step 1): clearer tones, \
         less noise; the phase-locked vocoder needs all of them.",
    )
    .when(When::Spectra),
    Rule::new(
        "bands",
        Values::OneOf(&[1, 4, 8]),
        "Bands that the sound is split into, critically sampled, 1 for none: one step predicts a \
         sample of each, so that the network takes as many times fewer steps for a second of \
         sound; lengths of vectors count the values of all bands, cursors and offsets count steps.",
    )
    .when(When::SingleSamples),
    Rule::new(
        "seg_len",
        Values::Whole(2, 65_536),
        "Length of each input vector: how much the network hears in one time step.",
    )
    .when(When::Audio),
    Rule::new(
        "num_unrollings",
        Values::Whole(1, 65_536),
        "Number of input vectors in each input matrix: how many places of a recording are learned \
         from at once.",
    ),
    Rule::new(
        "int_cursor_inc",
        Values::Whole(1, FAR),
        "Distance between the first elements of adjacent input vectors of one matrix: far apart, \
         they hear different parts of a recording.",
    )
    .when(When::SeveralRows),
    Rule::new(
        "ext_cursor_inc",
        Values::Whole(1, FAR),
        "Distance between the first elements of adjacent input matrices: how far one time step \
         goes on.",
    ),
    Rule::new(
        "label_shape",
        Values::Shape,
        "Shape of the label matrix: all of the next vectors, or one sample for each.",
    )
    .when(When::ByApproach),
    Rule::new(
        "label_offset",
        Values::Whole(1, FAR),
        "Distance from the first input element to the first label element: in the vector approach \
         less than seg_len makes vectors overlap, which then fade into each other.",
    ),
    Rule::new(
        "output_shape",
        Values::Shape,
        "Shape of the prediction, equal to label_shape.",
    )
    .when(When::ByApproach),
    Rule::new(
        "use_transpose",
        Values::Flag,
        "Whether one sample is predicted for the entire matrix (the transpose approach).",
    )
    .when(When::ByApproach),
    Rule::new(
        "use_fft",
        Values::Flag,
        "Whether the model sees magnitude spectra (the magnitude spectrum approach).",
    )
    .when(When::ByApproach),
    Rule::new(
        "normalise",
        Values::Flag,
        "Whether audio is scaled to full scale for the network, so that it hears soft recordings \
         and seeds as well as loud ones.",
    )
    .when(When::Audio),
    Rule::new(
        "pre_emphasis",
        Values::Number(0.0, 0.99),
        "How much high frequencies are raised for the network and lowered again in its \
         predictions: the share of the sample before that each one loses; more gives clearer highs and \
         less noise.",
    ),
    Rule::new(
        "band_limit",
        Values::Flag,
        "Whether predictions have nothing above the training audio's highest frequency: no hiss \
         where it had none.",
    ),
    Rule::new(
        "magnitude_scale",
        Values::Choice(&[
            (
                "linear",
                "As they are, the largest at 1: the dissertation's way.",
            ),
            (
                "square-root",
                "Their square roots, which brings out what is soft.",
            ),
        ]),
        "How magnitudes are scaled for the network.",
    )
    .when(When::Spectra),
    Rule::new(
        "label_values",
        Values::Choice(&[
            ("samples", "Its samples: the dissertation's way."),
            (
                "cosines",
                "The amplitudes of the cosines that it is the sum of, each as a share of its \
                 largest in the training audio: what is soft, as high notes are, is learned as \
                 well as what is loud, and noise has the music's colour.",
            ),
        ]),
        "What the network predicts of a vector.",
    )
    .when(When::Vectors),
];

/// What the network predicts of a vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LabelValues {
    /// Its samples: the dissertation's way.
    Samples,
    /// Amplitudes of the cosines that it is the sum of.
    Cosines,
}

/// How magnitudes are scaled for the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MagnitudeScale {
    /// As they are, the largest at 1: the dissertation's way.
    Linear,
    /// Their square roots, which brings out what is soft.
    SquareRoot,
}

impl MagnitudeScale {
    /// What the network sees for a magnitude from 0 to 1.
    pub fn compress(self, magnitude: f32) -> f32 {
        match self {
            MagnitudeScale::Linear => magnitude,
            MagnitudeScale::SquareRoot => magnitude.sqrt(),
        }
    }

    /// The magnitude that the network sees as `value`.
    pub fn expand(self, value: f32) -> f32 {
        match self {
            MagnitudeScale::Linear => value,
            MagnitudeScale::SquareRoot => value * value,
        }
    }
}
