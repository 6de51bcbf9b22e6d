//! `/antiphon/variation id n path seconds`

use std::path::Path;

use super::{Form, ID, Kind, Message, Said, float, int, once, text};

/// One answer of a set that is there.
pub struct Variation<'a> {
    pub id: i32,
    /// From 1 on.
    pub number: usize,
    pub path: &'a Path,
    pub seconds: f64,
}

impl Said for Variation<'_> {
    const FORM: Form = Form::said(
        "variation",
        &[
            ID,
            once("n", Kind::Int, "which of the set, from 1 on"),
            once("path", Kind::Text, "its file"),
            once("seconds", Kind::Float, "its length"),
        ],
        "the answer is a set, which is there in full; once for each of its variations",
    );

    fn message(&self) -> Message {
        Self::with(vec![
            self.id.into(),
            int(self.number),
            text(self.path),
            float(self.seconds),
        ])
    }
}
