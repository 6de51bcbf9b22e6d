//! Frames' spectra, and the sound that they are the frames of.

use std::sync::Arc;

use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftPlanner};

use super::spectrum::Analysis;

/// Adds up frames that overlap by three quarters or more, by the window that they were heard
/// through: of all sounds, the one whose frames differ least from those given (Griffin and
/// Lim, *Signal Estimation from Modified Short-Time Fourier Transform*, 1984).
///
/// Its memory does not grow.
#[derive(Clone)]
pub struct OverlapAdd {
    inverse: Arc<dyn Fft<f32>>,
    window: Arc<[f32]>,
    spectrum: Vec<Complex32>,
    scratch: Vec<Complex32>,
    /// From the newest frame's first sample on: sums of frames, each through its window
    /// once more, and of the windows' squares, `[window_size]` each.
    sum: Vec<f32>,
    weights: Vec<f32>,
    /// Samples of the first frame's first half, which are no sound, that are yet to come.
    skip: usize,
}

impl OverlapAdd {
    /// For frames of `analysis`.
    pub fn new(analysis: &Analysis) -> OverlapAdd {
        let inverse = FftPlanner::new().plan_fft_inverse(analysis.fft_len());
        let silence = vec![0.0; analysis.window_size];
        OverlapAdd {
            window: analysis.window().into(),
            spectrum: vec![Complex32::default(); analysis.fft_len()],
            scratch: vec![Complex32::default(); inverse.get_inplace_scratch_len()],
            inverse,
            sum: silence.clone(),
            weights: silence,
            skip: analysis.window_size / 2,
        }
    }

    /// Adds the frame `step` samples after the one before, of which `fill` writes the
    /// bins below half the sampling rate, their phases counted from the frame's centre;
    /// appends the samples before it to `sound`.
    pub fn add(&mut self, step: usize, sound: &mut Vec<f32>, fill: impl FnOnce(&mut [Complex32])) {
        self.hand_out(step, sound);
        self.sum.copy_within(step.., 0);
        self.weights.copy_within(step.., 0);
        let kept = self.sum.len() - step;
        self.sum[kept..].fill(0.0);
        self.weights[kept..].fill(0.0);

        // The real part of half a spectrum is half of what the whole is.
        let fft_len = self.spectrum.len();
        let (bins, others) = self.spectrum.split_at_mut(fft_len / 2);
        fill(bins);
        bins[0] *= 0.5;
        others.fill(Complex32::default());
        self.inverse
            .process_with_scratch(&mut self.spectrum, &mut self.scratch);
        let centre = self.window.len() / 2;
        let scale = 2.0 / fft_len as f32;
        let (first, second) = (&self.spectrum[fft_len - centre..], &self.spectrum);
        let frame = first.iter().chain(second);
        let sums = self.sum.iter_mut().zip(&mut self.weights);
        for ((sum, weight), (window, sample)) in sums.zip(self.window.iter().zip(frame)) {
            *sum += window * sample.re * scale;
            *weight += window * window;
        }
    }

    /// Appends what is left up to the centre of the last frame.
    pub fn finish(&self, sound: &mut Vec<f32>) {
        self.clone().hand_out(self.window.len() / 2, sound);
    }

    fn hand_out(&mut self, samples: usize, sound: &mut Vec<f32>) {
        let skipped = self.skip.min(samples);
        self.skip -= skipped;
        let sums = self.sum.iter().zip(&self.weights);
        let sums = sums.take(samples).skip(skipped);
        sound.extend(sums.map(|(sum, weight)| sum / weight));
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;
    use crate::testing::values;

    /// The bins of a frame of `samples`, from Fourier's sum, word for word; phases count
    /// from its middle.
    fn bins_of(samples: &[f32], window: &[f32], fft_len: usize) -> Vec<Complex32> {
        let centre = window.len() / 2;
        let bin = |bin: usize| {
            let terms = samples.iter().zip(window).enumerate();
            terms.fold(Complex32::default(), |sum, (n, (sample, weight))| {
                let turns = bin as f64 * (n as f64 - centre as f64) / fft_len as f64;
                let (sine, cosine) = (TAU * turns).sin_cos();
                let unit = Complex32::new(cosine as f32, -sine as f32);
                sum + unit * (sample * weight)
            })
        };
        (0..fft_len / 2).map(bin).collect()
    }

    #[test]
    fn frames_of_a_sound_make_that_sound() {
        for (window_size, step, zero_padding) in [(32, 8, true), (32, 5, false), (33, 8, true)] {
            let analysis = Analysis {
                window_size,
                hop_size: step,
                zero_padding,
            };
            // What is at half the sampling rate is in no bin.
            let noise = values(200, 1);
            let sound: Vec<f32> = noise.windows(2).map(|pair| pair[0] + pair[1]).collect();
            let window = analysis.window();
            let mut adder = OverlapAdd::new(&analysis);
            let mut made = Vec::new();
            for (n, frame) in sound.windows(window_size).step_by(step).enumerate() {
                let bins = bins_of(frame, &window, analysis.fft_len());
                let step = if n == 0 { 0 } else { step };
                adder.add(step, &mut made, |to| to.copy_from_slice(&bins));
            }
            adder.finish(&mut made);
            let own = &sound[window_size / 2..];
            assert_eq!(made.len(), (sound.len() - window_size) / step * step);
            for (n, (made, own)) in made.iter().zip(own).enumerate() {
                assert!((made - own).abs() < 2e-2, "{window_size} {n}: {made} {own}");
            }
        }
    }
}
