//! `/antiphon/status`

use super::{Arguments, Command, Form};

pub const FORM: Form = Form::heard(
    "status",
    &[],
    "status",
    "how many seeds are where, and what answers",
);

/// Whatever comes with it.
pub fn read(_: &mut Arguments) -> Result<Command, String> {
    Ok(Command::Status)
}
