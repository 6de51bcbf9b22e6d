//! `/antiphon/follow strength`

use super::{Arguments, Command, Form};
use crate::osc::table::{Kind, once};

pub const FORM: Form = Form::heard(
    "follow",
    &[once("strength", Kind::Float, "0 to 1")],
    "value",
    "the same as set follow strength, for a slider alone",
);

/// A number.
pub fn read(arguments: &mut Arguments) -> Result<Command, String> {
    let value = arguments.value("strength")?;
    arguments.end()?;
    let key = "follow".to_owned();
    Ok(Command::Set { key, value })
}
