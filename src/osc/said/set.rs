//! `/antiphon/set id n path`

use std::path::Path;

use super::{Form, ID, Kind, Message, Said, int, once, text};

/// A set is there.
pub struct Set<'a> {
    pub id: i32,
    /// How many variations it has.
    pub count: usize,
    /// Its folder.
    pub path: &'a Path,
}

impl Said for Set<'_> {
    const FORM: Form = Form::said(
        "set",
        &[
            ID,
            once("n", Kind::Int, "how many variations it has"),
            once("path", Kind::Text, "its folder"),
        ],
        "the set stands at path; after its variations, instead of done",
    );

    fn message(&self) -> Message {
        Self::with(vec![self.id.into(), int(self.count), text(self.path)])
    }
}
