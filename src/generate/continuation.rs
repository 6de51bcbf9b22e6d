//! The sequence that sampling shows the network and that its predictions
//! lengthen (dissertation Figure 3.1).

use std::f32::consts::PI;

use super::AnswerSettings;
use super::drawing::{Drawing, Drawn};
use super::following::Following;
use crate::audio::Sound;
use crate::frames::{Cosines, WindowFormat};
use crate::hearing::Hearing;
use crate::model::{Output, SAMPLES_BEFORE_TAPS};
use crate::random::Stream;

/// A seed and what has been predicted after it: samples or steps of bands, or magnitude
/// frames for the magnitude spectrum approach.
#[derive(Clone, Debug)]
pub struct Continuation {
    hearing: Hearing,
    output: Output,
    drawing: Drawing,
    /// What makes samples of predictions, where they are not those themselves.
    cosines: Option<Cosines>,
    /// What the network said, as samples, where it predicts cosines.
    said: Vec<f32>,
    following: Option<Following>,
    /// Values of the sequence that are forgotten, its first: those of whole input matrices.
    forgotten: usize,
    /// What the network is shown, from there on.
    sequence: Vec<f32>,
    /// The same without the noise that is fed back.
    heard: Vec<f32>,
    /// Values of the seed, forgotten ones as well.
    seed_values: usize,
    drawn: Drawn,
}

/// The end of a [`Continuation`] as it once was: what it takes to go on.
#[derive(Clone, Debug)]
pub struct Tail {
    /// Values before those that are here.
    begin: usize,
    sequence: Vec<f32>,
    heard: Vec<f32>,
}

/// Elements before an input matrix that it takes to show it: none but where what samples
/// bring is known ahead of it.
fn elements_before(windows: &WindowFormat) -> usize {
    match windows.slides() {
        true => SAMPLES_BEFORE_TAPS,
        false => 0,
    }
}

/// The network predicted something that is not a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotANumber;

impl Continuation {
    /// Begins after `seed`, the sequence as the network sees it (see
    /// [`Hearing::see_seed`]). Its outputs mean `output`, and are drawn and fed back
    /// as `settings` say.
    pub fn new(
        output: Output,
        settings: &AnswerSettings,
        hearing: &Hearing,
        seed: Vec<f32>,
    ) -> Continuation {
        Continuation {
            hearing: hearing.clone(),
            output,
            drawing: settings.drawing(),
            cosines: hearing.cosines(),
            said: Vec::new(),
            following: None,
            forgotten: 0,
            seed_values: seed.len(),
            heard: seed.clone(),
            sequence: seed,
            drawn: Drawn::default(),
        }
    }

    /// Begins after `seed`, as the network sees it (see [`Hearing::see_seed`]), of which it
    /// will be shown input matrix `first` and those after it: what that does not take is
    /// forgotten.
    pub fn after(
        seed: &impl Sound,
        first: usize,
        output: Output,
        settings: &AnswerSettings,
        hearing: &Hearing,
    ) -> Continuation {
        let (windows, samples) = (hearing.sampling_windows(), seed.samples());
        let before = elements_before(windows).div_ceil(windows.ext_cursor_inc);
        let from = first.saturating_sub(before) * windows.ext_cursor_inc;
        let seen = hearing.see_part(seed, samples, from..hearing.elements_of_seed(samples));
        let forgotten = from * windows.width;
        let continuation = Continuation::new(output, settings, hearing, seen);
        Continuation {
            forgotten,
            seed_values: continuation.seed_values + forgotten,
            ..continuation
        }
    }

    /// Follows a guide, if there is one.
    pub fn follow(self, following: Option<Following>) -> Continuation {
        Continuation { following, ..self }
    }

    /// Takes the last `predicted` values of what it began with for predictions,
    /// which are `heard` like this, seed and all.
    ///
    /// # Panics
    /// If it began with fewer values.
    pub fn resume(self, heard: Vec<f32>, predicted: usize) -> Continuation {
        Continuation {
            seed_values: self.sequence.len() - predicted,
            heard,
            ..self
        }
    }

    fn windows(&self) -> &WindowFormat {
        self.hearing.sampling_windows()
    }

    /// R: rows of an input matrix, those that sampling needs.
    pub fn rows(&self) -> usize {
        self.windows().rows
    }

    /// Values that the sequence has so far, forgotten ones as well.
    fn len(&self) -> usize {
        self.forgotten + self.sequence.len()
    }

    /// Input matrices that the sequence has so far, forgotten ones as well.
    pub fn matrices(&self) -> usize {
        let windows = self.windows();
        windows.input_matrices(self.len() / windows.width)
    }

    /// Those of them that are forgotten.
    pub fn forgotten_matrices(&self) -> usize {
        self.forgotten / self.prediction_values()
    }

    /// Values of the sequence that are forgotten.
    pub fn forgotten(&self) -> usize {
        self.forgotten
    }

    /// Appends input matrix `t` to `frames`.
    pub fn push_input(&self, t: usize, frames: &mut Vec<f32>) {
        let t = t - self.forgotten_matrices();
        self.windows().push_input(&self.sequence, t, frames);
    }

    /// Values that one prediction lengthens the sequence by.
    pub fn prediction_values(&self) -> usize {
        self.windows().ext_cursor_inc * self.windows().width
    }

    /// Share of a model's own guidance in the prediction to come; none without a guide.
    pub fn guidance_share(&self) -> f64 {
        let following = self.following.as_ref();
        following.map_or(0.0, |following| following.guidance_share(self.seconds()))
    }

    /// Seconds that are predicted.
    fn seconds(&self) -> f64 {
        self.hearing.seconds_of(self.made())
    }

    /// Values that are predicted, forgotten ones as well.
    pub fn made(&self) -> usize {
        self.len() - self.seed_values
    }

    /// Lengthens the sequence by the last element of `prediction`, the
    /// network's output for one or more input matrices; what it leaves open is
    /// drawn from `random`. Where vectors overlap, one fades into the next.
    pub fn append(&mut self, prediction: &[f32], random: &mut Stream) -> Result<(), NotANumber> {
        let outputs = self.windows().label_len * self.windows().width;
        let newest = &prediction[prediction.len() - self.output.width(outputs)..];
        if !newest.iter().all(|value| value.is_finite()) {
            return Err(NotANumber);
        }
        let overlap = self.overlap();
        let seconds = self.seconds();
        let start = self.len() - overlap;
        let drawn = &mut self.drawn;
        let cosines = self.cosines.as_ref();
        let said = match cosines {
            None => newest,
            Some(cosines) => {
                self.said.clear();
                self.said.extend_from_slice(newest);
                let vectors = &mut self.said[..self.output.squashed(outputs)];
                let vectors = vectors.chunks_exact_mut(outputs);
                vectors.for_each(|vector| cosines.to_samples(vector));
                &self.said
            }
        };
        let said = self.output.said(said, outputs);
        let moment = self
            .following
            .as_mut()
            .and_then(|following| following.moment(start, outputs, seconds));
        self.drawing.draw(said, moment, cosines, random, drawn);
        self.hearing.confine(&mut drawn.heard);
        self.hearing.confine(&mut drawn.fed_back);
        cross_fade(&mut self.sequence, &drawn.fed_back, overlap);
        cross_fade(&mut self.heard, &drawn.heard, overlap);
        Ok(())
    }

    /// Values of a prediction that overlap the one before.
    fn overlap(&self) -> usize {
        self.windows().label_len * self.windows().width - self.prediction_values()
    }

    /// Its end, to which it can go back.
    pub fn tail(&self) -> Tail {
        let begin = self.first_needed();
        Tail {
            begin,
            sequence: self.sequence[begin - self.forgotten..].to_vec(),
            heard: self.heard[begin - self.forgotten..].to_vec(),
        }
    }

    /// The first value that it takes to go on.
    fn first_needed(&self) -> usize {
        let windows = self.windows();
        let needed = (windows.input_span() + elements_before(windows)) * windows.width;
        let first = self.len().saturating_sub(needed.max(self.overlap()));
        let matrices = first / self.prediction_values();
        (matrices * self.prediction_values()).max(self.forgotten)
    }

    /// Forgets what was predicted since it ended with `tail`.
    pub fn go_back(&mut self, tail: &Tail) {
        self.forgotten = tail.begin;
        self.sequence.clone_from(&tail.sequence);
        self.heard.clone_from(&tail.heard);
    }

    /// Forgets what it does not take to go on.
    pub fn forget(&mut self) {
        let forgotten = self.first_needed() - self.forgotten;
        self.forgotten += forgotten;
        self.sequence.drain(..forgotten);
        self.heard.drain(..forgotten);
    }

    /// Seed and predictions as the network is shown them, what is forgotten aside.
    pub fn sequence(&self) -> &[f32] {
        &self.sequence
    }

    /// Seed and predictions as they are heard, what is forgotten aside.
    pub fn heard(&self) -> &[f32] {
        &self.heard
    }

    /// What has been predicted, as it is heard.
    ///
    /// # Panics
    /// If some of it is forgotten.
    pub fn predicted(&self) -> &[f32] {
        self.predicted_since(0)
    }

    /// The same from predicted value `made` on.
    ///
    /// # Panics
    /// If that is forgotten.
    pub fn predicted_since(&self, made: usize) -> &[f32] {
        &self.heard[self.seed_values + made - self.forgotten..]
    }

    /// The predicted values from `made` on that no later prediction fades into.
    ///
    /// # Panics
    /// If they are forgotten.
    pub fn settled_since(&self, made: usize) -> &[f32] {
        let since = self.predicted_since(made);
        &since[..since.len().saturating_sub(self.overlap())]
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hyperparameters::Hyperparameters;
    use crate::random::stream;

    fn continuation(json: &str, seed: Vec<f32>) -> Continuation {
        let hyperparameters = Hyperparameters::parse(json).unwrap();
        let hearing = Hearing::untrained(&hyperparameters);
        let settings = AnswerSettings::of(&hyperparameters);
        Continuation::new(
            hyperparameters.architecture().output,
            &settings,
            &hearing,
            seed,
        )
    }

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
    fn overlapping_vectors_advance_by_their_label_offset() {
        let json = r#"{"preset": "vector", "seg_len": 8, "label_offset": 4, "num_unrollings": 2}"#;
        let hyperparameters = Hyperparameters::parse(json).unwrap();
        assert_eq!(hyperparameters.format.ext_cursor_inc, 4);
        let mut continuation = continuation(json, vec![0.0; 8]);
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
        let mut continuation = continuation(json, vec![0.0; 8]);
        let mut random = stream(1, "draws");
        continuation.append(&[1.0; 8], &mut random).unwrap();
        let (tail, before) = (continuation.tail(), continuation.heard().to_vec());
        for value in [2.0, 3.0, 4.0] {
            continuation.append(&[value; 8], &mut random).unwrap();
        }
        continuation.go_back(&tail);
        assert_eq!(continuation.made(), 4);
        // Of what came before it knows what it needs.
        let known = &before[continuation.forgotten()..];
        assert!(known.len() >= 8);
        assert_eq!(continuation.heard(), known);
        assert_eq!(continuation.sequence(), known);
    }
}
