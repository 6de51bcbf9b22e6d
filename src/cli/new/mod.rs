//! `antiphon new`: hyperparameters by prompts or from a preset.

mod dialogue;
mod drawing;
mod wizard;

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::files;
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
    /// the dissertation's, or, with -cpu after the name, ten minutes' on two cores
    #[arg(long, value_name = "NAME")]
    preset: Option<Preset>,
    /// The file to write; without it the preset is printed, or its name is asked for
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print the JSON Schema of a hyperparameters file
    #[arg(long, conflicts_with_all = ["preset", "output"])]
    schema: bool,
}

pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    if arguments.schema {
        return print(&format!("{:#}\n", schema()));
    }
    match (arguments.preset, arguments.output) {
        (Some(preset), None) => print(&Hyperparameters::preset(preset).to_json()),
        (Some(preset), Some(path)) => write(&Hyperparameters::preset(preset), &path),
        (None, output) => {
            let (hyperparameters, path) = wizard::run(&mut dialogue::with_the_user(), output)?;
            write(&hyperparameters, &path)
        }
    }
}

fn print(text: &str) -> anyhow::Result<()> {
    let written = std::io::stdout().write_all(text.as_bytes());
    written.context("cannot print the whole of it")
}

fn write(hyperparameters: &Hyperparameters, path: &Path) -> anyhow::Result<()> {
    check_new(path).map_err(anyhow::Error::msg)?;
    files::write_atomically(path, hyperparameters.to_json().as_bytes())
        .with_context(|| format!("cannot write {}", path.display()))?;
    eprintln!(
        "Wrote {}. Next: antiphon train {} --audio RECORDING.wav --output MODEL.onnx",
        path.display(),
        path.display()
    );
    Ok(())
}

/// Refuses a path where there is a file already, or none could be written.
fn check_new(path: &Path) -> Result<(), String> {
    let shown = path.display();
    if path.exists() {
        return Err(format!(
            "{shown} exists already; choose another name or remove it first"
        ));
    }
    files::check_writable(path).map_err(|error| format!("cannot write {shown}: {error}"))
}
