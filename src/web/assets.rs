//! What the page consists of. All of it is part of the program.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::refusal::Refusal;
use super::request::Named;
use crate::files;

macro_rules! page_files {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_bytes!(concat!("page/", $name)).as_slice())),*]
    };
}

/// The page's files.
static FILES: &[(&str, &[u8])] = &page_files![
    "answer.js",
    "answers.js",
    "api.js",
    "belongings.js",
    "chart.js",
    "dials.js",
    "dom.js",
    "draft.js",
    "dropzone.js",
    "field.js",
    "form.js",
    "format.js",
    "gallery.js",
    "icon.svg",
    "index.html",
    "keeping.js",
    "live.js",
    "main.js",
    "make.js",
    "overview.js",
    "player.js",
    "presets.js",
    "recorder-worklet.js",
    "recorder.js",
    "run.js",
    "runs.js",
    "sounds.js",
    "style.css",
    "together.js",
    "verdict.js",
    "wav.js",
];

/// `GET /`: the page.
pub async fn page(headers: axum::http::HeaderMap) -> Result<Response, Refusal> {
    file("index.html", &headers)
}

/// `GET /assets/FILE`.
pub async fn asset(
    Named(name): Named<String>,
    headers: axum::http::HeaderMap,
) -> Result<Response, Refusal> {
    file(&name, &headers)
}

fn file(name: &str, headers: &axum::http::HeaderMap) -> Result<Response, Refusal> {
    let found = FILES.iter().find(|(known, _)| *known == name);
    let (_, bytes) = *found.ok_or_else(|| Refusal::missing(format!("file {name}")))?;
    let tag = format!("\"{}\"", &files::sha256(bytes)[..16]);
    let known = headers.get(header::IF_NONE_MATCH);
    let mut response = match known.is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => ([(header::CONTENT_TYPE, kind(name))], bytes).into_response(),
    };
    let headers = response.headers_mut();
    // It is asked each time whether it still is the same: a new antiphon has a new page.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    Ok(response)
}

fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.') {
        Some((_, "html")) => "text/html; charset=utf-8",
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "svg")) => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page loads within a second on a telephone.
    const HEAVIEST: usize = 300_000;

    #[test]
    fn all_of_the_page_is_served_and_it_is_light() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/web/page");
        let there = std::fs::read_dir(folder).unwrap();
        let mut there: Vec<String> = there
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        there.sort();
        let mut served: Vec<&str> = FILES.iter().map(|(name, _)| *name).collect();
        served.sort();
        assert_eq!(served, there);
        assert!(
            served
                .iter()
                .all(|name| kind(name) != "application/octet-stream")
        );
        let weight: usize = FILES.iter().map(|(_, bytes)| bytes.len()).sum();
        assert!(weight < HEAVIEST, "{weight} bytes");
    }
}
