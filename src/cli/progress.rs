//! The progress of answers, shown to whoever waits for them.

use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::answer::{AnswerProgress, Step, Turn};
use crate::destination::{Destination, DestinationError, same_file};

/// Steps of the bar.
const STEPS: u64 = 1000;
/// The share from which on it is told how long the rest takes: before, what was loaded
/// counts for more than what was made.
const TELLING: f64 = 0.01;

/// The least time from one word in a file to the next.
const BETWEEN_WORDS: Duration = Duration::from_millis(200);

/// A file that tells how far what was asked for has come.
pub struct ProgressFile {
    path: PathBuf,
    begun: Instant,
    said: Option<(Instant, AnswerProgress)>,
    is_refused: bool,
}

impl ProgressFile {
    /// The file `path`, where such a one may stand already. It is none of `inputs`, which are
    /// read, and none of `outputs`, which are written too.
    ///
    /// # Errors
    ///
    /// [`DestinationError`] where something else stands there. That it cannot be written is
    /// no error: the answer is what matters.
    pub fn new(
        path: &Path,
        inputs: &[&Path],
        outputs: &[&Path],
    ) -> Result<ProgressFile, DestinationError> {
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let is_it = |other: &&Path| absolute(other) == absolute(path) || same_file(other, path);
        if inputs.iter().any(is_it) {
            return Err(DestinationError::Read {
                path: path.to_owned(),
            });
        }
        if outputs.iter().any(is_it) {
            return Err(DestinationError::Twice {
                path: path.to_owned(),
            });
        }
        let is_own = |bytes: &[u8]| AnswerProgress::parse(bytes).is_some();
        match Destination::of_own(path, is_own) {
            Ok(_) | Err(DestinationError::Unwritable { .. }) => {}
            Err(other) => return Err(other),
        }
        // What an earlier answer said there is over; where that stays, so does the rest.
        let _ = std::fs::remove_file(path);
        Ok(ProgressFile {
            path: path.to_owned(),
            begun: Instant::now(),
            said: None,
            is_refused: false,
        })
    }

    /// Tells of `turn`, if it is time to.
    fn tell(&mut self, turn: Turn) {
        if self
            .said
            .is_some_and(|(when, _)| when.elapsed() < BETWEEN_WORDS)
        {
            return;
        }
        let share = match turn.step {
            Step::Share(share) => share.clamp(0.0, 1.0),
            Step::Heard(_) | Step::Waiting => self.said.map_or(0.0, |(_, said)| said.share),
        };
        self.say(AnswerProgress {
            number: turn.number,
            of: turn.of,
            share,
            remaining: remaining(self.begun.elapsed(), share).map(|left| left.as_secs_f64()),
        });
    }

    /// Tells that all is made.
    pub fn end(&mut self) {
        let of = self.said.map_or(1, |(_, said)| said.of);
        self.say(AnswerProgress {
            number: of,
            of,
            share: 1.0,
            remaining: Some(0.0),
        });
    }

    fn say(&mut self, progress: AnswerProgress) {
        self.said = Some((Instant::now(), progress));
        if let Err(error) = progress.write(&self.path)
            && !self.is_refused
        {
            self.is_refused = true;
            let path = self.path.display();
            tracing::warn!("cannot write how far the answer is to {path}: {error}");
        }
    }
}

/// Shows how far `answer` has come while it is made, in `file` too; Ctrl-C stops it.
pub fn shown<T>(
    file: &mut Option<ProgressFile>,
    answer: impl FnOnce(&mut dyn FnMut(Step) -> ControlFlow<()>) -> T,
) -> anyhow::Result<T> {
    let stop = super::stop_flag()?;
    let bar = indicatif::ProgressBar::new(STEPS);
    let made = answer(&mut |step| {
        if let Some(file) = file {
            let (number, of) = (1, 1);
            file.tell(Turn { number, of, step });
        }
        if let Step::Share(share) = step {
            bar.set_position((share * STEPS as f64) as u64);
        }
        go_on(&stop)
    });
    bar.finish_and_clear();
    Ok(made)
}

/// Shows which of several answers is made, how far it has come, and how long all of them
/// will take, in `file` too; Ctrl-C stops it. Where nobody watches, a log has a line for each answer.
pub fn shown_in_turn<T>(
    file: &mut Option<ProgressFile>,
    answer: impl FnOnce(&mut dyn FnMut(Turn) -> ControlFlow<()>) -> T,
) -> anyhow::Result<T> {
    let stop = super::stop_flag()?;
    let bar = indicatif::ProgressBar::new(STEPS);
    let style = indicatif::ProgressStyle::with_template("{msg} {bar:30}")?;
    bar.set_style(style);
    let (begun, mut logged) = (Instant::now(), 0);
    let is_watched = std::io::stderr().is_terminal();
    let made = answer(&mut |turn: Turn| {
        if let Some(file) = file {
            file.tell(turn);
        }
        let Step::Share(share) = turn.step else {
            return go_on(&stop);
        };
        let said = said(turn, remaining(begun.elapsed(), share));
        bar.set_message(said.clone());
        bar.set_position((share * STEPS as f64) as u64);
        if !is_watched && turn.number > logged {
            logged = turn.number;
            tell!("{said}");
        }
        go_on(&stop)
    });
    bar.finish_and_clear();
    Ok(made)
}

fn go_on(stop: &AtomicBool) -> ControlFlow<()> {
    match stop.load(Ordering::Relaxed) {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    }
}

/// How long it takes until all is made of which a `share` was made in the time `taken`; none
/// while that cannot be told.
fn remaining(taken: Duration, share: f64) -> Option<Duration> {
    let left = taken.as_secs_f64() * (1.0 / share - 1.0);
    Duration::try_from_secs_f64(left)
        .ok()
        .filter(|_| share >= TELLING)
}

/// `variation 3 of 10, about 4 min left for all`.
fn said(turn: Turn, remaining: Option<Duration>) -> String {
    let Turn { number, of, .. } = turn;
    let left = match remaining.map(|left| left.as_secs()) {
        None => String::new(),
        Some(seconds @ 0..120) => format!(", about {seconds} s left for all"),
        Some(seconds @ 120..7200) => format!(", about {} min left for all", seconds / 60),
        Some(seconds) => format!(", about {} h left for all", seconds / 3600),
    };
    format!("variation {number} of {of}{left}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_what_the_rest_will_take() {
        let left = |share| remaining(Duration::from_secs(60), share);
        assert_eq!(left(0.0), None);
        assert_eq!(left(0.25), Some(Duration::from_secs(180)));
        let turn = Turn {
            number: 3,
            of: 10,
            step: Step::Share(0.25),
        };
        assert_eq!(said(turn, None), "variation 3 of 10");
        assert_eq!(
            said(turn, left(0.25)),
            "variation 3 of 10, about 3 min left for all"
        );
    }
}
