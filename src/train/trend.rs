//! How a run's loss goes, and when that is worth a word.

use super::LossScale;
use super::run::LossRow;

/// Rows of the loss log, about one a second, before anything is said of them.
const LEAST_ROWS: usize = 90;
/// Measurements on what is held out, about one in ten seconds, before that.
const LEAST_MEASUREMENTS: usize = 6;
/// Measurements that are all worse than the best, before the loss counts as rising.
const RISING: usize = 3;
/// By how much they are, as a share of what was gained up to the best.
const WORTH_A_WORD: f64 = 0.02;

/// The loss as it went so far.
#[derive(Default)]
pub struct Trend {
    losses: Vec<f64>,
    held_out: Vec<Measurement>,
    /// What has been said already.
    said_flat: bool,
    said_rising: bool,
}

/// A loss on what is held out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measurement {
    /// The training step after which it was measured.
    pub step: u64,
    /// The loss.
    pub loss: f64,
}

/// What is worth a word, once in a session.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TrendRemark {
    /// The loss of the last third of training is, on average, not below that of the third
    /// before it.
    Flat {
        /// Of the third before.
        before: f64,
        /// Of the last.
        now: f64,
    },
    /// What is held out is predicted worse than it was.
    Rising {
        /// The best that it was.
        best: Measurement,
        /// As it is.
        now: Measurement,
    },
}

impl TrendRemark {
    /// In sentences, what it means; losses are written as `scale` has them.
    pub fn in_words(&self, scale: &LossScale) -> String {
        match self {
            TrendRemark::Flat { before, now } => format!(
                "The loss has stopped falling: it was {} on average in the last third of training, and \
                 {} in the third before. More of the same may not help; Ctrl-C ends it with a usable \
                 model.",
                scale.shown(*now),
                scale.shown(*before)
            ),
            TrendRemark::Rising { best, now } => format!(
                "The loss on what is held out rises: it was {} at step {}, and is {} at step {}. The \
                 model begins to learn the recordings by heart; train for fewer minutes, or on more \
                 recordings.",
                scale.shown(best.loss),
                best.step,
                scale.shown(now.loss),
                now.step
            ),
        }
    }
}

impl Trend {
    /// Goes on with what the loss log says.
    pub fn of(rows: &[LossRow]) -> Trend {
        let mut trend = Trend::default();
        rows.iter().for_each(|row| trend.add(row));
        trend
    }

    /// Adds a row of the loss log.
    pub fn add(&mut self, row: &LossRow) {
        if row.loss.is_finite() {
            self.losses.push(row.loss);
        }
        // Each stands in many rows.
        let last = self.held_out.last().map(|last| last.loss);
        if let Some(loss) = row.validation_loss.filter(|loss| Some(*loss) != last) {
            let step = row.step;
            self.held_out.push(Measurement { step, loss });
        }
    }

    /// The least loss so far.
    pub fn best(&self) -> Option<f64> {
        self.losses.iter().copied().min_by(f64::total_cmp)
    }

    /// The least loss on what is held out.
    pub fn best_held_out(&self) -> Option<Measurement> {
        let measured = self.held_out.iter().copied();
        measured.min_by(|a, b| a.loss.total_cmp(&b.loss))
    }

    /// What is to be said now.
    pub fn take_remark(&mut self) -> Option<TrendRemark> {
        if let Some(rising) = self.rising().filter(|_| !self.said_rising) {
            self.said_rising = true;
            return Some(rising);
        }
        let flat = self.flat().filter(|_| !self.said_flat)?;
        self.said_flat = true;
        Some(flat)
    }

    fn flat(&self) -> Option<TrendRemark> {
        if self.losses.len() < LEAST_ROWS {
            return None;
        }
        let third = self.losses.len() / 3;
        let (earlier, last) = self.losses.split_at(self.losses.len() - third);
        let (before, before_error) = mean_and_error(&earlier[earlier.len() - third..]);
        let (now, now_error) = mean_and_error(last);
        // Twice the error of the difference: what falls by less may be chance.
        let falls = before - now > 2.0 * before_error.hypot(now_error);
        (!falls).then_some(TrendRemark::Flat { before, now })
    }

    fn rising(&self) -> Option<TrendRemark> {
        let (first, best) = (self.held_out.first()?, self.best_held_out()?);
        let after = self.held_out.iter().filter(|one| one.step > best.step);
        let margin = WORTH_A_WORD * (first.loss - best.loss);
        let latest: Vec<_> = after.rev().take(RISING).collect();
        let are_worse = latest.len() == RISING
            && self.held_out.len() >= LEAST_MEASUREMENTS
            && latest.iter().all(|one| one.loss > best.loss + margin);
        let now = *self.held_out.last()?;
        are_worse.then_some(TrendRemark::Rising { best, now })
    }
}

/// The mean of `values` and its standard error.
fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares = values.iter().map(|value| (value - mean).powi(2));
    (mean, (squares.sum::<f64>()).sqrt() / count)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The trend of a row a second, a measurement in each tenth, as the functions of the
    /// second say.
    fn trend(seconds: u64, loss: fn(f64) -> f64, held_out: fn(f64) -> f64) -> Trend {
        let row = |second: u64| {
            // A fixed unrest.
            let unrest = 0.1 * ((second * 7919) % 100) as f64 / 100.0;
            LossRow {
                step: 10 * second,
                epochs: 0.0,
                loss: loss(second as f64) + unrest,
                validation_loss: Some(held_out((second / 10) as f64)),
                seconds: second as f64,
            }
        };
        let rows: Vec<_> = (1..=seconds).map(row).collect();
        Trend::of(&rows)
    }

    #[test]
    fn what_falls_is_no_news() {
        let mut falling = trend(600, |s| -3.0 - s / 1000.0, |n| -3.0 - n / 100.0);
        assert_eq!(falling.take_remark(), None);
        assert_eq!(falling.best_held_out().unwrap().loss, -3.6);
        let mut begun = trend(80, |_| -3.0, |n| n);
        begun.held_out.truncate(5);
        assert_eq!(begun.take_remark(), None, "too little is known");
    }

    #[test]
    fn a_loss_that_has_stopped_falling_is_told_of_once() {
        let mut flat = trend(300, |s| -3.0 - s.min(50.0) / 10.0, |n| -n);
        let Some(TrendRemark::Flat { before, now }) = flat.take_remark() else {
            panic!("it is flat");
        };
        assert!((before + 7.95).abs() < 0.01 && (now + 7.95).abs() < 0.01);
        assert_eq!(flat.best(), Some(-8.0));
        assert_eq!(flat.take_remark(), None);
    }

    #[test]
    fn a_held_out_loss_that_rises_is_told_of_once() {
        let mut rising = trend(300, |s| -s, |n| (n - 10.0).abs() / 10.0);
        let expected = TrendRemark::Rising {
            best: Measurement {
                step: 1000,
                loss: 0.0,
            },
            now: Measurement {
                step: 3000,
                loss: 2.0,
            },
        };
        assert_eq!(rising.take_remark(), Some(expected));
        assert_eq!(rising.take_remark(), None);
    }
}
