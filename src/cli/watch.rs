//! `antiphon watch`: the daemon.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, bail};

use super::answer_options::AnswerOptions;
use super::model_choice::DEFAULT_MODEL;
use crate::answer::Responder;
use crate::osc::{Announcer, Listener, OscError};
use crate::service::Supervisor;
use crate::watch::{Spool, watch};

/// The folder that is watched when nobody chooses.
pub const DEFAULT_ROOT: &str = "watch";
/// Where OSC messages are sent when nobody chooses.
pub const DEFAULT_OSC: &str = "127.0.0.1:7400";
/// Where OSC messages are heard when nobody chooses.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:7401";
/// Says that no OSC messages are to be heard.
pub const OFF: &str = "off";

/// Answer every seed that is put into a folder
///
/// Example: antiphon watch --root /srv/gallery --model column-vector --osc 127.0.0.1:7400
///
/// Seeds go into ROOT/seeds, answers appear in ROOT/predictions. Ctrl-C or
/// SIGTERM ends it; a seed in work goes back to ROOT/seeds.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// The folder that holds seeds/, predictions/ and failed/; made if missing
    #[arg(long, default_value = DEFAULT_ROOT, value_name = "DIR")]
    root: PathBuf,
    /// A model file, or the name of a bundled model
    #[arg(long, default_value = DEFAULT_MODEL, value_name = "MODEL")]
    model: String,
    /// Where OSC messages are sent
    #[arg(long, default_value = DEFAULT_OSC, value_name = "HOST:PORT")]
    osc: String,
    /// Where OSC messages are heard, or off
    #[arg(long, default_value = DEFAULT_LISTEN, value_name = "HOST:PORT")]
    osc_listen: String,
    /// Refuse to make the folders: where they should be on a disk or share of their own,
    /// an empty one means that it is not mounted
    #[arg(long)]
    existing: bool,
    #[command(flatten)]
    options: AnswerOptions,
}

pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let mut responder = arguments.options.responder(&arguments.model)?;
    let announcer = Arc::new(Announcer::new(&arguments.osc)?);
    if arguments.existing && !arguments.root.join("seeds").is_dir() {
        bail!(
            "there is no {}: mount the disk or share it lies on, or make it once without --existing",
            arguments.root.join("seeds").display()
        );
    }
    let root = std::fs::create_dir_all(&arguments.root)
        .and_then(|()| arguments.root.canonicalize())
        .with_context(|| format!("cannot make the folder {}", arguments.root.display()))?;
    let spool = Spool::open(&root)?;
    let stop = super::stop_flag()?;
    let settings = arguments.options.settings();
    greet(&responder, &spool, &arguments.osc);
    hear(&arguments.osc_listen, &announcer, &root, &stop)?;
    let supervisor = Supervisor::default();
    let tell = |event| {
        supervisor.tell(&event);
        announcer.announce(&event);
    };
    let watched = watch(&spool, &mut responder, &settings, &tell, &stop);
    supervisor.stopping();
    watched?;
    tracing::info!("stopped; nothing is left claimed");
    Ok(())
}

/// Answers OSC messages that come to `address`, from a thread of its own, until `stop`.
fn hear(
    address: &str,
    announcer: &Arc<Announcer>,
    root: &Path,
    stop: &Arc<AtomicBool>,
) -> anyhow::Result<()> {
    if address == OFF {
        return Ok(());
    }
    let listener = match Listener::bind(address) {
        Ok(listener) => listener,
        // Nothing depends on being heard.
        Err(error @ OscError::Listen { .. }) => {
            tracing::warn!("{error}");
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    let at = listener.address();
    if !at.ip().is_loopback() {
        tracing::warn!("OSC is heard on {at}: whoever reaches this machine can ask");
    }
    let (announcer, root, stop) = (Arc::clone(announcer), root.to_owned(), Arc::clone(stop));
    std::thread::spawn(move || listener.answer(&announcer, &root, &stop));
    Ok(())
}

fn greet(responder: &Responder, spool: &Spool, osc: &str) {
    let model = responder.model();
    println!(
        "antiphon {}: model {} ({} approach, {} Hz), engine {}, OSC to {osc}",
        env!("CARGO_PKG_VERSION"),
        responder.identity().name,
        model.hyperparameters.approach(),
        model.hyperparameters.sample_rate,
        responder.engine_name(),
    );
    println!("Copy a WAV or AIFF file into   {}", spool.seeds().display());
    println!(
        "and its answer will appear in  {}",
        spool.predictions().display()
    );
    println!("Ctrl-C ends it.");
}
