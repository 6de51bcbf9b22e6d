//! `antiphon status`: how things stand in a watched folder.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;

use super::output;
use super::watch::DEFAULT_ROOT;
use crate::service::{Installed, Name, Scope, to_start};
use crate::status::{ArrivingFile, Failure, Silence, State, Status, VoiceStatus, Waiting, Work};
use crate::system::clock;
use crate::system::disk::Space;
use crate::watch::Forecast;

/// The exit status where no daemon runs, as of `systemctl status`.
const NOT_RUNNING: u8 = 3;

/// Say how things stand in a watched folder
///
/// Example: antiphon status --root /srv/gallery --json
///
/// Reads the folder only: whether a daemon watches it and works, what waits and why, is
/// in work, done or failed, which voices there are, which OSC packets were dropped, and
/// what is left of the disk.
///
/// The exit status is 0 if all is in order, 1 if there is trouble (the daemon is there and
/// does nothing, seeds wait for the machine, or the folder cannot be read), 3 if no daemon
/// runs.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// The folder that holds seeds/, predictions/ and failed/
    #[arg(long, default_value = DEFAULT_ROOT, value_name = "DIR")]
    root: PathBuf,
    /// All folders that have a service: antiphon service list names them. The exit status is
    /// that of the worst
    #[arg(long, conflicts_with = "root")]
    all: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What is said of a folder, in JSON.
#[derive(Serialize)]
#[serde(untagged)]
enum Report {
    Status(Box<Status>),
    /// Nothing can be said.
    Unknown {
        root: PathBuf,
        state: State,
        running: bool,
        trouble: String,
    },
}

/// The same of a service's folder.
#[derive(Serialize)]
struct ServiceReport {
    name: Name,
    scope: Scope,
    #[serde(flatten)]
    report: Report,
}

/// Prints how things stand, and says it by the exit status.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let said = match arguments.all {
        true => say_all(arguments.json),
        false => say_one(&arguments.root, arguments.json),
    };
    Ok(match said? {
        State::InOrder => ExitCode::SUCCESS,
        State::NotRunning => ExitCode::from(NOT_RUNNING),
        State::Trouble => ExitCode::FAILURE,
    })
}

fn say_one(root: &Path, json: bool) -> anyhow::Result<State> {
    let report = Report::of(root);
    match json {
        true => output::json(&report)?,
        false => report.print(),
    }
    if let Report::Unknown { trouble, .. } = &report {
        tell!("antiphon: {trouble}");
    }
    Ok(report.state())
}

fn say_all(json: bool) -> anyhow::Result<State> {
    let services: Vec<ServiceReport> = Installed::all().iter().map(ServiceReport::of).collect();
    if json {
        output::json(&services)?;
    } else if services.is_empty() {
        say!("No service is installed; antiphon service install --user --root DIR does that.");
    } else {
        services.iter().for_each(ServiceReport::print);
    }
    let mut states = services.iter().map(|service| service.report.state());
    let worst = states.clone().find(|state| *state == State::Trouble);
    let is_in_order = !services.is_empty() && states.all(|state| state == State::InOrder);
    Ok(worst.unwrap_or(match is_in_order {
        true => State::InOrder,
        false => State::NotRunning,
    }))
}

impl Report {
    fn of(root: &Path) -> Report {
        match Status::in_time(root) {
            Ok(status) => Report::Status(Box::new(status)),
            Err(error) => Report::Unknown {
                root: root.to_owned(),
                state: error.state(),
                running: false,
                trouble: error.to_string(),
            },
        }
    }

    fn state(&self) -> State {
        match self {
            Report::Status(status) => status.state,
            Report::Unknown { state, .. } => *state,
        }
    }

    fn print(&self) {
        if let Report::Status(status) = self {
            print(status);
        }
    }
}

impl ServiceReport {
    fn of(service: &Installed) -> ServiceReport {
        ServiceReport {
            name: service.name.clone(),
            scope: service.scope,
            report: Report::of(&service.root),
        }
    }

    fn print(&self) {
        say!("service  {}, of {}", self.name, self.scope.whose());
        match &self.report {
            Report::Status(status) => print(status),
            Report::Unknown { state, trouble, .. } => {
                say!("daemon   {state}: {trouble}");
            }
        }
    }
}

fn print(status: &Status) {
    print_daemon(status);
    say!(
        "waiting  {}{}",
        status.counts.waiting,
        oldest(&status.oldest_waiting)
    );
    for ArrivingFile { name, because, .. } in &status.arriving {
        say!("         {name}: {because}");
    }
    let in_work = match status.works.is_empty() {
        true => String::new(),
        false => {
            let works: Vec<String> = status.works.iter().map(work).collect();
            format!(": {}", works.join(", "))
        }
    };
    say!("in work  {}{in_work}", status.counts.working);
    if !status.voices.is_empty() {
        let voices: Vec<String> = status.voices.iter().map(voice).collect();
        say!("voices   {}", voices.join(", "));
    }
    say!("done     {}", status.counts.done);
    if status.skipped > 0 {
        let skipped = status.skipped;
        say!("skipped  {skipped}, silent, since the daemon began");
    }
    say!("failed   {}", status.counts.failed);
    status.last_failures.iter().for_each(print_failure);
    if !status.osc.dropped.is_empty() {
        say!("osc      {}", status.osc);
    }
    if let Some(space) = status.space {
        print_space(space, status.forecast);
    }
}

fn print_daemon(status: &Status) {
    let root = status.root.display();
    match (status.running, &status.silence) {
        (false, _) => {
            say!("daemon   not running, in {root}");
            say!(
                "         this starts it: {}",
                to_start(&status.root, status.command.as_deref())
            );
        }
        (true, None) => say!("daemon   running, in {root}"),
        (true, Some(silence)) => print_silence(silence, &status.root),
    }
    if let Some(trouble) = &status.trouble {
        say!("trouble  seeds wait: {trouble}");
    }
}

fn print_silence(silence: &Silence, root: &Path) {
    say!(
        "daemon   silent for {}, since {}, in {}",
        duration(silence.seconds),
        clock::local(silence.since),
        root.display()
    );
    say!(
        "         it was stopped, or hangs, or its disk takes no files; end process {} and start \
         it again",
        silence.process
    );
}

/// `melody.wav (41 %, 12 s left)`.
fn work(work: &Work) -> String {
    let Work {
        name,
        share,
        remaining,
    } = work;
    match remaining {
        None => name.clone(),
        Some(left) => format!("{name} ({:.0} %, {} left)", 100.0 * share, duration(*left)),
    }
}

fn voice(VoiceStatus { name, waiting }: &VoiceStatus) -> String {
    match waiting {
        0 => name.clone(),
        n => format!("{name} ({n} waiting)"),
    }
}

fn oldest(oldest: &Option<Waiting>) -> String {
    oldest.as_ref().map_or(String::new(), |waiting| {
        let Waiting { name, seconds } = waiting;
        format!(", the oldest for {}: {name}", duration(*seconds))
    })
}

fn print_failure(failure: &Failure) {
    say!(
        "         {}, {} ago: {}",
        failure.name,
        duration(failure.seconds_ago),
        failure.reason
    );
}

fn print_space(space: Space, forecast: Option<Forecast>) {
    let gigabytes = |bytes: u64| bytes as f64 / 1e9;
    let forecast = forecast.map_or(String::new(), |forecast| format!(": {forecast}"));
    say!(
        "disk     {:.1} GB free of {:.1} GB{forecast}",
        gigabytes(space.free_bytes),
        gigabytes(space.total_bytes)
    );
}

/// In the largest unit that makes sense.
fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 120.0 => format!("{s:.0} s"),
        s if s < 7200.0 => format!("{:.0} min", s / 60.0),
        s if s < 172_800.0 => format!("{:.0} h", s / 3600.0),
        s => format!("{:.0} days", s / 86400.0),
    }
}
