//! `antiphon generate`: one seed answered with one prediction, or with a set of them.

use std::path::{Path, PathBuf};

use super::answer_options::{AnswerOptions, find_model};
use super::progress::{self, ProgressFile};
use crate::answer::{Occasion, SET, SetNotes, Voice};
use crate::destination::{Destination, DestinationError, FolderDestination};
use crate::files;

/// Let a model continue a seed
///
/// Example: antiphon generate --model magnitude-spectrum --seed melody.wav --output answer.wav
///
/// Beside the output, OUTPUT.json says how it was made. With --variations or a plan
/// of several, the output is a folder that appears when all of them are made.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// A model file, or the name of a bundled model: antiphon inspect lists them. A plan may
    /// name others
    #[arg(long, value_name = "MODEL", required_unless_present = "plan")]
    model: Option<String>,
    /// The sound to continue: a sound file of any kind
    #[arg(long, value_name = "FILE")]
    seed: PathBuf,
    /// The WAV file to write, or the folder for several answers
    #[arg(long, value_name = "FILE|FOLDER")]
    output: PathBuf,
    /// Replace the output and its JSON file if they are there
    #[arg(long)]
    force: bool,
    /// Tell in this file how far it has come, five times a second: which answer of how many is
    /// made, the share of all that is done, from 0 to 1, and the seconds that remain
    #[arg(long, value_name = "FILE.json")]
    progress: Option<PathBuf>,
    #[cfg(feature = "nats")]
    #[command(flatten)]
    spread: super::spread::SpreadOptions,
    #[command(flatten)]
    options: AnswerOptions,
}

/// Answers one sound.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let model = arguments.model.as_deref();
    let plan = arguments.options.plan()?;
    let mut file = arguments.progress_file()?;
    match plan.variations.is_some() {
        false => {
            #[cfg(feature = "nats")]
            if arguments.spread.nats.is_some() {
                anyhow::bail!(
                    "one answer is made here; --nats is for several: ask for them with \
                     --variations, or leave it out"
                );
            }
            let places = AnswerPlaces::of(&arguments)?;
            arguments.options.begin(model)?;
            let voice = arguments
                .options
                .voice(&plan, model, &find_model, super::all_threads())?;
            answer(voice, &arguments.seed, &places, &mut file)?;
        }
        true => {
            let output = FolderDestination::new(&arguments.output, arguments.force, SET)?;
            arguments.options.begin(model)?;
            let voice = arguments
                .options
                .voice(&plan, model, &find_model, super::all_threads())?;
            #[cfg(feature = "nats")]
            if let Some(url) = &arguments.spread.nats {
                let spread = super::spread::Spread {
                    voice,
                    plan,
                    base: arguments.options.wishes(model),
                    seed: &arguments.seed,
                    output: &output,
                };
                let notes = spread.make(url, &arguments.spread, &mut file)?;
                tell!("Wrote {}: {}.", output.path().display(), summary(&notes));
                if let Some(file) = &mut file {
                    file.end();
                }
                return Ok(());
            }
            answer_with_set(voice, &arguments.seed, &output, &mut file)?;
        }
    }
    if let Some(file) = &mut file {
        file.end();
    }
    Ok(())
}

impl Arguments {
    fn progress_file(&self) -> Result<Option<ProgressFile>, DestinationError> {
        let model = self.model.as_deref().map(Path::new);
        let inputs: Vec<&Path> = model.into_iter().chain([&*self.seed]).collect();
        let outputs = [&self.output, &self.output.with_extension("json")];
        let outputs = outputs.map(PathBuf::as_path);
        let file = self.progress.as_ref();
        file.map(|path| ProgressFile::new(path, &inputs, &outputs))
            .transpose()
    }
}

/// Where one answer goes.
struct AnswerPlaces {
    output: Destination,
    sidecar: Destination,
}

impl AnswerPlaces {
    fn of(arguments: &Arguments) -> Result<AnswerPlaces, DestinationError> {
        let model = arguments.model.as_deref().map(Path::new);
        let inputs: Vec<&Path> = model.into_iter().chain([&*arguments.seed]).collect();
        let place = |path: &Path| Destination::new(path, arguments.force)?.apart_from(&inputs);
        Ok(AnswerPlaces {
            output: place(&arguments.output)?.called("a WAV file", &["wav", "wave"])?,
            sidecar: place(&arguments.output.with_extension("json"))?,
        })
    }
}

fn answer(
    mut voice: Voice,
    seed: &Path,
    places: &AnswerPlaces,
    file: &mut Option<ProgressFile>,
) -> anyhow::Result<()> {
    let part = files::unpublished(places.output.path());
    let occasion = Occasion::default();
    let answered = progress::shown(file, |progress| {
        voice.answer(seed, &part, &occasion, progress)
    })?;
    let published = answered.map_err(anyhow::Error::from).and_then(|sidecar| {
        places.sidecar.write(sidecar.to_json().as_bytes())?;
        places.output.publish(&part)?;
        Ok(sidecar)
    });
    let sidecar = published.inspect_err(|_| {
        // There may be nothing to remove.
        let _ = std::fs::remove_file(&part);
    })?;
    tell!(
        "Wrote {} ({:.2} s; primed in {:.2} s, sampled in {:.2} s, resynthesised in {:.2} s).",
        places.output.path().display(),
        sidecar.lasts,
        sidecar.timings.priming,
        sidecar.timings.sampling,
        sidecar.timings.resynthesis,
    );
    Ok(())
}

fn answer_with_set(
    mut voice: Voice,
    seed: &Path,
    output: &FolderDestination,
    file: &mut Option<ProgressFile>,
) -> anyhow::Result<()> {
    let part = files::unpublished(output.path());
    let occasion = Occasion::default();
    let answered = progress::shown_in_turn(file, |progress| {
        voice.answer_with_set(seed, &part, &occasion, progress)
    })?;
    let published = answered.map_err(anyhow::Error::from).and_then(|notes| {
        output.publish(&part)?;
        Ok(notes)
    });
    let notes = published.inspect_err(|_| {
        // There may be nothing to remove.
        let _ = std::fs::remove_dir_all(&part);
    })?;
    tell!("Wrote {}: {}.", output.path().display(), summary(&notes));
    Ok(())
}

/// `theme.wav and 9 of 10 variations, 83.1 s of sound`.
fn summary(notes: &SetNotes) -> String {
    let of = notes.variations.len();
    let made: Vec<f64> = notes.variations.iter().filter_map(|v| v.seconds).collect();
    let count = match made.len() {
        all if all == of => format!("{all}"),
        some => format!("{some} of {of}"),
    };
    let seconds: f64 = made.iter().sum();
    format!(
        "{} and {count} variations, {seconds:.1} s of sound",
        notes.theme
    )
}
