//! What may be drawn, and how likely each of it is.

use rand::RngExt;

use crate::random::Stream;

/// Choices with their chances.
pub struct Chances {
    choices: Vec<Chance>,
}

/// One of them.
#[derive(Clone, Copy)]
pub struct Chance {
    index: usize,
    /// Logarithm of its chance beside that of the likeliest.
    pub logarithm: f64,
}

impl Chance {
    /// Its chance beside that of the likeliest.
    pub fn chance(&self) -> f64 {
        self.logarithm.exp()
    }
}

impl Chances {
    /// Those whose `logarithms` are given, not normalised.
    pub fn of(logarithms: &[f32]) -> Chances {
        let largest = logarithms.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let choice = |(index, value): (usize, &f32)| Chance {
            index,
            logarithm: f64::from(value - largest),
        };
        Chances {
            choices: logarithms.iter().enumerate().map(choice).collect(),
        }
    }

    /// The choices there are.
    pub fn choices(&mut self) -> &mut Vec<Chance> {
        &mut self.choices
    }

    /// Draws one; gives its index.
    pub fn draw(&self, random: &mut Stream) -> usize {
        let chances = || self.choices.iter().map(Chance::chance);
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
