//! `/antiphon/pong`

use super::{Form, Message, Said};

/// Somebody is there.
pub struct Pong;

impl Said for Pong {
    const FORM: Form = Form::said("pong", &[], "somebody is there: answers ping");

    fn message(&self) -> Message {
        Self::with(vec![])
    }
}
