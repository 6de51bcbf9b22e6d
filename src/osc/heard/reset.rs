//! `/antiphon/reset`

use super::{Arguments, Command, Form};

pub const FORM: Form = Form::heard(
    "reset",
    &[],
    "reset",
    "whatever model, voice and set changed is as the options say; seeds in work go on",
);

/// Nothing comes with it.
pub fn read(arguments: &mut Arguments) -> Result<Command, String> {
    arguments.end()?;
    Ok(Command::Reset)
}
