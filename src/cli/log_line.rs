//! One line of the log, as it is read by people, by systemd and by programs.

use std::fmt::{Debug, Write};

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Level};

use super::output;
use crate::names::printable;

/// How lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people
    #[default]
    Text,
    /// An object in each line, for programs
    Json,
}

/// What stands in front of what a line says.
#[derive(Clone, Debug, PartialEq)]
pub struct Style {
    pub format: LogFormat,
    /// Whether the time does.
    pub is_timed: bool,
    /// Whether it begins with its priority, `<4>` say, as systemd reads it.
    pub is_for_the_journal: bool,
    /// Whether it is coloured.
    pub is_coloured: bool,
}

impl Style {
    /// The line of `event`, which happened at the moment `now`.
    pub fn line(&self, event: &Event<'_>, now: &str) -> String {
        let level = *event.metadata().level();
        let priority = match self.is_for_the_journal {
            true => format!("<{}>", priority(level)),
            false => String::new(),
        };
        let line = match self.format {
            LogFormat::Text => self.text(event, now),
            LogFormat::Json => self.json(event, now),
        };
        priority + &line
    }

    fn text(&self, event: &Event<'_>, now: &str) -> String {
        let mut text = Text::default();
        event.record(&mut text);
        let text = printable(&text.0);
        let time = match (self.is_timed, self.is_coloured) {
            (false, _) => String::new(),
            (true, false) => format!("{now} "),
            (true, true) => format!("\u{1b}[2m{now}\u{1b}[0m "),
        };
        let level = *event.metadata().level();
        match (self.is_for_the_journal, self.is_coloured) {
            (true, _) => format!("{time}{text}"),
            (false, false) => format!("{time}{level:>5} {text}"),
            (false, true) => format!("{time}\u{1b}[{}m{level:>5}\u{1b}[0m {text}", colour(level)),
        }
    }

    fn json(&self, event: &Event<'_>, now: &str) -> String {
        let mut line = Object::default();
        if self.is_timed {
            line.0.insert("time".to_owned(), now.into());
        }
        let level = event.metadata().level().as_str().to_lowercase();
        line.0.insert("level".to_owned(), level.into());
        event.record(&mut line);
        output::escaped(&Value::Object(line.0).to_string())
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

/// Of a terminal.
fn colour(level: Level) -> u8 {
    match level {
        Level::ERROR => 31,
        Level::WARN => 33,
        Level::INFO => 32,
        Level::DEBUG | Level::TRACE => 34,
    }
}

/// What a line says, and its fields behind it.
#[derive(Default)]
pub struct Text(pub String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let written = match field.name() {
            "message" => {
                let fields = std::mem::take(&mut self.0);
                write!(self.0, "{value:?}{fields}")
            }
            name => write!(self.0, " {name}={value:?}"),
        };
        written.expect("text can be written to");
    }
}

/// The same as JSON.
#[derive(Default)]
struct Object(Map<String, Value>);

impl Object {
    fn record(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Object {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.record(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.record(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.record(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.record(field, value);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing::Subscriber;
    use tracing_subscriber::Layer;
    use tracing_subscriber::layer::{Context, SubscriberExt};

    use super::*;

    struct Kept(Style, Arc<Mutex<Vec<String>>>);

    impl<S: Subscriber> Layer<S> for Kept {
        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            self.1.lock().unwrap().push(self.0.line(event, "23:40"));
        }
    }

    /// A warning about a file that is called `name`, in this style.
    fn line(style: Style, name: &str) -> String {
        let kept = Arc::new(Mutex::default());
        let layer = Kept(style, Arc::clone(&kept));
        let subscriber = tracing_subscriber::registry().with(layer);
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(job = 3, file = name, "{name} is odd");
        });
        let lines = kept.lock().unwrap();
        lines[0].clone()
    }

    fn style(format: LogFormat, is_for_the_journal: bool) -> Style {
        Style {
            format,
            is_timed: !is_for_the_journal,
            is_for_the_journal,
            is_coloured: false,
        }
    }

    #[test]
    fn a_line_is_one_line_whatever_a_name_is() {
        let name = "a\n\u{1b}[2J";
        assert_eq!(
            line(style(LogFormat::Text, false), name),
            r#"23:40  WARN a\n\u{1b}[2J is odd job=3 file="a\n\u{1b}[2J""#
        );
        assert_eq!(
            line(style(LogFormat::Text, true), name),
            r#"<4>a\n\u{1b}[2J is odd job=3 file="a\n\u{1b}[2J""#
        );
    }

    #[test]
    fn a_program_reads_the_true_name() {
        let name = "a\n\u{202e}";
        let text = line(style(LogFormat::Json, false), name);
        assert!(!text.contains('\u{202e}'), "{text}");
        let read: Value = serde_json::from_str(&text).unwrap();
        let expected = serde_json::json!({
            "time": "23:40", "level": "warn", "message": format!("{name} is odd"),
            "job": 3, "file": name,
        });
        assert_eq!(read, expected);
        let text = line(style(LogFormat::Json, true), name);
        let object = text.strip_prefix("<4>").unwrap();
        let read: Value = serde_json::from_str(object).unwrap();
        assert_eq!(read.get("time"), None);
    }
}
