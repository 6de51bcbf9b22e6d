//! How far what the vocoders make of a sound's frames is from the sound.

use std::f64::consts::TAU;

use antiphon::frames::{Analysis, Complex64, Fourier, PhaseLocked, Resynthesis};
use antiphon::random::stream;

/// Frames padded with zeros.
pub fn analysis(window_size: usize, hop_size: usize) -> Analysis {
    Analysis {
        window_size,
        hop_size,
        zero_padding: true,
    }
}

pub fn phase_locked(analysis: &Analysis, hop: usize) -> PhaseLocked {
    PhaseLocked::new(analysis, hop, &mut stream(1, "phases"))
}

/// What the phase-locked vocoder makes of `sound`, from half a window on.
pub fn locked(analysis: &Analysis, hop: usize, sound: &[f32]) -> Vec<f32> {
    let frames = analysis.magnitudes(sound).magnitudes;
    phase_locked(analysis, hop).resynthesise(&frames)
}

/// The same by the oscillator bank, of the peaks of frames.
pub fn of_the_bank(analysis: &Analysis, sound: &[f32]) -> Vec<f32> {
    let mut frames = analysis.magnitudes(sound).magnitudes;
    let amplitude = analysis.amplitude_of_unit_magnitude(true);
    frames.iter_mut().for_each(|value| *value *= amplitude);
    let mut phases = stream(1, "phases");
    Resynthesis::new(analysis.bins(), analysis.hop_size, true, &mut phases).resynthesise(&frames)
}

/// Magnitudes of a sound through Hann's window, a quarter of it apart.
fn spectrogram(sound: &[f32], window: usize) -> Vec<f64> {
    let fourier = Fourier::<f64>::new(window);
    let weight = |n: usize| 0.5 - 0.5 * (TAU * n as f64 / window as f64).cos();
    let weights: Vec<f64> = (0..window).map(weight).collect();
    let mut magnitudes = Vec::new();
    for frame in sound.windows(window).step_by(window / 4) {
        let weighted = frame.iter().zip(&weights);
        let mut values: Vec<Complex64> = weighted
            .map(|(sample, weight)| Complex64::new(f64::from(*sample) * weight, 0.0))
            .collect();
        fourier.forward(&mut values);
        magnitudes.extend(values[..=window / 2].iter().map(|value| value.norm()));
    }
    magnitudes
}

/// `|| |S| - |S'| || / || |S| ||`, the mean of windows of 512, 1024 and 2048 samples, of
/// `sound` and of what was made of its frames; the ends, which no frames lie around, are
/// left out.
fn convergence(analysis: &Analysis, sound: &[f32], made: &[f32]) -> f64 {
    let half = analysis.window_size / 2;
    let end = made.len() - half;
    let (sound, made) = (&sound[2 * half..end + half], &made[half..end]);
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>().sqrt();
    let windows = [512, 1024, 2048];
    let all = windows.map(|window| {
        let [own, other] = [sound, made].map(|sound| spectrogram(sound, window));
        norm(&mut own.iter().zip(&other).map(|(a, b)| a - b)) / norm(&mut own.iter().copied())
    });
    all.iter().sum::<f64>() / windows.len() as f64
}

/// Prints both vocoders' convergences, and returns them.
pub fn figures(analysis: &Analysis, sound: &[f32]) -> [f64; 2] {
    let made = [
        of_the_bank(analysis, sound),
        locked(analysis, analysis.hop_size, sound),
    ];
    let both = made.map(|made| convergence(analysis, sound, &made));
    let (window, hop) = (analysis.window_size, analysis.hop_size);
    println!(
        "{window:5}/{hop}: oscillator bank {:.3}, phase-locked {:.3}",
        both[0], both[1]
    );
    both
}
