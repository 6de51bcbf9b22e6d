//! What messages ask of, whoever it is: the daemon behind them.

use serde_json::{Map, Value};

use super::said::Status;
use crate::watch::{Event, Later, Which};

/// A sound that is to be answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// Where it is, in the watched folder or as a whole path.
    pub path: String,
    /// What is asked of this answer alone.
    pub values: Map<String, Value>,
}

/// Which lines of the log are said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    Off,
    Error,
    Warn,
    Info,
}

impl LogLevel {
    /// All of them, the quietest first.
    pub const ALL: [LogLevel; 4] = [
        LogLevel::Off,
        LogLevel::Error,
        LogLevel::Warn,
        LogLevel::Info,
    ];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            LogLevel::Off => "off",
            LogLevel::Error => "error",
            LogLevel::Warn => "warn",
            LogLevel::Info => "info",
        }
    }
}

/// What can be asked of a daemon. Errors are sentences for whoever asked. One that does
/// nothing else answers pings.
pub trait House: Send + Sync {
    /// How things stand.
    fn status(&self) -> Result<Status, String> {
        nobody()
    }

    /// Has a sound answered; `later` hears the number of its job before anybody else
    /// hears of it.
    fn generate(&self, _wanted: Wanted, later: Later<i32>) {
        later(nobody());
    }

    /// Gives up seeds that have not been answered. `later` hears when it is done, of how
    /// many; each is told as cancelled beside that.
    fn cancel(&self, _which: Which, later: Later<usize>) {
        later(nobody());
    }

    /// Has another model answer; what it is called.
    fn choose_model(&self, _name: &str) -> Result<String, String> {
        nobody()
    }

    /// Has another voice answer; what it is called.
    fn choose_voice(&self, _name: &str) -> Result<String, String> {
        nobody()
    }

    /// Has answers made otherwise; what holds then.
    fn set(&self, _key: &str, _value: Value) -> Result<Value, String> {
        nobody()
    }

    /// How answers are made.
    fn get(&self, _key: &str) -> Result<Value, String> {
        nobody()
    }

    /// Takes back what was chosen and set.
    fn reset(&self) -> Result<(), String> {
        nobody()
    }

    /// What became of the jobs after the one of this number, in the order in which it
    /// happened.
    fn since(&self, _id: i32) -> Result<Vec<Event>, String> {
        nobody()
    }

    /// Which lines of the log are to be said from now on.
    fn log(&self, _level: LogLevel) -> Result<(), String> {
        nobody()
    }
}

fn nobody<T>() -> Result<T, String> {
    Err("nobody watches a folder here".to_owned())
}
