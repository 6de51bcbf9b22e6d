//! What a training step shows beside the rows of its input: a description of what
//! each has to predict.

use std::ops::Range;

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

use crate::hyperparameters::{ConditioningSettings, Hyperparameters};
use crate::model::Architecture;
use crate::random;
use crate::train::dataset::Sequences;

/// Training steps for which the same rows go without.
const STEPS_WITHHELD: u64 = 256;

/// The conditions of the rows that are shown at once.
pub struct Conditions {
    settings: ConditioningSettings,
    architecture: Architecture,
    /// Rows of one prediction, which go without together.
    together: usize,
    descriptions: Vec<f32>,
    scratch: Vec<f32>,
}

/// What the randomness of one training step follows from.
#[derive(Clone, Copy)]
pub struct Draws {
    pub random_seed: u64,
    pub step: u64,
}

impl Conditions {
    /// For networks by `hyperparameters`.
    pub fn new(hyperparameters: &Hyperparameters) -> Conditions {
        Conditions {
            settings: hyperparameters.conditioning.clone(),
            architecture: hyperparameters.architecture(),
            together: match hyperparameters.format.use_transpose {
                true => hyperparameters.format.num_unrollings,
                false => 1,
            },
            descriptions: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// Puts beside the rows `frames` of these time steps of sequence `index`, which
    /// stand as [`Sequences::fill`] puts them, what describes their labels. With
    /// `draws` there is noise in it, and some rows go without.
    pub fn put_beside(
        &mut self,
        frames: &mut Vec<f32>,
        sequences: &Sequences,
        (index, time_steps): (usize, Range<usize>),
        draws: Option<Draws>,
    ) {
        if self.architecture.conditions == 0 {
            return;
        }
        sequences.describe(index, time_steps, &mut self.descriptions);
        let rows = sequences.rows();
        let mut given = vec![true; rows];
        if let Some(draws) = draws {
            self.withhold(draws, &mut given);
            self.add_noise(draws);
        }
        let architecture = &self.architecture;
        let values = architecture.conditions - 1;
        let descriptions = &self.descriptions;
        architecture.condition(frames, &mut self.scratch, |n, row| match given[n % rows] {
            true => {
                row.extend_from_slice(&descriptions[n * values..][..values]);
                row.push(1.0);
            }
            false => architecture.push_withheld(row),
        });
    }

    /// Draws which rows are `given` a description.
    fn withhold(&self, draws: Draws, given: &mut [bool]) {
        let period = draws.step / STEPS_WITHHELD;
        let mut random = random::stream(draws.random_seed, &format!("withheld {period}"));
        for rows in given.chunks_mut(self.together) {
            rows.fill(random.random::<f64>() >= self.settings.conditioning_withheld);
        }
    }

    fn add_noise(&mut self, draws: Draws) {
        let name = format!("conditioning {}", draws.step);
        let mut random = random::stream(draws.random_seed, &name);
        let deviation = self.settings.conditioning_noise as f32;
        for value in &mut self.descriptions {
            let noise: f32 = StandardNormal.sample(&mut random);
            *value += deviation * noise;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::Signal;
    use crate::train::{Dataset, Recording};
    use crate::trained_model::TrainingAudio;

    const JSON: &str = r#"{"preset": "column-vector", "seg_len": 2, "num_unrollings": 40, "batch": 2, "validation": 0.2,
        "conditioning": "chroma", "conditioning_noise": 0.2}"#;

    fn dataset(hyperparameters: &Hyperparameters) -> Dataset {
        let samples = (0..4000).map(|n| (n as f32 * 0.3).sin() * (n as f32 * 0.002).sin());
        let recording = Recording {
            signal: Signal {
                samples: samples.collect(),
                sample_rate: 11025,
            },
            source: TrainingAudio {
                file: String::new(),
                sha256: String::new(),
                seconds: 0.0,
            },
        };
        Dataset::new(vec![recording], hyperparameters).unwrap()
    }

    /// The rows of time steps 1 and 2, 80 each of 18 values.
    fn rows(json: &str, draws: Option<Draws>) -> Vec<Vec<f32>> {
        let hyperparameters = Hyperparameters::parse(json).unwrap();
        let dataset = dataset(&hyperparameters);
        let (mut frames, mut labels) = (Vec::new(), Vec::new());
        dataset.training.fill(0, 1..3, &mut frames, &mut labels);
        let mut conditions = Conditions::new(&hyperparameters);
        conditions.put_beside(&mut frames, &dataset.training, (0, 1..3), draws);
        let width = hyperparameters.row_width();
        frames.chunks(width).map(<[f32]>::to_vec).collect()
    }

    fn at(step: u64) -> Option<Draws> {
        let random_seed = 1;
        Some(Draws { random_seed, step })
    }

    #[test]
    fn rows_stand_beside_what_describes_their_labels() {
        let rows = rows(JSON, None);
        let hyperparameters = Hyperparameters::parse(JSON).unwrap();
        let dataset = dataset(&hyperparameters);
        let samples = (0..3200).map(|n| (n as f32 * 0.3).sin() * (n as f32 * 0.002).sin());
        let description = dataset.hearing.describe(&samples.collect::<Vec<f32>>());
        assert_eq!(rows.len(), 2 * 80);
        // The second stretch begins in the middle.
        let middle = dataset.training.time_steps(0);
        for (row, label) in [
            (0, 1 + 2),
            (39, 1 + 39 + 2),
            (40, 1 + middle + 2),
            (80, 2 + 2),
        ] {
            assert_eq!(
                rows[row][2..17],
                *description.at(label).unwrap(),
                "row {row}"
            );
            assert_eq!(rows[row][17], 1.0);
        }
    }

    #[test]
    fn some_rows_go_without_and_others_have_noise() {
        let (noisy, plain) = (rows(JSON, at(7)), rows(JSON, None));
        let withheld: Vec<bool> = noisy.iter().map(|row| row[17] == 0.0).collect();
        assert_eq!(withheld[..80], withheld[80..]);
        let count = withheld.iter().filter(|withheld| **withheld).count();
        assert!((20..60).contains(&count), "{count} of 160");
        let (mut squares, mut values) = (0.0, 0.0);
        for ((noisy, plain), withheld) in noisy.iter().zip(&plain).zip(&withheld) {
            assert_eq!(noisy[..2], plain[..2]);
            if *withheld {
                assert_eq!(noisy[2..], [0.0; 16]);
                continue;
            }
            let errors = noisy[2..17].iter().zip(&plain[2..17]);
            squares += errors.map(|(a, b)| (a - b).powi(2)).sum::<f32>();
            values += 15.0;
        }
        assert!(((squares / values).sqrt() - 0.2).abs() < 0.02);
        // Others after a while, and every step its own noise.
        let withheld_at = |step| -> Vec<bool> {
            let rows = rows(JSON, at(step));
            rows.iter().map(|row| row[17] == 0.0).collect()
        };
        assert_eq!(withheld_at(255), withheld);
        assert_ne!(withheld_at(256), withheld);
        assert_ne!(rows(JSON, at(8)), noisy);
        assert_eq!(rows(JSON, at(7)), noisy);
    }

    #[test]
    fn rows_of_one_prediction_go_without_together() {
        let json = r#"{"preset": "transpose", "seg_len": 2, "num_unrollings": 3, "int_cursor_inc": 1, "batch": 30,
            "conditioning": "chroma"}"#;
        let rows = rows(json, at(1));
        let given: Vec<f32> = rows.iter().map(|row| row[17]).collect();
        assert!(given.chunks(3).all(|given| given == [given[0]; 3]));
        assert!(given.contains(&0.0) && given.contains(&1.0));
    }
}
