//! `/antiphon/ping`

use super::{Arguments, Command, Form};

pub const FORM: Form = Form::heard("ping", &[], "pong", "somebody is there");

/// Whatever comes with it.
pub fn read(_: &mut Arguments) -> Result<Command, String> {
    Ok(Command::Ping)
}
