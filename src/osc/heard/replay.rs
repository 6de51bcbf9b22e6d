//! `/antiphon/replay since_id`

use super::{Arguments, Command, Form};
use crate::osc::table::{Kind, once};

pub const FORM: Form = Form::heard(
    "replay",
    &[once(
        "since_id",
        Kind::Int,
        "the last job that was heard of, or 0",
    )],
    "replayed",
    "what became of all later jobs is said again",
);

/// A job's number.
pub fn read(arguments: &mut Arguments) -> Result<Command, String> {
    let since = arguments.whole_number();
    let since = since.ok_or("write the number of the last job that was heard of, or 0")?;
    arguments.end()?;
    Ok(Command::Replay { since })
}
