//! A plan: how several answers to one seed are to differ.
//!
//! ```json
//! { "model": "vector", "seconds": 8,
//!   "variations": [ {"follow": 0.8}, {"guide": "reverse", "count": 3}, {"times": 2} ] }
//! ```

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::wishes::Wishes;
use crate::slice::MOST_BANDS;

/// The most answers to one seed.
pub const MOST_VARIATIONS: usize = 10_000;

/// What is asked of the answers to a seed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// Of all of them.
    pub all: Wishes,
    /// Of each beside that; `None` for one answer, which is no set.
    pub variations: Option<Vec<Wishes>>,
    /// In so many bands a set is cut into slices too; `None` for no slices.
    pub slices: Option<usize>,
}

/// What is wrong with a plan, for the person who wrote it.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    #[error("cannot read {}: {cause}", path.display())]
    Unreadable {
        path: PathBuf,
        cause: std::io::Error,
    },
    #[error("it is not JSON: {0}")]
    NotJson(serde_json::Error),
    #[error("it is not a JSON object: write {{ \"variations\": [ {{\"follow\": 0.8}} ] }}, say")]
    NotAnObject,
    #[error("unknown key \"{key}\"{hint}")]
    UnknownKey { key: String, hint: String },
    #[error("\"{key}\": {what}")]
    Value { key: &'static str, what: String },
    #[error("\"seconds\" and \"times\" are both the length; leave one of them out")]
    TwoLengths,
    #[error("the ending is raw, where nothing fades; leave out the fade, or choose another ending")]
    NoFade,
    #[error(
        "one channel has no width; leave out \"channels\" or \"width\", or ask for two channels"
    )]
    NoWidth,
    #[error(
        "\"variations\" is a number from 1 to {MOST_VARIATIONS}, or a list of objects with \
         settings"
    )]
    Variations,
    #[error("\"slices\" is a number of bands from 1 to {MOST_BANDS}")]
    Slices,
    #[error("variation {number}: {cause}")]
    Variation {
        number: usize,
        cause: Box<PlanError>,
    },
}

impl Plan {
    /// The plan in the file `path`. Models and sounds that it names are looked for beside it.
    ///
    /// # Errors
    /// What cannot be read, and all that [`Plan::parse`] refuses.
    pub fn read(path: &Path) -> Result<Plan, PlanError> {
        let text = std::fs::read_to_string(path).map_err(|cause| PlanError::Unreadable {
            path: path.to_owned(),
            cause,
        })?;
        let mut plan = Plan::parse(&text)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let wishes = plan.variations.iter_mut().flatten();
        for wishes in wishes.chain([&mut plan.all]) {
            wishes.look_beside(folder);
        }
        Ok(plan)
    }

    /// The plan that `json` says.
    ///
    /// # Errors
    /// Unknown keys, and values that are out of range.
    pub fn parse(json: &str) -> Result<Plan, PlanError> {
        let Value::Object(mut given) = serde_json::from_str(json).map_err(PlanError::NotJson)?
        else {
            return Err(PlanError::NotAnObject);
        };
        let variations = given.remove("variations");
        let variations = variations.map(parse_variations).transpose()?;
        let slices = given.remove("slices");
        let slices = slices.map(parse_slices).transpose()?;
        // Slices lie in the folder of a set, if only of one answer.
        let one = slices.map(|_| vec![Wishes::default()]);
        Ok(Plan {
            variations: variations.or(one),
            slices,
            all: Wishes::of(given)?,
        })
    }

    /// What [`Plan::parse`] makes the same plan of.
    pub fn to_json(&self) -> Value {
        let mut json = self.all.to_map();
        if let Some(variations) = &self.variations {
            let alike = variations.chunk_by(|a, b| a == b);
            let list = alike.map(|alike| {
                let mut one = alike[0].to_map();
                // Thousands of one kind do not say so thousands of times.
                if alike.len() > 1 {
                    one.insert("count".to_owned(), alike.len().into());
                }
                Value::Object(one)
            });
            json.insert("variations".to_owned(), list.collect());
        }
        if let Some(slices) = self.slices {
            json.insert("slices".to_owned(), slices.into());
        }
        Value::Object(json)
    }

    /// The sounds that its answers follow instead of the seed.
    pub fn guides(&self) -> impl Iterator<Item = &Path> {
        let wishes = self.variations.iter().flatten().chain([&self.all]);
        wishes.filter_map(|wishes| wishes.guide_file.as_deref())
    }

    /// The models that it names.
    pub fn models(&self) -> impl Iterator<Item = &str> {
        let wishes = self.variations.iter().flatten().chain([&self.all]);
        wishes.filter_map(|wishes| wishes.model.as_deref())
    }

    /// What is asked of the first answer.
    pub(super) fn first(&self) -> Wishes {
        let own = self.variations.iter().flatten().next();
        own.cloned().unwrap_or_default().over(&self.all)
    }

    /// The same with `count` variations, those that it has in turn.
    pub fn in_turn(self, count: usize) -> Plan {
        let own = self.variations.filter(|own| !own.is_empty());
        let own = own.unwrap_or_else(|| vec![Wishes::default()]);
        Plan {
            variations: Some(own.iter().cycle().take(count).cloned().collect()),
            ..self
        }
    }
}

fn parse_slices(value: Value) -> Result<usize, PlanError> {
    let count = value.as_u64().and_then(|n| usize::try_from(n).ok());
    let count = count.filter(|n| (1..=MOST_BANDS).contains(n));
    count.ok_or(PlanError::Slices)
}

fn parse_variations(value: Value) -> Result<Vec<Wishes>, PlanError> {
    let count = |n: u64| {
        let n = usize::try_from(n).ok();
        n.filter(|n| (1..=MOST_VARIATIONS).contains(n))
    };
    if let Some(n) = value.as_u64().and_then(count) {
        return Ok(vec![Wishes::default(); n]);
    }
    let Value::Array(list) = value else {
        return Err(PlanError::Variations);
    };
    let mut all = Vec::new();
    for (n, one) in list.into_iter().enumerate() {
        let Value::Object(mut one) = one else {
            return Err(PlanError::Variations);
        };
        let at = |cause| PlanError::Variation {
            number: n + 1,
            cause: Box::new(cause),
        };
        let times = take_count(&mut one).map_err(at)?;
        let wishes = Wishes::of(one).map_err(at)?;
        all.extend(std::iter::repeat_n(wishes, times));
    }
    match all.len() {
        1..=MOST_VARIATIONS => Ok(all),
        _ => Err(PlanError::Variations),
    }
}

/// How many times these settings are to be used.
fn take_count(one: &mut Map<String, Value>) -> Result<usize, PlanError> {
    let Some(count) = one.remove("count") else {
        return Ok(1);
    };
    let whole = count.as_u64().and_then(|count| usize::try_from(count).ok());
    whole
        .filter(|count| (1..=MOST_VARIATIONS).contains(count))
        .ok_or_else(|| PlanError::Value {
            key: "count",
            what: format!("allowed: 1 to {MOST_VARIATIONS}"),
        })
}

impl Wishes {
    /// Means what lies in `folder`, where there is a file of that name.
    fn look_beside(&mut self, folder: &Path) {
        let beside = |name: &Path| Some(folder.join(name)).filter(|path| path.is_file());
        if let Some(model) = self.model.as_ref().and_then(|name| beside(Path::new(name))) {
            self.model = model.to_str().map(str::to_owned).or(self.model.take());
        }
        if let Some(guide) = self.guide_file.as_ref().and_then(|name| beside(name)) {
            self.guide_file = Some(guide);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variations(json: &str) -> Vec<Wishes> {
        Plan::parse(json).unwrap().variations.unwrap()
    }

    #[test]
    fn a_plan_is_one_answer_or_several() {
        assert_eq!(
            Plan::parse(r#"{"model": "vector"}"#).unwrap().variations,
            None
        );
        assert_eq!(variations(r#"{"variations": 3}"#).len(), 3);
        let several = variations(
            r#"{"follow": 0.5, "variations": [{"guide": "reverse", "count": 2}, {}, {"times": 2}]}"#,
        );
        assert_eq!(several.len(), 4);
        assert_eq!(several[0], several[1]);
        assert_eq!(several[2], Wishes::default());
    }

    #[test]
    fn a_plan_is_written_as_it_was_read() {
        for json in [
            "{}",
            r#"{"model": "vector", "times": 2, "follow": 0.5}"#,
            r#"{"variations": 10000, "slices": 3}"#,
            r#"{"seconds": 3, "variations": [{"follow": 1}, {"guide_file": "a.wav"}, {"count": 2}]}"#,
        ] {
            let plan = Plan::parse(json).unwrap();
            let written = plan.to_json().to_string();
            assert_eq!(Plan::parse(&written).unwrap(), plan, "{written}");
            assert!(written.len() < 200, "{written}");
        }
    }

    #[test]
    fn slices_are_asked_for_beside_a_set_if_only_of_one() {
        let plan = Plan::parse(r#"{"slices": 8, "variations": 3}"#).unwrap();
        assert_eq!((plan.slices, plan.variations.unwrap().len()), (Some(8), 3));
        let plan = Plan::parse(r#"{"slices": 4}"#).unwrap();
        assert_eq!(plan.in_turn(2).slices, Some(4));
        assert_eq!(variations(r#"{"slices": 4}"#).len(), 1);
        assert_eq!(Plan::parse(r#"{"variations": 3}"#).unwrap().slices, None);
    }

    #[test]
    fn settings_are_used_in_turn() {
        let plan = Plan::parse(r#"{"variations": [{"follow": 1}, {"follow": 0}]}"#).unwrap();
        let five = plan.clone().in_turn(5).variations.unwrap();
        assert_eq!(five.len(), 5);
        assert_eq!(five[4], five[0]);
        assert_ne!(five[1], five[0]);
        assert_eq!(plan.in_turn(1).variations.unwrap().len(), 1);
        assert_eq!(Plan::default().in_turn(2).variations.unwrap().len(), 2);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (json, expected) in [
            ("[]", "not a JSON object"),
            ("{", "not JSON"),
            (r#"{"variations": 0}"#, "a number from 1 to 10000"),
            (r#"{"variations": [3]}"#, "a list of objects"),
            (r#"{"variations": []}"#, "a list of objects"),
            (r#"{"slices": 0}"#, "a number of bands from 1 to 64"),
            (r#"{"slices": true}"#, "a number of bands from 1 to 64"),
            (
                r#"{"variations": [{"slices": 3}]}"#,
                "variation 1: unknown key \"slices\"",
            ),
            (r#"{"variatons": 3}"#, "unknown key \"variatons\""),
            (
                r#"{"variations": [{}, {"folow": 1}]}"#,
                "variation 2: unknown key \"folow\"; did you mean \"follow\"?",
            ),
            (
                r#"{"variations": [{"count": 0}]}"#,
                "variation 1: \"count\"",
            ),
        ] {
            let refused = Plan::parse(json).unwrap_err().to_string();
            assert!(refused.contains(expected), "{refused}");
        }
    }

    #[test]
    fn what_a_plan_names_is_looked_for_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan.json");
        std::fs::write(folder.path().join("mine.onnx"), "").unwrap();
        std::fs::write(
            &path,
            r#"{"model": "mine.onnx", "variations": [{"model": "vector", "guide_file": "none.wav"}]}"#,
        )
        .unwrap();
        let plan = Plan::read(&path).unwrap();
        let beside = folder.path().join("mine.onnx");
        assert_eq!(plan.all.model.as_deref(), beside.to_str());
        let own = &plan.variations.unwrap()[0];
        assert_eq!(own.model.as_deref(), Some("vector"));
        assert_eq!(own.guide_file, Some("none.wav".into()));
    }
}
