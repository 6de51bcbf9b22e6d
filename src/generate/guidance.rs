//! What a conditioned model is shown beside its input while it answers: nothing, or
//! what its guide does, which leads its predictions.
//!
//! With a guide the network runs twice, in one batch: free, and knowing what the
//! guide does next. Both hear the same; their predictions become one
//! ([`Output::lead`]). By a strength of 1 that is the one that knows, which runs alone.

use std::ops::Range;
use std::sync::Arc;

use super::AnswerSettings;
use super::course::Course;
use crate::frames::WindowFormat;
use crate::hearing::Description;
use crate::model::Architecture;
#[cfg(doc)]
use crate::model::Output;

/// What stands beside a model's input.
pub struct Guidance {
    architecture: Architecture,
    guide: Option<Guide>,
    conditions: Vec<f32>,
}

/// A description of a seed and of its guide.
pub type Described = Description<Arc<Course>>;

/// What leads predictions.
struct Guide {
    description: Arc<Described>,
    guiding: Guiding,
}

/// How far predictions are led.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Guiding {
    /// 0 not at all, 1 to what is predicted with the description, more beyond.
    strength: f64,
    /// Whether following's dial says which share of it counts, and is ever below its middle.
    by_the_dial: bool,
}

impl Guiding {
    /// As `settings` ask for, or else as far as the model's `own`, by the dial.
    pub fn of(settings: &AnswerSettings, own: f64) -> Guiding {
        let by_the_dial = settings.guidance.is_none() && settings.follow.least_guidance() < 1.0;
        Guiding {
            strength: settings.guidance.unwrap_or(own),
            by_the_dial,
        }
    }

    /// Whether what would be predicted freely has no part in what is.
    fn knows_always(self) -> bool {
        self.strength == 1.0 && !self.by_the_dial
    }

    /// How often the network runs.
    pub fn streams(self) -> usize {
        match self.strength == 0.0 || self.knows_always() {
            true => 1,
            false => 2,
        }
    }
}

impl Guidance {
    /// None.
    pub fn none(architecture: &Architecture) -> Guidance {
        Guidance {
            architecture: architecture.clone(),
            guide: None,
            conditions: Vec::new(),
        }
    }

    /// That of a guide which goes on from the seed beside the answer, both described by
    /// what `describe` gives; beyond its end the answer is free. Nothing guides a model that
    /// is not conditioned, or by a strength of 0.
    pub fn by(self, guiding: Guiding, describe: impl FnOnce() -> Arc<Described>) -> Guidance {
        let guides = guiding.strength != 0.0 && self.architecture.conditions > 0;
        let guide = guides.then(|| Guide {
            description: describe(),
            guiding,
        });
        Guidance { guide, ..self }
    }

    /// How often each input matrix is shown: free, and last with what the guide does.
    pub fn streams(&self) -> usize {
        let guide = self.guide.as_ref();
        guide.map_or(1, |guide| guide.guiding.streams())
    }

    /// What the network is to know beside the rows of input matrices `matrices`, cut as
    /// `windows` say: `[T, S, R, C]`, for T matrices in S streams of R rows.
    pub fn conditions(&mut self, windows: &WindowFormat, matrices: Range<usize>) -> &[f32] {
        let streams = self.streams();
        let conditions = &mut self.conditions;
        conditions.clear();
        let architecture = &self.architecture;
        for matrix in matrices.filter(|_| architecture.conditions > 0) {
            for stream in 0..streams {
                for row in 0..windows.rows {
                    let label = windows.label_centre(matrix, row);
                    let guide = self.guide.as_ref().filter(|_| stream + 1 == streams);
                    match guide.is_some_and(|guide| guide.description.at(label, conditions)) {
                        true => conditions.push(1.0),
                        false => architecture.push_withheld(conditions),
                    }
                }
            }
        }
        conditions
    }

    /// Makes the last of `predictions`, one for each stream, one that is led, by its
    /// `share` where the dial has a say.
    pub fn lead(&self, predictions: &mut [f32], share: f64) {
        let Some(guide) = self.guide.as_ref().filter(|_| self.streams() == 2) else {
            return;
        };
        let (output, outputs) = (self.architecture.output, self.architecture.outputs());
        let (width, both) = (output.width(outputs), predictions.len());
        let (free, given) = predictions[both - 2 * width..].split_at_mut(width);
        let share = if guide.guiding.by_the_dial {
            share
        } else {
            1.0
        };
        let strength = (guide.guiding.strength * share) as f32;
        output.lead(free, strength, given, outputs);
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;
    use std::path::Path;
    use std::sync::Arc;

    use super::Guiding;
    use crate::audio::Signal;
    use crate::generate::course::Course;
    use crate::generate::guide::GuideMaking;
    use crate::generate::{AnswerSettings, Native, Player, Prime, Request, generate};
    use crate::hearing::Levelled;
    use crate::hyperparameters::{GuideForm, Strength};
    use crate::model::{Precision, State, Tape};
    use crate::testing::random_model;
    use crate::trained_model::TrainedModel;

    const JSON: &str = r#"{"preset": "column-vector", "seg_len": 8, "num_unrollings": 5, "use_skip": true,
        "conditioning": "chroma"}"#;

    fn seed() -> Signal {
        let sample = |n: i32| 0.6 * (n as f32 * 0.2).sin() * (n as f32 * 0.004).cos();
        Signal {
            samples: (0..700).map(sample).collect(),
            sample_rate: 11025,
        }
    }

    fn answer(model: &TrainedModel, guidance: Option<f64>) -> Vec<f32> {
        let mut settings = AnswerSettings::of(&model.hyperparameters);
        // Nothing but guidance leads.
        settings.follow.mix = Some(Strength::Constant(0.0));
        settings.follow.choice = Some(Strength::Constant(0.0));
        settings.guidance = guidance;
        if guidance.is_none() {
            settings = settings.free();
        }
        answer_by(model, &settings)
    }

    fn answer_by(model: &TrainedModel, settings: &AnswerSettings) -> Vec<f32> {
        let player = Player {
            model,
            settings,
            engine: &mut Native::new(model.network.clone(), Precision::F32, 1),
            theme: None,
            folder: Path::new("nowhere"),
        };
        let request = Request {
            seconds: 1000.0 / 11025.0,
            random_seed: 1,
            prime: Prime::Seed,
            prime_seconds: None,
            may_go_back: false,
        };
        let mut go_on = |_: f64| ControlFlow::Continue(());
        let answer = generate(player, &Arc::new(seed().into()), &request, &mut go_on);
        answer.unwrap().sound.to_signal().unwrap().samples
    }

    /// Two networks, each with its own state, one after the other.
    fn led_by_the_seed(model: &TrainedModel, strength: f32) -> Vec<f32> {
        let (network, mut tape) = (&model.network, Tape::new(1));
        let mut states = [0, 1].map(|_| State::zero(network.architecture(), 1));
        let mut sequence = seed().samples;
        let making = GuideMaking {
            form: GuideForm::Loop,
            semitones: 0.0,
            random_seed: 1,
        };
        let levelled = Levelled::as_it_is(sequence.clone(), 11025);
        let guide = making.guide(&levelled, 20_000);
        let course = Course::new(levelled, guide);
        let description = model.hearing().describe_seed_and(course, sequence.len());
        for t in 0..700 - 8 + 1000 {
            let [free, given] = [0, 1].map(|given| {
                let mut row = sequence[t..t + 8].to_vec();
                match given {
                    0 => row.extend([0.0; 16]),
                    _ => {
                        assert!(description.at(t + 8, &mut row));
                        row.push(1.0);
                    }
                }
                network.forward(&row, &mut states[given], None, &mut tape);
                tape.prediction()[0]
            });
            if t + 8 >= 700 {
                let led = free.atanh() + strength * (given.atanh() - free.atanh());
                sequence.push(led.tanh());
            }
        }
        sequence.split_off(700)
    }

    #[test]
    fn the_seed_guides_line_by_line() {
        let model = random_model(JSON);
        for strength in [1.0, 1.5] {
            let (answer, expected) = (
                answer(&model, Some(f64::from(strength))),
                led_by_the_seed(&model, strength),
            );
            assert_eq!(expected.len(), 1000);
            for (n, (a, b)) in answer.iter().zip(&expected).enumerate() {
                assert!((a - b).abs() < 1e-4, "{strength}: {n}: {a} {b}");
            }
        }
    }

    #[test]
    fn the_dial_says_how_far_the_models_own_guidance_goes() {
        let model = random_model(JSON);
        let by_the_dial = |follow| {
            let mut settings = AnswerSettings::of(&model.hyperparameters);
            settings.follow.follow = Strength::Constant(follow);
            settings.follow.mix = Some(Strength::Constant(0.0));
            answer_by(&model, &settings)
        };
        // 1.5 is the model's own, all of it from the middle of the dial on.
        assert_eq!(model.hyperparameters.conditioning.guidance, 1.5);
        assert_eq!(by_the_dial(0.5), answer(&model, Some(1.5)));
        assert_eq!(by_the_dial(1.0), answer(&model, Some(1.5)));
        assert_eq!(by_the_dial(0.25), answer(&model, Some(0.75)));
        assert_eq!(by_the_dial(0.0), answer(&model, None));
    }

    #[test]
    fn the_network_runs_once_where_what_it_would_predict_freely_has_no_part() {
        let model = random_model(JSON);
        let streams = |follow: &str, asked, own| {
            let mut settings = AnswerSettings::of(&model.hyperparameters);
            settings.follow.follow = serde_json::from_str(follow).unwrap();
            settings.guidance = asked;
            Guiding::of(&settings, own).streams()
        };
        assert_eq!(streams("0.5", None, 1.0), 1);
        assert_eq!(streams("[[0, 1], [9, 0.5]]", None, 1.0), 1);
        assert_eq!(streams("[[0, 1], [9, 0.4]]", None, 1.0), 2);
        assert_eq!(streams("0.1", None, 1.0), 2);
        assert_eq!(streams("0.1", Some(1.0), 1.5), 1);
        assert_eq!(streams("0.5", None, 1.5), 2);
        assert_eq!(streams("0.5", Some(0.0), 1.5), 1);
    }

    #[test]
    fn no_guidance_is_one_stream_and_every_approach_is_guided() {
        let model = random_model(JSON);
        assert_eq!(answer(&model, Some(0.0)), answer(&model, None));
        for json in [
            JSON,
            r#"{"preset": "vector", "seg_len": 16, "label_offset": 8, "num_unrollings": 3, "output": "mixture",
                "components": 2, "conditioning": "chroma"}"#,
            r#"{"preset": "transpose", "seg_len": 8, "num_unrollings": 3, "conditioning": "chroma"}"#,
            r#"{"preset": "magnitude-spectrum", "window_size": 64, "hop_size": 32, "num_unrollings": 3,
                "conditioning": "chroma"}"#,
            r#"{"preset": "column-vector", "seg_len": 8, "num_unrollings": 3, "output": "levels",
                "components": 16, "conditioning": "chroma"}"#,
        ] {
            let model = random_model(json);
            let guided = answer(&model, Some(1.5));
            assert_eq!(guided, answer(&model, Some(1.5)), "{json}");
            assert_ne!(guided, answer(&model, None), "{json}");
        }
    }
}
