//! `/antiphon/cancelled id`

use super::{Form, ID, Message, Said};

/// A seed will have no answer, since somebody said so.
pub struct Cancelled {
    pub id: i32,
}

impl Said for Cancelled {
    const FORM: Form = Form::said(
        "cancelled",
        &[ID],
        "the seed will not be answered and lies in failed/: answers cancel, once for each",
    );

    fn message(&self) -> Message {
        Self::with(vec![self.id.into()])
    }
}
