//! Magnitude spectra of a signal (dissertation 2.2.3 and 3.1.1).

use std::f64::consts::PI;
use std::sync::Arc;

use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};

/// How a signal is cut into frames and each frame is made a magnitude spectrum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Analysis {
    /// Samples in a frame.
    pub window_size: usize,
    /// Samples between the starts of adjacent frames.
    pub hop_size: usize,
    /// Whether a frame is padded with as many zeros as it has samples.
    pub zero_padding: bool,
}

/// Magnitude frames, `[frames, bins]`, one after the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Spectra {
    /// Values in one frame.
    pub bins: usize,
    /// The magnitudes, frame by frame.
    pub magnitudes: Vec<f32>,
}

impl Analysis {
    /// Length of the Fourier transform, in samples.
    pub fn fft_len(&self) -> usize {
        self.window_size * if self.zero_padding { 2 } else { 1 }
    }

    /// Bins of a frame: bin `b` lies at `b / fft_len` times the sampling rate,
    /// from 0 Hz up to, but without, the Nyquist frequency.
    pub fn bins(&self) -> usize {
        self.fft_len() / 2
    }

    /// Frames that lie wholly within a signal of `samples`.
    pub fn frames_in(&self, samples: usize) -> usize {
        match samples.checked_sub(self.window_size) {
            Some(rest) => rest / self.hop_size + 1,
            None => 0,
        }
    }

    /// The unscaled magnitudes of each frame of `samples` that lies wholly within them.
    pub fn magnitudes(&self, samples: &[f32]) -> Spectra {
        let mut magnitudes = Vec::with_capacity(self.frames_in(samples.len()) * self.bins());
        self.each(samples, |frame| magnitudes.extend_from_slice(frame));
        Spectra {
            bins: self.bins(),
            magnitudes,
        }
    }

    /// Hands the magnitudes of each frame, one after the other, to `take`: all
    /// frames of a long recording are larger than the recording.
    pub fn each(&self, samples: &[f32], mut take: impl FnMut(&[f32])) {
        let mut frames = self.frames();
        for frame in samples.windows(self.window_size).step_by(self.hop_size) {
            take(frames.magnitudes(frame));
        }
    }

    /// The frames of a sound that comes piece by piece.
    pub fn frames(&self) -> Frames {
        let fft = FftPlanner::new().plan_fft_forward(self.fft_len());
        Frames {
            window: self.window(),
            hop_size: self.hop_size,
            buffer: vec![Complex::default(); self.fft_len()],
            scratch: vec![Complex::default(); fft.get_inplace_scratch_len()],
            magnitudes: vec![0.0; self.bins()],
            fft,
            pending: Vec::new(),
            skipped: 0,
        }
    }

    /// The amplitude of the oscillators that give a unit magnitude its own loudness.
    ///
    /// With `peaks_only` a sinusoid of amplitude 1 has a single bin, of
    /// magnitude half the sum of the window; otherwise its power is spread over
    /// the window's main lobe, and the oscillators' powers add up (Parseval).
    pub fn amplitude_of_unit_magnitude(&self, peaks_only: bool) -> f32 {
        let window = self.window();
        if peaks_only {
            2.0 / window.iter().sum::<f32>()
        } else {
            let power: f32 = window.iter().map(|w| w * w).sum();
            2.0 / (self.fft_len() as f32 * power).sqrt()
        }
    }

    /// Blackman's window, periodic.
    pub fn window(&self) -> Vec<f32> {
        (0..self.window_size)
            .map(|n| {
                let phase = 2.0 * PI * n as f64 / self.window_size as f64;
                (0.42 - 0.5 * phase.cos() + 0.08 * (2.0 * phase).cos()) as f32
            })
            .collect()
    }
}

/// Makes magnitude frames of a sound as it comes (see [`Analysis::frames`]).
pub struct Frames {
    window: Vec<f32>,
    hop_size: usize,
    fft: Arc<dyn Fft<f32>>,
    buffer: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
    magnitudes: Vec<f32>,
    /// The samples that the frames to come are made of, and how many lie between them and
    /// the next frame, where frames are further apart than they are long.
    pending: Vec<f32>,
    skipped: usize,
}

impl Frames {
    /// Goes on with `samples`; hands the magnitudes of each frame that is complete now to
    /// `take`.
    pub fn push(&mut self, samples: &[f32], mut take: impl FnMut(&[f32])) {
        let beside = self.skipped.min(samples.len());
        self.skipped -= beside;
        let mut pending = std::mem::take(&mut self.pending);
        pending.extend_from_slice(&samples[beside..]);
        let mut begin = 0;
        while pending.len() - begin >= self.window.len() {
            take(self.magnitudes(&pending[begin..][..self.window.len()]));
            let next = begin + self.hop_size;
            begin = next.min(pending.len());
            self.skipped += next - begin;
        }
        pending.drain(..begin);
        self.pending = pending;
    }

    /// Those of one `frame`.
    fn magnitudes(&mut self, frame: &[f32]) -> &[f32] {
        self.buffer.fill(Complex::default());
        for ((slot, sample), weight) in self.buffer.iter_mut().zip(frame).zip(&self.window) {
            slot.re = sample * weight;
        }
        self.fft
            .process_with_scratch(&mut self.buffer, &mut self.scratch);
        for (magnitude, bin) in self.magnitudes.iter_mut().zip(&self.buffer) {
            *magnitude = bin.norm_sqr().sqrt();
        }
        &self.magnitudes
    }
}

impl Spectra {
    /// Number of frames.
    pub fn frames(&self) -> usize {
        self.magnitudes.len() / self.bins
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{signal, sine};

    #[test]
    fn a_sine_is_a_peak_at_its_bin_as_high_as_half_the_window_sum() {
        for zero_padding in [false, true] {
            let analysis = Analysis {
                window_size: 512,
                hop_size: 128,
                zero_padding,
            };
            let bin = 40 * analysis.fft_len() / 512;
            let sound = signal(&sine(0.5, 8000.0 * 40.0 / 512.0, 8000, 2000), 8000);
            let spectra = analysis.magnitudes(&sound.samples);
            assert_eq!(spectra.frames(), (2000 - 512) / 128 + 1);
            let scale = analysis.amplitude_of_unit_magnitude(true);
            for frame in spectra.magnitudes.chunks(spectra.bins) {
                let peak = (0..frame.len()).max_by(|a, b| frame[*a].total_cmp(&frame[*b]));
                assert_eq!(peak, Some(bin));
                assert!((frame[bin] * scale - 0.5).abs() < 1e-4);
                // Blackman's side lobes lie below -58 dB beyond three (unpadded) bins.
                let far = frame[bin + 4 * analysis.fft_len() / 512] / frame[bin];
                assert!(far < 1.5e-3, "{far}");
            }
        }
    }

    #[test]
    fn magnitudes_equal_a_naive_fourier_sum() {
        let analysis = Analysis {
            window_size: 16,
            hop_size: 5,
            zero_padding: true,
        };
        let samples: Vec<f32> = (0..40).map(|n| ((n * n) as f32 * 0.37).sin()).collect();
        let spectra = analysis.magnitudes(&samples);
        let window = analysis.window();
        for (f, frame) in spectra.magnitudes.chunks(16).enumerate() {
            for (b, magnitude) in frame.iter().enumerate() {
                let (mut re, mut im) = (0.0, 0.0);
                for n in 0..16 {
                    let value = f64::from(samples[f * 5 + n] * window[n]);
                    let phase = -2.0 * PI * (b * n) as f64 / 32.0;
                    re += value * phase.cos();
                    im += value * phase.sin();
                }
                assert!((f64::from(*magnitude) - re.hypot(im)).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn a_sound_that_comes_in_pieces_has_the_frames_of_the_whole() {
        let samples: Vec<f32> = (0..300).map(|n| ((n * n) as f32 * 0.37).sin()).collect();
        for (window_size, hop_size) in [(16, 5), (16, 16), (16, 40)] {
            let analysis = Analysis {
                window_size,
                hop_size,
                zero_padding: false,
            };
            for piece in [1, 7, 50, 300] {
                let (mut frames, mut magnitudes) = (analysis.frames(), Vec::new());
                for piece in samples.chunks(piece) {
                    frames.push(piece, |frame| magnitudes.extend_from_slice(frame));
                }
                let whole = analysis.magnitudes(&samples).magnitudes;
                assert_eq!(magnitudes, whole, "{window_size} {hop_size} {piece}");
            }
        }
    }

    #[test]
    fn a_signal_shorter_than_a_frame_has_none() {
        let analysis = Analysis {
            window_size: 512,
            hop_size: 128,
            zero_padding: true,
        };
        assert_eq!(analysis.magnitudes(&[0.1; 511]).frames(), 0);
        assert_eq!(analysis.magnitudes(&[]).frames(), 0);
        assert_eq!(analysis.frames_in(512), 1);
    }
}
