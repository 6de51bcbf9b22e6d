//! Where the log goes: to standard error, which under systemd ends in its journal.

use std::io::{IsTerminal, stderr};

use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::layer::Context;
use tracing_subscriber::prelude::*;

use super::log_line::{LogFormat, Style};
use super::log_tap::LogTap;
use super::output;
use crate::system::clock::now;

/// Begins the log: of a daemon in the format that is given, with the time in each line unless
/// the journal keeps it; of other commands as text without it.
pub fn begin(daemon: Option<LogFormat>) -> Log {
    let is_for_the_journal = ends_in_the_journal();
    let format = daemon.unwrap_or_default();
    let style = Style {
        format,
        is_timed: daemon.is_some() && !is_for_the_journal,
        is_for_the_journal,
        is_coloured: stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
    };
    // What the crate that talks to NATS says is said by us, in our words.
    let is_ours = |metadata: &Metadata<'_>| {
        *metadata.level() <= Level::INFO && !metadata.target().starts_with("async_nats")
    };
    let ours = filter_fn(is_ours).with_max_level_hint(LevelFilter::INFO);
    let all = tracing_subscriber::registry().with(ours);
    let all = all.with(Lines(style));
    match daemon {
        Some(_) => all.with(LogTap).init(),
        None => all.init(),
    }
    Log {
        has_last_word: daemon.is_some() && (is_for_the_journal || format == LogFormat::Json),
    }
}

/// The log, once it has begun.
pub struct Log {
    /// Whether what ends the command stands in it, too: whoever reads it reads nothing else.
    has_last_word: bool,
}

impl Log {
    /// Tells why the command ends.
    pub fn end(&self, error: &anyhow::Error) {
        match self.has_last_word {
            true => tracing::error!("{error:#}"),
            false => tell!("antiphon: {error:#}"),
        }
    }
}

/// Writes each line of the log.
struct Lines(Style);

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        output::tell(&self.0.line(event, &now()));
    }
}

/// Whether standard error ends in the journal: systemd says which socket it made for that,
/// and somebody may have redirected us since.
#[cfg(target_os = "linux")]
fn ends_in_the_journal() -> bool {
    use std::os::unix::fs::MetadataExt;
    let Ok(stream) = std::env::var("JOURNAL_STREAM") else {
        return false;
    };
    let Ok(file) = std::fs::metadata("/proc/self/fd/2") else {
        return false;
    };
    stream == format!("{}:{}", file.dev(), file.ino())
}

/// There is none on systems without systemd.
#[cfg(not(target_os = "linux"))]
fn ends_in_the_journal() -> bool {
    false
}
