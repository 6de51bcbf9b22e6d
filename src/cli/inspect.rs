//! `antiphon inspect`: what a model is.

use serde::Serialize;

use super::model_choice::ModelChoice;
use super::output;
use crate::bundled;
use crate::generate::{AnswerSettings, Weights};
use crate::hearing::Normalisation;
use crate::hyperparameters::{Conditioning, Hyperparameters, OutputKind};
use crate::trained_model::{TrainedModel, TrainingAudio, TrainingSummary};

/// Print what a model is, or which models are bundled
///
/// Example: antiphon inspect magnitude-spectrum --json
///
/// Without MODEL it lists the bundled models, with a sentence on how each sounds.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// A model file, or the name of a bundled model
    #[arg(value_name = "MODEL")]
    model: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct ModelDescription<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sound: Option<&'static str>,
    sha256: String,
    bytes: usize,
    approach: &'static str,
    sample_rate: u32,
    parameters: usize,
    layers: usize,
    units: usize,
    inputs: usize,
    normalisation: &'a Normalisation,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory_seconds: Option<f64>,
    /// Whether it knows where between two channels sounds stand.
    stereo: bool,
    training: &'a TrainingSummary,
    training_audio: &'a [TrainingAudio],
    hyperparameters: &'a Hyperparameters,
}

/// A bundled model in the list of them.
#[derive(Serialize)]
struct Listed {
    name: &'static str,
    approach: &'static str,
    sound: &'static str,
    /// Whether it answers when nobody chooses.
    default: bool,
}

/// Says what a model is.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    match arguments.model {
        Some(name) => describe(&name, arguments.json),
        None => list(arguments.json),
    }
}

fn list(json: bool) -> anyhow::Result<()> {
    let listed = bundled::MODELS.each_ref().map(|model| Listed {
        name: model.name,
        approach: model.approach.name(),
        sound: model.sound,
        default: model.name == bundled::DEFAULT,
    });
    if json {
        output::json(&listed)?;
        return Ok(());
    }
    let width = listed.iter().map(|model| model.name.len()).max();
    let width = width.unwrap_or_default();
    for model in listed {
        let default = if model.default { " (the default)" } else { "" };
        say!("{:width$}  {}{default}", model.name, model.sound);
    }
    Ok(())
}

fn describe(name: &str, json: bool) -> anyhow::Result<()> {
    let choice = ModelChoice::find(name)?;
    let model = TrainedModel::from_bytes(&choice.bytes, choice.name.as_ref())?;
    let description = ModelDescription {
        name: &choice.name,
        sound: choice.sound,
        sha256: crate::files::sha256(&choice.bytes),
        bytes: choice.bytes.len(),
        approach: model.hyperparameters.approach().name(),
        sample_rate: model.hyperparameters.format.sample_rate,
        parameters: model.network.weights.len(),
        layers: model.hyperparameters.network.num_layers,
        units: model.hyperparameters.network.hidden_size,
        inputs: model.hyperparameters.format.seg_len,
        normalisation: &model.normalisation,
        memory_seconds: model.memory,
        stereo: model.stereo.is_some(),
        training: &model.training,
        training_audio: &model.training_audio,
        hyperparameters: &model.hyperparameters,
    };
    if json {
        output::json(&description)?;
    } else {
        print(&description);
    }
    Ok(())
}

fn print(model: &ModelDescription) {
    let h = model.hyperparameters;
    say!(
        "{} ({} bytes, SHA-256 {})",
        model.name,
        model.bytes,
        model.sha256
    );
    if let Some(sound) = model.sound {
        say!("sound        {sound}");
    }
    say!("approach     {}", model.approach);
    say!("rate         {} Hz", model.sample_rate);
    say!(
        "network      {} layer{} of {} units over inputs of {}{}, {} weights",
        model.layers,
        if model.layers == 1 { "" } else { "s" },
        model.units,
        model.inputs,
        if h.network.use_skip {
            ", which the head sees too"
        } else {
            ""
        },
        model.parameters
    );
    say!(
        "matrix       {} rows of {}",
        h.format.num_unrollings,
        h.format.seg_len
    );
    if h.format.use_fft {
        say!(
            "spectra      frames of {} samples every {}, largest magnitude {}",
            h.format.window_size,
            h.format.hop_size,
            model.normalisation.largest_magnitude
        );
    }
    if h.format.bands > 1 {
        say!(
            "bands        {}, of which each step predicts a sample",
            h.format.bands
        );
    }
    print_answer(h);
    if model.stereo {
        say!("channels     2, in which sounds stand where they stood in its recordings");
    }
    if let Some(memory) = model.memory_seconds {
        say!("memory       {memory:.2} s, after which it does not matter how a sound began");
    }
    print_training(model);
}

/// How a model's predictions are drawn, and its weights move.
fn print_answer(h: &Hyperparameters) {
    let settings = AnswerSettings::of(h);
    let temperature = settings.chances.temperature.0;
    let feedback = settings.feedback();
    match h.network.output {
        OutputKind::Value => {}
        OutputKind::Mixture => say!(
            "output       a mixture of {} Gaussians, drawn at temperature {temperature}, noise fed \
             back {}",
            h.network.components,
            feedback.noise
        ),
        OutputKind::Levels => say!(
            "output       {} mu-law levels, drawn at temperature {temperature}",
            h.network.components
        ),
    }
    if h.conditioning.conditioning != Conditioning::None {
        say!(
            "conditioning learned with a description of what comes next; --guidance {} has the \
             seed's lead an answer",
            h.conditioning.guidance
        );
    }
    if feedback.gain < 1.0 {
        say!(
            "feedback     predictions are fed back multiplied by {}",
            feedback.gain
        );
    }
    if let Weights::Moving(weights) = &settings.weights {
        let training = weights.training(h);
        say!(
            "answers      with moving weights, every {} predictions a training step of {} time \
             steps, at a learning rate of {}",
            weights.train_every,
            weights.steps_back,
            training.training.lr * training.training.lr_schedule.factor(1.0)
        );
    }
}

fn print_training(model: &ModelDescription) {
    let training = model.training;
    say!(
        "training     {} steps, {:.2} epochs, {:.1} minutes, loss {:.3e} to {:.3e}, random seed {}",
        training.steps,
        training.epochs,
        training.seconds / 60.0,
        training.first_loss,
        training.last_loss,
        training.random_seed
    );
    for audio in model.training_audio {
        say!(
            "learned from {} ({:.1} s, SHA-256 {})",
            audio.file,
            audio.seconds,
            audio.sha256
        );
    }
}
