//! The hyperparameters file: names and meanings of the dissertation's Table 4.1,
//! presets, the relations between them (section 3.1.1), and their validation.
//!
//! A file is a JSON object. Keys it leaves out are filled by its `"preset"`
//! (or, without one, by the dissertation's for the approach that its flags
//! describe); formats that follow from others (`label_offset` from `seg_len`,
//! say) follow the file's own values. A key that is not a hyperparameter is an
//! error.

mod preset;
mod schema;

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use preset::Preset;
pub use schema::schema;

/// The dissertation's four approaches to sampling (section 3.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approach {
    /// One vector of `seg_len` samples is predicted for each input vector.
    Vector,
    /// One sample is predicted for each input vector.
    ColumnVector,
    /// One sample is predicted for the whole input matrix.
    Transpose,
    /// One magnitude spectrum frame is predicted for each input frame.
    MagnitudeSpectrum,
}

impl Approach {
    /// All approaches, in the dissertation's order.
    pub const ALL: [Approach; 4] = [
        Approach::Vector,
        Approach::ColumnVector,
        Approach::Transpose,
        Approach::MagnitudeSpectrum,
    ];

    /// The name in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Approach::Vector => "vector",
            Approach::ColumnVector => "column-vector",
            Approach::Transpose => "transpose",
            Approach::MagnitudeSpectrum => "magnitude-spectrum",
        }
    }
}

impl std::str::FromStr for Approach {
    type Err = String;

    fn from_str(name: &str) -> Result<Approach, String> {
        let found = Approach::ALL.into_iter().find(|a| a.name() == name);
        found.ok_or_else(|| {
            format!(
                "choose one of {}",
                Approach::ALL.map(Approach::name).join(", ")
            )
        })
    }
}

impl std::fmt::Display for Approach {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Every setting of a model: its format, its network and its training.
///
/// A *sample* is an audio sample for the approaches on raw audio and a
/// magnitude frame for the magnitude spectrum approach, whose cursors and
/// offsets therefore count frames.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
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

/// What a network's outputs mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OutputKind {
    /// The predicted values, learned by squared error: the dissertation's way.
    Value,
    /// A mixture of Gaussians over the predicted vector, frame or sample, learned
    /// by its likelihood and drawn from.
    Mixture,
    /// Chances of mu-law levels, for the approaches that predict single samples.
    Levels,
}

/// What the weights do while a model answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AnswerMode {
    /// They stay as they were trained.
    Frozen,
    /// They go on learning from the training audio, which the model keeps: the
    /// dissertation's concurrent sampling (section 3.3).
    Moving,
}

/// How magnitudes are scaled for the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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

/// How the seeds of predictions follow each other in training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SeedMode {
    /// Each prediction starts from the seed that the one before it had.
    Same,
    /// Each starts from a seed chosen at random.
    Random,
    /// Each starts from the seed that follows the last one: the next stretch of
    /// the training audio, or the next file.
    Advance,
}

/// How the learning rate changes over a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LrSchedule {
    /// It does not: the dissertation's way.
    Constant,
    /// It falls along half a cosine to a tenth.
    Cosine,
}

impl LrSchedule {
    /// What the learning rate is multiplied by when `share` of the run is over.
    pub fn factor(self, share: f64) -> f64 {
        match self {
            LrSchedule::Constant => 1.0,
            LrSchedule::Cosine => {
                let fall = 0.5 * (1.0 + (std::f64::consts::PI * share.clamp(0.0, 1.0)).cos());
                0.1 + 0.9 * fall
            }
        }
    }
}

/// What is wrong with a hyperparameters file.
#[derive(Debug, thiserror::Error)]
pub enum HyperparametersError {
    #[error("cannot read the hyperparameters {}: {cause}", path.display())]
    Unreadable {
        path: PathBuf,
        cause: std::io::Error,
    },
    #[error("the hyperparameters are not JSON: {0}")]
    NotJson(serde_json::Error),
    #[error("the hyperparameters are not a JSON object: write {{ \"preset\": \"vector\" }}, say")]
    NotAnObject,
    #[error("unknown hyperparameter \"{key}\"{hint}")]
    UnknownKey { key: String, hint: String },
    #[error("hyperparameter \"{key}\": {what}")]
    WrongType { key: String, what: String },
    #[error("hyperparameter \"{key}\" is {value}; allowed: {allowed}")]
    Impossible {
        key: &'static str,
        value: String,
        allowed: String,
    },
}

impl Hyperparameters {
    /// The settings of `preset`; an approach stands for the dissertation's own.
    pub fn preset(preset: impl Into<Preset>) -> Hyperparameters {
        Hyperparameters::fill(preset.into(), Map::new()).expect("presets are allowed, as tests say")
    }

    /// What `given` says, and `preset` where it says nothing, checked.
    fn fill(
        preset: Preset,
        given: Map<String, Value>,
    ) -> Result<Hyperparameters, HyperparametersError> {
        let mut filled = to_map(&preset::dissertation(preset.approach()));
        let mut fixed = preset.differences();
        if given.contains_key("window_size") {
            // A preset's hop size is one for its own windows.
            fixed.remove("hop_size");
        }
        fixed.extend(given);
        for (key, value) in &fixed {
            if filled.insert(key.clone(), value.clone()).is_none() {
                return Err(unknown_key(key, filled.keys().filter(|k| *k != key)));
            }
        }
        let mut read: Hyperparameters = serde_path_to_error::deserialize(Value::Object(filled))
            .map_err(|e| HyperparametersError::WrongType {
                key: e.path().to_string(),
                what: e.inner().to_string(),
            })?;
        read.relate(preset.approach(), &fixed);
        read.validate()?;
        Ok(read)
    }

    /// Gives every format that `fixed` leaves open the value which follows
    /// from the others (section 3.1.1).
    fn relate(&mut self, approach: Approach, fixed: &Map<String, Value>) {
        let open = |key: &str| !fixed.contains_key(key);
        if open("hop_size") {
            // Frames that do not overlap by half leave some of the sound unheard.
            self.hop_size = self.hop_size.min((self.window_size / 2).max(1));
        }
        if approach == Approach::MagnitudeSpectrum && open("seg_len") {
            self.seg_len = self.bins();
        }
        if open("hidden_size") {
            self.hidden_size = self.seg_len;
        }
        if open("int_cursor_inc") {
            self.int_cursor_inc = match approach {
                Approach::Vector | Approach::Transpose => self.seg_len,
                Approach::ColumnVector | Approach::MagnitudeSpectrum => 1,
            };
        }
        if open("label_offset") {
            self.label_offset = match approach {
                Approach::Vector | Approach::ColumnVector => self.seg_len,
                Approach::Transpose => {
                    let last_row = self.num_unrollings.saturating_sub(1);
                    last_row
                        .saturating_mul(self.int_cursor_inc)
                        .saturating_add(self.seg_len)
                }
                Approach::MagnitudeSpectrum => 1,
            };
        }
        if open("ext_cursor_inc") {
            self.ext_cursor_inc = match approach {
                Approach::Vector => self.label_offset.clamp(1, self.seg_len.max(1)),
                _ => 1,
            };
        }
        if open("label_shape") {
            self.label_shape = match approach {
                Approach::Vector | Approach::MagnitudeSpectrum => {
                    [self.num_unrollings, self.seg_len]
                }
                Approach::ColumnVector => [self.num_unrollings, 1],
                Approach::Transpose => [1, 1],
            };
        }
        if open("output_shape") {
            self.output_shape = self.label_shape;
        }
    }

    /// Reads the file at `path`.
    pub fn read(path: &Path) -> Result<Hyperparameters, HyperparametersError> {
        let text =
            std::fs::read_to_string(path).map_err(|cause| HyperparametersError::Unreadable {
                path: path.to_owned(),
                cause,
            })?;
        let mut read = Hyperparameters::parse(&text)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        for seed in &mut read.seed_fn_list {
            let path = folder.join(&seed);
            *seed = std::path::absolute(&path).unwrap_or(path);
            if seed.to_str().is_none() {
                return impossible("seed_fn_list", seed.display(), "paths that are UTF-8");
            }
        }
        Ok(read)
    }

    /// Reads hyperparameters from JSON: unknown keys and impossible values are
    /// refused, what is left out is filled in.
    pub fn parse(json: &str) -> Result<Hyperparameters, HyperparametersError> {
        let value = serde_json::from_str(json).map_err(HyperparametersError::NotJson)?;
        let Value::Object(mut given) = value else {
            return Err(HyperparametersError::NotAnObject);
        };
        let preset = match given.remove("preset") {
            Some(name) => parse_preset(&name)?,
            None => approach_of_flags(&given).into(),
        };
        Hyperparameters::fill(preset, given)
    }

    /// Those of training that goes on while a model answers.
    pub fn while_moving(&self) -> Hyperparameters {
        let mut moving = self.clone();
        moving.num_dreams = 0;
        moving.audio_freq = 0;
        // No loss is measured then, so that no end need be long enough for it.
        moving.validation = 0.0;
        if self.moving_bptt_steps > 0 {
            moving.bptt_steps = self.moving_bptt_steps;
        }
        if self.moving_lr > 0.0 {
            moving.lr = self.moving_lr;
            moving.lr_schedule = LrSchedule::Constant;
        }
        if self.moves_by_phrases() {
            let element = if self.use_fft { self.hop_size } else { 1 };
            let rows = (self.num_unrollings * element) as f64;
            let apart = self.moving_seconds * f64::from(self.sample_rate) / rows;
            moving.int_cursor_inc = (apart as usize).max(1);
        }
        moving
    }

    /// Whether weights that move hear a recording phrase by phrase.
    pub fn moves_by_phrases(&self) -> bool {
        self.moving_seconds > 0.0 && self.approach() != Approach::Transpose
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

    /// Refuses what cannot be trained or sampled, naming key, value and what is allowed.
    pub fn validate(&self) -> Result<(), HyperparametersError> {
        within("sample_rate", self.sample_rate, 1000, 384_000)?;
        share("lr", self.lr)?;
        within("num_epochs", self.num_epochs, 1, 1_000_000_000)?;
        if !(self.weight_stddev > 0.0 && self.weight_stddev <= 10.0) {
            return impossible("weight_stddev", self.weight_stddev, "above 0, at most 10");
        }
        within("num_layers", self.num_layers, 1, 64)?;
        within("hidden_size", self.hidden_size, 1, 16_384)?;
        within("reg_amount", self.reg_amount, 0.0, 1e6)?;
        share("input_dropout", self.input_dropout)?;
        share("output_dropout", self.output_dropout)?;
        within("seg_len", self.seg_len, 2, 65_536)?;
        within("num_unrollings", self.num_unrollings, 1, 65_536)?;
        const FAR: usize = 1 << 40;
        within("int_cursor_inc", self.int_cursor_inc, 1, FAR)?;
        within("ext_cursor_inc", self.ext_cursor_inc, 1, FAR)?;
        within("label_offset", self.label_offset, 1, FAR)?;
        within("window_size", self.window_size, 16, 65_536)?;
        within("hop_size", self.hop_size, 1, self.window_size)?;
        within("bptt_steps", self.bptt_steps, 1, 4096)?;
        within("batch", self.batch, 1, 4096)?;
        within("noise", self.noise, 0.0, 10.0)?;
        within("clip_norm", self.clip_norm, 0.0, 1e6)?;
        within("validation", self.validation, 0.0, 0.5)?;
        within("components", self.components, 2, 1024)?;
        within("pre_emphasis", self.pre_emphasis, 0.0, 0.99)?;
        within("temperature", self.temperature, 0.01, 10.0)?;
        within("feedback_noise", self.feedback_noise, 0.0, 10.0)?;
        within("feedback_gain", self.feedback_gain, 0.5, 1.0)?;
        let of_moving = self.moving_feedback_noise;
        within("moving_feedback_noise", of_moving, 0.0, 10.0)?;
        share("top_p", self.top_p)?;
        within("train_every", self.train_every, 1, 1_000_000)?;
        within("moving_bptt_steps", self.moving_bptt_steps, 0, 4096)?;
        within("moving_lr", self.moving_lr, 0.0, 1.0)?;
        within("moving_seconds", self.moving_seconds, 0.0, 3600.0)?;
        within("max_minutes", self.max_minutes, 0.0, 1e6)?;
        within("num_dreams", self.num_dreams, 0, 64)?;
        let longest = self.longest_prediction();
        within("seq_dream_len", self.seq_dream_len, 1, longest)?;
        within("dream_length", self.dream_length, 1, longest)?;
        if self.use_residual && self.num_layers == 1 && self.hidden_size != self.seg_len {
            return impossible(
                "use_residual",
                true,
                "false, or hidden_size equal to seg_len, or more than one layer: \
                 a layer's input is added to an output of the same width",
            );
        }
        if self.use_skip && self.approach() == Approach::Transpose {
            return impossible(
                "use_skip",
                true,
                "false in the transpose approach, whose fully connected layers see all rows at once",
            );
        }
        self.validate_span()?;
        self.validate_shapes()
    }

    /// Predictions of the network that make an hour of sound: what goes beyond
    /// is a slip of the pen.
    fn longest_prediction(&self) -> usize {
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

    /// An input matrix and its label must fit into an hour of sound: what does
    /// not is a slip of the pen, and would fill the memory with silence.
    fn validate_span(&self) -> Result<(), HyperparametersError> {
        let rows = (self.num_unrollings - 1).saturating_mul(self.int_cursor_inc);
        let elements = rows
            .saturating_add(self.seg_len)
            .saturating_add(self.label_offset);
        let samples_each = if self.use_fft { self.hop_size } else { 1 };
        let hour = 3600 * self.sample_rate as usize;
        if elements.saturating_mul(samples_each) <= hour {
            return Ok(());
        }
        let (key, value) = if rows >= self.label_offset {
            ("int_cursor_inc", self.int_cursor_inc)
        } else {
            ("label_offset", self.label_offset)
        };
        impossible(
            key,
            value,
            "less: one input matrix and its label span at most an hour",
        )
    }

    fn validate_shapes(&self) -> Result<(), HyperparametersError> {
        let rows = self.num_unrollings;
        if self.use_fft && self.use_transpose {
            return impossible("use_transpose", true, "false where use_fft is true");
        }
        let shapes: &[[usize; 2]] = match (self.use_fft, self.use_transpose) {
            (true, _) => &[[rows, self.seg_len]],
            (_, true) => &[[1, 1]],
            _ => &[[rows, self.seg_len], [rows, 1]],
        };
        if !shapes.contains(&self.label_shape) {
            let allowed: Vec<String> = shapes.iter().map(|s| format!("{s:?}")).collect();
            return impossible(
                "label_shape",
                format!("{:?}", self.label_shape),
                &allowed.join(" or "),
            );
        }
        let single = matches!(
            self.approach(),
            Approach::ColumnVector | Approach::Transpose
        );
        if self.output == OutputKind::Levels && !single {
            return impossible(
                "output",
                "levels",
                "value or mixture, or an approach that predicts single samples",
            );
        }
        if self.output_shape != self.label_shape {
            return impossible(
                "output_shape",
                format!("{:?}", self.output_shape),
                &format!("the label_shape, {:?}", self.label_shape),
            );
        }
        if self.use_fft && self.seg_len != self.bins() {
            return impossible(
                "seg_len",
                self.seg_len,
                &format!(
                    "{}, the bins of a frame of window_size {} with zero_padding {}",
                    self.bins(),
                    self.window_size,
                    self.zero_padding
                ),
            );
        }
        Ok(())
    }
}

fn to_map(hyperparameters: &Hyperparameters) -> Map<String, Value> {
    match serde_json::to_value(hyperparameters) {
        Ok(Value::Object(map)) => map,
        _ => unreachable!("a struct serialises to an object"),
    }
}

fn parse_preset(name: &Value) -> Result<Preset, HyperparametersError> {
    let preset = name.as_str().and_then(|name| name.parse().ok());
    preset.ok_or_else(|| HyperparametersError::Impossible {
        key: "preset",
        value: name.to_string(),
        allowed: Preset::ALL.map(Preset::name).join(", "),
    })
}

/// The approach of a file without a preset, from its flags as far as they are given.
fn approach_of_flags(given: &Map<String, Value>) -> Approach {
    let flag = |key: &str| given.get(key) == Some(&Value::Bool(true));
    let one_column = given.get("label_shape").and_then(|shape| shape.get(1)) == Some(&1.into());
    match (flag("use_fft"), flag("use_transpose"), one_column) {
        (true, _, _) => Approach::MagnitudeSpectrum,
        (_, true, _) => Approach::Transpose,
        (_, _, true) => Approach::ColumnVector,
        _ => Approach::Vector,
    }
}

fn unknown_key<'a>(key: &str, known: impl Iterator<Item = &'a String>) -> HyperparametersError {
    let nearest = known
        .map(|k| (strsim::jaro_winkler(key, k), k))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let hint = match nearest {
        Some((likeness, name)) if likeness > 0.8 => format!("; did you mean \"{name}\"?"),
        _ => "; `antiphon new` writes a file with every name there is".to_owned(),
    };
    HyperparametersError::UnknownKey {
        key: key.to_owned(),
        hint,
    }
}

fn impossible<T>(
    key: &'static str,
    value: impl std::fmt::Display,
    allowed: &str,
) -> Result<T, HyperparametersError> {
    Err(HyperparametersError::Impossible {
        key,
        value: value.to_string(),
        allowed: allowed.to_owned(),
    })
}

fn within<N>(key: &'static str, value: N, low: N, high: N) -> Result<(), HyperparametersError>
where
    N: PartialOrd + std::fmt::Display,
{
    if value >= low && value <= high {
        return Ok(());
    }
    impossible(key, value, &format!("{low} to {high}"))
}

/// A rate or a probability: above 0, at most 1.
fn share(key: &'static str, value: f64) -> Result<(), HyperparametersError> {
    if value > 0.0 && value <= 1.0 {
        return Ok(());
    }
    impossible(key, value, "above 0, at most 1")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(json: &str) -> String {
        Hyperparameters::parse(json).unwrap_err().to_string()
    }

    #[test]
    fn presets_have_the_dissertations_format_relations() {
        let vector = Hyperparameters::preset(Approach::Vector);
        assert_eq!(vector.int_cursor_inc, 1024);
        assert_eq!(vector.ext_cursor_inc, 1024);
        assert_eq!(vector.label_offset, 1024);
        assert_eq!(vector.label_shape, [100, 1024]);

        let column = Hyperparameters::preset(Approach::ColumnVector);
        assert_eq!(column.ext_cursor_inc, 1);
        assert_eq!(column.label_offset, column.seg_len);
        assert_eq!(column.label_shape, [column.num_unrollings, 1]);

        let transpose = Hyperparameters::preset(Approach::Transpose);
        assert_eq!(transpose.label_shape, [1, 1]);
        assert_eq!(transpose.label_offset, 99 * 1024 + 1024);

        let spectrum = Hyperparameters::preset(Approach::MagnitudeSpectrum);
        assert_eq!(spectrum.seg_len, spectrum.window_size);
        assert_eq!(spectrum.ext_cursor_inc, 1);
    }

    #[test]
    fn every_preset_survives_its_own_file_and_goes_by_its_name() {
        for preset in Preset::ALL {
            let settings = Hyperparameters::preset(preset);
            assert_eq!(settings.approach(), preset.approach());
            let read = Hyperparameters::parse(&settings.to_json()).unwrap();
            assert_eq!(read, settings);
            let named = Hyperparameters::parse(&format!(r#"{{"preset": "{preset}"}}"#)).unwrap();
            assert_eq!(named, settings);
        }
    }

    #[test]
    fn moving_rows_are_spread_over_the_seconds_that_a_file_gives() {
        let apart = |preset: &str, seconds: f64| {
            let json = format!(
                r#"{{"preset": "{preset}", "sample_rate": 8000, "num_unrollings": 4, "hop_size": 100,
                "int_cursor_inc": 3, "validation": 0.1, "moving_seconds": {seconds}}}"#
            );
            let moving = Hyperparameters::parse(&json).unwrap().while_moving();
            assert_eq!(moving.validation, 0.0);
            moving.int_cursor_inc
        };
        assert_eq!(apart("column-vector", 2.0), 4000);
        assert_eq!(apart("magnitude-spectrum", 2.0), 40);
        assert_eq!(apart("magnitude-spectrum", 1e-9), 1);
        assert_eq!(apart("column-vector", 0.0), 3);
        assert_eq!(apart("transpose", 2.0), 3);
    }

    #[test]
    fn formats_follow_the_values_that_a_file_gives() {
        let read = Hyperparameters::parse(r#"{"preset": "vector", "seg_len": 256}"#).unwrap();
        assert_eq!(read.int_cursor_inc, 256);
        assert_eq!(read.label_shape, [100, 256]);
        assert_eq!(read.hidden_size, 256);

        let read =
            Hyperparameters::parse(r#"{"preset": "magnitude-spectrum", "window_size": 128}"#);
        assert_eq!(read.unwrap().hop_size, 64);
        let read =
            Hyperparameters::parse(r#"{"preset": "magnitude-spectrum-cpu", "window_size": 128}"#);
        assert_eq!(read.unwrap().hop_size, 64);

        // What a preset fixes stays as it is.
        let read = Hyperparameters::parse(r#"{"preset": "vector-cpu", "seg_len": 128}"#).unwrap();
        let preset = Hyperparameters::preset(Preset::Cpu(Approach::Vector));
        assert_eq!(read.int_cursor_inc, preset.int_cursor_inc);
        assert_eq!(read.label_offset, 128);

        let read = Hyperparameters::parse(
            r#"{"use_transpose": true, "seg_len": 8, "num_unrollings": 3, "int_cursor_inc": 2}"#,
        )
        .unwrap();
        assert_eq!(read.approach(), Approach::Transpose);
        assert_eq!(read.label_offset, 2 * 2 + 8);
    }

    #[test]
    fn the_cosine_falls_to_a_tenth() {
        assert_eq!(LrSchedule::Cosine.factor(0.0), 1.0);
        assert!((LrSchedule::Cosine.factor(0.5) - 0.55).abs() < 1e-12);
        assert!((LrSchedule::Cosine.factor(1.0) - 0.1).abs() < 1e-12);
        assert_eq!(LrSchedule::Constant.factor(0.7), 1.0);
        let read = Hyperparameters::parse(r#"{"lr_schedule": "cosine"}"#).unwrap();
        assert_eq!(read.lr_schedule, LrSchedule::Cosine);
        assert!(refusal(r#"{"lr_schedule": "sine"}"#).contains("`constant` or `cosine`"));
    }

    #[test]
    fn a_refusal_names_the_key_the_value_and_what_is_allowed() {
        assert_eq!(
            refusal(r#"{"seg_lenn": 256}"#),
            "unknown hyperparameter \"seg_lenn\"; did you mean \"seg_len\"?"
        );
        assert_eq!(
            refusal(r#"{"lr": -1}"#),
            "hyperparameter \"lr\" is -1; allowed: above 0, at most 1"
        );
        assert_eq!(
            refusal(r#"{"num_layers": 0}"#),
            "hyperparameter \"num_layers\" is 0; allowed: 1 to 64"
        );
        assert!(refusal(r#"{"lr": "fast"}"#).starts_with("hyperparameter \"lr\": invalid type"));
        let preset = refusal(r#"{"preset": "waves"}"#);
        assert!(
            preset.contains("vector, column-vector, transpose"),
            "{preset}"
        );
        assert!(preset.contains("magnitude-spectrum-cpu"), "{preset}");
        assert!(refusal(r#"{"label_shape": [100, 7]}"#).contains("[100, 1024] or [100, 1]"));
        assert!(refusal(r#"{"output_shape": [100, 1]}"#).contains("label_shape"));
        assert!(refusal(r#"{"use_fft": true, "seg_len": 100}"#).contains("1024, the bins"));
        let far = refusal(r#"{"int_cursor_inc": 20000000000}"#);
        assert!(
            far.contains("\"int_cursor_inc\" is 20000000000") && far.contains("an hour"),
            "{far}"
        );
        assert!(refusal(r#"{"label_offset": 90000000}"#).contains("\"label_offset\""));
        assert!(refusal(r#"{"dream_length": 0}"#).contains("\"dream_length\" is 0"));
        assert!(refusal(r#"{"label_shape": [100, 0]}"#).contains("label_shape"));
        assert!(refusal(r#"{"seed_mode": "again"}"#).contains("`same`, `random`, `advance`"));
        assert!(refusal("[1]").contains("not a JSON object"));
        assert!(refusal("{").contains("not JSON"));
        assert!(refusal(r#"{"use_fft": true, "use_transpose": true}"#).contains("use_transpose"));
    }
}
