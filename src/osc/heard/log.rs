//! `/antiphon/log level`

use super::{Arguments, Command, Form};
use crate::osc::house::LogLevel;
use crate::osc::table::{Kind, once};

pub const FORM: Form = Form::heard(
    "log",
    &[once("level", Kind::Text, "off, error, warn or info")],
    "log",
    "the log's lines are said too, as severe as that and more",
);

/// A level.
pub fn read(arguments: &mut Arguments) -> Result<Command, String> {
    let level = arguments.text("level")?;
    arguments.end()?;
    let known = LogLevel::ALL.into_iter().find(|l| l.name() == level);
    known.map(Command::Log).ok_or_else(|| {
        let names = LogLevel::ALL.map(LogLevel::name).join(", ");
        format!("there is no level {level:?}; there are {names}")
    })
}
