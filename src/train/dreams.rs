//! Predictions that are sampled while a network trains: sequentially (Figure
//! 3.3) or concurrently (Figure 3.4).

use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::Dataset;
use super::checkpoint::{DreamsArrays, DreamsNotes, join, split};
use crate::audio::Signal;
use crate::generate::AnswerSettings;
use crate::generate::continuation::{Continuation, NotANumber};
use crate::hyperparameters::{Hyperparameters, SeedMode};
use crate::model::{Dropout, Network, State, Tape};
use crate::random::{self, Stream};

/// How a prediction was sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sampling {
    /// While training paused (Figure 3.3).
    Sequential,
    /// One step after each training step (Figure 3.4).
    Concurrent,
    /// After the last training step of a run that was too short for any other.
    Final,
}

impl Sampling {
    fn name(self) -> &'static str {
        match self {
            Sampling::Sequential => "sequential",
            Sampling::Concurrent => "concurrent",
            Sampling::Final => "final",
        }
    }

    /// How many predictions are sampled at once, and of how many time steps each.
    fn count_and_length(self, hyperparameters: &Hyperparameters) -> (usize, usize) {
        match self {
            Sampling::Sequential => (
                usize::from(hyperparameters.dreams.audio_freq > 0),
                hyperparameters.dreams.seq_dream_len,
            ),
            Sampling::Concurrent => (
                hyperparameters.dreams.num_dreams,
                hyperparameters.dreams.dream_length,
            ),
            Sampling::Final => {
                let others = [Sampling::Concurrent, Sampling::Sequential].into_iter();
                let mut wanted = others.map(|other| other.count_and_length(hyperparameters));
                let (count, length) = wanted.find(|(count, _)| *count > 0).unwrap_or_default();
                (count.min(1), length)
            }
        }
    }
}

/// A prediction that training sampled.
#[derive(Clone, Debug, PartialEq)]
pub struct SampledPrediction {
    /// The training step after which it was complete.
    pub step: u64,
    /// How it was sampled.
    pub sampling: Sampling,
    /// Which of the predictions that were sampled at once, from 1.
    pub number: usize,
    /// The sound.
    pub signal: Signal,
}

impl SampledPrediction {
    /// Its name without ending: `00012000-concurrent-1`.
    pub fn name(&self) -> String {
        format!("{:08}-{}-{}", self.step, self.sampling.name(), self.number)
    }
}

/// Predictions of one length that grow together, each with its own state, seed
/// and random stream. When they are complete each begins anew from a new seed;
/// as in the figures, its state goes on.
pub struct Dreams {
    sampling: Sampling,
    /// Predictions of the network in each.
    length: usize,
    /// How many of them are made.
    made: usize,
    dreams: Vec<Dream>,
    /// For each: chooses seeds, drops connections, gives phases.
    random: Vec<Stream>,
    dropout: Option<Dropout>,
    /// Of all of them, `[L, N · R, H]`.
    state: State,
    frames: Vec<f32>,
    scratch: Vec<f32>,
    tape: Tape,
}

struct Dream {
    continuation: Continuation,
    /// Where its seed was found.
    place: usize,
}

impl Dreams {
    /// As many predictions as `hyperparameters` ask for, from first seeds; `None` if
    /// that is none. The network may use `threads` threads.
    pub fn begin(
        sampling: Sampling,
        hyperparameters: &Hyperparameters,
        dataset: &Dataset,
        random_seed: u64,
        threads: usize,
    ) -> Option<Dreams> {
        let (count, length) = sampling.count_and_length(hyperparameters);
        let mut random = streams(sampling, count, random_seed);
        let seeds = Seeds::new(hyperparameters, dataset);
        let first = |(n, random)| seeds.begin(seeds.first_place(n, random));
        let dreams: Vec<Dream> = random.iter_mut().enumerate().map(first).collect();
        let rows: usize = dreams.iter().map(|dream| dream.continuation.rows()).sum();
        let dropout = hyperparameters.dropout();
        (count > 0).then(|| Dreams {
            sampling,
            length,
            made: 0,
            dreams,
            random,
            dropout: dropout.filter(|_| hyperparameters.dreams.sample_dropout),
            state: State::zero(&hyperparameters.architecture(), rows),
            frames: Vec::new(),
            scratch: Vec::new(),
            tape: Tape::new(threads),
        })
    }

    /// One sampling step of each, by `network` as it is after training step
    /// `step`; gives them all when they are complete.
    pub fn step(
        &mut self,
        network: &Network,
        hyperparameters: &Hyperparameters,
        dataset: &Dataset,
        step: u64,
    ) -> Result<Vec<SampledPrediction>, NotANumber> {
        self.frames.clear();
        for dream in &self.dreams {
            let newest = dream.continuation.matrices() - 1;
            dream.continuation.push_input(newest, &mut self.frames);
        }
        // What comes next is known only of recordings.
        network
            .architecture()
            .withhold(&mut self.frames, &mut self.scratch);
        let dropout = self.dropout.map(|d| (d, &mut self.random[..]));
        network.forward(&self.frames, &mut self.state, dropout, &mut self.tape);
        let prediction = self.tape.prediction();
        let each = prediction.len() / self.dreams.len();
        let dreams = self.dreams.iter_mut().zip(&mut self.random);
        for ((dream, random), prediction) in dreams.zip(prediction.chunks_exact(each)) {
            dream.continuation.append(prediction, random)?;
        }
        self.made += 1;
        if self.made < self.length {
            return Ok(Vec::new());
        }
        self.made = 0;
        let seeds = Seeds::new(hyperparameters, dataset);
        let complete = |(index, (dream, random)): (usize, (&mut Dream, &mut Stream))| {
            let predicted = dream.continuation.predicted();
            let signal = dataset.hearing.sound(predicted, random);
            *dream = seeds.begin(seeds.next_place(dream.place, random));
            SampledPrediction {
                step,
                sampling: self.sampling,
                number: index + 1,
                signal,
            }
        };
        let dreams = self.dreams.iter_mut().zip(&mut self.random);
        Ok(dreams.enumerate().map(complete).collect())
    }

    /// What the next steps depend on.
    pub fn checkpoint(&self) -> (DreamsNotes, DreamsArrays) {
        let notes = DreamsNotes {
            made: self.made,
            places: self.dreams.iter().map(|d| d.place).collect(),
            random_positions: self
                .random
                .iter()
                .map(|r| split(r.get_word_pos()))
                .collect(),
        };
        let dreams = || self.dreams.iter().map(|d| &d.continuation);
        let sequences: Vec<_> = dreams().map(Continuation::sequence).collect();
        let heard: Vec<_> = dreams().map(Continuation::heard).collect();
        let arrays = DreamsArrays {
            sequences: sequences.concat(),
            heard: heard.concat(),
            h: self.state.h.clone(),
            c: self.state.c.clone(),
        };
        (notes, arrays)
    }

    /// Goes on from a checkpoint; `None` if its sizes are not these.
    #[must_use]
    pub fn restore(
        &mut self,
        (notes, arrays): (DreamsNotes, DreamsArrays),
        hyperparameters: &Hyperparameters,
        dataset: &Dataset,
        random_seed: u64,
    ) -> Option<()> {
        let count = self.dreams.len();
        let seeds = Seeds::new(hyperparameters, dataset);
        let seed = seeds.span * seeds.width;
        let values = self.dreams[0].continuation.prediction_values();
        let predicted = notes.made.min(self.length) * values;
        let sound = notes.made < self.length
            && [notes.places.len(), notes.random_positions.len()] == [count; 2]
            && notes.places.iter().all(|place| *place < seeds.places)
            && [arrays.sequences.len(), arrays.heard.len()] == [count * (seed + predicted); 2]
            && [arrays.h.len(), arrays.c.len()] == [self.state.h.len(); 2];
        if !sound {
            return None;
        }
        let values = seed + predicted;
        let sequences = arrays.sequences.chunks_exact(values);
        let both = sequences.zip(arrays.heard.chunks_exact(values));
        self.dreams = (notes.places.into_iter().zip(both))
            .map(|(place, (sequence, heard))| Dream {
                continuation: continuation(hyperparameters, dataset, sequence.to_vec())
                    .resume(heard.to_vec(), predicted),
                place,
            })
            .collect();
        self.random = streams(self.sampling, count, random_seed);
        for (random, position) in self.random.iter_mut().zip(notes.random_positions) {
            random.set_word_pos(join(position));
        }
        self.made = notes.made;
        (self.state.h, self.state.c) = (arrays.h, arrays.c);
        Some(())
    }
}

/// One random stream for each of `count` predictions.
fn streams(sampling: Sampling, count: usize, random_seed: u64) -> Vec<Stream> {
    let stream = |n| random::stream(random_seed, &format!("{} {n}", sampling.name()));
    (1..=count).map(stream).collect()
}

/// Where seeds are found: in the training audio, or in files of their own. A
/// seed is one input matrix, as in the figures.
struct Seeds<'a> {
    hyperparameters: &'a Hyperparameters,
    dataset: &'a Dataset,
    /// Samples or frames of a seed.
    span: usize,
    /// Values in one of them.
    width: usize,
    /// How many seeds there are.
    places: usize,
}

impl<'a> Seeds<'a> {
    fn new(hyperparameters: &'a Hyperparameters, dataset: &'a Dataset) -> Seeds<'a> {
        let windows = dataset.hearing.sampling_windows();
        let span = windows.input_span();
        Seeds {
            hyperparameters,
            dataset,
            span,
            width: windows.width,
            places: match dataset.seeds.len() {
                0 => dataset.training.stretches(span),
                files => files,
            },
        }
    }

    fn first_place(&self, number: usize, random: &mut Stream) -> usize {
        let in_order = !self.dataset.seeds.is_empty();
        match self.hyperparameters.dreams.seed_mode {
            SeedMode::Same | SeedMode::Advance if in_order => number % self.places,
            _ => random.random_range(0..self.places),
        }
    }

    fn next_place(&self, place: usize, random: &mut Stream) -> usize {
        let next = if self.dataset.seeds.is_empty() {
            place + self.span
        } else {
            place + 1
        };
        match self.hyperparameters.dreams.seed_mode {
            SeedMode::Same => place,
            SeedMode::Random => random.random_range(0..self.places),
            SeedMode::Advance => next % self.places,
        }
    }

    fn begin(&self, place: usize) -> Dream {
        let seed = match self.dataset.seeds.get(place) {
            Some(seed) => &seed[seed.len() - self.span * self.width..],
            None => self.dataset.training.stretch(place, self.span),
        };
        Dream {
            continuation: continuation(self.hyperparameters, self.dataset, seed.to_vec()),
            place,
        }
    }
}

/// One that begins with `sequence`.
fn continuation(
    hyperparameters: &Hyperparameters,
    dataset: &Dataset,
    sequence: Vec<f32>,
) -> Continuation {
    let output = hyperparameters.architecture().output;
    let settings = AnswerSettings::of(hyperparameters);
    Continuation::new(output, &settings, &dataset.hearing, sequence)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::frames::WindowFormat;
    use crate::model::Adam;
    use crate::train::{Recording, Trainer};
    use crate::trained_model::TrainingAudio;

    const RATE: u32 = 8000;
    /// One small model of each approach.
    const APPROACHES: [&str; 4] = [
        r#""preset": "vector", "seg_len": 8, "num_unrollings": 4, "num_layers": 2"#,
        r#""preset": "column-vector", "seg_len": 8, "num_unrollings": 4, "use_dropout": false"#,
        r#""preset": "transpose", "seg_len": 8, "num_unrollings": 3, "int_cursor_inc": 3"#,
        r#""preset": "magnitude-spectrum", "window_size": 16, "hop_size": 8, "num_unrollings": 4"#,
    ];

    fn signal(samples: usize, frequency: f32) -> Signal {
        let sample = |n| 0.6 * (n as f32 * frequency).sin() * (n as f32 * 0.01).cos();
        Signal {
            samples: (0..samples).map(sample).collect(),
            sample_rate: RATE,
        }
    }

    fn read(format: &str, more: &str) -> Hyperparameters {
        let json = format!(
            r#"{{{format}, "sample_rate": {RATE}, "lr": 0.003, "weight_stddev": 0.3, {more}}}"#
        );
        Hyperparameters::parse(&json).unwrap()
    }

    fn dataset(hyperparameters: &Hyperparameters) -> Dataset {
        let source = TrainingAudio {
            file: String::new(),
            sha256: String::new(),
            seconds: 0.0,
        };
        let recording = Recording {
            signal: signal(160, 0.3),
            source,
        };
        Dataset::new(vec![recording], hyperparameters).unwrap()
    }

    fn seeds() -> [Signal; 3] {
        [signal(40, 0.5), signal(50, 0.9), signal(5, 0.2)]
    }

    fn trainer(hyperparameters: &Hyperparameters) -> Trainer {
        let dataset =
            dataset(hyperparameters).with_seeds(&seeds().map(|seed| Arc::new(seed.into())));
        Trainer::new(hyperparameters.clone(), dataset, 1, 1)
    }

    fn sampled(trainer: &mut Trainer, steps: usize) -> Vec<SampledPrediction> {
        for _ in 0..steps {
            trainer.step(0.0).unwrap();
            while trainer.pausing() {
                trainer.sample().unwrap();
            }
        }
        trainer.take_sampled()
    }

    /// The figures' names: `model.predict`, `model.update_weights`, `get_input`,
    /// `get_label`, `get_seed`. Every row of a seed is computed, and of a
    /// prediction only `pred[-1]` is used.
    struct Figure {
        hyperparameters: Hyperparameters,
        dataset: Dataset,
        windows: WindowFormat,
        network: Network,
        adam: Adam,
        state: State,
    }

    impl Figure {
        fn new(hyperparameters: &Hyperparameters) -> Figure {
            let dataset =
                dataset(hyperparameters).with_seeds(&seeds().map(|seed| Arc::new(seed.into())));
            let architecture = hyperparameters.architecture();
            let mut weights = random::stream(1, "weights");
            let network = Network::init(architecture, 0.3, &mut weights);
            Figure {
                windows: dataset.hearing.training_windows().clone(),
                adam: Adam::new(network.weights.len()),
                state: State::zero(
                    network.architecture(),
                    hyperparameters.format.num_unrollings,
                ),
                network,
                dataset,
                hyperparameters: hyperparameters.clone(),
            }
        }

        fn train_normally(&mut self, timestep: usize) {
            let (mut input, mut label) = (Vec::new(), Vec::new());
            let training = &self.dataset.training;
            let timestep = timestep % training.time_steps(0);
            if timestep == 0 {
                self.state = State::zero(self.network.architecture(), self.windows.rows);
            }
            training.fill(0, timestep..timestep + 1, &mut input, &mut label);
            let mut tape = Tape::new(1);
            self.network
                .forward(&input, &mut self.state, None, &mut tape);
            let scale = 2.0 / label.len() as f32;
            let errors = tape.prediction().iter().zip(&label);
            let d_loss: Vec<f32> = errors.map(|(y_hat, y)| scale * (y_hat - y)).collect();
            let mut gradient = vec![0.0; self.network.weights.len()];
            self.network.backward(&d_loss, &mut tape, &mut gradient);
            let lr = self.hyperparameters.training.lr;
            self.adam.update(&mut self.network.weights, &gradient, lr);
        }

        fn predict(&self, seed: &[f32], sampling_state: &mut State) -> Vec<f32> {
            let mut matrix = Vec::new();
            self.windows.push_input(seed, 0, &mut matrix);
            let mut tape = Tape::new(1);
            self.network
                .forward(&matrix, sampling_state, None, &mut tape);
            let prediction = tape.prediction();
            let sampling = self.dataset.hearing.sampling_windows();
            let kept = sampling.ext_cursor_inc * self.windows.width;
            let mut last = prediction[prediction.len() - kept..].to_vec();
            if self.hyperparameters.format.use_fft {
                last.iter_mut()
                    .for_each(|magnitude| *magnitude = magnitude.max(0.0));
            }
            last
        }

        /// The end of seed file `number`, as one whole input matrix.
        fn get_seed(&self, number: usize) -> Vec<f32> {
            let file = &self.dataset.seeds[number % self.dataset.seeds.len()];
            let values = self.windows.input_span() * self.windows.width;
            let mut seed = vec![0.0; values];
            seed.extend_from_slice(file);
            seed.split_off(seed.len() - values)
        }

        fn zero_state(&self) -> State {
            State::zero(self.network.architecture(), self.windows.rows)
        }

        /// `save_output`; the prediction's own stream gives the phases.
        fn save_output(&self, output: &[Vec<f32>], random: &mut Stream) -> Vec<f32> {
            self.dataset.hearing.sound(&output.concat(), random).samples
        }
    }

    fn assert_alike(fast: &Signal, slow: &[f32], what: &str) {
        assert_eq!(fast.samples.len(), slow.len(), "{what}");
        let loudest = slow.iter().fold(0.0f32, |peak, s| peak.max(s.abs()));
        assert!(loudest > 1e-3, "{what}: silence proves nothing");
        for (a, b) in fast.samples.iter().zip(slow) {
            assert!((a - b).abs() < 1e-4, "{what}: {a} {b}");
        }
    }

    #[test]
    fn figure_3_4_concurrent_sampling_line_by_line() {
        for format in APPROACHES {
            let hyperparameters = read(
                format,
                r#""audio_freq": 0, "num_dreams": 2, "dream_length": 5, "seed_mode": "advance""#,
            );
            let fast = sampled(&mut trainer(&hyperparameters), 17);
            for dream in 0..2 {
                let mut model = Figure::new(&hyperparameters);
                let mut saved = Vec::new();
                let mut sampling_state = model.zero_state();
                let mut random = random::stream(1, &format!("concurrent {}", dream + 1));
                let mut seeds = dream..;
                let mut seed = model.get_seed(seeds.next().unwrap());
                let mut output = Vec::new();
                for timestep in 0..17 {
                    model.train_normally(timestep);
                    let pred = model.predict(&seed, &mut sampling_state);
                    output.push(pred.clone());
                    seed.extend_from_slice(&pred);
                    seed.drain(..pred.len());
                    if output.len() == 5 {
                        saved.push((timestep as u64 + 1, model.save_output(&output, &mut random)));
                        output = Vec::new();
                        seed = model.get_seed(seeds.next().unwrap());
                    }
                }
                let mine = fast.iter().filter(|p| p.number == dream + 1);
                let mine: Vec<_> = mine.collect();
                assert_eq!(mine.len(), 3);
                for (fast, (step, slow)) in mine.into_iter().zip(saved) {
                    assert_eq!((fast.step, fast.sampling), (step, Sampling::Concurrent));
                    assert_alike(&fast.signal, &slow, format);
                }
            }
        }
    }

    #[test]
    fn figure_3_3_sequential_sampling_line_by_line() {
        for format in APPROACHES {
            let hyperparameters = read(
                format,
                r#""audio_freq": 4, "num_dreams": 0, "seq_dream_len": 6, "seed_mode": "same""#,
            );
            let fast = sampled(&mut trainer(&hyperparameters), 13);
            let mut model = Figure::new(&hyperparameters);
            let wait = 4;
            let mut saved = Vec::new();
            let mut sampling_state = model.zero_state();
            let mut random = random::stream(1, "sequential 1");
            for timestep in 0..13 {
                model.train_normally(timestep);
                // Counted from 1: there is nothing to hear before the first training.
                if (timestep + 1) % wait == 0 {
                    let mut seed = model.get_seed(0);
                    let mut output = Vec::new();
                    for _dream_timestep in 0..6 {
                        let pred = model.predict(&seed, &mut sampling_state);
                        output.push(pred.clone());
                        seed.extend_from_slice(&pred);
                        seed.drain(..pred.len());
                    }
                    saved.push((timestep as u64 + 1, model.save_output(&output, &mut random)));
                }
            }
            assert_eq!(fast.len(), 3, "{format}");
            for (fast, (step, slow)) in fast.iter().zip(saved) {
                assert_eq!((fast.step, fast.sampling), (step, Sampling::Sequential));
                assert_alike(&fast.signal, &slow, format);
            }
        }
    }

    #[test]
    fn both_ways_at_once_do_not_disturb_each_other_or_the_training() {
        let json = |freq, dreams| {
            let more = format!(
                r#""audio_freq": {freq}, "seq_dream_len": 3, "num_dreams": {dreams}, "dream_length": 4"#
            );
            read(APPROACHES[0], &more)
        };
        let run = |hyperparameters: &Hyperparameters| {
            let mut trainer = trainer(hyperparameters);
            let sampled = sampled(&mut trainer, 9);
            (
                sampled,
                trainer.checkpoint(Default::default()).unwrap().weights,
            )
        };
        let (both, weights) = run(&json(3, 2));
        let (sequential, _) = run(&json(3, 0));
        let (concurrent, _) = run(&json(0, 2));
        let (none, undisturbed) = run(&json(0, 0));
        assert_eq!((sequential.len(), concurrent.len(), none.len()), (3, 4, 0));
        assert_eq!(both.len(), 7);
        assert!(
            sequential
                .iter()
                .chain(&concurrent)
                .all(|p| both.contains(p))
        );
        assert_eq!(weights, undisturbed);
        assert_eq!(both[0].name(), "00000003-sequential-1");
    }

    #[test]
    fn dropout_stays_active_where_sample_dropout_says_so() {
        let run = |sample_dropout| {
            let more = format!(
                r#""use_dropout": true, "sample_dropout": {sample_dropout}, "dream_length": 4, "seed_mode": "same""#
            );
            sampled(&mut trainer(&read(APPROACHES[0], &more)), 4)
        };
        assert_ne!(run(true), run(false));
        assert_eq!(run(true), run(true));
    }

    #[test]
    fn seeds_follow_the_mode() {
        let places = |mode: &str, files: bool| {
            let hyperparameters = read(APPROACHES[1], &format!(r#""seed_mode": "{mode}""#));
            let mut dataset = dataset(&hyperparameters);
            if files {
                dataset = dataset.with_seeds(&seeds().map(|seed| Arc::new(seed.into())));
            }
            let seeds = Seeds::new(&hyperparameters, &dataset);
            let mut random = random::stream(1, "seeds");
            let mut places = vec![seeds.first_place(1, &mut random)];
            for _ in 0..20 {
                places.push(seeds.next_place(places[places.len() - 1], &mut random));
            }
            (places, seeds.places)
        };
        let (same, stretches) = places("same", false);
        assert_eq!(stretches, 160 + 1 - 8);
        assert!(same.iter().all(|place| *place == same[0]));
        let (advance, _) = places("advance", false);
        assert!(advance.windows(2).all(|p| p[1] == (p[0] + 8) % stretches));
        let (random, _) = places("random", false);
        assert!(
            random
                .windows(2)
                .any(|p| p[1] != (p[0] + 8) % stretches && p[1] != p[0])
        );

        assert_eq!(places("same", true), (vec![1; 21], 3));
        assert_eq!(places("advance", true).0[..4], [1, 2, 0, 1]);
        let (random, _) = places("random", true);
        assert!((0..3).all(|file| random.contains(&file)));
    }
}
