//! Hyperparameters: presets to begin with, the rules, what follows from a choice, and files.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::place::{self, checked, checked_stem};
use super::refusal::{Refusal, of_disk};
use super::request::{Asked, Named, Queried};
use super::site::Site;
use super::{blocking, blocking_in_turn};
use crate::bundled;
use crate::files;

use crate::hearing::{Hearing, draw_windows};
use crate::hyperparameters::{
    Approach, Hyperparameters, HyperparametersError, Preset, Rule, TABLE, Values, rules,
};
use crate::train::{measure, memory_of_training, refuse_what_does_not_fit};

/// The most seconds of recordings that training is measured for: an hour.
const MOST_SECONDS: f64 = 3600.0;
/// The most minutes that can be asked for.
pub const MOST_MINUTES: f64 = 1e6;

/// `GET /api/presets`.
pub async fn presets() -> Json<Value> {
    let one = |preset: Preset| {
        let approach = preset.approach();
        let (kind, made_for) = match preset {
            Preset::Dissertation(_) => (
                "dissertation",
                "The dissertation's own: for a GPU and a night.",
            ),
            Preset::Cpu(_) => (
                "cpu",
                "Trains in ten minutes on two cores; hears what is below 5.5 kHz.",
            ),
            Preset::Hifi(_) => (
                "hifi",
                "Trains in ten minutes on two cores; hears all that can be heard.",
            ),
        };
        let example = bundled::MODELS
            .iter()
            .find(|model| model.approach == approach);
        json!({
            "name": preset.name(),
            "approach": approach.name(),
            "kind": kind,
            "summary": format!("{} {made_for}", predicts(approach)),
            "sounds": example.map(|model| model.sound),
            "example": example.map(|model| format!("examples/{}", model.name)),
            "values": Hyperparameters::preset(preset).values(),
        })
    };
    Json(Preset::ALL.map(one).into_iter().collect())
}

/// What the network predicts, in a sentence.
fn predicts(approach: Approach) -> &'static str {
    match approach {
        Approach::Vector => "It predicts the next seg_len samples at once.",
        Approach::ColumnVector => "It predicts one sample after each input vector.",
        Approach::Transpose => "It predicts one sample after the whole input matrix.",
        Approach::MagnitudeSpectrum => {
            "It predicts the next spectrum, which becomes sound afterwards; it trains and answers \
             fastest."
        }
    }
}

/// `GET /api/rules`.
pub async fn all_rules() -> Json<Value> {
    let rule = |rule: &Rule| {
        json!({
            "key": rule.key,
            "meaning": rule.meaning,
            "applies": rule.applies.words(),
            "allowed": rule.values.words(),
            "values": kind_of(&rule.values),
            "option": rule.option.map(|option| option.name),
        })
    };
    let group = TABLE.iter().map(|group| {
        json!({
            "heading": group.heading,
            "rules": group.rules.iter().map(rule).collect::<Vec<_>>(),
        })
    });
    Json(group.collect())
}

fn kind_of(values: &Values) -> Value {
    match values {
        Values::Whole(low, high) => json!({ "kind": "whole", "low": low, "high": high }),
        Values::WholeOrZero(low, high) => {
            json!({ "kind": "whole-or-zero", "low": low, "high": high })
        }
        Values::OneOf(numbers) => json!({ "kind": "one-of", "numbers": numbers }),
        Values::Number(low, high) => json!({ "kind": "number", "low": low, "high": high }),
        Values::Above(low, high) => json!({ "kind": "above", "low": low, "high": high }),
        Values::Flag => json!({ "kind": "flag" }),
        Values::Choice(choices) => json!({ "kind": "choice", "choices": choices }),
        Values::Shape => json!({ "kind": "shape" }),
        Values::Files => json!({ "kind": "files" }),
        Values::Strength(low, high) => json!({ "kind": "strength", "low": low, "high": high }),
        Values::OptionalStrength(low, high) => {
            json!({ "kind": "optional-strength", "low": low, "high": high })
        }
    }
}

/// The hyperparameters that `given` says.
///
/// # Errors
///
/// 422 with the one that is at fault.
pub fn parsed(given: &Map<String, Value>) -> Result<Hyperparameters, Refusal> {
    let text = Value::Object(given.clone()).to_string();
    let parsed = Hyperparameters::parse(&text);
    let refused = parsed.map_err(|error| refused(&error))?;
    // Whoever asks from elsewhere may not have files read that are not the page's.
    match refused.dreams.seed_fn_list.is_empty() {
        true => Ok(refused),
        false => Err(Refusal::impossible(
            "seed_fn_list names files of this machine, which the page does not read; use antiphon \
             train for that",
        )
        .at(Some("seed_fn_list"))),
    }
}

fn refused(error: &HyperparametersError) -> Refusal {
    let sentence = error.to_string();
    // The one that the sentence is about is the first that it names.
    let named = rules().filter_map(|rule| Some((find_word(&sentence, rule.key)?, rule.key)));
    let first = named.min_by_key(|(place, key)| (*place, std::cmp::Reverse(key.len())));
    Refusal::impossible(sentence).at(first.map(|(_, key)| key))
}

/// Where `word` stands in `text` as a word of its own.
fn find_word(text: &str, word: &str) -> Option<usize> {
    let is_inner = |letter: Option<char>| letter.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let stands_alone = |place: &usize| {
        let before = text[..*place].chars().next_back();
        let after = text[place + word.len()..].chars().next();
        !is_inner(before) && !is_inner(after)
    };
    let places = text.match_indices(word).map(|(place, _)| place);
    places.filter(|place| stands_alone(place)).min()
}

/// What a check may know beside the settings.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckAsked {
    /// The sampling rate of the recordings, in Hz, which settings may follow.
    rate: Option<u32>,
}

/// `POST /api/settings/check`.
pub async fn check(
    Queried(asked): Queried<CheckAsked>,
    Asked(given): Asked<Map<String, Value>>,
) -> Result<Json<Value>, Refusal> {
    let h = parsed(&given)?;
    let (values, json) = (h.values(), h.to_json());
    let h = h.at_the_rate_of_recordings(asked.rate);
    let preset = given.get("preset").and_then(Value::as_str);
    let preset = preset.and_then(|name| name.parse::<Preset>().ok());
    let of_preset = preset.map(|preset| Hyperparameters::preset(preset).values());
    let differs = |key: &str| {
        of_preset
            .as_ref()
            .is_some_and(|of| of.get(key) != values.get(key))
    };
    let keys = |holds: &dyn Fn(&Rule) -> bool| -> Vec<&str> {
        rules()
            .filter(|rule| holds(rule))
            .map(|rule| rule.key)
            .collect()
    };
    let weights = h.architecture().parameters();
    let hearing = Hearing::untrained(&h);
    let windows = hearing.training_windows();
    let unit = h.format.elements();
    Ok(Json(json!({
        "applies": keys(&|rule| rule.applies.holds(&h)),
        "changed": keys(&|rule| differs(rule.key)),
        "approach": h.approach().name(),
        "weights": weights,
        "model_bytes": weights * size_of::<f32>(),
        "follows": follows(&h),
        "drawing": draw_windows(windows, unit),
        "json": json,
        "values": values,
    })))
}

/// What follows from the choice, as names and sentences.
fn follows(h: &Hyperparameters) -> Vec<[String; 2]> {
    let hearing = Hearing::untrained(h);
    let windows = hearing.training_windows();
    let seconds = |elements: usize| {
        let samples = elements * h.format.samples_per_element();
        samples as f64 / f64::from(h.format.sample_rate)
    };
    let mut follows = Vec::new();
    if h.format.use_fft {
        let text = format!("{} bins of a frame", h.format.seg_len);
        follows.push(["seg_len".to_owned(), text]);
    }
    let shape = |name: &str, shape: [usize; 2]| [name.to_owned(), format!("{shape:?}")];
    follows.push(shape("label_shape", h.format.label_shape));
    follows.push(shape("output_shape", h.format.output_shape));
    follows.push([
        "matrix".to_owned(),
        format!(
            "spans {} {}, {:.2} s; the next begins {:.4} s later",
            windows.input_span(),
            h.format.elements(),
            seconds(windows.input_span()),
            seconds(windows.ext_cursor_inc)
        ),
    ]);
    follows
}

/// What is asked of an estimate.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EstimateAsked {
    settings: Map<String, Value>,
    seconds: f64,
    /// As of a check.
    rate: Option<u32>,
    minutes: Option<f64>,
}

/// `POST /api/settings/estimate`.
pub async fn estimate(
    State(site): State<Arc<Site>>,
    Asked(asked): Asked<EstimateAsked>,
) -> Result<Json<Value>, Refusal> {
    let h = parsed(&asked.settings)?.at_the_rate_of_recordings(asked.rate);
    if !(1.0..=MOST_SECONDS).contains(&asked.seconds) {
        return Err(Refusal::impossible("seconds: allowed: 1 to 3600"));
    }
    check_minutes(asked.minutes)?;
    let threads = site.threads;
    let measure = move || estimated(&h, asked.seconds, asked.minutes, threads);
    blocking_in_turn(&site.measuring, measure).await
}

fn estimated(
    h: &Hyperparameters,
    seconds: f64,
    minutes: Option<f64>,
    threads: usize,
) -> Result<Json<Value>, Refusal> {
    let memory = memory_of_training(h, &[seconds]);
    if let Err(refusal) = refuse_what_does_not_fit(memory) {
        let refusal = refusal.to_string();
        return Ok(Json(json!({ "memory_bytes": memory, "refusal": refusal })));
    }
    let estimate = measure(h, seconds, threads).map_err(Refusal::impossible)?;
    let whole = estimate.seconds_of(h.training.num_epochs as f64);
    let most = match minutes {
        Some(minutes) => Some(("minutes", 60.0 * minutes)),
        None if h.training.max_minutes > 0.0 => {
            Some(("max_minutes", 60.0 * h.training.max_minutes))
        }
        None => None,
    };
    let (ends_by, training) = match most {
        Some((name, most)) if minutes.is_some() || most < whole => (name, most),
        _ => ("num_epochs", whole),
    };
    Ok(Json(json!({
        "step": estimate.step,
        "steps_per_epoch": estimate.steps_per_epoch,
        "training": training,
        "epochs": estimate.epochs_in(training),
        "ends_by": ends_by,
        "sampling": estimate.sampling,
        "memory_bytes": memory,
        "refusal": null,
    })))
}

/// Refuses minutes that nothing can be trained for.
///
/// # Errors
///
/// 422.
pub fn check_minutes(minutes: Option<f64>) -> Result<(), Refusal> {
    match minutes {
        Some(minutes) if !(minutes > 0.0 && minutes <= MOST_MINUTES) => Err(Refusal::impossible(
            "minutes: allowed: above 0, at most 1000000",
        )),
        _ => Ok(()),
    }
}

/// What a file of hyperparameters ends in.
pub const ENDING: &str = ".json";

/// `GET /api/settings/NAME`.
pub async fn get(
    State(site): State<Arc<Site>>,
    Named(name): Named<String>,
) -> Result<Json<Value>, Refusal> {
    blocking(move || {
        let path = site
            .place
            .at(place::SETTINGS, &format!("{}{ENDING}", checked(&name)?))?;
        let path = site.place.existing(&path)?;
        let text = std::fs::read_to_string(&path).map_err(of_disk(&name))?;
        let json = serde_json::from_str(&text);
        json.map(Json)
            .map_err(|error| Refusal::impossible(format!("{name}: {error}")))
    })
    .await
}

/// `PUT /api/settings/NAME`.
pub async fn put(
    State(site): State<Arc<Site>>,
    Named(name): Named<String>,
    Asked(given): Asked<Map<String, Value>>,
) -> Result<StatusCode, Refusal> {
    blocking(move || {
        let path = site.place.at(
            place::SETTINGS,
            &format!("{}{ENDING}", checked_stem(&name)?),
        )?;
        let text = parsed(&given)?.to_json();
        site.change(|| {
            std::fs::create_dir_all(site.place.folder(place::SETTINGS))
                .map_err(of_disk("the folder"))?;
            files::write_atomically(&path, text.as_bytes()).map_err(of_disk(&name))
        })?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// `DELETE /api/settings/NAME`.
pub async fn delete(
    State(site): State<Arc<Site>>,
    Named(name): Named<String>,
) -> Result<StatusCode, Refusal> {
    let file = format!("{}{ENDING}", checked(&name)?);
    site.remove(place::SETTINGS, &file).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_is_said_at_its_hyperparameter() {
        for (given, key) in [
            (
                json!({ "preset": "vector-cpu", "hidden_size": 0 }),
                "hidden_size",
            ),
            (json!({ "preset": "vector-cpu", "lr": -1 }), "lr"),
            (
                json!({ "preset": "vector-cpu", "lr_schedule": "sine" }),
                "lr_schedule",
            ),
        ] {
            let refusal = parsed(given.as_object().unwrap()).unwrap_err();
            assert_eq!(refusal.key(), Some(key), "{refusal:?}");
        }
        let of_a_file = json!({ "preset": "vector-cpu", "seed_fn_list": ["/etc/passwd"] });
        assert!(parsed(of_a_file.as_object().unwrap()).is_err());
    }
}
