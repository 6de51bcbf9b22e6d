//! `docs/hyperparameters.md`, from the table of rules.

use std::fmt::Write;

use serde_json::Value;

use super::table::{TABLE, rules};
use super::{Approach, Hyperparameters, Preset, Rule, Values};

const BEGINNING: &str = "\
# Hyperparameters

Every key of a hyperparameters file, which is JSON. A file says `\"preset\"`, and what differs from it:

```json
{ \"preset\": \"magnitude-spectrum-cpu\", \"max_minutes\": 30 }
```

Names are those of the dissertation's Table 4.1, where it has one. A *sample* is an audio sample; in the
magnitude spectrum approach it is a frame, so that cursors and offsets count frames there. A misspelt key
and a value out of range are errors. `antiphon new` asks for each key that applies;
`antiphon new --schema` prints the JSON Schema.

Keys with an option may be given to `generate` and `watch` as well, for their answers only.
";

/// The page: each hyperparameter with its range, its meaning and where it
/// applies, then what the presets say.
pub fn document() -> String {
    let mut page = BEGINNING.to_owned();
    for group in &TABLE {
        let _ = write!(page, "\n## {}\n\n", group.heading);
        page += "| key | may be | meaning | applies to | option |\n|---|---|---|---|---|\n";
        group
            .rules
            .iter()
            .for_each(|rule| push_row(&mut page, rule));
    }
    let of_all = |of: fn(Approach) -> Preset| Approach::ALL.map(of);
    let dissertation = of_all(Preset::Dissertation);
    push_presets(&mut page, "The dissertation's presets", &dissertation);
    push_presets(&mut page, "The presets for a CPU", &of_all(Preset::Cpu));
    let hifi = Preset::ALL.into_iter();
    let hifi: Vec<Preset> = hifi.filter(|p| matches!(p, Preset::Hifi(_))).collect();
    push_presets(&mut page, "The presets for full bandwidth", &hifi);
    page
}

fn push_row(page: &mut String, rule: &Rule) {
    let mut meaning = rule.meaning.to_owned();
    if let Values::Choice(choices) = &rule.values {
        for (name, what) in *choices {
            let _ = write!(meaning, "<br>*{name}*: {what}");
        }
    }
    let option = match rule.option {
        Some(option) => format!("`--{} {}`", option.name, option.value),
        None => String::new(),
    };
    let (key, values, applies) = (rule.key, rule.values.words(), rule.applies.words());
    let _ = writeln!(
        page,
        "| `{key}` | {values} | {meaning} | {applies} | {option} |"
    );
}

/// What each of `presets` says.
fn push_presets(page: &mut String, heading: &str, presets: &[Preset]) {
    let names: Vec<String> = presets.iter().map(|preset| format!("`{preset}`")).collect();
    let names = names.join(" | ");
    let columns = "---|".repeat(presets.len());
    let _ = write!(page, "\n## {heading}\n\n| | {names} |\n|---|{columns}\n");
    let settings = presets.iter();
    let settings: Vec<_> = settings
        .map(|preset| Hyperparameters::preset(*preset).values())
        .collect();
    for rule in rules() {
        let values = settings.iter().map(|values| in_words(&values[rule.key]));
        let values: Vec<String> = values.collect();
        let _ = writeln!(page, "| `{}` | {} |", rule.key, values.join(" | "));
    }
}

fn in_words(value: &Value) -> String {
    match value {
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(Value::to_string).collect();
            items.join(" × ")
        }
        other => other.to_string(),
    }
}
