//! `antiphon inspect`: what a model is.

use serde::Serialize;

use super::model_choice::ModelChoice;
use crate::hearing::Normalisation;
use crate::hyperparameters::{AnswerMode, Hyperparameters, OutputKind};
use crate::trained_model::{TrainedModel, TrainingAudio, TrainingSummary};

/// Print what a model is
///
/// Example: antiphon inspect magnitude-spectrum --json
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// A model file, or the name of a bundled model
    #[arg(value_name = "MODEL")]
    model: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Description<'a> {
    name: &'a str,
    sha256: String,
    bytes: usize,
    approach: &'static str,
    sample_rate: u32,
    parameters: usize,
    layers: usize,
    units: usize,
    inputs: usize,
    normalisation: &'a Normalisation,
    training: &'a TrainingSummary,
    training_audio: &'a [TrainingAudio],
    hyperparameters: &'a Hyperparameters,
}

pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let choice = ModelChoice::find(&arguments.model)?;
    let model = TrainedModel::from_bytes(&choice.bytes, choice.name.as_ref())?;
    let description = Description {
        name: &choice.name,
        sha256: crate::files::sha256(&choice.bytes),
        bytes: choice.bytes.len(),
        approach: model.hyperparameters.approach().name(),
        sample_rate: model.hyperparameters.sample_rate,
        parameters: model.network.weights.len(),
        layers: model.hyperparameters.num_layers,
        units: model.hyperparameters.hidden_size,
        inputs: model.hyperparameters.seg_len,
        normalisation: &model.normalisation,
        training: &model.training,
        training_audio: &model.training_audio,
        hyperparameters: &model.hyperparameters,
    };
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&description)?);
    } else {
        print(&description);
    }
    Ok(())
}

fn print(model: &Description) {
    let h = model.hyperparameters;
    println!(
        "{} ({} bytes, SHA-256 {})",
        model.name, model.bytes, model.sha256
    );
    println!("approach     {}", model.approach);
    println!("rate         {} Hz", model.sample_rate);
    println!(
        "network      {} layer{} of {} units over inputs of {}{}, {} weights",
        model.layers,
        if model.layers == 1 { "" } else { "s" },
        model.units,
        model.inputs,
        if h.use_skip {
            ", which the head sees too"
        } else {
            ""
        },
        model.parameters
    );
    println!("matrix       {} rows of {}", h.num_unrollings, h.seg_len);
    if h.use_fft {
        println!(
            "spectra      frames of {} samples every {}, largest magnitude {}",
            h.window_size, h.hop_size, model.normalisation.largest_magnitude
        );
    }
    match h.output {
        OutputKind::Value => {}
        OutputKind::Mixture => println!(
            "output       a mixture of {} Gaussians, drawn at temperature {}, noise fed back {}",
            h.components,
            h.temperature,
            h.drawing().feedback_noise
        ),
        OutputKind::Levels => println!(
            "output       {} mu-law levels, drawn at temperature {}",
            h.components, h.temperature
        ),
    }
    let gain = h.drawing().feedback_gain;
    if gain < 1.0 {
        println!("feedback     predictions are fed back multiplied by {gain}");
    }
    if h.answer == AnswerMode::Moving {
        let moving = h.while_moving();
        println!(
            "answers      with moving weights, every {} predictions a training step of {} time \
             steps, at a learning rate of {}",
            h.train_every,
            moving.bptt_steps,
            moving.lr * moving.lr_schedule.factor(1.0)
        );
    }
    let training = model.training;
    println!(
        "training     {} steps, {:.2} epochs, {:.1} minutes, loss {:.3e} to {:.3e}, random seed {}",
        training.steps,
        training.epochs,
        training.seconds / 60.0,
        training.first_loss,
        training.last_loss,
        training.random_seed
    );
    for audio in model.training_audio {
        println!(
            "learned from {} ({:.1} s, SHA-256 {})",
            audio.file, audio.seconds, audio.sha256
        );
    }
}
