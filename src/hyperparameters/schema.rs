//! The JSON Schema of a hyperparameters file, from the type itself.

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::{Hyperparameters, Preset};

/// The JSON Schema of a hyperparameters file: each hyperparameter with its
/// meaning, and `"preset"`, which fills in what the file leaves out.
pub fn schema() -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    let schema = settings
        .into_generator()
        .into_root_schema_for::<Hyperparameters>();
    let mut schema = schema.to_value();
    join_lines(&mut schema);
    if let Some(schema) = schema.as_object_mut() {
        schema.remove("required");
    }
    schema["properties"]["preset"] = json!({
        "description": "Settings that fill in what the file leaves out.",
        "type": "string",
        "enum": Preset::ALL.map(Preset::name),
    });
    schema
}

/// Makes each description one line: where a comment's lines end means nothing.
fn join_lines(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if let Some(Value::String(text)) = map.get_mut("description") {
                *text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            }
            map.values_mut().for_each(join_lines);
        }
        Value::Array(values) => values.iter_mut().for_each(join_lines),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(preset: Preset) -> serde_json::Map<String, Value> {
        let text = Hyperparameters::preset(preset).to_json();
        serde_json::from_str(&text).unwrap()
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
        assert_eq!(properties["preset"]["enum"].as_array().unwrap().len(), 8);
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
            Some(other) => panic!("type {other}"),
            None => true,
        };
        let within = value.as_f64().is_none_or(|v| {
            number("minimum").is_none_or(|low| v >= low)
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
        assert!(!allows(&properties["label_shape"], &json!([1, 2, 3])));
        assert!(!allows(&properties["seed_fn_list"], &json!("a.wav")));
    }
}
