//! `/antiphon/generate path [key value]...`

use super::{Arguments, Command, Form};
use crate::osc::house::Wanted;
use crate::osc::table::{Kind, any, once};

pub const FORM: Form = Form::heard(
    "generate",
    &[
        once(
            "path",
            Kind::Text,
            "a sound in the watched folder, or elsewhere by its whole path",
        ),
        any("key", Kind::Text, "as set has it; also voice and model"),
        any("value", Kind::Value, "for this answer alone"),
    ],
    "seen",
    "the sound is answered: it is copied in, unless it waits in `seeds/` already",
);

/// A path, then keys, each with its value.
pub fn read(arguments: &mut Arguments) -> Result<Command, String> {
    let path = arguments.text("path")?;
    let mut values = serde_json::Map::new();
    while !arguments.is_empty() {
        let key = arguments.text("key")?;
        let value = arguments.value(&key)?;
        if values.insert(key.clone(), value).is_some() {
            return Err(format!("{key:?} stands there twice"));
        }
    }
    Ok(Command::Generate(Wanted { path, values }))
}
