//! The peaks of magnitude spectra, and their frequencies between the bins.

use crate::frames::Analysis;

/// What lies below is no pitch, in Hz.
const LOWEST_HZ: f64 = 20.0;

/// A sinusoid in a frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peak {
    pub hz: f64,
    /// Its magnitude, squared.
    pub power: f64,
}

/// Frames of about `seconds` at `sample_rate` Hz: a power of two, with zeros behind.
pub fn analysis(sample_rate: u32, seconds: f64, overlap: usize) -> Analysis {
    let samples = (f64::from(sample_rate) * seconds) as usize;
    let window_size = (samples + 1).next_power_of_two() / 2;
    Analysis {
        window_size,
        hop_size: (window_size / overlap).max(1),
        zero_padding: true,
    }
}

/// Calls `take` with each peak of a frame's `magnitudes`.
pub fn each_peak(
    magnitudes: &[f32],
    analysis: &Analysis,
    sample_rate: u32,
    mut take: impl FnMut(Peak),
) {
    let width = f64::from(sample_rate) / analysis.fft_len() as f64;
    let first = (LOWEST_HZ / width).ceil() as usize;
    for bin in first.max(1)..magnitudes.len().saturating_sub(1) {
        let around = [bin - 1, bin, bin + 1].map(|bin| f64::from(magnitudes[bin]));
        if around[1] > around[0] && around[1] >= around[2] {
            let (offset, magnitude) = vertex(around);
            take(Peak {
                hz: (bin as f64 + offset) * width,
                power: magnitude * magnitude,
            });
        }
    }
}

/// Where, in bins from the middle, and how high a parabola through the logarithms of three
/// magnitudes is at its highest; the middle one is the largest.
fn vertex(around: [f64; 3]) -> (f64, f64) {
    let [before, middle, after] = around.map(|m| m.max(f64::from(f32::MIN_POSITIVE)).ln());
    let bend = before - 2.0 * middle + after;
    if bend >= 0.0 {
        return (0.0, around[1]);
    }
    let offset = 0.5 * (before - after) / bend;
    let height = middle - 0.25 * (before - after) * offset;
    (offset, height.exp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{signal, sine};

    #[test]
    fn a_sine_between_two_bins_is_a_peak_at_its_frequency() {
        for hz in [82.41, 440.0, 1318.5] {
            let sound = signal(&sine(0.5, hz, 44100, 10_000), 44100);
            let analysis = analysis(44100, 0.2, 8);
            assert_eq!(analysis.window_size, 8192);
            let spectra = analysis.magnitudes(&sound.samples);
            let mut strongest = Peak {
                hz: 0.0,
                power: 0.0,
            };
            each_peak(
                &spectra.magnitudes[..spectra.bins],
                &analysis,
                44100,
                |peak| {
                    if peak.power > strongest.power {
                        strongest = peak;
                    }
                },
            );
            assert!((strongest.hz - hz).abs() < 0.1, "{strongest:?}");
        }
    }

    #[test]
    fn silence_has_no_peaks() {
        let analysis = analysis(8000, 0.2, 8);
        each_peak(&vec![0.0; analysis.bins()], &analysis, 8000, |peak| {
            panic!("{peak:?}")
        });
    }
}
