//! What the messages of a packet want, and why others are dropped.

use super::Prefix;
use super::heard::{Arguments, Command, HEARD};
use super::packet::{Contents, DEEPEST, HeardMessage, MOST_MESSAGES};
use super::pattern::matches;
use super::said::SAID;
use super::table::Form;

/// Characters of an unknown address that are told: a line of the log stays one line.
const TOLD: usize = 80;
/// Likeness from which on a known address may be what was meant.
const LIKELY: f64 = 0.85;

/// Why a packet, or a message of a bundle, was dropped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("it is empty")]
    Empty,
    #[error(
        "it is no OSC: it begins neither with an address nor with #bundle (in Pd, write \
         [oscformat] before [netsend -u -b])"
    )]
    NoOsc,
    #[error("a bundle in it is cut off, or says that it is longer than it is")]
    CutOff,
    #[error("bundles lie in bundles more than {DEEPEST} deep")]
    TooDeep,
    #[error("it holds more than {MOST_MESSAGES} messages")]
    TooMany,
    /// An address of ours, with arguments that do not belong to it.
    #[error("{address}: {what}; it goes so: {address} {usage}")]
    Arguments {
        address: String,
        usage: String,
        what: String,
    },
    /// An address that looks like one of ours.
    #[error("antiphon does not know {address:?}{hint}")]
    Unknown { address: String, hint: String },
    #[error("{address:?} is not antiphon's; all it understands begins with {begin}")]
    Foreign { address: String, begin: String },
}

impl Refusal {
    /// A word for it, which stays the same.
    pub fn key(&self) -> &'static str {
        match self {
            Refusal::Empty => "empty",
            Refusal::NoOsc => "no-osc",
            Refusal::CutOff => "cut-off",
            Refusal::TooDeep => "too-deep",
            Refusal::TooMany => "too-many",
            Refusal::Arguments { .. } => "arguments",
            Refusal::Unknown { .. } | Refusal::Foreign { .. } => "unknown",
        }
    }

    /// Whether whoever sent it is told: it was meant for antiphon, by somebody who is
    /// not antiphon.
    pub fn is_answered(&self) -> bool {
        matches!(self, Refusal::Arguments { .. } | Refusal::Unknown { .. })
    }
}

/// What a packet says.
#[derive(Debug, Default, PartialEq)]
pub struct Understood {
    /// What is wanted, in the order in which it is.
    pub commands: Vec<Command>,
    /// Why the rest is dropped.
    pub refusals: Vec<Refusal>,
}

/// What `packet` says, where all addresses have `prefix` in front.
pub fn understand(packet: &[u8], prefix: &Prefix) -> Understood {
    let Contents { messages, refusals } = match Contents::of(packet) {
        Ok(contents) => contents,
        Err(refusal) => {
            return Understood {
                commands: vec![],
                refusals: vec![refusal],
            };
        }
    };
    let mut understood = Understood {
        commands: vec![],
        refusals,
    };
    for message in messages {
        understood.add(&message, prefix);
    }
    understood
}

impl Understood {
    fn add(&mut self, message: &HeardMessage, prefix: &Prefix) {
        let pattern = message.address;
        let is_plain =
            !pattern.iter().any(|c| b"?*[]{}".contains(c)) && !pattern.starts_with(b"//");
        let mut is_known = false;
        for (form, read) in HEARD {
            if !matches(pattern, &prefix.address(form.verb)) {
                continue;
            }
            is_known = true;
            match read(&mut Arguments::new(message.arguments())) {
                Ok(command) if is_plain || command.is_harmless() => self.commands.push(command),
                Err(what) if is_plain => self.refusals.push(bad_arguments(form, prefix, what)),
                // A pattern that means all means those that need nothing and change nothing.
                _ => {}
            }
        }
        if !is_known {
            self.refusals.push(unknown(pattern, is_plain, prefix));
        }
    }
}

fn bad_arguments(form: Form, prefix: &Prefix, what: String) -> Refusal {
    Refusal::Arguments {
        address: prefix.address(form.verb),
        usage: form.usage(),
        what: what.chars().take(TOLD).collect(),
    }
}

fn unknown(pattern: &[u8], is_plain: bool, prefix: &Prefix) -> Refusal {
    let begin = prefix.address("");
    let text = String::from_utf8_lossy(pattern);
    let address: String = text.chars().take(TOLD).collect();
    let verb = text.strip_prefix(&begin).filter(|_| is_plain);
    match verb {
        // What antiphon says itself comes from another antiphon, or went in a circle.
        Some(verb) if SAID.iter().all(|form| form.verb != verb) => Refusal::Unknown {
            hint: hint(&address, prefix),
            address,
        },
        _ => Refusal::Foreign { address, begin },
    }
}

/// The nearest address that is known, or where all are told.
fn hint(address: &str, prefix: &Prefix) -> String {
    let verb = &address[prefix.address("").len().min(address.len())..];
    let nearest = HEARD
        .iter()
        .map(|(form, _)| (strsim::jaro_winkler(verb, form.verb), form.verb))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest {
        Some((likeness, nearest)) if likeness > LIKELY => {
            format!("; did you mean {}?", prefix.address(nearest))
        }
        _ => format!("; {} says what it knows", prefix.address("help")),
    }
}

#[cfg(test)]
mod tests {
    use rosc::{OscMessage, OscPacket, OscType};

    use super::*;
    use crate::osc::house::{LogLevel, Wanted};
    use crate::watch::Which;

    fn say(verb: &str, arguments: Vec<OscType>) -> Understood {
        let message = OscMessage {
            addr: format!("/antiphon/{verb}"),
            args: arguments,
        };
        let packet = rosc::encoder::encode(&OscPacket::Message(message)).unwrap();
        understand(&packet, &Prefix::default())
    }

    fn wanted(verb: &str, arguments: Vec<OscType>) -> Command {
        let Understood { commands, refusals } = say(verb, arguments);
        assert_eq!(refusals, []);
        commands.into_iter().next().unwrap()
    }

    fn refused(verb: &str, arguments: Vec<OscType>) -> String {
        let Understood { commands, refusals } = say(verb, arguments);
        assert_eq!(commands, []);
        assert!(refusals[0].is_answered());
        refusals[0].to_string()
    }

    #[test]
    fn every_message_of_the_table_is_understood() {
        let json = |json: serde_json::Value| json;
        for (verb, arguments, expected) in [
            ("ping", vec![], Command::Ping),
            ("status", vec![OscType::Float(1.0)], Command::Status),
            (
                "generate",
                vec!["a.wav".into(), "follow".into(), OscType::Float(0.7)],
                Command::Generate(Wanted {
                    path: "a.wav".to_owned(),
                    values: [("follow".to_owned(), json(0.7.into()))]
                        .into_iter()
                        .collect(),
                }),
            ),
            (
                "cancel",
                vec![OscType::Float(3.0)],
                Command::Cancel(Which::Job(3)),
            ),
            ("cancel", vec!["all".into()], Command::Cancel(Which::All)),
            (
                "model",
                vec!["vector".into()],
                Command::Model("vector".to_owned()),
            ),
            (
                "voice",
                vec!["bells".into()],
                Command::Voice("bells".to_owned()),
            ),
            (
                "set",
                vec!["seconds".into(), OscType::Float(4.0)],
                Command::Set {
                    key: "seconds".to_owned(),
                    value: json(4.into()),
                },
            ),
            (
                "get",
                vec!["seconds".into()],
                Command::Get {
                    key: "seconds".to_owned(),
                },
            ),
            (
                "follow",
                vec![OscType::Double(0.5)],
                Command::Set {
                    key: "follow".to_owned(),
                    value: json(0.5.into()),
                },
            ),
            (
                "replay",
                vec![OscType::Int(0)],
                Command::Replay { since: 0 },
            ),
            ("log", vec!["warn".into()], Command::Log(LogLevel::Warn)),
            ("reset", vec![], Command::Reset),
            ("help", vec![], Command::Help),
        ] {
            assert_eq!(wanted(verb, arguments), expected);
        }
    }

    #[test]
    fn what_does_not_belong_to_a_message_is_said_with_how_it_goes() {
        for (verb, arguments, expected) in [
            (
                "set",
                vec![],
                "key is missing; it goes so: /antiphon/set key value",
            ),
            ("set", vec!["follow".into()], "follow is missing"),
            (
                "cancel",
                vec!["me".into()],
                "neither a job's number nor all",
            ),
            ("generate", vec![], "path is missing"),
            ("generate", vec!["a".into(), "b".into()], "b is missing"),
            ("model", vec!["a".into(), "b".into()], "more stands there"),
            ("log", vec!["loud".into()], "off, error, warn, info"),
            ("replay", vec!["x".into()], "the last job"),
            ("reset", vec![OscType::Int(1)], "more stands there"),
        ] {
            let said = refused(verb, arguments);
            assert!(said.contains(expected), "{said}");
        }
    }

    #[test]
    fn the_nearest_is_named_to_who_mistypes() {
        assert!(refused("cancle", vec![]).contains("did you mean /antiphon/cancel?"));
        assert!(refused("ping/", vec![]).contains("did you mean /antiphon/ping?"));
        assert!(refused("xyz", vec![]).contains("/antiphon/help says"));
    }

    #[test]
    fn what_antiphon_says_itself_is_never_answered() {
        for (verb, arguments) in [
            ("error", vec![OscType::Int(0), "a".into()]),
            ("pong", vec![]),
            ("seen", vec![OscType::Int(1), "a".into()]),
        ] {
            let Understood { commands, refusals } = say(verb, arguments);
            assert_eq!(commands, []);
            assert!(!refusals[0].is_answered());
        }
    }

    #[test]
    fn a_pattern_asks_and_changes_nothing() {
        assert_eq!(say("*", vec![]).commands, [Command::Ping, Command::Status]);
        assert_eq!(say("{reset,ping}", vec![]).commands, [Command::Ping]);
        let cancel_all = say("c*", vec!["all".into()]);
        assert_eq!(cancel_all, Understood::default());
    }

    #[test]
    fn only_its_own_prefix_is_heard() {
        let prefix: Prefix = "/room2".parse().unwrap();
        let hears = |packet: &[u8]| understand(packet, &prefix);
        assert_eq!(
            hears(b"/room2/antiphon/ping\0\0\0\0").commands,
            [Command::Ping]
        );
        let other = hears(b"/antiphon/ping\0\0");
        assert_eq!(other.commands, []);
        assert!(!other.refusals[0].is_answered());
        let mistyped = hears(b"/room2/antiphon/pimg\0\0\0\0");
        let said = mistyped.refusals[0].to_string();
        assert!(said.contains("/room2/antiphon/ping?"), "{said}");
    }
}
