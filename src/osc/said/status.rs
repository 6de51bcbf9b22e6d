//! `/antiphon/status waiting working done failed model voice last_id uptime`

use super::{Form, Kind, Message, Said, float, int, once};

/// How things stand.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Status {
    pub waiting: usize,
    pub working: usize,
    pub done: usize,
    pub failed: usize,
    /// The model of the voice that answers where none is named.
    pub model: String,
    /// That voice.
    pub voice: String,
    /// The number of the newest job, 0 before the first.
    pub last_id: i32,
    /// Seconds since the daemon began.
    pub uptime: f64,
}

impl Said for Status {
    const FORM: Form = Form::said(
        "status",
        &[
            once("waiting", Kind::Int, "seeds that wait"),
            once("working", Kind::Int, "seeds that are being answered"),
            once("done", Kind::Int, "answered seeds that are kept"),
            once("failed", Kind::Int, "seeds in failed/"),
            once(
                "model",
                Kind::Text,
                "the model that answers where no voice is named",
            ),
            once(
                "voice",
                Kind::Text,
                "the voice that answers where none is named",
            ),
            once("last-id", Kind::Int, "the number of the newest job"),
            once("uptime", Kind::Float, "seconds since the daemon began"),
        ],
        "answers status; also each N seconds with `--osc-status N`",
    );

    fn message(&self) -> Message {
        let counts = [self.waiting, self.working, self.done, self.failed];
        let mut arguments = counts.map(int).to_vec();
        arguments.extend([
            self.model.as_str().into(),
            self.voice.as_str().into(),
            self.last_id.into(),
            float(self.uptime),
        ]);
        Self::with(arguments)
    }
}
