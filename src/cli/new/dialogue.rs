//! Questions and answers, line by line.

use std::io::{BufRead, IsTerminal, Write};

use anyhow::{Context, bail};

/// Widest line of an explanation, in characters.
const WIDTH: usize = 78;

/// Somebody who is asked, in plain lines.
pub struct Dialogue<R, W> {
    answers: R,
    out: W,
    /// Whether a wrong answer is explained and asked for again. What comes
    /// through a pipe cannot change its mind.
    patient: bool,
    /// Nothing more will be answered.
    ended: bool,
}

/// The dialogue with whoever started the program. Questions go to standard
/// error, as everything that is said to a person.
pub fn with_the_user() -> Dialogue<std::io::StdinLock<'static>, std::io::Stderr> {
    let input = std::io::stdin();
    let patient = input.is_terminal();
    Dialogue::new(input.lock(), std::io::stderr(), patient)
}

impl<R: BufRead, W: Write> Dialogue<R, W> {
    pub fn new(answers: R, out: W, patient: bool) -> Dialogue<R, W> {
        Dialogue {
            answers,
            out,
            patient,
            ended: false,
        }
    }

    /// Says `text`, a line or several.
    pub fn say(&mut self, text: &str) -> anyhow::Result<()> {
        writeln!(self.out, "{text}").context("cannot go on asking")
    }

    /// Says `text` in lines of at most 78 characters, after two spaces.
    pub fn explain(&mut self, text: &str) -> anyhow::Result<()> {
        let mut line = String::new();
        for word in text.split_whitespace() {
            let len = line.chars().count() + 1 + word.chars().count();
            if !line.is_empty() && len > WIDTH - 2 {
                self.say(&format!("  {line}"))?;
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        self.say(&format!("  {line}"))
    }

    /// Asks for `name`, and gives what `check` makes of the answer; `None`,
    /// which means `default`, for an empty line and at the end of all answers.
    ///
    /// # Errors
    /// What `check` says of a wrong answer, where it cannot be asked for again.
    pub fn ask<T>(
        &mut self,
        name: &str,
        default: &str,
        mut check: impl FnMut(&str) -> Result<T, String>,
    ) -> anyhow::Result<Option<T>> {
        loop {
            write!(self.out, "{name} [{default}]: ")
                .and_then(|()| self.out.flush())
                .context("cannot go on asking")?;
            let answer = self.answer()?;
            // A terminal shows what is typed; from elsewhere it would be missing.
            if !self.patient || self.ended {
                self.say(&answer)?;
            }
            if answer.is_empty() {
                return Ok(None);
            }
            match check(&answer) {
                Ok(value) => return Ok(Some(value)),
                Err(what) if self.patient => self.say(&what)?,
                Err(what) => bail!(what),
            }
        }
    }

    /// The next line; empty from the end on.
    fn answer(&mut self) -> anyhow::Result<String> {
        let mut line = Vec::new();
        if !self.ended {
            let read = self.answers.read_until(b'\n', &mut line);
            self.ended = read.context("cannot read the answer")? == 0;
        }
        Ok(String::from_utf8_lossy(&line).trim().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Result<u32, String> {
        text.parse().map_err(|_| format!("{text} is no number"))
    }

    fn asked(answers: &str, patient: bool, times: usize) -> (Vec<String>, String) {
        let mut out = Vec::new();
        let mut dialogue = Dialogue::new(answers.as_bytes(), &mut out, patient);
        let given = (0..times).map(|_| match dialogue.ask("rows", "4", number) {
            Ok(None) => "default".to_owned(),
            Ok(Some(n)) => n.to_string(),
            Err(error) => error.to_string(),
        });
        let given = given.collect();
        (given, String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_person_is_asked_again() {
        let (given, said) = asked("x\n7\n\n", true, 2);
        assert_eq!(given, ["7", "default"]);
        assert_eq!(said, "rows [4]: x is no number\nrows [4]: rows [4]: ");
    }

    #[test]
    fn a_pipe_is_not_and_its_answers_are_shown() {
        let (given, said) = asked("7\nx\n", false, 2);
        assert_eq!(given, ["7", "x is no number"]);
        assert_eq!(said, "rows [4]: 7\nrows [4]: x\n");
    }

    #[test]
    fn the_end_of_answers_takes_the_defaults_for_all_that_is_left() {
        for patient in [false, true] {
            let (given, _) = asked("7", patient, 3);
            assert_eq!(given, ["7", "default", "default"]);
        }
        let (given, _) = asked("\u{0}\n", false, 1);
        assert!(given[0].ends_with("is no number"));
    }

    #[test]
    fn explanations_are_broken_into_lines() {
        let mut out = Vec::new();
        let mut dialogue = Dialogue::new(&b""[..], &mut out, false);
        dialogue.explain(&"word ".repeat(40)).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(
            text.lines()
                .all(|l| l.starts_with("  word") && l.len() <= 78)
        );
        assert_eq!(text.split_whitespace().count(), 40);
    }
}
