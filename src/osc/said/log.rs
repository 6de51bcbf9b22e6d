//! `/antiphon/log level text`

use super::{Form, Kind, Message, Said, once};

/// A line of the log.
pub struct Log<'a> {
    pub level: &'a str,
    pub text: &'a str,
}

impl Said for Log<'_> {
    const FORM: Form = Form::said(
        "log",
        &[
            once(
                "level",
                Kind::Text,
                "error, warn or info; off where there will be no more",
            ),
            once("text", Kind::Text, "the line"),
        ],
        "answers log, and from then on each line of the log as severe as that",
    );

    fn message(&self) -> Message {
        Self::with(vec![self.level.into(), self.text.into()])
    }
}
