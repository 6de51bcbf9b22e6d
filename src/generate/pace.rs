//! Which share of some work is done, in time: what is left is reckoned by what the work
//! done so far took, and by what each stage was expected to take beside the others.

use std::time::Instant;

/// Share of a stage for which what was expected of it counts as much as what it took.
const TRUST: f64 = 0.02;
/// Seconds for which what was expected of all stages counts as much as what they took.
const TRUST_SECONDS: f64 = 1e-3;

/// Work in stages, and how it gets on.
#[derive(Clone, Debug)]
pub struct Pace {
    begun: Instant,
    stages: Vec<Stage>,
    /// The stage at work, and until which second its time is counted.
    now: usize,
    counted: f64,
}

/// One stage of it, of any unit.
#[derive(Clone, Copy, Debug)]
struct Stage {
    /// Seconds that were expected of it, and of one unit where that is known.
    expected: f64,
    unit: Option<f64>,
    done: f64,
    left: f64,
    /// Seconds that it took so far.
    taken: f64,
}

impl Stage {
    /// Seconds expected of what is done.
    fn done(&self) -> f64 {
        self.unit.map_or(0.0, |unit| unit * self.done)
    }

    /// Seconds expected of what is left.
    fn left(&self) -> f64 {
        self.unit.map_or(self.expected, |unit| unit * self.left)
    }

    /// Seconds that are left where stages take `usual` times what is expected of them.
    fn remaining(&self, usual: f64) -> f64 {
        let trusted = TRUST * (self.done() + self.left());
        match trusted > 0.0 {
            true => self.left() * (trusted * usual + self.taken) / (trusted + self.done()),
            false => 0.0,
        }
    }
}

impl Pace {
    /// Work that began at `begun`, and of whose stages so many seconds each are `expected`.
    /// Only how they compare with one another matters in the end.
    pub fn new(begun: Instant, expected: &[f64]) -> Pace {
        let stage = |expected: &f64| Stage {
            expected: *expected,
            unit: None,
            done: 0.0,
            left: 0.0,
            taken: 0.0,
        };
        Pace {
            stages: expected.iter().map(stage).collect(),
            now: 0,
            counted: begun.elapsed().as_secs_f64(),
            begun,
        }
    }

    /// The share of all that is done, from 0 to 1, when `stage` is at work, which has done
    /// this many units and has so many `left`. It falls where work has to be done again.
    pub fn share(&mut self, stage: usize, done: f64, left: f64) -> f64 {
        self.share_at(self.begun.elapsed().as_secs_f64(), stage, done, left)
    }

    /// The same `elapsed` seconds after the beginning.
    fn share_at(&mut self, elapsed: f64, stage: usize, done: f64, left: f64) -> f64 {
        self.stages[self.now].taken += elapsed - self.counted;
        (self.now, self.counted) = (stage, elapsed);
        let at_work = &mut self.stages[stage];
        let all = (done + left).max(f64::MIN_POSITIVE);
        at_work.unit.get_or_insert(at_work.expected / all);
        (at_work.done, at_work.left) = (done, left);
        let remaining = self.remaining();
        match remaining > 0.0 {
            true => elapsed / (elapsed + remaining),
            false => 1.0,
        }
    }

    /// Has all of `stage` to be done once more.
    pub fn again(&mut self, stage: usize) {
        let stage = &mut self.stages[stage];
        stage.left = stage.done.max(stage.left);
    }

    /// Seconds until all is done.
    fn remaining(&self) -> f64 {
        let sum = |of: fn(&Stage) -> f64| self.stages.iter().map(of).sum::<f64>();
        let (taken, done) = (sum(|stage| stage.taken), sum(Stage::done));
        let usual = (TRUST_SECONDS + taken) / (TRUST_SECONDS + done);
        self.stages.iter().map(|stage| stage.remaining(usual)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told at hundred moments of each stage where `expected` and `real` are the
    /// seconds of stages: the share of the time that has passed, and the share told.
    fn told(expected: &[f64], real: &[f64]) -> Vec<(f64, f64)> {
        let mut pace = Pace::new(Instant::now(), expected);
        pace.counted = 0.0;
        let all: f64 = real.iter().sum();
        let (mut told, mut before) = (Vec::new(), 0.0);
        for (stage, seconds) in real.iter().enumerate() {
            for done in 0..=100 {
                let done = f64::from(done);
                let elapsed = before + seconds * done / 100.0;
                let share = pace.share_at(elapsed, stage, done, 100.0 - done);
                told.push((elapsed / all, share));
            }
            before += seconds;
        }
        told
    }

    #[test]
    fn the_share_rises_evenly_in_time_and_ends_at_one() {
        // On any machine, where stages compare as expected.
        for speed in [0.1, 1.0, 7.0] {
            let expected = [0.3, 2.0, 5.0, 0.4];
            let shares = told(&expected, &expected.map(|seconds| speed * seconds));
            for (passed, share) in &shares {
                assert!((share - passed).abs() < 0.02, "{speed}: {passed} {share}");
            }
            assert!(shares.is_sorted_by_key(|(_, share)| *share), "{shares:?}");
            assert_eq!(shares.last(), Some(&(1.0, 1.0)));
        }
    }

    #[test]
    fn a_stage_that_is_not_as_expected_is_found_out_while_it_is_at_work() {
        let shares = told(&[1.0, 1.0, 0.1], &[1.0, 9.0, 0.1]);
        for (passed, share) in shares
            .into_iter()
            .filter(|(passed, _)| (0.25..0.8).contains(passed))
        {
            let (said, true_rest) = (passed * (1.0 - share) / share, 1.0 - passed);
            let close = (said - true_rest).abs() <= 0.25 * true_rest + 0.01;
            assert!(close, "{passed}: {said} {true_rest}");
        }
    }

    #[test]
    fn what_has_to_be_done_again_is_left() {
        let mut pace = Pace::new(Instant::now(), &[1.0, 1.0]);
        pace.counted = 0.0;
        pace.share_at(0.0, 0, 0.0, 10.0);
        pace.share_at(1.0, 0, 10.0, 0.0);
        assert_eq!(pace.share_at(1.0, 1, 0.0, 4.0), 0.5);
        assert_eq!(pace.share_at(1.5, 1, 2.0, 2.0), 0.75);
        assert_eq!(pace.share_at(2.0, 1, 4.0, 0.0), 1.0);
        // Half of the first stage, and with it the second.
        pace.again(1);
        assert_eq!(pace.share_at(2.0, 0, 10.0, 5.0), 2.0 / 3.5);
        pace.share_at(2.5, 0, 15.0, 0.0);
        pace.share_at(2.5, 1, 4.0, 4.0);
        assert_eq!(pace.share_at(3.5, 1, 8.0, 0.0), 1.0);
    }
}
