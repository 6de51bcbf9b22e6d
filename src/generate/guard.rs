//! What is wrong with a prediction before anybody hears it.

use serde::{Deserialize, Serialize};

use crate::audio::{Pieces, Sound};
use crate::hearing::{Dynamics, DynamicsMeter, Levelled, block_len};
use crate::reel::ReelError;

/// Why a prediction is not to be delivered as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// The network predicted something that is not a number.
    NotANumber,
    /// Most of it is silent beside its seed.
    Silence,
    /// It grew beyond all bounds.
    Runaway,
    /// Most of its power lies at 0 Hz.
    DirectCurrent,
    /// It sits at full scale: the network is saturated.
    Clipping,
    /// For some seconds next to nothing in it changes, less than ever in the
    /// training audio, though its seed does: it is stuck in a tone or a buzz.
    Drone,
    /// For half a second and more it is louder in all its bands at once than the
    /// training audio ever stays, or for a second noisier: the network feeds itself noise.
    Burst,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Fault::NotANumber => "not a number",
            Fault::Silence => "silence",
            Fault::Runaway => "runaway",
            Fault::DirectCurrent => "direct current",
            Fault::Clipping => "clipping",
            Fault::Drone => "drone",
            Fault::Burst => "burst",
        })
    }
}

impl Fault {
    /// Whether nobody should hear it; a drone or a burst may be what there is to
    /// hear.
    pub fn is_broken(self) -> bool {
        !matches!(self, Fault::Drone | Fault::Burst)
    }
}

/// Seconds of a prediction that are heard at once while it is made, and the
/// least that can be said not to change.
pub const STRETCH_SECONDS: f64 = 2.5;

/// A seed of fewer spectra is too short to say whether it changes.
const LEAST_SPECTRA: usize = 8;
/// A block of so little of the seed's level is silent: -60 dB.
const SILENT: f64 = 1e-3;
/// So many times the seed's level, and above full scale, is beyond all bounds.
const RUNAWAY: f64 = 10.0;
/// Share of samples at full scale that no music has.
const CLIPPED: f64 = 0.05;
/// A stretch whose bands stay this close to their medians, in decibels, does
/// not change. Music measured 1.1 and more, its least lively stretch; a stuck
/// network 0.5 and less.
const STILL: f64 = 0.6;
/// So much of what the training audio changes where it changes least is still as
/// well, but no more than this, in decibels: answers change a little less.
const SHARE_OF_LEAST_CHANGE: f64 = 0.7;
const STILL_AT_MOST: f64 = 1.5;
/// So much more than the training audio stays at is a burst, in decibels. Answers
/// without one measured up to 4 more, those with one 6 to 20.
const BURST: f64 = 6.0;
/// So much noisier than the training audio stays is a burst as well, in decibels of spectral
/// flatness, where it is noisier than [`NOISY`].
const NOISE: f64 = 6.0;
const NOISY: f64 = -12.0;

/// Listens to the predictions that answer one seed.
#[derive(Clone)]
pub struct Guard {
    /// The seed's.
    level: f64,
    /// What changes less than this, in decibels, does not change.
    still: f64,
    /// Whether the seed itself hardly changes, so that a drone may answer it.
    seed_is_sustained: bool,
    full_scale: f32,
    training: Dynamics,
}

impl Guard {
    /// For answers to `seed`, as loud as the network hears it. A sample of
    /// `full_scale` is the largest that the network can predict; `training` is what
    /// the training audio does.
    pub fn new(seed: &Levelled, full_scale: f32, training: Dynamics) -> Guard {
        let mut level = LevelMeter::new(seed.sample_rate());
        let mut dynamics = DynamicsMeter::new(seed.sample_rate(), LEAST_SPECTRA);
        seed.each_of(0..seed.samples(), &mut |piece| {
            level.push(piece);
            dynamics.push(piece);
        });
        let of_training = SHARE_OF_LEAST_CHANGE * training.least_change.unwrap_or(0.0);
        let still = of_training.clamp(STILL, STILL_AT_MOST);
        let sustained = |change| change < still.max(2.0 * STILL);
        Guard {
            level: level.level(),
            still,
            seed_is_sustained: dynamics.finish().least_change.is_some_and(sustained),
            full_scale,
            training,
        }
    }

    /// Listens to a sound at `sample_rate` Hz that comes piece by piece.
    pub fn ear(&self, sample_rate: u32) -> Ear {
        Ear {
            top: 0.999 * self.full_scale,
            samples: 0,
            is_finite: true,
            energy: 0.0,
            sum: 0.0,
            clipped: 0,
            levels: LevelMeter::new(sample_rate),
            dynamics: DynamicsMeter::of_long(sample_rate),
        }
    }

    /// The first thing wrong with a whole prediction that was `heard`.
    pub fn fault(&self, heard: Ear) -> Option<Fault> {
        self.first_fault(heard, 0.5)
    }

    /// The first thing wrong with the newest [`STRETCH_SECONDS`] of a
    /// prediction, which may well be a rest in part.
    pub fn fault_of_stretch(&self, stretch: Ear) -> Option<Fault> {
        self.first_fault(stretch, 1.0)
    }

    /// Silence is what is silent in `silent_share` of its blocks or more.
    fn first_fault(&self, heard: Ear, silent_share: f64) -> Option<Fault> {
        if !heard.is_finite {
            return Some(Fault::NotANumber);
        }
        let n = heard.samples as f64;
        let rms = match heard.samples {
            0 => 0.0,
            _ => (heard.energy / n).sqrt(),
        };
        if rms > (RUNAWAY * self.level).max(1.0) {
            return Some(Fault::Runaway);
        }
        let mean = heard.sum / n;
        // The remains of a constant in a rest are a rest.
        if rms > SILENT * self.level && mean.powi(2) > 0.5 * rms.powi(2) {
            return Some(Fault::DirectCurrent);
        }
        if heard.levels.silent_share(SILENT * self.level) >= silent_share {
            return Some(Fault::Silence);
        }
        if heard.clipped as f64 > CLIPPED * n {
            return Some(Fault::Clipping);
        }
        let dynamics = heard.dynamics.finish();
        let still = |change| change < self.still;
        if !self.seed_is_sustained && dynamics.least_change.is_some_and(still) {
            return Some(Fault::Drone);
        }
        let loudest = dynamics.sustained.zip(self.training.sustained);
        let burst = |(here, training)| here > training + BURST;
        let noisiest = dynamics.noisiest.zip(self.training.noisiest);
        let noise = |(here, training): (f64, f64)| here > NOISY.max(training + NOISE);
        (loudest.is_some_and(burst) || noisiest.is_some_and(noise)).then_some(Fault::Burst)
    }
}

/// What a [`Guard`] hears of a sound that comes piece by piece.
pub struct Ear {
    /// A sample this large is at full scale.
    top: f32,
    samples: usize,
    is_finite: bool,
    energy: f64,
    sum: f64,
    clipped: usize,
    levels: LevelMeter,
    dynamics: DynamicsMeter,
}

impl Ear {
    /// Goes on with `samples`.
    pub fn hear(&mut self, samples: &[f32]) {
        self.samples += samples.len();
        for sample in samples {
            self.is_finite &= sample.is_finite();
            self.energy += f64::from(*sample).powi(2);
            self.sum += f64::from(*sample);
            self.clipped += usize::from(sample.abs() > self.top);
        }
        self.levels.push(samples);
        self.dynamics.push(samples);
    }
}

/// Finds out how loud a sound is that comes piece by piece: the root mean square of each
/// block around its mean, since DC is no sound.
pub struct LevelMeter {
    block: usize,
    pending: Vec<f32>,
    levels: Vec<f64>,
}

impl LevelMeter {
    /// Of a sound at `sample_rate` Hz.
    pub fn new(sample_rate: u32) -> LevelMeter {
        LevelMeter {
            block: block_len(sample_rate),
            pending: Vec::new(),
            levels: Vec::new(),
        }
    }

    /// Goes on with `samples`.
    pub fn push(&mut self, samples: &[f32]) {
        self.pending.extend_from_slice(samples);
        let mut begin = 0;
        // A rest of some samples has no level of its own, and goes with the block before.
        while self.pending.len() - begin >= 2 * self.block - self.block / 2 {
            let block = &self.pending[begin..][..self.block];
            self.levels.push(rms_around_mean(block));
            begin += self.block;
        }
        self.pending.drain(..begin);
    }

    /// The [level](LevelMeter::level) of the sound in `pieces` at `sample_rate` Hz.
    ///
    /// # Errors
    /// What the system answers where some of it is on the disk.
    pub fn level_of(pieces: &impl Pieces, sample_rate: u32) -> Result<f64, ReelError> {
        let mut meter = LevelMeter::new(sample_rate);
        pieces.each(&mut |piece| meter.push(piece))?;
        Ok(meter.level())
    }

    /// Root mean square of the parts of the sound that are heard: blocks within 40 dB of the
    /// loudest.
    pub fn level(self) -> f64 {
        let levels = self.finish();
        let loudest = levels.iter().copied().fold(0.0, f64::max);
        let sounding = levels.iter().filter(|rms| **rms >= 0.01 * loudest);
        let powers: Vec<f64> = sounding.map(|rms| rms.powi(2)).collect();
        (powers.iter().sum::<f64>() / powers.len().max(1) as f64).sqrt()
    }

    /// Which share of its blocks is not louder than `silence`.
    fn silent_share(self, silence: f64) -> f64 {
        let levels = self.finish();
        let silent = levels.iter().filter(|rms| **rms <= silence);
        silent.count() as f64 / levels.len().max(1) as f64
    }

    fn finish(mut self) -> Vec<f64> {
        if !self.pending.is_empty() {
            self.levels.push(rms_around_mean(&self.pending));
        }
        self.levels
    }
}

fn rms_around_mean(block: &[f32]) -> f64 {
    let len = block.len() as f64;
    let mean = block.iter().map(|s| f64::from(*s)).sum::<f64>() / len;
    let sum: f64 = block.iter().map(|s| (f64::from(*s) - mean).powi(2)).sum();
    (sum / len).sqrt()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::audio::{LongSound, Signal};

    /// In pieces of many lengths.
    fn heard(guard: &Guard, sound: &Signal) -> Ear {
        let mut ear = guard.ear(sound.sample_rate);
        let (begin, rest) = sound.samples.split_at(sound.samples.len() / 3);
        begin.chunks(7).for_each(|piece| ear.hear(piece));
        ear.hear(rest);
        ear
    }

    fn guard_of_seed(seed: &Signal, full_scale: f32, training: Dynamics) -> Guard {
        let seed = Levelled::new(Arc::new(seed.clone().into()), 1.0);
        Guard::new(&seed, full_scale, training)
    }

    fn level(sound: &Signal) -> f64 {
        let long = LongSound::from(sound.clone());
        LevelMeter::level_of(&long, sound.sample_rate).unwrap()
    }

    fn fault(guard: &Guard, sound: &Signal) -> Option<Fault> {
        guard.fault(heard(guard, sound))
    }

    fn signal(samples: impl Fn(f32) -> f32) -> Signal {
        Signal {
            samples: (0..40_000).map(|n| samples(n as f32)).collect(),
            sample_rate: 8000,
        }
    }

    fn note(n: f32) -> f32 {
        0.5 * (n * 0.2).sin() * (-(n % 4000.0) / 1500.0).exp()
    }

    #[test]
    fn each_fault_is_found_and_music_has_none() {
        let notes = signal(note);
        let guard = guard_of_seed(&notes, 1.0, Dynamics::default());
        let of = |samples: fn(f32) -> f32| fault(&guard, &signal(samples));
        assert_eq!(fault(&guard, &notes), None);
        assert_eq!(of(|_| f32::NAN), Some(Fault::NotANumber));
        assert_eq!(of(|_| 0.0), Some(Fault::Silence));
        assert_eq!(of(|n| 1e-5 * (n * 0.2).sin()), Some(Fault::Silence));
        assert_eq!(of(|n| n), Some(Fault::Runaway));
        assert_eq!(of(|n| 0.5 + 0.1 * n.sin()), Some(Fault::DirectCurrent));
        assert_eq!(of(|_| 0.5), Some(Fault::DirectCurrent));
        assert_eq!(
            of(|n| (9.0 * (n * 0.1).sin()).clamp(-1.0, 1.0)),
            Some(Fault::Clipping)
        );
        assert_eq!(of(|n| 0.3 * (n * 0.2).sin()), Some(Fault::Drone));
        let short = Signal {
            samples: vec![0.25, -0.25],
            sample_rate: 8000,
        };
        assert_eq!(fault(&guard, &short), None);
    }

    #[test]
    fn three_seconds_of_buzz_among_notes_are_a_drone_unless_the_seed_is_one() {
        let buzz = |n: f32| 0.2 * (n * 0.2).sin().signum() * (n * 0.031).cos();
        let stuck = |seconds: f32| {
            signal(move |n| match n > 9000.0 && n < 9000.0 + 8000.0 * seconds {
                true => buzz(n),
                false => note(n),
            })
        };
        let guard = guard_of_seed(&signal(note), 1.0, Dynamics::default());
        assert_eq!(fault(&guard, &stuck(3.0)), Some(Fault::Drone));
        assert_eq!(fault(&guard, &stuck(1.0)), None);
        let sustained = guard_of_seed(&signal(|n| 0.5 * (n * 0.3).sin()), 1.0, Dynamics::default());
        assert_eq!(fault(&sustained, &stuck(3.0)), None);
        let swelling = |n: f32| (n * 0.3).sin() * (0.1 + 0.4 * (n * 5e-4).sin().powi(2));
        let swelling = guard_of_seed(&signal(swelling), 1.0, Dynamics::default());
        assert_eq!(fault(&swelling, &stuck(3.0)), Some(Fault::Drone));
    }

    #[test]
    fn noise_louder_for_longer_than_the_training_audio_is_a_burst() {
        let noise = |n: f32| 0.5 * ((n * 12.9898).sin() * 43758.547).fract();
        let burst = |seconds: f32| {
            signal(move |n| match n > 9000.0 && n < 9000.0 + 8000.0 * seconds {
                true => noise(n),
                false => note(n),
            })
        };
        let guard_of = |training: &Signal| {
            let usual = Dynamics {
                least_change: None,
                ..Dynamics::of(training)
            };
            guard_of_seed(&signal(note), 1.0, usual)
        };
        let guard = guard_of(&signal(note));
        assert_eq!(fault(&guard, &signal(note)), None);
        assert_eq!(fault(&guard, &burst(0.1)), None);
        assert_eq!(fault(&guard, &burst(1.0)), Some(Fault::Burst));
        let noisy = guard_of(&burst(0.9));
        assert_eq!(fault(&noisy, &burst(1.0)), None);
        let unknown = guard_of_seed(&signal(note), 1.0, Dynamics::default());
        assert_eq!(fault(&unknown, &burst(1.0)), None);
    }

    #[test]
    fn noise_that_is_no_louder_than_the_training_audio_is_a_burst_where_that_has_none() {
        let noise = |n: f32| 0.1 * ((n * 12.9898).sin() * 43758.547).fract();
        let among_notes = |seconds: f32| {
            signal(move |n| match n > 9000.0 && n < 9000.0 + 8000.0 * seconds {
                true => noise(n),
                false => note(n),
            })
        };
        let guard_of = |training: &Signal| {
            let usual = Dynamics {
                noisiest: Dynamics::of(training).noisiest,
                ..Dynamics::default()
            };
            guard_of_seed(&signal(note), 1.0, usual)
        };
        let guard = guard_of(&signal(note));
        assert_eq!(fault(&guard, &signal(note)), None);
        assert_eq!(fault(&guard, &among_notes(0.5)), None);
        assert_eq!(fault(&guard, &among_notes(2.0)), Some(Fault::Burst));
        assert_eq!(fault(&guard, &signal(|n| 0.001 * noise(n) + note(n))), None);
        // Where there is noise in the training audio, there may be in the answer.
        assert_eq!(fault(&guard_of(&among_notes(2.0)), &among_notes(2.0)), None);
    }

    #[test]
    fn what_changes_less_than_the_training_audio_ever_does_is_a_drone() {
        // Beats of a decibel or so, which is more than a stuck network's.
        let beats = |n: f32| 0.2 * (n * 0.2).sin() * (1.0 + 0.25 * (n * 0.0012).sin());
        let (beats, notes) = (signal(beats), signal(note));
        let change = Dynamics::of(&beats).least_change.unwrap();
        assert!((1.0..1.4).contains(&change), "{change}");
        let guard = |least_change| {
            let usual = Dynamics {
                least_change,
                ..Dynamics::default()
            };
            guard_of_seed(&notes, 1.0, usual)
        };
        assert_eq!(fault(&guard(None), &beats), None);
        assert_eq!(fault(&guard(Some(0.1)), &beats), None);
        assert_eq!(fault(&guard(Some(change)), &beats), None);
        assert_eq!(fault(&guard(Some(9.0)), &beats), Some(Fault::Drone));
        assert_eq!(fault(&guard(Some(9.0)), &notes), None);
        let beating_seed = Dynamics {
            least_change: Some(9.0),
            ..Dynamics::default()
        };
        let guard = guard_of_seed(&beats, 1.0, beating_seed);
        assert_eq!(fault(&guard, &beats), None);
    }

    #[test]
    fn a_rest_is_no_silence_but_a_stretch_of_it_is() {
        let guard = guard_of_seed(&signal(note), 1.0, Dynamics::default());
        let rest = |from: f32| signal(move |n| if n < from { note(n) } else { 0.0 });
        assert_eq!(fault(&guard, &rest(25_000.0)), None);
        assert_eq!(fault(&guard, &rest(15_000.0)), Some(Fault::Silence));
        assert_eq!(guard.fault_of_stretch(heard(&guard, &rest(15_000.0))), None);
        let fault = guard.fault_of_stretch(heard(&guard, &rest(0.0)));
        assert_eq!(fault, Some(Fault::Silence));
    }

    #[test]
    fn a_last_sample_is_no_silence() {
        let mut notes = signal(note);
        notes.samples.truncate(801);
        let guard = guard_of_seed(&notes, 1.0, Dynamics::default());
        assert_eq!(fault(&guard, &notes), None);
    }

    #[test]
    fn a_dc_offset_is_no_loudness() {
        let alone = level(&signal(note));
        let beside = level(&signal(|n| note(n) + 0.5));
        assert!((beside / alone - 1.0).abs() < 1e-3, "{alone} {beside}");
    }

    #[test]
    fn rests_do_not_count_as_level() {
        let half = signal(|n| {
            if n < 20_000.0 {
                0.5 * (n * 0.2).sin()
            } else {
                0.0
            }
        });
        assert!((level(&half) - 0.5 / 2f64.sqrt()).abs() < 1e-3);
        assert_eq!(level(&signal(|_| 0.0)), 0.0);
    }
}
