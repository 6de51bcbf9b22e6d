//! Why a request is not done, as its sender is told it.

use axum::Json;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// A status and a sentence that says what to do.
#[derive(Debug)]
pub struct Refusal {
    /// The status of the answer.
    pub status: StatusCode,
    sentence: String,
    /// The hyperparameter that is at fault.
    key: Option<&'static str>,
}

impl Refusal {
    /// With this status.
    pub fn new(status: StatusCode, sentence: impl Into<String>) -> Refusal {
        Refusal {
            status,
            sentence: sentence.into(),
            key: None,
        }
    }

    /// What was sent is not of the kind that is taken.
    pub fn bad(sentence: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::BAD_REQUEST, sentence)
    }

    /// It is allowed to nobody, or not to this one.
    pub fn forbidden(sentence: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::FORBIDDEN, sentence)
    }

    /// There is no such thing.
    pub fn missing(what: impl std::fmt::Display) -> Refusal {
        Refusal::new(StatusCode::NOT_FOUND, format!("there is no {what}"))
    }

    /// It is not in a state for that.
    pub fn conflict(sentence: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::CONFLICT, sentence)
    }

    /// It was understood, and cannot be done.
    pub fn impossible(error: impl std::fmt::Display) -> Refusal {
        Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, format!("{error:#}"))
    }

    /// There is too much of it already.
    pub fn too_many(sentence: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::TOO_MANY_REQUESTS, sentence)
    }

    /// The machine failed.
    pub fn broken(error: impl std::fmt::Display) -> Refusal {
        tracing::warn!("the page: {error:#}");
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}"))
    }

    /// The hyperparameter that is at fault.
    #[cfg(test)]
    pub fn key(&self) -> Option<&'static str> {
        self.key
    }

    /// The same, at this hyperparameter.
    pub fn at(self, key: Option<&'static str>) -> Refusal {
        Refusal { key, ..self }
    }
}

/// What a file could not be made or read for.
pub fn of_disk(what: &str) -> impl Fn(std::io::Error) -> Refusal + '_ {
    move |error| match error.kind() {
        std::io::ErrorKind::NotFound
        | std::io::ErrorKind::NotADirectory
        | std::io::ErrorKind::InvalidFilename => Refusal::missing(what),
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Refusal::new(
            StatusCode::INSUFFICIENT_STORAGE,
            format!("the disk has no room for {what}; remove what is not needed"),
        ),
        _ => Refusal::broken(format!("{what}: {error}")),
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut body = json!({ "error": self.sentence });
        if let Some(key) = self.key {
            body["key"] = key.into();
        }
        let mut headers = HeaderMap::new();
        if self.status == StatusCode::UNAUTHORIZED {
            let value = header::HeaderValue::from_static("Bearer realm=\"antiphon\"");
            headers.insert(header::WWW_AUTHENTICATE, value);
        }
        (self.status, headers, Json(body)).into_response()
    }
}
