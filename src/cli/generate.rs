//! `antiphon generate`: one seed answered with one prediction.

use std::path::{Path, PathBuf};

use super::answer_options::AnswerOptions;
use super::progress;
use crate::destination::{Destination, DestinationError};
use crate::files;

/// Let a model continue a seed
///
/// Example: antiphon generate --model magnitude-spectrum --seed melody.wav --output answer.wav
///
/// Beside the output, OUTPUT.json says how it was made.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// A model file, or the name of a bundled model: antiphon inspect lists them
    #[arg(long, value_name = "MODEL")]
    model: String,
    /// The sound to continue: a sound file of any kind
    #[arg(long, value_name = "FILE")]
    seed: PathBuf,
    /// The WAV file to write
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    /// Replace the output and its JSON file if they are there
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    options: AnswerOptions,
}

/// Answers one sound.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let inputs = [arguments.seed.as_path(), Path::new(&arguments.model)];
    let place = |path: &Path| -> Result<Destination, DestinationError> {
        Destination::new(path, arguments.force)?.apart_from(inputs)
    };
    let output = place(&arguments.output)?.called("a WAV file", &["wav", "wave"])?;
    let sidecar_output = place(&arguments.output.with_extension("json"))?;
    arguments.options.begin(&arguments.model)?;
    let mut responder = arguments
        .options
        .responder(&arguments.model, super::all_threads())?;
    let commission = arguments.options.commission();

    let part = files::unpublished(output.path());
    let answered = progress::shown(|progress| {
        responder.answer(&arguments.seed, &part, &commission, progress)
    })?;
    let published = answered.map_err(anyhow::Error::from).and_then(|sidecar| {
        sidecar_output.write(sidecar.to_json().as_bytes())?;
        output.publish(&part)?;
        Ok(sidecar)
    });
    let sidecar = published.inspect_err(|_| {
        // There may be nothing to remove.
        let _ = std::fs::remove_file(&part);
    })?;
    eprintln!(
        "Wrote {} ({:.2} s; primed in {:.2} s, sampled in {:.2} s, resynthesised in {:.2} s).",
        output.path().display(),
        sidecar.lasts,
        sidecar.timings.priming,
        sidecar.timings.sampling,
        sidecar.timings.resynthesis,
    );
    Ok(())
}
