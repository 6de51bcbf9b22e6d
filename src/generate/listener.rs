//! A guard that listens while the network predicts, and the places that sampling
//! goes back to when something is wrong, to go on otherwise from there.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::continuation::Tail;
use super::guard::{Fault, Guard, STRETCH_SECONDS};
use crate::audio::Signal;
use crate::hearing::Hearing;
use crate::model::State;
use crate::random;

/// Seconds that sampling goes back the first time, to well before what is
/// wrong; twice as many each time that it fails to get beyond it.
const SECONDS_BACK: usize = 4;
/// The same from a burst, which is noticed within two seconds of its beginning.
const SECONDS_BACK_FROM_A_BURST: usize = 2;
/// The latest seconds that it can go back to; beyond them lies the beginning.
const PLACES: usize = 8;
/// Most times that sampling goes back, and the seconds asked for that allow one more.
const LEAST_RESPONSES: usize = 3;
const SECONDS_PER_RESPONSE: f64 = 10.0;

/// What was done about something wrong in a prediction while it was made:
/// sampling went back, and on from there with other random numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Response {
    pub fault: Fault,
    /// Second of the prediction at which it was noticed.
    pub noticed_at: f64,
    /// Second of the prediction from which on it was made again.
    pub back_to: f64,
}

/// What it takes to go on from some second of a prediction.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub tail: Tail,
    pub state: State,
    /// The network's output that is yet to be appended.
    pub predictions: Vec<f32>,
    /// Values predicted before.
    pub made: usize,
}

/// Listens to one prediction while it is made.
pub struct Listener {
    hearing: Hearing,
    guard: Guard,
    /// What the answer follows; where it rests, the answer may.
    guide: Option<Signal>,
    random_seed: u64,
    beginning: Option<Snapshot>,
    recent: VecDeque<Snapshot>,
    /// Values predicted when it listens next.
    next: usize,
    responses: Vec<Response>,
    most_responses: usize,
    /// Values predicted when the last fault was noticed, and how often sampling
    /// has gone back since it last got beyond that.
    last_fault: usize,
    tries: u32,
}

impl Listener {
    /// Listens by `guard` to an answer of `seconds`. Unless it `may_go_back`, it only gives
    /// a verdict in the end.
    pub fn new(
        hearing: Hearing,
        guard: Guard,
        seconds: f64,
        random_seed: u64,
        may_go_back: bool,
    ) -> Listener {
        let most = LEAST_RESPONSES + (seconds / SECONDS_PER_RESPONSE) as usize;
        Listener {
            guard,
            hearing,
            guide: None,
            random_seed,
            beginning: None,
            recent: VecDeque::new(),
            next: 0,
            responses: Vec::new(),
            most_responses: if may_go_back { most } else { 0 },
            last_fault: 0,
            tries: 0,
        }
    }

    /// The same beside a guide that the answer follows.
    pub fn beside(self, guide: Option<Signal>) -> Listener {
        Listener { guide, ..self }
    }

    /// Whether it listens now that `made` values are predicted.
    pub fn is_due(&self, made: usize) -> bool {
        made >= self.next && self.responses.len() < self.most_responses
    }

    /// What is wrong with the newest stretch of what is `predicted`.
    pub fn hear(&self, predicted: &[f32]) -> Option<Fault> {
        let rate = f64::from(self.hearing.sample_rate());
        let samples = (STRETCH_SECONDS * rate).ceil() as usize;
        let values = self.hearing.values_to_sound(samples);
        let newest = predicted.len().checked_sub(values)?;
        let mut phases = random::stream(self.random_seed, "listening");
        let stretch = self
            .hearing
            .sound(predicted[newest..].to_vec(), &mut phases);
        let fault = self.guard.fault_of_stretch(&stretch)?;
        let end = (self.hearing.seconds_of(predicted.len()) * rate) as usize;
        let begin = end.saturating_sub(samples);
        (!self.is_excused(fault, begin, end)).then_some(fault)
    }

    /// Whether the answer is silent or does not change where its guide, from sample
    /// `begin` to `end`, is silent or does not.
    fn is_excused(&self, fault: Fault, begin: usize, end: usize) -> bool {
        let rests = |fault: Fault| matches!(fault, Fault::Silence | Fault::Drone);
        let Some(guide) = self.guide.as_ref().filter(|_| rests(fault)) else {
            return false;
        };
        let end = end.min(guide.samples.len());
        let rest = Signal {
            samples: guide.samples[begin.min(end)..end].to_vec(),
            sample_rate: guide.sample_rate,
        };
        self.guard.fault(&rest).is_some_and(rests)
    }

    /// What is wrong with the whole prediction.
    pub fn verdict(&self, prediction: &Signal) -> Option<Fault> {
        let fault = self.guard.fault(prediction)?;
        let excused = self.is_excused(fault, 0, prediction.samples.len());
        (!excused).then_some(fault)
    }

    /// Remembers a snapshot, up to which nothing is wrong.
    pub fn remember(&mut self, snapshot: Snapshot) {
        self.next = snapshot.made + self.values_per_second();
        if self.beginning.is_none() {
            self.beginning = Some(snapshot);
            return;
        }
        self.recent.push_back(snapshot);
        if self.recent.len() > PLACES {
            self.recent.pop_front();
        }
    }

    /// The snapshot to go back to from a `fault` that was noticed when `made`
    /// values were predicted, and the number of this response, from 1. `None`
    /// if sampling has gone back often enough.
    pub fn respond(&mut self, fault: Fault, made: usize) -> Option<(&Snapshot, usize)> {
        if self.responses.len() >= self.most_responses {
            return None;
        }
        self.tries = if made > self.last_fault {
            0
        } else {
            self.tries + 1
        };
        self.last_fault = made.max(self.last_fault);
        let seconds_back = match fault {
            Fault::Burst => SECONDS_BACK_FROM_A_BURST,
            _ => SECONDS_BACK,
        };
        let seconds = seconds_back << self.tries.min(PLACES as u32);
        let wanted = made.saturating_sub(seconds * self.values_per_second());
        self.recent.retain(|snapshot| snapshot.made <= wanted);
        let snapshot = self.recent.back().or(self.beginning.as_ref())?;
        self.next = snapshot.made + self.values_per_second();
        self.responses.push(Response {
            fault,
            noticed_at: self.seconds(made),
            back_to: self.seconds(snapshot.made),
        });
        Some((snapshot, self.responses.len()))
    }

    /// What was done about what was wrong.
    pub fn responses(&self) -> &[Response] {
        &self.responses
    }

    fn values_per_second(&self) -> usize {
        self.hearing.values_in(1.0)
    }

    /// In whole milliseconds.
    fn seconds(&self, values: usize) -> f64 {
        (self.hearing.seconds_of(values) * 1000.0).round() / 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hyperparameters::Hyperparameters;

    const RATE: usize = 8000;

    /// Notes of half a second for four seconds, then `rest` seconds of silence.
    fn melody(rest: usize) -> Signal {
        let note = |n: usize| 0.5 * (n as f32 * 0.2).sin() * (-((n % 4000) as f32) / 1500.0).exp();
        let mut samples: Vec<f32> = (0..4 * RATE).map(note).collect();
        samples.resize((4 + rest) * RATE, 0.0);
        Signal {
            samples,
            sample_rate: RATE as u32,
        }
    }

    fn listener(guide: Option<Signal>) -> Listener {
        let json =
            r#"{"preset": "vector", "sample_rate": 8000, "seg_len": 8, "num_unrollings": 2}"#;
        let hearing = Hearing::untrained(&Hyperparameters::parse(json).unwrap());
        let of_training = hearing.normalisation().dynamics;
        let guard = Guard::new(&melody(0), hearing.full_scale(), of_training);
        Listener::new(hearing, guard, 12.0, 1, true).beside(guide)
    }

    #[test]
    fn what_its_guide_does_the_answer_may_do_there_and_nowhere_else() {
        let resting = listener(Some(melody(8)));
        let (playing, rest) = ((0, 3 * RATE), (6 * RATE, 9 * RATE));
        for fault in [Fault::Silence, Fault::Drone] {
            assert!(resting.is_excused(fault, rest.0, rest.1), "{fault}");
            assert!(!resting.is_excused(fault, playing.0, playing.1), "{fault}");
            // Beyond its end, and with no guide, nothing is.
            assert!(!resting.is_excused(fault, 20 * RATE, 23 * RATE), "{fault}");
            assert!(!listener(None).is_excused(fault, rest.0, rest.1), "{fault}");
        }
        assert!(!resting.is_excused(Fault::Burst, rest.0, rest.1));
        assert!(!resting.is_excused(Fault::Clipping, rest.0, rest.1));
    }

    #[test]
    fn an_answer_that_rests_with_its_guide_is_all_right_and_one_that_rests_alone_is_not() {
        let rests = melody(8);
        let verdict = |guide| listener(Some(guide)).verdict(&rests);
        assert_eq!(verdict(melody(8)), None);
        assert_eq!(verdict(melody(0)), Some(Fault::Silence));
        let stretch = &rests.samples[..9 * RATE];
        assert_eq!(listener(Some(melody(8))).hear(stretch), None);
        let steady = listener(None).hear(stretch);
        assert!(steady.is_some(), "{steady:?}");
    }
}
