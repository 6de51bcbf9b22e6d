//! Samples that stand at the largest of all: a recording that was cut off, at full
//! scale or, where it was made quieter since, below.

/// How close to the largest sample, as a share of it, those are that were cut off there.
const AT_THE_LIMIT: f32 = 1e-5;
/// Samples in a row at the peak that were cut off; a wave's own peak is shorter.
const CUT_OFF: usize = 3;

/// Counts the samples that were cut off.
#[derive(Clone, Debug)]
pub(super) struct Limit {
    peak: f32,
    count: usize,
    /// Samples in a row at the peak, of each channel; below 0 for the lower side.
    runs: Vec<isize>,
}

impl Limit {
    /// For as many `channels`.
    pub fn new(channels: usize) -> Self {
        Self {
            peak: 0.0,
            count: 0,
            runs: vec![0; channels],
        }
    }

    /// Goes on with a channel's next sample, a finite one.
    pub fn hear(&mut self, channel: usize, sample: f32) {
        let (size, run) = (sample.abs(), self.runs[channel]);
        if size < self.peak * (1.0 - AT_THE_LIMIT) {
            self.runs[channel] = 0;
            return;
        }
        if size > self.peak * (1.0 + AT_THE_LIMIT) {
            // What was counted stood below it.
            self.count = 0;
            self.runs.fill(0);
        }
        self.peak = self.peak.max(size);
        let side = if sample < 0.0 { -1 } else { 1 };
        let before = if run.signum() == side {
            self.runs[channel]
        } else {
            0
        };
        let run = before + side;
        self.runs[channel] = run;
        self.count += match run.unsigned_abs() {
            CUT_OFF => CUT_OFF,
            longer if longer > CUT_OFF => 1,
            _ => 0,
        };
    }

    /// How many were cut off.
    pub fn count(&self) -> usize {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut_off(samples: &[f32]) -> usize {
        let mut limit = Limit::new(1);
        samples.iter().for_each(|sample| limit.hear(0, *sample));
        limit.count()
    }

    #[test]
    fn runs_at_the_peak_are_counted_and_peaks_are_not() {
        assert_eq!(
            cut_off(&[0.5, 0.5, 0.5, 0.1, -0.5, -0.5, -0.5, -0.5, 0.5]),
            7
        );
        assert_eq!(cut_off(&[0.5, 0.5, 0.1, 0.5, -0.5, -0.5]), 0);
        assert_eq!(cut_off(&[0.5, 0.5, 0.5, 0.5, 0.6, 0.5, 0.5, 0.5]), 0);
        let sine: Vec<f32> = (0..9000).map(|n| (n as f32 * 0.05).sin()).collect();
        assert_eq!(cut_off(&sine), 0);
    }

    #[test]
    fn channels_are_heard_apart() {
        let mut limit = Limit::new(2);
        for frame in [[0.5, 0.1], [0.5, -0.5], [0.5, 0.2]] {
            limit.hear(0, frame[0]);
            limit.hear(1, frame[1]);
        }
        assert_eq!(limit.count(), 3);
    }
}
