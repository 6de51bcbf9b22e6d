//! `antiphon train`: hyperparameters and recordings become a model.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};

use crate::audio;
use crate::files;
use crate::hyperparameters::Hyperparameters;
use crate::train::{Dataset, Recording, Trainer};
use crate::trained_model::TrainingAudio;

/// Train a model on recordings
///
/// Example: antiphon train vector.json --audio guitar.wav --output guitar.onnx --minutes 10
///
/// Ctrl-C ends training early; the model as it then is gets written.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// The hyperparameters file (`antiphon new` writes one)
    #[arg(value_name = "HYPERPARAMETERS.json")]
    hyperparameters: PathBuf,
    /// Recordings to learn from: WAV or AIFF, any rate, any number of channels
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    audio: Vec<PathBuf>,
    /// The model file to write
    #[arg(long, value_name = "MODEL.onnx")]
    output: PathBuf,
    /// Train for so many minutes instead of num_epochs
    #[arg(long, value_name = "M", value_parser = parse_minutes)]
    minutes: Option<f64>,
    /// Seed of the initial weights and the dropout
    #[arg(long, default_value_t = 0, value_name = "K")]
    random_seed: u64,
    /// Threads to use [default: as many as the machine has]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

fn parse_minutes(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(minutes) if minutes > 0.0 && minutes <= 1e6 => Ok(minutes),
        _ => Err("allowed: above 0, at most 1000000".to_owned()),
    }
}

pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let file = &arguments.hyperparameters;
    let hyperparameters =
        Hyperparameters::read(file).with_context(|| file.display().to_string())?;
    files::check_writable(&arguments.output)
        .with_context(|| format!("cannot write {}", arguments.output.display()))?;
    let recordings = arguments
        .audio
        .iter()
        .map(|path| read_recording(path, hyperparameters.sample_rate))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let num_epochs = hyperparameters.num_epochs;
    let dataset = Dataset::new(recordings, &hyperparameters)?;
    let threads = arguments
        .threads
        .map_or_else(super::all_threads, usize::from);
    let weights = hyperparameters.architecture().parameters();
    eprintln!(
        "Training {} weights, {} approach, on {} time steps per epoch; Ctrl-C ends it with a usable model.",
        weights,
        hyperparameters.approach(),
        dataset.training.time_steps_per_epoch(),
    );
    let mut trainer = Trainer::new(hyperparameters, dataset, arguments.random_seed, threads);

    let stop = super::stop_flag()?;
    let begun = Instant::now();
    let share_done = |trainer: &Trainer| match arguments.minutes {
        Some(minutes) => begun.elapsed().as_secs_f64() / (60.0 * minutes),
        None => trainer.epochs() / num_epochs as f64,
    };
    let mut report = Report::new(begun);
    loop {
        let share = share_done(&trainer);
        if share >= 1.0 || stop.load(Ordering::Relaxed) {
            break;
        }
        trainer.step(share)?;
        let share = share_done(&trainer);
        report.show(&mut trainer, share);
    }
    report.finish();
    if trainer.steps() == 0 {
        bail!("stopped before the first step; no model was written");
    }
    let trained_for = begun.elapsed();
    let model = trainer.model(trained_for);
    model.write(&arguments.output)?;
    let held_out = model.training.validation_loss;
    let held_out = held_out.map_or(String::new(), |loss| {
        format!(", {loss:.3e} on what was held out")
    });
    eprintln!(
        "Wrote {}: {} steps, {:.2} epochs, loss {:.3e} to {:.3e}{held_out}.",
        arguments.output.display(),
        model.training.steps,
        model.training.epochs,
        model.training.first_loss,
        model.training.last_loss,
    );
    Ok(())
}

fn read_recording(path: &Path, sample_rate: u32) -> anyhow::Result<Recording> {
    let signal = audio::load(path, sample_rate)?;
    let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
    let source = TrainingAudio {
        file: path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        sha256: files::sha256(&bytes),
        seconds: signal.seconds(),
    };
    Ok(Recording { signal, source })
}

/// A bar on a terminal, a line every ten seconds elsewhere.
struct Report {
    begun: Instant,
    bar: ProgressBar,
    lines: bool,
    last: Instant,
    /// Loss on what was held out, and when it was measured.
    held_out: Option<(f64, Instant)>,
}

/// Parts that the bar is divided into.
const BAR: u64 = 10_000;
const BETWEEN_BARS: Duration = Duration::from_millis(100);
const BETWEEN_LINES: Duration = Duration::from_secs(10);

impl Report {
    fn new(begun: Instant) -> Report {
        let bar = ProgressBar::new(BAR);
        let style = ProgressStyle::with_template("{bar:30} {percent:>3} %  {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Report {
            begun,
            bar,
            lines: !std::io::stderr().is_terminal(),
            last: begun,
            held_out: None,
        }
    }

    fn show(&mut self, trainer: &mut Trainer, share: f64) {
        let between = if self.lines {
            BETWEEN_LINES
        } else {
            BETWEEN_BARS
        };
        if self.last.elapsed() < between {
            return;
        }
        self.last = Instant::now();
        if self
            .held_out
            .is_none_or(|(_, when)| when.elapsed() >= BETWEEN_LINES)
        {
            self.held_out = trainer.validation_loss().map(|loss| (loss, Instant::now()));
        }
        let held_out = self
            .held_out
            .map_or(String::new(), |(loss, _)| format!(" (held out {loss:.3e})"));
        let elapsed = self.begun.elapsed();
        let remaining = elapsed.mul_f64(((1.0 - share) / share.max(1e-9)).clamp(0.0, 1e6));
        let message = format!(
            "epoch {:.2}  step {}  loss {:.3e}{held_out}  {:.1} steps/s  {} left",
            trainer.epochs(),
            trainer.steps(),
            trainer.last_loss(),
            trainer.steps() as f64 / elapsed.as_secs_f64(),
            indicatif::HumanDuration(remaining),
        );
        if self.lines {
            eprintln!("{message}");
        } else {
            self.bar.set_position((share * BAR as f64) as u64);
            self.bar.set_message(message);
        }
    }

    fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
