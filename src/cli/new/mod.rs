//! `antiphon new`: hyperparameters by prompts or from a preset.

mod dialogue;
mod drawing;
mod wizard;

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::destination::{Destination, DestinationError};
use crate::hyperparameters::{Hyperparameters, Preset, schema};

/// Write a hyperparameters file
///
/// Example: antiphon new --preset vector-cpu --output vector.json
///
/// Without --preset it asks for each hyperparameter that matters, draws the
/// input matrix, and says how long training will take on this machine. Answers
/// may come from a file: antiphon new < answers.txt
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// The settings of vector, column-vector, transpose or magnitude-spectrum:
    /// the dissertation's, or, with -cpu after the name, ten minutes' on two cores, or, with
    /// -hifi, the same for the whole bandwidth
    #[arg(long, value_name = "NAME")]
    preset: Option<Preset>,
    /// The file to write; without it the preset is printed, or its name is asked for
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace the file if there is one
    #[arg(long)]
    force: bool,
    /// Print the JSON Schema of a hyperparameters file
    #[arg(long, conflicts_with_all = ["preset", "output"])]
    schema: bool,
}

/// Writes hyperparameters, by prompts or from a preset.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    if arguments.schema {
        return print(&format!("{:#}\n", schema()));
    }
    let output = arguments.output.as_deref();
    let output = output.map(|path| destination(path, arguments.force));
    match (arguments.preset, output.transpose()?) {
        (Some(preset), None) => print(&Hyperparameters::preset(preset).to_json()),
        (Some(preset), Some(output)) => write(&Hyperparameters::preset(preset), &output),
        (None, output) => {
            let (hyperparameters, output) = wizard::run(&mut dialogue::with_the_user(), output)?;
            write(&hyperparameters, &output)
        }
    }
}

/// Where hyperparameters may be written.
fn destination(path: &Path, force: bool) -> Result<Destination, DestinationError> {
    Destination::new(path, force)?.called("a file of hyperparameters", &["json"])
}

fn print(text: &str) -> anyhow::Result<()> {
    let written = std::io::stdout().write_all(text.as_bytes());
    written.context("cannot print the whole of it")
}

fn write(hyperparameters: &Hyperparameters, output: &Destination) -> anyhow::Result<()> {
    output.write(hyperparameters.to_json().as_bytes())?;
    let path = output.path().display();
    eprintln!(
        "Wrote {path}. Next: antiphon train {path} --audio RECORDING.wav --output MODEL.onnx"
    );
    Ok(())
}
