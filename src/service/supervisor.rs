//! What systemd is told while the daemon lives.

use std::sync::Mutex;

use crate::names::printable;
use crate::watch::Event;

/// Tells systemd, where it started the daemon, how it is.
#[derive(Default)]
pub struct Supervisor {
    answered: Mutex<Answered>,
}

#[derive(Clone, Copy, Default)]
struct Answered {
    done: u64,
    failed: u64,
}

/// What systemd understands.
#[derive(Clone, Debug, PartialEq)]
enum Word {
    Ready,
    Alive,
    Stopping,
    Status(String),
}

impl Supervisor {
    /// Tells `event`.
    pub fn tell(&self, event: &Event) {
        say(&self.words(event));
    }

    /// Tells that the daemon is about to end.
    pub fn stopping(&self) {
        say(&[Word::Stopping, status("stopping")]);
    }

    fn words(&self, event: &Event) -> Vec<Word> {
        let mut answered = self.answered.lock().unwrap_or_else(|e| e.into_inner());
        match event {
            Event::Ready => vec![Word::Ready, answered.status()],
            // Nothing else feeds the watchdog: a daemon that does anything but
            // look at the folder and answer is not alive.
            Event::Alive { .. } => vec![Word::Alive],
            Event::Seen { name, .. } => vec![status(&format!("{name} is to be answered"))],
            Event::Trouble { reason } => vec![status(reason)],
            Event::Remark { .. }
            | Event::Cancelled { .. }
            | Event::Heard { .. }
            | Event::Progress { .. } => Vec::new(),
            Event::Done { .. } | Event::SetDone { .. } => {
                answered.done += 1;
                vec![answered.status()]
            }
            Event::Skipped { .. } => vec![answered.status()],
            Event::Failed { .. } => {
                answered.failed += 1;
                vec![answered.status()]
            }
        }
    }
}

impl Answered {
    fn status(self) -> Word {
        let Answered { done, failed } = self;
        status(&format!(
            "{done} answered and {failed} failed since the start"
        ))
    }
}

/// One line: a line break in a seed's name would begin another word.
fn status(text: &str) -> Word {
    Word::Status(printable(text).into_owned())
}

#[cfg(target_os = "linux")]
fn say(words: &[Word]) {
    use sd_notify::NotifyState;
    let states: Vec<NotifyState> = words
        .iter()
        .map(|word| match word {
            Word::Ready => NotifyState::Ready,
            Word::Alive => NotifyState::Watchdog,
            Word::Stopping => NotifyState::Stopping,
            Word::Status(text) => NotifyState::Status(text),
        })
        .collect();
    // Without systemd there is nobody to tell, which is no error.
    if let Err(error) = sd_notify::notify(&states) {
        tracing::debug!("systemd cannot be told: {error}");
    }
}

#[cfg(not(target_os = "linux"))]
fn say(_words: &[Word]) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_living_watch_feeds_the_watchdog() {
        let supervisor = Supervisor::default();
        let seen = Event::Seen {
            id: 1,
            voice: None,
            name: "a.wav".to_owned(),
        };
        let failed = Event::Failed {
            id: 1,
            voice: None,
            reason: "it is silent".to_owned(),
        };
        let alive = Event::Alive {
            arriving: Vec::new(),
            trouble: None,
        };
        for event in [Event::Ready, seen, failed] {
            assert!(!supervisor.words(&event).contains(&Word::Alive));
        }
        assert_eq!(supervisor.words(&alive), [Word::Alive]);
    }

    #[test]
    fn a_seeds_name_is_no_word_of_its_own() {
        let seen = Event::Seen {
            id: 1,
            voice: None,
            name: "a\nWATCHDOG=1".to_owned(),
        };
        let told = Supervisor::default().words(&seen);
        let status = r"a\nWATCHDOG=1 is to be answered".to_owned();
        assert_eq!(told, [Word::Status(status)]);
    }

    #[test]
    fn the_status_counts() {
        let supervisor = Supervisor::default();
        let done = Event::Done {
            id: 1,
            voice: None,
            path: "a.0001.wav".into(),
            seconds: 1.0,
        };
        supervisor.words(&done);
        let status = "2 answered and 0 failed since the start".to_owned();
        assert_eq!(supervisor.words(&done), [Word::Status(status)]);
    }
}
