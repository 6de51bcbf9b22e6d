//! What `generate` and `watch` ask of an answer in the same words.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::asked_options::AskedOptions;
use super::model_choice::ModelChoice;
use crate::answer::{
    EndingKind, FindModel, LONGEST_ANSWER, LONGEST_PRIMING, Length, Loudness, MOST_VARIATIONS,
    ModelFile, Plan, Voice, Wishes, forget,
};
use crate::audio::output::{OutputChannels, OutputRate, UnknownChannels};
use crate::audio::write::SampleFormat;
use crate::destination::same_file;
use crate::generate::{AskedPrecision, EngineKind, Prime, Provider};
use crate::hyperparameters::AnswerMode;

#[derive(Clone, clap::Args)]
pub struct AnswerOptions {
    /// Length of a prediction in seconds, nearly: see --ending [default: 10]
    #[arg(long, value_name = "N", value_parser = parse_seconds)]
    seconds: Option<f64>,
    /// Several answers to one seed: a set, published as a whole in a folder of its own
    #[arg(long, value_name = "N", value_parser = parse_variations)]
    variations: Option<usize>,
    /// A JSON file that says how the answers are to differ, which comes before the options
    #[arg(long, value_name = "PLAN.json")]
    plan: Option<PathBuf>,
    /// Where it ends: in the quietest moment at most 1 s from that length (phrase), exactly
    /// there (exact), or there and just as the model made it, without fades (raw)
    /// [default: phrase]
    #[arg(long, value_name = "phrase|exact|raw")]
    ending: Option<EndingKind>,
    /// How long it fades away at its end [default: 0.05]
    #[arg(long, value_name = "SECONDS", value_parser = parse_fade)]
    fade: Option<f64>,
    /// Seed of everything random; in a watched folder each seed adds its own share
    /// [default: 0]
    #[arg(long, value_name = "K")]
    random_seed: Option<u64>,
    /// native (embedded), onnxruntime (its shared library must be installed), or whichever
    /// is the faster with the model (auto) [default: native]
    #[arg(long, value_name = "ENGINE", value_parser = parse_engine)]
    engine: Option<EngineKind>,
    /// What ONNX Runtime computes on: cpu, cuda, tensorrt, coreml, directml, openvino, rocm or
    /// migraphx. Its library must have been built with it; otherwise it computes on the cpu
    /// [default: cpu]
    #[arg(long, value_name = "PROVIDER", value_parser = parse_provider)]
    provider: Option<Provider>,
    /// In which numbers the embedded engine keeps weights: 32-bit floating point (f32), 8 bit
    /// (i8), which is faster, or whichever sounds no worse and is the faster (auto)
    /// [default: auto]
    #[arg(long, value_name = "f32|i8|auto", value_parser = parse_precision)]
    precision: Option<AskedPrecision>,
    /// Play the seed to the network, or, as the dissertation does, its last input matrix
    /// alone [default: seed]
    #[arg(long, value_name = "seed|matrix", value_parser = parse_prime)]
    prime: Option<Prime>,
    /// How much of the seed's end is played to the network [default: as far back as its
    /// memory reaches, and the whole seed where that is not known]
    #[arg(long, value_name = "SECONDS", value_parser = parse_prime_seconds)]
    prime_seconds: Option<f64>,
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
    /// A sound file that is followed instead of the seed
    #[arg(long, value_name = "FILE")]
    guide_file: Option<PathBuf>,
    /// As loud as the seed, or as the model made it [default: seed]
    #[arg(long, value_name = "seed|model", value_parser = parse_loudness)]
    loudness: Option<Loudness>,
    /// Sample rate of predictions: the seed's, the model's, or a number of Hz
    /// [default: seed]
    #[arg(long, value_name = "seed|model|HZ")]
    rate: Option<OutputRate>,
    /// Channels of predictions; 2 have the same sound of a mono model twice, unless --width says
    /// otherwise [default: 2 of a model of stereo recordings, 1 of others]
    #[arg(long, value_name = "1|2", value_parser = parse_channels)]
    channels: Option<OutputChannels>,
    /// How far apart two channels sound, from 0 (the same sound twice) to 1; above 0 it makes
    /// two. Mixed to mono they are the prediction again [default: 0]
    #[arg(long, value_name = "W", value_parser = parse_width)]
    width: Option<f64>,
    /// Sample format of predictions: int16, int24 or float32 [default: int24]
    #[arg(long, value_name = "FORMAT")]
    format: Option<SampleFormat>,
}

impl AnswerOptions {
    /// What is asked of all answers, by `model` where nothing else is said.
    pub fn wishes(&self, model: Option<&str>) -> Wishes {
        Wishes {
            model: model.map(str::to_owned),
            engine: self.engine,
            precision: self.precision,
            provider: self.provider,
            length: self.seconds.map(Length::Seconds),
            ending: self.ending,
            fade: self.fade,
            random_seed: self.random_seed,
            prime: self.prime,
            prime_seconds: self.prime_seconds,
            answer: self.answer,
            guide_file: self.guide_file.clone(),
            loudness: self.loudness,
            rate: self.rate,
            channels: self.channels,
            width: self.width,
            format: self.format,
            values: self.asked.0.clone(),
        }
    }

    /// How the answers to a seed are to differ.
    pub fn plan(&self) -> anyhow::Result<Plan> {
        let plan = match &self.plan {
            Some(path) => {
                Plan::read(path).with_context(|| format!("the plan {}", path.display()))?
            }
            None => Plan::default(),
        };
        Ok(match self.variations {
            Some(count) => plan.in_turn(count),
            None => plan,
        })
    }

    /// What answers by `plan`, and by `model` where that names none, as `find` finds them, on
    /// this many `threads`.
    pub fn voice(
        &self,
        plan: &Plan,
        model: Option<&str>,
        find: &FindModel,
        threads: usize,
    ) -> anyhow::Result<Voice> {
        let voice = Voice::new(plan, &self.wishes(model), find, threads);
        let voice = match &self.plan {
            Some(path) => voice.with_context(|| format!("the plan {}", path.display()))?,
            None => voice?,
        };
        match &self.keep_learning {
            Some(file) => Ok(voice.keep_learning(file, self.learn_from_seeds)?),
            None => Ok(voice),
        }
    }

    /// The file of the plan, if there is one.
    pub fn plan_file(&self) -> Option<&Path> {
        self.plan.as_deref()
    }

    /// The file in which moved weights are kept, if they are.
    pub fn keep_learning(&self) -> Option<&Path> {
        self.keep_learning.as_deref()
    }

    /// Refuses options that contradict each other, and removes what `model` learned, if
    /// that is asked for.
    pub fn begin(&self, model: Option<&str>) -> anyhow::Result<()> {
        if self.ending == Some(EndingKind::Raw) && self.fade.is_some() {
            bail!("--fade changes nothing where the ending is raw; leave one of them out");
        }
        let wide = self.width.is_some_and(|width| width > 0.0);
        if self.channels == Some(OutputChannels::One) && wide {
            bail!("one channel has no width; leave out --channels or --width");
        }
        let Some(file) = &self.keep_learning else {
            return Ok(());
        };
        if let Some(model) = model.filter(|model| same_file(file, Path::new(model))) {
            bail!("{model} is the model itself; keep what it learns in a file of its own");
        }
        if self.forget {
            forget(file)?;
        }
        Ok(())
    }
}

/// The model that a plan calls `name`.
pub fn find_model(name: &str) -> Result<ModelFile, String> {
    let found = ModelChoice::find(name).map_err(|error| format!("{error:#}"))?;
    Ok(ModelFile {
        name: found.name,
        bytes: found.bytes,
    })
}

fn parse_seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if seconds > 0.0 && seconds <= LONGEST_ANSWER => Ok(seconds),
        _ => Err(format!("allowed: above 0, at most {LONGEST_ANSWER}")),
    }
}

fn parse_variations(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count) if (1..=MOST_VARIATIONS).contains(&count) => Ok(count),
        _ => Err(format!("allowed: 1 to {MOST_VARIATIONS}")),
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
        "auto" => Ok(EngineKind::Auto),
        _ => Err("choose native, onnxruntime or auto".to_owned()),
    }
}

pub fn parse_provider(name: &str) -> Result<Provider, String> {
    let names = || Provider::NAMES.map(|(name, _)| name).join(", ");
    Provider::of(name).ok_or_else(|| format!("choose one of {}", names()))
}

fn parse_precision(name: &str) -> Result<AskedPrecision, String> {
    AskedPrecision::of(name).ok_or_else(|| "choose f32, i8 or auto".to_owned())
}

fn parse_prime_seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if (0.0..=LONGEST_PRIMING).contains(&seconds) => Ok(seconds),
        _ => Err(format!("allowed: 0 to {LONGEST_PRIMING}")),
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
    let unknown = UnknownChannels.to_string();
    let count = number.parse::<u16>().map_err(|_| unknown.clone())?;
    OutputChannels::try_from(count).map_err(|_| unknown)
}

fn parse_width(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(width) if (0.0..=1.0).contains(&width) => Ok(width),
        _ => Err("allowed: 0 to 1".to_owned()),
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
