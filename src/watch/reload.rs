//! A model file that changes while its model answers.

use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use super::Message;
use super::answers::Answers;
use crate::system::stamp::Stamp;

/// A model file is loaded when it has not changed for this long: whoever copies it
/// writes more often.
const REST: Duration = Duration::from_secs(1);

/// Where answers come from.
pub trait AnswerSource: Send + Sync {
    /// What answers, loaded, checked and warmed.
    ///
    /// # Errors
    ///
    /// Why it cannot answer, in a sentence.
    fn load(&self) -> Result<Box<dyn Answers>, String>;

    /// Changes when there is something else to load; `None` while there is
    /// nothing, or of what never changes.
    fn stamp(&self) -> Option<Stamp>;

    /// What keeps every seed from being answered now, in a sentence: then all wait. It is
    /// asked once a second.
    fn lacking(&self) -> Option<String> {
        None
    }
}

/// Sees when a source has something else, and has it loaded beside the work.
pub struct Reload {
    source: Arc<dyn AnswerSource>,
    loaded: Option<Stamp>,
    /// What has been there for how long.
    candidate: Option<(Stamp, Instant)>,
    loading: bool,
}

impl Reload {
    /// What `source` has now is loaded already.
    pub fn new(source: Arc<dyn AnswerSource>) -> Reload {
        Reload {
            loaded: source.stamp(),
            source,
            candidate: None,
            loading: false,
        }
    }

    /// Looks once; when something else is there, and rests, it is loaded
    /// `count` times on a thread of its own, which tells `messages`.
    pub fn look(&mut self, count: usize, messages: &Sender<Message>) {
        let Some(stamp) = self.source.stamp() else {
            return;
        };
        if self.loading || self.loaded.as_ref() == Some(&stamp) {
            return;
        }
        match &self.candidate {
            Some((candidate, since)) if *candidate == stamp => {
                if since.elapsed() < REST {
                    return;
                }
            }
            _ => {
                self.candidate = Some((stamp, Instant::now()));
                return;
            }
        }
        // Whatever comes of it: only another file is worth another try.
        self.loaded = Some(stamp);
        self.loading = true;
        let (source, messages) = (Arc::clone(&self.source), messages.clone());
        std::thread::spawn(move || {
            let loaded = (0..count).map(|_| source.load()).collect();
            let _ = messages.send(Message::Loaded(loaded));
        });
    }

    /// What keeps every seed from being answered now.
    pub fn lacking(&self) -> Option<String> {
        self.source.lacking()
    }

    /// The thread has told.
    pub fn finished(&mut self) {
        self.loading = false;
    }
}
