//! What has been received, counted.

use std::sync::{Arc, Mutex, PoisonError};

use super::Refusal;
use crate::status::Received;

/// Counts what a listener receives, for whoever holds a clone.
#[derive(Clone, Debug, Default)]
pub struct Tally(Arc<Mutex<Received>>);

impl Tally {
    /// The counts as they are now.
    pub fn snapshot(&self) -> Received {
        self.with(|received| received.clone())
    }

    pub(super) fn add(&self, questions: usize, refusals: &[Refusal]) {
        self.with(|received| {
            received.packets += 1;
            received.questions += questions as u64;
            for refusal in refusals {
                *received
                    .dropped
                    .entry(refusal.key().to_owned())
                    .or_default() += 1;
            }
        });
    }

    fn with<T>(&self, what: impl FnOnce(&mut Received) -> T) -> T {
        what(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn foreign() -> Refusal {
        Refusal::Foreign {
            address: "/a".to_owned(),
            begin: "/antiphon/".to_owned(),
        }
    }

    #[test]
    fn what_is_dropped_is_counted_by_its_reason() {
        let tally = Tally::default();
        let holder = tally.clone();
        assert_eq!(
            holder.snapshot().to_string(),
            "0 packets, 0 questions, 0 dropped"
        );
        tally.add(2, &[]);
        tally.add(1, &[Refusal::NoOsc, foreign()]);
        tally.add(0, &[foreign()]);
        let received = holder.snapshot();
        assert_eq!(
            received.to_string(),
            "3 packets, 3 questions, 3 dropped (1 no-osc, 2 unknown)"
        );
        let json = serde_json::to_string(&received).unwrap();
        assert_eq!(
            json,
            r#"{"packets":3,"questions":3,"dropped":{"no-osc":1,"unknown":2}}"#
        );
        assert_eq!(serde_json::from_str::<Received>(&json).unwrap(), received);
    }
}
