//! When a file is complete, by evidence, strongest first:
//!
//! 1. somebody has it open for writing ([`writers::has_writer`]): it is not;
//! 2. by the system's notifications its writer has not closed it: it is not;
//! 3. a download that is to become this file goes on beside it: it is not;
//! 4. its header is missing, stands alone, or promises more than is there, or
//!    parts of it were never filled: it may be, when nothing has come for as
//!    long as patience lasts;
//! 5. nobody writes it, or its writer closed it: it is;
//! 6. nothing of that is known: it is when it has rested for longer than its
//!    recorder ever paused.

use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::audio;
use crate::audio::header::{bytes_per_second, header_agrees_with_length};
use crate::audio::{HeaderCheck, Lack};
use crate::system::{self, writers};

/// The shortest rest of a file that nothing else is known of.
const SHORTEST_REST: Duration = Duration::from_millis(500);
/// The same for files whose header does not tell their byte rate.
const REST_OF_UNKNOWN: Duration = Duration::from_secs(2);
/// What Pd writes at a time while it records.
const BLOCK_BYTES: f64 = 65536.0;
/// A block may come later than it was due by half of the time that it lasts.
const BLOCKS: f64 = 1.5;
/// The next pause may last twice as long as the longest so far.
const PAUSES: u32 = 2;

/// What a file's content says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    header: HeaderCheck,
    /// Whether its length was set before all of it was written.
    has_holes: bool,
    /// By its header.
    bytes_per_second: Option<u64>,
}

impl Content {
    /// Of the file at `path`, opened as `file`.
    pub fn of(path: &Path, file: &File) -> io::Result<Content> {
        let header = header_agrees_with_length(path).map_err(|error| match error {
            audio::AudioError::CannotOpen { cause, .. }
            | audio::AudioError::CannotRead { cause, .. } => cause,
            other => io::Error::other(other.to_string()),
        })?;
        Ok(Content {
            header,
            has_holes: system::has_holes(file),
            bytes_per_second: bytes_per_second(path),
        })
    }

    /// Whether it is a sound, or may become one, going by content and `name`.
    pub fn may_be_a_seed(&self, name: &OsStr) -> bool {
        let is_none = matches!(
            self.header,
            HeaderCheck::NotRecognised(_) | HeaderCheck::Incomplete(Lack::Header)
        );
        !is_none || audio::is_called_a_sound(name)
    }

    fn lacks(&self) -> Option<Lacking> {
        match self.header {
            HeaderCheck::Incomplete(lack) => Some(Lacking::ByHeader(lack)),
            _ => self.has_holes.then_some(Lacking::Parts),
        }
    }
}

/// Why a file does not look complete, though nobody may be writing it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lacking {
    /// What its header says is not there.
    ByHeader(Lack),
    /// Parts of it were never written.
    Parts,
}

impl fmt::Display for Lacking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Lacking::ByHeader(Lack::Header) => f.write_str("it has no header yet"),
            Lacking::ByHeader(Lack::Sound) => f.write_str("its header stands there alone"),
            Lacking::ByHeader(Lack::Size) => {
                f.write_str("its recorder has not written its length yet")
            }
            Lacking::ByHeader(Lack::Rest { declared, present }) => {
                write!(f, "{present} of {declared} bytes are there")
            }
            Lacking::Parts => f.write_str("parts of it are not filled yet"),
        }
    }
}

/// What is known of a file that arrives.
#[derive(Clone, Debug)]
pub struct Evidence<'a> {
    /// Whether some process has it open for writing.
    pub has_writer: Option<bool>,
    /// Whether its last writer closed it, going by notifications.
    pub closed: Option<bool>,
    /// Whether a download goes on that is to become this file.
    pub is_downloaded: bool,
    /// What is in it.
    pub content: &'a Content,
    /// Since it was last seen to change.
    pub unchanged: Duration,
    /// The longest time between two changes so far.
    pub longest_pause: Duration,
    /// How often it was taken for complete and then went on changing: what was
    /// believed then is believed no more.
    pub mistaken: u32,
}

/// Whether a file is complete, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is.
    Complete(Proof),
    /// It may not be.
    Incomplete(Doubt),
}

/// Why a file is taken for complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// No process has it open for writing.
    NoWriter,
    /// By the system's notifications its writer closed it.
    Closed,
    /// It has not changed for this long.
    Rested(Duration),
    /// Nothing more came, whatever it lacks.
    PatienceOver(Lacking),
}

/// Why a file is not taken for complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// A process has it open for writing.
    HasWriter,
    /// By the system's notifications its writer has not closed it.
    NotClosed,
    /// A download that is to become this file is not whole yet.
    Download,
    /// It lacks something, and has this much time left to become whole.
    Lacks(Lacking, Duration),
    /// It has to rest for this much longer.
    Restless(Duration),
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Proof::NoWriter => f.write_str("nobody has it open for writing"),
            Proof::Closed => f.write_str("its writer closed it"),
            Proof::Rested(time) => write!(f, "it rested for {:.1} s", time.as_secs_f64()),
            Proof::PatienceOver(lacking) => write!(f, "nothing more came, though {lacking}"),
        }
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Doubt::HasWriter => f.write_str("a program has it open for writing"),
            Doubt::NotClosed => f.write_str("its writer has not closed it"),
            Doubt::Download => f.write_str("a download beside it is not whole yet"),
            Doubt::Lacks(lacking, left) => {
                write!(
                    f,
                    "{lacking}; that is waited for, {:.0} s more",
                    left.as_secs_f64()
                )
            }
            Doubt::Restless(left) => {
                write!(
                    f,
                    "it may go on changing; it rests {:.1} s more",
                    left.as_secs_f64()
                )
            }
        }
    }
}

impl Evidence<'_> {
    /// What follows from it, where a file that lacks something is waited for
    /// with `patience`.
    pub fn decide(&self, patience: Duration) -> Decision {
        match (self.has_writer, self.closed) {
            (Some(true), _) => return Decision::Incomplete(Doubt::HasWriter),
            (None, Some(false)) => return Decision::Incomplete(Doubt::NotClosed),
            _ if self.is_downloaded => return Decision::Incomplete(Doubt::Download),
            _ => {}
        }
        let left = |needed: Duration| needed.checked_sub(self.unchanged).filter(|d| !d.is_zero());
        if let Some(lacking) = self.content.lacks() {
            return match left(patience) {
                Some(left) => Decision::Incomplete(Doubt::Lacks(lacking, left)),
                None => Decision::Complete(Proof::PatienceOver(lacking)),
            };
        }
        let believed = self.mistaken == 0;
        match (self.has_writer, self.closed) {
            (Some(false), closed) if believed => Decision::Complete(match closed {
                Some(true) => Proof::Closed,
                _ => Proof::NoWriter,
            }),
            (None, Some(true)) if believed => Decision::Complete(Proof::Closed),
            _ => match left(self.rest_needed().min(patience)) {
                Some(left) => Decision::Incomplete(Doubt::Restless(left)),
                None => Decision::Complete(Proof::Rested(self.unchanged)),
            },
        }
    }

    fn rest_needed(&self) -> Duration {
        let of_blocks = match self.content.bytes_per_second {
            Some(rate) if rate > 0 => Duration::from_secs_f64(BLOCKS * BLOCK_BYTES / rate as f64),
            _ => REST_OF_UNKNOWN,
        };
        let of_mistakes = match self.mistaken {
            0 => Duration::ZERO,
            n => REST_OF_UNKNOWN * 2_u32.saturating_pow(n - 1),
        };
        SHORTEST_REST
            .max(of_blocks)
            .max(of_mistakes)
            .max(self.longest_pause * PAUSES)
    }
}

/// Whether the file at `path` is a sound or may become one; what cannot be read
/// may well.
pub fn may_be_a_seed(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    if audio::is_called_a_sound(name) {
        return true;
    }
    let content = File::open(path).and_then(|file| Content::of(path, &file));
    content.map_or(true, |content| content.may_be_a_seed(name))
}

/// Whether some process has the file at `path` open for writing.
pub fn has_writer(path: &Path) -> Option<bool> {
    writers::has_writer(&File::open(path).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(30);

    fn content(header: HeaderCheck) -> Content {
        Content {
            header,
            has_holes: false,
            bytes_per_second: Some(192_000),
        }
    }

    /// What nothing is known of but its content.
    fn of(content: &Content) -> Evidence<'_> {
        Evidence {
            has_writer: None,
            closed: None,
            is_downloaded: false,
            content,
            unchanged: Duration::ZERO,
            longest_pause: Duration::ZERO,
            mistaken: 0,
        }
    }

    fn is_complete(evidence: &Evidence) -> bool {
        matches!(evidence.decide(PATIENCE), Decision::Complete(_))
    }

    const LONG: Duration = Duration::from_secs(1_000_000);

    #[test]
    fn what_is_open_for_writing_is_never_complete() {
        for header in [HeaderCheck::Complete, HeaderCheck::OpenEnded] {
            let content = content(header);
            let open = Evidence {
                has_writer: Some(true),
                closed: Some(true),
                unchanged: LONG,
                ..of(&content)
            };
            assert_eq!(
                open.decide(PATIENCE),
                Decision::Incomplete(Doubt::HasWriter)
            );
            let not_closed = Evidence {
                has_writer: None,
                closed: Some(false),
                ..open
            };
            let decision = not_closed.decide(PATIENCE);
            assert_eq!(decision, Decision::Incomplete(Doubt::NotClosed));
        }
    }

    #[test]
    fn what_is_closed_with_a_header_that_agrees_is_complete_at_once() {
        let complete = content(HeaderCheck::Complete);
        let closed = Evidence {
            closed: Some(true),
            ..of(&complete)
        };
        assert_eq!(closed.decide(PATIENCE), Decision::Complete(Proof::Closed));
        // The lease knows better than a notification that was lost.
        let unwritten = Evidence {
            has_writer: Some(false),
            closed: Some(false),
            ..of(&complete)
        };
        assert_eq!(
            unwritten.decide(PATIENCE),
            Decision::Complete(Proof::NoWriter)
        );
        let pipe = content(HeaderCheck::OpenEnded);
        assert!(is_complete(&Evidence {
            has_writer: Some(false),
            ..of(&pipe)
        }));
    }

    #[test]
    fn what_lacks_something_is_waited_for_with_patience_though_nobody_writes_it() {
        let lacks = [
            Lack::Header,
            Lack::Sound,
            Lack::Size,
            Lack::Rest {
                declared: 100,
                present: 50,
            },
        ];
        let mut lacking: Vec<Content> = lacks
            .map(|lack| content(HeaderCheck::Incomplete(lack)))
            .into();
        lacking.push(Content {
            has_holes: true,
            ..content(HeaderCheck::Complete)
        });
        for content in &lacking {
            let at = |unchanged| Evidence {
                has_writer: Some(false),
                closed: Some(true),
                unchanged,
                ..of(content)
            };
            assert!(
                !is_complete(&at(PATIENCE - Duration::from_millis(1))),
                "{content:?}"
            );
            assert!(is_complete(&at(PATIENCE)), "{content:?}");
        }
    }

    #[test]
    fn what_nothing_is_known_of_rests_for_longer_than_its_recorder_ever_paused() {
        let complete = content(HeaderCheck::Complete);
        let at = |unchanged: f64, longest_pause: f64| Evidence {
            unchanged: Duration::from_secs_f64(unchanged),
            longest_pause: Duration::from_secs_f64(longest_pause),
            ..of(&complete)
        };
        // A block of 64 KiB lasts for a third of a second.
        assert!(!is_complete(&at(0.5, 0.0)));
        assert!(is_complete(&at(0.52, 0.0)));
        assert!(!is_complete(&at(1.9, 1.0)));
        assert!(is_complete(&at(2.0, 1.0)));
        // No rest is longer than patience.
        assert!(is_complete(&at(30.0, 100.0)));
    }

    #[test]
    fn who_was_mistaken_once_waits_longer_each_time() {
        let complete = content(HeaderCheck::Complete);
        let after = |mistaken, seconds| Evidence {
            has_writer: Some(false),
            closed: Some(true),
            mistaken,
            unchanged: Duration::from_secs(seconds),
            ..of(&complete)
        };
        assert!(is_complete(&after(0, 0)));
        assert!(!is_complete(&after(1, 1)) && is_complete(&after(1, 2)));
        assert!(!is_complete(&after(3, 7)) && is_complete(&after(3, 8)));
        assert!(is_complete(&after(u32::MAX, 30)));
    }
}
