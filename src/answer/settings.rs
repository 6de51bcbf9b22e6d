//! What may be changed while seeds are answered, shared by whoever changes it and whoever
//! answers.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::changes::{ChangeError, Changes, usual};
use super::plan::Plan;
use super::wishes::Wishes;
use crate::generate::AnswerSettings;
use crate::hyperparameters::Hyperparameters;

/// What is set now.
#[derive(Clone)]
pub struct Settings(Arc<Mutex<Inner>>);

struct Inner {
    changes: Changes,
    /// Who answers where nobody is named, if not the voice of the options.
    voice: Option<String>,
    /// What is said of the model that answers.
    started_with: Started,
    /// Of the model that was chosen since.
    chosen: Option<Hyperparameters>,
}

/// What answers when nothing has been changed.
pub struct Started {
    /// What its options ask of all answers, and its plan beside that.
    pub wishes: Wishes,
    pub plan: Plan,
    /// Of its model, the first of several.
    pub hyperparameters: Hyperparameters,
}

impl Settings {
    /// Nothing has been changed.
    pub fn new(started_with: Started) -> Settings {
        Settings(Arc::new(Mutex::new(Inner {
            changes: Changes::default(),
            voice: None,
            started_with,
            chosen: None,
        })))
    }

    /// What holds for the seed that is answered next: which voice answers, if not the one
    /// of the options, and how.
    pub fn now(&self) -> (Option<String>, Changes) {
        let inner = self.lock();
        (inner.voice.clone(), inner.changes.clone())
    }

    /// Has answers made otherwise from the next seed on; what holds then. The word
    /// `default` takes back what was set.
    ///
    /// # Errors
    /// What cannot be set, and what the model that answers cannot do.
    pub fn set(&self, key: &str, value: Value) -> Result<Value, ChangeError> {
        let mut inner = self.lock();
        let mut changes = inner.changes.clone();
        if value == "default" {
            inner.get(key)?;
            changes.take_back(key)?;
        } else {
            changes.set(key, value)?;
            inner.check(&changes)?;
        }
        inner.changes = changes;
        inner.get(key)
    }

    /// How answers are made; [`Value::Null`] where that is the model's or the voice's affair.
    ///
    /// # Errors
    /// Unknown keys.
    pub fn get(&self, key: &str) -> Result<Value, ChangeError> {
        self.lock().get(key)
    }

    /// Has the model `name`, of `hyperparameters`, answer, or again the one of the options.
    pub fn choose_model(&self, chosen: Option<(String, Hyperparameters)>) {
        let mut inner = self.lock();
        let (name, hyperparameters) = chosen.unzip();
        inner.changes.model = name;
        inner.chosen = hyperparameters;
    }

    /// Has the voice `name` answer, or again the one of the options.
    pub fn choose_voice(&self, name: Option<String>) {
        self.lock().voice = name;
    }

    /// Takes back all that was changed.
    pub fn reset(&self) {
        let mut inner = self.lock();
        (inner.changes, inner.voice, inner.chosen) = (Changes::default(), None, None);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Refuses what the model that answers cannot do. What a voice's models can do is known
    /// when they answer.
    fn check(&self, changes: &Changes) -> Result<(), ChangeError> {
        if self.voice.is_some() {
            return Ok(());
        }
        let hyperparameters = self
            .chosen
            .as_ref()
            .unwrap_or(&self.started_with.hyperparameters);
        let wishes = self.wishes(changes);
        AnswerSettings::asked(hyperparameters, &wishes.asked())?;
        Ok(())
    }

    /// What is asked of the first answer.
    fn wishes(&self, changes: &Changes) -> Wishes {
        let Started { wishes, plan, .. } = &self.started_with;
        let base = match self.chosen.is_some() || self.voice.is_some() {
            true => wishes.of_any_model(),
            false => wishes.clone(),
        };
        changes.of_plan(plan).first().over(&base)
    }

    fn get(&self, key: &str) -> Result<Value, ChangeError> {
        // Names are known by what refuses others.
        if let Some(value) = self.changes.get(key) {
            return Ok(value);
        }
        if key == "variations" {
            let count = self
                .started_with
                .plan
                .variations
                .as_ref()
                .map_or(1, Vec::len);
            return Ok(count.into());
        }
        Changes::known(key)?;
        if self.voice.is_some() {
            return Ok(Value::Null);
        }
        let hyperparameters = self
            .chosen
            .as_ref()
            .unwrap_or(&self.started_with.hyperparameters);
        let usual = usual(key, &self.wishes(&self.changes));
        let own = || hyperparameters.values().get(key).cloned();
        Ok(usual.or_else(own).unwrap_or(Value::Null))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn settings() -> Settings {
        let plan = Plan::parse(r#"{"seconds": 3}"#).unwrap();
        Settings::new(Started {
            wishes: Plan::parse(r#"{"follow": 0.2, "fade": 1}"#).unwrap().all,
            plan,
            hyperparameters: Hyperparameters::parse(
                r#"{"preset": "vector", "output": "mixture", "temperature": 0.9}"#,
            )
            .unwrap(),
        })
    }

    #[test]
    fn what_holds_is_what_was_set_or_asked_for_or_is_usual() {
        let settings = settings();
        for (key, expected) in [
            ("follow", json!(0.2)),
            ("seconds", json!(3.0)),
            ("fade", json!(1.0)),
            ("ending", json!("phrase")),
            ("loudness", json!("seed")),
            ("temperature", json!(0.9)),
            ("variations", json!(1)),
            // As many as the model makes.
            ("channels", Value::Null),
            ("width", json!(0.0)),
            ("times", Value::Null),
        ] {
            assert_eq!(settings.get(key).unwrap(), expected, "{key}");
        }
        assert_eq!(settings.set("follow", json!(0.7)).unwrap(), json!(0.7));
        assert_eq!(settings.get("follow").unwrap(), json!(0.7));
        assert_eq!(
            settings.set("follow", json!("default")).unwrap(),
            json!(0.2)
        );
        settings.set("width", json!(0.5)).unwrap();
        assert_eq!(settings.get("channels").unwrap(), json!(2));
        settings.set("variations", json!(3)).unwrap();
        assert_eq!(settings.get("variations").unwrap(), json!(3));
        settings.reset();
        assert_eq!(settings.now(), (None, Changes::default()));
        assert!(settings.get("folow").is_err());
        assert!(settings.set("folow", json!("default")).is_err());
    }

    #[test]
    fn what_the_model_cannot_do_is_refused_and_nothing_changes() {
        let settings = settings();
        let spectrum = Hyperparameters::parse(r#"{"preset": "magnitude-spectrum"}"#).unwrap();
        assert!(settings.set("temperature", json!(0.5)).is_ok());
        settings.reset();
        settings.choose_model(Some(("spectrum".to_owned(), spectrum)));
        let refused = settings.set("temperature", json!(0.5)).unwrap_err();
        assert!(refused.to_string().contains("temperature"), "{refused}");
        assert_eq!(settings.now().1.get("temperature"), None);
        settings.choose_voice(Some("bells".to_owned()));
        assert!(settings.set("temperature", json!(0.5)).is_ok());
        assert_eq!(settings.get("follow").unwrap(), Value::Null);
    }
}
