//! Options of `generate` and `watch` for hyperparameters of their answers, made
//! from the table of rules.

use clap::{Arg, ArgMatches, Command};
use serde_json::{Map, Value};

use crate::hyperparameters::{Rule, RuleOption, Values, rules};

/// What was asked for, by the hyperparameter's name.
#[derive(Clone, Debug, Default)]
pub struct AskedOptions(pub Map<String, Value>);

/// The hyperparameters that have an option.
fn options() -> impl Iterator<Item = (&'static Rule, RuleOption)> {
    rules().filter_map(|rule| rule.option.map(|option| (rule, option)))
}

fn parse(values: &Values, text: &str) -> Result<Value, String> {
    // What is no number has no JSON.
    let number = || {
        text.parse::<f64>()
            .ok()
            .filter(|n| n.is_finite())
            .map(Value::from)
    };
    let parsed = match values {
        Values::Whole(..) | Values::WholeOrZero(..) | Values::OneOf(_) => {
            text.parse::<u64>().ok().map(Value::from)
        }
        Values::Choice(choices) => {
            let known = choices.iter().any(|(name, _)| *name == text);
            known.then(|| text.into())
        }
        Values::Strength(..) | Values::OptionalStrength(..) => {
            number().or_else(|| serde_json::from_str(text).ok().filter(Value::is_array))
        }
        _ => number(),
    };
    parsed.ok_or_else(|| format!("allowed: {}", values.words()))
}

impl clap::Args for AskedOptions {
    fn augment_args(command: Command) -> Command {
        options().fold(command, |command, (rule, option)| {
            let argument = Arg::new(rule.key)
                .long(option.name)
                .value_name(option.value)
                .allow_negative_numbers(true)
                .help(rule.meaning.trim_end_matches('.'))
                .value_parser(|text: &str| parse(&rule.values, text));
            command.arg(argument)
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        AskedOptions::augment_args(command)
    }
}

impl clap::FromArgMatches for AskedOptions {
    fn from_arg_matches(matches: &ArgMatches) -> Result<AskedOptions, clap::Error> {
        let asked = options().filter_map(|(rule, _)| {
            let value = matches.get_one::<Value>(rule.key)?;
            Some((rule.key.to_owned(), value.clone()))
        });
        Ok(AskedOptions(asked.collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.extend(AskedOptions::from_arg_matches(matches)?.0);
        Ok(())
    }
}
