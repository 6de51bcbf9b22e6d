//! Between sound and the sequence that a network sees of it, both ways, and
//! alike for training audio, seeds and predictions.
//!
//! ```text
//! sound → pre-emphasis → samples, bands or magnitude frames → ÷ largest → scale → sequence
//! sound ← band limit ← de-emphasis ← samples, bands or vocoder ← × largest ← scale ← sequence
//! ```
//!
//! Two things more that a network may be shown have their place here, so that
//! training and answering cannot come to differ: beside its input, a description
//! of the frame to come, computed alike for training audio and seeds; beside what
//! is fed back, a guide, the sequence of a sound that an answer follows.

mod description;
mod distance;
mod drawing;
mod dynamics;
mod element;
mod levelled;
mod normalisation;
mod sounding;

use std::mem;
use std::ops::Range;
use std::sync::Arc;

use description::DescribedPlaces;
pub use description::{DESCRIPTION_VALUES, Description, Descriptions, pitch_classes};
pub use distance::Distance;
pub use drawing::draw_windows;
pub(crate) use dynamics::block_len;
pub use dynamics::{Dynamics, DynamicsMeter};
use element::Element;
pub use levelled::Levelled;
pub use normalisation::Normalisation;
pub use sounding::Sounding;

use crate::audio::{LongSound, Signal, Sound};
use crate::frames::{
    BandLimit, Cosines, DeEmphasis, WindowFormat, highest_frequency, pre_emphasise,
};
use crate::hyperparameters::{Approach, Hyperparameters, LabelValues, Vocoder};
use crate::random::Stream;

/// Values that are seen of a long sound at once, more or less.
const VALUES_AT_ONCE: usize = 1 << 14;

/// How a network hears. A sequence consists of elements, samples, steps of bands or
/// magnitude frames, of as many values each as its windows are wide.
#[derive(Clone, Debug, PartialEq)]
pub struct Hearing {
    element: Element,
    /// In Hz.
    sample_rate: u32,
    /// From 0, which is none, to 0.99.
    pre_emphasis: f32,
    /// Whether the training audio's largest value is 1 to the network.
    to_full_scale: bool,
    /// Whether predictions end where the training audio's band does.
    band_limit: bool,
    /// Whether vectors are predicted as sums of cosines.
    as_cosines: bool,
    training: WindowFormat,
    sampling: WindowFormat,
    normalisation: Normalisation,
}

impl Hearing {
    /// That of a network by `hyperparameters` that learned or will learn from
    /// audio of this `normalisation`.
    pub fn new(hyperparameters: &Hyperparameters, normalisation: Normalisation) -> Hearing {
        let element = Element::new(hyperparameters);
        let training = training_windows(hyperparameters, element.width());
        Hearing {
            sample_rate: hyperparameters.format.sample_rate,
            pre_emphasis: hyperparameters.format.pre_emphasis as f32,
            to_full_scale: hyperparameters.format.use_fft || hyperparameters.format.normalise,
            band_limit: hyperparameters.format.band_limit,
            as_cosines: hyperparameters.approach() == Approach::Vector
                && hyperparameters.format.label_values == LabelValues::Cosines,
            sampling: sampling_windows(hyperparameters, &training),
            training,
            element,
            normalisation,
        }
    }

    /// That of a network by `hyperparameters` whose training audio is yet to
    /// come, for [`Hearing::listen`] and [`Hearing::learn`].
    pub fn untrained(hyperparameters: &Hyperparameters) -> Hearing {
        Hearing::new(hyperparameters, Normalisation::default())
    }

    /// The same with another `vocoder`, if one is named, where sound is made of frames.
    pub fn sounding_by(mut self, vocoder: Option<Vocoder>) -> Hearing {
        if let (Element::Frame(spectrum), Some(vocoder)) = (&mut self.element, vocoder) {
            spectrum.vocoder = vocoder;
        }
        self
    }

    /// Takes note of the band and the dynamics of a whole `recording` of the
    /// training audio, at the model's rate.
    pub fn listen(&mut self, recording: &Signal) {
        let known = &mut self.normalisation;
        if self.band_limit {
            let highest = highest_frequency(&recording.samples) * f64::from(self.sample_rate);
            let before = known.highest_frequency.unwrap_or(0.0);
            known.highest_frequency = Some(highest.max(before));
        }
        known.dynamics = known.dynamics.with(Dynamics::of(recording));
    }

    /// Makes each of the training audio's `recordings` the sequence that the
    /// network sees of it, by the largest value of them all.
    pub fn learn(&mut self, recordings: &mut [Vec<f32>]) {
        // Each takes its sound's place at once: both together are large.
        for recording in recordings.iter_mut() {
            *recording = self.analyse(mem::take(recording));
        }
        if self.to_full_scale {
            let mut largest = vec![0.0; self.scaled_alone()];
            let recordings = recordings.iter();
            recordings.for_each(|elements| enlarge(&mut largest, elements));
            self.normalisation.learn(&largest);
        }
        for recording in recordings.iter_mut() {
            self.scale(recording);
        }
        if self.as_cosines {
            let largest = Cosines::largest_of(recordings, self.training.label_len);
            self.normalisation.largest_cosines = Some(largest);
        }
    }

    /// What makes vectors of the sequence what the network predicts of them, and back; `None`
    /// where that is the same.
    pub fn cosines(&self) -> Option<Cosines> {
        let learned = self.normalisation.largest_cosines.as_ref();
        let unlearned = || vec![1.0; self.training.label_len];
        self.as_cosines
            .then(|| Cosines::new(&learned.cloned().unwrap_or_else(unlearned)))
    }

    /// The sequence that the network sees of `sound`, at the model's rate.
    pub fn see(&self, sound: Vec<f32>) -> Vec<f32> {
        let mut elements = self.analyse(sound);
        self.scale(&mut elements);
        elements
    }

    /// As [`Hearing::see`], preceded by silence so that whole input matrices end
    /// with the last sample of `seed`.
    pub fn see_seed(&self, seed: &(impl Sound + ?Sized)) -> Vec<f32> {
        let samples = seed.samples();
        self.see_part(seed, samples, 0..self.elements_of_seed(samples))
    }

    /// Elements that are seen of a seed of `samples` samples (see [`Hearing::see_seed`]).
    pub fn elements_of_seed(&self, samples: usize) -> usize {
        self.elements_of_seed_and(samples, samples)
    }

    /// Elements that are seen of a seed of `seed` samples in a sound of `samples` that
    /// begins with it: the first are those of the seed alone.
    pub fn elements_of_seed_and(&self, seed: usize, samples: usize) -> usize {
        self.element.count_in(self.silence_before(seed) + samples)
    }

    /// What is seen of a seed (see [`Hearing::see_seed`]), `sound`'s first `seed` samples,
    /// and of what follows it there: these `elements` of all.
    pub fn see_part(
        &self,
        sound: &(impl Sound + ?Sized),
        seed: usize,
        elements: Range<usize>,
    ) -> Vec<f32> {
        if elements.is_empty() {
            return Vec::new();
        }
        let silence = self.silence_before(seed);
        let begin = elements.start * self.element.hop();
        let end = begin + self.samples_of(elements.len());
        // Pre-emphasis knows the sample before.
        let before = begin.saturating_sub(1);
        let mut samples = vec![0.0; silence.min(end).saturating_sub(before)];
        sound.read(
            before.saturating_sub(silence)..end.saturating_sub(silence),
            &mut samples,
        );
        pre_emphasise(&mut samples, self.pre_emphasis);
        samples.drain(..begin - before);
        let mut elements = self.element.analyse(samples);
        self.scale(&mut elements);
        elements
    }

    /// Samples of silence before a seed of `samples` samples.
    fn silence_before(&self, samples: usize) -> usize {
        let shortest = self.samples_of(self.sampling.input_span());
        let increment = self.sampling.ext_cursor_inc * self.element.hop();
        silence_before(samples, shortest, increment)
    }

    /// Descriptions of what the network sees of `sound` (see [`Hearing::see`]), element by
    /// element.
    pub fn describe(&self, sound: &[f32]) -> Descriptions {
        Descriptions::of(sound, self.places(0, sound.len()))
    }

    /// The same of what it sees of a seed, `sound`'s first `seed` samples, and of what
    /// follows it there (see [`Hearing::see_part`]), compared with what the seed does as a
    /// whole.
    pub fn describe_seed_and<S: Sound>(&self, sound: S, seed: usize) -> Description<S> {
        let places = DescribedPlaces {
            typical: seed,
            ..self.places(self.silence_before(seed), sound.samples())
        };
        Description::new(sound, places)
    }

    /// Values that describe a sound of `samples` samples.
    pub fn values_describing(&self, samples: usize) -> usize {
        self.places(0, samples).values()
    }

    fn places(&self, silence: usize, samples: usize) -> DescribedPlaces {
        DescribedPlaces {
            silence,
            typical: samples,
            elements: self.element.count_in(silence + samples),
            hop: self.element.hop(),
            samples: self.element.samples(),
            sample_rate: self.sample_rate,
        }
    }

    fn analyse(&self, mut sound: Vec<f32>) -> Vec<f32> {
        pre_emphasise(&mut sound, self.pre_emphasis);
        self.element.analyse(sound)
    }

    /// Adjacent values that have scales of their own: all of a step of bands, and of other
    /// elements none.
    fn scaled_alone(&self) -> usize {
        match &self.element {
            Element::Bands(bank) => bank.bands(),
            Element::Sample | Element::Frame(_) => 1,
        }
    }

    fn scale(&self, elements: &mut [f32]) {
        for value in &mut *elements {
            let share = *value / self.normalisation.largest_magnitude;
            *value = self.element.compress(share);
        }
        if !self.normalisation.bands.is_empty() {
            for step in elements.chunks_exact_mut(self.normalisation.bands.len()) {
                let bands = step.iter_mut().zip(&self.normalisation.bands);
                bands.for_each(|(value, share)| *value /= share);
            }
        }
    }

    /// The sound of a `sequence` that the network saw or predicted; what it
    /// leaves open is drawn from `phases`.
    pub fn sound(&self, sequence: &[f32], phases: &mut Stream) -> Signal {
        let (mut sounding, mut samples) = (self.sounding(phases), Vec::new());
        sounding.push(sequence, &mut samples);
        sounding.finish(&mut samples);
        Signal {
            samples,
            sample_rate: self.sample_rate,
        }
    }

    /// Makes sound of a sequence that comes piece by piece, as [`Hearing::sound`] does.
    pub fn sounding(&self, phases: &mut Stream) -> Sounding {
        self.sounding_at_hop(self.element.hop(), phases)
    }

    /// The same of frames that are `hop` samples apart, slower or faster than they were
    /// heard; of samples nothing but their sound.
    pub fn sounding_at_hop(&self, hop: usize, phases: &mut Stream) -> Sounding {
        let limit = |highest| BandLimit::new(highest / f64::from(self.sample_rate));
        Sounding {
            element: self.element.sounding(&self.normalisation, hop, phases),
            de_emphasis: DeEmphasis::new(self.pre_emphasis),
            band_limit: self.normalisation.highest_frequency.map(limit),
        }
    }

    /// `seed`, at the model's rate, as loud as the training audio was: where that
    /// was scaled to its own largest value, so is the seed. It stays within full
    /// scale, which matters to one much darker than the training audio.
    pub fn at_training_level(&self, seed: &Arc<LongSound>) -> Levelled {
        let gain = match self.to_full_scale {
            true => {
                let (seen, peak) = self.largest_seen_and_peak(seed);
                (1.0 / self.element.expand(seen)).min(1.0 / peak)
            }
            false => 1.0,
        };
        Levelled::new(Arc::clone(seed), if gain.is_finite() { gain } else { 1.0 })
    }

    /// The largest value that is seen of `seed`, and its peak, piece by piece: all that is
    /// seen of it at once is as large as the seed.
    fn largest_seen_and_peak(&self, seed: &impl Sound) -> (f32, f32) {
        let samples = seed.samples();
        let (all, step) = (
            self.elements_of_seed(samples),
            (VALUES_AT_ONCE / self.element.width()).max(1),
        );
        let pieces = (0..all).step_by(step);
        let seen = pieces.map(|n| self.see_part(seed, samples, n..all.min(n + step)));
        let mut largest = vec![0.0; self.scaled_alone()];
        seen.for_each(|seen| enlarge(&mut largest, &seen));
        // A band in which the training audio was soft does not say how loud a seed is.
        let bands = largest.iter().enumerate();
        let shares = bands.map(|(band, largest)| largest * self.normalisation.band(band));
        (shares.fold(0.0, f32::max), peak(seed, samples))
    }

    /// Takes out of `values` that the network predicted what none can be: a
    /// magnitude is never negative.
    pub fn confine(&self, values: &mut [f32]) {
        self.element.confine(values);
    }

    /// The largest sample that the network can predict; without bounds where it
    /// does not predict the samples themselves.
    pub fn full_scale(&self) -> f32 {
        match self.element == Element::Sample && self.pre_emphasis == 0.0 {
            true => self.normalisation.largest_magnitude,
            false => f32::INFINITY,
        }
    }

    /// The rate of its sounds, in Hz.
    pub fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    /// What is known of the training audio.
    pub fn normalisation(&self) -> &Normalisation {
        &self.normalisation
    }

    /// The windows that one time step of training shows the network.
    pub fn training_windows(&self) -> &WindowFormat {
        &self.training
    }

    /// The windows that sampling shows the network: each input matrix follows the
    /// last by one prediction.
    ///
    /// Sampling keeps the last element of a prediction only, and rows interact in
    /// the transpose approach alone; in the others the last row's stream is the
    /// whole computation, so one row is all there is.
    pub fn sampling_windows(&self) -> &WindowFormat {
        &self.sampling
    }

    /// Samples of one input matrix and its label.
    pub fn samples_of_one_time_step(&self) -> usize {
        self.samples_of(self.training.time_step_span())
    }

    /// Samples of one row and its label, where the rows of a matrix are a sample of the whole
    /// of a recording.
    pub fn samples_of_a_spread_row(&self) -> Option<usize> {
        let elements = self.training.span_of_a_spread_row()?;
        Some(self.samples_of(elements))
    }

    /// Samples that one prediction may reach beyond the sound that is asked for.
    pub fn samples_of_one_prediction(&self) -> usize {
        self.samples_of(self.sampling.label_len) + self.element.hop()
    }

    /// Samples that adjacent `elements`, at least one, are made of.
    fn samples_of(&self, elements: usize) -> usize {
        (elements - 1) * self.element.hop() + self.element.samples()
    }

    /// Values that the network sees of `samples` samples.
    pub fn values_seen_of(&self, samples: usize) -> usize {
        self.element.count_in(samples) * self.element.width()
    }

    /// Values that sound for `samples` samples.
    pub fn values_to_sound(&self, samples: usize) -> usize {
        self.element.count_to_sound(samples) * self.element.width()
    }

    /// Values that a sequence grows by in `seconds` seconds.
    pub fn values_in(&self, seconds: f64) -> usize {
        let samples = (seconds * f64::from(self.sample_rate)).ceil() as usize;
        samples.div_ceil(self.element.hop()) * self.element.width()
    }

    /// How much slower frames are that sound `hop` samples apart.
    pub fn slower_at_hop(&self, hop: Option<usize>) -> f64 {
        hop.map_or(1.0, |hop| hop as f64 / self.element.hop() as f64)
    }

    /// Seconds that `values` values of a sequence last.
    pub fn seconds_of(&self, values: usize) -> f64 {
        let samples_per_value = self.element.hop() as f64 / self.element.width() as f64;
        values as f64 * samples_per_value / f64::from(self.sample_rate)
    }

    /// Values that lie in memory at most while [`Hearing::learn`] makes sequences
    /// of recordings, which have as many `samples` each.
    pub fn values_while_learning(&self, samples: &[usize]) -> usize {
        let mut now: usize = samples.iter().sum();
        if self.element == Element::Sample {
            return now;
        }
        let mut most = now;
        for samples in samples {
            let seen = self.values_seen_of(*samples);
            most = most.max(now + seen);
            now = now + seen - samples;
        }
        most
    }
}

/// See [`Hearing::training_windows`].
fn training_windows(hyperparameters: &Hyperparameters, width: usize) -> WindowFormat {
    WindowFormat {
        width,
        row_len: hyperparameters.format.seg_len / width,
        rows: hyperparameters.format.num_unrollings,
        int_cursor_inc: hyperparameters.format.int_cursor_inc,
        ext_cursor_inc: hyperparameters.format.ext_cursor_inc,
        label_offset: hyperparameters.format.label_offset,
        label_rows: hyperparameters.format.label_shape[0],
        label_len: hyperparameters.format.label_shape[1] / width,
    }
}

/// See [`Hearing::sampling_windows`].
fn sampling_windows(hyperparameters: &Hyperparameters, training: &WindowFormat) -> WindowFormat {
    let approach = hyperparameters.approach();
    WindowFormat {
        rows: match approach {
            Approach::Transpose => training.rows,
            _ => 1,
        },
        ext_cursor_inc: match approach {
            Approach::Vector => hyperparameters.samples_per_prediction(),
            _ => 1,
        },
        ..training.clone()
    }
}

/// The largest magnitude of `values`; 0 when there is none.
fn largest(values: &[f32]) -> f32 {
    values.iter().fold(0.0, |largest, v| largest.max(v.abs()))
}

/// Makes each of `largest` the largest magnitude of it and of those of `values` that stand
/// at its place, again and again.
fn enlarge(largest: &mut [f32], values: &[f32]) {
    for values in values.chunks_exact(largest.len()) {
        let both = largest.iter_mut().zip(values);
        both.for_each(|(largest, value)| *largest = largest.max(value.abs()));
    }
}

/// The largest of the first `samples` samples of `sound`.
fn peak(sound: &impl Sound, samples: usize) -> f32 {
    let mut peak = 0.0;
    sound.each_of(0..samples, &mut |piece| peak = largest(piece).max(peak));
    peak
}

/// What `samples` samples lack of the least `shortest + n · increment`.
fn silence_before(samples: usize, shortest: usize, increment: usize) -> usize {
    let beyond = samples.saturating_sub(shortest);
    shortest + beyond.next_multiple_of(increment) - samples
}

#[cfg(test)]
mod tests;
