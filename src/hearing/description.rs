//! What a sound does at a place, in a few values: a network may learn with those of
//! what it has to predict beside its input, and be led by those of another sound.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use super::peak;
use crate::audio::Sound;
use crate::frames::{Complex32, Fourier};
use crate::hyperparameters::Conditioning;

/// Values that describe one place: the pitch classes, loudness, its rise, brightness.
pub const DESCRIPTION_VALUES: usize = PITCH_CLASSES + 3;
const PITCH_CLASSES: usize = 12;
const _: () = assert!(Conditioning::Chroma.values() == DESCRIPTION_VALUES + 1);

/// Seconds about a place that its pitch classes and brightness are of: 2048 samples
/// at 11025 Hz.
const SPECTRUM_SECONDS: f64 = 2048.0 / 11025.0;
/// The same of its loudness, which rises from that of as many seconds before.
const LOUDNESS_SECONDS: f64 = 512.0 / 11025.0;
/// Seconds that one description holds where elements are closer, as samples are.
const HELD_SECONDS: f64 = 128.0 / 11025.0;

/// Places at which a whole sound's pitch classes are looked at, at most: they are known in
/// some milliseconds.
const MOST_LOOKS: usize = 100;

/// Frequencies in Hz that pitch classes and brightness are of.
const LOWEST: f64 = 75.0;
const HIGHEST: f64 = 1800.0;
/// Concert pitch in Hz, and its pitch class, counted from C.
const CONCERT_PITCH: f64 = 440.0;
const CONCERT_PITCH_CLASS: i64 = 9;

/// Keeps the logarithm of silence finite: 60 dB below a sound's peak.
const SILENCE: f64 = 1e-3;
/// Loudness, rise and brightness are this many of their deviations from their means
/// at most, and a deviation is so much, about as large as pitch classes.
const MOST_DEVIATIONS: f64 = 3.0;
const OF_A_DEVIATION: f64 = 0.5;

/// Where in a sound descriptions are wanted.
#[derive(Clone, Copy, Debug)]
pub struct DescribedPlaces {
    /// Samples of silence before the sound.
    pub silence: usize,
    /// Samples from its beginning on whose peak, means and spreads matter.
    pub typical: usize,
    /// Elements of the sequence, silence and all, and samples from one to the next.
    pub elements: usize,
    pub hop: usize,
    /// Samples that one element is made of.
    pub samples: usize,
    /// Samples in a second.
    pub sample_rate: u32,
}

impl DescribedPlaces {
    /// Elements that one description holds: one frame, or some milliseconds of samples.
    fn held(self) -> usize {
        (samples_in(HELD_SECONDS, self.sample_rate) / self.hop).max(1)
    }

    /// Values that describe all of them.
    pub fn values(self) -> usize {
        self.elements.div_ceil(self.held()) * DESCRIPTION_VALUES
    }

    /// How many descriptions there are.
    fn count(self) -> usize {
        self.elements.div_ceil(self.held()).max(1)
    }

    /// The sample of the sound that the middle of description `n` lies at.
    fn centre(self, n: usize) -> isize {
        let held = self.held();
        let length = (held - 1) * self.hop + self.samples;
        let first = (length / 2) as isize - self.silence as isize;
        first + (n * held * self.hop) as isize
    }
}

/// Descriptions of the places of one sound, element by element of the sequence that a
/// network sees of it, made as they are asked for. How loud the sound is, as a whole, does
/// not matter: loudness, rise and brightness are brought to mean 0 and one spread over what
/// is typical of it, so that what is loud or bright of one sound is what is so of another.
///
/// Several may ask, which are about the same place.
pub struct Description<S> {
    sound: S,
    places: DescribedPlaces,
    /// Brings what is typical to a peak of 1.
    gain: f64,
    usual: Usual,
    /// What was described last.
    known: Mutex<Known>,
}

/// What was described last of a sound, and what it takes to go on.
struct Known {
    spectrum: AudibleSpectrum,
    chunks: VecDeque<(usize, Arc<[Raw]>)>,
}

/// A place as it is: its pitch classes, and loudness, rise and brightness.
type Raw = ([f64; PITCH_CLASSES], [f64; 3]);

/// Descriptions that are made at once, an even number, and how many such are known.
const CHUNK: usize = 128;
const KNOWN_CHUNKS: usize = 8;

impl<S: Sound> Description<S> {
    /// Of `sound` at `places`.
    pub fn new(sound: S, places: DescribedPlaces) -> Description<S> {
        let typical = 0..places.typical as isize;
        let mut description = Description {
            gain: gain_of(&sound, places.typical),
            sound,
            places,
            usual: Measured::default().usual(),
            known: Mutex::new(Known {
                spectrum: AudibleSpectrum::new(places.sample_rate),
                chunks: VecDeque::new(),
            }),
        };
        let mut measured = Measured::default();
        for chunk in 0..places.count().div_ceil(CHUNK) {
            let first = chunk * CHUNK;
            if places.centre(first) >= typical.end {
                break;
            }
            let described = description.chunk(chunk);
            let described = described.iter().enumerate();
            let within = described.filter(|(n, _)| typical.contains(&places.centre(first + n)));
            within.for_each(|(_, (_, measures))| measured.take(*measures));
        }
        description.usual = measured.usual();
        description
    }

    /// Appends that of element `element` of the sequence to `values`; whether there is
    /// such an element.
    pub fn at(&self, element: usize, values: &mut Vec<f32>) -> bool {
        let n = element / self.places.held();
        if n >= self.places.elements.div_ceil(self.places.held()) {
            return false;
        }
        let (classes, measures) = self.chunk(n / CHUNK)[n % CHUNK];
        let measures = self.usual.compare(measures);
        let described = classes.into_iter().chain(measures);
        values.extend(described.map(|value| value as f32));
        true
    }

    /// The descriptions from the `CHUNK · chunk`th on.
    fn chunk(&self, chunk: usize) -> Arc<[Raw]> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, described)) = known.chunks.iter().find(|(n, _)| *n == chunk) {
            return Arc::clone(described);
        }
        let first = chunk * CHUNK;
        let last = self.places.count().min(first + CHUNK);
        let described: Arc<[Raw]> = self.describe(first..last, &mut known.spectrum).into();
        if known.chunks.len() == KNOWN_CHUNKS {
            known.chunks.pop_front();
        }
        known.chunks.push_back((chunk, Arc::clone(&described)));
        described
    }

    /// Describes places `all`.
    fn describe(&self, all: Range<usize>, spectrum: &mut AudibleSpectrum) -> Vec<Raw> {
        let places = self.places;
        let before = samples_in(LOUDNESS_SECONDS, places.sample_rate);
        let len = spectrum.len();
        let centres: Vec<isize> = all.map(|n| places.centre(n)).collect();
        let (Some(first), Some(last)) = (centres.first(), centres.last()) else {
            return Vec::new();
        };
        let reach = len.max(2 * before) as isize;
        let within = |sample: isize| sample.clamp(0, self.sound.samples() as isize) as usize;
        let heard = within(first - reach)..within(last + reach);
        let offset = heard.start as isize;
        let mut samples = Vec::with_capacity(heard.len());
        self.sound.read(heard, &mut samples);
        let near = |centre: isize, len| around(&samples, centre - offset, len, self.gain);
        let loudness = |centre| {
            let power = near(centre, before).map(|s| s * s).sum::<f64>() / before as f64;
            (power.sqrt() + SILENCE).log10()
        };
        let pairs = centres.chunks(2).flat_map(|pair| {
            let stretch = |centre| near(centre, len);
            // The last one may be alone.
            spectrum.of_two([stretch(pair[0]), stretch(pair[pair.len() - 1])])
        });
        let described = centres.iter().zip(pairs);
        let described = described.map(|(centre, (classes, brightness))| {
            let earlier = centre - before as isize;
            let rise = match earlier >= before as isize / 2 {
                true => (loudness(*centre) - loudness(earlier)).max(0.0),
                // Of how the sound began nothing is known.
                false => 0.0,
            };
            (classes, [loudness(*centre), rise, brightness])
        });
        described.collect()
    }
}

/// What brings the first `typical` samples of `sound` to a peak of 1.
fn gain_of(sound: &impl Sound, typical: usize) -> f64 {
    let peak = peak(sound, typical);
    if peak > 0.0 {
        f64::from(peak).recip()
    } else {
        0.0
    }
}

/// What describes each element of the sequence that a network sees of `sound`: as many
/// values each as [`DESCRIPTION_VALUES`], which all elements that are held share.
#[derive(Clone, Debug, PartialEq)]
pub struct Descriptions {
    values: Vec<f32>,
    held: usize,
}

impl Descriptions {
    /// Of all `places` of `sound`.
    pub fn of(sound: &[f32], places: DescribedPlaces) -> Descriptions {
        let description = Description::new(sound, places);
        let (mut values, held) = (Vec::with_capacity(places.values()), places.held());
        for element in (0..places.elements).step_by(held) {
            description.at(element, &mut values);
        }
        Descriptions { values, held }
    }

    /// That of element `element` of the sequence; `None` beyond its end.
    pub fn at(&self, element: usize) -> Option<&[f32]> {
        let mut places = self.values.chunks_exact(DESCRIPTION_VALUES);
        places.nth(element / self.held)
    }
}

/// How strong each pitch class is in `sound`, C first: 1 the strongest. What is loud counts
/// more; a long sound is looked at in `MOST_LOOKS` places. Of silence all are 0.
pub fn pitch_classes(sound: &(impl Sound + ?Sized), sample_rate: u32) -> [f64; PITCH_CLASSES] {
    let mut all = [0.0; PITCH_CLASSES];
    let samples = sound.samples();
    let peak = f64::from(peak(&sound, samples));
    if peak == 0.0 {
        return all;
    }
    let mut spectrum = AudibleSpectrum::new(sample_rate);
    let len = spectrum.len();
    let hop = (samples / MOST_LOOKS).max(len / 2);
    let mut near = Vec::new();
    for centre in (hop / 2..samples.max(hop)).step_by(hop) {
        let begin = centre.saturating_sub(len / 2).min(samples);
        near.clear();
        sound.read(begin..samples.min(centre + len), &mut near);
        let centre = centre as isize - begin as isize;
        let stretch = || around(&near, centre, len, peak.recip());
        let loudness = stretch().map(|s| s * s).sum::<f64>().sqrt();
        let [(classes, _), _] = spectrum.of_two([stretch(), stretch()]);
        let of_all = all.iter_mut().zip(classes);
        of_all.for_each(|(all, class)| *all += loudness * class);
    }
    let strongest = all.iter().copied().fold(0.0, f64::max);
    match strongest > 0.0 {
        true => all.map(|class| class / strongest),
        false => all,
    }
}

/// The `len` samples about `centre`, silence where there are none, times `gain`.
fn around(samples: &[f32], centre: isize, len: usize, gain: f64) -> impl Iterator<Item = f64> {
    let first = centre - (len / 2) as isize;
    (first..first + len as isize).map(move |n| {
        let sample = usize::try_from(n).ok().and_then(|n| samples.get(n));
        sample.map_or(0.0, |sample| gain * f64::from(*sample))
    })
}

fn samples_in(seconds: f64, sample_rate: u32) -> usize {
    ((seconds * f64::from(sample_rate)).round() as usize).max(2)
}

/// One bin of a spectrum that matters.
struct Bin {
    index: usize,
    pitch_class: usize,
    /// Octaves above the lowest.
    octave: f64,
}

/// Pitch classes and brightness of a stretch of sound.
struct AudibleSpectrum {
    window: Vec<f64>,
    /// Those that matter, from the lowest on.
    bins: Vec<Bin>,
    fourier: Fourier<f32>,
    values: Vec<Complex32>,
}

impl AudibleSpectrum {
    fn new(sample_rate: u32) -> AudibleSpectrum {
        let len = samples_in(SPECTRUM_SECONDS, sample_rate);
        let padded = 2 * len.next_power_of_two();
        let hz = f64::from(sample_rate) / padded as f64;
        let step = std::f64::consts::TAU / (len - 1) as f64;
        let bins = (1..padded / 2).filter_map(|index| {
            let frequency = index as f64 * hz;
            let semitones = (12.0 * (frequency / CONCERT_PITCH).log2()).round() as i64;
            let pitch_class = (semitones + CONCERT_PITCH_CLASS).rem_euclid(12) as usize;
            (frequency > LOWEST && frequency < HIGHEST).then(|| Bin {
                index,
                pitch_class,
                octave: (frequency / LOWEST).log2(),
            })
        });
        AudibleSpectrum {
            window: (0..len)
                .map(|n| 0.5 - 0.5 * (step * n as f64).cos())
                .collect(),
            bins: bins.collect(),
            fourier: Fourier::new(padded),
            values: Vec::new(),
        }
    }

    /// Samples of a stretch.
    fn len(&self) -> usize {
        self.window.len()
    }

    /// Of each of two stretches, which go through one transform as real and imaginary
    /// parts: pitch classes of length 1, less what all have, and the mean octave.
    fn of_two(
        &mut self,
        [first, second]: [impl Iterator<Item = f64>; 2],
    ) -> [([f64; PITCH_CLASSES], f64); 2] {
        let windowed = first.zip(second).zip(&self.window);
        let values = windowed.map(|((a, b), w)| Complex32::new((a * w) as f32, (b * w) as f32));
        self.values.clear();
        self.values.extend(values);
        self.values.resize(self.fourier.len(), Complex32::default());
        self.fourier.forward(&mut self.values);
        let mut classes = [[0.0; PITCH_CLASSES]; 2];
        let (mut sums, mut octaves) = ([1e-9; 2], [0.0; 2]);
        for bin in &self.bins {
            let value = self.values[bin.index];
            let mirrored = self.values[self.values.len() - bin.index].conj();
            for (of, twice) in [value + mirrored, value - mirrored].into_iter().enumerate() {
                let magnitude = f64::from(0.5 * twice.norm_sqr().sqrt());
                classes[of][bin.pitch_class] += magnitude;
                sums[of] += magnitude;
                octaves[of] += bin.octave * magnitude;
            }
        }
        [0, 1].map(|of| {
            let median = median(classes[of]);
            let classes = classes[of].map(|class| (class - median).max(0.0));
            let length = classes.iter().map(|class| class * class).sum::<f64>();
            let classes = classes.map(|c| c / (length.sqrt() + 1e-6));
            (classes, octaves[of] / sums[of])
        })
    }
}

fn median(mut values: [f64; PITCH_CLASSES]) -> f64 {
    values.sort_by(f64::total_cmp);
    0.5 * (values[PITCH_CLASSES / 2 - 1] + values[PITCH_CLASSES / 2])
}

/// Means of loudness, rise and brightness over a sound, and the sums of squares around them,
/// place by place (Welford, *Note on a Method for Calculating Corrected Sums of Squares and
/// Products*, 1962): all places of an hour are several megabytes.
#[derive(Default)]
struct Measured {
    places: f64,
    means: [f64; 3],
    squares: [f64; 3],
}

impl Measured {
    fn take(&mut self, measures: [f64; 3]) {
        self.places += 1.0;
        for ((value, mean), squares) in measures
            .into_iter()
            .zip(&mut self.means)
            .zip(&mut self.squares)
        {
            let from_before = value - *mean;
            *mean += from_before / self.places;
            *squares += from_before * (value - *mean);
        }
    }

    fn usual(&self) -> Usual {
        let places = self.places.max(1.0);
        let deviation = |squares: f64| (squares / places).sqrt() + 1e-6;
        Usual([0, 1, 2].map(|n| (self.means[n], deviation(self.squares[n]))))
    }
}

/// Mean and deviation of loudness, rise and brightness over a sound.
struct Usual([(f64, f64); 3]);

impl Usual {
    fn compare(&self, mut measures: [f64; 3]) -> [f64; 3] {
        for (value, (mean, deviation)) in measures.iter_mut().zip(self.0) {
            let deviations = (*value - mean) / deviation;
            *value = OF_A_DEVIATION * deviations.clamp(-MOST_DEVIATIONS, MOST_DEVIATIONS);
        }
        measures
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::sine;

    const RATE: u32 = 11025;
    const FRAMES: DescribedPlaces = DescribedPlaces {
        silence: 0,
        typical: 20 * 512,
        elements: 40,
        hop: 512,
        samples: 512,
        sample_rate: RATE,
    };

    fn tone(amplitude: f64, hz: f64, sample_rate: u32, samples: usize) -> Vec<f32> {
        let tone = sine(amplitude, hz, sample_rate, samples);
        tone.iter().map(|sample| *sample as f32).collect()
    }

    /// What describes each frame.
    fn frames(sound: &[f32]) -> Vec<Vec<f32>> {
        let description = Descriptions::of(sound, of_all(sound));
        (0..sound.len() / 512)
            .map(|frame| description.at(frame).unwrap().to_vec())
            .collect()
    }

    fn of_all(sound: &[f32]) -> DescribedPlaces {
        DescribedPlaces {
            typical: sound.len(),
            ..FRAMES
        }
    }

    fn loudest_class(values: &[f32]) -> usize {
        let classes = values[..PITCH_CLASSES].iter().enumerate();
        classes.max_by(|a, b| a.1.total_cmp(b.1)).unwrap().0
    }

    #[test]
    fn a_tone_lights_its_pitch_class_at_any_rate() {
        for rate in [8000, 11025, 44100] {
            let places = DescribedPlaces {
                elements: 20,
                sample_rate: rate,
                ..FRAMES
            };
            for (hz, class) in [(440.0, 9), (261.6, 0), (164.8, 4), (1046.5, 0)] {
                let description = Descriptions::of(&tone(0.3, hz, rate, 20 * 512), places);
                let values = description.at(10).unwrap();
                assert_eq!(loudest_class(values), class, "{hz} Hz at {rate}");
                assert!(values[class] > 0.9, "{values:?}");
            }
        }
    }

    /// A quiet tone which grows loud at sample 10240.
    fn onset() -> Vec<f32> {
        let mut samples = tone(0.5, 330.0, RATE, 40 * 512);
        samples[..20 * 512].iter_mut().for_each(|s| *s *= 0.1);
        samples
    }

    #[test]
    fn loudness_rises_at_an_onset_and_nowhere_else() {
        let description = frames(&onset());
        let rises = description.iter().map(|values| values[13]);
        let rises: Vec<f32> = rises.collect();
        assert_eq!(rises[20], 1.5, "{rises:?}");
        let others = rises[..20].iter().chain(&rises[21..]);
        assert!(others.clone().all(|rise| *rise < 0.0), "{rises:?}");
        assert!(description[30][12] > 0.4 && description[5][12] < -0.4);
    }

    #[test]
    fn a_bright_place_is_brighter() {
        let [low, high] = [220.0, 1500.0].map(|hz| tone(0.5, hz, RATE, 20 * 512));
        let description = frames(&[low, high].concat());
        assert!(description[30][14] > description[10][14] + 0.5);
    }

    #[test]
    fn how_loud_a_sound_is_changes_nothing() {
        let loud = onset();
        let mut quiet = loud.clone();
        quiet.iter_mut().for_each(|s| *s /= 64.0);
        assert_eq!(frames(&loud), frames(&quiet));
        quiet.fill(0.0);
        let silence = frames(&quiet).concat();
        assert!(silence.iter().all(|value| value.abs() < 1e-6));
    }

    #[test]
    fn samples_share_a_description_for_some_milliseconds() {
        let sound = onset();
        let places = DescribedPlaces {
            elements: sound.len(),
            hop: 1,
            samples: 1,
            ..of_all(&sound)
        };
        let description = Descriptions::of(&sound, places);
        assert_eq!(description.values.len(), 160 * DESCRIPTION_VALUES);
        assert_eq!(description.values.len(), places.values());
        let first = 10240 + 256;
        assert_eq!(description.at(first), description.at(first + 127));
        assert_ne!(description.at(first), description.at(first + 128));
        assert!(description.at(sound.len() - 1).is_some());
        assert_eq!(description.at(sound.len()), None);
    }

    #[test]
    fn silence_before_a_sound_moves_it_and_what_is_after_it_does_not_change_it() {
        let sound = onset();
        let plain = frames(&sound);
        let longer = [&sound[..], &[1.0; 10 * 512]].concat();
        let moved = Descriptions::of(
            &longer,
            DescribedPlaces {
                silence: 3 * 512,
                elements: 53,
                ..of_all(&sound)
            },
        );
        // The last frames' spectra are of what comes after it too, and so is what is
        // usually bright.
        for (frame, values) in plain[..38].iter().enumerate() {
            let moved = moved.at(frame + 3).unwrap();
            for (moved, value) in moved[..14].iter().zip(&values[..14]) {
                assert!((moved - value).abs() < 1e-6, "{frame}");
            }
        }
        assert!(moved.at(52).is_some() && moved.at(53).is_none());
    }
}
