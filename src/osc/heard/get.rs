//! `/antiphon/get key`

use super::{Arguments, Command, Form};
use crate::osc::table::{Kind, once};

pub const FORM: Form = Form::heard(
    "get",
    &[once("key", Kind::Text, "as set has it")],
    "value",
    "how answers to seeds in `seeds/` itself are made now",
);

/// A key.
pub fn read(arguments: &mut Arguments) -> Result<Command, String> {
    let key = arguments.text("key")?;
    arguments.end()?;
    Ok(Command::Get { key })
}
