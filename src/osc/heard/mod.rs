//! What is heard: a message a file, each with its form and how its arguments are read.

mod arguments;
mod cancel;
mod follow;
mod generate;
mod get;
mod help;
mod log;
mod model;
mod ping;
mod replay;
mod reset;
mod set;
mod status;
mod voice;

use serde_json::Value;

pub use arguments::Arguments;

use super::house::{LogLevel, Wanted};
use super::table::Form;
use crate::watch::Which;

/// What somebody wants.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    Ping,
    Status,
    Generate(Wanted),
    Cancel(Which),
    Model(String),
    Voice(String),
    Set { key: String, value: Value },
    Get { key: String },
    Replay { since: i32 },
    Log(LogLevel),
    Reset,
    Help,
}

/// Reads what a message wants, or says what is wrong with its arguments.
pub type Read = fn(&mut Arguments) -> Result<Command, String>;

/// All that is heard.
pub const HEARD: [(Form, Read); 13] = [
    (ping::FORM, ping::read),
    (status::FORM, status::read),
    (generate::FORM, generate::read),
    (cancel::FORM, cancel::read),
    (model::FORM, model::read),
    (voice::FORM, voice::read),
    (set::FORM, set::read),
    (get::FORM, get::read),
    (follow::FORM, follow::read),
    (replay::FORM, replay::read),
    (log::FORM, log::read),
    (reset::FORM, reset::read),
    (help::FORM, help::read),
];

impl Command {
    /// Whether a pattern that means all may ask for it: what only asks and needs nothing.
    pub fn is_harmless(&self) -> bool {
        matches!(self, Command::Ping | Command::Status)
    }
}
