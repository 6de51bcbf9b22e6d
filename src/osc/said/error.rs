//! `/antiphon/error id text`

use super::{Form, Kind, Message, Said, once};

/// Something is not as somebody wanted.
pub struct Error<'a> {
    /// Of the job, 0 where it concerns none.
    pub id: i32,
    pub text: &'a str,
}

impl Said for Error<'_> {
    const FORM: Form = Form::said(
        "error",
        &[
            once("id", Kind::Int, "the job's number, or 0"),
            once("text", Kind::Text, "why, and what to do"),
        ],
        "the seed has no prediction; with the id 0: what the machine lacks, seeds wait; what lies \
         in `seeds/` or `voices/` and is none; or a message that could not be done",
    );

    fn message(&self) -> Message {
        Self::with(vec![self.id.into(), self.text.into()])
    }
}
