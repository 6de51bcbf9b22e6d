//! The sampling loop, one for all four approaches.

use std::ops::{ControlFlow, Range};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::continuation::{Continuation, NotANumber};
use super::following::{Following, Sources};
use super::guard::Fault;
use super::guidance::{Guidance, Guiding};
use super::listener::{Listener, Response, Snapshot};
use super::pace::Pace;
use super::work::Work;
use super::{AnswerSettings, Engine, EngineError, Shown, Weights};
use crate::audio::Signal;
use crate::hearing::Hearing;
use crate::model::{Output, State};
use crate::random::{self, Stream};
use crate::trained_model::TrainedModel;

/// A seed whose peak stays below this is silence: -80 dB of full scale.
const SILENCE: f32 = 1e-4;
/// As many times what a network remembers is played to it: its memory was measured with
/// other sounds.
pub(super) const MEMORIES: f64 = 2.0;
/// Time steps of a seed that are played in one go.
const PRIMING_STEPS: usize = 256;
/// Outputs between two reports of progress: at audio rate, some milliseconds.
const OUTPUTS_PER_REPORT: usize = 64;

/// The stages of [`Work`].
const PREPARING: usize = 0;
const PRIMING: usize = 1;
const SAMPLING: usize = 2;
const SOUNDING: usize = 3;

/// How the network hears the seed before it goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Prime {
    /// The seed is played, as much of it as the network can remember.
    #[default]
    Seed,
    /// Only the seed's last input matrix, from a zero state: the dissertation's way.
    Matrix,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Length of the prediction in seconds; at least one sample is made.
    pub seconds: f64,
    /// Seed of everything random in the answer.
    pub random_seed: u64,
    pub prime: Prime,
    /// Seconds of the seed's end that are played to the network; none for as many as its
    /// memory reaches back, where that is known, or else for the whole seed.
    pub prime_seconds: Option<f64>,
    /// Whether sampling goes back from what is wrong with a prediction, where
    /// anything is random, to go on otherwise.
    pub may_go_back: bool,
}

/// How long each part took, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Timings {
    pub priming: f64,
    pub sampling: f64,
    pub resynthesis: f64,
}

/// The network's continuation of a seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    pub signal: Signal,
    /// What is wrong with it all the same.
    pub fault: Option<Fault>,
    /// What was wrong with it on the way, in the order of noticing.
    pub responses: Vec<Response>,
    pub timings: Timings,
}

/// Why there is no prediction.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    #[error(
        "the seed is silent: nothing in it is louder than -80 dB of full scale; check the recording level"
    )]
    SilentSeed,
    #[error("the seed has {seed} Hz, the model works at {model} Hz; resample it first")]
    SampleRate { seed: u32, model: u32 },
    #[error(
        "the model's prediction is not a number: its weights are damaged or its training diverged; train it again, with a smaller learning rate"
    )]
    NotANumber,
    #[error("stopped before the prediction was complete")]
    Stopped,
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// What answers: a model, how, and what runs it.
pub struct Player<'a> {
    /// The model, whose own settings do not matter here.
    pub model: &'a TrainedModel,
    /// How it answers.
    pub settings: &'a AnswerSettings,
    /// What runs its network: one whose weights move, where the settings say so.
    pub engine: &'a mut dyn Engine,
    /// What it follows instead of the seed, at the model's rate.
    pub theme: Option<&'a Signal>,
}

/// Lets `player` continue `seed`, which it hears as loud as its model heard its
/// training audio.
///
/// A guard listens: when something is wrong with the prediction, sampling goes
/// back some seconds, and on from there with other random numbers.
///
/// `progress` hears now and then which share of the work is done, from 0 to 1 and in
/// time, and may stop it. Where sampling goes back, the share falls.
pub fn generate(
    player: Player,
    seed: &Signal,
    request: &Request,
    progress: &mut dyn FnMut(f64) -> ControlFlow<()>,
) -> Result<Prediction, GenerateError> {
    let hearing = player.model.hearing();
    check_seed(seed, hearing.sample_rate())?;
    let seed = &hearing.at_training_level(seed);
    let hop = player.settings.resynthesis_hop;
    let slower = hearing.slower_at_hop(hop);
    let samples = samples_in(request.seconds / slower, seed.sample_rate);

    let begun = Instant::now();
    let mut progress = Progress::new(&player, seed, request, begun, progress);
    progress.tell(PREPARING, 0, 1)?;
    let random_seed = request.random_seed;
    let may_go_back = request.may_go_back && player.is_random();
    let listening = hearing.clone();
    let following = following(&player, &hearing, seed, request);
    let guide = following
        .as_ref()
        .map(|following| following.sound().clone());
    let heard_for = request.seconds / slower;
    let mut listener =
        Listener::new(listening, seed, heard_for, random_seed, may_go_back).beside(guide);
    let guidance = guidance(&player, &hearing, seed, following.as_ref());
    let memory = player.model.memory;
    let mut sampler = Sampler::new(player, seed, random_seed).led(following, guidance);
    progress.tell(PREPARING, 1, 0)?;
    let prime_seconds = request
        .prime_seconds
        .or(memory.map(|memory| MEMORIES * memory));
    sampler.prime(request.prime, prime_seconds, &mut progress)?;
    let primed = Instant::now();
    let mut resynthesis = Duration::ZERO;
    let (signal, fault) = loop {
        let outputs = sampler.continue_for(samples, &mut listener, &mut progress)?;
        let (made, sampled) = (outputs.len(), Instant::now());
        progress.tell(SOUNDING, 0, 1)?;
        let signal = signal_of(&hearing, outputs.clone(), samples, random_seed);
        let fault = listener.verdict(&signal);
        resynthesis += sampled.elapsed();
        match fault.and_then(|fault| listener.respond(fault, made)) {
            Some((snapshot, response)) => {
                progress.pace.again(SOUNDING);
                sampler.go_back(snapshot, response);
            }
            None => break (at_hop(signal, hop, outputs, &hearing, request), fault),
        }
    };
    progress.tell(SOUNDING, 1, 0)?;
    let timings = Timings {
        priming: seconds(primed - begun),
        sampling: seconds(primed.elapsed() - resynthesis),
        resynthesis: seconds(resynthesis),
    };
    Ok(Prediction {
        signal,
        fault,
        responses: listener.into_responses(),
        timings,
    })
}

/// How an answer gets on, and who is told.
struct Progress<'a> {
    pace: Pace,
    told: &'a mut dyn FnMut(f64) -> ControlFlow<()>,
}

impl<'a> Progress<'a> {
    fn new(
        player: &Player,
        seed: &Signal,
        request: &Request,
        begun: Instant,
        told: &'a mut dyn FnMut(f64) -> ControlFlow<()>,
    ) -> Progress<'a> {
        let Player {
            model,
            settings,
            engine,
            ..
        } = player;
        let work = Work::expected(model, settings, seed.seconds(), request, engine.threads());
        Progress {
            pace: Pace::new(begun, &work.stages()),
            told,
        }
    }

    /// Tells that `stage` has done so much and has so much `left`.
    fn tell(&mut self, stage: usize, done: usize, left: usize) -> Result<(), GenerateError> {
        let share = self.pace.share(stage, done as f64, left as f64);
        match (self.told)(share) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(GenerateError::Stopped),
        }
    }
}

/// Refuses a seed that a model at `model` Hz cannot answer.
fn check_seed(seed: &Signal, model: u32) -> Result<(), GenerateError> {
    if seed.sample_rate != model {
        return Err(GenerateError::SampleRate {
            seed: seed.sample_rate,
            model,
        });
    }
    if seed.peak() < SILENCE {
        return Err(GenerateError::SilentSeed);
    }
    Ok(())
}

impl Player<'_> {
    /// Whether the same seed may have another answer.
    fn is_random(&self) -> bool {
        let moving = matches!(self.settings.weights, Weights::Moving(_));
        moving || self.model.network.architecture().output != Output::Value
    }
}

/// What `player` follows beside its `seed`, if anything. Slowed answers are made before they
/// are slowed.
fn following(
    player: &Player,
    hearing: &Hearing,
    seed: &Signal,
    request: &Request,
) -> Option<Following> {
    let slower = hearing.slower_at_hop(player.settings.resynthesis_hop);
    let samples = samples_in(request.seconds / slower, seed.sample_rate);
    let theme = player.theme.map(|theme| hearing.at_training_level(theme));
    let sources = Sources {
        seed: &seed.samples,
        theme: theme.as_ref().map_or(&seed.samples, |theme| &theme.samples),
    };
    let follow = player.settings.follow.before_slowing(slower);
    Following::new(&follow, hearing, &sources, samples, request.random_seed)
}

/// What guides `player`: what it follows, as strongly as was asked for or as the dial
/// says.
fn guidance(
    player: &Player,
    hearing: &Hearing,
    seed: &Signal,
    following: Option<&Following>,
) -> Guidance {
    let none = Guidance::none(player.model.network.architecture());
    let Some(following) = following else {
        return none;
    };
    let asked = player.settings.guidance;
    let strength = Guiding {
        strength: asked.unwrap_or(player.model.hyperparameters.conditioning.guidance),
        by_the_dial: asked.is_none(),
    };
    none.by(strength, hearing, &seed.samples, &following.sound().samples)
}

/// The `samples` samples of sound that `outputs` stand for.
fn signal_of(hearing: &Hearing, outputs: Vec<f32>, samples: usize, random_seed: u64) -> Signal {
    let mut phases = random::stream(random_seed, "phases");
    let mut signal = hearing.sound(outputs, &mut phases);
    signal.samples.truncate(samples);
    signal
}

/// The sound of `outputs` whose frames are `hop` samples apart, where that was asked for:
/// `signal` is what they are as they were heard.
fn at_hop(
    signal: Signal,
    hop: Option<usize>,
    outputs: Vec<f32>,
    hearing: &Hearing,
    request: &Request,
) -> Signal {
    let Some(hop) = hop else {
        return signal;
    };
    let mut phases = random::stream(request.random_seed, "phases");
    let mut signal = hearing.sound_at_hop(outputs, hop, &mut phases);
    let samples = samples_in(request.seconds, hearing.sample_rate());
    signal.samples.resize(samples, 0.0);
    signal
}

/// A seed that an engine continues.
struct Sampler<'a> {
    hearing: Hearing,
    engine: &'a mut dyn Engine,
    continuation: Continuation,
    guidance: Guidance,
    random_seed: u64,
    draws: Stream,
    state: State,
    predictions: Vec<f32>,
    /// Predictions that were appended, those that were forgotten again as well.
    outputs: usize,
}

impl<'a> Sampler<'a> {
    fn new(player: Player<'a>, seed: &Signal, random_seed: u64) -> Self {
        let hearing = player.model.hearing();
        let architecture = player.model.network.architecture();
        let seed = hearing.see_seed(&seed.samples);
        let output = architecture.output;
        let engine = player.engine;
        Sampler {
            state: engine.silence(hearing.sampling_windows(), 1),
            continuation: Continuation::new(output, player.settings, &hearing, seed),
            guidance: Guidance::none(architecture),
            draws: random::stream(random_seed, "draws"),
            random_seed,
            hearing,
            engine,
            predictions: Vec::new(),
            outputs: 0,
        }
    }

    /// Follows a guide, if there is one, and goes on as `guidance` has it, from the
    /// seed on.
    fn led(self, following: Option<Following>, guidance: Guidance) -> Self {
        let windows = self.hearing.sampling_windows();
        Sampler {
            continuation: self.continuation.follow(following),
            state: self.engine.silence(windows, guidance.streams()),
            guidance,
            ..self
        }
    }

    /// Plays input matrices `matrices` to the network.
    fn play(&mut self, matrices: Range<usize>) -> Result<(), EngineError> {
        let windows = self.hearing.sampling_windows();
        let shown = Shown {
            sequence: self.continuation.sequence(),
            windows,
            streams: self.guidance.streams(),
            conditions: self.guidance.conditions(windows, matrices.clone()),
            matrices,
        };
        self.engine
            .play(&shown, &mut self.state, &mut self.predictions)?;
        let share = self.continuation.guidance_share();
        self.guidance.lead(&mut self.predictions, share);
        Ok(())
    }

    /// Shows the seed to the network, its last `seconds` if that is said, so that its
    /// last prediction is the first of the answer.
    fn prime(
        &mut self,
        prime: Prime,
        seconds: Option<f64>,
        progress: &mut Progress,
    ) -> Result<(), GenerateError> {
        let last = self.continuation.matrices() - 1;
        let matrices = last + 1;
        let first = match (prime, seconds) {
            (Prime::Matrix, _) => last,
            (Prime::Seed, None) => 0,
            (Prime::Seed, Some(seconds)) => {
                let values = self.hearing.values_in(seconds);
                last.saturating_sub(values.div_ceil(self.continuation.prediction_values()))
            }
        };
        for step in (first..matrices).step_by(PRIMING_STEPS) {
            progress.tell(PRIMING, step - first, matrices - step)?;
            self.play(step..matrices.min(step + PRIMING_STEPS))?;
        }
        progress.tell(PRIMING, matrices - first, 0)
    }

    /// Feeds predictions back until they make `samples` samples of sound.
    fn continue_for(
        &mut self,
        samples: usize,
        listener: &mut Listener,
        progress: &mut Progress,
    ) -> Result<Vec<f32>, GenerateError> {
        let needed = self.hearing.values_to_sound(samples);
        self.report(needed, progress)?;
        loop {
            if let Some(fault) = self.append(listener) {
                let made = self.continuation.predicted().len();
                let response = listener.respond(fault, made);
                let (snapshot, response) = response.ok_or(GenerateError::NotANumber)?;
                self.go_back(snapshot, response);
                continue;
            }
            let made = self.continuation.predicted().len();
            if made >= needed {
                return Ok(self.continuation.predicted().to_vec());
            }
            self.outputs += 1;
            if self.outputs.is_multiple_of(OUTPUTS_PER_REPORT) {
                self.report(needed, progress)?;
            }
            let newest = self.continuation.matrices() - 1;
            self.play(newest..newest + 1)?;
        }
    }

    /// Reports how many outputs were made, and how many are left of the `needed` values.
    fn report(&self, needed: usize, progress: &mut Progress) -> Result<(), GenerateError> {
        let left = needed.saturating_sub(self.continuation.predicted().len());
        let left = left.div_ceil(self.continuation.prediction_values());
        progress.tell(SAMPLING, self.outputs, left)
    }

    /// Appends the network's newest prediction, unless something is wrong with
    /// it or with what was predicted before. A listener that finds something can
    /// respond to it; what is not a number may be found by none.
    fn append(&mut self, listener: &mut Listener) -> Option<Fault> {
        let predicted = self.continuation.predicted();
        if listener.is_due(predicted.len()) {
            let fault = listener.hear(predicted);
            if fault.is_some() {
                return fault;
            }
            listener.remember(self.snapshot());
        }
        let appended = self.continuation.append(&self.predictions, &mut self.draws);
        appended.err().map(|NotANumber| Fault::NotANumber)
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot {
            tail: self.continuation.tail(),
            state: self.state.clone(),
            predictions: self.predictions.clone(),
            made: self.continuation.predicted().len(),
        }
    }

    /// Goes on from `snapshot`; each `response` has random numbers of its own.
    fn go_back(&mut self, snapshot: &Snapshot, response: usize) {
        self.continuation.go_back(&snapshot.tail);
        self.state.clone_from(&snapshot.state);
        self.predictions.clone_from(&snapshot.predictions);
        self.draws = random::stream(self.random_seed, &format!("draws.{response}"));
    }
}

fn samples_in(seconds: f64, sample_rate: u32) -> usize {
    ((seconds * f64::from(sample_rate)).round() as usize).max(1)
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frames::WindowFormat;
    use crate::generate::Native;
    use crate::hearing::Dynamics;
    use crate::model::{Precision, Tape};
    use crate::testing::random_model;

    fn seed(samples: usize) -> Signal {
        Signal {
            samples: (0..samples)
                .map(|n| 0.7 * (n as f32 * 0.21).sin())
                .collect(),
            sample_rate: 11025,
        }
    }

    fn answer(
        model: &TrainedModel,
        engine: &mut dyn Engine,
        seed: &Signal,
        request: &Request,
    ) -> Result<Prediction, GenerateError> {
        let player = Player {
            model,
            settings: &AnswerSettings::of(&model.hyperparameters).free(),
            engine,
            theme: None,
        };
        generate(player, seed, request, &mut |_| ControlFlow::Continue(()))
    }

    fn continuation(model: &TrainedModel, seed: &Signal, samples: usize, prime: Prime) -> Vec<f32> {
        let mut engine = Native::new(model.network.clone(), Precision::F32, 1);
        let settings = AnswerSettings::of(&model.hyperparameters);
        let player = Player {
            model,
            settings: &settings,
            engine: &mut engine,
            theme: None,
        };
        let mut sampler = Sampler::new(player, seed, 1);
        let mut go_on = |_: f64| ControlFlow::Continue(());
        let mut go_on = Progress {
            pace: Pace::new(Instant::now(), &[1.0; 4]),
            told: &mut go_on,
        };
        let mut listener = Listener::new(model.hearing(), seed, 0.0, 1, false);
        sampler.prime(prime, None, &mut go_on).unwrap();
        let continued = sampler.continue_for(samples, &mut listener, &mut go_on);
        continued.unwrap()
    }

    /// Figure 3.1 with the full matrix: every row with its own state, the last
    /// element of the prediction kept, the rest thrown away.
    fn full_matrix_loop(model: &TrainedModel, seed: &Signal, outputs: usize) -> Vec<f32> {
        let hearing = model.hearing();
        let format = hearing.training_windows().clone();
        let increment = hearing.sampling_windows().ext_cursor_inc;
        let windows = WindowFormat {
            ext_cursor_inc: increment,
            ..format
        };
        // The last row starts where the one-row stream does: rows above it hear silence first.
        let mut sequence = hearing.see_seed(&seed.samples);
        let silence = (windows.rows - 1) * windows.int_cursor_inc * windows.width;
        sequence.splice(0..0, vec![0.0; silence]);

        let rows = windows.rows;
        let mut state = State::zero(model.network.architecture(), rows);
        let mut tape = Tape::new(1);
        let primed = windows.input_matrices(sequence.len() / windows.width);
        let mut kept = Vec::new();
        for t in 0..primed + outputs - 1 {
            let mut matrix = Vec::new();
            windows.push_input(&sequence, t, &mut matrix);
            model.network.forward(&matrix, &mut state, None, &mut tape);
            if t + 1 >= primed {
                let values = increment * windows.width;
                let prediction = tape.prediction();
                let last = &prediction[prediction.len() - values..];
                let last: Vec<f32> = if model.hyperparameters.format.use_fft {
                    last.iter().map(|m| m.max(0.0)).collect()
                } else {
                    last.to_vec()
                };
                sequence.extend_from_slice(&last);
                kept.extend(last);
            }
        }
        kept
    }

    #[test]
    fn the_last_row_alone_gives_what_the_full_matrix_gives() {
        for json in [
            r#"{"preset": "vector", "seg_len": 8, "num_unrollings": 5, "num_layers": 2}"#,
            r#"{"preset": "column-vector", "seg_len": 8, "num_unrollings": 5}"#,
            r#"{"preset": "magnitude-spectrum", "window_size": 16, "hop_size": 8, "num_unrollings": 5}"#,
        ] {
            let model = random_model(json);
            let expected = full_matrix_loop(&model, &seed(100), 20);
            let hop = if model.hyperparameters.format.use_fft {
                8
            } else {
                1
            };
            let samples = expected.len() / model.hyperparameters.format.label_shape[1]
                * model.hyperparameters.format.label_shape[1];
            let samples = if hop > 1 { 19 * hop } else { samples };
            let outputs = continuation(&model, &seed(100), samples, Prime::Seed);
            assert_eq!(outputs.len(), expected.len(), "{json}");
            assert!(outputs.iter().any(|v| v.abs() > 1e-3), "{json}");
            for (fast, slow) in outputs.iter().zip(&expected) {
                assert!((fast - slow).abs() < 1e-5, "{json}: {fast} {slow}");
            }
        }
    }

    #[test]
    fn the_transpose_approach_moves_the_whole_matrix_by_one_sample() {
        let model = random_model(
            r#"{"preset": "transpose", "seg_len": 6, "num_unrollings": 3, "int_cursor_inc": 2}"#,
        );
        // Long enough for the rows to forget how they began.
        let seed = seed(400);
        let outputs = continuation(&model, &seed, 5, Prime::Seed);
        let (mut sequence, mut expected) = (seed.samples.clone(), Vec::new());
        let mut state = State::zero(model.network.architecture(), 3);
        let mut tape = Tape::new(1);
        let primed = 400 - (2 * 2 + 6) + 1;
        for t in 0..primed + 4 {
            let row = |r: usize| sequence[t + 2 * r..t + 2 * r + 6].to_vec();
            let matrix = [row(0), row(1), row(2)].concat();
            model.network.forward(&matrix, &mut state, None, &mut tape);
            if t + 1 >= primed {
                expected.push(tape.prediction()[0]);
                sequence.push(tape.prediction()[0]);
            }
        }
        assert_eq!(outputs.len(), 5);
        for (a, b) in outputs.iter().zip(&expected) {
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
    }

    #[test]
    fn one_matrix_of_a_long_seed_forgets_what_came_before() {
        let model = random_model(r#"{"preset": "vector", "seg_len": 8, "num_unrollings": 2}"#);
        let long = seed(80);
        let last = Signal {
            samples: long.samples[72..].to_vec(),
            ..long
        };
        let matrix = continuation(&model, &long, 16, Prime::Matrix);
        assert_eq!(matrix, continuation(&model, &last, 16, Prime::Seed));
        assert_ne!(matrix, continuation(&model, &long, 16, Prime::Seed));
    }

    #[test]
    fn every_approach_answers_with_the_length_asked_for() {
        for json in [
            r#"{"preset": "vector", "seg_len": 8, "num_unrollings": 5}"#,
            r#"{"preset": "column-vector", "seg_len": 8, "num_unrollings": 5}"#,
            r#"{"preset": "transpose", "seg_len": 8, "num_unrollings": 5}"#,
            r#"{"preset": "magnitude-spectrum", "window_size": 16, "hop_size": 8, "num_unrollings": 5}"#,
        ] {
            let model = random_model(json);
            let mut engine = Native::new(model.network.clone(), Precision::F32, 1);
            for (seed_samples, seconds) in [(1, 0.0), (3, 0.01), (1000, 0.1)] {
                let seed = Signal {
                    samples: vec![0.5; seed_samples],
                    sample_rate: 11025,
                };
                let request = Request {
                    seconds,
                    random_seed: 1,
                    prime: Prime::Seed,
                    prime_seconds: None,
                    may_go_back: true,
                };
                let prediction = answer(&model, &mut engine, &seed, &request).unwrap();
                assert_eq!(prediction.signal.samples.len(), samples_in(seconds, 11025));
            }
        }
    }

    /// Plays notes, whatever it hears, 25 vectors a second. From the third second
    /// of an answer on it goes wrong until it has played `wrong_until` vectors in all.
    struct Scripted {
        played: usize,
        wrong_until: usize,
        wrong: fn(f32) -> f32,
    }

    const VECTOR: usize = 441;

    impl Engine for Scripted {
        fn name(&self) -> &'static str {
            "scripted"
        }

        fn silence(&mut self, _: &WindowFormat, _: usize) -> State {
            State {
                h: vec![0.0],
                c: Vec::new(),
                line: Default::default(),
            }
        }

        fn play(
            &mut self,
            shown: &Shown,
            state: &mut State,
            predictions: &mut Vec<f32>,
        ) -> Result<(), EngineError> {
            for _ in shown.matrices.clone() {
                predictions.clear();
                self.played += 1;
                state.h[0] += 1.0;
                let wrong = state.h[0] > 100.0 && self.played < self.wrong_until;
                let note = |n: f32| 0.5 * (n * 0.2).sin() * (-(n % 5000.0) / 1500.0).exp();
                let sample = |n| {
                    let n = (state.h[0] as usize * VECTOR + n) as f32;
                    if wrong { (self.wrong)(n) } else { note(n) }
                };
                // Two components, both the same.
                predictions.extend((0..VECTOR).map(sample));
                predictions.extend((0..VECTOR).map(sample));
                predictions.extend([0.0, 0.0, -6.0, -6.0]);
            }
            Ok(())
        }
    }

    fn scripted_answer(
        wrong_until: usize,
        wrong: fn(f32) -> f32,
    ) -> Result<Prediction, GenerateError> {
        scripted_answer_after_training(Dynamics::default(), wrong_until, wrong)
    }

    /// By a model whose training audio does what `usual` says.
    fn scripted_answer_after_training(
        usual: Dynamics,
        wrong_until: usize,
        wrong: fn(f32) -> f32,
    ) -> Result<Prediction, GenerateError> {
        let mut model = random_model(
            r#"{"preset": "vector", "seg_len": 441, "hidden_size": 4, "num_unrollings": 2,
                "output": "mixture", "components": 2}"#,
        );
        model.normalisation.dynamics = usual;
        let mut engine = Scripted {
            played: 0,
            wrong_until,
            wrong,
        };
        let request = Request {
            seconds: 12.0,
            random_seed: 1,
            prime: Prime::Seed,
            prime_seconds: None,
            may_go_back: true,
        };
        answer(&model, &mut engine, &seed(VECTOR), &request)
    }

    #[test]
    fn sampling_goes_back_to_before_it_went_wrong() {
        for (fault, wrong) in [
            (
                Fault::Drone,
                (|n| (n * 0.3).sin().signum() * 0.2) as fn(f32) -> f32,
            ),
            (Fault::Silence, |_| 0.0),
            (Fault::DirectCurrent, |n| 0.5 + 0.1 * n.sin()),
            (Fault::NotANumber, |_| f32::NAN),
        ] {
            let answer = scripted_answer(180, wrong).unwrap();
            assert_eq!(answer.fault, None);
            assert_eq!(answer.signal.samples.len(), 12 * 11025);
            let [response] = &answer.responses[..] else {
                panic!("{fault}: {:?}", answer.responses);
            };
            assert_eq!(response.fault, fault);
            let back = response.noticed_at - response.back_to;
            assert!((4.0..5.1).contains(&back), "{response:?}");
            assert!((3.9..8.1).contains(&response.noticed_at), "{response:?}");
            // As if nothing had happened.
            assert_eq!(answer.signal, scripted_answer(0, wrong).unwrap().signal);
        }
    }

    #[test]
    fn sampling_goes_back_to_before_a_burst() {
        let noise = |n: f32| 0.5 * ((n * 12.9898).sin() * 43758.547).fract();
        let right = scripted_answer(0, noise).unwrap();
        let usual = Dynamics {
            sustained: Some(-50.0),
            least_change: None,
        };
        let answer = scripted_answer_after_training(usual, 180, noise).unwrap();
        assert_eq!(answer.fault, None);
        let first = answer.responses.first().unwrap();
        assert_eq!(first.fault, Fault::Burst);
        let back = first.noticed_at - first.back_to;
        assert!((2.0..3.1).contains(&back), "{first:?}");
        assert_eq!(answer.signal, right.signal);
    }

    #[test]
    fn sampling_goes_back_to_before_what_changes_less_than_the_training_audio() {
        let beats = |n: f32| 0.2 * (n * 0.3).sin() * (1.0 + 0.25 * (n * 0.0009).sin());
        let first_fault = |least_change| {
            let usual = Dynamics {
                sustained: None,
                least_change,
            };
            let answer = scripted_answer_after_training(usual, 180, beats).unwrap();
            answer.responses.first().map(|response| response.fault)
        };
        assert_eq!(first_fault(None), None);
        assert_eq!(first_fault(Some(9.0)), Some(Fault::Drone));
    }

    #[test]
    fn sampling_goes_back_further_and_further_but_only_so_often() {
        let answer = scripted_answer(usize::MAX, |n| (n * 0.3).sin().signum() * 0.2).unwrap();
        assert_eq!(answer.fault, Some(Fault::Drone));
        let back: Vec<f64> = answer.responses.iter().map(|r| r.back_to).collect();
        assert_eq!(back, [2.0, 0.0, 0.0, 0.0]);
        let broken = scripted_answer(usize::MAX, |_| f32::NAN);
        assert!(matches!(broken, Err(GenerateError::NotANumber)));
    }

    #[test]
    fn silence_a_wrong_rate_and_nonsense_are_refused() {
        let mut model = random_model(r#"{"preset": "vector", "seg_len": 8, "num_unrollings": 2}"#);
        let request = Request {
            seconds: 0.1,
            random_seed: 1,
            prime: Prime::Seed,
            prime_seconds: None,
            may_go_back: true,
        };
        let refusal = |model: &TrainedModel, seed: &Signal, flow: ControlFlow<()>| {
            let mut engine = Native::new(model.network.clone(), Precision::F32, 1);
            let player = Player {
                model,
                settings: &AnswerSettings::of(&model.hyperparameters).free(),
                engine: &mut engine,
                theme: None,
            };
            generate(player, seed, &request, &mut |_| flow)
                .unwrap_err()
                .to_string()
        };
        let go_on = ControlFlow::Continue(());
        let silence = Signal {
            samples: vec![0.0; 100],
            sample_rate: 11025,
        };
        assert!(refusal(&model, &silence, go_on).contains("silent"));
        let other_rate = Signal {
            sample_rate: 44100,
            ..seed(10)
        };
        assert!(refusal(&model, &other_rate, go_on).contains("44100"));
        assert!(refusal(&model, &seed(100), ControlFlow::Break(())).contains("stopped"));
        model.network.weights.fill(f32::NAN);
        assert!(refusal(&model, &seed(100), go_on).contains("not a number"));
    }
}
