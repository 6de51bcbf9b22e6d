//! `antiphon status`: how things stand in a watched folder.

use std::path::PathBuf;

use super::output;
use super::watch::DEFAULT_ROOT;
use crate::status::{ArrivingFile, Failure, Status, VoiceStatus, Waiting};
use crate::system::disk::Space;

/// Say how things stand in a watched folder
///
/// Example: antiphon status --root /srv/gallery --json
///
/// Reads the folder only: whether a daemon watches it, what waits and why, is in
/// work, done or failed, which voices there are, which OSC packets were dropped, and
/// what is left of the disk.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// The folder that holds seeds/, predictions/ and failed/
    #[arg(long, default_value = DEFAULT_ROOT, value_name = "DIR")]
    root: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Prints how things stand.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let status = Status::of(&arguments.root)?;
    if arguments.json {
        output::json(&status)?;
    } else {
        print(&status);
    }
    Ok(())
}

fn print(status: &Status) {
    let running = match status.running {
        true => "running",
        false => "not running",
    };
    say!("daemon   {running}, in {}", status.root.display());
    say!(
        "waiting  {}{}",
        status.counts.waiting,
        oldest(&status.oldest_waiting)
    );
    for ArrivingFile { name, because, .. } in &status.arriving {
        say!("         {name}: {because}");
    }
    let in_work = match status.in_work.is_empty() {
        true => String::new(),
        false => format!(": {}", status.in_work.join(", ")),
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
        print_space(space);
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

fn print_space(space: Space) {
    let gigabytes = |bytes: u64| bytes as f64 / 1e9;
    say!(
        "disk     {:.1} GB free of {:.1} GB",
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
