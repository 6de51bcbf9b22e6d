//! A prediction measured and scored against the training audio.

use serde::Serialize;
use thiserror::Error;

use super::clicks::{Click, clicks, sharpness};
use super::features::{Timbre, chroma};
use super::level::{at_unit_rms, loudness, share, silent};
use super::literal::{PieceFinder, RepeatedPiece};
use super::measures::Measures;
use super::resemblance::Resemblance;
use super::verdict::Verdict;
use crate::audio::{Signal, resample};

/// The shortest training audio that a prediction can be judged by, in seconds.
pub const LEAST_TRAINING_SECONDS: f64 = 2.0;

/// Below this share of the training audio's rms (-60 dB) a block is silent.
const SILENT: f64 = 1e-3;

/// What has no loudness at all, as DC, is counted as this, -200 dB of full scale.
const SOFTEST: f64 = 1e-10;

/// From this absolute value on a sample counts as clipped.
const CLIPPED: f64 = 0.999;

/// What there is to say about one prediction.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// Whether there is no sound to measure: the prediction is silent, empty,
    /// or has samples that are not finite numbers.
    pub broken: bool,
    /// The measures; `None` where it is broken.
    #[serde(flatten)]
    pub measures: Option<Measures>,
    /// The scores.
    pub verdict: Verdict,
    /// Where the waveform is torn, in the order of time.
    pub clicks: Vec<Click>,
    /// What stands in the training audio, in the order of time.
    pub repeated: Vec<RepeatedPiece>,
}

impl Evaluation {
    /// Of a prediction with nothing to measure.
    pub fn broken() -> Evaluation {
        Evaluation {
            broken: true,
            measures: None,
            verdict: Verdict::broken(),
            clicks: Vec::new(),
            repeated: Vec::new(),
        }
    }
}

/// Why training audio cannot be judged by.
#[derive(Debug, Error, PartialEq)]
pub enum JudgeError {
    /// Less than [`LEAST_TRAINING_SECONDS`].
    #[error(
        "the training audio lasts {seconds:.1} s, too short to compare with; \
         give the recording that the model learned from, at least {LEAST_TRAINING_SECONDS} s"
    )]
    TooShort {
        /// How long it is.
        seconds: f64,
    },
    /// Samples that are not numbers.
    #[error("the training audio has samples that are not finite numbers; export it again")]
    NotFinite,
    /// Silence, or a sound in which nothing changes.
    #[error(
        "nothing moves in the training audio; \
         give the recording that the model learned from, not silence"
    )]
    NothingMoves,
}

/// The training audio, and all that depends on it alone.
pub struct Judge {
    sample_rate: u32,
    loudness: f64,
    sharpness: f64,
    flatness: f64,
    movement: f64,
    resemblance: Resemblance,
    chroma: [f64; 12],
    pieces: PieceFinder,
}

impl Judge {
    /// A judge by the audio that a model learned from.
    ///
    /// # Errors
    ///
    /// Any [`JudgeError`].
    pub fn new(training: &Signal) -> Result<Judge, JudgeError> {
        if training.samples.iter().any(|sample| !sample.is_finite()) {
            return Err(JudgeError::NotFinite);
        }
        let seconds = training.seconds();
        if seconds < LEAST_TRAINING_SECONDS {
            return Err(JudgeError::TooShort { seconds });
        }
        let loudness = loudness(&training.samples);
        let samples = at_unit_rms(&training.samples).ok_or(JudgeError::NothingMoves)?;
        let sample_rate = training.sample_rate;
        let timbre = Timbre::of(&samples, sample_rate);
        let (sharpness, movement) = (sharpness(&samples), timbre.movement());
        if sharpness == 0.0 || movement == 0.0 {
            return Err(JudgeError::NothingMoves);
        }
        Ok(Judge {
            sample_rate,
            loudness,
            sharpness,
            flatness: timbre.flatness,
            movement,
            resemblance: Resemblance::new(&timbre, samples.len(), sample_rate),
            chroma: chroma(&samples, sample_rate),
            pieces: PieceFinder::new(samples, sample_rate),
        })
    }

    /// Measures and scores `prediction`, at the training audio's rate.
    pub fn evaluate(&self, prediction: &Signal) -> Evaluation {
        if prediction.samples.iter().any(|sample| !sample.is_finite()) {
            return Evaluation::broken();
        }
        let samples = resample::resample(
            &prediction.samples,
            prediction.sample_rate,
            self.sample_rate,
        );
        let Some(unit) = at_unit_rms(&samples) else {
            return Evaluation::broken();
        };
        let timbre = Timbre::of(&unit, self.sample_rate);
        let chroma = chroma(&unit, self.sample_rate);
        let repetition = self.pieces.find(&unit);
        let measures = Measures {
            seconds: unit.len() as f64 / f64::from(self.sample_rate),
            click_ratio: sharpness(&unit) / self.sharpness,
            flat_ratio: timbre.flatness / self.flatness,
            level_db: 20.0 * (loudness(&samples).max(SOFTEST) / self.loudness).log10(),
            silent: silent(&samples, SILENT * self.loudness, self.sample_rate),
            clip: share(&samples, |sample| f64::from(sample.abs()) >= CLIPPED),
            dc: unit.iter().sum::<f64>() / unit.len() as f64,
            alive: timbre.movement() / self.movement,
            resemble: self.resemblance.of(&timbre),
            chroma: chroma.iter().zip(&self.chroma).map(|(a, b)| a * b).sum(),
            literal: repetition.literal,
            max_ncc: repetition.max_ncc,
        };
        let clicks = clicks(&unit, self.sharpness, self.sample_rate);
        Evaluation {
            broken: false,
            verdict: Verdict::of(&measures, &clicks, &repetition.repeated),
            measures: Some(measures),
            clicks,
            repeated: repetition.repeated,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Score;
    use crate::testing::noise;

    const RATE: u32 = 8000;

    fn signal(samples: Vec<f32>) -> Signal {
        Signal {
            samples,
            sample_rate: RATE,
        }
    }

    /// Notes of half a second, decaying, each of its own pitch.
    fn notes(first: usize, seconds: f64) -> Signal {
        let samples = (0..(seconds * f64::from(RATE)) as usize)
            .map(|n| {
                let t = n as f64 / f64::from(RATE);
                let note = first + (2.0 * t) as usize;
                let hz = 220.0 * 2f64.powf(((note * 5) % 12) as f64 / 12.0);
                let partial = |k: f64| {
                    (std::f64::consts::TAU * k * hz * t).sin() * (-3.0 * k * (t % 0.5)).exp() / k
                };
                (0.3 * (1..=6).map(|k| partial(f64::from(k))).sum::<f64>()) as f32
            })
            .collect();
        signal(samples)
    }

    fn measures(judge: &Judge, prediction: &Signal) -> Measures {
        judge.evaluate(prediction).measures.unwrap()
    }

    #[test]
    fn the_training_audio_itself_is_all_ones_and_a_copy() {
        let training = notes(0, 8.0);
        let judge = Judge::new(&training).unwrap();
        let own = measures(&judge, &training);
        for ratio in [own.click_ratio, own.flat_ratio, own.alive, own.chroma] {
            assert!((ratio - 1.0).abs() < 1e-9, "{own:?}");
        }
        assert!(own.resemble.unwrap() >= 1.0, "{own:?}");
        assert_eq!((own.literal, own.level_db, own.seconds), (1.0, 0.0, 8.0));
        let evaluation = judge.evaluate(&training);
        assert_eq!(evaluation.verdict.criterion_3.score, Score::Low);
        assert_eq!(evaluation.clicks, []);
        assert_eq!(evaluation.repeated.len(), 1);
        assert_eq!(evaluation.repeated[0].end, 8.0);
    }

    #[test]
    fn gain_and_offset_are_measured() {
        let training = notes(0, 8.0);
        let judge = Judge::new(&training).unwrap();
        let quieter = signal(training.samples.iter().map(|s| 0.1 * s).collect());
        let quieter = measures(&judge, &quieter);
        assert!((quieter.level_db + 20.0).abs() < 1e-4);
        assert!(
            (quieter.resemble.unwrap() - measures(&judge, &training).resemble.unwrap()).abs()
                < 1e-4
        );
        let offset = measures(&judge, &signal(vec![0.5; 20_000]));
        assert!((offset.dc - 1.0).abs() < 1e-9);
        assert_eq!(offset.click_ratio, 0.0);
        assert_eq!(offset.silent, 1.0);
        // A DC offset of half of full scale is not taken for loudness.
        let beside = training.samples.iter().map(|s| s + 0.5).collect();
        let beside = measures(&judge, &signal(beside));
        assert!(beside.level_db.abs() < 1e-4, "{}", beside.level_db);
        assert!(beside.dc > 0.9);
        let clipped: Vec<f32> = (0..8000)
            .map(|n| if n % 4 == 0 { -1.0 } else { 0.1 })
            .collect();
        assert_eq!(measures(&judge, &signal(clipped)).clip, 0.25);
    }

    #[test]
    fn a_drone_is_not_alive_and_noise_is_flat() {
        let judge = Judge::new(&notes(0, 8.0)).unwrap();
        let drone = (0..32_000)
            .map(|n| 0.3 * (0.17 * f64::from(n)).sin() as f32)
            .collect();
        let drone = judge.evaluate(&signal(drone));
        assert!(drone.measures.unwrap().alive < 0.02);
        assert_eq!(drone.verdict.criterion_2.score, Score::Low);
        assert_eq!(drone.verdict.criterion_1.score, Score::High);
        let soft = noise("test", 32_000)
            .iter()
            .map(|s| (0.1 * s) as f32)
            .collect();
        let noise = judge.evaluate(&signal(soft));
        assert!(noise.measures.unwrap().flat_ratio > 100.0);
        assert_eq!(noise.verdict.criterion_1.score, Score::Low);
        assert_eq!(noise.verdict.criterion_2.score, Score::Low);
        assert_eq!(noise.verdict.criterion_3.score, Score::High);
    }

    #[test]
    fn silence_within_is_counted_and_silence_alone_is_broken() {
        let training = notes(0, 8.0);
        let judge = Judge::new(&training).unwrap();
        let mut samples = training.samples[..16_000].to_vec();
        samples[4000..].fill(0.0);
        assert_eq!(measures(&judge, &signal(samples)).silent, 0.75);
        for nothing in [
            vec![0.0; 9000],
            vec![],
            vec![f32::NAN; 9],
            vec![0.1, f32::INFINITY],
        ] {
            let evaluation = judge.evaluate(&signal(nothing));
            assert!(evaluation.broken && evaluation.measures.is_none());
            assert_eq!(evaluation.verdict.criterion_1.score, Score::Low);
        }
    }

    #[test]
    fn any_sound_however_short_loud_or_fast_has_finite_measures() {
        let judge = Judge::new(&notes(0, 4.0)).unwrap();
        for sample_rate in [1_000, 8_000, 11_025, 192_000] {
            for samples in [
                vec![0.5],
                vec![0.5, -0.5],
                vec![1e-40; 700],
                vec![3e38, -3e38, 1.0],
            ] {
                let prediction = Signal {
                    samples,
                    sample_rate,
                };
                if let Some(m) = judge.evaluate(&prediction).measures {
                    let all = [
                        m.click_ratio,
                        m.flat_ratio,
                        m.level_db,
                        m.silent,
                        m.clip,
                        m.dc,
                        m.alive,
                        m.resemble.unwrap(),
                        m.chroma,
                        m.literal,
                        m.max_ncc,
                    ];
                    assert!(all.iter().all(|v| v.is_finite()), "{m:?}");
                }
            }
        }
    }

    #[test]
    fn training_audio_that_says_nothing_is_refused() {
        let refused = |samples: Vec<f32>| Judge::new(&signal(samples)).err();
        assert_eq!(refused(vec![0.0; 40_000]), Some(JudgeError::NothingMoves));
        assert_eq!(refused(vec![0.5; 40_000]), Some(JudgeError::NothingMoves));
        assert_eq!(
            refused(vec![0.5; 4000]),
            Some(JudgeError::TooShort { seconds: 0.5 })
        );
        assert_eq!(refused(vec![]), Some(JudgeError::TooShort { seconds: 0.0 }));
        assert_eq!(refused(vec![f32::NAN; 40_000]), Some(JudgeError::NotFinite));
    }
}
