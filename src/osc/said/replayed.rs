//! `/antiphon/replayed count`

use super::{Form, Kind, Message, Said, int, once};

/// All that was asked for has been said again.
pub struct Replayed {
    pub count: usize,
}

impl Said for Replayed {
    const FORM: Form = Form::said(
        "replayed",
        &[once("count", Kind::Int, "how many jobs were told of again")],
        "answers replay, after all that it says again",
    );

    fn message(&self) -> Message {
        Self::with(vec![int(self.count)])
    }
}
