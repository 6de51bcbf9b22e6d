//! What may be drawn, and how likely each of it is.

use rand::RngExt;

use crate::random::Stream;

/// Choices with their chances.
pub struct Choices {
    choices: Vec<Choice>,
}

/// One of them.
#[derive(Clone, Copy)]
pub struct Choice {
    index: usize,
    /// Logarithm of its chance beside that of the likeliest.
    pub logarithm: f64,
}

impl Choice {
    /// Its chance beside that of the likeliest.
    pub fn chance(&self) -> f64 {
        self.logarithm.exp()
    }
}

impl Choices {
    /// Those whose `logarithms` are given, not normalised.
    pub fn of(logarithms: &[f32]) -> Choices {
        let largest = logarithms.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let choice = |(index, value): (usize, &f32)| Choice {
            index,
            logarithm: f64::from(value - largest),
        };
        Choices {
            choices: logarithms.iter().enumerate().map(choice).collect(),
        }
    }

    /// All of them.
    pub fn all(&mut self) -> &mut Vec<Choice> {
        &mut self.choices
    }

    /// Draws one; gives its index.
    pub fn draw(&self, random: &mut Stream) -> usize {
        let chances = || self.choices.iter().map(Choice::chance);
        let mut drawn = random.random_range(0.0..1.0) * chances().sum::<f64>();
        for (choice, chance) in self.choices.iter().zip(chances()) {
            drawn -= chance;
            if drawn < 0.0 {
                return choice.index;
            }
        }
        self.choices.last().map_or(0, |choice| choice.index)
    }
}
