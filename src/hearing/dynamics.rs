//! How loud and how lively a sound is: what it does over time, by which answers
//! are measured against the training audio.

use std::collections::VecDeque;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::audio::{Signal, Sound};
use crate::frames::{Analysis, Frames};

/// Length of the blocks that are compared with each other.
const BLOCK_SECONDS: f64 = 0.1;
/// Spectra are of two blocks each: an oscillator bank's sound repeats itself
/// within that time when its frames do.
const BLOCKS_OF_A_SPECTRUM: usize = 2;
/// Spectra of one stretch.
const SPECTRA: usize = 24;
/// Bands, each as wide as the next in octaves, and where the lowest begins in Hz.
const BANDS: usize = 20;
const LOWEST_BAND: f64 = 50.0;
/// Bands further below the loudest, in decibels, do not matter.
const BANDS_WITHIN: f64 = 30.0;

/// Spectra that a burst lasts: half a second and a spectrum's own length.
const SPECTRA_OF_A_BURST: usize = 6;
/// A band below this, in decibels of full scale, counts as being there.
const QUIETEST: f64 = -80.0;

/// Spectra that wide noise lasts: a second.
const SPECTRA_OF_NOISE: usize = 10;
/// Frequencies, in Hz, between which it is wide: lower ones rumble, and higher ones are
/// noise in much music.
const WIDE: Range<f64> = 200.0..5000.0;
/// Noise below this, in decibels of full scale, is that of a pause.
const AUDIBLE: f64 = -50.0;
/// Flatness of what is not audible, in decibels.
const SILENT_FLATNESS: f64 = -200.0;

/// What a sound does over time, by which answers are measured against the training
/// audio; `None` where it is too short or that is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Dynamics {
    /// How loud it stays in all its bands at once where it is loudest: the mean
    /// over the bands, in decibels of full scale, of the least that each has in
    /// some half a second. Louder than that for long is a burst.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sustained: Option<f64>,
    /// How much the stretch of it changes that changes least, in decibels; silent
    /// ones aside. Changing less than that is a drone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least_change: Option<f64>,
    /// How noisy it stays for a second where it is noisiest: the least spectral flatness,
    /// between 200 Hz and 5 kHz, in decibels; that of noise is about -3, that of tones -20
    /// and less. Noisier than that for as long is a burst as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noisiest: Option<f64>,
}

impl Dynamics {
    /// That of `signal`.
    pub fn of(signal: &Signal) -> Dynamics {
        let mut meter = DynamicsMeter::of_long(signal.sample_rate);
        let samples = &signal.samples;
        samples.each_of(0..samples.len(), &mut |piece| meter.push(piece));
        meter.finish()
    }

    /// That of a sound that consists of this one and the `other`: as loud as the
    /// louder, as noisy as the noisier, and changing as little as the one that changes less.
    pub fn with(self, other: Dynamics) -> Dynamics {
        let sustained = self.sustained.into_iter().chain(other.sustained);
        let least_change = self.least_change.into_iter().chain(other.least_change);
        let noisiest = self.noisiest.into_iter().chain(other.noisiest);
        Dynamics {
            sustained: sustained.max_by(f64::total_cmp),
            least_change: least_change.min_by(f64::total_cmp),
            noisiest: noisiest.max_by(f64::total_cmp),
        }
    }
}

/// Samples of the blocks that the levels of a sound at `sample_rate` Hz are compared in.
pub(crate) fn block_len(sample_rate: u32) -> usize {
    ((BLOCK_SECONDS * f64::from(sample_rate)) as usize).max(2)
}

/// Finds out the dynamics of a sound that comes piece by piece.
pub struct DynamicsMeter {
    frames: Frames,
    /// The band of each bin of a spectrum.
    bands: Vec<usize>,
    /// Level of a tone at full scale, in decibels.
    full_scale: f64,
    /// Spectra that are least asked of a sound that changes.
    least: usize,
    /// Level of each band in decibels in the newest spectra, at most those of a stretch.
    newest: VecDeque<[f64; BANDS]>,
    /// Bins between which noise is wide.
    wide: Range<usize>,
    /// Flatness of the newest spectra, in decibels, at most those of a second.
    flat: VecDeque<f64>,
    found: Dynamics,
}

impl DynamicsMeter {
    /// Of a sound at `sample_rate` Hz, of which it is not said how much it changes if it has
    /// fewer than `least` spectra of 0.2 s, 0.1 s apart.
    pub fn new(sample_rate: u32, least: usize) -> DynamicsMeter {
        let hop_size = block_len(sample_rate);
        let analysis = Analysis {
            window_size: BLOCKS_OF_A_SPECTRUM * hop_size,
            hop_size,
            zero_padding: false,
        };
        let hz = f64::from(sample_rate) / analysis.window_size as f64;
        let octaves = (0.5 * f64::from(sample_rate) / LOWEST_BAND).log2();
        let band = |bin: usize| {
            let octave = (bin as f64 * hz / LOWEST_BAND).log2();
            ((octave / octaves * BANDS as f64).max(0.0) as usize).min(BANDS - 1)
        };
        DynamicsMeter {
            frames: analysis.frames(),
            bands: (0..analysis.bins()).map(band).collect(),
            // A quarter of the window, whose mean is one half.
            full_scale: 20.0 * (analysis.window_size as f64 / 4.0).log10(),
            least,
            newest: VecDeque::with_capacity(SPECTRA),
            wide: {
                let bin = |frequency: f64| ((frequency / hz) as usize).min(analysis.bins());
                bin(WIDE.start)..bin(WIDE.end)
            },
            flat: VecDeque::with_capacity(SPECTRA_OF_NOISE),
            found: Dynamics::default(),
        }
    }

    /// Of a sound at `sample_rate` Hz as long as training audio is.
    pub fn of_long(sample_rate: u32) -> DynamicsMeter {
        DynamicsMeter::new(sample_rate, SPECTRA)
    }

    /// Goes on with `samples`.
    pub fn push(&mut self, samples: &[f32]) {
        let DynamicsMeter {
            frames,
            bands,
            newest,
            wide,
            flat,
            found,
            full_scale,
            ..
        } = self;
        frames.push(samples, |spectrum| {
            let mut powers = [f64::MIN_POSITIVE; BANDS];
            for (band, magnitude) in bands.iter().zip(spectrum) {
                powers[*band] += f64::from(*magnitude).powi(2);
            }
            if newest.len() == SPECTRA {
                newest.pop_front();
            }
            newest.push_back(powers.map(|power| 10.0 * power.log10()));
            let stretch = newest.make_contiguous();
            if flat.len() == SPECTRA_OF_NOISE {
                flat.pop_front();
            }
            flat.push_back(flatness(&spectrum[wide.clone()], *full_scale));
            let noisy = (flat.len() == SPECTRA_OF_NOISE)
                .then(|| flat.iter().copied().fold(f64::INFINITY, f64::min));
            let changes = match stretch.len() {
                SPECTRA => change(stretch),
                _ => None,
            };
            *found = found.with(Dynamics {
                sustained: sustained(stretch, *full_scale),
                least_change: changes,
                noisiest: noisy,
            });
        });
    }

    /// What was found.
    pub fn finish(mut self) -> Dynamics {
        let is_short = (self.least..SPECTRA).contains(&self.newest.len());
        if is_short {
            self.found.least_change = change(self.newest.make_contiguous());
        }
        self.found
    }
}

/// Spectral flatness of these magnitudes, in decibels: how far the mean of their powers'
/// logarithms is below the logarithm of the powers' mean. As little as can be, where they
/// are not audible.
fn flatness(magnitudes: &[f32], full_scale: f64) -> f64 {
    let power = |magnitude: &f32| f64::from(*magnitude).powi(2) + f64::MIN_POSITIVE;
    let n = magnitudes.len().max(1) as f64;
    let sum: f64 = magnitudes.iter().map(power).sum();
    if 10.0 * sum.log10() - full_scale < AUDIBLE {
        return SILENT_FLATNESS;
    }
    let logarithms: f64 = magnitudes.iter().map(|m| power(m).log10()).sum();
    10.0 * (logarithms / n - (sum / n).log10())
}

/// [`Dynamics::sustained`] of the newest half a second of a sound of these bands.
fn sustained(bands: &[[f64; BANDS]], full_scale: f64) -> Option<f64> {
    let newest = bands.len().checked_sub(SPECTRA_OF_A_BURST)?;
    let least = |band: usize| {
        let levels = bands[newest..].iter().map(|levels| levels[band]);
        (levels.fold(f64::INFINITY, f64::min) - full_scale).max(QUIETEST)
    };
    Some((0..BANDS).map(least).sum::<f64>() / BANDS as f64)
}

/// How far the bands that matter usually are from their medians; medians
/// throughout, so that a click in a buzz does not make it lively.
fn change(stretch: &[[f64; BANDS]]) -> Option<f64> {
    let of_band = |band: usize| {
        let levels: Vec<f64> = stretch.iter().map(|levels| levels[band]).collect();
        let usual = median(levels.clone());
        let distances = levels.iter().map(|level| (level - usual).abs());
        (usual, median(distances.collect()))
    };
    let bands: Vec<(f64, f64)> = (0..BANDS).map(of_band).collect();
    let loudest = bands.iter().map(|(usual, _)| *usual).fold(-200.0, f64::max);
    let matter = bands.iter().filter(|(l, _)| *l > loudest - BANDS_WITHIN);
    let distances: Vec<f64> = matter.map(|(_, distance)| *distance).collect();
    (loudest > -200.0).then(|| median(distances))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
