//! The hyperparameters file: names and meanings of the dissertation's Table 4.1,
//! presets, the relations between them (section 3.1.1), and their validation.
//!
//! A file is a JSON object. Keys it leaves out are filled by its `"preset"`
//! (or, without one, by the dissertation's for the approach that its flags
//! describe); formats that follow from others (`label_offset` from `seg_len`,
//! say) follow the file's own values. A key that is not a hyperparameter is an
//! error.
//!
//! What a hyperparameter may be and what it means stands once, in its [`Rule`].

mod approach;
mod document;
mod drawing;
mod dreams;
mod error;
mod format;
mod moving;
mod network;
mod preset;
mod reading;
mod relations;
mod rule;
mod schema;
mod table;
mod training;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use approach::Approach;
pub use document::document;
pub use drawing::AnswerMode;
pub use dreams::SeedMode;
pub use error::HyperparametersError;
pub use format::MagnitudeScale;
pub use network::OutputKind;
pub use preset::Preset;
pub use rule::{Rule, RuleOption, Values, When};
pub use schema::schema;
pub use table::{Group, TABLE, rule, rules};
pub use training::LrSchedule;

/// Every setting of a model: its format, its network and its training.
///
/// A *sample* is an audio sample for the approaches on raw audio and a
/// magnitude frame for the magnitude spectrum approach, whose cursors and
/// offsets therefore count frames.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hyperparameters {
    /// Sampling rate the model hears and speaks at, in Hz (1000 to 384000).
    pub sample_rate: u32,
    /// Learning rate, alpha in Equation 2.2 (above 0, at most 1).
    pub lr: f64,
    /// Number of times to show the entire recording to the model (1 or more).
    pub num_epochs: usize,
    /// Standard deviation of the noise the fully connected layers' weights start with.
    pub weight_stddev: f64,
    /// Number of LSTM layers (1 to 64).
    pub num_layers: usize,
    /// Units of each LSTM layer (1 to 16384); `seg_len` in the dissertation.
    pub hidden_size: usize,
    /// Whether dropout is used in training.
    pub use_dropout: bool,
    /// Whether each LSTM layer as wide as its input adds that input to its output.
    pub use_residual: bool,
    /// Whether the fully connected layer sees the input matrix's rows beside the
    /// LSTM's outputs, so that what is linear in a sound need not pass through it
    /// (Graves 2013; not in the transpose approach).
    pub use_skip: bool,
    /// Whether large LSTM weights are penalised.
    pub regularization: bool,
    /// Amount of that penalty: the loss gains `reg_amount` times the sum of squared weights.
    pub reg_amount: f64,
    /// Chance that an input connection of an LSTM layer is **kept** (above 0, at most 1).
    pub input_dropout: f64,
    /// Chance that an output connection of an LSTM layer is **kept** (above 0, at most 1).
    pub output_dropout: f64,
    /// Length of each input vector (2 to 65536).
    pub seg_len: usize,
    /// Number of input vectors in each input matrix (1 to 65536).
    pub num_unrollings: usize,
    /// Distance between the first elements of adjacent input vectors of one matrix.
    pub int_cursor_inc: usize,
    /// Distance between the first elements of adjacent input matrices.
    pub ext_cursor_inc: usize,
    /// Shape of the label matrix.
    pub label_shape: [usize; 2],
    /// Distance from the first input element to the first label element. In the
    /// vector approach less than `seg_len` makes vectors overlap, which are then
    /// cross-faded.
    pub label_offset: usize,
    /// Shape of the prediction; the loss needs it equal to `label_shape`.
    pub output_shape: [usize; 2],
    /// Whether one sample is predicted for the entire matrix (the transpose approach).
    pub use_transpose: bool,
    /// Whether the model sees magnitude spectra.
    pub use_fft: bool,
    /// Distance between adjacent analysis frames, in audio samples.
    pub hop_size: usize,
    /// Size of an analysis frame, in audio samples.
    pub window_size: usize,
    /// Whether analysis frames are padded with as many zeros as they have samples.
    pub zero_padding: bool,
    /// Whether resynthesis keeps only bins larger than both neighbours (section 3.2, step 1).
    pub peak_picking: bool,
    /// Time steps one gradient reaches back over (1 to 4096; 1 in the dissertation).
    pub bptt_steps: usize,
    /// Stretches of a recording that are learned from at once, each with the
    /// rows of one matrix (1 to 4096; 1 in the dissertation).
    pub batch: usize,
    /// How the learning rate goes on from `lr`.
    pub lr_schedule: LrSchedule,
    /// Noise added to inputs in training: its standard deviation as a multiple
    /// of the training data's (0 to 10; 0 in the dissertation).
    pub noise: f64,
    /// Largest norm of a gradient, beyond which it is scaled down (0 for no
    /// bound, as in the dissertation).
    pub clip_norm: f64,
    /// Share at the end of each recording that is held out to measure the loss
    /// on (0 to 0.5; 0 in the dissertation).
    pub validation: f64,
    /// What the network's outputs mean.
    pub output: OutputKind,
    /// Components of a mixture, or levels (2 to 1024).
    pub components: usize,
    /// What the logarithms of chances are divided by when a distribution is
    /// drawn from: below 1 the likely becomes likelier (0.01 to 10).
    pub temperature: f64,
    /// Share of a mixture's noise that what is fed back to the network carries
    /// while its weights are frozen; the sound itself carries none (0 to 10).
    pub feedback_noise: f64,
    /// What predictions are multiplied by when they are fed back to a network
    /// whose weights are frozen: a little below 1, tones that it would sustain for
    /// ever die away (0.5 to 1; 1 in the dissertation).
    pub feedback_gain: f64,
    /// Only the likeliest choices that together reach this chance are drawn
    /// (above 0, at most 1; 1 for all).
    pub top_p: f64,
    /// Whether the weights stay as they are while the model answers, or go on
    /// learning.
    pub answer: AnswerMode,
    /// The share of `feedback_noise` while the weights move (0 to 10). They lose
    /// what they sustain of themselves, and need no `feedback_gain`.
    pub moving_feedback_noise: f64,
    /// Predictions of the network from one training step to the next while the
    /// weights move (1 to 1000000).
    pub train_every: usize,
    /// Time steps that one gradient reaches back over while the weights move
    /// (0 to 4096; 0 for as many as in training).
    pub moving_bptt_steps: usize,
    /// Learning rate while the weights move (0 to 1; 0 for the one that training
    /// ended with).
    pub moving_lr: f64,
    /// Seconds of a phrase of a recording, which the rows of a training step are
    /// spread over while the weights move, and go on from to the next one once
    /// they have heard it (0 to 3600; 0 for rows as in training, as always in the
    /// transpose approach, whose rows are one input).
    pub moving_seconds: f64,
    /// Whether audio is scaled to full scale for the network, and its predictions
    /// back (spectra always are; the dissertation's audio is not).
    pub normalise: bool,
    /// How much high frequencies are raised for the network, and
    /// lowered again in its predictions: each sample loses so much of the one
    /// before (0 to 0.99; 0 in the dissertation).
    pub pre_emphasis: f64,
    /// Whether predictions have nothing above the training audio's highest
    /// frequency (the dissertation's may).
    pub band_limit: bool,
    /// How magnitudes are scaled for the network.
    pub magnitude_scale: MagnitudeScale,
    /// Minutes after which training ends, whatever is left of `num_epochs` (0
    /// for no such end, as in the dissertation).
    pub max_minutes: f64,
    /// Training steps between two pauses for a sequential prediction (Figure
    /// 3.3; 0 for none).
    pub audio_freq: u64,
    /// Length of a sequential prediction, in predictions of the network: a
    /// vector, a sample or a frame each (1 or more; an hour of sound at most).
    pub seq_dream_len: usize,
    /// Predictions that are sampled concurrently with training (Figure 3.4; 0
    /// to 64, 0 for none).
    pub num_dreams: usize,
    /// Length of a concurrent prediction, in predictions of the network.
    pub dream_length: usize,
    /// Whether dropout stays active while training samples predictions.
    pub sample_dropout: bool,
    /// Sound files whose ends are the seeds of these predictions; with none,
    /// seeds are cut from the training audio. Paths that do not begin at the
    /// root begin at the folder of the hyperparameters file.
    pub seed_fn_list: Vec<PathBuf>,
    /// Which seed the next of these predictions starts from.
    pub seed_mode: SeedMode,
}

impl Hyperparameters {
    /// The settings of `preset`; an approach stands for the dissertation's own.
    pub fn preset(preset: impl Into<Preset>) -> Hyperparameters {
        reading::fill(preset.into(), Default::default()).expect("presets are allowed, as tests say")
    }

    /// Every hyperparameter by its name, as a file has it.
    pub fn values(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(values)) => values,
            _ => unreachable!("a struct serialises to an object"),
        }
    }

    /// The file's text: every hyperparameter, in order.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("plain fields always serialise");
        text.push('\n');
        text
    }

    /// The approach that the flags and the label's shape describe.
    pub fn approach(&self) -> Approach {
        match (self.use_fft, self.use_transpose, self.label_shape[1]) {
            (true, _, _) => Approach::MagnitudeSpectrum,
            (_, true, _) => Approach::Transpose,
            (_, _, 1) => Approach::ColumnVector,
            _ => Approach::Vector,
        }
    }

    /// Bins of a magnitude frame: non-negative frequencies below the Nyquist
    /// frequency, so that `seg_len = window_size` with zero padding (section 3.1.1).
    pub fn bins(&self) -> usize {
        if self.zero_padding {
            self.window_size
        } else {
            self.window_size / 2
        }
    }

    /// Predictions of the network that make an hour of sound: what goes beyond
    /// is a slip of the pen.
    pub(crate) fn longest_prediction(&self) -> usize {
        3600 * self.sample_rate as usize / self.samples_per_prediction().max(1)
    }

    /// Audio samples that one prediction of the network adds to the sound.
    pub fn samples_per_prediction(&self) -> usize {
        match self.approach() {
            Approach::Vector => self.label_shape[1].min(self.label_offset),
            Approach::ColumnVector | Approach::Transpose => 1,
            Approach::MagnitudeSpectrum => self.hop_size,
        }
    }
}

#[cfg(test)]
mod tests;
