//! `/antiphon/seen id name`

use super::{Form, ID, Kind, Message, Said, once};

/// A complete seed was found.
pub struct Seen<'a> {
    pub id: i32,
    pub name: &'a str,
}

impl Said for Seen<'_> {
    const FORM: Form = Form::said(
        "seen",
        &[ID, once("name", Kind::Text, "the seed's name")],
        "a complete seed was found; answers generate",
    );

    fn message(&self) -> Message {
        Self::with(vec![self.id.into(), self.name.into()])
    }
}
