//! `/antiphon/cancel id|all`

use super::{Arguments, Command, Form};
use crate::osc::table::{Kind, once};
use crate::watch::Which;

pub const FORM: Form = Form::heard(
    "cancel",
    &[once("id", Kind::Value, "a job's number, or the word all")],
    "cancelled",
    "the seed is not answered, or no further, and goes to `failed/`; all: each that has not been \
     answered yet",
);

/// A number, or `all`.
pub fn read(arguments: &mut Arguments) -> Result<Command, String> {
    let which = match arguments.whole_number() {
        Some(id) => Which::Job(id),
        None => match arguments.text("id")? {
            word if word == "all" => Which::All,
            other => return Err(format!("{other:?} is neither a job's number nor all")),
        },
    };
    arguments.end()?;
    Ok(Command::Cancel(which))
}
