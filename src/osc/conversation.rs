//! Each message that is heard is done and answered.

use std::sync::Arc;

use serde_json::Value as Json;

use super::heard::{Command, HEARD};
use super::house::{House, LogLevel, Wanted};
use super::said::{
    Error, Help, Log, Message, Model, Pong, Replayed, Reset, Said, Value, Voice, messages,
};
use super::speaker::{Asker, Speaker};
use super::understood::Refusal;
use crate::watch::Which;

/// To whom answers go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReplyTo {
    /// Those who hear all else.
    #[default]
    Receivers,
    /// Whoever asked, and nobody else.
    Sender,
}

/// Whoever answers, and through whom.
#[derive(Clone)]
pub struct Conversation {
    house: Arc<dyn House>,
    speaker: Arc<Speaker>,
    reply: ReplyTo,
}

/// The answers to one who asked.
#[derive(Clone)]
struct Replies {
    speaker: Arc<Speaker>,
    /// None where answers go to the receivers.
    asker: Option<Asker>,
}

impl Conversation {
    /// Through `speaker`, about `house`.
    pub fn new(house: Arc<dyn House>, speaker: Arc<Speaker>, reply: ReplyTo) -> Conversation {
        Conversation {
            house,
            speaker,
            reply,
        }
    }

    /// Through whom.
    pub fn speaker(&self) -> &Speaker {
        &self.speaker
    }

    /// Does what `asker` wants, and answers.
    pub fn hear(&self, command: Command, asker: &Asker) {
        let replies = self.replies(asker);
        match command {
            Command::Ping => replies.say(&Pong),
            Command::Status => replies.one(self.house.status(), |status| status.message()),
            Command::Generate(wanted) => self.generate(wanted, replies),
            Command::Cancel(which) => self.cancel(which, replies),
            Command::Model(name) => replies.one(self.house.choose_model(&name), |name| {
                Model { name: &name }.message()
            }),
            Command::Voice(name) => replies.one(self.house.choose_voice(&name), |name| {
                Voice { name: &name }.message()
            }),
            Command::Set { key, value } => {
                replies.one(self.house.set(&key, value), |value| of(&key, &value));
            }
            Command::Get { key } => {
                replies.one(self.house.get(&key), |value| of(&key, &value));
            }
            Command::Replay { since } => self.replay(since, &replies),
            Command::Log(level) => replies.one(self.house.log(level), |()| begin_of_log(level)),
            Command::Reset => replies.one(self.house.reset(), |()| Reset.message()),
            Command::Help => {
                for (form, _) in HEARD {
                    replies.say(&Help { form });
                }
            }
        }
    }

    /// Tells `asker` why a message was dropped, where it was meant for antiphon.
    pub fn refuse(&self, refusal: &Refusal, asker: &Asker) {
        if refusal.is_answered() {
            self.replies(asker).refuse(&refusal.to_string());
        }
    }

    /// That it is seen is told as of every seed.
    fn generate(&self, wanted: Wanted, replies: Replies) {
        let later = move |job: Result<i32, String>| match (job, &replies.asker) {
            (Ok(id), Some(asker)) => replies.speaker.remember(id, asker.clone()),
            (Ok(_), None) => {}
            (Err(why), _) => replies.refuse(&why),
        };
        self.house.generate(wanted, Box::new(later));
    }

    /// Those that are cancelled are told of as such.
    fn cancel(&self, which: Which, replies: Replies) {
        let later = move |cancelled: Result<usize, String>| match cancelled {
            Ok(0) => replies.refuse("no seed waits or is being answered"),
            Ok(_) => {}
            Err(why) => replies.refuse(&why),
        };
        self.house.cancel(which, Box::new(later));
    }

    fn replay(&self, since: i32, replies: &Replies) {
        let events = match self.house.since(since) {
            Ok(events) => events,
            Err(why) => return replies.refuse(&why),
        };
        for message in events.iter().flat_map(messages) {
            replies.message(message);
        }
        let count = events.len();
        replies.say(&Replayed { count });
    }

    fn replies(&self, asker: &Asker) -> Replies {
        Replies {
            speaker: Arc::clone(&self.speaker),
            asker: (self.reply == ReplyTo::Sender).then(|| asker.clone()),
        }
    }
}

impl Replies {
    fn say(&self, said: &impl Said) {
        self.message(said.message());
    }

    fn message(&self, message: Message) {
        self.speaker.answer(self.asker.as_ref(), message);
    }

    fn refuse(&self, text: &str) {
        self.say(&Error { id: 0, text });
    }

    fn one<T>(&self, done: Result<T, String>, say: impl FnOnce(T) -> Message) {
        match done {
            Ok(what) => self.message(say(what)),
            Err(why) => self.refuse(&why),
        }
    }
}

fn of(key: &str, value: &Json) -> Message {
    Value { key, value }.message()
}

fn begin_of_log(level: LogLevel) -> Message {
    let text = match level {
        LogLevel::Off => "the log is said no more",
        _ => "the log is said from now on",
    };
    let level = level.name();
    Log { level, text }.message()
}
