//! Leaving out what is unlikely.

use serde::{Deserialize, Serialize};

use super::ChanceRule;
use super::choices::Choices;

/// The likeliest choices that together reach this chance are the only ones drawn
/// (Holtzman et al., *The Curious Case of Neural Text Degeneration*, 2020); 1 for all.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TopP(pub f64);

impl ChanceRule for TopP {
    fn apply(&self, choices: &mut Choices) {
        if self.0 >= 1.0 {
            return;
        }
        let choices = choices.all();
        let enough = self.0 * choices.iter().map(|choice| choice.chance()).sum::<f64>();
        choices.sort_by(|a, b| b.chance().total_cmp(&a.chance()));
        let mut reached = 0.0;
        let kept = choices.iter().take_while(|choice| {
            let more = reached < enough;
            reached += choice.chance();
            more
        });
        let kept = kept.count().max(1);
        choices.truncate(kept);
    }
}
