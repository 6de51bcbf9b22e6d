//! `antiphon studio`: the page where models are made and heard.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;

use super::page;
use crate::web::{PageKind, Server};

/// Make models, hear them and answer sounds, in a browser
///
/// Example: antiphon studio --root piece --open
///
/// Serves a page on this machine alone. What it makes lies in ROOT: recordings/, settings/,
/// runs/, models/, voices/ and studio/. Trainings that it begins go on when it ends, with
/// Ctrl-C or otherwise. Everything the page does can also be asked over HTTP: docs/http.md.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// The folder that everything lies in, made if missing; a watched one is shown, too
    #[arg(long, default_value = "studio", value_name = "DIR")]
    root: PathBuf,
    /// Where to listen: beyond this machine (0.0.0.0:7480, say) a token is asked for, which
    /// the link that is printed has
    #[arg(long, default_value = page::DEFAULT_ADDRESS, value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Open the page in the browser
    #[arg(long)]
    open: bool,
}

/// Serves the page until Ctrl-C.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let stop = super::stop_flag()?;
    let setup = page::setup(arguments.root, PageKind::Studio, arguments.listen)?;
    let server = Server::new(setup)?;
    tell!("The studio is at {}", server.link());
    page::show_code(&server);
    if arguments.open
        && let Err(error) = open::that_detached(server.link())
    {
        tell!("No browser can be opened ({error}); open the link by hand.");
    }
    server.serve(&stop).context("the page cannot be served")
}
