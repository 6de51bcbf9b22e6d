//! `/antiphon/set key value`

use super::{Arguments, Command, Form};
use crate::osc::table::{Kind, once};

pub const FORM: Form = Form::heard(
    "set",
    &[
        once(
            "key",
            Kind::Text,
            "follow, seconds, variations, temperature, loudness and whatever else a plan may say",
        ),
        once(
            "value",
            Kind::Value,
            "a number, a word, or text in JSON; default for what the options say",
        ),
    ],
    "value",
    "answers to seeds in `seeds/` itself are made so, from the next one on",
);

/// A key and its value.
pub fn read(arguments: &mut Arguments) -> Result<Command, String> {
    let key = arguments.text("key")?;
    let value = arguments.value(&key)?;
    arguments.end()?;
    Ok(Command::Set { key, value })
}
