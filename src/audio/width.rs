//! A mono sound becomes two channels that are heard as something wide, and whose mean
//! stays as good as the mono sound.
//!
//! ```text
//! mono --high-pass---> high --all-passes--> spread
//! middle = mono - (1 - c) high,   side = s spread,   c² + s² = 1
//! left = middle + side,           right = middle - side
//! ```
//!
//! That is Schroeder's (*Improved quasi-stereophony and "colorless" artificial
//! reverberation*, 1961): what one side has more of at a frequency the other has less of,
//! and which it is changes many times in each octave. The mean of left and right is the
//! middle, in which nothing of the all-passes is left: it has the mono sound's low
//! frequencies as they are, and the others softer by `c`, at most 0.9 dB. All-passes
//! change no level, so both channels together have the power of the mono sound twice, at
//! all frequencies (0.4 dB more around [`LOWEST`]). How much two channels have in common,
//! their correlation, is what is heard as width (Kendall, *The Decorrelation of Audio
//! Signals and Its Impact on Spatial Imagery*, 1995): it is `c² - s²` here, from 1 down to
//! 0.6.
//!
//! Nothing in it is random: the same sound and width always have the same channels.

use std::f64::consts::{FRAC_1_SQRT_2, TAU};

use super::all_passes::{AllPasses, audible};
use super::spread::{Sides, Spread};

/// The side's amplitude at a width of 1, as a share of the mono sound's. Were it more, the
/// mean of both channels would be softer than the mono sound by more than a decibel.
const WIDEST: f64 = 0.44;
/// Where the high-pass lets half of the power through, in Hz: below, ears hear no width,
/// and subwoofers and records want one channel.
const LOWEST: f64 = 150.0;
/// What delays the side, in seconds: without it the sides would not be equally loud.
const DELAY: f64 = 0.0017;
/// The all-passes' delays in seconds, which have no echo in common: of some that were tried,
/// those by which both sides of noise are equally loud in each octave from 75 Hz on, within
/// 0.3 dB; a tone leans to one of them.
const ALL_PASSES: [f64; 3] = [0.0031, 0.0047, 0.0071];

/// Widens a mono sound that comes piece by piece. Its memory does not grow.
#[derive(Clone)]
pub(super) struct Widening {
    /// What is taken from the middle, and what the side is multiplied by.
    taken: f64,
    side: f64,
    high_pass: HighPass,
    all_passes: AllPasses,
    sides: Sides,
}

impl Widening {
    /// By `width`, from 0, where both channels are the mono sound, to 1.
    pub fn new(width: f64, sample_rate: u32) -> Widening {
        let side = WIDEST * width;
        Widening {
            taken: 1.0 - (1.0 - side * side).sqrt(),
            side,
            high_pass: HighPass::new(LOWEST, sample_rate),
            all_passes: AllPasses::new(DELAY, &ALL_PASSES, sample_rate),
            sides: Sides::new(sample_rate),
        }
    }
}

impl Spread for Widening {
    fn push(&mut self, mono: &[f32], channels: &mut Vec<f32>) {
        for sample in mono {
            let mono = f64::from(*sample);
            let high = self.high_pass.next(mono);
            let spread = self.all_passes.next(high);
            let (middle, side) = (mono - self.taken * high, self.side * spread);
            self.sides.push(middle, side, channels);
        }
    }

    fn finish(self: Box<Self>, channels: &mut Vec<f32>) {
        self.sides.finish(channels);
    }
}

/// Butterworth's of the second order (Bristow-Johnson, *Cookbook formulae for audio EQ
/// biquad filter coefficients*), in the transposed direct form.
#[derive(Clone, Debug)]
struct HighPass {
    /// Of the newest sample and of the one before it; that of the one before that is the
    /// newest's again.
    forward: [f64; 2],
    back: [f64; 2],
    kept: [f64; 2],
}

impl HighPass {
    /// At `hertz`, which is below half of any rate that is accepted.
    fn new(hertz: f64, sample_rate: u32) -> HighPass {
        let (sine, cosine) = (TAU * hertz / f64::from(sample_rate)).sin_cos();
        let alpha = sine * FRAC_1_SQRT_2;
        let scale = 1.0 / (1.0 + alpha);
        HighPass {
            forward: [0.5 * (1.0 + cosine) * scale, -(1.0 + cosine) * scale],
            back: [-2.0 * cosine * scale, (1.0 - alpha) * scale],
            kept: [0.0; 2],
        }
    }

    fn next(&mut self, sample: f64) -> f64 {
        let high = audible(self.forward[0] * sample + self.kept[0]);
        self.kept = [
            self.forward[1] * sample - self.back[0] * high + self.kept[1],
            self.forward[0] * sample - self.back[1] * high,
        ];
        high
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use rustfft::FftPlanner;
    use rustfft::num_complex::Complex64;

    use super::*;
    use crate::testing::{noise, signal, sine};

    const RATES: [u32; 3] = [11025, 44100, 192_000];

    /// Left and right.
    fn widened(mono: &[f32], width: f64, rate: u32) -> [Vec<f32>; 2] {
        let (mut widening, mut channels) = (Widening::new(width, rate), Vec::new());
        widening.push(mono, &mut channels);
        Box::new(widening).finish(&mut channels);
        assert_eq!(channels.len(), 2 * mono.len());
        [0, 1].map(|side| channels.iter().skip(side).step_by(2).copied().collect())
    }

    fn mean([left, right]: &[Vec<f32>; 2]) -> Vec<f32> {
        let pairs = left.iter().zip(right);
        pairs.map(|(l, r)| 0.5 * (l + r)).collect()
    }

    /// White noise that has faded before its end, so that no part of a spectrum is its edge.
    fn white(rate: u32) -> Vec<f32> {
        let mut noise = signal(&noise("width", rate as usize), rate).samples;
        noise.resize(2 * rate as usize, 0.0);
        noise
    }

    fn spectrum(samples: &[f32]) -> Vec<Complex64> {
        let mut bins: Vec<Complex64> = samples.iter().map(|s| f64::from(*s).into()).collect();
        FftPlanner::new()
            .plan_fft_forward(bins.len())
            .process(&mut bins);
        bins
    }

    /// For each octave from 37.5 Hz on that lies below half the rate: its lowest frequency,
    /// the power of `a` and of `b` in it, and the power that they have in common.
    fn octaves(a: &[f32], b: &[f32], rate: u32) -> Vec<(f64, f64, f64, f64)> {
        let (a, b) = (spectrum(a), spectrum(b));
        let of_hertz = a.len() as f64 / f64::from(rate);
        let octave = |n: i32| 37.5 * 2_f64.powi(n);
        (0..)
            .map(octave)
            .take_while(|low| 4.0 * low <= f64::from(rate))
            .map(|low| {
                let bins = (low * of_hertz) as usize..(2.0 * low * of_hertz) as usize;
                bins.fold((low, 0.0, 0.0, 0.0), |(low, of_a, of_b, common), bin| {
                    let (a, b) = (a[bin], b[bin]);
                    let both = (a * b.conj()).re;
                    (low, of_a + a.norm_sqr(), of_b + b.norm_sqr(), common + both)
                })
            })
            .collect()
    }

    fn decibels(ratio: f64) -> f64 {
        10.0 * ratio.log10()
    }

    #[test]
    fn the_mean_of_both_channels_is_the_mono_sound_within_a_decibel_in_each_octave() {
        for rate in RATES {
            let mono = white(rate);
            for width in [0.25, 0.5, 1.0] {
                let mean = mean(&widened(&mono, width, rate));
                for (low, before, after, _) in octaves(&mono, &mean, rate) {
                    let change = decibels(after / before);
                    assert!(
                        (-0.95..0.2).contains(&change),
                        "{rate} {width} {low} {change}"
                    );
                }
            }
        }
    }

    #[test]
    fn both_channels_are_as_loud_as_the_mono_sound_in_each_octave() {
        for rate in RATES {
            let mono = white(rate);
            let [left, right] = widened(&mono, 1.0, rate);
            let mono = octaves(&mono, &mono, rate);
            for (both, mono) in octaves(&left, &right, rate).iter().zip(mono) {
                let (low, of_left, of_right, _) = *both;
                let louder = decibels((of_left + of_right) / (2.0 * mono.1));
                assert!((-0.05..0.5).contains(&louder), "{rate} {low} {louder}");
                let balance = decibels(of_left / of_right);
                assert!(balance.abs() < 1.0, "{rate} {low} {balance}");
            }
        }
    }

    #[test]
    fn the_wider_it_is_the_less_the_channels_have_in_common_but_not_below() {
        for rate in RATES {
            let mono = white(rate);
            let correlations = |width| -> Vec<(f64, f64)> {
                let [left, right] = widened(&mono, width, rate);
                let octaves = octaves(&left, &right, rate).into_iter();
                octaves
                    .map(|(low, l, r, common)| (low, common / (l * r).sqrt()))
                    .collect()
            };
            let widths = [0.1, 0.3, 0.5, 0.7, 1.0].map(correlations);
            for pair in widths.windows(2) {
                for ((low, narrower), (_, wider)) in pair[0].iter().zip(&pair[1]) {
                    assert!(wider < narrower, "{rate} {low}");
                }
            }
            for (low, correlation) in &widths[4] {
                let expected = match low {
                    ..75.0 => 0.98..1.0,
                    ..300.0 => 0.6..0.95,
                    _ => 0.58..0.65,
                };
                assert!(expected.contains(correlation), "{rate} {low} {correlation}");
            }
        }
    }

    #[test]
    fn without_width_both_channels_are_the_mono_sound() {
        let mono = white(11025);
        assert_eq!(widened(&mono, 0.0, 11025), [mono.clone(), mono]);
    }

    #[test]
    fn pieces_are_the_whole_and_a_copy_goes_on() {
        let mono = white(8000);
        let (mut widening, mut channels) = (Widening::new(0.7, 8000), Vec::new());
        let (first, second) = mono.split_at(5001);
        first
            .chunks(7)
            .for_each(|piece| widening.push(piece, &mut channels));
        let (mut copy, mut copied) = (widening.clone(), channels.clone());
        second
            .chunks(1000)
            .for_each(|piece| widening.push(piece, &mut channels));
        Box::new(widening).finish(&mut channels);
        copy.push(second, &mut copied);
        Box::new(copy).finish(&mut copied);
        assert_eq!(channels, copied);
        let whole = widened(&mono, 0.7, 8000);
        assert!(
            channels
                .chunks(2)
                .eq(whole[0].iter().zip(&whole[1]).map(|(l, r)| [*l, *r]))
        );
    }

    #[test]
    fn silence_stays_and_becomes_silence_and_a_few_samples_remain_so_many() {
        assert_eq!(
            widened(&[0.0; 9000], 1.0, 44100),
            [vec![0.0; 9000], vec![0.0; 9000]]
        );
        let mut click = vec![0.0; 200_000];
        click[0] = 1.0;
        let [left, right] = widened(&click, 1.0, 44100);
        for channel in [left, right] {
            assert!(channel[..5000].iter().any(|sample| *sample != 0.0));
            assert!(channel[150_000..].iter().all(|sample| *sample == 0.0));
        }
        for samples in 0..4 {
            widened(&vec![0.5; samples], 1.0, 44100);
        }
    }

    #[test]
    fn the_end_is_as_soft_as_that_of_the_mono_sound() {
        let rate = 44100;
        let mut mono = signal(&sine(0.5, 440.0, rate, 44100), rate).samples;
        let fade = 2205;
        for (n, sample) in mono.iter_mut().rev().take(fade).enumerate() {
            *sample *= (0.5 - 0.5 * (PI * n as f64 / fade as f64).cos()).powi(2) as f32;
        }
        for channel in widened(&mono, 1.0, rate) {
            let last = channel[44100 - 220..]
                .iter()
                .fold(0_f32, |p, s| p.max(s.abs()));
            assert!(last < 0.5 * 0.01, "{last}");
        }
    }
}
