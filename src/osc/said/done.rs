//! `/antiphon/done id path seconds`

use std::path::Path;

use super::{Form, ID, Kind, Message, Said, float, once, text};

/// A prediction is there.
pub struct Done<'a> {
    pub id: i32,
    pub path: &'a Path,
    pub seconds: f64,
}

impl Said for Done<'_> {
    const FORM: Form = Form::said(
        "done",
        &[
            ID,
            once("path", Kind::Text, "the prediction's file"),
            once("seconds", Kind::Float, "its length"),
        ],
        "the prediction stands at path",
    );

    fn message(&self) -> Message {
        Self::with(vec![self.id.into(), text(self.path), float(self.seconds)])
    }
}
