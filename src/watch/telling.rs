//! What is told of a job while it is answered.

use std::time::{Duration, Instant};

use super::Event;
use crate::answer::Step;

/// The least time from one word on progress to the next, and before the first: nobody
/// asks how far an answer has come that is there at once.
const BETWEEN: Duration = Duration::from_millis(250);

/// Tells of one job, from the first step on.
pub struct Telling<'a> {
    id: i32,
    voice: Option<&'a str>,
    on_event: &'a dyn Fn(Event),
    begun: Option<Instant>,
    told: Duration,
    percent: i32,
}

impl<'a> Telling<'a> {
    /// Tells `on_event` of the job `id`, which `voice` answers.
    pub fn new(id: i32, voice: Option<&'a str>, on_event: &'a dyn Fn(Event)) -> Telling<'a> {
        Telling {
            id,
            voice,
            on_event,
            begun: None,
            told: Duration::ZERO,
            percent: 0,
        }
    }

    /// Tells of `step`, if it is time to.
    pub fn step(&mut self, step: Step) {
        let elapsed = self.begun.get_or_insert_with(Instant::now).elapsed();
        self.step_after(elapsed, step);
    }

    fn step_after(&mut self, elapsed: Duration, step: Step) {
        let (id, voice) = (self.id, self.voice.map(str::to_owned));
        match step {
            Step::Heard(heard) => (self.on_event)(Event::Heard { id, voice, heard }),
            Step::Share(share) if elapsed >= self.told + BETWEEN && share > 0.0 => {
                self.told = elapsed;
                // What is made again makes it later, but nothing less.
                self.percent = self.percent.max((100.0 * share.min(1.0)) as i32);
                (self.on_event)(Event::Progress {
                    id,
                    voice,
                    percent: self.percent,
                    eta: elapsed.as_secs_f64() * (1.0 - share).max(0.0) / share,
                });
            }
            Step::Share(_) | Step::Waiting => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::answer::Heard;

    /// What is told of steps at these milliseconds.
    fn told(steps: impl IntoIterator<Item = (u64, Step)>) -> Vec<Event> {
        let events = RefCell::new(Vec::new());
        let on_event = |event| events.borrow_mut().push(event);
        let mut telling = Telling::new(7, Some("bells"), &on_event);
        for (milliseconds, step) in steps {
            telling.step_after(Duration::from_millis(milliseconds), step);
        }
        events.into_inner()
    }

    fn progress(percent: i32, eta: f64) -> Event {
        Event::Progress {
            id: 7,
            voice: Some("bells".to_owned()),
            percent,
            eta,
        }
    }

    #[test]
    fn progress_is_told_four_times_a_second_and_how_long_it_takes() {
        // Ten seconds, a step each millisecond.
        let steps = (0..=10_000).map(|ms| (ms, Step::Share(ms as f64 / 10_000.0)));
        let events = told(steps);
        assert_eq!(events.len(), 40);
        assert_eq!(events[0], progress(2, 9.75));
        assert_eq!(events[19], progress(50, 5.0));
        assert_eq!(events[39], progress(100, 0.0));
    }

    #[test]
    fn what_is_there_at_once_has_no_progress() {
        let shares = [(0, 0.0), (100, 0.5), (240, 1.0)];
        assert_eq!(told(shares.map(|(ms, share)| (ms, Step::Share(share)))), []);
    }

    #[test]
    fn a_share_that_falls_makes_it_later_but_nothing_less() {
        let shares = [(1000, 0.5), (2000, 0.25), (3000, 0.75)];
        let events = told(shares.map(|(ms, share)| (ms, Step::Share(share))));
        assert_eq!(
            events,
            [progress(50, 1.0), progress(50, 6.0), progress(75, 1.0)]
        );
    }

    #[test]
    fn what_was_heard_is_told_at_once() {
        let heard = Heard {
            loudness: -20.0,
            loudest: -10.0,
            seconds: 2.0,
            pitch_classes: [0.0; 12],
        };
        let (id, voice) = (7, Some("bells".to_owned()));
        let expected = Event::Heard { id, voice, heard };
        assert_eq!(told([(1, Step::Heard(heard))]), [expected]);
    }
}
