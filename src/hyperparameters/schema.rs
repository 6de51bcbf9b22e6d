//! The JSON Schema of a hyperparameters file, from the table of rules.

use serde_json::{Map, Value, json};

use super::Preset;
use super::table::rules;

/// The JSON Schema of a hyperparameters file: each hyperparameter with its
/// meaning and its range, and `"preset"`, which fills in what the file leaves out.
pub fn schema() -> Value {
    let mut properties = Map::new();
    for rule in rules() {
        let mut property = rule.values.schema();
        property["description"] = rule.meaning.into();
        properties.insert(rule.key.to_owned(), property);
    }
    let preset = json!({
        "description": "Settings that fill in what the file leaves out.",
        "type": "string",
        "enum": Preset::ALL.map(Preset::name),
    });
    properties.insert("preset".to_owned(), preset);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Hyperparameters",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hyperparameters::Hyperparameters;

    fn settings(preset: Preset) -> Map<String, Value> {
        Hyperparameters::preset(preset).values()
    }

    #[test]
    fn every_hyperparameter_is_in_the_schema_with_its_meaning() {
        let schema = schema();
        let properties = schema["properties"].as_object().unwrap();
        let known = settings(Preset::ALL[0]);
        for key in known.keys() {
            let meaning = properties[key]["description"].as_str().unwrap();
            assert!(!meaning.is_empty() && !meaning.contains('\n'), "{key}");
        }
        assert_eq!(properties.len(), known.len() + 1, "and the preset");
        assert_eq!(properties["preset"]["enum"].as_array().unwrap().len(), 11);
        assert_eq!(schema["additionalProperties"], false);
        assert!(schema.get("required").is_none());
    }

    /// Whether `schema` allows `value`, as far as the words go that ours uses.
    fn allows(schema: &Value, value: &Value) -> bool {
        let word = |name: &str| schema.get(name);
        let number = |name: &str| word(name).and_then(Value::as_f64);
        let of_type = match word("type").and_then(Value::as_str) {
            Some("boolean") => value.is_boolean(),
            Some("integer") => value.is_u64() || value.is_i64(),
            Some("number") => value.is_number(),
            Some("string") => value.is_string(),
            Some("array") => value.is_array(),
            Some("null") => value.is_null(),
            Some(other) => panic!("type {other}"),
            None => true,
        };
        let within = value.as_f64().is_none_or(|v| {
            number("minimum").is_none_or(|low| v >= low)
                && number("exclusiveMinimum").is_none_or(|low| v > low)
                && number("maximum").is_none_or(|high| v <= high)
        });
        let items = value.as_array().is_none_or(|items| {
            let n = items.len() as f64;
            number("minItems").is_none_or(|low| n >= low)
                && number("maxItems").is_none_or(|high| n <= high)
                && items.iter().all(|item| allows(&schema["items"], item))
        });
        let one_of = word("oneOf").and_then(Value::as_array);
        let chosen = one_of.is_none_or(|all| all.iter().any(|one| allows(one, value)));
        let constant = word("const").is_none_or(|constant| constant == value);
        of_type && within && items && chosen && constant
    }

    #[test]
    fn the_schema_allows_what_presets_contain_and_not_everything() {
        let schema = schema();
        for preset in Preset::ALL {
            for (key, value) in settings(preset) {
                let property = &schema["properties"][&key];
                assert!(allows(property, &value), "{preset}: {key} {value}");
            }
        }
        let properties = &schema["properties"];
        assert!(!allows(&properties["lr_schedule"], &json!("sine")));
        assert!(!allows(&properties["seg_len"], &json!(-1)));
        assert!(!allows(&properties["temperature"], &json!(0)));
        assert!(allows(&properties["follow"], &json!([[0, 0.5], [2, 0]])));
        assert!(!allows(&properties["follow"], &json!([[0, 0.5, 1]])));
        assert!(allows(&properties["follow_mix"], &Value::Null));
        assert!(!allows(&properties["lr"], &json!(0)));
        assert!(!allows(&properties["num_layers"], &json!(65)));
        assert!(!allows(&properties["label_shape"], &json!([1, 2, 3])));
        assert!(!allows(&properties["seed_fn_list"], &json!("a.wav")));
    }
}
