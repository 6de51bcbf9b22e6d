//! `antiphon train`: hyperparameters and recordings become a model.

mod asked;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};

use crate::destination::Destination;
use crate::hyperparameters::Hyperparameters;
use crate::model::{Card, Device, Opened};
use crate::system::memory;
use crate::train::{
    Care, Checkpoint, ChosenRecordings, Dataset, Headers, LossRow, LossScale, Observer, Progress,
    Resumed, Run, RunOrder, Session, SessionError, TrendRemark, choose, memory_of_training, read,
    refuse_what_does_not_fit,
};

/// Train a model on recordings
///
/// Example: antiphon train vector.json --audio guitar.wav --output guitar.onnx --minutes 10
///
/// What happens is kept in a folder of its own, runs/guitar here. Ctrl-C ends
/// training early; the model as it then is gets written, and
/// `antiphon train --resume runs/guitar` goes on from there. `antiphon train --stop
/// runs/guitar` ends it from elsewhere, and `antiphon train --export runs/guitar --output
/// early.onnx` writes the model as it was at the last checkpoint.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// The hyperparameters file (`antiphon new` writes one)
    #[arg(
        value_name = "HYPERPARAMETERS.json",
        required_unless_present_any = ["resume", "stop", "export"]
    )]
    hyperparameters: Option<PathBuf>,
    /// Recordings to learn from, and folders of them: sound files of any kind, any rate, any
    /// number of channels
    #[arg(
        long,
        required_unless_present_any = ["resume", "stop", "export"],
        num_args = 1..,
        value_name = "FILE-OR-FOLDER"
    )]
    audio: Vec<PathBuf>,
    /// Refuse recordings with faults, which are otherwise told and, where they cannot be
    /// used, left out
    #[arg(long, conflicts_with = "resume")]
    strict: bool,
    /// The model file to write
    #[arg(long, required_unless_present_any = ["resume", "stop"], value_name = "MODEL.onnx")]
    output: Option<PathBuf>,
    /// Replace the model file if there is one
    #[arg(long)]
    force: bool,
    /// Go on with the run in this folder, as it was begun
    #[arg(long, value_name = "DIR", conflicts_with_all = ["hyperparameters", "audio", "output", "random_seed", "threads", "runs"])]
    resume: Option<PathBuf>,
    /// Ask the training that goes on in this folder to end as Ctrl-C ends it, with a usable
    /// model, and wait up to a minute for that
    #[arg(long, value_name = "DIR", conflicts_with_all = OF_TRAINING, conflicts_with_all = ["resume", "output", "force"])]
    stop: Option<PathBuf>,
    /// Write the model of the run in this folder to --output, as at its last checkpoint; the
    /// run may be going on
    #[arg(long, value_name = "DIR", conflicts_with_all = OF_TRAINING, conflicts_with_all = ["resume", "stop"])]
    export: Option<PathBuf>,
    /// Train for this many minutes instead of num_epochs and max_minutes; with --resume, for
    /// this many more
    #[arg(long, value_name = "M", value_parser = parse_minutes)]
    minutes: Option<f64>,
    /// Seed of the initial weights, the dropout and the noise
    #[arg(long, default_value_t = 0, value_name = "K")]
    random_seed: u64,
    /// Threads to use [default: as many as the machine has]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// What to train on: the processor (cpu) or a graphics card (gpu: Vulkan, Metal or
    /// DirectX 12); a run can be gone on with on the other [default: cpu, or as the run was
    /// begun]
    #[arg(long, value_name = "DEVICE", value_parser = parse_device)]
    device: Option<Device>,
    /// The folder in which a new run gets its folder
    #[arg(long, default_value = "runs", value_name = "DIR")]
    runs: PathBuf,
    /// Seconds between two checkpoints
    #[arg(long, default_value_t = 60, value_name = "N")]
    checkpoint_seconds: u64,
}

/// The options that say how a run trains.
const OF_TRAINING: [&str; 9] = [
    "hyperparameters",
    "audio",
    "strict",
    "minutes",
    "random_seed",
    "threads",
    "device",
    "runs",
    "checkpoint_seconds",
];

fn parse_minutes(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(minutes) if minutes > 0.0 && minutes <= 1e6 => Ok(minutes),
        _ => Err("allowed: above 0, at most 1000000".to_owned()),
    }
}

fn parse_device(text: &str) -> Result<Device, String> {
    let names = Device::NAMES.map(|(name, _)| name).join(", ");
    Device::of(text).ok_or_else(|| format!("choose one of {names}"))
}

/// A run, new or gone on with, and what it needs.
struct Beginning {
    run: Run,
    order: RunOrder,
    /// Where the model goes.
    destination: Destination,
    hyperparameters: Hyperparameters,
    dataset: Dataset,
    checkpoint: Option<Checkpoint>,
    /// How the loss went so far.
    losses: Vec<LossRow>,
}

/// Trains, or goes on training, until the end or Ctrl-C; or asks something of a run.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    if let Some(folder) = &arguments.stop {
        return asked::stop(folder);
    }
    if let (Some(folder), Some(output)) = (&arguments.export, &arguments.output) {
        return asked::export(folder, output, arguments.force);
    }
    let between_checkpoints = Duration::from_secs(arguments.checkpoint_seconds);
    let beginning = match &arguments.resume {
        Some(folder) => resume(folder, &arguments)?,
        None => begin(&arguments)?,
    };
    train(beginning, between_checkpoints)
}

fn begin(arguments: &Arguments) -> anyhow::Result<Beginning> {
    let (Some(file), Some(output)) = (&arguments.hyperparameters, &arguments.output) else {
        bail!("a new run needs hyperparameters, --audio and --output");
    };
    let hyperparameters =
        Hyperparameters::read(file).with_context(|| file.display().to_string())?;
    let destination = Destination::new(output, arguments.force)?.called("a model", &["onnx"])?;
    let absolute =
        |path: &PathBuf| std::path::absolute(path).with_context(|| path.display().to_string());
    let named: Vec<PathBuf> = arguments
        .audio
        .iter()
        .map(absolute)
        .collect::<Result<_, _>>()?;
    let ChosenRecordings { files, left_out } = choose(&named)?;
    left_out.iter().for_each(|sentence| tell!("{sentence}"));
    let headers = Headers::read(&files);
    let follows = hyperparameters.format.follows_recordings;
    let hyperparameters = hyperparameters.at_the_rate_of_recordings(headers.rate());
    if follows {
        tell!(
            "The model will hear and speak at {} Hz.",
            hyperparameters.format.sample_rate
        );
    }
    refuse_what_does_not_fit(memory_of_training(&hyperparameters, &headers.seconds()))?;
    let care = match arguments.strict {
        true => Care::Strict,
        false => Care::Forgiving,
    };
    let destination = destination.apart_from(files.iter().chain([file]))?;
    let recordings = read(&files, &hyperparameters, care)?;
    recordings.list().lines().for_each(|line| tell!("{line}"));
    let order = RunOrder {
        audio: recordings.files,
        output: absolute(output)?,
        force: arguments.force,
        minutes: arguments.minutes,
        random_seed: arguments.random_seed,
        threads: arguments
            .threads
            .map_or_else(super::all_threads, usize::from),
        device: arguments.device.unwrap_or_default(),
    };
    tell_of(order.device)?;
    let dataset = recordings.dataset;
    let name = output.file_stem().unwrap_or_default().to_string_lossy();
    let run = Run::create(&arguments.runs, &name, &order, &hyperparameters)?;
    Ok(Beginning {
        run,
        order,
        destination,
        hyperparameters,
        dataset,
        checkpoint: None,
        losses: Vec::new(),
    })
}

/// Says which graphics card `device` is, where it is one, which is opened.
fn tell_of(device: Device) -> anyhow::Result<()> {
    if device == Device::Cpu {
        return Ok(());
    }
    let Opened { name, is_card } = Card::open(device)?;
    tell!("It will learn on {name}.");
    if !is_card {
        tell!(
            "That is no graphics card: the processor does as one, far slower than with --device cpu."
        );
    }
    Ok(())
}

fn resume(folder: &Path, arguments: &Arguments) -> anyhow::Result<Beginning> {
    let Arguments {
        minutes,
        force,
        device,
        ..
    } = *arguments;
    let Resumed {
        mut run,
        mut order,
        hyperparameters,
        checkpoint,
        lost,
        losses,
    } = Run::resume(folder)?;
    if let Some(lost) = lost {
        tell!("{lost}");
    }
    let before = checkpoint.as_ref().map_or(0.0, |c| c.notes.trained_for) / 60.0;
    order.minutes = minutes.map(|more| before + more).or(order.minutes);
    order.device = device.unwrap_or(order.device);
    tell_of(order.device)?;
    let destination = match force || order.force {
        true => Destination::new(&order.output, true)?,
        false => {
            // What the run wrote there earlier is what it kept a copy of.
            let kept = std::fs::read(run.exported(&order)).unwrap_or_default();
            Destination::of_own(&order.output, |bytes| bytes == kept)?
        }
    };
    let dataset = read(&order.audio, &hyperparameters, Care::AsBefore)?.dataset;
    if minutes.is_some() || device.is_some() {
        // So that the run goes on as it now does if it is interrupted once more; one that is
        // refused is as it was.
        run.keep_order(&order)?;
    }
    Ok(Beginning {
        run,
        order,
        destination,
        hyperparameters,
        dataset,
        checkpoint,
        losses,
    })
}

fn train(beginning: Beginning, between_checkpoints: Duration) -> anyhow::Result<()> {
    let Beginning {
        run,
        order,
        destination,
        hyperparameters,
        dataset,
        checkpoint,
        losses,
    } = beginning;
    let (folder, output) = (run.folder().to_owned(), order.output.clone());
    tell!(
        "Training {} weights, {} approach, on {} time steps per epoch, with about {}, in {}; \
         Ctrl-C ends it with a usable model.",
        hyperparameters.architecture().parameters(),
        hyperparameters.approach(),
        dataset.training.time_steps_per_epoch(),
        memory::in_words(memory_of_training(&hyperparameters, &dataset.seconds())),
        folder.display(),
    );
    let mut session = Session::new(run, order, destination, hyperparameters, dataset);
    if let Some(checkpoint) = checkpoint {
        session
            .restore(checkpoint, &losses)
            .with_context(|| folder.display().to_string())?;
        tell!("Going on from step {}.", session.steps());
        if session.is_over() {
            tell!("The run is over; {}.", more_minutes(&folder));
        }
    }
    let scale = session.loss_scale();
    tell!("{}", scale.in_words());
    let mut report = Report::new(super::stop_flag()?, scale);
    let training = session.run(between_checkpoints, &mut report);
    report.finish();
    let training = training.map_err(|error| match error {
        SessionError::Run(_) => anyhow::Error::new(error).context(keep_going(&folder)),
        error => error.into(),
    })?;
    let held_out = training.validation_loss;
    let held_out = held_out.map_or(String::new(), |loss| {
        format!(", {} on what was held out", scale.shown(loss))
    });
    tell!(
        "Wrote {}: {} steps, {:.2} epochs, loss {} to {}{held_out}.",
        output.display(),
        training.steps,
        training.epochs,
        scale.shown(training.first_loss),
        scale.shown(training.last_loss),
    );
    Ok(())
}

/// What has a run that is over be gone on with.
fn more_minutes(folder: &Path) -> String {
    let folder = folder.display();
    format!("antiphon train --resume {folder} --minutes 5 goes on for 5 minutes more")
}

/// What to do when a run's folder cannot be written.
fn keep_going(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "training stopped; when the disk has room again, go on with antiphon train --resume {folder}"
    )
}

/// A bar on a terminal, a line every ten seconds elsewhere.
struct Report {
    /// Set by Ctrl-C.
    stop: Arc<AtomicBool>,
    scale: LossScale,
    bar: ProgressBar,
    lines: bool,
    last: Instant,
    /// File name of the last prediction written.
    prediction: Option<String>,
}

/// Parts that the bar is divided into.
const BAR: u64 = 10_000;
const BETWEEN_BARS: Duration = Duration::from_millis(100);
const BETWEEN_LINES: Duration = Duration::from_secs(10);

impl Report {
    fn new(stop: Arc<AtomicBool>, scale: LossScale) -> Report {
        let bar = ProgressBar::new(BAR);
        let style = ProgressStyle::with_template("{bar:30} {percent:>3} %  {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Report {
            stop,
            scale,
            bar,
            lines: !std::io::stderr().is_terminal(),
            last: Instant::now(),
            prediction: None,
        }
    }

    /// `-3.582, best -3.601 (held out -3.411, best -3.415)`.
    fn losses(&self, progress: &Progress) -> String {
        let with_best = |loss, best| {
            let [loss, best] = [loss, best].map(|loss| self.scale.shown(loss));
            format!("{loss}, best {best}")
        };
        let of_training = with_best(progress.loss, progress.best);
        match progress.held_out.zip(progress.best_held_out) {
            None => of_training,
            Some((loss, best)) => format!("{of_training} (held out {})", with_best(loss, best)),
        }
    }

    fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Observer for Report {
    fn stop(&mut self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn remark(&mut self, remark: TrendRemark) {
        let sentence = remark.in_words(&self.scale);
        self.bar.suspend(|| tell!("{sentence}"));
    }

    fn prediction(&mut self, path: &Path) {
        if self.lines {
            tell!("wrote {}", path.display());
        }
        let name = path.file_name().unwrap_or_default();
        self.prediction = Some(name.to_string_lossy().into_owned());
    }

    fn progress(&mut self, progress: &Progress) {
        let between = if self.lines {
            BETWEEN_LINES
        } else {
            BETWEEN_BARS
        };
        if self.last.elapsed() < between {
            return;
        }
        self.last = Instant::now();
        let message = format!(
            "epoch {:.2}  step {}  loss {}  {:.1} steps/s  {} left{}",
            progress.epochs,
            progress.steps,
            self.losses(progress),
            progress.steps_per_second,
            indicatif::FormattedDuration(progress.remaining),
            match &self.prediction {
                Some(name) if !self.lines => format!("  wrote {name}"),
                _ => String::new(),
            },
        );
        if self.lines {
            tell!("{message}");
        } else {
            self.bar.set_position((progress.share * BAR as f64) as u64);
            self.bar.set_message(message);
        }
    }
}
