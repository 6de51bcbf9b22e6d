//! The sampling loop, one for all four approaches.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::common::Common;
use super::guard::Fault;
use super::listener::Response;
use super::making::{Making, Next, Task};
use super::{AnswerSettings, Engine, EngineError};
use crate::audio::LongSound;
use crate::reel::ReelError;
use crate::trained_model::TrainedModel;

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
#[derive(Debug)]
pub struct Prediction {
    pub sound: LongSound,
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
    #[error(transparent)]
    Reel(#[from] ReelError),
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
    pub theme: Option<&'a Arc<LongSound>>,
    /// Where what does not fit into memory is meanwhile.
    pub folder: &'a Path,
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
    seed: &Arc<LongSound>,
    request: &Request,
    progress: &mut dyn FnMut(f64) -> ControlFlow<()>,
) -> Result<Prediction, GenerateError> {
    let task = Task {
        model: player.model,
        settings: player.settings,
        theme: player.theme,
        folder: player.folder,
        seed,
        request,
    };
    make(task, player.engine, progress)
}

/// Makes what `task` asks for.
pub(super) fn make(
    task: Task,
    engine: &mut dyn Engine,
    progress: &mut dyn FnMut(f64) -> ControlFlow<()>,
) -> Result<Prediction, GenerateError> {
    let mut tell = |share| match progress(share) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(GenerateError::Stopped),
    };
    tell(0.0)?;
    let mut making = Making::begin(task, engine, &mut Common::default())?;
    loop {
        match making.next()? {
            Next::Made(prediction) => {
                tell(making.share())?;
                return Ok(*prediction);
            }
            Next::Play { report } => {
                if report {
                    tell(making.share())?;
                }
                let turn = making.turn();
                engine.play(&turn.shown, turn.state, turn.prediction)?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::Signal;
    use crate::frames::{BandSynthesis, WindowFormat};
    use crate::generate::making::samples_in;
    use crate::generate::overheard::Overheard;
    use crate::generate::{Native, Shown, Turn};
    use crate::hearing::Dynamics;
    use crate::model::{Network, Precision, State, Tape};
    use crate::reel::Reel;
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
            folder: Path::new("nowhere"),
        };
        generate(player, &Arc::new(seed.clone().into()), request, &mut |_| {
            ControlFlow::Continue(())
        })
    }

    fn continuation(model: &TrainedModel, seed: &Signal, samples: usize, prime: Prime) -> Vec<f32> {
        let mut engine = Native::new(model.network.clone(), Precision::F32, 1);
        let request = Request {
            seconds: samples as f64 / f64::from(seed.sample_rate),
            random_seed: 1,
            prime,
            prime_seconds: None,
            may_go_back: false,
        };
        let task = Task {
            model,
            settings: &AnswerSettings::of(&model.hyperparameters).free(),
            theme: None,
            folder: Path::new("nowhere"),
            seed: &Arc::new(seed.clone().into()),
            request: &request,
        };
        let common = &mut Common::default();
        let mut making = Making::begin(task, &mut engine, common).unwrap();
        while let Next::Play { .. } = making.next().unwrap() {
            let turn = making.turn();
            engine
                .play(&turn.shown, turn.state, turn.prediction)
                .unwrap();
        }
        making.predicted().to_vec()
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
            r#"{"preset": "column-vector", "bands": 4, "seg_len": 16, "num_unrollings": 5}"#,
            r#"{"preset": "magnitude-spectrum", "window_size": 16, "hop_size": 8, "num_unrollings": 5}"#,
        ] {
            let model = random_model(json);
            let seed = model
                .hearing()
                .at_training_level(&Arc::new(seed(100).into()));
            let seed = Signal {
                samples: seed.to_vec(),
                sample_rate: 11025,
            };
            let expected = full_matrix_loop(&model, &seed, 20);
            let format = &model.hyperparameters.format;
            let samples = match (format.use_fft, format.bands) {
                (true, _) => 19 * 8,
                (false, 1) => expected.len(),
                // The first steps give no sound yet.
                (false, bands) => (20 - BandSynthesis::waits()) * bands,
            };
            let outputs = continuation(&model, &seed, samples, Prime::Seed);
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

    /// Compares the embedded engine's predictions with those of a naive loop over whole
    /// matrices, of a sequence of which nothing is forgotten.
    struct Naive<'a> {
        network: &'a Network,
        /// All samples so far, and each row's state.
        sequence: Vec<f32>,
        rows: State,
        steps: usize,
        /// Samples that were forgotten when it heard last.
        forgotten: usize,
    }

    impl Naive<'_> {
        fn compare(&mut self, turn: &Turn) {
            let (shown, windows) = (&turn.shown, turn.shown.windows);
            self.forgotten = shown.before;
            let known = self.sequence.len() - shown.before;
            assert_eq!(self.sequence[shown.before..], shown.sequence[..known]);
            self.sequence.extend_from_slice(&shown.sequence[known..]);
            let mut tape = Tape::new(1);
            let before = shown.before / windows.ext_cursor_inc;
            for t in shown.matrices.clone() {
                let mut matrix = Vec::new();
                windows.push_input(&self.sequence, before + t, &mut matrix);
                let rows = &mut self.rows;
                self.network.forward(&matrix, rows, None, &mut tape);
                self.steps += 1;
            }
            // Until then the rows of a transpose matrix may know how they began.
            if self.steps > 400 {
                for (fast, slow) in turn.prediction.iter().zip(tape.prediction()) {
                    let step = self.steps;
                    assert!((fast - slow).abs() < 1e-4, "{step}: {fast} {slow}");
                }
            }
        }
    }

    #[test]
    fn what_is_forgotten_of_a_long_answer_changes_nothing() {
        for json in [
            r#"{"preset": "vector", "seg_len": 8, "num_unrollings": 2, "sample_rate": 1000}"#,
            r#"{"preset": "column-vector", "seg_len": 300, "hidden_size": 12, "num_unrollings": 2,
                "sample_rate": 1000}"#,
            r#"{"preset": "transpose", "seg_len": 80, "hidden_size": 12, "num_unrollings": 3,
                "int_cursor_inc": 5, "sample_rate": 1000}"#,
        ] {
            let model = random_model(json);
            let rows = model.hearing().sampling_windows().rows;
            let seed = Signal {
                sample_rate: 1000,
                ..seed(4000)
            };
            let mut naive = Naive {
                network: &model.network,
                sequence: Vec::new(),
                rows: State::zero(model.network.architecture(), rows),
                steps: 0,
                forgotten: 0,
            };
            let request = Request {
                seconds: 6.0,
                random_seed: 1,
                prime: Prime::Seed,
                prime_seconds: None,
                may_go_back: false,
            };
            let mut engine = Overheard {
                native: Native::new(model.network.clone(), Precision::F32, 1),
                hear: |turns: &[Turn]| turns.iter().for_each(|turn| naive.compare(turn)),
            };
            let answer = answer(&model, &mut engine, &seed, &request).unwrap();
            assert!(naive.forgotten > 5000, "{}", naive.forgotten);
            let sound = answer.sound.to_signal().unwrap().samples;
            assert_eq!(sound.len(), 6000);
            // What was predicted last was not shown.
            let shown = &naive.sequence[4000..];
            assert!(shown.len() > 5900, "{json}");
            for (sound, shown) in sound.iter().zip(shown) {
                assert!((sound - shown).abs() < 1e-6, "{json}: {sound} {shown}");
            }
        }
    }

    /// A tone of 530 seconds at 1000 Hz, most of which is in a file in `folder`.
    fn stored_tone(folder: &Path) -> Arc<LongSound> {
        let mut samples = Reel::new(folder);
        samples.push(&seed(530_000).samples).unwrap();
        Arc::new(LongSound::new(samples, 1000))
    }

    #[test]
    fn what_cannot_be_read_of_a_seed_or_a_theme_ends_the_answer() {
        let model = random_model(
            r#"{"preset": "column-vector", "seg_len": 64, "num_unrollings": 2, "hidden_size": 16,
                "sample_rate": 1000, "conditioning": "chroma"}"#,
        );
        let settings = AnswerSettings::of(&model.hyperparameters);
        assert!(!settings.follow.is_free());
        let request = Request {
            seconds: 5.0,
            random_seed: 1,
            prime: Prime::Matrix,
            prime_seconds: None,
            may_go_back: false,
        };
        let folder = tempfile::tempdir().unwrap();
        let short = Arc::new(LongSound::from(Signal {
            sample_rate: 1000,
            ..seed(2000)
        }));
        let refusal = |seed: &Arc<LongSound>, theme: Option<&Arc<LongSound>>, lost_at: f64| {
            let player = Player {
                model: &model,
                settings: &settings,
                engine: &mut Native::new(model.network.clone(), Precision::F32, 1),
                theme,
                folder: folder.path(),
            };
            let told = &mut |share| {
                if share >= lost_at {
                    theme.unwrap_or(seed).lose_file();
                }
                ControlFlow::Continue(())
            };
            generate(player, seed, &request, told).unwrap_err()
        };
        for lost_at in [0.0, 0.2] {
            let stored = || stored_tone(folder.path());
            for refused in [
                refusal(&stored(), None, lost_at),
                refusal(&short, Some(&stored()), lost_at),
            ] {
                assert!(matches!(refused, GenerateError::Reel(_)), "{refused}");
            }
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
    fn as_much_of_a_seed_is_played_as_is_remembered_or_asked_for() {
        let mut model = random_model(
            r#"{"preset": "vector", "seg_len": 16, "num_unrollings": 2, "hidden_size": 8}"#,
        );
        let mut sound = |memory, prime_seconds| {
            model.memory = memory;
            let mut engine = Native::new(model.network.clone(), Precision::F32, 1);
            let request = Request {
                seconds: 0.05,
                random_seed: 1,
                prime: Prime::Seed,
                prime_seconds,
                may_go_back: false,
            };
            let answer = answer(&model, &mut engine, &seed(5000), &request);
            answer.unwrap().sound.to_signal().unwrap()
        };
        let whole = sound(None, None);
        let remembered = sound(Some(0.001), None);
        assert_ne!(remembered, whole);
        assert_eq!(remembered, sound(None, Some(0.002)));
        // What is asked for comes first, and more than there is is all of it.
        assert_eq!(sound(Some(0.001), Some(0.004)), sound(None, Some(0.004)));
        assert_eq!(sound(Some(100.0), None), whole);
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
                assert_eq!(
                    prediction.sound.to_signal().unwrap().samples.len(),
                    samples_in(seconds, 11025)
                );
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
            assert_eq!(answer.sound.to_signal().unwrap().samples.len(), 12 * 11025);
            let [response] = &answer.responses[..] else {
                panic!("{fault}: {:?}", answer.responses);
            };
            assert_eq!(response.fault, fault);
            let back = response.noticed_at - response.back_to;
            assert!((4.0..5.1).contains(&back), "{response:?}");
            assert!((3.9..8.1).contains(&response.noticed_at), "{response:?}");
            // As if nothing had happened.
            assert_eq!(
                answer.sound.to_signal().unwrap(),
                scripted_answer(0, wrong)
                    .unwrap()
                    .sound
                    .to_signal()
                    .unwrap()
            );
        }
    }

    #[test]
    fn sampling_goes_back_to_before_a_burst() {
        let noise = |n: f32| 0.5 * ((n * 12.9898).sin() * 43758.547).fract();
        let right = scripted_answer(0, noise).unwrap();
        let usual = Dynamics {
            sustained: Some(-50.0),
            ..Dynamics::default()
        };
        let answer = scripted_answer_after_training(usual, 180, noise).unwrap();
        assert_eq!(answer.fault, None);
        let first = answer.responses.first().unwrap();
        assert_eq!(first.fault, Fault::Burst);
        let back = first.noticed_at - first.back_to;
        assert!((2.0..3.1).contains(&back), "{first:?}");
        assert_eq!(
            answer.sound.to_signal().unwrap(),
            right.sound.to_signal().unwrap()
        );
    }

    #[test]
    fn sampling_goes_back_to_before_what_changes_less_than_the_training_audio() {
        let beats = |n: f32| 0.2 * (n * 0.3).sin() * (1.0 + 0.25 * (n * 0.0009).sin());
        let first_fault = |least_change| {
            let usual = Dynamics {
                least_change,
                ..Dynamics::default()
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
                folder: Path::new("nowhere"),
            };
            generate(
                player,
                &Arc::new(seed.clone().into()),
                &request,
                &mut |_| flow,
            )
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

    /// Preparing counts as the time that it took, so that what is left is not taken for
    /// next to nothing.
    #[test]
    fn the_first_shares_of_a_long_answer_are_small() {
        let model = random_model(
            r#"{"preset": "column-vector", "seg_len": 64, "num_unrollings": 2, "hidden_size": 64,
                "output": "mixture", "components": 2, "conditioning": "chroma"}"#,
        );
        let request = Request {
            seconds: 2.0,
            random_seed: 1,
            prime: Prime::Matrix,
            prime_seconds: None,
            may_go_back: false,
        };
        let player = Player {
            model: &model,
            settings: &AnswerSettings::of(&model.hyperparameters),
            engine: &mut Native::new(model.network.clone(), Precision::F32, 1),
            theme: None,
            folder: Path::new("nowhere"),
        };
        let mut shares = Vec::new();
        let told = &mut |share| {
            shares.push(share);
            ControlFlow::Continue(())
        };
        generate(player, &Arc::new(seed(40_000).into()), &request, told).unwrap();
        let early = &shares[..5];
        assert!(early.iter().all(|share| *share < 0.3), "{early:?}");
    }
}
