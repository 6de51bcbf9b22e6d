//! What comes with a request, checked before anybody sees it.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use tokio_stream::StreamExt;

use super::refusal::Refusal;

/// The longest JSON, in bytes.
const LONGEST_JSON: usize = 1 << 20;
/// Until another piece of a request is there.
pub const BETWEEN_PIECES: Duration = Duration::from_secs(30);

/// The names in a request's path.
pub struct Named<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Named<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let path = Path::from_request_parts(parts, state).await;
        match path {
            Ok(Path(names)) => Ok(Named(names)),
            Err(error) => Err(Refusal::bad(format!("the path: {error}"))),
        }
    }
}

/// What stands after the `?` of a request's address.
pub struct Queried<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Queried<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let query = Query::from_request_parts(parts, state).await;
        match query {
            Ok(Query(asked)) => Ok(Queried(asked)),
            Err(error) => Err(Refusal::bad(format!("the address: {}", error.body_text()))),
        }
    }
}

/// What is asked for, in JSON.
pub struct Asked<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Asked<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        let headers = request.headers();
        let kind = headers.get(header::CONTENT_TYPE);
        let kind = kind.and_then(|value| value.to_str().ok()).unwrap_or("");
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/json") {
            return Err(Refusal::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "send JSON, with the header Content-Type: application/json",
            ));
        }
        let bytes = bytes(request).await?;
        let asked = serde_json::from_slice(&bytes);
        asked
            .map(Asked)
            .map_err(|error| Refusal::bad(format!("the JSON: {error}")))
    }
}

async fn bytes(request: Request) -> Result<Vec<u8>, Refusal> {
    let mut pieces = Pieces::of(request, LONGEST_JSON as u64)?;
    let mut bytes = Vec::new();
    while let Some(piece) = pieces.next().await? {
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

/// A request's body, piece by piece, as they come.
pub struct Pieces {
    stream: BodyDataStream,
    left: u64,
    most: u64,
}

impl Pieces {
    /// Of a request whose body has at most `most` bytes.
    ///
    /// # Errors
    ///
    /// 413 where it says that it has more.
    pub fn of(request: Request<Body>, most: u64) -> Result<Pieces, Refusal> {
        match length(request.headers()) {
            Some(length) if length > most => Err(too_large(most)),
            _ => Ok(Pieces {
                stream: request.into_body().into_data_stream(),
                left: most,
                most,
            }),
        }
    }

    /// The next one; none at the end.
    ///
    /// # Errors
    ///
    /// 408 where it does not come, 413 where it is too much, 400 where the connection ends.
    pub async fn next(&mut self) -> Result<Option<axum::body::Bytes>, Refusal> {
        let next = tokio::time::timeout(BETWEEN_PIECES, self.stream.next()).await;
        let next = next.map_err(|_| {
            Refusal::new(
                StatusCode::REQUEST_TIMEOUT,
                "the rest of it did not come in time",
            )
        })?;
        let Some(piece) = next else {
            return Ok(None);
        };
        let piece = piece.map_err(|error| Refusal::bad(format!("it ended too early: {error}")))?;
        let left = self.left.checked_sub(piece.len() as u64);
        self.left = left.ok_or_else(|| too_large(self.most))?;
        Ok(Some(piece))
    }
}

/// The length that `headers` promise.
pub fn length(headers: &HeaderMap) -> Option<u64> {
    let length = headers.get(header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}

fn too_large(most: u64) -> Refusal {
    Refusal::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        format!("it is too large; {most} bytes are taken at most"),
    )
}
