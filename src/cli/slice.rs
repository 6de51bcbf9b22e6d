//! `antiphon slice`: predictions cut into loops, one for each band of pitch.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::bail;
use serde::Serialize;

use super::answer_options::find_model;
use super::{output, progress};
use crate::answer::{AnswerError, Length, Occasion, Plan, Step, Voice, Wishes};
use crate::audio::output::OutputRate;
use crate::audio::write::{SampleFormat, write_wav};
use crate::destination::{DestinationError, FolderDestination, same_file};
use crate::files;
use crate::names::readable;
use crate::slice::{
    Bands, Lengths, Prediction, Row, Slice, SliceLevel, TABLE, TRIES, Try, at_one_rate, choose,
    fill, is_slices, level, write_slices,
};

/// Cut predictions into loops, one for each band of pitch
///
/// Example: antiphon slice watch/predictions/*.wav --bands 8 --output slices
///
/// For patches that hear a pitch and raise what sustains it (docs/slices.md). In each band
/// the stretch is found where it is strongest and steadiest, and made a loop without a click:
/// DIR/band-01.wav and on, from low to high, with the table DIR/bands.txt. A band that no
/// prediction sustains has none, unless --model says who is to answer a tone of that pitch.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// Sound files of any kind
    #[arg(required = true, value_name = "PREDICTION")]
    predictions: Vec<PathBuf>,
    /// The folder to make
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
    /// How many bands, from 1 to 64, equally wide in pitch
    #[arg(long, value_name = "N", default_value_t = Bands::USUAL.count())]
    bands: usize,
    /// Where the lowest band begins, in Hz
    #[arg(long, value_name = "HZ", default_value_t = Bands::USUAL.range().0)]
    low: f64,
    /// Where the highest band ends, in Hz
    #[arg(long, value_name = "HZ", default_value_t = Bands::USUAL.range().1)]
    high: f64,
    /// The shortest and the longest loop, in seconds
    #[arg(long, value_name = "FROM-TO", default_value = "0.5-4", value_parser = parse_lengths)]
    seconds: Lengths,
    /// All as loud as each other (same), or as in the predictions (as-is)
    #[arg(long, value_name = "same|as-is", default_value = "same")]
    level: SliceLevel,
    /// Who is to make a prediction for a band that has none: a model file or a bundled model
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// Seed of everything random in what the model makes
    #[arg(long, value_name = "K", default_value_t = 0, requires = "model")]
    random_seed: u64,
    /// Print what was made as JSON
    #[arg(long)]
    json: bool,
    /// Replace the folder if it is one of slices
    #[arg(long)]
    force: bool,
}

/// Cuts predictions.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let bands = Bands::new(arguments.bands, arguments.low, arguments.high)?;
    let output = destination(&arguments)?;
    let filler = arguments
        .model
        .as_deref()
        .map(|model| filler(model, arguments.random_seed));
    let mut filler = filler.transpose()?;
    let predictions = read_all(&arguments.predictions)?;
    let sample_rate = predictions[0].sound.sample_rate;
    let mut slices = choose(&predictions, &bands, &arguments.seconds);
    let own = slices.len();
    if let Some(voice) = &mut filler
        && own < bands.count()
    {
        let lengths = &arguments.seconds;
        progress::shown(&mut None, |progress| {
            fill_by(voice, &mut slices, &bands, (lengths, sample_rate), progress)
        })??;
    }
    if slices.is_empty() {
        bail!("{}", nothing(&bands, arguments.model.as_deref()));
    }
    if arguments.level == SliceLevel::Same {
        level(&mut slices);
    }
    let rows = write(&output, &slices, &bands)?;
    if let Some(sentence) = empty_bands(&slices, &bands, arguments.model.as_deref()) {
        tell!("{sentence}");
    }
    if arguments.json {
        output::json(&entries(&slices, &rows))?;
    }
    tell!(
        "Wrote {}: {}.",
        output.path().display(),
        summary(&slices, own, &bands)
    );
    Ok(())
}

/// A folder that is not there, or one of slices that may be replaced and that holds nothing
/// else, nor anything that is read.
fn destination(arguments: &Arguments) -> anyhow::Result<FolderDestination> {
    let output = FolderDestination::new(&arguments.output, arguments.force, TABLE)?;
    let folder = output.path();
    if !folder.exists() {
        return Ok(output);
    }
    if !is_slices(folder)? {
        bail!(
            "{} is not replaced: there is more in it than slices; choose another name",
            folder.display()
        );
    }
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if arguments
            .predictions
            .iter()
            .any(|prediction| same_file(prediction, &path))
        {
            return Err(DestinationError::Read { path }.into());
        }
    }
    Ok(output)
}

/// The predictions, at one rate.
fn read_all(paths: &[PathBuf]) -> anyhow::Result<Vec<Prediction>> {
    let read = paths
        .iter()
        .map(|path| Prediction::read(path, path.display().to_string()));
    let mut all: Vec<Prediction> = read.collect::<Result<_, _>>()?;
    at_one_rate(&mut all);
    if all.iter().all(|prediction| prediction.sound.peak() == 0.0) {
        match &all[..] {
            [one] => bail!("{} is silent; give a prediction that sounds", one.name),
            _ => bail!("all predictions are silent; give some that sound"),
        }
    }
    Ok(all)
}

/// What makes predictions for bands that have none.
fn filler(model: &str, random_seed: u64) -> anyhow::Result<Voice> {
    let wishes = Wishes {
        model: Some(model.to_owned()),
        length: Some(Length::Seconds(SECONDS)),
        random_seed: Some(random_seed),
        rate: Some(OutputRate::Seed),
        format: Some(SampleFormat::Float32),
        values: [("follow".to_owned(), 1.into())].into_iter().collect(),
        ..Wishes::default()
    };
    Ok(Voice::new(
        &Plan::default(),
        &wishes,
        &find_model,
        super::all_threads(),
    )?)
}

/// Seconds of a prediction that is made for a band.
const SECONDS: f64 = 8.0;

/// Lets `voice` fill the bands that have no slice.
fn fill_by(
    voice: &mut Voice,
    slices: &mut Vec<Slice>,
    bands: &Bands,
    (lengths, sample_rate): (&Lengths, u32),
    tell: &mut dyn FnMut(Step) -> ControlFlow<()>,
) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    fill(slices, bands, lengths, sample_rate, &mut |order: &Try| {
        let tell = &mut |step| match step {
            Step::Share(share) => tell(Step::Share((order.turn as f64 + share) / order.of as f64)),
            heard => tell(heard),
        };
        answered(voice, order, folder.path(), tell)
    })
}

/// What `voice` answers; `None` where it has no answer to this seed.
fn answered(
    voice: &mut Voice,
    order: &Try,
    folder: &Path,
    tell: &mut dyn FnMut(Step) -> ControlFlow<()>,
) -> anyhow::Result<Option<Prediction>> {
    let [seed, answer] = ["seed.wav", "answer.wav"].map(|name| folder.join(name));
    write_wav(&seed, &order.seed, SampleFormat::Float32)?;
    let index = order.band + 1;
    let occasion = Occasion {
        stream_of: Some(format!("band {index} try {}", order.number)),
        longest_seed: None,
    };
    let model = readable(voice.responders()[0].identity().name.as_ref());
    match voice.answer(&seed, &answer, &occasion, tell) {
        Ok(_) => {
            let name = format!("{model}, try {} for band {index}", order.number);
            Ok(Some(Prediction::read(&answer, name)?))
        }
        Err(AnswerError::Broken { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Writes and publishes the folder.
fn write(output: &FolderDestination, slices: &[Slice], bands: &Bands) -> anyhow::Result<Vec<Row>> {
    let part = files::unpublished(output.path());
    let written = write_slices(&part, slices, bands).map_err(anyhow::Error::from);
    let published = written.and_then(|rows| {
        output.publish(&part)?;
        Ok(rows)
    });
    published.inspect_err(|_| {
        // There may be nothing to remove.
        let _ = std::fs::remove_dir_all(&part);
    })
}

/// `2 (117.3 Hz) and 5 (337.0 Hz)`.
fn named(empty: &[usize], bands: &Bands) -> String {
    let name = |band: &usize| format!("{} ({:.1} Hz)", band + 1, bands.centre(*band));
    let names: Vec<String> = empty.iter().map(name).collect();
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}

/// Which bands have no slice, and what to do.
fn empty_bands(slices: &[Slice], bands: &Bands, model: Option<&str>) -> Option<String> {
    let has = |band: usize| slices.iter().any(|slice| slice.band == band);
    let empty: Vec<usize> = (0..bands.count()).filter(|band| !has(*band)).collect();
    let (word, it) = match empty.len() {
        0 => return None,
        1 => ("Band", "it"),
        _ => ("Bands", "them"),
    };
    let named = named(&empty, bands);
    Some(match model {
        None => format!(
            "{word} {named}: no prediction sustains {it}; give more predictions, or let --model \
             make one."
        ),
        Some(model) => format!(
            "{word} {named}: no prediction sustains {it}, nor does what {model} made in {TRIES} \
             tries; try another --random-seed or --model."
        ),
    })
}

fn nothing(bands: &Bands, model: Option<&str>) -> String {
    let (low, high) = bands.range();
    let why = format!("no prediction sustains a pitch from {low} to {high} Hz");
    match model {
        None => format!(
            "{why}; give other predictions or another range (--low, --high, --seconds), or let \
             --model make some"
        ),
        Some(model) => format!("{why}, nor does what {model} made; try another --model"),
    }
}

/// `6 of 8 bands, 2 of them made by the model, 12.3 s of sound`.
fn summary(slices: &[Slice], own: usize, bands: &Bands) -> String {
    let seconds: f64 = slices.iter().map(|slice| slice.sound.seconds()).sum();
    let made = match slices.len() - own {
        0 => String::new(),
        made => format!(", {made} of them made by the model"),
    };
    let (count, of) = (slices.len(), bands.count());
    format!("{count} of {of} bands{made}, {seconds:.1} s of sound")
}

/// A slice, as JSON has it.
#[derive(Serialize)]
struct Entry<'a> {
    band: usize,
    centre_hz: f64,
    file: &'a str,
    seconds: f64,
    level_db: f64,
    pitch_hz: f64,
    sample_rate: u32,
    /// What it was cut out of, and where that begins.
    prediction: &'a str,
    begins: f64,
    /// How well its ends match, from -1 to 1.
    likeness: f64,
}

fn entries<'a>(slices: &'a [Slice], rows: &'a [Row]) -> Vec<Entry<'a>> {
    let entry = |(slice, row): (&'a Slice, &'a Row)| Entry {
        band: row.index,
        centre_hz: row.centre,
        file: &row.file,
        seconds: row.seconds,
        level_db: row.level,
        pitch_hz: row.pitch,
        sample_rate: slice.sound.sample_rate,
        prediction: &slice.prediction,
        begins: slice.begins,
        likeness: slice.likeness,
    };
    slices.iter().zip(rows).map(entry).collect()
}

fn parse_lengths(text: &str) -> Result<Lengths, String> {
    let numbers = text.split_once('-').and_then(|(shortest, longest)| {
        Lengths::new(shortest.parse().ok()?, longest.parse().ok()?)
    });
    numbers.ok_or_else(|| {
        "two lengths such as 0.5-4, from 0.25 to 60 seconds, the longest at least 1.25 times the \
         shortest"
            .to_owned()
    })
}
