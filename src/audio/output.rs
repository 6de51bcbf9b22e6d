//! How a prediction's file is: its rate, its channels, its samples. The one place
//! that decides.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};

use super::resample::Resampling;
use super::spread::{Spread, Spreading, Twice};
use super::width::Widening;
use super::write::{SampleFormat, WavFormat, Written, check_length, write_wav_of};
use super::{AudioError, MAX_SAMPLE_RATE, MIN_SAMPLE_RATE, Pieces};
use crate::reel::ReelError;

/// The sample rate of a prediction's file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "RateText")]
pub enum OutputRate {
    /// The seed's, so that whatever played the seed plays the prediction at the
    /// right speed.
    #[default]
    Seed,
    /// The model's, at which it was made.
    Model,
    /// This many Hz.
    Hertz(u32),
}

/// What is asked of a prediction's file.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct OutputFormat {
    /// Its sample rate.
    pub rate: OutputRate,
    /// Its channels; `None` is one, and two where the model knows how to make them.
    pub channels: Option<OutputChannels>,
    /// How far two channels are apart, from 0, where they are the same, to 1. One channel
    /// has no width.
    pub width: f64,
    /// How its samples are stored.
    pub samples: SampleFormat,
}

/// The channels of a prediction's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub enum OutputChannels {
    /// Mono.
    One,
    /// Stereo.
    Two,
}

impl OutputChannels {
    /// How many they are.
    pub fn count(self) -> u16 {
        match self {
            OutputChannels::One => 1,
            OutputChannels::Two => 2,
        }
    }
}

/// What is no number of channels of a prediction.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("choose 1 or 2")]
pub struct UnknownChannels;

impl TryFrom<u16> for OutputChannels {
    type Error = UnknownChannels;

    fn try_from(count: u16) -> Result<Self, Self::Error> {
        [OutputChannels::One, OutputChannels::Two]
            .into_iter()
            .find(|channels| channels.count() == count)
            .ok_or(UnknownChannels)
    }
}

impl From<OutputChannels> for u16 {
    fn from(channels: OutputChannels) -> u16 {
        channels.count()
    }
}

/// What is no sample rate of a prediction.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is no rate; choose seed (the seed's), model (the model's) or a number of Hz from \
     {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE}"
)]
pub struct UnknownRate(String);

impl FromStr for OutputRate {
    type Err = UnknownRate;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "seed" => Ok(OutputRate::Seed),
            "model" => Ok(OutputRate::Model),
            _ => match text.parse() {
                Ok(rate @ MIN_SAMPLE_RATE..=MAX_SAMPLE_RATE) => Ok(OutputRate::Hertz(rate)),
                _ => Err(UnknownRate(text.to_owned())),
            },
        }
    }
}

impl fmt::Display for OutputRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OutputRate::Seed => f.pad("seed"),
            OutputRate::Model => f.pad("model"),
            OutputRate::Hertz(rate) => write!(f, "{rate}"),
        }
    }
}

/// In JSON a rate in Hz is a number.
#[derive(Deserialize)]
#[serde(untagged)]
enum RateText {
    Hertz(u32),
    Name(String),
}

impl TryFrom<RateText> for OutputRate {
    type Error = UnknownRate;

    fn try_from(rate: RateText) -> Result<Self, Self::Error> {
        match rate {
            RateText::Hertz(rate) => rate.to_string().parse(),
            RateText::Name(name) => name.parse(),
        }
    }
}

impl Serialize for OutputRate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            OutputRate::Hertz(rate) => serializer.serialize_u32(*rate),
            named => serializer.serialize_str(&named.to_string()),
        }
    }
}

impl OutputFormat {
    /// The rate in Hz of the file that answers a seed of `seed_rate` by a model of
    /// `model_rate`.
    pub fn sample_rate(&self, seed_rate: u32, model_rate: u32) -> u32 {
        match self.rate {
            OutputRate::Seed => seed_rate,
            OutputRate::Model => model_rate,
            OutputRate::Hertz(rate) => rate,
        }
    }

    /// How many channels a file has that a model fills which makes two where
    /// `makes_stereo`.
    pub fn channels(&self, makes_stereo: bool) -> OutputChannels {
        self.channels.unwrap_or(match makes_stereo {
            true => OutputChannels::Two,
            false => OutputChannels::One,
        })
    }

    /// Refuses, before it is made, a prediction of `seconds` at `sample_rate` that
    /// the file at `path` could not hold if it had `channels`.
    ///
    /// # Errors
    ///
    /// [`AudioError::TooLong`].
    pub fn check(
        &self,
        path: &Path,
        seconds: f64,
        sample_rate: u32,
        channels: OutputChannels,
    ) -> Result<(), AudioError> {
        let samples = samples_in(seconds, sample_rate) as u64;
        check_length(path, samples, self.wav(channels))
    }

    /// Writes the sound in `pieces`, which has `rate` Hz and lasts for `seconds`, to `path`
    /// at `sample_rate`, by the rules of [`write_wav_of`]. Two channels are made by what
    /// `stereo` begins at a rate, if there is such a thing and no width is asked for.
    ///
    /// # Errors
    ///
    /// Those of [`write_wav_of`].
    pub fn write(
        &self,
        path: &Path,
        pieces: &impl Pieces,
        (rate, seconds): (u32, f64),
        sample_rate: u32,
        stereo: Option<&dyn Fn(u32) -> Box<dyn Spread>>,
    ) -> Result<Written, AudioError> {
        if rate == sample_rate {
            return self.write_channels(path, pieces, sample_rate, stereo);
        }
        let resampled = Resampled {
            pieces,
            rates: (rate, sample_rate),
            // What the lower rate rounded is several samples at the higher one.
            samples: samples_in(seconds, sample_rate),
        };
        self.write_channels(path, &resampled, sample_rate, stereo)
    }

    fn write_channels(
        &self,
        path: &Path,
        pieces: &impl Pieces,
        sample_rate: u32,
        stereo: Option<&dyn Fn(u32) -> Box<dyn Spread>>,
    ) -> Result<Written, AudioError> {
        let channels = self.channels(stereo.is_some());
        let format = self.wav(channels);
        let widening = || -> Box<dyn Spread> { Box::new(Widening::new(self.width, sample_rate)) };
        let spread = |begin: &dyn Fn() -> Box<dyn Spread>| {
            write_wav_of(path, &Spreading { pieces, begin }, sample_rate, format)
        };
        match (channels, stereo) {
            (OutputChannels::One, _) => write_wav_of(path, pieces, sample_rate, format),
            (OutputChannels::Two, _) if self.width > 0.0 => spread(&widening),
            (OutputChannels::Two, Some(stereo)) => spread(&|| stereo(sample_rate)),
            (OutputChannels::Two, None) => write_wav_of(path, &Twice(pieces), sample_rate, format),
        }
    }

    fn wav(&self, channels: OutputChannels) -> WavFormat {
        WavFormat {
            channels: channels.count(),
            samples: self.samples,
        }
    }
}

/// A sound at another rate, as long as is said.
struct Resampled<'a, P> {
    pieces: &'a P,
    /// From which to which, in Hz.
    rates: (u32, u32),
    samples: usize,
}

impl<P: Pieces> Pieces for Resampled<'_, P> {
    fn each(&self, take: &mut dyn FnMut(&[f32])) -> Result<(), ReelError> {
        let mut resampling = Resampling::new(self.rates.0, self.rates.1);
        let mut left = self.samples;
        let mut take = |piece: &[f32]| {
            let taken = piece.len().min(left);
            take(&piece[..taken]);
            left -= taken;
            left
        };
        self.pieces.each(&mut |piece| {
            resampling.push(piece);
            take(&resampling.give());
        })?;
        let left = take(&resampling.finish());
        take(&vec![0.0; left]);
        Ok(())
    }
}

/// Samples that last for `seconds`.
fn samples_in(seconds: f64, sample_rate: u32) -> usize {
    ((seconds * f64::from(sample_rate)).round() as usize).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_the_seeds_the_models_or_a_number() {
        for (text, rate) in [
            ("seed", OutputRate::Seed),
            ("model", OutputRate::Model),
            ("48000", OutputRate::Hertz(48000)),
        ] {
            assert_eq!(text.parse(), Ok(rate));
            assert_eq!(rate.to_string(), text);
            let json = serde_json::to_string(&rate).unwrap();
            assert_eq!(serde_json::from_str::<OutputRate>(&json).unwrap(), rate);
        }
        for wrong in ["", "999", "1000000", "44.1k", "-1", "Seed"] {
            assert!(wrong.parse::<OutputRate>().is_err(), "{wrong}");
        }
        let rates = |rate| {
            let format = OutputFormat {
                rate,
                ..OutputFormat::default()
            };
            format.sample_rate(44100, 11025)
        };
        assert_eq!(rates(OutputRate::Seed), 44100);
        assert_eq!(rates(OutputRate::Model), 11025);
        assert_eq!(rates(OutputRate::Hertz(8000)), 8000);
    }

    #[test]
    fn what_a_file_cannot_hold_is_refused_before_it_is_made() {
        let path = Path::new("a.wav");
        let one = OutputFormat::default();
        assert!(
            one.check(path, 3600.0, 192_000, OutputChannels::One)
                .is_ok()
        );
        let two = OutputFormat {
            samples: SampleFormat::Float32,
            ..one
        };
        assert!(
            two.check(path, 3600.0, 192_000, OutputChannels::Two)
                .is_err()
        );
    }
}
