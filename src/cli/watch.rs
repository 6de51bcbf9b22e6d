//! `antiphon watch`: the daemon.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::answer_options::AnswerOptions;
use super::answerer::{Answerer, VoiceSource};
use super::house::Daemon;
use super::log_line::LogFormat;
use super::notebook::Notebook;
use super::osc_options::OscOptions;
use super::{output, page};
use crate::answer::{Settings, Voice};
use crate::bundled;
use crate::names::printable;
use crate::osc::Speaker;
use crate::service::Supervisor;
use crate::system;
use crate::watch::{
    AnswerSource, Answers, Bounds, Event, Journal, Remote, Retention, Setup, Terms, folders,
    mailbox, watch,
};
use crate::web::{PageKind, Server};

/// The folder that is watched when nobody chooses.
pub const DEFAULT_ROOT: &str = "watch";
/// Says that all predictions are kept.
pub const KEEP_ALL: &str = "all";

/// Answer every seed that is put into a folder
///
/// Example: antiphon watch --root /srv/gallery --model column-vector --osc 127.0.0.1:7400
///
/// Seeds go into ROOT/seeds, answers appear in ROOT/predictions. Ctrl-C or
/// SIGTERM ends it; a seed in work goes back to ROOT/seeds.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    #[command(flatten)]
    pub watching: Watching,
    #[command(flatten)]
    load: Load,
}

/// A folder that is watched, and what is asked of all answers there, whoever computes them.
#[derive(clap::Args)]
pub struct Watching {
    /// The folder that holds seeds/, predictions/ and failed/; made if missing
    #[arg(long, default_value = DEFAULT_ROOT, value_name = "DIR")]
    pub root: PathBuf,
    /// Only a folder that antiphon has used before: one without its marker may
    /// be the place of a disk that is not mounted
    #[arg(long)]
    existing: bool,
    /// A model file, which is loaded again when it changes, or the name of a bundled model:
    /// antiphon inspect lists them
    #[arg(long, default_value = bundled::DEFAULT, value_name = "MODEL")]
    pub model: String,
    /// How the log on standard error is written; a line has the local time, unless the
    /// journal of systemd keeps it
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub log_format: LogFormat,
    #[command(flatten)]
    osc: OscOptions,
    #[command(flatten)]
    page: PageOptions,
    #[command(flatten)]
    pub limits: Limits,
    #[command(flatten)]
    keep: Keep,
    #[command(flatten)]
    pub options: AnswerOptions,
}

/// The page that shows how the daemon does.
#[derive(clap::Args)]
struct PageOptions {
    /// Show how things stand on a page at this address (127.0.0.1:7480, say); beyond this
    /// machine a token is asked for, which the link that is printed has
    #[arg(long, value_name = "ADDRESS")]
    page: Option<SocketAddr>,
    /// Let the page put seeds that failed back into seeds/
    #[arg(long, requires = "page")]
    page_control: bool,
}

impl PageOptions {
    /// Serves the page about `root`, if one is asked for, in a thread of its own.
    fn serve(&self, root: &Path, stop: &Arc<AtomicBool>) -> anyhow::Result<()> {
        let Some(address) = self.page else {
            return Ok(());
        };
        let control = self.page_control;
        let setup = page::setup(root.to_owned(), PageKind::Gallery { control }, address)?;
        let server = Server::new(setup)?;
        tracing::info!("the page is at {}", server.link());
        page::show_code(&server);
        let stop = Arc::clone(stop);
        let serve = move || {
            if let Err(error) = server.serve(&stop) {
                tracing::warn!("the page is not served any more: {error}");
            }
        };
        let thread = thread::Builder::new().name("page".to_owned());
        thread
            .spawn(serve)
            .context("cannot begin to serve the page")?;
        Ok(())
    }
}

/// What an answer may cost.
#[derive(clap::Args)]
struct Load {
    /// Seeds answered at the same time
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    workers: u16,
    /// Threads of all workers together [default: half of the machine's, so that
    /// the patch's sound never stutters]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Memory for the models of voices, of which those that answered longest ago make room
    /// (K, M and G are understood)
    #[arg(long, default_value = "1G", value_name = "BYTES", value_parser = parse_bytes)]
    voices_memory: u64,
}

/// What seeds and answers have to keep to.
#[derive(clap::Args)]
pub struct Limits {
    /// How far other programs go first, from 0 to 19
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(i32).range(0..=19))]
    nice: i32,
    /// How long a file that does not look complete is waited for after its last change:
    /// one that is empty, has no sound yet, or less than its header says
    #[arg(long, default_value_t = 30.0, value_name = "SECONDS", value_parser = parse_patience)]
    patience: f64,
    /// Longer seeds fail
    #[arg(long, default_value_t = 600.0, value_name = "SECONDS", value_parser = parse_length)]
    max_seed_seconds: f64,
    /// Larger seeds fail (K, M and G are understood)
    #[arg(long, default_value = "512M", value_name = "BYTES", value_parser = parse_bytes)]
    max_seed_bytes: u64,
    /// Remove seeds that are silent instead of answering them: those whose loudest tenth of a
    /// second is below this level of its rms, in decibels, or below -60 where none is given
    #[arg(long, value_name = "DB", num_args = 0..=1, default_missing_value = "-60", allow_negative_numbers = true, value_parser = parse_level)]
    skip_silent: Option<f64>,
    /// A seed whose answer, or set of answers, takes longer fails
    #[arg(long, default_value_t = 1800, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub deadline: u64,
}

/// How much is kept.
#[derive(clap::Args)]
struct Keep {
    /// Answered seeds to keep, the newest
    #[arg(long, default_value_t = 1000, value_name = "N")]
    keep_done: usize,
    /// Bytes of answered seeds to keep
    #[arg(long, default_value = "2G", value_name = "BYTES", value_parser = parse_bytes)]
    keep_done_bytes: u64,
    /// Failed seeds to keep, the newest
    #[arg(long, default_value_t = 1000, value_name = "N")]
    keep_failed: usize,
    /// Bytes of failed seeds to keep
    #[arg(long, default_value = "2G", value_name = "BYTES", value_parser = parse_bytes)]
    keep_failed_bytes: u64,
    /// Predictions to keep, the newest, or all
    #[arg(long, default_value = KEEP_ALL, value_name = "N|all", value_parser = parse_names)]
    keep_predictions: usize,
    /// Bytes of predictions to keep [default: all]
    #[arg(long, value_name = "BYTES", value_parser = parse_bytes)]
    keep_predictions_bytes: Option<u64>,
    /// Bytes left free on the disk: below, seeds wait
    #[arg(long, default_value = "64M", value_name = "BYTES", value_parser = parse_bytes)]
    free_space_floor: u64,
}

/// Answers seeds until it is told to stop.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let Arguments { watching, load } = arguments;
    watching.check_learning(load.workers)?;
    watching.options.begin(Some(&watching.model))?;
    system::memory::keep_nothing_large();
    let source = Arc::new(source(&watching, &load));
    let mut answerers = source.answerers(load.workers)?;
    let first = answerers.remove(0);
    let hire = |first, _: &_| {
        let all = std::iter::once(first).chain(answerers);
        all.map(|one| Box::new(one) as Box<dyn Answers>).collect()
    };
    attend(&watching, first, hire, source, None)
}

/// A voice for each of those who answer.
pub(super) type Hired = Vec<Box<dyn Answers>>;

/// Watches the folder, where those whom `hire` makes of `first` answer, and stop when the
/// flag is set that it is given. Where they are `elsewhere`, at this address, it is they who
/// keep to the deadline, and this process does not die of any seed.
pub(super) fn attend(
    watching: &Watching,
    first: Answerer,
    hire: impl FnOnce(Answerer, &Arc<AtomicBool>) -> Hired,
    source: Arc<dyn AnswerSource>,
    elsewhere: Option<&str>,
) -> anyhow::Result<()> {
    let osc = &watching.osc;
    let speaker = Arc::new(osc.speaker()?);
    let root = find_root(watching)?;
    warn_of_name(&root);
    if let Err(error) = system::be_nice(watching.limits.nice) {
        tracing::warn!("cannot let other programs go first: {error}");
    }
    let stop = super::stop_flag()?;
    watching.page.serve(&root, &stop)?;
    let (remote, mailbox) = mailbox();
    let journal = Arc::new(Journal::open(&root));
    let house = Arc::new(watching.house(&root, remote, first.settings.clone(), &journal));
    let tally = osc.converse(&speaker, house, &stop)?;
    let greeting = greeting(&first.voice, &root, &speaker, elsewhere);
    let audience = Arc::new(Audience {
        greeting: Mutex::new(Some(greeting)),
        supervisor: Supervisor::default(),
        speaker,
        journal,
        notebook: Notebook::new(&root, tally, &first.voice, first.settings.clone()),
    });
    let told = Arc::clone(&audience);
    let on_event = Arc::new(move |event: Event| told.tell(&event));
    let watched = watch(
        &watching.setup(root, elsewhere.is_some()),
        hire(first, &stop),
        source,
        on_event,
        &mailbox,
        &stop,
    );
    audience.supervisor.stopping();
    watched?;
    tracing::info!("stopped; nothing is left claimed");
    Ok(())
}

/// A patch is told paths in messages of text.
fn warn_of_name(root: &Path) {
    if root.to_str().is_none() {
        tracing::warn!(
            "the name of {} is no UTF-8, and messages hold no other: a patch cannot open the paths \
             that it is told; rename the folder",
            root.display()
        );
    }
}

/// All who are told what happens.
struct Audience {
    /// What whoever started the daemon reads first; none once it is printed.
    greeting: Mutex<Option<String>>,
    supervisor: Supervisor,
    speaker: Arc<Speaker>,
    journal: Arc<Journal>,
    notebook: Notebook,
}

impl Audience {
    fn tell(&self, event: &Event) {
        // Not before the folder is known to be ours.
        let greeting = self.greeting.lock().ok();
        if let Some(text) = greeting.and_then(|mut greeting| greeting.take()) {
            text.lines().for_each(output::line);
        }
        self.supervisor.tell(event);
        self.journal.note(event);
        self.speaker.tell(event);
        self.notebook.hear(event);
    }
}

fn find_root(arguments: &Watching) -> anyhow::Result<PathBuf> {
    let root = &arguments.root;
    if arguments.existing {
        let absolute = std::path::absolute(root);
        return absolute.with_context(|| format!("cannot find the folder {}", root.display()));
    }
    std::fs::create_dir_all(root)
        .and_then(|()| root.canonicalize())
        .with_context(|| format!("cannot make the folder {}", root.display()))
}

/// The voices of `watching`, loaded for each of the workers of `load`.
fn source(watching: &Watching, load: &Load) -> VoiceSource {
    VoiceSource {
        model: watching.model.clone(),
        options: watching.options.clone(),
        voices: watching.root.join(folders::VOICES),
        threads: load.threads(),
        bound: load.voices_memory / u64::from(load.workers),
        settings: OnceLock::new(),
    }
}

/// Seconds that an answer may take where others see to it that it ends: for ever, nearly.
const ELSEWHERE: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

impl Watching {
    /// What is learnt is kept in one file, which only one worker can write.
    fn check_learning(&self, workers: u16) -> anyhow::Result<()> {
        match (self.options.keep_learning(), workers) {
            (Some(file), 2..) => bail!(
                "{} keeps what one worker learns; give --keep-learning or several --workers, not \
                 both",
                file.display()
            ),
            _ => Ok(()),
        }
    }

    fn setup(&self, root: PathBuf, is_elsewhere: bool) -> Setup {
        Setup {
            root,
            existing: self.existing,
            terms: self.terms(is_elsewhere),
            patience: Duration::from_secs_f64(self.limits.patience),
            retention: self.keep.retention(),
            free_space_floor: self.keep.free_space_floor,
        }
    }

    fn house(
        &self,
        root: &Path,
        remote: Remote,
        settings: Settings,
        journal: &Arc<Journal>,
    ) -> Daemon {
        Daemon {
            root: root.to_owned(),
            remote,
            settings,
            model: self.model.clone(),
            journal: Arc::clone(journal),
            max_seed_bytes: self.limits.max_seed_bytes,
            begun: Instant::now(),
            counts: Mutex::new(None),
        }
    }

    fn terms(&self, is_elsewhere: bool) -> Terms {
        let limits = &self.limits;
        Terms {
            longest_seed: Some(limits.max_seed_seconds),
            max_seed_bytes: limits.max_seed_bytes,
            deadline: match is_elsewhere {
                true => ELSEWHERE,
                false => Duration::from_secs(limits.deadline),
            },
            skip_silent: limits.skip_silent,
            counts_attempts: !is_elsewhere,
        }
    }
}

impl Load {
    /// Threads of each worker.
    fn threads(&self) -> usize {
        let threads = self
            .threads
            .map_or_else(|| super::all_threads() / 2, usize::from);
        (threads / usize::from(self.workers)).max(1)
    }
}

impl Keep {
    fn retention(&self) -> Retention {
        let bounds = |names, bytes| Bounds { names, bytes };
        Retention {
            done: bounds(self.keep_done, self.keep_done_bytes),
            predictions: bounds(
                self.keep_predictions,
                self.keep_predictions_bytes.unwrap_or(u64::MAX),
            ),
            failed: bounds(self.keep_failed, self.keep_failed_bytes),
        }
    }
}

fn greeting(voice: &Voice, root: &Path, speaker: &Speaker, elsewhere: Option<&str>) -> String {
    let targets: Vec<_> = speaker.targets().map(|target| target.to_string()).collect();
    let osc = targets.join(" and ");
    let responder = &voice.responders()[0];
    let model = responder.model();
    let made_by = match elsewhere {
        Some(url) => format!("workers at {url}"),
        None => format!("engine {}", responder.engine_name()),
    };
    format!(
        "antiphon {}: model {} ({} approach, {} Hz), {made_by}, OSC to {osc}\n\
         Record or copy a sound into    {}\n\
         and its answer will appear in  {}\n\
         Ctrl-C ends it.",
        env!("CARGO_PKG_VERSION"),
        voice.in_words(),
        model.hyperparameters.approach(),
        model.hyperparameters.format.sample_rate,
        printable(&root.join(folders::SEEDS).to_string_lossy()),
        printable(&root.join(folders::PREDICTIONS).to_string_lossy()),
    )
}

pub fn parse_length(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if seconds > 0.0 && f64::is_finite(seconds) => Ok(seconds),
        _ => Err("allowed: above 0".to_owned()),
    }
}

fn parse_patience(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if (0.0..=86_400.0).contains(&seconds) => Ok(seconds),
        _ => Err("allowed: 0 to 86400".to_owned()),
    }
}

fn parse_level(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(level) if (-120.0..0.0).contains(&level) => Ok(level),
        _ => Err("allowed: -120 to below 0".to_owned()),
    }
}

fn parse_names(text: &str) -> Result<usize, String> {
    match text {
        KEEP_ALL => Ok(usize::MAX),
        number => number
            .parse()
            .map_err(|_| format!("write a number of predictions, 1000 say, or {KEEP_ALL}")),
    }
}

fn parse_bytes(text: &str) -> Result<u64, String> {
    let units = [("K", 1_000), ("M", 1_000_000), ("G", 1_000_000_000)];
    let unit = units.into_iter().find(|(unit, _)| text.ends_with(unit));
    let (number, factor) = match unit {
        Some((unit, factor)) => (text.trim_end_matches(unit), factor),
        None => (text, 1),
    };
    let bytes = number
        .parse::<u64>()
        .ok()
        .and_then(|n| n.checked_mul(factor));
    bytes.ok_or_else(|| "write a number of bytes, 500M say".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_units() {
        assert_eq!(parse_bytes("12"), Ok(12));
        assert_eq!(parse_bytes("12K"), Ok(12_000));
        assert_eq!(parse_bytes("3G"), Ok(3_000_000_000));
        for wrong in ["", "M", "-1", "1.5G", "1T", "99999999999G"] {
            assert!(parse_bytes(wrong).is_err(), "{wrong}");
        }
    }
}
