//! A guard that listens while the network predicts, and the places that sampling
//! goes back to when something is wrong, to go on otherwise from there.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::continuation::Tail;
use super::course::Course;
use super::guard::{Fault, Guard, STRETCH_SECONDS};
use super::sounded::Mark;
use crate::audio::{Signal, Sound};
use crate::hearing::Hearing;
use crate::model::State;
use crate::reel::{Reel, ReelError};

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
#[derive(Clone)]
pub struct Snapshot {
    pub tail: Tail,
    /// How what was predicted sounds, and goes on to sound.
    pub sounded: Mark,
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
    guide: Option<Arc<Course>>,
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
    pub fn new(hearing: Hearing, guard: Guard, seconds: f64, may_go_back: bool) -> Listener {
        let most = LEAST_RESPONSES + (seconds / SECONDS_PER_RESPONSE) as usize;
        Listener {
            guard,
            hearing,
            guide: None,
            beginning: None,
            recent: VecDeque::new(),
            next: 0,
            responses: Vec::new(),
            most_responses: if may_go_back { most } else { 0 },
            last_fault: 0,
            tries: 0,
        }
    }

    /// The same beside the guide of a course that the answer follows.
    pub fn beside(self, guide: Option<Arc<Course>>) -> Listener {
        Listener { guide, ..self }
    }

    /// Whether it listens now that `made` values are predicted.
    pub fn is_due(&self, made: usize) -> bool {
        made >= self.next && self.responses.len() < self.most_responses
    }

    /// Samples of the newest stretch that is listened to.
    pub fn stretch(&self) -> usize {
        (STRETCH_SECONDS * f64::from(self.hearing.sample_rate())).ceil() as usize
    }

    /// What is wrong with the newest `stretch` of the answer, from sample `begin` on.
    pub fn hear(&self, begin: usize, stretch: &Signal) -> Option<Fault> {
        let mut ear = self.guard.ear(stretch.sample_rate);
        ear.hear(&stretch.samples);
        let fault = self.guard.fault_of_stretch(ear)?;
        let range = begin..begin + stretch.samples.len();
        (!self.is_excused(fault, range)).then_some(fault)
    }

    /// Whether the answer is silent or does not change where its guide is silent or does
    /// not, in the samples of `range`.
    fn is_excused(&self, fault: Fault, range: Range<usize>) -> bool {
        let rests = |fault: Fault| matches!(fault, Fault::Silence | Fault::Drone);
        let Some(course) = self.guide.as_ref().filter(|_| rests(fault)) else {
            return false;
        };
        let guide = course.guide();
        let end = range.end.min(guide.samples());
        let mut ear = self.guard.ear(self.hearing.sample_rate());
        guide.each_of(range.start.min(end)..end, &mut |piece| ear.hear(piece));
        self.guard.fault(ear).is_some_and(rests)
    }

    /// What is wrong with the whole `prediction`.
    pub fn verdict(&self, prediction: &Reel) -> Result<Option<Fault>, ReelError> {
        let mut ear = self.guard.ear(self.hearing.sample_rate());
        prediction.each(|piece| ear.hear(piece))?;
        let fault = self.guard.fault(ear);
        Ok(fault.filter(|fault| !self.is_excused(*fault, 0..prediction.len())))
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
    use std::path::Path;

    use super::*;
    use crate::generate::guide::GuideMaking;
    use crate::hearing::Levelled;
    use crate::hyperparameters::{GuideForm, Hyperparameters};

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

    fn reel(sound: &Signal) -> Reel {
        let mut reel = Reel::new(Path::new("nowhere"));
        reel.push(&sound.samples).unwrap();
        reel
    }

    fn levelled(sound: Signal) -> Levelled {
        Levelled::new(Arc::new(sound.into()), 1.0)
    }

    fn listener(guide: Option<Signal>) -> Listener {
        let json =
            r#"{"preset": "vector", "sample_rate": 8000, "seg_len": 8, "num_unrollings": 2}"#;
        let hearing = Hearing::untrained(&Hyperparameters::parse(json).unwrap());
        let course = guide.map(|guide| {
            let once = GuideMaking {
                form: GuideForm::Once,
                semitones: 0.0,
                random_seed: 1,
            };
            let samples = guide.samples.len();
            let guide = once.guide(&levelled(guide), samples);
            Arc::new(Course::new(levelled(melody(0)), guide))
        });
        let of_training = hearing.normalisation().dynamics;
        let guard = Guard::new(&levelled(melody(0)), hearing.full_scale(), of_training);
        Listener::new(hearing, guard, 12.0, true).beside(course)
    }

    #[test]
    fn what_its_guide_does_the_answer_may_do_there_and_nowhere_else() {
        let resting = listener(Some(melody(8)));
        let (playing, rest) = (0..3 * RATE, 6 * RATE..9 * RATE);
        let beyond = 20 * RATE..23 * RATE;
        for fault in [Fault::Silence, Fault::Drone] {
            assert!(resting.is_excused(fault, rest.clone()), "{fault}");
            assert!(!resting.is_excused(fault, playing.clone()), "{fault}");
            // Beyond its end, and with no guide, nothing is.
            assert!(!resting.is_excused(fault, beyond.clone()), "{fault}");
            assert!(!listener(None).is_excused(fault, rest.clone()), "{fault}");
        }
        assert!(!resting.is_excused(Fault::Burst, rest.clone()));
        assert!(!resting.is_excused(Fault::Clipping, rest.clone()));
    }

    #[test]
    fn an_answer_that_rests_with_its_guide_is_all_right_and_one_that_rests_alone_is_not() {
        let rests = melody(8);
        let verdict = |guide| listener(Some(guide)).verdict(&reel(&rests)).unwrap();
        assert_eq!(verdict(melody(8)), None);
        assert_eq!(verdict(melody(0)), Some(Fault::Silence));
        let begin = 9 * RATE - listener(None).stretch();
        let stretch = Signal {
            samples: rests.samples[begin..9 * RATE].to_vec(),
            sample_rate: RATE as u32,
        };
        assert_eq!(listener(Some(melody(8))).hear(begin, &stretch), None);
        let steady = listener(None).hear(begin, &stretch);
        assert!(steady.is_some(), "{steady:?}");
    }
}
