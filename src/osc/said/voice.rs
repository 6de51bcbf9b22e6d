//! `/antiphon/voice name`

use super::{Form, Kind, Message, Said, once};

/// Which voice answers from now on.
pub struct Voice<'a> {
    pub name: &'a str,
}

impl Said for Voice<'_> {
    const FORM: Form = Form::said(
        "voice",
        &[once(
            "name",
            Kind::Text,
            "the voice, default for the one of the options",
        )],
        "answers voice: who answers from the next seed on where none is named",
    );

    fn message(&self) -> Message {
        Self::with(vec![self.name.into()])
    }
}
