//! `/antiphon/skipped id name`

use super::{Form, ID, Kind, Message, Said, once};

/// The seed was silent.
pub struct Skipped<'a> {
    pub id: i32,
    pub name: &'a str,
}

impl Said for Skipped<'_> {
    const FORM: Form = Form::said(
        "skipped",
        &[ID, once("name", Kind::Text, "its file's name")],
        "the seed is silent by `--skip-silent`: it has been removed, and there will be no answer",
    );

    fn message(&self) -> Message {
        Self::with(vec![self.id.into(), self.name.into()])
    }
}
