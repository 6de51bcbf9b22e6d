//! `/antiphon/progress id percent eta`

use super::{Form, ID, Kind, Message, Said, float, once};

/// How much of an answer is made.
pub struct Progress {
    pub id: i32,
    /// 0 to 100.
    pub percent: i32,
    /// Seconds until it is there.
    pub eta: f64,
}

impl Said for Progress {
    const FORM: Form = Form::said(
        "progress",
        &[
            ID,
            once("percent", Kind::Int, "how much of the answer is made"),
            once("eta", Kind::Float, "in how many seconds it will be there"),
        ],
        "an answer is being made; at most four times a second",
    );

    fn message(&self) -> Message {
        Self::with(vec![self.id.into(), self.percent.into(), float(self.eta)])
    }
}
