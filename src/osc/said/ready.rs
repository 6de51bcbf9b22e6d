//! `/antiphon/ready`

use super::{Form, Message, Said};

/// Seeds are being looked for.
pub struct Ready;

impl Said for Ready {
    const FORM: Form = Form::said(
        "ready",
        &[],
        "seeds are being looked for; again when trouble has passed",
    );

    fn message(&self) -> Message {
        Self::with(vec![])
    }
}
