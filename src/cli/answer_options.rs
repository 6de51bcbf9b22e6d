//! What `generate` and `watch` ask of an answer in the same words.

use std::path::{Path, PathBuf};

use anyhow::bail;

use super::asked_options::AskedOptions;
use super::model_choice::ModelChoice;
use crate::answer::{Commission, Ending, EndingKind, Loudness, Responder, forget};
use crate::audio::output::{OutputChannels, OutputFormat, OutputRate};
use crate::audio::write::SampleFormat;
use crate::destination::same_file;
use crate::generate::{Asked, EngineKind, Prime, Request};
use crate::hyperparameters::AnswerMode;

/// How long an answer fades away when nobody chooses, in seconds.
const FADE: f64 = 0.05;

#[derive(Clone, clap::Args)]
pub struct AnswerOptions {
    /// Length of a prediction in seconds, nearly: see --ending
    #[arg(long, default_value = "10", value_name = "N", value_parser = parse_seconds)]
    seconds: f64,
    /// Where it ends: in the quietest moment at most 1 s from that length (phrase), exactly
    /// there (exact), or there and just as the model made it, without fades (raw)
    #[arg(long, default_value_t = EndingKind::Phrase, value_name = "phrase|exact|raw")]
    ending: EndingKind,
    /// How long it fades away at its end [default: 0.05]
    #[arg(long, value_name = "SECONDS", value_parser = parse_fade)]
    fade: Option<f64>,
    /// Seed of everything random; in a watched folder each seed adds its own share
    #[arg(long, default_value_t = 0, value_name = "K")]
    random_seed: u64,
    /// native (embedded) or onnxruntime (its shared library must be installed)
    #[arg(long, default_value = "native", value_name = "ENGINE", value_parser = parse_engine)]
    engine: EngineKind,
    /// Play the whole seed to the network, or, as the dissertation does, its last input matrix
    #[arg(long, default_value = "seed", value_name = "seed|matrix", value_parser = parse_prime)]
    prime: Prime,
    /// Whether the model's weights stay as they are (frozen) or go on learning (moving)
    /// [default: as it was trained for]
    #[arg(long, value_name = "frozen|moving", value_parser = parse_answer)]
    answer: Option<AnswerMode>,
    /// Keep what moving weights learn while they answer, and begin with it the next time;
    /// the model itself stays as it is
    #[arg(long, value_name = "FILE.onnx")]
    keep_learning: Option<PathBuf>,
    /// Learn from the seeds as well
    #[arg(long, requires = "keep_learning")]
    learn_from_seeds: bool,
    /// Forget what was kept, and begin with the model itself
    #[arg(long, requires = "keep_learning")]
    forget: bool,
    #[command(flatten)]
    asked: AskedOptions,
    /// As loud as the seed, or as the model made it
    #[arg(long, default_value = "seed", value_name = "seed|model", value_parser = parse_loudness)]
    loudness: Loudness,
    /// Sample rate of predictions: the seed's, the model's, or a number of Hz
    #[arg(long, default_value_t, value_name = "seed|model|HZ")]
    rate: OutputRate,
    /// Channels of predictions; 2 have the same sound twice
    #[arg(long, default_value = "1", value_name = "1|2", value_parser = parse_channels)]
    channels: OutputChannels,
    /// Sample format of predictions: int16, int24 or float32
    #[arg(long, default_value_t, value_name = "FORMAT")]
    format: SampleFormat,
}

impl AnswerOptions {
    /// What is asked of an answer.
    pub fn commission(&self) -> Commission {
        Commission {
            request: Request {
                seconds: self.seconds,
                random_seed: self.random_seed,
                prime: self.prime,
                may_go_back: true,
            },
            ending: self.ending(),
            loudness: self.loudness,
            output: OutputFormat {
                rate: self.rate,
                channels: self.channels,
                samples: self.format,
            },
            stream_of: None,
            longest_seed: None,
        }
    }

    fn ending(&self) -> Ending {
        let fade = match self.ending {
            EndingKind::Raw => 0.0,
            EndingKind::Exact | EndingKind::Phrase => self.fade.unwrap_or(FADE),
        };
        Ending {
            kind: self.ending,
            fade,
        }
    }

    fn asked(&self) -> Asked {
        Asked {
            answer: self.answer,
            values: self.asked.0.clone(),
        }
    }

    /// The model called `name`, in the engine asked for, on this many `threads`.
    pub fn responder(&self, name: &str, threads: usize) -> anyhow::Result<Responder> {
        let model = ModelChoice::find(name)?;
        let asked = self.asked();
        let responder = Responder::new(&model.name, &model.bytes, self.engine, &asked, threads)?;
        match &self.keep_learning {
            Some(file) => Ok(responder.keep_learning(file, self.learn_from_seeds)?),
            None => Ok(responder),
        }
    }

    /// The file in which moved weights are kept, if they are.
    pub fn keep_learning(&self) -> Option<&Path> {
        self.keep_learning.as_deref()
    }

    /// Refuses options that contradict each other, and removes what `model` learned, if
    /// that is asked for.
    pub fn begin(&self, model: &str) -> anyhow::Result<()> {
        if self.ending == EndingKind::Raw && self.fade.is_some() {
            bail!("--fade changes nothing where the ending is raw; leave one of them out");
        }
        let Some(file) = &self.keep_learning else {
            return Ok(());
        };
        if same_file(file, Path::new(model)) {
            bail!("{model} is the model itself; keep what it learns in a file of its own");
        }
        if self.forget {
            forget(file)?;
        }
        Ok(())
    }
}

fn parse_seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if seconds > 0.0 && seconds <= 3600.0 => Ok(seconds),
        _ => Err("allowed: above 0, at most 3600".to_owned()),
    }
}

fn parse_fade(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if (0.0..=60.0).contains(&seconds) => Ok(seconds),
        _ => Err("allowed: 0 to 60".to_owned()),
    }
}

pub fn parse_engine(name: &str) -> Result<EngineKind, String> {
    match name {
        "native" => Ok(EngineKind::Native),
        "onnxruntime" => Ok(EngineKind::OnnxRuntime),
        _ => Err("choose native or onnxruntime".to_owned()),
    }
}

fn parse_answer(name: &str) -> Result<AnswerMode, String> {
    match name {
        "frozen" => Ok(AnswerMode::Frozen),
        "moving" => Ok(AnswerMode::Moving),
        _ => Err("choose frozen or moving".to_owned()),
    }
}

fn parse_channels(number: &str) -> Result<OutputChannels, String> {
    match number {
        "1" => Ok(OutputChannels::One),
        "2" => Ok(OutputChannels::Two),
        _ => Err("choose 1 or 2".to_owned()),
    }
}

fn parse_loudness(name: &str) -> Result<Loudness, String> {
    match name {
        "seed" => Ok(Loudness::Seed),
        "model" => Ok(Loudness::Model),
        _ => Err("choose seed or model".to_owned()),
    }
}

fn parse_prime(name: &str) -> Result<Prime, String> {
    match name {
        "seed" => Ok(Prime::Seed),
        "matrix" => Ok(Prime::Matrix),
        _ => Err("choose seed or matrix".to_owned()),
    }
}
