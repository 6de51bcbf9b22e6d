//! What the commands print: the one place through which lines reach a terminal, a file or
//! a pipe.
//!
//! A reader that has gone, as in `antiphon status | head -1`, ends nothing and is told
//! nothing: a command goes on to its end, and a daemon outlives whoever read its log. Names
//! of files may hold anything, and no line that is printed here is forged by one.

use std::io::{self, ErrorKind, Write};
use std::sync::{Mutex, PoisonError};

use anyhow::Context;
use serde::Serialize;

use crate::names::{is_unprintable, printable};

/// Why standard output could not be written, if somebody would have read it.
static FAILURE: Mutex<Option<io::Error>> = Mutex::new(None);

/// Prints a line of what was asked for.
macro_rules! say {
    ($($line:tt)*) => {
        $crate::cli::output::line(&format!($($line)*))
    };
}

/// Tells a line to whoever started the program: on standard error.
macro_rules! tell {
    ($($line:tt)*) => {
        $crate::cli::output::tell(&$crate::names::printable(&format!($($line)*)))
    };
}

/// Prints `line`, of what was asked for.
pub fn line(line: &str) {
    print(&format!("{}\n", printable(line)));
}

/// Prints `text` of several lines, in which no names are.
pub fn text(text: &str) {
    print(text);
}

/// Prints `value` as JSON.
///
/// # Errors
///
/// When it cannot be written as JSON.
pub fn json(value: &impl Serialize) -> anyhow::Result<()> {
    print(&format!(
        "{}\n",
        escaped(&serde_json::to_string_pretty(value)?)
    ));
    Ok(())
}

/// JSON in which the letters that [`printable`] writes out are written out as JSON has it;
/// they stand in strings only.
pub fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for letter in json.chars() {
        match is_unprintable(letter) && letter != '\n' {
            true => letter
                .encode_utf16(&mut [0; 2])
                .iter()
                .for_each(|unit| text.push_str(&format!("\\u{unit:04x}"))),
            false => text.push(letter),
        }
    }
    text
}

/// Writes `line` to standard error, as it is. Where that cannot be written, nobody could be
/// told so.
pub fn tell(line: &str) {
    let _ = io::stderr().write_all(format!("{line}\n").as_bytes());
}

/// Makes sure that all that was printed has been written.
///
/// # Errors
///
/// When standard output could not be written though somebody would have read it: its disk
/// is full, say.
pub fn finish() -> anyhow::Result<()> {
    note(io::stdout().flush());
    let failure = FAILURE
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    let written = failure.map_or(Ok(()), Err);
    written.context("cannot print the whole of it")
}

fn print(text: &str) {
    note(io::stdout().write_all(text.as_bytes()));
}

/// Keeps the first failure that anybody would mind.
fn note(written: io::Result<()>) {
    if let Err(error) = written
        && error.kind() != ErrorKind::BrokenPipe
    {
        let mut failure = FAILURE.lock().unwrap_or_else(PoisonError::into_inner);
        failure.get_or_insert(error);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_says_the_true_name_in_letters_that_can_be_seen() {
        let name = "a\n\u{1b}\u{202e}\u{e0020}é";
        let text = escaped(&serde_json::to_string_pretty(&[name]).unwrap());
        assert_eq!(text, "[\n  \"a\\n\\u001b\\u202e\\udb40\\udc20é\"\n]");
        let read: Vec<String> = serde_json::from_str(&text).unwrap();
        assert_eq!(read, [name]);
    }
}
