//! `/antiphon/help`

use super::{Arguments, Command, Form};

pub const FORM: Form = Form::heard("help", &[], "help", "what can be sent, a message for each");

/// Whatever comes with it.
pub fn read(_: &mut Arguments) -> Result<Command, String> {
    Ok(Command::Help)
}
