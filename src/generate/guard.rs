//! What is wrong with a prediction before anybody hears it.

use serde::{Deserialize, Serialize};

use crate::audio::Signal;

/// Why a prediction is not to be delivered as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// Most of it is silent beside its seed.
    Silence,
    /// It grew beyond all bounds.
    Runaway,
    /// Most of its power lies at 0 Hz.
    DirectCurrent,
    /// It sits at full scale: the network is saturated.
    Clipping,
    /// Nothing in it changes.
    Drone,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Fault::Silence => "silence",
            Fault::Runaway => "runaway",
            Fault::DirectCurrent => "direct current",
            Fault::Clipping => "clipping",
            Fault::Drone => "drone",
        })
    }
}

impl Fault {
    /// Whether nobody should hear it; a drone may be what there is to hear.
    pub fn is_broken(self) -> bool {
        self != Fault::Drone
    }
}

/// Length of the blocks that are compared with each other.
const BLOCK_SECONDS: f64 = 0.1;
/// A block of so little of the seed's level is silent: -60 dB.
const SILENT: f64 = 1e-3;
/// Largest sample that any recording could mean.
const RUNAWAY: f32 = 100.0;
/// Share of samples at full scale that no music has.
const CLIPPED: f64 = 0.05;
/// A sound whose blocks' levels and brightness change less than this is a
/// drone: half a decibel.
const STILL: f64 = 0.06;
/// Only a sound of so many blocks can be said not to change.
const LEAST_BLOCKS: usize = 20;

/// The first thing wrong with `prediction`, an answer to `seed`.
pub fn fault(prediction: &Signal, seed: &Signal) -> Option<Fault> {
    let samples = &prediction.samples;
    if prediction.peak() > RUNAWAY {
        return Some(Fault::Runaway);
    }
    let blocks = blocks(prediction);
    let silent = SILENT * level(seed);
    let silent_blocks = blocks.iter().filter(|block| block.rms <= silent).count();
    if 2 * silent_blocks > blocks.len() {
        return Some(Fault::Silence);
    }
    let mean = samples.iter().map(|s| f64::from(*s)).sum::<f64>() / samples.len() as f64;
    let rms = f64::from(prediction.rms());
    if mean.powi(2) > 0.5 * rms.powi(2) {
        return Some(Fault::DirectCurrent);
    }
    let clipped = samples.iter().filter(|s| s.abs() > 0.999).count();
    if clipped as f64 > CLIPPED * samples.len() as f64 {
        return Some(Fault::Clipping);
    }
    let still = |value: fn(&Block) -> f64| deviation_of_logarithm(&blocks, value) < STILL;
    let drone = blocks.len() >= LEAST_BLOCKS && still(|b| b.rms) && still(|b| b.brightness);
    drone.then_some(Fault::Drone)
}

/// Root mean square of the parts of `signal` that sound: blocks within 40 dB of
/// the loudest.
pub fn level(signal: &Signal) -> f64 {
    let blocks = blocks(signal);
    let loudest = blocks.iter().map(|block| block.rms).fold(0.0, f64::max);
    let sounding = blocks.iter().filter(|block| block.rms >= 0.01 * loudest);
    let powers: Vec<f64> = sounding.map(|block| block.rms.powi(2)).collect();
    (powers.iter().sum::<f64>() / powers.len().max(1) as f64).sqrt()
}

struct Block {
    rms: f64,
    /// Level of the differences between samples, beside that of the samples.
    brightness: f64,
}

fn blocks(signal: &Signal) -> Vec<Block> {
    let len = (BLOCK_SECONDS * f64::from(signal.sample_rate)) as usize;
    let blocks = signal.samples.chunks(len.max(2));
    blocks.map(Block::of).collect()
}

impl Block {
    fn of(samples: &[f32]) -> Block {
        let power = |values: &mut dyn Iterator<Item = f32>| {
            let sum: f64 = values.map(|v| f64::from(v).powi(2)).sum();
            (sum / samples.len() as f64).sqrt()
        };
        let rms = power(&mut samples.iter().copied());
        let differences = power(&mut samples.windows(2).map(|pair| pair[1] - pair[0]));
        Block {
            rms,
            brightness: differences / rms.max(f64::MIN_POSITIVE),
        }
    }
}

fn deviation_of_logarithm(blocks: &[Block], value: fn(&Block) -> f64) -> f64 {
    // The last block may be a short one.
    let whole = &blocks[..blocks.len().saturating_sub(1).max(1)];
    let logarithms: Vec<f64> = whole.iter().map(|b| value(b).max(1e-12).ln()).collect();
    let n = logarithms.len() as f64;
    let mean = logarithms.iter().sum::<f64>() / n;
    (logarithms.iter().map(|l| (l - mean).powi(2)).sum::<f64>() / n).sqrt()
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

    #[test]
    fn each_fault_is_found_and_music_has_none() {
        let notes = signal(|n| 0.5 * (n * 0.2).sin() * (-(n % 4000.0) / 1500.0).exp());
        let fault = |samples: fn(f32) -> f32| super::fault(&signal(samples), &notes);
        assert_eq!(super::fault(&notes, &notes), None);
        assert_eq!(fault(|_| 0.0), Some(Fault::Silence));
        assert_eq!(fault(|n| 1e-5 * (n * 0.2).sin()), Some(Fault::Silence));
        assert_eq!(fault(|n| n), Some(Fault::Runaway));
        assert_eq!(fault(|n| 0.5 + 0.1 * n.sin()), Some(Fault::DirectCurrent));
        assert_eq!(
            fault(|n| (9.0 * (n * 0.1).sin()).clamp(-1.0, 1.0)),
            Some(Fault::Clipping)
        );
        assert_eq!(fault(|n| 0.3 * (n * 0.2).sin()), Some(Fault::Drone));
        let short = Signal {
            samples: vec![0.25, -0.25],
            sample_rate: 8000,
        };
        assert_eq!(super::fault(&short, &notes), None);
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
