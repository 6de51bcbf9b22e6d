//! Where the log goes: to standard error, or, under systemd, to the journal.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::time::SystemTime;
use tracing_subscriber::prelude::*;

use super::log_tap::LogTap;

/// Begins the log; a daemon's lines have the time, unless the journal keeps it.
pub fn begin(daemon: bool) {
    if journal::begin() {
        return;
    }
    let log = tracing_subscriber::fmt::layer()
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal())
        .with_target(false);
    let all = tracing_subscriber::registry().with(LevelFilter::INFO);
    if daemon {
        let log = log.with_timer(SystemTime);
        all.with(log).with(LogTap).init();
    } else {
        all.with(log.without_time()).init();
    }
}

/// The journal of systemd.
#[cfg(target_os = "linux")]
mod journal {
    use std::fmt::Error;
    use std::os::unix::fs::MetadataExt;

    use tracing::{Event, Level, Subscriber};
    use tracing_journald::{Priority, PriorityMappings};
    use tracing_subscriber::filter::LevelFilter;
    use tracing_subscriber::fmt::format::{Format, Writer};
    use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
    use tracing_subscriber::prelude::*;
    use tracing_subscriber::registry::LookupSpan;

    use super::LogTap;

    /// Whether standard error ends in the journal: systemd says which socket
    /// it made for that, and somebody may have redirected us since.
    fn is_standard_error() -> bool {
        let Ok(stream) = std::env::var("JOURNAL_STREAM") else {
            return false;
        };
        let Ok(file) = std::fs::metadata("/proc/self/fd/2") else {
            return false;
        };
        stream == format!("{}:{}", file.dev(), file.ino())
    }

    /// Begins the log there, where standard error would end there; whether it did.
    pub fn begin() -> bool {
        if !is_standard_error() {
            return false;
        }
        match tracing_journald::layer() {
            Ok(layer) => begin_with_fields(layer),
            Err(_) => {
                let layer = tracing_subscriber::fmt::layer()
                    .with_writer(std::io::stderr)
                    .event_format(Prefixed);
                let all = tracing_subscriber::registry().with(LevelFilter::INFO);
                all.with(layer).with(LogTap).init();
            }
        }
        true
    }

    fn begin_with_fields(layer: tracing_journald::Layer) {
        let layer = layer
            .with_field_prefix(Some("ANTIPHON".to_owned()))
            .with_syslog_identifier("antiphon".to_owned())
            .with_priority_mappings(PriorityMappings {
                info: Priority::Informational,
                ..PriorityMappings::new()
            });
        let all = tracing_subscriber::registry().with(LevelFilter::INFO);
        all.with(layer).with(LogTap).init();
    }

    /// Lines that begin with their priority, `<4>` for a warning say, as
    /// systemd reads them where the journal itself cannot be reached.
    struct Prefixed;

    impl<S, N> FormatEvent<S, N> for Prefixed
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
        N: for<'a> FormatFields<'a> + 'static,
    {
        fn format_event(
            &self,
            context: &FmtContext<'_, S, N>,
            mut writer: Writer<'_>,
            event: &Event<'_>,
        ) -> Result<(), Error> {
            write!(writer, "<{}>", priority(*event.metadata().level()))?;
            let line = Format::default().without_time().with_target(false);
            line.with_level(false).format_event(context, writer, event)
        }
    }

    fn priority(level: Level) -> u8 {
        match level {
            Level::ERROR => 3,
            Level::WARN => 4,
            Level::INFO => 6,
            Level::DEBUG | Level::TRACE => 7,
        }
    }
}

/// Systems without systemd.
#[cfg(not(target_os = "linux"))]
mod journal {
    pub fn begin() -> bool {
        false
    }
}
