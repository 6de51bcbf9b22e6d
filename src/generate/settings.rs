//! Settings of an answer: how predictions are drawn, and what the weights do.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::drawing::Drawing;
use super::feedback::Feedback;
use super::following::Follow;
use crate::chances::ChanceRules;
use crate::hyperparameters::{
    AnswerMode, Hyperparameters, HyperparametersError, LrSchedule, Vocoder, When, rule,
};

/// Settings of an answer: a model's own, or others that were asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnswerSettings {
    /// How one of what a distribution has is chosen.
    #[serde(flatten)]
    pub chances: ChanceRules,
    /// How closely a guide is followed.
    #[serde(flatten)]
    pub follow: Follow,
    /// What the weights do.
    #[serde(flatten)]
    pub weights: Weights,
    /// How far a conditioned model's answer goes from what it predicts by itself to
    /// what it predicts knowing what its guide does; `None` without a guide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guidance: Option<f64>,
    /// What makes sound of frames; `None` where there are none, and the oscillator bank
    /// where it was written down before there was another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resynthesis: Option<Vocoder>,
    /// Share of a mixture's noise that is heard; `None` for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard_noise: Option<f64>,
    /// Samples from frame to frame where frames become sound; `None` for as many as were
    /// heard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resynthesis_hop: Option<usize>,
}

/// What the weights do while a model answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Weights {
    /// They stay as they are.
    Frozen {
        /// What is fed back.
        #[serde(flatten)]
        feedback: Feedback,
    },
    /// They go on learning.
    Moving(MovingWeights),
}

/// How weights go on learning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MovingWeights {
    /// Share of a mixture's noise that what is fed back carries.
    pub feedback_noise: f64,
    /// Predictions of the network from one training step to the next.
    pub train_every: usize,
    /// The learning rate; `None` for the one that training ended with.
    #[serde(rename = "moving_lr")]
    pub learning_rate: Option<f64>,
    /// Time steps that one gradient reaches back over.
    #[serde(rename = "moving_bptt_steps")]
    pub steps_back: usize,
    /// Seconds of a phrase that the rows of a training step are spread over, and
    /// go on from once they have heard it; `None` for rows as in training.
    #[serde(rename = "moving_seconds")]
    pub phrase: Option<f64>,
}

/// What is asked of an answer other than the model's own settings say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Asked {
    /// Frozen or moving.
    pub answer: Option<AnswerMode>,
    /// Values by the hyperparameter's name; `feedback_noise` is that of the weights
    /// as they answer, frozen or moving.
    pub values: Map<String, Value>,
}

/// Why an answer cannot have the settings that were asked for.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A value is out of range.
    #[error(transparent)]
    Impossible(#[from] HyperparametersError),
    /// Something would change nothing.
    #[error(
        "\"{key}\" applies to {applies_to}, and changes nothing in this model's answers; leave it out"
    )]
    DoesNotApply {
        /// What was asked for.
        key: String,
        /// Where it would change something.
        applies_to: &'static str,
    },
    /// They belong to another model.
    #[error("the settings of the answer are none that this model can have")]
    OtherModels,
}

impl AnswerSettings {
    /// Those of a model by `hyperparameters` from which nothing else is asked: it is
    /// not guided.
    pub fn of(hyperparameters: &Hyperparameters) -> AnswerSettings {
        let h = hyperparameters;
        let weights = match h.drawing.answer {
            AnswerMode::Frozen => Weights::Frozen {
                feedback: Feedback {
                    noise: h.drawing.feedback_noise,
                    gain: h.drawing.feedback_gain,
                },
            },
            AnswerMode::Moving => Weights::Moving(MovingWeights::of(h)),
        };
        AnswerSettings {
            chances: h.chances,
            follow: Follow::of(&h.following),
            weights,
            guidance: None,
            resynthesis: h.format.use_fft.then_some(h.drawing.resynthesis),
            heard_noise: Some(h.drawing.heard_noise)
                .filter(|_| When::Choosing.holds(h) && h.drawing.heard_noise > 0.0),
            resynthesis_hop: Some(h.drawing.resynthesis_hop).filter(|hop| *hop > 0),
        }
    }

    /// Those of a model by `hyperparameters`, but for what is `asked`.
    ///
    /// # Errors
    /// Values that are out of range, and those that would change nothing.
    pub fn asked(
        hyperparameters: &Hyperparameters,
        asked: &Asked,
    ) -> Result<AnswerSettings, SettingsError> {
        let mode = asked.answer.unwrap_or(hyperparameters.drawing.answer);
        let key_of = |asked: &str| match (asked, mode) {
            ("feedback_noise", AnswerMode::Moving) => "moving_feedback_noise".to_owned(),
            _ => asked.to_owned(),
        };
        let mut changes = Map::from_iter([("answer".to_owned(), mode.name().into())]);
        let values = asked.values.iter();
        changes.extend(values.map(|(key, value)| (key_of(key), value.clone())));
        let changed = hyperparameters.with(&changes)?;
        for key in asked.values.keys() {
            let applies = rule(&key_of(key)).map(|rule| rule.applies);
            if let Some(applies) = applies.filter(|applies| !applies.holds(&changed)) {
                return Err(SettingsError::DoesNotApply {
                    key: key.clone(),
                    applies_to: applies.words(),
                });
            }
        }
        let followed = ["guide", "guide_transpose", "guidance"];
        let without_use = followed.iter().find(|key| asked.values.contains_key(**key));
        if let Some(key) = without_use.filter(|_| Follow::of(&changed.following).is_free()) {
            return Err(SettingsError::DoesNotApply {
                key: (*key).to_owned(),
                applies_to: "answers that follow, and here nothing is followed (\"follow\" is 0)",
            });
        }
        let guided = asked.values.contains_key("guidance");
        Ok(AnswerSettings {
            guidance: guided.then_some(changed.conditioning.guidance),
            ..AnswerSettings::of(&changed)
        })
    }

    /// The same, which were written down, for a model by `hyperparameters`.
    ///
    /// # Errors
    /// Values that are out of range, and those that such a model cannot have.
    pub fn checked(
        mut self,
        hyperparameters: &Hyperparameters,
    ) -> Result<AnswerSettings, SettingsError> {
        if hyperparameters.format.use_fft {
            self.resynthesis.get_or_insert(Vocoder::OscillatorBank);
        }
        let Ok(Value::Object(written)) = serde_json::to_value(&self) else {
            return Err(SettingsError::OtherModels);
        };
        let moving = matches!(self.weights, Weights::Moving(_));
        let changes = written.into_iter().map(|(key, value)| {
            match (key.as_str(), &value) {
                ("feedback_noise", _) if moving => ("moving_feedback_noise".to_owned(), value),
                // What is none here is 0 there.
                ("moving_lr" | "moving_seconds", Value::Null) => (key, 0.into()),
                _ => (key, value),
            }
        });
        let changed = hyperparameters.with(&changes.collect())?;
        let guidance = self.guidance;
        match (AnswerSettings {
            guidance,
            ..AnswerSettings::of(&changed)
        }) == self
        {
            true => Ok(self),
            false => Err(SettingsError::OtherModels),
        }
    }

    /// The same, but that nothing is followed.
    pub fn free(self) -> AnswerSettings {
        AnswerSettings {
            follow: Follow::nothing(),
            guidance: None,
            ..self
        }
    }

    /// How predictions are drawn and fed back.
    pub fn drawing(&self) -> Drawing {
        Drawing {
            chances: self.chances,
            feedback: self.feedback(),
            heard_noise: self.heard_noise.unwrap_or(0.0),
        }
    }

    /// What is fed back. Weights that move lose what they sustain of themselves,
    /// and need no gain.
    pub fn feedback(&self) -> Feedback {
        match &self.weights {
            Weights::Frozen { feedback } => *feedback,
            Weights::Moving(moving) => Feedback {
                noise: moving.feedback_noise,
                gain: 1.0,
            },
        }
    }
}

impl MovingWeights {
    /// Those of a model by `hyperparameters`, whatever its weights do by themselves.
    pub fn of(hyperparameters: &Hyperparameters) -> MovingWeights {
        let h = hyperparameters;
        // In the transpose approach the rows are one input.
        let by_phrases = h.moving.moving_seconds > 0.0 && !h.format.use_transpose;
        MovingWeights {
            feedback_noise: h.moving.moving_feedback_noise,
            train_every: h.moving.train_every,
            learning_rate: (h.moving.moving_lr > 0.0).then_some(h.moving.moving_lr),
            steps_back: match h.moving.moving_bptt_steps {
                0 => h.training.bptt_steps,
                steps => steps,
            },
            phrase: by_phrases.then_some(h.moving.moving_seconds),
        }
    }

    /// Hyperparameters of training that goes on while a model by `hyperparameters`
    /// answers.
    pub fn training(&self, hyperparameters: &Hyperparameters) -> Hyperparameters {
        let mut moving = hyperparameters.clone();
        moving.dreams.num_dreams = 0;
        moving.dreams.audio_freq = 0;
        // No loss is measured then, so that no end need be long enough for it.
        moving.training.validation = 0.0;
        moving.training.bptt_steps = self.steps_back;
        if let Some(learning_rate) = self.learning_rate {
            moving.training.lr = learning_rate;
            moving.training.lr_schedule = LrSchedule::Constant;
        }
        if let Some(apart) = self.rows_apart(hyperparameters) {
            moving.format.int_cursor_inc = apart;
        }
        moving
    }

    /// Elements of the sequence from one row to the next, where the rows are
    /// spread over a phrase.
    pub fn rows_apart(&self, hyperparameters: &Hyperparameters) -> Option<usize> {
        let h = hyperparameters;
        let rows = (h.format.num_unrollings * h.format.samples_per_element()) as f64;
        let apart = |seconds| seconds * f64::from(h.format.sample_rate) / rows;
        self.phrase.map(|seconds| (apart(seconds) as usize).max(1))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::chances::{Temperature, TopP};

    fn hyperparameters(json: &str) -> Hyperparameters {
        Hyperparameters::parse(json).unwrap()
    }

    fn asked(json: &str, answer: AnswerMode, values: Value) -> Result<AnswerSettings, String> {
        let Value::Object(values) = values else {
            panic!("{values}");
        };
        let answer = Some(answer);
        AnswerSettings::asked(&hyperparameters(json), &Asked { answer, values })
            .map_err(|error| error.to_string())
    }

    const MIXTURE: &str = r#"{"preset": "vector", "output": "mixture", "feedback_noise": 0.8,
        "feedback_gain": 0.99, "moving_feedback_noise": 0.3}"#;

    #[test]
    fn moving_weights_have_noise_of_their_own_and_no_gain() {
        let feedback = |answer| {
            let feedback = asked(MIXTURE, answer, json!({})).unwrap().feedback();
            (feedback.noise, feedback.gain)
        };
        assert_eq!(feedback(AnswerMode::Frozen), (0.8, 0.99));
        assert_eq!(feedback(AnswerMode::Moving), (0.3, 1.0));
    }

    #[test]
    fn what_is_asked_changes_what_it_applies_to() {
        for answer in [AnswerMode::Frozen, AnswerMode::Moving] {
            let other = json!({"temperature": 0.5, "top_p": 0.9, "feedback_noise": 0.7});
            let settings = asked(MIXTURE, answer, other).unwrap();
            assert_eq!(settings.chances.temperature, Temperature(0.5));
            assert_eq!(settings.chances.top_p, TopP(0.9));
            assert_eq!(settings.feedback().noise, 0.7);
        }
    }

    #[test]
    fn what_would_change_nothing_or_is_impossible_is_an_error() {
        let value = r#"{"preset": "vector"}"#;
        for (json, answer, values, expected) in [
            (
                value,
                AnswerMode::Frozen,
                json!({"temperature": 0.5}),
                "applies to models that draw",
            ),
            (
                value,
                AnswerMode::Moving,
                json!({"feedback_noise": 0.5}),
                "\"feedback_noise\" applies",
            ),
            (
                value,
                AnswerMode::Frozen,
                json!({"train_every": 5}),
                "applies to weights that move",
            ),
            (
                value,
                AnswerMode::Moving,
                json!({"feedback_gain": 0.9}),
                "applies to frozen weights",
            ),
            (
                value,
                AnswerMode::Frozen,
                json!({"feedback_gain": 2}),
                "\"feedback_gain\" is 2; allowed: 0.5 to 1",
            ),
            (
                MIXTURE,
                AnswerMode::Frozen,
                json!({"guidance": 1}),
                "applies to models with conditioning",
            ),
            (
                MIXTURE,
                AnswerMode::Frozen,
                json!({"follow": 0, "guide": "reverse"}),
                "\"guide\" applies to answers that follow",
            ),
            (
                MIXTURE,
                AnswerMode::Frozen,
                json!({"follow": "closely"}),
                "expected a number, or a ramp [[second, value]",
            ),
            (
                MIXTURE,
                AnswerMode::Frozen,
                json!({"temprature": 1}),
                "did you mean \"temperature\"?",
            ),
        ] {
            let error = asked(json, answer, values).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_sidecar_holds_what_applies() {
        let written = |answer| {
            let settings = asked(MIXTURE, answer, json!({})).unwrap();
            let value = serde_json::to_value(&settings).unwrap();
            let read: AnswerSettings = serde_json::from_value(value.clone()).unwrap();
            assert_eq!(read, settings);
            assert_eq!(read.checked(&hyperparameters(MIXTURE)).unwrap(), settings);
            value
        };
        assert_eq!(
            written(AnswerMode::Frozen),
            json!({"temperature": 1.0, "top_p": 1.0, "follow": 0.5, "guide": "loop", "answer": "frozen", "feedback_noise": 0.8,
                "feedback_gain": 0.99})
        );
        assert_eq!(
            written(AnswerMode::Moving),
            json!({"temperature": 1.0, "top_p": 1.0, "follow": 0.5, "guide": "loop", "answer": "moving", "feedback_noise": 0.3,
                "train_every": 1, "moving_lr": null, "moving_bptt_steps": 1, "moving_seconds": null})
        );
    }

    #[test]
    fn frames_sound_by_the_vocoder_asked_for_and_once_by_the_oscillator_bank_alone() {
        let locked = r#"{"preset": "magnitude-spectrum", "resynthesis": "phase-locked"}"#;
        let sounding = |values| asked(locked, AnswerMode::Frozen, values).unwrap();
        let own = sounding(json!({}));
        assert_eq!(own.resynthesis, Some(Vocoder::PhaseLocked));
        let bank = sounding(json!({"resynthesis": "oscillator-bank"}));
        assert_eq!(bank.resynthesis, Some(Vocoder::OscillatorBank));
        for settings in [&own, &bank] {
            let read = settings.clone().checked(&hyperparameters(locked));
            assert_eq!(read.unwrap(), *settings);
        }

        let mut before = serde_json::to_value(&bank).unwrap();
        before.as_object_mut().unwrap().remove("resynthesis");
        let before: AnswerSettings = serde_json::from_value(before).unwrap();
        assert_eq!(before.checked(&hyperparameters(locked)).unwrap(), bank);

        let refused = asked(
            MIXTURE,
            AnswerMode::Frozen,
            json!({"resynthesis": "phase-locked"}),
        );
        assert!(
            refused
                .unwrap_err()
                .contains("the magnitude spectrum approach")
        );
    }

    #[test]
    fn settings_of_another_model_or_of_none_are_refused() {
        let settings = asked(MIXTURE, AnswerMode::Moving, json!({})).unwrap();
        let checked = |change: &dyn Fn(&mut MovingWeights)| {
            let mut settings = settings.clone();
            if let Weights::Moving(weights) = &mut settings.weights {
                change(weights);
            }
            settings.checked(&hyperparameters(MIXTURE))
        };
        assert!(checked(&|_| ()).is_ok());
        assert!(checked(&|weights| weights.train_every = 0).is_err());
        assert!(checked(&|weights| weights.steps_back = 0).is_err());
        assert!(checked(&|weights| weights.phrase = Some(-1.0)).is_err());
    }

    #[test]
    fn an_answer_is_guided_where_that_is_asked_for() {
        let conditioned = MIXTURE.replacen('{', r#"{"conditioning": "chroma", "#, 1);
        let guidance = |answer, values| asked(&conditioned, answer, values).unwrap().guidance;
        assert_eq!(guidance(AnswerMode::Frozen, json!({})), None);
        assert_eq!(
            guidance(AnswerMode::Frozen, json!({"guidance": 2})),
            Some(2.0)
        );
        assert_eq!(
            guidance(AnswerMode::Moving, json!({"guidance": 0})),
            Some(0.0)
        );
    }

    #[test]
    fn moving_rows_are_spread_over_the_seconds_of_a_phrase() {
        let apart = |preset: &str, seconds: f64| {
            let hyperparameters = hyperparameters(&format!(
                r#"{{"preset": "{preset}", "sample_rate": 8000, "num_unrollings": 4, "hop_size": 100,
                "int_cursor_inc": 3, "validation": 0.1, "moving_seconds": {seconds}}}"#
            ));
            let training = MovingWeights::of(&hyperparameters).training(&hyperparameters);
            assert_eq!(training.training.validation, 0.0);
            training.format.int_cursor_inc
        };
        assert_eq!(apart("column-vector", 2.0), 4000);
        assert_eq!(apart("magnitude-spectrum", 2.0), 40);
        assert_eq!(apart("magnitude-spectrum", 1e-9), 1);
        assert_eq!(apart("column-vector", 0.0), 3);
        assert_eq!(apart("transpose", 2.0), 3);
    }
}
