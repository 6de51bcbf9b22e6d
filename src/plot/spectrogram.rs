//! A sound's frequencies over time.

use super::COLUMNS;
use super::bitmap::SHADES;
use crate::audio::Signal;
use crate::frames::Analysis;

/// Samples in a frame.
const WINDOW: usize = 1024;

/// Frequencies told apart, from 0 Hz to half the sampling rate.
const ROWS: usize = 256;

/// How far below the loudest a sound is still seen, in dB.
pub(super) const DYNAMIC_RANGE: f32 = 70.0;

/// Frames analysed at once, which bounds the memory that a long sound takes.
const BLOCK: usize = 1024;

/// The magnitude spectra of a sound over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Spectrogram {
    /// Stands above the picture.
    pub title: String,
    /// Duration of the sound.
    pub(super) seconds: f64,
    /// Half the sampling rate, in Hz.
    pub(super) highest_frequency: f64,
    /// Amplitudes, `[columns, ROWS]`, from 0 Hz upwards; a sinusoid's is its own.
    amplitudes: Vec<f32>,
}

impl Spectrogram {
    /// The spectrogram of `signal`, whose samples must be finite.
    ///
    /// Where there are more frames or frequencies than the picture shows, the
    /// loudest of what falls together is kept, so that a click in an hour of
    /// silence is seen.
    pub fn new(title: &str, signal: &Signal) -> Spectrogram {
        let samples = &signal.samples;
        // A hop above half the window would step over some of the sound.
        let hop_size = (samples.len() / COLUMNS).clamp(1, WINDOW / 2);
        let frames = samples.len().div_ceil(hop_size);
        let columns = frames.min(COLUMNS);
        let analysis = Analysis {
            window_size: WINDOW,
            hop_size,
            zero_padding: false,
        };
        let amplitude = analysis.amplitude_of_unit_magnitude(true);
        let mut amplitudes = vec![0f32; columns * ROWS];
        for first in (0..frames).step_by(BLOCK) {
            let count = BLOCK.min(frames - first);
            let spectra = analysis.magnitudes(&around(samples, first * hop_size, count, hop_size));
            for (frame, magnitudes) in spectra.magnitudes.chunks(spectra.bins).enumerate() {
                let column = (first + frame) * columns / frames;
                for (bin, magnitude) in magnitudes.iter().enumerate() {
                    let cell = &mut amplitudes[column * ROWS + bin * ROWS / spectra.bins];
                    *cell = cell.max(magnitude * amplitude);
                }
            }
        }
        Spectrogram {
            title: title.to_owned(),
            seconds: signal.seconds(),
            highest_frequency: f64::from(signal.sample_rate) / 2.0,
            amplitudes,
        }
    }

    /// The largest amplitude; 0 for silence.
    pub(super) fn loudest(&self) -> f32 {
        self.amplitudes.iter().copied().fold(0.0, f32::max)
    }

    /// Columns of the picture, 0 where there is no sound.
    pub(super) fn columns(&self) -> usize {
        self.amplitudes.len() / ROWS
    }

    /// The picture, `[ROWS, columns]` from the highest frequency downwards: the
    /// last shade is `loudest`, the first is [`DYNAMIC_RANGE`] below it or less.
    pub(super) fn shades(&self, loudest: f32) -> Vec<u8> {
        let columns = self.columns();
        let shade = |place: usize| {
            let amplitude = self.amplitudes[place % columns * ROWS + ROWS - 1 - place / columns];
            if amplitude == 0.0 || loudest == 0.0 {
                return 0;
            }
            let below = 20.0 * (loudest / amplitude).log10();
            let share = (1.0 - below / DYNAMIC_RANGE).clamp(0.0, 1.0);
            (share * (SHADES - 1) as f32).round() as u8
        };
        (0..columns * ROWS).map(shade).collect()
    }
}

/// What `count` frames are cut from, the first centred at `first`; there is
/// silence before and after `samples`.
fn around(samples: &[f32], first: usize, count: usize, hop_size: usize) -> Vec<f32> {
    let mut block = vec![0.0; (count - 1) * hop_size + WINDOW];
    let missing = (WINDOW / 2).saturating_sub(first);
    let begin = (first + missing - WINDOW / 2).min(samples.len());
    let available = (samples.len() - begin).min(block.len() - missing);
    block[missing..missing + available].copy_from_slice(&samples[begin..begin + available]);
    block
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{signal, sine};

    #[test]
    fn a_sine_is_brightest_at_its_frequency_in_every_column() {
        for seconds in [1, 20, 200] {
            let sound = signal(&sine(0.5, 1000.0, 11025, seconds * 11025), 11025);
            let spectrogram = Spectrogram::new("", &sound);
            assert_eq!(spectrogram.columns(), COLUMNS, "{seconds}");
            assert!((spectrogram.loudest() - 0.5).abs() < 0.01);
            let shades = spectrogram.shades(spectrogram.loudest());
            let expected = ROWS - 1 - (1000.0 / 5512.5 * ROWS as f64) as usize;
            for column in 0..COLUMNS {
                let row = (0..ROWS).max_by_key(|row| shades[row * COLUMNS + column]);
                let row = row.unwrap();
                assert!(row.abs_diff(expected) <= 1, "{column}: {row}, {expected}");
            }
            assert_eq!(shades[COLUMNS / 2], 0, "the highest frequency is silent");
        }
    }

    #[test]
    fn twenty_decibels_are_two_sevenths_of_the_shades() {
        let spectrogram = Spectrogram::new("", &signal(&sine(0.5, 1000.0, 8000, 8000), 8000));
        let brightest = |loudest: f32| spectrogram.shades(loudest).into_iter().max().unwrap();
        let top = (SHADES - 1) as f32;
        assert_eq!(f32::from(brightest(spectrogram.loudest())), top);
        let lower = f32::from(brightest(10.0 * spectrogram.loudest()));
        assert!((lower - top * 5.0 / 7.0).abs() <= 1.0, "{lower}");
    }

    #[test]
    fn a_click_in_a_long_silence_is_seen_at_its_time() {
        let mut samples = vec![0.0; 11025 * 600];
        samples[11025 * 450] = 1.0;
        let signal = Signal {
            samples,
            sample_rate: 11025,
        };
        let spectrogram = Spectrogram::new("", &signal);
        let shades = spectrogram.shades(spectrogram.loudest());
        let seen: Vec<usize> = (0..COLUMNS)
            .filter(|c| shades[100 * COLUMNS + c] > 0)
            .collect();
        assert!(seen.contains(&(COLUMNS * 3 / 4)), "{seen:?}");
        assert!(seen.len() <= 3, "{seen:?}");
    }

    #[test]
    fn silence_is_the_first_shade() {
        let silence = Signal {
            samples: vec![0.0; 30_000],
            sample_rate: 11025,
        };
        let spectrogram = Spectrogram::new("", &silence);
        assert_eq!(spectrogram.loudest(), 0.0);
        assert!(spectrogram.shades(0.0).iter().all(|shade| *shade == 0));
        assert!(spectrogram.shades(1.0).iter().all(|shade| *shade == 0));
    }

    #[test]
    fn a_sound_shorter_than_a_window_has_a_picture_and_an_empty_one_none() {
        let short = Spectrogram::new("", &signal(&sine(0.5, 2000.0, 11025, 220), 11025));
        assert_eq!(short.columns(), 220);
        let shades = short.shades(short.loudest());
        assert_eq!(shades.len(), 220 * ROWS);
        assert!(shades.contains(&(SHADES as u8 - 1)));
        let one = Signal {
            samples: vec![1.0],
            sample_rate: 11025,
        };
        assert_eq!(Spectrogram::new("", &one).columns(), 1);
        let none = Signal {
            samples: Vec::new(),
            sample_rate: 11025,
        };
        let none = Spectrogram::new("", &none);
        assert_eq!((none.columns(), none.shades(1.0).len()), (0, 0));
    }
}
