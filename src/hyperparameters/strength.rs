//! A strength that may change over an answer.

use serde::{Deserialize, Serialize};

/// A number, or a ramp of pairs of a second and the number that is reached then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "expected a number, or a ramp [[second, value], …]"
)]
pub enum Strength {
    /// The same all the time.
    Constant(f64),
    /// Linear from pair to pair, constant before the first and after the last.
    Ramp(Vec<[f64; 2]>),
}

impl Strength {
    /// What it is after `seconds` of the answer.
    pub fn at(&self, seconds: f64) -> f64 {
        let points = match self {
            Strength::Constant(value) => return *value,
            Strength::Ramp(points) => points,
        };
        let after = points.iter().position(|[second, _]| *second > seconds);
        match after {
            Some(0) => points[0][1],
            None => points.last().map_or(0.0, |[_, value]| *value),
            Some(next) => {
                let ([from, a], [to, b]) = (points[next - 1], points[next]);
                a + (b - a) * (seconds - from) / (to - from)
            }
        }
    }

    /// The same in an answer that is slower by `factor` when it is heard.
    pub fn before_slowing(&self, factor: f64) -> Strength {
        match self {
            Strength::Constant(value) => Strength::Constant(*value),
            Strength::Ramp(points) => {
                let earlier = points
                    .iter()
                    .map(|[second, value]| [second / factor, *value]);
                Strength::Ramp(earlier.collect())
            }
        }
    }

    /// The least that it ever is.
    pub fn least(&self) -> f64 {
        match self {
            Strength::Constant(value) => *value,
            Strength::Ramp(points) => {
                let values = points.iter().map(|[_, value]| *value);
                values.reduce(f64::min).unwrap_or(0.0)
            }
        }
    }

    /// Whether it is 0 all the time.
    pub fn is_zero(&self) -> bool {
        match self {
            Strength::Constant(value) => *value == 0.0,
            Strength::Ramp(points) => points.iter().all(|[_, value]| *value == 0.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ramp_is_linear_between_its_points_and_constant_beyond() {
        let ramp: Strength = serde_json::from_str("[[1, 0.8], [3, 0.4], [3, 0.1]]").unwrap();
        let values = [0.0, 1.0, 2.0, 2.999_999, 3.0, 9.0].map(|second| ramp.at(second));
        for (value, expected) in values.iter().zip([0.8, 0.8, 0.6, 0.4, 0.1, 0.1]) {
            assert!((value - expected).abs() < 1e-5, "{values:?}");
        }
        let constant: Strength = serde_json::from_str("0.5").unwrap();
        assert_eq!(constant.at(7.0), 0.5);
        assert_eq!([ramp.least(), constant.least()], [0.1, 0.5]);
        assert!(!constant.is_zero() && Strength::Ramp(vec![[0.0, 0.0]]).is_zero());
    }
}
