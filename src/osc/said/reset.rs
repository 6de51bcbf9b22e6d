//! `/antiphon/reset`

use super::{Form, Message, Said};

/// All is as it was at the start.
pub struct Reset;

impl Said for Reset {
    const FORM: Form = Form::said(
        "reset",
        &[],
        "model, voice and settings are as the options say: answers reset",
    );

    fn message(&self) -> Message {
        Self::with(vec![])
    }
}
