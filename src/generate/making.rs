//! One prediction while it is made: what is to be shown to the network next, and what
//! becomes of what it says.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::common::{Common, SeedHeard};
use super::continuation::{Continuation, NotANumber};
use super::course::Course;
use super::following::Following;
use super::guard::Fault;
use super::guidance::{Guidance, Guiding};
use super::listener::{Listener, Snapshot};
use super::pace::Pace;
use super::sampling::{GenerateError, Prediction, Prime, Request, Timings};
use super::sounded::Sounded;
use super::work::Work;
use super::{AnswerSettings, Engine, Shown, Turn, Weights};
use crate::audio::{LongSound, Sound};
use crate::hearing::{Hearing, Levelled};
use crate::model::{Output, State};
use crate::random::{self, Stream};
use crate::reel::ReelError;
use crate::trained_model::TrainedModel;

/// A seed whose peak stays below this is silence: -80 dB of full scale.
const SILENCE: f32 = 1e-4;
/// As many times what a network remembers is played to it: its memory was measured with
/// other sounds.
pub const MEMORIES: f64 = 2.0;
/// Time steps of a seed that are played in one go.
const PRIMING_STEPS: usize = 256;
/// Outputs between two reports of progress: at audio rate, some milliseconds.
const OUTPUTS_PER_REPORT: usize = 64;

/// Seconds of a prediction after which it becomes sound, whoever listens.
const MOST_SECONDS_UNHEARD: f64 = 2.0;

/// The stages of [`Work`].
const PREPARING: usize = 0;
const PRIMING: usize = 1;
const SAMPLING: usize = 2;
const SOUNDING: usize = 3;

/// What is asked for, of which model.
#[derive(Clone, Copy)]
pub struct Task<'a> {
    /// The model, whose own settings do not matter here.
    pub model: &'a TrainedModel,
    /// How it answers.
    pub settings: &'a AnswerSettings,
    /// What it follows instead of the seed, at the model's rate.
    pub theme: Option<&'a Arc<LongSound>>,
    /// What is continued, at the model's rate.
    pub seed: &'a Arc<LongSound>,
    pub request: &'a Request,
    /// Where what does not fit into memory is meanwhile.
    pub folder: &'a Path,
}

/// A prediction while it is made.
pub struct Making {
    hearing: Hearing,
    /// What is read while it is made.
    seed: Arc<LongSound>,
    course: Option<Arc<Course>>,
    request: Request,
    /// Samples of sound that are wanted, before they are slowed.
    samples: usize,
    continuation: Continuation,
    sounded: Sounded,
    guidance: Guidance,
    listener: Listener,
    draws: Stream,
    state: State,
    predictions: Vec<f32>,
    /// The input matrices that are to be shown next.
    matrices: Range<usize>,
    /// The first of those that the seed has, and how many there are.
    primed: Range<usize>,
    /// Predictions that were appended, those that were forgotten again as well.
    outputs: usize,
    pace: Pace,
    share: f64,
    begun: Instant,
    sampling_begun: Option<Instant>,
    resynthesis: Duration,
}

/// What is to be done for a prediction.
pub enum Next {
    /// What its [turn](Making::turn) shows is to be played to the network. Whether that is
    /// a good moment to tell how far it is.
    Play { report: bool },
    /// Nothing: it is made.
    Made(Box<Prediction>),
}

impl<'a> Task<'a> {
    /// Refuses a seed that the model cannot answer.
    fn check(&self) -> Result<(), GenerateError> {
        let (seed, model) = (self.seed, self.model.hyperparameters.format.sample_rate);
        if seed.sample_rate() != model {
            return Err(GenerateError::SampleRate {
                seed: seed.sample_rate(),
                model,
            });
        }
        let (peak, _) = seed.peak_and_rms()?;
        if peak < SILENCE {
            return Err(GenerateError::SilentSeed);
        }
        Ok(())
    }

    /// Whether the same seed may have another answer.
    fn is_random(&self) -> bool {
        let moving = matches!(self.settings.weights, Weights::Moving(_));
        moving || self.model.network.architecture().output != Output::Value
    }

    /// Samples that are to be made, before they are slowed.
    fn samples(&self, hearing: &Hearing) -> usize {
        let slower = hearing.slower_at_hop(self.settings.resynthesis_hop);
        samples_in(self.request.seconds / slower, hearing.sample_rate())
    }

    /// What is followed beside the seed that was `heard`, if anything. Slowed answers are
    /// made before they are slowed.
    fn following(
        &self,
        hearing: &Hearing,
        heard: &SeedHeard,
        common: &mut Common<'a>,
    ) -> Option<(Following, Arc<Course>)> {
        let slower = hearing.slower_at_hop(self.settings.resynthesis_hop);
        let follow = self.settings.follow.before_slowing(slower);
        if follow.is_free() {
            return None;
        }
        let samples = self.samples(hearing);
        let course = common.course(self, &follow, samples, (hearing, heard));
        let following = Following::new(follow, hearing, Arc::clone(&course));
        Some((following, course))
    }

    /// What guides: what is followed, as strongly as was asked for or as the dial says.
    fn guidance(
        &self,
        hearing: &Hearing,
        course: Option<&Arc<Course>>,
        common: &mut Common<'a>,
    ) -> Guidance {
        let none = Guidance::none(self.model.network.architecture());
        let Some(course) = course else {
            return none;
        };
        let own = self.model.hyperparameters.conditioning.guidance;
        let guiding = Guiding::of(self.settings, own);
        none.by(guiding, || common.description(hearing, course))
    }

    /// What begins with the `seed`, and the matrices of it that are played.
    fn continuation(&self, hearing: &Hearing, seed: &Levelled) -> (Continuation, Range<usize>) {
        let elements = hearing.elements_of_seed(seed.samples());
        let matrices = hearing.sampling_windows().input_matrices(elements);
        let first = self.first_primed(hearing, matrices);
        let output = self.model.network.architecture().output;
        let continuation = Continuation::after(seed, first, output, self.settings, hearing);
        (continuation, first..matrices)
    }

    /// The first of the seed's `matrices` that is played.
    fn first_primed(&self, hearing: &Hearing, matrices: usize) -> usize {
        let windows = hearing.sampling_windows();
        let remembered = self.model.memory.map(|memory| MEMORIES * memory);
        let seconds = self.request.prime_seconds.or(remembered);
        let last = matrices - 1;
        match (self.request.prime, seconds) {
            (Prime::Matrix, _) => last,
            (Prime::Seed, None) => 0,
            (Prime::Seed, Some(seconds)) => {
                let of_one = windows.ext_cursor_inc * windows.width;
                last.saturating_sub(hearing.values_in(seconds).div_ceil(of_one))
            }
        }
    }
}

impl Making {
    /// Begins what `task` asks for, which `engine` is to run. Others like it have left in
    /// `common` what was made for them.
    pub fn begin<'a>(
        task: Task<'a>,
        engine: &mut dyn Engine,
        common: &mut Common<'a>,
    ) -> Result<Making, GenerateError> {
        let begun = Instant::now();
        let hearing = task.model.hearing().sounding_by(task.settings.resynthesis);
        task.check()?;
        let heard = common.seed(&task, &hearing);
        let seed = &heard.signal;
        let request = task.request;
        let threads = engine.threads();
        let work = Work::expected(task.model, task.settings, seed.seconds(), request, threads);
        // From here on its time counts.
        let pace = Pace::new(begun, &work.stages());
        let (following, course) = task.following(&hearing, &heard, common).unzip();
        task.seed.check()?;
        task.theme.map_or(Ok(()), |theme| theme.check())?;
        let samples = task.samples(&hearing);
        let heard_for = samples as f64 / f64::from(hearing.sample_rate());
        let may_go_back = request.may_go_back && task.is_random();
        let random_seed = request.random_seed;
        let guard = heard.guard.clone();
        let listener = Listener::new(hearing.clone(), guard, heard_for, may_go_back);
        let guidance = task.guidance(&hearing, course.as_ref(), common);
        let (continuation, primed) = task.continuation(&hearing, seed);
        let continuation = continuation.follow(following);
        let hop = task.settings.resynthesis_hop;
        Ok(Making {
            request: request.clone(),
            samples,
            sounded: Sounded::new(&hearing, hop, random_seed, task.folder),
            seed: Arc::clone(task.seed),
            course: course.clone(),
            listener: listener.beside(course),
            draws: random::stream(random_seed, "draws"),
            state: engine.silence(hearing.sampling_windows(), guidance.streams()),
            predictions: Vec::new(),
            matrices: primed.start..primed.start,
            primed,
            outputs: 0,
            pace,
            share: 0.0,
            begun,
            sampling_begun: None,
            resynthesis: Duration::ZERO,
            continuation,
            guidance,
            hearing,
        })
    }

    /// Which share of the work is done, from 0 to 1 and in time.
    pub fn share(&self) -> f64 {
        self.share
    }

    /// What is to be played next.
    pub fn turn(&mut self) -> Turn<'_> {
        let windows = self.hearing.sampling_windows();
        let forgotten = self.continuation.forgotten_matrices();
        Turn {
            shown: Shown {
                sequence: self.continuation.sequence(),
                before: self.continuation.forgotten(),
                windows,
                streams: self.guidance.streams(),
                conditions: self.guidance.conditions(windows, self.matrices.clone()),
                matrices: self.matrices.start - forgotten..self.matrices.end - forgotten,
            },
            state: &mut self.state,
            prediction: &mut self.predictions,
        }
    }

    /// Goes on after its turn was played, or begins.
    pub fn next(&mut self) -> Result<Next, GenerateError> {
        if self.matrices.end < self.primed.end {
            return Ok(self.prime());
        }
        let share = self.continuation.guidance_share();
        self.guidance.lead(&mut self.predictions, share);
        self.continue_sampling()
    }

    /// Shows the seed to the network, so that its last prediction is the first of the
    /// answer.
    fn prime(&mut self) -> Next {
        let first = self.matrices.end;
        let (done, left) = (first - self.primed.start, self.primed.end - first);
        self.tell(PREPARING, 1, 0);
        self.tell(PRIMING, done, left);
        self.matrices = first..self.primed.end.min(first + PRIMING_STEPS);
        Next::Play { report: true }
    }

    /// Appends what the network predicted, and says what it is to hear next.
    fn continue_sampling(&mut self) -> Result<Next, GenerateError> {
        let needed = self.hearing.values_to_sound(self.samples);
        if self.sampling_begun.is_none() {
            self.sampling_begun = Some(Instant::now());
            self.tell(PRIMING, self.primed.len(), 0);
            self.report(needed);
        }
        loop {
            if let Some(fault) = self.append()? {
                let made = self.continuation.made();
                match self.listener.respond(fault, made) {
                    Some((snapshot, response)) => {
                        let snapshot = snapshot.clone();
                        self.go_back(&snapshot, response);
                        continue;
                    }
                    None => return Err(GenerateError::NotANumber),
                }
            }
            let made = self.continuation.made();
            if made < needed {
                self.outputs += 1;
                let report = self.outputs.is_multiple_of(OUTPUTS_PER_REPORT);
                if report {
                    self.report(needed);
                }
                let newest = self.continuation.matrices() - 1;
                self.matrices = newest..newest + 1;
                return Ok(Next::Play { report });
            }
            if let Some(prediction) = self.sound()? {
                return Ok(Next::Made(Box::new(prediction)));
            }
        }
    }

    /// Makes sound of the last that was predicted, and listens to all: the prediction, or
    /// none where something is wrong with it and sampling went back.
    fn sound(&mut self) -> Result<Option<Prediction>, GenerateError> {
        let sampled = Instant::now();
        self.tell(SOUNDING, 0, 1);
        let last = self.continuation.predicted_since(self.sounded.values());
        self.sounded.push(last)?;
        self.check_sources()?;
        let asked = samples_in(self.request.seconds, self.hearing.sample_rate());
        self.sounded.end(self.samples, asked)?;
        let fault = self.listener.verdict(self.sounded.heard())?;
        let made = self.continuation.made();
        let response = fault.and_then(|fault| self.listener.respond(fault, made));
        self.resynthesis += sampled.elapsed();
        if let Some((snapshot, response)) = response {
            let snapshot = snapshot.clone();
            self.pace.again(SOUNDING);
            self.go_back(&snapshot, response);
            return Ok(None);
        }
        self.tell(SOUNDING, 1, 0);
        Ok(Some(self.prediction(fault)))
    }

    /// What was made, and what is wrong with it.
    fn prediction(&mut self, fault: Option<Fault>) -> Prediction {
        let sampling_begun = self.sampling_begun.unwrap_or(self.begun);
        let timings = Timings {
            priming: seconds(sampling_begun - self.begun),
            sampling: seconds(sampling_begun.elapsed() - self.resynthesis),
            resynthesis: seconds(self.resynthesis),
        };
        Prediction {
            sound: self.sounded.take(),
            fault,
            responses: self.listener.responses().to_vec(),
            timings,
        }
    }

    /// Appends the network's newest prediction, unless something is wrong with
    /// it or with what was predicted before. A listener that finds something can
    /// respond to it; what is not a number may be found by none.
    fn append(&mut self) -> Result<Option<Fault>, GenerateError> {
        let made = self.continuation.made();
        let is_due = self.listener.is_due(made);
        if is_due || made >= self.sounded.values() + self.hearing.values_in(MOST_SECONDS_UNHEARD) {
            let settled = self.continuation.settled_since(self.sounded.values());
            self.sounded.push(settled)?;
            self.continuation.forget();
            self.check_sources()?;
        }
        if is_due {
            let newest = self.sounded.newest(self.listener.stretch())?;
            let fault = newest.and_then(|(begin, newest)| self.listener.hear(begin, &newest));
            if fault.is_some() {
                return Ok(fault);
            }
            self.listener.remember(self.snapshot());
        }
        let appended = self.continuation.append(&self.predictions, &mut self.draws);
        Ok(appended.err().map(|NotANumber| Fault::NotANumber))
    }

    /// Fails where what it is made from could not be read.
    fn check_sources(&self) -> Result<(), ReelError> {
        self.seed.check()?;
        self.course.as_ref().map_or(Ok(()), |course| course.check())
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot {
            tail: self.continuation.tail(),
            sounded: self.sounded.mark(),
            state: self.state.clone(),
            predictions: self.predictions.clone(),
            made: self.continuation.made(),
        }
    }

    /// Goes on from `snapshot`; each `response` has random numbers of its own.
    fn go_back(&mut self, snapshot: &Snapshot, response: usize) {
        self.continuation.go_back(&snapshot.tail);
        self.sounded.go_back(&snapshot.sounded);
        self.state.clone_from(&snapshot.state);
        self.predictions.clone_from(&snapshot.predictions);
        let random_seed = self.request.random_seed;
        self.draws = random::stream(random_seed, &format!("draws.{response}"));
    }

    /// Notes how many outputs were made, and how many are left of the `needed` values.
    fn report(&mut self, needed: usize) {
        let left = needed.saturating_sub(self.continuation.made());
        let left = left.div_ceil(self.continuation.prediction_values());
        self.tell(SAMPLING, self.outputs, left);
    }

    /// Notes that `stage` has done so much and has so much `left`.
    fn tell(&mut self, stage: usize, done: usize, left: usize) {
        self.share = self.pace.share(stage, done as f64, left as f64);
    }

    #[cfg(test)]
    pub(super) fn predicted(&self) -> &[f32] {
        self.continuation.predicted()
    }
}

/// Samples of `seconds` seconds, at least one.
pub fn samples_in(seconds: f64, sample_rate: u32) -> usize {
    ((seconds * f64::from(sample_rate)).round() as usize).max(1)
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}
