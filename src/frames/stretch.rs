//! Sounds made longer or shorter at the same pitch (phase vocoder: Flanagan and
//! Golden 1966; Dolson, *The Phase Vocoder: A Tutorial*, 1986).

use std::f64::consts::TAU;

use super::fourier::{Complex64, Fourier};

/// Samples of an analysis frame, and from one frame of the result to the next.
const FRAME: usize = 1024;
const HOP: usize = FRAME / 4;

/// `sound` at `factor` times its length, at the same pitch.
pub fn stretch(sound: &[f32], factor: f64) -> Vec<f32> {
    let len = (sound.len() as f64 * factor).round() as usize;
    let mut vocoder = PhaseVocoder::new();
    let frames = len / HOP + FRAME / HOP;
    let mut out = vec![0.0; frames * HOP + FRAME];
    for frame in 0..frames {
        // Frames of the result are centred on their times, as those of the sound are.
        let centre = (frame * HOP) as f64 / factor;
        vocoder.push(sound, centre, &mut out[frame * HOP..][..FRAME]);
    }
    let start = FRAME / 2;
    out[start..start + len].iter().map(|s| *s as f32).collect()
}

/// Frames whose phases go on from one to the next.
struct PhaseVocoder {
    fourier: Fourier,
    window: Vec<f64>,
    /// Phases of the frame last made, up to the Nyquist frequency.
    phases: Option<Vec<f64>>,
}

impl PhaseVocoder {
    fn new() -> PhaseVocoder {
        let hann = |n: usize| 0.5 - 0.5 * (TAU * n as f64 / FRAME as f64).cos();
        PhaseVocoder {
            fourier: Fourier::new(FRAME),
            window: (0..FRAME).map(hann).collect(),
            phases: None,
        }
    }

    /// Adds the frame of `sound` about sample `centre` to `out`.
    fn push(&mut self, sound: &[f32], centre: f64, out: &mut [f64]) {
        let begin = centre.round() as i64 - (FRAME / 2) as i64;
        let now = self.spectrum(sound, begin);
        let before = self.spectrum(sound, begin - HOP as i64);
        let phases = match &self.phases {
            None => now[..=FRAME / 2].iter().map(|bin| bin.arg()).collect(),
            Some(phases) => locked(&now[..=FRAME / 2], &before, phases),
        };
        let turned = now.iter().zip(&phases);
        let mut values: Vec<Complex64> = turned
            .map(|(bin, phase)| Complex64::from_polar(bin.norm(), *phase))
            .collect();
        // The other half of a real signal's spectrum.
        let mirrored: Vec<Complex64> = values[1..FRAME / 2]
            .iter()
            .rev()
            .map(Complex64::conj)
            .collect();
        values.extend(mirrored);
        self.phases = Some(phases);
        self.fourier.inverse(&mut values);
        // Hann squared at a quarter's distance adds up to 1.5.
        let scale = 1.0 / (1.5 * FRAME as f64);
        for ((out, value), weight) in out.iter_mut().zip(&values).zip(&self.window) {
            *out += scale * weight * value.re;
        }
    }

    /// The spectrum of the frame that begins at sample `begin`; silence beyond the sound.
    fn spectrum(&self, sound: &[f32], begin: i64) -> Vec<Complex64> {
        let sample = |n: usize| {
            let at = usize::try_from(begin + n as i64).ok();
            at.and_then(|at| sound.get(at))
                .map_or(0.0, |s| f64::from(*s))
        };
        let windowed = self.window.iter().enumerate();
        let mut values: Vec<Complex64> = windowed
            .map(|(n, weight)| Complex64::new(weight * sample(n), 0.0))
            .collect();
        self.fourier.forward(&mut values);
        values
    }
}

/// Phases that follow `phases` by one hop, the spectrum being `now` and one hop `before`:
/// each peak's goes on as it does in the sound, and the bins around it keep their
/// phases relative to it (Laroche and Dolson, *Improved Phase Vocoder Time-Scale
/// Modification of Audio*, 1999).
fn locked(now: &[Complex64], before: &[Complex64], phases: &[f64]) -> Vec<f64> {
    let magnitudes: Vec<f64> = now.iter().map(|bin| bin.norm()).collect();
    let is_peak = |bin: &usize| {
        let around = bin.saturating_sub(2)..(bin + 3).min(magnitudes.len());
        magnitudes[around]
            .iter()
            .all(|other| *other <= magnitudes[*bin])
    };
    let peaks: Vec<usize> = (0..now.len()).filter(is_peak).collect();
    let mut nearest = peaks.iter().copied().peekable();
    let mut peak = nearest.next().unwrap_or(0);
    let phase = |bin: usize| {
        while let Some(next) = nearest.next_if(|next| next.abs_diff(bin) < peak.abs_diff(bin)) {
            peak = next;
        }
        let goes_on = phases[peak] + (now[peak] * before[peak].conj()).arg();
        goes_on + now[bin].arg() - now[peak].arg()
    };
    (0..now.len()).map(phase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(samples: usize, hz: f64) -> Vec<f32> {
        let sample = |n| (0.5 * (TAU * hz * n as f64 / 11025.0).sin()) as f32;
        (0..samples).map(sample).collect()
    }

    /// Upward zero crossings in a second.
    fn pitch(sound: &[f32]) -> f64 {
        let crossings = sound
            .windows(2)
            .filter(|w| w[0] < 0.0 && w[1] >= 0.0)
            .count();
        crossings as f64 * 11025.0 / sound.len() as f64
    }

    #[test]
    fn a_tone_keeps_pitch_and_level_at_any_length() {
        let tone = sine(22050, 440.0);
        for factor in [0.5, 1.0, 1.7, 3.0] {
            let stretched = stretch(&tone, factor);
            assert_eq!(stretched.len(), (22050.0 * factor).round() as usize);
            let middle = &stretched[2000..stretched.len() - 2000];
            assert!(
                (pitch(middle) - 440.0).abs() < 3.0,
                "{factor}: {}",
                pitch(middle)
            );
            let power = middle.iter().map(|s| s * s).sum::<f32>() / middle.len() as f32;
            assert!(
                (power.sqrt() / 0.3536 - 1.0).abs() < 0.1,
                "{factor}: {}",
                power.sqrt()
            );
        }
    }

    #[test]
    fn the_same_length_is_the_same_sound() {
        let tone = sine(8000, 300.0);
        let same = stretch(&tone, 1.0);
        let apart = same.iter().zip(&tone).skip(600).take(6800);
        assert!(apart.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) < 0.02);
        assert!(stretch(&[], 2.0).is_empty());
    }
}
