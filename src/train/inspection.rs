//! What is wrong with a recording to train on, said before the minutes of training.

use std::fmt;

use crate::audio::{Facts, Mixed};

/// Peaks below this, in decibels of full scale, are silence: half a step of 16-bit
/// samples.
const SILENCE: f64 = -90.0;
/// Where no recording reaches this, there is nothing to learn from but noise: a
/// 16-bit recording has ten steps left then, and its rounding is 20 dB below the
/// sound; a microphone's own noise is louder still.
const NOISE: f64 = -70.0;
/// Peaks below this are told.
const QUIET: f64 = -60.0;
/// Share of samples at full scale that is more than a few loud moments.
const CLIPPED: f64 = 0.01;
/// Share of samples that were cut off below full scale: a slow sine of 16 bits, whose
/// own steps look like a limit, has up to 1.6 % there as long as it is louder than
/// [`STEPS`], in decibels.
const CUT_OFF: f64 = 0.02;
const STEPS: f64 = -20.0;
/// Samples as small as this, -120 dB, are zeros that were resampled.
const ZERO: f32 = 1e-6;
/// A constant from this share of full scale on is a fault of the recording.
const DC_OFFSET: f64 = 0.01;
/// Seconds of zeros in a row that are told.
const LONG_SILENCE: f64 = 3.0;
/// Places that are named.
const PLACES: usize = 3;

/// A recording, as it is in its file and as the network hears it.
#[derive(Clone, Copy, Debug)]
pub struct Heard<'a> {
    /// Mono, at the model's rate.
    pub samples: &'a [f32],
    /// In Hz.
    pub sample_rate: u32,
    /// The largest sample in the file, where 1 is full scale.
    pub peak_in_file: f32,
    /// Share of the file's samples at full scale.
    pub at_full_scale: f64,
    /// Share of the file's samples that were cut off at its peak.
    pub at_its_peak: f64,
    /// How many samples are no numbers, and the second of the first.
    pub not_finite: Option<(usize, f64)>,
    /// The constant that was taken off, if it is worth telling.
    pub dc_offset: Option<f64>,
    /// The channel that is heard alone, since the others cancel it.
    pub loudest_alone: Option<u16>,
}

impl<'a> Heard<'a> {
    /// A recording that was like `facts` in its file, and is heard as these `samples`.
    pub fn of(samples: &'a [f32], sample_rate: u32, facts: &Facts) -> Heard<'a> {
        let in_file = (facts.frames * u64::from(facts.channels)).max(1) as f64;
        Heard {
            samples,
            sample_rate,
            peak_in_file: facts.peak,
            at_full_scale: facts.clipped as f64 / in_file,
            at_its_peak: facts.at_peak as f64 / in_file,
            not_finite: facts
                .first_non_finite
                .map(|first| (facts.non_finite, first)),
            dc_offset: facts.dc_offset.filter(|offset| offset.abs() >= DC_OFFSET),
            loudest_alone: match facts.mixed {
                Mixed::Loudest(channel) => Some(channel),
                Mixed::Mono | Mixed::Mean => None,
            },
        }
    }
}

/// What is odd about a recording.
#[derive(Clone, Debug, PartialEq)]
pub enum Remark {
    /// Nothing can be heard in it.
    Silent {
        /// Its peak, in decibels of full scale.
        peak: f64,
        /// The highest frequency in Hz that the model hears, where the file sounds above it.
        heard_up_to: Option<u32>,
    },
    /// It can be heard, and will be lost in noise.
    Quiet {
        /// Its peak, in decibels of full scale.
        peak: f64,
    },
    /// Samples at full scale, or at another limit.
    Clipped {
        /// Share of all samples.
        share: f64,
        /// Level of the limit, in decibels of full scale.
        limit: f64,
        /// The seconds with the most of it, the worst first.
        worst: Vec<usize>,
    },
    /// Samples that are no numbers.
    NotFinite {
        /// How many they are.
        count: usize,
        /// When the first of them is, in seconds.
        first: f64,
    },
    /// It stands beside zero.
    DirectCurrent {
        /// By how much, as a share of full scale.
        offset: f64,
    },
    /// Its channels cancel.
    OneSideInverted {
        /// The channel that is heard alone, from 1.
        channel: u16,
    },
    /// Zeros for seconds.
    DigitalSilence {
        /// From when to when, in seconds.
        stretches: Vec<(f64, f64)>,
    },
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Remark::Silent { peak, heard_up_to } => write_silent(f, *peak, *heard_up_to),
            Remark::Quiet { peak } => write!(
                f,
                "very quiet, with a peak of {}; record it louder, or normalise it where it has no \
                 noise",
                level(*peak)
            ),
            Remark::Clipped {
                share,
                limit,
                worst,
            } => write_clipped(f, *share, *limit, worst),
            Remark::NotFinite { count, first } => write!(
                f,
                "broken in {count} samples, which are no numbers, the first at {first:.3} s; cut \
                 them out, or export it again"
            ),
            Remark::DirectCurrent { offset } => write!(
                f,
                "beside zero, with a DC offset of {offset:.2} of full scale; put a high-pass filter \
                 where it is recorded"
            ),
            Remark::OneSideInverted { channel } => write!(
                f,
                "inverted on one side, so that channel {channel} alone is heard; export it in mono"
            ),
            Remark::DigitalSilence { stretches } => write_digital_silence(f, stretches),
        }
    }
}

fn write_silent(f: &mut fmt::Formatter<'_>, peak: f64, heard_up_to: Option<u32>) -> fmt::Result {
    match heard_up_to {
        None => write!(
            f,
            "silent: its peak is {}; leave it out, or record it again",
            level(peak)
        ),
        Some(hz) => write!(
            f,
            "silent for this model, which hears up to {hz} Hz: all that sounds in it is higher; \
             leave it out, or choose a higher sample_rate"
        ),
    }
}

fn write_clipped(
    f: &mut fmt::Formatter<'_>,
    share: f64,
    limit: f64,
    worst: &[usize],
) -> fmt::Result {
    let worst: Vec<String> = worst.iter().map(|second| format!("{second} s")).collect();
    write!(
        f,
        "clipped: {:.1} % of it stands at a limit of {}, most at {}; the model learns \
         the distortion too; record it with a lower gain",
        100.0 * share,
        level(limit),
        worst.join(", ")
    )
}

fn write_digital_silence(f: &mut fmt::Formatter<'_>, stretches: &[(f64, f64)]) -> fmt::Result {
    let named = stretches.iter().take(PLACES);
    let named: Vec<String> = named
        .map(|(from, to)| format!("from {from:.1} to {to:.1} s"))
        .collect();
    write!(f, "digitally silent {}", named.join(", "))?;
    if stretches.len() > PLACES {
        let all: f64 = stretches.iter().map(|(from, to)| to - from).sum();
        let more = stretches.len() - PLACES;
        write!(f, " and in {more} more places, {all:.1} s in all")?;
    }
    f.write_str("; the model learns to fall silent; cut it out unless that is wanted")
}

/// Decibels as a person reads them.
fn level(decibels: f64) -> String {
    match decibels.is_finite() {
        true => format!("{decibels:.0} dB"),
        false => "no level at all".to_owned(),
    }
}

impl Remark {
    /// Whether nothing can be learned from the recording.
    pub fn is_silence(&self) -> bool {
        matches!(self, Remark::Silent { .. })
    }

    /// Whether whoever reads the file says it already.
    pub fn is_told_by_reading(&self) -> bool {
        matches!(
            self,
            Remark::NotFinite { .. }
                | Remark::DirectCurrent { .. }
                | Remark::OneSideInverted { .. }
        )
    }
}

/// All that is odd about a recording.
pub fn inspect(heard: &Heard) -> Vec<Remark> {
    let peak = peak(heard.samples);
    if decibels(peak) < SILENCE {
        let sounds_above = decibels(heard.peak_in_file) > QUIET && heard.dc_offset.is_none();
        return vec![Remark::Silent {
            peak: decibels(peak),
            heard_up_to: sounds_above.then_some(heard.sample_rate / 2),
        }];
    }
    let mut remarks = Vec::new();
    if decibels(peak) < QUIET {
        let peak = decibels(peak);
        remarks.push(Remark::Quiet { peak });
    }
    remarks.extend(clipped(heard, peak));
    if let Some((count, first)) = heard.not_finite {
        remarks.push(Remark::NotFinite { count, first });
    }
    if let Some(offset) = heard.dc_offset {
        remarks.push(Remark::DirectCurrent { offset });
    }
    if let Some(channel) = heard.loudest_alone {
        remarks.push(Remark::OneSideInverted { channel });
    }
    let stretches = digital_silence(heard);
    if !stretches.is_empty() {
        remarks.push(Remark::DigitalSilence { stretches });
    }
    remarks
}

/// Whether recordings whose loudest sample is `peak` hold nothing but noise.
pub fn is_noise(peak: f32) -> bool {
    decibels(peak) < NOISE
}

/// A level in decibels of full scale.
pub fn decibels(level: f32) -> f64 {
    20.0 * f64::from(level).log10()
}

fn peak(samples: &[f32]) -> f32 {
    samples.iter().fold(0.0, |peak, s| s.abs().max(peak))
}

fn clipped(heard: &Heard, peak: f32) -> Option<Remark> {
    let limit = decibels(heard.peak_in_file);
    let (share, limit) = match heard.at_full_scale > CLIPPED {
        true => (heard.at_full_scale, 0.0),
        false if heard.at_its_peak > CUT_OFF && limit > STEPS => (heard.at_its_peak, limit),
        false => return None,
    };
    Some(Remark::Clipped {
        share,
        limit,
        worst: loudest_seconds(heard, 0.9 * peak),
    })
}

/// The seconds with the most samples above `threshold`, the worst first.
fn loudest_seconds(heard: &Heard, threshold: f32) -> Vec<usize> {
    let seconds = heard.samples.chunks(heard.sample_rate.max(1) as usize);
    let above = |second: &[f32]| second.iter().filter(|s| s.abs() >= threshold).count();
    let mut counts: Vec<(usize, usize)> = seconds.map(above).enumerate().collect();
    // Stable, so that the first of equals comes first.
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let worst = counts.iter().take(PLACES).filter(|(_, count)| *count > 0);
    worst.map(|(second, _)| *second).collect()
}

/// Stretches of zeros, from when to when.
fn digital_silence(heard: &Heard) -> Vec<(f64, f64)> {
    let rate = f64::from(heard.sample_rate);
    let is_zero = |sample: &f32| sample.abs() < ZERO;
    let mut begin = 0;
    let mut stretches = Vec::new();
    for run in heard.samples.chunk_by(|a, b| is_zero(a) == is_zero(b)) {
        let end = begin + run.len();
        if is_zero(&run[0]) && run.len() as f64 >= LONG_SILENCE * rate {
            stretches.push((begin as f64 / rate, end as f64 / rate));
        }
        begin = end;
    }
    stretches
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: u32 = 8000;

    fn heard(samples: &[f32]) -> Heard<'_> {
        Heard {
            samples,
            sample_rate: RATE,
            peak_in_file: peak(samples),
            at_full_scale: 0.0,
            at_its_peak: 0.0,
            not_finite: None,
            dc_offset: None,
            loudest_alone: None,
        }
    }

    /// Seconds of a tone that swells, as music does.
    fn tone(seconds: usize, gain: f32) -> Vec<f32> {
        let sample = |n: usize| {
            let t = n as f32 / RATE as f32;
            gain * (0.6 + 0.4 * (3.0 * t).sin()) * (440.0 * std::f32::consts::TAU * t).sin()
        };
        (0..seconds * RATE as usize).map(sample).collect()
    }

    #[test]
    fn there_is_nothing_to_say_about_a_good_recording() {
        for gain in [0.02, 0.5, 1.0] {
            assert_eq!(inspect(&heard(&tone(5, gain))), []);
        }
        // A steady sine too, whose peaks are alike.
        let sine: Vec<f32> = (0..80_000).map(|n| (n as f32 * 0.05).sin()).collect();
        assert_eq!(inspect(&heard(&sine)), []);
    }

    #[test]
    fn silence_and_quiet_are_told_apart() {
        for samples in [vec![0.0; 8000], tone(1, 1e-5)] {
            let remarks = inspect(&heard(&samples));
            assert!(remarks.len() == 1 && remarks[0].is_silence(), "{remarks:?}");
        }
        let remarks = inspect(&heard(&tone(1, 1e-4)));
        assert!(matches!(remarks[..], [Remark::Quiet { .. }]), "{remarks:?}");
        assert!(remarks[0].to_string().contains("-80 dB"), "{remarks:?}");
        assert!(is_noise(1e-4) && !is_noise(1e-3));

        let above = Heard {
            peak_in_file: 0.5,
            ..heard(&[0.0; 100])
        };
        assert!(inspect(&above)[0].to_string().contains("up to 4000 Hz"));
    }

    #[test]
    fn clipping_is_told_with_its_share_and_its_worst_second() {
        let mut samples = tone(5, 0.5);
        for sample in &mut samples[3 * RATE as usize..4 * RATE as usize] {
            *sample = (8.0 * *sample).clamp(-0.8, 0.8);
        }
        let cut_off = Heard {
            at_its_peak: 0.125,
            ..heard(&samples)
        };
        let said = inspect(&cut_off)[0].to_string();
        assert!(
            said.contains("12.5 % of it stands at a limit of -2 dB, most at 3 s"),
            "{said}"
        );

        let in_file = Heard {
            at_full_scale: 0.02,
            ..heard(&samples)
        };
        let said = inspect(&in_file)[0].to_string();
        assert!(
            said.contains("2.0 % of it stands at a limit of 0 dB, most at 3 s"),
            "{said}"
        );
    }

    #[test]
    fn long_digital_silence_is_told_with_its_times() {
        let silent = vec![0.0; 4 * RATE as usize];
        let pause = vec![0.0; 2 * RATE as usize];
        let samples = [
            tone(1, 0.5),
            silent.clone(),
            tone(1, 0.5),
            pause,
            tone(1, 0.5),
            silent,
        ]
        .concat();
        let remarks = inspect(&heard(&samples));
        let said = remarks[0].to_string();
        assert!(
            said.contains("from 1.0 to 5.0 s, from 9.0 to 13.0 s"),
            "{said}"
        );
    }

    #[test]
    fn what_the_file_says_is_passed_on() {
        let samples = tone(1, 0.5);
        let odd = Heard {
            not_finite: Some((7, 0.25)),
            dc_offset: Some(0.5),
            loudest_alone: Some(2),
            ..heard(&samples)
        };
        let remarks = inspect(&odd);
        assert_eq!(remarks.len(), 3);
        assert!(remarks.iter().all(Remark::is_told_by_reading));
        assert!(
            remarks[0]
                .to_string()
                .contains("7 samples, which are no numbers, the first at 0.250 s")
        );
    }
}
