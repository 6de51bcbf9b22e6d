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
/// A look may take this share of the time: with a large folder it is seldomer, but not seldomer
/// than this.
const SHARE: u32 = 200;
const LONGEST_PAUSE: Duration = Duration::from_secs(20);
/// How long whoever listens hears nothing, and then that the server is there.
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
    // As an event, not a comment: pages are not told of comments, and a connection to a machine
    // that is gone looks like one on which nothing changes.
    let here = Event::default().event("here").data("{}");
    Sse::new(events).keep_alive(KeepAlive::new().interval(HERE).event(here))
}

/// Looks at the folders for as long as somebody listens, and tells what has changed.
pub async fn tell(site: Arc<Site>) {
    let mut due: BTreeMap<&str, Instant> = BTreeMap::new();
    loop {
        while site.news.listeners.load(Ordering::Relaxed) == 0 {
            site.news.somebody.notified().await;
        }
        let now = Instant::now();
        for (name, told) in &site.news.parts {
            if due.get(name).is_some_and(|due| *due > now) {
                continue;
            }
            let looked = tokio::task::spawn_blocking({
                let (site, name) = (Arc::clone(&site), *name);
                move || {
                    let begun = Instant::now();
                    let text = part(&site, name).map(|value| value.to_string());
                    (text, begun.elapsed())
                }
            });
            // Who panics is asked again after the longest pause.
            let (text, took) = looked.await.unwrap_or((None, LONGEST_PAUSE));
            let pause = (took * SHARE).clamp(BETWEEN_LOOKS, LONGEST_PAUSE);
            due.insert(name, Instant::now() + pause);
            if let Some(text) = text {
                told.send_if_modified(|last| {
                    let is_new = **last != *text;
                    if is_new {
                        *last = Arc::from(text);
                    }
                    is_new
                });
            }
        }
        let next = due.values().min().copied();
        let next = next.unwrap_or_else(|| Instant::now() + BETWEEN_LOOKS);
        tokio::select! {
            () = tokio::time::sleep_until(next.into()) => {}
            () = site.news.somebody.notified() => {
                // What was seen last may be old, if nobody has listened since.
                tokio::time::sleep(BETWEEN_LOOKS / 10).await;
                due.clear();
            }
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
