//! `antiphon new`: a hyperparameters file from a preset.

use std::path::PathBuf;

use anyhow::{Context, bail};

use crate::files;
use crate::hyperparameters::{Approach, Hyperparameters};

/// Write a hyperparameters file
///
/// Example: antiphon new --preset vector --output vector.json
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// The dissertation's settings for vector, column-vector, transpose or magnitude-spectrum
    #[arg(long, value_name = "NAME")]
    preset: Approach,
    /// The file to write; without it the hyperparameters are printed
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let text = Hyperparameters::preset(arguments.preset).to_json();
    let Some(path) = arguments.output else {
        print!("{text}");
        return Ok(());
    };
    if path.exists() {
        bail!(
            "{} exists already; choose another name or remove it first",
            path.display()
        );
    }
    files::write_atomically(&path, text.as_bytes())
        .with_context(|| format!("cannot write {}", path.display()))?;
    eprintln!(
        "Wrote {}. Next: antiphon train {} --audio RECORDING.wav --output MODEL.onnx",
        path.display(),
        path.display()
    );
    Ok(())
}
