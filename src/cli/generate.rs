//! `antiphon generate`: one seed answered with one prediction.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use anyhow::Context;

use super::answer_options::AnswerOptions;
use crate::files;

/// Let a model continue a seed
///
/// Example: antiphon generate --model magnitude-spectrum --seed melody.wav --output answer.wav
///
/// Beside the output, OUTPUT.json says how it was made.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// A model file, or the name of a bundled model
    #[arg(long, value_name = "MODEL")]
    model: String,
    /// The sound to continue: a sound file of any kind
    #[arg(long, value_name = "FILE")]
    seed: PathBuf,
    /// The WAV file to write
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    options: AnswerOptions,
}

pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let output = &arguments.output;
    files::check_writable(output).with_context(|| format!("cannot write {}", output.display()))?;
    arguments.options.forget()?;
    let mut responder = arguments
        .options
        .responder(&arguments.model, super::all_threads())?;
    let settings = arguments.options.settings();

    let stop = super::stop_flag()?;
    let bar = indicatif::ProgressBar::new(1000);
    let mut progress = |share: f64| {
        bar.set_position((share * 1000.0) as u64);
        match stop.load(Ordering::Relaxed) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    };
    let part = files::unpublished(output);
    let answered = responder.answer(&arguments.seed, &part, &settings, &mut progress);
    bar.finish_and_clear();
    let sidecar = answered.inspect_err(|_| {
        // There may be nothing to remove.
        let _ = std::fs::remove_file(&part);
    })?;
    let sidecar_path = output.with_extension("json");
    files::write_atomically(&sidecar_path, sidecar.to_json().as_bytes())
        .with_context(|| format!("cannot write {}", sidecar_path.display()))?;
    files::publish(&part, output).with_context(|| format!("cannot write {}", output.display()))?;
    eprintln!(
        "Wrote {} ({:.2} s; primed in {:.2} s, sampled in {:.2} s, resynthesised in {:.2} s).",
        output.display(),
        sidecar.seconds,
        sidecar.timings.priming,
        sidecar.timings.sampling,
        sidecar.timings.resynthesis,
    );
    Ok(())
}
