//! A job: what is asked of a worker, whole enough to be done anywhere.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::error::ClusterError;
use crate::answer::Step;
use crate::as_text::{bytes_from_text, bytes_to_text};
use crate::files;

/// The version of what travels. Workers leave what they do not know to others.
pub(super) const VERSION: u32 = 1;

/// Files by the names that settings call them, as their SHA-256.
pub type Files = BTreeMap<String, String>;

/// What is asked of a worker: all that the bytes of an answer depend on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Brief {
    /// Of what travels: workers leave what they do not know to others.
    pub version: u32,
    /// The seed file's name, in base64: it may be anything.
    pub seed: String,
    pub seed_sha256: String,
    /// The voice that answers, where it has a name.
    pub voice: Option<String>,
    /// What the voice was made of: its plan, what is asked beside that, and what was changed.
    pub plan: Value,
    pub base: Map<String, Value>,
    pub changes: Map<String, Value>,
    pub models: Files,
    /// Sounds that are followed instead of the seed.
    pub guides: Files,
    /// The one variation of a set that is wanted alone, counted from 0; the plan has that one.
    pub only: Option<usize>,
    /// What its stream of random numbers depends on beside the seed.
    pub stream_of: Option<String>,
    /// Longer seeds, in seconds, are not read.
    pub longest_seed: Option<f64>,
    /// Seconds after which there is no answer.
    pub deadline: u64,
}

impl Brief {
    /// A job for the seed called `name`, whose bytes have this hash, of which nothing else is
    /// said yet.
    pub fn new(name: &std::ffi::OsStr, seed_sha256: String) -> Brief {
        Brief {
            version: VERSION,
            seed: bytes_to_text(name.as_encoded_bytes()),
            seed_sha256,
            voice: None,
            plan: Value::Object(Map::new()),
            base: Map::new(),
            changes: Map::new(),
            models: Files::new(),
            guides: Files::new(),
            only: None,
            stream_of: None,
            longest_seed: None,
            deadline: 0,
        }
    }

    /// What the job is known by: a hash of everything that its result depends on.
    pub fn id(&self) -> String {
        files::sha256(&self.to_json())
    }

    /// The name of the seed's file, if a file can be called so here.
    pub(super) fn seed_name(&self) -> Option<std::ffi::OsString> {
        let bytes = bytes_from_text(&self.seed)?;
        let is_inner = |byte: &u8| *byte != b'/' && *byte != b'\\' && *byte != 0;
        let is_name = bytes.iter().all(is_inner) && !bytes.is_empty() && bytes.len() < 256;
        let is_name = is_name && bytes != b"." && bytes != b"..";
        is_name.then(|| os_string(bytes)).flatten()
    }

    fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("plain fields always serialise")
    }
}

#[cfg(unix)]
fn os_string(bytes: Vec<u8>) -> Option<std::ffi::OsString> {
    use std::os::unix::ffi::OsStringExt;
    Some(std::ffi::OsString::from_vec(bytes))
}

#[cfg(not(unix))]
fn os_string(bytes: Vec<u8>) -> Option<std::ffi::OsString> {
    String::from_utf8(bytes).ok().map(Into::into)
}

/// A job as it travels.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Job {
    #[serde(flatten)]
    pub brief: Brief,
    /// What the seed is called in its bucket.
    pub seed_at: String,
}

impl Job {
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("plain fields always serialise")
    }

    pub fn parse(json: &[u8]) -> Result<Job, ClusterError> {
        serde_json::from_slice(json).map_err(|error| ClusterError::Broken {
            name: "a job".to_owned(),
            what: error.to_string(),
        })
    }
}

/// What is said of a job while it is worked on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Word {
    Step(Step),
    /// Its result is stored.
    Ended,
    /// Nobody does it any more, and it is to be sent again.
    Again,
}

impl Word {
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Nothing, where it is none.
    pub fn parse(json: &[u8]) -> Option<Word> {
        serde_json::from_slice(json).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brief() -> Brief {
        Brief::new("melody.wav".as_ref(), "ab".to_owned())
    }

    #[test]
    fn a_job_is_known_by_all_that_its_result_depends_on() {
        let others = [
            Brief {
                seed_sha256: "ac".to_owned(),
                ..brief()
            },
            Brief {
                voice: Some("bells".to_owned()),
                ..brief()
            },
            Brief {
                only: Some(0),
                ..brief()
            },
            Brief {
                stream_of: Some("1 melody.wav".to_owned()),
                ..brief()
            },
            Brief {
                models: Files::from([("vector".to_owned(), "cd".to_owned())]),
                ..brief()
            },
        ];
        for other in others {
            assert_ne!(other.id(), brief().id(), "{other:?}");
        }
        let job = Job {
            brief: brief(),
            seed_at: "x".to_owned(),
        };
        let read = Job::parse(&job.to_json()).unwrap();
        assert_eq!(read.brief, brief());
        assert_eq!(read.brief.id(), brief().id());
    }

    #[test]
    fn a_seed_that_leads_out_of_its_folder_has_no_name() {
        assert_eq!(brief().seed_name().unwrap(), "melody.wav");
        for name in ["../x", "/etc/passwd", "..", ".", "a\\b", ""] {
            let brief = Brief::new(name.as_ref(), String::new());
            assert_eq!(brief.seed_name(), None, "{name}");
        }
    }

    #[test]
    fn words_are_written_as_they_are_read() {
        for word in [Word::Step(Step::Share(0.5)), Word::Ended, Word::Again] {
            assert_eq!(Word::parse(&word.to_json()), Some(word));
        }
    }
}
