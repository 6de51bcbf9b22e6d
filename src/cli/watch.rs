//! `antiphon watch`: the daemon.

use std::path::PathBuf;

use anyhow::Context;

use super::answer_options::AnswerOptions;
use super::model_choice::DEFAULT_MODEL;
use crate::answer::Responder;
use crate::osc::Announcer;
use crate::watch::{Spool, watch};

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
    #[arg(long, default_value = "watch", value_name = "DIR")]
    root: PathBuf,
    /// A model file, or the name of a bundled model
    #[arg(long, default_value = DEFAULT_MODEL, value_name = "MODEL")]
    model: String,
    /// Where OSC messages are sent
    #[arg(long, default_value = "127.0.0.1:7400", value_name = "HOST:PORT")]
    osc: String,
    #[command(flatten)]
    options: AnswerOptions,
}

pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let mut responder = arguments.options.responder(&arguments.model)?;
    let announcer = Announcer::new(&arguments.osc)?;
    let root = std::fs::create_dir_all(&arguments.root)
        .and_then(|()| arguments.root.canonicalize())
        .with_context(|| format!("cannot make the folder {}", arguments.root.display()))?;
    let spool = Spool::open(&root)?;
    let stop = super::stop_flag()?;
    let settings = arguments.options.settings();
    greet(&responder, &spool, &arguments.osc);
    let tell = |event| announcer.announce(&event);
    watch(&spool, &mut responder, &settings, &tell, &stop)?;
    tracing::info!("stopped; nothing is left claimed");
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
