//! A sound on its way from the decoder: mixed to mono and brought to the wanted rate
//! block by block, so that its channels are never held.

use super::decode::Decoding;
use super::mix::{Mixed, Mixer};
use super::recorded_sound::{Facts, RecordedSound};
use super::resample::{Constant, Resampling};
use super::unreadable::Unreadable;

/// What is made of a sound.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wanted {
    /// In Hz, and without a DC offset; `None` leaves the samples as they are.
    pub rate: Option<u32>,
    /// How many seconds it may last.
    pub at_most: Option<f64>,
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
    pub samples: Vec<f32>,
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
            if sink.len() > limit || !sink.push(&mono) {
                return Err(Unreadable::TooLong);
            }
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
            samples: sink.finish(),
        })
    }

    /// The sound, and what it was like in its file, whose channels were `mixed`.
    pub fn into_recorded(
        mut self,
        mixed: Mixed,
        wanted: &Wanted,
    ) -> Result<RecordedSound, Unreadable> {
        let mixer = &self.mixer;
        let dc_offset = wanted.rate.and_then(|rate| {
            let (mean, deviation) = mixer.mean_and_deviation();
            let heard = (self.sample_rate, rate, mixer.frames());
            remove_dc(&mut self.samples, heard, mean, deviation)
        });
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
        Ok(RecordedSound {
            samples: self.samples,
            facts,
        })
    }
}

/// A mean of less than this share of the sound, -60 dB, is chance.
const CHANCE: f64 = 1e-3;
/// What moves around its mean by less than this share of it is a constant with
/// rounding noise.
const CONSTANT: f64 = 1e-6;

/// Takes the mean of the sound from `samples`, which were `heard` (their rate,
/// the rate they were brought to, and how many they were) with that mean and
/// that rms around it; what was taken.
fn remove_dc(
    samples: &mut [f32],
    (from, to, taken): (u32, u32, u64),
    mean: f64,
    deviation: f64,
) -> Option<f64> {
    if mean.abs() <= CHANCE * deviation {
        return None;
    }
    let offset = mean as f32;
    if deviation < CONSTANT * mean.abs() {
        samples.fill(0.0);
    } else if from == to {
        samples.iter_mut().for_each(|sample| *sample -= offset);
    } else {
        // As if it had been taken before the rate was changed, which without it
        // begins and ends with a click.
        let constant = Constant::new(taken, from, to);
        for (index, sample) in samples.iter_mut().enumerate() {
            *sample -= offset * constant.at(index);
        }
    }
    Some(mean)
}

/// Where mixed samples go.
enum Sink {
    AsTheyAre(Vec<f32>),
    Resampled(Box<Resampling>),
}

impl Sink {
    fn new(sample_rate: u32, wanted: &Wanted) -> Self {
        match wanted.rate {
            Some(rate) if rate != sample_rate => {
                Self::Resampled(Box::new(Resampling::new(sample_rate, rate)))
            }
            _ => Self::AsTheyAre(Vec::new()),
        }
    }

    /// Makes room for what `len` samples of the file become; whether memory has it.
    fn reserve(&mut self, len: u64) -> bool {
        match self {
            Self::AsTheyAre(samples) => {
                usize::try_from(len).is_ok_and(|len| samples.try_reserve_exact(len).is_ok())
            }
            Self::Resampled(resampling) => resampling.reserve(len),
        }
    }

    /// Goes on with `mono`; whether there was memory for it.
    fn push(&mut self, mono: &[f32]) -> bool {
        match self {
            Self::AsTheyAre(samples) => {
                let room = samples.try_reserve(mono.len()).is_ok();
                if room {
                    samples.extend_from_slice(mono);
                }
                room
            }
            Self::Resampled(resampling) => {
                resampling.push(mono);
                true
            }
        }
    }

    /// How many samples there are by now.
    fn len(&self) -> u64 {
        match self {
            Self::AsTheyAre(samples) => samples.len() as u64,
            Self::Resampled(resampling) => resampling.len() as u64,
        }
    }

    fn finish(self) -> Vec<f32> {
        match self {
            Self::AsTheyAre(samples) => samples,
            Self::Resampled(resampling) => resampling.finish(),
        }
    }
}
