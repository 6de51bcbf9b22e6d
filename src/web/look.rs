//! A look at something that may hang, shared by all who want to see it.

use std::panic;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// A look that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(10);

/// What was seen last, by a thread of its own: nobody can end a read of a disk that hangs,
/// and however many ask, one waits for it.
#[derive(Debug)]
pub struct Look<T>(Arc<Shared<T>>);

#[derive(Debug)]
struct Shared<T> {
    state: Mutex<State<T>>,
    seen: Condvar,
}

#[derive(Debug)]
struct State<T> {
    /// What was seen, when, and how long that took.
    last: Option<(Instant, T)>,
    /// Since when somebody looks.
    looking: Option<Instant>,
}

impl<T> Default for Look<T> {
    fn default() -> Look<T> {
        Look(Arc::new(Shared {
            state: Mutex::new(State {
                last: None,
                looking: None,
            }),
            seen: Condvar::new(),
        }))
    }
}

impl<T: Clone + Send + 'static> Look<T> {
    /// What was seen within the time `fresh`, or what `look` sees now; none where it hangs.
    pub fn at(&self, fresh: Duration, look: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let asked = Instant::now();
        let mut state = self.lock();
        if let Some((when, seen)) = &state.last
            && when.elapsed() < fresh
        {
            return Some(seen.clone());
        }
        if state.looking.is_none() {
            state.looking = Some(asked);
            let shared = Arc::clone(&self.0);
            thread::spawn(move || {
                // Whoever panics is not to have all others wait for ever.
                let seen = panic::catch_unwind(panic::AssertUnwindSafe(look));
                let mut state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
                state.last = seen.ok().map(|seen| (Instant::now(), seen));
                state.looking = None;
                shared.seen.notify_all();
            });
        }
        loop {
            let since = state.looking.map(|since| since.elapsed());
            match since {
                None => return state.last.as_ref().map(|(_, seen)| seen.clone()),
                Some(waited) if waited >= PATIENCE => return None,
                Some(waited) => {
                    let left = PATIENCE.saturating_sub(waited);
                    let waited = self.0.seen.wait_timeout(state, left);
                    state = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State<T>> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn many_who_ask_at_once_have_one_look() {
        let looks = Arc::new(AtomicUsize::new(0));
        let look = Look::default();
        thread::scope(|scope| {
            for _ in 0..20 {
                let (look, looks) = (&look, Arc::clone(&looks));
                scope.spawn(move || {
                    let seen = look.at(Duration::from_secs(5), move || {
                        thread::sleep(Duration::from_millis(50));
                        looks.fetch_add(1, Ordering::Relaxed)
                    });
                    assert_eq!(seen, Some(0));
                });
            }
        });
        assert_eq!(look.at(Duration::ZERO, || 7), Some(7));
        let panicking = look.at(Duration::ZERO, || panic!("as a bug would"));
        assert_eq!(panicking, None);
        assert_eq!(look.at(Duration::ZERO, || 8), Some(8));
    }
}
