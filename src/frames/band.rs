//! The band that recordings fill. Resampling leaves a gap below the Nyquist
//! frequency, and what a network puts there is noise of its own.

use std::f64::consts::PI;

use super::Analysis;

/// Share of a sound's power, -80 dB, that is nothing.
const NOTHING: f64 = 1e-8;
/// A window as long as this tells frequencies a few hertz apart.
const ANALYSIS: Analysis = Analysis {
    window_size: 4096,
    hop_size: 2048,
    zero_padding: false,
};
/// Taps of the low-pass filter on either side of its middle. Its Blackman window
/// reaches -74 dB within 2.75 / 256 of half the sample rate.
const HALF_WIDTH: usize = 256;

/// The highest frequency of `samples`, as a share of their sample rate (at most
/// 0.5): no more than 1e-8 of their power lies above. 0.5 for what is silent or
/// shorter than 4096 samples.
pub fn highest_frequency(samples: &[f32]) -> f64 {
    let mut powers = vec![0.0; ANALYSIS.bins()];
    ANALYSIS.each(samples, |spectrum| {
        for (power, magnitude) in powers.iter_mut().zip(spectrum) {
            *power += f64::from(*magnitude).powi(2);
        }
    });
    let nothing = NOTHING * powers.iter().sum::<f64>();
    let mut above = 0.0;
    let highest = powers.iter().rposition(|power| {
        above += power;
        above > nothing
    });
    match highest {
        Some(bin) => (bin + 1) as f64 / ANALYSIS.fft_len() as f64,
        None => 0.5,
    }
}

/// Takes what lies above a frequency out of a sound that comes piece by piece: a windowed
/// sinc without delay. Silence is before and after the sound.
///
/// A clone goes on as the original would.
#[derive(Clone, Debug)]
pub struct BandLimit {
    /// Nothing where all stays.
    taps: Vec<f32>,
    /// The samples that those to come are heard with.
    pending: Vec<f32>,
}

impl BandLimit {
    /// At `highest`, a share of the sample rate.
    pub fn new(highest: f64) -> BandLimit {
        match highest >= 0.5 {
            true => BandLimit {
                taps: Vec::new(),
                pending: Vec::new(),
            },
            false => BandLimit {
                taps: low_pass(highest),
                pending: vec![0.0; HALF_WIDTH],
            },
        }
    }

    /// Goes on with `samples`, and appends to `limited` what is known by now: the last
    /// 256 samples wait for those to come.
    pub fn push(&mut self, samples: &[f32], limited: &mut Vec<f32>) {
        if self.taps.is_empty() {
            limited.extend_from_slice(samples);
            return;
        }
        self.pending.extend_from_slice(samples);
        let around = self.pending.windows(self.taps.len());
        let known = around.len();
        limited.extend(around.map(|around| dot(around, &self.taps)));
        self.pending.drain(..known);
    }

    /// Appends what has waited to `limited`: the sound is at its end.
    pub fn finish(mut self, limited: &mut Vec<f32>) {
        if !self.taps.is_empty() {
            self.push(&[0.0; HALF_WIDTH], limited);
        }
    }
}

/// Taps of a low-pass filter, its middle first and last at silence.
fn low_pass(highest: f64) -> Vec<f32> {
    let middle = HALF_WIDTH as f64;
    let tap = |n: usize| {
        let t = n as f64 - middle;
        let sinc = match t == 0.0 {
            true => 2.0 * highest,
            false => (2.0 * PI * highest * t).sin() / (PI * t),
        };
        let phase = PI * t / (middle + 1.0);
        let blackman = 0.42 + 0.5 * phase.cos() + 0.08 * (2.0 * phase).cos();
        (sinc * blackman) as f32
    };
    (0..=2 * HALF_WIDTH).map(tap).collect()
}

/// Summed in eight lanes, which vectorises.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0f32; 8];
    let (a_chunks, a_rest) = a.as_chunks::<8>();
    let (b_chunks, b_rest) = b.as_chunks::<8>();
    for (a, b) in a_chunks.iter().zip(b_chunks) {
        for lane in 0..8 {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    let rest = a_rest.iter().zip(b_rest).map(|(a, b)| a * b);
    lanes.iter().sum::<f32>() + rest.sum::<f32>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::stream;
    use crate::testing;
    use rand::RngExt;

    /// In pieces of all lengths.
    fn limit_band(samples: &[f32], highest: f64) -> Vec<f32> {
        let (mut limit, mut limited) = (BandLimit::new(highest), Vec::new());
        let mut rest = samples;
        for len in [0, 1, 2000, 513, 100].into_iter().cycle() {
            let (piece, others) = rest.split_at(rest.len().min(len));
            limit.push(piece, &mut limited);
            rest = others;
            if rest.is_empty() {
                break;
            }
        }
        let mut finished = limited.clone();
        limit.finish(&mut finished);
        assert!(finished[..limited.len()] == limited);
        finished
    }

    fn sine(frequency: f64) -> Vec<f32> {
        testing::signal(&testing::sine(1.0, frequency, 1, 20_000), 1).samples
    }

    fn level(samples: &[f32]) -> f32 {
        let middle = &samples[1000..19_000];
        let power = middle.iter().map(|s| s * s).sum::<f32>() / middle.len() as f32;
        10.0 * (2.0 * power).log10()
    }

    #[test]
    fn what_lies_below_stays_and_what_lies_above_goes() {
        for (frequency, highest) in [(0.01, 0.3), (0.29, 0.3), (0.44, 0.45)] {
            let limited = limit_band(&sine(frequency), highest);
            assert!(level(&limited).abs() < 0.01, "{frequency} {highest}");
            // In its place, too.
            let difference: Vec<f32> = sine(frequency)
                .iter()
                .zip(&limited)
                .map(|(a, b)| a - b)
                .collect();
            assert!(level(&difference) < -55.0, "{}", level(&difference));
        }
        for (frequency, highest) in [(0.31, 0.3), (0.46, 0.45), (0.5 - 1e-3, 0.45)] {
            let limited = limit_band(&sine(frequency), highest);
            assert!(level(&limited) < -65.0, "{frequency} {}", level(&limited));
        }
        assert!(limit_band(&sine(0.49), 0.5) == sine(0.49));
    }

    #[test]
    fn the_highest_frequency_is_where_the_power_ends() {
        let mut random = stream(1, "noise");
        let noise: Vec<f32> = (0..40_000)
            .map(|_| random.random_range(-1.0..1.0))
            .collect();
        assert!(highest_frequency(&noise) > 0.499);
        let limited = highest_frequency(&limit_band(&noise, 0.4));
        assert!((0.395..0.415).contains(&limited), "{limited}");
        // A soft partial counts, the rounding of silence does not.
        let soft: Vec<f32> = sine(0.05)
            .iter()
            .zip(sine(0.35))
            .map(|(a, b)| a + 1e-3 * b)
            .collect();
        assert!((highest_frequency(&soft) - 0.35).abs() < 2e-3);
        assert_eq!(highest_frequency(&[0.0; 9000]), 0.5);
        assert_eq!(highest_frequency(&[1.0; 100]), 0.5);
    }
}
