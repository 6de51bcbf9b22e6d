//! What is said: a message a file.

mod cancelled;
mod done;
mod error;
mod heard;
mod help;
mod log;
mod model;
mod pong;
mod progress;
mod ready;
mod replayed;
mod reset;
mod seen;
mod set;
mod skipped;
mod status;
mod value;
mod variation;
mod voice;

use std::path::Path;

use rosc::OscType;
use serde_json::Value as Json;

pub use cancelled::Cancelled;
pub use done::Done;
pub use error::Error;
pub use heard::Heard;
pub use help::Help;
pub use log::Log;
pub use model::Model;
pub use pong::Pong;
pub use progress::Progress;
pub use ready::Ready;
pub use replayed::Replayed;
pub use reset::Reset;
pub use seen::Seen;
pub use set::Set;
pub use skipped::Skipped;
pub use status::Status;
pub use value::Value;
pub use variation::Variation;
pub use voice::Voice;

use super::table::{Form, ID, Kind, once};
use crate::watch::Event;

/// All that is said.
pub const SAID: [Form; 19] = [
    Ready::FORM,
    Seen::FORM,
    Heard::FORM,
    Progress::FORM,
    Variation::FORM,
    Done::FORM,
    Set::FORM,
    Cancelled::FORM,
    Skipped::FORM,
    Error::FORM,
    Status::FORM,
    Value::FORM,
    Model::FORM,
    Voice::FORM,
    Replayed::FORM,
    Reset::FORM,
    Log::FORM,
    Help::FORM,
    Pong::FORM,
];

/// What can be said.
pub trait Said {
    /// How it is written.
    const FORM: Form;

    /// It, to be sent.
    fn message(&self) -> Message;

    /// A message of this form.
    fn with(arguments: Vec<OscType>) -> Message {
        Message {
            verb: Self::FORM.verb,
            arguments,
        }
    }
}

/// A message before it is known to whom it goes.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// What stands at the end of its address.
    pub verb: &'static str,
    pub arguments: Vec<OscType>,
}

/// What is said of `event`, in this order.
pub fn messages(event: &Event) -> Vec<Message> {
    let message = match event {
        Event::Ready => Ready.message(),
        Event::Seen { id, name, .. } => Seen { id: *id, name }.message(),
        Event::Heard { id, heard, .. } => Heard { id: *id, heard }.message(),
        Event::Progress {
            id, percent, eta, ..
        } => Progress {
            id: *id,
            percent: *percent,
            eta: *eta,
        }
        .message(),
        Event::Done {
            id, path, seconds, ..
        } => Done {
            id: *id,
            path,
            seconds: *seconds,
        }
        .message(),
        Event::SetDone {
            id,
            path,
            variations,
            ..
        } => return of_set(*id, path, variations),
        Event::Failed { id, reason, .. } => Error {
            id: *id,
            text: reason,
        }
        .message(),
        Event::Cancelled { id, .. } => Cancelled { id: *id }.message(),
        Event::Skipped { id, name, .. } => Skipped { id: *id, name }.message(),
        Event::Trouble { reason: text } | Event::Remark { text } => Error { id: 0, text }.message(),
        Event::Alive { .. } => return Vec::new(),
    };
    vec![message]
}

/// The set comes last: whoever hears of it has heard of all its variations.
fn of_set(id: i32, path: &Path, variations: &[(std::path::PathBuf, f64)]) -> Vec<Message> {
    let variation = |(n, (path, seconds)): (usize, &(std::path::PathBuf, f64))| {
        Variation {
            id,
            number: n + 1,
            path,
            seconds: *seconds,
        }
        .message()
    };
    let mut messages: Vec<_> = variations.iter().enumerate().map(variation).collect();
    let count = variations.len();
    messages.push(Set { id, count, path }.message());
    messages
}

/// A path as other programs read it on all systems: with slashes, and without the mark
/// that Windows puts in front of long ones.
fn text(path: &Path) -> OscType {
    let path = path.to_string_lossy();
    match cfg!(windows) {
        true => with_slashes(&path).into(),
        false => path.into_owned().into(),
    }
}

/// A path of Windows as all programs there read it.
fn with_slashes(path: &str) -> String {
    let path = match path.strip_prefix(r"\\?\UNC\") {
        Some(share) => format!(r"\\{share}"),
        None => path.strip_prefix(r"\\?\").unwrap_or(path).to_owned(),
    };
    path.replace('\\', "/")
}

fn float(number: f64) -> OscType {
    OscType::Float(number as f32)
}

fn int(number: usize) -> OscType {
    OscType::Int(i32::try_from(number).unwrap_or(i32::MAX))
}

/// A number or a word as itself, anything else as text in JSON.
fn of_json(value: &Json) -> OscType {
    match value {
        Json::String(text) => text.as_str().into(),
        Json::Number(number) => match number.as_i64().map(i32::try_from) {
            Some(Ok(int)) => OscType::Int(int),
            _ => float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::Bool(is) => OscType::Int(i32::from(*is)),
        Json::Null => "default".into(),
        other => other.to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::osc::table::Count;

    /// Whether the arguments of `message` are those that its form has.
    fn is_as_its_form(message: &Message) -> bool {
        let form = SAID.iter().find(|form| form.verb == message.verb).unwrap();
        let kinds = form.arguments.iter().flat_map(|argument| {
            let count = match argument.count {
                Count::Twelve => 12,
                _ => 1,
            };
            std::iter::repeat_n(argument.kind, count)
        });
        let fits = |(kind, argument): (Kind, &OscType)| match kind {
            Kind::Int => matches!(argument, OscType::Int(_)),
            Kind::Float => matches!(argument, OscType::Float(_)),
            Kind::Text => matches!(argument, OscType::String(_)),
            Kind::Value => true,
        };
        let kinds: Vec<_> = kinds.collect();
        kinds.len() == message.arguments.len()
            && kinds.into_iter().zip(&message.arguments).all(fits)
    }

    #[test]
    fn all_is_said_as_the_table_has_it() {
        let (path, form) = (Path::new("/a.wav"), Ready::FORM);
        let json = serde_json::json!(0.5);
        let heard = crate::answer::Heard {
            loudness: -20.0,
            loudest: -10.0,
            seconds: 1.0,
            pitch_classes: [0.5; 12],
        };
        let all = [
            Ready.message(),
            Seen { id: 1, name: "a" }.message(),
            Heard {
                id: 1,
                heard: &heard,
            }
            .message(),
            Progress {
                id: 1,
                percent: 25,
                eta: 3.0,
            }
            .message(),
            Variation {
                id: 1,
                number: 1,
                path,
                seconds: 1.0,
            }
            .message(),
            Done {
                id: 1,
                path,
                seconds: 1.0,
            }
            .message(),
            Set {
                id: 1,
                count: 1,
                path,
            }
            .message(),
            Cancelled { id: 1 }.message(),
            Skipped { id: 1, name: "a" }.message(),
            Error { id: 1, text: "a" }.message(),
            Status::default().message(),
            Value {
                key: "a",
                value: &json,
            }
            .message(),
            Model { name: "a" }.message(),
            Voice { name: "a" }.message(),
            Replayed { count: 1 }.message(),
            Reset.message(),
            Log {
                level: "info",
                text: "a",
            }
            .message(),
            Help { form }.message(),
            Pong.message(),
        ];
        for (message, form) in all.iter().zip(SAID) {
            assert_eq!(message.verb, form.verb);
            assert!(is_as_its_form(message), "{message:?}");
        }
    }

    #[test]
    fn events_are_flat_messages_of_ints_floats_and_strings() {
        let done = messages(&Event::Done {
            id: 3,
            voice: None,
            path: "/tmp/a.0001.wav".into(),
            seconds: 10.0,
        });
        let expected = [
            OscType::Int(3),
            "/tmp/a.0001.wav".into(),
            OscType::Float(10.0),
        ];
        assert_eq!(done, [Done::with(expected.to_vec())]);
        assert_eq!(messages(&Event::Ready), [Ready::with(vec![])]);
        let arriving = Vec::new();
        assert_eq!(
            messages(&Event::Alive {
                arriving,
                trouble: None,
            }),
            []
        );
    }

    #[test]
    fn a_set_is_told_of_after_its_variations() {
        let set = messages(&Event::SetDone {
            id: 3,
            voice: None,
            path: "/tmp/a.0001".into(),
            variations: vec![
                ("/tmp/a.0001/01.wav".into(), 1.5),
                ("/tmp/a.0001/02.wav".into(), 2.0),
            ],
        });
        let verbs: Vec<_> = set.iter().map(|message| message.verb).collect();
        assert_eq!(verbs, ["variation", "variation", "set"]);
        let second = [
            OscType::Int(3),
            OscType::Int(2),
            "/tmp/a.0001/02.wav".into(),
            OscType::Float(2.0),
        ];
        assert_eq!(set[1].arguments, second);
        let whole = [OscType::Int(3), OscType::Int(2), "/tmp/a.0001".into()];
        assert_eq!(set[2].arguments, whole);
    }

    #[test]
    fn paths_of_windows_are_written_as_programs_read_them() {
        for (path, expected) in [
            (r"\\?\C:\watch\a b.wav", "C:/watch/a b.wav"),
            (r"\\?\UNC\server\watch\a.wav", "//server/watch/a.wav"),
            (r"C:\a.wav", "C:/a.wav"),
        ] {
            assert_eq!(with_slashes(path), expected);
        }
    }

    #[test]
    fn values_are_numbers_and_words_where_they_can_be() {
        let of = |json| of_json(&json);
        assert_eq!(of(serde_json::json!(3)), OscType::Int(3));
        assert_eq!(of(serde_json::json!(0.5)), OscType::Float(0.5));
        assert_eq!(of(serde_json::json!("phrase")), "phrase".into());
        assert_eq!(of(serde_json::json!([[0, 1]])), "[[0,1]]".into());
        assert_eq!(of(Json::Null), "default".into());
    }
}
