//! What is wrong with a prediction before anybody hears it.

use serde::{Deserialize, Serialize};

use crate::audio::Signal;
use crate::hearing::{Dynamics, block_len};

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
    /// training audio ever stays: the network feeds itself noise.
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
    pub fn new(seed: &Signal, full_scale: f32, training: Dynamics) -> Guard {
        let of_training = SHARE_OF_LEAST_CHANGE * training.least_change.unwrap_or(0.0);
        let still = of_training.clamp(STILL, STILL_AT_MOST);
        let sustained = |change| change < still.max(2.0 * STILL);
        Guard {
            level: level(seed),
            still,
            seed_is_sustained: Dynamics::least_change_of_short(seed, LEAST_SPECTRA)
                .is_some_and(sustained),
            full_scale,
            training,
        }
    }

    /// The first thing wrong with a whole prediction.
    pub fn fault(&self, prediction: &Signal) -> Option<Fault> {
        self.first_fault(prediction, 0.5)
    }

    /// The first thing wrong with the newest [`STRETCH_SECONDS`] of a
    /// prediction, which may well be a rest in part.
    pub fn fault_of_stretch(&self, stretch: &Signal) -> Option<Fault> {
        self.first_fault(stretch, 1.0)
    }

    /// Silence is what is silent in `silent_share` of its blocks or more.
    fn first_fault(&self, sound: &Signal, silent_share: f64) -> Option<Fault> {
        if !sound.samples.iter().all(|sample| sample.is_finite()) {
            return Some(Fault::NotANumber);
        }
        let rms = f64::from(sound.rms());
        if rms > (RUNAWAY * self.level).max(1.0) {
            return Some(Fault::Runaway);
        }
        let n = sound.samples.len() as f64;
        let mean = sound.samples.iter().map(|s| f64::from(*s)).sum::<f64>() / n;
        // The remains of a constant in a rest are a rest.
        if rms > SILENT * self.level && mean.powi(2) > 0.5 * rms.powi(2) {
            return Some(Fault::DirectCurrent);
        }
        if self.silent_share(sound) >= silent_share {
            return Some(Fault::Silence);
        }
        let top = 0.999 * self.full_scale;
        let clipped = sound.samples.iter().filter(|s| s.abs() > top).count();
        if clipped as f64 > CLIPPED * n {
            return Some(Fault::Clipping);
        }
        let heard = Dynamics::of(sound);
        let still = |change| change < self.still;
        if !self.seed_is_sustained && heard.least_change.is_some_and(still) {
            return Some(Fault::Drone);
        }
        let loudest = heard.sustained.zip(self.training.sustained);
        let burst = |(here, training)| here > training + BURST;
        loudest.is_some_and(burst).then_some(Fault::Burst)
    }

    fn silent_share(&self, sound: &Signal) -> f64 {
        let levels = block_levels(sound);
        let silent = levels.iter().filter(|rms| **rms <= SILENT * self.level);
        silent.count() as f64 / levels.len().max(1) as f64
    }
}

/// Root mean square of the parts of `signal` that sound: blocks within 40 dB of
/// the loudest.
pub fn level(signal: &Signal) -> f64 {
    let levels = block_levels(signal);
    let loudest = levels.iter().copied().fold(0.0, f64::max);
    let sounding = levels.iter().filter(|rms| **rms >= 0.01 * loudest);
    let powers: Vec<f64> = sounding.map(|rms| rms.powi(2)).collect();
    (powers.iter().sum::<f64>() / powers.len().max(1) as f64).sqrt()
}

/// Root mean square of each block around its mean, since DC is no sound.
fn block_levels(signal: &Signal) -> Vec<f64> {
    let (len, samples) = (block_len(signal), &signal.samples[..]);
    // A rest of some samples has no mean of its own, and goes with the block before.
    let count = ((samples.len() + len / 2) / len).max(usize::from(!samples.is_empty()));
    let blocks = (1..=count).map(|n| {
        let end = if n == count { samples.len() } else { n * len };
        &samples[(n - 1) * len..end]
    });
    let rms = |block: &[f32]| {
        let len = block.len() as f64;
        let mean = block.iter().map(|s| f64::from(*s)).sum::<f64>() / len;
        let sum: f64 = block.iter().map(|s| (f64::from(*s) - mean).powi(2)).sum();
        (sum / len).sqrt()
    };
    blocks.map(rms).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let guard = Guard::new(&notes, 1.0, Dynamics::default());
        let fault = |samples: fn(f32) -> f32| guard.fault(&signal(samples));
        assert_eq!(guard.fault(&notes), None);
        assert_eq!(fault(|_| f32::NAN), Some(Fault::NotANumber));
        assert_eq!(fault(|_| 0.0), Some(Fault::Silence));
        assert_eq!(fault(|n| 1e-5 * (n * 0.2).sin()), Some(Fault::Silence));
        assert_eq!(fault(|n| n), Some(Fault::Runaway));
        assert_eq!(fault(|n| 0.5 + 0.1 * n.sin()), Some(Fault::DirectCurrent));
        assert_eq!(fault(|_| 0.5), Some(Fault::DirectCurrent));
        assert_eq!(
            fault(|n| (9.0 * (n * 0.1).sin()).clamp(-1.0, 1.0)),
            Some(Fault::Clipping)
        );
        assert_eq!(fault(|n| 0.3 * (n * 0.2).sin()), Some(Fault::Drone));
        let short = Signal {
            samples: vec![0.25, -0.25],
            sample_rate: 8000,
        };
        assert_eq!(guard.fault(&short), None);
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
        let guard = Guard::new(&signal(note), 1.0, Dynamics::default());
        assert_eq!(guard.fault(&stuck(3.0)), Some(Fault::Drone));
        assert_eq!(guard.fault(&stuck(1.0)), None);
        let sustained = Guard::new(&signal(|n| 0.5 * (n * 0.3).sin()), 1.0, Dynamics::default());
        assert_eq!(sustained.fault(&stuck(3.0)), None);
        let swelling = |n: f32| (n * 0.3).sin() * (0.1 + 0.4 * (n * 5e-4).sin().powi(2));
        let swelling = Guard::new(&signal(swelling), 1.0, Dynamics::default());
        assert_eq!(swelling.fault(&stuck(3.0)), Some(Fault::Drone));
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
            Guard::new(&signal(note), 1.0, usual)
        };
        let guard = guard_of(&signal(note));
        assert_eq!(guard.fault(&signal(note)), None);
        assert_eq!(guard.fault(&burst(0.1)), None);
        assert_eq!(guard.fault(&burst(1.0)), Some(Fault::Burst));
        let noisy = guard_of(&burst(0.9));
        assert_eq!(noisy.fault(&burst(1.0)), None);
        let unknown = Guard::new(&signal(note), 1.0, Dynamics::default());
        assert_eq!(unknown.fault(&burst(1.0)), None);
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
            Guard::new(&notes, 1.0, usual)
        };
        assert_eq!(guard(None).fault(&beats), None);
        assert_eq!(guard(Some(0.1)).fault(&beats), None);
        assert_eq!(guard(Some(change)).fault(&beats), None);
        assert_eq!(guard(Some(9.0)).fault(&beats), Some(Fault::Drone));
        assert_eq!(guard(Some(9.0)).fault(&notes), None);
        let beating_seed = Dynamics {
            least_change: Some(9.0),
            ..Dynamics::default()
        };
        let guard = Guard::new(&beats, 1.0, beating_seed);
        assert_eq!(guard.fault(&beats), None);
    }

    #[test]
    fn a_rest_is_no_silence_but_a_stretch_of_it_is() {
        let guard = Guard::new(&signal(note), 1.0, Dynamics::default());
        let rest = |from: f32| signal(move |n| if n < from { note(n) } else { 0.0 });
        assert_eq!(guard.fault(&rest(25_000.0)), None);
        assert_eq!(guard.fault(&rest(15_000.0)), Some(Fault::Silence));
        assert_eq!(guard.fault_of_stretch(&rest(15_000.0)), None);
        let fault = guard.fault_of_stretch(&rest(0.0));
        assert_eq!(fault, Some(Fault::Silence));
    }

    #[test]
    fn a_last_sample_is_no_silence() {
        let mut notes = signal(note);
        notes.samples.truncate(801);
        let guard = Guard::new(&notes, 1.0, Dynamics::default());
        assert_eq!(guard.fault(&notes), None);
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
