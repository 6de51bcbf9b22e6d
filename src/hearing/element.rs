//! What the sequence that a network sees consists of, and all that differs with it.

use crate::frames::{Analysis, Resynthesis};
use crate::hyperparameters::{Hyperparameters, MagnitudeScale};
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
    /// Whether only peaks of a frame sound.
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

    /// Makes sound of elements that the network saw or predicted, where 1 stands for
    /// `largest`; frames are `hop` samples apart, and oscillators start at random `phases`.
    pub fn sounding(&self, largest: f32, hop: usize, phases: &mut Stream) -> ElementSound {
        match self {
            Element::Sample => ElementSound::Samples { largest },
            Element::Frame(spectrum) => {
                let (analysis, peaks_only) = (&spectrum.analysis, spectrum.peaks_only);
                let resynthesis = Resynthesis::new(analysis.bins(), hop, peaks_only, phases);
                ElementSound::Frames {
                    scale: spectrum.scale,
                    amplitude: largest * analysis.amplitude_of_unit_magnitude(peaks_only),
                    resynthesis: Box::new(resynthesis),
                    amplitudes: vec![0.0; analysis.bins()],
                }
            }
        }
    }
}

/// Makes sound of elements as they come.
#[derive(Clone)]
pub enum ElementSound {
    /// Of samples.
    Samples {
        /// What 1 stands for.
        largest: f32,
    },
    /// Of magnitude frames.
    Frames {
        scale: MagnitudeScale,
        /// The amplitude of an oscillator whose magnitude is the largest.
        amplitude: f32,
        resynthesis: Box<Resynthesis>,
        /// Those of one frame, `[bins]`.
        amplitudes: Vec<f32>,
    },
}

impl ElementSound {
    /// Takes the next `elements`, and appends their sound to `sound`.
    pub fn push(&mut self, elements: &[f32], sound: &mut Vec<f32>) {
        match self {
            ElementSound::Samples { largest } => {
                sound.extend(elements.iter().map(|sample| *sample * *largest));
            }
            ElementSound::Frames {
                scale,
                amplitude,
                resynthesis,
                amplitudes,
            } => {
                for frame in elements.chunks_exact(amplitudes.len()) {
                    for (sounding, magnitude) in amplitudes.iter_mut().zip(frame) {
                        *sounding = *amplitude * scale.expand(*magnitude);
                    }
                    resynthesis.push(amplitudes, sound);
                }
            }
        }
    }
}
