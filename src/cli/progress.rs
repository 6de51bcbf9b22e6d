//! The progress of answers, shown to whoever waits for them.

use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::answer::{Step, Turn};

/// Steps of the bar.
const STEPS: u64 = 1000;
/// The share from which on it is told how long the rest takes: before, what was loaded
/// counts for more than what was made.
const TELLING: f64 = 0.01;

/// Shows how far `answer` has come while it is made; Ctrl-C stops it.
pub fn shown<T>(
    answer: impl FnOnce(&mut dyn FnMut(Step) -> ControlFlow<()>) -> T,
) -> anyhow::Result<T> {
    let stop = super::stop_flag()?;
    let bar = indicatif::ProgressBar::new(STEPS);
    let made = answer(&mut |step| {
        if let Step::Share(share) = step {
            bar.set_position((share * STEPS as f64) as u64);
        }
        go_on(&stop)
    });
    bar.finish_and_clear();
    Ok(made)
}

/// Shows which of several answers is made, how far it has come, and how long all of them
/// will take; Ctrl-C stops it. Where nobody watches, a log has a line for each answer.
pub fn shown_in_turn<T>(
    answer: impl FnOnce(&mut dyn FnMut(Turn) -> ControlFlow<()>) -> T,
) -> anyhow::Result<T> {
    let stop = super::stop_flag()?;
    let bar = indicatif::ProgressBar::new(STEPS);
    let style = indicatif::ProgressStyle::with_template("{msg} {bar:30}")?;
    bar.set_style(style);
    let (begun, mut logged) = (Instant::now(), 0);
    let is_watched = std::io::stderr().is_terminal();
    let made = answer(&mut |turn: Turn| {
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
