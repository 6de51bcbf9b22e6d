//! A sound on its way from the decoder: mixed to mono and brought to the wanted rate
//! block by block, so that its channels are never held.

use std::path::Path;

use super::decode::Decoding;
use super::mix::{Mixed, Mixer};
use super::recorded_sound::Facts;
use super::resample::{Constant, Resampling};
use super::unreadable::Unreadable;
use crate::reel::Reel;

/// What is made of a sound.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wanted<'a> {
    /// In Hz, and without a DC offset; `None` leaves the samples as they are.
    pub rate: Option<u32>,
    /// How many seconds it may last.
    pub at_most: Option<f64>,
    /// Where what does not fit into memory is; `None` has all in memory.
    pub folder: Option<&'a Path>,
}

/// Samples that a file may hold whatever its length, and for each of its bytes:
/// more than the densest coding of music makes of them. A small file that says
/// it holds days would fill the memory otherwise.
const SAMPLES_OF_ANY_FILE: u64 = 1 << 26;
const SAMPLES_OF_A_BYTE: u64 = 16;

/// A sound, decoded and mixed.
pub(super) struct Decoded {
    format: &'static str,
    /// How many the file has.
    pub channels: u16,
    sample_rate: u32,
    length_agrees: bool,
    /// What was heard of the channels.
    pub mixer: Mixer,
    /// At the wanted rate.
    pub samples: Samples,
}

impl Decoded {
    /// Decodes all of `decoding`, which is of a file of `len` bytes; of one channel
    /// alone where that is given by `only`.
    pub fn of(
        format: &'static str,
        mut decoding: Box<dyn Decoding + '_>,
        len: u64,
        only: Option<usize>,
        wanted: &Wanted,
    ) -> Result<Self, Unreadable> {
        let (channels, sample_rate) = (decoding.channels(), decoding.sample_rate());
        let limit = SAMPLES_OF_ANY_FILE.saturating_add(len.saturating_mul(SAMPLES_OF_A_BYTE));
        let mut mixer = Mixer::new(channels, only);
        let mut sink = Sink::new(sample_rate, wanted);
        let allowed = wanted.at_most.map_or(u64::MAX, |seconds| {
            (seconds * f64::from(sample_rate)).ceil() as u64
        });
        let expected = decoding.frames().unwrap_or(0).min(limit).min(allowed);
        if !sink.reserve(expected) {
            return Err(Unreadable::TooLong);
        }
        let (mut interleaved, mut mono) = (Vec::new(), Vec::new());
        while decoding.next(&mut interleaved)? {
            mixer.mix(&interleaved, &mut mono);
            if let Some(seconds) = wanted.at_most.filter(|_| mixer.frames() > allowed) {
                return Err(Unreadable::LongerThan(seconds));
            }
            if sink.len() > limit {
                return Err(Unreadable::TooLong);
            }
            sink.push(&mono)?;
        }
        if mixer.frames() == 0 {
            return Err(Unreadable::NoSamples);
        }
        if mixer.heard_nothing_finite() {
            return Err(Unreadable::NotFinite(mixer.non_finite));
        }
        Ok(Self {
            format,
            channels,
            sample_rate,
            length_agrees: decoding.length_agrees(),
            mixer,
            samples: sink.finish()?,
        })
    }

    /// The sound, and what it was like in its file, whose channels were `mixed`.
    pub fn into_recorded(
        mut self,
        mixed: Mixed,
        wanted: &Wanted,
    ) -> Result<(Samples, Facts), Unreadable> {
        let mixer = &self.mixer;
        let mut dc_offset = None;
        if let Some(rate) = wanted.rate {
            let (mean, deviation) = mixer.mean_and_deviation();
            let heard = (self.sample_rate, rate, mixer.frames());
            if let Some(dc) = Dc::of(heard, mean, deviation) {
                self.samples = self.samples.without(&dc)?;
                dc_offset = Some(mean);
            }
        }
        let seconds = |frame: u64| frame as f64 / f64::from(self.sample_rate);
        let facts = Facts {
            format: self.format,
            sample_rate: self.sample_rate,
            channels: self.channels,
            mixed,
            frames: mixer.frames(),
            length_agrees: self.length_agrees,
            non_finite: mixer.non_finite,
            first_non_finite: mixer.first_non_finite.map(seconds),
            clipped: mixer.clipped,
            at_peak: mixer.limit.count(),
            peak: mixer.peak,
            dc_offset,
        };
        Ok((self.samples, facts))
    }
}

/// A mean of less than this share of the sound, -60 dB, is chance.
const CHANCE: f64 = 1e-3;
/// What moves around its mean by less than this share of it is a constant with
/// rounding noise.
const CONSTANT: f64 = 1e-6;

/// A constant that a sound stands beside.
enum Dc {
    /// The sound is nothing else.
    All,
    /// Of samples as they were decoded.
    Offset(f32),
    /// Of samples that were brought to another rate, which begins and ends with a click: it
    /// goes as if it had been taken before.
    Resampled(f32, Constant),
}

impl Dc {
    /// That of a sound that was `heard` (its rate, the rate it was brought to, and how many
    /// samples it had) with this `mean`, and this rms around it; none that matters.
    fn of((from, to, taken): (u32, u32, u64), mean: f64, deviation: f64) -> Option<Dc> {
        if mean.abs() <= CHANCE * deviation {
            return None;
        }
        let offset = mean as f32;
        Some(if deviation < CONSTANT * mean.abs() {
            Dc::All
        } else if from == to {
            Dc::Offset(offset)
        } else {
            Dc::Resampled(offset, Constant::new(taken, from, to))
        })
    }

    /// Takes it off the `samples` from the `begin`th on.
    fn take_off(&self, begin: usize, samples: &mut [f32]) {
        match self {
            Dc::All => samples.fill(0.0),
            Dc::Offset(offset) => samples.iter_mut().for_each(|sample| *sample -= offset),
            Dc::Resampled(offset, constant) => {
                for (index, sample) in (begin..).zip(samples) {
                    *sample -= offset * constant.at(index);
                }
            }
        }
    }
}

/// Samples that were decoded.
pub(super) enum Samples {
    InMemory(Vec<f32>),
    Long(Reel),
}

impl Samples {
    /// None yet, of those that are `wanted`.
    fn new(wanted: &Wanted) -> Samples {
        match wanted.folder {
            Some(folder) => Samples::Long(Reel::new(folder)),
            None => Samples::InMemory(Vec::new()),
        }
    }

    fn len(&self) -> usize {
        match self {
            Samples::InMemory(samples) => samples.len(),
            Samples::Long(samples) => samples.len(),
        }
    }

    /// Makes room for `len` samples; whether memory has it.
    fn reserve(&mut self, len: usize) -> bool {
        match self {
            Samples::InMemory(samples) => samples.try_reserve_exact(len).is_ok(),
            Samples::Long(_) => true,
        }
    }

    fn push(&mut self, more: &[f32]) -> Result<(), Unreadable> {
        match self {
            Samples::InMemory(samples) => {
                let room = samples.try_reserve(more.len());
                room.map_err(|_| Unreadable::TooLong)?;
                samples.extend_from_slice(more);
            }
            Samples::Long(samples) => samples.push(more)?,
        }
        Ok(())
    }

    /// The same without `dc`.
    fn without(self, dc: &Dc) -> Result<Samples, Unreadable> {
        match self {
            Samples::InMemory(mut samples) => {
                dc.take_off(0, &mut samples);
                Ok(Samples::InMemory(samples))
            }
            Samples::Long(samples) => {
                let (mut without, mut piece) = (samples.beside(), Vec::new());
                let mut pushed = Ok(());
                samples.each(|samples| {
                    piece.clear();
                    piece.extend_from_slice(samples);
                    dc.take_off(without.len(), &mut piece);
                    if pushed.is_ok() {
                        pushed = without.push(&piece);
                    }
                })?;
                pushed?;
                Ok(Samples::Long(without))
            }
        }
    }

    /// All of them, in memory.
    ///
    /// # Panics
    /// If they were not wanted there.
    pub fn into_vec(self) -> Vec<f32> {
        match self {
            Samples::InMemory(samples) => samples,
            Samples::Long(_) => panic!("samples that are wanted in memory are there"),
        }
    }

    /// All of them, wherever they are.
    pub fn into_reel(self) -> Reel {
        match self {
            Samples::InMemory(samples) => Reel::in_memory(samples),
            Samples::Long(samples) => samples,
        }
    }
}

/// Where mixed samples go.
struct Sink {
    /// What brings them to the wanted rate, if they have another.
    resampling: Option<Box<Resampling>>,
    samples: Samples,
}

impl Sink {
    fn new(sample_rate: u32, wanted: &Wanted) -> Self {
        let other = wanted.rate.filter(|rate| *rate != sample_rate);
        Self {
            resampling: other.map(|rate| Box::new(Resampling::new(sample_rate, rate))),
            samples: Samples::new(wanted),
        }
    }

    /// Makes room for what `len` samples of the file become; whether memory has it.
    fn reserve(&mut self, len: u64) -> bool {
        let needed = match &self.resampling {
            Some(resampling) => resampling.needed(len),
            None => usize::try_from(len).unwrap_or(usize::MAX),
        };
        self.samples.reserve(needed)
    }

    /// Goes on with `mono`.
    fn push(&mut self, mono: &[f32]) -> Result<(), Unreadable> {
        match &mut self.resampling {
            Some(resampling) => {
                resampling.push(mono);
                self.samples.push(&resampling.give())
            }
            None => self.samples.push(mono),
        }
    }

    /// How many samples there are by now.
    fn len(&self) -> u64 {
        self.samples.len() as u64
    }

    fn finish(mut self) -> Result<Samples, Unreadable> {
        if let Some(resampling) = self.resampling {
            self.samples.push(&resampling.finish())?;
        }
        Ok(self.samples)
    }
}
