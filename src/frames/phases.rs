//! Phases for magnitude frames, frame by frame.
//!
//! A sound's phases follow from its magnitudes. Along time, a peak's phase turns by the
//! peak's frequency, which a parabola through the logarithms of its three largest bins
//! finds between bins (Beauregard, Harish and Wyse, *Single Pass Spectrogram Inversion*,
//! 2015). Along frequency, phases fall by the time, counted from the frame's centre, at
//! which the bins' energy lies; for a window close to Gauss's that is the slope of the
//! logarithms over time (Průša, Balazs and Søndergaard, *A Noniterative Method for
//! Reconstruction of Phase From STFT Magnitude*, 2017). The bins around a peak are locked
//! to it by this slope: what is steady lies in the middle of its frame, and what begins
//! lies where it begins.
//!
//! Where a peak was much softer in the frame before, as at an onset, its own phase says
//! nothing, and it is locked to the peak beside it instead. Of all such ways that which
//! goes by the largest magnitudes is taken, as Průša's integration by a heap does for
//! bins; done for peaks it takes a small part of the time.

use std::collections::BinaryHeap;
use std::f64::consts::PI;

use rand::RngExt;
use rustfft::num_complex::Complex32;

use super::elementary::{falls, largest, logarithms, spectrum};
use super::spectrum::Analysis;
use crate::random::Stream;

/// Blackman's window is about `exp(-π t² / γ)`, with this `γ` in squares of its length
/// (Průša et al., Table 1).
const GAMMA: f64 = 0.17954;
/// Magnitudes below this share of the largest near them count as this share.
const FLOOR: f32 = 1e-5;
/// A peak is locked to the one beside it where what lies between them is more than so
/// many times what it was itself in the frame before.
const ONSET: f32 = 2.0;

/// Magnitudes, and their logarithms, of one frame, `[bins]` each.
#[derive(Clone)]
pub struct Magnitudes {
    pub values: Vec<f32>,
    logarithms: Vec<f32>,
    largest: f32,
}

impl Magnitudes {
    pub fn silent(bins: usize) -> Magnitudes {
        Magnitudes {
            values: vec![0.0; bins],
            logarithms: vec![0.0; bins],
            largest: 0.0,
        }
    }

    /// To be called when values have changed.
    pub fn have_changed(&mut self) {
        logarithms(&self.values, &mut self.logarithms);
        self.largest = largest(&self.values);
    }
}

/// The phases of the newest frame, and what the next ones' are found in.
///
/// Phases are in turns, and count from the frame's centre.
#[derive(Clone)]
pub struct Phases {
    fft_len: usize,
    /// Turns from bin to bin for a logarithm's slope of 1 per sample.
    per_slope: f32,
    /// The most turns from bin to bin, either way: energy lies within the window.
    steepest: f32,
    /// Of the newest frame, `[bins]`.
    turns: Vec<f32>,
    is_first: bool,
    /// Turns of each bin from bin 0, as the slope over time has it, `[bins]`.
    from_first: Vec<f32>,
    peaks: Vec<Peak>,
    /// Ways to peaks that are still open, by their magnitudes' bits.
    open: BinaryHeap<(u32, usize, Way)>,
}

/// A bin that is larger than its neighbours, and the bins that are locked to it.
#[derive(Clone, Copy)]
struct Peak {
    bin: usize,
    value: f32,
    /// Bins, between which its frequency lies.
    frequency: f64,
    /// The first bin of the next peak's, and the magnitude there.
    end: usize,
    valley: f32,
    /// Turns, once they are known.
    turns: Option<f32>,
}

/// Where a peak's phase comes from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    /// From the frame before.
    Time,
    /// From the peak before.
    Below,
    /// From the peak after.
    Above,
}

/// A frame and its neighbours; one of them stands for itself where it has none.
pub struct Beside<'a> {
    pub before: &'a Magnitudes,
    pub frame: &'a Magnitudes,
    pub after: &'a Magnitudes,
    /// Samples from `before` to `after` as they were heard.
    pub apart: f32,
    /// Samples from `before` to `frame` as they are to sound.
    pub step: usize,
}

impl Phases {
    /// For frames of `analysis`, of which the first one's phases are drawn from `random`.
    pub fn new(analysis: &Analysis, random: &mut Stream) -> Phases {
        let (window, fft_len) = (analysis.window_size as f64, analysis.fft_len() as f64);
        let bins = analysis.bins();
        Phases {
            fft_len: analysis.fft_len(),
            per_slope: (GAMMA * window * window / fft_len / (2.0 * PI)) as f32,
            steepest: (0.5 * window / fft_len) as f32,
            turns: (0..bins).map(|_| random.random_range(0.0..1.0)).collect(),
            is_first: true,
            from_first: vec![0.0; bins],
            peaks: Vec::with_capacity(bins / 2 + 1),
            open: BinaryHeap::new(),
        }
    }

    /// Goes on to the next frame, and writes its bins to `to`, `[bins]`.
    pub fn advance(&mut self, beside: &Beside, to: &mut [Complex32]) {
        let near = [beside.before, beside.frame, beside.after];
        let largest = near.into_iter().map(|frame| frame.largest);
        let floor = FLOOR * largest.fold(f32::MIN_POSITIVE / FLOOR, f32::max);
        self.lean(beside, floor);
        self.find_peaks(beside.frame, floor);
        self.turn_peaks(beside);
        self.lock(beside.step);
        self.is_first = false;
        spectrum(&beside.frame.values, &mut self.turns, to);
    }

    /// Turns from the first bin to each other, by the slope over time.
    fn lean(&mut self, beside: &Beside, floor: f32) {
        let scale = match beside.apart > 0.0 {
            true => self.per_slope / beside.apart,
            false => 0.0,
        };
        let [before, after] = [beside.before, beside.after].map(|frame| &*frame.logarithms);
        let (floor, most) = (floor.ln(), self.steepest);
        falls(before, after, floor, scale, most, &mut self.from_first);
        let (mut sum, mut last) = (0.0, self.from_first[0]);
        for lean in &mut self.from_first {
            sum += 0.5 * (last + *lean);
            last = *lean;
            *lean = sum;
        }
    }

    fn find_peaks(&mut self, frame: &Magnitudes, floor: f32) {
        self.peaks.clear();
        let (values, logs) = (&frame.values, &frame.logarithms);
        // What is constant is one, whose phase is none.
        if values.len() > 1 && values[0] > values[1] && values[0] > floor {
            self.peaks.push(Peak::at(0, 0.0, values));
        }
        let mut lowest = (f32::INFINITY, 0);
        for (before, near) in values.windows(3).enumerate() {
            let bin = before + 1;
            if near[1] <= lowest.0 {
                lowest = (near[1], bin);
            }
            if near[1] > near[0] && near[1] >= near[2] && near[1] > floor {
                if let Some(last) = self.peaks.last_mut() {
                    (last.valley, last.end) = lowest;
                }
                let shift = vertex([logs[bin - 1], logs[bin], logs[bin + 1]]);
                let frequency = bin as f64 + f64::from(shift);
                self.peaks.push(Peak::at(bin, frequency, values));
                lowest = (f32::INFINITY, 0);
            }
        }
    }

    /// Finds all peaks' turns.
    fn turn_peaks(&mut self, beside: &Beside) {
        let before = &beside.before.values;
        let own = |peak: &Peak| ONSET * before[peak.bin];
        let mut first = 0;
        for last in 0..self.peaks.len() {
            let peak = self.peaks[last];
            let is_linked = self
                .peaks
                .get(last + 1)
                .is_some_and(|next| peak.valley > own(&peak).min(own(next)) && !self.is_first);
            if is_linked {
                continue;
            }
            if first == last {
                self.peaks[last].turns = Some(self.in_time(&peak, beside.step));
            } else {
                self.turn_linked(first, last, own, beside.step);
            }
            first = last + 1;
        }
    }

    /// Finds the turns of peaks `first` to `last`, by the ways of the largest magnitudes.
    fn turn_linked(&mut self, first: usize, last: usize, own: impl Fn(&Peak) -> f32, step: usize) {
        self.open.clear();
        let starts = (first..=last).map(|n| (own(&self.peaks[n]).to_bits(), n, Way::Time));
        self.open.extend(starts);
        // Where nothing was before, the largest begins.
        if self.open.peek().is_none_or(|largest| largest.0 == 0) {
            let value = |n: &usize| self.peaks[*n].value;
            let begin = (first..=last).max_by(|a, b| value(a).total_cmp(&value(b)));
            self.open.push((1, begin.unwrap_or(first), Way::Time));
        }
        while let Some((_, n, way)) = self.open.pop() {
            let peak = self.peaks[n];
            if peak.turns.is_some() {
                continue;
            }
            let beside = |other: &Peak| {
                let turns = other.turns.unwrap_or_default();
                turns + self.from_first[peak.bin] - self.from_first[other.bin]
            };
            let turns = match way {
                Way::Time => self.in_time(&peak, step),
                Way::Below => beside(&self.peaks[n - 1]),
                Way::Above => beside(&self.peaks[n + 1]),
            };
            self.peaks[n].turns = Some(turns);
            if n < last && self.peaks[n + 1].turns.is_none() {
                self.open.push((peak.valley.to_bits(), n + 1, Way::Below));
            }
            if n > first && self.peaks[n - 1].turns.is_none() {
                let valley = self.peaks[n - 1].valley;
                self.open.push((valley.to_bits(), n - 1, Way::Above));
            }
        }
    }

    /// A peak's turns by its frequency, `step` samples after the frame before.
    fn in_time(&self, peak: &Peak, step: usize) -> f32 {
        match peak.bin {
            0 => 0.0,
            _ => self.after(peak.bin, peak.frequency, step),
        }
    }

    fn after(&self, bin: usize, frequency: f64, step: usize) -> f32 {
        let step = if self.is_first { 0 } else { step };
        let turned = frequency * step as f64 / self.fft_len as f64;
        self.turns[bin] + turned.fract() as f32
    }

    /// Locks all bins to their peaks; without any, each turns by its own frequency.
    fn lock(&mut self, step: usize) {
        if self.peaks.is_empty() {
            for bin in 0..self.turns.len() {
                self.turns[bin] = self.after(bin, bin as f64, step);
            }
        }
        let mut begin = 0;
        for peak in &self.peaks {
            let of_first = peak.turns.unwrap_or_default() - self.from_first[peak.bin];
            let leans = &self.from_first[begin..peak.end];
            for (turns, lean) in self.turns[begin..peak.end].iter_mut().zip(leans) {
                *turns = of_first + lean;
            }
            begin = peak.end;
        }
    }
}

impl Peak {
    /// The last one of `values` so far.
    fn at(bin: usize, frequency: f64, values: &[f32]) -> Peak {
        Peak {
            bin,
            value: values[bin],
            frequency,
            end: values.len(),
            valley: 0.0,
            turns: None,
        }
    }
}

/// Where the parabola through three values, of which the second is no smaller than the
/// others, is largest, from the second on.
fn vertex([below, middle, above]: [f32; 3]) -> f32 {
    let bend = below - 2.0 * middle + above;
    match bend < 0.0 {
        true => 0.5 * (below - above) / bend,
        false => 0.0,
    }
}
