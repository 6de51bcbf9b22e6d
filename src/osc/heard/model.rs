//! `/antiphon/model name`

use super::{Arguments, Command, Form};
use crate::osc::table::{Kind, once};

pub const FORM: Form = Form::heard(
    "model",
    &[once(
        "name",
        Kind::Text,
        "a bundled model, NAME of `models/NAME.onnx` in the watched folder, or default",
    )],
    "model",
    "answers where no voice is named are this model's, from the next seed on",
);

/// A name.
pub fn read(arguments: &mut Arguments) -> Result<Command, String> {
    let name = arguments.text("name")?;
    arguments.end()?;
    Ok(Command::Model(name))
}
