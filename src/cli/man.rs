//! `antiphon man`: the manual, a page for each command.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Command;
use clap_mangen::Man;

use crate::destination::Destination;

/// Print a page of the manual, or write all of them
///
/// Example: antiphon man generate | man -l -
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// The command whose page is printed: service install, say [default: antiphon's own]
    #[arg(value_name = "COMMAND", conflicts_with = "output")]
    command: Vec<String>,
    /// A folder that all pages are written into, antiphon.1, antiphon-watch.1 and so on
    #[arg(long, value_name = "FOLDER")]
    output: Option<PathBuf>,
    /// Replace pages that are there
    #[arg(long, requires = "output")]
    force: bool,
}

/// Prints a page, or writes all.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    match &arguments.output {
        Some(folder) => write_all(folder, arguments.force),
        None => print(&arguments.command),
    }
}

fn print(command: &[String]) -> anyhow::Result<()> {
    let wanted = [&["antiphon".to_owned()], command].concat().join("-");
    let manual = manual();
    let found = manual.iter().find(|found| name(found) == wanted);
    let found = found.with_context(|| {
        let wanted = command.join(" ");
        format!("there is no command {wanted}; antiphon --help lists them")
    })?;
    std::io::stdout().write_all(&page(found)?)?;
    Ok(())
}

fn write_all(folder: &Path, force: bool) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    for command in &manual() {
        let path = folder.join(format!("{}.1", name(command)));
        Destination::new(&path, force)?.write(&page(command)?)?;
    }
    Ok(())
}

/// All commands that have a page, antiphon itself the first.
fn manual() -> Vec<Command> {
    // The page of `help` would say what each page's own --help does, and pages are of a
    // version, not of a build.
    let mut antiphon = super::command()
        .disable_help_subcommand(true)
        .long_version(None::<&'static str>);
    antiphon.build();
    let mut all = Vec::new();
    list(&antiphon, &mut all);
    all
}

/// Adds `command` and those below it, without the hidden ones.
fn list(command: &Command, all: &mut Vec<Command>) {
    all.push(command.clone());
    for command in command.get_subcommands().filter(|c| !c.is_hide_set()) {
        list(command, all);
    }
}

/// What the page of `command` is called.
fn name(command: &Command) -> &str {
    command
        .get_display_name()
        .unwrap_or_else(|| command.get_name())
}

/// The page in the language of `man`.
fn page(command: &Command) -> std::io::Result<Vec<u8>> {
    let mut page = Vec::new();
    // A page of no day: the same sources make the same pages. Were it empty, what follows
    // would be taken for it.
    Man::new(command.clone())
        .date(" ")
        .source(concat!("antiphon ", env!("CARGO_PKG_VERSION")))
        .manual("antiphon's commands")
        .render(&mut page)?;
    Ok(page)
}
