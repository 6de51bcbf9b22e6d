//! Sound of magnitude frames (the channel vocoder of dissertation 3.2).

use std::f64::consts::TAU;
use std::sync::Arc;

use rand::RngExt;

use super::inverse_fourier::{InverseFourier, cross_fade};
use super::oscillator_bank::OscillatorBank;
use crate::random::Stream;

/// Makes sound of frames as they come: one oscillator per bin, at the bin's centre
/// frequency, whose amplitude runs linearly from frame to frame.
///
/// Its memory does not grow. Its sound is the same however frames are handed over, and
/// a clone goes on as the original would.
#[derive(Clone)]
pub struct Resynthesis {
    bins: usize,
    hop_size: usize,
    peaks_only: bool,
    /// The only method to use, if not the cheaper one of each hop.
    method: Option<Method>,
    bank: Arc<OscillatorBank>,
    inverse: InverseFourier,
    /// The last frame but one, and the last frame.
    ends: [Frame; 2],
    /// The last frame's time in samples, modulo `2 · bins`, after which all oscillators
    /// are where they were: phases are as exact after hours as at first.
    now: Option<usize>,
}

/// How the sound is computed. Both ways it is the same sound, but for rounding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Oscillators one by one, as in the dissertation: a bin costs only where it sounds.
    OscillatorBank,
    /// A transform of each frame, cross-faded with that of the next: all hops cost the same.
    InverseFourier,
}

/// A frame that sounds.
#[derive(Clone, Default)]
struct Frame {
    /// Those bins' amplitudes that sound, the others being zero, `[bins]`.
    amplitudes: Vec<f32>,
    /// The period of its sound, `[2 · bins]`; nothing while nobody needed it.
    period: Vec<f32>,
}

impl Resynthesis {
    /// For frames of `bins` up to half the sampling rate, `hop_size` samples apart.
    /// Initial phases are drawn from `phases`; with `peaks_only`, a bin of a frame sounds
    /// only where it is larger than both its neighbours.
    pub fn new(bins: usize, hop_size: usize, peaks_only: bool, phases: &mut Stream) -> Self {
        let phases = initial_phases(bins, phases);
        Resynthesis {
            bins,
            hop_size,
            peaks_only,
            method: None,
            bank: Arc::new(OscillatorBank::new(&phases)),
            inverse: InverseFourier::new(&phases),
            ends: Default::default(),
            now: None,
        }
    }

    /// By this method only, whatever it costs.
    pub fn by(self, method: Method) -> Self {
        Resynthesis {
            method: Some(method),
            ..self
        }
    }

    /// Takes the next frame's amplitudes, `[bins]`, and appends the `hop_size` samples
    /// between it and the frame before to `sound`: none, if it is the first.
    pub fn push(&mut self, amplitudes: &[f32], sound: &mut Vec<f32>) {
        self.ends.swap(0, 1);
        self.ends[1].become_frame(amplitudes, self.peaks_only);
        let Some(start) = self.now else {
            self.now = Some(0);
            return;
        };
        self.now = Some((start + self.hop_size) % (2 * self.bins));
        match self.method.unwrap_or_else(|| self.cheaper()) {
            Method::OscillatorBank => {
                let [from, to] = &self.ends;
                let ends = [&*from.amplitudes, &*to.amplitudes];
                self.bank.hop(ends, start, self.hop_size, sound);
            }
            Method::InverseFourier => {
                for end in &mut self.ends {
                    end.transform(&mut self.inverse);
                }
                let [from, to] = &self.ends;
                cross_fade([&from.period, &to.period], start, self.hop_size, sound);
            }
        }
    }

    /// The sound of `amplitudes`, `[frames, bins]`, that follow those before:
    /// `hop_size` samples for each frame but the very first.
    pub fn resynthesise(&mut self, amplitudes: &[f32]) -> Vec<f32> {
        let mut sound = Vec::with_capacity(amplitudes.len() / self.bins * self.hop_size);
        for frame in amplitudes.chunks_exact(self.bins) {
            self.push(frame, &mut sound);
        }
        sound
    }

    /// The method that takes less time for the hop between the two last frames.
    fn cheaper(&self) -> Method {
        let [from, to] = &self.ends;
        let ends = from.amplitudes.iter().zip(&to.amplitudes);
        let sounding = ends.filter(|(from, to)| **from != 0.0 || **to != 0.0);
        let transform = self.bins * (self.bins.ilog2() as usize + 1);
        match sounding.count() * self.hop_size < transform {
            true => Method::OscillatorBank,
            false => Method::InverseFourier,
        }
    }
}

impl Frame {
    /// Becomes the frame of `amplitudes`, of which all sound, or the peaks (3.2, step 1).
    fn become_frame(&mut self, amplitudes: &[f32], peaks_only: bool) {
        self.period.clear();
        self.amplitudes.clear();
        if !peaks_only {
            self.amplitudes.extend_from_slice(amplitudes);
            return;
        }
        self.amplitudes.resize(amplitudes.len(), 0.0);
        for (bin, near) in amplitudes.windows(3).enumerate() {
            if near[1] > near[0] && near[1] > near[2] {
                self.amplitudes[bin + 1] = near[1];
            }
        }
    }

    /// Finds its sound's period, if that is not known.
    fn transform(&mut self, inverse: &mut InverseFourier) {
        if self.period.is_empty() {
            self.period.resize(2 * self.amplitudes.len(), 0.0);
            inverse.period(&self.amplitudes, &mut self.period);
        }
    }
}

/// Phases in radians, one per bin.
fn initial_phases(bins: usize, random: &mut Stream) -> Vec<f64> {
    (0..bins).map(|_| random.random_range(0.0..TAU)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::stream;

    const METHODS: [Option<Method>; 3] = [
        None,
        Some(Method::OscillatorBank),
        Some(Method::InverseFourier),
    ];

    fn resynthesis(bins: usize, hop_size: usize, peaks_only: bool) -> Resynthesis {
        Resynthesis::new(bins, hop_size, peaks_only, &mut stream(7, "phases"))
    }

    /// Frames of which about one bin in `one_in` sounds.
    fn frames(count: usize, bins: usize, one_in: u32) -> Vec<f32> {
        let mut random = stream(8, "test");
        let mut amplitude = |_| match random.random_range(0..one_in) {
            0 => random.random_range(0.0..0.1),
            _ => 0.0,
        };
        (0..count * bins).map(&mut amplitude).collect()
    }

    /// Section 3.2 word for word: envelopes for each bin, oscillators, product, sum.
    /// The first frame is `start` hops after sample 0.
    fn naive(
        amplitudes: &[f32],
        bins: usize,
        hop_size: usize,
        peaks_only: bool,
        start: usize,
    ) -> Vec<f64> {
        let phases = initial_phases(bins, &mut stream(7, "phases"));
        let frames = amplitudes.len() / bins;
        let at = |frame: usize, bin: usize| {
            let row = &amplitudes[frame * bins..][..bins];
            let keep = !peaks_only
                || (bin > 0
                    && bin + 1 < bins
                    && row[bin] > row[bin - 1]
                    && row[bin] > row[bin + 1]);
            if keep { f64::from(row[bin]) } else { 0.0 }
        };
        (0..(frames - 1) * hop_size)
            .map(|n| {
                let (frame, share) = (n / hop_size, (n % hop_size) as f64 / hop_size as f64);
                let time = (start * hop_size + n) as f64;
                (0..bins)
                    .map(|bin| {
                        let envelope = at(frame, bin) * (1.0 - share) + at(frame + 1, bin) * share;
                        let frequency = bin as f64 / (2 * bins) as f64;
                        envelope * (TAU * frequency * time + phases[bin]).sin()
                    })
                    .sum()
            })
            .collect()
    }

    /// Fails unless the sounds differ by less than 2e-6 of the peak.
    fn assert_same(sound: &[f32], naive: &[f64]) {
        assert_eq!(sound.len(), naive.len());
        let peak = naive.iter().fold(0.0, |peak: f64, s| peak.max(s.abs()));
        assert!(peak > 0.0);
        for (n, (fast, slow)) in sound.iter().zip(naive).enumerate() {
            let apart = (f64::from(*fast) - slow).abs();
            assert!(apart < 2e-6 * peak, "sample {n}: {fast} for {slow}");
        }
    }

    #[test]
    fn every_method_equals_the_naive_double_loop() {
        for (bins, hop_size) in [(32, 50), (33, 1), (37, 300), (3, 7), (128, 64), (512, 700)] {
            for (peaks_only, one_in) in [(false, 1), (false, 9), (true, 1), (true, 2)] {
                let amplitudes = frames(6, bins, one_in);
                let slow = naive(&amplitudes, bins, hop_size, peaks_only, 0);
                for method in METHODS {
                    let fast = Resynthesis {
                        method,
                        ..resynthesis(bins, hop_size, peaks_only)
                    };
                    assert_same(&{ fast }.resynthesise(&amplitudes), &slow);
                }
            }
        }
    }

    #[test]
    fn phases_are_right_after_hours() {
        let (bins, hop_size) = (24, 4096);
        let hops = 3 * 3600 * 44100 / hop_size;
        let amplitudes = frames(4, bins, 2);
        let slow = naive(&amplitudes, bins, hop_size, false, hops);
        let mut silent = resynthesis(bins, hop_size, false);
        let mut sound = Vec::new();
        for _ in 0..hops {
            sound.clear();
            silent.push(&[0.0; 24], &mut sound);
        }
        assert_eq!(sound, vec![0.0; hop_size]);
        silent.push(&amplitudes[..bins], &mut sound);
        for method in METHODS {
            let mut fast = Resynthesis {
                method,
                ..silent.clone()
            };
            assert_same(&fast.resynthesise(&amplitudes[bins..]), &slow);
        }
    }

    #[test]
    fn sparse_hops_are_oscillators_and_others_transforms() {
        let mut sound = Vec::new();
        let mut some = resynthesis(512, 256, false);
        some.push(&[0.0; 512], &mut sound);
        some.push(&[0.0; 512], &mut sound);
        assert_eq!(some.cheaper(), Method::OscillatorBank);
        some.push(&[0.1; 512], &mut sound);
        assert_eq!(some.cheaper(), Method::InverseFourier);
    }

    #[test]
    fn the_sound_is_the_same_however_frames_are_chopped() {
        let (bins, hop_size) = (64, 48);
        let mut amplitudes = frames(9, bins, 1);
        amplitudes.extend(frames(9, bins, 40));
        let whole = resynthesis(bins, hop_size, false).resynthesise(&amplitudes);
        for frames in [1, 2, 5, 17] {
            let mut chopped = resynthesis(bins, hop_size, false);
            let parts = amplitudes.chunks(frames * bins);
            let sound: Vec<f32> = parts.flat_map(|part| chopped.resynthesise(part)).collect();
            assert_eq!(sound, whole);
        }
    }

    #[test]
    fn a_clone_goes_on_as_the_original() {
        let (bins, hop_size) = (16, 20);
        let amplitudes = frames(8, bins, 1);
        let mut original = resynthesis(bins, hop_size, false);
        original.resynthesise(&amplitudes[..3 * bins]);
        let mut clone = original.clone();
        original.resynthesise(&amplitudes[..5 * bins]);
        let sound = clone.resynthesise(&amplitudes[3 * bins..]);
        let whole = resynthesis(bins, hop_size, false).resynthesise(&amplitudes);
        assert_eq!(sound, whole[2 * hop_size..]);
    }

    #[test]
    fn peaks_have_two_smaller_neighbours() {
        let mut frame = Frame::default();
        frame.become_frame(&[3.0, 1.0, 2.0, 1.0, 4.0], true);
        assert_eq!(frame.amplitudes, [0.0, 0.0, 2.0, 0.0, 0.0]);
        frame.become_frame(&[0.0, 2.0, 2.0, 0.0, 0.0], true);
        assert_eq!(frame.amplitudes, [0.0; 5]);
    }

    #[test]
    fn one_frame_or_none_is_no_sound() {
        assert!(resynthesis(4, 8, false).resynthesise(&[]).is_empty());
        assert!(resynthesis(4, 8, false).resynthesise(&[1.0; 4]).is_empty());
    }
}
