//! What of a sound its likeness is measured by: log-mel frames, spectral
//! flatness and chroma. All of it is of a sound brought to an rms of 1.

use std::f64::consts::TAU;

use crate::frames::{Complex64, Fourier};

/// Bands of a log-mel frame.
pub const BANDS: usize = 40;

/// Samples in a frame for log-mel and flatness, and from frame to frame.
const FRAME: (usize, usize) = (1024, 256);

/// Samples in a frame for chroma, and from frame to frame: longer, since
/// semitones lie close together.
const CHROMA_FRAME: (usize, usize) = (4096, 1024);

/// What is added to a band's power before its logarithm.
const LEAST_BAND_POWER: f64 = 1e-5;

/// What is added to a bin's power before its logarithm, and to the mean.
const LEAST_BIN_POWER: f64 = 1e-12;

/// Lowest frequency of the mel bands, in Hz.
const LOWEST_MEL_HZ: f64 = 40.0;

/// Highest frequency of the mel bands, as a share of the Nyquist frequency.
const HIGHEST_MEL: f64 = 0.98;

/// The frequencies whose pitch classes count, in Hz: the fundamentals and
/// first harmonics of most instruments.
const CHROMA_HZ: (f64, f64) = (70.0, 2000.0);

/// Timbre and its course.
pub struct Timbre {
    /// Decimal logarithm of the power in each mel band, frame by frame; at
    /// least one frame.
    pub log_mel: Vec<[f64; BANDS]>,
    /// Mean spectral flatness (geometric by arithmetic mean of the power), 0
    /// for a sine to 1 for a click; white noise has about 0.56.
    pub flatness: f64,
}

impl Timbre {
    /// The timbre of `samples`, of rms 1, at `sample_rate` Hz.
    pub fn of(samples: &[f64], sample_rate: u32) -> Timbre {
        let bank = mel_bank(sample_rate);
        let mut log_mel = Vec::new();
        let mut flatness = 0.0;
        for_each_power_spectrum(samples, FRAME, |power| {
            log_mel.push(std::array::from_fn(|band| {
                let (first, weights) = &bank[band];
                let sum: f64 = weights
                    .iter()
                    .zip(&power[*first..])
                    .map(|(w, p)| w * p)
                    .sum();
                (sum + LEAST_BAND_POWER).log10()
            }));
            let bins = power.len() as f64;
            let logarithms: f64 = power.iter().map(|p| (p + LEAST_BIN_POWER).ln()).sum();
            let mean = power.iter().sum::<f64>() / bins;
            flatness += (logarithms / bins).exp() / (mean + LEAST_BIN_POWER);
        });
        flatness /= log_mel.len() as f64;
        Timbre { log_mel, flatness }
    }

    /// How much the bands change in time: their standard deviation, mean over bands.
    pub fn movement(&self) -> f64 {
        let count = self.log_mel.len() as f64;
        let deviation = |band: usize| {
            let values = || self.log_mel.iter().map(|frame| frame[band]);
            let mean = values().sum::<f64>() / count;
            (values().map(|v| (v - mean).powi(2)).sum::<f64>() / count).sqrt()
        };
        (0..BANDS).map(deviation).sum::<f64>() / BANDS as f64
    }
}

/// The power in each pitch class, A first, scaled to a vector of length 1; all
/// 0 where there is none.
pub fn chroma(samples: &[f64], sample_rate: u32) -> [f64; 12] {
    let mut chroma = [0.0; 12];
    let classes = PitchClasses::of_bins(CHROMA_FRAME.0, sample_rate, CHROMA_HZ);
    for_each_power_spectrum(samples, CHROMA_FRAME, |power| {
        classes.add(power, &mut chroma);
    });
    let length = chroma.iter().map(|c| c * c).sum::<f64>().sqrt();
    if length > 0.0 {
        chroma.map(|c| c / length)
    } else {
        chroma
    }
}

/// Which pitch class, A first, each bin of a spectrum belongs to.
pub struct PitchClasses(Vec<Option<usize>>);

impl PitchClasses {
    /// Of the bins of a window of `window` samples that lie between the lowest
    /// and the highest frequency, in Hz; the others belong to none.
    pub fn of_bins(window: usize, sample_rate: u32, (lowest, highest): (f64, f64)) -> PitchClasses {
        let rate = f64::from(sample_rate);
        let highest = highest.min(rate / 2.0);
        let class = |bin: usize| {
            let hz = bin as f64 * rate / window as f64;
            let semitone = (12.0 * (hz / 440.0).log2()).round();
            (hz > lowest && hz < highest).then_some(semitone.rem_euclid(12.0) as usize)
        };
        PitchClasses((0..=window / 2).map(class).collect())
    }

    /// Adds the power in each bin to that of its pitch class.
    pub fn add(&self, power: &[f64], profile: &mut [f64; 12]) {
        for (class, power) in self.0.iter().zip(power) {
            if let Some(class) = class {
                profile[*class] += power;
            }
        }
    }
}

/// Hann's window, symmetric: its first and last value are 0.
pub fn hann(len: usize) -> Vec<f64> {
    (0..len)
        .map(|n| 0.5 - 0.5 * (TAU * n as f64 / (len - 1) as f64).cos())
        .collect()
}

/// Calls `use_power` with the power in each bin, Nyquist's included, of each
/// frame of (window, hop) samples that lies wholly in `samples`; a shorter
/// sound is one frame with zeros after it.
pub fn for_each_power_spectrum(
    samples: &[f64],
    (window, hop): (usize, usize),
    mut use_power: impl FnMut(&[f64]),
) {
    let weights = hann(window);
    let fourier = Fourier::new(window);
    let mut buffer = vec![Complex64::default(); window];
    let mut power = vec![0.0; window / 2 + 1];
    let last = samples.len().saturating_sub(window);
    for start in (0..=last).step_by(hop) {
        buffer.fill(Complex64::default());
        for ((slot, sample), weight) in buffer.iter_mut().zip(&samples[start..]).zip(&weights) {
            slot.re = sample * weight;
        }
        fourier.forward(&mut buffer);
        for (power, bin) in power.iter_mut().zip(&buffer) {
            *power = bin.norm_sqr();
        }
        use_power(&power);
    }
}

/// Triangles over the bins, equally wide in mel (O'Shaughnessy's): for each
/// band its first bin and the weights from there on.
fn mel_bank(sample_rate: u32) -> Vec<(usize, Vec<f64>)> {
    let rate = f64::from(sample_rate);
    let mel = |hz: f64| 2595.0 * (1.0 + hz / 700.0).log10();
    let hz = |mel: f64| 700.0 * (10f64.powf(mel / 2595.0) - 1.0);
    let (lowest, highest) = (mel(LOWEST_MEL_HZ), mel(rate / 2.0 * HIGHEST_MEL));
    let corner = |n: usize| hz(lowest + (highest - lowest) * n as f64 / (BANDS + 1) as f64);
    (0..BANDS)
        .map(|band| {
            let (left, centre, right) = (corner(band), corner(band + 1), corner(band + 2));
            let weight = |bin: usize| {
                let hz = bin as f64 * rate / FRAME.0 as f64;
                ((hz - left) / (centre - left)).min((right - hz) / (right - centre))
            };
            let bins = 0..=FRAME.0 / 2;
            let first = bins.clone().find(|bin| weight(*bin) > 0.0).unwrap_or(0);
            let weights = (first..*bins.end() + 1)
                .map(weight)
                .take_while(|weight| *weight > 0.0)
                .collect();
            (first, weights)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{noise, sine};
    use std::f64::consts::SQRT_2;

    const RATE: u32 = 8000;

    #[test]
    fn a_sine_is_loudest_in_its_band_and_does_not_move() {
        let timbre = Timbre::of(&sine(SQRT_2, 1000.0, RATE, 20_000), RATE);
        assert_eq!(timbre.log_mel.len(), (20_000 - 1024) / 256 + 1);
        let frame = &timbre.log_mel[3];
        let loudest = (0..BANDS).max_by(|a, b| frame[*a].total_cmp(&frame[*b]));
        let bank = mel_bank(RATE);
        let bin = 1000 * 1024 / RATE as usize;
        let (first, weights) = &bank[loudest.unwrap()];
        assert!(weights[bin - first] > 0.5, "the band around 1000 Hz");
        assert!(timbre.movement() < 1e-3, "{}", timbre.movement());
    }

    #[test]
    fn noise_is_flat_and_a_sine_is_not() {
        // The geometric mean of exponentially distributed powers is e^-γ.
        let noise = Timbre::of(&noise("test", 80_000), RATE).flatness;
        assert!((noise - 0.5615).abs() < 0.01, "{noise}");
        assert!(Timbre::of(&sine(SQRT_2, 500.0, RATE, 20_000), RATE).flatness < 1e-6);
        let mut click = vec![0.0; 1024];
        click[500] = 32.0;
        assert!((Timbre::of(&click, RATE).flatness - 1.0).abs() < 1e-9);
    }

    #[test]
    fn chroma_has_the_pitch_class_whatever_the_octave() {
        for hz in [110.0, 440.0, 1760.0] {
            assert!(
                chroma(&sine(SQRT_2, hz, RATE, 20_000), RATE)[0] > 0.99,
                "{hz}"
            );
        }
        assert!(
            chroma(&sine(SQRT_2, 523.25, RATE, 20_000), RATE)[3] > 0.99,
            "C5"
        );
        assert_eq!(chroma(&[0.0; 5000], RATE), [0.0; 12]);
    }

    #[test]
    fn no_sound_is_too_short_and_no_rate_too_odd() {
        for rate in [1_000, 44_100, 768_000] {
            for samples in [1, 2, 1023, 1024, 1025] {
                let timbre = Timbre::of(&noise("test", samples), rate);
                assert_eq!(timbre.log_mel.len(), 1);
                assert!(timbre.log_mel[0].iter().all(|band| band.is_finite()));
                assert!(timbre.flatness.is_finite());
                assert!(
                    chroma(&noise("test", samples), rate)
                        .iter()
                        .all(|c| c.is_finite())
                );
            }
        }
    }
}
