//! What the sequence that a network sees consists of, and all that differs with it.

use super::Normalisation;
use crate::frames::{Analysis, BandBank, BandSynthesis, PhaseLocked, Resynthesis};
use crate::hyperparameters::{Hyperparameters, MagnitudeScale, Vocoder};
use crate::random::Stream;

/// One element of a sequence.
#[derive(Clone, Debug, PartialEq)]
pub enum Element {
    /// A sample, from -1 to 1.
    Sample,
    /// A magnitude frame, `[bins]`, each from 0 to 1.
    Frame(Spectrum),
    /// A step of bands, a sample of each, from -1 to 1.
    Bands(BandBank),
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
        let bands = hyperparameters.format.bands;
        match hyperparameters.format.use_fft {
            false if bands > 1 => Element::Bands(BandBank::new(bands)),
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
            Element::Bands(bank) => bank.bands(),
        }
    }

    /// Samples between the starts of adjacent ones.
    pub fn hop(&self) -> usize {
        match self {
            Element::Sample => 1,
            Element::Frame(spectrum) => spectrum.analysis.hop_size,
            Element::Bands(bank) => bank.bands(),
        }
    }

    /// Samples that one is made of.
    pub fn samples(&self) -> usize {
        match self {
            Element::Sample => 1,
            Element::Frame(spectrum) => spectrum.analysis.window_size,
            Element::Bands(bank) => bank.samples(),
        }
    }

    /// How many lie wholly within `samples` samples.
    pub fn count_in(&self, samples: usize) -> usize {
        match self {
            Element::Sample => samples,
            Element::Frame(spectrum) => spectrum.analysis.frames_in(samples),
            Element::Bands(bank) => bank.steps_in(samples),
        }
    }

    /// How many sound for `samples` samples: resynthesis needs a frame at both
    /// ends of each hop, and bands all steps that a sample lies in.
    pub fn count_to_sound(&self, samples: usize) -> usize {
        match self {
            Element::Sample => samples,
            Element::Frame(_) => samples.div_ceil(self.hop()) + 1,
            Element::Bands(_) => samples.div_ceil(self.hop()) + BandSynthesis::waits(),
        }
    }

    /// Those of a `sound`, unscaled.
    pub fn analyse(&self, sound: Vec<f32>) -> Vec<f32> {
        match self {
            Element::Sample => sound,
            Element::Frame(spectrum) => spectrum.analysis.magnitudes(&sound).magnitudes,
            Element::Bands(bank) => bank.analyse(&sound),
        }
    }

    /// What the network sees for `value`, a share of the largest.
    pub fn compress(&self, value: f32) -> f32 {
        match self {
            Element::Sample | Element::Bands(_) => value,
            Element::Frame(spectrum) => spectrum.scale.compress(value),
        }
    }

    /// The share of the largest that the network sees as `value`.
    pub fn expand(&self, value: f32) -> f32 {
        match self {
            Element::Sample | Element::Bands(_) => value,
            Element::Frame(spectrum) => spectrum.scale.expand(value),
        }
    }

    /// Takes out of `values` that a network predicted what is none: a magnitude
    /// is never negative.
    pub fn confine(&self, values: &mut [f32]) {
        match self {
            Element::Sample | Element::Bands(_) => (),
            Element::Frame(_) => values.iter_mut().for_each(|v| *v = v.max(0.0)),
        }
    }

    /// Makes sound of elements that the network saw or predicted of audio of this
    /// `normalisation`; frames are `hop` samples apart, and the first one's phases are drawn
    /// from `phases`.
    pub fn sounding(
        &self,
        normalisation: &Normalisation,
        hop: usize,
        phases: &mut Stream,
    ) -> ElementSound {
        let largest = normalisation.largest_magnitude;
        match self {
            Element::Sample => ElementSound::Samples { largest },
            Element::Frame(spectrum) => spectrum.sounding(largest, hop, phases),
            Element::Bands(bank) => ElementSound::Bands {
                largest: (0..bank.bands())
                    .map(|band| largest * normalisation.band(band))
                    .collect(),
                synthesis: Box::new(bank.synthesis()),
                step: vec![0.0; bank.bands()],
            },
        }
    }
}

impl Spectrum {
    fn sounding(&self, largest: f32, hop: usize, phases: &mut Stream) -> ElementSound {
        let (analysis, bins) = (&self.analysis, self.analysis.bins());
        let (unit, vocoder) = match self.vocoder {
            Vocoder::OscillatorBank => (
                analysis.amplitude_of_unit_magnitude(self.peaks_only),
                FrameSound::Oscillators(Box::new(Resynthesis::new(
                    bins,
                    hop,
                    self.peaks_only,
                    phases,
                ))),
            ),
            Vocoder::PhaseLocked => (
                1.0,
                FrameSound::Transforms(Box::new(PhaseLocked::new(analysis, hop, phases))),
            ),
        };
        ElementSound::Frames {
            scale: self.scale,
            largest: largest * unit,
            vocoder,
            frame: vec![0.0; bins],
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
        /// What 1 stands for to the vocoder.
        largest: f32,
        vocoder: FrameSound,
        /// One frame as the vocoder takes it, `[bins]`.
        frame: Vec<f32>,
    },
    /// Of steps of bands.
    Bands {
        /// What 1 stands for in each band.
        largest: Vec<f32>,
        synthesis: Box<BandSynthesis>,
        /// One step as the bank takes it.
        step: Vec<f32>,
    },
}

/// A vocoder at work.
#[derive(Clone)]
pub enum FrameSound {
    Oscillators(Box<Resynthesis>),
    Transforms(Box<PhaseLocked>),
}

impl ElementSound {
    /// Takes the next `elements`, and appends their sound to `sound`, as far as it is known.
    pub fn push(&mut self, elements: &[f32], sound: &mut Vec<f32>) {
        match self {
            ElementSound::Samples { largest } => {
                sound.extend(elements.iter().map(|sample| *sample * *largest));
            }
            ElementSound::Frames {
                scale,
                largest,
                vocoder,
                frame,
            } => {
                for element in elements.chunks_exact(frame.len()) {
                    for (magnitude, value) in frame.iter_mut().zip(element) {
                        *magnitude = *largest * scale.expand(*value);
                    }
                    match vocoder {
                        FrameSound::Oscillators(vocoder) => vocoder.push(frame, sound),
                        FrameSound::Transforms(vocoder) => vocoder.push(frame, sound),
                    }
                }
            }
            ElementSound::Bands {
                largest,
                synthesis,
                step,
            } => {
                for element in elements.chunks_exact(step.len()) {
                    for ((band, value), largest) in step.iter_mut().zip(element).zip(&*largest) {
                        *band = value * largest;
                    }
                    synthesis.push(step, sound);
                }
            }
        }
    }

    /// Appends what waited for more elements to `sound`: there are none.
    pub fn finish(self, sound: &mut Vec<f32>) {
        if let ElementSound::Frames { vocoder, .. } = self
            && let FrameSound::Transforms(vocoder) = vocoder
        {
            vocoder.finish(sound);
        }
    }
}
