//! The two kinds of sequence that a network sees, and all in which they differ.

use crate::frames::{Analysis, OscillatorBank};
use crate::hyperparameters::{Hyperparameters, MagnitudeScale};
use crate::random::Stream;

/// What a sequence consists of.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Samples, from -1 to 1.
    Audio,
    /// Magnitude frames, `[frames, bins]`.
    Spectrum(Spectrum),
}

/// How sound becomes magnitude frames, and they become sound.
#[derive(Clone, Debug, PartialEq)]
pub struct Spectrum {
    pub analysis: Analysis,
    /// How magnitudes are scaled for the network.
    pub scale: MagnitudeScale,
    /// Whether only peaks of a frame sound.
    pub peaks_only: bool,
}

impl Kind {
    /// That of a network by `hyperparameters`.
    pub fn new(hyperparameters: &Hyperparameters) -> Kind {
        match hyperparameters.use_fft {
            false => Kind::Audio,
            true => Kind::Spectrum(Spectrum {
                analysis: Analysis {
                    window_size: hyperparameters.window_size,
                    hop_size: hyperparameters.hop_size,
                    zero_padding: hyperparameters.zero_padding,
                },
                scale: hyperparameters.magnitude_scale,
                peaks_only: hyperparameters.peak_picking,
            }),
        }
    }

    /// Values in one element: a sample, or a frame's bins.
    pub fn width(&self) -> usize {
        match self {
            Kind::Audio => 1,
            Kind::Spectrum(spectrum) => spectrum.analysis.bins(),
        }
    }

    /// Samples between the starts of adjacent elements.
    pub fn hop(&self) -> usize {
        match self {
            Kind::Audio => 1,
            Kind::Spectrum(spectrum) => spectrum.analysis.hop_size,
        }
    }

    /// Samples of one element alone.
    pub fn samples_of_one(&self) -> usize {
        match self {
            Kind::Audio => 1,
            Kind::Spectrum(spectrum) => spectrum.analysis.window_size,
        }
    }

    /// Elements that lie wholly within `samples` samples.
    pub fn elements_in(&self, samples: usize) -> usize {
        match samples.checked_sub(self.samples_of_one()) {
            Some(rest) => rest / self.hop() + 1,
            None => 0,
        }
    }

    /// Elements that sound for `samples` samples: an oscillator bank needs a
    /// frame at both ends of each hop.
    pub fn elements_to_sound(&self, samples: usize) -> usize {
        match self {
            Kind::Audio => samples,
            Kind::Spectrum(_) => samples.div_ceil(self.hop()) + 1,
        }
    }

    /// The elements of a sound, unscaled.
    pub fn analyse(&self, sound: Vec<f32>) -> Vec<f32> {
        match self {
            Kind::Audio => sound,
            Kind::Spectrum(spectrum) => spectrum.analysis.magnitudes(&sound).magnitudes,
        }
    }

    /// What the network sees for `value`, a share of the largest.
    pub fn compress(&self, value: f32) -> f32 {
        match self {
            Kind::Audio => value,
            Kind::Spectrum(spectrum) => spectrum.scale.compress(value),
        }
    }

    /// The share of the largest that the network sees as `value`.
    pub fn expand(&self, value: f32) -> f32 {
        match self {
            Kind::Audio => value,
            Kind::Spectrum(spectrum) => spectrum.scale.expand(value),
        }
    }

    /// Takes out of `values` that a network predicted what is none: a magnitude
    /// is never negative.
    pub fn confine(&self, values: &mut [f32]) {
        match self {
            Kind::Audio => (),
            Kind::Spectrum(_) => {
                for magnitude in values {
                    *magnitude = magnitude.max(0.0);
                }
            }
        }
    }

    /// The sound of `elements` that the network saw or predicted, where 1 stands
    /// for `largest`; oscillators start at random `phases`.
    pub fn sound(&self, mut elements: Vec<f32>, largest: f32, phases: &mut Stream) -> Vec<f32> {
        match self {
            Kind::Audio => {
                elements.iter_mut().for_each(|sample| *sample *= largest);
                elements
            }
            Kind::Spectrum(spectrum) => spectrum.resynthesise(elements, largest, phases),
        }
    }
}

impl Spectrum {
    fn resynthesise(&self, mut frames: Vec<f32>, largest: f32, phases: &mut Stream) -> Vec<f32> {
        let (analysis, peaks_only) = (&self.analysis, self.peaks_only);
        let amplitude = largest * analysis.amplitude_of_unit_magnitude(peaks_only);
        for magnitude in &mut frames {
            *magnitude = amplitude * self.scale.expand(*magnitude);
        }
        OscillatorBank::new(analysis.bins(), analysis.hop_size, peaks_only, phases)
            .resynthesise(&frames)
    }
}
