//! `antiphon retry`: seeds that failed are answered again.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::bail;

use super::watch::DEFAULT_ROOT;
use crate::watch::voices::shown;
use crate::watch::{failed_seeds, retry};

/// Have seeds that failed answered again
///
/// Example: antiphon retry broken.wav --root /srv/gallery
///
/// Moves them from failed/ back into seeds/, those for a voice into its folder there, and
/// removes the texts that say why they failed. The daemon need not be stopped for it; a sound
/// may be mended in failed/ before.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// What they are called in failed/, with or without their extensions
    #[arg(required_unless_present = "all", value_name = "NAME")]
    names: Vec<OsString>,
    /// All that lie in failed/
    #[arg(long, conflicts_with = "names")]
    all: bool,
    /// The folder that holds seeds/, predictions/ and failed/
    #[arg(long, default_value = DEFAULT_ROOT, value_name = "DIR")]
    root: PathBuf,
}

/// Puts seeds back, one after the other; one that cannot be keeps no other from it.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let root = arguments.root;
    let names = match arguments.all {
        true => failed_seeds(&root)?,
        false => arguments.names,
    };
    if names.is_empty() {
        say!("No seed has failed.");
    }
    let mut refused = Vec::new();
    for name in names {
        match retry(&root, &name) {
            Ok(retried) => {
                let name = shown(retried.voice.as_deref(), &retried.name);
                say!("seeds/{name} waits to be answered again.");
            }
            Err(error) => refused.push(error),
        }
    }
    match refused.pop() {
        None => Ok(()),
        Some(last) => {
            refused.iter().for_each(|error| tell!("antiphon: {error}"));
            bail!(last)
        }
    }
}
