//! How an answer begins and ends: as a phrase does, without a click.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::audio::Signal;

/// How far from the length asked for a phrase may end, in seconds, and as a share of it.
const REACH: f64 = 1.0;
const REACH_SHARE: f64 = 0.5;
/// What is heard as one moment, in seconds.
const MOMENT: f64 = 0.05;
/// The longest fade at the beginning, in seconds, which is not heard as one.
const FADE_IN: f64 = 0.005;
/// A moment so far below the whole answer is silent, in decibels.
const SILENT: f64 = -80.0;
/// The share of what was made, by its energy, that an answer has at least before it fades:
/// none is silent because its sound comes later.
const LEAST_ENERGY: f64 = 0.1;
/// How long an answer fades away when nobody chooses, in seconds.
const FADE: f64 = 0.05;
/// Shorter answers do not fade.
const LEAST_SAMPLES: usize = 8;

/// How an answer ends. In sidecars of before there is no word of it.
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Ending {
    /// Where.
    #[serde(rename = "ending", default)]
    pub kind: EndingKind,
    /// Seconds over which it fades away.
    #[serde(default)]
    pub fade: f64,
}

/// Where an answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndingKind {
    /// At the length asked for, as the model made it: nothing fades.
    #[default]
    Raw,
    /// At the length asked for.
    Exact,
    /// In the quietest moment near it.
    Phrase,
}

/// What is no ending.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("choose phrase, exact or raw")]
pub struct UnknownEnding;

impl FromStr for EndingKind {
    type Err = UnknownEnding;

    fn from_str(name: &str) -> Result<EndingKind, UnknownEnding> {
        [EndingKind::Raw, EndingKind::Exact, EndingKind::Phrase]
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or(UnknownEnding)
    }
}

impl fmt::Display for EndingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl EndingKind {
    fn name(self) -> &'static str {
        match self {
            EndingKind::Raw => "raw",
            EndingKind::Exact => "exact",
            EndingKind::Phrase => "phrase",
        }
    }
}

impl Ending {
    /// One of `kind` that fades for `fade` seconds, or for as long as is usual.
    pub fn new(kind: EndingKind, fade: Option<f64>) -> Ending {
        let fade = match kind {
            EndingKind::Raw => 0.0,
            EndingKind::Exact | EndingKind::Phrase => fade.unwrap_or(FADE),
        };
        Ending { kind, fade }
    }

    /// Seconds to make of an answer of which `asked` are asked for.
    pub fn to_make(self, asked: f64) -> f64 {
        match self.kind {
            EndingKind::Phrase => asked + reach(asked),
            EndingKind::Raw | EndingKind::Exact => asked,
        }
    }

    /// Ends `answer`, as long as [`Ending::to_make`] says; the seconds that it lasts
    /// now, where `asked` were asked for.
    pub fn end(self, answer: &mut Signal, asked: f64) -> f64 {
        let lasts = match self.kind {
            EndingKind::Raw => return asked,
            EndingKind::Exact => asked,
            EndingKind::Phrase => {
                answer.samples.truncate(self.end_of_phrase(answer, asked));
                answer.seconds()
            }
        };
        fade(answer, self.fade);
        lasts
    }

    /// The number of samples after which `answer` is quietest near `asked` seconds; of
    /// moments that are equally quiet, to a decibel, the nearest one.
    fn end_of_phrase(self, answer: &Signal, asked: f64) -> usize {
        let rate = f64::from(answer.sample_rate);
        let energy = energy_before(&answer.samples);
        let len = answer.samples.len();
        let Some(all) = energy.last().copied().filter(|all| *all > 0.0) else {
            return len;
        };
        let sounding = energy.partition_point(|before| *before < LEAST_ENERGY * all);
        let sounding = sounding + (self.fade.min(0.5 * asked) * rate) as usize;
        let earliest = ((asked - reach(asked)) * rate).ceil().max(1.0) as usize;
        let earliest = earliest.max(sounding).min(len);
        let latest = (((asked + reach(asked)) * rate) as usize).clamp(earliest, len);
        let nearest = ((asked * rate).round() as usize).clamp(earliest, latest);

        let moment = ((MOMENT * rate) as usize).max(1);
        let level = |end: usize| {
            let start = end.saturating_sub(moment);
            let power = (energy[end] - energy[start]).max(0.0) / (end - start) as f64;
            let decibels = 10.0 * (power * len as f64 / all).log10();
            decibels.max(SILENT).round() as i64
        };
        let ends = earliest..=latest;
        ends.min_by_key(|end| (level(*end), end.abs_diff(nearest)))
            .unwrap_or(len)
    }
}

/// How far from `asked` seconds a phrase may end.
fn reach(asked: f64) -> f64 {
    REACH.min(REACH_SHARE * asked)
}

/// The energy of `samples` before each of them and in the end.
fn energy_before(samples: &[f32]) -> Vec<f64> {
    let mut energy = vec![0.0];
    energy.extend(samples.iter().scan(0.0, |before, sample| {
        *before += f64::from(*sample).powi(2);
        Some(*before)
    }));
    energy
}

/// Fades `answer` in, unheard, and out over `seconds`; at most half of it each, and not a
/// few samples of which nothing would be left.
fn fade(answer: &mut Signal, seconds: f64) {
    let samples = &mut answer.samples;
    if samples.len() < LEAST_SAMPLES {
        return;
    }
    let rate = f64::from(answer.sample_rate);
    let len = |seconds: f64| ((seconds * rate).round() as usize).min(samples.len() / 2);
    let (fade_in, fade_out) = (len(seconds.min(FADE_IN)), len(seconds));
    for (n, sample) in samples[..fade_in].iter_mut().enumerate() {
        *sample *= raised_cosine(n as f64 / fade_in as f64) as f32;
    }
    for (n, sample) in samples.iter_mut().rev().take(fade_out).enumerate() {
        // Squared: there is nothing to hear any more some milliseconds before the end.
        *sample *= raised_cosine(n as f64 / fade_out as f64).powi(2) as f32;
    }
}

/// From 0 at 0 to 1 at 1.
fn raised_cosine(at: f64) -> f64 {
    0.5 - 0.5 * (std::f64::consts::PI * at).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: u32 = 8000;
    const PHRASE: Ending = Ending {
        kind: EndingKind::Phrase,
        fade: 0.05,
    };
    const EXACT: Ending = Ending {
        kind: EndingKind::Exact,
        fade: 0.05,
    };

    /// A tone as long as is to be made, as loud at each time as `level` says.
    fn tone(seconds: f64, level: impl Fn(f64) -> f64) -> Signal {
        let sample = |n: usize| {
            let t = n as f64 / f64::from(RATE);
            (level(t) * (std::f64::consts::TAU * 440.0 * t + 1.0).sin()) as f32
        };
        Signal {
            samples: (0..(seconds * f64::from(RATE)).round() as usize)
                .map(sample)
                .collect(),
            sample_rate: RATE,
        }
    }

    fn decibels(samples: &[f32], of: f32) -> f32 {
        let peak = samples
            .iter()
            .fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
        20.0 * (peak / of).max(1e-9).log10()
    }

    #[test]
    fn a_phrase_ends_in_the_quietest_moment_within_reach() {
        for (rest, asked) in [(9.3, 10.0), (10.6, 10.0), (1.4, 2.0), (0.7, 1.0)] {
            // Notes of half a second beside a rest, which ends at `rest`.
            let level = |t: f64| match (rest - 0.06..rest).contains(&t) {
                true => 0.01,
                false => 0.5 * (-2.0 * (t % 0.5)).exp(),
            };
            let mut answer = tone(PHRASE.to_make(asked), level);
            let lasts = PHRASE.end(&mut answer, asked);
            assert!((lasts - rest).abs() < 0.012, "{lasts} instead of {rest}");
            assert_eq!(lasts, answer.seconds());
        }
    }

    #[test]
    fn where_all_is_equally_loud_it_has_the_length_asked_for() {
        for level in [0.5, 1e-3] {
            let mut answer = tone(PHRASE.to_make(3.0), |_| level);
            assert_eq!(PHRASE.end(&mut answer, 3.0), 3.0);
        }
    }

    #[test]
    fn it_is_never_far_from_what_was_asked_and_never_silent() {
        for asked in [
            0.0001, 0.0002, 0.0004, 0.001, 0.02, 0.3, 1.0, 1.9, 2.5, 10.0,
        ] {
            for decay in [-8.0, -1.0, 0.0, 1.0, 8.0] {
                let make = PHRASE.to_make(asked);
                assert!(make <= asked + 1.0 && make <= 1.5 * asked);
                // It grows or dies away, and half of it may be silent.
                let level = |t: f64| match t < 0.5 * make {
                    true if decay > 0.0 => 0.0,
                    _ => 0.5 * (decay * (t - make).max(-20.0)).exp().min(1.0),
                };
                let mut answer = tone(make, level);
                let before = answer.rms();
                let lasts = PHRASE.end(&mut answer, asked);
                let sample = 1.0 / f64::from(RATE);
                assert!(lasts >= 0.5 * asked - sample && lasts >= asked - 1.0 - sample);
                assert!(lasts <= make + 2.0 * sample && !answer.samples.is_empty());
                let sounds = answer.rms() > 0.01 * before || before == 0.0;
                assert!(sounds, "{asked} {decay}");
            }
        }
        let mut silence = tone(1.5, |_| 0.0);
        assert!(PHRASE.end(&mut silence, 1.0) > 0.0);
        let mut nothing = tone(0.0, |_| 0.0);
        PHRASE.end(&mut nothing, 1.0);
    }

    #[test]
    fn nothing_clicks() {
        for ending in [PHRASE, EXACT] {
            for asked in [0.1, 0.3, 2.0] {
                let mut answer = tone(ending.to_make(asked), |_| 0.5);
                ending.end(&mut answer, asked);
                let samples = &answer.samples;
                let last = &samples[samples.len() - RATE as usize / 200..];
                assert!(decibels(last, 0.5) <= -40.0, "{}", decibels(last, 0.5));
                assert_eq!([samples[0], samples[samples.len() - 1]], [0.0, 0.0]);
                // A tone of 440 Hz at this level has steps of 0.17 itself.
                let step = samples.windows(2).map(|pair| (pair[1] - pair[0]).abs());
                assert!(step.fold(0.0, f32::max) < 0.18);
                // 5 ms after the beginning all is as it was.
                let whole = tone(asked, |_| 0.5);
                assert_eq!(samples[41..100], whole.samples[41..100]);
            }
        }
    }

    #[test]
    fn a_raw_answer_stays_as_it_is_and_an_exact_one_keeps_its_length() {
        let before = tone(0.4, |_| 0.5);
        let mut raw = before.clone();
        assert_eq!(Ending::default().to_make(0.4), 0.4);
        assert_eq!(Ending::default().end(&mut raw, 0.4), 0.4);
        assert_eq!(raw, before);
        let mut exact = before.clone();
        assert_eq!(EXACT.to_make(0.4), 0.4);
        assert_eq!(EXACT.end(&mut exact, 0.4), 0.4);
        assert_eq!(exact.samples.len(), before.samples.len());
        let mut plain = before.clone();
        let no_fade = Ending { fade: 0.0, ..EXACT };
        no_fade.end(&mut plain, 0.4);
        assert_eq!(plain, before);
    }

    #[test]
    fn endings_have_names() {
        for kind in [EndingKind::Raw, EndingKind::Exact, EndingKind::Phrase] {
            assert_eq!(kind.to_string().parse(), Ok(kind));
            let json = serde_json::to_string(&kind).unwrap();
            assert_eq!(json, format!("\"{kind}\""));
        }
        assert!("sudden".parse::<EndingKind>().is_err());
        assert_eq!(
            serde_json::from_str::<Ending>("{}").unwrap(),
            Ending::default()
        );
    }
}
