//! Whether there is a steady noise under a recording.

use std::f32::consts::TAU;

use crate::frames::{Complex32, Fourier};

/// Samples of a block, a power of 2 as the transform likes it.
const BLOCK: usize = 2048;
/// Share of the blocks, by their levels, that count as the quietest, and as the loudest.
const SHARE: usize = 10;
/// Noise that is further below the loudest, in decibels, is hardly heard beside it.
const FAINT: f64 = -45.0;
/// The frequencies that are looked at, in Hz: there is sound in all recordings.
const HZ: (f32, f32) = (200.0, 4000.0);
/// From this flatness on (geometric by arithmetic mean of the power) a sound is noise: that
/// of white noise is 0.56, of a voice or an instrument a hundredth.
const FLAT: f64 = 0.2;
/// Blocks as quiet as this, in power, are silence.
const SILENCE: f64 = 1e-10;
/// So many blocks say something.
const LEAST_BLOCKS: usize = 20;

/// The level of what is left where `samples` are quietest, in decibels below where they are
/// loudest, if that is noise, and no sound that goes on.
pub fn noise_floor(samples: &[f32], sample_rate: u32) -> Option<f64> {
    let power = |block: &[f32]| {
        let sum: f64 = block.iter().map(|sample| f64::from(*sample).powi(2)).sum();
        sum / block.len() as f64
    };
    let blocks = samples
        .chunks_exact(BLOCK)
        .map(|block| (power(block), block));
    let mut blocks: Vec<(f64, &[f32])> = blocks.filter(|(power, _)| *power > SILENCE).collect();
    if blocks.len() < LEAST_BLOCKS {
        return None;
    }
    blocks.sort_by(|a, b| a.0.total_cmp(&b.0));
    let tenth = blocks.len() / SHARE;
    let mean = |blocks: &[(f64, &[f32])]| {
        blocks.iter().map(|(power, _)| power).sum::<f64>() / blocks.len() as f64
    };
    let (quietest, loudest) = (&blocks[..tenth], &blocks[blocks.len() - tenth..]);
    let level = 10.0 * (mean(quietest) / mean(loudest)).log10();
    let is_noise = || flatness(quietest.iter().map(|(_, block)| *block), sample_rate) > FLAT;
    (level > FAINT && is_noise()).then_some(level)
}

/// The mean flatness of the spectra of `blocks`.
fn flatness<'a>(blocks: impl Iterator<Item = &'a [f32]>, sample_rate: u32) -> f64 {
    let fourier = Fourier::new(BLOCK);
    let bin = |hz: f32| (hz * BLOCK as f32 / sample_rate as f32) as usize;
    let bins = bin(HZ.0)..bin(HZ.1).clamp(bin(HZ.0) + 1, BLOCK / 2);
    let (mut sum, mut count) = (0.0, 0.0);
    for block in blocks {
        let windowed = block.iter().enumerate().map(|(n, sample)| {
            let hann = 0.5 - 0.5 * (TAU * n as f32 / BLOCK as f32).cos();
            Complex32::new(hann * sample, 0.0)
        });
        let mut spectrum: Vec<Complex32> = windowed.collect();
        fourier.forward(&mut spectrum);
        let powers = spectrum[bins.clone()]
            .iter()
            .map(|value| f64::from(value.norm_sqr()) + 1e-20);
        let powers: Vec<f64> = powers.collect();
        let length = powers.len() as f64;
        let geometric = (powers.iter().map(|power| power.ln()).sum::<f64>() / length).exp();
        sum += geometric / (powers.iter().sum::<f64>() / length);
        count += 1.0;
    }
    sum / count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::stream;
    use rand::RngExt;

    const RATE: u32 = 22050;

    /// Notes that die away, over noise of the amplitude `noise`.
    fn notes(noise: f32) -> Vec<f32> {
        let mut random = stream(1, "noise");
        let sample = |n: usize| {
            let t = (n % RATE as usize) as f32 / RATE as f32;
            let tone = (TAU * 330.0 * t).sin() + 0.5 * (TAU * 660.0 * t).sin();
            0.4 * tone * (-6.0 * t).exp() + noise * random.random_range(-1.0..1.0f32)
        };
        (0..10 * RATE as usize).map(sample).collect()
    }

    #[test]
    fn noise_is_told_from_notes_and_from_what_is_too_faint() {
        let level = noise_floor(&notes(0.01), RATE).unwrap();
        assert!((-40.0..-20.0).contains(&level), "{level}");
        assert_eq!(noise_floor(&notes(0.0), RATE), None);
        assert_eq!(noise_floor(&notes(1e-4), RATE), None);
        let chord = |n: usize| {
            let tone = |hz: f32| (TAU * hz * n as f32 / RATE as f32).sin();
            0.2 * (tone(220.0) + tone(277.2) + tone(329.6))
        };
        let chord: Vec<f32> = (0..10 * RATE as usize).map(chord).collect();
        assert_eq!(
            noise_floor(&chord, RATE),
            None,
            "it goes on, and is no noise"
        );
        assert_eq!(noise_floor(&[0.0; 100_000], RATE), None);
        assert_eq!(noise_floor(&[], RATE), None);
    }
}
