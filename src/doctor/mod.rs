//! Whether this machine and a folder on it are fit for an installation, found
//! out by trying.

mod folder;
mod machine;
mod model;
mod osc;
mod voices;

pub use folder::examine as folder;
pub use machine::examine as machine;
pub use model::examine as model;
pub use osc::examine as osc;

use serde::Serialize;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It is as it should be.
    Ok,
    /// It works, and may not always.
    Warn,
    /// It does not work.
    Fail,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub verdict: Severity,
    /// What was looked at, in a word or two.
    pub what: &'static str,
    /// How it is, and what to do where something is wrong.
    pub text: String,
}

impl Finding {
    fn ok(what: &'static str, text: impl Into<String>) -> Finding {
        Finding::new(Severity::Ok, what, text)
    }

    fn warn(what: &'static str, text: impl Into<String>) -> Finding {
        Finding::new(Severity::Warn, what, text)
    }

    fn fail(what: &'static str, text: impl Into<String>) -> Finding {
        Finding::new(Severity::Fail, what, text)
    }

    fn new(verdict: Severity, what: &'static str, text: impl Into<String>) -> Finding {
        let text = text.into();
        Finding {
            verdict,
            what,
            text,
        }
    }
}
