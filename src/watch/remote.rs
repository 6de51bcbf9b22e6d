//! What somebody asks of a running watch from outside the folders: to answer a sound that
//! lies elsewhere, or to give up seeds.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, Sender};

use serde_json::{Map, Value};

use super::Message;

/// Hears later what has become of something, or why nothing has.
pub type Later<T> = Box<dyn FnOnce(Result<T, String>) + Send>;

/// Which jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The one of this number.
    Job(i32),
    /// All that have not come to their end.
    All,
}

impl Which {
    /// Whether the job of this number is meant.
    pub fn means(self, id: i32) -> bool {
        self == Which::All || self == Which::Job(id)
    }
}

/// A sound that is to be answered.
#[derive(Debug)]
pub struct Request {
    pub sound: Sound,
    /// Who is to answer it, if not the default voice.
    pub voice: Option<String>,
    /// What is asked of this answer alone.
    pub asked: Map<String, Value>,
}

/// Where a sound is.
#[derive(Debug, PartialEq, Eq)]
pub enum Sound {
    /// Under this name where seeds are put for the request's voice.
    Waiting(OsString),
    /// Copied to where it can be taken, and to be called so.
    Copied { file: PathBuf, name: OsString },
}

/// Asks a watch from any thread. What is asked when nobody watches any more is dropped.
#[derive(Clone)]
pub struct Remote(Sender<Message>);

impl Remote {
    /// Has a sound answered; `later` hears the job's number before its event is told.
    pub fn answer(&self, request: Request, later: Later<i32>) {
        let _ = self.0.send(Message::Answer(request, later));
    }

    /// Gives up jobs; `later` hears how many, after each was told of.
    pub fn cancel(&self, which: Which, later: Later<usize>) {
        let _ = self.0.send(Message::Cancel(which, later));
    }
}

/// Where what is asked, and all else that a watch has to hear, arrives.
pub struct Mailbox {
    pub(super) sender: Sender<Message>,
    pub(super) messages: Receiver<Message>,
}

/// A mailbox, and what asks through it.
pub fn mailbox() -> (Remote, Mailbox) {
    let (sender, messages) = mpsc::channel();
    (Remote(sender.clone()), Mailbox { sender, messages })
}

impl Mailbox {
    /// Refuses all that is asked meanwhile, because of `why`.
    pub(super) fn refuse_all(&self, why: &str) {
        for message in self.messages.try_iter() {
            message.refuse(why);
        }
    }
}
