//! How an answer begins and ends: as a phrase does, without a click.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::audio::{LongSound, Pieces, Sound};
use crate::reel::ReelError;

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

    /// How `answer`, as long as [`Ending::to_make`] says, ends where `asked` seconds were
    /// asked for.
    ///
    /// # Errors
    /// What the system answers where some of it is on the disk.
    pub fn of(self, answer: &LongSound, asked: f64) -> Result<Ended<'_>, ReelError> {
        let rate = f64::from(answer.sample_rate());
        let all = answer.samples();
        let samples = match self.kind {
            EndingKind::Raw | EndingKind::Exact => all,
            EndingKind::Phrase => self.end_of_phrase(answer, asked)?,
        };
        let lasts = match self.kind {
            EndingKind::Raw | EndingKind::Exact => asked,
            EndingKind::Phrase => samples as f64 / rate,
        };
        // Of a few samples nothing would be left.
        let fades = self.kind != EndingKind::Raw && samples >= LEAST_SAMPLES;
        let longest = if fades { samples / 2 } else { 0 };
        let len = |seconds: f64| ((seconds * rate).round() as usize).min(longest);
        Ok(Ended {
            answer,
            samples,
            lasts,
            fade_in: len(self.fade.min(FADE_IN)),
            fade_out: len(self.fade),
        })
    }

    /// The number of samples after which `answer` is quietest near `asked` seconds; of
    /// moments that are equally quiet, to a decibel, the nearest one.
    fn end_of_phrase(self, answer: &LongSound, asked: f64) -> Result<usize, ReelError> {
        let rate = f64::from(answer.sample_rate());
        let len = answer.samples();
        let fade = (self.fade.min(0.5 * asked) * rate) as usize;
        let moment = ((MOMENT * rate) as usize).max(1);
        let earliest = (((asked - reach(asked)) * rate).ceil().max(1.0) as usize).min(len);
        let energy = Energy::of(answer, earliest.saturating_sub(fade.max(moment) + 1))?;
        let all = energy.before(len);
        if all <= 0.0 {
            return Ok(len);
        }
        let sounding = energy.first_of_at_least(LEAST_ENERGY * all) + fade;
        let earliest = earliest.max(sounding).min(len);
        let latest = (((asked + reach(asked)) * rate) as usize).clamp(earliest, len);
        let nearest = ((asked * rate).round() as usize).clamp(earliest, latest);
        let level = |end: usize| {
            let start = end.saturating_sub(moment);
            let power = (energy.before(end) - energy.before(start)).max(0.0) / (end - start) as f64;
            let decibels = 10.0 * (power * len as f64 / all).log10();
            decibels.max(SILENT).round() as i64
        };
        let ends = earliest..=latest;
        let end = ends.min_by_key(|end| (level(*end), end.abs_diff(nearest)));
        Ok(end.unwrap_or(len))
    }
}

/// An answer up to its end, where it fades away.
pub struct Ended<'a> {
    answer: &'a LongSound,
    samples: usize,
    /// Seconds that it lasts.
    pub lasts: f64,
    /// Samples over which it fades in, unheard, and out.
    fade_in: usize,
    fade_out: usize,
}

impl Ended<'_> {
    /// Fades the `samples` from the `begin`th on.
    fn fade(&self, begin: usize, samples: &mut [f32]) {
        for (n, sample) in (begin..).zip(samples) {
            if n < self.fade_in {
                *sample *= raised_cosine(n as f64 / self.fade_in as f64) as f32;
            }
            let to_end = self.samples - 1 - n;
            if to_end < self.fade_out {
                // Squared: there is nothing to hear any more some milliseconds before the end.
                *sample *= raised_cosine(to_end as f64 / self.fade_out as f64).powi(2) as f32;
            }
        }
    }
}

impl Pieces for Ended<'_> {
    fn each(&self, take: &mut dyn FnMut(&[f32])) -> Result<(), ReelError> {
        let (mut begin, mut faded) = (0, Vec::new());
        self.answer.each(&mut |piece| {
            let samples = piece.len().min(self.samples - begin);
            faded.clear();
            faded.extend_from_slice(&piece[..samples]);
            self.fade(begin, &mut faded);
            take(&faded);
            begin += samples;
        })
    }
}

/// How far from `asked` seconds a phrase may end.
fn reach(asked: f64) -> f64 {
    REACH.min(REACH_SHARE * asked)
}

/// The energy of a sound before each of its last samples, and before its end.
struct Energy {
    /// The first of those samples.
    begin: usize,
    before: Vec<f64>,
}

impl Energy {
    /// That of `answer` before its samples from `begin` on.
    fn of(answer: &LongSound, begin: usize) -> Result<Energy, ReelError> {
        let (mut n, mut now, mut before) = (0, 0.0, Vec::new());
        answer.each(&mut |piece| {
            for sample in piece {
                if n >= begin {
                    before.push(now);
                }
                now += f64::from(*sample).powi(2);
                n += 1;
            }
        })?;
        before.push(now);
        Ok(Energy { begin, before })
    }

    fn before(&self, sample: usize) -> f64 {
        self.before[sample - self.begin]
    }

    /// The first of those samples before which there is at least so much.
    fn first_of_at_least(&self, energy: f64) -> usize {
        self.begin + self.before.partition_point(|before| *before < energy)
    }
}

/// From 0 at 0 to 1 at 1.
fn raised_cosine(at: f64) -> f64 {
    0.5 - 0.5 * (std::f64::consts::PI * at).cos()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::Signal;

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

    /// Ends `answer`; the seconds that it lasts.
    fn end(ending: Ending, answer: &mut Signal, asked: f64) -> f64 {
        let long = LongSound::from(answer.clone());
        let ended = ending.of(&long, asked).unwrap();
        answer.samples.clear();
        let samples = &mut answer.samples;
        ended
            .each(&mut |piece| samples.extend_from_slice(piece))
            .unwrap();
        ended.lasts
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
            let lasts = end(PHRASE, &mut answer, asked);
            assert!((lasts - rest).abs() < 0.012, "{lasts} instead of {rest}");
            assert_eq!(lasts, answer.seconds());
        }
    }

    #[test]
    fn where_all_is_equally_loud_it_has_the_length_asked_for() {
        for level in [0.5, 1e-3] {
            let mut answer = tone(PHRASE.to_make(3.0), |_| level);
            assert_eq!(end(PHRASE, &mut answer, 3.0), 3.0);
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
                let lasts = end(PHRASE, &mut answer, asked);
                let sample = 1.0 / f64::from(RATE);
                assert!(lasts >= 0.5 * asked - sample && lasts >= asked - 1.0 - sample);
                assert!(lasts <= make + 2.0 * sample && !answer.samples.is_empty());
                let sounds = answer.rms() > 0.01 * before || before == 0.0;
                assert!(sounds, "{asked} {decay}");
            }
        }
        let mut silence = tone(1.5, |_| 0.0);
        assert!(end(PHRASE, &mut silence, 1.0) > 0.0);
        let mut nothing = tone(0.0, |_| 0.0);
        end(PHRASE, &mut nothing, 1.0);
    }

    #[test]
    fn nothing_clicks() {
        for ending in [PHRASE, EXACT] {
            for asked in [0.1, 0.3, 2.0] {
                let mut answer = tone(ending.to_make(asked), |_| 0.5);
                end(ending, &mut answer, asked);
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
        assert_eq!(end(Ending::default(), &mut raw, 0.4), 0.4);
        assert_eq!(raw, before);
        let mut exact = before.clone();
        assert_eq!(EXACT.to_make(0.4), 0.4);
        assert_eq!(end(EXACT, &mut exact, 0.4), 0.4);
        assert_eq!(exact.samples.len(), before.samples.len());
        let mut plain = before.clone();
        let no_fade = Ending { fade: 0.0, ..EXACT };
        end(no_fade, &mut plain, 0.4);
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
