//! The sequence that sampling shows the network and that its predictions
//! lengthen (dissertation Figure 3.1), and the sound it stands for.

use std::f32::consts::PI;

use crate::audio::Signal;
use crate::frames::{OscillatorBank, WindowFormat, de_emphasise, limit_band, pre_emphasise};
use crate::hyperparameters::{Approach, Hyperparameters};
use crate::model::{Drawing, Drawn, Output};
use crate::random::Stream;
use crate::trained_model::Normalisation;

/// A seed and what has been predicted after it: samples, or magnitude frames
/// for the magnitude spectrum approach.
#[derive(Clone, Debug)]
pub struct Continuation {
    windows: WindowFormat,
    magnitudes: bool,
    output: Output,
    drawing: Drawing,
    /// What the network is shown.
    sequence: Vec<f32>,
    /// The same without the noise that is fed back.
    heard: Vec<f32>,
    seed_values: usize,
    drawn: Drawn,
}

/// How far a [`Continuation`] had come.
#[derive(Clone, Debug)]
pub struct Mark {
    len: usize,
    /// The last values, which later ones fade into.
    sequence: Vec<f32>,
    heard: Vec<f32>,
}

/// The network predicted something that is not a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotANumber;

impl Continuation {
    /// Begins after `seed`, the sequence as the network sees it (see [`to_sequence`]).
    pub fn new(hyperparameters: &Hyperparameters, seed: Vec<f32>) -> Continuation {
        Continuation::resume(hyperparameters, seed.clone(), seed, 0)
    }

    /// Goes on with what the network is shown and what is `heard`, of which the
    /// last `predicted` values are predictions.
    ///
    /// # Panics
    /// If there are not so many values.
    pub fn resume(
        hyperparameters: &Hyperparameters,
        sequence: Vec<f32>,
        heard: Vec<f32>,
        predicted: usize,
    ) -> Continuation {
        Continuation {
            windows: sampling_windows(hyperparameters),
            magnitudes: hyperparameters.use_fft,
            output: hyperparameters.architecture().output,
            drawing: hyperparameters.drawing(),
            seed_values: sequence.len() - predicted,
            sequence,
            heard,
            drawn: Drawn::default(),
        }
    }

    /// R: rows of an input matrix, those that sampling needs.
    pub fn rows(&self) -> usize {
        self.windows.rows
    }

    /// Input matrices that the sequence holds so far.
    pub fn matrices(&self) -> usize {
        self.windows
            .input_matrices(self.sequence.len() / self.windows.width)
    }

    /// Appends input matrix `t` to `frames`.
    pub fn push_input(&self, t: usize, frames: &mut Vec<f32>) {
        self.windows.push_input(&self.sequence, t, frames);
    }

    /// Values that one prediction lengthens the sequence by.
    pub fn prediction_values(&self) -> usize {
        self.windows.ext_cursor_inc * self.windows.width
    }

    /// Lengthens the sequence by the last element of `prediction`, the
    /// network's output for one or more input matrices; what it leaves open is
    /// drawn from `random`. A magnitude is never negative. Where vectors
    /// overlap, one fades into the next.
    pub fn append(&mut self, prediction: &[f32], random: &mut Stream) -> Result<(), NotANumber> {
        let outputs = self.windows.label_len * self.windows.width;
        let newest = &prediction[prediction.len() - self.output.width(outputs)..];
        if !newest.iter().all(|value| value.is_finite()) {
            return Err(NotANumber);
        }
        let overlap = self.overlap();
        let drawn = &mut self.drawn;
        self.output
            .draw(newest, outputs, self.drawing, random, drawn);
        if self.magnitudes {
            for magnitude in drawn.heard.iter_mut().chain(&mut drawn.fed_back) {
                *magnitude = magnitude.max(0.0);
            }
        }
        cross_fade(&mut self.sequence, &drawn.fed_back, overlap);
        cross_fade(&mut self.heard, &drawn.heard, overlap);
        Ok(())
    }

    /// Values of a prediction that overlap the one before.
    fn overlap(&self) -> usize {
        self.windows.label_len * self.windows.width - self.prediction_values()
    }

    /// How far it has come.
    pub fn mark(&self) -> Mark {
        let end = self.sequence.len() - self.overlap();
        Mark {
            len: self.sequence.len(),
            sequence: self.sequence[end..].to_vec(),
            heard: self.heard[end..].to_vec(),
        }
    }

    /// Forgets what was predicted after `mark`, which it has passed.
    pub fn go_back(&mut self, mark: &Mark) {
        let end = mark.len - mark.sequence.len();
        self.sequence.truncate(end);
        self.sequence.extend_from_slice(&mark.sequence);
        self.heard.truncate(end);
        self.heard.extend_from_slice(&mark.heard);
    }

    /// Seed and predictions as the network is shown them.
    pub fn sequence(&self) -> &[f32] {
        &self.sequence
    }

    /// Seed and predictions as they are heard.
    pub fn heard(&self) -> &[f32] {
        &self.heard
    }

    /// What has been predicted, as it is heard.
    pub fn predicted(&self) -> &[f32] {
        &self.heard[self.seed_values..]
    }
}

/// Lengthens `sequence` by `next`, whose first `overlap` values take over
/// gradually from the last ones there.
fn cross_fade(sequence: &mut Vec<f32>, next: &[f32], overlap: usize) {
    let (first, rest) = next.split_at(overlap);
    let start = sequence.len() - overlap;
    for (n, (old, new)) in sequence[start..].iter_mut().zip(first).enumerate() {
        let phase = PI * (n as f32 + 0.5) / overlap as f32;
        let share = 0.5 - 0.5 * phase.cos();
        *old += share * (new - *old);
    }
    sequence.extend_from_slice(rest);
}

/// The windows that sampling shows the network: each input matrix follows the
/// last by one prediction.
///
/// Sampling keeps the last element of a prediction only, and rows interact in
/// the transpose approach alone; in the others the last row's stream is the
/// whole computation, so one row is all there is.
pub fn sampling_windows(hyperparameters: &Hyperparameters) -> WindowFormat {
    let training = hyperparameters.training_windows();
    let approach = hyperparameters.approach();
    WindowFormat {
        rows: if approach == Approach::Transpose {
            training.rows
        } else {
            1
        },
        ext_cursor_inc: match approach {
            Approach::Vector => hyperparameters.samples_per_prediction(),
            _ => 1,
        },
        ..training
    }
}

/// The sound `seed`, at the model's rate, as the network sees it, preceded by
/// silence so that whole input matrices end with its last sample.
pub fn to_sequence(
    hyperparameters: &Hyperparameters,
    normalisation: &Normalisation,
    seed: &[f32],
) -> Vec<f32> {
    let windows = sampling_windows(hyperparameters);
    let mut seed = seed.to_vec();
    pre_emphasise(&mut seed, hyperparameters.pre_emphasis as f32);
    match hyperparameters.analysis() {
        None => {
            let mut sequence =
                preceded_by_silence(&seed, windows.input_span(), windows.ext_cursor_inc);
            for sample in &mut sequence {
                *sample /= normalisation.largest_magnitude;
            }
            sequence
        }
        Some(analysis) => {
            let shortest = analysis.window_size + (windows.input_span() - 1) * analysis.hop_size;
            let padded = preceded_by_silence(&seed, shortest, analysis.hop_size);
            let mut spectra = analysis.magnitudes(&padded);
            spectra.divide(normalisation.largest_magnitude);
            let compress = |magnitude| hyperparameters.magnitude_scale.compress(magnitude);
            spectra.magnitudes.into_iter().map(compress).collect()
        }
    }
}

/// The sound `seed`, at the model's rate, as loud as the training audio was:
/// where that was scaled to its own largest value, so is the seed. It stays
/// within full scale, which matters to one much darker than the training audio.
pub fn at_training_level(
    hyperparameters: &Hyperparameters,
    normalisation: &Normalisation,
    seed: &Signal,
) -> Signal {
    let mut seed = seed.clone();
    if hyperparameters.use_fft || hyperparameters.normalise {
        let seen = to_sequence(hyperparameters, normalisation, &seed.samples);
        let mut largest = seen.iter().fold(0.0f32, |largest, v| largest.max(v.abs()));
        if hyperparameters.use_fft {
            largest = hyperparameters.magnitude_scale.expand(largest);
        }
        let gain = (1.0 / largest).min(1.0 / seed.peak());
        let gain = if gain.is_finite() { gain } else { 1.0 };
        seed.samples.iter_mut().for_each(|sample| *sample *= gain);
    }
    seed
}

/// `signal` at the end of the shortest signal of `shortest + n · increment` samples.
fn preceded_by_silence(signal: &[f32], shortest: usize, increment: usize) -> Vec<f32> {
    let beyond = signal.len().saturating_sub(shortest);
    let len = shortest + beyond.next_multiple_of(increment);
    let mut padded = vec![0.0; len - signal.len()];
    padded.extend_from_slice(signal);
    padded
}

/// Values that the sequence must grow by to give `samples` samples: an
/// oscillator bank needs a frame at both ends of each hop.
pub fn values_needed(hyperparameters: &Hyperparameters, samples: usize) -> usize {
    match hyperparameters.analysis() {
        None => samples,
        Some(analysis) => (samples.div_ceil(analysis.hop_size) + 1) * analysis.bins(),
    }
}

/// The sound of `predicted` samples or frames; oscillators start at random `phases`.
pub fn to_sound(
    hyperparameters: &Hyperparameters,
    normalisation: &Normalisation,
    mut predicted: Vec<f32>,
    phases: &mut Stream,
) -> Vec<f32> {
    let largest = normalisation.largest_magnitude;
    let mut sound = match hyperparameters.analysis() {
        None => {
            predicted.iter_mut().for_each(|sample| *sample *= largest);
            predicted
        }
        Some(analysis) => {
            let peaks_only = hyperparameters.peak_picking;
            let amplitude = largest * analysis.amplitude_of_unit_magnitude(peaks_only);
            for magnitude in &mut predicted {
                *magnitude = amplitude * hyperparameters.magnitude_scale.expand(*magnitude);
            }
            OscillatorBank::new(analysis.bins(), analysis.hop_size, peaks_only, phases)
                .resynthesise(&predicted)
        }
    };
    de_emphasise(&mut sound, hyperparameters.pre_emphasis as f32);
    match normalisation.highest_frequency {
        Some(highest) => limit_band(&sound, highest / f64::from(hyperparameters.sample_rate)),
        None => sound,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::stream;

    #[test]
    fn overlapping_vectors_fade_into_each_other() {
        let mut sequence = vec![9.0, 1.0, 1.0, 1.0, 1.0];
        cross_fade(&mut sequence, &[1.0, 1.0, 1.0, 1.0, 2.0, 3.0], 4);
        assert_eq!(sequence, [9.0, 1.0, 1.0, 1.0, 1.0, 2.0, 3.0]);
        cross_fade(&mut sequence, &[0.0, 0.0, 7.0], 2);
        assert!((sequence[5] - 2.0 * 0.853_553).abs() < 1e-5);
        assert!((sequence[6] - 3.0 * 0.146_447).abs() < 1e-5);
        assert_eq!(sequence[7], 7.0);
    }

    #[test]
    fn what_the_network_sees_of_a_sound_is_that_sound_again() {
        let seed: Vec<f32> = (0..64).map(|n| 0.3 * (n as f32 * 0.4).sin()).collect();
        let normalisation = Normalisation {
            largest_magnitude: 0.25,
            highest_frequency: None,
            sustained: None,
            least_change: None,
        };
        let json =
            r#"{"preset": "column-vector", "seg_len": 8, "normalise": true, "pre_emphasis": 0.9}"#;
        let hyperparameters = Hyperparameters::parse(json).unwrap();
        let seen = to_sequence(&hyperparameters, &normalisation, &seed);
        assert!((seen[10] - (seed[10] - 0.9 * seed[9]) / 0.25).abs() < 1e-5);
        let mut phases = stream(1, "phases");
        let sound = to_sound(&hyperparameters, &normalisation, seen, &mut phases);
        for (a, b) in sound.iter().zip(&seed) {
            assert!((a - b).abs() < 1e-5);
        }
    }

    #[test]
    fn predictions_end_where_the_training_audios_band_does() {
        let hyperparameters = Hyperparameters::parse(r#"{"preset": "column-vector-cpu"}"#).unwrap();
        let sine = |frequency: f32| -> Vec<f32> {
            let step = 2.0 * PI * frequency / hyperparameters.sample_rate as f32;
            (0..4000).map(|n| (n as f32 * step).sin()).collect()
        };
        let loudest = |frequency: f32, highest_frequency: Option<f64>| {
            let normalisation = Normalisation {
                largest_magnitude: 1.0,
                highest_frequency,
                sustained: None,
                least_change: None,
            };
            let seen = to_sequence(&hyperparameters, &normalisation, &sine(frequency));
            let mut phases = stream(1, "phases");
            let sound = to_sound(&hyperparameters, &normalisation, seen, &mut phases);
            sound[1000..3000].iter().fold(0.0f32, |l, s| l.max(s.abs()))
        };
        assert!(loudest(4500.0, None) > 0.9);
        assert!(loudest(4500.0, Some(4000.0)) < 1e-3);
        assert!(loudest(3500.0, Some(4000.0)) > 0.9);
    }

    #[test]
    fn a_spectrum_sounds_as_loud_as_it_was_however_it_is_scaled() {
        let seed: Vec<f32> = (0..8192).map(|n| 0.5 * (n as f32 * 0.4).sin()).collect();
        let rms = |sound: &[f32]| {
            let middle = &sound[1000..6000];
            (middle.iter().map(|s| s * s).sum::<f32>() / middle.len() as f32).sqrt()
        };
        for extra in [
            "",
            r#", "magnitude_scale": "square-root""#,
            r#", "pre_emphasis": 0.9"#,
        ] {
            let json = format!(
                r#"{{"preset": "magnitude-spectrum", "window_size": 512, "hop_size": 128 {extra}}}"#
            );
            let hyperparameters = Hyperparameters::parse(&json).unwrap();
            let normalisation = Normalisation {
                largest_magnitude: 90.0,
                highest_frequency: None,
                sustained: None,
                least_change: None,
            };
            let seen = to_sequence(&hyperparameters, &normalisation, &seed);
            let mut phases = stream(1, "phases");
            let sound = to_sound(&hyperparameters, &normalisation, seen, &mut phases);
            let ratio = rms(&sound) / rms(&seed);
            assert!((0.9..1.1).contains(&ratio), "{extra}: {ratio}");
        }
    }

    #[test]
    fn overlapping_vectors_advance_by_their_label_offset() {
        let json = r#"{"preset": "vector", "seg_len": 8, "label_offset": 4, "num_unrollings": 2}"#;
        let hyperparameters = Hyperparameters::parse(json).unwrap();
        assert_eq!(hyperparameters.ext_cursor_inc, 4);
        let mut continuation = Continuation::new(&hyperparameters, vec![0.0; 8]);
        let mut random = stream(1, "draws");
        continuation.append(&[1.0; 8], &mut random).unwrap();
        continuation.append(&[2.0; 8], &mut random).unwrap();
        assert_eq!(continuation.predicted().len(), 8);
        assert_eq!(continuation.predicted()[4..], [2.0; 4]);
        let faded = &continuation.predicted()[..4];
        assert!(faded.is_sorted() && faded[0] > 1.0 && faded[3] < 2.0);
        assert_eq!(continuation.matrices(), 3);
    }

    #[test]
    fn it_goes_back_as_if_nothing_had_been_predicted_since() {
        let json = r#"{"preset": "vector", "seg_len": 8, "label_offset": 4, "num_unrollings": 2}"#;
        let hyperparameters = Hyperparameters::parse(json).unwrap();
        let mut continuation = Continuation::new(&hyperparameters, vec![0.0; 8]);
        let mut random = stream(1, "draws");
        continuation.append(&[1.0; 8], &mut random).unwrap();
        let (mark, before) = (continuation.mark(), continuation.heard().to_vec());
        for value in [2.0, 3.0, 4.0] {
            continuation.append(&[value; 8], &mut random).unwrap();
        }
        continuation.go_back(&mark);
        assert_eq!(continuation.heard(), before);
        assert_eq!(continuation.sequence(), before);
    }

    #[test]
    fn a_quiet_seed_is_brought_to_the_level_of_the_training_audio() {
        let seed = |level: f32| Signal {
            samples: (0..4000).map(|n| level * (n as f32 * 0.3).sin()).collect(),
            sample_rate: 11025,
        };
        let normalisation = Normalisation {
            largest_magnitude: 0.25,
            highest_frequency: None,
            sustained: None,
            least_change: None,
        };
        let largest_seen = |settings: &str, level: f32| {
            let json = format!(r#"{{"window_size": 64, {settings}}}"#);
            let hyperparameters = Hyperparameters::parse(&json).unwrap();
            let seed = at_training_level(&hyperparameters, &normalisation, &seed(level));
            let seen = to_sequence(&hyperparameters, &normalisation, &seed.samples);
            seen.into_iter().fold(0.0f32, |l, v| l.max(v.abs()))
        };
        for settings in [
            r#""normalise": true"#,
            r#""normalise": true, "pre_emphasis": 0.5"#,
            r#""use_fft": true"#,
            r#""use_fft": true, "magnitude_scale": "square-root""#,
        ] {
            for level in [0.4, 0.01] {
                let largest = largest_seen(settings, level);
                assert!((largest - 1.0).abs() < 1e-4, "{settings}: {largest}");
            }
        }
        // The dissertation's audio is heard as it is.
        assert!((largest_seen(r#""lr": 0.1"#, 0.01) - 0.01 / 0.25).abs() < 1e-4);
    }

    #[test]
    fn a_seed_is_aligned_with_its_end() {
        assert_eq!(
            preceded_by_silence(&[1.0, 2.0, 3.0], 2, 2),
            [0.0, 1.0, 2.0, 3.0]
        );
        assert_eq!(preceded_by_silence(&[1.0, 2.0], 2, 2), [1.0, 2.0]);
        assert_eq!(preceded_by_silence(&[1.0], 3, 2), [0.0, 0.0, 1.0]);
    }
}
