//! `/antiphon/voice name`

use super::{Arguments, Command, Form};
use crate::osc::table::{Kind, once};

pub const FORM: Form = Form::heard(
    "voice",
    &[once(
        "name",
        Kind::Text,
        "NAME of `voices/NAME.json`, or default",
    )],
    "voice",
    "seeds in `seeds/` itself are this voice's, from the next one on",
);

/// A name.
pub fn read(arguments: &mut Arguments) -> Result<Command, String> {
    let name = arguments.text("name")?;
    arguments.end()?;
    Ok(Command::Voice(name))
}
