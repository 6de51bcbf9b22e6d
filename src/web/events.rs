//! What changes, told to whoever listens, as server-sent events.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use serde_json::Value;
use tokio::sync::{Notify, watch};
use tokio_stream::wrappers::WatchStream;
use tokio_stream::{Stream, StreamExt, StreamMap};

use super::site::{PageKind, Site};
use super::{answers, gallery, listing, runs};

/// From one look at the folders to the next.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);
/// A look may take this share of the time: with a large folder it is seldomer.
const SHARE: u32 = 200;
/// How often whoever listens hears that the server is there.
const HERE: Duration = Duration::from_secs(15);

/// A part of the state, as it was last told; empty before anybody looked.
type Told = watch::Sender<Arc<str>>;

/// What all who listen hear.
#[derive(Debug)]
pub struct News {
    parts: BTreeMap<&'static str, Told>,
    listeners: AtomicUsize,
    somebody: Notify,
}

impl News {
    /// Of a page of this kind.
    pub fn new(kind: PageKind) -> News {
        let names: &[&str] = match kind {
            PageKind::Studio => &["gallery", "runs", "answers", "files"],
            PageKind::Gallery { .. } => &["gallery"],
        };
        let silent = || watch::channel(Arc::from("")).0;
        News {
            parts: names.iter().map(|name| (*name, silent())).collect(),
            listeners: AtomicUsize::new(0),
            somebody: Notify::new(),
        }
    }
}

/// Somebody who listens.
struct Listener(Arc<Site>);

impl Listener {
    fn new(site: Arc<Site>) -> Listener {
        site.news.listeners.fetch_add(1, Ordering::Relaxed);
        site.news.somebody.notify_one();
        Listener(site)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.news.listeners.fetch_sub(1, Ordering::Relaxed);
    }
}

/// `GET /api/events`.
pub async fn listen(
    State(site): State<Arc<Site>>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let mut parts = StreamMap::new();
    for (name, told) in &site.news.parts {
        parts.insert(*name, WatchStream::new(told.subscribe()));
    }
    let listener = Listener::new(site);
    let events = parts.filter_map(move |(name, text)| {
        // It listens for as long as the stream is there.
        let _ = &listener;
        (!text.is_empty()).then(|| Ok(Event::default().event(name).data(text)))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(HERE).text("here"))
}

/// Looks at the folders for as long as somebody listens, and tells what has changed.
pub async fn tell(site: Arc<Site>) {
    loop {
        while site.news.listeners.load(Ordering::Relaxed) == 0 {
            site.news.somebody.notified().await;
        }
        let begun = Instant::now();
        for name in site.news.parts.keys().copied() {
            let looked = tokio::task::spawn_blocking({
                let site = Arc::clone(&site);
                move || part(&site, name).map(|value| value.to_string())
            });
            if let Ok(Some(text)) = looked.await
                && let Some(told) = site.news.parts.get(name)
            {
                told.send_if_modified(|last| {
                    let is_new = **last != *text;
                    if is_new {
                        *last = Arc::from(text);
                    }
                    is_new
                });
            }
        }
        let pause = BETWEEN_LOOKS.max(begun.elapsed() * SHARE);
        let soon = tokio::time::sleep(pause);
        tokio::select! {
            () = soon => {}
            () = site.news.somebody.notified() => tokio::time::sleep(BETWEEN_LOOKS / 10).await,
        }
    }
}

/// The part of the state that is called `name`.
pub fn part(site: &Site, name: &str) -> Option<Value> {
    Some(match name {
        "gallery" => gallery::state(site),
        "runs" => runs::list(&site.place),
        "answers" => answers::list(&site.place),
        "files" => listing::list(site),
        _ => return None,
    })
}
