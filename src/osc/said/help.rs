//! `/antiphon/help address arguments meaning`

use super::{Form, Kind, Message, Said, once};

/// One message that is understood.
pub struct Help {
    /// What is to be explained.
    pub form: Form,
}

impl Said for Help {
    const FORM: Form = Form::said(
        "help",
        &[
            once("address", Kind::Text, "what can be sent"),
            once("arguments", Kind::Text, "what goes with it"),
            once("meaning", Kind::Text, "what follows"),
        ],
        "answers help, once for each message that is understood",
    );

    fn message(&self) -> Message {
        Self::with(vec![
            self.form.address().into(),
            self.form.usage().into(),
            self.form.meaning.into(),
        ])
    }
}
