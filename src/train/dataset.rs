//! Recordings as the sequences that training windows are cut from.

use crate::audio::Signal;
use crate::frames::{WindowFormat, highest_frequency, pre_emphasise};
use crate::generate::continuation::{at_training_level, to_sequence};
use crate::generate::guard::Usual;
use crate::hyperparameters::{AnswerMode, Hyperparameters};
use crate::trained_model::{Normalisation, TrainingAudio};

/// One recording, at the model's rate, and where it comes from.
pub struct Recording {
    pub signal: Signal,
    pub source: TrainingAudio,
}

/// What a network is trained on, and what its loss is measured on.
#[derive(Clone)]
pub struct Dataset {
    /// One sequence per recording.
    pub training: Sequences,
    /// One sequence for each recording's held-out end; none without validation.
    pub validation: Sequences,
    /// The sounds of `seed_fn_list` as the network sees them; none where seeds
    /// come from the training audio.
    pub seeds: Vec<Vec<f32>>,
    /// How sound was scaled; goes into the model.
    pub normalisation: Normalisation,
    /// Where it comes from; goes into the model.
    pub sources: Vec<TrainingAudio>,
    /// The recordings' samples where the model keeps them to go on learning
    /// while it answers; none otherwise.
    pub kept: Vec<Vec<f32>>,
}

/// Sequences of samples or magnitude frames, and the windows that are cut from them.
#[derive(Clone)]
pub struct Sequences {
    sequences: Vec<Vec<f32>>,
    windows: WindowFormat,
    /// Stretches of a sequence that a time step shows at once.
    batch: usize,
}

/// A recording whose held-out end does not hold one input matrix and its label.
#[derive(Debug, thiserror::Error)]
#[error(
    "the last {share} of {file} cannot be held out for validation: it is {seconds:.2} s, but one \
     input matrix and its label span {needed:.2} s; use a longer recording, or \"validation\": 0"
)]
pub struct TooShort {
    pub file: String,
    pub share: f64,
    pub seconds: f64,
    pub needed: f64,
}

impl Dataset {
    /// Makes `recordings` what `hyperparameters` say the network sees.
    ///
    /// A recording that does not hold one input matrix and its label is wrapped:
    /// it begins again after its end, which is logged.
    pub fn new(
        recordings: Vec<Recording>,
        hyperparameters: &Hyperparameters,
    ) -> Result<Dataset, TooShort> {
        let needed = samples_of_one_time_step(hyperparameters);
        let highest_frequency = hyperparameters.band_limit.then(|| {
            let samples = recordings.iter().map(|recording| &recording.signal.samples);
            let highest = samples.map(|samples| highest_frequency(samples));
            highest.fold(0.0, f64::max) * f64::from(hyperparameters.sample_rate)
        });
        let usual = recordings.iter().map(|r| Usual::of(&r.signal));
        let usual: Vec<Usual> = usual.collect();
        let sustained = usual.iter().filter_map(|usual| usual.sustained);
        let least_change = usual.iter().filter_map(|usual| usual.least_change);
        let (mut training, mut validation, mut sources) = (Vec::new(), Vec::new(), Vec::new());
        let mut kept = Vec::new();
        for recording in recordings {
            if hyperparameters.answer == AnswerMode::Moving {
                kept.push(recording.signal.samples.clone());
            }
            let mut signal = recording.signal;
            let held_out = hyperparameters.validation * signal.samples.len() as f64;
            let end = signal
                .samples
                .split_off(signal.samples.len() - held_out as usize);
            if hyperparameters.validation > 0.0 {
                if end.len() < needed {
                    let rate = f64::from(signal.sample_rate);
                    return Err(TooShort {
                        file: recording.source.file,
                        share: hyperparameters.validation,
                        seconds: end.len() as f64 / rate,
                        needed: needed as f64 / rate,
                    });
                }
                validation.push(end);
            }
            if signal.samples.len() < needed {
                tracing::info!(
                    "{} is shorter than one input matrix and its label ({:.2} s of {:.2} s): \
                     it is wrapped, and begins again after its end",
                    recording.source.file,
                    signal.seconds(),
                    needed as f64 / f64::from(signal.sample_rate),
                );
                signal.samples = wrapped(&signal.samples, needed);
            }
            training.push(signal.samples);
            sources.push(recording.source);
        }
        let largest_magnitude = to_sequences(&mut training, hyperparameters, None);
        to_sequences(&mut validation, hyperparameters, Some(largest_magnitude));
        let sequences = |sequences, batch| Sequences {
            sequences,
            windows: hyperparameters.training_windows(),
            batch,
        };
        Ok(Dataset {
            training: sequences(training, hyperparameters.batch),
            validation: sequences(validation, 1),
            seeds: Vec::new(),
            normalisation: Normalisation {
                largest_magnitude,
                highest_frequency,
                sustained: sustained.max_by(f64::total_cmp),
                least_change: least_change.min_by(f64::total_cmp),
            },
            sources,
            kept,
        })
    }

    /// Takes `seeds`, at the model's rate, to begin sampled predictions with.
    pub fn with_seeds(mut self, seeds: &[Signal], hyperparameters: &Hyperparameters) -> Dataset {
        let sequence = |seed: &Signal| {
            let seed = at_training_level(hyperparameters, &self.normalisation, seed);
            to_sequence(hyperparameters, &self.normalisation, &seed.samples)
        };
        self.seeds = seeds.iter().map(sequence).collect();
        self
    }
}

/// Audio samples that one input matrix and its label span.
fn samples_of_one_time_step(hyperparameters: &Hyperparameters) -> usize {
    let span = hyperparameters.training_windows().time_step_span();
    match hyperparameters.analysis() {
        Some(analysis) => (span - 1) * analysis.hop_size + analysis.window_size,
        None => span,
    }
}

/// `samples` again and again, so that time steps of `needed` samples begin
/// everywhere in them.
fn wrapped(samples: &[f32], needed: usize) -> Vec<f32> {
    let len = needed + samples.len();
    samples.iter().copied().cycle().take(len).collect()
}

/// Makes signals the sequences the network sees. Spectra, and audio where
/// `normalise` says so, are divided by `largest_magnitude`, or by their own
/// largest where that is not given; gives the divisor.
fn to_sequences(
    signals: &mut [Vec<f32>],
    hyperparameters: &Hyperparameters,
    largest_magnitude: Option<f32>,
) -> f32 {
    for signal in signals.iter_mut() {
        pre_emphasise(signal, hyperparameters.pre_emphasis as f32);
    }
    let Some(analysis) = hyperparameters.analysis() else {
        return normalise(signals, hyperparameters.normalise, largest_magnitude);
    };
    let mut spectra: Vec<_> = signals.iter().map(|s| analysis.magnitudes(s)).collect();
    let largest = largest_magnitude
        .unwrap_or_else(|| spectra.iter().map(|s| s.largest()).fold(0.0, f32::max));
    let divisor = divisor(largest);
    for (signal, spectra) in signals.iter_mut().zip(&mut spectra) {
        spectra.divide(divisor);
        *signal = std::mem::take(&mut spectra.magnitudes);
        for magnitude in signal {
            *magnitude = hyperparameters.magnitude_scale.compress(*magnitude);
        }
    }
    divisor
}

fn normalise(signals: &mut [Vec<f32>], wanted: bool, largest: Option<f32>) -> f32 {
    if !wanted {
        return 1.0;
    }
    let peak = |signal: &Vec<f32>| signal.iter().fold(0.0f32, |peak, s| peak.max(s.abs()));
    let largest = largest.unwrap_or_else(|| signals.iter().map(peak).fold(0.0, f32::max));
    let divisor = divisor(largest);
    let samples = signals.iter_mut().flatten();
    samples.for_each(|sample| *sample /= divisor);
    divisor
}

/// Silence stays silence; any scale does.
fn divisor(largest: f32) -> f32 {
    if largest > 0.0 { largest } else { 1.0 }
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
    /// If there are not so many places.
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

    /// Puts the input matrices and labels of `count` time steps, from `first`
    /// on, of sequence `index` into `frames [count, rows, D]` and `labels`.
    pub fn fill(
        &self,
        index: usize,
        first: usize,
        count: usize,
        frames: &mut Vec<f32>,
        labels: &mut Vec<f32>,
    ) {
        frames.clear();
        labels.clear();
        let sequence = &self.sequences[index];
        let all = self.time_steps_unbatched(index);
        for t in first..first + count {
            for stretch in 0..self.batch {
                let t = (stretch * all / self.batch + t) % all;
                self.windows.push_input(sequence, t, frames);
                self.windows.push_label(sequence, t, labels);
            }
        }
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
        dataset.training.fill(1, 1, 2, &mut frames, &mut labels);
        assert_eq!(frames[..8], [1.0, 2.0, 3.0, 4.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(labels, [5.0, 6.0, 6.0, 7.0]);
    }

    #[test]
    fn a_short_recording_begins_again_after_its_end() {
        let dataset = dataset(COLUMN, vec![count(3)]);
        assert_eq!(dataset.training.time_steps_per_epoch(), 4);
        let (mut frames, mut labels) = (Vec::new(), Vec::new());
        dataset.training.fill(0, 2, 1, &mut frames, &mut labels);
        assert_eq!(frames, [2.0, 0.0, 1.0, 2.0, 0.0, 1.0, 2.0, 0.0]);
        assert_eq!(labels, [0.0, 1.0]);
    }

    #[test]
    fn a_batch_shows_equal_stretches_at_once() {
        let json = r#"{"preset": "column-vector", "seg_len": 4, "num_unrollings": 1, "batch": 2}"#;
        let dataset = dataset(json, vec![count(14)]);
        // Ten time steps, in two stretches of five.
        assert_eq!(dataset.training.time_steps(0), 5);
        assert_eq!(dataset.training.rows(), 2);
        let (mut frames, mut labels) = (Vec::new(), Vec::new());
        dataset.training.fill(0, 1, 1, &mut frames, &mut labels);
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
        held_out.validation.fill(0, 0, 1, &mut frames, &mut labels);
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
        assert_eq!(dataset.normalisation.largest_magnitude, 0.25);
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
            dataset.normalisation.highest_frequency
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
        let stays = |recordings| dataset(COLUMN, recordings).normalisation.sustained;
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
        let changes = |recordings| dataset(COLUMN, recordings).normalisation.least_change;
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
        assert!(dataset.normalisation.largest_magnitude > 0.5);

        let silence = self::dataset(json, vec![recording(vec![0.0; 64])]);
        assert!(silence.training.sequences[0].iter().all(|m| *m == 0.0));
    }
}
