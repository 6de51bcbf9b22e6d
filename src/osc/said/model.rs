//! `/antiphon/model name`

use super::{Form, Kind, Message, Said, once};

/// Which model answers from now on.
pub struct Model<'a> {
    pub name: &'a str,
}

impl Said for Model<'_> {
    const FORM: Form = Form::said(
        "model",
        &[once("name", Kind::Text, "the model")],
        "answers model: what answers from the next seed on where no voice is named",
    );

    fn message(&self) -> Message {
        Self::with(vec![self.name.into()])
    }
}
