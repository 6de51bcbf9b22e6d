//! What is wrong with hyperparameters, for the person who wrote them.

use std::path::PathBuf;

/// What is wrong with a hyperparameters file.
#[derive(Debug, thiserror::Error)]
pub enum HyperparametersError {
    /// The file cannot be read.
    #[error("cannot read the hyperparameters {}: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// The text is not JSON.
    #[error("the hyperparameters are not JSON: {0}")]
    NotJson(serde_json::Error),
    /// The text is JSON, but no object.
    #[error("the hyperparameters are not a JSON object: write {{ \"preset\": \"vector\" }}, say")]
    NotAnObject,
    /// A key is no hyperparameter.
    #[error("unknown hyperparameter \"{key}\"{hint}")]
    UnknownKey {
        /// The key as it was written.
        key: String,
        /// What may have been meant.
        hint: String,
    },
    /// A value is a text where a number should be, or the like.
    #[error("hyperparameter \"{key}\": {what}")]
    WrongType {
        /// The hyperparameter.
        key: String,
        /// What was found and what is needed.
        what: String,
    },
    /// A value is of the right type, and yet impossible.
    #[error("hyperparameter \"{key}\" is {value}; allowed: {allowed}")]
    Impossible {
        /// The hyperparameter.
        key: &'static str,
        /// Its value.
        value: String,
        /// What its value may be.
        allowed: String,
    },
}

/// Refuses `value` for `key`.
pub(super) fn impossible<T>(
    key: &'static str,
    value: impl std::fmt::Display,
    allowed: &str,
) -> Result<T, HyperparametersError> {
    Err(HyperparametersError::Impossible {
        key,
        value: value.to_string(),
        allowed: allowed.to_owned(),
    })
}
