//! Sounds by their addresses: to be heard, seen and described.

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_range_header::parse_range_header;
use tower::ServiceExt;
use tower_http::services::ServeFile;

use super::facts::{SoundFacts, facts_of};
use super::pictures::{self, Shown};
use super::place::{self, checked, checked_of_others};
use super::refusal::Refusal;
use super::request::Named;
use super::site::{PageKind, Site};
use super::{blocking, blocking_in_turn, bundled_examples};
use crate::audio::write::{SampleFormat, encode_wav};
use crate::audio::{self, is_called_a_sound};
use crate::names::printable;
use crate::train::PREDICTIONS;
use crate::watch::folders;

/// How the names of files end that all browsers play.
const PLAYED: [&str; 7] = ["wav", "wave", "flac", "mp3", "ogg", "oga", "m4a"];
/// `GET /api/sounds/S`: the file; with `?facts` or `?picture=…` what is said of it.
pub async fn get(
    State(site): State<Arc<Site>>,
    Named(address): Named<String>,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    if let Some(name) = address.strip_prefix("examples/") {
        return example(name, &request);
    }
    let query = request.uri().query().unwrap_or_default().to_owned();
    let path = blocking({
        let site = Arc::clone(&site);
        let address = address.clone();
        move || site.place.existing(&file_of(&site, &address)?)
    })
    .await?;
    match query.split_once('=').unwrap_or((&query, "")) {
        ("facts", _) => facts(site, path).await,
        ("picture", panels) => picture(site, path, panels).await,
        ("download", _) => {
            let mut response = whole(&path, request).await;
            let attachment = HeaderValue::from_static("attachment");
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_DISPOSITION, attachment);
            Ok(response)
        }
        ("", _) if is_played(&path) => Ok(whole(&path, request).await),
        ("", _) => as_wav(&site, path).await,
        (other, _) => Err(Refusal::bad(format!(
            "a sound has no “{other}”; ask for facts, download or picture=waveform,spectrogram,chroma"
        ))),
    }
}

/// The file that `address` means, be it there or not.
fn file_of(site: &Site, address: &str) -> Result<PathBuf, Refusal> {
    let parts: Vec<&str> = address.split('/').collect();
    // Seeds come from patches, and predictions are called as they are.
    let check = match parts[0] {
        folders::PREDICTIONS => checked_of_others,
        _ => checked,
    };
    for part in &parts {
        check(part)?;
    }
    let missing = || Refusal::missing(format!("sound {}", printable(address)));
    let folder = |folder: &str| site.place.folder(folder);
    let is_studio = matches!(site.kind, PageKind::Studio);
    let path = match parts[..] {
        [folders::PREDICTIONS, ref inner @ ..] if (1..=3).contains(&inner.len()) => {
            let inner: PathBuf = inner.iter().collect();
            folder(folders::PREDICTIONS).join(inner)
        }
        ["recordings", name] if is_studio => folder(place::RECORDINGS).join(name),
        ["seeds", name] if is_studio => folder(place::SEEDS).join(name),
        ["answers", id, name] if is_studio => folder(place::ANSWERS)
            .join(id)
            .join(super::answers::SET)
            .join(name),
        ["runs", run, name] if is_studio => {
            folder(place::RUNS).join(run).join(PREDICTIONS).join(name)
        }
        _ => return Err(missing()),
    };
    let name = path.file_name().unwrap_or_default();
    match is_called_a_sound(name) {
        true => Ok(path),
        false => Err(missing()),
    }
}

fn is_played(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default();
    PLAYED
        .iter()
        .any(|known| extension.eq_ignore_ascii_case(known))
}

/// The file, or the part of it that is asked for.
async fn whole(path: &Path, request: Request<Body>) -> Response {
    match ServeFile::new(path).oneshot(request).await {
        Ok(response) => response.into_response(),
        Err(never) => match never {},
    }
}

async fn as_wav(site: &Site, path: PathBuf) -> Result<Response, Refusal> {
    let bytes = blocking_in_turn(&site.sounds.turns, move || {
        let sound = audio::load_as_recorded(&path).map_err(Refusal::impossible)?;
        let mut wav = Cursor::new(Vec::new());
        let written = encode_wav(&mut wav, &path, &sound.into_signal(), SampleFormat::Int16);
        written.map_err(Refusal::impossible)?;
        Ok(wav.into_inner())
    })
    .await?;
    Ok(([(header::CONTENT_TYPE, "audio/wav")], bytes).into_response())
}

async fn facts(site: Arc<Site>, path: PathBuf) -> Result<Response, Refusal> {
    let facts: SoundFacts = blocking_in_turn(&site.sounds.turns, {
        let site = Arc::clone(&site);
        move || {
            let to_learn_from = path.starts_with(site.place.folder(place::RECORDINGS));
            let find = || facts_of(&path, to_learn_from).map_err(Refusal::impossible);
            site.sounds.facts.of(&path, "", find)
        }
    })
    .await?;
    Ok(axum::Json(facts).into_response())
}

async fn picture(site: Arc<Site>, path: PathBuf, panels: &str) -> Result<Response, Refusal> {
    let shown = Shown::of(panels)?;
    let asked = panels.to_owned();
    let svg: Arc<str> = blocking_in_turn(&site.sounds.turns, {
        let site = Arc::clone(&site);
        move || {
            let draw = || pictures::draw(&path, &shown).map(Arc::from);
            site.sounds.pictures.of(&path, &asked, draw)
        }
    })
    .await?;
    let headers = [
        (header::CONTENT_TYPE, "image/svg+xml"),
        (header::CACHE_CONTROL, "private, max-age=60"),
    ];
    Ok((headers, svg.to_string()).into_response())
}

fn example(name: &str, request: &Request<Body>) -> Result<Response, Refusal> {
    let bytes =
        bundled_examples::find(name).ok_or_else(|| Refusal::missing(format!("example {name}")))?;
    match request.uri().query() {
        None => Ok(part_of(bytes, request)),
        Some("facts") => {
            let sound = audio::read::read_bytes(bytes, name.as_ref());
            let sound = sound.map_err(Refusal::impossible)?;
            Ok(axum::Json(SoundFacts::of(&sound, bytes.len() as u64)).into_response())
        }
        Some(_) => Err(Refusal::bad("of an example there are only its facts")),
    }
}

/// As much of `bytes` as is asked for: a player asks for parts.
fn part_of(bytes: &'static [u8], request: &Request<Body>) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("audio/wav"));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    let range = request.headers().get(header::RANGE);
    let range = range.and_then(|range| range.to_str().ok());
    let length = bytes.len() as u64;
    let ranges = range.map(|range| parse_range_header(range)?.validate(length));
    match ranges.map(|ranges| ranges.map(|ranges| ranges[0].clone())) {
        None => (headers, bytes).into_response(),
        Some(Err(_)) => (StatusCode::RANGE_NOT_SATISFIABLE, headers).into_response(),
        Some(Ok(range)) => {
            let part = &bytes[*range.start() as usize..=*range.end() as usize];
            let said = format!("bytes {}-{}/{length}", range.start(), range.end());
            if let Ok(said) = HeaderValue::from_str(&said) {
                headers.insert(header::CONTENT_RANGE, said);
            }
            (StatusCode::PARTIAL_CONTENT, headers, part).into_response()
        }
    }
}
