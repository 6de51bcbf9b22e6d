//! The table of all messages: what is said and what is heard, with the arguments of each.
//! Dispatch, `antiphon osc`, the documentation and the checks of patches are made from it.

use serde::Serialize;

use super::heard::HEARD;
use super::said::SAID;

/// What all addresses begin with, after a prefix of somebody's own.
pub const ROOT: &str = "/antiphon/";

/// A message, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// What stands behind [`ROOT`] in its address.
    pub verb: &'static str,
    /// What follows the address.
    pub arguments: &'static [Argument],
    /// When it is said, or what follows where it is heard.
    pub meaning: &'static str,
    /// The verb of what answers it; none of what is said.
    pub answer: Option<&'static str>,
}

/// An argument of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Argument {
    pub name: &'static str,
    pub kind: Kind,
    pub count: Count,
    pub meaning: &'static str,
}

/// What an argument is. Heard numbers may have any type of numbers, or be text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// `i`
    Int,
    /// `f`
    Float,
    /// `s`
    Text,
    /// `i`, `f` or `s`
    Value,
}

/// How often an argument stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Count {
    Once,
    /// Twelve times: for C, C sharp and so on.
    Twelve,
    /// Any number of times, together with the others that are so.
    Any,
}

/// The number of a job.
pub const ID: Argument = Argument {
    name: "id",
    kind: Kind::Int,
    count: Count::Once,
    meaning: "the job's number",
};

/// An argument that stands there once.
pub const fn once(name: &'static str, kind: Kind, meaning: &'static str) -> Argument {
    Argument {
        name,
        kind,
        count: Count::Once,
        meaning,
    }
}

/// An argument that stands there as often as somebody likes.
pub const fn any(name: &'static str, kind: Kind, meaning: &'static str) -> Argument {
    Argument {
        name,
        kind,
        count: Count::Any,
        meaning,
    }
}

impl Form {
    /// A message that is said.
    pub const fn said(
        verb: &'static str,
        arguments: &'static [Argument],
        meaning: &'static str,
    ) -> Form {
        Form {
            verb,
            arguments,
            meaning,
            answer: None,
        }
    }

    /// A message that is heard, and what answers it.
    pub const fn heard(
        verb: &'static str,
        arguments: &'static [Argument],
        answer: &'static str,
        meaning: &'static str,
    ) -> Form {
        Form {
            verb,
            arguments,
            meaning,
            answer: Some(answer),
        }
    }

    /// Its address, without anybody's prefix.
    pub fn address(&self) -> String {
        format!("{ROOT}{}", self.verb)
    }

    /// Its arguments in words: `path [key value]...`.
    pub fn usage(&self) -> String {
        let often = self.arguments.iter().filter(|a| a.count == Count::Any);
        let often: Vec<_> = often.map(|argument| argument.name).collect();
        let others = self.arguments.iter().filter(|a| a.count != Count::Any);
        let others = others.map(|argument| match argument.count {
            Count::Twelve => format!("{} x 12", argument.name),
            _ => argument.name.to_owned(),
        });
        let mut words: Vec<String> = others.collect();
        if !often.is_empty() {
            words.push(format!("[{}]...", often.join(" ")));
        }
        words.join(" ")
    }
}

/// One line of the table.
#[derive(Serialize)]
pub struct Line {
    /// `said` or `heard`.
    pub direction: &'static str,
    pub address: String,
    pub arguments: &'static [Argument],
    /// The address of what answers it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    pub meaning: &'static str,
}

/// All messages.
pub fn table() -> Vec<Line> {
    let line = |direction| {
        move |form: Form| Line {
            direction,
            address: form.address(),
            arguments: form.arguments,
            answer: form.answer.map(|verb| format!("{ROOT}{verb}")),
            meaning: form.meaning,
        }
    };
    let said = SAID.into_iter().map(line("said"));
    let heard = HEARD.into_iter().map(|(form, _)| line("heard")(form));
    said.chain(heard).collect()
}

/// The table in Markdown, as the documentation has it.
pub fn in_markdown() -> String {
    let mut text = String::from("| said | arguments | when |\n|---|---|---|\n");
    for form in SAID {
        let (address, usage) = (form.address(), form.usage());
        text.push_str(&format!("| `{address}` | {usage} | {} |\n", form.meaning));
    }
    text.push_str("\n| heard | arguments | answered by | what follows |\n|---|---|---|---|\n");
    for (form, _) in HEARD {
        let (address, usage) = (form.address(), form.usage());
        let answer = form.answer.unwrap_or_default();
        let meaning = form.meaning;
        text.push_str(&format!(
            "| `{address}` | {usage} | `{answer}` | {meaning} |\n"
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_message_stands_there_once_and_is_answered_by_one_that_is_said() {
        let said: BTreeSet<_> = SAID.iter().map(|form| form.verb).collect();
        let heard: BTreeSet<_> = HEARD.iter().map(|(form, _)| form.verb).collect();
        assert_eq!((said.len(), heard.len()), (SAID.len(), HEARD.len()));
        for (form, _) in HEARD {
            assert!(
                form.answer.is_some_and(|verb| said.contains(verb)),
                "{form:?}"
            );
        }
    }

    #[test]
    fn addresses_are_plain() {
        for line in table() {
            let verb = line.address.strip_prefix(ROOT).unwrap();
            assert!(verb.bytes().all(|byte| byte.is_ascii_lowercase()), "{verb}");
        }
    }

    #[test]
    fn usage_is_short() {
        let usage = |verb: &str| {
            HEARD
                .iter()
                .find(|(f, _)| f.verb == verb)
                .unwrap()
                .0
                .usage()
        };
        assert_eq!(usage("ping"), "");
        assert_eq!(usage("set"), "key value");
        assert_eq!(usage("generate"), "path [key value]...");
    }
}
