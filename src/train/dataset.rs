//! Recordings as the sequences that training windows are cut from.

use std::ops::Range;

use std::sync::Arc;

use crate::audio::{LongSound, Signal};
use crate::frames::{Cosines, WindowFormat};
use crate::hearing::{Descriptions, Hearing};
use crate::hyperparameters::{AnswerMode, Conditioning, Hyperparameters};
use crate::stereo::StereoImage;
use crate::trained_model::TrainingAudio;

/// One recording, at the model's rate, and where it comes from.
pub struct Recording {
    /// The sound.
    pub signal: Signal,
    /// The file it was read from.
    pub source: TrainingAudio,
}

/// What a network is trained on, and what its loss is measured on.
#[derive(Clone)]
pub struct Dataset {
    /// One sequence per recording, but those joined that are short.
    pub training: Sequences,
    /// One sequence for each held-out end; none without validation.
    pub validation: Sequences,
    /// The sounds of `seed_fn_list` as the network sees them; none where seeds
    /// come from the training audio.
    pub seeds: Vec<Vec<f32>>,
    /// How the network hears; what of it is the recordings' goes into the model.
    pub hearing: Hearing,
    /// Where it comes from; goes into the model.
    pub sources: Vec<TrainingAudio>,
    /// The recordings' samples where the model keeps them to go on learning
    /// while it answers; none otherwise.
    pub kept: Vec<Vec<f32>>,
    /// Which sound of the recordings stands where between two channels; goes into the model.
    pub stereo: Option<Arc<StereoImage>>,
}

/// Sequences of samples or magnitude frames, and the windows that are cut from them.
#[derive(Clone)]
pub struct Sequences {
    sequences: Vec<Vec<f32>>,
    /// One for each sequence where the network sees it; otherwise none.
    descriptions: Vec<Descriptions>,
    windows: WindowFormat,
    /// What makes labels of samples, where they are not those themselves.
    cosines: Option<Cosines>,
    /// Stretches of a sequence that a time step shows at once.
    batch: usize,
}

/// Held-out ends that do not hold one input matrix and its label, all together.
#[derive(Debug, thiserror::Error)]
#[error(
    "the last {share} of {what} cannot be held out for validation: it is {seconds:.2} s, but one \
     input matrix and its label span {needed:.2} s; use longer recordings, or \"validation\": 0"
)]
pub struct TooShort {
    /// The recording's file, or how many they are.
    pub what: String,
    /// The share of each recording that is held out.
    pub share: f64,
    /// How long the ends are together.
    pub seconds: f64,
    /// How long one input matrix and its label are.
    pub needed: f64,
}

/// Makes recordings a [`Dataset`], one after the other, so that whoever reads them
/// never holds one twice.
///
/// One that does not hold one input matrix and its label is joined with the others
/// that do not, in their order. Where even all of these together do not, they begin
/// again after their end.
pub struct Gathering<'a> {
    hyperparameters: &'a Hyperparameters,
    /// Samples of one input matrix and its label.
    needed: usize,
    /// Samples of one of its rows, where these lie all over the recordings.
    needed_by_spread_row: Option<usize>,
    training: Vec<Vec<f32>>,
    validation: Vec<Vec<f32>>,
    short: Joined,
    short_ends: Joined,
    /// Sequences of `training` before the joined one.
    before_short: usize,
    hearing: Hearing,
    sources: Vec<TrainingAudio>,
    kept: Vec<Vec<f32>>,
}

/// Sounds that are too short to be sequences of their own, one after the other.
#[derive(Default)]
struct Joined {
    samples: Vec<f32>,
    /// How many they are, and the file of the last.
    count: usize,
    file: String,
}

impl Joined {
    /// Adds the samples of `count` files, `file` the last of them.
    fn add(&mut self, samples: &[f32], count: usize, file: &str) {
        self.samples.extend_from_slice(samples);
        self.count += count;
        file.clone_into(&mut self.file);
    }
}

impl<'a> Gathering<'a> {
    /// For what `hyperparameters` say the network sees.
    pub fn new(hyperparameters: &'a Hyperparameters) -> Gathering<'a> {
        let hearing = Hearing::untrained(hyperparameters);
        Gathering {
            hyperparameters,
            needed: hearing.samples_of_one_time_step(),
            needed_by_spread_row: hearing.samples_of_a_spread_row(),
            training: Vec::new(),
            validation: Vec::new(),
            short: Joined::default(),
            short_ends: Joined::default(),
            before_short: 0,
            hearing,
            sources: Vec::new(),
            kept: Vec::new(),
        }
    }

    /// Recordings so far.
    pub fn len(&self) -> usize {
        self.sources.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    /// Adds a recording.
    pub fn add(&mut self, recording: Recording) {
        let Recording { signal, source } = recording;
        self.hearing.listen(&signal);
        let mut samples = signal.samples;
        if self.hyperparameters.drawing.answer == AnswerMode::Moving {
            self.kept.push(samples.clone());
        }
        let end = samples.len() - held_out(&samples, self.hyperparameters);
        if end < self.needed {
            if self.short.count == 0 {
                self.before_short = self.training.len();
            }
            self.short.add(&samples, 1, &source.file);
        } else {
            self.hold_out(&mut samples, end, 1, &source.file);
            self.training.push(samples);
        }
        self.sources.push(source);
    }

    /// Takes what lies beyond `end` out of `samples`, which are of `count` files, for validation.
    fn hold_out(&mut self, samples: &mut Vec<f32>, end: usize, count: usize, file: &str) {
        if self.hyperparameters.training.validation == 0.0 {
            return;
        }
        let held_out = samples.split_off(end);
        samples.shrink_to_fit();
        match held_out.len() < self.needed {
            true => self.short_ends.add(&held_out, count, file),
            false => self.validation.push(held_out),
        }
    }

    /// All of them, as the network sees them.
    pub fn finish(mut self) -> Result<Dataset, TooShort> {
        if self.short.count > 0 {
            let joined = self.join_short();
            self.training.insert(self.before_short, joined);
        }
        if self.short_ends.count > 0 {
            let ends = std::mem::take(&mut self.short_ends);
            let rate = f64::from(self.hyperparameters.format.sample_rate);
            if ends.samples.len() < self.needed {
                return Err(TooShort {
                    what: match ends.count {
                        1 => ends.file,
                        count => format!("{count} recordings together"),
                    },
                    share: self.hyperparameters.training.validation,
                    seconds: ends.samples.len() as f64 / rate,
                    needed: self.needed as f64 / rate,
                });
            }
            self.validation.push(ends.samples);
        }
        let mut hearing = self.hearing;
        let described = self.hyperparameters.conditioning.conditioning != Conditioning::None;
        let [of_training, of_validation] = [&self.training, &self.validation].map(|sounds| {
            let sounds = sounds.iter().filter(|_| described);
            sounds.map(|sound| hearing.describe(sound)).collect()
        });
        hearing.learn(&mut self.training);
        let held_out = self.validation.into_iter();
        let validation = held_out.map(|sound| hearing.see(sound)).collect();
        let sequences = |sequences, descriptions, batch| Sequences {
            sequences,
            descriptions,
            windows: hearing.training_windows().clone(),
            cosines: hearing.cosines(),
            batch,
        };
        let batch = self.hyperparameters.training.batch;
        Ok(Dataset {
            training: sequences(self.training, of_training, batch),
            validation: sequences(validation, of_validation, 1),
            seeds: Vec::new(),
            hearing,
            sources: self.sources,
            kept: self.kept,
            stereo: None,
        })
    }

    /// The sequence of all short recordings, their end held out.
    fn join_short(&mut self) -> Vec<f32> {
        let Joined {
            mut samples,
            count,
            file,
        } = std::mem::take(&mut self.short);
        let rate = f64::from(self.hyperparameters.format.sample_rate);
        let (seconds, needed) = (samples.len() as f64 / rate, self.needed as f64 / rate);
        let (what, joined) = match count {
            1 => (format!("{file} is"), "it is"),
            count => (format!("{count} recordings are"), "they are joined, and"),
        };
        let end = samples.len() - held_out(&samples, self.hyperparameters);
        self.hold_out(&mut samples, end, count, &file);
        if self.is_to_be_wrapped(&samples) {
            return wrapped(&samples, self.needed);
        }
        if samples.len() >= self.needed {
            samples.shrink_to_fit();
            tracing::info!(
                "{what} shorter than one input matrix and its label ({needed:.2} s): \
                 joined, in their order, to one of {seconds:.2} s"
            );
            return samples;
        }
        tracing::info!(
            "{what} shorter than one input matrix and its label ({seconds:.2} s of {needed:.2} s): \
             {joined} wrapped, to begin again after the end"
        );
        wrapped(&samples, self.needed)
    }

    /// Whether `samples` are too short only since rows are to lie farther apart than they
    /// are long: going round and round, each row hears another part of them. That is what
    /// the hyperparameters ask for, and nothing to be told.
    fn is_to_be_wrapped(&self, samples: &[f32]) -> bool {
        let holds_a_row = self
            .needed_by_spread_row
            .is_some_and(|needed| samples.len() >= needed);
        holds_a_row && samples.len() < self.needed
    }
}

/// How many of `samples` are held out for validation.
fn held_out(samples: &[f32], hyperparameters: &Hyperparameters) -> usize {
    (hyperparameters.training.validation * samples.len() as f64) as usize
}

impl Dataset {
    /// Makes `recordings` what `hyperparameters` say the network sees, as
    /// [`Gathering`] does.
    pub fn new(
        recordings: Vec<Recording>,
        hyperparameters: &Hyperparameters,
    ) -> Result<Dataset, TooShort> {
        let mut gathering = Gathering::new(hyperparameters);
        recordings
            .into_iter()
            .for_each(|recording| gathering.add(recording));
        gathering.finish()
    }

    /// How long each recording is, in seconds.
    pub fn seconds(&self) -> Vec<f64> {
        self.sources.iter().map(|source| source.seconds).collect()
    }

    /// Takes `seeds`, at the model's rate, to begin sampled predictions with.
    pub fn with_seeds(mut self, seeds: &[Arc<LongSound>]) -> Dataset {
        let hearing = &self.hearing;
        let sequence = |seed: &Arc<LongSound>| hearing.see_seed(&hearing.at_training_level(seed));
        self.seeds = seeds.iter().map(sequence).collect();
        self
    }
}

/// `samples` again and again, so that time steps of `needed` samples begin
/// everywhere in them.
fn wrapped(samples: &[f32], needed: usize) -> Vec<f32> {
    let len = needed + samples.len();
    samples.iter().copied().cycle().take(len).collect()
}

impl Sequences {
    /// Number of sequences.
    pub fn len(&self) -> usize {
        self.sequences.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.sequences.is_empty()
    }

    /// R: rows that a time step shows at once.
    pub fn rows(&self) -> usize {
        self.batch * self.windows.rows
    }

    /// Time steps in sequence `index`: each of the stretches that are shown at
    /// once is an equal share of it.
    pub fn time_steps(&self, index: usize) -> usize {
        (self.time_steps_unbatched(index) / self.batch).max(1)
    }

    fn time_steps_unbatched(&self, index: usize) -> usize {
        self.windows
            .time_steps(self.sequences[index].len() / self.windows.width)
    }

    /// Time steps of one pass through all sequences.
    pub fn time_steps_per_epoch(&self) -> usize {
        (0..self.len()).map(|index| self.time_steps(index)).sum()
    }

    /// Standard deviation of all values.
    pub fn deviation(&self) -> f64 {
        let values = || {
            self.sequences
                .iter()
                .flatten()
                .map(|value| f64::from(*value))
        };
        let n = values().count().max(1) as f64;
        let mean = values().sum::<f64>() / n;
        (values().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt()
    }

    /// Places where a stretch of `elements` samples or frames begins, over all
    /// sequences.
    pub fn stretches(&self, elements: usize) -> usize {
        let places = |sequence: &Vec<f32>| self.stretches_of(sequence, elements);
        self.sequences.iter().map(places).sum()
    }

    /// The stretch of `elements` samples or frames that begins at `place`.
    ///
    /// # Panics
    /// If `place` is not below [`Sequences::stretches`].
    pub fn stretch(&self, mut place: usize, elements: usize) -> &[f32] {
        let width = self.windows.width;
        for sequence in &self.sequences {
            let places = self.stretches_of(sequence, elements);
            if place < places {
                return &sequence[place * width..][..elements * width];
            }
            place -= places;
        }
        panic!("no stretch begins there");
    }

    fn stretches_of(&self, sequence: &[f32], elements: usize) -> usize {
        (sequence.len() / self.windows.width + 1).saturating_sub(elements)
    }

    /// Puts the input matrices and labels of these time steps of sequence `index`
    /// into `frames [time_steps, rows, D]` and `labels`.
    pub fn fill(
        &self,
        index: usize,
        time_steps: Range<usize>,
        frames: &mut Vec<f32>,
        labels: &mut Vec<f32>,
    ) {
        frames.clear();
        labels.clear();
        let sequence = &self.sequences[index];
        for t in self.matrices(index, time_steps) {
            self.windows.push_input(sequence, t, frames);
            self.windows.push_label(sequence, t, labels);
        }
        if let Some(cosines) = &self.cosines {
            let vectors = labels.chunks_exact_mut(self.windows.label_len);
            vectors.for_each(|vector| cosines.of_samples(vector));
        }
    }

    /// Puts what describes the label of each row of the same matrices into
    /// `descriptions [time_steps, rows, values]`.
    ///
    /// # Panics
    /// If the network sees no descriptions.
    pub fn describe(&self, index: usize, time_steps: Range<usize>, descriptions: &mut Vec<f32>) {
        descriptions.clear();
        let of_sequence = &self.descriptions[index];
        for t in self.matrices(index, time_steps) {
            for row in 0..self.windows.rows {
                let label = self.windows.label_centre(t, row);
                let description = of_sequence.at(label);
                descriptions.extend_from_slice(description.expect("a label within it"));
            }
        }
    }

    /// The time steps of sequence `index` whose matrices are shown at these: one in
    /// each stretch.
    fn matrices(&self, index: usize, time_steps: Range<usize>) -> impl Iterator<Item = usize> {
        let (all, batch) = (self.time_steps_unbatched(index), self.batch);
        time_steps.flat_map(move |t| (0..batch).map(move |s| (s * all / batch + t) % all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recording(samples: Vec<f32>) -> Recording {
        Recording {
            signal: Signal {
                samples,
                sample_rate: 8000,
            },
            source: TrainingAudio {
                file: "a.wav".to_owned(),
                sha256: String::new(),
                seconds: 0.0,
            },
        }
    }

    fn count(n: usize) -> Recording {
        recording((0..n).map(|s| s as f32).collect())
    }

    fn dataset(json: &str, recordings: Vec<Recording>) -> Dataset {
        Dataset::new(recordings, &Hyperparameters::parse(json).unwrap()).unwrap()
    }

    const COLUMN: &str = r#"{"preset": "column-vector", "seg_len": 4, "num_unrollings": 2}"#;

    #[test]
    fn an_epoch_visits_every_recording() {
        let dataset = dataset(COLUMN, vec![count(6), count(8)]);
        assert_eq!(dataset.training.time_steps_per_epoch(), 1 + 3);
        let (mut frames, mut labels) = (Vec::new(), Vec::new());
        dataset.training.fill(1, 1..3, &mut frames, &mut labels);
        assert_eq!(frames[..8], [1.0, 2.0, 3.0, 4.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(labels, [5.0, 6.0, 6.0, 7.0]);
    }

    #[test]
    fn a_short_recording_begins_again_after_its_end() {
        let dataset = dataset(COLUMN, vec![count(3)]);
        assert_eq!(dataset.training.time_steps_per_epoch(), 4);
        let (mut frames, mut labels) = (Vec::new(), Vec::new());
        dataset.training.fill(0, 2..3, &mut frames, &mut labels);
        assert_eq!(frames, [2.0, 0.0, 1.0, 2.0, 0.0, 1.0, 2.0, 0.0]);
        assert_eq!(labels, [0.0, 1.0]);
    }

    #[test]
    fn short_recordings_are_joined_and_long_ones_stay() {
        let named =
            |first: usize, n: usize| recording((first..first + n).map(|s| s as f32).collect());
        let recordings = vec![named(0, 7), named(100, 2), named(200, 8), named(300, 3)];
        let joined = dataset(COLUMN, recordings);
        assert_eq!(joined.sources.len(), 4);
        assert_eq!(joined.training.len(), 3);
        assert_eq!(joined.training.sequences[0], named(0, 7).signal.samples);
        // Five samples are one less than a matrix and its label: again from the start.
        let short = [100.0, 101.0, 300.0, 301.0, 302.0];
        assert_eq!(
            joined.training.sequences[1],
            [short, short, [100.0; 5]].concat()[..11]
        );
        assert_eq!(joined.training.sequences[2], named(200, 8).signal.samples);

        let enough = dataset(COLUMN, vec![named(0, 4), named(10, 3), named(20, 2)]);
        assert_eq!(enough.training.len(), 1);
        let all = [0.0, 1.0, 2.0, 3.0, 10.0, 11.0, 12.0, 20.0, 21.0];
        assert_eq!(enough.training.sequences[0], all);
    }

    #[test]
    fn many_short_recordings_take_the_memory_of_their_samples() {
        let json = r#"{"preset": "column-vector", "seg_len": 1000, "num_unrollings": 100}"#;
        let dataset = dataset(json, (0..240).map(|_| count(500)).collect());
        let values: usize = dataset.training.sequences.iter().map(Vec::capacity).sum();
        assert_eq!(values, 240 * 500);
    }

    #[test]
    fn the_end_of_what_was_joined_is_held_out() {
        let json =
            r#"{"preset": "column-vector", "seg_len": 4, "num_unrollings": 1, "validation": 0.25}"#;
        let joined = dataset(json, (0..10).map(|_| count(4)).collect());
        assert_eq!(joined.training.sequences[0].len(), 30);
        assert_eq!(
            joined.validation.sequences,
            [[2.0, 3.0, 0.0, 1.0, 2.0, 3.0, 0.0, 1.0, 2.0, 3.0]]
        );
        // Ends of 3 each, which are one of 6 together.
        let ends = dataset(json, vec![count(12), count(13)]);
        assert_eq!(
            ends.validation.sequences,
            [[9.0, 10.0, 11.0, 10.0, 11.0, 12.0]]
        );
        assert_eq!(ends.training.len(), 2);

        let hyperparameters = Hyperparameters::parse(json).unwrap();
        let too_short = Dataset::new(vec![count(4), count(5)], &hyperparameters);
        let error = too_short.err().unwrap().to_string();
        assert!(error.contains("2 recordings together cannot"), "{error}");
    }

    #[test]
    fn labels_are_cosines_where_those_are_predicted() {
        let json =
            r#"{"preset": "vector", "seg_len": 4, "num_unrollings": 1, "label_values": "cosines"}"#;
        let dataset = dataset(json, vec![count(16)]);
        let (mut frames, mut labels) = (Vec::new(), Vec::new());
        dataset.training.fill(0, 0..1, &mut frames, &mut labels);
        assert_eq!(frames, [0.0, 1.0, 2.0, 3.0], "rows stay samples");
        assert!(labels.iter().all(|share| share.abs() <= 1.0), "{labels:?}");
        dataset.hearing.cosines().unwrap().to_samples(&mut labels);
        for (sample, expected) in labels.iter().zip([4.0, 5.0, 6.0, 7.0]) {
            assert!((sample - expected).abs() < 1e-4, "{labels:?}");
        }
    }

    #[test]
    fn a_batch_shows_equal_stretches_at_once() {
        let json = r#"{"preset": "column-vector", "seg_len": 4, "num_unrollings": 1, "batch": 2}"#;
        let dataset = dataset(json, vec![count(14)]);
        // Ten time steps, in two stretches of five.
        assert_eq!(dataset.training.time_steps(0), 5);
        assert_eq!(dataset.training.rows(), 2);
        let (mut frames, mut labels) = (Vec::new(), Vec::new());
        dataset.training.fill(0, 1..2, &mut frames, &mut labels);
        assert_eq!(frames, [1.0, 2.0, 3.0, 4.0, 6.0, 7.0, 8.0, 9.0]);
        assert_eq!(labels, [5.0, 10.0]);
    }

    #[test]
    fn the_end_of_each_recording_is_held_out() {
        let json =
            r#"{"preset": "column-vector", "seg_len": 4, "num_unrollings": 1, "validation": 0.25}"#;
        let held_out = dataset(json, vec![count(40)]);
        assert_eq!(held_out.training.time_steps(0), 30 - 4);
        assert_eq!(held_out.validation.time_steps(0), 10 - 4);
        let (mut frames, mut labels) = (Vec::new(), Vec::new());
        held_out.validation.fill(0, 0..1, &mut frames, &mut labels);
        assert_eq!(frames, [30.0, 31.0, 32.0, 33.0]);
        assert!(dataset(COLUMN, vec![count(40)]).validation.is_empty());

        let hyperparameters = Hyperparameters::parse(json).unwrap();
        let error = Dataset::new(vec![count(12)], &hyperparameters)
            .err()
            .unwrap();
        assert!(
            error.to_string().contains("a.wav cannot be held out"),
            "{error}"
        );
    }

    #[test]
    fn stretches_lie_within_one_recording() {
        let dataset = dataset(COLUMN, vec![count(6), count(8)]);
        assert_eq!(dataset.training.stretches(4), 3 + 5);
        assert_eq!(dataset.training.stretch(2, 4), [2.0, 3.0, 4.0, 5.0]);
        assert_eq!(dataset.training.stretch(3, 4), [0.0, 1.0, 2.0, 3.0]);
        assert_eq!(dataset.training.stretch(7, 4), [4.0, 5.0, 6.0, 7.0]);
    }

    #[test]
    fn audio_is_brought_to_full_scale_where_asked() {
        let json =
            r#"{"preset": "column-vector", "seg_len": 4, "num_unrollings": 2, "normalise": true}"#;
        let dataset = dataset(
            json,
            vec![recording(vec![0.1; 20]), recording(vec![-0.25; 20])],
        );
        assert_eq!(dataset.hearing.normalisation().largest_magnitude, 0.25);
        assert_eq!(dataset.training.sequences[1][0], -1.0);
        assert_eq!(dataset.training.sequences[0][0], 0.4);
    }

    #[test]
    fn the_highest_frequency_is_that_of_all_recordings() {
        let sine = |frequency: f64| {
            let step = 2.0 * std::f64::consts::PI * frequency / 11025.0;
            let sample = |n| (step * f64::from(n)).sin() as f32;
            recording((0..9000).map(sample).collect())
        };
        let highest = |json: &str| {
            let dataset = dataset(json, vec![sine(3000.0), sine(4000.0), sine(500.0)]);
            dataset.hearing.normalisation().highest_frequency
        };
        let limited = highest(r#"{"preset": "column-vector", "band_limit": true}"#).unwrap();
        assert!((limited - 4000.0).abs() < 20.0, "{limited}");
        assert_eq!(highest(r#"{"preset": "column-vector"}"#), None);
    }

    #[test]
    fn how_loud_it_stays_is_that_of_the_loudest_recording() {
        let noise = |gain: f32| {
            let sample = |n: i32| gain * ((n as f32 * 12.9898).sin() * 43758.547).fract();
            recording((0..9000).map(sample).collect())
        };
        let dynamics = |recordings| dataset(COLUMN, recordings).hearing.normalisation().dynamics;
        let stays = |recordings| dynamics(recordings).sustained;
        let (soft, loud) = (stays(vec![noise(0.05)]), stays(vec![noise(0.5)]));
        assert!((loud.unwrap() - soft.unwrap() - 20.0).abs() < 0.1);
        assert_eq!(stays(vec![noise(0.05), noise(0.5)]), loud);
        assert_eq!(stays(vec![recording(vec![0.1; 20])]), None);
    }

    #[test]
    fn how_little_it_changes_is_that_of_the_recording_that_changes_least() {
        let swelling = |depth: f32| {
            let level = |n: f32| 0.2 * (1.0 + depth * (n * 0.0012).sin());
            let sample = |n: i32| level(n as f32) * (n as f32 * 0.2).sin();
            recording((0..40_000).map(sample).collect())
        };
        let dynamics = |recordings| dataset(COLUMN, recordings).hearing.normalisation().dynamics;
        let changes = |recordings| dynamics(recordings).least_change;
        let (calm, lively) = (changes(vec![swelling(0.1)]), changes(vec![swelling(0.8)]));
        assert!(calm.unwrap() < 0.5 * lively.unwrap(), "{calm:?} {lively:?}");
        assert_eq!(changes(vec![swelling(0.8), swelling(0.1)]), calm);
        assert_eq!(changes(vec![recording(vec![0.1; 20])]), None);
    }

    #[test]
    fn spectra_are_divided_by_the_largest_magnitude_of_all_recordings() {
        let json = r#"{"preset": "magnitude-spectrum", "window_size": 16, "hop_size": 4, "num_unrollings": 2}"#;
        let sine = |gain: f32| recording((0..64).map(|n| gain * (n as f32).sin()).collect());
        let dataset = dataset(json, vec![sine(0.1), sine(0.4)]);
        let largest = |s: &Vec<f32>| s.iter().copied().fold(0.0, f32::max);
        let sequences = &dataset.training.sequences;
        assert!((largest(&sequences[1]) - 1.0).abs() < 1e-6);
        assert!((largest(&sequences[0]) - 0.25).abs() < 0.02);
        assert!(dataset.hearing.normalisation().largest_magnitude > 0.5);

        let silence = self::dataset(json, vec![recording(vec![0.0; 64])]);
        assert!(silence.training.sequences[0].iter().all(|m| *m == 0.0));
    }
}
