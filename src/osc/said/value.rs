//! `/antiphon/value key value`

use serde_json::Value as Json;

use super::{Form, Kind, Message, Said, of_json, once};

/// How something is set from now on.
pub struct Value<'a> {
    pub key: &'a str,
    pub value: &'a Json,
}

impl Said for Value<'_> {
    const FORM: Form = Form::said(
        "value",
        &[
            once("key", Kind::Text, "what is set"),
            once(
                "value",
                Kind::Value,
                "how; text in JSON where it is more than a number or a word",
            ),
        ],
        "answers set, get and follow: what holds from the next seed on",
    );

    fn message(&self) -> Message {
        Self::with(vec![self.key.into(), of_json(self.value)])
    }
}
