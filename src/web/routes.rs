//! What can be asked, and who answers it.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{MethodRouter, delete, get, post, put};
use axum::{Json, Router, middleware};
use serde_json::{Value, json};

use super::gate::{self, Gate};
use super::refusal::Refusal;
use super::request::Named;
use super::site::{PageKind, Site};
use super::{
    answers, assets, blocking, events, gallery, place, plans, runs, settings, sounds, uploads,
};
use crate::answer::{LONGEST_ANSWER, MOST_VARIATIONS};
use crate::audio::FORMATS;

/// All that `site` answers, behind `gate`.
pub fn routes(site: &Arc<Site>, gate: Arc<Gate>) -> Router {
    let mut pages = Router::new()
        .route("/", get(assets::page))
        .route("/assets/{name}", get(assets::asset))
        .route("/health", get(gallery::health))
        .route("/metrics", get(gallery::all_metrics))
        .route("/api/about", get(about))
        .route("/api/events", get(events::listen))
        .route("/api/gallery", part("gallery"))
        .route("/api/gallery/failed/{name}/retry", post(gallery::retry))
        .route("/api/sounds/{*address}", get(sounds::get));
    if site.kind == PageKind::Studio {
        pages = pages.merge(studio());
    }
    pages
        .fallback(nothing)
        .method_not_allowed_fallback(not_so)
        .with_state(Arc::clone(site))
        .layer(middleware::from_fn_with_state(gate, gate::pass))
}

fn studio() -> Router<Arc<Site>> {
    Router::new()
        .route("/api/files", part("files"))
        .route("/api/recordings/{name}", of_sounds(place::RECORDINGS))
        .route("/api/seeds/{name}", of_sounds(place::SEEDS))
        .route("/api/models/{name}", delete(delete_model))
        .route("/api/presets", get(settings::presets))
        .route("/api/rules", get(settings::all_rules))
        .route("/api/settings/check", post(settings::check))
        .route("/api/settings/estimate", post(settings::estimate))
        .route(
            "/api/settings/{name}",
            get(settings::get)
                .put(settings::put)
                .delete(settings::delete),
        )
        .route("/api/runs", part("runs").post(runs::launch))
        .route("/api/runs/{name}", get(runs::get).delete(runs::delete))
        .route("/api/runs/{name}/verdict/{file}", get(runs::verdict))
        .route("/api/runs/{name}/stop", post(runs::stop))
        .route("/api/runs/{name}/resume", post(runs::resume))
        .route("/api/runs/{name}/keep", post(runs::keep))
        .route("/api/answers", part("answers").post(answers::ask))
        .route(
            "/api/answers/{id}",
            get(answers::get).delete(answers::delete),
        )
        .route("/api/answers/{id}/stop", post(answers::stop))
        .route("/api/answers/{id}/keep", post(answers::keep))
        .route(
            "/api/voices/{name}",
            get(plans::get).put(plans::put).delete(plans::delete),
        )
}

/// A part of the state, as events tell it.
fn part(name: &'static str) -> MethodRouter<Arc<Site>> {
    get(async move |State(site): State<Arc<Site>>| {
        blocking(move || {
            events::part(&site, name)
                .ok_or_else(|| Refusal::missing(name))
                .map(Json)
        })
        .await
    })
}

/// Sounds that are sent into `folder`, and removed from it.
fn of_sounds(folder: &'static str) -> MethodRouter<Arc<Site>> {
    put(
        async move |State(site): State<Arc<Site>>,
                    Named(name): Named<String>,
                    request: axum::extract::Request| {
            let taken =
                uploads::take(&site.place, folder, &name, &site.sounds.turns, request).await?;
            Ok::<_, Refusal>((StatusCode::CREATED, Json(taken)))
        },
    )
    .delete(
        async move |State(site): State<Arc<Site>>, Named(name): Named<String>| {
            site.remove(folder, &name).await
        },
    )
}

async fn delete_model(
    State(site): State<Arc<Site>>,
    Named(name): Named<String>,
) -> Result<StatusCode, Refusal> {
    site.remove(place::MODELS, &name).await
}

/// `GET /api/about`.
async fn about(State(site): State<Arc<Site>>) -> Json<Value> {
    let (version, commit) = site.version;
    let (page, control) = match site.kind {
        PageKind::Studio => ("studio", true),
        PageKind::Gallery { control } => ("gallery", control),
    };
    let formats: Vec<&str> = FORMATS
        .iter()
        .flat_map(|format| format.extensions)
        .copied()
        .collect();
    Json(json!({
        "version": version,
        "commit": commit,
        "page": page,
        "control": control,
        "root": site.place.root().display().to_string(),
        "formats": formats,
        "longest_answer": LONGEST_ANSWER,
        "most_variations": MOST_VARIATIONS,
        "largest_sound": uploads::LARGEST,
        "threads": site.threads,
    }))
}

async fn nothing() -> Refusal {
    Refusal::missing("such page; docs/http.md says what can be asked")
}

async fn not_so() -> Refusal {
    Refusal::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "it cannot be asked so; docs/http.md says how",
    )
}
