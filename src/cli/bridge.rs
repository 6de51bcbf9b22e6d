//! `antiphon bridge`: the daemon whose seeds are answered on other machines.

use std::sync::OnceLock;

use anyhow::{anyhow, bail};

use super::answerer::VoiceSource;
use super::nats_options::NatsOptions;
use super::remote::RemoteSource;
use super::watch::{Watching, attend};
use crate::cluster::Client;
use crate::system;
use crate::watch::folders;

/// Answer every seed that is put into a folder, on other machines
///
/// Example: antiphon bridge --root /srv/gallery --nats nats://192.168.1.10:4222
///
/// It watches a folder as antiphon watch does, and sends its seeds by a NATS server to
/// whoever runs antiphon worker there. docs/distributed.md says how to begin.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    #[command(flatten)]
    nats: NatsOptions,
    /// Seeds that are sent or being answered at the same time
    #[arg(long, default_value_t = 64, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: u16,
    #[command(flatten)]
    pub watching: Watching,
}

/// Has seeds answered until it is told to stop.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let watching = &arguments.watching;
    if let Some(file) = watching.options.keep_learning() {
        bail!(
            "{} keeps what one worker learns, and a bridge has many; leave out --keep-learning, or \
             use antiphon watch",
            file.display()
        );
    }
    watching.options.begin(Some(&watching.model))?;
    system::memory::keep_nothing_large();
    let source = || VoiceSource {
        model: watching.model.clone(),
        options: watching.options.clone(),
        voices: watching.root.join(folders::VOICES),
        threads: 1,
        bound: 0,
        settings: OnceLock::new(),
    };
    let voices = source();
    // What the model cannot do is found out here and now.
    let first = voices.answerer()?;
    let server = arguments.nats.server("bridge")?;
    let url = server.url().to_owned();
    let settings = first.settings.clone();
    let deadline = watching.limits.deadline;
    let remote = RemoteSource::new(voices, settings, Client::new(server), deadline);
    let remote = remote.map_err(|error| anyhow!(error))?;
    let sending = std::sync::Arc::clone(&remote);
    let hire = move |_, stop: &_| sending.hire(arguments.jobs, stop);
    attend(watching, first, hire, remote, Some(&url))
}
