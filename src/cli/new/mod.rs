//! `antiphon new`: hyperparameters by prompts or from a preset.

mod dialogue;
mod wizard;

use std::path::{Path, PathBuf};

use super::output;
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
        output::text(&format!("{:#}\n", schema()));
        return Ok(());
    }
    let output = arguments.output.as_deref();
    let output = output.map(|path| destination(path, arguments.force));
    match (arguments.preset, output.transpose()?) {
        (Some(preset), None) => {
            output::text(&Hyperparameters::preset(preset).to_json());
            Ok(())
        }
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

fn write(hyperparameters: &Hyperparameters, output: &Destination) -> anyhow::Result<()> {
    output.write(hyperparameters.to_json().as_bytes())?;
    let path = output.path().display();
    tell!("Wrote {path}. Next: antiphon train {path} --audio RECORDING.wav --output MODEL.onnx");
    Ok(())
}
