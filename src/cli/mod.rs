//! The command line: one file per subcommand.

// Its macros are for all that follow.
#[macro_use]
mod output;

mod answer_options;
mod answerer;
mod asked_options;
mod bench;
#[cfg(feature = "nats")]
mod bridge;
mod completions;
mod doctor;
mod generate;
mod house;
mod inspect;
mod judge;
mod log;
mod log_line;
mod log_tap;
mod man;
mod model_choice;
#[cfg(feature = "nats")]
mod nats_options;
mod new;
mod notebook;
mod osc;
mod osc_options;
mod page;
mod plot;
mod progress;
#[cfg(feature = "nats")]
mod remote;
mod replay;
mod retry;
mod service;
#[cfg(feature = "nats")]
mod shelf;
mod slice;
#[cfg(feature = "nats")]
mod spread;
mod status;
mod studio;
mod train;
mod version;
mod watch;
#[cfg(feature = "nats")]
mod worker;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use clap::{CommandFactory, Parser, Subcommand};

/// Lets a recurrent network, trained on other music, continue a recorded sound.
#[derive(Parser)]
#[command(version, long_version = version::LONG.as_str(), about, long_about = None)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    New(new::Arguments),
    Train(train::Arguments),
    Generate(generate::Arguments),
    Replay(replay::Arguments),
    Watch(Box<watch::Arguments>),
    #[cfg(feature = "nats")]
    Bridge(Box<bridge::Arguments>),
    #[cfg(feature = "nats")]
    Worker(worker::Arguments),
    Studio(studio::Arguments),
    Status(status::Arguments),
    Retry(retry::Arguments),
    Doctor(doctor::Arguments),
    Service(service::Arguments),
    Inspect(inspect::Arguments),
    Judge(judge::Arguments),
    Plot(plot::Arguments),
    Slice(slice::Arguments),
    Osc(osc::Arguments),
    Bench(bench::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
}

/// Parses the command line, does what it says, and gives the exit status: 0,
/// 1 for what failed, 2 for a command line that cannot be understood, 3 where `status` finds
/// that no daemon runs.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let log = log::begin(match &arguments.command {
        Command::Watch(arguments) => Some(arguments.watching.log_format),
        #[cfg(feature = "nats")]
        Command::Bridge(arguments) => Some(arguments.watching.log_format),
        #[cfg(feature = "nats")]
        Command::Worker(arguments) => Some(arguments.log_format),
        _ => None,
    });
    let result = match arguments.command {
        Command::New(arguments) => new::run(arguments),
        Command::Train(arguments) => train::run(arguments),
        Command::Generate(arguments) => generate::run(arguments),
        Command::Replay(arguments) => replay::run(arguments),
        Command::Watch(arguments) => watch::run(*arguments),
        #[cfg(feature = "nats")]
        Command::Bridge(arguments) => bridge::run(*arguments),
        #[cfg(feature = "nats")]
        Command::Worker(arguments) => worker::run(&arguments),
        Command::Studio(arguments) => studio::run(arguments),
        Command::Status(arguments) => return ended(status::run(&arguments), &log),
        Command::Retry(arguments) => retry::run(arguments),
        Command::Doctor(arguments) => doctor::run(arguments),
        Command::Service(arguments) => service::run(arguments),
        Command::Inspect(arguments) => inspect::run(arguments),
        Command::Judge(arguments) => judge::run(arguments),
        Command::Plot(arguments) => plot::run(arguments),
        Command::Slice(arguments) => slice::run(arguments),
        Command::Osc(arguments) => osc::run(arguments),
        Command::Bench(arguments) => bench::run(arguments),
        Command::Completions(arguments) => completions::run(arguments),
        Command::Man(arguments) => man::run(arguments),
    };
    ended(result.map(|()| ExitCode::SUCCESS), &log)
}

/// The exit status of a command that came to this end, which `log` tells where it failed.
fn ended(result: anyhow::Result<ExitCode>, log: &log::Log) -> ExitCode {
    let printed = |code| output::finish().map(|()| code);
    result.and_then(printed).unwrap_or_else(|error| {
        log.end(&error);
        ExitCode::FAILURE
    })
}

/// The whole command line, as clap knows it.
fn command() -> clap::Command {
    Arguments::command()
}

/// Whether `words` are a command line that can be understood; what is wrong, if not.
fn check_command_line(words: &[String]) -> Result<(), clap::Error> {
    let program = std::iter::once("antiphon");
    Arguments::try_parse_from(program.chain(words.iter().map(String::as_str)))?;
    Ok(())
}

/// A flag that Ctrl-C, SIGTERM or SIGHUP set.
fn stop_flag() -> anyhow::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed))
        .context("cannot listen for Ctrl-C")?;
    Ok(stop)
}

/// The path of a picture. A slip must not replace a sound or a model by a picture.
fn parse_svg(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match path.extension() {
        Some(extension) if extension.eq_ignore_ascii_case("svg") => Ok(path),
        _ => Err("the page is an SVG file, so that its name ends in .svg".to_owned()),
    }
}

/// As many threads as the machine runs at once.
fn all_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
