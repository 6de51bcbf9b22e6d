//! The one table of rules: every hyperparameter, under headings, in an order in
//! which defaults follow from what stands before.

use super::rule::Rule;
use super::{conditioning, drawing, dreams, following, format, moving, network, training};

/// A part of the table.
#[derive(Debug)]
pub struct RuleGroup {
    /// What its rules are about.
    pub heading: &'static str,
    /// Its rules.
    pub rules: &'static [Rule],
}

/// All hyperparameters.
pub const TABLE: [RuleGroup; 8] = [
    group("Input and label", format::RULES),
    group("Network", network::RULES),
    group("Conditioning", conditioning::RULES),
    group("Answers", drawing::RULES),
    group("Following", following::RULES),
    group("Weights that move", moving::RULES),
    group("Training", training::RULES),
    group("Predictions while training", dreams::RULES),
];

const fn group(heading: &'static str, rules: &'static [Rule]) -> RuleGroup {
    RuleGroup { heading, rules }
}

/// The rules of all hyperparameters.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    TABLE.iter().flat_map(|group| group.rules)
}

/// The rule of the hyperparameter called `key`.
pub fn rule(key: &str) -> Option<&'static Rule> {
    rules().find(|rule| rule.key == key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hyperparameters::{Approach, Hyperparameters, Values};

    #[test]
    fn every_hyperparameter_has_one_rule() {
        let values = Hyperparameters::preset(Approach::Vector).values();
        let mut known: Vec<&str> = values.keys().map(|key| &**key).collect();
        let mut ruled: Vec<&str> = rules().map(|rule| rule.key).collect();
        known.sort();
        ruled.sort();
        assert_eq!(ruled, known);
    }

    #[test]
    fn every_choice_of_a_rule_is_one_that_files_may_make() {
        for rule in rules() {
            let Values::Choice(choices) = rule.values else {
                continue;
            };
            for (name, _) in choices {
                let json = format!(r#"{{"preset": "column-vector", "{}": "{name}"}}"#, rule.key);
                let values = Hyperparameters::parse(&json).unwrap().values();
                assert_eq!(values[rule.key], **name);
            }
            let json = format!(r#"{{"{}": "other"}}"#, rule.key);
            let refusal = Hyperparameters::parse(&json).unwrap_err().to_string();
            assert!(
                choices.iter().all(|(name, _)| refusal.contains(name)),
                "{refusal}"
            );
        }
    }

    #[test]
    fn meanings_are_sentences() {
        for rule in rules() {
            assert!(rule.meaning.ends_with('.'), "{}", rule.key);
            assert!(!rule.meaning.contains("  "), "{}", rule.key);
        }
    }
}
