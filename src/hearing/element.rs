//! What the sequence that a network sees consists of, and all that differs with it.

use crate::frames::{Analysis, PhaseLocked, Resynthesis};
use crate::hyperparameters::{Hyperparameters, MagnitudeScale, Vocoder};
use crate::random::Stream;

/// One element of a sequence.
#[derive(Clone, Debug, PartialEq)]
pub enum Element {
    /// A sample, from -1 to 1.
    Sample,
    /// A magnitude frame, `[bins]`, each from 0 to 1.
    Frame(Spectrum),
}

/// How sound becomes magnitude frames, and they become sound.
#[derive(Clone, Debug, PartialEq)]
pub struct Spectrum {
    pub analysis: Analysis,
    /// How magnitudes are scaled for the network.
    pub scale: MagnitudeScale,
    /// What makes sound of frames.
    pub vocoder: Vocoder,
    /// Whether only peaks of a frame sound by the oscillator bank.
    pub peaks_only: bool,
}

impl Element {
    /// That of a network by `hyperparameters`.
    pub fn new(hyperparameters: &Hyperparameters) -> Element {
        match hyperparameters.format.use_fft {
            false => Element::Sample,
            true => Element::Frame(Spectrum {
                analysis: Analysis {
                    window_size: hyperparameters.format.window_size,
                    hop_size: hyperparameters.format.hop_size,
                    zero_padding: hyperparameters.format.zero_padding,
                },
                scale: hyperparameters.format.magnitude_scale,
                vocoder: hyperparameters.drawing.resynthesis,
                peaks_only: hyperparameters.format.peak_picking,
            }),
        }
    }

    /// Values in one.
    pub fn width(&self) -> usize {
        match self {
            Element::Sample => 1,
            Element::Frame(spectrum) => spectrum.analysis.bins(),
        }
    }

    /// Samples between the starts of adjacent ones.
    pub fn hop(&self) -> usize {
        match self {
            Element::Sample => 1,
            Element::Frame(spectrum) => spectrum.analysis.hop_size,
        }
    }

    /// Samples that one is made of.
    pub fn samples(&self) -> usize {
        match self {
            Element::Sample => 1,
            Element::Frame(spectrum) => spectrum.analysis.window_size,
        }
    }

    /// How many lie wholly within `samples` samples.
    pub fn count_in(&self, samples: usize) -> usize {
        match self {
            Element::Sample => samples,
            Element::Frame(spectrum) => spectrum.analysis.frames_in(samples),
        }
    }

    /// How many sound for `samples` samples: resynthesis needs a frame at both
    /// ends of each hop.
    pub fn count_to_sound(&self, samples: usize) -> usize {
        match self {
            Element::Sample => samples,
            Element::Frame(_) => samples.div_ceil(self.hop()) + 1,
        }
    }

    /// Those of a `sound`, unscaled.
    pub fn analyse(&self, sound: Vec<f32>) -> Vec<f32> {
        match self {
            Element::Sample => sound,
            Element::Frame(spectrum) => spectrum.analysis.magnitudes(&sound).magnitudes,
        }
    }

    /// What the network sees for `value`, a share of the largest.
    pub fn compress(&self, value: f32) -> f32 {
        match self {
            Element::Sample => value,
            Element::Frame(spectrum) => spectrum.scale.compress(value),
        }
    }

    /// The share of the largest that the network sees as `value`.
    pub fn expand(&self, value: f32) -> f32 {
        match self {
            Element::Sample => value,
            Element::Frame(spectrum) => spectrum.scale.expand(value),
        }
    }

    /// Takes out of `values` that a network predicted what is none: a magnitude
    /// is never negative.
    pub fn confine(&self, values: &mut [f32]) {
        match self {
            Element::Sample => (),
            Element::Frame(_) => values.iter_mut().for_each(|v| *v = v.max(0.0)),
        }
    }

    /// The sound of `elements` that the network saw or predicted, where 1 stands
    /// for `largest`; frames are `hop` samples apart, and the first one's phases are
    /// drawn from `phases`.
    pub fn sound(
        &self,
        mut elements: Vec<f32>,
        largest: f32,
        hop: usize,
        phases: &mut Stream,
    ) -> Vec<f32> {
        match self {
            Element::Sample => {
                elements.iter_mut().for_each(|sample| *sample *= largest);
                elements
            }
            Element::Frame(spectrum) => spectrum.resynthesise(elements, largest, hop, phases),
        }
    }
}

impl Spectrum {
    fn resynthesise(
        &self,
        mut frames: Vec<f32>,
        largest: f32,
        hop: usize,
        phases: &mut Stream,
    ) -> Vec<f32> {
        let (analysis, peaks_only) = (&self.analysis, self.peaks_only);
        let amplitude = largest
            * match self.vocoder {
                Vocoder::OscillatorBank => analysis.amplitude_of_unit_magnitude(peaks_only),
                Vocoder::PhaseLocked => 1.0,
            };
        for magnitude in &mut frames {
            *magnitude = amplitude * self.scale.expand(*magnitude);
        }
        match self.vocoder {
            Vocoder::OscillatorBank => {
                Resynthesis::new(analysis.bins(), hop, peaks_only, phases).resynthesise(&frames)
            }
            Vocoder::PhaseLocked => PhaseLocked::new(analysis, hop, phases).resynthesise(&frames),
        }
    }
}
