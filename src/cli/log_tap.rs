//! The log's lines for whoever asked for them over OSC.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::log_line::Text;
use crate::osc::LogLevel;

/// Lines that wait to be said; more are left out.
const MOST_WAITING: usize = 256;

/// The lines that are wanted, as [`LogLevel`] counts.
static WANTED: AtomicU8 = AtomicU8::new(LogLevel::Off as u8);
static LINES: OnceLock<SyncSender<Line>> = OnceLock::new();

/// A line of the log.
pub struct Line {
    pub level: LogLevel,
    pub text: String,
}

/// Hears each line of the log.
pub struct LogTap;

/// Has lines as severe as `level` told from now on.
pub fn turn(level: LogLevel) {
    WANTED.store(level as u8, Ordering::Relaxed);
}

/// The lines that are told, of the one daemon that a process is.
pub fn lines() -> Option<Receiver<Line>> {
    let (sender, lines) = sync_channel(MOST_WAITING);
    LINES.set(sender).ok().map(|()| lines)
}

impl<S: Subscriber> Layer<S> for LogTap {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let level = match *event.metadata().level() {
            Level::ERROR => LogLevel::Error,
            Level::WARN => LogLevel::Warn,
            Level::INFO => LogLevel::Info,
            _ => return,
        };
        if level as u8 > WANTED.load(Ordering::Relaxed) {
            return;
        }
        if let Some(lines) = LINES.get() {
            let mut text = Text::default();
            event.record(&mut text);
            let text = text.0;
            // Whoever logs does not wait.
            let _ = lines.try_send(Line { level, text });
        }
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::prelude::*;

    use super::*;

    #[test]
    fn lines_are_told_as_severe_as_was_asked() {
        let lines = lines().unwrap();
        let subscriber = tracing_subscriber::registry().with(LogTap);
        tracing::subscriber::with_default(subscriber, || {
            tracing::error!("before anybody asked");
            turn(LogLevel::Warn);
            tracing::info!("too little");
            tracing::warn!(job = 3, "it is {}", "so");
            turn(LogLevel::Off);
            tracing::error!("after");
        });
        let told: Vec<_> = lines.try_iter().map(|line| line.text).collect();
        assert_eq!(told, ["it is so job=3"]);
    }
}
