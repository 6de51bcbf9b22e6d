//! What somebody asks of answers while the program runs, beside what its options, plans and
//! voices say.

use serde_json::{Map, Value};

use super::commission::Commission;
use super::plan::{MOST_VARIATIONS, Plan};
use super::wishes::Wishes;
use crate::hyperparameters::rule;

/// Why something cannot be set.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    #[error(transparent)]
    Wish(#[from] super::plan::PlanError),
    #[error(transparent)]
    Value(#[from] crate::hyperparameters::HyperparametersError),
    #[error("\"variations\" is a whole number from 1 to {MOST_VARIATIONS}")]
    Variations,
    #[error("\"{key}\" cannot be set while antiphon runs: {why}")]
    Fixed {
        key: &'static str,
        why: &'static str,
    },
    #[error(transparent)]
    Model(#[from] crate::generate::SettingsError),
    #[error("\"model\" is to be a name")]
    NoName,
}

/// Keys of plans that are not to be set from outside.
const FIXED: [(&str, &str); 3] = [
    ("engine", "it is chosen by --engine"),
    ("provider", "it is chosen by --provider"),
    (
        "guide_file",
        "no file is opened that a message names; put it into a voice",
    ),
];

/// Those that say together how closely an answer follows: who says `follow` alone means all.
const OF_FOLLOWING: [&str; 3] = ["follow_mix", "follow_choice", "guidance"];

/// What is asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// Another model.
    pub model: Option<String>,
    /// How many answers there are to be: 1 is one, which is no set.
    pub variations: Option<usize>,
    /// All else, by the keys of plans.
    values: Map<String, Value>,
    /// The same.
    wishes: Wishes,
}

impl Changes {
    /// Those that `values` say, by the keys of plans.
    ///
    /// # Errors
    /// Unknown keys, values that are out of range, and what cannot be set.
    pub fn of(values: Map<String, Value>) -> Result<Changes, ChangeError> {
        let mut changes = Changes::default();
        for (key, value) in values {
            match (key.as_str(), value) {
                ("model", Value::String(name)) => changes.model = Some(name),
                ("model", _) => return Err(ChangeError::NoName),
                (key, value) => drop(changes.set(key, value)?),
            }
        }
        Ok(changes)
    }

    /// What [`Changes::of`] makes the same of.
    pub fn to_map(&self) -> Map<String, Value> {
        let mut map = self.values.clone();
        let model = self.model.clone().map(Value::from);
        map.extend(model.map(|model| ("model".to_owned(), model)));
        let variations = self.variations.map(Value::from);
        map.extend(variations.map(|count| ("variations".to_owned(), count)));
        map
    }

    /// Refuses a `key` that nothing of an answer is called, or that cannot be set.
    ///
    /// # Errors
    /// The nearest that is known.
    pub(super) fn known(key: &str) -> Result<(), ChangeError> {
        if let Some((key, why)) = FIXED.into_iter().find(|(fixed, _)| *fixed == key) {
            return Err(ChangeError::Fixed { key, why });
        }
        Ok(super::wishes::known(key)?)
    }

    /// Asks for `value` of `key`. What holds then.
    ///
    /// # Errors
    /// Unknown keys, values that are out of range, and what cannot be set.
    pub fn set(&mut self, key: &str, value: Value) -> Result<Value, ChangeError> {
        if key == "variations" {
            self.variations = Some(count(&value).ok_or(ChangeError::Variations)?);
            return Ok(value);
        }
        Changes::known(key)?;
        if let Some(rule) = rule(key).filter(|rule| rule.option.is_some()) {
            rule.check(&value)?;
        }
        let mut values = self.values.clone();
        match key {
            "seconds" => drop(values.remove("times")),
            "times" => drop(values.remove("seconds")),
            "width" if value.as_f64().is_some_and(|width| width > 0.0) => {
                values.remove("channels");
            }
            "channels" if value == 1 => drop(values.remove("width")),
            "follow" => values.retain(|key, _| !OF_FOLLOWING.contains(&key.as_str())),
            _ => {}
        }
        values.insert(key.to_owned(), value.clone());
        self.wishes = Wishes::of(values.clone())?;
        self.values = values;
        Ok(value)
    }

    /// Takes back what was asked of `key`.
    ///
    /// # Errors
    /// Where what is left contradicts itself.
    pub fn take_back(&mut self, key: &str) -> Result<(), ChangeError> {
        let mut values = self.values.clone();
        values.remove(key);
        self.wishes = Wishes::of(values.clone())?;
        self.values = values;
        if key == "variations" {
            self.variations = None;
        }
        Ok(())
    }

    /// What is asked of `key`, if something is.
    pub fn get(&self, key: &str) -> Option<Value> {
        match key {
            "variations" => self.variations.map(Value::from),
            key => self.values.get(key).cloned(),
        }
    }

    /// What is asked of each answer.
    pub fn wishes(&self) -> &Wishes {
        &self.wishes
    }

    /// The same, and `base` where nothing is asked.
    ///
    /// # Errors
    /// Where both together contradict themselves.
    pub fn over(self, base: &Changes) -> Result<Changes, ChangeError> {
        let mut all = base.clone();
        for (key, value) in self.values {
            all.set(&key, value)?;
        }
        all.model = self.model.or(all.model);
        all.variations = self.variations.or(all.variations);
        Ok(all)
    }

    /// `plan` with what is asked.
    pub(super) fn of_plan(&self, plan: &Plan) -> Plan {
        let changed = |own: &Wishes| {
            let mut own = own.clone();
            if self.values.contains_key("follow") {
                own.values
                    .retain(|key, _| !OF_FOLLOWING.contains(&key.as_str()));
            }
            if self.model.is_some() {
                own.model = None;
            }
            self.wishes.clone().over(&own)
        };
        let mut plan = match self.variations {
            Some(1) if plan.slices.is_none() => Plan {
                all: plan.first(),
                variations: None,
                ..plan.clone()
            },
            Some(count) => plan.clone().in_turn(count),
            None => plan.clone(),
        };
        plan.all = changed(&plan.all);
        plan.all.model = self.model.clone().or(plan.all.model);
        if let Some(variations) = &mut plan.variations {
            *variations = variations.iter().map(changed).collect();
        }
        plan
    }

    /// Whether following is said anew, and by nothing but `follow`.
    pub(super) fn is_of_following_alone(&self) -> bool {
        let others = OF_FOLLOWING
            .iter()
            .any(|key| self.values.contains_key(*key));
        self.values.contains_key("follow") && !others
    }
}

fn count(value: &Value) -> Option<usize> {
    let count = usize::try_from(value.as_u64()?).ok()?;
    (1..=MOST_VARIATIONS).contains(&count).then_some(count)
}

/// What holds of `key` where nobody asks for anything: what `wishes` say, or what is usual.
pub(super) fn usual(key: &str, wishes: &Wishes) -> Option<Value> {
    let usual = Commission::default();
    let output = wishes.commission().output;
    let all = Wishes {
        length: wishes.length.or(Some(usual.length)),
        fade: wishes.fade.or(Some(usual.ending.fade)),
        ending: wishes.ending.or(Some(usual.ending.kind)),
        random_seed: wishes.random_seed.or(Some(usual.random_seed)),
        prime: wishes.prime.or(Some(usual.prime)),
        loudness: wishes.loudness.or(Some(usual.loudness)),
        rate: Some(output.rate),
        channels: output.channels,
        width: Some(output.width),
        format: Some(output.samples),
        ..wishes.clone()
    };
    serde_json::to_value(&all).ok()?.get(key).cloned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::commission::Length;

    use super::*;

    fn of(json: Value) -> Result<Changes, String> {
        let Value::Object(values) = json else {
            panic!("{json}");
        };
        Changes::of(values).map_err(|error| error.to_string())
    }

    #[test]
    fn what_cannot_be_set_is_said() {
        for (json, expected) in [
            (json!({"folow": 1}), "did you mean \"follow\"?"),
            (json!({"follow": 1.5}), "follow"),
            (json!({"seconds": -1}), "above 0"),
            (json!({"variations": 0}), "from 1 to 10000"),
            (json!({"variations": 2.5}), "from 1 to 10000"),
            (
                json!({"engine": "native"}),
                "cannot be set while antiphon runs",
            ),
            (json!({"guide_file": "/etc/passwd"}), "no file is opened"),
            (json!({"model": 3}), "a name"),
            (json!({"learning_rate": 0.1}), "unknown key"),
        ] {
            let refused = of(json).unwrap_err();
            assert!(refused.contains(expected), "{refused}");
        }
    }

    #[test]
    fn they_are_written_as_they_were_read() {
        let json = json!({"follow": 0.7, "guidance": 2.0, "seconds": 4, "width": 0.5,
            "model": "vector", "variations": 3});
        let changes = of(json).unwrap();
        assert_eq!(Changes::of(changes.to_map()).unwrap(), changes);
    }

    #[test]
    fn what_belongs_together_is_set_together() {
        let mut changes = of(json!({"follow_mix": 0.2, "times": 2})).unwrap();
        changes.set("follow", json!(0.7)).unwrap();
        changes.set("seconds", json!(4)).unwrap();
        assert_eq!(changes, of(json!({"follow": 0.7, "seconds": 4})).unwrap());
        assert!(changes.set("fade", json!(-1)).is_err());
        assert_eq!(changes.get("fade"), None, "what was refused is not kept");
        changes.take_back("seconds").unwrap();
        changes.set("channels", json!(1)).unwrap();
        changes.set("width", json!(0.5)).unwrap();
        assert_eq!(changes.get("channels"), None);
        changes.set("channels", json!(1)).unwrap();
        assert_eq!(changes.get("width"), None);
        changes.take_back("channels").unwrap();
        assert_eq!(changes, of(json!({"follow": 0.7})).unwrap());
    }

    #[test]
    fn a_plan_is_changed_in_all_its_answers() {
        let plan = Plan::parse(
            r#"{"model": "vector", "seconds": 3,
                "variations": [{"follow_mix": 0.2, "fade": 1}, {"follow": 1}]}"#,
        )
        .unwrap();
        let changes = of(json!({"follow": 0.5, "variations": 3, "model": "transpose"})).unwrap();
        let changed = changes.of_plan(&plan);
        assert_eq!(changed.all.model.as_deref(), Some("transpose"));
        let variations = changed.variations.unwrap();
        assert_eq!(variations.len(), 3);
        for own in &variations {
            assert_eq!(
                own.values,
                json!({"follow": 0.5}).as_object().unwrap().clone()
            );
        }
        assert_eq!(variations[0].fade, Some(1.0));
        let one = of(json!({"variations": 1})).unwrap().of_plan(&plan);
        assert_eq!((one.variations, one.all.fade), (None, Some(1.0)));
        assert_eq!(one.all.length, Some(Length::Seconds(3.0)));
    }

    #[test]
    fn a_job_has_its_own_over_what_holds_for_all() {
        let all = of(json!({"follow_mix": 0.2, "times": 2, "fade": 1})).unwrap();
        let own = of(json!({"follow": 1, "seconds": 3})).unwrap();
        let expected = of(json!({"follow": 1, "seconds": 3, "fade": 1})).unwrap();
        assert_eq!(own.over(&all).unwrap(), expected);
        let contradiction = of(json!({"ending": "raw"})).unwrap();
        assert!(contradiction.over(&all).is_err());
    }
}
